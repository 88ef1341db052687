//! What is other at run time, and what is reported: checks, GODEBUG, the release notes, go vet and go fix.

use super::rest;
use crate::check::Status;
use crate::number::counted_of;
use crate::report::upgrade_report::{
    Changed, Executable, Fact, Godebug, Held, Preview, Processors, Seen, Vetted,
};
use crate::view::{Block, Tone};

/// Checks that see something else.
pub fn checks(it: &Executable) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!("Checks of {}", it.name))];
    if it.checks.is_empty() {
        blocks.push(Block::good("no check sees anything else"));
    }
    blocks.extend(it.checks.iter().flat_map(changed));
    blocks.extend(processors(&it.processors));
    blocks
}

fn changed(it: &Changed) -> Vec<Block> {
    let word = |seen: &Option<Seen>| match seen.as_ref().map(|seen| seen.status) {
        None => "none",
        Some(Status::Pass) => "ok",
        Some(Status::Warn) => "warn",
        Some(Status::Fail) => "FAIL",
        Some(Status::Skip) => "skip",
    };
    let tone = match it.after.as_ref().map(|it| it.status) {
        Some(Status::Fail) => Tone::Bad,
        Some(Status::Warn) => Tone::Warn,
        Some(Status::Pass) => Tone::Good,
        _ => Tone::Plain,
    };
    let message = it
        .after
        .as_ref()
        .map_or("nothing to say", |after| &after.message);
    let words = format!(
        "{}: {} -> {}: {message}",
        it.id,
        word(&it.before),
        word(&it.after)
    );
    let hint = it.after.as_ref().and_then(|after| after.hint.as_ref());
    let hint = hint.map(|hint| Block::dim(format!("  {hint}")));
    [Block::Line(tone, words)].into_iter().chain(hint).collect()
}

fn processors(it: &Processors) -> Vec<Block> {
    let Some(moved) = &it.moved else {
        return Vec::new();
    };
    let words = format!("GOMAXPROCS, once the go line moves too: {moved}");
    let hint = it.hint.iter();
    let hint = hint.map(|hint| Block::warn(format!("  {hint}")));
    [Block::plain(words)].into_iter().chain(hint).collect()
}

/// GODEBUG defaults that change.
pub fn godebug(it: &Executable, preview: &Preview) -> Vec<Block> {
    let heading = Block::Heading(format!("GODEBUG defaults of {}", it.name));
    let Some(found) = &it.godebug else {
        let words = format!(
            "not known: the sources of {} are not there",
            preview.after.go
        );
        return vec![heading, Block::dim(words)];
    };
    let mut blocks = vec![heading];
    if found.is_silent() {
        blocks.push(Block::good("none changes"));
    }
    blocks.extend(settings(found, &preview.after.go));
    if !found.own.is_empty() {
        let words = format!("the program sets itself: {}", found.own.join(", "));
        blocks.push(Block::plain(words));
    }
    blocks
}

fn settings(found: &Godebug, go: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !found.held.is_empty() {
        let names: Vec<&str> = found.held.iter().map(|it| it.name.as_str()).collect();
        let names = names.join(", ");
        blocks.push(Block::plain(format!(
            "new in {go}, and held back by the go line: {names}"
        )));
    }
    let flip = format!("flip when the go line moves to {}", found.line);
    blocks.extend(changing("change at once", &found.at_once));
    blocks.extend(changing(&flip, &found.flips));
    blocks
}

/// Settings of which `what` is said: those of linked packages one by one, the others by name.
fn changing(what: &str, all: &[Held]) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let (linked, others): (Vec<&Held>, Vec<&Held>) = all.iter().partition(|held| held.linked);
    let mut blocks = vec![Block::warn(format!(
        "{} {what}, {} of linked packages; with the values that go away:",
        counted_of(all.len(), "setting"),
        linked.len()
    ))];
    blocks.extend(linked.iter().map(|held| setting(held)));
    let names = others
        .iter()
        .map(|held| format!("{}={}", held.name, held.value));
    let names: Vec<String> = names.collect();
    if !names.is_empty() {
        let names = names.join(", ");
        blocks.push(Block::dim(format!(
            "  of packages that are not linked: {names}"
        )));
    }
    blocks
}

fn setting(it: &Held) -> Block {
    let since = it.since.as_ref().map(|text| format!(", since Go {text}"));
    let why = it.why.as_ref().map(|text| format!(": {text}"));
    Block::plain(format!(
        "  {}={} ({}{}){}",
        it.name,
        it.value,
        it.package,
        since.unwrap_or_default(),
        why.unwrap_or_default()
    ))
}

/// What the release notes say.
pub fn news(all: &[Fact], go: &str) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    let heading = format!("Known of {go}, by the release notes");
    let mut blocks = vec![Block::Heading(heading)];
    for it in all {
        let with = match it.with_go_line {
            true => ", once the go line moves",
            false => "",
        };
        let back = it.back.as_ref().map(|text| format!("; back with {text}"));
        let words = format!(
            "{} {}{with}: {}{} ({})",
            it.since,
            it.topic,
            it.fact,
            back.unwrap_or_default(),
            it.source
        );
        blocks.push(Block::plain(words));
    }
    blocks
}

/// What only the new Go reports.
pub fn vetted(it: &Vetted, top: usize) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading("What only the new Go reports".into()),
        Block::plain(format!("go vet: {}", it.vet)),
        Block::plain(format!("go fix: {}", it.fix)),
    ];
    for place in it.places.iter().take(top) {
        let weight = place.weight.filter(|weight| *weight > 0.0);
        let weight = weight.map_or(String::new(), |weight| {
            format!(" ({weight:.1} % of the profile)")
        });
        let words = format!(
            "  {}  {}: {}: {}{weight}",
            place.command, place.place, place.analyzer, place.message
        );
        blocks.push(Block::plain(words));
    }
    blocks.extend(rest(it.places.len(), top, "place"));
    blocks
}

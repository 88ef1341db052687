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
        blocks.push(Block::Line(
            Tone::Good,
            "no check sees anything else".into(),
        ));
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
    let hint = hint.map(|hint| Block::Line(Tone::Dim, format!("  {hint}")));
    [Block::Line(tone, words)].into_iter().chain(hint).collect()
}

fn processors(it: &Processors) -> Vec<Block> {
    let Some(moved) = &it.moved else {
        return Vec::new();
    };
    let words = format!("GOMAXPROCS, once the go line moves too: {moved}");
    let hint = it.hint.iter();
    let hint = hint.map(|hint| Block::Line(Tone::Warn, format!("  {hint}")));
    [Block::Line(Tone::Plain, words)]
        .into_iter()
        .chain(hint)
        .collect()
}

/// GODEBUG defaults that change.
pub fn godebug(it: &Executable, preview: &Preview) -> Vec<Block> {
    let heading = Block::Heading(format!("GODEBUG defaults of {}", it.name));
    let Some(found) = &it.godebug else {
        let words = format!(
            "not known: the sources of {} are not there",
            preview.after.go
        );
        return vec![heading, Block::Line(Tone::Dim, words)];
    };
    let mut blocks = vec![heading];
    if found.is_silent() {
        blocks.push(Block::Line(Tone::Good, "none changes".into()));
    }
    blocks.extend(settings(found, &preview.after.go));
    if !found.own.is_empty() {
        let words = format!("the program sets itself: {}", found.own.join(", "));
        blocks.push(Block::Line(Tone::Plain, words));
    }
    blocks
}

fn settings(found: &Godebug, go: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    if !found.held.is_empty() {
        let names: Vec<&str> = found.held.iter().map(|it| it.name.as_str()).collect();
        let words = format!(
            "new in {go}, and held back by the go line: {}",
            names.join(", ")
        );
        blocks.push(Block::Line(Tone::Plain, words));
    }
    let groups = [
        (Tone::Warn, "change at once".to_owned(), &found.at_once),
        (
            Tone::Warn,
            format!("flip when the go line moves to {}", found.line),
            &found.flips,
        ),
    ];
    for (tone, what, all) in groups {
        if all.is_empty() {
            continue;
        }
        let (linked, others): (Vec<&Held>, Vec<&Held>) = all.iter().partition(|it| it.linked);
        let count = counted_of(all.len(), "setting");
        let words = format!(
            "{count} {what}, {} of linked packages; with the values that go away:",
            linked.len()
        );
        blocks.push(Block::Line(tone, words));
        let line = |it: &&Held| {
            let since = it.since.as_ref().map(|text| format!(", since Go {text}"));
            let why = it.why.as_ref().map(|text| format!(": {text}"));
            let words = format!(
                "  {}={} ({}{}){}",
                it.name,
                it.value,
                it.package,
                since.unwrap_or_default(),
                why.unwrap_or_default()
            );
            Block::Line(Tone::Plain, words)
        };
        blocks.extend(linked.iter().map(line));
        let names: Vec<String> = others
            .iter()
            .map(|it| format!("{}={}", it.name, it.value))
            .collect();
        if !names.is_empty() {
            let words = format!("  of packages that are not linked: {}", names.join(", "));
            blocks.push(Block::Line(Tone::Dim, words));
        }
    }
    blocks
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
        blocks.push(Block::Line(Tone::Plain, words));
    }
    blocks
}

/// What only the new Go reports.
pub fn vetted(it: &Vetted, top: usize) -> Vec<Block> {
    let mut blocks = vec![
        Block::Heading("What only the new Go reports".into()),
        Block::Line(Tone::Plain, format!("go vet: {}", it.vet)),
        Block::Line(Tone::Plain, format!("go fix: {}", it.fix)),
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
        blocks.push(Block::Line(Tone::Plain, words));
    }
    blocks.extend(rest(it.places.len(), top, "place"));
    blocks
}

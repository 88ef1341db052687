//! What is new and gone against the lock, for people.

use super::{Block, Tone};
use crate::number::{counted, counted_of, grouped};
use crate::report::platform_escapes::since_revision::Revision;
use crate::report::spelled;
use crate::report::{ClassChange, Escapes, Site};

/// New sites that are shown with their source.
const SHOWN: usize = 20;

/// New sites that are shown where the escapes are one part of a report.
const SHOWN_BRIEFLY: usize = 3;

/// The sites of a platform against the lock.
pub(crate) fn lock(escapes: &Escapes) -> Vec<Block> {
    let mut blocks = counts(escapes);
    let shown = escapes.new.iter().take(SHOWN);
    blocks.extend(shown.flat_map(|site| with_source(site, escapes.revision.is_none())));
    blocks.extend(more(escapes, SHOWN, "--format json"));
    if escapes.revision.is_some() {
        blocks.extend(fixed(escapes));
    }
    blocks.extend(escapes.notes.iter().map(Block::warn));
    blocks
}

/// A new site and its source; where it `can_be_accepted` into a lock, with the command that does.
fn with_source(site: &Site, can_be_accepted: bool) -> Vec<Block> {
    let mut blocks = vec![Block::warn(format!("{}: {}", new(site), site.message))];
    if !site.source.is_empty() {
        blocks.push(Block::plain(format!("      {}", site.source)));
    }
    let places = site.among.iter();
    blocks.extend(
        places.map(|place| Block::plain(format!("      {}: {}", place.line, place.source))),
    );
    if can_be_accepted {
        let command = format!("gobuild-opt accept {} --reason TEXT", site.id);
        blocks.push(Block::dim(format!("      -> {command}")));
    }
    blocks
}

/// What is new and gone, in few lines. Where the gate is closed, the result lists each new site already.
pub(crate) fn brief(escapes: &Escapes) -> Vec<Block> {
    let mut blocks = counts(escapes);
    if !escapes.gate {
        let sites = escapes.new.iter().take(SHOWN_BRIEFLY);
        blocks.extend(sites.map(|site| Block::warn(new(site))));
        blocks.extend(more(escapes, SHOWN_BRIEFLY, "`gobuild-opt escape`"));
    }
    blocks.extend(escapes.notes.iter().map(Block::warn));
    blocks
}

fn new(site: &Site) -> String {
    format!("new  {}  {} at {}", site.id, site.what(), site.place())
}

fn more(escapes: &Escapes, shown: usize, place: &str) -> Option<Block> {
    let more = escapes.new.len().saturating_sub(shown);
    let words = || format!("and {}: {place}", counted_of(more, "more new site"));
    (more > 0).then(|| Block::dim(words()))
}

/// What a revision had, with its places there.
fn fixed(escapes: &Escapes) -> Vec<Block> {
    let told = |site: &Site| {
        let text = format!(
            "fixed  {}  {} at {}: {}",
            site.id,
            site.what(),
            site.place(),
            site.message
        );
        Block::good(text)
    };
    let mut blocks: Vec<Block> = escapes.fixed.iter().take(SHOWN).map(told).collect();
    let more = escapes.fixed.len().saturating_sub(SHOWN);
    if more > 0 {
        let text = format!("and {}: --format json", counted_of(more, "more fixed site"));
        blocks.push(Block::dim(text));
    }
    blocks
}

fn revision(escapes: &Escapes, it: &Revision) -> Vec<Block> {
    let mut blocks = Vec::new();
    if it.compared {
        let commit = &it.commit[..it.commit.len().min(12)];
        let name = if it.name == it.commit {
            commit.to_owned()
        } else {
            format!("{} ({commit})", it.name)
        };
        let text = format!(
            "{}; {} then, {} now",
            summary(escapes, &name),
            counted(it.sites, "site"),
            grouped(escapes.sites)
        );
        blocks.push(Block::Line(tone(escapes), text));
    }
    blocks.extend(it.note.iter().map(Block::warn));
    blocks.extend(by_class(&it.classes));
    blocks
}

fn counts(escapes: &Escapes) -> Vec<Block> {
    if let Some(it) = &escapes.revision {
        return revision(escapes, it);
    }
    let Some(state) = &escapes.lock else {
        let mood = if escapes.gate { Tone::Warn } else { Tone::Dim };
        return vec![Block::Line(mood, "no lock for this platform: `gobuild-opt accept` writes one, and later runs tell what is new".into())];
    };
    let mut blocks = Vec::new();
    if state.compared {
        blocks.push(Block::Line(tone(escapes), summary(escapes, "the lock")));
    }
    blocks.extend(state.note.iter().map(Block::warn));
    blocks.extend(by_class(&state.classes));
    blocks
}

fn by_class(classes: &[ClassChange]) -> Option<Block> {
    let change = |change: &ClassChange| {
        format!(
            "{} {} -> {}",
            spelled(&change.class),
            change.before,
            change.after
        )
    };
    let changes: Vec<String> = classes.iter().map(change).collect();
    let text = format!("sites by class: {}", changes.join(", "));
    (!changes.is_empty()).then(|| Block::plain(text))
}

fn tone(escapes: &Escapes) -> Tone {
    let failing = escapes.new.iter().any(|site| escapes.fails(site));
    match (escapes.new.is_empty(), failing) {
        (true, _) => Tone::Good,
        (false, true) => Tone::Bad,
        (false, false) => Tone::Warn,
    }
}

fn summary(escapes: &Escapes, what: &str) -> String {
    let mut text = format!(
        "against {what}: {} new, {} fixed",
        escapes.new.len(),
        escapes.fixed.len()
    );
    if escapes.moved > 0 {
        text.push_str(&format!(", {} moved with their function", escapes.moved));
    }
    if !escapes.ignored.is_empty() {
        text.push_str(&format!(", {} ignored", escapes.ignored.len()));
    }
    text
}

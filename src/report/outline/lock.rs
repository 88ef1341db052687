//! What is new and gone against the lock, for people.

use super::{Block, Tone};
use crate::report::gate::{place, what};
use crate::report::{Escapes, Site};

/// New sites that are shown with their source.
const SHOWN: usize = 20;

/// New sites that are shown where the escapes are one part of a report.
const SHOWN_BRIEFLY: usize = 3;

/// The sites of a platform against the lock.
pub fn lock(escapes: &Escapes) -> Vec<Block> {
    let mut blocks = counts(escapes);
    for site in escapes.new.iter().take(SHOWN) {
        blocks.push(line(Tone::Warn, format!("{}: {}", new(site), site.message)));
        if !site.source.is_empty() {
            blocks.push(line(Tone::Plain, format!("      {}", site.source)));
        }
        blocks.push(line(
            Tone::Dim,
            format!("      -> gobuild-opt accept {} --reason TEXT", site.id),
        ));
    }
    blocks.extend(more(escapes, SHOWN, "--format json"));
    blocks.extend(escapes.notes.iter().map(|it| line(Tone::Warn, it.clone())));
    blocks
}

/// The same in few lines. Where the gate is closed, the result tells each new site already.
pub fn brief(escapes: &Escapes) -> Vec<Block> {
    let mut blocks = counts(escapes);
    if !escapes.gate {
        let sites = escapes.new.iter().take(SHOWN_BRIEFLY);
        blocks.extend(sites.map(|it| line(Tone::Warn, new(it))));
        blocks.extend(more(escapes, SHOWN_BRIEFLY, "`gobuild-opt escape`"));
    }
    blocks.extend(escapes.notes.iter().map(|it| line(Tone::Warn, it.clone())));
    blocks
}

fn line(tone: Tone, text: String) -> Block {
    Block::Line(tone, text)
}

fn new(site: &Site) -> String {
    format!("new  {}  {} at {}", site.id, what(site), place(site))
}

fn more(escapes: &Escapes, shown: usize, place: &str) -> Option<Block> {
    let more = escapes.new.len().checked_sub(shown).filter(|it| *it > 0)?;
    Some(line(
        Tone::Dim,
        format!("and {more} more new sites: {place}"),
    ))
}

fn counts(escapes: &Escapes) -> Vec<Block> {
    let Some(state) = &escapes.lock else {
        let tone = if escapes.gate { Tone::Warn } else { Tone::Dim };
        return vec![line(tone, "no lock for this platform: `gobuild-opt accept` writes one, and later runs tell what is new".into())];
    };
    let mut blocks = Vec::new();
    if state.compared {
        let tone = match (escapes.new.is_empty(), escapes.gate) {
            (true, _) => Tone::Good,
            (false, true) => Tone::Bad,
            (false, false) => Tone::Warn,
        };
        blocks.push(line(tone, summary(escapes)));
    }
    blocks.extend(state.note.iter().map(|it| line(Tone::Warn, it.clone())));
    let changes: Vec<String> = state
        .classes
        .iter()
        .map(|it| format!("{} {} -> {}", it.class, it.before, it.after))
        .collect();
    if !changes.is_empty() {
        blocks.push(line(
            Tone::Plain,
            format!("sites by class: {}", changes.join(", ")),
        ));
    }
    blocks
}

fn summary(escapes: &Escapes) -> String {
    let mut text = format!(
        "against the lock: {} new, {} fixed",
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

//! What is new and gone against the lock, for people.

use super::{Block, Tone};
use crate::report::Escapes;
use crate::report::gate::{place, what};

/// New sites that are shown with their source.
const SHOWN: usize = 20;

/// The sites of a platform against the lock.
pub fn lock(escapes: &Escapes) -> Vec<Block> {
    let line = |tone, text: String| Block::Line(tone, text);
    let Some(state) = &escapes.lock else {
        return vec![line(Tone::Dim, "no lock for this platform: `gobuild-opt accept` writes one, and later runs tell what is new".into())];
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
    for site in escapes.new.iter().take(SHOWN) {
        blocks.push(line(
            Tone::Warn,
            format!(
                "new  {}  {} at {}: {}",
                site.id,
                what(site),
                place(site),
                site.message
            ),
        ));
        if !site.source.is_empty() {
            blocks.push(line(Tone::Plain, format!("      {}", site.source)));
        }
        blocks.push(line(
            Tone::Dim,
            format!("      -> gobuild-opt accept {} --reason TEXT", site.id),
        ));
    }
    if escapes.new.len() > SHOWN {
        blocks.push(line(
            Tone::Dim,
            format!(
                "and {} more new sites: --format json",
                escapes.new.len() - SHOWN
            ),
        ));
    }
    blocks.extend(escapes.notes.iter().map(|it| line(Tone::Warn, it.clone())));
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

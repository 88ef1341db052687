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
    for site in escapes.new.iter().take(SHOWN) {
        blocks.push(line(Tone::Warn, format!("{}: {}", new(site), site.message)));
        if !site.source.is_empty() {
            blocks.push(line(Tone::Plain, format!("      {}", site.source)));
        }
        let places = site.among.iter();
        blocks.extend(places.map(|place| {
            line(
                Tone::Plain,
                format!("      {}: {}", place.line, place.source),
            )
        }));
        if escapes.revision.is_none() {
            blocks.push(line(
                Tone::Dim,
                format!("      -> gobuild-opt accept {} --reason TEXT", site.id),
            ));
        }
    }
    blocks.extend(more(escapes, SHOWN, "--format json"));
    if escapes.revision.is_some() {
        blocks.extend(fixed(escapes));
    }
    blocks.extend(
        escapes
            .notes
            .iter()
            .map(|note| line(Tone::Warn, note.clone())),
    );
    blocks
}

/// What is new and gone, in few lines. Where the gate is closed, the result lists each new site already.
pub(crate) fn brief(escapes: &Escapes) -> Vec<Block> {
    let mut blocks = counts(escapes);
    if !escapes.gate {
        let sites = escapes.new.iter().take(SHOWN_BRIEFLY);
        blocks.extend(sites.map(|site| line(Tone::Warn, new(site))));
        blocks.extend(more(escapes, SHOWN_BRIEFLY, "`gobuild-opt escape`"));
    }
    blocks.extend(
        escapes
            .notes
            .iter()
            .map(|note| line(Tone::Warn, note.clone())),
    );
    blocks
}

fn line(tone: Tone, text: String) -> Block {
    Block::Line(tone, text)
}

fn new(site: &Site) -> String {
    format!("new  {}  {} at {}", site.id, site.what(), site.place())
}

fn more(escapes: &Escapes, shown: usize, place: &str) -> Option<Block> {
    let more = escapes
        .new
        .len()
        .checked_sub(shown)
        .filter(|difference| *difference > 0)?;
    Some(line(
        Tone::Dim,
        format!("and {}: {place}", counted_of(more, "more new site")),
    ))
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
        line(Tone::Good, text)
    };
    let mut blocks: Vec<Block> = escapes.fixed.iter().take(SHOWN).map(told).collect();
    let more = escapes.fixed.len().saturating_sub(SHOWN);
    if more > 0 {
        let text = format!("and {}: --format json", counted_of(more, "more fixed site"));
        blocks.push(line(Tone::Dim, text));
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
        blocks.push(line(tone(escapes), text));
    }
    blocks.extend(it.note.iter().map(|text| line(Tone::Warn, text.clone())));
    blocks.extend(by_class(&it.classes));
    blocks
}

fn counts(escapes: &Escapes) -> Vec<Block> {
    if let Some(it) = &escapes.revision {
        return revision(escapes, it);
    }
    let Some(state) = &escapes.lock else {
        let mood = if escapes.gate { Tone::Warn } else { Tone::Dim };
        return vec![line(mood, "no lock for this platform: `gobuild-opt accept` writes one, and later runs tell what is new".into())];
    };
    let mut blocks = Vec::new();
    if state.compared {
        blocks.push(line(tone(escapes), summary(escapes, "the lock")));
    }
    blocks.extend(state.note.iter().map(|text| line(Tone::Warn, text.clone())));
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
    (!changes.is_empty()).then(|| line(Tone::Plain, text))
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

//! Writes Markdown for a comment or a step summary: what comes first is shown, the rest is folded.

use super::markdown::{escape, markdown};
use crate::view::Block;

/// `first`, then each of `folded` under its title as far as there is room. A section is there as a whole or not at all: the
/// markup of half of one would swallow what follows.
pub fn folded(first: &[Block], folded: &[(&str, Vec<Block>)], room: usize) -> String {
    let mut out = markdown(first);
    if out.len() > room {
        let end = out.as_bytes()[..room]
            .iter()
            .rposition(|byte| *byte == b'\n');
        out.truncate(end.unwrap_or_default());
        out.push_str("\n\n(cut here)\n");
        return out;
    }
    for (title, blocks) in folded.iter().filter(|(_, blocks)| !blocks.is_empty()) {
        let title = escape(title);
        let inner = markdown(blocks);
        let section = format!("\n<details><summary>{title}</summary>\n\n{inner}\n</details>\n");
        if out.len() + section.len() > room {
            out.push_str(&format!("\n({title}: too long to stand here)\n"));
        } else {
            out.push_str(&section);
        }
    }
    out
}

//! Blocks in, GitHub-flavoured Markdown out. Text that others wrote cannot become markup.

use super::harmless;
use crate::report::outline::{Block, Table, Tone};

pub fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Title(title) => out.push_str(&format!("\n## {}\n\n", escape(title))),
            Block::Heading(heading) => out.push_str(&format!("\n### {}\n\n", escape(heading))),
            Block::Line(tone, words) => {
                out.push_str(&format!("- {}{}\n", mark(*tone), escape(words.trim())))
            }
            Block::Table(rows) => table(&mut out, rows),
            Block::Picture(_) => {}
        }
    }
    out.trim_start().to_owned()
}

fn mark(tone: Tone) -> &'static str {
    match tone {
        Tone::Good => "✅ ",
        Tone::Warn => "⚠️ ",
        Tone::Bad => "❌ ",
        Tone::Plain | Tone::Dim => "",
    }
}

fn table(out: &mut String, table: &Table) {
    let row = |cells: &mut dyn Iterator<Item = String>| {
        format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
    };
    out.push_str(&row(&mut table.columns.iter().map(|it| escape(&it.title))));
    out.push_str(&row(&mut table.columns.iter().map(|it| {
        if it.right {
            "---:".into()
        } else {
            "---".to_owned()
        }
    })));
    for (index, cells) in table.rows.iter().enumerate() {
        let bold = table.total && index + 1 == table.rows.len();
        let cell = |text: &String| {
            let text = escape(text);
            if bold && !text.is_empty() {
                format!("**{text}**")
            } else {
                text
            }
        };
        out.push_str(&row(&mut cells.iter().map(cell)));
    }
}

fn escape(text: &str) -> String {
    let mut out = String::new();
    for c in harmless(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            // An @ or # in front of a word would notify people or link issues.
            '@' | '#' | '|' | '*' | '_' | '[' | ']' | '\\' | '`' | '~' | '!' => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn file_names_cannot_become_markup() {
        let hostile = "a|b <img onerror=x> `c` [d](e) \u{1b}[31m";
        let text = markdown(&[Block::Line(Tone::Plain, hostile.into())]);
        assert_eq!(
            text,
            "- a\\|b &lt;img onerror=x&gt; \\`c\\` \\[d\\](e) \\\\u{1b}\\[31m\n"
        );
    }
}

//! Blocks in, GitHub-flavoured Markdown out. Text that others wrote cannot become markup.

use super::{harmless, strip};
use crate::view::{Block, Table, Tone};

pub(crate) fn markdown(blocks: &[Block]) -> String {
    let mut out = String::new();
    for block in blocks {
        match block {
            Block::Title(title) => out.push_str(&format!("\n## {}\n\n", escape(title))),
            Block::Heading(heading) => out.push_str(&format!("\n### {}\n\n", escape(heading))),
            Block::Line(tone, words) => {
                out.push_str(&format!("- {}{}\n", mark(*tone), escape(words.trim())))
            }
            Block::Table(rows) => {
                // Behind a list, its first line would be a part of that.
                if !out.is_empty() && !out.ends_with("\n\n") {
                    out.push('\n');
                }
                table(&mut out, rows);
                out.push('\n');
            }
            Block::Picture(_) => {}
            // Dots and digits alone: nothing in it is markup.
            Block::Strip(it) => out.push_str(&format!("- `{}`\n", strip::text(it))),
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
    let columns = table.columns.iter();
    row(out, columns.clone().map(|column| escape(&column.title)));
    row(
        out,
        columns.map(|column| if column.right { "---:" } else { "---" }),
    );
    for (index, cells) in table.rows.iter().enumerate() {
        let bold = table.total && index + 1 == table.rows.len();
        let words = cells.iter().map(|cell| escape(&cell.to_string()));
        row(
            out,
            words.map(|words| match bold && !words.is_empty() {
                true => format!("**{words}**"),
                false => words,
            }),
        );
    }
}

fn row<T: AsRef<str>>(out: &mut String, cells: impl Iterator<Item = T>) {
    for cell in cells {
        out.push_str("| ");
        out.push_str(cell.as_ref());
        out.push(' ');
    }
    out.push_str("|\n");
}

/// Text as text: no markup, no link, no mention, no reference to an issue, no formula, no picture of a smile.
pub(super) fn escape(text: &str) -> String {
    let text = harmless(text);
    let mut out = String::with_capacity(text.len() * 2);
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '_' | '[' | ']' | '\\' | '`' | '~' | '!' | '$' => {
                out.push('\\');
                out.push(c);
            }
            // GitHub looks for these in the finished text, where a backslash is gone.
            '@' | '#' => {
                out.push('\\');
                out.push(c);
                out.push_str(APART);
            }
            ':' if rest.starts_with("://") || is_shortcode(rest) => {
                out.push(c);
                out.push_str(APART);
            }
            // What begins a line may begin a list, a heading or a rule.
            '-' | '+' | '=' if at == 0 && ends_marker(&rest[1..], c) => {
                out.push('\\');
                out.push(c);
            }
            '.' | ')' if is_number(&text[..at]) && ends_marker(&rest[1..], c) => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
        if starts_link(rest) {
            out.push_str(APART);
        }
    }
    out
}

/// Whether a list may begin here: `- a`, `1. a`; or a rule: `---`.
fn ends_marker(rest: &str, marker: char) -> bool {
    rest.chars()
        .next()
        .is_none_or(|c| c.is_whitespace() || c == marker)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// A space without width: what stands on both sides of it is not one word.
const APART: &str = "&#8203;";

/// `www.` and `GH-1` become links.
fn starts_link(rest: &str) -> bool {
    match rest.as_bytes() {
        [a, b, c, d, ..]
            if [a, b, c]
                .iter()
                .all(|byte| byte.eq_ignore_ascii_case(&b'w')) =>
        {
            *d == b'.'
        }
        [b'g' | b'G', b'h' | b'H', b'-', d, ..] => d.is_ascii_digit(),
        _ => false,
    }
}

/// `:100:` becomes a picture.
fn is_shortcode(rest: &str) -> bool {
    let inner = &rest[1..];
    let end = inner.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '+' | '-')));
    end.is_some_and(|end| end > 0 && inner[end..].starts_with(':'))
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

    /// GitHub makes links, mentions and pictures of plain words.
    #[test]
    fn plain_words_stay_plain() {
        for (text, shown) in [
            ("a@b.example", "a\\@&#8203;b.example"),
            ("#12 GH-3", "\\#&#8203;12 G&#8203;H-3"),
            ("https://x.example", "https:&#8203;//x.example"),
            ("www.x.example, WWW.y", "w&#8203;ww.x.example, W&#8203;WW.y"),
            ("a.go:100:5", "a.go:&#8203;100:5"),
            ("std::x, a:b", "std::x, a:b"),
            ("$x$", "\\$x\\$"),
            ("- a", "\\- a"),
            ("12. a", "12\\. a"),
            ("1.26", "1.26"),
            ("-31.1 %", "-31.1 %"),
            ("---", "\\---"),
            ("go1.26", "go1.26"),
        ] {
            assert_eq!(escape(text), shown);
        }
    }
}

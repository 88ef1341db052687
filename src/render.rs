//! A report in, text for people or machines out.

mod github;

mod html;

mod json;

mod markdown;

mod sarif;

mod summary;

mod svg;

mod text;

mod treemap;

mod words;

use std::path::Path;

use clap::ValueEnum;

use crate::report::outline::Block;

pub use github::github;
pub use json::json;
pub use sarif::sarif;
pub use summary::folded;

/// A rendering.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Default)]
pub enum Format {
    /// For a terminal.
    #[default]
    Text,
    /// For programs; `gobuild-opt schema` describes it.
    Json,
    /// For pull requests and step summaries.
    Markdown,
    /// SARIF 2.1.0 for code scanning: new findings only.
    Sarif,
    /// Annotations on a pull request on GitHub: new findings only.
    Github,
    /// A treemap, one self-contained picture.
    Svg,
    /// The tables and the treemap in one page that needs nothing else.
    Html,
}

impl Format {
    /// The format that a file name stands for.
    pub fn of_path(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()? {
            "json" => Some(Self::Json),
            "md" | "markdown" => Some(Self::Markdown),
            "txt" | "text" | "log" => Some(Self::Text),
            "sarif" => Some(Self::Sarif),
            "svg" => Some(Self::Svg),
            "html" | "htm" => Some(Self::Html),
            _ => None,
        }
    }

    /// Whether it shows treemaps.
    pub fn draws(self) -> bool {
        matches!(self, Self::Svg | Self::Html)
    }

    /// Whether it is made for other programs: printed even where little is to be said, and nothing stands beside it.
    pub fn is_data(self) -> bool {
        !matches!(self, Self::Text | Self::Markdown)
    }
}

/// How text is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns of the terminal.
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80 }
    }
}

/// Blocks in a format that people read; the others are made of the report itself.
pub fn blocks(blocks: &[Block], format: Format, style: Style) -> String {
    match format {
        Format::Text | Format::Json | Format::Sarif | Format::Github => text::text(blocks, style),
        Format::Markdown => markdown::markdown(blocks),
        Format::Svg => svg::svg(blocks),
        Format::Html => html::html(blocks),
    }
}

/// Text that others wrote (paths, compiler words) made harmless for a terminal and for a CI log:
/// control characters and bidirectional overrides become visible escapes, and no word begins a
/// workflow command (`::error::`, `##[group]`).
pub fn harmless(text: &str) -> String {
    let dangerous =
        |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let mut out = String::with_capacity(text.len());
    let mut before = ' ';
    for (at, c) in text.char_indices() {
        let rest = &text[at..];
        if dangerous(c) {
            out.extend(c.escape_unicode());
        } else if before.is_whitespace() && rest.starts_with("::") {
            // A runner looks at the start of a line, and wrapping puts any word there.
            out.push_str("\\:");
        } else if rest.starts_with("##[") {
            // This one it looks for anywhere.
            out.push_str("#\\");
        } else {
            out.push(c);
        }
        before = c;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_cannot_be_a_workflow_command() {
        for (name, shown) in [
            ("::error::x", r"\::error::x"),
            ("a ::error::x", r"a \::error::x"),
            ("a ##[error]x", r"a #\#[error]x"),
            ("std::string", "std::string"),
        ] {
            assert_eq!(harmless(name), shown);
        }
    }
}

//! A report in, text for people or machines out.

mod boxes;

mod codequality;

mod fit_width;

mod fold;

mod github;

mod html;

mod json;

mod markdown;

mod measure_formats;

mod sarif;

mod shows;

mod strip;

mod folded_markdown;

mod svg;

mod text;

mod treemap;

mod words;

use std::path::Path;

use clap::ValueEnum;

use crate::report::exact_numbers::Subject;
use crate::report::{Findings, Tool};
use crate::view::Block;

pub use fit_width::shortened;
pub use folded_markdown::folded;
pub(crate) use json::json;
pub(crate) use shows::Shows;

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
    /// Numbers for Prometheus, and for GitLab's metrics reports.
    Openmetrics,
    /// Numbers for github-action-benchmark, `customSmallerIsBetter`.
    Benchmark,
    /// Numbers for Bencher.
    Bencher,
    /// Numbers for octocov.
    Octocov,
    /// GitLab's code quality: new findings only.
    Codequality,
}

/// What the name of a file ends with, and its format; the first counts. A name may be no more than that: `metrics.txt`.
const ENDINGS: &[(&str, Format)] = &[
    ("metrics.txt", Format::Openmetrics),
    (".prom", Format::Openmetrics),
    ("benchmark.json", Format::Benchmark),
    ("bmf.json", Format::Bencher),
    ("octocov.json", Format::Octocov),
    ("codequality.json", Format::Codequality),
    ("code-quality-report.json", Format::Codequality),
    (".json", Format::Json),
    (".md", Format::Markdown),
    (".markdown", Format::Markdown),
    (".txt", Format::Text),
    (".text", Format::Text),
    (".log", Format::Text),
    (".html", Format::Html),
    (".htm", Format::Html),
    (".svg", Format::Svg),
    (".sarif", Format::Sarif),
];

impl Format {
    /// The format that a file name stands for.
    pub(crate) fn of_path(path: &Path) -> Option<Self> {
        let name = path.file_name()?.to_str()?;
        let found = ENDINGS.iter().find(|(ending, _)| ends(name, ending));
        found.map(|(_, format)| *format)
    }

    /// What the name of a file of this format ends with; `None` for a format that goes to no file.
    pub(crate) fn ending(self) -> Option<&'static str> {
        let found = ENDINGS.iter().find(|(_, format)| *format == self);
        found.map(|(ending, _)| *ending)
    }

    /// Whether it shows treemaps.
    pub(crate) fn draws(self) -> bool {
        matches!(self, Self::Svg | Self::Html)
    }

    /// What writes it, where it is made of the numbers of one build.
    fn of_measures(self) -> Option<fn(&[Subject]) -> String> {
        match self {
            Self::Openmetrics => Some(measure_formats::openmetrics),
            Self::Benchmark => Some(measure_formats::benchmark),
            Self::Bencher => Some(measure_formats::bencher),
            Self::Octocov => Some(measure_formats::octocov),
            _ => None,
        }
    }

    /// What writes it, where it is made of findings.
    fn of_findings(self) -> Option<fn(&Tool, &Findings<'_>, &str) -> String> {
        match self {
            Self::Sarif => Some(sarif::sarif),
            Self::Github => Some(|_, findings, prefix| github::github(findings, prefix)),
            Self::Codequality => {
                Some(|_, findings, prefix| codequality::codequality(findings, prefix))
            }
            _ => None,
        }
    }

    /// Whether it is made for other programs: printed even where little is to be said, and nothing stands beside it.
    pub(crate) fn is_data(self) -> bool {
        !matches!(self, Self::Text | Self::Markdown)
    }
}

/// Of a word, at a word's beginning: `dist/api.bmf.json`, not `tambmf.json`.
fn ends(name: &str, ending: &str) -> bool {
    let Some(before) = name.strip_suffix(ending) else {
        return false;
    };
    match ending.starts_with('.') {
        true => !before.is_empty(),
        false => !before.ends_with(char::is_alphanumeric),
    }
}

/// How text is laid out.
#[derive(Debug, Clone, Copy)]
pub struct Style {
    /// Columns of the terminal.
    pub(crate) width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self { width: 80 }
    }
}

/// Blocks in a format that people read; the others are made of the report itself.
pub fn blocks(blocks: &[Block], format: Format, style: Style) -> String {
    match format {
        Format::Markdown => markdown::markdown(blocks),
        Format::Svg => svg::svg(blocks),
        Format::Html => html::html(blocks),
        _ => text::text(blocks, style),
    }
}

/// Numbers in the format of a service that keeps them; `None` for the other formats.
pub(crate) fn measures(subjects: &dyn Fn() -> Vec<Subject>, format: Format) -> Option<String> {
    let write = format.of_measures()?;
    Some(write(&subjects()))
}

/// Findings in a format that shows nothing else; `None` for the other formats. `prefix` leads from the root of the repository
/// to the working directory.
pub(crate) fn findings(
    findings: &Findings<'_>,
    tool: &Tool,
    prefix: &str,
    format: Format,
) -> Option<String> {
    let write = format.of_findings()?;
    Some(write(tool, findings, prefix))
}

/// Letters that show nothing, or end a line in some readers: Unicode's classes Cf, Zl and Zp, without soft hyphens and tags.
fn is_invisible(letter: char) -> bool {
    matches!(letter,
        '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}')
}

/// Text that others wrote (paths, compiler words) made harmless for a terminal and for a CI log:
/// control characters, invisible letters and bidirectional overrides become visible escapes, and no
/// word begins a workflow command (`::error::`, `##[group]`).
pub fn harmless(text: &str) -> String {
    let dangerous = |c: char| c.is_control() || is_invisible(c);
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
    fn the_name_of_a_file_tells_its_format() {
        let check = |name: &str| Format::of_path(Path::new(name));
        assert_eq!(check("a/report.json"), Some(Format::Json));
        assert_eq!(check("metrics.txt"), Some(Format::Openmetrics));
        assert_eq!(check("api-metrics.txt"), Some(Format::Openmetrics));
        assert_eq!(check("biometrics.txt"), Some(Format::Text));
        assert_eq!(check("api.bmf.json"), Some(Format::Bencher));
        assert_eq!(
            check("gl-code-quality-report.json"),
            Some(Format::Codequality)
        );
        assert_eq!(check(".json"), None);
        assert_eq!(check("report"), None);
    }

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

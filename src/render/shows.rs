//! Decides which formats a command takes, by what it has to show: those of its help are those that it does not refuse.

use std::path::Path;

use clap::ValueEnum;

use super::Format;
use crate::error::{Error, Kind, Result};

/// What a report has beside tables, for the formats that show nothing else.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Shows {
    /// A treemap, for SVG.
    picture: bool,
    /// New findings, for SARIF, GitHub and GitLab.
    findings: bool,
    /// Numbers of one build, for what draws them over time.
    measures: bool,
}

impl Shows {
    /// Nothing else.
    pub(crate) const TABLES: Self = Self {
        picture: false,
        findings: false,
        measures: false,
    };
    /// The report of an executable.
    pub(crate) const ANATOMY: Self = Self {
        measures: true,
        ..Self::COMPARISON
    };
    /// The comparison of two executables.
    pub(crate) const COMPARISON: Self = Self {
        picture: true,
        ..Self::TABLES
    };
    /// What profiles say about lines.
    pub(crate) const ADVICE: Self = Self {
        findings: true,
        ..Self::TABLES
    };
    /// The escapes of the sources.
    pub(crate) const ESCAPES: Self = Self {
        picture: true,
        findings: true,
        measures: true,
    };
    /// The report of a release.
    pub(crate) const EVERYTHING: Self = Self::ESCAPES;

    /// The formats with something to show.
    pub(crate) fn formats(self) -> impl Iterator<Item = Format> {
        let all = Format::value_variants().iter().copied();
        all.filter(move |it| self.missing(*it).is_none())
    }

    /// What the names of files of these formats end with.
    pub(crate) fn endings(self) -> Vec<&'static str> {
        self.formats().filter_map(Format::ending).collect()
    }

    /// Fails where a format has nothing to show.
    pub(crate) fn check_format(self, format: Format) -> Result<()> {
        let Some(missing) = self.missing(format) else {
            return Ok(());
        };
        let names: Vec<String> = self
            .formats()
            .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
            .collect();
        Err(Error::new(Kind::Usage, missing)
            .hint(format!("formats of this command: {}", names.join(", "))))
    }

    fn missing(self, format: Format) -> Option<&'static str> {
        match format {
            Format::Svg if !self.picture => Some("there is nothing to draw here"),
            _ if !self.findings && format.of_findings().is_some() => {
                Some("there are no new findings to annotate here")
            }
            _ if !self.measures && format.of_measures().is_some() => {
                Some("there are no numbers of one build here")
            }
            _ => None,
        }
    }

    /// The error of a file whose name says no format.
    pub(crate) fn nameless(self, path: &Path) -> Error {
        let message = format!(
            "the name of `--report {}` does not tell the format",
            path.display()
        );
        let hint = match self.endings().as_slice() {
            [rest @ .., last] => format!("end it with {} or {last}", rest.join(", ")),
            [] => String::new(),
        };
        Error::new(Kind::Usage, message).hint(hint)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_format_with_nothing_to_show_is_refused() {
        let check = |shows: Shows, format| match shows.check_format(format) {
            Ok(()) => String::new(),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        };
        insta::assert_snapshot!(check(Shows::ADVICE, Format::Svg), @"there is nothing to draw here; formats of this command: text, json, markdown, sarif, github, html, codequality");
        insta::assert_snapshot!(check(Shows::COMPARISON, Format::Sarif), @"there are no new findings to annotate here; formats of this command: text, json, markdown, svg, html");
        assert_eq!(check(Shows::EVERYTHING, Format::Svg), "");
    }
}

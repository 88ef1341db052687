//! Reads from the text of `-m=2` which functions the compiler does not inline, and its reasons.
//!
//! The words of `-m=2` differ between Go versions; these have been the same from Go 1.21 to 1.27
//! (`CanInline`, `cmd/compile/internal/inline/inl.go`).

use std::collections::BTreeSet;

use super::file_owner::{Owner, Owners, Sources};
use super::generic_message;
use super::parse::{self, Line};
use super::remark::{plain, refused};

/// A function that cannot be inlined.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Refusal {
    /// The import path.
    pub package: String,
    /// The file as the compiler printed it.
    pub file: String,
    /// Counted from 1.
    pub line: u32,
    /// Without type arguments.
    pub function: String,
    /// The compiler's words.
    pub reason: String,
    /// The absolute path of the file; `None` for generated code.
    pub source: Option<Vec<u8>>,
}

/// Reads the compiler's text line by line.
pub struct Refusals<'a> {
    sources: &'a Sources,
    owners: Owners<'a>,
    header: Option<usize>,
    found: BTreeSet<Refusal>,
}

impl<'a> Refusals<'a> {
    /// For the build that `sources` describes.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            owners: Owners::new(sources),
            header: None,
            found: BTreeSet::new(),
        }
    }

    /// Takes one line, without its line break.
    pub fn line(&mut self, bytes: &[u8]) {
        let diagnostic = match parse::line(bytes) {
            Line::Header(name) => {
                self.header = self.owners.header(name).or(self.header);
                return;
            }
            Line::Diagnostic(it) => it,
            Line::Other(_) => return,
        };
        let Some((name, reason)) = refused(diagnostic.message) else {
            return;
        };
        let named = self.owners.named(diagnostic.file);
        let file = named.as_deref().unwrap_or(diagnostic.file);
        let owner = self.owners.owner(file);
        let index = match owner {
            Owner::Package(index) => Some(index),
            Owner::Header => self.header,
        };
        let Some(package) = index.and_then(|index| self.sources.packages.get(index)) else {
            return;
        };
        let own = (index != self.header).then(|| package.qualifier().as_bytes());
        let mut scratch = Vec::new();
        let base = file.rsplit(|file| *file == b'/').next().unwrap_or_default();
        let is_file = owner != Owner::Header && !package.dir.is_empty();
        self.found.insert(Refusal {
            package: package.path().to_owned(),
            file: String::from_utf8_lossy(file).into_owned(),
            line: diagnostic.line,
            function: plain(generic_message::normalized(name, own, &mut scratch)),
            reason: String::from_utf8_lossy(reason).into_owned(),
            source: is_file.then(|| [&package.dir, b"/".as_slice(), base].concat()),
        });
    }

    /// What was found, by package and place.
    pub fn finish(self) -> Vec<Refusal> {
        self.found.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::escape::Package;

    #[test]
    fn instances_are_one_function_of_the_package_that_declares_it() {
        let package = |path: &str, dir: &str| Package {
            import_path: path.into(),
            dir: dir.into(),
            ..Package::default()
        };
        let sources = Sources {
            packages: vec![package("ex.com/m", "/m"), package("ex.com/m/lib", "/m/lib")],
            directory: b"/m".to_vec(),
            trimpath: false,
            go: None,
            ..Sources::default()
        };
        let mut refusals = Refusals::new(&sources);
        for line in [
            "# ex.com/m",
            "lib/l.go:3:6: cannot inline lib.Map[go.shape.int]: unhandled op RANGE",
            "lib/l.go:3:6: cannot inline lib.Map[go.shape.string]: unhandled op RANGE",
            "./main.go:9:6: cannot inline main: function too complex: cost 86 exceeds budget 80",
            "./main.go:9:6: can inline f",
        ] {
            refusals.line(line.as_bytes());
        }
        let shown = |refusal: &Refusal| {
            format!(
                "{} {} {}: {}",
                refusal.package, refusal.line, refusal.function, refusal.reason
            )
        };
        let found: Vec<String> = refusals.finish().iter().map(shown).collect();
        insta::assert_snapshot!(found.join("\n"), @"
        ex.com/m 9 main: function too complex: cost 86 exceeds budget 80
        ex.com/m/lib 3 Map: unhandled op RANGE
        ");
    }
}

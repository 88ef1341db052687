//! Lines in, escapes per package out: streamed, each site once.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use super::class::Class;
use super::hash::{Folded, hash};
use super::parse::{self, Diagnostic, Line, Meaning};
use super::shape;
use super::site::Site;
use super::source::{Owner, Owners, Package, Sources};
use super::summary::{Escapes, PackageEscapes};
use super::wrapper::Wrappers;

/// How many lines that nothing explains are kept to be shown.
const EXAMPLES: usize = 20;

/// The longest message over several lines that is waited for, in bytes.
const LONGEST: usize = 256 << 10;

/// A file as printed.
#[derive(Clone, Copy)]
struct File {
    owner: Owner,
    /// Stands for the name within its owner.
    name: u128,
}

/// Reads the compiler's text line by line. Its memory grows with the distinct sites, not with the text.
pub struct Collector<'a> {
    sources: &'a Sources,
    owners: Owners<'a>,
    /// By package; the last one holds what stands above the first header.
    counts: Vec<PackageEscapes>,
    header: usize,
    files: HashMap<Vec<u8>, File>,
    /// The file of the line before: most lines stay in one file.
    last: (Vec<u8>, File),
    scratch: Vec<u8>,
    seen: HashSet<u128, BuildHasherDefault<Folded>>,
    wrappers: Wrappers,
    /// Lines of a message that is not complete; see [`Collector::continues`].
    pending: Vec<u8>,
    escapes: Escapes,
    sites: Option<Vec<(usize, Site)>>,
}

impl<'a> Collector<'a> {
    /// An empty collector for the build that `sources` describes.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            owners: Owners::new(sources),
            counts: vec![PackageEscapes::default(); sources.packages.len() + 1],
            header: sources.packages.len(),
            files: HashMap::new(),
            last: (
                Vec::new(),
                File {
                    owner: Owner::Header,
                    name: hash(0, b""),
                },
            ),
            scratch: Vec::new(),
            seen: HashSet::default(),
            wrappers: Wrappers::default(),
            pending: Vec::new(),
            escapes: Escapes::default(),
            sites: None,
        }
    }

    /// Whether to keep each site, leaking parameters aside, for [`Collector::finish_with_sites`].
    #[must_use]
    pub fn with_sites(mut self, keep: bool) -> Self {
        self.sites = keep.then(Vec::new);
        self
    }

    /// Takes one line, without its line break.
    pub fn line(&mut self, bytes: &[u8]) {
        self.escapes.lines += 1;
        self.escapes.bytes += bytes.len() as u64 + 1;
        if !self.pending.is_empty() && self.continues(bytes) {
            return;
        }
        match parse::line(bytes) {
            Line::Header(name) => match self.owners.header(name) {
                Some(index) => {
                    self.header = index;
                    self.wrappers.clear();
                }
                // A file name with a line break in it can look like a header.
                None => match parse::diagnostic(bytes) {
                    Some(it) => self.diagnostic(&it, bytes),
                    None => self.unparsed(bytes),
                },
            },
            Line::Diagnostic(it) => self.diagnostic(&it, bytes),
            Line::Other(_) => self.unparsed(bytes),
        }
    }

    /// Takes a whole text.
    pub fn text(&mut self, text: &[u8]) {
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text) {
            self.line(&text[start..end]);
            start = end + 1;
        }
        if start < text.len() {
            self.line(&text[start..]);
        }
    }

    /// Lists the packages for which `in_scope` holds.
    pub fn finish(self, in_scope: impl Fn(&Package) -> bool) -> Escapes {
        self.finish_with_sites(in_scope).0
    }

    /// Lists the packages for which `in_scope` holds, and their sites by package and position.
    pub fn finish_with_sites(
        mut self,
        in_scope: impl Fn(&Package) -> bool,
    ) -> (Escapes, Vec<Site>) {
        self.give_up();
        let mut escapes = self.escapes;
        let unknown = Package::default();
        let packages = || self.sources.packages.iter().chain([&unknown]);
        let within: Vec<bool> = packages().map(in_scope).collect();
        for ((package, mut counts), within) in packages().zip(self.counts).zip(&within) {
            if !within {
                escapes.outside_scope += counts.sites;
            } else if !counts.is_empty() {
                counts.path = package.path().to_owned();
                counts.module.clone_from(&package.module);
                escapes.packages.push(counts);
            }
        }
        escapes.sort();
        let sites = self.sites.unwrap_or_default().into_iter();
        let mut sites: Vec<Site> = sites.filter(|it| within[it.0]).map(|it| it.1).collect();
        sites.sort();
        (escapes, sites)
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic, bytes: &[u8]) {
        if parse::is_escape(diagnostic.message) {
            self.site(diagnostic);
        } else if parse::meaning(diagnostic.message) == Meaning::Known {
            if self.wrappers.concerns(diagnostic.message) {
                let position = self.position(diagnostic);
                self.wrappers.note(position, diagnostic.message);
            }
        } else if open(diagnostic.message) {
            self.pending.extend_from_slice(bytes);
        } else {
            self.unparsed(bytes);
        }
    }

    /// Takes a further line of a message, and tells whether it was one.
    ///
    /// Go 1.21 prints raw strings as they stand in the source, line breaks included.
    fn continues(&mut self, bytes: &[u8]) -> bool {
        let told = |it: Diagnostic| parse::meaning(it.message) != Meaning::Unknown;
        let own = match parse::line(bytes) {
            Line::Header(name) => self.owners.header(name).is_some(),
            Line::Diagnostic(it) => told(it),
            Line::Other(_) => false,
        };
        if own || self.pending.len() + bytes.len() > LONGEST {
            self.give_up();
            return false;
        }
        self.pending.push(b'\n');
        self.pending.extend_from_slice(bytes);
        let text = std::mem::take(&mut self.pending);
        match parse::diagnostic(&text) {
            Some(it) if !open(it.message) => self.diagnostic(&it, &text),
            _ => self.pending = text,
        }
        true
    }

    /// Counts the lines of a message that never ended.
    fn give_up(&mut self) {
        let text = std::mem::take(&mut self.pending);
        for line in text.split(|it| *it == b'\n') {
            self.unparsed(line);
        }
    }

    fn site(&mut self, diagnostic: &Diagnostic) {
        let owner = self.file(diagnostic.file).owner;
        let position = self.position(diagnostic);
        if self.wrappers.holds(position) {
            return;
        }
        let own = self.own(owner);
        let message = shape::normalized(diagnostic.message, own, &mut self.scratch);
        // A fifth of all lines are repeats: the class is found once.
        if self.seen.insert(hash(position, message))
            && let Some(class) = parse::classify(diagnostic.message)
        {
            let index = self.package(owner);
            self.counts[index].count(class);
            if self.sites.is_some() && class != Class::Leaking {
                let site = self.record(owner, class, diagnostic);
                self.sites.get_or_insert_default().push((index, site));
            }
        }
    }

    fn record(&self, owner: Owner, class: Class, diagnostic: &Diagnostic) -> Site {
        let package = self.sources.packages.get(self.package(owner));
        // A name out of a `//line` comment is never a path to read: it could be any file of the machine.
        let owned = package.filter(|it| owner != Owner::Header && !it.dir.is_empty());
        let mut scratch = Vec::new();
        let expression = parse::expression(diagnostic.message);
        let expression = shape::normalized(expression, self.own(owner), &mut scratch);
        let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
        Site {
            package: package.map_or("", Package::path).to_owned(),
            file: text(diagnostic.file),
            line: diagnostic.line,
            column: diagnostic.column,
            class,
            expression: text(expression),
            message: text(diagnostic.message),
            source: owned.map(|it| [&it.dir, b"/".as_slice(), base(diagnostic.file)].concat()),
        }
    }

    /// The qualifier that names of the owner carry under the header of another package.
    fn own(&self, owner: Owner) -> Option<&'a [u8]> {
        let index = self.package(owner);
        let package = self.sources.packages.get(index)?;
        (index != self.header).then(|| package.qualifier().as_bytes())
    }

    fn package(&self, owner: Owner) -> usize {
        match owner {
            Owner::Package(index) => index,
            Owner::Header => self.header,
        }
    }

    /// Package, file, line and column. `<autogenerated>:1` exists in every package, and a file has two names: `./x.go` under
    /// its own header, `lib/x.go` under another.
    fn position(&mut self, diagnostic: &Diagnostic) -> u128 {
        let file = self.file(diagnostic.file);
        let index = self.package(file.owner) as u128;
        let place = u128::from(diagnostic.line) << 32 | u128::from(diagnostic.column);
        hash(file.name, &(index << 64 | place).to_le_bytes())
    }

    fn file(&mut self, printed: &[u8]) -> File {
        if self.last.0 == printed {
            return self.last.1;
        }
        let file = self.files.get(printed).copied().unwrap_or_else(|| {
            let owner = self.owners.owner(printed);
            let name = if owner == Owner::Header {
                printed
            } else {
                base(printed)
            };
            let file = File {
                owner,
                name: hash(0, name),
            };
            self.files.insert(printed.to_vec(), file);
            file
        });
        self.last.0.clear();
        self.last.0.extend_from_slice(printed);
        self.last.1 = file;
        file
    }

    fn unparsed(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        self.escapes.unparsed += 1;
        if self.escapes.unparsed_examples.len() < EXAMPLES {
            let shown = &bytes[..bytes.len().min(400)];
            self.escapes
                .unparsed_examples
                .push(String::from_utf8_lossy(shown).into_owned());
        }
    }
}

/// Whether a raw string is still open at the end.
fn open(message: &[u8]) -> bool {
    memchr::memchr_iter(b'`', message).count() % 2 == 1
}

fn base(file: &[u8]) -> &[u8] {
    memchr::memrchr(b'/', file).map_or(file, |at| &file[at + 1..])
}

#[cfg(test)]
mod tests;

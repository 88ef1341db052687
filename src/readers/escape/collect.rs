//! Collects the escapes of each package from the lines of the compiler, one line at a time, each site once.

mod diagnostics;

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use super::class_counts::{Escapes, PackageEscapes};
use super::file_owner::{Owner, Owners, Package, Sources};
use super::hash::{Folded, hash};
use super::parse::{self, Diagnostic, Line};
use super::remark::Remark;
use super::site::Site;
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
    /// The header is known, and lines that look like one are not.
    captured: bool,
    /// Base names of files that `//line` comments of the packages name that are looked at.
    mapped: HashSet<Vec<u8>>,
    /// Which packages those are.
    watched: Vec<bool>,
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
    remarks: Option<Vec<Remark>>,
}

/// What a whole text comes to.
#[derive(Debug, Default)]
pub struct Finished {
    /// The counts, of the packages in the scope.
    pub escapes: Escapes,
    /// The sites in the scope, by package and position.
    pub sites: Vec<Site>,
    /// The sites of the packages outside the scope.
    pub beyond: Vec<Site>,
    /// Inlining and bounds checks by position, of all packages; see [`Collector::with_remarks`].
    pub remarks: Vec<Remark>,
}

impl<'a> Collector<'a> {
    /// An empty collector for the build that `sources` describes.
    pub fn new(sources: &'a Sources) -> Self {
        Self {
            sources,
            owners: Owners::new(sources),
            counts: vec![PackageEscapes::default(); sources.packages.len() + 1],
            header: sources.packages.len(),
            captured: false,
            mapped: HashSet::new(),
            watched: Vec::new(),
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
            remarks: None,
        }
    }

    /// Whether to keep each fact of inlining and bounds checks, for [`Collector::finish_with_all`].
    #[must_use]
    pub fn with_remarks(mut self, keep: bool) -> Self {
        self.remarks = keep.then(Vec::new);
        self
    }

    /// Whether to keep each site, leaking parameters aside, for [`Collector::finish_with_sites`].
    #[must_use]
    pub fn with_sites(mut self, keep: bool) -> Self {
        self.sites = keep.then(Vec::new);
        self
    }

    /// What is reported under one of these names, and would belong to a package that is not looked at, belongs to the package
    /// that is compiled: a `//line` comment may name a file of the standard library.
    #[must_use]
    pub fn with_mapped(
        mut self,
        names: impl Iterator<Item = Vec<u8>>,
        is_watched: impl Fn(&Package) -> bool,
    ) -> Self {
        self.mapped = names.map(|name| base(&name).to_vec()).collect();
        self.watched = self.sources.packages.iter().map(is_watched).collect();
        self
    }

    /// What follows was captured from the compile of one package: no line is a header, whatever it looks like.
    pub fn capture_of(&mut self, import_path: &str) {
        self.give_up();
        if let Some(index) = self.owners.header(import_path.as_bytes()) {
            self.header = index;
        }
        self.wrappers.clear();
        self.captured = true;
    }

    /// What follows is what go prints, with headers.
    pub fn printed(&mut self) {
        self.give_up();
        self.captured = false;
    }

    /// The package that a header names.
    fn headed(&self, name: &[u8]) -> Option<usize> {
        let believed = Some(name).filter(|_| !self.captured);
        believed.and_then(|believed| self.owners.header(believed))
    }

    /// Takes one line, without its line break.
    pub fn line(&mut self, bytes: &[u8]) {
        self.escapes.lines += 1;
        self.escapes.bytes += bytes.len() as u64 + 1;
        if !self.pending.is_empty() && self.continues(bytes) {
            return;
        }
        match parse::line(bytes) {
            Line::Header(name) => match self.headed(name) {
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
    pub fn finish_with_sites(self, in_scope: impl Fn(&Package) -> bool) -> (Escapes, Vec<Site>) {
        let finished = self.finish_with_all(in_scope);
        (finished.escapes, finished.sites)
    }

    /// Lists the packages for which `in_scope` holds, and everything that was kept.
    pub fn finish_with_all(mut self, in_scope: impl Fn(&Package) -> bool) -> Finished {
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
        let (sites, beyond): (Vec<_>, Vec<_>) = sites.partition(|site| within[site.0]);
        let mut remarks = self.remarks.unwrap_or_default();
        remarks.sort();
        Finished {
            escapes,
            sites: sorted(sites),
            beyond: sorted(beyond),
            remarks,
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
            return self.kept(printed, self.last.1);
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
        self.kept(printed, file)
    }

    /// The file, unless a `//line` comment may have made its name up.
    fn kept(&self, printed: &[u8], file: File) -> File {
        let Owner::Package(index) = file.owner else {
            return file;
        };
        let is_foreign =
            index != self.header && !self.watched.get(index).is_none_or(|watched| *watched);
        if !is_foreign || !self.mapped.contains(base(printed)) {
            return file;
        }
        File {
            owner: Owner::Header,
            name: hash(0, printed),
        }
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

/// Sites without the numbers of their packages, in order.
fn sorted(sites: Vec<(usize, Site)>) -> Vec<Site> {
    let mut sites: Vec<Site> = sites.into_iter().map(|site| site.1).collect();
    sites.sort();
    sites
}

#[cfg(test)]
mod tests;

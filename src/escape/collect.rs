//! Lines in, escapes per package out: streamed, each site once.

use std::collections::{HashMap, HashSet};
use std::hash::BuildHasherDefault;

use super::hash::{Fnv, Folded};
use super::parse::{self, Diagnostic, Line, Meaning};
use super::shape;
use super::source::{Owner, Owners, Package, Sources};
use super::summary::{Escapes, PackageEscapes};
use super::wrapper::Wrappers;

/// How many lines that nothing explains are kept to be shown.
const EXAMPLES: usize = 20;

/// The longest message over several lines that is waited for, in bytes.
const LONGEST: usize = 256 << 10;

/// Reads the compiler's text line by line. Its memory grows with the distinct sites, not with the text.
pub struct Collector<'a> {
    sources: &'a Sources,
    owners: Owners<'a>,
    /// By package; the last one holds what stands above the first header.
    counts: Vec<PackageEscapes>,
    header: usize,
    files: HashMap<Vec<u8>, Owner>,
    /// The file of the line before: most lines stay in one file.
    last: (Vec<u8>, Owner),
    seen: HashSet<u128, BuildHasherDefault<Folded>>,
    wrappers: Wrappers,
    /// Lines of a message that is not complete; see [`Collector::continues`].
    pending: Vec<u8>,
    escapes: Escapes,
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
            last: (Vec::new(), Owner::Header),
            seen: HashSet::default(),
            wrappers: Wrappers::default(),
            pending: Vec::new(),
            escapes: Escapes::default(),
        }
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
    pub fn finish(mut self, in_scope: impl Fn(&Package) -> bool) -> Escapes {
        self.give_up();
        let mut escapes = self.escapes;
        let unknown = Package::default();
        let packages = self.sources.packages.iter().chain([&unknown]);
        for (package, mut counts) in packages.zip(self.counts) {
            if !in_scope(package) {
                escapes.outside_scope += counts.sites;
            } else if !counts.is_empty() {
                counts.path = package.path().to_owned();
                counts.module.clone_from(&package.module);
                escapes.sites += counts.sites;
                escapes.packages.push(counts);
            }
        }
        escapes
            .packages
            .sort_by(|a, b| b.sites.cmp(&a.sites).then_with(|| a.path.cmp(&b.path)));
        escapes
    }

    fn diagnostic(&mut self, diagnostic: &Diagnostic, bytes: &[u8]) {
        if parse::is_escape(diagnostic.message) {
            self.site(diagnostic);
        } else if parse::meaning(diagnostic.message) == Meaning::Known {
            self.wrappers.note(diagnostic);
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
        if self.wrappers.holds(diagnostic) {
            return;
        }
        let owner = self.owner(diagnostic.file);
        // A fifth of all lines are repeats: the class is found once.
        if self.seen.insert(self.key(owner, diagnostic))
            && let Some(class) = parse::classify(diagnostic.message)
        {
            let index = self.package(owner);
            self.counts[index].count(class);
        }
    }

    fn package(&self, owner: Owner) -> usize {
        match owner {
            Owner::Package(index) => index,
            Owner::Header => self.header,
        }
    }

    /// The identity of a site in this build.
    fn key(&self, owner: Owner, diagnostic: &Diagnostic) -> u128 {
        let mut hash = Fnv::default();
        let index = self.package(owner);
        // `<autogenerated>:1` exists in every package, and a file has two names: `./x.go` under its own header, `lib/x.go`
        // under another.
        hash.write(&index.to_le_bytes());
        hash.write(match owner {
            Owner::Package(_) => base(diagnostic.file),
            Owner::Header => diagnostic.file,
        });
        hash.write(&[0]);
        hash.write(&diagnostic.line.to_le_bytes());
        hash.write(&diagnostic.column.to_le_bytes());
        let foreign = index != self.header;
        let own = self
            .sources
            .packages
            .get(index)
            .filter(|_| foreign)
            .map(|it| it.qualifier().as_bytes());
        shape::pieces(diagnostic.message, own, |it| hash.write(it));
        hash.0
    }

    fn owner(&mut self, file: &[u8]) -> Owner {
        if self.last.0 == file {
            return self.last.1;
        }
        let known = self.files.get(file).copied();
        let owner = known.unwrap_or_else(|| {
            let owner = self.owners.owner(file);
            self.files.insert(file.to_vec(), owner);
            owner
        });
        self.last.0.clear();
        self.last.0.extend_from_slice(file);
        self.last.1 = owner;
        owner
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
mod tests {
    use super::*;

    fn package(import_path: &str, dir: &str, version: Option<&str>) -> Package {
        Package {
            import_path: import_path.to_owned(),
            name: String::new(),
            dir: dir.as_bytes().to_vec(),
            module: import_path
                .starts_with("ex.com/")
                .then(|| import_path[..8].to_owned()),
            version: version.map(str::to_owned),
            standard: !import_path.contains('.'),
        }
    }

    fn check(trimpath: bool, text: &str) -> String {
        let sources = Sources {
            packages: vec![
                package("slices", "/go/src/slices", None),
                package("ex.com/m", "/w/m", None),
                package("ex.com/m/lib [ex.com/m]", "/w/m/lib", None),
                package("ex.com/d/sub", "/cache/ex.com/d@v1.2.0/sub", Some("v1.2.0")),
            ],
            directory: b"/w/m".to_vec(),
            trimpath,
        };
        let mut collector = Collector::new(&sources);
        collector.text(text.as_bytes());
        let escapes = collector.finish(|it| !it.standard);
        let mut shown: Vec<String> = escapes
            .packages
            .iter()
            .map(|it| format!("{} {}+{}+{}", it.path, it.sites, it.constants, it.leaking))
            .collect();
        shown.push(format!(
            "= {}, outside {}, unparsed {:?}",
            escapes.sites, escapes.outside_scope, escapes.unparsed_examples
        ));
        shown.join("; ")
    }

    #[test]
    fn the_file_decides_who_owns_a_site() {
        insta::assert_snapshot!(check(true, "# ex.com/m
ex.com/m/a.go:1:2: x escapes to heap
ex.com/m/lib/b.go:1:2: x escapes to heap
slices/sort.go:1:2: x escapes to heap
ex.com/d@v1.2.0/sub/c.go:1:2: x escapes to heap
"), @"ex.com/d/sub 1+0+0; ex.com/m 1+0+0; ex.com/m/lib 1+0+0; = 3, outside 1, unparsed []");
        insta::assert_snapshot!(check(false, "# ex.com/m
./a.go:1:2: x escapes to heap
lib/b.go:1:2: x escapes to heap
/go/src/slices/sort.go:1:2: x escapes to heap
../../cache/ex.com/d@v1.2.0/sub/c.go:1:2: x escapes to heap
"), @"ex.com/d/sub 1+0+0; ex.com/m 1+0+0; ex.com/m/lib 1+0+0; = 3, outside 1, unparsed []");
    }

    #[test]
    fn generated_code_belongs_to_the_header_above() {
        insta::assert_snapshot!(check(false, "# ex.com/m/lib
<autogenerated>:1: x escapes to heap
_cgo_gotypes.go:1:2: x escapes to heap
rel/bar.tmpl:7: x escapes to heap
??:300: x escapes to heap
moved to heap: #next
# ex.com/m
<autogenerated>:1: x escapes to heap
moved to heap: #next
"), @"ex.com/m/lib 5+0+0; ex.com/m 2+0+0; = 7, outside 0, unparsed []");
    }

    #[test]
    fn a_site_counts_once_whatever_it_was_instantiated_with() {
        insta::assert_snapshot!(check(true, "# ex.com/m
ex.com/m/lib/g.go:1:2: make([]go.shape.int, n) escapes to heap
ex.com/m/lib/g.go:1:2: make([]go.shape.string, n) escapes to heap
ex.com/m/lib/g.go:1:2: moved to heap: n
# ex.com/m/lib [ex.com/m]
ex.com/m/lib/g.go:1:2: make([]go.shape.*uint8, n) escapes to heap
ex.com/m/lib/g.go:1:2: \"text\" escapes to heap
ex.com/m/lib/g.go:1:2: leaking param: p
ex.com/m/lib/g.go:1:2: leaking param: p
"), @"ex.com/m/lib 2+1+1; = 2, outside 0, unparsed []");
    }

    #[test]
    fn a_forged_header_is_not_believed() {
        insta::assert_snapshot!(check(false, "# ex.com/m
sp ace
# ex.com/evil.go:1:2: new(T) escapes to heap
# ex.com/evil
<autogenerated>:1: x escapes to heap
"), @r##"ex.com/m 2+0+0; = 2, outside 0, unparsed ["sp ace", "# ex.com/evil"]"##);
    }

    #[test]
    fn a_raw_string_runs_over_lines() {
        insta::assert_snapshot!(check(false, "# ex.com/m
./a.go:1:2: `one
two: x.go:1:2: three

` escapes to heap
./a.go:2:2: `one
two` + x escapes to heap
./a.go:3:2: `never
./a.go:4:2: x escapes to heap
"), @r#"ex.com/m 2+1+0; = 2, outside 0, unparsed ["./a.go:3:2: `never"]"#);
    }
}

//! Names sites and fetches their lines of source; what is known of equal sites in equal sources is not worked out again.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::excerpt::{Excerpt, excerpt, line_starts, read};
use super::{known, parts};
use crate::escape::{self, Class, IdentifiedSite, Identity, Site, Sources};
use crate::number::hex;
use crate::plan::overlay::Overlay;
use crate::plan::result_store::Memory;

/// Names the sites by their sources, each of which is read once.
pub(crate) fn named(
    sites: &[Site],
    sources: &Sources,
    memory: &Memory,
    overlay: &Overlay,
) -> (Vec<IdentifiedSite>, Vec<Excerpt>) {
    let build = digest(sources);
    let mut groups: BTreeMap<&str, Vec<Site>> = BTreeMap::new();
    for site in sites {
        groups.entry(&site.package).or_default().push(site.clone());
    }
    let (mut identified, mut excerpts) = (Vec::new(), Vec::new());
    let mut now = Now::of(overlay, sources);
    for sites in groups.values() {
        let (names, lines) = package(sites, (sources, &build), memory, &mut now);
        identified.extend(names);
        excerpts.extend(lines);
    }
    (identified, excerpts)
}

/// The sites of one package: an ordinal counts within it.
fn package(
    sites: &[Site],
    (sources, build): (&Sources, &[u8]),
    memory: &Memory,
    now: &mut Now<'_>,
) -> (Vec<IdentifiedSite>, Vec<Excerpt>) {
    let key = known::key(memory, "names", &[&serialized(sites), build]);
    if let Some(found) = known::read::<Found>(&key).and_then(|found| found.restore(sites, now)) {
        return found;
    }
    let overlay = now.overlay;
    let mut reads: Vec<Read> = Vec::new();
    let mut seen: HashSet<Vec<u8>> = HashSet::new();
    let found = compute(sites, sources, |path| {
        let bytes = read(path, overlay);
        if seen.insert(path.to_vec()) {
            reads.push(Read::of(path, bytes.as_deref()));
        }
        bytes
    });
    if let Some(mut it) = Found::of(sites, reads, &found) {
        it.lists = now.lists_beside(&it.reads);
        known::keep(&key, &it);
    }
    found
}

/// What stands for the packages of a build and its Go: names are looked up in them. Where that is done in a package, all of its
/// files are read, and which these were is kept beside the answer ([`Found::lists`]), so that a new file concerns only what was
/// looked up beside it.
fn digest(sources: &Sources) -> Vec<u8> {
    let mut all = Sha256::new();
    all.update(format!("{:?}\0", sources.go));
    for it in &sources.packages {
        for text in [it.path().as_bytes(), it.name.as_bytes(), &it.dir] {
            parts::add(&mut all, text);
        }
        all.update([u8::from(it.files.is_empty())]);
    }
    all.finalize().to_vec()
}

/// Everything that counts about sites, each field with its length.
fn serialized(sites: &[Site]) -> Vec<u8> {
    let mut out = Vec::new();
    let mut add = |bytes: &[u8]| {
        out.extend_from_slice(&(bytes.len() as u64).to_le_bytes());
        out.extend_from_slice(bytes);
    };
    for it in sites {
        add(it.package.as_bytes());
        add(it.file.as_bytes());
        add(&it.line.to_le_bytes());
        add(&it.column.to_le_bytes());
        add(&[it.class as u8]);
        add(it.expression.as_bytes());
        add(it.message.as_bytes());
        add(it.source.as_deref().unwrap_or_default());
    }
    out
}

fn compute(
    sites: &[Site],
    sources: &Sources,
    mut read: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> (Vec<IdentifiedSite>, Vec<Excerpt>) {
    let wanted = lines_by_file(sites);
    let mut found: HashMap<(Vec<u8>, u32), Excerpt> = HashMap::new();
    let identified = escape::identify_among(sites, sources, |path| {
        let bytes = read(path)?;
        let starts = line_starts(&bytes);
        for line in wanted.get(path).into_iter().flatten() {
            found
                .entry((path.to_vec(), *line))
                .or_insert_with(|| excerpt(&bytes, &starts, *line));
        }
        Some(bytes)
    });
    let excerpt = |site: &IdentifiedSite| {
        let key = (site.site.source.clone()?, site.site.line);
        found.get(&key).cloned()
    };
    let excerpts = identified.iter().map(excerpt);
    let excerpts = excerpts.map(Option::unwrap_or_default).collect();
    (identified, excerpts)
}

/// The lines of each file in which a site is.
fn lines_by_file(sites: &[Site]) -> HashMap<&[u8], Vec<u32>> {
    let mut lines: HashMap<&[u8], Vec<u32>> = HashMap::new();
    for site in sites {
        if let Some(path) = &site.source {
            lines.entry(path).or_default().push(site.line);
        }
    }
    lines
}

/// A file that was read, and a digest of what was in it; `None` where it could not be read.
#[derive(Debug, Serialize, Deserialize)]
struct Read {
    path: String,
    sha256: Option<String>,
}

impl Read {
    fn of(path: &[u8], bytes: Option<&[u8]>) -> Self {
        Self {
            path: String::from_utf8_lossy(path).into_owned(),
            sha256: bytes.map(|byte| hex(&Sha256::digest(byte))),
        }
    }
}

/// The directory of a package, and a digest of the names of its files.
#[derive(Debug, Serialize, Deserialize)]
struct List {
    directory: String,
    names: String,
}

/// Sources as they are now. What is inlined in many packages is read once.
struct Now<'o> {
    overlay: &'o Overlay,
    digests: HashMap<String, Option<String>>,
    /// By directory, a digest of the names of the files of its packages.
    lists: HashMap<&'o [u8], String>,
}

impl<'o> Now<'o> {
    fn of(overlay: &'o Overlay, sources: &'o Sources) -> Self {
        let mut names: BTreeMap<&[u8], Sha256> = BTreeMap::new();
        for package in &sources.packages {
            let digest = names.entry(&package.dir).or_default();
            for file in &package.files {
                parts::add(digest, file.as_bytes());
            }
        }
        let digested = |(directory, names): (_, Sha256)| (directory, hex(&names.finalize()));
        Self {
            overlay,
            digests: HashMap::new(),
            lists: names.into_iter().map(digested).collect(),
        }
    }

    /// The files of each package of which one was read.
    fn lists_beside(&self, reads: &[Read]) -> Vec<List> {
        let directory = |read: &Read| Some(read.path.rsplit_once('/')?.0.to_owned());
        let directories: BTreeSet<String> = reads.iter().filter_map(directory).collect();
        let list = |directory: String| {
            let names = self.lists.get(directory.as_bytes())?.clone();
            Some(List { directory, names })
        };
        directories.into_iter().filter_map(list).collect()
    }

    /// Whether a package has the files that it had.
    fn has(&self, before: &List) -> bool {
        self.lists.get(before.directory.as_bytes()) == Some(&before.names)
    }

    /// Whether a file is what was read.
    fn is(&mut self, before: &Read) -> bool {
        if let Some(digest) = self.digests.get(&before.path) {
            return *digest == before.sha256;
        }
        let path = before.path.as_bytes();
        let now = Read::of(path, read(path, self.overlay).as_deref());
        let is_same = now.sha256 == before.sha256;
        self.digests.insert(now.path, now.sha256);
        is_same
    }
}

/// The names of the sites of a package, in their order, without what the sites say themselves.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    reads: Vec<Read>,
    /// The files that the packages of these had.
    lists: Vec<List>,
    sites: Vec<Named>,
}

/// Which site, its name, and its line of source.
#[derive(Debug, Serialize, Deserialize)]
struct Named {
    index: usize,
    file: String,
    class: Class,
    identity: Identity,
    excerpt: Excerpt,
    start: u32,
}

/// Where a site is, and what the compiler says there.
fn place(site: &Site) -> (&[u8], u32, u32, &str) {
    let source = site.source.as_deref().unwrap_or_default();
    (source, site.line, site.column, &site.message)
}

impl Found {
    /// `None` where a path is no text, or a site cannot be found again.
    fn of(
        sites: &[Site],
        reads: Vec<Read>,
        (identified, excerpts): &(Vec<IdentifiedSite>, Vec<Excerpt>),
    ) -> Option<Self> {
        let mut indices: HashMap<(&[u8], u32, u32, &str), Vec<usize>> = HashMap::new();
        for (index, it) in sites.iter().enumerate().rev() {
            indices.entry(place(it)).or_default().push(index);
        }
        let mut named = Vec::with_capacity(sites.len());
        for (it, excerpt) in identified.iter().zip(excerpts) {
            named.push(Named {
                index: indices.get_mut(&place(&it.site))?.pop()?,
                file: it.site.file.clone(),
                class: it.site.class,
                identity: it.identity.clone(),
                excerpt: excerpt.clone(),
                start: it.start,
            });
        }
        let is_text = |site: &Site| std::str::from_utf8(place(site).0).is_ok();
        sites.iter().all(is_text).then_some(Self {
            reads,
            lists: Vec::new(),
            sites: named,
        })
    }

    /// `None` where a source has changed.
    fn restore(
        self,
        sites: &[Site],
        now: &mut Now<'_>,
    ) -> Option<(Vec<IdentifiedSite>, Vec<Excerpt>)> {
        let same = self.lists.iter().all(|list| now.has(list));
        if !same || self.sites.len() != sites.len() || !self.reads.iter().all(|read| now.is(read)) {
            return None;
        }
        let mut identified = Vec::with_capacity(sites.len());
        let mut excerpts = Vec::with_capacity(sites.len());
        for it in self.sites {
            let site = sites.get(it.index)?;
            identified.push(IdentifiedSite {
                start: it.start,
                identity: it.identity,
                site: Site {
                    file: it.file,
                    class: it.class,
                    ..site.clone()
                },
            });
            excerpts.push(it.excerpt);
        }
        Some((identified, excerpts))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_would_be_found() {
        let place = tempfile::tempdir().unwrap();
        let memory = Memory {
            place: Some(place.path().join("known")),
            private: None,
            tool: "1".into(),
        };
        let path = place.path().join("a.go");
        let write = |name: &str| {
            let text = format!("package m\n\nfunc {name}() {{\n\t_ = 1 // {name}\n}}\n");
            std::fs::write(&path, text).unwrap();
        };
        let site = |column| Site {
            package: "ex.com/m".into(),
            file: "./a.go".into(),
            line: 4,
            column,
            class: Class::New,
            expression: "&T{}".into(),
            message: "&T{} escapes to heap".into(),
            source: Some(path.to_str().unwrap().into()),
        };
        let sites = [site(7), site(2), site(2)];
        write("f");
        let named = |memory: &Memory| {
            super::named(&sites, &Sources::default(), memory, &Overlay::default())
        };
        let first = named(&memory);
        assert_eq!(named(&memory), first);
        assert_eq!(named(&Memory::default()), first);
        assert_eq!(first.0[0].identity.function, "f");
        let files = || {
            std::fs::read_dir(place.path().join("known/1"))
                .unwrap()
                .count()
        };
        assert_eq!(files(), 1);
        // The same sites in another source, of another size or not.
        write("g");
        let second = named(&memory);
        assert_eq!(second, named(&Memory::default()));
        assert_eq!(second.0[0].identity.function, "g");
    }

    /// What a name stands for may be said in a file that was not there: one of the package, not one of another.
    #[test]
    fn a_new_file_counts_where_names_are_looked_up() {
        let place = tempfile::tempdir().unwrap();
        let memory = Memory {
            place: Some(place.path().join("known")),
            private: None,
            tool: "1".into(),
        };
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        };
        write("m/a.go", "package m\n\nfunc f() any {\n\treturn word\n}\n");
        write("m/b.go", "package m\n\nconst word = 1\n");
        write("n/a.go", "package n\n");
        write("n/b.go", "package n\n");
        let site = Site {
            package: "ex.com/m".into(),
            file: "./a.go".into(),
            line: 4,
            column: 9,
            class: Class::Boxing,
            expression: "word".into(),
            message: "word escapes to heap".into(),
            source: Some(format!("{}/m/a.go", place.path().display()).into()),
        };
        let package = |path: &str, files: &[&str]| escape::Package {
            import_path: format!("ex.com/{path}"),
            name: path.into(),
            dir: format!("{}/{path}", place.path().display()).into(),
            files: files.iter().map(|name| (*name).to_owned()).collect(),
            ..escape::Package::default()
        };
        let classes = |memory: &Memory, own: &[&str], other: &[&str]| {
            let sources = Sources {
                packages: vec![package("m", own), package("n", other)],
                ..Sources::default()
            };
            let (sites, _) = super::named(
                std::slice::from_ref(&site),
                &sources,
                memory,
                &Overlay::default(),
            );
            let classes = sites.iter().map(|it| it.site.class);
            classes.collect::<Vec<_>>()
        };
        let kept = || std::fs::read_dir(place.path().join("known/1")).unwrap();
        let written = || kept().map(|file| file.unwrap().metadata().unwrap().modified().unwrap());
        let first = classes(&memory, &["a.go"], &["a.go"]);
        let when: Vec<_> = written().collect();
        assert_eq!(classes(&memory, &["a.go"], &["a.go", "b.go"]), first);
        assert_eq!(written().collect::<Vec<_>>(), when, "it was found again");
        let second = classes(&memory, &["a.go", "b.go"], &["a.go"]);
        assert_ne!(second, first, "a constant is not put on the heap");
        assert_eq!(
            second,
            classes(&Memory::default(), &["a.go", "b.go"], &["a.go"])
        );
    }
}

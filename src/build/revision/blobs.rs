//! The files of a commit, read as git keeps them and written as files.
//!
//! Raw (`git cat-file --batch`): no filter, no conversion of line ends, no program that an attribute names. The tree may be
//! anybody's: a path that leads out of its directory is refused, and links are made last, so that none is written through.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Component, Path, PathBuf};

use crate::error::{Error, Kind, Result};
use crate::go::git::{DEEPEST, Git, bytes_to_path};
use crate::process::Interrupt;

/// A file of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Entry {
    mode: u32,
    object: String,
    path: PathBuf,
}

const LINK: u32 = 0o120_000;
const SUBMODULE: u32 = 0o160_000;
/// The longest target of a link.
const LONGEST: usize = 4096;

/// Writes a commit of a repository below `into`, its submodules too. `scratch` is a directory for files of ours.
pub(crate) fn write(
    repository: &Path,
    commit: &str,
    into: &Path,
    scratch: &Path,
    interrupt: &Interrupt,
) -> Result<()> {
    let mut export = Export {
        scratch,
        interrupt,
        links: Vec::new(),
    };
    export.write(repository, commit, into, DEEPEST)?;
    // All their directories first: a link that stands where one has to be is then an error.
    for (path, _) in &export.links {
        fs::create_dir_all(path.parent().unwrap_or(into))?;
    }
    for (path, target) in &export.links {
        std::os::unix::fs::symlink(target, path)?;
    }
    Ok(())
}

struct Export<'a> {
    scratch: &'a Path,
    interrupt: &'a Interrupt,
    links: Vec<(PathBuf, PathBuf)>,
}

fn failed(commit: &str, why: &str) -> Error {
    Error::new(Kind::Machine, format!("cannot read `{commit}`: {why}"))
        .hint("the files of the working directory are as they were; what a shallow or partial clone lacks is not fetched: `git fetch --unshallow`, or `--refetch`")
}

impl Export<'_> {
    fn write(&mut self, repository: &Path, commit: &str, into: &Path, depth: usize) -> Result<()> {
        fs::create_dir_all(into)?;
        let git = Git::new(repository, self.interrupt);
        let listed = git.ask(&["ls-tree", "-r", "-z", "--full-tree", commit])?;
        let listed = listed.map_err(|why| failed(commit, &why))?;
        let all = entries(&listed).map_err(|why| failed(commit, &why))?;
        let (modules, files): (Vec<Entry>, Vec<Entry>) =
            all.into_iter().partition(|entry| entry.mode == SUBMODULE);
        let wanted = self.scratch.join(format!("objects-{depth}"));
        let names = files.iter().map(|entry| format!("{}\n", entry.object));
        fs::write(&wanted, names.collect::<String>())?;
        let mut writer = Writer::new(&files, into);
        let git = git.reading(&wanted);
        let done = git.stream(&["cat-file", "--batch"], |bytes| writer.take(bytes))?;
        done.map_err(|why| failed(commit, &why))?;
        let links = writer.finish().map_err(|why| failed(commit, &why))?;
        self.links.extend(links);
        for it in modules {
            let own = repository.join(&it.path);
            // One that is not checked out is missing in the working directory, too.
            if own.join(".git").exists() && depth > 0 {
                self.write(&own, &it.object, &into.join(&it.path), depth - 1)?;
            }
        }
        Ok(())
    }
}

/// `MODE TYPE OBJECT<TAB>PATH<NUL>`, as `git ls-tree -z` prints it.
fn entries(listed: &[u8]) -> Result<Vec<Entry>, String> {
    let lines = listed
        .split(|byte| *byte == 0)
        .filter(|part| !part.is_empty());
    lines.map(entry).collect()
}

fn entry(line: &[u8]) -> Result<Entry, String> {
    let odd = || format!("git printed `{}`", String::from_utf8_lossy(line));
    let tab = memchr::memchr(b'\t', line).ok_or_else(odd)?;
    let head = std::str::from_utf8(&line[..tab]).map_err(|_| odd())?;
    let path = bytes_to_path(line[tab + 1..].to_vec());
    let mut words = head.split(' ');
    let mode = words
        .next()
        .and_then(|word| u32::from_str_radix(word, 8).ok());
    let object = words.nth(1).ok_or_else(odd)?.to_owned();
    let plain = |component: Component<'_>| match component {
        Component::Normal(name) => !name.eq_ignore_ascii_case(".git"),
        _ => false,
    };
    if path.as_os_str().is_empty() || !path.components().all(plain) {
        return Err(format!("it holds the path `{}`", path.display()));
    }
    Ok(Entry {
        mode: mode.ok_or_else(odd)?,
        object,
        path,
    })
}

/// Takes what `git cat-file --batch` prints, piece by piece, and writes the files.
struct Writer<'a> {
    files: std::slice::Iter<'a, Entry>,
    into: &'a Path,
    links: Vec<(PathBuf, PathBuf)>,
    /// `OBJECT TYPE SIZE`, as far as it came.
    head: Vec<u8>,
    current: Option<Current<'a>>,
    wrong: Option<String>,
}

struct Current<'a> {
    entry: &'a Entry,
    /// `None`: a link.
    file: Option<File>,
    target: Vec<u8>,
    /// Bytes to come, with the line break behind them.
    left: u64,
}

impl<'a> Writer<'a> {
    fn new(files: &'a [Entry], into: &'a Path) -> Self {
        Self {
            files: files.iter(),
            into,
            links: Vec::new(),
            head: Vec::new(),
            current: None,
            wrong: None,
        }
    }

    fn take(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() && self.wrong.is_none() {
            let done = match self.current.take() {
                None => self.head(&mut bytes),
                Some(current) => self.content(current, &mut bytes),
            };
            self.wrong = done.err();
        }
    }

    fn head(&mut self, bytes: &mut &[u8]) -> Result<(), String> {
        let end = memchr::memchr(b'\n', bytes);
        let (line, rest) = bytes.split_at(end.unwrap_or(bytes.len()));
        self.head.extend_from_slice(line);
        *bytes = rest.get(1..).unwrap_or_default();
        if end.is_none() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut self.head)).into_owned();
        let entry = self.files.next().ok_or("git printed more than was asked")?;
        let size = text.strip_prefix(entry.object.as_str());
        let size = size.and_then(|size| size.strip_prefix(" blob ")?.parse::<u64>().ok());
        let path = self.into.join(&entry.path);
        let left =
            size.ok_or_else(|| format!("`{}` is not there ({text})", entry.path.display()))?;
        let file = match entry.mode {
            LINK => None,
            mode => Some(create(&path, mode & 0o111 != 0).map_err(|error| error.to_string())?),
        };
        self.current = Some(Current {
            entry,
            file,
            target: Vec::new(),
            left: left.saturating_add(1),
        });
        Ok(())
    }

    fn content(&mut self, mut current: Current<'a>, bytes: &mut &[u8]) -> Result<(), String> {
        let most = usize::try_from(current.left).unwrap_or(usize::MAX);
        let (piece, rest) = bytes.split_at(most.min(bytes.len()));
        current.left -= piece.len() as u64;
        // The line break at the end is not the file's.
        let own = &piece[..piece.len() - usize::from(current.left == 0)];
        match &mut current.file {
            Some(file) => file.write_all(own).map_err(|error| error.to_string())?,
            None if current.target.len() + own.len() <= LONGEST => {
                current.target.extend_from_slice(own)
            }
            None => {
                return Err(format!(
                    "the link `{}` is too long",
                    current.entry.path.display()
                ));
            }
        }
        *bytes = rest;
        if current.left > 0 {
            self.current = Some(current);
        } else if current.file.is_none() {
            let link = self.into.join(&current.entry.path);
            self.links.push((link, bytes_to_path(current.target)));
        }
        Ok(())
    }

    /// The links of the tree, once every file is there.
    fn finish(mut self) -> Result<Vec<(PathBuf, PathBuf)>, String> {
        match (
            self.wrong,
            self.current.is_some() || self.files.next().is_some(),
        ) {
            (Some(why), _) => Err(why),
            (None, true) => Err("git ended before the last file".into()),
            (None, false) => Ok(self.links),
        }
    }
}

fn create(path: &Path, executable: bool) -> std::io::Result<File> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent)?;
    }
    let mode = if executable { 0o755 } else { 0o644 };
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(mode)
        .open(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_cannot_lead_out_of_its_directory() {
        for path in [
            "../x",
            "/x",
            "a/../../x",
            ".git/config",
            "a/.GIT/hooks/x",
            ".",
        ] {
            let line = format!("100644 blob aaaa\t{path}");
            assert!(entry(line.as_bytes()).is_err(), "{path}");
        }
        let fine = entry(b"160000 commit bbbb\tthird/a b").unwrap();
        assert_eq!((fine.mode, fine.object.as_str()), (SUBMODULE, "bbbb"));
    }

    #[test]
    fn files_come_whole_in_pieces_of_any_size() {
        let text = b"aa blob 3\none\nbb blob 0\n\ncc blob 6\ntarget\n";
        let entry = |mode, object: &str| Entry {
            mode,
            object: object.into(),
            path: format!("d/{object}").into(),
        };
        let files = [
            entry(0o100_644, "aa"),
            entry(0o100_755, "bb"),
            entry(LINK, "cc"),
        ];
        for size in 1..text.len() {
            let place = tempfile::tempdir().unwrap();
            let mut writer = Writer::new(&files, place.path());
            text.chunks(size).for_each(|bytes| writer.take(bytes));
            let links = writer.finish().unwrap();
            assert_eq!(
                links,
                [(place.path().join("d/cc"), PathBuf::from("target"))]
            );
            assert_eq!(fs::read(place.path().join("d/aa")).unwrap(), b"one");
            assert_eq!(fs::read(place.path().join("d/bb")).unwrap(), b"");
        }
        let place = tempfile::tempdir().unwrap();
        let mut writer = Writer::new(&files, place.path());
        writer.take(b"aa missing\n");
        assert!(writer.finish().unwrap_err().contains("`d/aa` is not there"));
    }
}

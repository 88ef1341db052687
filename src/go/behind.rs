//! Finds in PATH the go command that stands behind us: we may be called `go` ourselves, by a link, a copy or a script.
//!
//! What is no Go distribution may lead back to us. So we say in a variable what we tried, and a call that comes from
//! there goes on behind it.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// The variable that says what we tried: a process ID, how often, and paths.
pub const MARK: &str = "_GOBUILD_OPT_BEHIND";

/// More calls of us by us than anybody means: a loop that process IDs do not show.
const DEEPEST: u32 = 32;

/// Where to look.
#[derive(Debug, Default)]
pub struct Search<'a> {
    /// `go`, or another name or path that the user gave it.
    pub name: OsString,
    /// PATH.
    pub path: Option<&'a OsStr>,
    /// The file of this program.
    pub own: Option<&'a Path>,
    /// What [`MARK`] holds.
    pub mark: Option<&'a OsStr>,
    /// Our process, and the one that started us.
    pub processes: [u32; 2],
}

/// The go command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Behind {
    /// Its file.
    pub program: PathBuf,
    /// What [`MARK`] has to hold when it is called; `None` for a Go distribution, which does not call us.
    pub mark: Option<OsString>,
}

/// Finds the go command. Fails with [`Kind::Go`] where there is none.
pub fn find(search: &Search<'_>) -> Result<Behind> {
    let mark = search.mark.map(read_mark).unwrap_or_default();
    let called_back = search.processes.contains(&mark.process);
    let tried: &[PathBuf] = if called_back { &mark.tried } else { &[] };
    if mark.depth > DEEPEST {
        return Err(none(search, "every one in PATH leads back to gobuild-opt"));
    }
    let own = search.own.and_then(id);
    let candidate = candidates(search).into_iter().find(|path| {
        is_program(path) && (own.is_none() || id(path) != own) && !tried.contains(path)
    });
    let Some(program) = candidate else {
        let why = match tried.is_empty() {
            true => "there is none behind gobuild-opt in PATH",
            false => "every one in PATH leads back to gobuild-opt",
        };
        return Err(none(search, why));
    };
    let mark = (!is_distribution(&program)).then(|| {
        let mut tried = tried.to_vec();
        tried.push(program.clone());
        write_mark(search.processes[0], mark.depth + 1, &tried)
    });
    Ok(Behind { program, mark })
}

fn none(search: &Search<'_>, why: &str) -> Error {
    Error::new(
        Kind::Go,
        format!("no `{}` command: {why}", search.name.to_string_lossy()),
    )
    .hint("install Go (https://go.dev/dl), or name the command: GOBUILD_OPT_GO=/path/to/go")
}

/// Whether this program is what the shell finds under that name.
pub fn is_first(search: &Search<'_>) -> bool {
    let first = candidates(search).into_iter().find(|path| is_program(path));
    first.is_some_and(|path| id(&path).is_some() && id(&path) == search.own.and_then(id))
}

fn candidates(search: &Search<'_>) -> Vec<PathBuf> {
    if Path::new(&search.name).components().count() > 1 {
        return vec![PathBuf::from(&search.name)];
    }
    let path = search.path.unwrap_or_default();
    std::env::split_paths(path)
        // As with go itself: what the working directory holds is not for us to run.
        .filter(|path| path.is_absolute())
        .map(|path| path.join(&search.name))
        .collect()
}

fn is_program(path: &Path) -> bool {
    path.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

fn id(path: &Path) -> Option<(u64, u64)> {
    path.metadata()
        .ok()
        .map(|metadata| (metadata.dev(), metadata.ino()))
}

/// GOROOT/bin/go, with GOROOT/VERSION beside it.
fn is_distribution(program: &Path) -> bool {
    let real = program.canonicalize().ok();
    let root = real
        .as_deref()
        .and_then(Path::parent)
        .and_then(Path::parent);
    let version = root.and_then(|path| std::fs::read(path.join("VERSION")).ok());
    version.is_some_and(|version| version.starts_with(b"go") || version.starts_with(b"devel"))
}

#[derive(Default)]
struct Mark {
    process: u32,
    depth: u32,
    tried: Vec<PathBuf>,
}

fn read_mark(text: &OsStr) -> Mark {
    let mut parts = text.as_bytes().splitn(3, |text| *text == b' ');
    let mut number = || std::str::from_utf8(parts.next()?).ok()?.parse().ok();
    let (Some(process), Some(depth)) = (number(), number()) else {
        return Mark::default();
    };
    let tried = parts.next().unwrap_or_default();
    Mark {
        process,
        depth,
        tried: std::env::split_paths(OsStr::from_bytes(tried)).collect(),
    }
}

fn write_mark(process: u32, depth: u32, tried: &[PathBuf]) -> OsString {
    let mut text = format!("{process} {depth} ").into_bytes();
    for (index, path) in tried.iter().enumerate() {
        if index > 0 {
            text.push(b':');
        }
        text.extend(path.as_os_str().as_bytes());
    }
    OsString::from_vec(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_is_read_as_it_was_written() {
        let odd = PathBuf::from(OsString::from_vec(b"/a b/\xff/go".to_vec()));
        let mark = write_mark(7, 3, &["/x/go".into(), odd.clone()]);
        let read = read_mark(&mark);
        assert_eq!((read.process, read.depth), (7, 3));
        assert_eq!(read.tried, [PathBuf::from("/x/go"), odd]);
        assert_eq!(read_mark(OsStr::new("no mark")).process, 0);
    }
}

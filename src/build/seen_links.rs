//! Records what go links, as `gobuild-opt toolexec` sees it: which package became an executable, of which compiled
//! packages.
//!
//! The archives that a link reads begin with the build IDs of their packages, so that nobody has to ask `go list
//! -export` for them. A record is a file of its own, renamed when it is whole.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::DRAFT;
use crate::input;
use crate::order::Order;
use crate::plan::toolexec::{Link, is_action};
use crate::plan::{TargetPlan, scope};
use crate::process::memory::Groups;

/// What a record is called at its end.
const RECORD: &str = "json";

/// A link that took place.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Linked {
    /// The import path of the main package.
    pub(crate) package: String,
    /// The action of each package whose diagnostics are wanted; `None` where one could not be read.
    pub(crate) names: Option<Vec<(String, String)>>,
    /// Bytes of the archives that are read.
    pub(crate) inputs: u64,
    /// How to link it once more; `None` where that cannot be.
    pub(crate) command: Option<Command>,
}

/// A link that can be repeated when go has removed its work directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Command {
    /// The linker, or what stands in front of it.
    pub(crate) program: String,
    /// Its arguments; the value of `-o` is go's own.
    pub(crate) args: Vec<String>,
    /// Where it runs.
    pub(crate) cwd: String,
    /// What go set for it.
    pub(crate) env: Vec<(String, String)>,
}

/// What a tool finds around it.
#[derive(Debug, Clone, Default)]
pub struct Outside {
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// The working directory.
    pub cwd: PathBuf,
}

/// How the linker's garbage collector is told to wait: it reads everything once and ends. On 1,300 packages that takes a
/// quarter of the CPU time away, for 5 % more memory; the file is the same.
pub(crate) const LAZY: (&str, &str) = ("GOGC", "800");

/// What a link takes at most, for each byte of the archives that it reads.
const MEMORY: u64 = 4;

/// Whether there is memory for one more link of so many bytes of archives.
pub(crate) fn has_room(inputs: u64) -> bool {
    let needed = inputs.saturating_mul(MEMORY);
    Groups::default()
        .available()
        .is_none_or(|available| available > needed)
}

/// Records a link, before it begins. Nothing here may hold it up. Returns the bytes of the archives that it reads.
pub(crate) fn record(link: &Link<'_>, outside: &Outside) -> Option<u64> {
    let Ok(config) = input::text(link.config, input::SOURCE) else {
        return None;
    };
    let size = |archive: &str| {
        Path::new(archive)
            .metadata()
            .map_or(0, |metadata| metadata.len())
    };
    let linked = Linked {
        package: link.package.to_owned(),
        names: names(link, &config),
        inputs: archives(&config).map(|archive| size(archive.1)).sum(),
        command: command(link, &config, outside),
    };
    let _ = write(link.records, &linked);
    Some(linked.inputs)
}

/// The packages of a link and their archives.
fn archives(config: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = config.lines();
    lines.filter_map(|line| line.strip_prefix("packagefile ")?.split_once('='))
}

/// The command with a second name for every file of go's work directory that it reads.
fn command(link: &Link<'_>, config: &str, outside: &Outside) -> Option<Command> {
    let work = link.config.parent()?.parent()?;
    let own = link.records.join(std::process::id().to_string());
    std::fs::create_dir(&own).ok()?;
    let mut kept = Kept {
        work,
        own: &own,
        files: BTreeMap::new(),
    };
    let mut text = String::new();
    for line in config.lines() {
        let moved = line
            .strip_prefix("packagefile ")
            .and_then(|rest| rest.split_once('='))
            .filter(|(_, archive)| Path::new(archive).starts_with(work));
        match moved {
            Some((path, archive)) => {
                text.push_str(&format!("packagefile {path}={}\n", kept.keep(archive)?));
            }
            None => text.push_str(&format!("{line}\n")),
        }
    }
    let list = own.join("importcfg.link");
    std::fs::write(&list, text).ok()?;
    let (program, args) = link.command.split_first()?;
    // A shared library has the name that it was linked under in it.
    let output = args.get(args.iter().position(|argument| argument == "-o")? + 1)?;
    if !Path::new(output).is_absolute() {
        return None;
    }
    let mut moved = Vec::new();
    for arg in args {
        let arg = arg.to_str()?;
        let path = Path::new(arg);
        moved.push(match path {
            _ if path == link.config => list.to_str()?.to_owned(),
            _ if path.starts_with(work) && path.is_file() => kept.keep(arg)?,
            // What a link writes for itself.
            _ if path.starts_with(work) => own.join(path.file_name()?).to_str()?.to_owned(),
            _ => arg.to_owned(),
        });
    }
    Some(Command {
        program: program.to_str()?.to_owned(),
        args: moved,
        cwd: outside.cwd.to_str()?.to_owned(),
        env: outside.env.iter().filter_map(set_by_go).collect(),
    })
}

/// The variables that steer the linker and the compiler of C behind it (`MkEnv`, cmd/go/internal/envcmd).
fn set_by_go((name, value): &(OsString, OsString)) -> Option<(String, String)> {
    const OTHERS: [&str; 8] = [
        "AR",
        "CC",
        "CXX",
        "FC",
        "GCCGO",
        "PKG_CONFIG",
        "PWD",
        "TOOLEXEC_IMPORTPATH",
    ];
    let name = name.to_str()?;
    let counts = name.starts_with("GO") || name.starts_with("CGO_") || OTHERS.contains(&name);
    // Ours, and where go keeps its work: that goes away.
    let other = name.starts_with("GOBUILD_OPT_") || name == "GOTMPDIR";
    Some((name.to_owned(), value.to_str()?.to_owned())).filter(|_| counts && !other)
}

/// Files of go's work directory under names that stay.
struct Kept<'a> {
    work: &'a Path,
    own: &'a Path,
    files: BTreeMap<String, String>,
}

impl Kept<'_> {
    fn keep(&mut self, file: &str) -> Option<String> {
        if let Some(known) = self.files.get(file) {
            return Some(known.clone());
        }
        let inner = Path::new(file).strip_prefix(self.work).ok()?;
        let name = inner.to_str()?.replace('/', "-");
        let path = self.own.join(name);
        std::fs::hard_link(file, &path)
            .or_else(|_| std::fs::copy(file, &path).map(drop))
            .ok()?;
        let path = path.to_str()?.to_owned();
        self.files.insert(file.to_owned(), path.clone());
        Some(path)
    }
}

fn write(directory: &Path, linked: &Linked) -> Option<()> {
    let mut draft = tempfile::Builder::new()
        .prefix(DRAFT)
        .tempfile_in(directory)
        .ok()?;
    draft.write_all(&serde_json::to_vec(linked).ok()?).ok()?;
    let name = format!("{}.{RECORD}", std::process::id());
    draft.persist(directory.join(name)).ok().map(drop)
}

fn names(link: &Link<'_>, config: &str) -> Option<Vec<(String, String)>> {
    let wanted = archives(config).filter(|(path, _)| scope::contains(link.wanted, path));
    wanted
        .map(|(path, archive)| Some((path.to_owned(), action(Path::new(archive))?)))
        .collect()
}

/// The action in the head of a package archive: `build id "ACTION/CONTENT"` (`ReadFile`, cmd/internal/buildid).
fn action(archive: &Path) -> Option<String> {
    let mut head = Vec::new();
    let mut file = input::open(archive).ok()?.take(4096);
    file.read_to_end(&mut head).ok()?;
    if !head.starts_with(b"!<arch>\n") {
        return None;
    }
    let line = head
        .split(|byte| *byte == b'\n')
        .find_map(|part| part.strip_prefix(b"build id \""))?;
    let action = std::str::from_utf8(line).ok()?.split('/').next()?;
    is_action(action).then(|| action.to_owned())
}

/// Makes the place of the records of a target. Without it nothing is recorded.
pub(crate) fn expect(target: &TargetPlan) {
    let _ = std::fs::remove_dir_all(&target.links_dir);
    let _ = std::fs::create_dir_all(&target.links_dir);
}

/// Every link of a target so far.
pub(crate) fn linked(target: &TargetPlan) -> Vec<Linked> {
    let entries = std::fs::read_dir(&target.links_dir).into_iter().flatten();
    let paths = entries.flatten().map(|entry| entry.path());
    let records = paths.filter(|path| {
        path.extension()
            .is_some_and(|extension| extension == RECORD)
    });
    let read = |path: &Path| serde_json::from_slice(&input::read(path, input::SOURCE).ok()?).ok();
    let mut all: Vec<Linked> = records.filter_map(|path| read(&path)).collect();
    all.order_by(|a, b| a.package.cmp(&b.package));
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_action_stands_in_the_head_of_an_archive() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a");
        let check = |head: &str| {
            std::fs::write(&path, head).unwrap();
            action(&path)
        };
        let head = "!<arch>\n__.PKGDEF       0           0     0     644     1204      `\ngo object linux amd64 go1.26.8 GOAMD64=v1\nbuild id \"abcdefgh/12345678\"\n";
        assert_eq!(check(head).as_deref(), Some("abcdefgh"));
        assert_eq!(check("build id \"abcdefgh/12345678\"\n"), None);
        assert_eq!(check("!<arch>\nbuild id \"../x/y\"\n"), None);
    }
}

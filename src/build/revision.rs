//! A revision of a git repository in, its files in a directory of their own out.
//!
//! The tree, the index, the branches and the configuration of the repository stay as they are, and nothing is left in it: the
//! files are written from an index that lies in the temporary directory. No hook and no fsmonitor of the repository runs.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::marked::Marked;
use crate::error::{Error, Kind, Result};
use crate::process::{self, Interrupt, Invocation};
use crate::review::Ground;

/// The files of a revision; gone with this value.
#[derive(Debug)]
pub struct Revision {
    /// As it was asked for.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// Where the directory stands that was asked from.
    pub cwd: PathBuf,
    /// The root of the files.
    pub root: PathBuf,
    /// The directory that was asked from.
    pub here: PathBuf,
    /// The root of its repository, as git and as the user names it: git resolves links.
    tops: [PathBuf; 2],
    directory: Marked,
}

impl Revision {
    /// Where a file or a directory of the repository stands among the files of the revision; `None` for one outside the
    /// repository.
    pub fn twin(&self, path: &Path) -> Option<PathBuf> {
        twin(path, &self.tops, &self.root)
    }

    /// A directory for files of ours.
    pub fn scratch(&self) -> &Path {
        self.directory.path()
    }
}

fn twin(path: &Path, tops: &[PathBuf], root: &Path) -> Option<PathBuf> {
    let below = tops.iter().find_map(|it| path.strip_prefix(it).ok())?;
    Some(root.join(below))
}

/// How deep submodules may lie in each other.
const DEEPEST: usize = 8;

/// Writes the files of a revision of the repository around `cwd`.
///
/// Fails with [`Kind::Usage`] where there is no repository or no such revision, and where the directory did not exist then.
pub fn check_out(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<Revision> {
    let (top, prefix, commit) = resolve(name, cwd, interrupt)?;
    let directory = Marked::create(&std::env::temp_dir()).map_err(|error| {
        Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
    })?;
    interrupt.warden.keep_directory(directory.path());
    // The same base name: it is the name of a program without a module path.
    let base = top.file_name().unwrap_or_else(|| "tree".as_ref());
    let root = directory.path().join("tree").join(base);
    let export = Export {
        scratch: directory.path(),
        interrupt,
    };
    export.write(&top, &commit, &root, DEEPEST)?;
    let there = root.join(&prefix);
    if !there.is_dir() {
        let shown = prefix.display();
        let message = format!("the directory `{shown}` does not exist in `{name}`");
        return Err(Error::new(Kind::Usage, message).hint("compare with a later revision"));
    }
    let named = cwd.ancestors().nth(prefix.components().count());
    let tops = [named.unwrap_or(&top).to_path_buf(), top];
    Ok(Revision {
        name: name.to_owned(),
        commit,
        cwd: there,
        root,
        here: cwd.to_path_buf(),
        tops,
        directory,
    })
}

/// The root of the repository, the way from there to `cwd`, and the commit.
fn resolve(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<(PathBuf, PathBuf, String)> {
    let place = |what: &str| {
        git(&["rev-parse", what], cwd, None, interrupt)?.map_err(|why| {
            let shown = cwd.display();
            Error::new(
                Kind::Usage,
                format!("`--diff` needs a git repository around `{shown}`: {why}"),
            )
            .hint("run it in the checkout of the module")
        })
    };
    let (top, prefix) = (place("--show-toplevel")?, place("--show-prefix")?);
    let wanted = format!("{name}^{{commit}}");
    let args = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &wanted,
    ];
    let commit = git(&args, cwd, None, interrupt)?.map_err(|_| {
        Error::new(
            Kind::Usage,
            format!("`{name}` is no revision of this repository"),
        )
        .hint("name a branch, a tag or a commit; a shallow clone lacks older ones: `git fetch --unshallow`")
    })?;
    let path = |bytes: Vec<u8>| PathBuf::from(OsString::from_vec(bytes));
    Ok((
        path(top),
        path(prefix),
        String::from_utf8_lossy(&commit).into_owned(),
    ))
}

struct Export<'a> {
    scratch: &'a Path,
    interrupt: &'a Interrupt,
}

impl Export<'_> {
    /// Writes a commit of a repository below `into`, its submodules too.
    fn write(&self, repository: &Path, commit: &str, into: &Path, depth: usize) -> Result<()> {
        let index = self.scratch.join(format!("index-{depth}"));
        let _ = std::fs::remove_file(&index);
        std::fs::create_dir_all(into)?;
        let run = |args: &[&str]| {
            let done = git(args, repository, Some(&index), self.interrupt)?;
            done.map_err(|why| {
                Error::new(Kind::Machine, format!("cannot read `{commit}`: {why}"))
                    .hint("the files of the working directory are as they were")
            })
        };
        run(&["read-tree", commit])?;
        let mut prefix = OsString::from("--prefix=");
        prefix.push(into);
        prefix.push("/");
        let prefix = prefix.to_string_lossy().into_owned();
        run(&["checkout-index", "--all", "--force", "--quiet", &prefix])?;
        let listed = run(&["ls-files", "--stage", "-z"])?;
        for (path, commit) in submodules(&listed) {
            let own = repository.join(&path);
            // One that is not checked out is missing in the working directory, too.
            if own.join(".git").exists() && depth > 0 {
                self.write(&own, &commit, &into.join(&path), depth - 1)?;
            }
        }
        Ok(())
    }
}

/// Paths and commits of the submodules in the text of `git ls-files --stage -z`.
fn submodules(listed: &[u8]) -> Vec<(PathBuf, String)> {
    let entry = |line: &[u8]| {
        let rest = line.strip_prefix(b"160000 ")?;
        let tab = memchr::memchr(b'\t', rest)?;
        let commit = rest[..tab].split(|it| *it == b' ').next()?;
        let path = OsString::from_vec(rest[tab + 1..].to_vec());
        Some((path.into(), String::from_utf8_lossy(commit).into_owned()))
    };
    listed.split(|it| *it == 0).filter_map(entry).collect()
}

/// The outer error is not git's: a signal, or the end of the time that was allowed.
fn git(
    args: &[&str],
    cwd: &Path,
    index: Option<&Path>,
    interrupt: &Interrupt,
) -> Result<Result<Vec<u8>, String>> {
    let safe = [
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        "core.sparseCheckout=false",
        "-c",
        "core.splitIndex=false",
        "--no-optional-locks",
    ];
    let mut invocation = Invocation::new(
        "git",
        safe.iter().chain(args),
        cwd,
        &Arc::new(Ground::everything()),
    );
    if let Some(index) = index {
        invocation.env.push(("GIT_INDEX_FILE".into(), index.into()));
    }
    let mut words = Vec::new();
    let done = process::capture(&invocation, interrupt, |line| {
        words.extend_from_slice(line);
        words.push(b'\n');
    });
    interrupt.check()?;
    Ok(match done {
        Err(error) => Err(format!("git: {error}")),
        Ok((outcome, _)) if !outcome.status.success() => {
            let text = String::from_utf8_lossy(&words);
            Err(text.lines().next().unwrap_or("git failed").to_owned())
        }
        Ok((_, mut output)) => {
            if output.ends_with(b"\n") {
                output.pop();
            }
            Ok(output)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_repository_has_one_in_the_revision() {
        // `/w` is a link to `/real/w`.
        let tops = ["/w", "/real/w"].map(PathBuf::from);
        let check = |path: &str| twin(Path::new(path), &tops, Path::new("/t/tree"));
        let there = |path: &str| Some(PathBuf::from(path));
        assert_eq!(check("/w/cmd/api"), there("/t/tree/cmd/api"));
        assert_eq!(check("/real/w/alt.mod"), there("/t/tree/alt.mod"));
        assert_eq!(check("/w"), there("/t/tree/"));
        assert_eq!(check("/other"), None);
    }

    #[test]
    fn submodules_are_told_from_files() {
        let listed = b"100644 aaaa 0\tgo.mod\x00160000 bbbb 0\tthird/a b\x00";
        assert_eq!(
            submodules(listed),
            [(PathBuf::from("third/a b"), "bbbb".to_owned())]
        );
        assert_eq!(submodules(b""), []);
    }
}

//! Files of an earlier revision, read raw from git's objects: no filter, no hook, no remote, nothing checked out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::git::{Git, bytes_to_path};
use crate::error::{Error, Kind, Result};
use crate::process::Interrupt;

/// A revision of the repository around a directory.
#[derive(Debug, Clone)]
pub(crate) struct Past {
    /// As it was asked for.
    pub(crate) name: String,
    /// The commit.
    pub(crate) commit: String,
    /// The root of the repository, as the user and as git names it: git resolves links.
    pub(crate) tops: [PathBuf; 2],
    /// The way from there to the directory.
    pub(crate) prefix: PathBuf,
}

/// Why there is no commit of that name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// There is no repository that git can read; git's words.
    Repository(String),
    /// There is no such revision in it.
    Revision,
}

impl Past {
    /// The commit that a name stands for. The inner error says why there is none.
    pub(crate) fn find(
        name: &str,
        cwd: &Path,
        interrupt: &Interrupt,
    ) -> Result<Result<Self, Missing>> {
        let place = |what: &str| git(&["rev-parse", what], cwd, interrupt);
        let (top, prefix) = match (place("--show-toplevel")?, place("--show-prefix")?) {
            (Ok(top), Ok(prefix)) => (bytes_to_path(top), bytes_to_path(prefix)),
            (Err(why), _) | (_, Err(why)) => return Ok(Err(Missing::Repository(why))),
        };
        let wanted = format!("{name}^{{commit}}");
        let options = ["--verify", "--quiet", "--end-of-options"];
        let args = [&["rev-parse"], &options[..], &[&wanted]].concat();
        let Ok(commit) = git(&args, cwd, interrupt)? else {
            return Ok(Err(Missing::Revision));
        };
        let named = cwd.ancestors().nth(prefix.components().count());
        Ok(Ok(Self {
            name: name.to_owned(),
            commit: String::from_utf8_lossy(&commit).into_owned(),
            tops: [named.unwrap_or(&top).to_path_buf(), top],
            prefix,
        }))
    }

    /// The root of the repository, as git names it.
    pub(crate) fn top(&self) -> &Path {
        &self.tops[1]
    }

    /// Where HEAD left the branch of this revision.
    pub(crate) fn fork_point(mut self, interrupt: &Interrupt) -> Result<Result<Self, String>> {
        let args = ["merge-base", "HEAD", &self.commit];
        let base = git(&args, self.top(), interrupt)?;
        Ok(match base {
            Ok(commit) if !commit.is_empty() => {
                self.commit = String::from_utf8_lossy(&commit).into_owned();
                Ok(self)
            }
            _ => Err(format!("the history back to `{}` is not there", self.name)),
        })
    }

    /// `origin/main (1a2b3c4d5e6f)`
    pub(crate) fn shown(&self) -> String {
        let short = &self.commit[..self.commit.len().min(12)];
        match self.commit.starts_with(&self.name) {
            true => short.to_owned(),
            false => format!("{} ({short})", self.name),
        }
    }

    /// The bytes of a file; `None` where the revision has none of that name. Fails with [`Kind::Usage`] for what is no regular
    /// file, or larger than `limit`.
    pub(crate) fn read(
        &self,
        path: &Path,
        limit: u64,
        interrupt: &Interrupt,
    ) -> Result<Option<Vec<u8>>> {
        let mut tops = self.tops.iter();
        let Some(below) = tops.find_map(|top| path.strip_prefix(top).ok()) else {
            return Ok(None);
        };
        let failed = |why: String| {
            let (shown, name) = (below.display(), &self.name);
            Error::new(
                Kind::Usage,
                format!("cannot read `{shown}` of `{name}`: {why}"),
            )
        };
        let git = Git::new(self.top(), interrupt);
        let Some(entry) = self.entry(below, &git)?.map_err(failed)? else {
            return Ok(None);
        };
        let words: Vec<&str> = entry.split_whitespace().collect();
        match words.as_slice() {
            ["100644" | "100755", "blob", oid, size] => {
                if size.parse::<u64>().is_ok_and(|value| value > limit) {
                    return Err(failed(format!("it is larger than {} MiB", limit >> 20)));
                }
                let words = ["cat-file", "blob", oid];
                let bytes = git.bytes(&[&RAW[..], &words].concat())?;
                bytes.map(Some).map_err(failed)
            }
            _ => Err(failed("it is no regular file there".into())),
        }
    }

    /// What git lists of a file, as `100644 blob OID    SIZE`; `None` where there is none. The inner error says why it cannot.
    fn entry(&self, below: &Path, git: &Git<'_>) -> Result<Result<Option<String>, String>> {
        let words = ["ls-tree", "--full-tree", "-l", "-z", &self.commit, "--"];
        let words = RAW.iter().chain(&words).map(OsStr::new);
        let args: Vec<&OsStr> = words.chain([below.as_os_str()]).collect();
        let listed = match git.bytes(&args)? {
            Ok(listed) => listed,
            Err(why) => return Ok(Err(why)),
        };
        // Behind a tab stands the path.
        let entry = listed.split(|byte| *byte == 0).find_map(|line| {
            let tab = memchr::memchr(b'\t', line)?;
            let is_it = line[tab + 1..] == *below.as_os_str().as_bytes();
            is_it.then(|| String::from_utf8_lossy(&line[..tab]).into_owned())
        });
        Ok(Ok(entry))
    }
}

impl Missing {
    /// What to do about it.
    pub(crate) fn hint(&self) -> &'static str {
        match self {
            Self::Repository(_) => "run it in the checkout of the module, with git in PATH",
            Self::Revision => {
                "name a branch, a tag or a commit; a shallow clone lacks older ones: `git fetch --unshallow`"
            }
        }
    }

    /// As a sentence about the name that was asked for.
    pub(crate) fn sentence(&self, name: &str) -> String {
        match self {
            Self::Repository(why) => why.clone(),
            Self::Revision => format!("`{name}` is no revision of this repository"),
        }
    }
}

/// Objects as they are, and paths as they are written.
const RAW: [&str; 2] = ["--no-replace-objects", "--literal-pathspecs"];

fn git(args: &[&str], cwd: &Path, interrupt: &Interrupt) -> Result<Result<Vec<u8>, String>> {
    Git::new(cwd, interrupt).ask(&[&RAW[..], args].concat())
}

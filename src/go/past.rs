//! Files of an earlier revision, read raw from git's objects: no filter, no hook, no remote, nothing checked out.

use std::ffi::OsString;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::process::{self, Interrupt, Invocation};
use crate::review::Ground;

/// A revision of the repository around a directory.
#[derive(Debug, Clone)]
pub struct Past {
    /// As it was asked for.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// The root of the repository, as the user and as git names it: git resolves links.
    tops: [PathBuf; 2],
}

impl Past {
    /// The commit that a name stands for. The inner error says why there is none.
    pub fn find(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<Result<Self, String>> {
        let place = |what: &str| git(&["rev-parse", what], cwd, interrupt);
        let (top, prefix) = match (place("--show-toplevel")?, place("--show-prefix")?) {
            (Ok(top), Ok(prefix)) => (path(top), path(prefix)),
            (Err(why), _) | (_, Err(why)) => return Ok(Err(why)),
        };
        let wanted = format!("{name}^{{commit}}");
        let args = [
            "rev-parse",
            "--verify",
            "--quiet",
            "--end-of-options",
            &wanted,
        ];
        let Ok(commit) = git(&args, cwd, interrupt)? else {
            return Ok(Err(format!("`{name}` is no revision of this repository")));
        };
        let named = cwd.ancestors().nth(prefix.components().count());
        Ok(Ok(Self {
            name: name.to_owned(),
            commit: String::from_utf8_lossy(&commit).into_owned(),
            tops: [named.unwrap_or(&top).to_path_buf(), top],
        }))
    }

    /// Where HEAD left the branch of this revision.
    pub fn fork_point(mut self, interrupt: &Interrupt) -> Result<Result<Self, String>> {
        let args = ["merge-base", "HEAD", &self.commit];
        let base = git(&args, &self.tops[1], interrupt)?;
        Ok(match base {
            Ok(commit) if !commit.is_empty() => {
                self.commit = String::from_utf8_lossy(&commit).into_owned();
                Ok(self)
            }
            _ => Err(format!("the history back to `{}` is not there", self.name)),
        })
    }

    /// `origin/main (1a2b3c4d5e6f)`
    pub fn shown(&self) -> String {
        let short = &self.commit[..self.commit.len().min(12)];
        match self.commit.starts_with(&self.name) {
            true => short.to_owned(),
            false => format!("{} ({short})", self.name),
        }
    }

    /// The bytes of a file; `None` where the revision has none of that name. Fails with [`Kind::Usage`] for what is no regular
    /// file, or larger than `limit`.
    pub fn read(&self, path: &Path, limit: u64, interrupt: &Interrupt) -> Result<Option<Vec<u8>>> {
        let mut below = self.tops.iter().filter_map(|it| path.strip_prefix(it).ok());
        let Some(below) = below.next() else {
            return Ok(None);
        };
        let failed = |why: String| {
            let shown = below.display();
            Error::new(
                Kind::Usage,
                format!("cannot read `{shown}` of `{}`: {why}", self.name),
            )
        };
        let mut args: Vec<OsString> = ["ls-tree", "--full-tree", "-l", "-z", &self.commit, "--"]
            .map(Into::into)
            .to_vec();
        args.push(below.into());
        let listed = run(&args, &self.tops[1], interrupt)?.map_err(failed)?;
        // `100644 blob OID    SIZE\tPATH`
        let entry = listed.split(|it| *it == 0).find_map(|line| {
            let tab = memchr::memchr(b'\t', line)?;
            (line[tab + 1..] == *below.as_os_str().as_bytes()).then(|| line[..tab].to_vec())
        });
        let Some(entry) = entry else {
            return Ok(None);
        };
        let entry = String::from_utf8_lossy(&entry).into_owned();
        let words: Vec<&str> = entry.split_whitespace().collect();
        match words.as_slice() {
            ["100644" | "100755", "blob", oid, size] => {
                if size.parse::<u64>().is_ok_and(|it| it > limit) {
                    return Err(failed(format!("it is larger than {} MiB", limit >> 20)));
                }
                let bytes = git(&["cat-file", "blob", oid], &self.tops[1], interrupt)?;
                bytes.map(Some).map_err(failed)
            }
            _ => Err(failed("it is no regular file there".into())),
        }
    }
}

fn path(bytes: Vec<u8>) -> PathBuf {
    PathBuf::from(OsString::from_vec(bytes))
}

fn git(args: &[&str], cwd: &Path, interrupt: &Interrupt) -> Result<Result<Vec<u8>, String>> {
    let args: Vec<OsString> = args.iter().map(Into::into).collect();
    let mut done = run(&args, cwd, interrupt)?;
    let is_text = !args.iter().any(|it| it == "cat-file");
    if let Ok(output) = &mut done
        && is_text
        && output.ends_with(b"\n")
    {
        output.pop();
    }
    Ok(done)
}

/// The outer error is not git's: a signal, or the end of the time that was allowed.
fn run(args: &[OsString], cwd: &Path, interrupt: &Interrupt) -> Result<Result<Vec<u8>, String>> {
    let safe = [
        "--no-optional-locks",
        "--no-replace-objects",
        "--literal-pathspecs",
        "-c",
        "core.fsmonitor=false",
        "-c",
        "core.hooksPath=/dev/null",
        "-c",
        // What is not there is not fetched.
        "protocol.allow=never",
    ];
    let all = safe.iter().map(OsString::from).chain(args.iter().cloned());
    let mut invocation = Invocation::new("git", all, cwd, &Arc::new(Ground::everything()));
    invocation
        .env
        .push(("GIT_NO_LAZY_FETCH".into(), "1".into()));
    let mut words = super::Words::default();
    let done = process::capture(&invocation, interrupt, |line| words.keep(line));
    interrupt.check()?;
    Ok(match done {
        Err(error) => Err(format!("git: {error}")),
        Ok((outcome, _)) if !outcome.status.success() => {
            let text = words.text();
            Err(text.lines().next().unwrap_or("git failed").to_owned())
        }
        Ok((_, output)) => Ok(output),
    })
}

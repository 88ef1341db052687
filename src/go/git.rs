//! git, asked so that nothing runs which the repository sets up, and nothing is fetched: the one place where it is
//! called.
//!
//! The settings of the user and of the system are theirs, and stay: `safe.directory`, the filter of git-lfs. Those of
//! the repository and of files that it includes may be somebody else's. Git has no switch that leaves them out, so that
//! each that starts a program is set to nothing here.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::{Error, Kind, Result};
use crate::process::{self, Interrupt, Invocation, Stream};
use crate::review::Ground;

/// Over the settings of the repository, by `-c`.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "diff.external=",
    FETCHES_FAIL,
    "gpg.program=false",
    "log.mailmap=false",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// A partial clone fetches what it lacks by itself. `git fetch` refuses this value before it looks at a remote: git from
/// 2.29 on starts that command, and `GIT_NO_LAZY_FETCH` is known to 2.45 and newer only, and to their security releases.
const FETCHES_FAIL: &str = "fetch.parallel=-1";

/// Missing objects are not fetched, from nowhere: the second holds for every git. It lists the protocols that are allowed, and
/// its word must not become one: a remote `none::x` with an alias `remote-none` would run. No alias has this character.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "!"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

/// What git says where it would have fetched.
const LAZY: [&str; 2] = ["lazy fetching disabled", "fetch.parallel"];

/// How git is called for one directory.
#[derive(Debug, Clone)]
pub(crate) struct Git<'a> {
    cwd: &'a Path,
    interrupt: &'a Interrupt,
    /// More settings, for [`Git::looking_at_files`].
    settings: Vec<String>,
    /// What git reads on standard input.
    stdin: Option<&'a Path>,
}

/// How deep submodules may lie in each other.
pub(crate) const DEEPEST: usize = 8;

impl<'a> Git<'a> {
    /// Git in a directory.
    pub(crate) fn new(cwd: &'a Path, interrupt: &'a Interrupt) -> Self {
        Self {
            cwd,
            interrupt,
            settings: Vec::new(),
            stdin: None,
        }
    }

    /// Gives git the lines of a file on standard input.
    #[must_use]
    pub(crate) fn reading(mut self, file: &'a Path) -> Self {
        self.stdin = Some(file);
        self
    }

    /// For commands that compare files with the index, which puts those that changed through filters (`.gitattributes`):
    /// filters that the repository, or a repository in it, defines are none.
    ///
    /// Fails with [`Kind::Usage`] for a filter that cannot be switched off.
    pub(crate) fn looking_at_files(mut self) -> Result<Self> {
        let (mut settings, mut seen) = (Vec::new(), BTreeSet::new());
        let mut waiting = vec![self.cwd.to_path_buf()];
        while let Some(directory) = waiting.pop() {
            let directory = directory.canonicalize().unwrap_or(directory);
            if seen.contains(&directory) {
                continue;
            }
            let here = Git::new(&directory, self.interrupt);
            here.own_filters(&mut settings)?;
            waiting.extend(here.repositories_in_it()?);
            seen.insert(directory);
        }
        self.settings = settings;
        Ok(self)
    }

    /// Sets each filter that the repository defines to what the user or the system has for it, or to nothing.
    fn own_filters(&self, found: &mut Vec<String>) -> Result<()> {
        let list = ["--null", "--get-regexp", r"^filter\."];
        let (mut own, mut users) = (Vec::new(), Vec::new());
        if let Ok(listed) = self.ask(&[&["config", "--show-scope"], &list[..]].concat())? {
            let mut parts = texts(&listed);
            while let (Some(scope), Some(entry)) = (parts.next(), parts.next()) {
                match matches!(&*scope, "global" | "system" | "command") {
                    true => users.push(key_and_value(&entry)),
                    false => own.push(key_and_value(&entry).0),
                }
            }
        } else {
            // There is none, or git is older than 2.26 and does not say whose they are.
            let listed = self.ask(&[&["config"], &list[..]].concat())?;
            let listed = listed.unwrap_or_default();
            own.extend(texts(&listed).map(|entry| key_and_value(&entry).0));
        }
        for key in own.into_iter().filter(|key| !key.is_empty()) {
            found.push(overridden(&key, &users)?);
        }
        Ok(())
    }

    /// Where other repositories lie that the index names, whether `.gitmodules` does or not.
    fn repositories_in_it(&self) -> Result<Vec<PathBuf>> {
        // Without a working directory no file is compared.
        let Ok(top) = self.ask(&["rev-parse", "--show-toplevel"])? else {
            return Ok(Vec::new());
        };
        let top = bytes_to_path(top);
        let args = ["ls-files", "--stage", "-z", "--full-name", "--", ":/"];
        let listed = self.bytes(&[&["--no-literal-pathspecs"], &args[..]].concat())?;
        let listed = listed.map_err(|why| {
            let message = format!("git cannot list the files of `{}`: {why}", top.display());
            Error::new(Kind::Usage, message)
        })?;
        let path = |line: &[u8]| {
            let tab = memchr::memchr(b'\t', line).filter(|_| line.starts_with(b"160000 "))?;
            Some(top.join(bytes_to_path(line[tab + 1..].to_vec())))
        };
        let paths = listed.split(|byte| *byte == 0).filter_map(path);
        Ok(paths.filter(|path| path.join(".git").exists()).collect())
    }

    fn invocation<S: AsRef<OsStr>>(&self, args: &[S]) -> Invocation {
        let settings = SETTINGS.iter().map(|setting| (*setting).to_owned());
        let settings = settings.chain(self.settings.iter().cloned());
        let mut words: Vec<OsString> = settings
            .flat_map(|setting| ["-c".to_owned(), setting])
            .map(OsString::from)
            .collect();
        words.extend(["--no-optional-locks", "--no-pager"].map(OsString::from));
        words.extend(args.iter().map(|argument| argument.as_ref().to_owned()));
        // No part of it comes from a configuration of ours.
        let mut call = Invocation::new("git", words, self.cwd, &Arc::new(Ground::everything()));
        call.env = VARIABLES
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.into()))
            .collect();
        call.stdin = self.stdin.map(Path::to_path_buf);
        call
    }

    /// Runs a command; its output without the line break at the end, or the first line of what git complains about.
    ///
    /// The outer error is not git's: a signal, or the end of the time that was allowed.
    pub(crate) fn ask<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Result<Vec<u8>, String>> {
        let done = self.bytes(args)?;
        Ok(done.map(|mut output| {
            if output.ends_with(b"\n") {
                output.pop();
            }
            output
        }))
    }

    /// As [`ask`](Self::ask), with every byte of the output: a line break at its end stays.
    pub(crate) fn bytes<S: AsRef<OsStr>>(&self, args: &[S]) -> Result<Result<Vec<u8>, String>> {
        let mut output = Vec::new();
        let done = self.stream(args, |bytes| output.extend_from_slice(bytes))?;
        Ok(done.map(|()| output))
    }

    /// As [`bytes`](Self::bytes), with the output handed on as it comes.
    pub(crate) fn stream<S: AsRef<OsStr>>(
        &self,
        args: &[S],
        mut sink: impl FnMut(&[u8]),
    ) -> Result<Result<(), String>> {
        let mut words = super::Words::default();
        let mut lines = process::lines::Splitter::default();
        let done = process::run(
            &self.invocation(args),
            self.interrupt,
            |stream, bytes| match stream {
                Stream::Stdout => sink(bytes),
                Stream::Stderr => lines.push(bytes, |line| words.keep(line)),
            },
        );
        lines.finish(|line| words.keep(line));
        self.interrupt.check()?;
        Ok(match done {
            Err(error) => Err(format!("git: {error}")),
            Ok(outcome) if !outcome.status.success() => {
                let text = words.text();
                Err(match LAZY.iter().any(|it| text.contains(it)) {
                    true => "an object is missing, as in a partial clone, and is not fetched here"
                        .into(),
                    false => text.lines().next().unwrap_or("git failed").to_owned(),
                })
            }
            Ok(_) => Ok(()),
        })
    }
}

/// What zero bytes end.
fn texts(listed: &[u8]) -> impl Iterator<Item = Cow<'_, str>> {
    listed.split(|byte| *byte == 0).map(String::from_utf8_lossy)
}

/// An entry of `git config --null`.
fn key_and_value(entry: &str) -> (String, String) {
    let (key, value) = entry.split_once('\n').unwrap_or((entry, ""));
    (key.to_owned(), value.to_owned())
}

/// `KEY=VALUE` with the value of the user. Fails with [`Kind::Usage`] for a name that git would cut at its `=`, and for one
/// that is no UTF-8.
fn overridden(key: &str, users: &[(String, String)]) -> Result<String> {
    if key.contains(['=', char::REPLACEMENT_CHARACTER]) {
        let message = format!("the repository defines `{key}`, which cannot be switched off");
        return Err(Error::new(Kind::Usage, message).hint(
            "name that filter without `=` and in UTF-8, or take the value of the template from a variable: {env.NAME}",
        ));
    }
    let users = users.iter().rev().find(|(it, _)| it == key);
    let nothing = match key.ends_with(".required") {
        true => "false",
        false => "",
    };
    Ok(format!("{key}={}", users.map_or(nothing, |user| &user.1)))
}

/// A path as git prints it.
pub(crate) fn bytes_to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes).into()
}

//! git, asked so that nothing runs which the repository sets up, and nothing is fetched: the one place where it is
//! called.
//!
//! The settings of the user and of the system are theirs, and stay: `safe.directory`, the filter of git-lfs. Those of
//! the repository and of files that it includes may be somebody else's. Git has no switch that leaves them out, so that
//! each that starts a program is set to nothing here.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::error::Result;
use crate::process::{self, Interrupt, Invocation, Stream};
use crate::review::{Ground, path};

/// Over the settings of the repository, by `-c`.
const SETTINGS: &[&str] = &[
    "core.fsmonitor=false",
    "core.hooksPath=/dev/null",
    "core.pager=cat",
    "core.sshCommand=false",
    "core.gitProxy=false",
    "diff.external=",
    "gpg.program=false",
    "log.mailmap=false",
    "log.showSignature=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "submodule.recurse=false",
];

/// Missing objects are not fetched, from nowhere: the first is known to git 2.44 and newer, the second to all.
const VARIABLES: &[(&str, &str)] = &[
    ("GIT_NO_LAZY_FETCH", "1"),
    ("GIT_ALLOW_PROTOCOL", "none"),
    ("GIT_TERMINAL_PROMPT", "0"),
];

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
    /// filters that the repository, or a submodule, defines are none.
    pub(crate) fn looking_at_files(mut self) -> Result<Self> {
        let mut settings = Vec::new();
        self.filters(self.cwd, &mut settings, DEEPEST)?;
        self.settings = settings;
        Ok(self)
    }

    fn filters(&self, directory: &Path, found: &mut Vec<String>, depth: usize) -> Result<()> {
        let here = Git::new(directory, self.interrupt);
        here.own_filters(found)?;
        let top = here.ask(&["rev-parse", "--show-toplevel"])?;
        let Some(top) = top.ok().map(bytes_to_path).filter(|_| depth > 0) else {
            return Ok(());
        };
        for below in here.submodules(&top)? {
            let submodule = top.join(&below);
            if path::is_below(&below) && submodule.join(".git").exists() {
                self.filters(&submodule, found, depth - 1)?;
            }
        }
        Ok(())
    }

    /// Sets each filter that the repository defines to what the user or the system has for it, or to nothing.
    fn own_filters(&self, found: &mut Vec<String>) -> Result<()> {
        let args = [
            "config",
            "--show-scope",
            "--null",
            "--get-regexp",
            r"^filter\.",
        ];
        // Exit status 1: there is none.
        let listed = self.ask(&args)?.unwrap_or_default();
        let mut parts = listed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let (mut own, mut users) = (Vec::new(), Vec::new());
        while let (Some(scope), Some(entry)) = (parts.next(), parts.next()) {
            let (key, value) = entry.split_once('\n').unwrap_or((&entry, ""));
            match matches!(&*scope, "global" | "system" | "command") {
                true => users.push((key.to_owned(), value.to_owned())),
                false => own.push(key.to_owned()),
            }
        }
        for key in own {
            let users = users.iter().rev().find(|(it, _)| *it == key);
            let nothing = match key.ends_with(".required") {
                true => "false",
                false => "",
            };
            found.push(format!("{key}={}", users.map_or(nothing, |user| &user.1)));
        }
        Ok(())
    }

    /// Where the submodules of a working directory are to lie below it.
    fn submodules(&self, top: &Path) -> Result<Vec<String>> {
        let modules = top.join(".gitmodules");
        if !modules.is_file() {
            return Ok(Vec::new());
        }
        let file = format!("--file={}", modules.display());
        let pattern = r"^submodule\..*\.path$";
        let listed = self.ask(&["config", &file, "--null", "--get-regexp", pattern])?;
        let listed = listed.unwrap_or_default();
        let entries = listed.split(|byte| *byte == 0).map(String::from_utf8_lossy);
        let path = |entry: std::borrow::Cow<'_, str>| Some(entry.split_once('\n')?.1.to_owned());
        let paths = entries.filter_map(path);
        Ok(paths.filter(|path| !path.is_empty()).collect())
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
                Err(text.lines().next().unwrap_or("git failed").to_owned())
            }
            Ok(_) => Ok(()),
        })
    }
}

/// A path as git prints it.
pub(crate) fn bytes_to_path(bytes: Vec<u8>) -> PathBuf {
    use std::os::unix::ffi::OsStringExt;
    OsString::from_vec(bytes).into()
}

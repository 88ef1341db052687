//! The program as a user runs it: in a temporary module, with an environment in which only what a
//! test sets is set. What comes back is what a user notices: exit code, stdout, stderr, files.

pub mod processes;

pub mod programs;

pub mod toolchains;

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use tempfile::TempDir;

/// The program under test.
pub const PROGRAM: &str = env!("CARGO_BIN_EXE_gobuild-opt");

/// A `main` that needs nothing but `os`.
pub const MAIN: &str = "\
package main

import \"os\"

func main() { os.Stdout.WriteString(\"hi\\n\") }
";

/// Variables that say where things are on this machine; every other one is dropped.
const KEPT: &[&str] = &[
    "PATH",
    "HOME",
    "TMPDIR",
    "GOCACHE",
    "GOMODCACHE",
    "GOPATH",
    "GOPROXY",
    "GOSUMDB",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "HTTP_PROXY",
    "HTTPS_PROXY",
    "NO_PROXY",
    "http_proxy",
    "https_proxy",
    "no_proxy",
];

/// A temporary directory and the environment of what runs in it.
pub struct Place {
    dir: TempDir,
    /// Scripts and logs of the stand-in for go: not beside what a test looks at.
    aside: TempDir,
    env: BTreeMap<OsString, OsString>,
}

impl Place {
    /// An empty directory.
    pub fn empty() -> Self {
        let mut place = Self {
            dir: tempfile::tempdir().unwrap(),
            aside: tempfile::tempdir().unwrap(),
            env: BTreeMap::new(),
        };
        for name in KEPT {
            if let Some(value) = std::env::var_os(name) {
                place.env(name, value);
            }
        }
        // Nothing is left in the directory of who runs the tests.
        place.env("XDG_STATE_HOME", place.aside("state"));
        // Settings of `go env -w` are dropped too. A checkout of somebody else is still a checkout.
        for (name, value) in [
            ("GOENV", "off"),
            ("GOTOOLCHAIN", "local"),
            ("GIT_CONFIG_COUNT", "1"),
            ("GIT_CONFIG_KEY_0", "safe.directory"),
            ("GIT_CONFIG_VALUE_0", "*"),
        ] {
            place.env(name, value);
        }
        place
    }

    /// A module `example.com/tiny` with [`MAIN`].
    pub fn module() -> Self {
        let place = Self::empty();
        place.write("go.mod", "module example.com/tiny\n\ngo 1.21\n");
        place.write("main.go", MAIN);
        place
    }

    /// A module whose `go` is the stand-in, steered by `script` (see `tests/fake/go.rs`).
    pub fn fake(script: &str) -> Self {
        let mut place = Self::module();
        place.fake_go(script);
        place
    }

    /// Puts the stand-in first in PATH.
    pub fn fake_go(&mut self, script: &str) {
        let aside = self.aside.path().to_path_buf();
        let go = aside.join("go");
        if !go.exists() {
            std::os::unix::fs::symlink(fake_go(), &go).unwrap();
        }
        std::fs::write(aside.join("script"), script).unwrap();
        self.env("FAKE_GO", &aside);
        let old = self.env.get(OsStr::new("PATH")).cloned();
        self.env("PATH", join_path(&aside, old.as_deref()));
    }

    /// Puts a directory first in PATH.
    pub fn path_first(&mut self, directory: &Path) {
        let old = self.env.get(OsStr::new("PATH")).cloned();
        self.env("PATH", join_path(directory, old.as_deref()));
    }

    /// A file that the stand-in's script names.
    pub fn aside(&self, name: &str) -> PathBuf {
        self.aside.path().join(name)
    }

    /// The command lines that the stand-in got, one per line.
    pub fn fake_log(&self) -> String {
        std::fs::read_to_string(self.aside("log")).unwrap_or_default()
    }

    /// Sets a variable.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) {
        self.env
            .insert(name.as_ref().to_owned(), value.as_ref().to_owned());
    }

    /// The directory.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// A path in the directory.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir().join(name)
    }

    /// Writes a file, its directories too.
    pub fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    /// Flips a bit of one byte of a file, in place and with the times that it had: only its bytes show it.
    pub fn flip(&self, name: &str, at: usize) {
        use std::os::unix::fs::FileExt;
        let file = std::fs::OpenOptions::new()
            .write(true)
            .open(self.path(name))
            .unwrap();
        let before = file.metadata().unwrap();
        let byte = self.read(name)[at] ^ 1;
        file.write_all_at(&[byte], at as u64).unwrap();
        let times = std::fs::FileTimes::new()
            .set_accessed(before.accessed().unwrap())
            .set_modified(before.modified().unwrap());
        file.set_times(times).unwrap();
        let after = file.metadata().unwrap();
        assert_eq!(after.modified().unwrap(), before.modified().unwrap());
        assert_eq!(after.len(), before.len());
    }

    /// Reads a file.
    pub fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap()
    }

    /// Reads a text file.
    pub fn text(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap()
    }

    /// Every file and empty directory below, sorted, one per line.
    pub fn files(&self) -> String {
        let mut found = Vec::new();
        walk(self.dir(), &mut found);
        found.sort();
        let relative = |it: &PathBuf| it.strip_prefix(self.dir()).unwrap().display().to_string();
        found.iter().map(relative).collect::<Vec<_>>().join("\n")
    }

    /// Any command in the directory and the environment.
    pub fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .envs(&self.env)
            .current_dir(self.dir())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program with a line of arguments, split as a shell does.
    pub fn run(&self, line: &str) -> Run {
        self.run_in("", line)
    }

    /// The same in a directory below. Most tests look at what only the whole report of a release has; see [`Self::run_short`].
    pub fn run_in(&self, directory: &str, line: &str) -> Run {
        let mut words = shell_words::split(line).unwrap();
        if words.first().is_some_and(|it| it == "release") {
            words.insert(1, "--full".into());
        }
        self.run_words(directory, &words)
    }

    /// Runs the program with a line of arguments as a user types it: a release prints its short report.
    pub fn run_short(&self, line: &str) -> Run {
        self.run_words("", &shell_words::split(line).unwrap())
    }

    fn run_words(&self, directory: &str, words: &[String]) -> Run {
        let mut command = self.command(PROGRAM);
        command.args(words);
        command.current_dir(self.path(directory));
        self.finish(command.output().unwrap())
    }

    /// Runs the program in a terminal, as far as it can tell, and expects it to succeed; returns what the terminal got.
    pub fn in_terminal(&self, args: &[&str]) -> String {
        const SCRIPT: &str = "import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)";
        let mut command: Command = self.command("python3");
        command.args(["-c", SCRIPT, PROGRAM]).args(args);
        command.env("TERM", "xterm-256color");
        let done = command.output().unwrap();
        assert!(done.status.success(), "{done:?}");
        String::from_utf8(done.stdout).unwrap()
    }

    /// A copy of an example, as a fresh checkout of a repository of its own.
    pub fn example(name: &str) -> Self {
        let mut place = Self::empty();
        let example = format!("{}/examples/{name}/.", env!("CARGO_MANIFEST_DIR"));
        place.tool("cp", &["-R", &example, "."]);
        let _ = std::fs::remove_dir_all(place.path("dist"));
        place.env("GIT_AUTHOR_DATE", "2026-01-02T03:04:05Z");
        place.env("GIT_COMMITTER_DATE", "2026-01-02T03:04:05Z");
        let git = |words: &[&str]| {
            let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
            place.tool("git", &[&identity[..], words].concat());
        };
        git(&["init", "-q", "-b", "main"]);
        git(&["add", "."]);
        git(&["commit", "-q", "-m", "first"]);
        place
    }

    /// Runs `release` and expects it to succeed; returns its JSON report.
    pub fn release(&self, line: &str) -> serde_json::Value {
        let run = self.run(&format!("release --format json {line}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        run.json()
    }

    /// Runs another tool and expects it to succeed; returns its standard output.
    pub fn tool(&self, program: impl AsRef<OsStr>, args: &[&str]) -> String {
        let done = self.command(program).args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert!(done.status.success(), "{args:?}: {stderr}");
        String::from_utf8(done.stdout).unwrap()
    }

    fn finish(&self, output: Output) -> Run {
        Run {
            status: output.status,
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            dir: self.dir().display().to_string(),
            aside: self.aside.path().display().to_string(),
        }
    }
}

/// How a run ended.
pub struct Run {
    pub status: ExitStatus,
    pub stdout: String,
    pub stderr: String,
    dir: String,
    aside: String,
}

impl Run {
    /// The exit code; a death by signal fails the test.
    pub fn code(&self) -> i32 {
        assert_eq!(self.status.signal(), None, "{}", self.shown());
        self.status.code().unwrap()
    }

    /// Standard output as JSON.
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|it| panic!("{it}\n{}", self.shown()))
    }

    /// Exit code, stdout and stderr, with what differs from run to run redacted.
    pub fn shown(&self) -> String {
        let redact = |text: &str| redact(text, &[(&self.dir, "[dir]"), (&self.aside, "[aside]")]);
        let code = match self.status.code() {
            Some(code) => format!("exit code {code}"),
            None => format!("killed by signal {:?}", self.status.signal()),
        };
        let mut shown = code;
        for (name, text) in [("stdout", &self.stdout), ("stderr", &self.stderr)] {
            if !text.is_empty() {
                shown.push_str(&format!("\n--- {name}\n{}", redact(text).trim_end()));
            }
        }
        shown
    }
}

/// Paths, digests and times by words.
fn redact(text: &str, paths: &[(&str, &str)]) -> String {
    let mut text = text.to_owned();
    for (path, word) in paths {
        text = text.replace(path, word);
    }
    // The random part of our staging directory.
    const STAGE: &str = ".gobuild-opt-";
    if let Some((before, after)) = text.split_once(STAGE) {
        let rest = after.get(6..).unwrap_or_default();
        text = format!("{before}{STAGE}[random]{rest}");
    }
    let line = |line: &str| {
        let words = line.split(' ').map(|word| {
            let is_digest = word.len() == 64 && word.bytes().all(|it| it.is_ascii_hexdigit());
            if is_digest { "[sha256]" } else { word }
        });
        let words: Vec<&str> = words.collect();
        let mut out = Vec::new();
        for (index, word) in words.iter().enumerate() {
            let next = words
                .get(index + 1)
                .map_or("", |it| it.trim_end_matches(','));
            let is_time = next == "s" && word.parse::<f64>().is_ok();
            out.push(if is_time { "[time]" } else { word });
        }
        out.join(" ")
    };
    text.lines().map(line).collect::<Vec<_>>().join("\n")
}

fn join_path(first: &Path, rest: Option<&OsStr>) -> OsString {
    let mut path = first.as_os_str().to_owned();
    if let Some(rest) = rest {
        path.push(":");
        path.push(rest);
    }
    path
}

fn walk(directory: &Path, found: &mut Vec<PathBuf>) {
    let entries: Vec<_> = std::fs::read_dir(directory).unwrap().flatten().collect();
    for entry in &entries {
        let path = entry.path();
        if !entry.file_type().unwrap().is_dir() {
            found.push(path);
        } else if std::fs::read_dir(&path).unwrap().next().is_none() {
            found.push(path.join(""));
        } else {
            walk(&path, found);
        }
    }
}

/// The stand-in for go: `cargo test` builds it, `cargo test --test it` alone does not.
fn fake_go() -> PathBuf {
    let path = Path::new(PROGRAM)
        .parent()
        .unwrap()
        .join("examples/fake-go");
    assert!(
        path.exists(),
        "`{}` is missing: run `cargo build --examples`",
        path.display()
    );
    path
}

/// A finished Go executable for tests that only need some.
pub fn executable() -> &'static [u8] {
    static BYTES: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
    BYTES.get_or_init(|| {
        let place = Place::module();
        place.tool("go", &["build", "-trimpath", "-o", "tiny", "."]);
        place.read("tiny")
    })
}

/// Says, past the capture of test output, that something is not tested: who reads the log of a green run must see it.
/// With GOBUILD_OPT_NO_SKIP set it fails instead.
pub fn skipped(why: &str) {
    assert!(
        std::env::var_os("GOBUILD_OPT_NO_SKIP").is_none(),
        "not tested: {why}"
    );
    let _ = std::io::Write::write_all(
        &mut std::io::stderr(),
        format!("skipped: {why}\n").as_bytes(),
    );
}

/// Whether SIGINT is ignored, which children inherit.
pub fn interrupts_are_ignored() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|it| it.strip_prefix("SigIgn:"));
    mask.and_then(|it| u64::from_str_radix(it.trim(), 16).ok())
        .is_some_and(|it| it & 2 != 0)
}

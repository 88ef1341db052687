//! The Go toolchain: its settings, its flags, its output.

mod said_words;

pub mod outside_settings;

pub mod behind;

pub mod flags;

pub mod git;

pub mod godebugs;

pub mod level;

pub mod list;

mod modfile;

pub mod news;

pub mod pattern;

pub mod package_variables;

pub mod past;

pub mod vcs;

pub mod vendored;

pub mod vetted;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;

pub use list::{Module, Package};
pub(crate) use modfile::{go_line, module_line, requires, uses};

pub use crate::quote;

use crate::error::{Error, Kind, Result};
use crate::input;
use crate::process::{self, Interrupt, Invocation};
use crate::review::Ground;
pub(crate) use said_words::Words;

/// The oldest Go that is supported.
pub(crate) const OLDEST: (u32, u32) = (1, 21);

/// How to call go: the command, where, and with which environment.
#[derive(Debug, Clone)]
pub(crate) struct Go {
    /// The go command.
    pub(crate) program: OsString,
    /// The working directory of every call.
    pub(crate) cwd: PathBuf,
    /// Variables over the environment.
    pub(crate) env: Vec<(String, OsString)>,
    /// What every call is held against.
    pub(crate) ground: Arc<Ground>,
}

/// What `go env` says, from inside the module: GOTOOLCHAIN has been followed.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(default)]
pub(crate) struct Toolchain {
    /// `go1.27.3`
    #[serde(rename = "GOVERSION")]
    pub(crate) version: String,
    /// The platform that is built for.
    #[serde(rename = "GOOS")]
    pub(crate) goos: String,
    /// The architecture that is built for.
    #[serde(rename = "GOARCH")]
    pub(crate) goarch: String,
    /// GOFLAGS, from the environment or `go env -w`.
    #[serde(rename = "GOFLAGS")]
    pub(crate) goflags: String,
    /// The path of go.mod; empty or the null device outside a module.
    #[serde(rename = "GOMOD")]
    pub(crate) gomod: String,
    /// The path of go.work, if one is in force.
    #[serde(rename = "GOWORK")]
    gowork: String,
    /// The build cache.
    #[serde(rename = "GOCACHE")]
    pub(crate) gocache: String,
    /// GOEXPERIMENT
    #[serde(rename = "GOEXPERIMENT")]
    pub(crate) goexperiment: String,
    /// Where Go keeps its work directories; empty: the system's.
    #[serde(rename = "GOTMPDIR")]
    pub(crate) gotmpdir: String,
    /// The file that `go env -w` writes.
    #[serde(rename = "GOENV")]
    pub(crate) goenv: String,
    /// `1` or `0`
    #[serde(rename = "CGO_ENABLED")]
    pub(crate) cgo_enabled: String,
    /// `off` where go knows no modules; empty and `on` are the same otherwise.
    #[serde(rename = "GO111MODULE")]
    go111module: String,
    /// Where packages are looked for in that case.
    #[serde(rename = "GOPATH")]
    pub(crate) gopath: String,
    /// The module cache.
    #[serde(rename = "GOMODCACHE")]
    pub(crate) gomodcache: String,
    /// Where the toolchain is, with its sources.
    #[serde(rename = "GOROOT")]
    pub(crate) goroot: String,
}

/// Another go than that of the configuration and of go.mod, which somebody typed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Other {
    /// What GOTOOLCHAIN takes: `go1.27.3`. Go loads it where it is not there yet.
    Version(String),
    /// The file of a go command, which is started as it is: GOTOOLCHAIN=local.
    Program(PathBuf),
}

const ENV_NAMES: &[&str] = &[
    "GOVERSION",
    "GOOS",
    "GOARCH",
    "GOFLAGS",
    "GOMOD",
    "GOWORK",
    "GOCACHE",
    "GOEXPERIMENT",
    "GOTMPDIR",
    "GOENV",
    "CGO_ENABLED",
    "GO111MODULE",
    "GOPATH",
    "GOMODCACHE",
    "GOROOT",
];

impl Toolchain {
    /// `(1, 27)` of `go1.27.3`; `None` for a development version.
    pub(crate) fn minor(&self) -> Option<(u32, u32)> {
        minor_of(&self.version)
    }

    /// The go.work that is in force.
    pub(crate) fn workspace(&self) -> Option<&Path> {
        let path = Path::new(&self.gowork);
        (path.is_absolute() && !self.is_gopath()).then_some(path)
    }

    /// Whether go knows no modules.
    pub(crate) fn is_gopath(&self) -> bool {
        self.go111module == "off"
    }

    /// Whether go stands in a module.
    pub(crate) fn in_module(&self) -> bool {
        let path = Path::new(&self.gomod);
        !self.gomod.is_empty()
            && path != Path::new("/dev/null")
            && !self.gomod.eq_ignore_ascii_case("nul")
    }
}

/// What a user can do where go found no package, by where it stands.
pub(crate) fn no_module_hint(toolchain: &Toolchain, cwd: &Path) -> String {
    let place = cwd.display();
    if toolchain.is_gopath() {
        return format!(
            "GO111MODULE=off: go knows no modules, and looks for packages in {}/src; go to the directory of the program there, or unset GO111MODULE",
            toolchain.gopath
        );
    }
    let Some(workspace) = toolchain.workspace() else {
        return format!(
            "`{place}` is in no module: run `go mod init`, or go to the directory of the program"
        );
    };
    let text = input::text(workspace, input::TEXT).unwrap_or_default();
    let used = uses(&text);
    let named = match used.first() {
        Some(first) => format!(
            "name packages of its modules, such as `{}/...` (modules: {})",
            first.trim_end_matches('/'),
            used.join(", ")
        ),
        None => "add modules with `go work use DIR`".to_owned(),
    };
    format!(
        "`{place}` is in none of the modules of `{}`: {named}",
        workspace.display()
    )
}

/// `(1, 27)` of `go1.27.3`, `go1.27rc1`, `1.27` and `go1.27.3 X:nojsonv2`.
pub fn minor_of(version: &str) -> Option<(u32, u32)> {
    let bare = version.strip_prefix("go").unwrap_or(version);
    let (major, rest) = bare.split_once('.')?;
    let digits = rest
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(rest.len());
    Some((major.parse().ok()?, rest[..digits].parse().ok()?))
}

impl Go {
    /// Sets a variable of our own for every call.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<OsString>) {
        let value = value.into();
        Arc::make_mut(&mut self.ground).trust_variable(name, value.clone());
        self.env.push((name.to_owned(), value));
    }

    /// A call of the go command.
    pub(crate) fn invocation<A: Into<OsString>>(
        &self,
        args: impl IntoIterator<Item = A>,
    ) -> Invocation {
        let mut call = Invocation::new(&self.program, args, &self.cwd, &self.ground);
        call.env.clone_from(&self.env);
        call
    }

    /// `go env -json` with the variables that matter here.
    fn env_invocation(&self) -> Invocation {
        // GOFLAGS="-ldflags=-s -w" is a `-w` of `go env` too, and a `-m` would be one of `go list`.
        self.invocation(["env", "-json", "-w=false"].iter().chain(ENV_NAMES))
    }

    /// Asks go for its version and settings. Fails with [`Kind::Go`] when there is no go, when it
    /// fails, or when it is older than [`OLDEST`].
    pub(crate) fn toolchain(&self, interrupt: &Interrupt) -> Result<Toolchain> {
        let invocation = self.env_invocation();
        let output = answer(&invocation, interrupt, "go env failed")?;
        let toolchain: Toolchain = serde_json::from_slice(&output).map_err(|error| {
            Error::new(
                Kind::Go,
                format!(
                    "`{}` is not a working go command: `go env -json` printed no JSON",
                    self.name()
                ),
            )
            .source(error)
        })?;
        match toolchain.minor() {
            Some(minor) if minor < OLDEST => Err(Error::new(
                Kind::Go,
                format!(
                    "`{}` is too old: gobuild-opt needs Go {}.{} or newer",
                    toolchain.version, OLDEST.0, OLDEST.1
                ),
            )
            .hint("upgrade Go, or name another one: GOBUILD_OPT_GO=/path/to/go")),
            _ => Ok(toolchain),
        }
    }

    /// `go list -deps -json`: the named packages and everything they need.
    pub(crate) fn list_invocation(&self, flags: &[OsString], packages: &[OsString]) -> Invocation {
        let mut args: Vec<OsString> = vec![
            "list".into(),
            "-deps".into(),
            format!("-json={}", list::FIELDS).into(),
            "-m=false".into(),
        ];
        args.extend(flags.iter().cloned());
        args.push("--".into());
        args.extend(packages.iter().cloned());
        self.invocation(args)
    }

    /// Runs [`Go::list_invocation`], whose answer [`list::parse`] reads. Fails with [`Kind::Go`] and Go's own words.
    pub(crate) fn listed(&self, invocation: &Invocation, interrupt: &Interrupt) -> Result<Vec<u8>> {
        answer(invocation, interrupt, "go list failed")
    }

    /// The named packages and everything they need. Fails as [`Go::listed`] does.
    pub(crate) fn packages(
        &self,
        flags: &[OsString],
        packages: &[OsString],
        interrupt: &Interrupt,
    ) -> Result<Vec<Package>> {
        let invocation = self.list_invocation(flags, packages);
        list::parse(&self.listed(&invocation, interrupt)?)
    }

    fn name(&self) -> String {
        self.program.to_string_lossy().into_owned()
    }
}

/// What go answers. Fails with its own words, behind `failure`.
pub(crate) fn answer(
    invocation: &Invocation,
    interrupt: &Interrupt,
    failure: &str,
) -> Result<Vec<u8>> {
    let mut words = Words::default();
    let (outcome, output) = process::capture(invocation, interrupt, |line| words.keep(line))?;
    if outcome.status.success() {
        return Ok(output);
    }
    Err(words.error(failure, &outcome))
}

/// What go answers; `None` where it refuses, for go itself to say why.
pub(crate) fn try_answer(
    invocation: &Invocation,
    interrupt: &Interrupt,
) -> Result<Option<Vec<u8>>> {
    let (outcome, output) = process::capture(invocation, interrupt, |_| {})?;
    Ok(outcome.status.success().then_some(output))
}

/// What the flag package of Go says of a flag that a command does not have; its name follows.
const UNDEFINED: &str = "flag provided but not defined: -";

/// Whether go failed because it does not know a flag.
pub fn is_unknown_flag(error: &Error) -> bool {
    let words = error.detail.as_deref();
    error.kind == Kind::Go && words.is_some_and(|word| word.starts_with(UNDEFINED))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_go_line_is_found() {
        assert_eq!(
            go_line("module x\n\ngo 1.21 // old\n").as_deref(),
            Some("1.21")
        );
        assert_eq!(go_line("module gopher\n"), None);
        assert_eq!(
            uses("go 1.21\nuse ./a // first\nuse (\n\t./b\n\t\"./c\"\n)\nreplace x => ../x\n"),
            ["./a", "./b", "./c"]
        );
    }

    #[test]
    fn required_modules_are_read() {
        let text = "require a.b/c v1.2.3 // indirect\nrequire (\n\t\"a.b/d\" v0.1.0\n\n\t// a.b/e v1\n)\nreplace a.b/c v1.2.3 => ../c\n";
        let found = requires(text);
        let shown: Vec<String> = found
            .iter()
            .map(|entry| format!("{} {}", entry.0, entry.1))
            .collect();
        assert_eq!(shown, ["a.b/c v1.2.3", "a.b/d v0.1.0"]);
    }

    #[test]
    fn versions_of_every_form_have_a_minor() {
        for (text, minor) in [
            ("go1.27.3", Some((1, 27))),
            ("go1.21", Some((1, 21))),
            ("go1.27rc1", Some((1, 27))),
            ("1.24.0", Some((1, 24))),
            ("go1.27.3 X:nojsonv2", Some((1, 27))),
            ("devel go1.28-abcdef", None),
        ] {
            assert_eq!(minor_of(text), minor, "{text}");
        }
    }
}

//! What the flags of every layer ask of a run as a whole: command line, configuration, GOFLAGS.

use std::ffi::{OsStr, OsString};

use crate::config::Config;
use crate::error::Result;
use crate::go::Package;
use crate::go::flags::{self, Flag};

/// What is asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `-o`; `None` also where it is empty.
    pub(crate) output: Option<OsString>,
    /// `-buildmode`; empty: the default of the platform.
    pub mode: String,
    /// `-n`: nothing is run.
    pub(crate) dry_run: bool,
    /// `-x`: commands are printed as they are run.
    pub(crate) commands: bool,
    /// `-v`: the names of packages are printed.
    pub(crate) names: bool,
    /// `-work`: go's work directory stays.
    pub(crate) work: bool,
    /// `-json`: what the compiler says goes to standard output.
    pub(crate) json: bool,
    /// `-trimpath` is added, and no flag gives it.
    pub(crate) trims: bool,
    /// `-overlay`: files that stand in for others.
    pub(crate) overlay: Option<OsString>,
}

impl Asked {
    /// Reads the layers: what is typed wins over the configuration, and that over GOFLAGS.
    pub(crate) fn read(typed: &[Flag], config: &Config, goflags: &[Flag]) -> Result<Self> {
        let configured = flags::parse(&config.build.flags, "build.flags")?;
        let layers = [typed, &configured, goflags];
        let find = |name: &str| layers.iter().find_map(|layer| flags::last(layer, name));
        let text = |name: &str| find(name).and_then(|flag| flag.value.clone());
        let path = |name: &str| {
            let found = find(name).and_then(|flag| flag.path().map(OsStr::to_owned));
            found.filter(|found| !found.is_empty())
        };
        let is_on = |name: &str| {
            find(name).is_some_and(|flag| flags::is_on(std::slice::from_ref(flag), name))
        };
        Ok(Self {
            output: path("o"),
            mode: text("buildmode")
                .filter(|text| text != "default")
                .unwrap_or_default(),
            dry_run: is_on("n"),
            commands: is_on("x"),
            names: is_on("v"),
            work: is_on("work"),
            json: is_on("json"),
            trims: config.build.trimpath && find("trimpath").is_none(),
            overlay: path("overlay"),
        })
    }

    /// The named packages that the build mode takes, without those that are only tests
    /// (`buildModeInit`, `cmd/go/internal/work/init.go`).
    pub(crate) fn taken<'a>(&self, packages: &'a [Package]) -> Vec<&'a Package> {
        let wanted = |package: &&Package| match self.mode.as_str() {
            "archive" | "shared" => package.name != "main",
            "exe" => package.name == "main",
            _ => true,
        };
        let named = packages.iter().filter(|package| !package.dep_only);
        named
            .filter(|package| !package.go_files.is_empty() || !package.cgo_files.is_empty())
            .filter(wanted)
            .collect()
    }

    /// What a loader looks for behind the name of a library: go leaves it out, and `out-dir` is ours to name.
    pub(crate) fn library(&self, goos: &str) -> &'static str {
        match (self.mode.as_str(), goos) {
            ("c-shared", "windows") => ".dll",
            ("c-shared", "darwin" | "ios") => ".dylib",
            ("c-shared", "wasip1" | "js") => ".wasm",
            ("c-shared", _) => ".so",
            _ => "",
        }
    }

    /// What go puts behind the name of a command.
    pub(crate) fn extension(&self, goos: &str) -> &'static str {
        match (self.mode.as_str(), goos) {
            ("c-archive", _) => ".a",
            ("plugin", _) => ".so",
            ("c-shared", _) => "",
            (_, "windows") => ".exe",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(typed: &[&str], goflags: &str) -> Asked {
        let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
        let typed = flags::parse(&typed, "flags").unwrap();
        let goflags = flags::parse_goflags(goflags).unwrap();
        Asked::read(&typed, &Config::default(), &goflags).unwrap()
    }

    #[test]
    fn what_is_typed_wins() {
        let asked = check(
            &["-o", "x", "-n=false", "-json"],
            "-o=y -n -x -buildmode=pie",
        );
        assert_eq!(asked.output.as_deref(), Some(OsStr::new("x")));
        assert_eq!(asked.mode, "pie");
        assert!(!asked.dry_run && asked.commands && asked.json);
    }

    #[test]
    fn names_end_as_the_build_mode_says() {
        assert_eq!(check(&[], "").extension("windows"), ".exe");
        assert_eq!(check(&["-buildmode=c-shared"], "").extension("windows"), "");
        assert_eq!(check(&["-buildmode=c-shared"], "").library("linux"), ".so");
        assert_eq!(
            check(&["-buildmode=c-shared"], "").library("darwin"),
            ".dylib"
        );
        assert_eq!(check(&[], "").library("linux"), "");
        assert_eq!(
            check(&["-buildmode=c-archive"], "").extension("linux"),
            ".a"
        );
    }
}

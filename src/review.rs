//! What a command line may hold, and the only way from a command as data to one that can be started.
//!
//! A configuration comes with the code, and so perhaps with a stranger's pull request. What is reviewed is what go will get:
//! the arguments and the variables as they were composed, with templates filled in and lists split as go and its tools
//! split them. Each part has to be on a list of what is allowed, or to stand, as it is, on trusted ground: on the
//! command line, in the environment, or in a file that `--trust-config` vouches for. A part that nobody thought of is
//! refused.

mod reviewed_command;

mod c;

mod invocation;

mod flag_list;
mod lists;

pub mod path;

mod refused;

mod variables;

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::quote;
use flag_list::{Item, Table, items};
pub use invocation::{Invocation, Reviewed};
pub(crate) use lists::flags_of;
pub use lists::{is_go, without};
pub(crate) use refused::Refusal;
use variables::Verdict;

/// A tool of Go that has a list of flags.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tool {
    /// `-ldflags`
    Link,
    /// `-gcflags`
    Compile,
    /// `-asmflags`
    Asm,
}

impl Tool {
    /// The tool behind a flag of go.
    pub(crate) fn of(flag: &str) -> Option<Self> {
        match flag {
            "ldflags" => Some(Self::Link),
            "gcflags" => Some(Self::Compile),
            "asmflags" => Some(Self::Asm),
            _ => None,
        }
    }

    fn table(self) -> Table {
        match self {
            Self::Link => lists::LINK,
            Self::Compile => lists::COMPILE,
            Self::Asm => lists::ASM,
        }
    }

    fn flag(self) -> &'static str {
        match self {
            Self::Link => "ldflags",
            Self::Compile => "gcflags",
            Self::Asm => "asmflags",
        }
    }
}

/// A value that a configuration sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting {
    /// `build.ldflags`
    pub(crate) key: String,
    /// As it is written.
    pub(crate) value: String,
    /// The layer.
    pub(crate) from: String,
}

/// What stands on trusted ground, beside what is allowed to anybody. Nothing, to begin with.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ground {
    /// Nothing of the command comes from a configuration, or all of it is trusted.
    everything: bool,
    /// Benchmarks may run: who typed the command asked for it.
    benchmarks: bool,
    /// Commands that may be started in place of `go`.
    programs: Vec<OsString>,
    /// This very program, which go is to start for every tool.
    own: Option<PathBuf>,
    /// Flags of go.
    flags: Vec<Item>,
    /// Flags of go that are compared byte for byte.
    args: Vec<OsString>,
    /// Flags of its tools.
    tools: Vec<(Tool, Item)>,
    /// Variables.
    variables: Vec<(String, OsString)>,
    /// Packages.
    packages: Vec<OsString>,
    /// Directories for outputs.
    places: Vec<PathBuf>,
    /// What the configuration sets, for the text of an error.
    settings: Vec<Setting>,
}

impl Ground {
    /// For commands of which no part comes from a configuration, or whose configuration is trusted.
    pub(crate) fn everything() -> Self {
        Self {
            everything: true,
            ..Self::default()
        }
    }

    /// Whether all of it is trusted.
    pub fn is_everything(&self) -> bool {
        self.everything
    }

    /// Lets `go test` run benchmarks: for commands that are typed to do so.
    pub(crate) fn trust_benchmarks(&mut self) {
        self.benchmarks = true;
    }

    /// A command to start in place of `go`.
    pub(crate) fn trust_program(&mut self, program: impl Into<OsString>) {
        self.programs.push(program.into());
    }

    /// This very program, for `-toolexec`.
    pub fn trust_own(&mut self, program: &Path) {
        self.own = Some(program.to_path_buf());
    }

    /// Flags of go, with those that stand in them for its tools.
    pub fn trust_flags<S: AsRef<str>>(&mut self, words: &[S]) {
        for item in items(words, lists::GO) {
            if let (Some(tool), Some(value)) = (Tool::of(&item.name), &item.value)
                && let Ok(list) = quote::per_package(value)
            {
                self.trust_list(tool, &list.flags);
            }
            self.flags.push(item);
        }
    }

    /// A flag of go whose value is no text.
    pub(crate) fn trust_arg(&mut self, arg: OsString) {
        self.args.push(arg);
    }

    /// Flags of a tool.
    pub(crate) fn trust_list<S: AsRef<str>>(&mut self, tool: Tool, words: &[S]) {
        let list = items(words, tool.table());
        self.tools.extend(list.into_iter().map(|item| (tool, item)));
    }

    /// Whether all of a list of flags of a tool is trusted.
    pub(crate) fn holds_list<S: AsRef<str>>(&self, tool: Tool, words: &[S]) -> bool {
        self.everything
            || items(words, tool.table())
                .iter()
                .all(|item| self.holds(tool, item))
    }

    /// A variable.
    pub(crate) fn trust_variable(&mut self, name: &str, value: impl Into<OsString>) {
        self.variables.push((name.to_owned(), value.into()));
    }

    /// A package.
    pub(crate) fn trust_package(&mut self, package: impl Into<OsString>) {
        self.packages.push(package.into());
    }

    /// Whether a package, or a pattern of packages, is trusted.
    pub(crate) fn holds_package(&self, package: &str) -> bool {
        self.everything || self.packages.iter().any(|argument| argument == package)
    }

    /// A directory for outputs.
    pub(crate) fn trust_place(&mut self, place: impl Into<PathBuf>) {
        self.places.push(place.into());
    }

    /// Whether outputs may go there, wherever it is.
    pub(crate) fn holds_place(&self, place: &Path) -> bool {
        self.everything || self.places.iter().any(|path| path == place)
    }

    /// A value that a configuration sets, to be named where it is refused.
    pub(crate) fn record(&mut self, setting: Setting) {
        self.settings.push(setting);
    }

    fn holds(&self, tool: Tool, item: &Item) -> bool {
        let mut trusted = self.tools.iter().filter(|(it, _)| *it == tool);
        trusted.any(|(_, it)| it.same(item))
    }

    fn error(&self, refusal: Refusal) -> crate::error::Error {
        let named = |setting: &&Setting| refusal.comes_from(&setting.key, &setting.value);
        let setting = self.settings.iter().find(named);
        refusal.error(setting.map(|setting| (setting.from.as_str(), setting.key.as_str())))
    }
}

/// Why a configuration may not name a package: go would take it for a flag.
pub(crate) fn package(name: &str) -> Option<Refusal> {
    name.starts_with('-').then(|| Refusal::package(name))
}

/// The first flag of `[build] flags` that a configuration may not pass.
pub(crate) fn flags<S: AsRef<str>>(words: &[S]) -> Option<Refusal> {
    let ground = Ground::default();
    let list = items(words, lists::GO);
    list.iter().find_map(|item| {
        let value = item.value.as_deref().unwrap_or_default();
        let found = match Tool::of(&item.name).filter(|_| item.is_flag) {
            Some(tool) => ground.list(tool, value),
            None => ground.flag(item),
        };
        found.map(|refusal| refusal.at(item.at))
    })
}

/// The first flag for a tool that a configuration may not pass.
pub(crate) fn words<S: AsRef<str>>(tool: Tool, words: &[S]) -> Option<Refusal> {
    Ground::default().words(tool, words)
}

/// The first flag in a value with its package pattern that a configuration may not pass.
pub(crate) fn list(tool: Tool, value: &str) -> Option<Refusal> {
    Ground::default().list(tool, value)
}

/// Why a configuration may not set a variable.
pub(crate) fn variable(name: &str, value: &str) -> Option<Refusal> {
    match variables::judge(name, value) {
        Verdict::Fine => None,
        Verdict::Name => Some(Refusal::variable(name, value, true)),
        Verdict::Value => Some(Refusal::variable(name, value, false)),
        Verdict::Flags => {
            let words = match quote::split(value) {
                Ok(words) => words,
                Err(why) => return Some(Refusal::unreadable(value, &why)),
            };
            // Each entry stands alone: no value is the next word.
            words.iter().find_map(|word| flags(&[word]))
        }
    }
}

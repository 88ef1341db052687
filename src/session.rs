//! What a run needs from the outside: its directory, the environment, signals, and where progress is shown.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::build::Event;
use crate::go::behind::Behind;
use crate::process::Interrupt;

/// What a command needs from the outside: the only way it talks while it runs.
pub struct Session<'a> {
    /// The working directory.
    pub cwd: PathBuf,
    /// The file of this program, for go to start; `None` where that cannot be determined.
    pub program: Option<PathBuf>,
    /// The go command behind this program, where this program is what PATH has under that name.
    pub go: Option<Behind>,
    /// The environment.
    pub env: Vec<(OsString, OsString)>,
    /// Columns of the terminal.
    pub width: usize,
    /// Whether a report is printed in a terminal: standard output is one, and nothing keeps the report back.
    pub terminal: bool,
    /// The signal that asked us to stop.
    pub interrupt: Interrupt,
    /// Shows progress.
    pub show: &'a mut dyn FnMut(Event<'_>),
}

impl Session<'_> {
    /// The variables that are text.
    pub(crate) fn text_env(&self) -> Vec<(String, String)> {
        let text = |(name, value): &(OsString, OsString)| {
            Some((name.to_str()?.to_owned(), value.to_str()?.to_owned()))
        };
        self.env.iter().filter_map(text).collect()
    }

    /// A variable, if it is set and not empty.
    pub(crate) fn variable(&self, name: &str) -> Option<&OsString> {
        self.env
            .iter()
            .find(|(it, value)| it == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    /// Where a program keeps what is of this machine and of this user alone.
    pub(crate) fn private(&self) -> Option<PathBuf> {
        let state = self.variable("XDG_STATE_HOME").map(PathBuf::from);
        let home = self.variable("HOME").map(PathBuf::from);
        let state = state.or_else(|| Some(home?.join(".local/state")));
        let state = state.filter(|state| state.is_absolute());
        state.map(|state| state.join("gobuild-opt"))
    }
}

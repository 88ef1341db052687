//! A command as data, and a command that was reviewed.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::Ground;
use crate::error::Result;

/// A command before it is a process. Its `Display` can be pasted into a POSIX shell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// The program: a path, or a name to look up in PATH.
    pub(crate) program: OsString,
    /// Its arguments.
    pub(crate) args: Vec<OsString>,
    /// Variables over the environment we were called in.
    pub env: Vec<(String, OsString)>,
    /// The working directory.
    pub(crate) cwd: PathBuf,
    /// The file on its standard input; `None`: nothing.
    pub(crate) stdin: Option<PathBuf>,
    /// What is held against it before it starts.
    ground: Arc<Ground>,
}

impl Invocation {
    /// A command with arguments, run in `cwd`, once it was held against `ground`.
    pub fn new<A: Into<OsString>>(
        program: impl Into<OsString>,
        args: impl IntoIterator<Item = A>,
        cwd: &Path,
        ground: &Arc<Ground>,
    ) -> Self {
        Self {
            program: program.into(),
            args: args.into_iter().map(Into::into).collect(),
            env: Vec::new(),
            cwd: cwd.to_path_buf(),
            stdin: None,
            ground: ground.clone(),
        }
    }

    /// The command as one that can be started. Fails with [`Kind::Usage`](crate::error::Kind::Usage), naming the part that a
    /// configuration may not pass.
    pub fn reviewed(&self) -> Result<Reviewed<'_>> {
        match self.ground.refusal(self) {
            Some(refusal) => Err(self.ground.error(refusal)),
            None => Ok(Reviewed(self)),
        }
    }
}

impl fmt::Display for Invocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, value) in &self.env {
            write!(
                f,
                "{name}={} ",
                shell_words::quote(&value.to_string_lossy())
            )?;
        }
        write!(f, "{}", shell_words::quote(&self.program.to_string_lossy()))?;
        for arg in &self.args {
            write!(f, " {}", shell_words::quote(&arg.to_string_lossy()))?;
        }
        Ok(())
    }
}

/// A command that was reviewed as it stands: only the review makes one, and only such a one is started.
#[derive(Debug, Clone, Copy)]
pub struct Reviewed<'a>(&'a Invocation);

impl std::ops::Deref for Reviewed<'_> {
    type Target = Invocation;

    fn deref(&self) -> &Invocation {
        self.0
    }
}

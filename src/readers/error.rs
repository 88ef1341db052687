//! One error type for the whole program: who must act, what happened, and what to try.

use std::fmt;
use std::io;
use std::path::Path;

/// Who must act. The kind is the exit code of the program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The command line or the configuration is wrong: exit code 2.
    Usage,
    /// Go refused: a missing or broken toolchain, code that does not compile: exit code 3.
    Go,
    /// A file, the disk, a pipe, or an input that cannot be read: exit code 4.
    Machine,
    /// Ended by this signal number: exit code 128 + N.
    Signal(i32),
}

/// An error as the user sees it: `message` names the thing in backticks, lower case, without a period.
#[derive(Debug)]
pub struct Error {
    /// Who must act.
    pub kind: Kind,
    /// What happened, on one line (longer text, such as Go's own words, goes to `detail`).
    pub message: String,
    /// Text shown unchanged above the message: Go's own words, a caret under the wrong key.
    pub detail: Option<String>,
    /// What to try.
    pub hint: Option<String>,
    /// The exit status of the go command that refused.
    pub status: Option<i32>,
    /// There was too little memory: with less at the same time it may go well.
    pub memory: bool,
    /// The cause, shown behind the message.
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// The result of everything that can fail.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// An error without hint or cause.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            detail: None,
            hint: None,
            status: None,
            memory: false,
            source: None,
        }
    }

    /// Adds what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Adds text that is shown unchanged, such as Go's own words.
    #[must_use]
    pub fn detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    /// Adds the exit status of the go command that refused.
    #[must_use]
    pub fn status(mut self, status: Option<i32>) -> Self {
        self.status = status;
        self
    }

    /// Adds the cause.
    #[must_use]
    pub fn source(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// A file that cannot be read; `what` it is, such as "the lock". [`Kind::Usage`] where the file itself is to be put right,
    /// [`Kind::Machine`] where the machine failed.
    pub fn unreadable(what: &str, path: &Path, error: io::Error) -> Self {
        let kind = match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::InvalidInput
            | io::ErrorKind::InvalidData
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::FileTooLarge => Kind::Usage,
            _ => Kind::Machine,
        };
        let shown = path.display();
        Self::new(kind, format!("cannot read {what} `{shown}`")).source(error)
    }

    /// The exit code of the program: an interface, see the README.
    pub fn exit_code(&self) -> u8 {
        match self.kind {
            Kind::Usage => 2,
            Kind::Go => 3,
            Kind::Machine => 4,
            Kind::Signal(number) => 128u8.saturating_add(u8::try_from(number).unwrap_or(0)),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        let mut cause = self
            .source
            .as_deref()
            .map(|source| source as &dyn std::error::Error);
        while let Some(it) = cause {
            let text = it.to_string();
            if !self.message.contains(&text) {
                write!(f, ": {text}")?;
            }
            cause = it.source();
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::new(Kind::Machine, error.to_string())
    }
}

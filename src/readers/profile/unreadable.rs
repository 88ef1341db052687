//! Why bytes are no profile that can be read, and what to do about it.

use std::fmt;

use serde::Serialize;

use crate::error::{Error, Kind};

/// Why bytes are no profile that can be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum ReadError {
    /// There is nothing: no byte, or gzip around no byte.
    Empty,
    /// The gzip stream ends too early: a download or a copy was cut.
    TruncatedGzip,
    /// The gzip stream is broken: a wrong checksum, or foreign bytes behind it.
    BrokenGzip,
    /// Decompressed, or as tables in memory, it passes this many bytes.
    TooLarge {
        /// The limit that was passed.
        limit: usize,
    },
    /// Its stacks have more frames than this, all together.
    TooDeep {
        /// The limit that was passed.
        limit: usize,
    },
    /// Not the protobuf of a profile, or one whose tables contradict themselves.
    NotPprof {
        /// What is wrong, as the end of a sentence.
        reason: String,
    },
}

impl ReadError {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "collect it again: the file has no content",
            Self::TruncatedGzip => "collect or copy it again: the end is missing",
            Self::BrokenGzip => "collect or copy it again: its checksum does not hold",
            Self::TooLarge { .. } | Self::TooDeep { .. } => "collect it for a shorter time",
            Self::NotPprof { .. } => {
                "give a CPU profile as written by runtime/pprof or served at /debug/pprof/profile"
            }
        }
    }
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("the profile is empty"),
            Self::TruncatedGzip => f.write_str("the profile is cut off inside its gzip stream"),
            Self::BrokenGzip => f.write_str("the profile's gzip stream is broken"),
            Self::TooLarge { limit } => {
                write!(
                    f,
                    "the profile is larger than {} KiB when read",
                    limit >> 10
                )
            }
            Self::TooDeep { limit } => write!(f, "the profile has more than {limit} frames"),
            Self::NotPprof { reason } => write!(f, "not a pprof profile: {reason}"),
        }
    }
}

impl std::error::Error for ReadError {}

impl From<ReadError> for Error {
    fn from(error: ReadError) -> Self {
        let hint = error.hint();
        Self::new(Kind::Machine, error.to_string()).hint(hint)
    }
}

//! Which twins of a release there are, and the flags that link them.

use crate::review::{self, Tool};

/// The same link with what stripping takes away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Twin {
    /// The symbol table and DWARF.
    Unstripped,
    /// The symbol table alone, which names the bytes: DWARF is the dearest part of a link.
    Symbols,
}

impl Twin {
    /// What the report calls it.
    pub(crate) fn kind(self) -> &'static str {
        match self {
            Self::Unstripped => "unstripped",
            Self::Symbols => "symbols",
        }
    }

    /// The twin that is called so.
    pub(crate) fn named(kind: &str) -> Option<Self> {
        let all = [Self::Unstripped, Self::Symbols];
        all.into_iter().find(|twin| twin.kind() == kind)
    }

    /// Flags of a linker without `-s` and `-w` in any spelling, the user's own too: the twin has to have what they leave out.
    /// That with symbols alone gets a `-w` of its own.
    pub(crate) fn flags(self, words: &[String]) -> Vec<String> {
        let mut words = review::without(Tool::Link, words, &["s", "w"]);
        if self == Self::Symbols {
            words.insert(0, "-w".into());
        }
        words
    }
}

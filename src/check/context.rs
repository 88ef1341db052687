//! What a check looks at, and what it may say.

use crate::analysis::Artifact;
use crate::build::Built;
use crate::config::{Linkage, Origins, Pgo};
use crate::gate::{Cause, Change, Judgement};
use crate::lock::{Fact, FactChange, Item, Proof, Side, Standing};
use crate::plan::Facts;

/// What a check looks at.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Context<'a> {
    /// What go says about the target.
    pub(crate) facts: &'a Facts,
    /// The main package.
    pub(crate) package: &'a str,
    /// The finished executable; `None` before a build.
    pub(crate) artifact: Option<&'a Artifact>,
    /// How the build went; `None` before a build.
    pub(crate) built: Option<&'a Built>,
    /// What the user asks of a profile.
    pub(crate) pgo: &'a Pgo,
    /// What the user asks of the finished file.
    pub(crate) linkage: Linkage,
    /// How the executable stands to the lock; `None` before a build.
    pub(crate) lock: Option<&'a Standing>,
    /// What the lock says that `prove` found of a profile of the executable.
    pub(crate) proof: Option<&'a Proof>,
    /// Which layer of the configuration set what.
    pub(crate) origins: &'a Origins,
    /// What the change does to its gates, where it is known to be one.
    pub(crate) change: Option<&'a Change>,
    /// The other gates of the executable, and what became of them.
    pub(crate) gates: &'a [Judgement],
    /// Now, for ages.
    pub(crate) now: jiff::Timestamp,
}

impl<'a> Context<'a> {
    /// The packages that call C; after a build those of them that were linked.
    pub(crate) fn cgo_packages(&self) -> Vec<&'a str> {
        let packages = self.facts.packages.iter();
        let calling = packages.filter(|package| !package.cgo_files.is_empty());
        let linked = calling.filter(|package| {
            self.artifact
                .is_none_or(|artifact| artifact.holds(&package.import_path))
        });
        linked.map(|package| package.import_path.as_str()).collect()
    }

    /// Why the lock says nothing of the executable.
    pub(super) fn lock_is_silent(&self) -> Option<Cause> {
        match self.lock? {
            Standing::NoLock => Some(Cause::NoLock),
            Standing::NoEntry => Some(Cause::NoEntry {
                what: format!("{} on {}", self.package, self.facts.key()),
            }),
            Standing::OtherGo { go, .. } => Some(Cause::OtherGo {
                lock: go.clone(),
                this: self.facts.toolchain.version.clone(),
            }),
            Standing::Compared(_) => None,
        }
    }

    /// What got worse than the lock says, of one kind; or why that is not known.
    pub(super) fn worse_or_silent(
        &self,
        what: Fact,
        kind: fn(&Item) -> bool,
    ) -> Result<Vec<&'a FactChange>, Option<Seen>> {
        let changes = match self.lock.ok_or(None)? {
            Standing::Compared(changes) => changes,
            _ => return Err(self.lock_is_silent().map(Seen::unsaid)),
        };
        match changes.silent(what) {
            Some(Side::Lock) => Err(Some(Seen::unsaid(Cause::LockLacks(what.words())))),
            Some(Side::Build) => Err(Some(Seen::unsaid(Cause::Other(
                format!("the executable does not tell its {}", what.words()),
                "see `gobuild-opt inspect` of the file",
            )))),
            None => Ok(self.worse(kind)),
        }
    }

    /// What got worse than the lock says, of one kind.
    pub(super) fn worse(&self, kind: fn(&Item) -> bool) -> Vec<&'a FactChange> {
        let changes = self.lock.and_then(Standing::compared);
        let worse = changes.into_iter().flat_map(|changes| changes.worse());
        worse.filter(|change| kind(&change.item)).collect()
    }
}

/// What a check sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Seen {
    /// All is well, and why.
    Good(String),
    /// What is wrong, and what to do.
    Bad(String, String),
    /// It has no meaning here, and why.
    Skipped(String),
    /// It could not be looked at, and why.
    NotJudged {
        /// Why.
        cause: Cause,
        /// Whether that is worth a line where nobody denies it.
        shown: bool,
    },
}

impl Seen {
    /// What is wrong, and what to do.
    pub(super) fn bad(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::Bad(what.into(), hint.into())
    }

    /// Not judged, which the report says.
    pub(super) fn not_judged(why: impl Into<String>, hint: &'static str) -> Self {
        Self::NotJudged {
            cause: Cause::Other(why.into(), hint),
            shown: true,
        }
    }

    /// Not judged, which is said elsewhere, or matters only where it is denied.
    pub(super) fn unsaid(cause: Cause) -> Self {
        Self::NotJudged {
            cause,
            shown: false,
        }
    }
}

//! Reports how an executable stands to the lock.

use serde::{Deserialize, Serialize};

use super::growth::Growth;
use crate::lock::{Changes, FactChange, SizeChange, Standing};

/// An executable against its entry of gobuild-opt.lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct AgainstLock {
    /// The lock's Go version.
    pub(crate) go_version: String,
    /// Whether it is the one of this build; otherwise sizes and facts differ by themselves, and no budget looks at them.
    pub(crate) compared: bool,
    /// Numbers of bytes that changed.
    pub(crate) sizes: Vec<LockSize>,
    /// Everything else that changed.
    pub(crate) facts: Vec<LockFact>,
    /// Why the size is another: causes that add up; `null` where it is the same, or where the figures do not compare.
    #[serde(default)]
    pub(crate) growth: Option<Growth>,
}

/// A number of bytes that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LockSize {
    /// `size`, `section:code`, `module:example.com/x`, `package:example.com/x/y`; what `accept` takes.
    pub(crate) item: String,
    /// In the lock; `null`: it has no entry.
    pub(crate) before: Option<u64>,
    /// In this build; `null`: it would have no entry.
    pub(crate) after: Option<u64>,
}

/// A fact that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct LockFact {
    /// `cgo:net`, `godebug:http2client`, `dead-code`, `profile-health`; what `accept` takes.
    pub(crate) item: String,
    /// In the lock; `null`: it has no entry.
    pub(crate) before: Option<String>,
    /// In this build; `null`: it would have no entry.
    pub(crate) after: Option<String>,
    /// To accept it takes a reason.
    pub(crate) worse: bool,
}

/// `None` without an entry to compare with.
pub(crate) fn report(standing: &Standing, go: &str, growth: Option<Growth>) -> Option<AgainstLock> {
    let (go, compared, changes) = match standing {
        Standing::NoLock | Standing::NoEntry => return None,
        Standing::OtherGo { go, changes } => (go.as_str(), false, changes),
        Standing::Compared(changes) => (go, true, changes),
    };
    let Changes { sizes, facts, .. } = changes;
    Some(AgainstLock {
        go_version: go.to_owned(),
        compared,
        sizes: sizes.iter().map(size).collect(),
        facts: facts.iter().map(fact).collect(),
        growth,
    })
}

fn size(it: &SizeChange) -> LockSize {
    LockSize {
        item: it.item.to_string(),
        before: it.before,
        after: it.after,
    }
}

fn fact(it: &FactChange) -> LockFact {
    LockFact {
        item: it.item.to_string(),
        before: it.before.clone(),
        after: it.after.clone(),
        worse: it.worse,
    }
}

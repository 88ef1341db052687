//! How an executable stands to the lock in, its part of the report out.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::growth::Growth;
use crate::lock::{Changes, FactChange, SizeChange, Standing};

/// An executable against its entry of gobuild-opt.lock.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AgainstLock {
    /// The lock's Go version.
    pub go_version: String,
    /// Whether it is the one of this build; otherwise sizes and facts differ by themselves, and no budget looks at them.
    pub compared: bool,
    /// Numbers of bytes that changed.
    pub sizes: Vec<LockSize>,
    /// Everything else that changed.
    pub facts: Vec<LockFact>,
    /// Why the size is another: causes that add up; `null` where it is the same, or where the figures do not compare.
    #[serde(default)]
    pub growth: Option<Growth>,
}

/// A number of bytes that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockSize {
    /// `size`, `section:code`, `module:example.com/x`, `package:example.com/x/y`; what `accept` takes.
    pub item: String,
    /// In the lock; `null`: it has no entry.
    pub before: Option<u64>,
    /// In this build; `null`: it would have no entry.
    pub after: Option<u64>,
}

/// A fact that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LockFact {
    /// `cgo:net`, `godebug:http2client`, `dead-code`, `profile-health`; what `accept` takes.
    pub item: String,
    /// In the lock; `null`: it has no entry.
    pub before: Option<String>,
    /// In this build; `null`: it would have no entry.
    pub after: Option<String>,
    /// To accept it takes a reason.
    pub worse: bool,
}

/// `None` without an entry to compare with.
pub fn report(standing: &Standing, go: &str, growth: Option<Growth>) -> Option<AgainstLock> {
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

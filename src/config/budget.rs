//! `[budget]`: limits of sizes and stack frames, and what they are held against.

use std::collections::BTreeMap;
use std::fmt;

use serde::Deserialize;

use super::size::{FrameLimit, Growth, Percent, SizeLimit, human};

/// `[budget]`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Budget {
    /// The largest size of each binary; `1%`: so much more than the lock says; `ratchet`: what the lock says.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) size: Option<SizeLimit>,
    /// The largest growth over a baseline that is a file, else over the lock.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) size_growth: Option<Percent>,
    /// The largest stack frame of functions that goroutines start in and that the profile inlined into; 1 KiB or more.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) frame: Option<FrameLimit>,
    /// The largest growth of a stack frame, over the lock and over a build without the profile.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) frame_growth: Option<Growth>,
    /// The largest size of modules in each binary, by module path or pattern; `std` is the standard library.
    #[cfg_attr(test, schemars(with = "BTreeMap<String, String>"))]
    pub modules: BTreeMap<String, SizeLimit>,
}

/// A limit that is configured, other than those of modules.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Limit {
    /// Its key in `[budget]`: `frame-growth`.
    pub(crate) key: &'static str,
    /// What people call it: "the size budget".
    pub(crate) words: &'static str,
    /// What is allowed.
    pub(crate) bound: Bound,
    /// What it cannot be judged without.
    pub(crate) needs: Needs,
}

/// What a limit allows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Bound {
    /// A size.
    Size(SizeLimit),
    /// A growth in percent.
    Percent(Percent),
    /// A stack frame.
    Frame(FrameLimit),
    /// A growth in percent or bytes.
    Growth(Growth),
}

/// What a limit cannot be judged without.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Needs {
    /// It stands alone.
    Nothing,
    /// An entry of gobuild-opt.lock.
    Lock,
    /// A baseline that is a file, otherwise an entry of gobuild-opt.lock.
    Baseline,
}

impl Budget {
    /// The limits that are configured. Who adds one adds it here: what loosens it, what it needs, and that it is not judged
    /// where nothing is linked follow from that.
    pub(crate) fn limits(&self) -> Vec<Limit> {
        let limit = |key, words, bound, needs| Limit {
            key,
            words,
            bound,
            needs,
        };
        let of_size = match self.size {
            Some(SizeLimit::Bytes(_)) | None => Needs::Nothing,
            Some(SizeLimit::OverLock(_) | SizeLimit::Ratchet) => Needs::Lock,
        };
        let all = [
            (self.size.map(Bound::Size)).map(|it| limit("size", "the size budget", it, of_size)),
            (self.size_growth.map(Bound::Percent)).map(|it| {
                limit(
                    "size-growth",
                    "the budget `size-growth`",
                    it,
                    Needs::Baseline,
                )
            }),
            (self.frame.map(Bound::Frame))
                .map(|it| limit("frame", "the budget `frame`", it, Needs::Nothing)),
            (self.frame_growth.map(Bound::Growth))
                .map(|it| limit("frame-growth", "the budget `frame-growth`", it, Needs::Lock)),
        ];
        all.into_iter().flatten().collect()
    }
}

impl Bound {
    /// Whether it allows more than the one before. Limits of two kinds cannot be compared: that the kind changed is said.
    pub(crate) fn is_looser(self, before: Self) -> bool {
        match (before, self) {
            (Self::Size(a), Self::Size(b)) => is_looser(a, b),
            (Self::Percent(a), Self::Percent(b)) => b > a,
            (Self::Frame(a), Self::Frame(b)) => b.0 > a.0,
            (Self::Growth(Growth::Share(a)), Self::Growth(Growth::Share(b))) => b > a,
            (Self::Growth(Growth::Bytes(a)), Self::Growth(Growth::Bytes(b))) => b > a,
            _ => true,
        }
    }
}

fn is_looser(before: SizeLimit, now: SizeLimit) -> bool {
    match (before, now) {
        (SizeLimit::Bytes(a), SizeLimit::Bytes(b)) => b > a,
        (SizeLimit::OverLock(a), SizeLimit::OverLock(b)) => b > a,
        (SizeLimit::Ratchet, SizeLimit::Ratchet) | (SizeLimit::OverLock(_), SizeLimit::Ratchet) => {
            false
        }
        _ => true,
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size(SizeLimit::Bytes(size)) => f.write_str(&human(size.0)),
            Self::Size(SizeLimit::OverLock(percent)) => write!(f, "{} % over the lock", percent.0),
            Self::Size(SizeLimit::Ratchet) => f.write_str("ratchet"),
            Self::Percent(percent) => write!(f, "{} %", percent.0),
            Self::Frame(limit) => f.write_str(&human(limit.0)),
            Self::Growth(growth) => write!(f, "{growth}"),
        }
    }
}

//! Finds the stack frames that are too large.

use std::collections::BTreeMap;

use super::frames::{FLOOR, Frame};
use crate::config::size::Growth;
use crate::order::Order;

/// What frames are held against.
#[derive(Debug, Clone, Copy, Default)]
pub struct Limits<'a> {
    /// The largest frame, in bytes, of functions that goroutines start in and that the profile inlined into.
    pub(crate) frame: Option<u64>,
    /// The largest growth.
    pub(crate) growth: Option<Growth>,
    /// What the lock accepts, of the same Go version; every frame from [`FLOOR`] on stands there.
    pub(crate) accepted: Option<&'a BTreeMap<String, u64>>,
    /// Frames of the build without the profile, where they were smaller.
    pub(crate) without_profile: Option<&'a BTreeMap<String, u64>>,
}

/// Why a frame is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Why {
    /// It is over the limit.
    Limit,
    /// It is larger than the lock says.
    Lock,
    /// It is larger than without the profile.
    Profile,
}

/// A frame that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Over<'a> {
    /// The function, with its frame.
    pub(crate) frame: &'a Frame,
    /// Why it is too large.
    pub(crate) why: Why,
    /// The most it may be.
    pub(crate) limit: u64,
    /// What it was: in the lock, or without the profile.
    pub(crate) before: Option<u64>,
}

/// The frames that are too large: those that goroutines start in first, then by size.
pub(crate) fn over<'a>(frames: &'a [Frame], limits: &Limits<'_>) -> Vec<Over<'a>> {
    let own = frames.iter().filter(|frame| frame.is_own());
    let mut found: Vec<Over<'a>> = own.filter_map(|frame| judge(frame, limits)).collect();
    found.order_by_key(|it| {
        (
            it.frame.start.is_none(),
            it.frame.start,
            std::cmp::Reverse(it.frame.bytes),
        )
    });
    found
}

fn judge<'a>(frame: &'a Frame, limits: &Limits<'_>) -> Option<Over<'a>> {
    let accepted = limits
        .accepted
        .and_then(|accepted| accepted.get(&frame.function))
        .copied();
    let found = |why, limit, before| Over {
        frame,
        why,
        limit,
        before,
    };
    // A hot call may have been inlined without the profile, too: where that build is known, it shows that.
    let innocent =
        |all: &BTreeMap<String, u64>| frame.start.is_none() && !all.contains_key(&frame.function);
    let is_kept = frame.is_kept() && !limits.without_profile.is_some_and(innocent);
    if let Some(limit) = limits.frame.filter(|_| is_kept)
        && frame.bytes > limit.max(accepted.unwrap_or(0))
    {
        return Some(found(Why::Limit, limit, accepted));
    }
    let growth = limits.growth?;
    if limits.accepted.is_some() {
        let before = accepted.unwrap_or(u64::from(FLOOR));
        let limit = growth.from(before);
        if frame.bytes > limit {
            return Some(found(Why::Lock, limit, accepted));
        }
    }
    let before = *limits.without_profile?.get(&frame.function)?;
    let accepted = accepted.map_or(0, |accepted| growth.from(accepted));
    let limit = growth.from(before).max(accepted);
    (frame.bytes > limit).then(|| found(Why::Profile, limit, Some(before)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::frames::Start;
    use crate::config::size::Percent;

    fn frame(function: &str, bytes: u64, start: Option<Start>) -> Frame {
        Frame {
            function: function.into(),
            package: "p".into(),
            standard: function.starts_with("net/"),
            bytes,
            start,
            hot: Vec::new(),
        }
    }

    fn check(limits: &Limits<'_>) -> String {
        let frames = [
            frame("p.large", 20_000, Some(Start::Perhaps)),
            frame("p.leaf", 30_000, None),
            frame("net/http.large", 18_000, None),
            frame("p.loop", 9_000, Some(Start::Named)),
            frame("p.small", 2_000, None),
        ];
        let shown = |it: &Over<'_>| format!("{} {:?} {}", it.frame.function, it.why, it.limit);
        let found: Vec<String> = over(&frames, limits).iter().map(shown).collect();
        found.join(", ")
    }

    #[test]
    fn a_limit_holds_for_all_but_what_was_accepted() {
        let mut limits = Limits {
            frame: Some(8192),
            ..Limits::default()
        };
        assert_eq!(check(&limits), "p.loop Limit 8192, p.large Limit 8192");
        let accepted =
            BTreeMap::from([("p.large".to_owned(), 20_000), ("p.loop".to_owned(), 8_900)]);
        limits.accepted = Some(&accepted);
        assert_eq!(check(&limits), "p.loop Limit 8192");
    }

    #[test]
    fn a_frame_that_is_as_large_without_the_profile_is_not_its_doing() {
        let mut inlined = frame("p.table", 20_000, None);
        inlined.hot.push(crate::binary::InlinedCall {
            caller: "p.table".into(),
            callee: "p.small".into(),
            offset: 1,
        });
        let frames = [inlined];
        let limits = |without_profile| Limits {
            frame: Some(8192),
            without_profile,
            ..Limits::default()
        };
        assert_eq!(over(&frames, &limits(None)).len(), 1);
        let same = BTreeMap::new();
        assert_eq!(over(&frames, &limits(Some(&same))).len(), 0);
        let smaller = BTreeMap::from([("p.table".to_owned(), 100)]);
        assert_eq!(over(&frames, &limits(Some(&smaller))).len(), 1);
    }

    #[test]
    fn growth_is_over_the_lock_and_over_the_build_without_the_profile() {
        let accepted = BTreeMap::from([
            ("p.large".to_owned(), 19_000),
            ("p.leaf".to_owned(), 30_000),
            ("p.loop".to_owned(), 4_000),
        ]);
        let without = BTreeMap::from([("p.large".to_owned(), 500), ("p.loop".to_owned(), 500)]);
        let mut limits = Limits {
            growth: Some(Growth::Share(Percent(10.0))),
            accepted: Some(&accepted),
            ..Limits::default()
        };
        assert_eq!(check(&limits), "p.loop Lock 4400, p.small Lock 1126");
        limits = Limits {
            growth: Some(Growth::Bytes(crate::config::size::Size(1000))),
            without_profile: Some(&without),
            ..Limits::default()
        };
        assert_eq!(check(&limits), "p.loop Profile 1500, p.large Profile 1500");
        limits.accepted = Some(&accepted);
        assert_eq!(check(&limits), "p.loop Lock 5000");
    }
}

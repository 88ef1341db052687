//! Compares an executable with the same one built without the profile: reports what the profile changed in it.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::frames;
use crate::binary::{self, Anatomy};
use crate::order::{Order, Ordered};
use crate::profile::{Edge, Edges};

/// What the profile did to one executable.
#[derive(Debug, Clone)]
pub(crate) struct Effect {
    /// Bytes of the executable without the profile.
    pub(crate) size_without: u64,
    /// Bytes of code with it, and without.
    pub(crate) code: (u64, u64),
    /// Machine code by package: path, with, without. Only packages that differ, the most first. Data is left out: what
    /// packages share may have another owner on either side.
    pub(crate) packages: Vec<(String, u64, u64)>,
    /// Calls that the profile has among its hot ones.
    pub(crate) hot: Share,
    /// The hot calls that are inlined without the profile.
    pub(crate) hot_without: Share,
    /// The hot calls that are inlined with the profile.
    pub(crate) hot_with: Share,
    /// Hot calls that are inlined with the profile only, the heaviest first.
    pub(crate) inlined: Vec<Edge>,
    /// Frames without the profile of functions whose frame is larger with it.
    pub(crate) grown: BTreeMap<String, u64>,
}

/// Some calls of the profile.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Share {
    /// The number of calls.
    pub(crate) calls: u64,
    /// Percent of the weight of all calls.
    pub percent: f64,
}

/// Go calls the heaviest calls up to this percentage of the weight hot.
const HOT: f64 = 99.0;

/// Compares both builds. `None` where one of the files cannot be read, or does not show what was inlined (wasm).
pub(crate) fn effect(with: &[u8], without: &[u8], calls: &Edges) -> Option<Effect> {
    let (new, old) = (binary::anatomy(with).ok()?, binary::anatomy(without).ok()?);
    let hot = calls.hot(HOT);
    let (inlined_with, inlined_without) = (inlined(with, hot)?, inlined(without, hot)?);
    let share = |edges: &mut dyn Iterator<Item = &Edge>| {
        let mut share = Share::default();
        let mut weight = 0i64;
        for it in edges {
            share.calls += 1;
            weight = weight.saturating_add(it.weight);
        }
        share.percent = weight as f64 / calls.total.max(1) as f64 * 100.0;
        share
    };
    let at = |set: &BTreeSet<usize>| share(&mut set.iter().filter_map(|it| hot.get(*it)));
    let gained = inlined_with.difference(&inlined_without);
    Some(Effect {
        size_without: without.len() as u64,
        code: (code(&new), code(&old)),
        packages: packages(&new, &old),
        hot: share(&mut hot.iter()),
        hot_without: at(&inlined_without),
        hot_with: at(&inlined_with),
        inlined: gained.filter_map(|it| hot.get(*it)).cloned().collect(),
        grown: frames::grown(&new, &old),
    })
}

fn code(anatomy: &Anatomy<'_>) -> u64 {
    anatomy
        .functions
        .iter()
        .map(|function| u64::from(function.size))
        .sum()
}

fn packages(new: &Anatomy<'_>, old: &Anatomy<'_>) -> Vec<(String, u64, u64)> {
    let mut sizes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for it in &new.packages {
        sizes.entry(&it.path).or_default().0 += it.code();
    }
    for it in &old.packages {
        sizes.entry(&it.path).or_default().1 += it.code();
    }
    let mut changed: Vec<(String, u64, u64)> = sizes
        .into_iter()
        .filter(|(_, (with, without))| with != without)
        .map(|(path, (with, without))| (path.to_owned(), with, without))
        .collect();
    changed.order_by_key(|(_, with, without)| std::cmp::Reverse(with.abs_diff(*without)));
    changed
}

/// Which of the calls are inlined somewhere in the executable, by their places in the list; `None` where nothing at all is,
/// which no Go program does: the file does not show it.
fn inlined(bytes: &[u8], hot: &[Edge]) -> Option<BTreeSet<usize>> {
    let known: std::collections::HashMap<(&str, &str, i64), usize> = hot
        .iter()
        .enumerate()
        .map(|(at, it)| ((it.caller.as_str(), it.callee.as_str(), it.offset), at))
        .collect();
    let mut found: HashSet<usize> = HashSet::new();
    let mut any = false;
    let visited = binary::inlined(
        bytes,
        |_| true,
        |_, it| {
            any = true;
            let key = (&*it.caller, &*it.callee, it.offset);
            found.extend(known.get(&key).copied());
        },
    );
    (visited.is_ok() && any).then(|| found.into_iter().ordered())
}

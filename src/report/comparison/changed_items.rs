//! Compares two lists of names and sizes, the largest change first.

use std::collections::HashMap;
use std::iter::repeat;

use serde::{Deserialize, Serialize};

use super::Item;
use crate::order::Order;

/// What changed, and how much was too small to list.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Changes {
    /// The largest change first. What is the same is left out, but for roles.
    pub(crate) list: Vec<Change>,
    /// How many changed by less than the floor.
    pub(crate) small: u64,
    /// The sum of those changes.
    pub(crate) small_change: i64,
    /// How many are the same.
    pub(crate) same: u64,
}

/// One that changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Change {
    /// The role, module, package or function.
    pub(crate) name: String,
    /// What became of it.
    pub(crate) state: State,
    /// Bytes before; `null` where it was not there.
    pub(crate) before: Option<u64>,
    /// Bytes after; `null` where it is gone.
    pub(crate) after: Option<u64>,
    /// The difference.
    pub(crate) change: i64,
    /// The version before, for modules.
    pub(crate) version_before: Option<String>,
    /// The version after.
    pub(crate) version_after: Option<String>,
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    /// It was not there before.
    New,
    /// It is not there any more.
    Gone,
    /// It is larger.
    Grown,
    /// It is smaller.
    Shrunk,
    /// It has the same size.
    Same,
}

/// Compares by name; several of one name count together. A floor of 0 lists what is the same too, in the order of the
/// first list.
pub(crate) fn changes(before: &[Item], after: &[Item], floor: u64) -> Changes {
    let mut out = Changes::default();
    for both in sums(before, after) {
        // An executable has a hundred thousand functions, of which most are the same.
        if floor > 0 && both.is_same() {
            out.same += 1;
            continue;
        }
        let change = change(both.name, both.old.as_ref(), both.new.as_ref());
        let size = change.change.unsigned_abs();
        if floor == 0 || size >= floor {
            out.list.push(change);
        } else {
            out.small += 1;
            out.small_change += change.change;
        }
    }
    if floor > 0 {
        out.list.order_by(|a, b| {
            let size = |change: &Change| change.change.unsigned_abs();
            size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
        });
    }
    out
}

type Sum<'a> = (u64, Option<&'a String>);

/// What both sides have of one name.
struct Both<'a> {
    name: &'a str,
    old: Option<Sum<'a>>,
    new: Option<Sum<'a>>,
}

impl Both<'_> {
    fn is_same(&self) -> bool {
        let pair = self.old.zip(self.new);
        pair.is_some_and(|(old, new)| old.0 == new.0)
    }
}

/// One for each name, in the order in which they are met.
fn sums<'a>(before: &'a [Item], after: &'a [Item]) -> Vec<Both<'a>> {
    let most = before.len().max(after.len());
    // Whoever made the files chose the names: no hash that can be foreseen.
    let mut places = HashMap::with_capacity(most);
    let mut all: Vec<Both<'a>> = Vec::with_capacity(most);
    let (old, new) = (
        before.iter().zip(repeat(false)),
        after.iter().zip(repeat(true)),
    );
    for (it, is_new) in old.chain(new) {
        let name = it.name.as_str();
        let place = *places.entry(name).or_insert(all.len());
        if place == all.len() {
            let (old, new) = (None, None);
            all.push(Both { name, old, new });
        }
        let side = match is_new {
            true => &mut all[place].new,
            false => &mut all[place].old,
        };
        side.get_or_insert((0, it.version.as_ref())).0 += it.bytes;
    }
    all
}

fn change(name: &str, old: Option<&Sum<'_>>, new: Option<&Sum<'_>>) -> Change {
    let bytes = |sum: Option<&Sum<'_>>| sum.map(|sum| sum.0);
    let (before, after) = (bytes(old), bytes(new));
    let signed = |bytes: Option<u64>| i64::try_from(bytes.unwrap_or(0)).unwrap_or(i64::MAX);
    let version = |sum: Option<&Sum<'_>>| sum.and_then(|sum| sum.1.cloned());
    Change {
        name: name.to_owned(),
        state: match (before, after) {
            (None, _) => State::New,
            (_, None) => State::Gone,
            (Some(old), Some(new)) if new > old => State::Grown,
            (Some(old), Some(new)) if new < old => State::Shrunk,
            _ => State::Same,
        },
        before,
        after,
        change: signed(after) - signed(before),
        version_before: version(old),
        version_after: version(new),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(name: &str, bytes: u64) -> Item {
        Item {
            name: name.into(),
            version: None,
            bytes,
        }
    }

    #[test]
    fn noise_is_summed_up_and_the_largest_change_stands_first() {
        let before = [
            item("a", 100),
            item("b", 5000),
            item("c", 10),
            item("same", 7),
            item("twice", 1),
        ];
        let after = [
            item("a", 110),
            item("b", 4000),
            item("d", 9000),
            item("same", 7),
            item("twice", 0),
            item("twice", 900),
        ];
        let changes = changes(&before, &after, 64);
        let list: Vec<_> = changes
            .list
            .iter()
            .map(|change| (change.name.as_str(), change.state, change.change))
            .collect();
        assert_eq!(
            list,
            [
                ("d", State::New, 9000),
                ("b", State::Shrunk, -1000),
                ("twice", State::Grown, 899)
            ]
        );
        assert_eq!(
            (changes.small, changes.small_change, changes.same),
            (2, 0, 1)
        );
    }
}

//! Compares two lists of sites, with the text of their lines: finds what is new and what is gone. A site that was
//! there before is never new.
//!
//! Sites of one function with the same expression differ only in their ordinal, and a new one above the others shifts
//! theirs. So they are compared as a group: as many as were there before are known, and the text of their lines shows
//! which. Where it does not, what is new is one of several, and all of them are named.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::class::Class;
use super::identity::{Identity, diff};

/// A site that is compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The name of the site.
    pub identity: Identity,
    /// What stands for the text of its line; `None` where that is not known.
    pub line: Option<String>,
}

/// A site that is new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Added {
    /// Which of the new list; where `among` is not empty, any of those.
    pub index: usize,
    /// Its identity beside the old ones: an ordinal that none of them has.
    pub identity: Identity,
    /// The sites that may be the new one, where it is not known which; by position.
    pub among: Vec<usize>,
}

/// How two lists differ.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// What is new.
    pub new: Vec<Added>,
    /// What is gone, by its index in the old list.
    pub fixed: Vec<usize>,
    /// How many sites follow a function that was renamed.
    pub moved: usize,
}

/// A package, a function, a class and an expression.
type Key<'a> = (&'a str, &'a str, Class, &'a str);

/// Compares two lists. The new one is in the order of the source.
pub fn compare(old: &[Listed], new: &[Listed]) -> Compared {
    let names = |all: &[Listed]| -> Vec<Identity> {
        all.iter().map(|listed| listed.identity.clone()).collect()
    };
    let diff = diff(&names(old), &names(new));
    let (old_moved, new_moved): (HashSet<usize>, HashSet<usize>) =
        diff.moved.iter().copied().unzip();
    let mut groups: BTreeMap<Key<'_>, (Vec<usize>, Vec<usize>)> = BTreeMap::new();
    for index in (0..old.len()).filter(|index| !old_moved.contains(index)) {
        groups.entry(key(&old[index])).or_default().0.push(index);
    }
    for index in (0..new.len()).filter(|index| !new_moved.contains(index)) {
        groups.entry(key(&new[index])).or_default().1.push(index);
    }
    let mut compared = Compared {
        moved: diff.moved.len(),
        ..Compared::default()
    };
    for (before, after) in groups.values() {
        if after.len() > before.len() {
            compared.new.extend(added(before, after, old, new));
        } else {
            compared.fixed.extend(gone(before, after, old, new));
        }
    }
    compared.new.sort_by_key(|added| added.index);
    compared.fixed.sort_unstable();
    compared
}

fn key(it: &Listed) -> Key<'_> {
    let it = &it.identity;
    (&it.package, &it.function, it.class, &it.expression)
}

/// How often each line stands in a list.
fn lines<'a>(all: &'a [Listed], of: &[usize]) -> HashMap<Option<&'a str>, usize> {
    let mut counts = HashMap::new();
    for index in of {
        *counts.entry(all[*index].line.as_deref()).or_default() += 1;
    }
    counts
}

fn added(before: &[usize], after: &[usize], old: &[Listed], new: &[Listed]) -> Vec<Added> {
    let more = after.len() - before.len();
    let known = lines(old, before);
    let here = lines(new, after);
    // Without its text, a line is like no other.
    let surplus = |line: Option<&str>| {
        let had = line.and_then(|line| known.get(&Some(line))).copied();
        here[&line].saturating_sub(had.unwrap_or(0))
    };
    let may_be = |index: &usize| surplus(new[*index].line.as_deref()) > 0;
    let candidates: Vec<usize> = after.iter().copied().filter(may_be).collect();
    let sum: usize = here.keys().map(|key| surplus(*key)).sum();
    let mut found: Vec<(usize, Vec<usize>)> = if candidates.len() == more {
        let alone = |candidate: &usize| (*candidate, Vec::new());
        candidates.iter().map(alone).collect()
    } else if sum == more {
        by_text(&candidates, new, surplus)
    } else {
        let last = candidates.iter().rev().take(more);
        last.map(|last| (*last, candidates.clone())).collect()
    };
    found.sort_by_key(|entry| entry.0);
    let taken = before.iter().map(|index| old[*index].identity.ordinal);
    let taken: HashSet<u32> = taken.collect();
    let free = (1..).filter(|ordinal| !taken.contains(ordinal));
    let numbered = found.into_iter().zip(free);
    let added = |((index, among), ordinal): ((usize, Vec<usize>), u32)| Added {
        index,
        identity: Identity {
            ordinal,
            ..new[index].identity.clone()
        },
        among,
    };
    numbered.map(added).collect()
}

/// The new ones where each text shows how many of its lines are new, with those among which they are.
fn by_text(
    candidates: &[usize],
    new: &[Listed],
    surplus: impl Fn(Option<&str>) -> usize,
) -> Vec<(usize, Vec<usize>)> {
    let mut found = Vec::new();
    let mut done = HashSet::new();
    for candidate in candidates {
        let line = new[*candidate].line.as_deref();
        if !done.insert(line) {
            continue;
        }
        let same = |other: &usize| new[*other].line.as_deref() == line;
        let same: Vec<usize> = candidates.iter().copied().filter(same).collect();
        let count = surplus(line);
        let among = match count == same.len() {
            true => Vec::new(),
            false => same.clone(),
        };
        let last = same.iter().rev().take(count);
        found.extend(last.map(|index| (*index, among.clone())));
    }
    found
}

/// The sites of the old list whose line is gone, and the last ones where that is true of none.
fn gone(before: &[usize], after: &[usize], old: &[Listed], new: &[Listed]) -> Vec<usize> {
    let less = before.len() - after.len();
    let mut here = lines(new, after);
    let mut absent = Vec::new();
    let mut present = Vec::new();
    for index in before {
        let line = old[*index].line.as_deref();
        match here
            .get_mut(&line)
            .filter(|index| line.is_some() && **index > 0)
        {
            Some(count) => {
                *count -= 1;
                present.push(*index);
            }
            None => absent.push(*index),
        }
    }
    let turn = |index: &usize| std::cmp::Reverse(old[*index].identity.ordinal);
    absent.sort_by_key(turn);
    present.sort_by_key(turn);
    absent.into_iter().chain(present).take(less).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A site for each word: its line.
    fn list(lines: &str) -> Vec<Listed> {
        let mut ordinal = 0;
        let mut site = |line: &str| {
            ordinal += 1;
            Listed {
                identity: Identity {
                    package: "m".into(),
                    function: "f".into(),
                    class: Class::Boxing,
                    expression: "err".into(),
                    ordinal,
                },
                line: (line != "?").then(|| line.to_owned()),
            }
        };
        lines.split_whitespace().map(&mut site).collect()
    }

    fn check(before: &str, after: &str) -> String {
        let (old, new) = (list(before), list(after));
        let found = compare(&old, &new);
        let words: Vec<&str> = after.split_whitespace().collect();
        let added = found.new.iter().map(|site| {
            let at = |index: usize| format!("{}@{index}", words[index]);
            match site.among.as_slice() {
                [] => format!("{} is new as #{}", at(site.index), site.identity.ordinal),
                among => {
                    let among: Vec<String> = among.iter().map(|site| at(*site)).collect();
                    format!(
                        "one of {} is new as #{}",
                        among.join(" "),
                        site.identity.ordinal
                    )
                }
            }
        });
        let fixed = found.fixed.iter().map(|it| format!("#{} is gone", it + 1));
        added.chain(fixed).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_line_that_was_added_is_named() {
        insta::assert_snapshot!(check("error", "info error"), @"info@0 is new as #2");
        insta::assert_snapshot!(check("a b c", "a x b c"), @"x@1 is new as #4");
        insta::assert_snapshot!(check("a b", "x a y b"), @"x@0 is new as #3; y@2 is new as #4");
        insta::assert_snapshot!(check("", "a b"), @"a@0 is new as #1; b@1 is new as #2");
        insta::assert_snapshot!(check("a", "a"), @"");
        insta::assert_snapshot!(check("a b", "b a"), @"");
        insta::assert_snapshot!(check("a b c", "a c"), @"#2 is gone");
    }

    #[test]
    fn an_edited_line_is_no_new_site() {
        insta::assert_snapshot!(check("a b", "a b2"), @"");
        insta::assert_snapshot!(check("a b", "a2 b2"), @"");
    }

    #[test]
    fn what_cannot_be_told_is_one_of_several() {
        insta::assert_snapshot!(check("a", "a a"), @"one of a@0 a@1 is new as #2");
        insta::assert_snapshot!(check("a b", "a x b2"), @"one of x@1 b2@2 is new as #3");
        insta::assert_snapshot!(check("? ?", "a b c"), @"one of a@0 b@1 c@2 is new as #3");
        insta::assert_snapshot!(check("a a", "a b a a b"), @"b@1 is new as #3; one of a@0 a@2 a@3 is new as #4; b@4 is new as #5");
    }
}

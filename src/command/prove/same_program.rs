//! Compares programs: whether anything that is run differs between them.

use std::collections::{BTreeMap, HashSet};
use std::path::Path;

use super::programs::Program;
use super::wish::BIN;
use crate::binary;
use crate::input;
use crate::number::{counted_of, grouped};
use crate::profile;

/// A larger profile is none.
const LARGEST: u64 = 1 << 30;

/// What is known before anything is run.
#[derive(Debug, PartialEq, Eq)]
pub enum Known {
    /// All that is loaded is the same, but for build IDs; or all code is but for addresses, and a sentence that says so.
    Equal(Option<String>),
    /// Nothing that the profile has seen differs, and the sentence that says so.
    HotEqual(String),
    /// Something differs, or nobody knows; a sentence where there is one.
    Differs(Option<String>),
}

/// Compares all of them with the first. `is_profile`: they differ by the profile alone, so that their data are the same.
pub fn known(programs: &[Program], is_profile: bool) -> Known {
    let Some((first, others)) = programs.split_first() else {
        return Known::Differs(None);
    };
    if others
        .iter()
        .all(|other| is_equal(&first.files[0], &other.files[0]))
    {
        return Known::Equal(None);
    }
    match others {
        [other] if is_profile => by_function(first, other).unwrap_or(Known::Differs(None)),
        _ => Known::Differs(None),
    }
}

fn is_equal(first: &Path, other: &Path) -> bool {
    let (Ok(first), Ok(other)) = (binary::open(first), binary::open(other)) else {
        return false;
    };
    binary::compare_loaded(&first, &other).is_ok_and(|difference| difference.identical)
}

/// Whether the profile of one of them, or a part of it, was collected from this workload; benchmarks have none.
pub fn trained(programs: &[Program], workload: &[String]) -> bool {
    let read = |file: &Path| profile::read(&input::read(file, LARGEST).ok()?).ok();
    let is_trained = |program: &Program| {
        let Some(profile) = program.profile_file.as_deref().and_then(read) else {
            return false;
        };
        let file = program.plain.file_name();
        let file = file.unwrap_or_default().to_string_lossy();
        let package = program.package.as_deref().unwrap_or_default();
        profile::trained::is_from(&profile, workload, BIN, &[&file, package])
    };
    !workload.is_empty() && programs.iter().any(is_trained)
}

/// Compares by function; `None` where a comparison is not possible.
fn by_function(first: &Program, other: &Program) -> Option<Known> {
    let bodies = |program: &Program| {
        let bytes = binary::open(&program.files[0]).ok()?;
        binary::bodies(&bytes).ok()?
    };
    let (old, new) = (bodies(first)?, bodies(other)?);
    judged(&old, &new, || seen(other.profile_file.as_deref()?))
}

/// Functions by name with the digest of their code, addresses aside.
type Bodies = BTreeMap<String, [u8; 32]>;

/// `seen`: the functions of the profile, asked for where any code differs.
fn judged(
    old: &Bodies,
    new: &Bodies,
    seen: impl FnOnce() -> Option<HashSet<String>>,
) -> Option<Known> {
    let changed = changed(old, new);
    if changed.is_empty() {
        let all = counted_of(new.len(), "function");
        let words = format!("the code of all {all} is the same, but for addresses");
        return Some(Known::Equal(Some(words)));
    }
    let all = grouped(new.len() as u64);
    let seen = seen()?;
    let hot = changed.iter().filter(|name| seen.contains(**name)).count();
    let count = counted_of(changed.len(), "function");
    Some(match hot {
        0 => Known::HotEqual(format!(
            "the code of {count} of {all} differs, and the profile has seen none of them run"
        )),
        hot => Known::Differs(Some(format!(
            "the code of {count} of {all} differs; {} of them stand in the profile",
            grouped(hot as u64)
        ))),
    })
}

/// The functions whose code differs, or that only one side has.
fn changed<'a>(old: &'a Bodies, new: &'a Bodies) -> Vec<&'a str> {
    let alone = old.keys().filter(|name| !new.contains_key(*name));
    let others = new
        .iter()
        .filter(|(name, body)| old.get(*name) != Some(*body));
    let others = others.map(|(name, _)| name);
    others.chain(alone).map(String::as_str).collect()
}

/// Every function of a profile, wherever it stands in a stack.
fn seen(file: &Path) -> Option<HashSet<String>> {
    let bytes = input::read(file, LARGEST).ok()?;
    let profile = profile::read(&bytes).ok()?;
    let mut seen = HashSet::new();
    for sample in &profile.raw().sample {
        seen.extend(
            profile
                .frames(sample)
                .map(|frame| frame.name().into_owned()),
        );
    }
    Some(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_that_the_profile_has_seen_is_worth_runs() {
        let bodies = |all: &[(&str, u8)]| -> Bodies {
            let body = |(name, code): &(&str, u8)| ((*name).to_owned(), [*code; 32]);
            all.iter().map(body).collect()
        };
        let old = bodies(&[("main.hot", 1), ("main.cold", 2), ("main.gone", 3)]);
        let seen = || {
            Some(HashSet::from([
                "main.hot".to_owned(),
                "runtime.mallocgc".to_owned(),
            ]))
        };
        let equal = judged(&old, &old, || panic!("no profile is asked for")).unwrap();
        let Known::Equal(Some(words)) = equal else {
            panic!("{equal:?}");
        };
        assert_eq!(
            words,
            "the code of all 3 functions is the same, but for addresses"
        );
        // Another body, one that came and one that went: none of them has run.
        let cold = bodies(&[("main.hot", 1), ("main.cold", 9), ("main.new", 4)]);
        let found = judged(&old, &cold, seen).unwrap();
        let Known::HotEqual(words) = found else {
            panic!("{found:?}");
        };
        assert!(
            words.starts_with("the code of 3 functions of 3 differs"),
            "{words}"
        );
        let hot = bodies(&[("main.hot", 8), ("main.cold", 2), ("main.gone", 3)]);
        let found = judged(&old, &hot, seen).unwrap();
        assert!(matches!(found, Known::Differs(Some(_))), "{found:?}");
        // A profile that cannot be read says nothing of what is hot.
        assert_eq!(judged(&old, &cold, || None), None);
    }
}

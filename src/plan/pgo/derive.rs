//! Merges the user's profiles into the one that go gets in their place, without calls that must not be inlined.
//!
//! The bytes depend on the contents alone, and the file is named by them: the same profiles are the same `-pgo=` in
//! every run, so the build cache holds, and the file name in the build information of a `-trimpath` build never
//! changes.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::number::hex;
use crate::profile::{self, Edge, Input, Keep, Normalize, Profile};

/// What a list of profiles is called in the build information.
pub(crate) const MERGED: &str = "merged.pgo";

/// A profile that is not a file of the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Derived {
    /// Where go finds it, below the build cache.
    pub(crate) path: PathBuf,
    /// The file.
    pub(crate) bytes: Arc<Vec<u8>>,
    /// The calls that the compiler does not see.
    pub(crate) hidden: Vec<Edge>,
}

/// One file and how much it counts.
pub(crate) struct Weighed<'a> {
    /// The file as it was read.
    pub(crate) bytes: &'a [u8],
    /// Beside the others.
    pub(crate) weight: f64,
}

/// Merges, and hides the calls for which `hide` holds. `name` is the file's name, `cache` go's build cache.
///
/// Fails with [`Kind::Usage`] for profiles that measure different things.
pub(crate) fn derive(
    parts: &[Weighed<'_>],
    hide: impl Fn(&Edge) -> bool,
    name: &str,
    cache: &Path,
) -> Result<Derived> {
    let broken = |error: &dyn std::fmt::Display| Error::new(Kind::Usage, error.to_string());
    let read = |part: &Weighed<'_>| profile::read(part.bytes).map_err(|error| broken(&error));
    let profiles = parts.iter().map(read).collect::<Result<Vec<_>>>()?;
    let mut whole = whole(&profiles, parts)?;
    let seen = calls(&whole);
    let hidden: Vec<Edge> = seen.into_iter().filter(hide).collect();
    if !hidden.is_empty() {
        whole = without(&whole, &hidden).map_err(|error| broken(&error))?;
    }
    // What cannot be made slim (negative values) stays whole.
    let bytes = match profile::slim(&whole, Keep::Calls) {
        Ok(slim) => slim.bytes,
        Err(_) => profile::encode(whole.raw()),
    };
    let digest = hex(&Sha256::digest(&bytes)[..8]);
    Ok(Derived {
        path: directory(cache).join(digest).join(name),
        bytes: Arc::new(bytes),
        hidden,
    })
}

/// All profiles as one.
fn whole(profiles: &[Profile], parts: &[Weighed<'_>]) -> Result<Profile> {
    let inputs: Vec<Input<'_>> = profiles
        .iter()
        .zip(parts)
        .map(|(profile, part)| Input {
            profile,
            weight: part.weight,
        })
        .collect();
    match inputs.as_slice() {
        [one] => Ok(one.profile.clone()),
        several => Ok(profile::merge(several, Normalize::Off)?),
    }
}

/// A profile without some of its calls.
fn without(whole: &Profile, hidden: &[Edge]) -> std::result::Result<Profile, profile::ReadError> {
    let key = |edge: &Edge| (edge.caller.clone(), edge.callee.clone(), edge.offset);
    let keys: HashSet<_> = hidden.iter().map(key).collect();
    let is_hidden = |caller: &str, callee: &str, offset: i64| {
        keys.contains(&(caller.to_owned(), callee.to_owned(), offset))
    };
    profile::without(whole, is_hidden)
}

/// Where derived profiles are kept: one directory per content.
pub(crate) fn directory(cache: &Path) -> PathBuf {
    cache.join("gobuild-opt").join("pgo")
}

fn calls(profile: &Profile) -> Vec<Edge> {
    let value = profile.pgo_value_index();
    value
        .map(|value| profile::edges(profile, value).edges)
        .unwrap_or_default()
}

/// Whether `callee`, a linker symbol, is the function that the user names: type arguments aside, dots in the last element
/// of an import path as people write them, and `main` also by the import path of the main package.
pub(crate) fn is_named(pattern: &str, callee: &str, mains: &[String]) -> bool {
    let plain = without_arguments(callee).replace("%2e", ".");
    plain == pattern
        || mains.iter().any(|main| {
            let inner = pattern.strip_prefix(main.as_str());
            inner.is_some_and(|inner| {
                inner.starts_with('.') && plain.strip_prefix("main") == Some(inner)
            })
        })
}

/// `slices.SortFunc[...]` -> `slices.SortFunc`, `p.(*T[...]).m` -> `p.(*T).m`.
pub(crate) fn without_arguments(name: &str) -> String {
    let mut depth = 0usize;
    let keep = |c: char| {
        match c {
            '[' => depth += 1,
            ']' => {
                depth = depth.saturating_sub(1);
                return false;
            }
            _ => {}
        }
        depth == 0
    };
    name.chars()
        .filter({
            let mut keep = keep;
            move |c| keep(*c)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_as_people_write_them() {
        let mains = ["example.com/app/cmd/api".to_owned()];
        for (pattern, callee, expected) in [
            ("example.com/a.F", "example.com/a.F", true),
            ("example.com/a.F", "example.com/a.F.func1", false),
            (
                "gopkg.in/yaml.v3.(*D).Get",
                "gopkg.in/yaml%2ev3.(*D).Get",
                true,
            ),
            (
                "slices.Sort",
                "slices.Sort[go.shape.[]int,go.shape.int]",
                true,
            ),
            ("a.(*T).m", "a.(*T[go.shape.int]).m", true),
            ("main.run", "main.run", true),
            ("example.com/app/cmd/api.run", "main.run", true),
            ("example.com/app/cmd/api.run", "main.runner", false),
        ] {
            assert_eq!(
                is_named(pattern, callee, &mains),
                expected,
                "{pattern} {callee}"
            );
        }
    }
}

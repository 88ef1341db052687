//! Finds the flags of the compiler that undo what a profile is for.

use super::build_flags::{self, BuildKind, Inputs};
use super::pgo::Undone;
use super::scope;
use crate::error::Result;
use crate::go::Package;
use crate::quote::per_package;

/// What the flags of a build take from its profile.
pub(crate) fn of(inputs: &Inputs<'_>, packages: &[Package]) -> Result<Option<Undone>> {
    let composed = build_flags::compose(inputs, BuildKind::Listed)?;
    Ok(undone(&build_flags::gcflags(inputs, &composed), packages))
}

/// What the values of `-gcflags`, in Go's order, take from the profile: of each package the last value counts that means it
/// (`PerPackageFlag.For`, cmd/go/internal/load/flag.go).
fn undone(values: &[String], packages: &[Package]) -> Option<Undone> {
    let read: Vec<_> = values
        .iter()
        .filter_map(|value| per_package(value).ok())
        .collect();
    let own = |package: &&Package| !package.standard;
    let mut flags: Vec<String> = Vec::new();
    let mut kept = false;
    for package in packages.iter().filter(own) {
        let mut values = read.iter().rev();
        let value = values.find(|entry| means(entry.pattern.as_deref(), package));
        let found = value.map_or(Vec::new(), |entry| against(&entry.flags));
        kept |= found.is_empty();
        for it in found {
            if !flags.contains(&it) {
                flags.push(it);
            }
        }
    }
    let whole = !kept;
    (!flags.is_empty()).then_some(Undone { flags, whole })
}

fn means(pattern: Option<&str>, package: &Package) -> bool {
    match pattern {
        None => !package.dep_only,
        Some(it) if it.starts_with('.') => {
            package.module.as_ref().is_some_and(|module| module.main)
        }
        Some(it) => scope::contains(&[it.to_owned()], &package.import_path),
    }
}

/// The flags that keep the compiler from what a profile is for (`cmd/compile/internal/{base,gc,inline/interleaved}`).
fn against(words: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    // A count: `-l -l` is 2, which inlines again.
    let mut inlining = 0u32;
    let mut index = 0;
    while let Some(word) = words.get(index) {
        index += 1;
        match name_and_value(word) {
            ("l", None | Some("true")) => inlining += 1,
            ("l", Some(it)) => inlining = it.parse().unwrap_or(inlining),
            ("N", None | Some("1" | "true")) | ("pgoprofile", Some(_)) => found.push(word.clone()),
            ("pgoprofile", None) => {
                found.push(format!("{word} {}", next(words, &mut index)));
            }
            ("d", value) => {
                let list = value.unwrap_or_else(|| next(words, &mut index));
                // Without its guesses of interface calls (`pgodevirtualize=0`) the profile still inlines.
                let off = list.split(',').filter(|part| *part == "pgoinline=0");
                found.extend(off.map(|text| format!("-d={text}")));
            }
            _ => {}
        }
    }
    if inlining == 1 {
        found.push("-l".into());
    }
    found
}

/// A flag of the compiler without its dashes, and what stands behind its `=`.
fn name_and_value(word: &str) -> (&str, Option<&str>) {
    let flag = word.strip_prefix("--").or_else(|| word.strip_prefix('-'));
    let flag = flag.unwrap_or_default();
    match flag.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (flag, None),
    }
}

/// The word behind a flag, which is its value.
fn next<'w>(words: &'w [String], index: &mut usize) -> &'w str {
    let word = words.get(*index).map(String::as_str);
    *index += 1;
    word.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(values: &[&str]) -> String {
        let package = |path: &str, dep_only: bool, standard: bool| Package {
            import_path: path.into(),
            dep_only,
            standard,
            ..Package::default()
        };
        let packages = [
            package("fmt", true, true),
            package("ex.com/m/lib", true, false),
            package("ex.com/m", false, false),
        ];
        let values: Vec<String> = values.iter().map(ToString::to_string).collect();
        match undone(&values, &packages) {
            Some(it) => format!(
                "{}{}",
                it.flags.join(" "),
                if it.whole { " (all)" } else { "" }
            ),
            None => "kept".into(),
        }
    }

    #[test]
    fn flags_that_take_the_effect_are_found_where_they_hold() {
        assert_eq!(check(&["-m"]), "kept");
        assert_eq!(check(&["all=-N -l"]), "-N -l (all)");
        assert_eq!(check(&["-N -l"]), "-N -l");
        assert_eq!(
            check(&["ex.com/m/...=-d=pgoinline=0"]),
            "-d=pgoinline=0 (all)"
        );
        assert_eq!(
            check(&["all=-d checkptr=0,pgoinline=0"]),
            "-d=pgoinline=0 (all)"
        );
        assert_eq!(check(&["all=-pgoprofile="]), "-pgoprofile= (all)");
        assert_eq!(check(&["all=-pgoprofile other"]), "-pgoprofile other (all)");
        assert_eq!(check(&["all=-d=pgodevirtualize=0"]), "kept");
        assert_eq!(check(&["all=-l", "all=-m"]), "kept");
        assert_eq!(check(&["all=-l -l"]), "kept");
        assert_eq!(check(&["all=-l=4"]), "kept");
        assert_eq!(check(&["std=-l"]), "kept");
    }
}

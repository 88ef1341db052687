//! Checks the architecture level of a target (GOAMD64 and its like): whether a Go can know it.
//!
//! Values are those of Go 1.27 (`internal/buildcfg/cfg.go`). A newer Go may have more of them: one
//! that goes on where the known ones end is left to it. Up to Go 1.27 it is refused here: go itself
//! builds GOAMD64=v9 and GOARM=9 as the default, and writes the value into the build information.

use super::minor_of;
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};

/// The levels of some architectures.
struct Levels {
    arches: &'static [&'static str],
    variable: &'static str,
    /// What a value begins with, the last known one at the end; none: it is a list of options.
    values: &'static [&'static str],
    /// What may follow, each behind a comma.
    options: &'static [&'static str],
}

const ALL: &[Levels] = &[
    Levels {
        arches: &["386"],
        variable: "GO386",
        values: &["sse2", "softfloat"],
        options: &[],
    },
    Levels {
        arches: &["amd64"],
        variable: "GOAMD64",
        values: &["v1", "v2", "v3", "v4"],
        options: &[],
    },
    Levels {
        arches: &["arm"],
        variable: "GOARM",
        values: &["5", "6", "7"],
        options: &["softfloat", "hardfloat"],
    },
    Levels {
        arches: &["arm64"],
        variable: "GOARM64",
        values: &[
            "v8.0", "v8.1", "v8.2", "v8.3", "v8.4", "v8.5", "v8.6", "v8.7", "v8.8", "v8.9", "v9.0",
            "v9.1", "v9.2", "v9.3", "v9.4", "v9.5",
        ],
        options: &["lse", "crypto"],
    },
    Levels {
        arches: &["mips", "mipsle"],
        variable: "GOMIPS",
        values: &["hardfloat", "softfloat"],
        options: &[],
    },
    Levels {
        arches: &["mips64", "mips64le"],
        variable: "GOMIPS64",
        values: &["hardfloat", "softfloat"],
        options: &[],
    },
    Levels {
        arches: &["ppc64", "ppc64le"],
        variable: "GOPPC64",
        values: &["power8", "power9", "power10"],
        options: &[],
    },
    Levels {
        arches: &["riscv64"],
        variable: "GORISCV64",
        values: &["rva20u64", "rva22u64", "rva23u64"],
        options: &[],
    },
    Levels {
        arches: &["wasm"],
        variable: "GOWASM",
        values: &[],
        options: &["satconv", "signext"],
    },
];

fn levels(goarch: &str) -> Option<&'static Levels> {
    ALL.iter().find(|levels| levels.arches.contains(&goarch))
}

/// The variable that sets the level, such as GOAMD64 for `amd64`.
pub(crate) fn variable(goarch: &str) -> Option<&'static str> {
    levels(goarch).map(|levels| levels.variable)
}

/// The newest Go whose values are known.
const NEWEST: (u32, u32) = (1, 27);

/// Fails with [`Kind::Usage`] for a level that no Go has, naming the nearest one; `version` is that of the toolchain, empty
/// where it is not known yet.
pub(crate) fn check(goarch: &str, level: &str, version: &str) -> Result<()> {
    let is_newer = minor_of(version).is_none_or(|it| it > NEWEST);
    let Some(levels) = levels(goarch) else {
        let message = format!("`{goarch}` has no level `{level}`");
        return Err(Error::new(Kind::Usage, message).hint("remove `level` from this target"));
    };
    let mut parts = level.split(',');
    if !levels.values.is_empty() {
        let value = parts.next().unwrap_or_default();
        let beyond = is_newer && is_beyond(value, levels.values);
        if !levels.values.contains(&value) && !beyond {
            return Err(wrong(goarch, level, levels, value, levels.values));
        }
    }
    for option in parts {
        let tomorrows = is_newer && may_be_an_option(option, levels.options);
        if !levels.options.contains(&option) && !tomorrows {
            return Err(wrong(goarch, level, levels, option, levels.options));
        }
    }
    Ok(())
}

/// Whether a word may be an option that a newer Go has: none where there is none today, nor one that is closer to one of today
/// than two of these are to each other.
fn may_be_an_option(option: &str, options: &[&str]) -> bool {
    let word = option.bytes().all(|byte| byte.is_ascii_alphanumeric());
    let near = |text: &&str| strsim::damerau_levenshtein(option, text) < 2;
    !options.is_empty() && !option.is_empty() && word && !options.iter().any(near)
}

fn wrong(goarch: &str, level: &str, levels: &Levels, part: &str, known: &[&'static str]) -> Error {
    let error = Error::new(
        Kind::Usage,
        format!("`{level}` is no level of `{goarch}` ({})", levels.variable),
    );
    let near = nearest(part, known.iter().copied());
    let near = near.map_or(String::new(), |near| format!("did you mean `{near}`? "));
    let options = match levels.options {
        [] => String::new(),
        _ if levels.values.is_empty() => levels.options.join(", "),
        some => format!(", and behind it ,{}", some.join(" or ,")),
    };
    let values = match levels.values {
        [first, .., last] if levels.values.len() > 6 => format!("{first} to {last}"),
        some => some.join(", "),
    };
    error.hint(format!("{near}values: {values}{options}"))
}

/// Whether a value has the form of the known ones, with a number above that of the last: `v5`, `power11`.
fn is_beyond(value: &str, known: &[&str]) -> bool {
    let Some(last) = known.last() else {
        return false;
    };
    let (shape, numbers) = numbers(value);
    let (known_shape, known_numbers) = self::numbers(last);
    !known_numbers.is_empty() && shape == known_shape && numbers > known_numbers
}

/// `rva#u#` and 23, 64 of `rva23u64`.
fn numbers(value: &str) -> (String, Vec<u64>) {
    let (mut shape, mut found) = (String::new(), Vec::new());
    let mut rest = value;
    while let Some(first) = rest.chars().next() {
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        let length = if digits > 0 {
            shape.push('#');
            found.push(rest[..digits].parse().unwrap_or(u64::MAX));
            digits
        } else {
            shape.push(first);
            first.len_utf8()
        };
        rest = &rest[length..];
    }
    (shape, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(goarch: &str, level: &str) -> String {
        said_by("go1.28.1", goarch, level)
    }

    fn said_by(version: &str, goarch: &str, level: &str) -> String {
        match check(goarch, level, version) {
            Ok(()) => "fine".into(),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn levels_of_today_and_tomorrow_are_taken() {
        for (goarch, levels) in [
            ("386", "sse2 softfloat"),
            ("amd64", "v1 v2 v3 v4 v5 v10"),
            ("arm", "5 6 7 7,hardfloat 5,softfloat 8"),
            (
                "arm64",
                "v8.0 v8.9,lse,crypto v9.5,crypto,lse v9.6 v10.0 v8.0,sve",
            ),
            ("mipsle", "hardfloat softfloat"),
            ("mips64", "hardfloat"),
            ("ppc64le", "power8 power9 power10 power11"),
            ("riscv64", "rva20u64 rva22u64 rva23u64 rva25u64"),
            ("wasm", "satconv signext satconv,signext simd"),
        ] {
            for level in levels.split(' ') {
                assert_eq!(said(goarch, level), "fine", "{goarch} {level}");
            }
        }
    }

    #[test]
    fn what_a_known_go_would_build_as_the_default_is_refused() {
        for (goarch, level) in [
            ("amd64", "v9"),
            ("arm", "9"),
            ("arm64", "v8.0,sve"),
            ("riscv64", "rva25u64"),
        ] {
            assert_ne!(
                said_by("go1.27.3", goarch, level),
                "fine",
                "{goarch} {level}"
            );
            for newer in ["", "go1.28rc1", "devel +abc"] {
                assert_eq!(said_by(newer, goarch, level), "fine", "{goarch} {level}");
            }
        }
        assert_eq!(said_by("go1.21.13", "amd64", "v4"), "fine");
        insta::assert_snapshot!(said_by("go1.27.3", "amd64", "v9"), @"`v9` is no level of `amd64` (GOAMD64); did you mean `v1`? values: v1, v2, v3, v4");
    }

    #[test]
    fn a_slip_is_told_with_the_nearest_value() {
        insta::assert_snapshot!(said("amd64", "V3"), @"`V3` is no level of `amd64` (GOAMD64); did you mean `v3`? values: v1, v2, v3, v4");
        insta::assert_snapshot!(said("amd64", "v0"), @"`v0` is no level of `amd64` (GOAMD64); did you mean `v1`? values: v1, v2, v3, v4");
        insta::assert_snapshot!(said("arm64", "v8.10"), @"`v8.10` is no level of `arm64` (GOARM64); did you mean `v8.0`? values: v8.0 to v9.5, and behind it ,lse or ,crypto");
        insta::assert_snapshot!(said("arm64", "v8.2,lsee"), @"`v8.2,lsee` is no level of `arm64` (GOARM64); did you mean `lse`? values: v8.0 to v9.5, and behind it ,lse or ,crypto");
        insta::assert_snapshot!(said("arm", "v7"), @"`v7` is no level of `arm` (GOARM); did you mean `7`? values: 5, 6, 7, and behind it ,softfloat or ,hardfloat");
        insta::assert_snapshot!(said("wasm", "satconf"), @"`satconf` is no level of `wasm` (GOWASM); did you mean `satconv`? values: satconv, signext");
        insta::assert_snapshot!(said("loong64", "v1"), @"`loong64` has no level `v1`; remove `level` from this target");
        for (goarch, level) in [
            ("amd64", ""),
            ("amd64", "v3,lse"),
            ("amd64", "v99999999999999999999999x"),
            ("arm", "4"),
            ("ppc64", "power7"),
            ("riscv64", "rva20u32"),
            ("mips", "soft"),
            ("arm64", "v8.0,"),
        ] {
            assert_ne!(said(goarch, level), "fine", "{goarch} {level}");
        }
    }
}

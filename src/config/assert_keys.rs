//! `[[assert]]`: what must hold of a function.

use serde::Deserialize;

use super::Config;
use super::size::Size;
use super::strict::nearest;
use crate::error::{Error, Kind, Result};

/// `[[assert]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
#[cfg_attr(test, schemars(extend("required" = ["function"])))]
pub(crate) struct Assertion {
    /// `example.com/app/lib.F`, `example.com/app/lib.(*T).M` or `example.com/app/lib.T.M`.
    pub(crate) function: String,
    /// Nothing in its body allocates on the heap.
    pub(crate) no_escape: bool,
    /// It can be inlined, and every call of it is.
    pub(crate) inlined: bool,
    /// The largest stack frame.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) max_frame: Option<Size>,
    /// No bounds check is left in its body.
    pub(crate) no_bounds_checks: bool,
    /// It exists on every target.
    pub(crate) must_exist: bool,
    /// The targets it is for: `linux/amd64`, `linux`, `*/arm64`; none: all.
    pub(crate) targets: Vec<String>,
    /// Why; shown where it fails.
    pub(crate) reason: Option<String>,
}

impl Assertion {
    /// Whether it is for a platform.
    pub(crate) fn is_for(&self, goos: &str, goarch: &str) -> bool {
        let part = |pattern: &str, value: &str| pattern == "*" || pattern == value;
        let holds = |text: &String| match text.split_once('/') {
            Some((os, arch)) => part(os, goos) && part(arch, goarch),
            None => part(text, goos),
        };
        self.targets.is_empty() || self.targets.iter().any(holds)
    }

    fn asks(&self) -> bool {
        let some = [
            self.no_escape,
            self.inlined,
            self.no_bounds_checks,
            self.must_exist,
        ];
        self.max_frame.is_some() || some.contains(&true)
    }
}

/// Fails with [`Kind::Usage`] for an assertion that could never fail.
pub(crate) fn check(config: &Config) -> Result<()> {
    config.assert.iter().try_for_each(sound)
}

/// That an assertion names a function, asks something of it, and that its targets are some.
fn sound(assertion: &Assertion) -> Result<()> {
    let wrong = |why: String, hint: &str| Err(Error::new(Kind::Usage, why).hint(hint));
    let function = &assertion.function;
    if function.is_empty() {
        return wrong(
            "an `[[assert]]` has no `function`".into(),
            "write function = \"example.com/app/lib.(*Box).Get\"",
        );
    }
    let name = function.rsplit('/').next().unwrap_or_default();
    if !name.contains('.') || name.ends_with('.') || function.contains(char::is_whitespace) {
        return wrong(
            format!("`{function}` in `[[assert]]` is no function"),
            "write the import path, a dot and the name: example.com/app/lib.(*Box).Get",
        );
    }
    if !assertion.asks() {
        return wrong(
            format!("the `[[assert]]` of `{function}` asserts nothing"),
            "give it no-escape, inlined, max-frame, no-bounds-checks or must-exist",
        );
    }
    let odd =
        |text: &&String| text.is_empty() || text.split('/').count() > 2 || text.ends_with('/');
    if let Some(target) = assertion.targets.iter().find(odd) {
        return wrong(
            format!("`{target}` in the `[[assert]]` of `{function}` is no target"),
            "write linux/amd64, linux or */arm64",
        );
    }
    let mut targets = assertion.targets.iter();
    targets.try_for_each(|target| known(target, function))
}

/// Fails for a `[[target]]` that no Go has.
pub(crate) fn check_target(target: &super::Target) -> Result<()> {
    let parts = [
        (&target.os, OS, "operating system"),
        (&target.arch, ARCH, "architecture"),
    ];
    for (part, all, what) in parts {
        if let Some(part) = part.as_deref().filter(|part| !all.contains(part)) {
            let message = format!("Go knows no {what} `{part}` (`[[target]]` or `--target`)");
            return Err(unknown(message, part, all));
        }
    }
    Ok(())
}

fn unknown(message: String, part: &str, all: &'static [&'static str]) -> Error {
    let error = Error::new(Kind::Usage, message);
    match nearest(part, all.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`go tool dist list` names the platforms"),
    }
}

/// Fails for a platform that no Go has: the assertion would never apply, and nobody would notice.
fn known(target: &str, function: &str) -> Result<()> {
    let (os, arch) = match target.split_once('/') {
        Some((os, arch)) => (os, Some(arch)),
        None => (target, None),
    };
    let parts = [
        (Some(os), OS, "operating system"),
        (arch, ARCH, "architecture"),
    ];
    for (part, all, what) in parts {
        let Some(part) = part.filter(|part| *part != "*" && !all.contains(part)) else {
            continue;
        };
        let message = format!(
            "`{target}` in the `[[assert]]` of `{function}` never applies: Go knows no {what} `{part}`"
        );
        return Err(unknown(message, part, all));
    }
    Ok(())
}

/// Every GOOS of the past, present and future (`internal/syslist`).
const OS: &[&str] = &[
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "wasip1",
    "windows",
    "zos",
];

/// Every GOARCH likewise.
const ARCH: &[&str] = &[
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "ppc64",
    "ppc64le",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
];

#[cfg(test)]
mod tests {
    use super::*;

    fn check_toml(text: &str) -> String {
        let config: Config = super::super::strict::parse(text, "gobuild-opt.toml").unwrap();
        match check(&config) {
            Ok(()) => "fine".into(),
            Err(error) => error.message,
        }
    }

    #[test]
    fn what_could_never_fail_is_an_error() {
        let one = |rest: &str| check_toml(&format!("[[assert]]\n{rest}"));
        insta::assert_snapshot!(one("function = \"a/b.F\"\nno-escape = true"), @"fine");
        insta::assert_snapshot!(one("function = \"a/b.(*T).M\"\nmax-frame = \"256 B\""), @"fine");
        insta::assert_snapshot!(one("no-escape = true"), @"an `[[assert]]` has no `function`");
        insta::assert_snapshot!(one("function = \"a/b\"\nno-escape = true"), @"`a/b` in `[[assert]]` is no function");
        insta::assert_snapshot!(one("function = \"a/b.F\"\nno-escape = false"), @"the `[[assert]]` of `a/b.F` asserts nothing");
        insta::assert_snapshot!(one("function = \"a/b.F\"\ninlined = true\ntargets = [\"a/b/c\"]"), @"`a/b/c` in the `[[assert]]` of `a/b.F` is no target");
    }

    #[test]
    fn a_platform_that_no_go_has_is_an_error() {
        let one = |target: &str| {
            check_toml(&format!(
                "[[assert]]\nfunction = \"a/b.F\"\ninlined = true\ntargets = [\"{target}\"]"
            ))
        };
        insta::assert_snapshot!(one("linux/amd46"), @"`linux/amd46` in the `[[assert]]` of `a/b.F` never applies: Go knows no architecture `amd46`");
        insta::assert_snapshot!(one("linus"), @"`linus` in the `[[assert]]` of `a/b.F` never applies: Go knows no operating system `linus`");
        for fine in ["*/arm64", "linux/*", "*", "wasip1/wasm", "darwin"] {
            assert_eq!(one(fine), "fine", "{fine}");
        }
    }

    #[test]
    fn targets_are_patterns() {
        let it = |targets: &[&str]| Assertion {
            targets: targets.iter().map(ToString::to_string).collect(),
            ..Assertion::default()
        };
        assert!(it(&[]).is_for("linux", "arm64"));
        assert!(it(&["linux"]).is_for("linux", "arm64"));
        assert!(it(&["windows", "*/arm64"]).is_for("linux", "arm64"));
        assert!(!it(&["linux/amd64"]).is_for("linux", "arm64"));
    }
}

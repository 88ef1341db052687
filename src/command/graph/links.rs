//! Reads from the command of a release which linker is asked for, and refuses kinds of link that are not covered.

use std::ffi::OsString;

use crate::error::{Error, Kind, Result};
use crate::linker::Program;
use crate::plan::exports::Exported;
use crate::plan::{Step, TargetPlan};
use crate::quote::per_package;
use crate::review::{Tool, flags_of};

/// Flags that change what the linker keeps in ways that are not covered, and the package that each of them brings in
/// without an import.
const INSTRUMENTED: [(&str, &str); 3] = [
    ("race", "runtime/race"),
    ("msan", "runtime/msan"),
    ("asan", "runtime/asan"),
];

fn not_covered<T>(what: &str) -> Result<T> {
    let message = format!("{what} links in a way that is not covered");
    Err(Error::new(Kind::Machine, message))
}

/// Whether the linker of the system is asked for, or Go's own. Fails for a kind of link whose elimination is not run.
pub(super) fn asked(target: &TargetPlan, release: &Step) -> Result<Option<bool>> {
    let facts = &target.facts;
    let args = release.invocation.args.iter();
    let args: Vec<&str> = args.filter_map(|arg| arg.to_str()).collect();
    let flags = flags_of(None, &args);
    let is_on = |value: &str| !matches!(value, "0" | "f" | "F" | "false" | "FALSE" | "False");
    let is_other = |(name, value): &&(String, String)| {
        let listed = name == "linkshared" || INSTRUMENTED.iter().any(|(flag, _)| flag == name);
        listed && is_on(value)
    };
    if let Some((name, _)) = flags.iter().find(is_other) {
        return not_covered(&format!("-{name}"));
    }
    let lists = flags.iter().filter(|(name, _)| name == "ldflags");
    let mode = linkmode(lists.map(|(_, value)| value.as_str()))?;
    let ambient = facts.ambient.iter();
    let ambient = ambient.map(|set| (set.name.as_str(), set.value.as_str(), set.from.as_str()));
    let external = match mode.as_deref() {
        Some("external") => Some(true),
        Some("internal") => Some(false),
        _ => preferred(&release.invocation.env, ambient),
    };
    let of_go = &facts.toolchain;
    let minor = of_go.minor().map_or(0, |(_, minor)| minor);
    match facts.asked.mode.as_str() {
        "" | "default" | "exe" => Ok(external),
        "pie" if external.is_some() || links_pie(&of_go.goos, &of_go.goarch, minor) => Ok(external),
        "pie" => Ok(Some(true)),
        other => not_covered(&format!("-buildmode={other}")),
    }
}

/// Fails where one of the packages is there for a kind of link that is not covered.
pub(super) fn covered(packages: &[Exported]) -> Result<()> {
    let has = |path: &str| packages.iter().any(|package| package.path == path);
    match INSTRUMENTED.iter().find(|(_, path)| has(path)) {
        Some((flag, path)) => not_covered(&format!("-{flag}, which brings in `{path}`,")),
        None => Ok(()),
    }
}

/// Fails where the elimination does not lead to `main.main`: its steps are not those of the linker on this platform.
pub(super) fn reaches_main(target: &TargetPlan, program: &Program<'_>) -> Result<()> {
    if program.reaches_main() {
        return Ok(());
    }
    let of_go = &target.facts.toolchain;
    let platform = format!("{}/{}", of_go.goos, of_go.goarch);
    not_covered(&format!(
        "no step of the linker leads to `main.main`: {platform}"
    ))
}

/// The `-linkmode` that counts in the values of `-ldflags`: the last, as for Go.
fn linkmode<'v>(lists: impl Iterator<Item = &'v str>) -> Result<Option<String>> {
    let mut found = None;
    for value in lists {
        let read = per_package(value).map_err(|why| Error::new(Kind::Usage, why))?;
        let flags = flags_of(Some(Tool::Link), &read.flags).into_iter().rev();
        let mut flags = flags.filter(|(name, _)| name == "linkmode");
        let mode = flags.next().map(|(_, value)| value);
        if read.is_general() {
            found = mode;
        } else if mode != found {
            return not_covered(&format!(
                "`-ldflags={value}` with a -linkmode for some packages"
            ));
        }
    }
    Ok(found)
}

/// What the environment of the linker says of who links: `own` stands over that of this process. What `go env -w` wrote does
/// not reach the linker.
fn preferred<'a>(
    own: &'a [(String, OsString)],
    ambient: impl Iterator<Item = (&'a str, &'a str, &'a str)>,
) -> Option<bool> {
    const NAME: &str = "GO_EXTLINK_ENABLED";
    let mut own = own.iter().rev();
    let own = own.find(|(name, _)| name == NAME);
    let mut ambient = ambient.filter(|(name, _, from)| *name == NAME && *from == "environment");
    let value = match own {
        Some((_, value)) => value.to_str(),
        None => ambient.next().map(|(_, value, _)| value),
    };
    match value {
        Some("0") => Some(false),
        Some("1") => Some(true),
        _ => None,
    }
}

/// Whether Go's own linker makes position-independent executables for a platform (`InternalLinkPIESupported` in
/// `internal/platform`), in Go 1.`minor`.
fn links_pie(goos: &str, goarch: &str, minor: u32) -> bool {
    match (goos, goarch) {
        ("darwin" | "windows", _) | ("android", "arm64") => true,
        ("linux", "amd64" | "arm64" | "ppc64le") => true,
        ("linux", "loong64") => minor >= 25,
        ("linux", "ppc64" | "s390x") => minor >= 27,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(lists: &[&str]) -> Option<String> {
        linkmode(lists.iter().copied()).unwrap()
    }

    #[test]
    fn the_last_linkmode_counts_and_words_that_hold_it_do_not() {
        let internal = "-linkmode=internal -X acme/external.V=1";
        assert_eq!(mode(&[internal]).as_deref(), Some("internal"));
        let both = "-linkmode external -s -linkmode=internal";
        assert_eq!(mode(&[both]).as_deref(), Some("internal"));
        assert_eq!(mode(&["-X 'main.v=-linkmode=external'"]), None);
        assert_eq!(mode(&["-X -linkmode=external"]), None);
        assert_eq!(mode(&["-linkmode=external", "-s -w"]), None);
        let all = mode(&["-s", "all=-linkmode=external"]);
        assert_eq!(all.as_deref(), Some("external"));
        assert!(linkmode(["-s", "./cmd/...=-linkmode=external"].into_iter()).is_err());
        assert_eq!(mode(&["-s", "./cmd/...=-w"]), None);
    }

    #[test]
    fn the_environment_of_the_build_wins() {
        let set = |value: &str| vec![("GO_EXTLINK_ENABLED".to_owned(), OsString::from(value))];
        let outside = |from| std::iter::once(("GO_EXTLINK_ENABLED", "1", from));
        assert_eq!(preferred(&[], outside("environment")), Some(true));
        assert_eq!(preferred(&[], outside("go env -w")), None);
        assert_eq!(preferred(&set("0"), outside("environment")), Some(false));
        assert_eq!(preferred(&set(""), outside("environment")), None);
        assert_eq!(preferred(&set("1"), std::iter::empty()), Some(true));
    }

    #[test]
    fn who_links_position_independent_files_depends_on_the_version() {
        assert!(links_pie("linux", "loong64", 26) && !links_pie("linux", "loong64", 24));
        assert!(links_pie("linux", "s390x", 27) && !links_pie("linux", "s390x", 26));
        assert!(!links_pie("linux", "386", 27) && !links_pie("freebsd", "amd64", 27));
    }
}

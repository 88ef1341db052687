//! Decides whether a package pattern of a flag such as `-gcflags=./...=-N` means a package.
//!
//! Rules: `MatchPackage` in `cmd/go/internal/load/search.go` and `cmd/internal/pkgpattern`, Go 1.21 to 1.27.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

use super::Package;

/// Whether the pattern, given where `cwd` is, means the package.
///
/// `tool` depends on go.mod, which is not read here: it is taken to match.
pub(crate) fn means(pattern: &str, package: &Package, cwd: &Path) -> bool {
    match pattern {
        "all" | "tool" => true,
        "std" => package.standard,
        "cmd" => package.standard && package.import_path.starts_with("cmd/"),
        "work" => package.module.as_ref().is_some_and(|module| module.main),
        _ if is_relative(pattern) => in_directory(pattern, package, cwd),
        _ => matches(pattern, &package.import_path),
    }
}

fn is_relative(pattern: &str) -> bool {
    matches!(pattern, "." | "..") || pattern.starts_with("./") || pattern.starts_with("../")
}

/// Whether the pattern is a path, and its directory is there.
pub(crate) fn leads_somewhere(pattern: &str, cwd: &Path) -> bool {
    let directory = pattern.split("...").next().unwrap_or_default();
    let directory = match pattern.contains("...") {
        true => directory.rsplit_once('/').map_or("", |pair| pair.0),
        false => directory,
    };
    is_relative(pattern) && cwd.join(directory).is_dir()
}

fn in_directory(pattern: &str, package: &Package, cwd: &Path) -> bool {
    let (directory, rest) = match pattern.find("...") {
        None => (pattern, ""),
        Some(at) => {
            let slash = pattern[..at].rfind('/').unwrap_or(0);
            (&pattern[..slash], &pattern[slash + 1..])
        }
    };
    let own = package.directory(cwd);
    // Go compares what it found by way of a link with what it found by that way, too.
    let real = cwd.canonicalize().unwrap_or_else(|_| cwd.to_path_buf());
    [cwd, &real].into_iter().any(|cwd| {
        let below = own.strip_prefix(clean(&cwd.join(directory))).ok();
        match below {
            Some(below) if rest.is_empty() => below.as_os_str().is_empty(),
            // The directory itself is `.`.
            Some(below) if below.as_os_str().is_empty() => matches(rest, "."),
            Some(below) => matches(rest, &below.to_string_lossy()),
            None => false,
        }
    })
}

/// A path without `.` and `..`, by text alone, as go names places.
pub(crate) fn clean(path: &Path) -> PathBuf {
    let mut clean = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                clean.pop();
            }
            part => clean.push(part),
        }
    }
    clean
}

/// Whether `...` for any text, and `x/...` also for `x`, gives the path. No `...` stands for an element `vendor` that has
/// others behind it.
pub(crate) fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, path) = (hide_vendor(pattern), hide_vendor(path));
    let vendored = pattern.strip_suffix(VENDORED);
    if let Some(stem) = vendored.filter(|vendored| vendored.is_empty() || vendored.ends_with('/')) {
        return path == format!("{}/vendor", stem.trim_end_matches('/')) || glob(&pattern, &path);
    }
    let stem = pattern.strip_suffix("/...");
    stem.is_some_and(|stem| glob(stem, &path)) || glob(&pattern, &path)
}

/// What `vendor` becomes, where it may not be skipped.
const VENDOR: char = '\0';
const VENDORED: &str = "\0/...";

fn hide_vendor(path: &str) -> Cow<'_, str> {
    if !path.contains("vendor") {
        return Cow::Borrowed(path);
    }
    let mut elements = path.split('/').peekable();
    let mut hidden = String::with_capacity(path.len());
    while let Some(element) = elements.next() {
        match elements.peek() {
            Some(_) if element == "vendor" => hidden.push(VENDOR),
            _ => hidden.push_str(element),
        }
        if elements.peek().is_some() {
            hidden.push('/');
        }
    }
    Cow::Owned(hidden)
}

/// Each piece where it is found first: what a later place would leave, an earlier one leaves as well.
fn glob(pattern: &str, path: &str) -> bool {
    let mut pieces = pattern.split("...");
    let Some(mut rest) = path.strip_prefix(pieces.next().unwrap_or_default()) else {
        return false;
    };
    let mut pieces = pieces.peekable();
    if pieces.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(piece) = pieces.next() {
        let at = if pieces.peek().is_some() {
            rest.find(piece)
        } else {
            rest.ends_with(piece).then(|| rest.len() - piece.len())
        };
        match at {
            Some(at) if !rest[..at].contains(VENDOR) => rest = &rest[at + piece.len()..],
            _ => return false,
        }
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::Module;

    #[test]
    fn import_paths_match_as_in_go() {
        for (pattern, path, expected) in [
            ("example.com/app/...", "example.com/app", true),
            ("example.com/app/...", "example.com/app/x/y", true),
            ("example.com/app/...", "example.com/apple", false),
            ("net...", "net/http", true),
            (".../internal/...", "a/internal/b", true),
            (".../http", "a/http/x/http", true),
            ("fmt", "fmt", true),
            ("fmt", "fmtx", false),
            ("s -w -X fmt", "fmt", false),
            ("...", "a/vendor/b", false),
            ("...", "a/vendor", true),
            ("a/vendor/...", "a/vendor/b", true),
            ("a/vendor/...", "a/vendor", true),
            ("a/...", "a/vendor/b", false),
            ("vendor/...", "vendor/golang.org/x/net/idna", true),
        ] {
            assert_eq!(matches(pattern, path), expected, "{pattern} {path}");
        }
    }

    #[test]
    fn words_and_directories_match_as_in_go() {
        let package = Package {
            import_path: "example.com/app/cmd/api".into(),
            dir: "/src/app/cmd/api".into(),
            module: Some(Module {
                main: true,
                ..Module::default()
            }),
            ..Package::default()
        };
        let standard = Package {
            import_path: "fmt".into(),
            dir: "/go/src/fmt".into(),
            standard: true,
            ..Package::default()
        };
        for (pattern, own, other) in [
            ("all", true, true),
            ("std", false, true),
            ("cmd", false, false),
            ("work", true, false),
            ("./cmd/api", true, false),
            ("./cmd/api/", true, false),
            ("./cmd/...", true, false),
            ("./...", true, false),
            ("./cmd/a...", true, false),
            ("./cmd", false, false),
            ("../app/cmd/api", true, false),
            (".", false, false),
        ] {
            let cwd = Path::new("/src/app");
            assert_eq!(means(pattern, &package, cwd), own, "{pattern}");
            assert_eq!(means(pattern, &standard, cwd), other, "{pattern}");
        }
    }
}

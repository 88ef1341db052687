//! Derives from the command of a release the one that names its package archives in the build cache.

use std::ffi::OsString;

use super::Step;
use crate::process::Invocation;

/// What go prints of each package: path, archive, what it imports, and each file that it embeds, with tabs between them.
const FORMAT: &str =
    "-f={{.ImportPath}}\t{{.Export}}\t{{join .Imports \" \"}}{{range .EmbedFiles}}\t{{.}}{{end}}";

/// `go list -export -deps` with the flags of `release`, for one main package.
///
/// Go compiles what is not in the build cache, and links nothing.
pub(crate) fn exports(release: &Step, package: &str) -> Invocation {
    let mut invocation = release.invocation.clone();
    let mut args: Vec<OsString> = ["list", "-deps", "-export", FORMAT].map(Into::into).into();
    let mut rest = std::mem::take(&mut invocation.args).into_iter().skip(1);
    while let Some(arg) = rest.next() {
        match arg.to_str() {
            Some("-v" | "-a" | "-json") => {}
            Some("-o") => drop(rest.next()),
            Some("--") => break,
            Some(text) if text.starts_with("-o=") => {}
            _ => args.push(arg),
        }
    }
    args.push("--".into());
    let named = package != "command-line-arguments";
    match named {
        true => args.push(package.into()),
        // Files have no name of their own.
        false => args.extend(rest),
    }
    invocation.args = args;
    invocation
}

/// One package of the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Exported {
    /// Its import path, without the main package that it is compiled for.
    pub(crate) path: String,
    /// Its archive; empty for `unsafe`.
    pub(crate) archive: String,
    /// What it imports.
    pub(crate) imports: Vec<String>,
    /// The files that it embeds, in its directory.
    pub(crate) embedded: Vec<String>,
}

/// What go printed, in order: what is needed comes first, the main package last.
pub(crate) fn parse(output: &[u8]) -> Vec<Exported> {
    let text = String::from_utf8_lossy(output);
    let bare = |path: &str| path.split(' ').next().unwrap_or_default().to_owned();
    let package = |line: &str| {
        let mut parts = line.split('\t');
        Some(Exported {
            path: bare(parts.next()?),
            archive: parts.next()?.to_owned(),
            imports: parts
                .next()?
                .split(' ')
                .filter(|path| !path.is_empty())
                .map(str::to_owned)
                .collect(),
            embedded: parts.map(str::to_owned).collect(),
        })
    };
    text.lines().filter_map(package).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_are_read_without_what_they_are_compiled_for() {
        let found = parse(
            b"unsafe\t\t\nfmt [a.b/c]\t/cache/x-d\tos unsafe\na.b/c\t/cache/y-d\tfmt\ta b.txt\tc\n",
        );
        let paths: Vec<&str> = found.iter().map(|package| package.path.as_str()).collect();
        assert_eq!(paths, ["unsafe", "fmt", "a.b/c"]);
        assert_eq!(found[1].archive, "/cache/x-d");
        assert_eq!(found[1].imports, ["os", "unsafe"]);
        assert_eq!(found[2].embedded, ["a b.txt", "c"]);
        assert!(found[0].imports.is_empty() && found[1].embedded.is_empty());
    }
}

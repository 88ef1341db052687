//! Runs `go vet` and `go fix`, and collects what they report. Both only print; nothing is changed.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::{Go, Words};
use crate::error::Result;
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Stream};

/// One place that an analyzer reports.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reported {
    /// The import path of its package.
    pub(crate) package: String,
    /// The file. With `-trimpath` go repeats what it kept of the same sources in another directory, and names that one.
    pub(crate) file: PathBuf,
    /// Counted from 1.
    pub(crate) line: u32,
    /// `printf`, `rangeint`
    pub(crate) analyzer: String,
    /// The message of the analyzer.
    pub(crate) message: String,
}

/// Which command is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    /// `go vet`: what is probably wrong.
    Vet,
    /// `go fix`, since Go 1.26: what has a newer form.
    Fix,
}

#[derive(Deserialize)]
struct Diagnostic {
    posn: String,
    message: String,
}

/// Asks about packages. Sorted, each place once. Fails with Go's own words where the packages do not compile.
pub(crate) fn reported(
    go: &Go,
    asked: Asked,
    flags: &[OsString],
    packages: &[OsString],
    interrupt: &Interrupt,
) -> Result<Vec<Reported>> {
    let verb = match asked {
        Asked::Vet => "vet",
        Asked::Fix => "fix",
    };
    let args = args(verb, flags, packages);
    let mut words = Words::default();
    let mut json = String::new();
    let mut line = |line: &[u8]| {
        words.keep(line);
        let text = String::from_utf8_lossy(line);
        // The names of packages stand between.
        if !text.starts_with('#') {
            json.push_str(&text);
            json.push('\n');
        }
    };
    let mut splitters = [Splitter::default(), Splitter::default()];
    let outcome = process::run(&go.invocation(args), interrupt, |stream, bytes| {
        splitters[usize::from(stream == Stream::Stderr)].push(bytes, &mut line);
    })?;
    splitters
        .iter_mut()
        .for_each(|splitter| splitter.finish(&mut line));
    if !outcome.status.success() {
        return Err(words.error(&format!("go {verb} failed"), &outcome));
    }
    Ok(read(&json, &go.cwd))
}

/// The arguments of go.
fn args(verb: &str, flags: &[OsString], packages: &[OsString]) -> Vec<OsString> {
    let mut args: Vec<OsString> = vec![verb.into(), "-json".into()];
    // Neither takes the flags of a link.
    let known = |argument: &&OsString| {
        let text = argument.to_string_lossy();
        ["-mod", "-modfile", "-overlay", "-tags", "-trimpath"]
            .iter()
            .any(|name| text.split('=').next() == Some(name))
    };
    args.extend(flags.iter().filter(known).cloned());
    args.extend(packages.iter().cloned());
    args
}

/// Reads objects of packages, analyzers and lists of diagnostics, one after another. What is none of these says nothing.
fn read(json: &str, cwd: &Path) -> Vec<Reported> {
    let mut found = Vec::new();
    let stream =
        serde_json::Deserializer::from_slice(json.as_bytes()).into_iter::<serde_json::Value>();
    for packages in stream.map_while(|it| it.ok()) {
        let packages = packages.as_object().into_iter().flatten();
        let analyzers = packages.filter_map(|(id, found)| Some((id, found.as_object()?)));
        let each = analyzers.flat_map(|(id, found)| found.iter().map(move |entry| (id, entry)));
        for (id, (analyzer, list)) in each {
            // `m/p [m/p.test]` is the package with its tests, `m/p_test [m/p.test]` those outside of it.
            let package = match id.split_once(" [") {
                Some((path, _)) => path.strip_suffix("_test").unwrap_or(path),
                None => id,
            };
            let list: Vec<Diagnostic> = serde_json::from_value(list.clone()).unwrap_or_default();
            found.extend(
                list.into_iter()
                    .filter_map(|diagnostic| located(diagnostic, package, analyzer, cwd)),
            );
        }
    }
    found.sort();
    // A package is looked at again with its tests.
    found.dedup();
    found
}

/// A diagnostic with its place; `None` where it names none.
fn located(diagnostic: Diagnostic, package: &str, analyzer: &str, cwd: &Path) -> Option<Reported> {
    let mut parts = diagnostic.posn.rsplitn(3, ':');
    let (_, line, file) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Reported {
        package: package.to_owned(),
        file: cwd.join(file),
        line: line.parse().ok()?,
        analyzer: analyzer.to_owned(),
        message: diagnostic.message,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_one_after_another_are_read() {
        let json = r#"{ "m": {} }
{ "m/p": { "printf": [ { "posn": "/m/p/a.go:14:16", "end": "/m/p/a.go:14:18", "message": "wrong" } ] } }
{ "m/p [m/p.test]": { "printf": [ { "posn": "/m/p/a.go:14:16", "message": "wrong" } ],
  "broken": { "error": "x" } } }"#;
        let found = read(json, Path::new("/"));
        let shown: Vec<String> = found
            .iter()
            .map(|reported| {
                format!(
                    "{}:{} {} {}",
                    reported.file.display(),
                    reported.line,
                    reported.analyzer,
                    reported.message
                )
            })
            .collect();
        assert_eq!(shown, ["/m/p/a.go:14 printf wrong"]);
    }
}

//! `profile collect --all`: every kind of profile that `advise` reads, from one program into a directory.

use std::fs;
use std::path::Path;

use super::{blank, from_programs, worth};
use crate::build::publish;
use crate::cli::profile_flags::Collect;
use crate::command::profile::fetch::{Request, base, fetch_if_there, shown};
use crate::command::profile::{is_stream, said};
use crate::command::{Output, Session};
use crate::config::anchor;
use crate::error::{Error, Kind, Result};
use crate::number::counted;
use crate::profile;
use crate::view::Tone;

/// Kinds beside the CPU profile: what the address ends with, and why one may be empty.
const KINDS: &[(&str, &str)] = &[
    ("heap", "the program has allocated nothing that was sampled"),
    (
        "mutex",
        "nobody waited for a lock, or the program does not call runtime.SetMutexProfileFraction",
    ),
    (
        "block",
        "nothing waited, or the program does not call runtime.SetBlockProfileRate",
    ),
    ("goroutine", "the program names no goroutine"),
    ("goroutineleak", "no goroutine is lost"),
];

/// What a program answers to a kind of profile.
enum Answer {
    Found(Box<profile::Profile>, Vec<u8>),
    Empty,
    /// The program does not serve this kind.
    Missing,
    Failed(String),
}

/// Collects the CPU profile first, so that the others are of the same time, and writes what is not empty. Fails with
/// [`Kind::Machine`] where the program serves a kind and it cannot be had; what was collected stays.
pub(crate) fn run(args: &Collect, session: &mut Session<'_>) -> Result<Output> {
    let [url] = args.urls.as_slice() else {
        let message = "`--all` collects from one program, and there are several";
        return Err(Error::new(Kind::Usage, message)
            .hint("run it once for each, with another `-o` directory"));
    };
    let directory = session.cwd.join(&args.output);
    check_directory(&args.output, &directory)?;
    let cpu = from_programs(args, session)?;
    let mut lines = Vec::new();
    let mut written = Vec::new();
    fs::create_dir_all(&directory)?;
    for profile in &cpu {
        let bytes = profile::encode(profile.raw());
        lines.push(keep("cpu", profile, &bytes, (args, &directory), session)?);
        lines.push(worth(profile));
        written.push("cpu");
    }
    let failed = others(args, url, &directory, (&mut lines, &mut written), session)?;
    if !failed.is_empty() {
        let message = format!("`{}` was not collected", failed.join("`, `"));
        let lines: Vec<String> = lines.into_iter().map(|(_, words)| words).collect();
        return Err(Error::new(Kind::Machine, message)
            .detail(lines.join("\n"))
            .hint("what is written is complete: collect again for the others"));
    }
    lines.push(next(&directory, &written, session));
    Ok(Output {
        text: said(lines, session),
        ..Output::default()
    })
}

/// Fails for an output that cannot hold several files.
fn check_directory(name: &Path, directory: &Path) -> Result<()> {
    if is_stream(name) {
        let message = "`--all` writes a file per kind, and `-` is one output";
        return Err(Error::new(Kind::Usage, message).hint("name a directory with `-o`"));
    }
    if directory.exists() && !directory.is_dir() {
        let message = format!("the output `{}` is no directory", name.display());
        return Err(Error::new(Kind::Usage, message)
            .hint("`--all` writes a file per kind: name a directory with `-o`"));
    }
    Ok(())
}

/// Writes a profile, complete or not at all.
fn keep(
    kind: &str,
    profile: &profile::Profile,
    bytes: &[u8],
    (args, directory): (&Collect, &Path),
    session: &Session<'_>,
) -> Result<(Tone, String)> {
    let name = format!("{kind}.pprof");
    publish::bytes(bytes, &directory.join(&name), &session.interrupt)?;
    let entries = counted(profile.raw().sample.len() as u64, "stack");
    let path = args.output.join(&name);
    Ok((Tone::Good, format!("{kind}: {}, {entries}", path.display())))
}

/// Collects every kind but the CPU profile. Returns those that could not be had.
fn others(
    args: &Collect,
    url: &str,
    directory: &Path,
    (lines, written): (&mut Vec<(Tone, String)>, &mut Vec<&'static str>),
    session: &Session<'_>,
) -> Result<Vec<&'static str>> {
    let blank = blank(args, session)?;
    let mut failed = Vec::new();
    for (kind, empty) in KINDS {
        session.interrupt.check()?;
        let request = Request {
            url: format!("{}/{kind}", base(url)),
            ..blank.clone()
        };
        let from = shown(&request.url);
        let words = match ask(&request) {
            Answer::Found(profile, bytes) => {
                let place = (args, directory);
                lines.push(keep(kind, &profile, &bytes, place, session)?);
                written.push(*kind);
                continue;
            }
            Answer::Empty => (Tone::Dim, format!("{kind}: empty: {empty}")),
            Answer::Missing => (Tone::Dim, format!("{kind}: {from} is not there")),
            Answer::Failed(why) => {
                failed.push(*kind);
                let words = format!("{kind}: not collected from {from}: {why}");
                (Tone::Warn, words)
            }
        };
        lines.push(words);
        lines.extend(stale(kind, args, directory));
    }
    Ok(failed)
}

fn ask(request: &Request) -> Answer {
    let bytes = match fetch_if_there(request) {
        Ok(Some(bytes)) => bytes,
        Ok(None) => return Answer::Missing,
        Err(error) => return Answer::Failed(error.to_string()),
    };
    match profile::read(&bytes) {
        Ok(profile) if profile.raw().sample.is_empty() => Answer::Empty,
        Ok(profile) => Answer::Found(Box::new(profile), bytes),
        Err(error) => Answer::Failed(error.to_string()),
    }
}

/// A file of this kind that lies there from an earlier time.
fn stale(kind: &str, args: &Collect, directory: &Path) -> Option<(Tone, String)> {
    let name = format!("{kind}.pprof");
    let words = format!(
        "{kind}: {} is of an earlier time: do not read it beside the new ones",
        args.output.join(&name).display()
    );
    directory.join(name).exists().then_some((Tone::Warn, words))
}

/// The lines that make `advise` and the heat of escapes read them: paths as the configuration has them.
fn next(directory: &Path, written: &[&str], session: &Session<'_>) -> (Tone, String) {
    let root = anchor::root_of(&session.cwd);
    let file = |kind: &&str| {
        let path = directory.join(format!("{kind}.pprof"));
        let path = path.strip_prefix(root).unwrap_or(&path);
        let quoted = toml::Value::String(path.display().to_string());
        format!("{kind} = {quoted}")
    };
    let files: Vec<String> = written.iter().map(file).collect();
    let seen = match root == session.cwd {
        true => "gobuild-opt.toml".to_owned(),
        false => root.join("gobuild-opt.toml").display().to_string(),
    };
    let words = format!(
        "next: `[advise] profiles = {{ {} }}` in {seen}, then gobuild-opt advise",
        files.join(", ")
    );
    (Tone::Dim, words)
}

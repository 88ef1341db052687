//! `profile collect --all`: every kind of profile that `advise` reads, from one program into a directory.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::collect::{from_programs, headers, trusted, worth};
use super::fetch::{Request, base, fetch, shown};
use crate::build::publish;
use crate::cli::profile::Collect;
use crate::command::{Output, Session};
use crate::error::{Error, Kind, Result};
use crate::number::counted;
use crate::profile;
use crate::render::{self, Format, Style};
use crate::report::outline::{Block, Tone};

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

/// Collects the CPU profile first, so that the others tell of the same time, and writes what is not empty.
pub fn run(args: &Collect, session: &mut Session<'_>) -> Result<Output> {
    let [url] = args.urls.as_slice() else {
        return Err(Error::new(
            Kind::Usage,
            "`--all` collects from one program, and there are several",
        )
        .hint("run it once for each, with another `-o` directory"));
    };
    let directory = session.cwd.join(&args.output);
    if directory.exists() && !directory.is_dir() {
        let name = args.output.display();
        return Err(
            Error::new(Kind::Usage, format!("the output `{name}` is no directory"))
                .hint("`--all` writes a file per kind: name a directory with `-o`"),
        );
    }
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
    let headers = headers(&args.header, session)?;
    let roots = args.cacert.as_deref().map(|it| trusted(it, session));
    let roots = roots.transpose()?;
    for (kind, empty) in KINDS {
        session.interrupt.check()?;
        let request = Request {
            url: format!("{}/{kind}", base(url)),
            headers: headers.clone(),
            collects: Duration::ZERO,
            patience: Duration::from_secs(args.patience),
            roots: roots.clone(),
        };
        let found = fetch(&request).map_err(|error| error.to_string());
        let read = found.and_then(|bytes| {
            let read = profile::read(&bytes).map_err(|error| error.to_string());
            read.map(|it| (it, bytes))
        });
        match read {
            Ok((profile, _)) if profile.raw().sample.is_empty() => {
                lines.push((Tone::Dim, format!("{kind}: empty: {empty}")));
            }
            Ok((profile, bytes)) => {
                let place = (args, directory.as_path());
                lines.push(keep(kind, &profile, &bytes, place, session)?);
                written.push(*kind);
            }
            Err(why) => {
                let from = shown(&request.url);
                lines.push((
                    Tone::Warn,
                    format!("{kind}: not collected from {from}: {why}"),
                ));
            }
        }
    }
    lines.push(next(args, &written));
    let blocks: Vec<Block> = lines
        .into_iter()
        .map(|(tone, words)| Block::Line(tone, words))
        .collect();
    let style = Style {
        width: session.width,
    };
    Ok(Output {
        text: render::blocks(&blocks, Format::Text, style),
        ..Output::default()
    })
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

/// The lines that make `advise` and the heat of escapes read them.
fn next(args: &Collect, written: &[&str]) -> (Tone, String) {
    let file = |kind: &&str| {
        let path = args.output.join(format!("{kind}.pprof"));
        format!("{kind} = \"{}\"", path.display())
    };
    let files: Vec<String> = written.iter().map(file).collect();
    let words = format!(
        "next: `[advise] profiles = {{ {} }}` in gobuild-opt.toml, then gobuild-opt advise",
        files.join(", ")
    );
    (Tone::Dim, words)
}

//! `profile`: the life of a PGO profile, one file per verb.

mod collected;

mod profile_diff;

mod fetch;

mod fit_rows;

mod merged;

mod show;

mod slimmed;

use std::io::Read;
use std::path::{Path, PathBuf};

use super::{Output, Session};
use crate::build::publish;
use crate::cli::profile_flags::Profile as Verb;
use crate::config::size::human;
use crate::error::{Error, Kind, Result};
use crate::number::{counted, counted_of};
use crate::profile::{self, Edges, Fitness, Limits, Profile, ReadError};
use crate::render::{self, Format, Style};
use crate::view::{Block, Tone};

/// Runs a verb.
pub(crate) fn run(verb: &Verb, session: &mut Session<'_>) -> Result<Output> {
    match verb {
        Verb::Show(args) => show::run(args, session),
        Verb::Merge(args) => merged::run(args, session),
        Verb::Slim(args) => slimmed::run(args, session),
        Verb::Diff(args) => profile_diff::run(args, session),
        Verb::Collect(args) => collected::run(args, session),
    }
}

/// A profile with the file it came from.
pub(super) struct Loaded {
    /// As the user wrote it.
    name: PathBuf,
    bytes: Vec<u8>,
    /// What is in it.
    pub(super) profile: Profile,
}

/// Reads a profile. Fails with [`Kind::Machine`] when there is none.
pub(super) fn load(name: &Path, session: &Session<'_>) -> Result<Loaded> {
    if session.cwd.join(name).is_dir() && !is_stream(name) {
        let message = format!("`{}` is a directory, no profile", name.display());
        return Err(Error::new(Kind::Machine, message).hint("name a file in it"));
    }
    let bytes = content(name, session).map_err(|error| {
        let hint = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "`gobuild-opt profile collect URL -o FILE` collects one from a running program"
            }
            _ => "check its permissions, and the disk",
        };
        Error::new(
            Kind::Machine,
            format!("cannot read the profile `{}`", name.display()),
        )
        .source(error)
        .hint(hint)
    })?;
    let profile = profile::read(&bytes).map_err(|error| unreadable(name, &bytes, &error))?;
    Ok(Loaded {
        name: name.to_path_buf(),
        bytes,
        profile,
    })
}

/// The name that stands for standard input or output.
fn is_stream(name: &Path) -> bool {
    name == Path::new("-")
}

/// No profile is larger than what is read of one decompressed: a device or a wrong file ends here.
fn content(name: &Path, session: &Session<'_>) -> std::io::Result<Vec<u8>> {
    let limit = Limits::DEFAULT.decompressed as u64;
    let mut bytes = Vec::new();
    let source: &mut dyn Read = match is_stream(name) {
        true => &mut std::io::stdin().lock(),
        false => &mut std::fs::File::open(session.cwd.join(name))?,
    };
    source.take(limit + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn unreadable(name: &Path, bytes: &[u8], error: &ReadError) -> Error {
    // The judgement knows more kinds of files that are no profile.
    let hint = profile::judge(bytes).fitness.hint();
    Error::new(
        Kind::Machine,
        format!("`{}` is no profile: {error}", name.display()),
    )
    .hint(hint)
}

/// The calls of a CPU profile. Fails with [`Kind::Usage`] where the compiler would read none.
fn calls(loaded: &Loaded) -> Result<Edges> {
    let judgement = profile::fitness::judge_profile(&loaded.profile);
    match (&judgement.fitness, loaded.profile.pgo_value_index()) {
        (Fitness::Usable, Some(value)) => Ok(profile::edges(&loaded.profile, value)),
        (fitness, _) => Err(Error::new(
            Kind::Usage,
            format!("`{}`: {}", loaded.name.display(), fitness.message()),
        )
        .hint(fitness.hint())),
    }
}

/// Refuses, before any work, a name that something else than a profile has.
fn check_output(name: &Path, session: &Session<'_>) -> Result<()> {
    if is_stream(name) {
        return Ok(());
    }
    let path = session.cwd.join(name);
    let wrong = |what: &str| {
        let message = format!("the output `{}` is {what}", name.display());
        let hint = "name another file with `-o`, or remove this one";
        Err(Error::new(Kind::Usage, message).hint(hint))
    };
    let Ok(found) = path.metadata() else {
        return Ok(());
    };
    if found.is_dir() {
        return wrong("a directory");
    }
    if !found.is_file() || found.len() == 0 {
        return Ok(());
    }
    match content(name, session).map(|content| profile::read(&content)) {
        // A profile that was damaged may be replaced: it begins like one.
        Ok(Ok(_) | Err(ReadError::TruncatedGzip | ReadError::BrokenGzip | ReadError::Empty)) => {
            Ok(())
        }
        Ok(Err(_)) => wrong("there already, and no profile"),
        Err(error) => {
            let message = format!("cannot read the output `{}`", name.display());
            Err(Error::new(Kind::Machine, message).source(error))
        }
    }
}

/// The end of a verb that writes a profile: the file, sentences about it, and the command that uses it. With the name `-` the
/// profile is the output, and the sentences are talk beside it.
fn finish(
    bytes: Vec<u8>,
    name: &Path,
    mut lines: Vec<(Tone, String)>,
    session: &Session<'_>,
) -> Result<Output> {
    let piped = is_stream(name);
    if !piped {
        publish::bytes(&bytes, &session.cwd.join(name), &session.interrupt)?;
        if profile::judge(&bytes).fitness == Fitness::Usable {
            lines.push(next(name));
        }
    }
    Ok(Output {
        text: said(lines, session),
        beside_data: piped,
        data: if piped { bytes } else { Vec::new() },
        ..Output::default()
    })
}

/// Lines as text for people.
fn said(lines: Vec<(Tone, String)>, session: &Session<'_>) -> String {
    let lines = lines.into_iter();
    let blocks: Vec<Block> = lines
        .map(|(tone, words)| Block::Line(tone, words))
        .collect();
    let style = Style {
        width: session.width,
    };
    render::blocks(&blocks, Format::Text, style)
}

/// What was written, in one sentence.
fn written(name: &Path, bytes: &[u8], profile: &Profile) -> String {
    let judgement = profile::fitness::judge_profile(profile);
    let samples = judgement.samples.map_or(String::new(), |samples| {
        format!(", {}", counted(samples.unsigned_abs(), "sample"))
    });
    let name = match is_stream(name) {
        true => "standard output".into(),
        false => name.display().to_string(),
    };
    format!(
        "{name}: {}{samples}, {}",
        human(bytes.len() as u64),
        counted_of(judgement.edges, "call")
    )
}

/// The command that uses the profile.
fn next(name: &Path) -> (Tone, String) {
    let command = match name.file_name() {
        Some(file) if file == "default.pgo" => "gobuild-opt release".to_owned(),
        _ => {
            let path = name.to_string_lossy();
            format!("gobuild-opt release -pgo={}", shell_words::quote(&path))
        }
    };
    (Tone::Dim, format!("next: {command}"))
}

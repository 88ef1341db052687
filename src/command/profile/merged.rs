//! `profile merge`: several files in, one out.

use std::path::Path;

use super::{Loaded, check_output, finish, load, written};
use crate::cli::profile_flags::{Merge, Normalize};
use crate::command::{Output, Session};
use crate::error::{Error, Kind, Result};
use crate::number::counted_of;
use crate::profile::{self, Fitness, Input, MergeError};
use crate::view::Tone;

/// Writes the merged profile.
pub(crate) fn run(args: &Merge, session: &Session<'_>) -> Result<Output> {
    check_output(&args.output, session)?;
    let weights = weights(args)?;
    let files = args.files.iter().map(|path| load(path, session));
    let files = files.collect::<Result<Vec<_>>>()?;
    let weighted = files.iter().zip(&weights);
    let inputs = weighted.map(|(file, weight)| Input {
        profile: &file.profile,
        weight: *weight,
    });
    let inputs: Vec<Input<'_>> = inputs.collect();
    let normalize = match args.normalize {
        Normalize::Off => profile::Normalize::Off,
        Normalize::Duration => profile::Normalize::Duration,
        Normalize::Samples => profile::Normalize::Samples,
    };
    let merged = profile::merge(&inputs, normalize).map_err(|error| named(error, &files))?;
    let bytes = profile::encode(merged.raw());
    let sentence = format!(
        "merged {} into {}",
        counted_of(files.len(), "profile"),
        written(&args.output, &bytes, &merged)
    );
    let mut talk = vec![(Tone::Good, sentence)];
    talk.extend(files.iter().filter_map(without_lines));
    let fitness = profile::fitness::judge_profile(&merged).fitness;
    if fitness != Fitness::Usable {
        let words = format!("no use as -pgo: {}; {}", fitness.message(), fitness.hint());
        talk.push((Tone::Warn, words));
    }
    finish(bytes, &args.output, talk, session)
}

/// What is lost on a file of which the compiler cannot place every call: the merged profile hides it.
fn without_lines(file: &Loaded) -> Option<(Tone, String)> {
    let judgement = profile::fitness::judge_profile(&file.profile);
    let name = file.name.display();
    let sentence = match judgement.fitness {
        Fitness::NoStartLines => format!(
            "`{name}` has no function start lines: none of its calls has an effect; collect it from a program built with Go 1.20 or later"
        ),
        Fitness::NoLines => format!(
            "`{name}` has no lines: none of its calls has an effect; give the file as the program wrote it"
        ),
        _ => format!(
            "{:.1} % of the calls of `{name}` have no lines: these have no effect",
            judgement.unplaced()?
        ),
    };
    Some((Tone::Warn, sentence))
}

/// The weight of each file. Fails with [`Kind::Usage`] for a weight without a file, or that is no number above 0.
fn weights(args: &Merge) -> Result<Vec<f64>> {
    let mut weights = vec![1.0; args.files.len()];
    for text in &args.weight {
        let wrong = |what: String| {
            Error::new(Kind::Usage, format!("`--weight {text}` {what}"))
                .hint("write it like `--weight api.pgo=0.7`, with one of the files to merge")
        };
        let (name, number) = text
            .rsplit_once('=')
            .ok_or_else(|| wrong("has no `=`".into()))?;
        let number = positive(number)
            .ok_or_else(|| wrong(format!("gives `{number}`, which is no number above 0")))?;
        let weights = weights.iter_mut().zip(&args.files);
        let mut named = weights.filter(|(_, path)| is_named(path, name)).peekable();
        if named.peek().is_none() {
            return Err(wrong("names no file of this merge".into()));
        }
        named.for_each(|(weight, _)| *weight = number);
    }
    Ok(weights)
}

fn positive(text: &str) -> Option<f64> {
    let number: f64 = text.parse().ok()?;
    (number.is_finite() && number > 0.0).then_some(number)
}

/// The path as written, its file name, or that without the ending.
fn is_named(path: &Path, name: &str) -> bool {
    let part = |text: Option<&std::ffi::OsStr>| text.is_some_and(|text| text == name);
    path == Path::new(name) || part(path.file_name()) || part(path.file_stem())
}

/// The error with the names of the files instead of their numbers.
fn named(error: MergeError, files: &[Loaded]) -> Error {
    let name = |at: usize| {
        files
            .get(at)
            .map_or("".into(), |loaded| loaded.name.display().to_string())
    };
    let hint = error.hint();
    let message = match &error {
        MergeError::Kinds { at, first, other } => format!(
            "`{}` measures `{other}`, but `{}` measures `{first}`",
            name(*at),
            name(0)
        ),
        MergeError::NoDuration { at } => format!("`{}` does not tell its duration", name(*at)),
        _ => return error.into(),
    };
    Error::new(Kind::Usage, message).hint(hint)
}

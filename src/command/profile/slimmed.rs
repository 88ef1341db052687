//! `profile slim`: keeps of a CPU profile the part that Go's compiler reads.

use super::{Loaded, calls, check_output, content, finish, load};
use crate::cli::profile_flags::{Keep, Slim};
use crate::command::{Output, Session};
use crate::config::size::human;
use crate::error::{Error, Kind, Result};
use crate::number::counted_of;
use crate::profile::slim::Refreshed;
use crate::profile::{self, SlimError};
use crate::view::Tone;

/// Writes the slim profile.
pub(crate) fn run(args: &Slim, session: &Session<'_>) -> Result<Output> {
    check_output(&args.output, session)?;
    if !(0.0..=100.0).contains(&args.tolerance) {
        let message = format!("`--tolerance {}` is no percentage", args.tolerance);
        return Err(Error::new(Kind::Usage, message).hint("write a number from 0 to 100"));
    }
    let full = load(&args.file, session)?;
    let slim = slim(&full, args)?;
    let same = format!(
        ", the compiler reads {} as before",
        counted_of(slim.edges.edges.len(), "call")
    );
    let (bytes, note, kept) = refreshed(args, slim, session)?;
    let same = if kept { "" } else { &same };
    let (before, after) = (full.bytes.len() as u64, bytes.len() as u64);
    let sentence = format!(
        "{}: {} -> {} ({}){same}",
        args.output.display(),
        human(before),
        human(after),
        shrink(before, after),
    );
    let mut talk = vec![(Tone::Good, sentence)];
    talk.extend(note.map(|note| (Tone::Plain, note)));
    finish(bytes, &args.output, talk, session)
}

/// The part of a profile that the compiler reads. Fails with [`Kind::Usage`] where there is none.
fn slim(full: &Loaded, args: &Slim) -> Result<profile::Slim> {
    calls(full)?;
    let keep = match args.keep {
        Keep::Calls => profile::Keep::Calls,
        Keep::Lines => profile::Keep::Lines,
    };
    profile::slim(&full.profile, keep).map_err(|error| {
        let hint = match error {
            SlimError::Unfit => "`gobuild-opt profile show` says what it holds",
            SlimError::Differs => "commit the full profile",
        };
        Error::new(Kind::Usage, format!("`{}`: {error}", args.file.display())).hint(hint)
    })
}

fn shrink(before: u64, after: u64) -> String {
    match after < before {
        true => format!("{:.1} times smaller", before as f64 / after.max(1) as f64),
        false => "no smaller: it was slim already".into(),
    }
}

/// The bytes to write, what became of the earlier ones, and whether these are they.
fn refreshed(
    args: &Slim,
    slim: profile::Slim,
    session: &Session<'_>,
) -> Result<(Vec<u8>, Option<String>, bool)> {
    let Some(previous) = &args.stable else {
        return Ok((slim.bytes, None, false));
    };
    let name = previous.display();
    let old = match content(previous, session) {
        Ok(old) => old,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let note = format!("there is no `{name}` yet");
            return Ok((slim.bytes, Some(note), false));
        }
        Err(error) => {
            let message = format!("cannot read `{name}`");
            return Err(Error::new(Kind::Machine, message).source(error));
        }
    };
    Ok(match profile::refresh(&old, slim, args.tolerance) {
        Refreshed::Kept(bytes) => {
            let note = "the hot calls are the same: the earlier bytes stay, nothing recompiles";
            (bytes, Some(note.into()), true)
        }
        Refreshed::Replaced(bytes, Some(diff)) => (bytes, Some(changed(&diff)), false),
        Refreshed::Replaced(bytes, None) => {
            let note = format!("`{name}` is no profile and was not kept");
            (bytes, Some(note), false)
        }
    })
}

fn changed(diff: &profile::Diff) -> String {
    format!(
        "hot calls changed: {} entering, {} leaving, {} moved, {:.1} % of the weight",
        diff.entering.len(),
        diff.leaving.len(),
        diff.moved.len(),
        diff.changed_percent
    )
}

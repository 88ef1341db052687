//! `why --since REV`: why an executable is larger than it was in another revision.

use super::super::Session;
use super::super::past_pass::{fails_there, move_files};
use super::super::staged::Staged;
use super::sides::{only, side};
use super::{DCE, INIT, toolchain};
use crate::build::Event;
use crate::build::revision::check_out;
use crate::cli::{self, Settings};
use crate::command::prepare::prepare_for;
use crate::error::{Error, Kind, Result};
use crate::facts::anchor_flags;
use crate::facts::{Purpose, Wanted};
use crate::go::flags;
use crate::plan::Typed;
use crate::report::growth::{Side, growth};
use crate::report::reasons::{Reasons, Since};

/// Reads the objects of both revisions; go compiles what is not in the build cache, and links nothing.
pub fn since(name: &str, args: &cli::Why, session: &mut Session<'_>) -> Result<Reasons> {
    asks_for_one(&args.typed)?;
    let (mut reasons, after) = built(&args.settings, &args.typed, session)?;
    (session.show)(Event::Talk(&format!("comparing with {name}")));
    let revision = check_out(name, &args.typed.cwd, &session.interrupt)?;
    let mut typed = args.typed.clone();
    anchor_flags(&mut typed);
    typed.cwd.clone_from(&revision.cwd);
    move_files(&mut typed, &revision)?;
    let mut settings = args.settings.clone();
    settings.config_from = None;
    // A file that was typed is that of now, where the revision does not have it.
    if let Some(file) = &settings.config {
        let there = revision.twin(&args.typed.cwd.join(file));
        settings.config = there.filter(|path| path.is_file()).or(settings.config);
    }
    let (_, before) =
        built(&settings, &typed, session).map_err(|error| fails_there(error, name))?;
    reasons.since = Some(Since {
        revision: revision.past.name.clone(),
        commit: revision.past.commit.clone(),
        growth: growth(&before, &after),
    });
    Ok(reasons)
}

/// Fails for names: what changed is said of a whole executable.
fn asks_for_one(typed: &Typed) -> Result<()> {
    let names: Vec<_> = typed
        .packages
        .iter()
        .map(|name| name.to_string_lossy())
        .collect();
    let is_file = |name: &str| name.ends_with(".go");
    let wrong = match names.as_slice() {
        [only] => [INIT, DCE].contains(&only.as_ref()).then_some(only),
        [first, ..] => (!names.iter().all(|name| is_file(name))).then_some(first),
        [] => None,
    };
    wrong.map_or(Ok(()), |name| {
        let message = format!("`--since` says why a whole executable changed, not `{name}`");
        let hint = "name no more than one main package beside `--since`, or ask `why` without it";
        Err(Error::new(Kind::Usage, message).hint(hint))
    })
}

fn built(settings: &Settings, typed: &Typed, session: &mut Session<'_>) -> Result<(Reasons, Side)> {
    let mut typed = typed.clone();
    // The revision lies in another directory, which would stand in the names of its files.
    typed.flags.retain(|flag| flag.name != "trimpath");
    typed
        .flags
        .extend(flags::parse(&["-trimpath".into()], "--since")?);
    // Nothing is linked, and git knows nothing of a revision's directory: its stamps stay unknown.
    let mut prepared = prepare_for(settings, &typed, Purpose::Look, session)?;
    prepared.narrow(Wanted::Kept);
    // There is no repository around the files of a revision, and the stamp says nothing of sizes.
    prepared.narrow(Wanted::Revision);
    let staged = Staged::apart(prepared, session)?;
    let (target, executable) = only(&staged.plan.targets)?;
    let reasons = Reasons::of(&executable.package, toolchain(target));
    Ok((reasons, side(target, executable, &session.interrupt)?))
}

//! Makes the programs that are compared: two that are there, or what is built.

use std::path::{Path, PathBuf};

use super::pairing;
use super::programs::{Place, Program, Work, existing};
use super::variant::Variant;
use super::wish::Wish;
use crate::build::revision::{Revision, check_out};
use crate::cli;
use crate::command::prepare::prepare_for;
use crate::command::{Session, lock_file};
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::facts::Purpose;
use crate::plan::Typed;

/// What is run.
pub(super) struct Made {
    pub(super) programs: Vec<Program>,
    pub(super) place: Place,
    /// Whether the question is whether a profile is worth it.
    pub(super) is_profile: bool,
    /// The lock, where a proof of it goes.
    pub(super) lock: Option<PathBuf>,
    /// What is to be said of them.
    pub(super) notes: Vec<String>,
    /// What is kept as long as something is built or run.
    pub(super) _revision: Option<Revision>,
}

impl Made {
    /// Pairs need as many layouts on each side.
    pub(super) fn settle(&mut self) {
        if pairing::settle(&mut self.programs) {
            let words = "a linker without -randlayout (Go 1.23) is among them, so each program has the one layout of its linker";
            self.notes.push(words.to_owned());
        }
    }
}

/// The programs: two that are there, or what is built.
pub(super) fn made(args: &cli::Prove, wish: &Wish, session: &mut Session<'_>) -> Result<Made> {
    if let Some(files) = executables(&args.typed) {
        if !args.what.variant.is_empty() || args.what.against.is_some() || args.what.bench.is_some()
        {
            let message = "two executables are there already: nothing is built";
            return Err(Error::new(Kind::Usage, message)
                .hint("leave out `--variant`, `--against` and `--bench`, or name packages"));
        }
        let mut place = Place::create(None, session)?;
        let in_place = args.what.in_place;
        let programs = files
            .iter()
            .map(|file| existing(file, in_place, &mut place, session))
            .collect::<Result<_>>()?;
        return Ok(Made {
            programs,
            place,
            is_profile: false,
            lock: None,
            notes: Vec::new(),
            _revision: None,
        });
    }
    let purpose = match args.what.bench {
        Some(_) => Purpose::Escapes,
        None => Purpose::Build,
    };
    let prepared = prepare_for(&args.settings, &args.typed, purpose, session)?;
    let cache = prepared
        .facts
        .first()
        .map(|it| it.toolchain.gocache.clone());
    let place = Place::create(cache.as_deref().map(Path::new), session)?;
    let lock = Some(lock_file::path_of(&prepared));
    let base = (prepared.loaded, prepared.typed);
    let work = Work {
        base: (&base.0, &base.1),
        layouts: wish.layouts,
        pairs: wish.pairs,
        seed: wish.seed,
        is_test: args.what.bench.is_some(),
    };
    let mut made = Made {
        programs: Vec::new(),
        place,
        is_profile: false,
        lock,
        notes: Vec::new(),
        _revision: None,
    };
    build(args, &work, &mut made, session)?;
    made.settle();
    Ok(made)
}

/// Builds what the command line and the configuration name.
fn build(
    args: &cli::Prove,
    work: &Work<'_>,
    made: &mut Made,
    session: &mut Session<'_>,
) -> Result<()> {
    let (loaded, typed) = work.base;
    let now = Variant::plain("as it is");
    if let Some(name) = &args.what.against {
        let revision = check_out(name, &typed.cwd, &session.interrupt).map_err(|mut error| {
            error.message = error.message.replace("`--diff`", "`--against`");
            error
        })?;
        let then = Variant::plain(name);
        let of_then = work.build(&then, Some(&revision), &mut made.place, session)?;
        let of_now = work.build(&now, None, &mut made.place, session)?;
        made.programs = vec![of_then, of_now];
        made._revision = Some(revision);
        return Ok(());
    }
    let variants = all_variants(args, loaded)?;
    if variants.is_empty() {
        made.is_profile = true;
        let with = Variant::plain("with the profile");
        let with = work.build(&with, None, &mut made.place, session)?;
        if with.profile.is_none() {
            return Err(nothing_to_compare(work.is_test));
        }
        let without = Variant::without_profile();
        let without = work.build(&without, None, &mut made.place, session)?;
        made.programs = vec![without, with];
        return Ok(());
    }
    let first = work.build(&now, None, &mut made.place, session)?;
    made.programs.push(first);
    for variant in variants {
        let built = work.build(&variant, None, &mut made.place, session)?;
        made.programs.push(built);
    }
    Ok(())
}

fn nothing_to_compare(is_test: bool) -> Error {
    let message = match is_test {
        true => "nothing says what the benchmarks are held against",
        false => "the build uses no profile, so there is no build without it to compare with",
    };
    Error::new(Kind::Usage, message).hint(
        "name what to compare: `--variant 'NAME: FLAGS'`, `--against REV`, or two executables",
    )
}

/// The variants that were typed, otherwise those of the configuration.
fn all_variants(args: &cli::Prove, loaded: &Loaded) -> Result<Vec<Variant>> {
    if !args.what.variant.is_empty() {
        return args
            .what
            .variant
            .iter()
            .map(|it| Variant::read(it))
            .collect();
    }
    let configured = loaded.config.prove.variant.iter();
    configured.map(Variant::configured).collect()
}

/// Two words of the line that are files, and no Go sources.
fn executables(typed: &Typed) -> Option<[PathBuf; 2]> {
    let [first, second] = typed.packages.as_slice() else {
        return None;
    };
    let is_program = |it: &Path| {
        typed.cwd.join(it).is_file() && it.extension().is_none_or(|ending| ending != "go")
    };
    let both = [PathBuf::from(first), PathBuf::from(second)];
    // Of one that is there and one that is nowhere, the second is a slip.
    let is_nowhere = |it: &Path| {
        let text = it.to_string_lossy();
        !typed.cwd.join(it).exists() && !text.contains("...")
    };
    let are_programs = both.iter().all(|it| is_program(it) || is_nowhere(it));
    let any = both.iter().any(|it| is_program(it));
    (are_programs && any).then_some(both)
}

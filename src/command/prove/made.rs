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
    /// Programs of a place, before there are any.
    pub(super) fn nothing(place: Place) -> Self {
        Self {
            programs: Vec::new(),
            place,
            is_profile: false,
            lock: None,
            notes: Vec::new(),
            _revision: None,
        }
    }

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
    match executables(&args.typed) {
        Some(files) => there(&files, args, session),
        None => built(args, wish, session),
    }
}

/// Executables that are there.
fn there(files: &[PathBuf; 2], args: &cli::Prove, session: &mut Session<'_>) -> Result<Made> {
    if !args.what.variant.is_empty() || args.what.against.is_some() || args.what.bench.is_some() {
        let message = "two executables are there already: nothing is built";
        return Err(Error::new(Kind::Usage, message)
            .hint("leave out `--variant`, `--against` and `--bench`, or name packages"));
    }
    let mut made = Made::nothing(Place::create(None, session)?);
    for file in files {
        let program = existing(file, args.what.in_place, &mut made.place, session)?;
        made.programs.push(program);
    }
    Ok(made)
}

/// What is built for it.
fn built(args: &cli::Prove, wish: &Wish, session: &mut Session<'_>) -> Result<Made> {
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
    let mut made = Made {
        lock: Some(lock_file::path_of(&prepared)),
        ..Made::nothing(place)
    };
    let base = (prepared.loaded, prepared.typed);
    let work = Work {
        base: (&base.0, &base.1),
        layouts: wish.layouts,
        pairs: wish.pairs,
        seed: wish.seed,
        is_test: args.what.bench.is_some(),
    };
    let variants = || all_variants(args, work.base.0);
    match &args.what.against {
        Some(name) => made.against(name, &work, session)?,
        None => match variants()?.as_slice() {
            [] => made.without_profile(&work, session)?,
            variants => made.variants(variants, &work, session)?,
        },
    }
    made.settle();
    Ok(made)
}

impl Made {
    /// Builds a revision, and the program of now.
    fn against(&mut self, name: &str, work: &Work<'_>, session: &mut Session<'_>) -> Result<()> {
        let cwd = &work.base.1.cwd;
        let revision = check_out(name, cwd, &session.interrupt).map_err(|mut error| {
            error.message = error.message.replace("`--diff`", "`--against`");
            error
        })?;
        let then = Variant::plain(name);
        let then = work.build(&then, Some(&revision), &mut self.place, session)?;
        let now = work.build(&Variant::plain(NOW), None, &mut self.place, session)?;
        self.programs = vec![then, now];
        self._revision = Some(revision);
        Ok(())
    }

    /// Builds the program with its profile and without.
    fn without_profile(&mut self, work: &Work<'_>, session: &mut Session<'_>) -> Result<()> {
        self.is_profile = true;
        let with = Variant::plain("with the profile");
        let with = work.build(&with, None, &mut self.place, session)?;
        if with.profile.is_none() {
            return Err(nothing_to_compare(work.is_test));
        }
        let without = Variant::without_profile();
        let without = work.build(&without, None, &mut self.place, session)?;
        self.programs = vec![without, with];
        Ok(())
    }

    /// Builds the program as it is, and each variant of it.
    fn variants(
        &mut self,
        variants: &[Variant],
        work: &Work<'_>,
        session: &mut Session<'_>,
    ) -> Result<()> {
        let now = Variant::plain(NOW);
        for variant in std::iter::once(&now).chain(variants) {
            let program = work.build(variant, None, &mut self.place, session)?;
            self.programs.push(program);
        }
        Ok(())
    }
}

/// What the program of now is called.
const NOW: &str = "as it is";

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

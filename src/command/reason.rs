//! `why`: what keeps something in an executable, and what would go without it.

use super::graph::{Known, Objects};
use super::present::{Blocks, check, emit};
use super::staged::Staged;
use super::{Output, Session};
use crate::cli;
use crate::command::prepare::prepare;
use crate::error::{Error, Kind, Result};
use crate::facts::Wanted;
use crate::plan::{TargetPlan, Typed};
use crate::render::Shows;
use crate::report::Toolchain;
use crate::report::reasons::{By, Reasons};
use crate::view::answer;

mod answers;

mod imports;

mod init;

mod near;

mod sides;

mod since;

/// How many chains `--all` shows at most.
const CHAINS: usize = 20;

/// What asks for the work before `main`.
const INIT: &str = "init";

/// What asks for the calls of methods by unknown names.
const DCE: &str = "dce";

/// What is asked.
struct Question<'a> {
    /// A name, `dce` or `init`.
    about: Option<&'a str>,
    cuts: &'a [String],
    biggest: Option<usize>,
    chains: usize,
    /// Lines of each listing.
    top: usize,
    /// What a run printed of the work before `main`.
    traced: Option<&'a init::Traced>,
}

/// Answers from the objects in the build cache.
pub(crate) fn run(args: &cli::Why, session: &mut Session<'_>) -> Result<Output> {
    check(Shows::TABLES, &args.output)?;
    if let Some(name) = &args.since {
        return shown(&since::since(name, args, session)?, args, session);
    }
    let mut typed = args.typed.clone();
    let about = asked(args, &mut typed)?;
    let mut prepared = prepare(&args.settings, &typed, session)?;
    prepared.narrow(Wanted::Kept);
    let staged = Staged::apart(prepared, session)?;
    let target = staged.plan.targets.first();
    let target = target.ok_or_else(|| nothing("no target"))?;
    let traced = args.run.as_ref().map(|line| init::trace(line, session));
    let traced = traced.transpose()?;
    let question = Question {
        about: about.as_deref(),
        cuts: &args.cut,
        biggest: args.biggest_cuts,
        chains: if args.all { CHAINS } else { 1 },
        top: args.top,
        traced: traced.as_ref(),
    };
    let reasons = answer(target, &question, session)?;
    shown(&reasons, args, session)
}

/// What is asked about, which is the first word of the line; `None` for listings.
fn asked(args: &cli::Why, typed: &mut Typed) -> Result<Option<String>> {
    let listing = !args.cut.is_empty() || args.biggest_cuts.is_some();
    let about = match listing || typed.packages.is_empty() {
        true => None,
        false => Some(typed.packages.remove(0).to_string_lossy().into_owned()),
    };
    if about.is_none() && !listing {
        return Err(Error::new(Kind::Usage, "`why` needs to know what is asked about")
            .hint("name a package, a module, a function, `dce` or `init`, or give `--cut` or `--biggest-cuts`"));
    }
    if args.run.is_some() && about.as_deref() != Some(INIT) {
        return Err(Error::new(Kind::Usage, "`--run` belongs to `why init`"));
    }
    Ok(about)
}

fn shown(reasons: &Reasons, args: &cli::Why, session: &Session<'_>) -> Result<Output> {
    let blocks = Blocks::of(&args.output, |page| match page {
        Some(true) => answer::outline(reasons, usize::MAX),
        _ => answer::outline(reasons, args.top),
    });
    let output = emit(reasons, &blocks, &Vec::new, &args.output, session)?;
    Ok(Output {
        is_data: true,
        ..output
    })
}

/// Go, and the platform.
fn toolchain(target: &TargetPlan) -> Toolchain {
    let of = &target.facts.toolchain;
    Toolchain {
        version: of.version.clone(),
        goos: of.goos.clone(),
        goarch: of.goarch.clone(),
    }
}

fn nothing(message: &str) -> Error {
    Error::new(Kind::Usage, message).hint("name a main package behind what is asked about")
}

/// The archives of the first executable of a target, and the answers from them.
fn answer(target: &TargetPlan, question: &Question<'_>, session: &Session<'_>) -> Result<Reasons> {
    let executable = target.executables.first();
    let main = executable.ok_or_else(|| nothing("there is no executable to ask about"))?;
    if let [_, second, ..] = target.executables.as_slice() {
        let message = format!(
            "there are several executables: `{}`, `{}`",
            main.package, second.package
        );
        return Err(nothing(&message));
    }
    let objects = Objects::list(target, &main.package, &session.interrupt)?;
    let mut reasons = Reasons::of(&main.package, toolchain(target));
    let known = objects.known();
    let eliminated =
        objects.linked(|program| answers::fill(program, &known, question, &mut reasons));
    match eliminated {
        Ok(answered) => answered?,
        Err(error) => {
            reasons.by = By::Imports;
            let hint = error.hint.iter().map(|hint| format!("; {hint}"));
            reasons.not_run = Some(error.to_string() + &hint.collect::<String>());
            imports::fill(&known, question, &mut reasons)?;
        }
    }
    Ok(reasons)
}

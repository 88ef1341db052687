//! `prove`: programs built, run side by side, and whether one is faster.

mod beside;

mod facts;

mod fit;

mod programs;

mod proof;

mod running;

mod same;

mod serving;

mod session;

mod variant;

mod wish;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::lock_file;
use super::prepare::{Purpose, prepare_for};
use super::present::{self, present};
use super::{Output, Session};
use crate::build::revision::{Revision, check_out};
use crate::build::{Event, publish};
use crate::cli;
use crate::config::{self, layer::Loaded};
use crate::error::{Error, Kind, Result};
use crate::number::{counted_of, grouped};
use crate::plan::Typed;
use crate::process::counted;
use crate::prove::decide::Rules;
use crate::prove::run::Metric;
use crate::render::{self, Format, Shows};
use crate::report::prove::{self as report, Machine, Report};
use crate::view;
pub use beside::{Question, Side};
use programs::{Place, Program, Work, existing};
use running::Runner;
use same::Known;
use session::{Measured, measure};
use variant::Variant;
use wish::Wish;

/// Builds, runs, judges and reports.
pub fn run(args: &cli::Prove, session: &mut Session<'_>) -> Result<Output> {
    let start = Instant::now();
    present::check(Shows::COMPARISON, &args.output)?;
    for path in args.how.raw.iter().chain(&args.output.report) {
        publish::try_directory(&session.cwd.join(path))?;
    }
    let sources = args.settings.sources(&args.typed.cwd, session.text_env())?;
    let loaded = config::load(&sources)?;
    let wish = Wish::of(args, &loaded)?;
    let mut made = made(args, &wish, session)?;
    if args.how.accept && !made.is_profile {
        return Err(proof::not_a_profile());
    }
    if let (true, Some(lock)) = (args.how.accept, &made.lock) {
        proof::check(lock, &made.programs[1], session)?;
    }
    let mut report = blank(args, &wish, &made);
    if let Some(signal) = compared(args, &wish, &mut made, &mut report, session)? {
        // What was found is said before we end, so nobody may end us over it.
        session.interrupt = session.interrupt.beside();
        report.total_ms = millis(start.elapsed());
        let mut output = finish(&report, args, session)?;
        output.signal = Some(signal);
        return Ok(output);
    }
    report.total_ms = millis(start.elapsed());
    let output = finish(&report, args, session)?;
    if let (true, Some(lock)) = (args.how.accept, &made.lock) {
        match proof::accept(&report, lock, &made.programs[1], session) {
            Ok(told) => (session.show)(Event::Talk(&told)),
            Err(error) => {
                // What was measured is not lost over it.
                for it in &report.comparisons {
                    (session.show)(Event::Talk(&it.sentence));
                }
                return Err(error);
            }
        }
    }
    Ok(output)
}

/// A report of programs that have not run yet.
fn blank(args: &cli::Prove, wish: &Wish, made: &Made) -> Report {
    let rules = Rules::new(wish.pairs, wish.threshold, made.programs.len() - 1);
    let mut report = Report::new(machine(wish), wish.seed, &rules);
    describe(&mut report, args, wish, made);
    report.notes.clone_from(&made.notes);
    report.trained = same::trained(&made.programs, &wish.workload);
    report
}

/// Runs the programs where anything can differ between them, and judges. The signal that ended it, where one did.
fn compared(
    args: &cli::Prove,
    wish: &Wish,
    made: &mut Made,
    report: &mut Report,
    session: &mut Session<'_>,
) -> Result<Option<i32>> {
    if let Some(outcome) = same(made, args.what.anyway, report) {
        let programs = report.programs.clone();
        let metric = wish.metric.clone().unwrap_or(Metric::Cpu);
        let others = programs[1..].iter();
        report.comparisons = others
            .map(|it| report::same(it, &programs[0], &metric, outcome))
            .collect();
        report.verdict = report::verdict(&report.comparisons, wish.require);
        return Ok(None);
    }
    let measured = measured(args, wish, made, session)?;
    judge(report, wish, made, &measured);
    Ok(measured.signal)
}

/// What is run.
struct Made {
    programs: Vec<Program>,
    place: Place,
    /// Whether the question is whether a profile is worth it.
    is_profile: bool,
    /// The lock, where a proof of it goes.
    lock: Option<PathBuf>,
    /// What is to be said of them.
    notes: Vec<String>,
    /// What is kept as long as something is built or run.
    _revision: Option<Revision>,
}

impl Made {
    /// Pairs need as many layouts on each side.
    fn settle(&mut self) {
        if fit::settle(&mut self.programs) {
            let words = "a linker without -randlayout (Go 1.23) is among them, so each program has the one layout of its linker";
            self.notes.push(words.to_owned());
        }
    }
}

/// The programs: two that are there, or what is built.
fn made(args: &cli::Prove, wish: &Wish, session: &mut Session<'_>) -> Result<Made> {
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

/// Those that were typed, otherwise those of the configuration.
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

/// What runs, and where.
fn describe(report: &mut Report, args: &cli::Prove, wish: &Wish, made: &Made) {
    let shown = |words: &[String]| {
        // `{bin}` needs no quotes in a shell.
        shell_words::join(words).replace("'{bin}'", wish::BIN)
    };
    report.workload = match &args.what.bench {
        Some(pattern) => format!("benchmarks {pattern}, {} each", args.what.benchtime),
        None => shown(&wish.workload),
    };
    report.serve = wish.serve.as_ref().map(|(words, _)| shown(words));
    report.layouts = made
        .programs
        .iter()
        .map(|it| it.files.len())
        .max()
        .unwrap_or(1);
    report.require = wish.require.map(|it| it.to_string());
    let program = |it: &Program| report::Program {
        name: it.name.clone(),
        size: it.size,
        sha256: it.sha256.clone(),
        go_version: it.go_version.clone(),
        profile: it.profile.clone(),
        build_ms: it.built.map(millis),
        facts: None,
        allocated: Vec::new(),
        runs: Vec::new(),
    };
    report.programs = made.programs.iter().map(program).collect();
    let known = facts::facts(&made.programs);
    for (program, known) in report.programs.iter_mut().zip(known) {
        program.facts = known;
    }
}

/// What is known so that nothing is to be measured; the words for it stand in the report.
fn same(made: &Made, anyway: bool, report: &mut Report) -> Option<report::Outcome> {
    let (known, words) = match same::known(&made.programs, made.is_profile) {
        Known::Equal(None) if anyway => {
            let words = "the programs are the same but for build IDs: what differs is the machine";
            (None, Some(words.to_owned()))
        }
        Known::Equal(words) => (Some(report::Outcome::Same), words),
        Known::HotEqual(words) => (Some(report::Outcome::HotSame), Some(words)),
        Known::Differs(words) => (None, words),
    };
    report.notes.extend(words);
    known.filter(|_| !anyway)
}

fn measured(
    args: &cli::Prove,
    wish: &Wish,
    made: &mut Made,
    session: &mut Session<'_>,
) -> Result<Measured> {
    let own = session.program.clone().ok_or_else(|| {
        let message =
            "the file of this program is gone: it measures by a second process of its own";
        Error::new(Kind::Machine, message)
    })?;
    let mut wish = wish.clone();
    if let Some(pattern) = &args.what.bench {
        let words = [
            wish::BIN,
            "-test.run=^$",
            "-test.benchmem",
            "-test.count=1",
            &format!("-test.bench={pattern}"),
            &format!("-test.benchtime={}", args.what.benchtime),
        ];
        wish.workload = words.map(str::to_owned).to_vec();
    }
    let interrupt = session.interrupt.clone();
    let runner = Runner {
        wish: &wish,
        own,
        scratch: made.place.stage.path().to_path_buf(),
        interrupt: &interrupt,
    };
    let bench = args.what.bench.is_some();
    measure(
        &runner,
        &made.programs,
        wish.metric.as_ref(),
        bench,
        session,
    )
}

fn judge(report: &mut Report, wish: &Wish, made: &Made, measured: &Measured) {
    report::add_runs(&mut report.programs, &measured.runs);
    let counts = || measured.runs.iter().flatten();
    let lacks = counts()
        .filter(|run| run.taken.instructions.is_none())
        .count();
    report.notes.extend(match counted::refusal() {
        Some(why) => Some(format!("instructions are not counted: {why}")),
        None if lacks > 0 => Some(format!(
            "instructions are not compared: {} of {} were not counted all the time, since others use the counter too",
            grouped(lacks as u64),
            counted_of(counts().count(), "run")
        )),
        None => None,
    });
    report.level = measured.rules.level(measured.rules.most());
    report.interrupted = measured.signal.is_some();
    report.comparisons = report::comparisons(&report::Inputs {
        programs: report.programs.clone(),
        runs: &measured.runs,
        metrics: &measured.metrics,
        found: &measured.found,
        is_profile: made.is_profile,
        seed: wish.seed,
    });
    report.verdict = report::verdict(&report.comparisons, wish.require);
}

/// Writes the raw runs, and shows the report.
fn finish(report: &Report, args: &cli::Prove, session: &Session<'_>) -> Result<Output> {
    if let Some(path) = &args.how.raw {
        publish::text(
            &report::raw(report),
            &session.cwd.join(path),
            &session.interrupt,
        )?;
    }
    let render = |format, _, style| match format {
        Format::Json => render::json(report),
        _ => render::blocks(&view::speed::proved(report), format, style),
    };
    present(render, &args.output, usize::MAX, &report.verdict, session)
}

fn machine(wish: &Wish) -> Machine {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let mut lines = cpuinfo.lines();
    let model = lines.find_map(|it| it.strip_prefix("model name")?.split_once(':'));
    Machine {
        platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        processor: model.map(|it| it.1.trim().to_owned()),
        processors: std::thread::available_parallelism().map_or(1, usize::from),
        pinned: wish.cpus.clone(),
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

//! `doctor`: the checks that need no build, and the gates that the next build will not judge.

use std::path::{Path, PathBuf};

use super::lock_file::Held;
use super::present;
use super::upgrade::vetting::findings;
use super::{Output, Session};
use crate::build::Event;
use crate::check::{self, Context, Finding, Status};
use crate::cli::Doctor;
use crate::clock;
use crate::command::prepare::prepare_for;
use crate::config::layer;
use crate::doctor::{self, Look, Row, Vetted};
use crate::error::{Error, Result};
use crate::facts::is_elsewhere;
use crate::facts::{Prepared, Purpose, list_flags};
use crate::gate::Change;
use crate::go::vetted::Asked;
use crate::lock::Lock;
use crate::number::counted_of;
use crate::plan::Facts;
use crate::render::{self, Format, Style};
use crate::report::foreseen::{Ahead, foreseen};
use crate::report::{About, Findings, Reason, Tool, denied, judge, shown};
use crate::view::{self, Block, Tone};

/// Prints what the checks see in each main package.
pub(crate) fn run(args: &Doctor, session: &mut Session<'_>) -> Result<Output> {
    let prepared = prepared(args, session)?;
    let held = Held::of(&prepared, session)?;
    let gates = Gates {
        change: held.change(&prepared, session)?,
        lock: held.judge,
    };
    let (mut all, mut open) = (Vec::<Seen>::new(), Vec::new());
    for (index, facts) in prepared.facts.iter().enumerate() {
        let scan = doctor::scan(&facts.packages);
        let asked = args.vet.then(|| vetted(&prepared, facts, session));
        let vetted = asked.transpose()?;
        let mains = facts.packages.iter().filter(|it| it.is_named_main());
        for main in mains {
            let package = main.import_path.as_str();
            let strippable = strippable(&prepared, index, package, session);
            let look = Look {
                facts,
                config: &prepared.loaded.config,
                package,
                scan: &scan,
                strippable: strippable.as_ref(),
                vetted: vetted.as_ref(),
            };
            let (mut seen, unjudged) = seen(&look, &prepared, &gates);
            seen.name = format!("{} {}", main.executable_name(), facts.key());
            open.extend(unjudged.into_iter().map(|sentence| judge::Open {
                sentence,
                of: seen.name.clone(),
                about: About::SaidByCheck,
            }));
            all.push(seen);
        }
    }
    let not_judged = judge::together(&open);
    Ok(output(&all, not_judged, args.format, &prepared, session))
}

/// What a build would be judged by.
struct Gates {
    lock: Option<Lock>,
    /// What the working tree does to them.
    change: Option<Change>,
}

fn output(
    all: &[Seen],
    not_judged: Vec<Reason>,
    format: Format,
    prepared: &Prepared,
    session: &Session<'_>,
) -> Output {
    let failed = |finding: &&Finding| finding.status == Status::Fail;
    let failures = all.iter().flat_map(|seen| &seen.checks).filter(failed);
    let failures = failures.map(|finding| format!("{}: {}", finding.id, finding.message));
    let style = Style {
        width: session.width,
    };
    let blocks = || blocks(all, &prepared.loaded.file);
    let text = match format {
        Format::Json => json(all),
        format => annotations(all, &not_judged, format, &session.cwd)
            .unwrap_or_else(|| render::blocks(&blocks(), format, style)),
    };
    Output {
        text,
        failures: failures.collect(),
        not_judged: not_judged.into_iter().map(String::from).collect(),
        is_data: format.is_data(),
        ..Output::default()
    }
}

/// What warns or fails, in the formats that show nothing else; `None` for others.
fn annotations(all: &[Seen], not_judged: &[Reason], format: Format, cwd: &Path) -> Option<String> {
    let failed = |finding: &&Finding| finding.status == Status::Fail;
    let failures = all.iter().flat_map(|seen| {
        let failed = seen.checks.iter().filter(failed);
        failed.map(|finding| denied(finding, &seen.name))
    });
    let failures: Vec<Reason> = failures.collect();
    let mut findings = Findings {
        failures: failures.iter().collect(),
        not_judged: not_judged.iter().collect(),
        anchor: present::anchor(cwd),
        ..Findings::default()
    };
    for seen in all {
        findings.checked(&seen.checks, &seen.name);
        findings.learned(&seen.lessons, &seen.name);
    }
    present::annotated(&findings, &Tool::this(), format, cwd)
}

/// What there is to look at: the packages that were named, those of the configuration, or where there is nothing here, all below.
fn prepared(args: &Doctor, session: &mut Session<'_>) -> Result<Prepared> {
    match prepare_for(&args.settings, &args.typed, Purpose::Look, session) {
        // The mains of most modules are in cmd/.
        Err(error) if is_elsewhere(&error) && args.typed.packages.is_empty() => {
            let mut typed = args.typed.clone();
            typed.packages.push("./...".into());
            (session.show)(Event::Talk(ELSEWHERE));
            prepare_for(&args.settings, &typed, Purpose::Look, session)
        }
        other => other,
    }
}

const ELSEWHERE: &str = "no Go files here: looking at the main packages of ./... (`gobuild-opt init` writes them into a configuration)";

/// What the checks and the rows see of an executable, and the gates that were not judged.
fn seen(look: &Look<'_>, prepared: &Prepared, judging: &Gates) -> (Seen, Vec<String>) {
    let (facts, package, loaded) = (look.facts, look.package, &prepared.loaded);
    let lock = judging.lock.as_ref();
    let gates = foreseen(&Ahead {
        config: &loaded.config,
        origins: &loaded.origins,
        lock,
        facts,
        package,
    });
    let context = Context {
        facts,
        package,
        artifact: None,
        built: None,
        pgo: &loaded.config.pgo,
        linkage: loaded.config.build.linkage,
        lock: None,
        proof: lock.and_then(|lock| lock.targets.get(&facts.key())?.proofs.get(package)),
        origins: &loaded.origins,
        change: judging.change.as_ref(),
        gates: &gates,
        now: clock::about_now(),
    };
    let go = &facts.toolchain;
    let checked = check::run(&loaded.config, &context);
    let unfilled = prepared.unfilled.iter().map(without_value);
    let seen = Seen {
        name: String::new(),
        title: format!("{package} · {}/{} · {}", go.goos, go.goarch, go.version),
        checks: checked.findings.into_iter().chain(unfilled).collect(),
        lessons: doctor::rows(look),
    };
    (seen, checked.unjudged)
}

/// What stripping saves, by the executable where release publishes it, or by a report that the last release left there.
fn strippable(
    prepared: &Prepared,
    index: usize,
    package: &str,
    session: &Session<'_>,
) -> Option<doctor::Strippable> {
    let mut executables = prepared.outputs.targets.get(index)?.iter();
    let executable = executables.find(|executable| executable.package == package)?;
    let path = executable.path.as_ref()?;
    let name = |path: &Path| shown(path, &session.cwd);
    let go = &prepared.facts.get(index)?.toolchain;
    let named = session
        .variable(layer::REPORT)
        .map(|paths| std::env::split_paths(paths).collect());
    let mut reports: Vec<PathBuf> = named.unwrap_or_default();
    reports.extend(path.parent().map(|directory| directory.join("report.json")));
    let mut reports = reports
        .into_iter()
        .map(|report| prepared.typed.cwd.join(report));
    doctor::of_file(path, &name(path)).or_else(|| {
        reports.find_map(|report| {
            doctor::of_report(&report, &name(&report), package, (&go.goos, &go.goarch))
        })
    })
}

/// A template that has no value here.
fn without_value(error: &Error) -> Finding {
    Finding {
        id: "stamps".into(),
        status: Status::Warn,
        message: format!("release stops here: {}", error.message),
        hint: error.hint.clone(),
    }
}

/// What go vet and go fix report of the packages of the line.
fn vetted(prepared: &Prepared, facts: &Facts, session: &Session<'_>) -> Result<Vetted> {
    let (loaded, typed) = (&prepared.loaded, &prepared.typed);
    let flags = list_flags(loaded, typed, &facts.target, &facts.goflags)?;
    let packages = typed.packages(&loaded.config);
    let ask = |asked| findings(asked, &flags, &packages, facts, session);
    let fix = match facts.toolchain.minor() >= Some((1, 26)) {
        true => ask(Asked::Fix)?,
        false => Err(format!(
            "{} has no analyzers for newer forms, Go 1.26 has",
            facts.toolchain.version
        )),
    };
    Ok(Vetted {
        vet: ask(Asked::Vet)?,
        fix,
    })
}

/// What is seen of an executable.
#[derive(Clone)]
struct Seen {
    /// `api linux/amd64`
    name: String,
    title: String,
    checks: Vec<Finding>,
    lessons: Vec<Row>,
}

fn json(all: &[Seen]) -> String {
    let target = |seen: &Seen| {
        serde_json::json!({
            "target": seen.title,
            "checks": seen.checks,
            "lessons": seen.lessons,
        })
    };
    render::json(&all.iter().map(target).collect::<Vec<_>>())
}

/// What all executables have in common is said once, before what each has of its own.
fn blocks(all: &[Seen], file: &Option<PathBuf>) -> Vec<Block> {
    let (common, own) = apart(all);
    let mut blocks = Vec::new();
    let mut show = |seen: &Seen, names: &[Seen]| {
        blocks.push(Block::Title(seen.title.clone()));
        let names = names.iter().map(|seen| seen.title.clone());
        blocks.extend(names.map(|name| Block::Line(Tone::Plain, name)));
        blocks.extend(view::check_lines::checks(&seen.checks));
        blocks.extend(view::check_lines::lessons(&seen.lessons));
    };
    common.iter().for_each(|seen| show(seen, all));
    let something = |seen: &&Seen| !seen.checks.is_empty() || !seen.lessons.is_empty();
    own.iter()
        .filter(something)
        .for_each(|seen| show(seen, &[]));
    let file = file
        .as_ref()
        .map_or("none: `gobuild-opt init` writes one".into(), |path| {
            path.display().to_string()
        });
    blocks.push(Block::Line(Tone::Dim, format!("configuration: {file}")));
    blocks
}

/// What all of several executables share, and what each has beside it.
fn apart(all: &[Seen]) -> (Option<Seen>, Vec<Seen>) {
    let [first, others @ ..] = all else {
        return (None, Vec::new());
    };
    if others.is_empty() {
        return (None, vec![first.clone()]);
    }
    let check = |finding: &Finding| others.iter().all(|seen| seen.checks.contains(finding));
    let lesson = |row: &Row| others.iter().all(|seen| seen.lessons.contains(row));
    let own = |seen: &Seen| Seen {
        name: seen.name.clone(),
        title: seen.title.clone(),
        checks: only(&seen.checks, |finding| !check(finding)),
        lessons: only(&seen.lessons, |row| !lesson(row)),
    };
    let common = Seen {
        name: String::new(),
        title: format!(
            "What {} have in common",
            counted_of(all.len(), "executable")
        ),
        checks: only(&first.checks, check),
        lessons: only(&first.lessons, lesson),
    };
    (Some(common), all.iter().map(own).collect())
}

fn only<T: Clone>(list: &[T], wanted: impl Fn(&T) -> bool) -> Vec<T> {
    list.iter().filter(|entry| wanted(entry)).cloned().collect()
}

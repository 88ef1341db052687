//! `upgrade`: builds the program as it is and with another Go or other modules, and says what differs. Nothing of the user's is
//! touched.

mod around;

mod changed;

pub(super) mod own_modfile;

mod next;

mod built_side;

pub(super) mod vetting;

pub(super) mod wished_versions;

use super::present::{self, present};
use super::prove::Question;
use super::{Output, Session};
use crate::build::Event;
use crate::cli;
use crate::command::prepare::prepare_loaded;
use crate::config::layer::Loaded;
use crate::config::{self, Target};
use crate::error::{Error, Kind, Result};
use crate::facts::go_command;
use crate::facts::{self, Prepared, Purpose};
use crate::go::flags::Flag;
use crate::plan::Typed;
use crate::render::{self, Format, Shows};
use crate::report::upgrade_report::{Preview, Report};
use crate::view;
use built_side::{OnRequest, Side};
use next::Next;
use wished_versions::Bump;

/// Reads what is asked for, builds and reports. What is wrong with the question is said before anything is compiled.
pub fn run(args: &cli::Upgrade, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::COMPARISON, &args.output)?;
    let bumps = wished_versions::modules(&args.module)?;
    let sources = args.settings.sources(&args.typed.cwd, session.text_env())?;
    let loaded = config::load(&sources)?;
    let typed = reading(&loaded, &args.typed, session)?;
    let mut prepared = prepare_loaded(loaded, &args.settings, &typed, Purpose::Build, session)?;
    // What is compared is own code, whatever the report of a release is about.
    prepared.narrow(facts::Wanted::OwnCode);
    let question = args.prove.as_deref();
    let question = question.map(|command| Question::of(command, &prepared.loaded));
    let question = question.transpose()?;
    let nexts = nexts(args, &prepared, &bumps, question.as_ref(), session)?;
    let wanted = OnRequest {
        vetting: args.vet,
        tiles: args.output.formats().any(Format::draws),
    };
    (session.show)(Event::Talk("building the program as it is"));
    let before = Side::build(prepared, wanted, session)?;
    let mut previews: Vec<Preview> = Vec::new();
    for next in nexts {
        (session.show)(Event::Talk(&format!("building it with {}", next.what)));
        previews.push(next.preview(&before, wanted, question.as_ref(), session)?);
    }
    let report = Report::of(previews);
    for line in view::upgrade_preview::times(&report) {
        (session.show)(Event::Talk(&line));
    }
    show(&report, args, session)
}

/// The sides that the program is compared with, prepared. Fails where the question cannot be asked of one of them, or of the
/// program as it is.
fn nexts(
    args: &cli::Upgrade,
    prepared: &Prepared,
    bumps: &[Bump],
    question: Option<&Question>,
    session: &mut Session<'_>,
) -> Result<Vec<Next>> {
    if let Some(question) = question {
        question.check(prepared)?;
    }
    let now = Now::of(prepared)?;
    let mut nexts = Vec::new();
    for wish in wished_versions::toolchains(&args.go, &now, session)? {
        nexts.push(Next::prepare(&now, wish, bumps, session)?);
    }
    if let Some(question) = question {
        nexts.iter().try_for_each(|next| next.check(question))?;
    }
    Ok(nexts)
}

/// The command line without `-mod=mod`, with which go would write to go.mod, wherever it is from.
fn reading(loaded: &Loaded, typed: &Typed, session: &Session<'_>) -> Result<Typed> {
    let mut typed = typed.clone();
    let values = match own_modfile::in_force("mod", loaded, &typed, "") {
        Some(flag) => vec![flag.value],
        None => outside(loaded, &typed, session)?,
    };
    if values.iter().any(|value| value.as_deref() == Some("mod")) {
        typed.flags.retain(|flag| flag.name != "mod");
        typed.flags.push(Flag {
            name: "mod".into(),
            value: Some("readonly".into()),
            bytes: None,
        });
    }
    Ok(typed)
}

/// What GOFLAGS says of `-mod` for each platform: go knows it from the environment and from what `go env -w` wrote.
fn outside(loaded: &Loaded, typed: &Typed, session: &Session<'_>) -> Result<Vec<Option<String>>> {
    let targets = match loaded.config.target.as_slice() {
        [] => vec![Target::default()],
        some => some.to_vec(),
    };
    let mut values = Vec::new();
    for target in &targets {
        let toolchain =
            go_command(loaded, typed, target, session)?.toolchain(&session.interrupt)?;
        let flag = own_modfile::in_force("mod", loaded, typed, &toolchain.goflags);
        values.push(flag.and_then(|flag| flag.value));
    }
    Ok(values)
}

/// Prints the page.
fn show(report: &Report, args: &cli::Upgrade, session: &Session<'_>) -> Result<Output> {
    let render = |format, top: usize, style| match format {
        Format::Json => render::json(report),
        // A page for a pull request, in a file too; JSON has everything.
        Format::Markdown => {
            let mut blocks = view::upgrade_preview::upgrade(report, top.min(args.top));
            let times = view::upgrade_preview::times(report).into_iter();
            blocks.extend(times.map(|line| view::Block::Line(view::Tone::Dim, line)));
            render::blocks(&blocks, format, style)
        }
        _ => render::blocks(&view::upgrade_preview::upgrade(report, top), format, style),
    };
    present(render, &args.output, args.top, &report.verdict, session)
}

/// The program as it is, before it is built.
pub(super) struct Now {
    loaded: Loaded,
    typed: Typed,
    /// What go says of the first platform, which stands for all: version, modules, go line.
    facts: Known,
}

/// What is known of the program as it is.
pub(super) struct Known {
    go: crate::go::Go,
    toolchain: crate::go::Toolchain,
    go_line: Option<(String, &'static str)>,
    packages: Vec<crate::go::Package>,
}

impl Now {
    fn of(prepared: &Prepared) -> Result<Self> {
        let first = prepared.facts.first();
        let facts = first.ok_or_else(|| Error::new(Kind::Usage, "there is no target"))?;
        Ok(Self {
            loaded: prepared.loaded.clone(),
            typed: prepared.typed.clone(),
            facts: Known {
                go: facts.go.clone(),
                toolchain: facts.toolchain.clone(),
                go_line: facts.go_line.clone(),
                packages: facts.packages.clone(),
            },
        })
    }
}

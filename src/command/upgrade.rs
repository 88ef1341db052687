//! `upgrade`: builds the program as it is and with another Go or other modules, and says what differs. Nothing of the user's is
//! touched.

mod around;

mod changed;

mod modfile;

mod next;

mod side;

mod vetting;

mod wish;

use super::prepare::{Prepared, Purpose, prepare_for};
use super::present::{self, present};
use super::prove::Question;
use super::{Output, Session};
use crate::build::Event;
use crate::cli;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Flag};
use crate::plan::Typed;
use crate::render::{self, Format, Shows};
use crate::report::outline;
use crate::report::upgrade::{Preview, Report};
use next::Next;
use side::{Side, Wanted};

/// Reads what is asked for, builds and reports. What is wrong with the question is said before anything is compiled.
pub fn run(args: &cli::Upgrade, session: &mut Session<'_>) -> Result<Output> {
    present::check(Shows::COMPARISON, &args.output)?;
    let bumps = wish::modules(&args.module)?;
    let typed = reading(&args.typed, session);
    let mut prepared = prepare_for(&args.settings, &typed, Purpose::Build, session)?;
    // What is compared is own code, whatever the report of a release is about.
    prepared.loaded.config.escape.scope = "module".into();
    let question = args.prove.as_deref();
    let question = question.map(|command| Question::of(command, &prepared.loaded));
    let question = question.transpose()?;
    let now = Now::of(&prepared)?;
    let mut nexts = Vec::new();
    for wish in wish::toolchains(&args.go, &now, session)? {
        nexts.push(Next::prepare(&now, wish, &bumps, session)?);
    }
    let wanted = Wanted {
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
    for line in outline::upgrade::times(&report) {
        (session.show)(Event::Talk(&line));
    }
    show(&report, args, session)
}

/// The command line without `-mod=mod`, with which go would write to go.mod.
fn reading(typed: &Typed, session: &Session<'_>) -> Typed {
    let ambient = session.variable("GOFLAGS").and_then(|it| it.to_str());
    let ambient = flags::parse_goflags(ambient.unwrap_or_default()).unwrap_or_default();
    let mut all = ambient.iter().chain(&typed.flags);
    let last = all.rfind(|flag| flag.name == "mod");
    let mut typed = typed.clone();
    if last.is_some_and(|flag| flag.value.as_deref() == Some("mod")) {
        typed.flags.retain(|flag| flag.name != "mod");
        typed.flags.push(Flag {
            name: "mod".into(),
            value: Some("readonly".into()),
            bytes: None,
        });
    }
    typed
}

/// Prints the page.
fn show(report: &Report, args: &cli::Upgrade, session: &Session<'_>) -> Result<Output> {
    let render = |format, top: usize, style| match format {
        Format::Json => render::json(report),
        // A page for a pull request, in a file too; JSON has everything.
        Format::Markdown => {
            let mut blocks = outline::upgrade::upgrade(report, top.min(args.top));
            let times = outline::upgrade::times(report).into_iter();
            blocks.extend(times.map(|line| outline::Block::Line(outline::Tone::Dim, line)));
            render::blocks(&blocks, format, style)
        }
        _ => render::blocks(&outline::upgrade::upgrade(report, top), format, style),
    };
    present(render, &args.output, args.top, &report.verdict, session)
}

/// The program as it is, before it is built.
struct Now {
    loaded: Loaded,
    typed: Typed,
    /// What go says of the first platform, which stands for all: version, modules, go line.
    facts: Known,
}

/// What is known of the program as it is.
struct Known {
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

//! `comment`: a saved report, which anybody may have written, as a comment on a pull request.

mod api;

mod check_run;

mod post;

mod comment_subject;

use std::panic::AssertUnwindSafe;
use std::path::Path;

use serde_json::Value;

use super::{Output, Session};
use crate::binary::contain;
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::input;
use crate::render;
use crate::report::comparison::{Comparison, Rules, Subjects, compare, saved};
use crate::report::inspection::View;
use crate::report::{Report, SCHEMA_VERSION};
use crate::view::comparison_tables;
use crate::view::{self, Block, Detail, Tone, change_summary};
use comment_subject::Subject;
use post::Draft;

/// The largest report that is read: one of 100 executables has 10 MB.
const LARGEST: u64 = 32 << 20;
/// GitHub takes 65,536 characters.
const ROOM: usize = 60_000;
/// Above it, numbers of JSON are no longer exact, and sums of them may not fit.
const LARGEST_NUMBER: u64 = 1 << 53;

/// Prints the comment, or writes it to the pull request.
pub(crate) fn run(args: &cli::Comment, session: &mut Session<'_>) -> Result<Output> {
    let report = read(&args.from, &session.cwd)?;
    let text = contained(&report, args, session)?;
    match args.post {
        true => write(&text, &report, args, session),
        false => Ok(Output {
            text: match text.wanted {
                true => text.body,
                false => String::new(),
            },
            is_data: true,
            ..Output::default()
        }),
    }
}

/// The draft: what was written by others may surprise code that is made for our own reports.
fn contained(report: &Report, args: &cli::Comment, session: &Session<'_>) -> Result<Draft> {
    let base = match &args.base {
        Some(path) => Some(Sides::read(path, &args.from, &session.cwd)?),
        None => None,
    };
    let text = contain(AssertUnwindSafe(|| {
        Some(draft(report, base.as_ref(), args))
    }));
    text.ok_or_else(|| no_report(&args.from, "its numbers make no sense"))?
}

/// Writes the comment to the pull request, and the check beside it.
fn write(
    text: &Draft,
    report: &Report,
    args: &cli::Comment,
    session: &Session<'_>,
) -> Result<Output> {
    let path = args.subject.as_deref().unwrap_or(Path::new(""));
    let subject = Subject::read(path, session)?;
    // A branch may require the check: a comment that cannot be written does not keep it away.
    let mut done = vec![post::post(text, &subject, args, session)];
    if let Some(name) = &args.check {
        let written = check_run::write(name, report, &text.body, &subject, session);
        done.push(written);
    }
    let done = done.into_iter().collect::<Result<Vec<String>>>()?;
    Ok(Output {
        text: done.join("\n") + "\n",
        ..Output::default()
    })
}

/// Both reports as what is compared.
struct Sides {
    before: Subjects,
    after: Subjects,
}

impl Sides {
    fn read(before: &Path, after: &Path, cwd: &Path) -> Result<Self> {
        // Both have to be reports of release: an inspection says nothing of gates.
        let side = |path: &Path| {
            read(path, cwd)?;
            let bytes = input::read(&cwd.join(path), LARGEST)?;
            saved(&bytes, &path.display().to_string(), false)
                .unwrap_or_else(|| Err(no_report(path, "it is no JSON object")))
        };
        Ok(Self {
            before: side(before)?,
            after: side(after)?,
        })
    }
}

fn draft(report: &Report, base: Option<&Sides>, args: &cli::Comment) -> Result<Draft> {
    let rules = Rules {
        floor: 1024,
        fail_over: None,
    };
    // Nothing in common is no failure: then everything is new.
    let compared = base.and_then(|sides| compare(&sides.before, &sides.after, None, rules).ok());
    let changed = change_summary::is_changed(report, compared.as_ref());
    let body = body(report, compared.as_ref(), args);
    Ok(Draft {
        wanted: match args.when {
            cli::When::Always => true,
            cli::When::Changes => changed,
            cli::When::Failures => !report.verdict.pass,
        },
        body,
    })
}

fn body(report: &Report, base: Option<&Comparison>, args: &cli::Comment) -> String {
    let mut first = change_summary::summary(report, base, args.base_name.as_deref());
    if base.is_none() {
        let line = "no baseline: there is no report of what this is based on";
        first.push(Block::Line(Tone::Dim, line.into()));
    }
    let changes = base.map_or(Vec::new(), |comparison| {
        comparison_tables::outline(comparison, View::default())
    });
    let detail = Detail {
        packages: 20,
        everything: true,
    };
    let whole = view::outline(report, detail);
    render::folded(
        &first,
        &[("What changed", changes), ("The whole report", whole)],
        ROOM,
    )
}

fn read(path: &Path, cwd: &Path) -> Result<Report> {
    let bytes = input::read(&cwd.join(path), LARGEST)?;
    let value: Value =
        serde_json::from_slice(&bytes).map_err(|error| no_report(path, &error.to_string()))?;
    match value["schema_version"].as_u64() {
        Some(version) if version == u64::from(SCHEMA_VERSION) => {}
        Some(_) => return Err(no_report(path, "another version of gobuild-opt wrote it")),
        None => return Err(no_report(path, "it has no schema_version")),
    }
    if !numbers_fit(&value) {
        return Err(no_report(path, "a number in it is out of range"));
    }
    serde_json::from_slice(&bytes).map_err(|error| no_report(path, &error.to_string()))
}

fn numbers_fit(value: &Value) -> bool {
    match value {
        Value::Number(number) => {
            let whole = number
                .as_u64()
                .or_else(|| number.as_i64().map(i64::unsigned_abs));
            whole.is_none_or(|whole| whole <= LARGEST_NUMBER)
        }
        Value::Array(all) => all.iter().all(numbers_fit),
        Value::Object(all) => all.values().all(numbers_fit),
        _ => true,
    }
}

fn no_report(path: &Path, why: &str) -> Error {
    let message = format!("`{}` is no report of release: {why}", path.display());
    Error::new(Kind::Machine, message)
        .hint("write one with `gobuild-opt release --report FILE.json`")
}

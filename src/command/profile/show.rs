//! `profile show`: what a profile holds, what it is worth, and how much of it fits a program.

use std::path::Path;

use super::fit_rows::{Against, against};
use super::{Loaded, load};
use crate::check::Status;
use crate::cli::profile_flags::Show;
use crate::clock;
use crate::command::{Output, Session};
use crate::error::{Error, Kind, Result};
use crate::go;
use crate::input;
use crate::number::counted;
use crate::profile::fitness::judge_profile;
use crate::profile::hot_summary::{Hot, owner_by_path};
use crate::profile::{self, Fitness, Owner, Profile};
use crate::render::{self, Format, Style};
use crate::report::shown_profile::{Gate, Shown, age_days};
use crate::view;

/// Prints the profile.
pub(crate) fn run(args: &Show, session: &mut Session<'_>) -> Result<Output> {
    if args.min_health.is_some() && args.binary.is_none() && args.packages.is_empty() {
        let message = "`--min-health` needs a program to hold the profile against";
        return Err(
            Error::new(Kind::Usage, message).hint("add `--binary FILE`, or `--packages ./...`")
        );
    }
    let loaded = load(&args.file, session)?;
    let against = against(&loaded, args, session)?;
    let mut shown = shown(&loaded, against, args.top, session);
    if args.format.draws() {
        shown.everything = everything(&loaded.profile);
    }
    shown.gates = gates(&shown, args);
    let style = Style {
        width: session.width,
    };
    let text = match args.format {
        Format::Json => render::json(&shown),
        format => render::blocks(&view::profile_rows::profile(&shown), format, style),
    };
    Ok(Output {
        text,
        failures: failures(&shown),
        is_data: true,
        ..Output::default()
    })
}

/// Every function, by its own weight.
fn everything(profile: &Profile) -> Vec<Hot> {
    let in_use = profile.value_index("inuse_space", "bytes");
    let value = in_use.unwrap_or_else(|| profile.shown_value_index());
    profile::summary(profile, value, usize::MAX, |_| Owner::Unknown).functions
}

fn shown(loaded: &Loaded, against: Against, top: usize, session: &Session<'_>) -> Shown {
    let profile = &loaded.profile;
    let judgement = judge_profile(profile);
    let above = || module_above(&session.cwd.join(&loaded.name));
    let main_module = against.main_module.or_else(above);
    let module = main_module.as_deref().unwrap_or_default();
    let summary = |value| profile::summary(profile, value, top, |text| owner_by_path(text, module));
    let allocated = profile.value_index("alloc_space", "bytes");
    let in_use = profile.value_index("inuse_space", "bytes");
    let shown = summary(in_use.unwrap_or_else(|| profile.shown_value_index()));
    let age = profile.time();
    let age = age.map(|time| age_days(time, clock::about_now()));
    Shown {
        worth: profile::worth(&judgement, &shown.owners),
        file: loaded.name.display().to_string(),
        size: loaded.bytes.len() as u64,
        fitness: judgement.fitness.id().into(),
        message: judgement.fitness.message(),
        hint: judgement.fitness.hint().into(),
        measures: profile.kind().to_string(),
        age_days: age,
        judgement,
        summary: shown,
        allocated: in_use.and(allocated).map(summary),
        main_module,
        health: against.fit,
        everything: Vec::new(),
        gates: Vec::new(),
    }
}

/// A committed profile lies in the module it is for.
fn module_above(file: &Path) -> Option<String> {
    let mut above = file.ancestors().skip(1);
    let text = above.find_map(|path| input::text(&path.join("go.mod"), input::TEXT).ok())?;
    go::module_line(&text)
}

/// What was asked for, and how it stands.
fn gates(shown: &Shown, args: &Show) -> Vec<Gate> {
    // A profile without effect passes no gate, whatever its figures are.
    let usable = shown.judgement.fitness == Fitness::Usable;
    let gate = |item: &str, limit: f64, actual: Option<f64>, holds: bool| Gate {
        item: item.into(),
        limit,
        actual,
        status: match usable && actual.is_some() && holds {
            true => Status::Pass,
            false => Status::Fail,
        },
    };
    let mut gates = Vec::new();
    if let Some(limit) = args.min_samples {
        let samples = shown.judgement.samples.map(|samples| samples as f64);
        let limit = limit as f64;
        gates.push(gate("min-samples", limit, samples, samples >= Some(limit)));
    }
    if let Some(limit) = args.max_age {
        let age = shown.age_days;
        gates.push(gate("max-age", limit.0, age, age <= Some(limit.0)));
    }
    if let Some(limit) = args.min_health {
        let health = shown.health.as_ref().map(|fit| fit.health.by_name);
        gates.push(gate("min-health", limit, health, health >= Some(limit)));
    }
    gates
}

/// The sentences behind exit code 1. A profile without effect passes no gate.
fn failures(shown: &Shown) -> Vec<String> {
    if shown.gates.is_empty() {
        return Vec::new();
    }
    let file = &shown.file;
    if shown.judgement.fitness != Fitness::Usable {
        return vec![format!("`{file}`: {}", shown.message)];
    }
    let failed = shown.gates.iter();
    let failed = failed.filter(|gate| gate.status == Status::Fail);
    failed.map(|gate| failure(gate, file)).collect()
}

fn failure(gate: &Gate, file: &str) -> String {
    let limit = gate.limit;
    match (gate.item.as_str(), gate.actual) {
        ("min-samples", Some(samples)) => {
            let samples = counted(samples as u64, "sample");
            format!("`{file}` has {samples} (--min-samples {limit})")
        }
        ("max-age", Some(age)) => {
            let (age, limit) = (counted(age as u64, "day"), counted(limit as u64, "day"));
            format!("`{file}` is {age} old (--max-age {limit})")
        }
        ("min-health", Some(health)) => {
            format!("only {health:.1} % of `{file}` fits the program (--min-health {limit})")
        }
        (item, _) => format!("`{file}` does not tell what --{item} asks for"),
    }
}

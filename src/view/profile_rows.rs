//! A profile as `profile show` prints it.

use super::{Block, Cell, Digits, Table, number, optional, text};
use crate::config::size::human;
use crate::number::{counted, counted_of, grouped};
use crate::profile::{Fitness, Health, Owner, Summary};
use crate::report::flat;
use crate::report::shown_profile::{Fit, Shown};

/// Below this share of its weight a profile is called stale.
const HEALTHY: f64 = 80.0;

/// The whole profile.
pub(crate) fn profile(shown: &Shown) -> Vec<Block> {
    let mut blocks = vec![Block::Title(shown.file.clone())];
    blocks.extend(verdict(shown));
    blocks.extend(worth(shown));
    blocks.push(Block::plain(facts(shown)));
    blocks.extend(origin(shown).into_iter().map(Block::plain));
    blocks.extend(flat::picture(shown).map(Block::Picture));
    blocks.extend(owners(shown));
    match &shown.allocated {
        None => blocks.extend(functions("Hot functions", &shown.summary)),
        Some(allocated) => {
            blocks.extend(functions("In use", &shown.summary));
            let all = amount(allocated.total, &allocated.unit);
            blocks.extend(functions(&format!("Allocated: {all}"), allocated));
        }
    }
    blocks.extend(calls(shown));
    blocks.extend(shown.health.iter().flat_map(health));
    blocks
}

/// What speaks against optimising by it.
fn worth(shown: &Shown) -> Vec<Block> {
    let against = shown.worth.iter().flat_map(|worth| &worth.against);
    let mut lines: Vec<Block> = against
        .map(|against| Block::warn(format!("of little worth: {against}")))
        .collect();
    if !lines.is_empty() {
        let hint = "  collect it while the program does what it is for: under its real load";
        lines.push(Block::dim(hint));
    }
    lines
}

fn verdict(shown: &Shown) -> Vec<Block> {
    if shown.judgement.fitness != Fitness::Usable {
        return vec![
            Block::warn(format!("no use as -pgo: {}", shown.message)),
            Block::dim(format!("  {}", shown.hint)),
        ];
    }
    let usable = Block::good(format!(
        "usable as -pgo: {}, {} of them hot",
        counted_of(shown.judgement.edges, "call"),
        grouped(shown.summary.hot_calls as u64)
    ));
    let unplaced = shown.judgement.unplaced().map(|unplaced| {
        Block::warn(format!(
            "{unplaced:.1} % of their weight is of calls without lines: the compiler places none of these"
        ))
    });
    std::iter::once(usable).chain(unplaced).collect()
}

fn facts(shown: &Shown) -> String {
    let judgement = &shown.judgement;
    let mut parts = vec![shown.measures.clone()];
    if let Some(samples) = judgement.samples {
        parts.push(counted(samples.unsigned_abs(), "sample"));
    }
    parts.push(counted_of(judgement.stacks, "stack"));
    let summary = &shown.summary;
    if summary.unit != "count" {
        parts.push(amount(summary.total, &summary.unit).to_string());
    }
    let duration = judgement
        .origin
        .as_ref()
        .and_then(|origin| origin.duration_ms);
    if let Some(ms) = duration {
        parts.push(format!("collected in {:.1} s", ms as f64 / 1000.0));
    }
    parts.push(human(shown.size));
    parts.join(", ")
}

fn origin(shown: &Shown) -> Vec<String> {
    let Some(origin) = &shown.judgement.origin else {
        return Vec::new();
    };
    let when = match (&origin.time, shown.age_days) {
        (Some(time), Some(age)) => {
            let second = time.split('.').next().unwrap_or(time).trim_end_matches('Z');
            format!("{second}Z, {}", days(age))
        }
        _ => "at an unknown time".into(),
    };
    let mut lines = vec![format!("collected {when}")];
    let program = [
        origin.program.clone(),
        origin.go_version.clone(),
        origin
            .build_id
            .as_ref()
            .map(|build_id| format!("build ID {build_id}")),
    ];
    let program: Vec<String> = program.into_iter().flatten().collect();
    if !program.is_empty() {
        lines.push(format!("from {}", program.join(", ")));
    }
    lines
}

fn days(age: f64) -> String {
    match age {
        it if it < 0.0 => "which is in the future".into(),
        it if it < 1.0 => "less than a day old".into(),
        it => format!("{} old", counted(it.round().max(0.0) as u64, "day")),
    }
}

fn owners(shown: &Shown) -> Option<Block> {
    let summary = &shown.summary;
    let rows = summary.owners.iter().map(|share| {
        vec![
            owner(share.owner, shown.main_module.as_deref()).into(),
            amount(share.weight, &summary.unit),
            Cell::Percent(share.percent, Digits::One),
        ]
    });
    let columns = vec![text("whose code"), number("flat"), number("%")];
    (!summary.owners.is_empty()).then(|| Table::of(columns, rows).into())
}

fn owner(owner: Owner, main_module: Option<&str>) -> String {
    match (owner, main_module) {
        (Owner::Main, Some(module)) => return format!("main module {module}"),
        (Owner::Main, None) => "main package",
        (Owner::Dependency, Some(_)) => "dependencies",
        (Owner::Dependency, None) => "modules",
        (Owner::Std, _) => "standard library",
        (Owner::Runtime, _) => "runtime",
        (Owner::Unknown, _) => "unknown",
    }
    .to_owned()
}

fn functions(heading: &str, summary: &Summary) -> Vec<Block> {
    if summary.functions.is_empty() {
        return Vec::new();
    }
    let rows = summary.functions.iter().map(|hot| {
        vec![
            label(&hot.function).into(),
            amount(hot.flat, &summary.unit),
            percent(hot.flat, summary.total),
            amount(hot.cum, &summary.unit),
            percent(hot.cum, summary.total),
        ]
    });
    let columns = vec![
        text("function"),
        optional(number("flat")),
        number("flat %"),
        optional(number("cum")),
        number("cum %"),
    ];
    vec![Block::heading(heading), Table::of(columns, rows).into()]
}

fn calls(shown: &Shown) -> Vec<Block> {
    if shown.summary.calls.is_empty() {
        return Vec::new();
    }
    let rows = shown.summary.calls.iter().map(|edge| {
        vec![
            format!("{} -> {}", label(&edge.caller), label(&edge.callee)).into(),
            Cell::offset(edge.offset),
            percent(edge.weight, shown.judgement.edge_weight),
        ]
    });
    let columns = vec![text("caller -> callee"), number("line"), number("%")];
    vec![
        Block::heading("Hot calls, as the compiler sees them"),
        Table::of(columns, rows).into(),
    ]
}

fn health(fit: &Fit) -> Vec<Block> {
    let version = fit
        .go_version
        .as_ref()
        .map_or(String::new(), |text| format!(", {text}"));
    let program = match &fit.binary {
        Some(binary) => binary.clone(),
        None => format!("the sources of {}", fit.packages.join(", ")),
    };
    let mut blocks = vec![
        Block::heading(format!("Health: {program}{version}")),
        names(&fit.health),
    ];
    blocks.extend(lines(fit));
    blocks.extend(vanished(&fit.health));
    blocks
}

/// How many functions still exist.
fn names(health: &Health) -> Block {
    let sentence = format!(
        "{:.1} % of the weight of calls is between functions that exist ({} of {})",
        health.by_name,
        grouped(health.existing as u64),
        grouped(health.functions as u64)
    );
    match health.by_name {
        _ if health.is_foreign() => Block::warn(format!("{sentence}: it is of another program")),
        share if share >= HEALTHY => Block::good(sentence),
        _ => Block::warn(format!("{sentence}: collect it again")),
    }
}

fn vanished(health: &Health) -> Option<Block> {
    let rows = health.vanished.iter().map(|vanished| {
        vec![
            (&vanished.function).into(),
            Cell::Percent(vanished.percent, Digits::Two),
            vanished.now.as_ref().into(),
        ]
    });
    let columns = vec![text("vanished function"), number("%"), text("perhaps now")];
    (!health.vanished.is_empty()).then(|| Table::of(columns, rows).into())
}

/// What only the lines of the calls show.
fn lines(fit: &Fit) -> Option<Block> {
    let Health {
        by_name, by_call, ..
    } = fit.health;
    let Some(share) = by_call else {
        let unknown = "how many calls still stand at their line is unknown for this architecture";
        return fit.binary.is_some().then(|| Block::dim(unknown));
    };
    let sentence = format!("{share:.1} % is of calls that still stand at their line");
    Some(match share >= HEALTHY.min(by_name) {
        true => Block::good(sentence),
        false => Block::warn(format!("{sentence}: the code around the others moved")),
    })
}

fn label(name: &str) -> &str {
    match name {
        "" => "(unknown)",
        name => name,
    }
}

fn percent(part: i64, whole: i64) -> Cell {
    match whole {
        0 => Cell::default(),
        _ => Cell::Percent(part as f64 / whole as f64 * 100.0, Digits::One),
    }
}

/// A weight in its unit: seconds for times, binary units for bytes.
fn amount(value: i64, unit: &str) -> Cell {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    let words = match unit {
        "nanoseconds" => format!("{:.2} s", value as f64 / 1e9),
        "bytes" if value >= 0 => return Cell::size(size),
        "bytes" => format!("{sign}{}", human(size)),
        _ => format!("{sign}{}", grouped(size)),
    };
    Cell::Other(value as f64, words)
}

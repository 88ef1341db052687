//! A profile as `profile show` prints it.

use super::{Block, Table, Tone, number, optional, text};
use crate::config::size::human;
use crate::number::{counted, counted_of, grouped};
use crate::profile::{Edge, Fitness, Health, Owner, Summary};
use crate::report::flat;
use crate::report::shown_profile::{Fit, Shown};

/// Below this share of its weight a profile is called stale.
const HEALTHY: f64 = 80.0;

/// The whole profile.
pub(crate) fn profile(shown: &Shown) -> Vec<Block> {
    let mut blocks = vec![Block::Title(shown.file.clone())];
    blocks.extend(verdict(shown));
    blocks.extend(worth(shown));
    let mut facts = vec![facts(shown)];
    facts.extend(origin(shown));
    blocks.extend(facts.into_iter().map(|fact| Block::Line(Tone::Plain, fact)));
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
        .map(|against| Block::Line(Tone::Warn, format!("of little worth: {against}")))
        .collect();
    if !lines.is_empty() {
        let hint = "  collect it while the program does what it is for: under its real load";
        lines.push(Block::Line(Tone::Dim, hint.into()));
    }
    lines
}

fn verdict(shown: &Shown) -> Vec<Block> {
    if shown.judgement.fitness == Fitness::Usable {
        let sentence = format!(
            "usable as -pgo: {}, {} of them hot",
            counted_of(shown.judgement.edges, "call"),
            grouped(shown.summary.hot_calls as u64)
        );
        let unplaced = shown.judgement.unplaced().map(|unplaced| {
            let sentence = format!(
                "{unplaced:.1} % of their weight is of calls without lines: the compiler places none of these"
            );
            Block::Line(Tone::Warn, sentence)
        });
        let usable = std::iter::once(Block::Line(Tone::Good, sentence));
        return usable.chain(unplaced).collect();
    }
    vec![
        Block::Line(Tone::Warn, format!("no use as -pgo: {}", shown.message)),
        Block::Line(Tone::Dim, format!("  {}", shown.hint)),
    ]
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
        parts.push(amount(summary.total, &summary.unit));
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

fn owners(shown: &Shown) -> Vec<Block> {
    if shown.summary.owners.is_empty() {
        return Vec::new();
    }
    let name = |owner: Owner| match (owner, &shown.main_module) {
        (Owner::Main, Some(module)) => format!("main module {module}"),
        (Owner::Main, None) => "main package".into(),
        (Owner::Dependency, Some(_)) => "dependencies".into(),
        (Owner::Dependency, None) => "modules".into(),
        (Owner::Std, _) => "standard library".into(),
        (Owner::Runtime, _) => "runtime".into(),
        (Owner::Unknown, _) => "unknown".into(),
    };
    let rows = shown.summary.owners.iter().map(|share| {
        vec![
            name(share.owner),
            amount(share.weight, &shown.summary.unit),
            format!("{:.1}", share.percent),
        ]
    });
    vec![Block::Table(Table {
        columns: vec![text("whose code"), number("flat"), number("%")],
        rows: rows.collect(),
        total: false,
    })]
}

fn functions(heading: &str, summary: &Summary) -> Vec<Block> {
    if summary.functions.is_empty() {
        return Vec::new();
    }
    let rows = summary.functions.iter().map(|hot| {
        vec![
            label(&hot.function),
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
    vec![
        Block::Heading(heading.into()),
        Block::Table(Table {
            columns,
            rows: rows.collect(),
            total: false,
        }),
    ]
}

fn calls(shown: &Shown) -> Vec<Block> {
    if shown.summary.calls.is_empty() {
        return Vec::new();
    }
    let row = |edge: &Edge| {
        vec![
            format!("{} -> {}", label(&edge.caller), label(&edge.callee)),
            format!("{:+}", edge.offset),
            percent(edge.weight, shown.judgement.edge_weight),
        ]
    };
    vec![
        Block::Heading("Hot calls, as the compiler sees them".into()),
        Block::Table(Table {
            columns: vec![text("caller -> callee"), number("line"), number("%")],
            rows: shown.summary.calls.iter().map(row).collect(),
            total: false,
        }),
    ]
}

fn health(fit: &Fit) -> Vec<Block> {
    let Health {
        by_name,
        functions,
        existing,
        vanished,
        ..
    } = &fit.health;
    let version = fit
        .go_version
        .as_ref()
        .map_or(String::new(), |text| format!(", {text}"));
    let program = match &fit.binary {
        Some(binary) => binary.clone(),
        None => format!("the sources of {}", fit.packages.join(", ")),
    };
    let mut blocks = vec![Block::Heading(format!("Health: {program}{version}"))];
    let (tone, advice) = match *by_name {
        _ if fit.health.is_foreign() => (Tone::Warn, ": it is of another program"),
        it if it >= HEALTHY => (Tone::Good, ""),
        _ => (Tone::Warn, ": collect it again"),
    };
    blocks.push(Block::Line(
        tone,
        format!(
            "{by_name:.1} % of the weight of calls is between functions that exist ({} of {}){advice}",
            grouped(*existing as u64),
            grouped(*functions as u64)
        ),
    ));
    blocks.extend(lines(fit));
    if !vanished.is_empty() {
        let rows = vanished.iter().map(|vanished| {
            let now = vanished.now.clone().unwrap_or_default();
            vec![
                vanished.function.clone(),
                format!("{:.2}", vanished.percent),
                now,
            ]
        });
        blocks.push(Block::Table(Table {
            columns: vec![text("vanished function"), number("%"), text("perhaps now")],
            rows: rows.collect(),
            total: false,
        }));
    }
    blocks
}

/// What only the lines of the calls show.
fn lines(fit: &Fit) -> Option<Block> {
    let Health {
        by_name, by_call, ..
    } = fit.health;
    Some(match (by_call, &fit.binary) {
        (Some(share), _) if share >= HEALTHY.min(by_name) => Block::Line(
            Tone::Good,
            format!("{share:.1} % is of calls that still stand at their line"),
        ),
        (Some(share), _) => Block::Line(
            Tone::Warn,
            format!(
                "{share:.1} % is of calls that still stand at their line: the code around the others moved"
            ),
        ),
        (None, Some(_)) => Block::Line(
            Tone::Dim,
            "how many calls still stand at their line is unknown for this architecture".into(),
        ),
        (None, None) => return None,
    })
}

fn label(name: &str) -> String {
    match name {
        "" => "(unknown)".into(),
        name => name.into(),
    }
}

fn percent(part: i64, whole: i64) -> String {
    match whole {
        0 => String::new(),
        _ => format!("{:.1}", part as f64 / whole as f64 * 100.0),
    }
}

/// A weight in its unit: seconds for times, binary units for bytes.
fn amount(value: i64, unit: &str) -> String {
    let sign = if value < 0 { "-" } else { "" };
    let size = value.unsigned_abs();
    match unit {
        "nanoseconds" => format!("{:.2} s", value as f64 / 1e9),
        "bytes" => format!("{sign}{}", human(size)),
        _ => format!("{sign}{}", grouped(size)),
    }
}

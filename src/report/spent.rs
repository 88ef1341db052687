//! A report in, what its run took out: lines for standard error. In the report itself they would make two runs of the same
//! input differ.

use super::{Collection, Cost, Price, Report};
use crate::config::size::human;
use crate::number::counted;

/// What a release took.
pub fn spent(report: &Report) -> Vec<String> {
    let targets = || report.targets.iter();
    let effects = targets().filter_map(|it| it.pgo.effect.as_ref());
    let mut prices: Vec<String> = effects.map(|it| price(&it.price)).collect();
    prices.dedup();
    let mut lines = vec![cost(&report.cost)];
    lines.extend(prices);
    let escapes = targets().filter_map(|it| it.escapes.as_ref());
    let collected = escapes.filter_map(|it| it.collection.as_ref());
    let mut seen: Vec<String> = Vec::new();
    for it in collected.map(collection) {
        if !seen.contains(&it) {
            seen.push(it);
        }
    }
    lines.extend(seen);
    lines
}

fn cost(cost: &Cost) -> String {
    let seconds = |ms: u64| format!("{:.2} s", ms as f64 / 1000.0);
    let memory = cost
        .own_peak_memory
        .map_or(String::new(), |it| format!(" and {}", human(it)));
    let effect = match cost.effect_ms {
        0 => String::new(),
        ms => format!(" + {} effect of the profile", seconds(ms)),
    };
    format!(
        "time: {} = {} build + {} baseline + {} escapes{effect} + {} the rest; our own share: {} CPU{memory}",
        seconds(cost.total_ms),
        seconds(cost.build_ms),
        seconds(cost.baseline_ms),
        seconds(cost.escape_ms),
        seconds(cost.analysis_ms),
        format_args!("{:.3} s", cost.own_cpu_ms as f64 / 1000.0),
    )
}

fn price(price: &Price) -> String {
    let seconds = |ms: Option<u64>| {
        ms.map_or("unknown".into(), |it| {
            format!("{:.1} s", it as f64 / 1000.0)
        })
    };
    match price.percent {
        Some(it) => format!(
            "time of the profile: compiling {} takes {} of CPU without it, {} with it ({it:+.1} %)",
            counted(price.compiled_with, "package"),
            seconds(price.cpu_ms_without),
            seconds(price.cpu_ms_with)
        ),
        None => format!(
            "time of the profile: not known, since {} compiled with it and {} without, and the rest came from the build cache",
            were(price.compiled_with),
            were(price.compiled_without)
        ),
    }
}

fn were(count: u64) -> String {
    let verb = if count == 1 { "was" } else { "were" };
    format!("{} {verb}", counted(count, "package"))
}

/// How the diagnostics of the compiler were collected.
pub fn collection(it: &Collection) -> String {
    let Some(passed) = it.passed else {
        let why = it.reason.as_ref();
        let why = why.map_or(String::new(), |it| format!(": {it}"));
        return format!("escapes: compiled separately{why}");
    };
    let mut parts = Vec::new();
    if it.captured > 0 {
        let what = counted(it.captured, "package");
        let were = if it.captured == 1 {
            "it was"
        } else {
            "they were"
        };
        parts.push(format!("captured {what} while {were} compiled"));
    }
    if it.found > 0 {
        parts.push(format!(
            "found {} of earlier runs",
            counted(it.found, "package")
        ));
    }
    if passed > 0 || parts.is_empty() {
        parts.push(format!(
            "{} without a capture compiled separately",
            counted(passed, "package")
        ));
    }
    format!("escapes: {}", parts.join("; "))
}

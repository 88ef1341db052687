//! Lists what a run took: lines for standard error, and the line of the time for Markdown. The text of the report has
//! none of it: that is the same for the same input.

use super::{Collection, Price, Report, Time};
use crate::config::size::human;
use crate::number::counted;

/// What a release took. The last line is the time; those before are about what a cache could not give.
pub(crate) fn spent(report: &Report) -> Vec<String> {
    let targets = || report.targets.iter();
    let effects = targets().filter_map(|target| target.pgo.effect.as_ref());
    let mut lines: Vec<String> = effects.map(|effect| price(&effect.price)).collect();
    lines.dedup();
    let escapes = targets().filter_map(|target| target.escapes.as_ref());
    let collected = escapes.filter_map(|escapes| escapes.collection.as_ref());
    // What was found, or captured on the way, is in the line of the time.
    for it in collected
        .filter(|collection| collection.passed != Some(0))
        .map(collection)
    {
        if !lines.contains(&it) {
            lines.push(it);
        }
    }
    lines.extend(report.time.compiled_again.iter().cloned());
    lines.push(time(&report.time));
    lines
}

/// For the log of a CI job: what the build cache was worth.
pub(crate) fn hit_rate(time: &Time) -> Option<String> {
    let found = time.packages.checked_sub(time.packages_compiled)?;
    (time.packages > 0).then(|| {
        let percent = found as f64 * 100.0 / time.packages as f64;
        let all = counted(time.packages, "package");
        format!("build cache: {found} of {all} found ({percent:.1} %)")
    })
}

/// Where the time went and what was reused, in one line.
pub(crate) fn time(it: &Time) -> String {
    let seconds = |ms: u64| format!("{:.2} s", ms as f64 / 1000.0);
    let mut parts = vec![format!("go {}", seconds(it.go_ms))];
    if let Some(ms) = it.links_ms.filter(|links_ms| *links_ms > 0) {
        let at_once = match it.links_at_once {
            0 | 1 => String::new(),
            2 => " (two at once)".to_owned(),
            many => format!(" ({many} at once)"),
        };
        parts.push(format!("links {}{at_once}", seconds(ms)));
    }
    let others = [
        (it.baseline_ms, "the baseline"),
        (it.escape_ms, "escapes"),
        (it.effect_ms, "effect of the profile"),
    ];
    let others = others.iter().filter(|other| other.0 >= 10);
    parts.extend(others.map(|(ms, what)| format!("{what} {}", seconds(*ms))));
    let memory = it.own_peak_memory.map_or(String::new(), |own_peak_memory| {
        format!(", {}", human(own_peak_memory))
    });
    parts.push(format!("own {} CPU{memory}", seconds(it.own_cpu_ms)));
    format!(
        "time: {}: {}{}",
        seconds(it.total_ms),
        parts.join(", "),
        reused(it)
    )
}

fn reused(it: &Time) -> String {
    let it = &it.reused;
    let mut parts = Vec::new();
    if it.executables > 0 {
        let all = counted(it.executables_all, "executable");
        parts.push(format!("anatomy and proof of {} of {all}", it.executables));
    }
    if it.escapes > 0 {
        let all = counted(it.escapes_all, "package");
        parts.push(format!("escapes of {} of {all}", it.escapes));
    }
    match parts.is_empty() {
        true => String::new(),
        false => format!("; reused: {}", parts.join(", ")),
    }
}

fn price(price: &Price) -> String {
    let seconds = |ms: Option<u64>| {
        ms.map_or("unknown".into(), |ms| {
            format!("{:.1} s", ms as f64 / 1000.0)
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
pub(crate) fn collection(it: &Collection) -> String {
    let Some(passed) = it.passed else {
        let why = it.reason.as_ref();
        let why = why.map_or(String::new(), |why| format!(": {why}"));
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

//! Decides whether a run passes, and writes a sentence for each reason why not.

use super::Judged;
use super::frame_budgets;
use crate::analysis::frames::Start;
use crate::check::{self, Finding, Status};
use crate::config::size::human;
use crate::gate::Change;
use crate::lock::{FILE, Item};
use crate::number::{counted_of, grouped};
use crate::order::Order;
use crate::report::{
    About, Assertion, Budget, Escapes, Frame, Reason, Site, Target, Verdict, label,
};

pub(crate) fn verdict(targets: &[Target], judged: &Judged, change: Option<&Change>) -> Verdict {
    let over = judged
        .budgets
        .iter()
        .filter(|budget| budget.status == Status::Fail && !frame_budgets::is_about_frames(budget))
        .map(|budget| over(budget).into());
    let denied = targets.iter().flat_map(|target| {
        let failed = target
            .checks
            .iter()
            .filter(|finding| finding.status == Status::Fail);
        failed.map(|finding| denied(finding, &label(target)))
    });
    let escapes = targets.iter().filter_map(|target| target.escapes.as_ref());
    let frames = targets.iter().flat_map(frame_failures);
    let asserted = assertion_failures(targets.iter().flat_map(|target| &target.assertions));
    let failures: Vec<Reason> = over
        .chain(frames)
        .chain(denied)
        .chain(asserted)
        .chain(site_failures(escapes))
        .chain(judged.failures.iter().cloned())
        .collect();
    Verdict {
        not_judged: judged.not_judged.clone(),
        loosened: loosened(targets, change),
        ..Verdict::of(failures)
    }
}

/// What the change loosens, where a check says so and nobody denies it.
fn loosened(targets: &[Target], change: Option<&Change>) -> Vec<String> {
    let warned =
        |finding: &Finding| finding.id == check::LOOSENED && finding.status == Status::Warn;
    let said = targets.iter().flat_map(|target| &target.checks).any(warned);
    match change {
        Some(it) if said => it.loosened.clone(),
        _ => Vec::new(),
    }
}

/// A check that is denied, of the executable that has this label.
pub(crate) fn denied(finding: &Finding, label: &str) -> Reason {
    let about = About::Check {
        id: finding.id.clone(),
        of: label.to_owned(),
    };
    about.says(format!("{} ({label}): {}", finding.id, finding.message))
}

fn over(budget: &Budget) -> String {
    let item = &budget.item;
    let actual = budget.actual.unwrap_or_default();
    let note = budget.note.iter().map(|text| format!(" ({text})"));
    let note: String = note.collect();
    if item.starts_with("size-growth") {
        let limit = budget.limit;
        return format!("{item}: {actual:.2} % is over the budget of {limit} %{note}");
    }
    let (actual, limit) = (actual as u64, budget.limit as u64);
    if limit == 0 && !note.is_empty() {
        let size = human(actual);
        return format!(
            "{item}: {size} ({} B) that {FILE} does not hold{note}",
            grouped(actual)
        );
    }
    format!(
        "{item}: {} ({} B) is over the budget of {} by {} B{note}",
        human(actual),
        grouped(actual),
        human(limit),
        grouped(actual - limit)
    )
}

/// How many new sites are listed one by one.
const SITES_TOLD: usize = 50;

/// A sentence for each new site, where the gate is closed. What several executables share is said once.
pub(crate) fn site_failures<'a>(all: impl Iterator<Item = &'a Escapes>) -> Vec<Reason> {
    let mut told: Vec<String> = Vec::new();
    let closed = |escapes: &'a Escapes| {
        let failing = escapes.new.iter().filter(|site| escapes.fails(site));
        failing.map(move |site| new_escape(escapes, site))
    };
    for sentence in all.flat_map(closed) {
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    if told.len() > SITES_TOLD {
        let more = told.len() - SITES_TOLD;
        told.truncate(SITES_TOLD);
        told.push(format!(
            "and {}: see `gobuild-opt escape --format json`",
            counted_of(more, "more new escape")
        ));
    }
    let reasons = told.into_iter();
    reasons.map(|sentence| About::Site.says(sentence)).collect()
}

fn new_escape(escapes: &Escapes, site: &Site) -> String {
    let source = match site.source.as_str() {
        "" => String::new(),
        line => format!(": {line}"),
    };
    let share = site.weight.filter(|weight| *weight > 0.0);
    let hot = share.map_or(String::new(), |share| {
        format!(", {share:.1} % of the profile")
    });
    let todo = match &escapes.revision {
        Some(revision) => format!("not in {}", revision.name),
        None => site.accept(),
    };
    format!(
        "new escape {}, {}{hot}, at {}{source} ({todo})",
        site.id,
        site.what(),
        site.place()
    )
}

/// Functions that are told one by one.
const FRAMES_TOLD: usize = 10;

/// A sentence for each frame that is too large: those that goroutines start in first.
fn frame_failures(target: &Target) -> Vec<Reason> {
    let mut failed: Vec<&Frame> = target
        .frames
        .iter()
        .filter(|frame| frame.over.is_some())
        .collect();
    failed.order_by_key(|frame| {
        (
            frame.goroutine.is_none(),
            frame.goroutine,
            std::cmp::Reverse(frame.bytes),
        )
    });
    let name = label(target);
    let mut told: Vec<String> = failed
        .iter()
        .take(FRAMES_TOLD)
        .map(|frame| failure(frame, &name))
        .collect();
    if failed.len() > FRAMES_TOLD {
        told.push(format!(
            "frame {name}: and {}",
            counted_of(failed.len() - FRAMES_TOLD, "more function")
        ));
    }
    told.into_iter().map(Reason::from).collect()
}

fn failure(frame: &Frame, name: &str) -> String {
    let goroutine = match frame.goroutine {
        Some(Start::Made | Start::Named) => "; a goroutine starts in it",
        Some(Start::Perhaps) => "; a goroutine may start in it",
        None => "",
    };
    format!(
        "frame {name}: the stack frame of {} {}{goroutine}{} (accept it: gobuild-opt accept {} --reason TEXT)",
        frame.function,
        too_large(frame),
        inlined(&frame.hot_inlined),
        Item::Frame(frame.function.clone())
    )
}

/// What a frame has, and what it may have.
fn too_large(frame: &Frame) -> String {
    let has = human(frame.bytes);
    let limit = human(frame.limit.unwrap_or_default());
    match frame.over.as_deref() {
        Some("lock") => {
            let before = frame.accepted.map_or("less than 1 KiB".into(), human);
            format!("grew from {before} to {has}, and may have {limit}")
        }
        Some("profile") => {
            let without = frame.without_profile.map_or("less".into(), human);
            format!("has {without} without the profile and {has} with it, and may have {limit}")
        }
        _ => format!("has {has}, over the budget of {limit}"),
    }
}

/// What the profile inlined, and how that is undone.
fn inlined(hot: &[String]) -> String {
    if hot.is_empty() {
        return String::new();
    }
    let names: Vec<String> = hot.iter().map(|text| format!("\"{text}\"")).collect();
    format!(
        "; the profile inlined {} (keep it out: `[pgo] no-inline = [{}]`, or `repair = \"auto\"`)",
        hot.join(", "),
        names.join(", ")
    )
}

/// A sentence for each claim that failed; what several executables share is told once.
pub(crate) fn assertion_failures<'a>(all: impl Iterator<Item = &'a Assertion>) -> Vec<Reason> {
    let mut told: Vec<Reason> = Vec::new();
    for assertion in all.filter(|assertion| assertion.failed()) {
        let reason = About::Assertion.says(claimed(assertion));
        if !told.contains(&reason) {
            told.push(reason);
        }
    }
    told
}

fn claimed(it: &Assertion) -> String {
    let mut text = format!("assertion {} of {}: {}", it.claim, it.function, it.message);
    let place = it.place();
    if !place.is_empty() {
        text.push_str(&format!(", at {place}"));
    }
    if !it.source.is_empty() {
        text.push_str(&format!(": {}", it.source));
    }
    let told = it.hint.iter().cloned();
    let why = it
        .reason
        .iter()
        .map(|text| format!("asserted because: {text}"));
    let tail: Vec<String> = told.chain(why).collect();
    if !tail.is_empty() {
        text.push_str(&format!(" ({})", tail.join("; ")));
    }
    text
}

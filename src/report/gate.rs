//! New sites in, findings and ignored ones out; the gates of executables, judged or not; the sentences behind exit code 1.

use std::collections::BTreeSet;

use super::escapes::{Escapes, Site};
use super::verdict::label;
use super::{Assertion, Budget, Inputs, Target, budgets, context, findings, standing};
use crate::analysis::Artifact;
use crate::assertion::{self, Claim};
use crate::build::escapes::Excerpt;
use crate::check::{self, Status};
use crate::config::{self, Config, Severity};
use crate::gate::{Cause, Gate, Judgement, Outcome};
use crate::go::Package;
use crate::plan::{Facts, scope};

/// What became of every gate.
#[derive(Debug, Default)]
pub struct Judged {
    /// The budgets.
    pub budgets: Vec<Budget>,
    /// All of them.
    pub gates: Vec<Gate>,
    /// A sentence for each cause by which gates were not judged, where that does not fail.
    pub not_judged: Vec<String>,
    /// Where it does, and no executable has a check that says so.
    pub failures: Vec<String>,
}

/// Judges every gate of every executable, its checks last: they say what was not judged.
pub fn judge(inputs: &Inputs<'_>, targets: &mut [Target]) -> Judged {
    let modules = modules(inputs, targets);
    let mut judged = Judged::default();
    let mut open: Vec<(String, String)> = Vec::new();
    for (target, artifact) in targets.iter_mut().zip(inputs.artifacts) {
        let facts = &inputs.plan.targets[artifact.target].facts;
        let held = budgets::Held {
            config: inputs.config,
            lock: inputs.lock,
            go: &facts.toolchain.version,
            modules: &modules,
            no_baseline: artifact.baseline.as_ref().err().map(String::as_str),
        };
        let own = budgets::budgets(target, &held);
        let name = label(target);
        let mut gates: Vec<Judgement> = own.iter().map(|it| of_budget(it, &name)).collect();
        let missing = missing(inputs, artifact);
        gates.extend(escape_gate(
            inputs.config,
            facts,
            target.escapes.as_ref().ok_or_else(|| missing.clone()),
            inputs.lock.is_some(),
        ));
        gates.extend(of_assertions(&target.assertions, Some(&missing)));
        let standing = standing(inputs, artifact);
        let context = context(inputs, artifact, &standing, &gates);
        let checked = check::run(inputs.config, &context);
        target.checks = checked.findings;
        gates.extend(checked.gates);
        open.extend(checked.unjudged.into_iter().map(|it| (it, name.clone())));
        judged
            .gates
            .extend(gates.iter().map(|it| Gate::new(it, &name)));
        judged.budgets.extend(own);
    }
    for (index, plan) in inputs.plan.targets.iter().enumerate() {
        if inputs.artifacts.iter().any(|it| it.target == index) {
            continue;
        }
        let name = plan.facts.key();
        let gates = unlinked(inputs.config);
        judged
            .gates
            .extend(gates.iter().map(|it| Gate::new(it, &name)));
        for (severity, sentence) in check::open(inputs.config, gates.iter()) {
            match severity {
                Severity::Deny => judged.failures.push(format!("{sentence} ({name})")),
                Severity::Warn => open.push((sentence, name.clone())),
                Severity::Off => {}
            }
        }
    }
    judged.not_judged = together(&open);
    judged
}

/// The gates of a platform for which nothing is linked: a report is about executables.
fn unlinked(config: &Config) -> Vec<Judgement> {
    let budget = &config.budget;
    let asked = [
        ("[escape] gate", config.escape.gate != config::Gate::Off),
        ("[[assert]]", !config.assert.is_empty()),
        ("[budget] size", budget.size.is_some()),
        ("[budget] size-growth", budget.size_growth.is_some()),
        ("[budget] frame", budget.frame.is_some()),
        ("[budget] frame-growth", budget.frame_growth.is_some()),
        ("[budget] modules", !budget.modules.is_empty()),
    ];
    let judgement = |(gate, _): (&str, bool)| Judgement {
        gate: gate.to_owned(),
        outcome: Outcome::NotJudged(Cause::Other(
            "no executable is built".into(),
            "name a main package, or run `gobuild-opt escape` for libraries",
        )),
    };
    asked.into_iter().filter(|it| it.1).map(judgement).collect()
}

/// A sentence that holds for several executables once, with their names.
pub fn together(open: &[(String, String)]) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    for (sentence, _) in open {
        let mine = open.iter().filter(|it| it.0 == *sentence);
        let names: Vec<&str> = mine.map(|it| it.1.as_str()).collect();
        let line = format!("{sentence} ({})", names.join(", "));
        if !told.contains(&line) {
            told.push(line);
        }
    }
    told
}

/// The modules of all builds, linked or not, and what is no module but may have a budget.
fn modules(inputs: &Inputs<'_>, targets: &[Target]) -> BTreeSet<String> {
    let packages = inputs.plan.targets.iter().flat_map(|it| &it.facts.packages);
    let in_build = packages.filter_map(|it| Some(it.module.as_ref()?.path.clone()));
    let linked = targets.iter().flat_map(|it| &it.modules);
    let linked = linked.map(|it| it.path.clone());
    let always = ["std", super::sizes::UNOWNED].map(str::to_owned);
    in_build.chain(linked).chain(always).collect()
}

fn of_budget(budget: &Budget, name: &str) -> Judgement {
    let item = budget.item.strip_suffix(name).unwrap_or(&budget.item);
    let outcome = match (&budget.cause, budget.status) {
        (Some(cause), _) => Outcome::NotJudged(cause.clone()),
        (None, status) => Outcome::judged(status != Status::Fail),
    };
    Judgement {
        gate: format!("[budget] {}", item.trim_end()),
        outcome,
    }
}

/// Why there are no escapes, where there are none.
fn missing(inputs: &Inputs<'_>, artifact: &Artifact) -> Cause {
    let built = &inputs.built[artifact.target];
    match &built.escape_failure {
        Some(why) => {
            let first = why.lines().next().unwrap_or_default();
            Cause::Other(
                format!("the escapes could not be collected: {first}"),
                "see the check `escapes`",
            )
        }
        None => {
            let layer = inputs.origins.get("escape.collect");
            Cause::NotCollected(layer.map_or("defaults", String::as_str).to_owned())
        }
    }
}

/// What became of the escape gate; `None` where none was asked for.
pub fn escape_gate(
    config: &Config,
    facts: &Facts,
    escapes: Result<&Escapes, Cause>,
    has_lock: bool,
) -> Option<Judgement> {
    if config.escape.gate == config::Gate::Off {
        return None;
    }
    let outcome = match escapes.and_then(|it| open(it, facts, has_lock).map_or(Ok(it), Err)) {
        Err(cause) => Outcome::NotJudged(cause),
        Ok(it) => Outcome::judged(!it.new.iter().any(|site| it.fails(site))),
    };
    Some(Judgement {
        gate: "[escape] gate".into(),
        outcome,
    })
}

/// Why the escape gate holds nothing back.
fn open(escapes: &Escapes, facts: &Facts, has_lock: bool) -> Option<Cause> {
    if !escapes.gate {
        let why =
            "`[escape] gate = \"hot\"` and no profile is applied: no function is known to be hot";
        let hint = "name a profile in `[pgo] profile`, or write gate = \"new\"";
        return Some(Cause::Other(why.into(), hint));
    }
    if let Some(revision) = &escapes.revision {
        let note = revision.note.clone().unwrap_or_default();
        return (!revision.compared)
            .then_some(Cause::Other(note, "compare with a revision of the same Go"));
    }
    match &escapes.lock {
        Some(it) if it.compared => None,
        Some(it) if it.go_version != escapes.go_version => Some(Cause::OtherGo {
            lock: it.go_version.clone(),
            this: escapes.go_version.clone(),
        }),
        Some(it) => Some(Cause::OtherScope {
            lock: it.scope.clone(),
            this: escapes.scope.clone(),
        }),
        None if has_lock => Some(Cause::NoEntry { what: facts.key() }),
        None => Some(Cause::NoLock),
    }
}

/// Assertions that have a meaning here. `missing` is why there are no escapes, where there are none; without an executable
/// nobody can judge stack frames, and `None` stands for that.
pub fn of_assertions(all: &[Assertion], missing: Option<&Cause>) -> Vec<Judgement> {
    let frame = Claim::MaxFrame(0).key();
    let judgement = |it: &Assertion| {
        let outcome = match it.status {
            assertion::Status::NotApplicable => return None,
            assertion::Status::Unknown if missing.is_none() && it.claim == frame => return None,
            assertion::Status::Unknown => Outcome::NotJudged(match missing {
                Some(cause) if it.message == assertion::OFF => cause.clone(),
                _ => Cause::Other(it.message.clone(), "see the assertion in the report"),
            }),
            status => Outcome::judged(status == assertion::Status::Pass),
        };
        let gate = format!("{} {} of {}", it.origin, it.claim, it.function);
        Some(Judgement { gate, outcome })
    };
    all.iter().filter_map(judgement).collect()
}

impl Escapes {
    /// Whether a new site fails the run.
    pub fn fails(&self, site: &Site) -> bool {
        let hot = |limit: f64| site.weight.is_some_and(|it| it >= limit);
        self.gate && self.hot.is_none_or(hot)
    }
}

/// How many new sites are told one by one.
const TOLD: usize = 50;

/// Puts a new site among the findings or among the ignored.
pub fn sort(mut site: Site, excerpt: &Excerpt, ignore: &[String], escapes: &mut Escapes) {
    for directive in &excerpt.ignore {
        let (wanted, reason) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        if wanted != site.id && wanted != site.class {
            continue;
        }
        if reason.trim().is_empty() {
            escapes.notes.push(format!(
                "{}: `//gobuild-opt:ignore {wanted}` has no reason, and so no effect",
                place(&site)
            ));
            continue;
        }
        site.reason = Some(reason.trim().to_owned());
    }
    if site.reason.is_none() && ignore.iter().any(|it| matches(it, &site)) {
        site.reason = Some("`[escape] ignore`".to_owned());
    }
    match site.reason {
        Some(_) => escapes.ignored.push(site),
        None => escapes.new.push(site),
    }
}

/// A sentence for each entry of `[escape] ignore` that means nothing of the build.
pub fn idle(ignore: &[String], packages: &[Package]) -> Vec<String> {
    let is_id = |it: &str| it.len() == 10 && it.bytes().all(|it| it.is_ascii_hexdigit());
    let known = |it: &String| {
        let pattern = std::slice::from_ref(it);
        let mut paths = packages.iter().map(|it| it.import_path.as_str());
        is_id(it)
            || paths.any(|path| scope::contains(pattern, path))
            || scope::owner(it, packages).is_some()
    };
    let told =
        |it: &String| format!("`[escape] ignore` has `{it}`, which means no package of the build");
    ignore.iter().filter(|it| !known(it)).map(told).collect()
}

fn matches(pattern: &str, site: &Site) -> bool {
    pattern == site.id
        || pattern == format!("{}.{}", site.package, site.function)
        || scope::contains(&[pattern.to_owned()], &site.package)
}

/// `main.go:12:3`, or what is known of it.
pub fn place(site: &Site) -> String {
    let file = site.file.as_deref().unwrap_or_default();
    match (file, site.line, site.column) {
        ("", ..) => site.package.clone(),
        (file, 0, _) => file.to_owned(),
        (file, line, 0) => format!("{file}:{line}"),
        (file, line, column) => format!("{file}:{line}:{column}"),
    }
}

/// `boxing in example.com/app.(*Server).handle`
pub fn what(site: &Site) -> String {
    match site.function.as_str() {
        "" => format!("{} in {}", site.class, site.package),
        function => format!("{} in {}.{function}", site.class, site.package),
    }
}

/// A sentence for each new site, where the gate is closed. What several executables share is told once.
pub fn failures<'a>(all: impl Iterator<Item = &'a Escapes>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let closed = |it: &'a Escapes| {
        let failing = it.new.iter().filter(|site| it.fails(site));
        failing.map(move |site| (it, site))
    };
    for (escapes, site) in all.flat_map(closed) {
        let source = match site.source.as_str() {
            "" => String::new(),
            line => format!(": {line}"),
        };
        let share = site.weight.filter(|it| *it > 0.0);
        let hot = share.map_or(String::new(), |it| format!(", {it:.1} % of the profile"));
        let todo = match &escapes.revision {
            Some(revision) => format!("not in {}", revision.name),
            None => findings::accept(site),
        };
        let sentence = format!(
            "new escape {}, {}{hot}, at {}{source} ({todo})",
            site.id,
            what(site),
            place(site)
        );
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    if told.len() > TOLD {
        let more = told.len() - TOLD;
        told.truncate(TOLD);
        told.push(format!(
            "and {more} more new escapes: see `gobuild-opt escape --format json`"
        ));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_sites_functions_and_packages() {
        let site = Site {
            id: "0123456789".into(),
            package: "ex.com/m/lib".into(),
            function: "(*Box).Get".into(),
            class: "boxing".into(),
            expression: String::new(),
            file: None,
            line: 0,
            column: 0,
            message: String::new(),
            source: String::new(),
            reason: None,
            weight: None,
        };
        for (pattern, expected) in [
            ("0123456789", true),
            ("ex.com/m/...", true),
            ("ex.com/m/lib.(*Box).Get", true),
            ("ex.com/m", false),
            ("ex.com/m/lib.Get", false),
        ] {
            assert_eq!(matches(pattern, &site), expected, "{pattern}");
        }
    }
}

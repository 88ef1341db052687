//! Lists the gates that the next build will not judge, as far as configuration and lock show it.

use super::judge::accepted_entry;
use crate::config::budget::Needs;
use crate::config::size::SizeLimit;
use crate::config::{self, Collect, Config, Origins, Severity};
use crate::gate::{Cause, Judgement, Outcome};
use crate::lock::{Executable, Lock};
use crate::plan::Facts;

/// What the next build of an executable will be judged by.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ahead<'a> {
    /// The limits.
    pub(crate) config: &'a Config,
    /// Which layer set what.
    pub(crate) origins: &'a Origins,
    /// What was accepted.
    pub(crate) lock: Option<&'a Lock>,
    /// What go says about the target.
    pub(crate) facts: &'a Facts,
    /// The main package.
    pub(crate) package: &'a str,
}

/// Gates that the lock, or what is not collected, leaves open. What only the finished file shows is not foreseen.
pub(crate) fn foreseen(ahead: &Ahead<'_>) -> Vec<Judgement> {
    let version = &ahead.facts.toolchain.version;
    let entry = accepted_entry(ahead.lock, &ahead.facts.key(), ahead.package, version);
    let mut open: Vec<(String, Cause)> = Vec::new();
    open.extend(escape_gate(ahead).map(|cause| ("[escape] gate".to_owned(), cause)));
    open.extend(asserted(ahead));
    open.extend(budgets(ahead.config, &entry));
    open.extend(checks(ahead.config, &entry));
    let judgement = |(gate, cause)| Judgement {
        gate,
        outcome: Outcome::NotJudged(cause),
    };
    open.into_iter().map(judgement).collect()
}

fn uncollected(ahead: &Ahead<'_>) -> Option<Cause> {
    let layer = ahead.origins.get("escape.collect");
    (ahead.config.escape.collect == Collect::Off)
        .then(|| Cause::NotCollected(layer.map_or("defaults", String::as_str).to_owned()))
}

fn escape_gate(ahead: &Ahead<'_>) -> Option<Cause> {
    let settings = &ahead.config.escape;
    if settings.gate == config::Gate::Off {
        return None;
    }
    if let Some(cause) = uncollected(ahead) {
        return Some(cause);
    }
    if settings.gate == config::Gate::Hot && ahead.facts.pgo.weights().is_none() {
        return Some(Cause::nothing_is_hot());
    }
    let facts = ahead.facts;
    let Some(lock) = ahead.lock else {
        return Some(Cause::NoLock);
    };
    let Some(platform) = lock.targets.get(&facts.key()) else {
        return Some(Cause::NoEntry { what: facts.key() });
    };
    if platform.go != facts.toolchain.version {
        return Some(Cause::OtherGo {
            lock: platform.go.clone(),
            this: facts.toolchain.version.clone(),
        });
    }
    (platform.scope != settings.scope).then(|| Cause::OtherScope {
        lock: platform.scope.clone(),
        this: settings.scope.clone(),
    })
}

/// Assertions that stand on what the compiler says.
fn asserted(ahead: &Ahead<'_>) -> Vec<(String, Cause)> {
    let Some(cause) = uncollected(ahead) else {
        return Vec::new();
    };
    let platform = &ahead.facts.toolchain;
    let all = ahead.config.assert.iter();
    all.filter(|assertion| assertion.is_for(&platform.goos, &platform.goarch))
        .flat_map(|assertion| {
            let claims = [
                ("no-escape", assertion.no_escape),
                ("inlined", assertion.inlined),
                ("no-bounds-checks", assertion.no_bounds_checks),
            ];
            let asked = claims.into_iter().filter(|claim| claim.1);
            asked.map(|claim| format!("[[assert]] {} of {}", claim.0, assertion.function))
        })
        .map(|gate| (gate, cause.clone()))
        .collect()
}

/// Budgets over the lock.
fn budgets(config: &Config, entry: &Result<&Executable, Cause>) -> Vec<(String, Cause)> {
    let limits = &config.budget;
    let over_lock = |limit: &SizeLimit| !matches!(limit, SizeLimit::Bytes(_));
    let mut open = Vec::new();
    if let Err(cause) = entry {
        let needing = |needs| {
            limits
                .limits()
                .into_iter()
                .filter(move |limit| limit.needs == needs)
        };
        let baseline = needing(Needs::Baseline).filter(|_| !config.compare.is_file());
        let asked = needing(Needs::Lock).chain(baseline);
        open.extend(asked.map(|limit| (format!("[budget] {}", limit.key), cause.clone())));
    }
    let modules = match entry {
        Err(cause) => Some(cause.clone()),
        Ok(it) => it.modules.is_empty().then_some(Cause::LockLacks("modules")),
    };
    if let Some(cause) = modules {
        let asked = limits.modules.iter().filter(|module| over_lock(module.1));
        open.extend(asked.map(|pair| (format!("[budget] module {}", pair.0), cause.clone())));
    }
    open
}

/// Denied checks that compare with the lock.
fn checks(config: &Config, entry: &Result<&Executable, Cause>) -> Vec<(String, Cause)> {
    let Err(cause) = entry else {
        return Vec::new();
    };
    let denied =
        |entry: &(&String, &Severity)| entry.0.starts_with("lock-") && *entry.1 == Severity::Deny;
    let denied = config.checks.iter().filter(denied);
    denied
        .map(|denied| (format!("[checks] {}", denied.0), cause.clone()))
        .collect()
}

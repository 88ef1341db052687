//! Compares the gates of two revisions: what the later one loosens.

mod assertion_changes;

mod profile_changes;

mod proof_changes;

use std::collections::BTreeMap;

use super::accepted;
use crate::config::AdviseGate;
use crate::config::budget::Bound;
use crate::config::size::{Percent, SizeLimit};
use crate::config::{AmbientPolicy, Buildvcs, Collect, Config, Gate, Linkage, Severity};
use crate::lock::Lock;
use crate::order::Ordered;
use crate::plan::scope;

/// What closes the gates of a revision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Side<'a> {
    /// The configuration.
    pub(crate) config: &'a Config,
    /// What was accepted.
    pub(crate) lock: Option<&'a Lock>,
}

/// A sentence for each gate that `now` loosens or takes away.
pub(crate) fn loosened(before: Side<'_>, now: Side<'_>) -> Vec<String> {
    let mut told = Vec::new();
    budgets(before.config, now.config, &mut told);
    escapes(before.config, now.config, &mut told);
    assertion_changes::asserted(&before.config.assert, &now.config.assert, &mut told);
    checks(before.config, now.config, &mut told);
    rest(before.config, now.config, &mut told);
    measured(before.config, now.config, &mut told);
    proof_changes::loosened(&before.config.prove, &now.config.prove, &mut told);
    accepted::loosened(before.lock, now.lock, &mut told);
    told
}

/// The gates of `advise` and `bench`.
fn measured(before: &Config, now: &Config, told: &mut Vec<String>) {
    let gates = (before.advise.gate, now.advise.gate);
    if gates == (AdviseGate::New, AdviseGate::Off) {
        told.push("`[advise] gate` was taken away".into());
    }
    advised(before, now, told);
    let (a, b) = (before.bench.operations, now.bench.operations);
    if !now.bench.packages.is_empty() && !before.bench.packages.is_empty() && a != b {
        told.push(format!(
            "`[bench] operations` was changed from {a} to {b}: what is allocated once weighs otherwise"
        ));
    }
    let gone = before.bench.packages.iter();
    for package in gone.filter(|gone| !now.bench.packages.contains(gone)) {
        told.push(format!("`[bench]` leaves out `{package}`"));
    }
    if !now.bench.packages.is_empty()
        && !before.bench.packages.is_empty()
        && before.bench.run != now.bench.run
    {
        let (a, b) = (&before.bench.run, &now.bench.run);
        told.push(format!("`[bench] run` was changed from `{a}` to `{b}`"));
    }
}

/// What `[advise]` leaves out of the findings that its gate judges.
fn advised(before: &Config, now: &Config, told: &mut Vec<String>) {
    let (before, now) = (&before.advise, &now.advise);
    if before.gate == AdviseGate::Off || now.gate == AdviseGate::Off {
        return;
    }
    let share = |percent: Option<Percent>| match percent {
        Some(percent) => format!("{} %", percent.0),
        None => "the default".to_owned(),
    };
    if before.min_share != now.min_share {
        let (a, b) = (share(before.min_share), share(now.min_share));
        told.push(format!("`[advise] min-share` was changed from {a} to {b}"));
    }
    let samples = |it: Option<u32>| it.map_or("the default".to_owned(), |it| it.to_string());
    if before.min_samples != now.min_samples {
        let (a, b) = (samples(before.min_samples), samples(now.min_samples));
        told.push(format!(
            "`[advise] min-samples` was changed from {a} to {b}"
        ));
    }
    let ignored = now.ignore.iter();
    let more = ignored.filter(|word| !before.ignore.contains(word));
    told.extend(more.map(|text| format!("`[advise] ignore` takes out `{text}`")));
    if !before.profiles.files().eq(now.profiles.files()) {
        told.push("`[advise] profiles` was changed".into());
    }
}

/// A sentence for what changed and is no limit: another profile makes other code hot, and other code of it.
pub(crate) fn noted(before: &Config, now: &Config) -> Vec<String> {
    let (a, b) = (&before.pgo.profile, &now.pgo.profile);
    let own = |config: &Config| -> BTreeMap<String, String> {
        let all = config.pgo.package.iter();
        all.map(|(key, config)| (key.clone(), config.profile.to_string()))
            .ordered()
    };
    let mut told = Vec::new();
    if a != b {
        told.push(format!("`[pgo] profile` was changed from `{a}` to `{b}`"));
    }
    if own(before) != own(now) {
        told.push("`[pgo.package]` was changed".into());
    }
    told
}

/// `raised from A to B`, `removed`, or nothing where the limit is no looser.
fn limit(what: &str, before: Option<String>, now: Option<String>, looser: bool) -> Option<String> {
    match (before, now) {
        (Some(before), None) => Some(format!("{what} was removed (it was {before})")),
        (Some(before), Some(now)) if looser => {
            Some(format!("{what} was raised from {before} to {now}"))
        }
        _ => None,
    }
}

/// [`limit`] of a budget: what to say where a budget is looser than before.
fn budget(what: &str, before: Bound, now: Option<Bound>) -> Option<String> {
    let looser = now.is_some_and(|now| now.is_looser(before));
    let text = |bound: Bound| bound.to_string();
    limit(what, Some(text(before)), now.map(text), looser)
}

fn budgets(before: &Config, now: &Config, told: &mut Vec<String>) {
    let (old, new) = (&before.budget, &now.budget);
    let limits = new.limits();
    for was in old.limits() {
        let is = limits.iter().find(|limit| limit.key == was.key);
        told.extend(budget(was.words, was.bound, is.map(|limit| limit.bound)));
    }
    for (module, was) in &old.modules {
        let what = format!("the size budget of the module `{module}`");
        let is = new.modules.get(module).copied().map(Bound::Size);
        told.extend(budget(&what, Bound::Size(*was), is));
    }
    taken_out(&old.modules, &new.modules, told);
}

/// The budgets of modules.
type Modules = BTreeMap<String, SizeLimit>;

/// The modules that a longer pattern takes out of the budget of a shorter one.
fn taken_out(old: &Modules, new: &Modules, told: &mut Vec<String>) {
    let added = new.iter().filter(|module| !old.contains_key(module.0));
    for (module, is) in added {
        let covers = |text: &&String| scope::contains(std::slice::from_ref(*text), module);
        let over = old.keys().filter(covers).max_by_key(|key| key.len());
        if let Some((pattern, was)) = over.and_then(|over| Some((over, old.get(over)?)))
            && Bound::Size(*is).is_looser(Bound::Size(*was))
        {
            let (was, is) = (Bound::Size(*was), Bound::Size(*is));
            told.push(format!(
                "the module `{module}` has a budget of its own: {is}, where `{pattern}` gives {was}"
            ));
        }
    }
}

fn escapes(before: &Config, now: &Config, told: &mut Vec<String>) {
    let (old, new) = (&before.escape, &now.escape);
    let strength = |gate: Gate| match gate {
        Gate::Off => 0,
        Gate::Hot => 1,
        Gate::New => 2,
    };
    let word = |gate: Gate| format!("{gate:?}").to_lowercase();
    if strength(new.gate) < strength(old.gate) {
        let (a, b) = (word(old.gate), word(new.gate));
        told.push(lowered("the escape gate", &a, &b));
    }
    let hot = old.gate == Gate::Hot && new.gate == Gate::Hot;
    if let Some((a, b)) = old.hot.zip(new.hot).filter(|(a, b)| hot && b > a) {
        let (a, b) = (a.0, b.0);
        told.push(format!("`[escape] hot` was raised from {a} % to {b} %"));
    }
    if old.collect != Collect::Off && new.collect == Collect::Off {
        told.push("the escapes are not collected any more".into());
    }
    if old.scope != new.scope && new.scope != "all" {
        let (a, b) = (&old.scope, &new.scope);
        told.push(format!("the escape scope was changed from `{a}` to `{b}`"));
    }
    for it in new.ignore.iter().filter(|word| !old.ignore.contains(word)) {
        told.push(format!(
            "`[escape] ignore` takes `{it}` out of the findings"
        ));
    }
    if old.gcassert && !new.gcassert {
        told.push("`//gcassert:` comments are no assertions any more".into());
    }
}

fn strictness(severity: Severity) -> u8 {
    match severity {
        Severity::Off => 0,
        Severity::Warn => 1,
        Severity::Deny => 2,
    }
}

fn checks(before: &Config, now: &Config, told: &mut Vec<String>) {
    let word = |severity: Severity| format!("{severity:?}").to_lowercase();
    let all = before.checks.iter().map(|check| (check.0, *check.1));
    let all: BTreeMap<&String, Severity> = all.ordered();
    for (id, was) in all {
        let is = now.checks.get(id).copied().unwrap_or(Severity::Warn);
        if strictness(is) < strictness(was) {
            told.push(lowered(&format!("the check `{id}`"), &word(was), &word(is)));
        }
    }
    let ambient = |policy: AmbientPolicy| match policy {
        AmbientPolicy::Allow => 0,
        AmbientPolicy::Warn => 1,
        AmbientPolicy::Deny => 2,
    };
    let (a, b) = (before.build.ambient, now.build.ambient);
    if ambient(b) < ambient(a) {
        let word = |policy: AmbientPolicy| format!("{policy:?}").to_lowercase();
        told.push(lowered("`[build] ambient`", &word(a), &word(b)));
    }
}

/// The sentence for a key whose word asks for less.
fn lowered(what: &str, from: &str, to: &str) -> String {
    format!("{what} was lowered from \"{from}\" to \"{to}\"")
}

fn rest(before: &Config, now: &Config, told: &mut Vec<String>) {
    let (a, b) = (&before.compare.baseline, &now.compare.baseline);
    // Twins prove the same of the same bytes.
    if a != b && !(before.compare.links_twin() && now.compare.links_twin()) {
        told.push(format!("the baseline was changed from `{a}` to `{b}`"));
    }
    profile_changes::profile(&before.pgo, &now.pgo, told);
    if before.build.linkage == Linkage::Static && now.build.linkage == Linkage::Any {
        told.push("`[build] linkage` was changed from \"static\" to \"any\"".into());
    }
    if before.build.buildvcs == Buildvcs::True && now.build.buildvcs != Buildvcs::True {
        told.push("`[build] buildvcs` is not \"true\" any more: a stamp that cannot be made fails nothing".into());
    }
    profile_changes::without_profile(&before.pgo, &now.pgo, told);
    built(before, now, told);
    for target in before
        .target
        .iter()
        .filter(|target| !now.target.contains(target))
    {
        let part = |text: &Option<String>| text.clone().unwrap_or_else(|| "default".into());
        let (os, arch) = (part(&target.os), part(&target.arch));
        told.push(format!(
            "the target {os}/{arch} was changed or is not built any more"
        ));
    }
}

/// What is not built is not judged.
fn built(before: &Config, now: &Config, told: &mut Vec<String>) {
    let patterns = |config: &Config| match config.build.packages.as_slice() {
        [] => vec![".".to_owned()],
        some => some.to_vec(),
    };
    let kept = patterns(now);
    let gone = |word: &String| !kept.contains(word) && !scope::contains(&kept, word);
    for pattern in patterns(before).into_iter().filter(gone) {
        told.push(format!(
            "`[build] packages` does not name `{pattern}` any more"
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::strict;

    fn check(before: &str, now: &str) -> String {
        let read = |text: &str| strict::parse::<Config>(text, "gobuild-opt.toml").unwrap();
        let (before, now) = (read(before), read(now));
        let side = |config| Side { config, lock: None };
        loosened(side(&before), side(&now)).join("\n")
    }

    #[test]
    fn what_is_loosened_is_said() {
        insta::assert_snapshot!(check("[budget]\nsize = \"25 MiB\"", "[budget]\nsize = \"40 MiB\""), @"the size budget was raised from 25.00 MiB to 40.00 MiB");
        insta::assert_snapshot!(check("[budget]\nsize = \"ratchet\"\nframe = \"8 KiB\"\nmodules = { std = \"1%\", a = \"1 MiB\" }", "[budget]\nframe = \"9 KiB\"\nmodules = { std = \"2%\" }"), @r"
        the size budget was removed (it was ratchet)
        the budget `frame` was raised from 8.00 KiB to 9.00 KiB
        the size budget of the module `a` was removed (it was 1.00 MiB)
        the size budget of the module `std` was raised from 1 % over the lock to 2 % over the lock
        ");
        insta::assert_snapshot!(check("[budget]\nmodules = { \"...\" = \"1%\" }", "[budget]\nmodules = { \"...\" = \"1%\", \"ex.com/big\" = \"1 GiB\" }"), @"the module `ex.com/big` has a budget of its own: 1.00 GiB, where `...` gives 1 % over the lock");
        insta::assert_snapshot!(check("[escape]\ncollect = \"auto\"\ngate = \"new\"\nscope = \"module\"\ngcassert = true", "[escape]\ncollect = \"off\"\ngate = \"hot\"\nscope = \"main\"\nignore = [\"ex.com/...\"]"), @r#"
        the escape gate was lowered from "new" to "hot"
        the escapes are not collected any more
        the escape scope was changed from `module` to `main`
        `[escape] ignore` takes `ex.com/...` out of the findings
        `//gcassert:` comments are no assertions any more
        "#);
        insta::assert_snapshot!(check("[checks]\nlock = \"deny\"\nstamps = \"warn\"\n[build]\nambient = \"deny\"", "[checks]\nlock = \"warn\"\nstamps = \"off\""), @r#"
        the check `lock` was lowered from "deny" to "warn"
        the check `stamps` was lowered from "warn" to "off"
        `[build] ambient` was lowered from "deny" to "warn"
        "#);
        insta::assert_snapshot!(check("[build]\npackages = [\"./cmd/a\", \"./cmd/b\"]\n[pgo]\nmin-health = 80", "[build]\npackages = [\"./cmd/a\"]\n[pgo]\nprofile = \"off\"\nmin-health = 80"), @r#"
        `[pgo] profile` was set to "off": no profile is judged
        `[build] packages` does not name `./cmd/b` any more
        "#);
        assert_eq!(
            check(
                "[build]\npackages = [\"./cmd/a\"]",
                "[build]\npackages = [\"./...\"]"
            ),
            ""
        );
        insta::assert_snapshot!(check("[pgo]\non-missing = \"fail\"\nmin-health = 80\nmax-age = \"45d\"\n[compare]\nbaseline = \"plain\"\n[[target]]\nos = \"linux\"\narch = \"arm64\"\n[build]\nbuildvcs = \"true\"", "[pgo]\nmin-health = 10\n[compare]\nbaseline = \"off\""), @r#"
        the baseline was changed from `plain` to `off`
        `[pgo] on-missing` was lowered from "fail" to "warn"
        `[pgo] max-age` was removed (it was 45 days)
        `[pgo] min-health` was lowered from 80 to 10
        `[build] buildvcs` is not "true" any more: a stamp that cannot be made fails nothing
        the target linux/arm64 was changed or is not built any more
        "#);
    }

    #[test]
    fn another_profile_is_noted() {
        let check = |before: &str, now: &str| {
            let read = |text: &str| strict::parse::<Config>(text, "gobuild-opt.toml").unwrap();
            noted(&read(before), &read(now)).join("\n")
        };
        let one = |text: &str| format!("[pgo]\nprofile = {text}\n");
        assert_eq!(check(&one("\"auto\""), &one("\"auto\"")), "");
        assert_eq!(
            check(&one("\"a.pprof\""), &one("[\"a.pprof\", \"b.pprof\"]")),
            "`[pgo] profile` was changed from `a.pprof` to `a.pprof + b.pprof`"
        );
        assert_eq!(
            check("", "[pgo.package.\"./cmd/api\"]\nprofile = \"off\"\n"),
            "`[pgo.package]` was changed"
        );
    }

    #[test]
    fn assertions_that_go_or_get_narrower_are_said() {
        let one = |rest: &str| format!("[[assert]]\nfunction = \"a/b.F\"\n{rest}\n");
        let all = one("no-escape = true\nmax-frame = \"64 B\"");
        insta::assert_snapshot!(check(&all, ""), @"the assertion about `a/b.F` was removed");
        insta::assert_snapshot!(check(&all, &one("inlined = true\nmax-frame = \"65 B\"\ntargets = [\"linux\"]")), @r"
        `no-escape` of `a/b.F` is not asserted any more
        `max-frame` of `a/b.F` was raised from 64 B to 65 B
        the assertion about `a/b.F` holds for linux alone
        ");
        assert_eq!(check(&all, &all), "");
    }

    #[test]
    fn what_gets_stricter_is_not_said() {
        let loose = "[budget]\nsize = \"40 MiB\"\n[escape]\ngate = \"off\"\nignore = [\"a\"]\n[checks]\nlock = \"warn\"";
        let strict = "[budget]\nsize = \"25 MiB\"\nframe = \"2 KiB\"\n[escape]\ngate = \"new\"\n[checks]\nlock = \"deny\"\n[[assert]]\nfunction = \"a/b.F\"\ninlined = true";
        assert_eq!(check(loose, strict), "");
        assert_eq!(check(strict, strict), "");
    }
}

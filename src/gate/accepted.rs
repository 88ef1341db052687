//! Compares the locks of two revisions: what the later one accepts beyond the earlier.

use crate::lock::{Executable, FILE, HEALTH_FALL, Item, Lock, Platform, Proof, class_name};

/// Entries of one kind that are listed one by one.
const TOLD: usize = 5;

/// A sentence for each entry that `now` loosens or takes away.
pub(crate) fn loosened(before: Option<&Lock>, now: Option<&Lock>, told: &mut Vec<String>) {
    let Some(before) = before else { return };
    let Some(now) = now else {
        told.push(format!("{FILE} was removed"));
        return;
    };
    for (key, old) in &before.targets {
        let Some(new) = now.targets.get(key) else {
            told.push(format!("{FILE} holds nothing of {key} any more"));
            continue;
        };
        limits(old, new, key, told);
        if old.go != new.go {
            // One cause: everything else may come from it.
            let (a, b) = (&old.go, &new.go);
            told.push(format!(
                "{FILE} is from {b} on {key}, not from {a}: all of it may differ"
            ));
            continue;
        }
        for (package, old) in &old.executables {
            let place = format!("{package} on {key}");
            match new.executables.get(package) {
                Some(new) => executable(old, new, &place, told),
                None => told.push(format!("{FILE} holds nothing of {place} any more")),
            }
        }
        sites(old, new, key, told);
        benchmarks(old, new, key, told);
        proofs(old, new, key, told);
        advice(old, new, told);
    }
}

/// What of a target is looked at: its scope, and the version of the file that was written without it.
fn limits(old: &Platform, new: &Platform, key: &str, told: &mut Vec<String>) {
    if old.scope != new.scope {
        let (a, b) = (&old.scope, &new.scope);
        told.push(format!(
            "{FILE} is for the escape scope `{b}` on {key}, not `{a}`"
        ));
    }
    if let Some(version) = new.earlier
        && old.earlier.is_none_or(|earlier| version < earlier)
    {
        told.push(format!(
            "{FILE} is of version {version}: what that did not see on {key} is not new"
        ));
    }
}

/// Advice that is accepted now.
fn advice(old: &Platform, new: &Platform, told: &mut Vec<String>) {
    for (id, it) in &new.advice {
        if !old.advice.contains_key(id) && !old.advice.is_empty() {
            let (rule, function) = (&it.rule, &it.function);
            let reason = because(it.reason.as_ref());
            told.push(format!("{rule} in {function} is accepted{reason}"));
        }
    }
}

/// Benchmarks that may allocate more, or are not judged any more.
fn benchmarks(old: &Platform, new: &Platform, key: &str, told: &mut Vec<String>) {
    for (name, was) in &old.benchmarks {
        let Some(is) = new.benchmarks.get(name) else {
            told.push(format!("{FILE} holds nothing of {name} on {key} any more"));
            continue;
        };
        if is.allocs > was.allocs || is.bytes > was.bytes {
            told.push(format!(
                "{name} may allocate {} B in {} allocs/op instead of {} B in {}{}",
                is.bytes,
                is.allocs,
                was.bytes,
                was.allocs,
                because(is.reason.as_ref())
            ));
        }
    }
}

/// Proofs of the same profile with another outcome, or that count now and did not. That of another profile is no news: it takes
/// one of its own; and one that is made anew has other words.
fn proofs(old: &Platform, new: &Platform, key: &str, told: &mut Vec<String>) {
    for (package, was) in &old.proofs {
        let same = |is: &&Proof| is.profile == was.profile;
        let Some(is) = new.proofs.get(package).filter(same) else {
            continue;
        };
        let place = format!("the proof of the profile of {package} on {key}");
        if is.outcome != was.outcome {
            let (a, b) = (&was.verdict, &is.verdict);
            told.push(format!("{place} says `{b}` instead of `{a}`"));
        }
        if was.trained && !is.trained {
            let load = match was.workload == is.workload {
                true => format!("the same workload `{}`", is.workload),
                false => format!(
                    "the workload `{}` instead of `{}`",
                    is.workload, was.workload
                ),
            };
            told.push(format!(
                "{place} is no more of the load that the profile was collected from, with {load}"
            ));
        }
    }
}

fn because(reason: Option<&String>) -> String {
    match reason {
        Some(reason) => format!(", because: {reason}"),
        None => ", without a reason".into(),
    }
}

/// What is accepted of one executable. Sections and packages are held against no budget.
fn executable(old: &Executable, new: &Executable, place: &str, told: &mut Vec<String>) {
    let reason = |item: &Item| because(new.reasons.get(&item.to_string()));
    sizes(old, new, place, told);
    let (was, is) = (old.facts(), new.facts());
    for (item, value) in &is {
        let looser = match item {
            Item::Cgo(_) => !was.contains_key(item),
            Item::Godebug(_) => was.get(item) != Some(value),
            Item::DeadCode => {
                old.dead_code_elimination == Some(true) && new.dead_code_elimination != Some(true)
            }
            _ => false,
        };
        if looser {
            told.push(format!(
                "{item} ({value}) is accepted of {place}{}",
                reason(item)
            ));
        }
    }
    health(old, new, place, told);
}

/// Sizes that may be larger.
fn sizes(old: &Executable, new: &Executable, place: &str, told: &mut Vec<String>) {
    let reason = |item: &Item| because(new.reasons.get(&item.to_string()));
    let (was, is) = (old.sizes(), new.sizes());
    let mut grown = Vec::new();
    for (item, bytes) in &is {
        let judged = matches!(item, Item::Size | Item::Module(_) | Item::Frame(_));
        let before = was.get(item).copied();
        if judged && before.is_none_or(|before| *bytes > before) {
            let before = before.map_or("nothing".into(), |before| format!("{before} B"));
            grown.push(format!(
                "{item} of {place} may have {bytes} B instead of {before}{}",
                reason(item)
            ));
        }
    }
    first(grown, &format!("sizes of {place}"), told);
}

/// How much of a profile fits.
fn health(old: &Executable, new: &Executable, place: &str, told: &mut Vec<String>) {
    if let Some(was) = old.profile_health {
        let is = new.profile_health;
        if is.is_none_or(|byte| byte + HEALTH_FALL <= was) {
            let is = is.map_or("not known".into(), |byte| format!("{byte} %"));
            let why = because(new.reasons.get(&Item::Health.to_string()));
            told.push(format!(
                "profile-health of {place} may be {is} instead of {was} %{why}"
            ));
        }
    }
}

fn sites(old: &Platform, new: &Platform, key: &str, told: &mut Vec<String>) {
    let mut added = Vec::new();
    for (package, entries) in &new.sites {
        let before = old.sites.get(package);
        for (id, entry) in entries {
            if before.is_some_and(|before| before.contains_key(id)) {
                continue;
            }
            let class = class_name(entry.class);
            let why = because(entry.reason.as_ref());
            let function = &entry.function;
            added.push(format!(
                "the escape {id}, {class} in {package}.{function}, is accepted on {key}{why}"
            ));
        }
    }
    first(added, &format!("escapes on {key}"), told);
}

/// The first ones, and how many more there are.
fn first(mut all: Vec<String>, what: &str, told: &mut Vec<String>) {
    let more = all.len().saturating_sub(TOLD);
    all.truncate(TOLD);
    told.extend(all);
    if more > 0 {
        told.push(format!("and {more} more accepted {what}"));
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::escape::{Class, Identity};

    fn lock(edit: impl FnOnce(&mut Platform)) -> Lock {
        let mut target = Platform {
            go: "go1.27.3".into(),
            scope: "module".into(),
            ..Platform::default()
        };
        let executable = Executable {
            size: 100,
            dead_code_elimination: Some(true),
            profile_health: Some(90),
            modules: BTreeMap::from([("std".into(), 80)]),
            ..Executable::default()
        };
        target.executables.insert("ex.com/m".into(), executable);
        edit(&mut target);
        Lock {
            targets: BTreeMap::from([("linux/amd64".into(), target)]),
        }
    }

    fn check(edit: impl FnOnce(&mut Platform)) -> String {
        let mut told = Vec::new();
        loosened(Some(&lock(|_| {})), Some(&lock(edit)), &mut told);
        told.join("\n")
    }

    #[test]
    fn entries_that_are_looser_are_said_with_their_reason() {
        let own = |target: &mut Platform, edit: fn(&mut Executable)| {
            target.executables.values_mut().for_each(edit);
        };
        assert_eq!(check(|_| {}), "");
        assert_eq!(check(|it| own(it, |it| it.size = 90)), "");
        insta::assert_snapshot!(check(|it| own(it, |it| {
            it.size = 120;
            it.reasons.insert("size".into(), "a feature".into());
            it.modules.insert("ex.com/heavy".into(), 7);
            it.cgo.insert("net".into());
            it.dead_code_elimination = Some(false);
            it.profile_health = Some(50);
        })), @r"
        size of ex.com/m on linux/amd64 may have 120 B instead of 100 B, because: a feature
        module:ex.com/heavy of ex.com/m on linux/amd64 may have 7 B instead of nothing, without a reason
        cgo:net (used) is accepted of ex.com/m on linux/amd64, without a reason
        dead-code (off) is accepted of ex.com/m on linux/amd64, without a reason
        profile-health of ex.com/m on linux/amd64 may be 50 % instead of 90 %, without a reason
        ");
        insta::assert_snapshot!(check(|it| {
            let identity = Identity {
                package: "ex.com/m".into(),
                function: "main".into(),
                class: Class::Boxing,
                expression: "x".into(),
                ordinal: 1,
            };
            it.accept(&identity, None, None);
        }), @"the escape 2a8f1b55b6, boxing in ex.com/m.main, is accepted on linux/amd64, without a reason");
        insta::assert_snapshot!(check(|it| it.earlier = Some(3)), @"gobuild-opt.lock is of version 3: what that did not see on linux/amd64 is not new");
        insta::assert_snapshot!(check(|it| it.scope = "main".into()), @"gobuild-opt.lock is for the escape scope `main` on linux/amd64, not `module`");
        insta::assert_snapshot!(check(|it| { it.go = "go1.26.9".into(); it.executables.clear(); }), @"gobuild-opt.lock is from go1.26.9 on linux/amd64, not from go1.27.3: all of it may differ");
        insta::assert_snapshot!(check(|it| it.executables.clear()), @"gobuild-opt.lock holds nothing of ex.com/m on linux/amd64 any more");
    }

    #[test]
    fn a_proof_that_says_something_else_is_said() {
        let proof = |outcome: &str, profile: &str| Proof {
            outcome: outcome.into(),
            verdict: format!("{outcome} 3 %"),
            profile: profile.into(),
            ..Proof::default()
        };
        let with = |proof: Proof| {
            lock(|target| {
                target.proofs.insert("ex.com/m".into(), proof);
            })
        };
        let told = |before: &Lock, now: &Lock| {
            let mut told = Vec::new();
            loosened(Some(before), Some(now), &mut told);
            told.join("\n")
        };
        let slower = with(proof("slower", "aa"));
        insta::assert_snapshot!(told(&slower, &with(proof("faster", "aa"))), @"the proof of the profile of ex.com/m on linux/amd64 says `faster 3 %` instead of `slower 3 %`");
        assert_eq!(told(&slower, &with(proof("faster", "bb"))), "");
        assert_eq!(told(&lock(|_| {}), &slower), "");
        assert_eq!(told(&slower, &slower), "");
        // Made anew, with the same outcome.
        let anew = Proof {
            verdict: "slower 4 %".into(),
            seed: 7,
            pairs: 12,
            ..proof("slower", "aa")
        };
        assert_eq!(told(&slower, &with(anew)), "");
        // Of the training load, until somebody takes the word out.
        let trained = with(Proof {
            trained: true,
            workload: "{bin} -n 9".into(),
            ..proof("faster", "aa")
        });
        let edited = with(Proof {
            workload: "{bin} -n 9".into(),
            ..proof("faster", "aa")
        });
        insta::assert_snapshot!(told(&trained, &edited), @"the proof of the profile of ex.com/m on linux/amd64 is no more of the load that the profile was collected from, with the same workload `{bin} -n 9`");
        assert_eq!(told(&edited, &trained), "");
    }

    #[test]
    fn a_lock_that_is_gone_is_said() {
        let mut told = Vec::new();
        loosened(Some(&lock(|_| {})), None, &mut told);
        loosened(None, Some(&lock(|_| {})), &mut told);
        loosened(Some(&lock(|_| {})), Some(&Lock::default()), &mut told);
        insta::assert_snapshot!(told.join("\n"), @r"
        gobuild-opt.lock was removed
        gobuild-opt.lock holds nothing of linux/amd64 any more
        ");
    }
}

//! Repeats the link of the release without `-s -w`, or without `-s` alone, beside go's own: no second go, no second package graph.
//!
//! `gobuild-opt toolexec` keeps the files of go's work directory that a link reads and writes down its command; this
//! process runs that once more while go is at work. What cannot be linked so gets a go of its own afterwards.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use super::seen_links::{self, Linked};
use crate::plan::escape_steps::Source;
use crate::plan::toolexec;
use crate::plan::twins::Twin;
use crate::plan::{Baseline, TargetPlan};
use crate::process::{self, Interrupt, Invocation};
use crate::review::Ground;

const POLL: Duration = Duration::from_millis(20);

const RUNS: u8 = 0;
const DONE: u8 = 1;
const FAILED: u8 = 2;

/// Does the work, and links what go links meanwhile a second time. The work says when go has ended, and whether well; what it
/// does after that goes on beside a link that is not finished. Returns the main packages that have a twin.
pub(crate) fn beside<T, E>(
    target: &TargetPlan,
    interrupt: &Interrupt,
    work: impl FnOnce(&dyn Fn(bool)) -> Result<T, E>,
) -> (Result<T, E>, BTreeSet<String>) {
    let Some(twin) = place(target) else {
        return (work(&|_| {}), BTreeSet::new());
    };
    let twins = |state: &AtomicU8| watch(target, twin, interrupt, state);
    watched(twins, work)
}

/// Does the work with a watch beside it. The watch ends after go, or after the work where that says nothing of go, as in a panic.
fn watched<T, W: Default + Send>(
    watch: impl FnOnce(&AtomicU8) -> W + Send,
    work: impl FnOnce(&dyn Fn(bool)) -> T,
) -> (T, W) {
    let state = AtomicU8::new(RUNS);
    let ended = |well: bool| state.store(if well { DONE } else { FAILED }, Ordering::SeqCst);
    std::thread::scope(|scope| {
        let twins = scope.spawn(|| watch(&state));
        let end = End(&state);
        let result = work(&ended);
        drop(end);
        (result, twins.join().unwrap_or_default())
    })
}

/// Ends the watch when it is dropped, unless go has ended.
struct End<'a>(&'a AtomicU8);

impl Drop for End<'_> {
    fn drop(&mut self) {
        let _ = self
            .0
            .compare_exchange(RUNS, FAILED, Ordering::SeqCst, Ordering::SeqCst);
    }
}

/// Which twins are linked, and where they go; `None` where none is wanted, or where go does not show us its links.
fn place(target: &TargetPlan) -> Option<(Twin, &Path)> {
    match (&target.baseline, &target.collection.source) {
        (Baseline::Built { kind, directory }, Source::Capture { .. }) => {
            Some((Twin::named(kind)?, directory))
        }
        _ => None,
    }
}

fn watch(
    target: &TargetPlan,
    (twin, directory): (Twin, &Path),
    interrupt: &Interrupt,
    state: &AtomicU8,
) -> BTreeSet<String> {
    let (mut seen, mut twins) = (BTreeSet::new(), BTreeSet::new());
    loop {
        let now = state.load(Ordering::SeqCst);
        for link in seen_links::linked(target) {
            // Two at once only where there is room for both; otherwise one after the other.
            let waits = now == RUNS && !seen_links::has_room(link.inputs);
            if waits || now == FAILED || !seen.insert(link.package.clone()) {
                continue;
            }
            let name = target
                .executables
                .iter()
                .find(|executable| executable.package == link.package);
            let done = name.and_then(|executable| {
                let output = directory.join(&executable.name);
                run((&link, twin), &output, target, interrupt)
            });
            if done.is_some() {
                twins.insert(link.package);
            }
        }
        if now != RUNS {
            return twins;
        }
        std::thread::sleep(POLL);
    }
}

/// Links once more. `None` where that failed: nothing is left then.
fn run(
    (link, twin): (&Linked, Twin),
    output: &Path,
    target: &TargetPlan,
    interrupt: &Interrupt,
) -> Option<()> {
    let command = link.command.as_ref()?;
    std::fs::create_dir_all(output.parent()?).ok()?;
    let words = twin.flags(&command.args).into_iter();
    let mut args: Vec<OsString> = words.map(Into::into).collect();
    // Go's own: it stands in front of all flags of a user.
    let at = args.iter().position(|argument| argument == "-o")?;
    *args.get_mut(at + 1)? = output.into();
    let mut env = target.facts.go.env.clone();
    for (name, value) in &command.env {
        env.retain(|entry| entry.0 != *name);
        env.push((name.clone(), value.into()));
    }
    // Go started this very command in this run, for one that was reviewed: the record lies in our new, private stage, not in
    // the cache. Only whole flags were left out since, and `-w` put in front, so that no value has become a flag.
    let ground = Arc::new(Ground::everything());
    let Source::Capture { program, .. } = &target.collection.source else {
        return None;
    };
    let mut words = toolexec::beside(program, &target.links_dir);
    let ours = words.remove(0);
    words.push((&command.program).into());
    words.extend(args);
    let mut invocation = Invocation::new(ours, words, Path::new(&command.cwd), &ground);
    // A GOGC of the user's own stands in our environment, or was recorded.
    let is_set = command.env.iter().any(|pair| pair.0 == seen_links::LAZY.0);
    if !is_set && seen_links::has_room(link.inputs) {
        env.push((seen_links::LAZY.0.to_owned(), seen_links::LAZY.1.into()));
    }
    invocation.env = env;
    let outcome = process::run(&invocation, interrupt, |_, _| {});
    let good = outcome.is_ok_and(|outcome| outcome.status.success()) && output.is_file();
    if !good {
        let _ = std::fs::remove_file(output);
    }
    good.then_some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wait(state: &AtomicU8) -> u8 {
        while state.load(Ordering::SeqCst) == RUNS {
            std::thread::sleep(Duration::from_millis(1));
        }
        state.load(Ordering::SeqCst)
    }

    #[test]
    fn a_panic_beside_the_watch_ends_it() {
        let ends = |work: fn(&dyn Fn(bool))| {
            let work = std::panic::AssertUnwindSafe(|| watched(wait, work).1);
            std::panic::catch_unwind(work).ok()
        };
        assert_eq!(ends(|_| panic!("of a test")), None);
        assert_eq!(ends(|_| ()), Some(FAILED));
        assert_eq!(ends(|ended| ended(true)), Some(DONE));
    }
}

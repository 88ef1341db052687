//! Uses what go listed in the last run, and lets go list again while the build goes on.
//!
//! Nothing is published before go said the same once more, or found everything up to date in a source tree as it was when it
//! said so last. Where it says something else, the run begins anew.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::build::known::{self, Key};
use crate::build::source_tree::{SourceTree, Tree};
use crate::build::{barrier, graphs, reuse, tools};
use crate::config::layer::Loaded;
use crate::error::{Kind, Result};
use crate::go::{self, Go, Package, Toolchain, list};
use crate::plan::result_store::Memory;
use crate::plan::{TargetPlan, Typed};
use crate::process::{Interrupt, Invocation};
use crate::session::Session;

/// Lists that go makes while we go on.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    running: Vec<Running>,
    gate: Arc<Gate>,
}

#[derive(Debug)]
struct Running {
    /// `None` once it was waited for.
    thread: Option<JoinHandle<Answer>>,
    gate: Arc<Gate>,
    /// What was believed.
    believed: String,
    key: Key,
    /// The source tree before go was asked, and where it is kept.
    tree: Option<(Key, Tree)>,
}

/// What go said.
#[derive(Debug)]
enum Answer {
    /// It was not asked: everything is as it was when it said so last.
    Spared,
    /// It was asked.
    Listed(Result<Vec<u8>>),
}

/// What go is asked for.
#[derive(Debug, Clone)]
struct Question {
    invocation: Invocation,
    patterns: Vec<OsString>,
    /// Where the answer is kept.
    key: Key,
    /// Where the state of the source tree is kept in which it was given.
    tree: Key,
    /// The directory of this user for what nobody else may know.
    private: Option<PathBuf>,
}

impl Question {
    /// The source tree as it is now, with what go said of it.
    fn tree(
        &self,
        toolchain: &Toolchain,
        (packages, listed): (&[Package], &[u8]),
        secret: Option<[u8; 32]>,
    ) -> Option<Tree> {
        let tree = SourceTree {
            cwd: &self.invocation.cwd,
            toolchain,
            args: &self.invocation.args,
            patterns: &self.patterns,
            packages,
            listed,
            secret,
        };
        tree.read()
    }

    /// Records an answer. What is known of a tree with the same names, of which go says the same, stays.
    fn record(&self, toolchain: &Toolchain, (packages, listed): (&[Package], &[u8])) {
        let known: Option<String> = known::read(&self.key);
        let is_same = known.is_some_and(|known| known.as_bytes() == listed);
        if !is_same {
            keep(&self.key, listed);
        }
        // The tree is younger than the list: its names count, its state vouches for nothing.
        let before: Option<Tree> = known::read(&self.tree);
        if let Some(tree) = self.tree(toolchain, (packages, listed), None)
            && !(is_same && before.is_some_and(|before| before.names == tree.names))
        {
            known::keep(&self.tree, &tree);
        }
    }
}

/// How go is asked for packages.
pub(crate) struct Asking<'a> {
    /// The go command.
    pub(crate) go: &'a Go,
    /// The settings of go.
    pub(crate) toolchain: &'a Toolchain,
    /// The flags that decide which packages and files there are.
    pub(crate) flags: &'a [OsString],
}

/// Asks go for the packages; with `believed`, only if nothing is recorded of the last time, or if there are other files by now.
pub(crate) fn packages(
    asking: &Asking<'_>,
    loaded: &Loaded,
    typed: &Typed,
    believed: Option<&mut Pending>,
    session: &Session<'_>,
) -> Result<Vec<Package>> {
    let (go, toolchain) = (asking.go, asking.toolchain);
    let program = session.program.as_deref();
    let memory = Memory::of(&loaded.config, &toolchain.gocache, program);
    let patterns = typed.packages(&loaded.config);
    let invocation = go.list_invocation(asking.flags, &patterns);
    let question = Question {
        key: key_of(&memory, "list", &invocation, &toolchain.version),
        tree: key_of(&memory, "tree", &invocation, &toolchain.version),
        invocation,
        patterns,
        private: session.private(),
    };
    let known = believed.and_then(|pending| pending.believe(&question, asking, &session.interrupt));
    if let Some(packages) = known {
        return Ok(packages);
    }
    let listed = go.listed(&question.invocation, &session.interrupt);
    let listed = listed.map_err(|error| {
        if error.kind == Kind::Go && !toolchain.in_module() {
            return error.hint(go::no_module_hint(toolchain, &typed.cwd));
        }
        error
    })?;
    let packages = list::parse(&listed)?;
    if memory.place.is_some() {
        question.record(toolchain, (&packages, &listed));
    }
    Ok(packages)
}

/// How a list, or what is known beside it, is called.
fn key_of(memory: &Memory, kind: &str, invocation: &Invocation, version: &str) -> Key {
    let place = invocation.cwd.as_os_str().as_encoded_bytes();
    let parts = [
        place,
        version.as_bytes(),
        &invocation.to_string().into_bytes(),
    ];
    known::key(memory, kind, &parts)
}

impl Pending {
    /// The packages of the last run, while go is asked for those of now. `None` where nothing is recorded, and where there are
    /// other files by now.
    fn believe(
        &mut self,
        question: &Question,
        asking: &Asking<'_>,
        interrupt: &Interrupt,
    ) -> Option<Vec<Package>> {
        let believed: String = known::read(&question.key)?;
        let packages = list::parse(believed.as_bytes()).ok()?;
        let secret = question.private.as_deref().and_then(graphs::secret);
        let answer = (&packages[..], believed.as_bytes());
        let tree = question.tree(asking.toolchain, answer, secret);
        let as_before = match (known::read::<Tree>(&question.tree), &tree) {
            // There are other files: what is built by the old list would be built once more.
            (Some(before), Some(now)) if before.names != now.names => return None,
            (Some(before), Some(now)) => now.state.is_some() && before.state == now.state,
            _ => false,
        };
        let (go, interrupt) = (asking.go.clone(), interrupt.clone());
        let (gate, invocation) = (Arc::clone(&self.gate), question.invocation.clone());
        let work = move || match gate.needs_list(as_before) {
            true => Answer::Listed(go.listed(&invocation, &interrupt)),
            false => Answer::Spared,
        };
        self.running.push(Running {
            thread: Some(std::thread::spawn(work)),
            gate: Arc::clone(&self.gate),
            believed,
            key: question.key.clone(),
            tree: tree.map(|tree| (question.tree.clone(), tree)),
        });
        Some(packages)
    }

    /// Whether nothing is believed.
    pub(crate) fn is_empty(&self) -> bool {
        self.running.is_empty()
    }

    /// The commands of a plan are about to run. The lists begin when go compiles or links, or, where files changed, when it has
    /// read the sources: both cost CPU.
    pub(crate) fn beside(&self, targets: &[TargetPlan]) {
        self.gate.set(match targets.iter().all(reuse::captured) {
            true => When::Runs(targets.iter().map(|it| it.links_dir.clone()).collect()),
            false => When::Now,
        });
    }

    /// Whether go says the same of everything that was believed; what it says now is recorded. It need not be asked where it
    /// found all that it built up to date, and no file changed since it said so.
    pub(crate) fn confirm(mut self, up_to_date: bool) -> bool {
        self.gate.set(match up_to_date {
            true => When::UpToDate,
            false => When::Now,
        });
        let same = |running: &mut Running| running.is_same();
        // All of them are waited for.
        let answers: Vec<bool> = self.running.iter_mut().map(same).collect();
        answers.iter().all(|answer| *answer)
    }
}

impl Running {
    fn is_same(&mut self) -> bool {
        let answer = self.thread.take().and_then(|thread| thread.join().ok());
        let now = match answer {
            Some(Answer::Spared) => return true,
            Some(Answer::Listed(Ok(now))) => now,
            _ => return false,
        };
        let same = now == self.believed.as_bytes();
        if !same {
            keep(&self.key, &now);
        } else if let Some((key, tree)) = &self.tree {
            known::keep(key, tree);
        }
        same
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            // Nothing of ours goes on behind us.
            self.gate.set(When::Never);
            drop(thread.join());
        }
    }
}

/// Holds lists back until it is clear whether they are needed.
#[derive(Debug, Default)]
struct Gate {
    when: Mutex<When>,
    changed: Condvar,
}

/// When a list is made.
#[derive(Debug, Default)]
enum When {
    /// Not decided yet.
    #[default]
    Unknown,
    /// Once go compiles or links, as its records in these directories show; where files changed, once it has read the sources.
    Runs(Vec<PathBuf>),
    /// At once.
    Now,
    /// Only where files changed.
    UpToDate,
    /// Not at all.
    Never,
}

/// How often records are looked at.
const OFTEN: Duration = Duration::from_millis(20);

impl Gate {
    fn set(&self, when: When) {
        if let Ok(mut held) = self.when.lock() {
            *held = when;
        }
        self.changed.notify_all();
    }

    /// Waits until that is clear. `as_before`: no file changed.
    fn needs_list(&self, as_before: bool) -> bool {
        let Ok(mut when) = self.when.lock() else {
            return true;
        };
        loop {
            match &*when {
                When::Now => return true,
                When::Never => return false,
                When::UpToDate => return !as_before,
                When::Runs(records) => {
                    let runs = |place: &PathBuf| tools::began(place);
                    let has_read = |place: &PathBuf| !as_before && barrier::was_reached(place);
                    if records.iter().any(|place| runs(place) || has_read(place)) {
                        return true;
                    }
                }
                When::Unknown => match self.changed.wait(when) {
                    Ok(held) => {
                        when = held;
                        continue;
                    }
                    Err(_) => return true,
                },
            }
            match self.changed.wait_timeout(when, OFTEN) {
                Ok((held, _)) => when = held,
                Err(_) => return true,
            }
        }
    }
}

/// Records what go listed.
fn keep(key: &Key, listed: &[u8]) {
    if let Ok(text) = std::str::from_utf8(listed) {
        known::keep(key, &text);
    }
}

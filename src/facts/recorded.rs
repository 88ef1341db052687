//! Uses what go listed in the last run, and lets go list again while the build goes on.
//!
//! Nothing is published before go said the same once more. Where it says something else, the run begins anew.

use std::ffi::OsString;
use std::thread::JoinHandle;

use crate::build::known::{self, Key};
use crate::config::layer::Loaded;
use crate::error::{Kind, Result};
use crate::go::{self, Go, Package, Toolchain, list};
use crate::plan::Typed;
use crate::plan::result_store::Memory;
use crate::process::{Interrupt, Invocation};
use crate::session::Session;

/// Lists that go makes while we go on.
#[derive(Debug, Default)]
pub(crate) struct Pending(Vec<Running>);

#[derive(Debug)]
struct Running {
    /// `None` once it was waited for.
    thread: Option<JoinHandle<Result<Vec<u8>>>>,
    /// What was believed.
    believed: String,
    key: Key,
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

/// Asks go for the packages; with `believed`, only if nothing is recorded of the last time.
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
    let invocation = go.list_invocation(asking.flags, &typed.packages(&loaded.config));
    let key = key(&memory, &invocation, &toolchain.version);
    let known = believed.and_then(|pending| {
        pending.believe(key.clone(), go, invocation.clone(), &session.interrupt)
    });
    if let Some(packages) = known {
        return Ok(packages);
    }
    let listed = go.listed(&invocation, &session.interrupt);
    let listed = listed.map_err(|error| {
        if error.kind == Kind::Go && !toolchain.in_module() {
            return error.hint(go::no_module_hint(toolchain, &typed.cwd));
        }
        error
    })?;
    keep(&key, &listed);
    list::parse(&listed)
}

/// How a list is called.
fn key(memory: &Memory, invocation: &Invocation, version: &str) -> Key {
    let place = invocation.cwd.as_os_str().as_encoded_bytes();
    let parts = [
        place,
        version.as_bytes(),
        &invocation.to_string().into_bytes(),
    ];
    known::key(memory, "list", &parts)
}

impl Pending {
    /// The packages of the last run, while go is asked for those of now. `None` where nothing is recorded.
    fn believe(
        &mut self,
        key: Key,
        go: &Go,
        invocation: Invocation,
        interrupt: &Interrupt,
    ) -> Option<Vec<Package>> {
        let believed: String = known::read(&key)?;
        let packages = list::parse(believed.as_bytes()).ok()?;
        let (go, interrupt) = (go.clone(), interrupt.clone());
        let thread = std::thread::spawn(move || go.listed(&invocation, &interrupt));
        self.0.push(Running {
            thread: Some(thread),
            believed,
            key,
        });
        Some(packages)
    }

    /// Whether nothing is believed.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether go says the same of everything that was believed; what it says now is recorded.
    pub(crate) fn confirm(mut self) -> bool {
        let same = |running: &mut Running| running.is_same();
        // All of them are waited for.
        let answers: Vec<bool> = self.0.iter_mut().map(same).collect();
        answers.iter().all(|answer| *answer)
    }
}

impl Running {
    fn is_same(&mut self) -> bool {
        let answer = self.thread.take().and_then(|thread| thread.join().ok());
        let Some(Ok(now)) = answer else {
            return false;
        };
        let same = now == self.believed.as_bytes();
        if !same {
            keep(&self.key, &now);
        }
        same
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing of ours goes on behind us.
        drop(self.thread.take().map(JoinHandle::join));
    }
}

/// Records what go listed.
fn keep(key: &Key, listed: &[u8]) {
    if let Ok(text) = std::str::from_utf8(listed) {
        known::keep(key, &text);
    }
}

//! The captures of a build, read: what the compiler printed when it compiled each package.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::{capture, failure};
use crate::error::Result;
use crate::escape::raw_line::Raw;
use crate::escape::{self, Collector};
use crate::go::Words;
use crate::input;
use crate::plan::overlay::Overlay;
use crate::plan::{Step, TargetPlan, scope};
use crate::process::{self, Interrupt};

/// What the diagnostics took. Packages that are compiled for several mains with a profile each count for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cost {
    /// Packages captured while this run compiled them.
    pub(crate) captured: u64,
    /// Packages with a capture of an earlier run.
    pub(crate) found: u64,
    /// Packages without a capture, which were compiled separately; `None`: the whole scope was.
    pub(crate) passed: Option<u64>,
    /// Why that was so, where a capture was wanted.
    pub(crate) reason: Option<String>,
    /// Wall time to name and read the captures.
    pub(crate) captures: Duration,
    /// Wall time of the pass.
    pub(crate) pass: Duration,
}

impl Cost {
    /// Wall time of both.
    pub(crate) fn wall(&self) -> Duration {
        self.captures + self.pass
    }
}

/// A package, and the action of its compile.
pub(super) type Named = (String, String);

/// What has no capture.
pub(super) enum Missing {
    /// The whole scope; the actions of its packages where they are known.
    Everything(Vec<Named>),
    /// These packages, each once but where it is compiled several times.
    Packages(Vec<Named>),
}

/// Captures that are being read.
pub(super) struct Reading<'a> {
    pub(super) target: &'a TargetPlan,
    pub(super) store: &'a Path,
    pub(super) since: SystemTime,
    /// With `-trimpath` go shows paths as the compiler does.
    pub(super) trimmed: bool,
}

impl Reading<'_> {
    /// Asks go for the action of each package of the scope, and takes what was captured.
    pub(super) fn captures(
        &self,
        step: &Step,
        interrupt: &Interrupt,
        collector: &mut Collector<'_>,
        cost: &mut Cost,
    ) -> Result<Missing> {
        let (names, wall) = self.actions(step, interrupt)?;
        cost.captures += wall;
        Ok(self.take(&names, collector, cost))
    }

    /// The action of each package of the scope as its sources are now, and how long go took.
    fn actions(&self, step: &Step, interrupt: &Interrupt) -> Result<(Vec<Named>, Duration)> {
        let mut words = Words::default();
        let (outcome, listed) =
            process::capture(&step.invocation, interrupt, |line| words.keep(line))?;
        if !outcome.status.success() {
            return Err(words.error(failure(step.kind), &outcome));
        }
        let listed = String::from_utf8_lossy(&listed);
        let scope = &self.target.collection.scope;
        let mut names = Vec::new();
        for line in listed.lines() {
            // `lib [cmd/one] ID`: the ID has no space, and is empty where nothing is compiled.
            let Some((name, id)) = line.rsplit_once(' ') else {
                continue;
            };
            let path = name.split(" [").next().unwrap_or(name);
            if !id.is_empty() && scope::contains(scope, path) {
                let action = id.split('/').next().unwrap_or_default();
                names.push((path.to_owned(), action.to_owned()));
            }
        }
        Ok((names, outcome.wall))
    }

    /// Takes what was captured of these packages.
    pub(super) fn take(
        &self,
        names: &[(String, String)],
        collector: &mut Collector<'_>,
        cost: &mut Cost,
    ) -> Missing {
        let start = std::time::Instant::now();
        let before = cost.captured + cost.found;
        let mut missing: Vec<Named> = Vec::new();
        for (path, action) in names {
            match capture::read(self.store, action) {
                Some(kept) => {
                    let count = match kept.time >= self.since {
                        true => &mut cost.captured,
                        false => &mut cost.found,
                    };
                    *count += 1;
                    self.feed(path, &kept.text, collector);
                }
                None => missing.push((path.clone(), action.clone())),
            }
        }
        cost.captures += start.elapsed();
        if cost.captured + cost.found == before && !missing.is_empty() {
            let why = "no package has a capture: a plain go compiled them before, or flags of yours make the compiler print";
            cost.reason = Some(why.into());
            return Missing::Everything(missing);
        }
        Missing::Packages(missing)
    }

    /// How the lines of a package are shown by go.
    fn raw(&self, path: &str) -> Raw {
        let facts = &self.target.facts;
        let package = facts
            .packages
            .iter()
            .find(|package| package.import_path == path);
        let cgo = package.is_some_and(|package| !package.cgo_files.is_empty())
            && facts.toolchain.minor().is_none_or(|minor| minor >= (1, 27));
        let dir = package
            .filter(|_| !self.trimmed)
            .map_or("", |package| package.dir.as_str());
        let cwd = facts.go.cwd.as_os_str().as_bytes();
        Raw::new(dir.as_bytes(), cwd, cgo)
    }

    fn feed(&self, path: &str, text: &[u8], collector: &mut Collector<'_>) {
        let raw = self.raw(path);
        // The first line names the package, as go does, and is the only one that does.
        let start = memchr::memchr(b'\n', text).map_or(text.len(), |at| at + 1);
        let text = &text[start..];
        collector.capture_of(path);
        if raw == Raw::default() {
            return collector.text(text);
        }
        let Some(text) = text.strip_suffix(b"\n") else {
            return;
        };
        for line in text.split(|byte| *byte == b'\n') {
            collector.line(&raw.shown(line));
        }
    }

    /// Keeps what a pass printed of these packages as their captures, so that no later run needs a pass for them. Left out is
    /// what go shows in other words than the compiler, what is compiled in several variants, and a package of which nothing was
    /// printed unless its sources say that nothing could be: go prints nothing, too, where it has lost what it would repeat.
    /// A name with a line break, which could forge a header, was refused before the pass
    /// ([`mapped_sources`](super::mapped_sources)). `step` asks for the actions once more: a source that was edited meanwhile
    /// gives another, and is left out too. Returns how long go took for that.
    pub(super) fn keep(
        &self,
        named: &[Named],
        printed: &Printed,
        step: &Step,
        interrupt: &Interrupt,
    ) -> Duration {
        let texts = self.texts(named, printed);
        if texts.is_empty() {
            return Duration::ZERO;
        }
        let Ok((now, wall)) = self.actions(step, interrupt) else {
            return Duration::ZERO;
        };
        for ((path, action), text) in texts {
            let mut same = now.iter().filter(|(other, _)| other == path);
            let is_same = same.next().is_some_and(|(_, known)| known == action);
            if is_same && same.next().is_none() {
                capture::keep(self.store, path, action, text);
            }
        }
        wall
    }

    /// What was printed of each package, where that is all that the compiler says of it.
    fn texts<'t>(&self, named: &'t [Named], printed: &'t Printed) -> Vec<(&'t Named, &'t [u8])> {
        let mut texts: Vec<(&Named, &[u8])> = Vec::new();
        for named in named
            .iter()
            .filter(|(path, _)| self.raw(path) == Raw::default())
        {
            match printed.of(&named.0) {
                Said::Text(text) => texts.push((named, text)),
                Said::Nothing if self.is_without_code(&named.0) => texts.push((named, b"")),
                Said::Nothing | Said::Unclear => {}
            }
        }
        texts
    }

    /// Whether the compiler can print nothing of a package.
    fn is_without_code(&self, path: &str) -> bool {
        let facts = &self.target.facts;
        let overlay = Overlay::of(facts);
        let mut packages = facts.packages.iter();
        let package = packages.find(|package| package.import_path == path);
        package.is_some_and(|package| {
            let source = |name: &String| {
                let path = Path::new(&package.dir).join(name);
                overlay.read(&path, input::SOURCE).ok()
            };
            let holds_none = |name| source(name).is_some_and(|text| escape::is_without_code(&text));
            package.cgo_files.is_empty() && package.go_files.iter().all(holds_none)
        })
    }
}

/// What a pass printed, by the headers of go.
#[derive(Default)]
pub(super) struct Printed {
    all: Vec<(String, Vec<u8>)>,
    bytes: usize,
}

/// What was printed of a package.
enum Said<'p> {
    Nothing,
    Text(&'p [u8]),
    /// Its header stands there more than once, or nothing below it, or there was more than is remembered.
    Unclear,
}

impl Printed {
    pub(super) fn line(&mut self, line: &[u8]) {
        self.bytes = self.bytes.saturating_add(line.len() + 1);
        if self.bytes > MOST {
            self.all.clear();
        } else if let Some(path) = line.strip_prefix(b"# ") {
            let path = String::from_utf8_lossy(path).into_owned();
            self.all.push((path, Vec::new()));
        } else if let Some((_, text)) = self.all.last_mut()
            && !line.starts_with(b"go: ")
        {
            text.extend_from_slice(line);
            text.push(b'\n');
        }
    }

    fn of(&self, path: &str) -> Said<'_> {
        let mut found = self.all.iter().filter(|(other, _)| other == path);
        match (found.next(), found.next()) {
            (None, _) if self.bytes <= MOST => Said::Nothing,
            (Some((_, text)), None) if !text.is_empty() => Said::Text(text),
            _ => Said::Unclear,
        }
    }
}

/// The most that is remembered of a pass, in bytes.
const MOST: usize = 256 << 20;

//! Captures read and the escape pass run, sites with their names and lines of source out.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::{Duration, SystemTime};

use super::naming::named;
use super::{Event, announce, capture, failure, mapped, tolerate};
use serde::{Deserialize, Serialize};

use crate::config::Config;
use crate::error::Result;
use crate::escape::raw::Raw;
use crate::escape::{self, Collector, Escapes, IdentifiedSite, Remark};
use crate::go::flags::is_on;
use crate::go::{Package, Words};
use crate::lock;
use crate::plan::escapes::{Source, narrowed, stores};
use crate::plan::overlay::Overlay;
use crate::plan::{Step, StepKind, TargetPlan, scope};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Stream};

/// The largest file of source that is read: what is larger was generated, and its syntax tree would take gigabytes.
const LARGEST: u64 = 8 << 20;

/// The longest line of source that is kept, in bytes.
const LONGEST: usize = 400;

/// What starts a comment that takes a site out of the findings.
const IGNORE: &str = "//gobuild-opt:ignore";

/// What was found, and how.
#[derive(Debug, Default)]
pub(crate) struct Collected {
    /// What it took.
    pub(crate) cost: Cost,
    /// The counts.
    pub(crate) escapes: Escapes,
    /// The sites of the scope, constants too.
    pub(crate) sites: Vec<IdentifiedSite>,
    /// The source of each site, in the same order.
    pub(crate) excerpts: Vec<Excerpt>,
    /// The sites of packages beside the scope.
    pub(crate) beyond: Vec<IdentifiedSite>,
    /// Inlining and bounds checks; empty where nothing is asserted.
    pub(crate) remarks: Vec<Remark>,
}

impl Collected {
    /// The sites as they are compared.
    pub(crate) fn listed(&self) -> Vec<escape::added::Listed> {
        let lines = self
            .excerpts
            .iter()
            .map(|excerpt| lock::line(&excerpt.line));
        let listed = |(it, line): (&IdentifiedSite, Option<String>)| escape::added::Listed {
            identity: it.identity.clone(),
            line,
        };
        self.sites.iter().zip(lines).map(listed).collect()
    }
}

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

/// The source of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Excerpt {
    /// The line, without white space around it; empty where the source could not be read.
    pub(crate) line: String,
    /// What stands behind `//gobuild-opt:ignore` on the line and the one above.
    pub(crate) ignore: Vec<String>,
}

/// A run that collects.
pub(crate) struct Run<'a> {
    /// The commands.
    pub(crate) target: &'a TargetPlan,
    /// What the user wants.
    pub(crate) config: &'a Config,
    /// When it began to compile: what was captured later was captured by it.
    pub(crate) since: SystemTime,
    /// Whether to keep what assertions need.
    pub(crate) asserted: bool,
    /// The action of each package of the scope; `None`: go is asked.
    pub(crate) names: Option<Vec<(String, String)>>,
}

impl Run<'_> {
    /// Reads the captures, and compiles separately what has none. `None` where the plan has no step for that.
    ///
    /// Fails with Go's own words when the code does not compile.
    pub(crate) fn collect(
        &self,
        interrupt: &Interrupt,
        show: &mut dyn FnMut(Event<'_>),
    ) -> Result<Option<Collected>> {
        let target = self.target;
        let of = |kind: StepKind| target.steps.iter().filter(move |step| step.kind == kind);
        let Some(first) = of(StepKind::Escape).next() else {
            return Ok(None);
        };
        let sources = sources(target, first);
        let mut collector = Collector::new(&sources)
            .with_sites(true)
            .with_remarks(self.asserted);
        let watched = |package: &escape::Package| {
            let scope = &target.collection.scope;
            !package.standard && scope::contains(scope, package.path())
        };
        collector = collector.with_mapped(mapped::names(target)?.into_iter(), watched);
        let mut cost = Cost {
            passed: Some(0),
            ..Cost::default()
        };
        // One of each per profile.
        let mut names = of(StepKind::Captures);
        for pass in of(StepKind::Escape) {
            let names = names.next();
            let missing = self.found(
                names,
                sources.trimpath,
                interrupt,
                &mut collector,
                &mut cost,
                show,
            )?;
            let command = match &missing {
                Missing::Everything => Some(pass.invocation.clone()),
                Missing::Packages(packages) if packages.is_empty() => None,
                Missing::Packages(packages) => Some(narrowed(pass, &target.collection, packages)),
            };
            if let Some(command) = command {
                announce(pass.kind, target, show);
                cost.pass += run_pass(&command, interrupt, &mut collector, show)?;
            }
            cost.passed = match missing {
                Missing::Everything => None,
                Missing::Packages(packages) => {
                    cost.passed.map(|passed| passed + packages.len() as u64)
                }
            };
        }
        if cost.captured > 0 {
            let cache = Path::new(&target.facts.toolchain.gocache);
            capture::trim(&stores(cache), capture::LIMIT);
        }
        let scope = scope::patterns(&self.config.escape.scope, &target.facts.packages);
        let finished =
            collector.finish_with_all(|package| scope::contains(&scope, &package.import_path));
        let overlay = Overlay::of(&target.facts);
        let (sites, excerpts) = named(&finished.sites, &sources, &target.memory, &overlay);
        let mut escapes = finished.escapes;
        escape::recount(&mut escapes, &sites);
        let beyond = match self.asserted {
            true => named(&finished.beyond, &sources, &target.memory, &overlay).0,
            false => Vec::new(),
        };
        Ok(Some(Collected {
            cost,
            escapes,
            sites,
            excerpts,
            beyond,
            remarks: finished.remarks,
        }))
    }

    /// Reads the captures that there are.
    fn found(
        &self,
        names: Option<&Step>,
        trimmed: bool,
        interrupt: &Interrupt,
        collector: &mut Collector<'_>,
        cost: &mut Cost,
        show: &mut dyn FnMut(Event<'_>),
    ) -> Result<Missing> {
        let target = self.target;
        let (store, names) = match (&target.collection.source, names) {
            (Source::Capture { store, .. }, Some(names)) => (store, names),
            (Source::Pass { reason }, _) => {
                cost.reason.clone_from(reason);
                return Ok(Missing::Everything);
            }
            _ => return Ok(Missing::Everything),
        };
        let reading = Reading {
            target,
            store,
            since: self.since,
            trimmed,
        };
        if let Some(names) = &self.names {
            return Ok(reading.take(names, collector, cost));
        }
        announce(names.kind, target, show);
        match reading.captures(names, interrupt, collector, cost) {
            Ok(missing) => Ok(missing),
            // Nothing was built before: the code does not compile, and the pass would fail as well.
            Err(error)
                if !target
                    .steps
                    .iter()
                    .any(|step| step.kind == StepKind::Release) =>
            {
                Err(error)
            }
            Err(error) => {
                cost.reason = Some(tolerate(error, interrupt)?);
                Ok(Missing::Everything)
            }
        }
    }
}

/// Runs the escape pass; returns how long go took.
fn run_pass(
    command: &Invocation,
    interrupt: &Interrupt,
    collector: &mut Collector<'_>,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Duration> {
    collector.printed();
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let mut take = |line: &[u8]| {
        collector.line(line);
        words.keep(line);
    };
    let outcome = process::run(command, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, |line| {
                take(line);
                if let Some(path) = line.strip_prefix(b"# ") {
                    show(Event::Package(&String::from_utf8_lossy(path)));
                }
            });
        }
    })?;
    splitter.finish(take);
    if !outcome.status.success() {
        return Err(words.error(failure(StepKind::Escape), &outcome));
    }
    Ok(outcome.wall)
}

/// What has no capture.
enum Missing {
    /// The whole scope.
    Everything,
    /// These packages, each once.
    Packages(Vec<String>),
}

/// Captures that are being read.
struct Reading<'a> {
    target: &'a TargetPlan,
    store: &'a Path,
    since: SystemTime,
    /// With `-trimpath` go shows paths as the compiler does.
    trimmed: bool,
}

impl Reading<'_> {
    /// Asks go for the action of each package of the scope, and takes what was captured.
    fn captures(
        &self,
        step: &Step,
        interrupt: &Interrupt,
        collector: &mut Collector<'_>,
        cost: &mut Cost,
    ) -> Result<Missing> {
        let mut words = Words::default();
        let (outcome, listed) =
            process::capture(&step.invocation, interrupt, |line| words.keep(line))?;
        if !outcome.status.success() {
            return Err(words.error(failure(step.kind), &outcome));
        }
        cost.captures += outcome.wall;
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
        Ok(self.take(&names, collector, cost))
    }

    /// Takes what was captured of these packages.
    fn take(
        &self,
        names: &[(String, String)],
        collector: &mut Collector<'_>,
        cost: &mut Cost,
    ) -> Missing {
        let start = std::time::Instant::now();
        let before = cost.captured + cost.found;
        let mut missing: Vec<String> = Vec::new();
        for (path, action) in names {
            match capture::read(self.store, action) {
                Some(it) => {
                    let new = it.time >= self.since;
                    *(if new {
                        &mut cost.captured
                    } else {
                        &mut cost.found
                    }) += 1;
                    self.feed(path, &it.text, collector);
                }
                None if missing.iter().any(|text| text == path) => {}
                None => missing.push(path.to_owned()),
            }
        }
        cost.captures += start.elapsed();
        if cost.captured + cost.found == before && !missing.is_empty() {
            let why = "no package has a capture: a plain go compiled them before, or flags of yours make the compiler print";
            cost.reason = Some(why.into());
            return Missing::Everything;
        }
        Missing::Packages(missing)
    }

    fn feed(&self, path: &str, text: &[u8], collector: &mut Collector<'_>) {
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
        let raw = Raw::new(dir.as_bytes(), cwd, cgo);
        // The first line names the package, as go does, and is the only one that does.
        let start = memchr::memchr(b'\n', text).map_or(text.len(), |it| it + 1);
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
}

/// A regular file that is not too large, as go reads it.
pub(super) fn read(path: &[u8], overlay: &Overlay) -> Option<Vec<u8>> {
    overlay
        .read(Path::new(OsStr::from_bytes(path)), LARGEST)
        .ok()
}

pub(super) fn line_starts(bytes: &[u8]) -> Vec<usize> {
    std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', bytes).map(|it| it + 1))
        .collect()
}

/// A line of a file, without white space around it.
pub(crate) fn excerpt_of(bytes: &[u8], line: u32) -> String {
    excerpt(bytes, &line_starts(bytes), line).line
}

pub(super) fn excerpt(bytes: &[u8], starts: &[usize], line: u32) -> Excerpt {
    let text = |line: u32| -> Option<&[u8]> {
        let index = (line as usize).checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).map_or(bytes.len(), |start| start - 1);
        bytes.get(start..end).map(<[u8]>::trim_ascii)
    };
    let own = text(line).unwrap_or_default();
    let above = text(line.saturating_sub(1)).unwrap_or_default();
    let directive = |bytes: &[u8]| {
        let bytes = String::from_utf8_lossy(bytes).into_owned();
        let at = bytes.find(IGNORE)?;
        Some(bytes[at + IGNORE.len()..].trim().to_owned())
    };
    // Behind code of its own, a directive is about that line.
    let above = above.starts_with(IGNORE.as_bytes()).then_some(above);
    Excerpt {
        line: String::from_utf8_lossy(&own[..own.len().min(LONGEST)]).into_owned(),
        ignore: [Some(own), above]
            .into_iter()
            .flatten()
            .filter_map(directive)
            .collect(),
    }
}

/// What the compiler's text is read with.
pub(crate) fn sources(target: &TargetPlan, step: &Step) -> escape::Sources {
    let package = |package: &Package| escape::Package {
        import_path: package.import_path.clone(),
        name: package.name.clone(),
        dir: package.dir.clone().into_bytes(),
        module: package.module.as_ref().map(|module| module.path.clone()),
        version: package
            .module
            .as_ref()
            .map(|module| module.version.clone())
            .filter(|text| !text.is_empty()),
        standard: package.standard,
        files: package
            .go_files
            .iter()
            .chain(&package.cgo_files)
            .cloned()
            .collect(),
    };
    let mut sources = escape::Sources {
        packages: target.facts.packages.iter().map(package).collect(),
        directory: step.invocation.cwd.as_os_str().as_encoded_bytes().to_vec(),
        trimpath: is_trimmed(target, step),
        go: target.facts.toolchain.minor(),
        ..escape::Sources::default()
    };
    if sources.trimpath {
        for place in Overlay::of(&target.facts).places() {
            sources.replace(place.as_os_str().as_bytes());
        }
    }
    sources
}

/// Whether go runs with `-trimpath`, wherever that stands.
fn is_trimmed(target: &TargetPlan, step: &Step) -> bool {
    let args = step
        .invocation
        .args
        .iter()
        .filter_map(|argument| argument.to_str());
    let line = args
        .filter_map(|argument| argument.strip_prefix("-trimpath"))
        .rfind(|text| text.is_empty() || text.starts_with('='));
    match line {
        Some(value) => !matches!(value, "=false" | "=0" | "=f" | "=F" | "=FALSE" | "=False"),
        None => is_on(&target.facts.goflags, "trimpath"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_holds_on_its_line_and_the_next() {
        let source =
            b"package p\n\t//gobuild-opt:ignore boxing why\n\ta(b)\n\tc(d) //gobuild-opt:ignore moved x\n\te()";
        let starts = line_starts(source);
        let check = |line| {
            let it = excerpt(source, &starts, line);
            format!("{} | {}", it.line, it.ignore.join(", "))
        };
        assert_eq!(check(3), "a(b) | boxing why");
        assert_eq!(check(4), "c(d) //gobuild-opt:ignore moved x | moved x");
        assert_eq!(check(5), "e() | ");
        assert_eq!(check(9), " | ");
        assert_eq!(check(0), " | ");
    }
}

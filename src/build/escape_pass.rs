//! Collects the escapes of a platform: reads the captures, runs a pass for what has none, names the sites.

use std::path::Path;
use std::time::{Duration, SystemTime};

use super::excerpt::Excerpt;
use super::reading::{Cost, Missing, Named, Printed, Reading};
use super::site_names::named;
use super::sources::sources;
use super::{Event, announce, capture, failure, mapped_sources, tolerate};
use crate::config::Config;
use crate::error::Result;
use crate::escape::{self, Collector, Escapes, IdentifiedSite, Remark};
use crate::go::Words;
use crate::lock;
use crate::plan::escape_steps::{Source, narrowed, stores};
use crate::plan::overlay::Overlay;
use crate::plan::{Step, StepKind, TargetPlan, scope};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Invocation, Stream};

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
        let of = |kind: StepKind| target.steps_of(kind);
        let Some(first) = of(StepKind::Escape).next() else {
            return Ok(None);
        };
        let sources = sources(target, first);
        let mut collector = self.collector(&sources)?;
        let mut cost = Cost {
            passed: Some(0),
            ..Cost::default()
        };
        // One of each per profile.
        let mut names = of(StepKind::Captures);
        for pass in of(StepKind::Escape) {
            let steps = (pass, names.next());
            let trimmed = sources.trimpath;
            self.pass(steps, trimmed, interrupt, &mut collector, &mut cost, show)?;
        }
        if cost.captured > 0 || cost.pass > Duration::ZERO {
            let cache = Path::new(&target.facts.toolchain.gocache);
            capture::trim(&stores(cache), capture::LIMIT);
        }
        Ok(Some(self.finish(collector, &sources, cost)))
    }

    /// Takes what the compiler says.
    fn collector<'s>(&self, sources: &'s escape::Sources) -> Result<Collector<'s>> {
        let target = self.target;
        let watched = |package: &escape::Package| {
            let scope = &target.collection.scope;
            !package.standard && scope::contains(scope, package.path())
        };
        let collector = Collector::new(sources)
            .with_sites(true)
            .with_remarks(self.asserted);
        Ok(collector.with_mapped(mapped_sources::names(target)?.into_iter(), watched))
    }

    /// Reads the captures of one profile, and runs `pass` for what has none.
    fn pass(
        &self,
        (pass, names): (&Step, Option<&Step>),
        trimmed: bool,
        interrupt: &Interrupt,
        collector: &mut Collector<'_>,
        cost: &mut Cost,
        show: &mut dyn FnMut(Event<'_>),
    ) -> Result<()> {
        let target = self.target;
        let missing = self.found(names, trimmed, interrupt, collector, cost, show)?;
        let (command, named) = match missing {
            Missing::Everything(named) => {
                cost.passed = None;
                (pass.invocation.clone(), named)
            }
            Missing::Packages(named) if named.is_empty() => return Ok(()),
            Missing::Packages(named) => {
                let packages = packages_of(&named);
                cost.passed = cost.passed.map(|passed| passed + packages.len() as u64);
                (narrowed(pass, &target.collection, &packages), named)
            }
        };
        announce(pass.kind, target, show);
        let keeps = names
            .zip(self.store_to_fill())
            .filter(|_| !named.is_empty());
        let mut printed = keeps.map(|_| Printed::default());
        cost.pass += run_pass(&command, interrupt, collector, printed.as_mut(), show)?;
        if let (Some((names, store)), Some(printed)) = (keeps, printed) {
            let reading = self.reading(store, trimmed);
            cost.captures += reading.keep(&named, &printed, names, interrupt);
        }
        Ok(())
    }

    /// Where what a pass prints is kept as captures. None: flags of the user may make the compiler print more than a capture has.
    fn store_to_fill(&self) -> Option<&Path> {
        match &self.target.collection.source {
            Source::Capture { store, .. } if self.target.collection.is_without_flags() => {
                Some(store)
            }
            _ => None,
        }
    }

    fn reading<'s>(&'s self, store: &'s Path, trimmed: bool) -> Reading<'s> {
        Reading {
            target: self.target,
            store,
            since: self.since,
            trimmed,
        }
    }

    /// Names the sites of the scope.
    fn finish(&self, collector: Collector<'_>, sources: &escape::Sources, cost: Cost) -> Collected {
        let target = self.target;
        let scope = scope::patterns(&self.config.escape.scope, &target.facts.packages);
        let finished =
            collector.finish_with_all(|package| scope::contains(&scope, &package.import_path));
        let overlay = Overlay::of(&target.facts);
        let (sites, excerpts) = named(&finished.sites, sources, &target.memory, &overlay);
        let mut escapes = finished.escapes;
        escape::recount(&mut escapes, &sites);
        let beyond = match self.asserted {
            true => named(&finished.beyond, sources, &target.memory, &overlay).0,
            false => Vec::new(),
        };
        Collected {
            cost,
            escapes,
            sites,
            excerpts,
            beyond,
            remarks: finished.remarks,
        }
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
                return Ok(Missing::Everything(Vec::new()));
            }
            _ => return Ok(Missing::Everything(Vec::new())),
        };
        let reading = self.reading(store, trimmed);
        if let Some(names) = &self.names {
            return Ok(reading.take(names, collector, cost));
        }
        announce(names.kind, target, show);
        match reading.captures(names, interrupt, collector, cost) {
            Ok(missing) => Ok(missing),
            // Nothing was built before: the code does not compile, and the pass would fail as well.
            Err(error) if target.steps_of(StepKind::Release).next().is_none() => Err(error),
            Err(error) => {
                cost.reason = Some(tolerate(error, interrupt)?);
                Ok(Missing::Everything(Vec::new()))
            }
        }
    }
}

/// Runs the escape pass; returns how long go took.
fn run_pass(
    command: &Invocation,
    interrupt: &Interrupt,
    collector: &mut Collector<'_>,
    mut printed: Option<&mut Printed>,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Duration> {
    collector.printed();
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let mut take = |line: &[u8]| {
        collector.line(line);
        if let Some(printed) = &mut printed {
            printed.line(line);
        }
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

/// The packages of actions, each once.
fn packages_of(named: &[Named]) -> Vec<String> {
    let mut packages: Vec<String> = Vec::new();
    for (path, _) in named {
        if !packages.contains(path) {
            packages.push(path.clone());
        }
    }
    packages
}

//! Compiles with and without the profile, and collects what the compiler says of each.

use std::collections::{BTreeSet, HashSet};
use std::time::Duration;

use super::excerpt::Excerpt;
use super::site_names;
use super::sources::sources;
use super::{Event, failure};
use crate::error::Result;
use crate::escape::parse::{self, Line};
use crate::escape::{self, Collector, IdentifiedSite};
use crate::go::Words;
use crate::plan::overlay::Overlay;
use crate::plan::{Step, TargetPlan, scope};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Stream};

/// What the compiles for the effect of a profile left.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// With the profile.
    pub(crate) with: Side,
    /// Without it.
    pub(crate) without: Side,
}

/// The compiles of one side.
#[derive(Debug, Default)]
pub(crate) struct Side {
    /// How long go took.
    pub(crate) wall: Duration,
    /// CPU time of go and the compilers; `None` where the kernel does not say.
    pub(crate) cpu: Option<Duration>,
    /// Packages that were compiled; the rest came from the build cache.
    pub(crate) compiled: u64,
    /// Calls that were inlined, in any package.
    pub(crate) inlined: BTreeSet<Told>,
    /// Calls through an interface or a function value that were made direct.
    pub(crate) devirtualized: BTreeSet<Told>,
    /// Escapes in the scope of the escape report.
    pub(crate) sites: Vec<IdentifiedSite>,
    /// The source of each, in the same order.
    pub(crate) excerpts: Vec<Excerpt>,
}

/// A message of the compiler about a place. Only the base name of the file counts: its directory depends on where the
/// package was compiled first.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Told {
    /// The package that was compiled.
    pub(crate) package: String,
    /// `file.go:12:3`
    pub(crate) place: String,
    /// What is called.
    pub(crate) message: String,
}

/// Runs the compiles of one side, one per profile. Fails with Go's own words when the code does not compile.
pub(crate) fn side(
    steps: &[&Step],
    target: &TargetPlan,
    patterns: &str,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Side> {
    let Some(first) = steps.first() else {
        return Ok(Side::default());
    };
    let sources = sources(target, first);
    let mut reader = Reader {
        collector: Collector::new(&sources).with_sites(true),
        known: target.facts.import_paths(),
        package: String::new(),
        side: Side::default(),
    };
    let before = process::children_cpu();
    for step in steps {
        let wall = reader_pass(step, &mut reader, interrupt, show)?;
        reader.side.wall += wall;
    }
    let (collector, mut side) = (reader.collector, reader.side);
    let now = process::children_cpu().zip(before);
    side.cpu = now.map(|(now, before)| now.saturating_sub(before));
    let scope = scope::patterns(patterns, &target.facts.packages);
    let in_scope = |package: &escape::Package| scope::contains(&scope, &package.import_path);
    let (_, sites) = collector.finish_with_sites(in_scope);
    let overlay = Overlay::of(&target.facts);
    (side.sites, side.excerpts) = site_names::named(&sites, &sources, &target.memory, &overlay);
    Ok(side)
}

struct Reader<'a> {
    collector: Collector<'a>,
    known: HashSet<&'a [u8]>,
    package: String,
    side: Side,
}

fn reader_pass(
    step: &Step,
    reader: &mut Reader<'_>,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Duration> {
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let outcome = process::run(&step.invocation, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, |line| reader.line(line, &mut words, show));
        }
    })?;
    splitter.finish(|line| reader.line(line, &mut words, show));
    match outcome.status.success() {
        true => Ok(outcome.wall),
        false => Err(words.error(failure(step.kind), &outcome)),
    }
}

impl Reader<'_> {
    fn line(&mut self, line: &[u8], words: &mut Words, show: &mut dyn FnMut(Event<'_>)) {
        if self.known.contains(line) {
            self.side.compiled += 1;
            show(Event::Package(&String::from_utf8_lossy(line)));
            return;
        }
        words.keep(line);
        self.collector.line(line);
        match parse::line(line) {
            Line::Header(name) => {
                let name = String::from_utf8_lossy(name);
                // With several profiles a package is compiled once for each main package.
                self.package = name.split(" [").next().unwrap_or_default().to_owned();
            }
            Line::Diagnostic(it) => self.diagnostic(&it),
            Line::Other(_) => {}
        }
    }

    fn diagnostic(&mut self, it: &parse::Diagnostic<'_>) {
        let message = it.message;
        let (found, message) = if let Some(callee) = message.strip_prefix(b"inlining call to ") {
            (&mut self.side.inlined, callee)
        } else if message.starts_with(b"devirtualizing ")
            || message.starts_with(b"PGO devirtualizing ")
        {
            (&mut self.side.devirtualized, message)
        } else {
            return;
        };
        let file = String::from_utf8_lossy(it.file);
        let base = file.rsplit('/').next().unwrap_or_default();
        found.insert(Told {
            package: self.package.clone(),
            place: format!("{base}:{}:{}", it.line, it.column),
            message: String::from_utf8_lossy(message).into_owned(),
        });
    }
}

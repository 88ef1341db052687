//! A side of the preview, built and read.

use std::collections::BTreeMap;

use super::vetting::{self, Vetting};
use crate::analysis::Artifact;
use crate::analysis::own::{Own, own};
use crate::binary::{self, Anatomy};
use crate::build::Built;
use crate::check::{self, Context};
use crate::clock;
use crate::command::Session;
use crate::command::staged::Executed;
use crate::command::unpublished;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::facts::{Prepared, list_flags};
use crate::plan::exports::{self, Exported};
use crate::plan::{Facts, TargetPlan, Typed, scope};
use crate::report::comparison::{Subject, Subjects};
use crate::report::inspection::{Source, inspection};

/// What is found out only where somebody asks for it.
#[derive(Debug, Clone, Copy)]
pub struct OnRequest {
    /// What go vet and go fix report.
    pub vetting: bool,
    /// The boxes of a treemap.
    pub tiles: bool,
}

/// A program, built.
pub struct Side {
    /// The configuration.
    pub loaded: Loaded,
    /// The command line.
    pub typed: Typed,
    /// The platforms, in order.
    pub parts: Vec<Part>,
}

/// What was built for a platform.
pub struct Part {
    /// The commands, with what go said.
    pub plan: TargetPlan,
    /// How they went.
    pub built: Built,
    /// The executables.
    pub executables: Vec<Read>,
    /// Packages with what they import.
    pub imports: Vec<Exported>,
    /// What go vet and go fix report; `None` where nobody asked.
    pub vetting: Option<Vetting>,
}

/// An executable, read.
pub struct Read {
    /// The file.
    pub artifact: Artifact,
    /// Whose its bytes are; `None` where it cannot be read.
    pub subject: Option<Subjects>,
    /// Its own functions; `None` likewise.
    pub own: Option<Own>,
}

impl Side {
    /// Builds and reads. Fails with Go's own words.
    pub fn build(prepared: Prepared, wanted: OnRequest, session: &mut Session<'_>) -> Result<Self> {
        let (loaded, typed) = (prepared.loaded.clone(), prepared.typed.clone());
        let executed = unpublished::build(prepared, session)?;
        let mut read = Read::all(&executed, wanted.tiles, session)?;
        let Executed {
            plan,
            built,
            stage: _stage,
            ..
        } = executed;
        let mut parts = Vec::new();
        for (index, (mut target, built)) in plan.targets.into_iter().zip(built).enumerate() {
            // The stage of the build is gone with this function.
            target.facts.go.env.retain(|(name, _)| name != "GOTMPDIR");
            let imports = imports(&loaded, &typed, &target.facts, session)?;
            let mut ask = || vetting::ask(&loaded, &typed, &target.facts, session);
            let asked = wanted.vetting.then(&mut ask);
            parts.push(Part {
                imports,
                vetting: asked.transpose()?,
                executables: read.remove(&index).unwrap_or_default(),
                plan: target,
                built,
            });
        }
        Ok(Self {
            loaded,
            typed,
            parts,
        })
    }

    /// The go line in force.
    pub fn go_line(&self) -> Option<String> {
        let first = self.parts.first()?;
        first.plan.facts.go_line.as_ref().map(|it| it.0.clone())
    }
}

impl Read {
    /// Every executable, by the index of its target.
    fn all(
        executed: &Executed,
        drawn: bool,
        session: &Session<'_>,
    ) -> Result<BTreeMap<usize, Vec<Self>>> {
        let mut read: BTreeMap<usize, Vec<Self>> = BTreeMap::new();
        for artifact in executed.analyze(session)? {
            session.interrupt.check()?;
            let at = artifact.target;
            let facts = &executed.plan.targets[at].facts;
            let found = Self::of(artifact, facts, drawn);
            read.entry(at).or_default().push(found);
        }
        Ok(read)
    }

    fn of(artifact: Artifact, facts: &Facts, drawn: bool) -> Self {
        let bytes = binary::open(&artifact.staged).ok();
        let mut read = Self {
            artifact,
            subject: None,
            own: None,
        };
        let Some(bytes) = &bytes else { return read };
        let Ok(anatomy) = binary::anatomy(bytes) else {
            return read;
        };
        read.subject = subject(&read.artifact, &anatomy, drawn);
        if !anatomy.functions.is_empty() {
            let patterns = scope::patterns("module", &facts.packages);
            let is_own = |path: &str| path == "main" || scope::contains(&patterns, path);
            read.own = Some(own(bytes, &anatomy, is_own));
        }
        read
    }

    /// What the checks look at.
    pub fn context<'a>(&'a self, part: &'a Part, loaded: &'a Loaded) -> Context<'a> {
        Context {
            facts: &part.plan.facts,
            package: &self.artifact.executable.package,
            artifact: Some(&self.artifact),
            built: Some(&part.built),
            pgo: &loaded.config.pgo,
            linkage: loaded.config.build.linkage,
            lock: None,
            proof: None,
            origins: &loaded.origins,
            gates: &[],
            change: None,
            now: clock::about_now(),
        }
    }

    /// What the checks see.
    pub fn checks(&self, part: &Part, loaded: &Loaded) -> Vec<check::Finding> {
        check::run(&loaded.config, &self.context(part, loaded)).findings
    }
}

/// Whose the bytes of an executable are. `drawn`: with the boxes of a treemap.
fn subject(artifact: &Artifact, anatomy: &Anatomy<'_>, drawn: bool) -> Option<Subjects> {
    let name = &artifact.executable.name;
    let source = Source {
        path: name.clone(),
        sha256: None,
        gomaxprocs: artifact.gomaxprocs.clone(),
    };
    let found = inspection(anatomy, source, usize::MAX).ok()?;
    Some(Subjects {
        path: name.clone(),
        list: vec![Subject::of_inspection(&found, name, drawn)],
    })
}

/// Who imports whom: asked of go, which compiles nothing for it.
fn imports(
    loaded: &Loaded,
    typed: &Typed,
    facts: &Facts,
    session: &Session<'_>,
) -> Result<Vec<Exported>> {
    let flags = list_flags(loaded, typed, &facts.target, &facts.goflags)?;
    let mut args: Vec<std::ffi::OsString> = vec!["list".into(), "-deps".into()];
    args.push("-f={{.ImportPath}}\t\t{{join .Imports \" \"}}".into());
    args.extend(flags);
    args.push("--".into());
    args.extend(typed.packages(&loaded.config));
    let listed = facts
        .go
        .listed(&facts.go.invocation(args), &session.interrupt)?;
    Ok(exports::parse(&listed))
}

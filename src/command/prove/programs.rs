//! Builds the variants into finished executables: all of them are there before the first run.

mod test_binary;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::running::Subject;
use super::variant::Variant;
use crate::build::revision::Revision;
use crate::build::stage::{Stage, Where};
use crate::build::{Built, Event, sums};
use crate::command::staged::Executed;
use crate::command::{Session, past_pass, unpublished};
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::escape::added::Listed;
use crate::facts::{Wanted, is_of_this_machine};
use crate::plan::output::Executable;
use crate::plan::{Facts, Plan, TargetPlan, Typed};
use crate::process::Interrupt;
use crate::profile::Edges;
use test_binary::test_binary;

/// Links with one layout each.
pub const LAYOUTS: usize = 3;
/// The first Go whose linker has `-randlayout`.
const RANDLAYOUT: (u32, u32) = (1, 23);

/// A program that is run.
#[derive(Debug, Default)]
pub struct Program {
    /// What it is called.
    pub name: String,
    /// The file, once for each layout.
    pub files: Vec<PathBuf>,
    /// The file as the linker lays it out by itself.
    pub plain: PathBuf,
    /// Bytes of it.
    pub size: u64,
    /// Its SHA-256.
    pub sha256: String,
    /// The Go that built it; `None` where it was there.
    pub go_version: Option<String>,
    /// SHA-256 of the profile.
    pub profile: Option<String>,
    /// The file of the profile.
    pub profile_file: Option<PathBuf>,
    /// The calls of the profile.
    pub calls: Option<Arc<Edges>>,
    /// Places in own code that allocate; `None` where it was there, and for test binaries.
    pub escapes: Option<Vec<Listed>>,
    /// The import path of its main package; `None` where it was there, and of test binaries.
    pub package: Option<String>,
    /// The platform that it was built for, as in the lock; `None` as above.
    pub key: Option<String>,
    /// What its first build took; `None` where it was there.
    pub built: Option<Duration>,
    /// Where commands run: benchmarks in the directory of their package, as go test runs them.
    pub cwd: PathBuf,
}

impl Program {
    /// What a file by itself says, built by the go of `facts`.
    fn of_file(name: &str, file: PathBuf, facts: &Facts, interrupt: &Interrupt) -> Result<Self> {
        Ok(Self {
            name: name.to_owned(),
            size: file.metadata()?.len(),
            sha256: sums::digest_of(&file, interrupt)?.unwrap_or_default(),
            plain: file.clone(),
            files: vec![file],
            go_version: Some(facts.toolchain.version.clone()),
            ..Self::default()
        })
    }

    /// One of its files, to be run.
    pub fn subject<'a>(&'a self, file: &'a Path) -> Subject<'a> {
        Subject {
            file,
            name: &self.name,
            cwd: &self.cwd,
        }
    }
}

/// Where the programs lie, and everything that they are made of.
pub struct Place {
    /// A directory of ours.
    pub stage: Stage,
    made: usize,
}

impl Place {
    /// A directory beside go's build cache, or among the temporary ones.
    pub fn create(cache: Option<&Path>, session: &mut Session<'_>) -> Result<Self> {
        let place = Where {
            cache: cache.filter(|it| !it.as_os_str().is_empty()),
            ..Where::default()
        };
        let show = &mut *session.show;
        let stage = Stage::create(place, true, &session.interrupt, &mut |line| {
            show(Event::Talk(line))
        })?;
        Ok(Self { stage, made: 0 })
    }

    /// A place for a file. All of them have paths of one length: what a program finds on its stack stands where it stands for the
    /// others (Mytkowicz et al. 2009).
    fn file(&mut self, name: &str) -> Result<PathBuf> {
        let directory = self.stage.path().join(format!("p{:03}", self.made));
        self.made += 1;
        std::fs::create_dir_all(&directory)?;
        Ok(directory.join(name))
    }
}

/// An executable that is there. It runs from a copy, so that its path is as long as that of the others and its pages lie in memory
/// as theirs do: two files with the same bytes differ by a percent otherwise. `in_place`: where it is.
pub fn existing(
    path: &Path,
    in_place: bool,
    place: &mut Place,
    session: &Session<'_>,
) -> Result<Program> {
    let file = session.cwd.join(path);
    let unreadable = |error| Error::unreadable("the program", path, error);
    let size = file.metadata().map_err(unreadable)?.len();
    let sha256 = sums::digest_of(&file, &session.interrupt)?.unwrap_or_default();
    let run = match in_place {
        true => file,
        false => {
            let copy = place.file("program")?;
            std::fs::copy(&file, &copy).map_err(unreadable)?;
            copy
        }
    };
    Ok(Program {
        name: path.display().to_string(),
        plain: run.clone(),
        files: vec![run],
        size,
        sha256,
        cwd: session.cwd.clone(),
        ..Program::default()
    })
}

/// What is built: a program, or the test binary of a package.
pub struct Work<'a> {
    /// The configuration and the command line of now.
    pub base: (&'a Loaded, &'a Typed),
    /// Layouts that were asked for.
    pub layouts: Option<usize>,
    /// The most pairs of runs: each layout takes two.
    pub pairs: usize,
    /// What layouts are drawn from.
    pub seed: u64,
    /// Whether it is a test binary.
    pub is_test: bool,
}

impl Work<'_> {
    /// Builds a variant, of a revision where there is one.
    pub fn build(
        &self,
        variant: &Variant,
        at: Option<&Revision>,
        place: &mut Place,
        session: &mut Session<'_>,
    ) -> Result<Program> {
        (session.show)(Event::Talk(&format!("building: {}", variant.name)));
        let (mut program, has_layouts) = self.link(variant, at, None, place, session)?;
        let layouts = self.layouts(&program, has_layouts)?;
        if layouts > 0 {
            program.files.clear();
        }
        for layout in 0..layouts {
            let mut laid = variant.clone();
            // 0 is none.
            let seed = (self.seed % 1_000_000) * 1_000 + layout as u64 + 1;
            laid.link_with(format!("-randlayout={seed}"));
            let (linked, _) = self.link(&laid, at, Some(layout), place, session)?;
            program.files.extend(linked.files);
        }
        Ok(program)
    }

    /// How many layouts a program gets: those that were asked for, else as many as its linker and the pairs allow.
    fn layouts(&self, program: &Program, has_layouts: bool) -> Result<usize> {
        match (self.layouts, has_layouts) {
            (None, false) | (Some(0), _) => Ok(0),
            (None, true) => Ok(LAYOUTS.min(self.pairs / 2)),
            (Some(asked), true) => Ok(asked),
            (Some(_), false) => {
                let go = program.go_version.as_deref();
                Err(without_layouts(go.unwrap_or("this Go")))
            }
        }
    }

    fn link(
        &self,
        variant: &Variant,
        at: Option<&Revision>,
        layout: Option<usize>,
        place: &mut Place,
        session: &mut Session<'_>,
    ) -> Result<(Program, bool)> {
        let (mut loaded, mut typed) = (self.base.0.clone(), self.base.1.clone());
        let before = variant.apply(&mut loaded, &mut typed, session)?;
        if let Some(revision) = at {
            past_pass::move_to(revision, &mut loaded, &mut typed)?;
        }
        let made = match self.is_test {
            true => test_binary(loaded, typed, variant, place, session),
            false => executable(loaded, typed, (variant, layout.is_none()), place, session),
        };
        session.env = before;
        made.map_err(|mut error| {
            if error.kind == Kind::Go {
                let layout = layout.map_or(String::new(), |it| format!(", layout {}", it + 1));
                let name = &variant.name;
                error.message = format!("`{name}`{layout} does not build: {}", error.message);
                error.hint = error.hint.filter(|_| at.is_none());
            }
            error
        })
    }
}

/// `key`: a platform.
pub fn not_here(key: &str) -> Error {
    let message = format!("a program for {key} does not run here");
    Error::new(Kind::Usage, message).hint(
        "`prove` measures on this machine: add a `[[target]]` for it, or unset GOOS and GOARCH",
    )
}

/// Only one program is run on a side.
pub fn the_one(executables: &[Executable]) -> Result<&Executable> {
    if let [one] = executables {
        return Ok(one);
    }
    let names: Vec<&str> = executables.iter().map(|it| it.package.as_str()).collect();
    let message = format!("there are several programs: {}", names.join(", "));
    Err(Error::new(Kind::Usage, message).hint("name the package of one"))
}

/// `go`: its version.
pub fn without_layouts(go: &str) -> Error {
    let message = format!("the linker of {go} has no -randlayout, which `layouts` needs");
    Error::new(Kind::Usage, message).hint("take Go 1.23 or later, or `--layouts 0`")
}

/// Builds a variant, and collects the escapes of own code where that is asked for.
fn executable(
    loaded: Loaded,
    typed: Typed,
    (variant, escapes): (&Variant, bool),
    place: &mut Place,
    session: &mut Session<'_>,
) -> Result<(Program, bool)> {
    let staged = unpublished::staged(loaded, typed, Wanted::Program { escapes }, session)?;
    // What cannot be run here is not built.
    let (target, _) = only(&staged.plan)?;
    if !is_of_this_machine(&target.facts.target) {
        return Err(not_here(&target.facts.key()));
    }
    let executed = staged.execute(None, session)?;
    (session.show)(Event::End(Instant::now()));
    let (target, wanted) = only(&executed.plan)?;
    let file = place.file(&wanted.name)?;
    std::fs::copy(target.release_dir.join(&wanted.name), &file)?;
    let program = built(&variant.name, &executed, file, session)?;
    Ok((program, has_layouts(target.facts.toolchain.minor())))
}

/// The one target of a plan, and the program that is run.
fn only(plan: &Plan) -> Result<(&TargetPlan, &Executable)> {
    let [target] = plan.targets.as_slice() else {
        return Err(Error::new(Kind::Usage, "no target is built"));
    };
    Ok((target, the_one(&target.executables)?))
}

/// What is known of a program that was built, of which `file` is a copy.
fn built(name: &str, executed: &Executed, file: PathBuf, session: &Session<'_>) -> Result<Program> {
    let (target, wanted) = only(&executed.plan)?;
    let facts = &target.facts;
    let applied = facts.pgo.applied(&wanted.package);
    let left = executed.built.first();
    Ok(Program {
        profile: applied.and_then(|profile| profile.sha256.clone()),
        profile_file: applied.map(|profile| profile.file(Path::new(&facts.go.cwd))),
        calls: applied.and_then(|profile| profile.calls.clone()),
        escapes: left.and_then(escapes),
        package: Some(wanted.package.clone()),
        key: Some(facts.key()),
        // Without what collects the escapes.
        built: Some(left.map_or(Duration::ZERO, |left| left.release)),
        cwd: session.cwd.clone(),
        ..Program::of_file(name, file, facts, &session.interrupt)?
    })
}

/// The sites of own code that allocate.
fn escapes(built: &Built) -> Option<Vec<Listed>> {
    let mut listed = built.escapes.as_ref()?.listed();
    listed.retain(|site| site.identity.class.allocates());
    Some(listed)
}

/// Whether the linker of a version has other layouts than its own.
pub fn has_layouts(minor: Option<(u32, u32)>) -> bool {
    minor.is_some_and(|it| it >= RANDLAYOUT)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A program with so many layouts.
    pub fn program(name: &str, layouts: usize) -> Program {
        Program {
            name: name.into(),
            files: (0..layouts).map(|at| format!("laid{at}").into()).collect(),
            plain: "plain".into(),
            ..Program::default()
        }
    }
}

//! Leaves out of a configuration what a run is not about: the one place where that is done.

use super::Prepared;
use super::machine::this_machine;
use crate::config::layer::Loaded;
use crate::config::{Buildvcs, Collect, Compare, Config, Effect, Target};
use crate::plan::Typed;
use crate::plan::twins::Twin;

/// What is wanted of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wanted {
    /// The heap escapes of every platform, and what is asserted of functions: nothing is linked.
    Sites,
    /// What a lock accepts: sizes, and with `sites` the heap escapes.
    Accepted {
        /// Whether the heap escapes are among it.
        sites: bool,
    },
    /// Executables that are looked at and go again: no gate judges them.
    Trial {
        /// Whether the heap escapes are collected.
        escapes: bool,
    },
    /// A program that is measured on this machine.
    Program {
        /// Whether the heap escapes of own code are collected.
        escapes: bool,
    },
    /// What the linker keeps, and why.
    Kept,
    /// The code of another revision, in a directory without a repository around it.
    Revision,
    /// What nobody claims: assertions are about the code of now.
    Unasserted,
    /// The escapes of own code, whatever the report of a release is about.
    OwnCode,
    /// The packages and outputs of the command line, as `go build` has it.
    Typed,
    /// The files alone: nobody reads a report.
    Files,
    /// A few lines that compare with the lock: nobody sees what DWARF takes.
    Lines,
}

impl Wanted {
    /// Leaves out the rest.
    pub(crate) fn narrow(self, loaded: &mut Loaded, typed: &mut Typed) {
        let config = &mut loaded.config;
        match self {
            Self::Sites => {
                without_stamp(loaded, typed);
                collect(loaded);
                without_baseline(loaded);
            }
            Self::Accepted { sites } => {
                collect_where(sites, loaded);
                // The build with symbols says whose the data are, in `release` and so here; no other baseline does.
                match loaded.config.compare.links_twin() {
                    true => with_symbols(loaded),
                    false => without_baseline(loaded),
                }
                loaded.config.pgo.effect = Effect::Off;
            }
            Self::Trial { escapes } => {
                without_release(loaded, typed);
                collect_where(escapes, loaded);
            }
            Self::Program { escapes } => {
                one_program(&mut loaded.config, escapes);
                without_release(loaded, typed);
            }
            Self::Kept => without_baseline(loaded),
            Self::Revision => without_stamp(loaded, typed),
            Self::Unasserted => without_assertions(loaded),
            Self::OwnCode => config.escape.scope = "module".into(),
            Self::Typed => {
                config.build.packages.clear();
                config.build.out_dir = None;
            }
            Self::Files => {
                config.escape.collect = Collect::Off;
                without_baseline(loaded);
            }
            Self::Lines if config.compare.baseline != Compare::AUTO => {}
            Self::Lines => with_symbols(loaded),
        }
    }
}

impl Prepared {
    /// Leaves out what is not wanted, once go has been asked.
    pub(crate) fn narrow(&mut self, wanted: Wanted) {
        wanted.narrow(&mut self.loaded, &mut self.typed);
    }

    /// Compiles some packages in the place of those that were named, of each platform in turn, and looks for escapes in these alone.
    pub(crate) fn compile_only(&mut self, packages: Vec<Vec<String>>) {
        let mut all: Vec<String> = packages.iter().flatten().cloned().collect();
        all.sort();
        all.dedup();
        self.loaded.config.escape.scope = all.join(",");
        for (facts, packages) in self.facts.iter_mut().zip(packages) {
            facts.only = packages;
        }
    }

    /// Publishes nothing, so that nothing that is there is taken for the output.
    pub(crate) fn keep_nothing(&mut self) {
        for executable in self.outputs.targets.iter_mut().flatten() {
            executable.path = None;
        }
        self.outputs.checksums = None;
    }
}

/// Nothing is stamped, so go need not run git, and with it what a repository names as fsmonitor.
fn without_stamp(loaded: &mut Loaded, typed: &mut Typed) {
    loaded.config.build.buildvcs = Buildvcs::False;
    typed.flags.retain(|flag| flag.name != "buildvcs");
}

fn without_baseline(loaded: &mut Loaded) {
    loaded.config.compare.baseline = "off".into();
}

/// Links the twin without DWARF, which says as much of the release.
fn with_symbols(loaded: &mut Loaded) {
    loaded.config.compare.baseline = Twin::Symbols.kind().into();
}

fn without_assertions(loaded: &mut Loaded) {
    loaded.config.assert.clear();
    loaded.config.escape.gcassert = false;
}

/// Leaves out what only a release needs.
fn without_release(loaded: &mut Loaded, typed: &mut Typed) {
    without_stamp(loaded, typed);
    typed.flags.retain(|flag| flag.name != "o");
    loaded.config.build.out_dir = None;
    without_baseline(loaded);
    loaded.config.pgo.effect = Effect::Off;
    without_assertions(loaded);
    loaded.config.budget.frame = None;
    loaded.config.budget.frame_growth = None;
}

/// Collects the escapes, also where that is off.
fn collect(loaded: &mut Loaded) {
    let collect = &mut loaded.config.escape.collect;
    if *collect == Collect::Off {
        *collect = Collect::Auto;
    }
}

/// Whether a configured platform is this one; what it leaves open is.
fn is_here(target: &Target) -> bool {
    let (os, arch) = this_machine();
    let is = |value: &Option<String>, own: &str| value.as_deref().is_none_or(|named| named == own);
    is(&target.os, os) && is(&target.arch, arch)
}

/// Collects the escapes where they are wanted, and nothing otherwise.
fn collect_where(wanted: bool, loaded: &mut Loaded) {
    match wanted {
        true => collect(loaded),
        false => loaded.config.escape.collect = Collect::Off,
    }
}

/// The program for this machine, perhaps with the escapes of its module.
fn one_program(config: &mut Config, escapes: bool) {
    config.target.retain(is_here);
    config.target.truncate(1);
    config.escape.collect = Collect::Off;
    if escapes {
        config.escape.collect = Collect::Auto;
        config.escape.scope = "module".into();
    }
}

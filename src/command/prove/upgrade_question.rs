//! Runs two builds of one program for `upgrade --prove`, and reports which is faster.

use std::ffi::OsString;
use std::path::Path;

use super::programs::{Place, Work};
use super::variant::Variant;
use super::wish::{self, Wish};
use super::{Made, blank, compared, pairing};
use crate::cli;
use crate::command::Session;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::facts::Prepared;
use crate::plan::Typed;
use crate::report::proof_report::Report;

/// A command that both are to run.
pub struct Question {
    args: cli::Prove,
    wish: Wish,
}

/// A build.
pub struct Contender<'a> {
    /// What to call it.
    pub name: &'a str,
    /// Its configuration.
    pub loaded: &'a Loaded,
    /// Its command line.
    pub typed: &'a Typed,
}

impl Question {
    /// A command with `{bin}` in it, judged as `[prove]` says. Fails with [`Kind::Usage`](crate::error::Kind::Usage) for what is
    /// none.
    pub fn of(command: &str, loaded: &Loaded) -> Result<Self> {
        let words = wish::words(command, "--prove")?;
        let args = cli::Prove::of_workload(words.into_iter().map(OsString::from).collect())?;
        let wish = Wish::of(&args, loaded)?;
        Ok(Self { args, wish })
    }

    /// Fails with [`Kind::Usage`](crate::error::Kind::Usage) for a side that [`Self::ask`] could not run, before anything is built.
    pub fn check(&self, side: &Prepared) -> Result<()> {
        pairing::check(side, self.wish.layouts)
    }

    /// Builds both once more, with their layouts, and runs them. Fails as `prove` does, and where a signal ends it.
    pub fn ask(
        &self,
        sides: &[Contender<'_>; 2],
        cache: &Path,
        session: &mut Session<'_>,
    ) -> Result<Report> {
        let mut made = Made::nothing(Place::create(Some(cache), session)?);
        for side in sides {
            let work = Work {
                base: (side.loaded, side.typed),
                layouts: self.wish.layouts,
                pairs: self.wish.pairs,
                seed: self.wish.seed,
                is_test: false,
            };
            let program = work.build(&Variant::plain(side.name), None, &mut made.place, session)?;
            made.programs.push(program);
        }
        made.settle();
        let mut report = blank(&self.args, &self.wish, &made);
        compared(&self.args, &self.wish, &mut made, &mut report, session)?;
        session.interrupt.check()?;
        Ok(report)
    }
}

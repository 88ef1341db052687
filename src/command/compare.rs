//! `compare`: two executables, or two saved reports.

mod exact;

mod point;

mod version_order;

use std::path::Path;

use super::inspect::{Extras, dissect, slice};
use super::named_executable::open;
use super::present::{Blocks, check, emit};
use super::{Output, Session};
use crate::binary::{self, LoadedDiff, Mapped, Owners};
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::render::{Format, Shows};
use crate::report::comparison::{self, Rules, Subject, Subjects, compare, saved};
use crate::report::inspection::View;
use crate::view::comparison_tables;
use point::Given;

/// Reads both sides and says what changed.
pub(crate) fn run(args: &cli::Compare, session: &mut Session<'_>) -> Result<Output> {
    check(Shows::COMPARISON, &args.output)?;
    if args.why && args.by.is_some() {
        let message = "`--why` is a listing of its own";
        return Err(Error::new(Kind::Usage, message).hint("leave out `--by`"));
    }
    let [before, after] = sides(args, session)?;
    if args.why {
        before.explains(&args.before)?;
        after.explains(&args.after)?;
    }
    let rules = Rules {
        floor: args.floor.0.max(1),
        fail_over: args.fail_over,
    };
    let arch = args.arch.as_deref();
    let loaded = twins(&before, &after, arch);
    let mut comparison = compare(&before.subjects, &after.subjects, loaded, rules)?;
    if args.exact {
        let given = [(&before, &args.before), (&after, &args.after)];
        let [old, new] = given.map(|(side, path)| side.given(path, arch));
        comparison.explain(exact::exact([&old?, &new?], session)?);
    }
    let view = View {
        by: args.by,
        top: args.top,
        ..View::default()
    };
    let blocks = Blocks::of(&args.output, |page| match page {
        None => comparison_tables::outline(&comparison, view),
        Some(page) => comparison_tables::outline(&comparison, view.drawn(page)),
    });
    let output = emit(&comparison, &blocks, &Vec::new, &args.output, session)?;
    Ok(Output {
        failures: comparison.verdict.sentences(),
        ..output
    })
}

/// Reads both files, the owners of their bytes found in the same way.
fn sides(args: &cli::Compare, session: &Session<'_>) -> Result<[Side; 2]> {
    let mut before = Side::open(&args.before, args, session)?;
    let mut after = Side::open(&args.after, args, session)?;
    let digest = needs_digests(args, &before, &after);
    for (side, path) in [(&mut before, &args.before), (&mut after, &args.after)] {
        side.digest = digest;
        side.dissect(path, args, session, Owners::Symbols)?;
    }
    // Owners that were found in different ways do not compare: one without symbols has the other read as if it had none.
    if before.is_by(Owners::References) && after.is_by(Owners::Symbols) {
        after.dissect(&args.after, args, session, Owners::References)?;
    } else if before.is_by(Owners::Symbols) && after.is_by(Owners::References) {
        before.dissect(&args.before, args, session, Owners::References)?;
    }
    Ok([before, after])
}

/// JSON shows digests. They say, too, whether a file is the one of a report: of two files their bytes do, which are only
/// looked at where both are executables (a file of any other kind may have terabytes).
fn needs_digests(args: &cli::Compare, before: &Side, after: &Side) -> bool {
    let shown = args.output.formats().any(|format| format == Format::Json);
    let part = |bytes| slice(bytes, args.arch.as_deref()).ok();
    let are_same = || match (&before.executable, &after.executable) {
        (Some(old), Some(new)) => match (part(old), part(new)) {
            (Some(old), Some(new)) => {
                old.len() == new.len() && binary::read(old).is_ok() && old == new
            }
            _ => false,
        },
        _ => true,
    };
    shown || are_same()
}

/// Whether any format shows a treemap.
fn draws(args: &cli::Compare) -> bool {
    args.output.formats().any(Format::draws)
}

struct Side {
    subjects: Subjects,
    /// Whether the SHA-256 of an executable is wanted.
    digest: bool,
    /// The bytes of an executable; `None` for a report.
    executable: Option<Mapped>,
}

impl Side {
    /// What a file is, its content says.
    fn open(path: &Path, args: &cli::Compare, session: &Session<'_>) -> Result<Self> {
        let bytes = open(path, &session.cwd)?;
        let shown = path.display().to_string();
        if let Some(report) = saved(&bytes, &shown, draws(args)) {
            return Ok(Self {
                subjects: report?,
                digest: false,
                executable: None,
            });
        }
        Ok(Self {
            subjects: Subjects {
                list: Vec::new(),
                path: shown,
            },
            digest: false,
            executable: Some(bytes),
        })
    }

    /// Reads the executable, if it is one.
    fn dissect(
        &mut self,
        path: &Path,
        args: &cli::Compare,
        session: &Session<'_>,
        by: Owners,
    ) -> Result<()> {
        let Some(bytes) = &self.executable else {
            return Ok(());
        };
        let wanted = Extras {
            digest: self.digest,
            without_symbols: by == Owners::References,
            ..Extras::default()
        };
        let arch = args.arch.as_deref();
        let dissected = dissect(path, bytes, arch, wanted, &session.interrupt)?;
        let inspection = dissected.inspection(usize::MAX)?;
        let mut subject = Subject::of_inspection(&inspection, &self.subjects.path, draws(args));
        if args.why {
            let calls = slice(bytes, arch).ok();
            let calls = calls.and_then(|bytes| binary::package_calls(bytes).ok().flatten());
            subject.growth = Some(comparison::side(&inspection, calls));
        }
        self.subjects.list = vec![subject];
        Ok(())
    }

    /// Fails for a report: it has no versions and flags.
    fn explains(&self, path: &Path) -> Result<()> {
        if self
            .subjects
            .list
            .iter()
            .all(|subject| subject.growth.is_some())
        {
            return Ok(());
        }
        let shown = path.display();
        let message = format!("`--why` compares executables, and `{shown}` is a report");
        Err(Error::new(Kind::Usage, message).hint("`why --since REV` explains two revisions"))
    }

    /// What the executable says of its build.
    fn given(&self, path: &Path, arch: Option<&str>) -> Result<Given> {
        let bytes = self.executable.as_deref().unwrap_or_default();
        Given::read(path, slice(bytes, arch)?)
    }

    fn is_by(&self, owners: Owners) -> bool {
        self.subjects
            .list
            .iter()
            .any(|subject| subject.owners == Some(owners))
    }
}

/// The comparison in memory, for two builds of one program by one Go.
fn twins(before: &Side, after: &Side, arch: Option<&str>) -> Option<LoadedDiff> {
    let ([old], [new]) = (
        before.subjects.list.as_slice(),
        after.subjects.list.as_slice(),
    ) else {
        return None;
    };
    let alike = |of: fn(&Subject) -> Option<&str>| of(old) == of(new);
    let same = alike(|subject| subject.go_version.as_deref())
        && alike(|subject| Some(&subject.platform))
        && alike(|subject| subject.package.as_deref());
    if !same || old.brief().is(&new.brief()) {
        return None;
    }
    let (old, new) = (before.executable.as_ref()?, after.executable.as_ref()?);
    binary::compare_loaded(slice(old, arch).ok()?, slice(new, arch).ok()?).ok()
}

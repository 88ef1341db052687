//! Collects what is known of the difference between two programs before anything is run.

use std::path::Path;
use std::sync::Arc;

use super::programs::Program;
use crate::analysis::own::{Own, own};
use crate::analysis::profile_effects::effect;
use crate::binary;
use crate::escape::added;
use crate::order::Order;
use crate::profile::Edges;
use crate::report::difference::{self, Pair};
use crate::report::proof_report::{Facts, Hot};

/// The facts about each program but the first, compared with the first. What a file does not show stays open.
pub fn facts(programs: &[Program]) -> Vec<Option<Facts>> {
    let Some((first, others)) = programs.split_first() else {
        return Vec::new();
    };
    let base = functions(&first.plain);
    let mut all = vec![None];
    all.extend(others.iter().map(|other| {
        let mut found = sizes(&base, &functions(&other.plain));
        found.size = Pair::of(first.size, other.size);
        found.hot = hot(first, other);
        (found.escapes, found.escapes_new, found.escapes_gone) = escapes(first, other);
        Some(found)
    }));
    all
}

/// Functions of the main module and calls that are inlined in them; `None` for a file that cannot be read.
fn functions(file: &Path) -> Option<Own> {
    let bytes = binary::open(file).ok()?;
    let anatomy = binary::anatomy(&bytes).ok()?;
    let info = anatomy.binary.build_info.as_ref();
    let module = info.and_then(|info| info.main.as_ref());
    let module = module.map(|module| module.path.clone());
    let is_own = |path: &str| {
        let rest = module.as_ref().and_then(|it| path.strip_prefix(it));
        path == "main" || rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let found = own(&bytes, &anatomy, is_own);
    (!anatomy.functions.is_empty()).then_some(found)
}

fn sizes(before: &Option<Own>, after: &Option<Own>) -> Facts {
    let built = |own: &Option<Own>| difference::Built {
        functions: own.as_ref().map(|own| own.functions.clone()),
        ..difference::Built::default()
    };
    let compared = difference::executable(&built(before), &built(after));
    let mut frames = compared.functions;
    frames.retain(|function| {
        let frame = function.frame;
        frame.before.is_some() && frame.after.is_some() && frame.growth() != 0
    });
    frames.order_by(|a, b| {
        let size = |function: &difference::Function| function.frame.growth().abs();
        size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
    });
    let calls = |own: &'_ Option<Own>| own.as_ref().and_then(|own| own.inlined.clone());
    let mut facts = Facts {
        code: compared.code,
        frames,
        ..Facts::default()
    };
    if let (Some(old), Some(new)) = (calls(before), calls(after)) {
        facts.inlined = Some(Pair::of(old.len() as u64, new.len() as u64));
        facts.inlined_new = new.difference(&old).count() as u64;
        facts.inlined_gone = old.difference(&new).count() as u64;
    }
    facts
}

/// Counts, of the hot calls of the profile that one of the programs was built with, those that each has inlined.
fn hot(first: &Program, other: &Program) -> Option<Hot> {
    let calls: &Arc<Edges> = other.calls.as_ref().or(first.calls.as_ref())?;
    let bytes = |program: &Program| binary::open(&program.plain).ok();
    let found = effect(&bytes(other)?, &bytes(first)?, calls)?;
    Some(Hot {
        calls: found.hot.calls,
        inlined: Pair::of(found.hot_without.calls, found.hot_with.calls),
        weight: [found.hot_without.percent, found.hot_with.percent],
    })
}

/// How many allocating places own code has, how many only the other has, and how many only the first. Compilers of two versions
/// say different things of the same program, so theirs are not compared.
fn escapes(first: &Program, other: &Program) -> (Option<Pair>, u64, u64) {
    let (Some(old), Some(new)) = (&first.escapes, &other.escapes) else {
        return (None, 0, 0);
    };
    if first.go_version != other.go_version {
        return (None, 0, 0);
    }
    let compared = added::compare(old, new);
    let pair = Pair::of(old.len() as u64, new.len() as u64);
    (
        Some(pair),
        compared.new.len() as u64,
        compared.fixed.len() as u64,
    )
}

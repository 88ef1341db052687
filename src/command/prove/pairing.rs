//! Checks whether the runs of two sides can be paired.

use super::programs::{Program, has_layouts, not_here, the_one, without_layouts};
use crate::error::Result;
use crate::facts::Prepared;
use crate::facts::is_of_this_machine;

/// Fails with [`Kind::Usage`](crate::error::Kind::Usage) for a side that cannot be run, as far as that is known before anything is
/// built: for another platform, of several programs, or without the layouts that were asked for.
pub fn check(prepared: &Prepared, layouts: Option<usize>) -> Result<()> {
    let facts = &prepared.facts;
    let here = facts
        .iter()
        .position(|facts| is_of_this_machine(&facts.target));
    if let (None, true, Some(only)) = (
        here,
        prepared.loaded.config.target.is_empty(),
        facts.first(),
    ) {
        return Err(not_here(&only.key()));
    }
    let at = here.unwrap_or_default();
    if let Some(executables) = prepared.outputs.targets.get(at) {
        the_one(executables)?;
    }
    match facts.get(at) {
        Some(facts) if layouts.is_some_and(|asked| asked > 0) => {
            match has_layouts(facts.toolchain.minor()) {
                true => Ok(()),
                false => Err(without_layouts(&facts.toolchain.version)),
            }
        }
        _ => Ok(()),
    }
}

/// Lays all programs out as their linkers do by themselves where one of them has no other layout: runs with one layout on a side and
/// with several on the other cannot be paired. Whether it did so.
pub fn settle(programs: &mut [Program]) -> bool {
    let is_laid_out = |program: &Program| program.files.len() > 1;
    let mixed = programs.iter().any(is_laid_out) && !programs.iter().all(is_laid_out);
    if mixed {
        for program in programs {
            program.files = vec![program.plain.clone()];
        }
    }
    mixed
}

#[cfg(test)]
mod tests {
    use super::super::programs::tests::program;
    use super::*;

    #[test]
    fn all_are_laid_out_or_none_is() {
        for (layouts, settled) in [
            ([1, 3], true),
            ([3, 1], true),
            ([3, 3], false),
            ([1, 1], false),
        ] {
            let mut programs = layouts.map(|count| program("x", count));
            assert_eq!(settle(&mut programs), settled, "{layouts:?}");
            let counts = programs.each_ref().map(|program| program.files.len());
            assert_eq!(counts, if settled { [1, 1] } else { layouts });
            assert!(
                !settled
                    || programs
                        .iter()
                        .all(|program| program.files[0] == program.plain)
            );
        }
    }
}

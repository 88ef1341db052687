//! What each package of a finished executable keeps alive alone, from the objects that it was linked from.

use std::collections::BTreeMap;

use super::graph::{Known, Objects};
use crate::analysis::Artifact;
use crate::linker::{self, Program};
use crate::order::Ordered;
use crate::plan::TargetPlan;
use crate::process::Interrupt;
use crate::report::Retained;

/// By target and main package; why it is not known, where it is not.
pub type RetainedByExecutable = BTreeMap<(usize, String), Result<Retained, String>>;

/// Asks go for the objects of each executable, and runs the linker's elimination over them.
pub fn retained(
    targets: &[TargetPlan],
    artifacts: &[Artifact],
    interrupt: &Interrupt,
) -> RetainedByExecutable {
    let of = |artifact: &Artifact| {
        let package = &artifact.executable.package;
        let found = one(&targets[artifact.target], package, interrupt);
        ((artifact.target, package.clone()), found)
    };
    artifacts.iter().map(of).ordered()
}

fn one(target: &TargetPlan, package: &str, interrupt: &Interrupt) -> Result<Retained, String> {
    let objects = Objects::check(target).and_then(|()| Objects::list(target, package, interrupt));
    let found = objects.and_then(|objects| {
        let known = objects.known();
        objects.linked(|program| Ok(of_program(program, &known)))?
    });
    found.map_err(|error| {
        let hint = error.hint.iter().map(|hint| format!("; {hint}"));
        error.to_string() + &hint.collect::<String>()
    })
}

/// What can be left out of a program, with what it keeps alone.
pub fn of_program(program: &Program<'_>, known: &Known<'_>) -> Retained {
    let module_of = |path: &str| {
        let module = known.modules.get(known.import_path(path)).copied();
        module.filter(|module| *module != known.main_module)
    };
    let found = program.retained(module_of);
    let bytes = |kept: Option<&linker::Kept>| kept.map_or(0, |kept| kept.bytes);
    let packages = program.packages().filter(|path| !known.is_fixed(path));
    let packages = packages.map(|path| (path.to_owned(), bytes(found.packages.get(path))));
    let modules = program.packages().filter_map(module_of);
    let modules = modules.map(|path| (path.to_owned(), bytes(found.modules.get(path))));
    Retained {
        packages: packages.ordered(),
        modules: modules.ordered(),
        imports: known
            .packages
            .iter()
            .map(|package| (package.path.clone(), package.imports.clone()))
            .ordered(),
        uncounted_c: program.has_uncounted_c(),
    }
}

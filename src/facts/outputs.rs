//! Where the outputs of a run go.

use std::path::{Path, PathBuf};

use crate::config::Target;
use crate::config::layer::Loaded;
use crate::error::Result;
use crate::plan::output::{self, Outputs, Place};
use crate::plan::{Facts, Typed};

pub(super) fn outputs(loaded: &Loaded, typed: &Typed, facts: &[Facts]) -> Result<Outputs> {
    let out_dir = loaded.config.build.out_dir.as_deref();
    let targets: Vec<(Target, Vec<(String, String)>)> = facts
        .iter()
        .map(|facts| (facts.target.clone(), products(facts, typed, out_dir)))
        .collect();
    let Some(first) = facts.first() else {
        return Ok(Outputs::default());
    };
    let request = output::Request {
        cwd: &typed.cwd,
        asked: &first.asked,
        out_dir,
        named: first
            .packages
            .iter()
            .filter(|package| !package.dep_only)
            .count(),
        taken: first.asked.taken(&first.packages).len(),
    };
    output::assign(&request, &targets)
}

/// The packages that become files, and the names of these: commands, and with `-o file` a single
/// package of any kind.
pub(super) fn products(
    facts: &Facts,
    typed: &Typed,
    out_dir: Option<&Path>,
) -> Vec<(String, String)> {
    let taken = facts.asked.taken(&facts.packages);
    let to_file = matches!(Place::of(&typed.cwd, &facts.asked, out_dir), Place::File(_));
    taken
        .iter()
        .filter(|package| package.name == "main" || (to_file && taken.len() == 1))
        .map(|package| (package.import_path.clone(), package.executable_name()))
        .collect()
}

/// The directory that all outputs share; `None` when nothing is kept, or a device is written.
pub(crate) fn output_directory(outputs: &Outputs) -> Option<PathBuf> {
    let first = outputs
        .targets
        .iter()
        .flatten()
        .find_map(|executable| executable.path.as_ref())?;
    if first
        .metadata()
        .is_ok_and(|metadata| !metadata.is_file() && !metadata.is_dir())
    {
        return None;
    }
    first.parent().map(Path::to_path_buf)
}

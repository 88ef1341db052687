//! Refuses a build of which nothing becomes a file.

use super::Typed;
use super::asked::Asked;
use super::output::Place;
use crate::config::Config;
use crate::error::{Error, Kind, Result};
use crate::go::Package;

/// Fails when nothing that was asked for is a command, unless the packages were typed: then they
/// are compiled as `go build` does. A file can hold any package: one that is no command, as archive.
pub(crate) fn require_main(
    typed: &Typed,
    config: &Config,
    asked: &Asked,
    packages: &[Package],
) -> Result<()> {
    let is_fine = match Place::of(&typed.cwd, asked, config.build.out_dir.as_deref()) {
        Place::File(_) => true,
        Place::Directory(_) => false,
        Place::Default | Place::OutDir(_) | Place::Null => !typed.packages.is_empty(),
    };
    let mut taken = asked.taken(packages).into_iter();
    if is_fine || taken.any(Package::is_named_main) {
        return Ok(());
    }
    let named: Vec<String> = typed
        .packages(config)
        .iter()
        .map(|package| format!("`{}`", package.to_string_lossy()))
        .collect();
    Err(Error::new(
        Kind::Usage,
        format!("there is no main package in {}", named.join(", ")),
    )
    .hint("name the command to build, such as ./cmd/api, or list it in `[build] packages`"))
}

//! Finds the files that the sources of the scope name in `//line` comments.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::escape::line_comments;
use crate::input;
use crate::plan::overlay::Overlay;
use crate::plan::{TargetPlan, scope};

/// The names in all packages of the scope. Of the standard library nobody asks: it comes with go.
///
/// Fails with [`Kind::Usage`] where a name holds a line break: it can look like any line of the compiler, and what is reported
/// under it would belong to whomever it names.
pub(crate) fn names(target: &TargetPlan) -> Result<Vec<Vec<u8>>> {
    let scope = &target.collection.scope;
    let packages = target.facts.packages.iter();
    let packages = packages
        .filter(|package| !package.standard && scope::contains(scope, &package.import_path));
    let overlay = Overlay::of(&target.facts);
    let mut found: Vec<Vec<u8>> = Vec::new();
    for package in packages {
        for name in package.go_files.iter().chain(&package.cgo_files) {
            forged(name.as_bytes(), &package.import_path)?;
            let path = Path::new(&package.dir).join(name);
            let source = match overlay.read(&path, input::SOURCE) {
                Ok(source) => source,
                // Go reports it.
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
                Err(error) => return Err(Error::unreadable("the source", &path, error)),
            };
            for name in line_comments::names(&source) {
                forged(name, &package.import_path)?;
                found.push(name.to_vec());
            }
        }
    }
    Ok(found)
}

fn forged(name: &[u8], package: &str) -> Result<()> {
    if !name.iter().any(|byte| matches!(byte, b'\n' | b'\r')) {
        return Ok(());
    }
    let message = format!(
        "the file name `{}` in `{package}` holds a line break, and what the compiler reports of it can look like anything",
        name.escape_ascii()
    );
    Err(Error::new(Kind::Usage, message).hint("rename the file, or take the `//line` comment away"))
}

//! What the compiler's text is read with: the packages of the build, and how it writes their paths.

use std::os::unix::ffi::OsStrExt;

use crate::escape;
use crate::go::Package;
use crate::go::flags::is_on;
use crate::plan::overlay::Overlay;
use crate::plan::{Step, TargetPlan};

/// What the compiler's text is read with.
pub(crate) fn sources(target: &TargetPlan, step: &Step) -> escape::Sources {
    let mut sources = escape::Sources {
        packages: target.facts.packages.iter().map(package).collect(),
        directory: step.invocation.cwd.as_os_str().as_encoded_bytes().to_vec(),
        trimpath: is_trimmed(target, step),
        go: target.facts.toolchain.minor(),
        ..escape::Sources::default()
    };
    if sources.trimpath {
        for place in Overlay::of(&target.facts).places() {
            sources.replace(place.as_os_str().as_bytes());
        }
    }
    sources
}

/// A package as the compiler's text is read with it.
fn package(package: &Package) -> escape::Package {
    let module = package.module.as_ref();
    let version = module.map(|module| module.version.clone());
    let files = package.go_files.iter().chain(&package.cgo_files);
    escape::Package {
        import_path: package.import_path.clone(),
        name: package.name.clone(),
        dir: package.dir.clone().into_bytes(),
        module: module.map(|module| module.path.clone()),
        version: version.filter(|text| !text.is_empty()),
        standard: package.standard,
        files: files.cloned().collect(),
    }
}

/// Whether go runs with `-trimpath`, wherever that stands.
fn is_trimmed(target: &TargetPlan, step: &Step) -> bool {
    let args = step
        .invocation
        .args
        .iter()
        .filter_map(|argument| argument.to_str());
    let line = args
        .filter_map(|argument| argument.strip_prefix("-trimpath"))
        .rfind(|text| text.is_empty() || text.starts_with('='));
    match line {
        Some(value) => !matches!(value, "=false" | "=0" | "=f" | "=F" | "=FALSE" | "=False"),
        None => is_on(&target.facts.goflags, "trimpath"),
    }
}

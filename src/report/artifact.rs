//! An analysed executable in, its part of the report out.

use std::collections::BTreeMap;
use std::path::Path;

use super::{BaselineFile, File, Overhead, Runtime, Section};
use crate::analysis::Artifact;
use crate::binary::{Binary, Role};
use crate::check::{Context, gomaxprocs};
use crate::plan::Facts;

/// A path for people: relative where it lies below the working directory.
pub fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}

pub fn file(artifact: &Artifact, cwd: &Path) -> File {
    let binary = artifact.binary.as_ref();
    File {
        path: artifact.executable.path.as_deref().map(|it| shown(it, cwd)),
        size: artifact.size,
        sha256: artifact.sha256.clone(),
        build_id: binary.and_then(|it| it.build_id.clone()),
        stripped: binary.map(Binary::stripped),
        go_version: binary
            .and_then(|it| it.build_info.as_ref())
            .map(|it| it.go_version.clone()),
    }
}

pub fn baseline(artifact: &Artifact, facts: &Facts) -> Option<BaselineFile> {
    let before = artifact.baseline.as_ref().ok()?;
    Some(BaselineFile {
        kind: before.kind.to_owned(),
        size: before.binary.file_size,
        loaded_identical: before.loaded.as_ref().map(|it| it.identical),
        loaded_explained: before
            .loaded
            .as_ref()
            .map(|it| it.identical || it.explained),
        loaded_compared: before.loaded.as_ref().map(|it| it.compared),
        mismatch: before.mismatch(facts, &artifact.executable.package),
    })
}

pub fn sections(artifact: &Artifact) -> Vec<Section> {
    let Some(after) = &artifact.binary else {
        return Vec::new();
    };
    let before = artifact.baseline.as_ref().ok().map(|it| &it.binary);
    let sums = after.roles();
    let sums_before = before.map(Binary::roles);
    let section = |role: Role| {
        let sum = sums.iter().find(|it| it.role == role)?;
        let old = sums_before
            .as_ref()
            .and_then(|it| it.iter().find(|it| it.role == role));
        let names = names(role, before.into_iter().chain([after]));
        if names.is_empty() {
            return None;
        }
        Some(Section {
            role: role.name().to_owned(),
            names,
            before: old.map(|it| it.file_size),
            after: sum.file_size,
            memory: sum.memory_size,
        })
    };
    Role::ALL.into_iter().filter_map(section).collect()
}

fn names<'a>(role: Role, binaries: impl Iterator<Item = &'a Binary>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for section in binaries
        .flat_map(|it| &it.sections)
        .filter(|it| it.role == role)
    {
        if !names.contains(&section.name) {
            names.push(section.name.clone());
        }
    }
    names
}

pub fn overhead(artifact: &Artifact) -> Overhead {
    let before = artifact.baseline.as_ref().ok().map(|it| &it.binary);
    Overhead {
        headers: artifact.binary.as_ref().map_or(0, |it| it.headers),
        padding: artifact.binary.as_ref().map_or(0, |it| it.padding),
        c_code: artifact.sizes.as_ref().map_or(0, |it| it.c_code),
        headers_before: before.map(|it| it.headers),
        padding_before: before.map(|it| it.padding),
    }
}

pub fn runtime(context: &Context<'_>) -> Runtime {
    let artifact = context.artifact;
    let godebug = artifact.into_iter().flat_map(Artifact::godebug);
    let packages = context.facts.packages.iter();
    let cgo = packages.filter(|it| !it.cgo_files.is_empty());
    let linked = cgo.filter(|it| artifact.is_none_or(|artifact| artifact.holds(&it.import_path)));
    Runtime {
        container_cpu: gomaxprocs::container_cpu(context),
        automaxprocs: gomaxprocs::automaxprocs(context),
        godebug: godebug
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect::<BTreeMap<_, _>>(),
        cgo: linked.map(|it| it.import_path.clone()).collect(),
        dead_code_elimination: artifact.and_then(|it| it.methods?.elimination()),
    }
}

//! Reports on an analysed executable: file, sections, what it does at run time.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::analysis::Artifact;
use crate::binary::{Binary, Linkage, Role};
use crate::check::{Context, gomaxprocs};
use crate::order::Ordered;
use crate::plan::Facts;

/// A finished executable.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct File {
    /// Where it was published; `null` when it was built, checked and discarded.
    pub(crate) path: Option<String>,
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256 in hex.
    pub(crate) sha256: String,
    /// Go's build ID.
    pub(crate) build_id: Option<String>,
    /// Neither symbol table nor DWARF; `null` for an archive.
    pub(crate) stripped: Option<bool>,
    /// What has to be there before it can run; `null` where that is not known or has no meaning.
    #[serde(default)]
    pub(crate) linkage: Option<Linkage>,
    /// The Go version in its build information.
    pub(crate) go_version: Option<String>,
}

/// What a release is compared with.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct BaselineFile {
    /// `unstripped`, `symbols`, `plain` or `file`.
    pub(crate) kind: String,
    /// Bytes.
    pub(crate) size: u64,
    /// Whether every loaded byte is the same but for build IDs; `null` where that was not asked.
    pub(crate) loaded_identical: Option<bool>,
    /// Whether all that differs is the addresses of sections that moved; true as well where nothing differs.
    loaded_explained: Option<bool>,
    /// How many loaded bytes were compared.
    loaded_compared: Option<u64>,
    /// Why it is not the same program for the same platform; `null` where it is.
    #[serde(default)]
    pub(crate) mismatch: Option<String>,
    /// Whether it has neither symbols nor DWARF.
    #[serde(skip)]
    pub(crate) stripped: bool,
}

/// Bytes in the file by role, before and after.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Section {
    /// `code`, `rodata`, `pclntab`, `types`, `data`, `bss`, `dwarf`, `symbols` or `other`.
    pub(crate) role: String,
    /// The sections behind it, of both files.
    pub(crate) names: Vec<String>,
    /// Bytes in the baseline file.
    pub(crate) before: Option<u64>,
    /// Bytes in the release file. 0 for bss.
    pub(crate) after: u64,
    /// Bytes in memory while the release runs.
    pub(crate) memory: u64,
}

/// What belongs to no section: with the sections it adds up to the file.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Overhead {
    /// Headers and section tables of the release.
    pub(crate) headers: u64,
    /// Bytes between the sections of the release.
    pub(crate) padding: u64,
    /// Machine code of the release that is not Go's: part of what is `unowned`.
    #[serde(default)]
    pub(crate) c_code: u64,
    /// Headers of the baseline.
    pub(crate) headers_before: Option<u64>,
    /// Padding of the baseline.
    pub(crate) padding_before: Option<u64>,
}

/// What the binary does at run time.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Runtime {
    /// The runtime keeps to the container's CPU limit by itself; `null` off Linux or where unknown.
    pub(crate) container_cpu: Option<bool>,
    /// go.uber.org/automaxprocs is linked.
    pub(crate) automaxprocs: bool,
    /// GODEBUG defaults that the go line or a setting holds back.
    pub(crate) godebug: BTreeMap<String, String>,
    /// Packages that use cgo.
    pub(crate) cgo: Vec<String>,
    /// Whether the linker removed methods that nothing calls; `null` where that is not known.
    #[serde(default)]
    pub(crate) dead_code_elimination: Option<bool>,
}

/// A path for people: relative where it lies below the working directory.
pub(crate) fn shown(path: &Path, cwd: &Path) -> String {
    path.strip_prefix(cwd).unwrap_or(path).display().to_string()
}

pub(crate) fn file(artifact: &Artifact, cwd: &Path) -> File {
    let binary = artifact.binary.as_ref();
    File {
        path: artifact
            .executable
            .path
            .as_deref()
            .map(|path| shown(path, cwd)),
        size: artifact.size,
        sha256: artifact.sha256.clone(),
        build_id: binary.and_then(|binary| binary.build_id.clone()),
        stripped: binary.map(Binary::stripped),
        linkage: binary.and_then(|binary| binary.linkage.clone()),
        go_version: binary
            .and_then(|binary| binary.build_info.as_ref())
            .map(|info| info.go_version.clone()),
    }
}

pub(crate) fn baseline(artifact: &Artifact, facts: &Facts) -> Option<BaselineFile> {
    let before = artifact.baseline.as_ref().ok()?;
    Some(BaselineFile {
        kind: before.kind.to_owned(),
        size: before.binary.file_size,
        loaded_identical: before.loaded.as_ref().map(|diff| diff.identical),
        loaded_explained: before
            .loaded
            .as_ref()
            .map(|diff| diff.identical || diff.explained),
        loaded_compared: before.loaded.as_ref().map(|diff| diff.compared),
        mismatch: before.mismatch(facts, &artifact.executable.package),
        stripped: before.binary.stripped(),
    })
}

pub(crate) fn sections(artifact: &Artifact) -> Vec<Section> {
    let Some(after) = &artifact.binary else {
        return Vec::new();
    };
    let before = artifact.baseline.as_ref().ok().map(|before| &before.binary);
    let sums = after.roles();
    let sums_before = before.map(Binary::roles);
    let section = |role: Role| {
        let sum = sums.iter().find(|sum| sum.role == role)?;
        let old = sums_before
            .as_ref()
            .and_then(|roles| roles.iter().find(|it| it.role == role));
        let names = names(role, before.into_iter().chain([after]));
        if names.is_empty() {
            return None;
        }
        Some(Section {
            role: role.name().to_owned(),
            names,
            before: old.map(|role| role.file_size),
            after: sum.file_size,
            memory: sum.memory_size,
        })
    };
    Role::ALL.into_iter().filter_map(section).collect()
}

fn names<'a>(role: Role, binaries: impl Iterator<Item = &'a Binary>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for section in binaries
        .flat_map(|binary| &binary.sections)
        .filter(|section| section.role == role)
    {
        if !names.contains(&section.name) {
            names.push(section.name.clone());
        }
    }
    names
}

pub(crate) fn overhead(artifact: &Artifact) -> Overhead {
    let before = artifact.baseline.as_ref().ok().map(|before| &before.binary);
    Overhead {
        headers: artifact.binary.as_ref().map_or(0, |binary| binary.headers),
        padding: artifact.binary.as_ref().map_or(0, |binary| binary.padding),
        c_code: artifact.sizes.as_ref().map_or(0, |sizes| sizes.c_code),
        headers_before: before.map(|binary| binary.headers),
        padding_before: before.map(|binary| binary.padding),
    }
}

pub(crate) fn runtime(context: &Context<'_>) -> Runtime {
    let artifact = context.artifact;
    let godebug = artifact.into_iter().flat_map(Artifact::godebug);
    Runtime {
        container_cpu: gomaxprocs::container_cpu(context),
        automaxprocs: gomaxprocs::automaxprocs(context),
        godebug: godebug
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .ordered::<BTreeMap<_, _>>(),
        cgo: context
            .cgo_packages()
            .into_iter()
            .map(str::to_owned)
            .collect(),
        dead_code_elimination: artifact.and_then(|artifact| artifact.methods?.elimination()),
    }
}

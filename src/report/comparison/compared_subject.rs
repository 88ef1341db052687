//! What a comparison needs of an executable: from its anatomy, or from a saved report.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::Brief;
use crate::binary::{BuildInfo, Owners, SHARED};
use crate::error::{Error, Kind, Result};
use crate::order::Ordered;
use crate::report::growth;
use crate::report::inspection::{self, Inspection};
use crate::report::owner_tiles;
use crate::report::picture::Tile;
use crate::report::{Report, SCHEMA_VERSION, Target};

/// One side of a comparison.
#[derive(Debug)]
pub(crate) struct Subjects {
    /// The file: an executable or a report.
    pub(crate) path: String,
    /// The executables it is or reports on.
    pub(crate) list: Vec<Subject>,
}

/// An executable.
#[derive(Debug)]
pub(crate) struct Subject {
    /// Its file name.
    pub(crate) name: String,
    /// The file, or the report about it.
    pub(crate) path: String,
    /// The import path of its main package.
    pub(crate) package: Option<String>,
    /// `linux/amd64`
    pub(crate) platform: String,
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256 in hex.
    pub(crate) sha256: Option<String>,
    /// The Go version in its build information.
    pub(crate) go_version: Option<String>,
    /// Neither symbol table nor DWARF.
    pub(crate) stripped: Option<bool>,
    /// How it is known whose the data are; `None` where nobody is known to own any, and in reports of older versions.
    pub(crate) owners: Option<Owners>,
    /// Flags and environment of the build; `None` where a report does not tell.
    pub(crate) settings: Option<BTreeMap<String, String>>,
    /// By role of section, with headers and padding.
    pub(crate) roles: Vec<Item>,
    /// By kind.
    pub(crate) kinds: Option<Vec<Item>>,
    /// By module.
    pub modules: Option<Vec<Item>>,
    /// By package.
    pub(crate) packages: Option<Vec<Item>>,
    /// By function.
    pub(crate) functions: Option<Vec<Item>>,
    /// Its treemap; empty where none is drawn.
    pub(crate) tiles: Vec<Tile>,
    /// What its growth is explained by; `None` where nobody asked, and for reports.
    pub(crate) growth: Option<growth::Side>,
}

/// A name and a size.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Item {
    /// What it is of.
    pub(crate) name: String,
    /// The version, for modules.
    pub(crate) version: Option<String>,
    /// Bytes.
    pub(crate) bytes: u64,
}

impl Item {
    fn new(name: impl Into<String>, bytes: u64) -> Self {
        Self {
            name: name.into(),
            version: None,
            bytes,
        }
    }

    fn versioned(name: &str, version: Option<&String>, bytes: u64) -> Self {
        Self {
            version: version.cloned(),
            ..Self::new(name, bytes)
        }
    }
}

/// Build settings that change with every commit and say nothing about sizes.
const FLEETING: &[&str] = &["vcs", "vcs.revision", "vcs.time", "vcs.modified"];

impl Subject {
    /// `api linux/amd64`
    pub(crate) fn label(&self) -> String {
        format!("{} {}", self.name, self.platform)
    }

    /// What the comparison says of the file.
    pub(crate) fn brief(&self) -> Brief {
        Brief {
            path: self.path.clone(),
            size: self.size,
            sha256: self.sha256.clone(),
            platform: self.platform.clone(),
            go_version: self.go_version.clone(),
            stripped: self.stripped,
        }
    }

    /// From an inspection. Functions are compared only where all of them are listed.
    pub(crate) fn of_inspection(it: &Inspection<'_>, path: &str, drawn: bool) -> Self {
        let file = &it.file;
        let complete = it.functions.len() as u64 == it.counts.functions;
        // What could not be read is not empty.
        let told = it.counts.functions > 0;
        let known = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
        Self {
            name: name(&file.path),
            path: path.to_owned(),
            package: it.build.as_ref().map(|info| info.path.clone()),
            platform: format!("{}/{}{}", known(&file.goos), known(&file.goarch), level(it)),
            size: file.size,
            sha256: file.sha256.clone(),
            go_version: file.go_version.clone(),
            stripped: Some(file.stripped),
            owners: Some(it.owners),
            settings: it.build.as_ref().map(steady),
            roles: roles(it),
            kinds: told.then(|| kinds(it)),
            modules: told.then(|| modules(it)),
            packages: told.then(|| packages(it)),
            functions: (told && complete).then(|| functions(it)),
            tiles: match drawn {
                true => inspection::picture(it, None).tiles,
                false => Vec::new(),
            },
            growth: None,
        }
    }

    fn of_target(it: &Target, path: &str, drawn: bool) -> Self {
        let file = &it.artifact;
        let level = it.level.iter().map(|level| format!("/{level}"));
        let level: String = level.collect();
        Self {
            name: it.name.clone(),
            path: path.to_owned(),
            package: Some(it.package.clone()),
            platform: format!("{}/{}{level}", it.goos, it.goarch),
            size: file.size,
            sha256: Some(file.sha256.clone()),
            go_version: file.go_version.clone(),
            stripped: file.stripped,
            owners: it.owners,
            settings: None,
            roles: roles_of_target(it),
            kinds: None,
            modules: told(it.modules.iter().map(|module| {
                Item::versioned(&module.path, module.version.as_ref(), module.bytes)
            })),
            packages: told(it.packages.iter().map(|package| {
                Item::versioned(&package.path, package.version.as_ref(), package.bytes)
            })),
            functions: None,
            tiles: match drawn {
                true => owner_tiles::tiles(it),
                false => Vec::new(),
            },
            growth: None,
        }
    }
}

/// `/v3`, as a release reports it of a target with a level.
fn level(it: &Inspection) -> String {
    let of_build = it.build.as_ref().and_then(|info| info.setting("GOAMD64"));
    let raised = of_build.filter(|text| *text != "v1");
    raised.map_or(String::new(), |raised| format!("/{raised}"))
}

/// The settings of a build that are not another each time.
fn steady(info: &BuildInfo) -> BTreeMap<String, String> {
    let is_steady = |(key, _): &&(String, String)| !FLEETING.contains(&key.as_str());
    info.settings.iter().filter(is_steady).cloned().ordered()
}

fn name(path: &str) -> String {
    path.rsplit(['/', '\\']).next().unwrap_or(path).to_owned()
}

/// Reads a saved JSON report of `release` or `inspect`; `None` when the bytes are no JSON object at all. With its treemaps, where they are drawn.
pub(crate) fn saved(bytes: &[u8], path: &str, drawn: bool) -> Option<Result<Subjects>> {
    let first = bytes.iter().find(|byte| !byte.is_ascii_whitespace())?;
    (*first == b'{').then(|| read(bytes, path, drawn))
}

/// What no package has.
fn unowned(it: &Inspection<'_>) -> Item {
    let ledger = &it.ledger;
    Item::new("unowned", ledger.unowned + ledger.headers + ledger.padding)
}

fn roles(it: &Inspection<'_>) -> Vec<Item> {
    let roles = it.roles.iter();
    let roles = roles.map(|role| Item::new(&role.role, role.bytes));
    let rest = it.ledger.headers + it.ledger.padding;
    roles.chain([Item::new("headers, padding", rest)]).collect()
}

fn roles_of_target(it: &Target) -> Vec<Item> {
    let sections = it.sections.iter();
    let sections = sections.filter(|section| section.after > 0 || section.memory > 0);
    let roles = sections.map(|section| Item::new(&section.role, section.after));
    let rest = it.overhead.headers + it.overhead.padding;
    roles.chain([Item::new("headers, padding", rest)]).collect()
}

fn kinds(it: &Inspection<'_>) -> Vec<Item> {
    let kinds = it.kinds.iter();
    kinds
        .map(|kind| Item::new(kind.kind.name(), kind.bytes))
        .collect()
}

fn modules(it: &Inspection<'_>) -> Vec<Item> {
    let modules = it.modules.iter();
    let modules =
        modules.map(|module| Item::versioned(&module.path, module.version.as_ref(), module.bytes));
    modules.chain([unowned(it)]).collect()
}

fn packages(it: &Inspection<'_>) -> Vec<Item> {
    let packages = it.packages.iter();
    let packages = packages
        .map(|package| Item::versioned(&package.path, package.version.as_ref(), package.bytes));
    let shared = Item::new(SHARED, it.ledger.shared);
    packages.chain([shared, unowned(it)]).collect()
}

fn functions(it: &Inspection<'_>) -> Vec<Item> {
    let functions = it.functions.iter();
    functions
        .map(|function| Item::new(function.name.text(), function.bytes))
        .collect()
}

/// Those that are in the file now; `None` where nobody knows any.
fn told(items: impl Iterator<Item = Item>) -> Option<Vec<Item>> {
    let items: Vec<Item> = items.filter(|item| item.bytes > 0).collect();
    (!items.is_empty()).then_some(items)
}

fn read(bytes: &[u8], path: &str, drawn: bool) -> Result<Subjects> {
    let value: serde_json::Value = parsed(bytes, path)?;
    match value["schema_version"].as_u64() {
        Some(version) if version > u64::from(SCHEMA_VERSION) => {
            return Err(wrong(path, "a newer gobuild-opt wrote it"));
        }
        Some(_) => {}
        None => return Err(wrong(path, "it has no schema_version")),
    }
    let list = if value.get("targets").is_some() {
        let report: Report = parsed(bytes, path)?;
        let targets = report.targets.iter();
        targets
            .map(|target| Subject::of_target(target, path, drawn))
            .collect()
    } else if value.get("ledger").is_some() {
        let found: Inspection<'_> = parsed(bytes, path)?;
        if found.filter.is_some() {
            let why = "it was saved with --filter and does not hold everything";
            return Err(wrong(path, why));
        }
        vec![Subject::of_inspection(&found, path, drawn)]
    } else {
        return Err(wrong(path, "it is of neither `release` nor `inspect`"));
    };
    Ok(Subjects {
        path: path.to_owned(),
        list,
    })
}

fn parsed<'a, T: Deserialize<'a>>(bytes: &'a [u8], path: &str) -> Result<T> {
    serde_json::from_slice(bytes).map_err(|error| wrong(path, &error.to_string()))
}

fn wrong(path: &str, why: &str) -> Error {
    let words = format!("`{path}` is no report that can be compared: {why}");
    Error::new(Kind::Machine, words)
        .hint("name an executable, or what `release` or `inspect` wrote with `--report FILE.json`")
}

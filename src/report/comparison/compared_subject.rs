//! What a comparison needs of an executable: from its anatomy, or from a saved report.

use std::collections::BTreeMap;

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
        let ledger = &it.ledger;
        let rest = ledger.unowned + ledger.headers + ledger.padding;
        let unowned = || Item::new("unowned", rest);
        let complete = it.functions.len() as u64 == it.counts.functions;
        let functions = it
            .functions
            .iter()
            .map(|function| Item::new(function.name.text(), function.bytes));
        let roles = it
            .roles
            .iter()
            .map(|role| Item::new(&role.role, role.bytes));
        let kinds = it.kinds.iter();
        let kinds = kinds.map(|kind| Item::new(kind.kind.name(), kind.bytes));
        // What could not be read is not empty.
        let told = it.counts.functions > 0;
        let packages = it.packages.iter().map(|package| Item {
            version: package.version.clone(),
            ..Item::new(&package.path, package.bytes)
        });
        let packages = packages.chain([Item::new(SHARED, ledger.shared)]);
        let modules = it.modules.iter().map(|module| Item {
            version: module.version.clone(),
            ..Item::new(&module.path, module.bytes)
        });
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
            roles: roles
                .chain([Item::new(
                    "headers, padding",
                    ledger.headers + ledger.padding,
                )])
                .collect(),
            kinds: told.then(|| kinds.collect()),
            modules: told.then(|| modules.chain([unowned()]).collect()),
            packages: told.then(|| packages.chain([unowned()]).collect()),
            functions: (told && complete).then(|| functions.collect()),
            tiles: match drawn {
                true => inspection::picture(it, None).tiles,
                false => Vec::new(),
            },
            growth: None,
        }
    }

    fn of_target(it: &Target, path: &str, drawn: bool) -> Self {
        let file = &it.artifact;
        let level = it
            .level
            .as_ref()
            .map_or(String::new(), |level| format!("/{level}"));
        let overhead = it.overhead.headers + it.overhead.padding;
        let roles = it
            .sections
            .iter()
            .filter(|section| section.after > 0 || section.memory > 0);
        let packages = it.packages.iter().map(|package| Item {
            version: package.version.clone(),
            ..Item::new(&package.path, package.bytes)
        });
        let modules = it.modules.iter().map(|module| Item {
            version: module.version.clone(),
            ..Item::new(&module.path, module.bytes)
        });
        let told = |items: Vec<Item>| {
            let now = |item: &Item| item.bytes > 0;
            let items: Vec<Item> = items.into_iter().filter(now).collect();
            (!items.is_empty()).then_some(items)
        };
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
            roles: roles
                .map(|section| Item::new(&section.role, section.after))
                .chain([Item::new("headers, padding", overhead)])
                .collect(),
            kinds: None,
            modules: told(modules.collect()),
            packages: told(packages.collect()),
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

fn read(bytes: &[u8], path: &str, drawn: bool) -> Result<Subjects> {
    let wrong = |why: &str| {
        Error::new(
            Kind::Machine,
            format!("`{path}` is no report that can be compared: {why}"),
        )
        .hint("name an executable, or what `release` or `inspect` wrote with `--report FILE.json`")
    };
    let value: serde_json::Value =
        serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))?;
    match value["schema_version"].as_u64() {
        Some(version) if version > u64::from(SCHEMA_VERSION) => {
            return Err(wrong("a newer gobuild-opt wrote it"));
        }
        Some(_) => {}
        None => return Err(wrong("it has no schema_version")),
    }
    let list = if value.get("targets").is_some() {
        let report: Report =
            serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))?;
        report
            .targets
            .iter()
            .map(|target| Subject::of_target(target, path, drawn))
            .collect()
    } else if value.get("ledger").is_some() {
        let found: Inspection<'_> =
            serde_json::from_slice(bytes).map_err(|error| wrong(&error.to_string()))?;
        if found.filter.is_some() {
            return Err(wrong(
                "it was saved with --filter and does not hold everything",
            ));
        }
        vec![Subject::of_inspection(&found, path, drawn)]
    } else {
        return Err(wrong("it is of neither `release` nor `inspect`"));
    };
    Ok(Subjects {
        path: path.to_owned(),
        list,
    })
}

//! Lists the exact numbers of a report: what services that draw a number over time take.

use std::collections::HashSet;

use super::inspection::Inspection;
use super::{Report, Target, escape_report};

/// What a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kind {
    /// `file_size`
    pub(crate) name: &'static str,
    /// In a sentence.
    pub(crate) help: &'static str,
    /// Whether these are bytes, or else a count.
    pub(crate) bytes: bool,
}

const FILE: Kind = Kind {
    name: "file_size",
    help: "Size of the file.",
    bytes: true,
};
const SECTION: Kind = Kind {
    name: "section_size",
    help: "Bytes in the file of the sections of one role.",
    bytes: true,
};
const MODULE: Kind = Kind {
    name: "module_size",
    help: "Bytes in the file of the packages of one module.",
    bytes: true,
};
const FRAME: Kind = Kind {
    name: "largest_frame",
    help: "The largest stack frame of a function.",
    bytes: true,
};
const SITES: Kind = Kind {
    name: "allocation_sites",
    help: "Places in the sources that allocate on the heap.",
    bytes: false,
};
const NEW_SITES: Kind = Kind {
    name: "new_allocation_sites",
    help: "Those of them that are not accepted.",
    bytes: false,
};
const FAILURES: Kind = Kind {
    name: "failures",
    help: "Budgets, gates and denied checks that fail.",
    bytes: false,
};

/// One number. What is not known is left out: no number stands for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measure {
    /// What it says.
    pub(crate) kind: Kind,
    /// Of which part: `role` and `code`, `module` and its path.
    pub(crate) part: Option<(&'static str, String)>,
    /// The number.
    pub(crate) value: u64,
}

/// The numbers of one executable, of one platform, or of the whole run.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The executable; empty where the numbers are of none.
    pub(crate) name: String,
    /// `linux/amd64/v3`; empty for the whole run.
    pub(crate) platform: String,
    /// The import path of the main package, where two executables have one name.
    pub(crate) package: Option<String>,
    /// In a fixed order.
    pub(crate) measures: Vec<Measure>,
}

impl Subject {
    /// `api linux/amd64`, a name of its own among the subjects of a report.
    pub(crate) fn title(&self) -> String {
        let package = self.package.as_ref().map(|text| format!("({text})"));
        let words = [self.name.as_str(), &self.platform].into_iter();
        let words = words.chain(package.as_deref());
        let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
        match words.join(" ") {
            title if title.is_empty() => "gobuild-opt".into(),
            title => title,
        }
    }

    fn push(&mut self, kind: Kind, value: Option<u64>) {
        self.measures.extend(value.map(|value| Measure {
            kind,
            part: None,
            value,
        }));
    }

    fn push_parts(
        &mut self,
        kind: Kind,
        label: &'static str,
        parts: impl Iterator<Item = (String, u64)>,
    ) {
        self.measures.extend(parts.map(|(name, value)| Measure {
            kind,
            part: Some((label, name)),
            value,
        }));
    }
}

/// Of `release`.
pub(crate) fn of_release(report: &Report) -> Vec<Subject> {
    let mut names = HashSet::new();
    let mut twice = HashSet::new();
    for target in &report.targets {
        let name = (target.name.as_str(), platform(target));
        if let Some(name) = names.replace(name) {
            twice.insert(name);
        }
    }
    let targets = report.targets.iter().map(|target| {
        let name = (target.name.as_str(), platform(target));
        of_target(target, twice.contains(&name))
    });
    let mut all: Vec<Subject> = targets.collect();
    all.push(of_run(report.verdict.failures.len()));
    all
}

fn of_target(target: &Target, is_twice: bool) -> Subject {
    let mut of = Subject {
        name: target.name.clone(),
        platform: platform(target),
        package: is_twice.then(|| target.package.clone()),
        ..Subject::default()
    };
    of.push(FILE, Some(target.artifact.size));
    let frames = target.frames.iter().map(|frame| frame.bytes);
    of.push(FRAME, frames.max());
    let escapes = target.escapes.as_ref();
    of.push(SITES, escapes.map(|escapes| escapes.sites));
    of.push(NEW_SITES, escapes.and_then(new_sites));
    let roles = target.sections.iter();
    of.push_parts(
        SECTION,
        "role",
        roles.map(|section| (section.role.clone(), section.after)),
    );
    let modules = target.modules.iter();
    of.push_parts(
        MODULE,
        "module",
        modules.map(|module| (module.path.clone(), module.bytes)),
    );
    of
}

/// Without a lock or a revision that knows the platform, nothing is known to be new.
fn new_sites(escapes: &super::Escapes) -> Option<u64> {
    let compared = escapes.lock.as_ref().is_some_and(|state| state.compared);
    let is_held = compared || escapes.revision.is_some();
    is_held.then_some(escapes.new.len() as u64)
}

fn of_run(failures: usize) -> Subject {
    let mut run = Subject::default();
    run.push(FAILURES, Some(failures as u64));
    run
}

fn platform(it: &Target) -> String {
    let level = it.level.iter().map(|text| format!("/{text}"));
    format!("{}/{}{}", it.goos, it.goarch, level.collect::<String>())
}

/// Of `escape`.
pub(crate) fn of_escape(report: &escape_report::Report) -> Vec<Subject> {
    let mut all: Vec<Subject> = report
        .targets
        .iter()
        .map(|target| {
            let mut of = Subject {
                platform: target.key.clone(),
                ..Subject::default()
            };
            of.push(SITES, Some(target.escapes.sites));
            of.push(NEW_SITES, new_sites(&target.escapes));
            of
        })
        .collect();
    all.push(of_run(report.verdict.failures.len()));
    all
}

/// Of `inspect`.
pub(crate) fn of_inspection(it: &Inspection<'_>) -> Vec<Subject> {
    let file = it.file.path.rsplit('/').next().unwrap_or_default();
    let platform = [&it.file.goos, &it.file.goarch];
    let platform: Vec<&str> = platform.iter().filter_map(|it| it.as_deref()).collect();
    let mut of = Subject {
        name: file.to_owned(),
        platform: platform.join("/"),
        ..Subject::default()
    };
    of.push(FILE, Some(it.file.size));
    let roles = it.roles.iter();
    of.push_parts(
        SECTION,
        "role",
        roles.map(|role| (role.role.clone(), role.bytes)),
    );
    let modules = it.modules.iter();
    of.push_parts(
        MODULE,
        "module",
        modules.map(|module| (module.path.clone(), module.bytes)),
    );
    vec![of]
}

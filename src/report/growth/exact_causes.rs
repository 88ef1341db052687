//! Charges growth to single changes by the files that were built between two executables: what a change adds is the
//! difference of the files before and after it.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::{Cause, CauseKind, Growth, PARTS, Part, Side, signed, words};
use crate::order::{Order, Ordered};

/// Something that differs between two executables.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// What it is.
    pub kind: CauseKind,
    /// The module, the settings; empty where the kind says all.
    pub name: String,
    /// The version or value before.
    pub before: Option<String>,
    /// The version or value after.
    pub after: Option<String>,
}

/// A file on the way, and what changed since the one before: several changes where it does not build with fewer.
#[derive(Debug, Clone)]
pub struct Step {
    /// At least one.
    pub changes: Vec<Change>,
    /// The file.
    pub side: Side,
}

/// Charges each byte between two `files` to a step. `start` and the last step are these files, built again: by how much they
/// differ from them is a cause of its own.
pub fn exact(files: [u64; 2], start: &Side, steps: &[Step]) -> Growth {
    let mut causes = Vec::new();
    let mut notes = Vec::new();
    let mut at = start;
    for step in steps {
        let cause = cause(at, step);
        notes.extend(switched(at, &step.side).map(|what| format!("{}: {what}", words(&cause))));
        causes.push(cause);
        at = &step.side;
    }
    let again = signed(at.size) - signed(start.size);
    let stamps = signed(files[1]) - signed(files[0]) - again;
    causes.extend((stamps != 0).then(|| of_stamps(stamps)));
    causes.order_by_key(|cause| (Reverse(cause.bytes.unsigned_abs()), cause.kind));
    notes.push("each cause is the difference of two files that were built: each change in its turn, with those before it".into());
    Growth {
        before: files[0],
        after: files[1],
        causes,
        notes,
        exact: true,
    }
}

/// Whether a step turns the elimination of methods off or on.
fn switched(before: &Side, after: &Side) -> Option<&'static str> {
    match (before.elimination?, after.elimination?) {
        (true, false) => Some("from there on the linker keeps every exported method (`why dce`)"),
        (false, true) => Some("from there on the linker eliminates unused methods"),
        _ => None,
    }
}

fn of_stamps(bytes: i64) -> Cause {
    Cause {
        kind: CauseKind::Stamps,
        name: String::new(),
        before: None,
        after: None,
        bytes,
        packages: Vec::new(),
        chain: Vec::new(),
    }
}

fn cause(before: &Side, step: &Step) -> Cause {
    let (kind, name, values) = match step.changes.as_slice() {
        [only] => (
            only.kind,
            only.name.clone(),
            (only.before.clone(), only.after.clone()),
        ),
        several => {
            let each = several.iter().map(Change::to_string);
            let name = each.collect::<Vec<_>>().join(" + ");
            (CauseKind::Together, name, (None, None))
        }
    };
    Cause {
        kind,
        name,
        before: values.0,
        after: values.1,
        bytes: signed(step.side.size) - signed(before.size),
        packages: changed(before, &step.side),
        chain: Vec::new(),
    }
}

/// The packages that changed most.
fn changed(before: &Side, after: &Side) -> Vec<Part> {
    let paths = before.packages.keys().chain(after.packages.keys());
    let paths: BTreeSet<&String> = paths.ordered();
    let bytes = |side: &Side, path: &str| side.packages.get(path).map_or(0, |of| of.bytes);
    let part = |path: &String| Part {
        package: path.clone(),
        bytes: signed(bytes(after, path)) - signed(bytes(before, path)),
    };
    let mut packages: Vec<Part> = paths.into_iter().map(part).collect();
    packages.retain(|part| part.bytes != 0);
    packages.order_by_key(|part| (Reverse(part.bytes.unsigned_abs()), part.package.clone()));
    packages.truncate(PARTS);
    packages
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&words(&self.named()))
    }
}

impl Change {
    fn named(&self) -> Cause {
        Cause {
            kind: self.kind,
            name: self.name.clone(),
            before: self.before.clone(),
            after: self.after.clone(),
            bytes: 0,
            packages: Vec::new(),
            chain: Vec::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn side(size: u64, elimination: bool) -> Side {
        Side {
            size,
            elimination: Some(elimination),
            ..Side::default()
        }
    }

    fn change(kind: CauseKind, name: &str) -> Change {
        Change {
            kind,
            name: name.into(),
            before: Some("v1".into()),
            after: Some("v2".into()),
        }
    }

    #[test]
    fn steps_and_stamps_add_up_to_the_files() {
        let steps = [
            Step {
                changes: vec![change(CauseKind::ModuleVersion, "a.b/c")],
                side: side(5000, false),
            },
            Step {
                changes: vec![
                    change(CauseKind::Settings, "-tags"),
                    change(CauseKind::ModuleVersion, "a.b/d"),
                ],
                side: side(4000, false),
            },
        ];
        let found = exact([990, 4010], &side(1000, true), &steps);
        let sum: i64 = found.causes.iter().map(|cause| cause.bytes).sum();
        assert_eq!(sum, 4010 - 990);
        let all: Vec<(CauseKind, i64)> =
            found.causes.iter().map(|it| (it.kind, it.bytes)).collect();
        assert_eq!(
            all,
            [
                (CauseKind::ModuleVersion, 4000),
                (CauseKind::Together, -1000),
                (CauseKind::Stamps, 20)
            ]
        );
        assert_eq!(
            found.causes[1].name,
            "settings -tags v1 -> v2 + module a.b/d v1 -> v2"
        );
        assert!(
            found.notes[0].contains("every exported method"),
            "{found:?}"
        );
    }
}

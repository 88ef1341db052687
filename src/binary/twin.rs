//! Two builds of one program in, what differs in memory out: the proof that stripping changed nothing that runs.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind, Result};

use super::{Binary, Format, Role, Section, buildinfo, read};

/// What differs between the loaded sections of two executables.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LoadedDiff {
    /// Whether nothing differs but what is excused, and nothing that is needed to run has moved.
    pub identical: bool,
    /// Bytes that were compared, excused ones not counted.
    pub compared: u64,
    /// Whether execution begins at the same place.
    pub same_entry: bool,
    /// Sections that differ, are excused, or are in one file only, in the order of the first file.
    pub sections: Vec<SectionDiff>,
}

/// One section that is not equal in both files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SectionDiff {
    /// The section's name.
    pub name: String,
    /// Bytes in the first file; `None` when it has no such section.
    pub before: Option<u64>,
    /// Bytes in the second file; `None` when it has no such section.
    pub after: Option<u64>,
    /// Bytes that differ, a difference in length counted in full.
    pub differing: u64,
    /// Whether it is loaded at another address.
    pub moved: bool,
    /// Why the difference does not count.
    pub excuse: Option<String>,
}

/// Compares the loaded sections of two executables of one format, by name, byte by byte.
///
/// Build IDs are excused: they name the build and are no part of the program. File headers, load commands (with the
/// `LC_UUID` of Mach-O) and code signatures describe the file rather than the program; they are not sections and are not
/// compared. Fails with [`Kind::Machine`] when a file cannot be read or the formats differ.
pub fn compare_loaded(before: &[u8], after: &[u8]) -> Result<LoadedDiff> {
    let (old, new) = (read(before)?, read(after)?);
    if old.format != new.format || old.goarch != new.goarch {
        let message = format!(
            "cannot compare a {} file with a {} file",
            old.format, new.format
        );
        return Err(Error::new(Kind::Machine, message));
    }
    let mut diff = LoadedDiff {
        identical: true,
        compared: 0,
        same_entry: old.entry == new.entry,
        sections: Vec::new(),
    };
    let (olds, news) = (loaded(&old), loaded(&new));
    let partner = |list: &[(&str, usize, &Section)], key: (&str, usize)| {
        list.iter()
            .find(|it| (it.0, it.1) == key)
            .map(|it| it.2.clone())
    };
    for &(name, count, section) in &olds {
        let other = partner(&news, (name, count));
        compare(
            &mut diff,
            old.format,
            (before, Some(section)),
            (after, other.as_ref()),
        );
    }
    for &(_, _, section) in news
        .iter()
        .filter(|it| partner(&olds, (it.0, it.1)).is_none())
    {
        compare(
            &mut diff,
            old.format,
            (before, None),
            (after, Some(section)),
        );
    }
    diff.identical = diff.same_entry && diff.sections.iter().all(|it| it.excuse.is_some());
    Ok(diff)
}

/// Loaded sections with their name and how many of that name came before.
fn loaded(binary: &Binary) -> Vec<(&str, usize, &Section)> {
    let mut out: Vec<(&str, usize, &Section)> = Vec::new();
    for section in binary.sections.iter().filter(|it| it.loaded) {
        let count = out.iter().filter(|it| it.0 == section.name).count();
        out.push((&section.name, count, section));
    }
    out
}

type Side<'a> = (&'a [u8], Option<&'a Section>);

fn compare(diff: &mut LoadedDiff, format: Format, before: Side<'_>, after: Side<'_>) {
    let Some(section) = before.1.or(after.1) else {
        return;
    };
    let size = |side: Side<'_>| side.1.map(|it| it.memory_size);
    let (old, new) = (content(before), content(after));
    let excused = build_id(format, section, old, new);
    let longer = old.len().max(new.len()) as u64;
    diff.compared += longer - excused.len() as u64;
    let differing = differing(old, new, &excused);
    let moved = before
        .1
        .zip(after.1)
        .is_some_and(|(a, b)| a.address != b.address);
    let whole = excused.len() as u64 == longer && longer > 0;
    let unequal = differing > 0 || moved || size(before) != size(after);
    if unequal || !excused.is_empty() {
        diff.sections.push(SectionDiff {
            name: section.name.clone(),
            before: size(before),
            after: size(after),
            differing,
            moved,
            excuse: (whole || !unequal).then(|| "the build ID".to_owned()),
        });
    }
}

fn content<'a>((bytes, section): Side<'a>) -> &'a [u8] {
    section
        .and_then(|it| buildinfo::content(bytes, it))
        .unwrap_or_default()
}

/// The stretch of a section that holds a build ID which is not the same in both: a whole note in ELF, a text in the
/// code elsewhere. Empty when there is none.
fn build_id(format: Format, section: &Section, old: &[u8], new: &[u8]) -> Range<usize> {
    if old == new {
        return 0..0;
    }
    let notes = [".note.go.buildid", ".note.gnu.build-id"];
    if format == Format::Elf && notes.contains(&section.name.as_str()) {
        return 0..old.len().max(new.len());
    }
    if format == Format::Elf || section.role != Role::Code {
        return 0..0;
    }
    match (buildinfo::in_code(old), buildinfo::in_code(new)) {
        (Some(a), Some(b)) if a == b => a,
        _ => 0..0,
    }
}

/// How many bytes differ outside the excused stretch, a difference in length counted in full.
fn differing(old: &[u8], new: &[u8], excused: &Range<usize>) -> u64 {
    if old == new {
        return 0;
    }
    let all = old.iter().zip(new).enumerate();
    let within = all
        .filter(|(index, (a, b))| a != b && !excused.contains(index))
        .count();
    let shorter = old.len().min(new.len());
    let beyond = (shorter.max(excused.end)..old.len().max(new.len())).len();
    (within + beyond) as u64
}

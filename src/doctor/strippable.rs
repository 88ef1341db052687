//! Computes the bytes that stripping saves, from an executable or from the last report of it.

use std::path::Path;

use crate::binary::{self, Role};
use crate::input;
use crate::number::grouped;
use crate::plan::twins::Twin;

/// What debug information and symbols take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Strippable {
    /// The file that the numbers come from, as it is shown.
    pub(crate) told_by: String,
    /// Bytes of DWARF.
    pub(crate) dwarf: u64,
    /// Bytes of the symbol and string tables.
    pub(crate) symbols: u64,
    /// Bytes of the file with all of it.
    pub(crate) whole: u64,
}

impl Strippable {
    /// The bytes, in words; their share of the file.
    pub(crate) fn words(&self) -> String {
        let percent = (self.dwarf + self.symbols) as f64 * 100.0 / (self.whole.max(1)) as f64;
        format!(
            "{} B of DWARF and {} B of symbols, {percent:.1} % of the file, by {}",
            grouped(self.dwarf),
            grouped(self.symbols),
            self.told_by
        )
    }
}

/// Reads a file that has symbols; `None` where there is no such file, or it is stripped.
pub(crate) fn of_file(path: &Path, shown: &str) -> Option<Strippable> {
    let bytes = binary::open(path).ok()?;
    let read = binary::read(&bytes).ok()?;
    let size = |role: Role| {
        let mut roles = read.roles().into_iter();
        roles
            .find(|sum| sum.role == role)
            .map_or(0, |sum| sum.file_size)
    };
    (!read.stripped()).then(|| Strippable {
        told_by: shown.to_owned(),
        dwarf: size(Role::Dwarf),
        symbols: size(Role::Symbols),
        whole: bytes.len() as u64,
    })
}

/// Reads the unstripped baseline of a main package from a saved report of `release`; `None` where the report has another one,
/// or none.
pub(crate) fn of_report(
    path: &Path,
    shown: &str,
    package: &str,
    key: (&str, &str),
) -> Option<Strippable> {
    let bytes = input::read(path, input::TEXT).ok()?;
    let report: serde_json::Value = serde_json::from_slice(&bytes).ok()?;
    let mut targets = report["targets"].as_array()?.iter();
    let target = targets.find(|target| {
        target["package"] == package && target["goos"] == key.0 && target["goarch"] == key.1
    })?;
    if target["baseline"]["kind"] != Twin::Unstripped.kind() {
        return None;
    }
    let sections = target["sections"].as_array()?;
    let before = |role: Role| {
        let mut sections = sections.iter();
        let section = sections.find(|section| section["role"] == role.name());
        section.map_or(0, |section| section["before"].as_u64().unwrap_or(0))
    };
    let whole = target["baseline"]["size"].as_u64()?;
    let (dwarf, symbols) = (before(Role::Dwarf), before(Role::Symbols));
    (dwarf + symbols > 0).then(|| Strippable {
        told_by: shown.to_owned(),
        dwarf,
        symbols,
        whole,
    })
}

//! Counts the claims on bytes: who owns how many of which kind. A byte is claimed once; what nobody claims stays with
//! the name of its section.

use serde::{Deserialize, Serialize};

use crate::error::{Error, Kind as ErrorKind, Result};

use super::image::{Addr, Image};
use super::packages::{NONE, PackageId, SHARED, module_of};
use super::{Binary, Role, Section};

/// What a byte is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Machine code of Go functions, with the alignment after each; all machine code where no function is known.
    Code,
    /// Type descriptors, their names, method tables.
    Types,
    /// Names of functions.
    FunctionNames,
    /// Tables from machine code to lines, files and stack depth.
    LineTables,
    /// Stack maps, inline trees, argument descriptions.
    StackMaps,
    /// Text constants, and embedded files.
    Strings,
    /// Variables and other constants.
    Data,
    /// Machine code that is not Go's.
    CCode,
    /// Tables for the loader, notes, build information, unwinding.
    Loader,
    /// Debug information.
    Dwarf,
    /// Symbol and string tables.
    Symbols,
    /// File headers and section tables.
    Headers,
    /// Alignment between sections.
    Padding,
}

impl Kind {
    /// Every kind, in the order of reports.
    pub const ALL: [Self; 13] = [
        Self::Code,
        Self::Types,
        Self::FunctionNames,
        Self::LineTables,
        Self::StackMaps,
        Self::Strings,
        Self::Data,
        Self::CCode,
        Self::Loader,
        Self::Dwarf,
        Self::Symbols,
        Self::Headers,
        Self::Padding,
    ];

    /// The name in reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Types => "types",
            Self::FunctionNames => "function-names",
            Self::LineTables => "line-tables",
            Self::StackMaps => "stack-maps",
            Self::Strings => "strings",
            Self::Data => "data",
            Self::CCode => "c-code",
            Self::Loader => "loader",
            Self::Dwarf => "dwarf",
            Self::Symbols => "symbols",
            Self::Headers => "headers",
            Self::Padding => "padding",
        }
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.name())
    }
}

/// Bytes by kind, in the order of [`Kind::ALL`].
pub type ByKind = [u64; Kind::ALL.len()];

/// The accounts.
#[derive(Default)]
pub(super) struct Ledger {
    /// By package number.
    pub(crate) owned: Vec<ByKind>,
    /// Without an owner: by section index.
    pub(crate) unowned: Vec<ByKind>,
    /// Of several packages of one module, by module number.
    pub(crate) of_modules: Vec<ByKind>,
    /// Of packages of several modules.
    pub(crate) shared: ByKind,
    /// Bytes with an owner of which the extent or the owner is inferred rather than read.
    pub(crate) inferred: u64,
    /// The same of what one package has, by package number.
    pub(crate) inferred_of: Vec<u64>,
    /// Bytes claimed of each section.
    claimed: Vec<u64>,
}

impl Ledger {
    pub(crate) fn new(sections: usize) -> Self {
        Self {
            claimed: vec![0; sections],
            unowned: vec![[0; Kind::ALL.len()]; sections],
            ..Self::default()
        }
    }

    /// Gives the bytes between two addresses to a package, or names them as nobody's.
    pub(crate) fn claim(
        &mut self,
        image: &Image<'_>,
        range: (Addr, Addr),
        owner: PackageId,
        kind: Kind,
    ) {
        if range.1 <= range.0 {
            return;
        }
        let Some(region) = image.region(range.0) else {
            return;
        };
        let end = range.1.min(region.end());
        self.add(region.section, image.file_bytes(range.0, end), owner, kind);
    }

    /// Notes that an owner has so many bytes by inference: its claim stands.
    pub(crate) fn infer(&mut self, owner: PackageId, bytes: u64) {
        self.inferred += bytes;
        if owner == SHARED || module_of(owner).is_some() {
            return;
        }
        let index = owner as usize;
        if index >= self.inferred_of.len() {
            self.inferred_of.resize(index + 1, 0);
        }
        self.inferred_of[index] += bytes;
    }

    /// Gives bytes of a section to a package, or names them as nobody's.
    pub(crate) fn add(&mut self, section: usize, bytes: u64, owner: PackageId, kind: Kind) {
        if let Some(claimed) = self.claimed.get_mut(section) {
            *claimed += bytes;
        }
        if owner == NONE {
            if let Some(unowned) = self.unowned.get_mut(section) {
                unowned[kind as usize] += bytes;
            }
            return;
        }
        if owner == SHARED {
            self.shared[kind as usize] += bytes;
            return;
        }
        let (accounts, index) = match module_of(owner) {
            Some(module) => (&mut self.of_modules, module),
            None => (&mut self.owned, owner as usize),
        };
        if index >= accounts.len() {
            accounts.resize(index + 1, [0; Kind::ALL.len()]);
        }
        accounts[index][kind as usize] += bytes;
    }

    /// Names what nobody claimed, and checks that every section's claims fit into it and all add up to the file. Where no
    /// function of Go is known, code is just code.
    pub(crate) fn close(&mut self, binary: &Binary, functions_known: bool) -> Result<()> {
        let broken = || {
            Error::new(
                ErrorKind::Machine,
                "its parts claim more bytes than the file has",
            )
        };
        for (index, section) in binary.sections.iter().enumerate() {
            let claimed = self.claimed.get(index).copied().unwrap_or(0);
            let rest = section.file_size.checked_sub(claimed).ok_or_else(broken)?;
            let padding = section
                .file_size
                .saturating_sub(section.memory_size)
                .min(rest);
            let padding = if section.loaded && claimed > 0 {
                padding
            } else {
                0
            };
            self.add(index, padding, NONE, Kind::Padding);
            let kind = match kind_of(section) {
                Kind::CCode if !functions_known => Kind::Code,
                kind => kind,
            };
            self.add(index, rest - padding, NONE, kind);
        }
        let packages: u64 = self.owned.iter().flatten().sum();
        let modules: u64 = self.of_modules.iter().flatten().sum();
        let owned = packages + modules + self.shared.iter().sum::<u64>();
        let unowned: u64 = self.unowned.iter().flatten().sum();
        if owned + unowned + binary.headers + binary.padding != binary.file_size {
            return Err(broken());
        }
        Ok(())
    }
}

/// What bytes of a section are when nothing more is known.
fn kind_of(section: &Section) -> Kind {
    const FOR_THE_LOADER: [&str; 5] = ["buildinfo", "fipsinfo", ".plt", "_stub", "__got"];
    if FOR_THE_LOADER
        .iter()
        .any(|text| section.name.contains(text))
    {
        return Kind::Loader;
    }
    match section.role {
        Role::Code => Kind::CCode,
        Role::Rodata | Role::Data | Role::Bss => Kind::Data,
        Role::Pclntab => Kind::LineTables,
        Role::Types => Kind::Types,
        Role::Dwarf => Kind::Dwarf,
        Role::Symbols => Kind::Symbols,
        Role::Other => Kind::Loader,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_are_in_the_order_of_all() {
        for (index, kind) in Kind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
            assert_eq!(serde_json::to_string(&kind).unwrap(), format!("\"{kind}\""));
        }
    }
}

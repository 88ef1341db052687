//! The names of containers and of what sections are for.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The container format of an executable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// Linux, the BSDs, Solaris, Android.
    Elf,
    /// Windows.
    Pe,
    /// macOS, iOS.
    MachO,
    /// js/wasm and wasip1/wasm.
    Wasm,
}

impl Format {
    /// As people write it.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Elf => "ELF",
            Self::Pe => "PE",
            Self::MachO => "Mach-O",
            Self::Wasm => "wasm",
        }
    }
}

/// What a section is for. Names of sections move between Go versions and formats; roles do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Machine code.
    Code,
    /// Constants: strings, static composite literals, and before Go 1.27 types too.
    Rodata,
    /// Function names, line tables and, since Go 1.26, stack maps.
    Pclntab,
    /// Type descriptors and their indexes, where they have a section of their own.
    Types,
    /// Initialised variables.
    Data,
    /// Zeroed variables: memory, but no bytes in the file.
    Bss,
    /// Debug information for debuggers.
    Dwarf,
    /// Symbol and string tables.
    Symbols,
    /// Notes, tables for the loader, signatures, and all else.
    Other,
}

impl Role {
    /// Every role, in the order of reports.
    pub const ALL: [Self; 9] = [
        Self::Code,
        Self::Rodata,
        Self::Pclntab,
        Self::Types,
        Self::Data,
        Self::Bss,
        Self::Dwarf,
        Self::Symbols,
        Self::Other,
    ];

    /// The name in reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Code => "code",
            Self::Rodata => "rodata",
            Self::Pclntab => "pclntab",
            Self::Types => "types",
            Self::Data => "data",
            Self::Bss => "bss",
            Self::Dwarf => "dwarf",
            Self::Symbols => "symbols",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

impl Format {
    /// The name in reports and JSON.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Elf => "elf",
            Self::Pe => "pe",
            Self::MachO => "macho",
            Self::Wasm => "wasm",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_are_in_the_order_of_all() {
        for (index, role) in Role::ALL.into_iter().enumerate() {
            assert_eq!(role as usize, index);
            assert_eq!(serde_json::to_string(&role).unwrap(), format!("\"{role}\""));
        }
    }
}

//! The numbers that object files use, read from the sources of the toolchain that wrote them: they differ between versions.

use std::path::Path;

use crate::error::{Error, Kind, Result};
use crate::input;

/// The bit of a weak relocation.
pub(super) const WEAK: u16 = 1 << 15;

/// What a relocation means to dead-code elimination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    /// A call of the target.
    Call,
    /// The target is needed: its address, its offset, or `R_KEEP`.
    Use,
    /// One of three: the type, the interface entry and the direct entry of a method.
    Method,
    /// Only debug information needs the target.
    Debug,
    /// The type, or that of the itab, becomes an interface.
    Interface,
    /// A method of an interface is called.
    InterfaceMethod,
    /// Methods of this name are called.
    NamedMethod,
    /// The order of initialization.
    Order,
}

/// What the numbers of a version of Go mean.
#[derive(Debug)]
pub(super) struct Constants {
    /// By relocation number.
    relocations: Vec<Meaning>,
    /// Names of symbol kinds, by number.
    pub(crate) kinds: Vec<String>,
    /// The symbols of the runtime that objects name by number, and the ABI of each.
    pub(crate) builtins: Vec<(String, usize)>,
    /// The architectures whose functions have ABIInternal beside ABI0.
    two_abis: Vec<String>,
    /// The flag of functions that a WebAssembly host may call; 0 before Go 1.24.
    pub(crate) wasm_export: u16,
}

impl Constants {
    /// Reads them below `goroot`. Fails where the sources of the toolchain are missing or hold something else.
    pub(crate) fn read(goroot: &Path) -> Result<Self> {
        let source = |name: &str| source(goroot, name);
        let names = enumerated(&source("objabi/reloctype.go")?, "R_");
        let kinds = enumerated(&source("objabi/symkind.go")?, "S");
        let builtins = quoted(&source("goobj/builtinlist.go")?);
        let known = names.first().is_some_and(|name| name == "R_ADDR");
        let known = known && names.iter().any(|name| name == "R_INITORDER");
        if !known || builtins.is_empty() || kinds.get(1).is_none_or(|name| name != "STEXT") {
            let message = "the sources of the go toolchain do not hold the numbers of objects";
            return Err(Error::new(Kind::Machine, message));
        }
        let meanings = names.iter().map(|name| meaning(name));
        Ok(Self {
            relocations: std::iter::once(Meaning::Use).chain(meanings).collect(),
            kinds,
            builtins,
            two_abis: with_two_abis(&source("../../internal/buildcfg/exp.go")?),
            wasm_export: wasm_export(&source("goobj/objfile.go")?),
        })
    }

    /// Whether functions have two ABIs on an architecture; where they do not, both names are one symbol.
    pub(crate) fn has_two_abis(&self, goarch: &str) -> bool {
        self.two_abis.iter().any(|name| name == goarch)
    }

    /// What a relocation means, by its number without [`WEAK`].
    pub(crate) fn meaning(&self, number: u16) -> Meaning {
        let known = self.relocations.get(usize::from(number));
        known.copied().unwrap_or(Meaning::Use)
    }
}

/// A source file of the toolchain, by its path below `src/cmd/internal`.
fn source(goroot: &Path, name: &str) -> Result<String> {
    let path = goroot.join("src/cmd/internal").join(name);
    input::text(&path, 4 << 20).map_err(|error| {
        let shown = path.display();
        Error::new(Kind::Machine, format!("cannot read `{shown}`")).source(error)
    })
}

/// The flag of functions that a WebAssembly host may call, from the source that numbers the flags; 0 where there is none.
fn wasm_export(flags: &str) -> u16 {
    let second = flags
        .find("SymFlagUsedInIface")
        .and_then(|at| flags.get(at..));
    let second = enumerated(second.unwrap_or_default(), "SymFlag");
    let export = second.iter().position(|name| name == "SymFlagWasmExport");
    // The second byte of flags counts from bit 8.
    export.map_or(0, |at| 1 << (8 + at.min(7)))
}

fn meaning(name: &str) -> Meaning {
    match name {
        "R_METHODOFF" => Meaning::Method,
        "R_USETYPE" => Meaning::Debug,
        "R_USEIFACE" => Meaning::Interface,
        "R_USEIFACEMETHOD" => Meaning::InterfaceMethod,
        "R_USENAMEDMETHOD" | "R_USEGENERICIFACEMETHOD" => Meaning::NamedMethod,
        "R_INITORDER" => Meaning::Order,
        "R_CALLIND" => Meaning::Use,
        _ => match name.strip_prefix("R_").unwrap_or(name) {
            short if short.starts_with("CALL") => Meaning::Call,
            short if short.starts_with("RISCV_CALL") || short.starts_with("RISCV_JAL") => {
                Meaning::Call
            }
            "LOONG64_CALL36" => Meaning::Call,
            _ => Meaning::Use,
        },
    }
}

/// The names of the first constant block that counts up, in order.
fn enumerated(text: &str, prefix: &str) -> Vec<String> {
    let mut names = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let line = line.trim();
        let word = line.split([' ', '\t']).next().unwrap_or_default();
        match open {
            false => open = word.starts_with(prefix) && line.contains("iota"),
            true if line == ")" => break,
            true => {}
        }
        let rest = line.get(word.len()..).unwrap_or_default().trim();
        let alone = rest.is_empty() || rest.starts_with("//") || rest.contains("iota");
        if open && alone && word.starts_with(prefix) {
            names.push(word.to_owned());
        }
    }
    names
}

/// Name and number of each line such as `{"runtime.newobject", 1},`.
fn quoted(text: &str) -> Vec<(String, usize)> {
    let entry = |line: &str| {
        let (name, rest) = line.trim().strip_prefix("{\"")?.split_once('"')?;
        let digits = rest.trim_start_matches([',', ' ']).split('}').next()?;
        Some((name.to_owned(), digits.trim().parse().ok()?))
    };
    text.lines().filter_map(entry).collect()
}

/// The architectures for which register ABIs are on: each `case "amd64", ...:` of `switch goarch` with
/// `regabiSupported = true` behind it. Go 1.26 has two of them.
fn with_two_abis(text: &str) -> Vec<String> {
    let lines = text.lines().map(str::trim);
    let mut lines = lines.skip_while(|line| *line != "switch goarch {").skip(1);
    let (mut all, mut case) = (Vec::new(), "");
    for line in lines.by_ref().take_while(|line| *line != "}") {
        match line {
            _ if line.starts_with("case ") => case = line,
            "regabiSupported = true" => {
                let names = case.split('"').skip(1).step_by(2);
                all.extend(names.map(str::to_owned));
            }
            _ => {}
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_case_with_register_abis_counts() {
        let text = "\
	switch goarch {
	case \"amd64\", \"arm64\":
		regabiAlwaysOn = true
		regabiSupported = true
	case \"s390x\":
		regabiSupported = true
	case \"mips\":
		regabiSupported = false
	}
	switch goarch {
	case \"wasm\":
		regabiSupported = true
	}
";
        assert_eq!(with_two_abis(text), ["amd64", "arm64", "s390x"]);
    }
}

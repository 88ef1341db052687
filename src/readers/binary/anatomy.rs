//! The result of taking an executable apart: every byte with an owner and a kind.
//!
//! A Go executable describes itself, stripped or not: the line table lists every function, type descriptors name their
//! packages, and what is left is data that functions and types refer to. What cannot be read is left without an owner
//! and said in [`Anatomy::notes`]; the sums equal the file's size in any case.

use std::borrow::Cow;
use std::fmt;

use super::Binary;
use super::calls::Callers;
use super::functions::Entry;
use super::ledger::{ByKind, Kind};
use super::listing::DataObject;
use super::packages::{NONE, Origin};

/// What every byte of an executable is for, and whose it is.
///
/// The bytes of all `packages`, of `shared` and `shared_in`, all `unowned`, the headers and the padding of `binary` add up
/// to the file's size.
#[derive(Debug)]
pub struct Anatomy<'a> {
    /// The executable as its headers describe it.
    pub binary: Binary,
    /// Every Go function, by address.
    pub functions: Vec<Function>,
    /// Every package with bytes, the largest first.
    pub packages: Vec<PackageBytes>,
    /// Every kind, in the order of [`Kind::ALL`]; the sums equal the file's size.
    pub kinds: Vec<KindBytes>,
    /// Bytes without an owner, the most first.
    pub unowned: Vec<UnownedBytes>,
    /// Bytes that packages of several modules use, by kind in the order of [`Kind::ALL`]; no package has them.
    pub(crate) shared: ByKind,
    /// Bytes that several packages of one module use, by the module's name as [`Anatomy::modules`] has it; no package has
    /// them, and the module does.
    pub(crate) shared_in: Vec<(String, ByKind)>,
    /// Bytes in the file of loaded sections, and how many of them have a package.
    pub loaded: Owned,
    /// Where each type descriptor that was found is loaded, in order.
    pub types: Vec<u64>,
    /// Where each method table (of a type for an interface) is loaded, in the order in which the file lists them.
    pub itabs: Vec<u64>,
    /// What the linker did with methods; `None` when no types could be read.
    pub methods: Option<Methods>,
    /// How it is known whose the data are.
    pub owners: Owners,
    /// Every object of the data, by address; only where they were asked for.
    pub objects: Vec<DataObject>,
    /// Who calls the function that was asked about.
    pub callers: Callers,
    /// What could not be read, and why.
    pub notes: Vec<LayoutNote>,
    pub(super) names: Cow<'a, [u8]>,
}

/// A Go function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Function {
    /// Where it is loaded; for wasm, its number.
    pub address: u64,
    /// Bytes of code, with what fills it up to the next function: `go tool nm -size` leaves that out.
    pub size: u32,
    /// The largest stack frame in bytes, without the return address.
    pub frame: u32,
    /// The line it begins at.
    pub line: u32,
    /// The package that its name belongs to: an index into [`Anatomy::packages`].
    pub(super) package: u32,
    /// The package that it was compiled for; differs for instances of generics.
    pub(super) paid_by: u32,
    pub(crate) name: u32,
}

/// What a package takes in the file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct PackageBytes {
    /// The import path.
    pub path: String,
    /// The path of its module; `None` for the standard library and where build information is missing.
    pub module: Option<String>,
    /// The version of its module.
    pub version: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Bytes in the file.
    pub bytes: u64,
    /// The same by kind, in the order of [`Kind::ALL`].
    pub by_kind: ByKind,
    /// How many of the bytes are its by inference: they may be another package's.
    pub inferred: u64,
    /// Bytes of code that were compiled for this package: its own functions, and the instances of generics it uses.
    pub paid_for: u64,
    /// Go functions defined in it.
    pub functions: u32,
}

impl PackageBytes {
    /// Bytes of code defined in it.
    pub fn code(&self) -> u64 {
        self.by_kind[Kind::Code as usize]
    }
}

/// What a module takes in the file.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ModuleBytes {
    /// The module path; `std` for the standard library, `main` for a main package without a module.
    pub path: String,
    /// The version.
    pub version: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Bytes in the file.
    pub bytes: u64,
    /// How many of them several of its packages use.
    pub shared: u64,
    /// How many bytes its packages have by inference.
    pub inferred: u64,
    /// Bytes of code defined in it.
    pub code: u64,
    /// Packages with bytes in the file.
    pub packages: u32,
}

/// Bytes of one kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct KindBytes {
    /// The kind.
    pub kind: Kind,
    /// Bytes in the file.
    pub bytes: u64,
    /// How many of them have no owner.
    pub unowned: u64,
}

/// Bytes without an owner, by where they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnownedBytes {
    /// The name of the section.
    pub section: String,
    /// What they are for.
    pub kind: Kind,
    /// How many they are.
    pub bytes: u64,
}

/// A number of bytes and how many of them have an owner.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Owned {
    /// All of them.
    pub bytes: u64,
    /// Those of a package, or of several together.
    pub owned: u64,
    /// Those of which the extent and the owner are read, none inferred.
    pub proven: u64,
}

/// How it is known whose the data of an executable are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Owners {
    /// Its symbol table names them, or that of its twin, whose loaded bytes are the same.
    Symbols,
    /// They are whose code refers to them: it has no symbol table.
    References,
}

impl Owners {
    /// The name in reports, JSON and the lock.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Symbols => "symbols",
            Self::References => "references",
        }
    }
}

/// The name of what packages of several modules use, in lists of modules.
pub const SHARED: &str = "shared";

/// What the linker did with the exported methods of types.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Methods {
    /// Exported methods in the descriptors.
    pub exported: u64,
    /// Those whose code was removed, for nothing can call them.
    pub pruned: u64,
}

impl Methods {
    /// Whether the linker removed what nothing can call: `Some(false)` where `reflect.Method`, `text/template` or the like
    /// made every exported method reachable, `None` where there are too few methods to say.
    ///
    /// Over many programs the share is 66 to 71 % where it was on, 1.6 to 9.5 % where it was off.
    pub fn elimination(&self) -> Option<bool> {
        (self.exported >= 200).then_some(self.pruned * 100 >= self.exported * 30)
    }
}

/// Why less is known of a file than could be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LayoutNote {
    /// The file has no line table that we know: not Go, or a Go of the future.
    NoLineTable,
    /// The line table is of a Go before 1.20.
    OldLineTable,
    /// The table of contents of the runtime was not found: types and data stay without owners.
    NoModuledata,
    /// The type descriptors could not be read.
    NoTypes,
    /// Code of this architecture is not searched for mentions of data.
    NoReferences,
    /// A table of the file contradicts itself; it was not counted on.
    Inconsistent,
}

impl fmt::Display for LayoutNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoLineTable => {
                "no Go line table that is known: functions and packages cannot be told"
            }
            Self::OldLineTable => {
                "built by a Go before 1.20: functions and packages cannot be told"
            }
            Self::NoModuledata => {
                "the runtime's table of contents was not found: types and data have no owner"
            }
            Self::NoTypes => "type descriptors could not be read",
            Self::NoReferences => "code of this architecture is not searched for mentions of data",
            Self::Inconsistent => "a table of the file contradicts itself and was not counted on",
        })
    }
}

/// What is wanted of an anatomy beyond the sums.
#[derive(Debug, Clone, Copy, Default)]
pub struct Request {
    /// [`Anatomy::objects`].
    pub objects: bool,
    /// Owners by references though there are symbols: as a file without them is read.
    pub without_symbols: bool,
    /// The function for [`Anatomy::callers`].
    pub callers_of: Option<&'static str>,
}

/// The name that a table of names begins with, up to the first NUL; bytes that are no UTF-8 are replaced.
pub fn first_name(table: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(&table[..memchr::memchr(0, table).unwrap_or(table.len())])
}

impl Anatomy<'_> {
    /// The name of a function as the symbol table has it.
    pub fn name(&self, function: &Function) -> Cow<'_, str> {
        first_name(self.names_from(function))
    }

    /// The table of names from the name of a function on; a NUL ends each.
    pub fn names_from(&self, function: &Function) -> &[u8] {
        self.names.get(function.name as usize..).unwrap_or_default()
    }

    /// The functions whose name has a text in it. Where few have it, that costs one look at the table of names.
    pub fn functions_with(&self, text: &str) -> impl Iterator<Item = &Function> {
        let finder = memchr::memmem::Finder::new(text);
        let mut names = Vec::new();
        let mut from = 0;
        while let Some(at) = finder.find(&self.names[from..]).map(|at| from + at) {
            let start = memchr::memrchr(0, &self.names[from..at]).map_or(from, |at| from + at + 1);
            names.push(start as u32);
            let end = memchr::memchr(0, &self.names[at..]);
            from = end.map_or(self.names.len(), |end| at + end + 1);
        }
        let has = move |it: &&Function| names.binary_search(&it.name).is_ok();
        self.functions.iter().filter(has)
    }

    /// Every name in the function table: those of [`Anatomy::functions`], and of functions that exist only inlined.
    pub fn function_names(&self) -> impl Iterator<Item = &str> {
        let names = self.names.split(|name| *name == 0);
        names.filter_map(|name| {
            std::str::from_utf8(name)
                .ok()
                .filter(|text| !text.is_empty())
        })
    }

    /// The package that a function is defined in.
    pub fn package(&self, function: &Function) -> Option<&PackageBytes> {
        self.packages.get(function.package as usize)
    }

    /// The package that a function was compiled for.
    pub fn paid_by(&self, function: &Function) -> Option<&PackageBytes> {
        self.packages.get(function.paid_by as usize)
    }

    /// Bytes of machine code that is not Go's.
    pub fn c_code(&self) -> u64 {
        let mut kinds = self.kinds.iter();
        let found = kinds.find(|sum| sum.kind == Kind::CCode);
        found.map_or(0, |sum| sum.bytes)
    }

    /// Bytes that several packages use, of one module or of several.
    pub fn shared_bytes(&self) -> u64 {
        let of_modules = self.shared_in.iter().flat_map(|entry| &entry.1);
        self.shared.iter().chain(of_modules).sum()
    }

    /// The sums by module, the largest first; [`SHARED`] is what packages of several modules use.
    pub fn modules(&self) -> Vec<ModuleBytes> {
        let mut found: Vec<ModuleBytes> = Vec::new();
        let mut order: Vec<&PackageBytes> = self.packages.iter().collect();
        let name = |package: &PackageBytes| {
            let fallback = if package.origin == Origin::Dependency {
                package.path.as_str()
            } else {
                package.origin.name()
            };
            package
                .module
                .clone()
                .unwrap_or_else(|| fallback.to_owned())
        };
        order.sort_by_cached_key(|package| name(package));
        for it in order {
            let path = name(it);
            if found.last().is_none_or(|last| last.path != path) {
                let version = it.version.clone();
                found.push(ModuleBytes {
                    path,
                    version,
                    origin: it.origin,
                    bytes: 0,
                    shared: 0,
                    inferred: 0,
                    code: 0,
                    packages: 0,
                });
            }
            if let Some(last) = found.last_mut() {
                last.bytes += it.bytes;
                last.inferred += it.inferred;
                last.code += it.code();
                last.packages += 1;
            }
        }
        for it in &mut found {
            let shared = self
                .shared_in
                .binary_search_by_key(&it.path.as_str(), |entry| &entry.0);
            it.shared = shared.map_or(0, |at| self.shared_in[at].1.iter().sum());
            it.bytes += it.shared;
        }
        let shared: u64 = self.shared.iter().sum();
        found.extend((shared > 0).then(|| ModuleBytes {
            path: SHARED.to_owned(),
            version: None,
            origin: Origin::Shared,
            bytes: shared,
            shared,
            inferred: 0,
            code: 0,
            packages: 0,
        }));
        found.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
        found
    }
}

impl Function {
    /// A function with the packages' places in the result.
    pub(super) fn new(entry: &Entry, base: u64, places: &[u32]) -> Self {
        let place = |number: u32| {
            if number == NONE {
                NONE
            } else {
                places.get(number as usize).copied().unwrap_or(NONE)
            }
        };
        Self {
            address: base + u64::from(entry.start),
            size: entry.size,
            frame: entry.frame,
            line: entry.line,
            package: place(entry.package),
            paid_by: place(entry.paid_by),
            name: entry.name,
        }
    }
}

//! Makes the report of `inspect` from the anatomy of an executable: one value, many renderings.

mod from_anatomy;

mod data_objects;

mod name;

mod package_tiles;

mod runtime;

mod listing_bounds;

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::Tool;
use crate::binary::{self, BuildInfo, Origin, Owners};
use crate::check::Status;

pub use data_objects::objects;
pub use from_anatomy::{Source, inspection};
pub use listing_bounds::{By, View};
pub(crate) use name::Name;
pub(crate) use package_tiles::picture;

/// What an executable is made of. Sizes are bytes, unknown is `null`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Inspection<'a> {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// The file.
    pub(crate) file: InspectedFile,
    /// What Go recorded about the build; `null` where it recorded nothing.
    pub(crate) build: Option<BuildInfo>,
    /// The text that packages and functions were searched for; the lists hold only what has it.
    pub(crate) filter: Option<String>,
    /// How it is known whose the data are: `symbols` of the file, or `references` of its code where it has none.
    pub(crate) owners: Owners,
    /// The accounts: every byte of the file, once.
    pub ledger: Ledger,
    /// By role, in a fixed order.
    pub(crate) roles: Vec<RoleBytes>,
    /// Every section, in the order of the file.
    pub(crate) sections: Vec<NamedSection>,
    /// What the bytes are for; the sum is the file.
    pub(crate) kinds: Vec<KindSum>,
    /// The largest first.
    pub modules: Vec<ModuleSize>,
    /// The largest first.
    pub(crate) packages: Vec<PackageSize>,
    /// The largest first; all of them unless a number was asked for.
    pub functions: Vec<FunctionSize<'a>>,
    /// What a listing of the largest functions need not have.
    #[serde(skip)]
    pub left_out: LeftOut,
    /// The largest objects of the data of one package, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) objects: Option<Objects>,
    /// Bytes that are no package's, the most first.
    pub(crate) unowned: Vec<Region>,
    /// Modules of the build information of which a file without symbols names no package. They embed files or hold tables, which count
    /// for who uses them, or all of their code was inlined or removed.
    #[serde(default)]
    pub(crate) unnamed_modules: Vec<String>,
    /// What there is of everything.
    pub(crate) counts: Counts,
    /// What the program does at run time.
    pub(crate) runtime: RuntimeContract,
    /// Whether the linker removed methods that nothing can call; `null` where no types could be read.
    pub(crate) methods: Option<MethodElimination>,
    /// C code.
    pub(crate) cgo: Cgo,
    /// Whether `retained` leaves out C code, which the linker of the system adds.
    #[serde(default)]
    pub(crate) uncounted_c: bool,
    /// What could not be read, in sentences.
    pub(crate) notes: Vec<String>,
}

/// An executable that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct InspectedFile {
    /// As it was named.
    pub(crate) path: String,
    /// Bytes.
    pub(crate) size: u64,
    /// SHA-256 in hex. Only this format has it: tables have the build ID, and do not wait for it.
    #[cfg_attr(test, schemars(with = "String"))]
    pub(crate) sha256: Option<String>,
    /// The container.
    pub(crate) format: binary::Format,
    /// `linux`
    pub(crate) goos: Option<String>,
    /// `amd64`
    pub(crate) goarch: Option<String>,
    /// The Go version in its build information.
    pub(crate) go_version: Option<String>,
    /// Go's build ID.
    pub(crate) build_id: Option<String>,
    /// Neither symbol table nor DWARF.
    pub(crate) stripped: bool,
    /// What has to be there before it can run; `null` where that is not known or has no meaning.
    #[serde(default)]
    pub(crate) linkage: Option<binary::Linkage>,
}

/// `packages + shared + unowned + headers + padding == sum`, and the sum is the size of the file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Ledger {
    /// Bytes that belong to one package.
    pub(crate) packages: u64,
    /// Bytes that several packages use, of one module or of several; no package has them.
    pub(crate) shared: u64,
    /// Bytes that belong to no package, by name in `unowned`.
    pub(crate) unowned: u64,
    /// File headers and section tables.
    pub(crate) headers: u64,
    /// Bytes between sections.
    pub(crate) padding: u64,
    /// All of them.
    pub sum: u64,
    /// Bytes in the file that the program has in memory.
    pub(crate) loaded: u64,
    /// How many of those belong to a package, or to several together.
    pub(crate) loaded_owned: u64,
    /// How many of those are proven: where they end and whose they are was read, none of it inferred.
    pub(crate) loaded_proven: u64,
}

/// The sections of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RoleBytes {
    /// `code`, `rodata`, `pclntab`, `types`, `data`, `bss`, `dwarf`, `symbols` or `other`.
    pub(crate) role: String,
    /// The sections behind it.
    pub(crate) names: Vec<String>,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// Bytes in memory.
    pub(crate) memory: u64,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct NamedSection {
    /// As the file has it.
    pub(crate) name: String,
    /// See [`RoleBytes`].
    pub(crate) role: String,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// Bytes in memory.
    pub(crate) memory: u64,
}

/// Bytes of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct KindSum {
    /// `code`, `types`, `line-tables`, ...
    pub(crate) kind: binary::Kind,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// How many of them belong to no package.
    pub(crate) unowned: u64,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct ModuleSize {
    /// The module path; `std` for the standard library, `main` for a main package without a module, `shared` for what packages
    /// of several modules use.
    pub(crate) path: String,
    /// The version.
    pub(crate) version: Option<String>,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// How many of them several of its packages use.
    pub(crate) shared: u64,
    /// How many its packages have by inference: see [`PackageSize::inferred`].
    #[serde(default)]
    pub(crate) inferred: u64,
    /// Bytes of code.
    pub(crate) code: u64,
    /// Packages with bytes in the file.
    pub(crate) packages: u64,
    /// Bytes that go when the program has no package of it. `null` where that was not asked for, and of the main module and
    /// the standard library.
    #[serde(default)]
    pub(crate) retained: Option<u64>,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PackageSize {
    /// The import path.
    pub(crate) path: String,
    /// Its module; `null` for the standard library and where build information is missing.
    pub module: Option<String>,
    /// The version of the module.
    pub(crate) version: Option<String>,
    /// Where it comes from.
    pub(crate) origin: Origin,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// How many of them it has by inference, from where they stand and who mentions what stands beside them: they may be another
    /// package's. Few where the file has a symbol table.
    #[serde(default)]
    pub(crate) inferred: u64,
    /// Bytes of code defined in it.
    pub(crate) code: u64,
    /// Bytes of code compiled for it: its own, and the instances of other packages' generics.
    pub(crate) paid_for: u64,
    /// Functions defined in it.
    pub(crate) functions: u64,
    /// `bytes` by kind, kinds without bytes left out.
    pub(crate) kinds: BTreeMap<String, u64>,
    /// Bytes that go when the program has no such package: its own, and what nothing else needs. `null` where that was not
    /// asked for, and of the main package and the runtime, which no program is without.
    #[serde(default)]
    pub(crate) retained: Option<u64>,
}

/// A function. Its names stand in the executable, or else in the anatomy: there may be hundreds of thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct FunctionSize<'a> {
    /// As the symbol table has it.
    pub(crate) name: Name<'a>,
    /// The package that defines it.
    pub(crate) package: Option<Cow<'a, str>>,
    /// The package that it was compiled for, where that is another one.
    pub(crate) paid_by: Option<Cow<'a, str>>,
    /// Bytes of code, with what fills it up to the next function: `go tool nm -size` leaves that out.
    pub bytes: u64,
    /// Its largest stack frame.
    pub(crate) frame: u64,
    /// The line it begins at.
    pub(crate) line: u64,
}

/// Functions that are only counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub(crate) functions: usize,
    /// Their bytes of code.
    pub bytes: u64,
}

/// Bytes without a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Region {
    /// The section.
    pub(crate) section: String,
    /// What they are for.
    pub(crate) kind: binary::Kind,
    /// How many they are.
    pub(crate) bytes: u64,
}

/// What a package has of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Objects {
    /// The import path that was asked for; `shared` for what several packages use, `unowned` for what none does.
    pub(crate) package: String,
    /// How many there are.
    pub(crate) count: u64,
    /// Their bytes in the file.
    pub(crate) bytes: u64,
    /// The largest first; as many as were asked for.
    pub(crate) largest: Vec<DataObject>,
}

/// A constant, a variable, a text, an embedded file, a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct DataObject {
    /// Where it is loaded, in hex.
    pub address: String,
    /// Bytes in the file.
    pub(crate) bytes: u64,
    /// The section.
    pub(crate) section: String,
    /// What it is.
    pub(crate) kind: binary::Kind,
    /// Its symbol, where the file has one.
    pub(crate) symbol: Option<String>,
    /// Its first bytes, as a string of Go.
    pub(crate) first_bytes: String,
    /// How it is known where it ends.
    pub(crate) how: binary::How,
    /// Whether neither its end nor its owner is inferred.
    pub proven: bool,
    /// Packages whose code or types refer to it.
    pub used_by: Vec<String>,
    /// Pointers to it: where they stand, in hex, and whose they are.
    pub(crate) pointers: Vec<Pointer>,
}

/// A pointer in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Pointer {
    /// Where it stands, in hex.
    pub(crate) address: String,
    /// Whose it is; `shared` or `unowned` where it is no package's alone.
    pub(crate) owner: String,
}

/// Numbers of things.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Counts {
    /// Modules with bytes in the file.
    pub modules: u64,
    /// Packages with bytes in the file.
    pub(crate) packages: u64,
    /// Go functions.
    pub(crate) functions: u64,
    /// Type descriptors.
    pub(crate) types: u64,
    /// Method tables.
    pub(crate) itabs: u64,
}

/// What the program does at run time, as far as its file tells.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct RuntimeContract {
    /// The runtime keeps to the container's CPU limit by itself; `null` off Linux or where unknown.
    pub(crate) container_cpu: Option<bool>,
    /// The rule of GOMAXPROCS, judged: `pass`, `warn` or `skip`.
    pub(crate) status: Status,
    /// The same in a sentence.
    pub(crate) message: String,
    /// What to do about it.
    pub(crate) hint: Option<String>,
    /// go.uber.org/automaxprocs is linked; `null` where that is not known.
    pub(crate) automaxprocs: Option<bool>,
    /// github.com/KimMachineGun/automemlimit is linked; `null` where that is not known.
    pub(crate) automemlimit: Option<bool>,
    /// The profile that the build information names; `null` without one. It proves no effect: Go names an empty one, too.
    #[serde(default)]
    pub(crate) pgo: Option<String>,
    /// GODEBUG defaults other than those of the Go version: held back by the go line, or set.
    pub(crate) godebug: BTreeMap<String, String>,
}

/// What the linker did with the exported methods of types.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct MethodElimination {
    /// Exported methods in type descriptors.
    pub(crate) exported: u64,
    /// Those whose code was removed.
    pub(crate) pruned: u64,
    /// Whether it was on; `null` where there are too few methods to say.
    pub(crate) on: Option<bool>,
}

/// C code in the executable.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cgo {
    /// CGO_ENABLED of the build.
    pub(crate) enabled: Option<bool>,
    /// runtime/cgo is linked; `null` where that is not known.
    pub(crate) linked: Option<bool>,
    /// Packages that call C.
    pub packages: Vec<String>,
    /// Bytes of machine code that is not Go's: what stands in object files, and the alignment behind each.
    pub code: u64,
}

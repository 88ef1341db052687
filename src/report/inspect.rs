//! The anatomy of an executable in, the report of `inspect` out: one value, many renderings.

mod build;

mod objects;

mod name;

mod outline;

mod picture;

mod runtime;

mod view;

use std::borrow::Cow;
use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Tool;
use crate::binary::{self, BuildInfo, Origin, Owners};
use crate::check::Status;

pub use build::{Source, inspection};
pub use name::Name;
pub use objects::objects;
pub use outline::{NEVER_SHOWN, outline};
pub use picture::picture;
pub use view::{By, View};

/// What an executable is made of. Sizes are bytes, unknown is `null`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Inspection<'a> {
    /// The version of this format.
    pub schema_version: u32,
    /// Who wrote it.
    pub tool: Tool,
    /// The file.
    pub file: InspectedFile,
    /// What Go recorded about the build; `null` where it recorded nothing.
    pub build: Option<BuildInfo>,
    /// The text that packages and functions were searched for; the lists hold only what has it.
    pub filter: Option<String>,
    /// How it is known whose the data are: `symbols` of the file, or `references` of its code where it has none.
    pub owners: Owners,
    /// The accounts: every byte of the file, once.
    pub ledger: Ledger,
    /// By role, in a fixed order.
    pub roles: Vec<RoleBytes>,
    /// Every section, in the order of the file.
    pub sections: Vec<NamedSection>,
    /// What the bytes are for; the sum is the file.
    pub kinds: Vec<KindSum>,
    /// The largest first.
    pub modules: Vec<ModuleSize>,
    /// The largest first.
    pub packages: Vec<PackageSize>,
    /// The largest first; all of them unless a number was asked for.
    pub functions: Vec<FunctionSize<'a>>,
    /// What a listing of the largest functions need not have.
    #[serde(skip)]
    pub left_out: LeftOut,
    /// The largest objects of the data of one package, where that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub objects: Option<Objects>,
    /// Bytes that are no package's, the most first.
    pub unowned: Vec<Region>,
    /// What there is of everything.
    pub counts: Counts,
    /// What the program does at run time.
    pub runtime: RuntimeContract,
    /// Whether the linker removed methods that nothing can call; `null` where no types could be read.
    pub methods: Option<MethodElimination>,
    /// C code.
    pub cgo: Cgo,
    /// What could not be read, in sentences.
    pub notes: Vec<String>,
}

/// An executable that was looked at.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct InspectedFile {
    /// As it was named.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 in hex. Only this format has it: tables have the build ID, and do not wait for it.
    #[schemars(with = "String")]
    pub sha256: Option<String>,
    /// The container.
    pub format: binary::Format,
    /// `linux`
    pub goos: Option<String>,
    /// `amd64`
    pub goarch: Option<String>,
    /// The Go version in its build information.
    pub go_version: Option<String>,
    /// Go's build ID.
    pub build_id: Option<String>,
    /// Neither symbol table nor DWARF.
    pub stripped: bool,
    /// What has to be there before it can run; `null` where that is not known or has no meaning.
    #[serde(default)]
    pub linkage: Option<binary::Linkage>,
}

/// `packages + shared + unowned + headers + padding == sum`, and the sum is the size of the file.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Ledger {
    /// Bytes that belong to one package.
    pub packages: u64,
    /// Bytes that several packages use, of one module or of several; no package has them.
    pub shared: u64,
    /// Bytes that belong to no package, by name in `unowned`.
    pub unowned: u64,
    /// File headers and section tables.
    pub headers: u64,
    /// Bytes between sections.
    pub padding: u64,
    /// All of them.
    pub sum: u64,
    /// Bytes in the file that the program has in memory.
    pub loaded: u64,
    /// How many of those belong to a package, or to several together.
    pub loaded_owned: u64,
    /// How many of those are proven: where they end and whose they are was read, none of it inferred.
    pub loaded_proven: u64,
}

/// The sections of one role.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RoleBytes {
    /// `code`, `rodata`, `pclntab`, `types`, `data`, `bss`, `dwarf`, `symbols` or `other`.
    pub role: String,
    /// The sections behind it.
    pub names: Vec<String>,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes in memory.
    pub memory: u64,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct NamedSection {
    /// As the file has it.
    pub name: String,
    /// See [`RoleBytes`].
    pub role: String,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes in memory.
    pub memory: u64,
}

/// Bytes of one kind.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct KindSum {
    /// `code`, `types`, `line-tables`, ...
    pub kind: binary::Kind,
    /// Bytes in the file.
    pub bytes: u64,
    /// How many of them belong to no package.
    pub unowned: u64,
}

/// A module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModuleSize {
    /// The module path; `std` for the standard library, `main` for a main package without a module, `shared` for what packages
    /// of several modules use.
    pub path: String,
    /// The version.
    pub version: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Bytes in the file.
    pub bytes: u64,
    /// How many of them several of its packages use.
    pub shared: u64,
    /// Bytes of code.
    pub code: u64,
    /// Packages with bytes in the file.
    pub packages: u64,
}

/// A package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PackageSize {
    /// The import path.
    pub path: String,
    /// Its module; `null` for the standard library and where build information is missing.
    pub module: Option<String>,
    /// The version of the module.
    pub version: Option<String>,
    /// Where it comes from.
    pub origin: Origin,
    /// Bytes in the file.
    pub bytes: u64,
    /// Bytes of code defined in it.
    pub code: u64,
    /// Bytes of code compiled for it: its own, and the instances of other packages' generics.
    pub paid_for: u64,
    /// Functions defined in it.
    pub functions: u64,
    /// `bytes` by kind, kinds without bytes left out.
    pub kinds: BTreeMap<String, u64>,
}

/// A function. Its names stand in the executable, or else in the anatomy: there may be hundreds of thousands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FunctionSize<'a> {
    /// As the symbol table has it.
    pub name: Name<'a>,
    /// The package that defines it.
    pub package: Option<Cow<'a, str>>,
    /// The package that it was compiled for, where that is another one.
    pub paid_by: Option<Cow<'a, str>>,
    /// Bytes of code, with the alignment after it.
    pub bytes: u64,
    /// Its largest stack frame.
    pub frame: u64,
    /// The line it begins at.
    pub line: u64,
}

/// Functions that are only counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// How many.
    pub functions: usize,
    /// Their bytes of code.
    pub bytes: u64,
}

/// Bytes without a package.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Region {
    /// The section.
    pub section: String,
    /// What they are for.
    pub kind: binary::Kind,
    /// How many they are.
    pub bytes: u64,
}

/// What a package has of the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Objects {
    /// The import path that was asked for; `shared` for what several packages use, `unowned` for what none does.
    pub package: String,
    /// How many there are.
    pub count: u64,
    /// Their bytes in the file.
    pub bytes: u64,
    /// The largest first; as many as were asked for.
    pub largest: Vec<DataObject>,
}

/// A constant, a variable, a text, an embedded file, a type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct DataObject {
    /// Where it is loaded, in hex.
    pub address: String,
    /// Bytes in the file.
    pub bytes: u64,
    /// The section.
    pub section: String,
    /// What it is.
    pub kind: binary::Kind,
    /// Its symbol, where the file has one.
    pub symbol: Option<String>,
    /// Its first bytes, as a string of Go.
    pub first_bytes: String,
    /// How it is known where it ends.
    pub how: binary::How,
    /// Whether neither its end nor its owner is inferred.
    pub proven: bool,
    /// Packages whose code or types refer to it.
    pub used_by: Vec<String>,
    /// Pointers to it: where they stand, in hex, and whose they are.
    pub pointers: Vec<Pointer>,
}

/// A pointer in the data.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Pointer {
    /// Where it stands, in hex.
    pub address: String,
    /// Whose it is; `shared` or `unowned` where it is no package's alone.
    pub owner: String,
}

/// Numbers of things.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct Counts {
    /// Modules with bytes in the file.
    pub modules: u64,
    /// Packages with bytes in the file.
    pub packages: u64,
    /// Go functions.
    pub functions: u64,
    /// Type descriptors.
    pub types: u64,
    /// Method tables.
    pub itabs: u64,
}

/// What the program does at run time, as far as its file tells.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct RuntimeContract {
    /// The runtime keeps to the container's CPU limit by itself; `null` off Linux or where unknown.
    pub container_cpu: Option<bool>,
    /// The rule of GOMAXPROCS, judged: `pass`, `warn` or `skip`.
    pub status: Status,
    /// The same in a sentence.
    pub message: String,
    /// What to do about it.
    pub hint: Option<String>,
    /// go.uber.org/automaxprocs is linked; `null` where that is not known.
    pub automaxprocs: Option<bool>,
    /// github.com/KimMachineGun/automemlimit is linked; `null` where that is not known.
    pub automemlimit: Option<bool>,
    /// The profile that the build information names; `null` without one. It proves no effect: Go names an empty one, too.
    #[serde(default)]
    pub pgo: Option<String>,
    /// GODEBUG defaults other than those of the Go version: held back by the go line, or set.
    pub godebug: BTreeMap<String, String>,
}

/// What the linker did with the exported methods of types.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, JsonSchema)]
pub struct MethodElimination {
    /// Exported methods in type descriptors.
    pub exported: u64,
    /// Those whose code was removed.
    pub pruned: u64,
    /// Whether it was on; `null` where there are too few methods to say.
    pub on: Option<bool>,
}

/// C code in the executable.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Cgo {
    /// CGO_ENABLED of the build.
    pub enabled: Option<bool>,
    /// runtime/cgo is linked; `null` where that is not known.
    pub linked: Option<bool>,
    /// Packages that call C.
    pub packages: Vec<String>,
    /// Bytes of machine code that is not Go's.
    pub code: u64,
}

//! What `why` found, as one value, and the blocks that it is shown as.

mod init;

mod size_since;

use serde::Serialize;

use super::{SCHEMA_VERSION, Tool, Toolchain};

pub use init::{Init, Inits, SymbolBytes};
pub use size_since::Since;

/// Why something is in an executable, and what goes without it. Sizes are bytes of a stripped file.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Reasons {
    /// The version of this format.
    pub(crate) schema_version: u32,
    /// Who wrote it.
    pub(crate) tool: Tool,
    /// The import path of the main package.
    pub(crate) package: String,
    /// Go, and the platform.
    pub(crate) go: Toolchain,
    /// How it is known: `linker`, or `imports` where the linker's elimination could not be run.
    pub(crate) by: By,
    /// Why the elimination could not be run; `null` where it was.
    pub(crate) not_run: Option<String>,
    /// The program; `null` where the elimination was not run.
    pub(crate) program: Option<Program>,
    /// What was asked about; `null` where only cuts were asked for.
    pub(crate) asked: Option<Asked>,
    /// What goes without the cuts; `null` where none was asked for.
    pub(crate) cut: Option<Cut>,
    /// The cuts that free most, the largest first; `null` where they were not asked for.
    pub(crate) biggest: Option<Vec<Biggest>>,
    /// What is done before `main`; `null` where that was not asked.
    pub(crate) inits: Option<Inits>,
    /// Why it is larger or smaller than in another revision; `null` where that was not asked.
    pub(crate) since: Option<Since>,
}

impl Reasons {
    /// Nothing was asked so far.
    pub(crate) fn of(package: &str, go: Toolchain) -> Self {
        Self {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            package: package.to_owned(),
            go,
            by: By::Linker,
            not_run: None,
            program: None,
            asked: None,
            cut: None,
            biggest: None,
            inits: None,
            since: None,
        }
    }
}

/// How an answer is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(crate) enum By {
    /// The linker's own elimination, over the objects.
    Linker,
    /// What packages import: nothing is known of functions and bytes.
    Imports,
}

/// A program as the linker sees it.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Program {
    /// Packages that are loaded.
    pub(crate) packages: u64,
    /// Symbols in their objects.
    pub(crate) symbols: u64,
    /// Symbols that are kept.
    pub(crate) kept: u64,
    /// Bytes of code and data.
    pub(crate) bytes: u64,
    /// Whether every exported method of a type in an interface is kept.
    pub(crate) keeps_every_method: bool,
    /// Whether the linker of the system adds C code, of which no bytes are counted: neither here nor in what goes.
    pub(crate) uncounted_c: bool,
}

/// The answer about one thing.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Asked {
    /// As it was asked.
    pub(crate) name: String,
    /// `package`, `module`, `symbol`, `call` or `dce`.
    pub(crate) kind: String,
    /// Its symbols that are kept.
    pub(crate) symbols: u64,
    /// From the start of the program to it; the first is the shortest.
    pub(crate) chains: Vec<Chain>,
    /// The packages that import it, of a package or a module: those of the main module first.
    pub(crate) imported_by: Vec<String>,
    /// What else has this name; `null` where nothing has.
    pub(crate) also: Option<String>,
    /// Of `dce`: the functions that call methods by names that are not known.
    pub(crate) callers: Vec<Caller>,
    /// What goes without it; `null` where it cannot be left out, as the runtime, or where bytes are not known.
    pub(crate) without: Option<Freed>,
}

/// From the start of a program to something.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Chain {
    /// In order.
    pub(crate) steps: Vec<Step>,
}

/// One step of a chain.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Step {
    /// `start`, `call`, `address`, `init`, `type`, `interface method`, `method by name`, `reflection`, `table`, `export`, `import`.
    pub(crate) kind: String,
    /// The symbol; of imports the package.
    pub(crate) symbol: String,
    /// Its package.
    pub(crate) package: String,
    /// The file of the step before that leads here.
    pub(crate) file: Option<String>,
    /// The line in it.
    pub(crate) line: Option<u32>,
}

/// A function that calls methods by names that are not known.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Caller {
    /// The function.
    pub(crate) symbol: String,
    /// Its package.
    pub(crate) package: String,
    /// Bytes that go when it alone did not; 0 where another does so too.
    pub(crate) alone: u64,
    /// The chain to it.
    pub(crate) chain: Option<Chain>,
}

/// What goes.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Freed {
    /// Bytes in all.
    pub(crate) bytes: u64,
    /// Bytes by which the file becomes smaller, in whole pages; `null` where it is not known at what its segments begin: where
    /// the linker of the system links, and in other formats than ELF.
    pub(crate) file: Option<u64>,
    /// Functions.
    pub(crate) functions: u64,
    /// Bytes by package, the largest first; `package` is empty for tables that packages share.
    pub(crate) packages: Vec<PackageBytes>,
}

/// Bytes of a package.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct PackageBytes {
    /// Its import path.
    pub(crate) package: String,
    /// Bytes.
    pub bytes: u64,
}

/// What goes without some things together.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Cut {
    /// As they were named.
    pub(crate) names: Vec<String>,
    /// What goes.
    pub(crate) freed: Freed,
}

/// One of the cuts that free most.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Biggest {
    /// The package or the module.
    pub(crate) name: String,
    /// `package` or `module`.
    pub(crate) kind: String,
    /// Bytes that go.
    pub(crate) bytes: u64,
    /// Functions that go.
    pub(crate) functions: u64,
    /// Packages of the main module that import it.
    pub(crate) imported_by: Vec<String>,
}

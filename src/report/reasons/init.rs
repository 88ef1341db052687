//! What `why init` found.

use serde::{Deserialize, Serialize};

/// What stays in a program because packages have something to do before `main`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Inits {
    /// Bytes that would go when no package had.
    pub bytes: u64,
    /// Whether a run said how long it takes.
    pub traced: bool,
    /// The package that keeps most first.
    pub list: Vec<Init>,
}

/// What a package does before `main`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Init {
    /// Its import path.
    pub package: String,
    /// Bytes that stay only because of it: code, and data of variables that nothing else uses.
    pub bytes: u64,
    /// Functions that do.
    pub functions: u64,
    /// The largest of what stays; empty for packages that are not listed.
    pub largest: Vec<SymbolBytes>,
    /// How long it took; `null` where it was not run, or took too little to be printed.
    pub microseconds: Option<u64>,
    /// Bytes that it allocated.
    pub allocated: Option<u64>,
    /// How often it allocated.
    pub allocations: Option<u64>,
}

/// A symbol with its size.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct SymbolBytes {
    /// Its name.
    pub symbol: String,
    /// Bytes.
    pub bytes: u64,
}

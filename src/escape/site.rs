//! One place in the source where something escapes.

use serde::Serialize;

use super::class::Class;

/// A place where something escapes. Ordered by package, file, line and column.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, schemars::JsonSchema)]
pub struct Site {
    /// The import path of the package that owns the file.
    pub package: String,
    /// The file as the compiler printed it; empty where it knew none.
    pub file: String,
    /// Counted from 1; 0 where unknown.
    pub line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub column: u32,
    /// What kind of allocation.
    pub class: Class,
    /// The expression or variable, the same for every instantiation of a generic line.
    pub expression: String,
    /// The compiler's own words.
    pub message: String,
    /// The absolute path of the file in its package's directory; `None` for generated code and names from `//line` comments.
    #[serde(skip)]
    pub source: Option<Vec<u8>>,
}

//! The compiler's `-m` diagnostics in, heap escapes out.
//!
//! ```text
//! text of `go list -export -gcflags=PATTERN=-m`
//!   -- parse::line -----> Line        one line: header, diagnostic, or something else
//!   -- parse::meaning --> Meaning     what a diagnostic says: an allocation of a class, or nothing of interest
//!   -- Collector -------> Escapes     each site once, under the package that owns the file
//! ```
//!
//! What a line means was read in `cmd/compile/internal/{escape,ir}`, Go 1.21 to 1.27. No function here fails: text that
//! is not understood is counted and kept as an example.

mod collect;

mod expression;

pub mod flags;

mod hash;

pub mod parse;

mod shape;

mod source;

pub mod summary;

mod wrapper;

pub use collect::Collector;
pub use flags::gcflags;
pub use parse::Class;
pub use source::{Package, Sources};
pub use summary::{Escapes, PackageEscapes};

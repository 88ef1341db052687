//! The compiler's `-m` diagnostics in, heap escapes out.
//!
//! ```text
//! text of `go list -export -gcflags=PATTERN=-m`
//!   -- parse::line -----> Line        one line: header, diagnostic, or something else
//!   -- parse::meaning --> Meaning     what a diagnostic says: an allocation of a class, or nothing of interest
//!   -- Collector -------> Escapes     each site once, under the package that owns the file
//!   -- identify --------> Identity    a name for each site that survives edits
//!   -- recount ---------> Escapes     counted again with what the sources told
//!   -- diff ------------> Diff        what is new, what is gone
//! ```
//!
//! What a line means was read in `cmd/compile/internal/{escape,ir}`, Go 1.21 to 1.27. No function here fails: text that
//! is not understood is counted and kept as an example.

mod class;

mod boxed;

mod expression;

pub mod parse;

pub mod raw;

pub mod remark;

mod shape;

mod hash;

mod names;

pub mod source;

pub mod summary;

pub mod site;

mod wrapper;

pub mod collect;

pub mod function;

pub mod directive;

pub mod call;

mod closure;

pub mod started;

mod file;

pub mod mapped;

pub mod identity;

pub mod added;

pub mod rank;

pub mod refusal;

pub mod flags;

pub use class::Class;
pub(crate) use closure::walk;
pub use collect::Collector;
pub use flags::{diagnostics, gcflags};
pub use function::{Function, functions};
pub(crate) use identity::was_overlooked;
pub use identity::{Diff, IdentifiedSite, Identity, diff, identify, identify_among};
pub use rank::{Group, by_function, by_line, recount};
pub(crate) use remark::{Optimizations, Remark};
pub use site::Site;
pub use source::{Package, Sources};
pub(crate) use started::{Started, started};
pub use summary::{Escapes, PackageEscapes};

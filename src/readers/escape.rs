//! The compiler's `-m` diagnostics in, heap escapes out.
//!
//! ```text
//! text of `go list -export -gcflags=PATTERN=-m`
//!   -- parse::line -----> Line        one line: header, diagnostic, or something else
//!   -- parse::meaning --> Meaning     what a diagnostic says: an allocation of a class, or nothing of interest
//!   -- Collector -------> Escapes     each site once, under the package that owns the file
//!   -- identify --------> Identity    a name for each site that survives edits
//!   -- recount ---------> Escapes     counted again with what the sources show
//!   -- diff ------------> Diff        what is new, what is gone
//! ```
//!
//! What a line means was read in `cmd/compile/internal/{escape,ir}`, Go 1.21 to 1.27. No function here fails: text that
//! is not understood is counted and kept as an example.

mod class;

mod boxed;

mod expression;

pub mod parse;

pub mod raw_line;

pub mod remark;

mod generic_message;

mod hash;

mod declaration_lines;

mod declared_names;

pub mod file_owner;

pub mod class_counts;

pub mod site;

mod without_code;

mod wrapper;

pub mod collect;

pub mod function;

pub mod directive;

pub mod call;

mod closure;

pub mod started;

mod file;

pub mod line_comments;

pub mod identity;

pub mod added;

pub mod ranking_sites;

pub mod not_inlined;

pub mod compiler_flags;

pub use class::Class;
pub use class_counts::{Escapes, PackageEscapes};
pub(crate) use closure::walk;
pub use collect::Collector;
pub use compiler_flags::{diagnostics, gcflags};
pub use expression::is_sum;
pub use file_owner::{Package, Sources};
pub use function::{Function, functions};
pub use identity::was_taken_for_constant;
pub use identity::{Diff, IdentifiedSite, Identity, diff, identify, identify_among};
pub use ranking_sites::{Group, by_function, by_line, recount};
pub use remark::{Optimizations, Remark};
pub use site::Site;
pub use started::{Started, started};
pub use without_code::is_without_code;

//! Charges what the runtime costs in a profile to the user's own lines, and ranks it by what is certain.
//!
//! ```text
//! Profile          -- charge --> Charged    runtime cost by class, charged to the nearest line of the user
//! Charged, sources -- locate --> Line       today's line of a sample that an older program wrote
//! Profile          -- heat ----> Heat       what it allocates, to be joined with the compiler's escapes
//! Line, source     -- shape ---> Shape      the statement and the loops around it
//! Evidence         -- RULES ---> Advice     what to try, when not to, how to verify
//! ```
//!
//! What a runtime function stands for was read in Go's sources and seen in profiles of Go 1.21 to 1.27.

pub mod charge;

pub mod cost_class;

pub mod allocation_heat;

pub mod block_sizes;

pub mod interval;

pub mod rule;

mod rules;

pub mod shape;

pub use allocation_heat::{Heat, Spot, heat};
pub(crate) use block_sizes::{Sizes, block_sizes};
pub use charge::{Charged, Cost, Line, Sum, charge};
pub use cost_class::Class;
pub(crate) use interval::Interval;
pub use rule::{Advice, Evidence, Measure, Memory, Rule, What};
pub use rules::{RULES, find};
pub(crate) use rules::{counts_together, is_made_anew, needs_others};
pub use shape::{Literals, Mend, Shape, Source};

//! Finds out what Go's linker would keep of the objects of a program, and why, without a link.
//!
//! ```text
//! archive -- member --> objects -- resolve --> symbols -- nodes, reach --> what is kept
//!                       C code  -- outside -^
//! ```

mod archives;

mod chain;

mod constants;

mod dense;

mod directives;

mod foreign;

mod init;

mod inline;

mod layout;

mod member;

mod mode;

mod nodes;

mod number_lists;

mod object;

mod outside;

mod percent;

mod program;

mod query;

mod reach;

mod removal;

mod resolve;

mod retained;

mod store;

mod table;

mod weight;

pub use archives::Archives;
pub use chain::{Chain, Step};
pub use init::InitWork;
pub use layout::Bytes;
pub use program::{Program, Read};
pub use query::Meaning;
pub use removal::{Freed, Removal};
pub use retained::{Kept, Retained};

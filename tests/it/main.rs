//! One integration binary: what a user would notice, through the library and the command.

mod binary;

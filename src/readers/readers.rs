//! Reads what Go's tools leave: functions from bytes and text to values. None of them starts a process, writes to the disk or
//! knows of a configuration.
//!
//! | module | what it reads |
//! |---|---|
//! | [`binary`] | executables: sections, functions, packages, the owner of each byte |
//! | [`linker`] | package archives: what the linker would keep, why, and what it costs |
//! | [`escape`] | what the compiler says of heap escapes, and the Go source beside it |
//! | [`profile`] | pprof profiles |
//! | [`error`], [`input`], [`number`] | errors with hints, bounded reads, numbers for people |
//!
//! They are a package of their own because they are what is hot: the compiler optimizes them as a whole, while the rest of the
//! program, three times as large, compiles beside it. `gobuild_opt` has each module under its own name.

pub mod error;

pub mod input;

pub mod number;

pub mod binary;

pub mod linker;

pub mod escape;

pub mod profile;

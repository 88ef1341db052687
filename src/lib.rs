//! gobuild-opt: the production `go build`, and the proof of what it did.
//!
//! A release is one pass through plain data types; each arrow is one function:
//!
//! ```text
//! layers    -- config ---> Config      what the user wants            defaults < preset < file < env < flags
//! Config    -- plan -----> Plan        every command, as data         + Toolchain, Packages (facts from go)
//! Plan      -- build ----> Artifacts   what the commands left         the only stage that changes the disk
//! Artifacts -- analysis -> Analysis    what it says                   binary, escape, profile read it
//! Analysis  -- report ---> Report      what it means                  + checks and budgets: Verdict
//! Report    -- render ---> String      how it looks
//! ```
//!
//! Modules stand in pipeline order and use only modules above them (`tests/it/house.rs` checks it).

pub mod error;

pub mod clock;

pub mod input;

pub mod number;

pub mod quote;

pub mod review;

pub mod config;

pub mod process;

pub mod go;

pub mod binary;

pub mod escape;

pub mod profile;

pub mod lock;

pub mod plan;

pub mod assertion;

pub mod build;

pub mod analysis;

pub mod gate;

pub mod check;

pub mod report;

pub mod render;

pub mod cli;

pub mod command;

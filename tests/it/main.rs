//! One integration binary: what a user would notice, through the library and the command.
#![allow(clippy::unwrap_used)] // Helpers of tests are tests, too.

mod advise;
mod assertions;
mod bad_input;
mod binary;
mod binary_truth;
mod capture;
mod comment;
mod completions;
mod daily;
mod deaths;
mod dropin;
mod escape;
mod escape_diff;
mod escape_lock;
mod faults;
mod formats;
mod fuzz;
mod gates;
mod harness;
mod house;
mod init;
mod inspect;
mod lessons;
mod lock;
mod matrix;

mod owner_truth;
mod pgo;
mod platforms;
mod profile;
mod profile_command;
mod prove;
mod readme;
mod real_go;
mod review;
mod short_report;
mod signals;
mod stand_in;
mod standing;
mod trial;

mod upgrade;

mod usage;
mod why;

//! One integration binary: what a user would notice, through the library and the command.

mod bad_input;
mod binary;
mod binary_truth;
mod escape;
mod faults;
mod formats;
mod harness;
mod house;
mod inspect;
mod profile;
mod real_go;
mod signals;

//! A configuration that comes with a pull request: it runs no program and writes nothing outside, however it is written;
//! and what releases are made with goes through.

mod composed;

mod git;

mod recipes;

mod supplied;

mod vectors;

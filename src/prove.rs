//! Decides from runs of two programs side by side whether one is faster.
//!
//! Pure: what was measured comes as numbers, and the same numbers and seed give the same verdict. The unit is the pair:
//! one run of each program, one right after the other, in balanced random order. What counts is the logarithm of their
//! quotient.
//!
//! [`signed_rank`] tests and estimates. [`looks`] says when the pairs are looked at and how sure each look has to be.
//! [`layout_effect`] says what several layouts of the code leave of a difference. [`decide`] joins them with the floor,
//! which two runs of the same program give.

pub mod bootstrap;

pub mod decide;

pub mod layout_effect;

pub mod looks;

pub mod run_order;

pub mod random;

pub mod signed_rank;

pub mod run;

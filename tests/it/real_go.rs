//! Programs built by real toolchains, old and new: what the report says is held against what other
//! tools say about the same files.

mod c_code;

mod drop_in;

mod examples;

mod facts;

mod gomaxprocs;

mod lists;

mod modes;

mod stamps;

mod unknown;

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::harness::Place;
use crate::harness::toolchains::{self, Toolchain};

/// Builds on a cold cache go one after another: each uses every processor.
fn turn() -> MutexGuard<'static, ()> {
    static TURN: Mutex<()> = Mutex::new(());
    TURN.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A module of two packages, built by `toolchain`.
fn program(toolchain: &Toolchain) -> Place {
    let mut place = Place::empty();
    place.write("go.mod", "module example.com/tiny\n\ngo 1.21\n");
    place.write("main.go", include_str!("../data/program/main.go.txt"));
    place.write(
        "greet/greet.go",
        include_str!("../data/program/greet.go.txt"),
    );
    if let Some(bin) = &toolchain.bin {
        place.path_first(bin);
    }
    place
}

/// A test for each toolchain: what cannot be had is skipped by name.
macro_rules! on_every_toolchain {
    ($($test:ident),+ $(,)?) => {
        mod go_1_21 { $(#[test] fn $test() { super::on("1.21.13", super::$test); })+ }
        mod go_1_24 { $(#[test] fn $test() { super::on("1.24.11", super::$test); })+ }
        mod go_1_27 { $(#[test] fn $test() { super::on("1.27.3", super::$test); })+ }
        mod go_in_path { $(#[test] fn $test() { super::on("PATH", super::$test); })+ }
    };
}
pub(crate) use on_every_toolchain;

/// Runs a test with a toolchain, one after another: each build on a cold cache uses every processor.
pub fn on(name: &str, test: fn(&Toolchain)) {
    let toolchain = match name {
        "PATH" => Some(toolchains::in_path()),
        version => toolchains::released(version),
    };
    if let Some(toolchain) = toolchain {
        let _turn = turn();
        test(&toolchain);
    }
}

#[test]
fn not_every_released_toolchain_is_absent() {
    let found = toolchains::RELEASED
        .iter()
        .filter_map(|it| toolchains::released(it));
    assert!(
        found.count() > 0,
        "none of Go {:?} can be had",
        toolchains::RELEASED
    );
}

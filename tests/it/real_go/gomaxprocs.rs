//! Who keeps to the CPU limit of a container: by toolchain, go line and settings, read from the
//! finished binary.

mod setters;

use super::{on, on_every_toolchain, program};
use crate::harness::Place;
use crate::harness::toolchains::Toolchain;

on_every_toolchain!(the_go_line_decides, a_setting_decides);

const QUICK: &str = "--baseline off --escapes off";

/// `container_cpu` and the status of the check.
fn judged(place: &Place) -> (bool, String) {
    let report = place.release(QUICK);
    let target = &report["targets"][0];
    let checks = target["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == "gomaxprocs").unwrap();
    let status = check["status"].as_str().unwrap().to_owned();
    // The check's own source: what the linker wrote into the binary.
    let info = place.tool("go", &["version", "-m", "tiny"]);
    let on = target["runtime"]["container_cpu"].as_bool().unwrap();
    assert!(!(on && info.contains("containermaxprocs=0")), "{info}");
    (on, status)
}

fn the_go_line_decides(toolchain: &Toolchain) {
    let place = program(toolchain);
    for line in [21, 24, 25] {
        place.write(
            "go.mod",
            format!("module example.com/tiny\n\ngo 1.{line}\n"),
        );
        if (1, line) > toolchain.minor {
            let run = place.run("release");
            assert_eq!(run.code(), 3);
            let words = format!("requires go >= 1.{line}");
            assert!(run.stderr.contains(&words), "{}", run.shown());
            continue;
        }
        let on = toolchain.minor >= (1, 25) && line >= 25;
        let status = if on { "pass" } else { "warn" };
        assert_eq!(judged(&place), (on, status.into()), "go 1.{line}");
    }
}

fn a_setting_decides(toolchain: &Toolchain) {
    if toolchain.minor < (1, 25) {
        return;
    }
    let place = program(toolchain);
    let main = place.text("main.go");
    for (line, gomod, comment, on) in [
        ("1.21", "godebug default=go1.25", "", true),
        ("1.25", "godebug containermaxprocs=0", "", false),
        ("1.24", "", "//go:debug containermaxprocs=1\n", true),
        ("1.25", "", "//go:debug containermaxprocs=0\n", false),
    ] {
        place.write(
            "go.mod",
            format!("module example.com/tiny\n\ngo {line}\n\n{gomod}\n"),
        );
        place.write("main.go", format!("{comment}{main}"));
        assert_eq!(judged(&place).0, on, "go {line}, {gomod}{comment}");
    }
}

//! The examples are the README's promise: they build as they stand.

use std::path::{Path, PathBuf};

use serde_json::Value;

use super::turn;
use crate::harness::{PROGRAM, Place};

fn example(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("examples")
        .join(name)
}

/// Runs `release` there; the outputs go to `dist` in `place`.
fn release(place: &Place, name: &str) -> Value {
    let _turn = turn();
    let mut command = place.command(PROGRAM);
    command.args(["release", "--format", "json", "--out-dir"]);
    let done = command
        .arg(place.path("dist"))
        .current_dir(example(name))
        .output()
        .unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(0), "{stderr}");
    serde_json::from_slice(&done.stdout).unwrap()
}

#[test]
fn the_command_line_tools() {
    let place = Place::empty();
    let report = release(&place, "cli");
    assert_eq!(report["verdict"]["pass"], true);
    let mut files = vec!["dist/SHA256SUMS".to_owned()];
    for command in ["logmerge", "logstat"] {
        for platform in ["linux-amd64", "linux-arm64", "windows-amd64.exe"] {
            files.push(format!("dist/{command}-{platform}"));
        }
    }
    assert_eq!(place.files(), files.join("\n"));
    let usage = place
        .command(place.path("dist/logstat-linux-amd64"))
        .arg("-h")
        .output();
    let usage = usage.unwrap();
    let said = [usage.stdout, usage.stderr].concat();
    assert!(String::from_utf8_lossy(&said).contains("logstat"));
}

#[test]
fn the_service_and_its_profile() {
    let place = Place::empty();
    let report = release(&place, "service");
    assert_eq!(place.files(), "dist/SHA256SUMS\ndist/api");
    let target = &report["targets"][0];
    let profile = example("service/cmd/api/default.pgo");
    assert_eq!(target["pgo"]["applied"], true);
    let digest = place.tool("sha256sum", &[profile.to_str().unwrap()]);
    assert_eq!(target["pgo"]["sha256"].as_str(), digest.split(' ').next());
    assert!(target["pgo"]["samples"].as_u64().unwrap() > 100);
    let info = place.tool("go", &["version", "-m", "dist/api"]);
    assert!(info.contains("build\t-pgo=default.pgo\n"), "{info}");
    assert!(target["escapes"]["sites"].as_u64().unwrap() > 100);
    let said = place
        .command(place.path("dist/api"))
        .arg("-version")
        .output()
        .unwrap();
    assert!(said.status.success(), "{said:?}");
}

//! Odd places to put an artifact: full disks, links, pipes, directories with special bits.

use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use super::{old, prepared, spawn};
use crate::harness::{Place, executable};

fn release(place: &Place, line: &str) -> crate::harness::Run {
    let run = place.run_in("w", &format!("release --quiet {line}"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    run
}

#[test]
fn a_full_disk_keeps_the_old_artifact() {
    let place = Place::module();
    let disk = place.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=3m", "tmpfs"])
        .arg(&disk)
        .output();
    if !mounted.is_ok_and(|it| it.status.success()) {
        crate::harness::skipped("a full disk is not tested: mounting a tmpfs is not allowed here");
        return;
    }
    let _unmount = Unmount(&disk);
    // The old one leaves no room for another.
    let mut fat = executable().to_vec();
    fat.resize(2_400_000, 7);
    place.write("disk/app", &fat);
    let run = place.run("release -o disk/app");
    assert_eq!(run.code(), 4, "{}", run.shown());
    let place_of = format!(
        "the disk is full: the file system at `{}` has ",
        disk.display()
    );
    for words in ["no space left on device", &place_of, "free of 3.00 MiB"] {
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
    assert_eq!(place.read("disk/app"), fat);
    let left: Vec<_> = std::fs::read_dir(&disk)
        .unwrap()
        .flatten()
        .map(|it| it.file_name())
        .collect();
    assert_eq!(left, ["app"]);
}

struct Unmount<'a>(&'a Path);

impl Drop for Unmount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(self.0).status();
    }
}

#[test]
fn a_damaged_artifact_is_healed() {
    let place = Place::module();
    let whole = place.release("-o app")["targets"][0]["artifact"]["sha256"].clone();
    let good = place.read("app");
    let heals = || {
        assert_eq!(
            place.release("-o app")["targets"][0]["artifact"]["sha256"],
            whole
        );
        assert_eq!(place.read("app"), good);
    };
    let mut flipped = good.clone();
    let middle = flipped.len() / 2;
    flipped[middle..middle + 10_000].fill(0xcc);
    for damaged in [&good[..good.len() / 3], &flipped, b""] {
        std::fs::write(place.path("app"), damaged).unwrap();
        heals();
    }
    for at in [middle, good.len() - 1] {
        place.flip("app", at);
        assert_ne!(place.read("app"), good);
        heals();
    }
}

#[test]
fn temporary_files_on_another_file_system_do_not_matter() {
    let (mut place, _) = prepared();
    let elsewhere = tempfile::tempdir_in("/dev/shm").unwrap();
    place.env("TMPDIR", elsewhere.path());
    place.write("w/out/app", old());
    let before = place.path("w/out/app").metadata().unwrap().ino();
    release(&place, "-o out/app");
    assert_eq!(place.read("w/out/app"), executable());
    assert_ne!(
        place.path("w/out/app").metadata().unwrap().ino(),
        before,
        "renamed, not written over"
    );
    assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
}

#[test]
fn a_setgid_directory_is_like_any_other() {
    let (place, _) = prepared();
    place.write("w/out/app", old());
    std::fs::set_permissions(place.path("w/out"), PermissionsExt::from_mode(0o2775)).unwrap();
    release(&place, "-o out/app");
    assert_eq!(place.read("w/out/app"), executable());
}

/// As `go build` does: what is made in it gets its group.
#[test]
fn a_setgid_directory_hands_down_its_group() {
    const GROUP: u32 = 4321;
    let (place, _) = prepared();
    let out = place.path("w/out");
    std::fs::create_dir(&out).unwrap();
    if std::os::unix::fs::chown(&out, None, Some(GROUP)).is_err() {
        return crate::harness::skipped("the group of a directory: only root gives any");
    }
    std::fs::set_permissions(&out, PermissionsExt::from_mode(0o2775)).unwrap();
    release(&place, "-o out/app --report out/report.json");
    release(&place, "--out-dir out --report out/other.json");
    for name in ["app", "report.json", "tiny", "SHA256SUMS", "other.json"] {
        let about = out.join(name).metadata().unwrap();
        assert_eq!(about.gid(), GROUP, "{name}");
        assert_eq!(about.mode() & 0o7000, 0, "{name}");
    }
    assert_eq!(place.read("w/out/app"), executable());
}

#[test]
fn another_name_of_the_old_artifact_keeps_it() {
    let (place, _) = prepared();
    place.write("w/out/app", old());
    std::fs::hard_link(place.path("w/out/app"), place.path("w/kept")).unwrap();
    release(&place, "-o out/app");
    assert_eq!(place.read("w/out/app"), executable());
    assert_eq!(place.read("w/kept"), old());
}

#[test]
fn a_link_inside_the_directory_is_followed_and_stays() {
    let (place, _) = prepared();
    place.write("w/out/app-1", old());
    std::os::unix::fs::symlink("app-1", place.path("w/out/app")).unwrap();
    release(&place, "-o out/app");
    assert!(place.path("w/out/app").is_symlink());
    assert_eq!(place.read("w/out/app-1"), executable());
}

#[test]
fn a_dangling_link_does_not_create_its_victim() {
    let (place, _) = prepared();
    place.write("w/out/x", old());
    std::os::unix::fs::symlink(place.path("victim"), place.path("w/out/app")).unwrap();
    let run = place.run_in("w", "release -o out/app");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!place.path("victim").exists());
}

#[test]
fn a_pipe_is_written_and_not_replaced() {
    let (place, _) = prepared();
    let pipe = place.path("w/pipe");
    place.tool("mkfifo", &[pipe.to_str().unwrap()]);
    let mut child = spawn(&place, &["release", "--quiet", "-o", "pipe"]);
    assert_eq!(std::fs::read(&pipe).unwrap(), executable());
    assert!(child.wait().unwrap().success());
    assert!(!pipe.metadata().unwrap().is_file());
}

#[test]
fn the_null_device_survives() {
    let (place, _) = prepared();
    for device in ["/dev/null", "/dev/zero"] {
        release(&place, &format!("-o {device}"));
        assert!(!Path::new(device).metadata().unwrap().is_file());
    }
}

#[test]
fn a_clean_repository_stays_clean_for_every_target() {
    let place = Place::module();
    let config = "[build]\nout-dir = \"dist\"\nbuildvcs = \"true\"\n\
        [[target]]\nos = \"linux\"\narch = \"amd64\"\n[[target]]\nos = \"linux\"\narch = \"arm64\"\n";
    place.write("gobuild-opt.toml", config);
    place.tool("git", &["init", "--quiet", "."]);
    let canary = place.path("canary");
    place.tool("git", &["add", "."]);
    place.tool(
        "git",
        &[
            "-c",
            "user.name=t",
            "-c",
            "user.email=t@example.com",
            "commit",
            "--quiet",
            "-m",
            "all",
        ],
    );
    for _ in 0..2 {
        place.release("");
        for name in ["tiny-linux-amd64", "tiny-linux-arm64"] {
            let info = place.tool("go", &["version", "-m", &format!("dist/{name}")]);
            assert!(info.contains("vcs.modified=false"), "{info}");
        }
    }
    assert_eq!(place.tool("git", &["status", "--porcelain"]), "");
    // Our own git calls do not run what a repository asks for.
    place.write(
        "fsmonitor",
        format!("#!/bin/sh\ntouch {}\n", canary.display()),
    );
    std::fs::set_permissions(place.path("fsmonitor"), PermissionsExt::from_mode(0o755)).unwrap();
    place.tool(
        "git",
        &[
            "config",
            "core.fsmonitor",
            place.path("fsmonitor").to_str().unwrap(),
        ],
    );
    place.write(
        "main.go",
        "package main\n\nvar version string\n\nfunc main() { println(version) }\n",
    );
    place.release("--set build.buildvcs=false --set build.ldflags=-X=main.version={git.describe}");
    assert!(!canary.exists(), "git ran the fsmonitor of the repository");
}

#[test]
fn a_directory_that_is_gone_still_has_a_version() {
    let place = Place::fake("");
    std::fs::create_dir(place.path("gone")).unwrap();
    let run = |line: &str| {
        let script = format!("rmdir ../gone && exec \"$0\" {line}");
        std::fs::create_dir_all(place.path("gone")).unwrap();
        let mut command = place.command("sh");
        command.args(["-c", &script, crate::harness::PROGRAM]);
        command.current_dir(place.path("gone")).output().unwrap()
    };
    for line in [
        "--version",
        "--help",
        "presets",
        "explain stamps",
        "completions bash",
        "schema report",
    ] {
        let done = run(line);
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(0), "{line}: {stderr}");
        assert!(!done.stdout.is_empty(), "{line}");
    }
    for line in ["release", "inspect tiny", "doctor"] {
        let done = run(line);
        let stderr = String::from_utf8_lossy(&done.stderr);
        assert_eq!(done.status.code(), Some(4), "{line}: {stderr}");
        assert!(
            stderr.starts_with("error: the working directory is gone"),
            "{stderr}"
        );
    }
}

#[test]
fn a_variable_that_is_near_no_key_is_somebody_elses() {
    let mut place = Place::fake("");
    place.env("GOBUILD_OPT_VERSION", "1.2.3");
    let run = place.run("doctor");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let warning = "warning: the environment variable `GOBUILD_OPT_VERSION` sets no known key, and is ignored\n";
    assert_eq!(run.stderr, warning);
    place.env("GOBUILD_OPT_BUILD_STRPI", "all");
    let run = place.run("doctor");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("did you mean `GOBUILD_OPT_BUILD_STRIP`?"),
        "{}",
        run.shown()
    );
}

#[test]
fn what_looks_like_an_item_of_the_lock_is_no_package() {
    let place = Place::fake("");
    let run = place.run("accept lock-cgo:net --reason why");
    assert_eq!(run.code(), 2, "{}", run.shown());
    insta::assert_snapshot!(run.stderr.trim_end(), @r"
    error: `lock-cgo:net` is neither an item of the lock nor a package
    hint: did you mean `cgo:net`?
    ");
    assert_eq!(place.fake_log(), "");
}

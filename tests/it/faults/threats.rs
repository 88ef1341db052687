//! What comes with a repository and may be somebody else's: configuration, tags, git settings. And bytes that
//! are no text.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::harness::{PROGRAM, Place};

/// Each would run a program, load code or leave the project. Go is not even asked for its version.
#[test]
fn a_configuration_runs_nothing_unless_it_is_trusted() {
    const VECTORS: &[(&str, &str)] = &[
        ("go = \"./canary\"", "go"),
        ("[build]\nflags = [\"-toolexec=./canary\"]", "build.flags"),
        ("[build]\nflags = [\"-overlay=o.json\"]", "build.flags"),
        ("[build]\nflags = [\"-modfile=/tmp/go.mod\"]", "build.flags"),
        ("[build]\nldflags = [\"-extld=./canary\"]", "build.ldflags"),
        (
            "[build]\nldflags = [\"-extldflags=-fplugin=x.so\"]",
            "build.ldflags",
        ),
        (
            "[build]\ngcflags = [\"all=-cpuprofile=x\"]",
            "build.gcflags",
        ),
        ("[build.env]\nCC = \"./canary\"", "build.env.CC"),
        (
            "[build.env]\nGOFLAGS = \"-toolexec=./canary\"",
            "build.env.GOFLAGS",
        ),
        (
            "[build.env]\nGOCACHEPROG = \"./canary\"",
            "build.env.GOCACHEPROG",
        ),
        (
            "[build.env]\nGOTOOLCHAIN = \"go1.99\"",
            "build.env.GOTOOLCHAIN",
        ),
        (
            "[build.env]\nGIT_SSH_COMMAND = \"./canary\"",
            "build.env.GIT_SSH_COMMAND",
        ),
        ("[build]\nout-dir = \"../elsewhere\"", "build.out-dir"),
        (
            "[[target]]\nos = \"linux\"\nenv = { CC = \"./canary\" }",
            "target.env.CC",
        ),
    ];
    let place = Place::fake("");
    for (text, key) in VECTORS {
        place.write("gobuild-opt.toml", text);
        for command in ["release", "plan", "doctor", "escape"] {
            let run = place.run(command);
            assert_eq!(run.code(), 2, "{text}\n{}", run.shown());
            let named = format!("`gobuild-opt.toml` sets `{key}`");
            assert!(run.stderr.contains(&named), "{}", run.shown());
            assert!(run.stderr.contains("gobuild-opt.toml:"), "{}", run.shown());
            assert!(run.stderr.contains("--trust-config"), "{}", run.shown());
        }
    }
    assert_eq!(place.fake_log(), "");
}

/// A repository with one commit and that tag.
fn tagged(tag: &str) -> Place {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nvar version = \"dev\"\n\nfunc main() { println(version) }\n",
    );
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={git.describe}\"]\n",
    );
    place.tool("git", &["init", "--quiet", "."]);
    place.tool("git", &["add", "."]);
    let who = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
    place.tool(
        "git",
        &[&who[..], &["commit", "--quiet", "-m", "all"]].concat(),
    );
    place.tool("git", &[&who[..], &["tag", tag]].concat());
    place
}

const LEAN: &str = "release --quiet --baseline off --escapes off";

#[test]
fn the_name_of_a_tag_is_a_value_and_nothing_else() {
    for tag in [
        "v1'-extld=x'",
        "v1\"-s",
        "v1=-X=main.version=2",
        "v1$(id)`id`",
        "v1;{date}",
        "v1'and\"both",
    ] {
        let place = tagged(tag);
        let run = place.run(LEAN);
        assert_eq!(run.code(), 0, "{tag}: {}", run.shown());
        let output = place.command(place.path("tiny")).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&output.stderr).trim_end(), tag);
    }
    // Go's quoting has no way to say this.
    let mut place = tagged("v1");
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={env.V}\"]\n",
    );
    place.env("V", "it's \"x\"");
    let run = place.run(&format!("{LEAN} --allow-env V"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!place.path("tiny").exists());
}

/// A directory with everything of PATH but git.
fn without_git(place: &mut Place) {
    let bin = place.aside("bin");
    std::fs::create_dir(&bin).unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let go =
        std::env::split_paths(&path).find_map(|it| Some(it.join("go")).filter(|it| it.is_file()));
    let go = go.unwrap().canonicalize().unwrap();
    std::os::unix::fs::symlink(go, bin.join("go")).unwrap();
    place.env("PATH", &bin);
}

#[test]
fn a_version_is_not_left_out_because_there_is_no_git() {
    let mut place = tagged("v1");
    without_git(&mut place);
    let run = place.run(LEAN);
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("{git.describe}"), "{}", run.shown());
    std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
    let run = place.run(&format!("{LEAN} -buildvcs=true"));
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(run.stderr.contains("git"), "{}", run.shown());
    assert!(!place.path("tiny").exists());
    // Go says nothing of the stamp that it leaves out.
    let said = "there is no git in PATH for go to ask";
    for (line, expected) in [
        ("release --baseline off --escapes off", true),
        ("doctor", true),
        ("doctor -buildvcs=false", false),
        ("doctor --set build.buildvcs=false", false),
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), 0, "{}", run.shown());
        let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(text.contains(said), expected, "{line}: {}", run.shown());
    }
    let info = place.tool("go", &["version", "-m", "tiny"]);
    assert!(!info.contains("vcs.revision"), "{info}");
    std::fs::remove_dir_all(place.path(".git")).unwrap();
    assert!(!place.run("doctor").stdout.contains("no stamp"));
}

/// What runs a program when git does: hooks, the file system monitor, filters of attributes.
#[test]
fn our_git_runs_nothing_of_the_repository() {
    let place = tagged("v1");
    let canary = place.aside("canary");
    let script = format!("#!/bin/sh\necho \"$0\" >> {}\n", canary.display());
    let program = |path: &Path| {
        std::fs::write(path, &script).unwrap();
        std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
    };
    let hooks = place.aside("hooks");
    std::fs::create_dir(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "post-checkout",
        "reference-transaction",
        "pre-commit",
    ] {
        program(&hooks.join(hook));
    }
    let monitor = place.aside("monitor");
    program(&monitor);
    let text = |path: &PathBuf| path.to_str().unwrap().to_owned();
    place.tool("git", &["config", "core.fsmonitor", &text(&monitor)]);
    place.tool("git", &["config", "core.hooksPath", &text(&hooks)]);
    // The index is out of date, which git would put right.
    place.write("main.go", place.text("main.go"));
    let run = place.run(&format!("{LEAN} -buildvcs=false"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let ran = std::fs::read_to_string(&canary).unwrap_or_default();
    assert_eq!(ran, "");
    // The canary sings when git is left to itself.
    place.tool("git", &["status"]);
    assert!(canary.exists());
}

fn odd(text: &str) -> OsString {
    OsStr::from_bytes(&[text.as_bytes(), b"\xff\xe9"].concat()).to_owned()
}

/// Paths go through byte for byte: outputs, -C, the profile, and files that go is to compile.
#[test]
fn paths_that_are_no_text_stay_as_they_are() {
    let place = Place::module();
    let below = place.dir().join(odd("there"));
    std::fs::create_dir(&below).unwrap();
    for name in ["go.mod", "main.go"] {
        std::fs::rename(place.path(name), below.join(name)).unwrap();
    }
    let mut source = odd("main");
    source.push(".go");
    // Only where it is named.
    let main = format!("//go:build ignore\n\n{}", crate::harness::MAIN);
    std::fs::write(below.join(&source), main).unwrap();
    let release = |args: &[&OsStr]| {
        let mut command = place.command(PROGRAM);
        command.args([
            "release",
            "--quiet",
            "--baseline",
            "off",
            "--escapes",
            "off",
        ]);
        let done = command.args(args).output().unwrap();
        let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
        assert_eq!(done.status.code(), Some(0), "{args:?}: {stderr}");
    };
    let word = OsStr::new;
    release(&[word("-C"), &odd("there"), word("-o"), &odd("out")]);
    assert!(below.join(odd("out")).is_file());
    let mut directory = OsString::from("-o=");
    directory.push(odd("new"));
    directory.push("/");
    release(&[word("-C"), &odd("there"), &directory]);
    assert!(below.join(odd("new")).join("tiny").is_file());
    release(&[
        word("-C"),
        &odd("there"),
        word("-o"),
        word("one"),
        word("--"),
        &source,
    ]);
    assert!(below.join("one").is_file());
    let mut names: Vec<OsString> = std::fs::read_dir(&below)
        .unwrap()
        .map(|it| it.unwrap().file_name())
        .collect();
    names.sort();
    let mut expected = vec![word("go.mod").into(), odd("new"), word("main.go").into()];
    expected.extend([source, word("one").into(), odd("out")]);
    expected.sort();
    assert_eq!(names, expected);
}

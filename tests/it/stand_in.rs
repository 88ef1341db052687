//! In place of go: what is handed over, to which go, and what a build says.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Output;

use crate::harness::{PROGRAM, Place, executable};

/// A script as a program, in a directory of its own.
fn script(place: &Place, directory: &str, text: &str) -> PathBuf {
    place.write(&format!("{directory}/go"), format!("#!/bin/sh\n{text}\n"));
    let path = place.path(directory);
    std::fs::set_permissions(path.join("go"), PermissionsExt::from_mode(0o755)).unwrap();
    path
}

/// What is called go at the end: prints its arguments, each with a line end, and ends with 7.
const REAL: &str = "printf 'real\\n'; for it in \"$@\"; do printf '%s\\n' \"$it\"; done; exit 7";

fn link(place: &Place, directory: &str) -> PathBuf {
    let path = place.path(directory);
    std::fs::create_dir_all(&path).unwrap();
    symlink(PROGRAM, path.join("go")).unwrap();
    path
}

fn call(place: &Place, program: &OsStr, args: &[OsString], path: &[&Path]) -> Output {
    let mut path: Vec<PathBuf> = path.iter().map(|it| it.to_path_buf()).collect();
    path.extend(["/usr/bin".into(), "/bin".into()]);
    place
        .command(program)
        .args(args)
        .env("PATH", std::env::join_paths(path).unwrap())
        .output()
        .unwrap()
}

fn words(line: &str) -> Vec<OsString> {
    line.split_whitespace().map(OsString::from).collect()
}

#[test]
fn everything_but_a_build_goes_to_go_as_it_came() {
    let place = Place::empty();
    let real = script(&place, "real", REAL);
    let ours = link(&place, "ours");
    let path = [ours.as_path(), real.as_path()];
    let mut odd = words("test -run");
    odd.push(OsString::from_vec(b"a b\xff'\"".to_vec()));
    odd.push(OsString::new());
    for args in [
        words("version"),
        words("env -json GOPATH"),
        words("nosuch --quiet -q --format json"),
        words("tool gobuild-opt go build"),
        words("-C x build"),
        words("help build"),
        words("build -h"),
        vec![],
        odd,
    ] {
        let mut expected = b"real\n".to_vec();
        for it in &args {
            expected.extend(it.as_bytes());
            expected.push(b'\n');
        }
        let mut behind = words("go");
        behind.extend(args.iter().cloned());
        for (program, args) in [
            (ours.join("go").into_os_string(), &args),
            (PROGRAM.into(), &behind),
        ] {
            let output = call(&place, &program, args, &path);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert_eq!(output.status.code(), Some(7), "{args:?}: {said}");
            assert_eq!(output.stdout, expected, "{args:?}");
            assert_eq!(said, "");
        }
    }
    // `make GO=gobuild-opt`: the commands that only go has. `build -h` is go's usage, our own is `release --help`.
    for line in ["vet ./...", "mod tidy", "list -m all", "build --help"] {
        let output = call(&place, PROGRAM.as_ref(), &words(line), &path);
        assert_eq!(output.status.code(), Some(7), "{line}");
    }
    // Our own commands stay ours.
    let output = call(&place, PROGRAM.as_ref(), &words("presets"), &path);
    assert_eq!(output.status.code(), Some(0));
}

/// However we come to be called go, and however many times: the go behind us answers, once.
#[test]
fn no_way_of_being_called_go_leads_in_a_circle() {
    let place = Place::empty();
    let real = script(&place, "real", REAL);
    let copy = place.path("copy");
    std::fs::create_dir(&copy).unwrap();
    std::fs::copy(PROGRAM, copy.join("go")).unwrap();
    let hard = place.path("hard");
    std::fs::create_dir(&hard).unwrap();
    std::fs::hard_link(copy.join("go"), hard.join("go")).unwrap();
    let ways = [
        link(&place, "link"),
        link(&place, "link2"),
        copy.clone(),
        hard,
        script(&place, "exec", &format!("exec '{PROGRAM}' go \"$@\"")),
        script(&place, "fork", &format!("'{PROGRAM}' go \"$@\"")),
        script(
            &place,
            "deep",
            &format!("sh -c '\"$0\" go \"$@\"; exit $?' '{PROGRAM}' \"$@\""),
        ),
        script(
            &place,
            "copied",
            &format!("exec '{}/go' \"$@\"", copy.display()),
        ),
    ];
    let answer = |path: &[&Path], program: &OsStr, args: &str| {
        let output = call(&place, program, &words(args), path);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
            said,
        )
    };
    let expected = (Some(7), "real\nversion\n".to_owned(), String::new());
    for way in &ways {
        let path = [way.as_path(), real.as_path()];
        if !way.ends_with("deep") {
            assert_eq!(
                answer(&path, way.join("go").as_os_str(), "version"),
                expected,
                "{}",
                way.display()
            );
            assert_eq!(
                answer(&path, PROGRAM.as_ref(), "go version"),
                expected,
                "{}",
                way.display()
            );
        }
        // Without a go behind it: an error, at once.
        let (code, _, said) = answer(&[way], way.join("go").as_os_str(), "version");
        assert_eq!(code, Some(127), "{}: {said}", way.display());
        assert!(said.contains("no `go` command"), "{said}");
    }
    let mut all: Vec<&Path> = ways
        .iter()
        .map(PathBuf::as_path)
        .filter(|it| !it.ends_with("deep"))
        .collect();
    all.push(&real);
    assert_eq!(
        answer(&all, all[0].join("go").as_os_str(), "version"),
        expected
    );
    all.reverse();
    assert_eq!(answer(&all, PROGRAM.as_ref(), "go version"), expected);
}

/// A place where go is the stand-in of the tests and we are in front of it under its name.
fn in_front(script: &str) -> Place {
    let mut place = Place::fake(script);
    place.env("GOTOOLCHAIN", "local");
    std::fs::write(place.aside("good"), executable()).unwrap();
    let front = place.aside("front");
    std::fs::create_dir(&front).unwrap();
    symlink(PROGRAM, front.join("go")).unwrap();
    place.path_first(&front);
    place
}

fn good(place: &Place) -> String {
    format!("build: output copy {}", place.aside("good").display())
}

fn as_go(place: &Place, line: &str) -> (Option<i32>, String, String) {
    let link = place.aside("front").join("go");
    let output = place.command(link).args(words(line)).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn a_build_is_a_release_that_says_nothing() {
    let mut place = in_front("");
    place.fake_go(&good(&place));
    place.path_first(&place.aside("front"));
    assert_eq!(
        as_go(&place, "build -o x ."),
        (Some(0), String::new(), String::new())
    );
    assert!(place.fake_log().contains("-s -w"), "{}", place.fake_log());
    assert_eq!(place.files(), "go.mod\nmain.go\nx");
    // The report, where somebody reads it.
    place.env("GITHUB_STEP_SUMMARY", place.path("summary"));
    place.env("GOBUILD_OPT_REPORT", "r-{name}-{os}-{arch}.json:r.md");
    assert_eq!(
        as_go(&place, "build -o x ."),
        (Some(0), String::new(), String::new())
    );
    assert_eq!(
        place.files(),
        "go.mod\nmain.go\nr-tiny-linux-amd64.json\nr.md\nsummary\nx"
    );
    assert!(
        place.text("summary").contains("## gobuild-opt: pass"),
        "{}",
        place.text("summary")
    );
}

#[test]
fn a_configuration_decides_about_flags_and_gates_and_not_about_packages() {
    let mut place = in_front("");
    place.fake_go(&good(&place));
    place.path_first(&place.aside("front"));
    place.write(
        "gobuild-opt.toml",
        "[build]\npackages = [\"./nowhere\"]\nout-dir = \"dist\"\ntags = [\"one\"]\n\n[[target]]\nos = \"plan9\"\narch = \"arm\"\n\n[budget]\nsize = \"1 KiB\"\n",
    );
    let (code, stdout, stderr) = as_go(&place, "build -o x .");
    assert_eq!((code, stdout.as_str()), (Some(1), ""), "{stderr}");
    assert!(stderr.starts_with("FAIL  size tiny "), "{stderr}");
    assert!(place.path("x").exists() && !place.path("dist").exists());
    assert!(
        place.fake_log().contains("-tags=one"),
        "{}",
        place.fake_log()
    );
    place.write("gobuild-opt.toml", "[build]\nstrap = 1\n");
    let (code, _, stderr) = as_go(&place, "build -o y .");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("unknown key") && !place.path("y").exists(),
        "{stderr}"
    );
}

#[test]
fn the_words_and_the_exit_code_of_go_come_through() {
    let mut place = in_front("");
    place
        .fake_go("build: stderr # example.com/tiny\nbuild: stderr ./main.go:1: odd\nbuild: exit 1");
    place.path_first(&place.aside("front"));
    let words = "# example.com/tiny\n./main.go:1: odd\n";
    assert_eq!(
        as_go(&place, "build"),
        (Some(1), String::new(), words.into())
    );
    place.fake_go(&format!("build: stderr a warning\n{}", good(&place)));
    place.path_first(&place.aside("front"));
    assert_eq!(
        as_go(&place, "build"),
        (Some(0), String::new(), "a warning\n".into())
    );
}

/// `go install` of commands is a release into GOBIN; of a version of something else it is go's own business.
#[test]
fn install_is_a_release_too() {
    let mut place = Place::module();
    place.write("cmd/other/main.go", crate::harness::MAIN);
    let front = place.aside("front");
    std::fs::create_dir(&front).unwrap();
    symlink(PROGRAM, front.join("go")).unwrap();
    place.path_first(&front);
    place.env("GOBIN", place.path("bin"));
    let run = as_go(&place, "install . ./cmd/other");
    assert_eq!(run, (Some(0), String::new(), String::new()));
    for name in ["bin/tiny", "bin/other"] {
        let info = place.tool("go", &["version", "-m", name]);
        assert!(info.contains("-trimpath=true"), "{info}");
    }
    let (code, _, stderr) = as_go(&place, "install ./absent");
    assert_eq!(code, Some(1), "{stderr}");
    let (code, _, stderr) = as_go(&place, "install -o x .");
    assert_eq!(code, Some(2), "{stderr}");
    assert!(
        stderr.contains("flag provided but not defined: -o"),
        "{stderr}"
    );
}

/// Which go it is, and whether anything is kept, is no configuration: what only we refuse go builds alone.
#[test]
fn a_variable_that_asks_for_nothing_of_ours_is_no_configuration() {
    let mut place = Place::module();
    place.env("GOBUILD_OPT_CACHE", "off");
    let run = place.run("build -ldflags=-X=main.nosuch=1 -o x .");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stderr.contains("go builds this alone"),
        "{}",
        run.shown()
    );
    place.env("GOBUILD_OPT_BUILD_STRIP", "none");
    let run = place.run("build -ldflags=-X=main.nosuch=1 -o y .");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

/// What goreleaser does with `tool: gobuild-opt`: a build for each platform, several at once, each with its variables and an
/// absolute `-o`; what is printed is only shown where it fails, and the exit code decides.
#[test]
fn goreleaser_gets_each_platform_and_the_words_of_a_failure() {
    let place = Place::module();
    let code = "package main\n\nvar version = \"dev\"\n\nfunc main() { println(version) }\n";
    place.write("main.go", code);
    let platforms = [
        ("linux", "amd64", "GOAMD64", "v1", ""),
        ("linux", "arm64", "GOARM64", "v8.0", ""),
        ("windows", "amd64", "GOAMD64", "v1", ".exe"),
    ];
    let build = |command: &str, it: &(&str, &str, &str, &str, &str)| {
        let (os, arch, variable, level, ending) = *it;
        let output = place.path(&format!("dist/tiny_{os}_{arch}_{level}/tiny{ending}"));
        std::fs::create_dir_all(output.parent().unwrap()).unwrap();
        let mut go = place.command(PROGRAM);
        go.args([command, "-trimpath"])
            .arg("-ldflags=-s -w -X main.version=1.2.3-next")
            .arg("-o")
            .args([output.as_os_str(), "./".as_ref()])
            .env("GOOS", os)
            .env("GOARCH", arch)
            .env(variable, level)
            .env("CGO_ENABLED", "0")
            .stdout(std::process::Stdio::null());
        (go, output)
    };
    for command in ["build", "release"] {
        let mut started = Vec::new();
        for it in &platforms {
            let (mut go, output) = build(command, it);
            started.push((go.spawn().unwrap(), output));
        }
        for (mut child, output) in started {
            assert!(child.wait().unwrap().success());
            assert!(output.metadata().unwrap().len() > 100_000);
        }
        let folders = std::fs::read_dir(place.path("dist")).unwrap();
        for folder in folders {
            let files = std::fs::read_dir(folder.unwrap().path()).unwrap();
            assert_eq!(files.count(), 1, "only what goreleaser asked for");
        }
        std::fs::remove_dir_all(place.path("dist")).unwrap();
    }
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    let (mut go, _) = build("build", &platforms[0]);
    let output = go.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("undefined: nope"), "{said}");
}

//! What goes wrong for a user: one clear error each, nothing lost, nothing half-written.

use insta::assert_snapshot;

use crate::harness::{MAIN, Place, Run, executable};

/// What was there before is there after, and nothing else.
fn untouched(place: &Place, line: &str) -> Run {
    let contents = |place: &Place| {
        let files = place.files();
        let read = |it: &str| (!it.ends_with('/')).then(|| place.read(it));
        files
            .lines()
            .map(|it| (it.to_owned(), read(it)))
            .collect::<Vec<_>>()
    };
    let before = contents(place);
    let run = place.run(line);
    let after = contents(place);
    assert!(before == after, "{}\n{}", place.files(), run.shown());
    run
}

#[test]
fn no_go_in_path() {
    let mut place = Place::module();
    place.env("PATH", "/nowhere");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    error: there is no `go` in PATH
    hint: install Go (https://go.dev/dl), or name the command: GOBUILD_OPT_GO=/path/to/go
    ");
}

#[test]
fn a_named_go_that_is_not_there() {
    let mut place = Place::module();
    place.env("GOBUILD_OPT_GO", "/nowhere/go");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    error: there is no program `/nowhere/go`
    ");
}

#[test]
fn a_go_that_prints_garbage() {
    let place = Place::fake("env: stdout <html>502 Bad Gateway</html>\nenv: exit 0");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    error: `go` is not a working go command: `go env -json` printed no JSON: expected value at line 1 column 1
    ");
}

#[test]
fn a_go_that_lists_garbage() {
    let place = Place::fake("list: stdout <html>502 Bad Gateway</html>\nlist: exit 0");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    error: `go list -json` printed something else than packages: expected value at line 1 column 1
    ");
}

#[test]
fn a_go_that_fails() {
    let place = Place::fake("any: stderr go: cannot find GOROOT directory: /gone\nany: exit 2");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    go: cannot find GOROOT directory: /gone
    error: go env failed
    ");
}

#[test]
fn a_go_that_is_too_old() {
    let place = Place::fake("env: version 1.20.14");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    error: `go1.20.14` is too old: gobuild-opt needs Go 1.21 or newer
    hint: upgrade Go, or name another one: GOBUILD_OPT_GO=/path/to/go
    ");
    assert!(!place.fake_log().contains("build"), "{}", place.fake_log());
}

#[test]
fn a_compile_error_shows_gos_own_words_and_leaves_the_old_binary() {
    let place = Place::module();
    place.release("--escapes off --baseline off");
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    assert_snapshot!(untouched(&place, "release --quiet").shown(), @"
    exit code 3
    --- stderr
    # example.com/tiny
    ./main.go:3:15: undefined: nope
    error: go build failed; the outputs are as they were
    ");
    assert_snapshot!(place.files(), @"
    go.mod
    main.go
    tiny
    ");
}

#[test]
fn a_compile_error_leaves_the_old_out_dir() {
    let place = Place::module();
    place.release("--escapes off --baseline off --out-dir dist");
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    untouched(&place, "release --out-dir dist");
    assert_snapshot!(place.files(), @"
    dist/SHA256SUMS
    dist/tiny
    go.mod
    main.go
    ");
    // An output directory that was made for nothing goes, too.
    untouched(&place, "release --out-dir new/deep");
}

#[test]
fn the_second_target_fails_and_the_first_is_not_published() {
    let place = Place::module();
    place.write(
        "main_windows.go",
        "package main\n\nfunc init() { nope() }\n",
    );
    let run = untouched(
        &place,
        "release -q --out-dir dist --target linux/amd64 --target windows/amd64",
    );
    assert_snapshot!(run.shown(), @"
    exit code 3
    --- stderr
    # example.com/tiny
    ./main_windows.go:3:15: undefined: nope
    error: go build failed; the outputs are as they were
    ");
}

#[test]
fn a_syntax_error() {
    let place = Place::module();
    place.write("main.go", "package main\n\nfunc main( {\n");
    assert_snapshot!(untouched(&place, "release -q").shown(), @"
    exit code 3
    --- stderr
    # example.com/tiny
    ./main.go:3:12: syntax error: unexpected {, expected )
    error: go build failed; the outputs are as they were
    ");
}

#[test]
fn an_unknown_key() {
    let place = Place::module();
    place.write(
        "gobuild-opt.toml",
        "[build]\nout-dir = \"dist\"\nstripp = \"all\"\n",
    );
    assert_snapshot!(untouched(&place, "release").shown(), @r#"
    exit code 2
    --- stderr
     --> gobuild-opt.toml:3:1
      |
    3 | stripp = "all"
      | ^^^^^^
    error: `gobuild-opt.toml` is not a valid configuration: unknown key `stripp`
    hint: did you mean `strip`?
    "#);
}

#[test]
fn a_wrong_type_and_a_wrong_value() {
    let place = Place::module();
    place.write("gobuild-opt.toml", "[build]\ntrimpath = \"yes\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @r#"
    exit code 2
    --- stderr
     --> gobuild-opt.toml:2:12
      |
    2 | trimpath = "yes"
      |            ^^^^^
    error: `gobuild-opt.toml` is not a valid configuration: `true` or `false` belongs here, not string "yes"
    "#);
    place.write("gobuild-opt.toml", "[build]\nstrip = \"al\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @r#"
    exit code 2
    --- stderr
     --> gobuild-opt.toml:2:9
      |
    2 | strip = "al"
      |         ^^^^
    error: `gobuild-opt.toml` is not a valid configuration: unknown value `al`
    hint: did you mean `all`?
    "#);
    assert_snapshot!(untouched(&place, "release --config none.toml").shown(), @"
    exit code 2
    --- stderr
    error: cannot read the configuration `[dir]/none.toml`: No such file or directory (os error 2)
    ");
    place.write("gobuild-opt.toml", "[build\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
     --> gobuild-opt.toml:1:7
      |
    1 | [build
      |       ^
    error: `gobuild-opt.toml` is not a valid configuration: unclosed table, expected `]`
    ");
}

#[test]
fn a_wrong_variable_and_a_wrong_flag() {
    let mut place = Place::module();
    assert_snapshot!(untouched(&place, "release --set build.stripp=all").shown(), @r#"
    exit code 2
    --- stderr
    error: `build.stripp = "all"` (flags): unknown key `stripp`
    hint: did you mean `strip`?
    "#);
    assert_snapshot!(untouched(&place, "release --strip al").shown(), @r#"
    exit code 2
    --- stderr
    error: `build.strip = "al"` (flags): unknown value `al`
    hint: did you mean `all`?
    "#);
    assert_snapshot!(untouched(&place, "release --bugdet 3").shown(), @"
    exit code 2
    --- stderr
    error: unknown flag `--bugdet`
    hint: `--help` lists ours; a flag of a newer go is handed on with one dash: `-bugdet`
    ");
    assert_snapshot!(untouched(&place, "release --set build=3").shown(), @"
    exit code 2
    --- stderr
    error: `build = 3` (flags): a table belongs here, not integer `3`
    ");
    assert_snapshot!(untouched(&place, "release --set escape.top=-1").shown(), @"
    exit code 2
    --- stderr
    error: `escape.top = -1` (flags): a number without a sign belongs here, not integer `-1`
    ");
    assert_snapshot!(untouched(&place, "release --formt json").shown(), @"
    exit code 2
    --- stderr
    error: unknown flag `--formt`
    hint: did you mean `--format`?
    ");
    assert_snapshot!(untouched(&place, "release --report report.docx").shown(), @"
    exit code 2
    --- stderr
    error: the name of `--report report.docx` does not tell the format
    hint: end it with .txt, .json, .md, .sarif, .svg, .html, metrics.txt, benchmark.json, bmf.json, octocov.json or codequality.json
    ");
    place.env("GOBUILD_OPT_BUILD_STRIPP", "all");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: the environment variable `GOBUILD_OPT_BUILD_STRIPP` sets no known key
    hint: did you mean `GOBUILD_OPT_BUILD_STRIP`?
    ");
    let mut place = Place::module();
    place.env("GOBUILD_OPT_BUILD_STRIP", "al");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: the environment variable `GOBUILD_OPT_BUILD_STRIP` is `al`: unknown value `al`
    hint: did you mean `all`?
    ");
}

#[test]
fn a_level_that_the_architecture_has_not() {
    let place = Place::fake("");
    for (line, message) in [
        (
            "--target linux/amd64/V3",
            "error: `V3` is no level of `amd64` (GOAMD64)\nhint: did you mean `v3`? values: v1, v2, v3, v4\n",
        ),
        (
            "--target linux/arm64/v8.2,lsee",
            "error: `v8.2,lsee` is no level of `arm64` (GOARM64)\nhint: did you mean `lse`? values: v8.0 to v9.5, and behind it ,lse or ,crypto\n",
        ),
        (
            "--set 'target=[{level=\"v3x\"}]'",
            "error: `v3x` is no level of `amd64` (GOAMD64)\nhint: did you mean `v3`? values: v1, v2, v3, v4\n",
        ),
    ] {
        let run = untouched(&place, &format!("release {line}"));
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert_eq!(run.stderr, message);
    }
    // This Go would build another one, without a word: one of tomorrow is for a Go of tomorrow.
    let run = untouched(&place, "release --target linux/amd64/v5");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

#[test]
fn an_unknown_preset() {
    let place = Place::module();
    assert_snapshot!(untouched(&place, "release --preset servce").shown(), @"
    exit code 2
    --- stderr
    error: no preset named `servce` (flags)
    hint: did you mean `service`?
    ");
    place.write("gobuild-opt.toml", "preset = \"nope\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: no preset named `nope` (gobuild-opt.toml)
    hint: presets: release, service, cli, container, size; or the path of a TOML file
    ");
}

#[test]
fn a_missing_package() {
    let place = Place::module();
    assert_snapshot!(untouched(&place, "release ./cmd/api").shown(), @"
    exit code 3
    --- stderr
    stat [dir]/cmd/api: directory not found
    error: go list failed
    ");
}

#[test]
fn no_module() {
    let place = Place::empty();
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 3
    --- stderr
    go: go.mod file not found in current directory or any parent directory; see 'go help modules'
    error: go list failed
    hint: `[dir]` is in no module: run `go mod init`, or go to the directory of the program
    ");
}

#[test]
fn mains_that_are_elsewhere() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("cmd/api/main.go", "package main\n\nfunc main() {}\n");
    assert_snapshot!(untouched(&place, "plan").shown(), @"
    exit code 3
    --- stderr
    no Go files in [dir]
    error: go list failed
    hint: the main package is `./cmd/api`: name it, or run `gobuild-opt init`, which writes it into a configuration
    ");
    // Before `init`, `doctor` has nothing to go by but what is there.
    let run = untouched(&place, "doctor");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stderr.contains("looking at the main packages of ./..."),
        "{}",
        run.shown()
    );
    assert!(
        run.stdout.contains("example.com/app/cmd/api"),
        "{}",
        run.shown()
    );
}

#[test]
fn no_main_package() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write("lib.go", "package lib\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: there is no main package in `.`
    hint: name the command to build, such as ./cmd/api, or list it in `[build] packages`
    ");
    assert_snapshot!(untouched(&place, "release -o lib/ .").shown(), @"
    exit code 2
    --- stderr
    error: there is no main package in `.`
    hint: name the command to build, such as ./cmd/api, or list it in `[build] packages`
    ");
}

/// Root may write everywhere, so that permissions cannot make a directory unwritable in a test; a
/// path below a regular file, and /proc, refuse root as well.
#[test]
fn an_unwritable_output_directory() {
    let place = Place::fake("");
    for line in ["--out-dir main.go/dist", "-o /proc/nope/tiny"] {
        let run = untouched(&place, &format!("release {line}"));
        assert_eq!(run.code(), 4);
        let message = "error: cannot write to the output directory `";
        assert!(run.stderr.starts_with(message), "{}", run.shown());
    }
    let run = untouched(&place, "release --out-dir /proc/sys");
    assert_eq!(run.code(), 4);
    let message = "error: cannot write to the output directory `/proc/sys`: ";
    assert!(run.stderr.starts_with(message), "{}", run.shown());
    assert!(!place.fake_log().contains("build "), "{}", place.fake_log());
}

#[test]
fn the_output_is_a_directory() {
    let place = Place::fake("");
    place.write("tiny/keep.txt", "keep");
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: the output `[dir]/tiny` is a directory
    hint: write `-o [dir]/tiny/` to put the binary into it, or name another file
    ");
}

#[test]
fn the_output_is_a_source_file() {
    let place = Place::fake("");
    assert_snapshot!(untouched(&place, "release -o main.go").shown(), @"
    exit code 2
    --- stderr
    error: the output `[dir]/main.go` exists and is not an object file
    hint: name another file with `-o`, or remove this one
    ");
    place.write("notes", "not a binary");
    assert_snapshot!(untouched(&place, "release -o notes").shown(), @"
    exit code 2
    --- stderr
    error: the output `[dir]/notes` exists and is not an object file
    hint: name another file with `-o`, or remove this one
    ");
}

#[test]
fn the_output_is_a_link_that_leads_away() {
    let place = Place::fake("");
    place.write("elsewhere/keep", "keep");
    std::os::unix::fs::symlink("elsewhere/keep", place.path("tiny")).unwrap();
    assert_snapshot!(untouched(&place, "release").shown(), @"
    exit code 2
    --- stderr
    error: the output `[dir]/tiny` is a link to `[dir]/elsewhere/keep`, outside its directory
    hint: remove the link, or name the file it points to
    ");
}

#[test]
fn two_mains_with_the_same_name() {
    let place = Place::module();
    place.write("x/api/main.go", MAIN);
    place.write("y/api/main.go", MAIN);
    assert_snapshot!(untouched(&place, "release -o bin/ ./x/api ./y/api").shown(), @"
    exit code 2
    --- stderr
    error: `example.com/tiny/x/api` and `example.com/tiny/y/api` would both be written to `[dir]/bin/api`
    hint: build them in two runs, each with its own `-o`
    ");
    assert_snapshot!(untouched(&place, "release -o one ./x/api ./y/api").shown(), @"
    exit code 2
    --- stderr
    error: cannot write several packages to the file `[dir]/one`
    hint: use `-o DIR/`, with a slash at the end
    ");
}

/// A profile with one sample type, as `runtime/pprof` writes it without gzip.
fn profile(kind: &str, unit: &str, samples: usize) -> Vec<u8> {
    let mut bytes = vec![0x0a, 4, 0x08, 1, 0x10, 2];
    for _ in 0..samples {
        bytes.extend([0x12, 2, 0x10, 5]);
    }
    for text in ["", kind, unit] {
        bytes.extend([0x32, text.len() as u8]);
        bytes.extend(text.as_bytes());
    }
    bytes
}

#[test]
fn a_profile_named_on_the_command_line_that_is_of_no_use() {
    let place = Place::fake("");
    place.write("empty.pgo", "");
    place.write("heap.pgo", profile("inuse_space", "bytes", 2));
    place.write("none.pgo", profile("cpu", "nanoseconds", 0));
    place.write("garbage.pgo", "<html>502 Bad Gateway</html>");
    // The first bytes of a gzip file, and no more.
    place.write("cut.pgo", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x4b]);
    assert_snapshot!(untouched(&place, "release -pgo=missing.pgo").shown(), @"
    exit code 2
    --- stderr
    error: there is no profile `missing.pgo`
    hint: collect one from the running program: /debug/pprof/profile?seconds=30
    ");
    assert_snapshot!(untouched(&place, "release -pgo=empty.pgo").shown(), @"
    exit code 2
    --- stderr
    error: `empty.pgo`: the profile is empty (Go accepts it without effect)
    hint: collect it again, or remove the file and build without a profile
    ");
    assert_snapshot!(untouched(&place, "release -pgo=heap.pgo").shown(), @"
    exit code 2
    --- stderr
    error: `heap.pgo`: the profile is a heap profile, and Go takes only CPU profiles
    hint: fetch /debug/pprof/profile?seconds=30, or use pprof.StartCPUProfile
    ");
    assert_snapshot!(untouched(&place, "release -pgo=none.pgo").shown(), @"
    exit code 2
    --- stderr
    error: `none.pgo`: the profile holds no samples (Go accepts it without effect)
    hint: collect it again while the program is under load, for 30 seconds or more
    ");
    assert_snapshot!(untouched(&place, "release -pgo=garbage.pgo").shown(), @"
    exit code 2
    --- stderr
    error: `garbage.pgo`: not a pprof profile: it is an HTML or XML page
    hint: give a CPU profile as written by runtime/pprof or served at /debug/pprof/profile
    ");
    assert_snapshot!(untouched(&place, "release -pgo=cut.pgo").shown(), @"
    exit code 2
    --- stderr
    error: `cut.pgo`: the profile is cut off inside its gzip stream
    hint: collect or copy it again: the end is missing
    ");
    assert!(!place.fake_log().contains("build "), "{}", place.fake_log());
}

#[test]
fn a_default_profile_that_is_of_no_use_is_left_out_and_said() {
    let place = Place::module();
    for (content, fitness) in [(&b""[..], "empty"), (b"garbage", "unreadable")] {
        place.write("default.pgo", content);
        let report = place.release("--escapes off --baseline off");
        let target = &report["targets"][0];
        assert_eq!(target["pgo"]["applied"], false);
        assert_eq!(target["pgo"]["fitness"], fitness);
        let info = place.tool("go", &["version", "-m", "tiny"]);
        assert!(!info.contains("-pgo"), "{info}");
        let checks = target["checks"].as_array().unwrap();
        let check = checks.iter().find(|it| it["id"] == "pgo-profile").unwrap();
        assert_eq!(check["status"], "warn", "{check}");
    }
    place.write("gobuild-opt.toml", "[pgo]\non-missing = \"fail\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @r#"
    exit code 2
    --- stderr
    error: `default.pgo`: not a pprof profile: failed to decode Protobuf message: invalid wire type value: 7
    hint: give a CPU profile as written by runtime/pprof or served at /debug/pprof/profile; or set `[pgo] on-missing = "warn"`
    "#);
}

#[test]
fn a_killed_child() {
    let place = Place::fake("build: stderr # example.com/tiny\nbuild: kill 9");
    place.write("tiny", executable());
    let run = untouched(&place, "release -q");
    assert_eq!(run.code(), 4, "{}", run.shown());
    // What limits memory depends on the machine.
    let said = "# example.com/tiny\nerror: go build failed; the outputs are as they were: go was killed by SIGKILL";
    assert!(run.stderr.starts_with(said), "{}", run.shown());
}

#[test]
fn go_says_that_all_is_well_and_wrote_something_else() {
    let mut place = Place::fake("build: output garbage");
    place.write("tiny", executable());
    assert_snapshot!(untouched(&place, "release -q").shown(), @"
    exit code 3
    --- stderr
    error: go built no usable `tiny`: not an ELF, PE, Mach-O or wasm file
    hint: the outputs are as they were; build again, and check the disk when it happens again
    ");
    place.write("whole", executable());
    let half = format!("build: output half {}", place.path("whole").display());
    place.fake_go(&half);
    let run = untouched(&place, "release -q");
    assert_eq!(run.code(), 3);
    let message = "error: go built no usable `tiny`: section";
    assert!(run.stderr.starts_with(message), "{}", run.shown());
    assert!(
        run.stderr.contains("the file is cut short"),
        "{}",
        run.shown()
    );
    place.fake_go("");
    assert_snapshot!(untouched(&place, "release -q").shown(), @"
    exit code 3
    --- stderr
    error: go built no usable `tiny`: it wrote no such file
    hint: the outputs are as they were; build again, and check the disk when it happens again
    ");
}

#[test]
fn a_baseline_that_fails_is_a_finding_not_the_end() {
    let mut place = Place::fake("");
    place.write("whole", executable());
    let copy = format!(
        "build: output copy {}\nescape: stderr boom\nescape: exit 1",
        place.path("whole").display()
    );
    place.fake_go(&copy);
    let run = place.run("release --format json --baseline whole.missing");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let target = &run.json()["targets"][0];
    assert!(target["baseline"].is_null());
    assert!(target["escapes"].is_null());
    assert_eq!(place.read("tiny"), executable());
}

#[test]
fn a_damaged_output_is_replaced() {
    let place = Place::module();
    let digest = |report: serde_json::Value| report["targets"][0]["artifact"]["sha256"].clone();
    let good = digest(place.release("--escapes off --baseline off"));
    let whole = place.read("tiny");
    place.write("tiny", &whole[..whole.len() / 3]);
    assert_eq!(digest(place.release("--escapes off --baseline off")), good);
    assert!(place.read("tiny") == whole);
}

#[test]
fn a_budget_that_fails_is_exit_code_1_and_the_binary_is_there() {
    let place = Place::module();
    let run = place.run("release -q --set budget.size=100KiB --escapes off --report out.json");
    assert_eq!(run.code(), 1);
    assert_eq!(run.stdout, "");
    let failure = "FAIL  size tiny linux/amd64: 1.";
    assert!(run.stderr.starts_with(failure), "{}", run.shown());
    assert!(
        run.stderr.contains("is over the budget of 100.00 KiB by"),
        "{}",
        run.shown()
    );
    assert_snapshot!(place.files(), @"
    go.mod
    main.go
    out.json
    tiny
    ");
}

/// A configuration whose gates would vanish: what is there and cannot be read is an error.
#[test]
fn a_configuration_that_cannot_be_read_is_not_a_missing_one() {
    let name = "gobuild-opt.toml";
    let place = Place::module();
    std::fs::create_dir(place.path(name)).unwrap();
    let check = |what: &str| {
        let run = place.run("release");
        assert_ne!(run.code(), 0, "{what}: {}", run.shown());
        assert!(run.stderr.contains(name), "{what}: {}", run.shown());
    };
    check("a directory");
    std::fs::remove_dir(place.path(name)).unwrap();
    for target in ["nowhere", "/dev/null", "/dev/zero"] {
        std::os::unix::fs::symlink(target, place.path(name)).unwrap();
        check(target);
        std::fs::remove_file(place.path(name)).unwrap();
    }
}

/// The files of an executable with and without symbols: their difference is no growth.
#[test]
fn growth_is_not_judged_by_a_baseline_with_symbols() {
    let place = Place::module();
    place.tool("go", &["build", "-o", "old", "."]);
    let line = "release -o new --baseline old --set budget.size-growth=1%";
    let run = place.run(&format!("{line} --set checks.not-judged=deny"));
    assert_eq!(run.code(), 1, "{}", run.shown());
    let said = format!("{}{}", run.stdout, run.stderr);
    assert!(said.contains("has symbols or DWARF"), "{said}");
}

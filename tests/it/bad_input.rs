//! What goes wrong for a user: one clear error each, nothing lost, nothing half-written.

use insta::assert_snapshot;

use crate::harness::{MAIN, Place, Run, executable};

/// What was there before is there after, and nothing else.
fn untouched(place: &Place, line: &str) -> Run {
    let contents = |place: &Place| {
        let files = place.files();
        let read = |it: &str| (!it.ends_with('/')).then(|| place.read(it));
        files.lines().map(|it| (it.to_owned(), read(it))).collect::<Vec<_>>()
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
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_named_go_that_is_not_there() {
    let mut place = Place::module();
    place.env("GOBUILD_OPT_GO", "/nowhere/go");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_go_that_prints_garbage() {
    let place = Place::fake("env: stdout <html>502 Bad Gateway</html>\nenv: exit 0");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_go_that_lists_garbage() {
    let place = Place::fake("list: stdout <html>502 Bad Gateway</html>\nlist: exit 0");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_go_that_fails() {
    let place = Place::fake("any: stderr go: cannot find GOROOT directory: /gone\nany: exit 2");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_go_that_is_too_old() {
    let place = Place::fake("env: version 1.20.14");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
    assert!(!place.fake_log().contains("build"), "{}", place.fake_log());
}

#[test]
fn a_compile_error_shows_gos_own_words_and_leaves_the_old_binary() {
    let place = Place::module();
    place.release("--escapes off --baseline off");
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    assert_snapshot!(untouched(&place, "release --quiet").shown(), @"");
    assert_snapshot!(place.files(), @"");
}

#[test]
fn a_compile_error_leaves_the_old_out_dir() {
    let place = Place::module();
    place.release("--escapes off --baseline off --out-dir dist");
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    untouched(&place, "release --out-dir dist");
    assert_snapshot!(place.files(), @"");
    // An output directory that was made for nothing goes, too.
    untouched(&place, "release --out-dir new/deep");
}

#[test]
fn the_second_target_fails_and_the_first_is_not_published() {
    let place = Place::module();
    place.write("main_windows.go", "package main\n\nfunc init() { nope() }\n");
    let run = untouched(&place, "release -q --out-dir dist --target linux/amd64 --target windows/amd64");
    assert_snapshot!(run.shown(), @"");
}

#[test]
fn a_syntax_error() {
    let place = Place::module();
    place.write("main.go", "package main\n\nfunc main( {\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn an_unknown_key() {
    let place = Place::module();
    place.write("gobuild-opt.toml", "[build]\nout-dir = \"dist\"\nstripp = \"all\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_wrong_type_and_a_wrong_value() {
    let place = Place::module();
    place.write("gobuild-opt.toml", "[build]\ntrimpath = \"yes\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
    place.write("gobuild-opt.toml", "[build]\nstrip = \"al\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
    assert_snapshot!(untouched(&place, "release --config none.toml").shown(), @"");
    place.write("gobuild-opt.toml", "[build\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_wrong_variable_and_a_wrong_flag() {
    let mut place = Place::module();
    assert_snapshot!(untouched(&place, "release --set build.stripp=all").shown(), @"");
    assert_snapshot!(untouched(&place, "release --formt json").shown(), @"");
    assert_snapshot!(untouched(&place, "release --report report.docx").shown(), @"");
    place.env("GOBUILD_OPT_BUILD_STRIPP", "all");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn an_unknown_preset() {
    let place = Place::module();
    assert_snapshot!(untouched(&place, "release --preset servce").shown(), @"");
    place.write("gobuild-opt.toml", "preset = \"nope\"\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_missing_package() {
    let place = Place::module();
    assert_snapshot!(untouched(&place, "release ./cmd/api").shown(), @"");
}

#[test]
fn no_module() {
    let place = Place::empty();
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn no_main_package() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/lib\n\ngo 1.21\n");
    place.write("lib.go", "package lib\n");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
    assert_snapshot!(untouched(&place, "release -o lib .").shown(), @"");
}

/// Root may write everywhere, so that permissions cannot make a directory unwritable in a test; a
/// path below a regular file, and /proc, refuse root as well.
#[test]
fn an_unwritable_output_directory() {
    let place = Place::fake("");
    assert_snapshot!(untouched(&place, "release --out-dir main.go/dist").shown(), @"");
    assert_snapshot!(untouched(&place, "release --out-dir /proc/sys").shown(), @"");
    assert_snapshot!(untouched(&place, "release -o /proc/nope/tiny").shown(), @"");
    assert!(!place.fake_log().contains("build "), "{}", place.fake_log());
}

#[test]
fn the_output_is_a_directory() {
    let place = Place::fake("");
    place.write("tiny/keep.txt", "keep");
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn the_output_is_a_source_file() {
    let place = Place::fake("");
    assert_snapshot!(untouched(&place, "release -o main.go").shown(), @"");
    place.write("notes", "not a binary");
    assert_snapshot!(untouched(&place, "release -o notes").shown(), @"");
}

#[test]
fn the_output_is_a_link_that_leads_away() {
    let place = Place::fake("");
    place.write("elsewhere/keep", "keep");
    std::os::unix::fs::symlink("elsewhere/keep", place.path("tiny")).unwrap();
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn two_mains_with_the_same_name() {
    let place = Place::module();
    place.write("x/api/main.go", MAIN);
    place.write("y/api/main.go", MAIN);
    assert_snapshot!(untouched(&place, "release -o bin/ ./x/api ./y/api").shown(), @"");
    assert_snapshot!(untouched(&place, "release -o one ./x/api ./y/api").shown(), @"");
}

/// A profile with one sample type and no samples, as `runtime/pprof` writes it without gzip.
fn profile(kind: &str, unit: &str) -> Vec<u8> {
    let mut bytes = vec![0x0a, 4, 0x08, 1, 0x10, 2];
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
    place.write("heap.pgo", profile("inuse_space", "bytes"));
    place.write("none.pgo", profile("cpu", "nanoseconds"));
    place.write("garbage.pgo", "<html>502 Bad Gateway</html>");
    // The first bytes of a gzip file, and no more.
    place.write("cut.pgo", [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff, 0x4b]);
    assert_snapshot!(untouched(&place, "release -pgo=missing.pgo").shown(), @"");
    assert_snapshot!(untouched(&place, "release -pgo=empty.pgo").shown(), @"");
    assert_snapshot!(untouched(&place, "release -pgo=heap.pgo").shown(), @"");
    assert_snapshot!(untouched(&place, "release -pgo=none.pgo").shown(), @"");
    assert_snapshot!(untouched(&place, "release -pgo=garbage.pgo").shown(), @"");
    assert_snapshot!(untouched(&place, "release -pgo=cut.pgo").shown(), @"");
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
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn a_killed_child() {
    let place = Place::fake("build: stderr # example.com/tiny\nbuild: kill 9");
    place.write("tiny", executable());
    assert_snapshot!(untouched(&place, "release").shown(), @"");
}

#[test]
fn go_says_that_all_is_well_and_wrote_something_else() {
    let mut place = Place::fake("build: output garbage");
    place.write("tiny", executable());
    assert_snapshot!(untouched(&place, "release -q").shown(), @"");
    place.write("whole", executable());
    let half = format!("build: output half {}", place.path("whole").display());
    place.fake_go(&half);
    assert_snapshot!(untouched(&place, "release -q").shown(), @"");
    place.fake_go("");
    assert_snapshot!(untouched(&place, "release -q").shown(), @"");
}

#[test]
fn a_baseline_that_fails_is_a_finding_not_the_end() {
    let mut place = Place::fake("");
    place.write("whole", executable());
    let copy = format!("build: output copy {}\nescape: stderr boom\nescape: exit 1", place.path("whole").display());
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
    assert_snapshot!(run.shown(), @"");
    assert_snapshot!(place.files(), @"");
}

//! Escapes told by the compile of the release, against a compile of their own, a plain go and a hostile machine.

#![allow(clippy::unwrap_used)]

mod chained;
mod trouble;

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::toolchains::{self, Toolchain};
use crate::harness::{Place, Run};
use crate::real_go::on;

/// A file of the escape tests: every class of escape, generics, `//line`.
fn data(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data/escape/module")
        .join(format!("{name}.txt"));
    std::fs::read_to_string(path).unwrap()
}

/// Text that no build saw before: an action that is not in the cache.
fn never_seen() -> String {
    use std::sync::atomic::{AtomicU32, Ordering};
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    format!("{}-{}-{count}", std::process::id(), now.as_nanos())
}

/// A package that no build compiled before: `var seen` is part of it.
fn fresh(package: &str) -> String {
    let text = never_seen();
    format!(
        "package {package}\n\nvar Seen = {text:?}\n\nfunc New() *string {{ s := Seen; return &s }}\n"
    )
}

/// A module of three packages that nothing compiled before, with its captures to itself.
fn module(toolchain: &Toolchain) -> Place {
    let mut place = Place::empty();
    place.write("go.mod", "module example.com/m\n\ngo 1.21\n");
    place.write("main.go", data("main.go"));
    place.write("iter.go", data("iter.go"));
    place.write("seen.go", fresh("main"));
    place.write("lib/lib.go", data("lib.go"));
    place.write("lib/gram.go", data("gram.go"));
    place.write("lib/seen.go", fresh("lib"));
    if let Some(bin) = &toolchain.bin {
        place.path_first(bin);
    }
    own_captures(&mut place);
    place
}

/// The build cache of all, with captures of its own: a directory of links.
fn own_captures(place: &mut Place) {
    let shared = PathBuf::from(place.tool("go", &["env", "GOCACHE"]).trim());
    let own = place.aside("cache");
    std::fs::create_dir_all(&own).unwrap();
    for number in 0..=255 {
        let name = format!("{number:02x}");
        std::fs::create_dir_all(shared.join(&name)).unwrap();
        std::os::unix::fs::symlink(shared.join(&name), own.join(&name)).unwrap();
    }
    place.env("GOCACHE", &own);
}

/// A build cache with nothing in it.
fn empty_cache(place: &mut Place, name: &str) {
    let own = place.aside(name);
    std::fs::create_dir_all(&own).unwrap();
    place.env("GOCACHE", own);
}

/// The captures that are there.
fn captures(place: &Place, cache: &str) -> Vec<PathBuf> {
    let stores = place.aside(cache).join("gobuild-opt/diagnostics");
    let list = |it: PathBuf| std::fs::read_dir(it).into_iter().flatten().flatten();
    let mut found: Vec<PathBuf> = list(stores)
        .flat_map(|it| list(it.path()))
        .map(|it| it.path())
        .collect();
    found.sort();
    found
}

/// The escape report, collected in one way.
fn escape(place: &Place, how: &str, line: &str) -> Value {
    let run = place.run(&format!(
        "escape --format json --by line --set escape.collect={how} {line}"
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    run.json()
}

/// How the escapes of the first target were collected: captured, found, passed.
fn collection(report: &Value) -> [Value; 3] {
    let it = &report["targets"][0]["escapes"]["collection"];
    ["captured", "found", "passed"].map(|key| it[key].clone())
}

/// Everything of a report but how it came about.
fn findings(mut report: Value) -> Value {
    for target in report["targets"].as_array_mut().unwrap() {
        target["escapes"]["collection"] = Value::Null;
        // Which of several instances of a generic line is reported first is chance.
        for site in target["sites"].as_array_mut().unwrap() {
            site["message"] = Value::Null;
        }
    }
    report
}

/// Capture and pass tell the same; returns the report of the capture.
fn agree(place: &Place, line: &str) -> Value {
    let captured = escape(place, "capture", line);
    let passed = escape(place, "pass", line);
    assert_eq!(
        collection(&passed),
        [Value::from(0), Value::from(0), Value::Null]
    );
    assert_eq!(findings(captured.clone()), findings(passed), "{line}");
    assert!(captured["targets"][0]["escapes"]["unparsed"] == 0);
    captured
}

/// Go that prints each kind of path and name, and the newest.
macro_rules! on_released_toolchains {
    ($($test:ident),+ $(,)?) => {
        mod go_1_21 { $(#[test] fn $test() { super::on("1.21.13", super::$test); })+ }
        mod go_1_24 { $(#[test] fn $test() { super::on("1.24.11", super::$test); })+ }
        mod go_1_26 { $(#[test] fn $test() { super::on("1.26.6", super::$test); })+ }
        mod go_1_27 { $(#[test] fn $test() { super::on("1.27.3", super::$test); })+ }
    };
}

on_released_toolchains!(
    binary_and_cache_are_those_of_a_plain_build,
    sites_are_those_of_the_pass,
);

fn binary_and_cache_are_those_of_a_plain_build(toolchain: &Toolchain) {
    let mut place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"example.com/tiny/lib\"\n\nfunc main() { println(*lib.New()) }\n",
    );
    place.write("lib/lib.go", fresh("lib"));
    if let Some(bin) = &toolchain.bin {
        place.path_first(bin);
    }
    let flags = ["build", "-trimpath", "-ldflags=-s -w", "-o", "plain", "."];
    empty_cache(&mut place, "first");
    place.tool("go", &flags);
    empty_cache(&mut place, "second");
    let report = place.release("--set escape.collect=capture -o told");
    assert!(place.read("plain") == place.read("told"), "other bytes");
    assert_eq!(collection(&report), [2, 0, 0].map(Value::from));
    assert_eq!(captures(&place, "second").len(), 2);

    let mut again = place.command("go");
    again.args(["build", "-v"]).args(&flags[1..]);
    let done = again.output().unwrap();
    assert_eq!(
        String::from_utf8(done.stderr).unwrap(),
        "",
        "compiled again"
    );
    let again = place.release("--set escape.collect=capture -o told");
    assert_eq!(collection(&again), [0, 2, 0].map(Value::from));
    assert_eq!(findings_of_release(again), findings_of_release(report));
}

fn findings_of_release(report: Value) -> Value {
    let mut escapes = report["targets"][0]["escapes"].clone();
    escapes["collection"] = Value::Null;
    escapes
}

fn sites_are_those_of_the_pass(toolchain: &Toolchain) {
    let place = module(toolchain);
    place.write("c/seen.go", fresh("c"));
    place.write("c/c.go", C);
    place.write(
        "use.go",
        "package main\n\nimport \"example.com/m/c\"\n\nvar _ = c.Keep(1)\n",
    );
    let report = agree(&place, "");
    assert_eq!(collection(&report), [3, 0, 0].map(Value::from));
    assert!(report["targets"][0]["escapes"]["sites"].as_u64().unwrap() > 40);

    // Paths of this machine, shortened by go as seen from where it runs.
    let captured = agree(&place, "-trimpath=false");
    assert_eq!(collection(&captured)[2], 0);
    let files: Vec<&str> = captured["targets"][0]["sites"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| it["file"].as_str().unwrap())
        .collect();
    assert!(files.contains(&"lib/lib.go"), "{files:?}");
}

/// Types and functions that cgo makes names for, on the heap.
const C: &str = "package c

// typedef struct { int x; } pair;
// static int twice(int x) { return 2 * x; }
import \"C\"

var kept []any

func Keep(x int) int {
	p := &C.pair{x: C.int(x)}
	kept = append(kept, p, C.twice(p.x))
	f := func() C.int { return C.twice(p.x) }
	kept = append(kept, f)
	return int(f())
}
";

fn in_path() -> Place {
    module(&toolchains::in_path())
}

/// Two mains that need `lib`, the first of them with a profile; and that profile.
fn two_mains() -> (Place, PathBuf) {
    let place = in_path();
    let profile =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service/cmd/api/default.pgo");
    for name in ["one", "two"] {
        let main = "package main\n\nimport \"example.com/m/lib\"\n\nfunc main() { lib.All(3) }\n";
        place.write(&format!("cmd/{name}/main.go"), main);
        place.write(&format!("cmd/{name}/seen.go"), fresh("main"));
    }
    place.write("cmd/one/default.pgo", std::fs::read(&profile).unwrap());
    (place, profile)
}

#[test]
fn mains_with_profiles_of_their_own_are_told_apart() {
    let (place, profile) = two_mains();
    let twice = format!(
        "profile merge {0} {0} -o cmd/two/default.pgo",
        profile.display()
    );
    assert_eq!(place.run(&twice).code(), 0);
    let report = agree(&place, "./cmd/one ./cmd/two");
    // Both mains, and lib for each of them.
    assert_eq!(collection(&report), [4, 0, 0].map(Value::from));
}

#[test]
fn vendored_packages_of_the_scope_are_captured() {
    let place = in_path();
    place.write(
        "go.mod",
        "module example.com/m\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    );
    place.write(
        "vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    );
    place.write("vendor/example.com/dep/dep.go", fresh("dep"));
    place.write(
        "use.go",
        "package main\n\nimport \"example.com/dep\"\n\nvar _ = dep.New()\n",
    );
    for line in ["", "-trimpath=false"] {
        let report = agree(
            &place,
            &format!("--set escape.scope=example.com/... {line}"),
        );
        let packages = report["targets"][0]["escapes"]["packages"]
            .as_array()
            .unwrap();
        assert!(
            packages.iter().any(|it| it["path"] == "example.com/dep"),
            "{report:#}"
        );
        assert_eq!(collection(&report)[2], 0);
    }
}

#[test]
fn only_what_has_no_capture_is_compiled_separately() {
    let place = in_path();
    let before = escape(&place, "auto", "");
    assert_eq!(collection(&before), [2, 0, 0].map(Value::from));
    // One is lost: what the pass prints of it is kept in its place.
    let files = captures(&place, "cache");
    std::fs::remove_file(&files[0]).unwrap();
    for counts in [[0, 1, 1], [0, 2, 0]] {
        let after = escape(&place, "auto", "");
        assert_eq!(collection(&after), counts.map(Value::from));
        assert_eq!(findings(after), findings(before.clone()));
    }
    assert_eq!(captures(&place, "cache"), files);
    for file in &files {
        std::fs::write(file, "damaged").unwrap();
    }
    let after = escape(&place, "auto", "");
    assert_eq!(
        collection(&after),
        [Value::from(0), Value::from(0), Value::Null]
    );
    assert_eq!(findings(after), findings(before));
}

#[test]
fn packages_of_a_plain_go_get_the_pass() {
    let place = in_path();
    // Of a package without code the compiler prints nothing.
    place.write("kind/kind.go", "package kind\n\ntype Kind struct{ Name string }\n\nfunc New[T any](t T) *T { return &t }\n");
    place.write(
        "use.go",
        "package main\n\nimport \"example.com/m/kind\"\n\nvar _ kind.Kind\n",
    );
    place.tool(
        "go",
        &["build", "-trimpath", "-ldflags=-s -w", "-o", "plain", "."],
    );
    let run = place.run("release --baseline off -o told");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(place.read("plain") == place.read("told"));
    assert!(
        run.stderr.contains("compiled separately")
            && run.stderr.contains("no package has a capture"),
        "{}",
        run.shown()
    );
    // What was printed is kept: an edit of main needs no pass for what it imports.
    let kept = captures(&place, "cache");
    assert_eq!(kept.len(), 3);
    place.write("seen.go", fresh("main"));
    let report = place.release("--baseline off -o told");
    assert_eq!(collection(&report), [1, 2, 0].map(Value::from));
    // What changes from now on is captured.
    place.write("lib/seen.go", fresh("lib"));
    let report = place.release("--baseline off -o told");
    assert_eq!(collection(&report), [2, 1, 0].map(Value::from));
}

/// Who edits a source while the pass compiles it must not find its words under the action of what was there before.
#[test]
fn what_is_edited_during_the_pass_is_not_kept() {
    use std::os::unix::fs::PermissionsExt;
    let place = in_path();
    let before = place.read("lib/seen.go");
    place.tool(
        "go",
        &["build", "-trimpath", "-ldflags=-s -w", "-o", "plain", "."],
    );
    let script = place.aside("edits");
    let source = place.path("lib/seen.go");
    let text = format!(
        "#!/bin/sh\nif [ \"$TOOLEXEC_IMPORTPATH\" = example.com/m/lib ] && [ \"$2\" != -V=full ]; then\n\
         grep -q Newer {0} || echo 'func Newer() *int {{ return new(int) }}' >>{0}\nfi\nexec \"$@\"\n",
        source.display()
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).unwrap();
    let line = format!(
        "release --baseline off -o told -toolexec={}",
        script.display()
    );
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_ne!(
        place.read("lib/seen.go"),
        before,
        "the pass compiled nothing"
    );
    place.write("lib/seen.go", &before);
    let report = place.release("--baseline off -o told");
    // What main printed may have been kept, what lib printed was not.
    let [captured, found, passed] = collection(&report);
    assert_eq!(captured, 0, "{report:#}");
    assert!(
        passed.is_null() || (found == 1 && passed == 1),
        "{report:#}"
    );
}

/// A library is compiled once for a main with a profile and once for one without: what a pass prints of one is not kept as the
/// words of the other.
#[test]
fn what_is_compiled_in_several_variants_is_not_kept() {
    let (place, _) = two_mains();
    let line = "./cmd/one ./cmd/two";
    let before = escape(&place, "auto", line);
    assert_eq!(collection(&before), [4, 0, 0].map(Value::from));
    let files = captures(&place, "cache");
    let is_lib = |file: &&PathBuf| {
        let packed = std::fs::read(file).unwrap();
        let mut text = String::new();
        let mut reader = flate2::read::GzDecoder::new(packed.as_slice());
        std::io::Read::read_to_string(&mut reader, &mut text).unwrap();
        text.starts_with("# example.com/m/lib\n") || text.starts_with("# example.com/m/lib [")
    };
    let of_lib: Vec<&PathBuf> = files.iter().filter(is_lib).collect();
    assert_eq!(of_lib.len(), 2, "{files:?}");
    for file in of_lib {
        let content = std::fs::read(file).unwrap();
        std::fs::remove_file(file).unwrap();
        let after = escape(&place, "auto", line);
        assert_eq!(findings(after), findings(before.clone()));
        assert!(!file.exists(), "kept");
        std::fs::write(file, content).unwrap();
    }
}

#[test]
fn the_commands_of_the_plan_work_by_hand() {
    let place = in_path();
    let plan = place.run("plan -o told");
    assert_eq!(plan.code(), 0, "{}", plan.shown());
    assert!(plan.stdout.contains("-toolexec="), "{}", plan.stdout);
    let done = place
        .command("sh")
        .arg("-c")
        .arg(&plan.stdout)
        .output()
        .unwrap();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert!(place.path("told").exists());
    assert!(!place.path(".gobuild-opt-plan").exists());
    assert_eq!(
        collection(&escape(&place, "auto", "")),
        [0, 2, 0].map(Value::from)
    );
    // A signal leaves nothing behind, in a shell that runs no EXIT trap then as well.
    let ended = format!("{}\nkill -TERM $$\nsleep 9\n", plan.stdout);
    let ended = place.command("sh").arg("-c").arg(&ended).output().unwrap();
    assert!(!ended.status.success());
    assert!(!place.path(".gobuild-opt-plan").exists());
    // What lies there already is somebody's.
    place.write(".gobuild-opt-plan/mine", "mine");
    let again = place.command("sh").arg("-c").arg(&plan.stdout).output();
    assert!(!again.unwrap().status.success());
    assert_eq!(place.text(".gobuild-opt-plan/mine"), "mine");
}

/// Commands that a run shows are the user's, not ours.
#[test]
fn commands_are_shown_as_go_would_run_them() {
    let place = in_path();
    for line in ["release -n", "release -x --baseline off -o told"] {
        let run = place.run(line);
        assert_eq!(run.code(), 0, "{}", run.shown());
        let all = format!("{}{}", run.stdout, run.stderr);
        assert!(all.contains("/compile"), "{all}");
        assert!(!all.contains("toolexec"), "{all}");
    }
}

#[test]
fn a_capture_that_cannot_work_is_refused_where_it_is_demanded() {
    let place = in_path();
    let run = place.run("release -x --set escape.collect=capture -o told --baseline off");
    assert_eq!(run.code(), 0, "what is demanded is shown: {}", run.shown());
    assert!(run.stderr.contains("toolexec"), "{}", run.shown());
    let run = place.run("release --escapes capture '-toolexec=\"open' -o x");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("cannot work"), "{}", run.shown());
}

fn shown(run: &Run) -> String {
    format!("{}\n{}", run.stdout, run.stderr)
}

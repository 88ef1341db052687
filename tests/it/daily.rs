//! The daily loop, counted in processes: nothing changed links nothing, an edit links once, and once more beside it.

use std::os::unix::fs::PermissionsExt;
use std::time::SystemTime;

use crate::harness::Place;

/// A module, a go that writes down its commands but for what asks where archives are, and a `-toolexec` that writes down the tools which go starts.
fn place() -> Place {
    let mut place = Place::empty();
    place.write("go.mod", "module example.com/loop\n\ngo 1.21\n");
    place.write("main.go", MAIN);
    place.write(
        "lib/lib.go",
        "package lib\n\nfunc New() *int { x := 1; return &x }\n",
    );
    let script = |name: &str, text: String| {
        let path = place.aside(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
        path
    };
    let log = place.aside("log");
    let go = String::from_utf8(
        place
            .command("sh")
            .args(["-c", "command -v go"])
            .output()
            .unwrap()
            .stdout,
    );
    let bin = script(
        "bin/go",
        format!(
            "#!/bin/sh\ncase \"$*\" in *\" -export \"*) ;; *) echo go $1 >> {} ;; esac\nexec {} \"$@\"\n",
            log.display(),
            go.unwrap().trim()
        ),
    );
    script(
        "tool",
        format!(
            "#!/bin/sh\ncase \"$2\" in -V=full) ;; *) echo $(basename $1) >> {} ;; esac\nexec \"$@\"\n",
            log.display()
        ),
    );
    place.path_first(bin.parent().unwrap());
    // Names and escapes of earlier runs of this test must not help.
    place.env("GOBUILD_OPT_CACHE", "on");
    place
}

const MAIN: &str = "package main\n\nimport \"example.com/loop/lib\"\n\nfunc main() { println(*lib.New(), \"one\") }\n";

/// Runs a release; what was started, each with its count, and the report without its last line.
fn release(place: &Place, more: &str) -> (String, String) {
    let log = place.aside("log");
    std::fs::write(&log, "").unwrap();
    let tool = place.aside("tool");
    let run = place.run(&format!(
        "release --out-dir=dist -toolexec={} {more}",
        tool.display()
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = std::fs::read_to_string(&log).unwrap();
    let mut words: Vec<&str> = text.lines().collect();
    words.sort_unstable();
    let counted = words.chunk_by(|a, b| a == b);
    let counted = counted.map(|it| format!("{} {}", it.len(), it[0]));
    (counted.collect::<Vec<_>>().join(", "), said(&run.stdout))
}

/// A report without what may differ between two runs of one input.
fn said(text: &str) -> String {
    let varies = |it: &&str| {
        [
            "time:",
            "packages compiled",
            "from the build cache",
            "captured",
            "found",
            "the rest;",
            "share",
            "reading took",
        ]
        .iter()
        .any(|word| it.contains(word))
    };
    let lines: Vec<&str> = text.lines().filter(|it| !varies(it)).collect();
    lines.join("\n")
}

fn written(place: &Place, name: &str) -> SystemTime {
    place.path(name).metadata().unwrap().modified().unwrap()
}

/// What DWARF takes is linked for a report that shows it: not for a few lines that compare with the lock.
#[test]
fn lines_against_the_lock_need_no_dwarf() {
    let place = Place::module();
    let twin = |more: &str| {
        let run = place.run(&format!("plan --format json {more}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        let steps = run.json();
        let mut steps = steps.as_array().unwrap().iter();
        let step = steps.find(|step| step["kind"] == "baseline").unwrap();
        step["argv"]
            .as_array()
            .unwrap()
            .iter()
            .any(|word| word == "-ldflags=-w")
    };
    assert!(!twin(""));
    // What one says of the data is what the other says.
    let accept = |more: &str| {
        let run = place.run(&format!("accept {more}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        place.text("gobuild-opt.lock")
    };
    let lock = accept("");
    std::fs::remove_file(place.path("gobuild-opt.lock")).unwrap();
    assert_eq!(accept("--baseline unstripped"), lock);
    assert!(twin(""));
    assert!(twin("--baseline symbols"));
    assert!(!twin("--baseline unstripped"));
    assert!(!twin("--set report.full=true"));
    // Here the twin without DWARF would be the release itself, and prove nothing.
    assert!(!twin("--strip dwarf"));
    assert!(!twin("--strip dwarf --baseline symbols"));
    // The lines say nothing of DWARF; a file of the same run does, and so is linked with it.
    let run = place.run_short("release");
    assert!(
        run.stdout.contains("gobuild-opt.lock has it"),
        "{}",
        run.shown()
    );
    let report = place.release("--escapes off");
    let roles = report["targets"][0]["sections"].as_array().unwrap();
    let dwarf = roles.iter().find(|role| role["role"] == "dwarf").unwrap();
    assert!(dwarf["before"].as_u64().unwrap() > 0, "{dwarf}");
}

#[test]
fn what_did_not_change_is_not_linked_and_not_written() {
    let place = place();
    let (_, first) = release(&place, "");
    let (binary, sums) = (place.read("dist/loop"), place.text("dist/SHA256SUMS"));
    let times = [
        written(&place, "dist/loop"),
        written(&place, "dist/SHA256SUMS"),
    ];
    let (started, second) = release(&place, "");
    // Files this young may change once more without another time.
    assert_eq!(started, "1 go build, 1 go env, 1 go list");
    assert_eq!(second, first);
    settle();
    let (started, third) = release(&place, "");
    assert_eq!(started, "1 go build, 1 go env, 1 go list");
    assert_eq!(third, first);
    let (started, fourth) = release(&place, "");
    assert_eq!(started, "1 go build, 1 go env");
    assert_eq!(fourth, first);
    assert_eq!(place.read("dist/loop"), binary);
    assert_eq!(place.text("dist/SHA256SUMS"), sums);
    let now = [
        written(&place, "dist/loop"),
        written(&place, "dist/SHA256SUMS"),
    ];
    assert_eq!(now, times);
    // One byte behind the build ID: go alone would let it stay.
    let mut damaged = binary.clone();
    *damaged.last_mut().unwrap() ^= 1;
    let ways: [&dyn Fn(); 3] = [
        &|| place.write("dist/loop", &damaged),
        &|| place.flip("dist/loop", binary.len() - 1),
        &|| place.flip("dist/loop", binary.len() / 2),
    ];
    for damage in ways {
        damage();
        assert_ne!(place.read("dist/loop"), binary);
        let (started, healed) = release(&place, "");
        assert!(started.contains("link"), "{started}");
        assert_eq!(healed, first);
        assert_eq!(place.read("dist/loop"), binary);
    }
}

/// The list of the last run is wrong then: what it says is not built first.
#[test]
fn a_new_file_costs_no_second_build() {
    let place = place();
    release(&place, "");
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let word = now.unwrap().as_nanos();
    place.write(
        "more.go",
        format!("package main\n\nfunc init() {{ println(\"{word}\") }}\n"),
    );
    let once = "1 compile, 1 go build, 1 go env, 1 go list, 2 link";
    assert_eq!(release(&place, "").0, once);
    std::fs::remove_file(place.path("more.go")).unwrap();
    // That program is in no cache, but its packages are.
    assert_eq!(
        release(&place, "").0,
        "1 go build, 1 go env, 1 go list, 2 link"
    );
}

/// What changes no compiled package, and so nothing that go looks at, is in the report all the same.
#[test]
fn a_file_without_code_is_listed() {
    let place = place();
    release(&place, "");
    let spared = || {
        settle();
        release(&place, "");
        let (started, _) = release(&place, "");
        assert_eq!(started, "1 go build, 1 go env");
    };
    spared();
    let lists = |started: &str| assert!(started.contains("go list"), "{started}");
    for (name, text) in [
        // In no build, and in one: go compiles the package for it, or has it in its cache.
        ("lib/none.go", "//go:build ignore\n\npackage lib\n"),
        ("lib/more.go", "package lib\n"),
        ("go.mod", "module example.com/loop\n\ngo 1.21\n\n// more\n"),
    ] {
        place.write(name, text);
        lists(&release(&place, "").0);
        spared();
    }
    std::fs::remove_file(place.path("lib/more.go")).unwrap();
    lists(&release(&place, "").0);
    // A package that no other imports, below a pattern.
    release(&place, "./...");
    let spared = || {
        settle();
        release(&place, "./...");
        let (started, said) = release(&place, "./...");
        assert!(!started.contains("go list"), "{started}");
        said
    };
    place.write("docs/deep/deep.go", "package deep\n");
    lists(&release(&place, "./...").0);
    // A test is in no list.
    place.write("docs/deep/deep_test.go", "package deep\n");
    spared();
    // The same file, in the build or not: go has compiled it before.
    place.write("docs/deep/deep.go", "//go:build ignore\n\npackage deep\n");
    lists(&release(&place, "./...").0);
    spared();
    place.write("docs/deep/deep.go", "package deep\n");
    lists(&release(&place, "./...").0);
    // Another module: go passes it by, and leaves its executable as it was.
    place.write("cmd/other/main.go", "package main\n\nfunc main() {}\n");
    release(&place, "./...");
    assert!(spared().contains("dist/other"));
    place.write("cmd/other/go.mod", "module ex.com/other\n\ngo 1.21\n");
    let (started, said) = release(&place, "./...");
    lists(&started);
    assert!(!said.contains("dist/other"), "{said}");
}

/// Makes every file older than what may change without another time.
fn settle() {
    std::thread::sleep(std::time::Duration::from_millis(3100));
}

#[test]
fn an_edit_costs_one_compile_and_a_link_with_its_twin() {
    let place = place();
    release(&place, "");
    // What no run compiled before.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    let word = now.unwrap().as_nanos().to_string();
    place.write("main.go", MAIN.replace("one", &word));
    let (started, edited) = release(&place, "");
    assert_eq!(
        started,
        "1 compile, 1 go build, 1 go env, 1 go list, 2 link"
    );
    let mut place = place;
    place.env("GOBUILD_OPT_CACHE", "off");
    let (started, anew) = release(&place, "");
    assert!(started.contains("link"), "{started}");
    assert_eq!(anew, edited);
}

//! Build modes other than that of a program: what is asked of go, and what is not linked for nothing.

use crate::harness::Place;

fn checked(place: &Place, id: &str, flags: &str) -> Option<(String, String)> {
    let run = place.run(&format!("doctor --format json {flags}"));
    let report = run.json();
    let found = report[0]["checks"]
        .as_array()
        .unwrap()
        .iter()
        .find(|it| it["id"] == id)?;
    let text = |name: &str| found[name].as_str().unwrap().to_owned();
    Some((text("status"), text("message")))
}

#[test]
fn a_program_and_its_plugins_have_to_be_built_alike() {
    let place = Place::module();
    assert_eq!(checked(&place, "plugins", ""), None);
    let (status, message) = checked(&place, "plugins", "-buildmode=plugin").unwrap();
    assert_eq!(status, "warn");
    assert_eq!(
        message,
        "a plugin, and the program that opens it have to be built with -trimpath too: else plugin.Open says `different version of package`"
    );
    place.write(
        "main.go",
        "package main\n\nimport \"plugin\"\n\nfunc main() { plugin.Open(\"p.so\") }\n",
    );
    let (status, message) = checked(&place, "plugins", "").unwrap();
    assert_eq!(status, "warn");
    assert!(
        message.starts_with(
            "the program opens plugins, and these have to be built with -trimpath too"
        ),
        "{message}"
    );
    for flags in ["-trimpath", "-trimpath=false", "--set build.trimpath=true"] {
        let (status, _) = checked(&place, "plugins", flags).unwrap();
        assert_eq!(status, "pass", "{flags}");
    }
}

/// From the flags where the compiler gets them, from the finished file where Go records them, in whatever layer they stand.
#[test]
fn flags_of_a_debugger_or_a_detector_are_no_release() {
    let check = |flags: &str| {
        let place = Place::module();
        let report = place.release(&format!("--escapes off {flags}"));
        let checks = report["targets"][0]["checks"].as_array().unwrap().clone();
        let found = checks.into_iter().find(|it| it["id"] == "debug-build");
        let found = found.unwrap();
        let text = |name: &str| found[name].as_str().unwrap().to_owned();
        (text("status"), text("message"))
    };
    assert_eq!(check("").0, "pass");
    // Of the standard library alone, or with the last word against it: the user's code is optimised.
    assert_eq!(check("-gcflags=std=-N -gcflags=all=-m").0, "pass");
    for (flags, named) in [
        ("'-gcflags=all=-N -l'", "`-N`, `-l`"),
        ("--set 'build.gcflags=[\"all=-N\"]'", "`-N`"),
        ("-cover", "`-cover`"),
    ] {
        let (status, message) = check(flags);
        assert_eq!(status, "warn", "{flags}: {message}");
        assert!(
            message.ends_with(&format!("made with {named}")),
            "{message}"
        );
    }
    let place = Place::module();
    let (status, _) = checked(&place, "debug-build", "-gcflags=all=-N").unwrap();
    assert_eq!(status, "warn");
    let run = place.run("release -q -cover --set checks.debug-build=deny");
    assert_eq!(run.code(), 1, "{}", run.shown());
}

/// By what Go recorded in the file, whatever the flags were: the stand-in "builds" one that says so of itself.
#[test]
fn a_detector_in_the_finished_file_is_no_release() {
    use crate::harness::programs::{Build, small};
    const OTHER: &[u8] = b"\tGOAMD64=v1\n";
    let plain = small(Build::new("linux/amd64", "-s -w"));
    // In the data of the program, and where tools read it.
    let places: Vec<usize> = memchr::memmem::find_iter(&plain, OTHER).collect();
    assert_eq!(places.len(), 2);
    for (setting, named) in [
        ("-race=true", Some("`-race`")),
        ("-msan=true", Some("`-msan`")),
        ("-asan=true", Some("`-asan`")),
        ("GOAMD64=v1", None),
    ] {
        let mut place = Place::fake("");
        let mut bytes = plain.to_vec();
        for at in &places {
            bytes[at + 1..at + OTHER.len() - 1].copy_from_slice(setting.as_bytes());
        }
        std::fs::write(place.aside("made"), bytes).unwrap();
        place.fake_go(&format!(
            "build: output copy {}",
            place.aside("made").display()
        ));
        let line = "release --baseline off --escapes off";
        let report = place.release("--baseline off --escapes off");
        let checks = report["targets"][0]["checks"].as_array().unwrap();
        let found = checks.iter().find(|check| check["id"] == "debug-build");
        let found = found.unwrap();
        let denied = place.run(&format!("{line} -q --set checks.debug-build=deny"));
        match named {
            Some(flag) => {
                assert_eq!(found["status"], "warn", "{setting}: {found}");
                let words = format!("made with {flag}");
                let message = found["message"].as_str().unwrap();
                assert!(message.ends_with(&words), "{message}");
                assert_eq!(denied.code(), 1, "{}", denied.shown());
            }
            None => {
                assert_eq!(found["status"], "pass", "{found}");
                assert_eq!(denied.code(), 0, "{}", denied.shown());
            }
        }
    }
}

#[test]
fn what_cannot_be_compared_is_not_linked_twice() {
    let place = Place::module();
    let steps = |line: &str| {
        let run = place.run(&format!("plan {line}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        let links = run.stdout.lines().filter(|it| it.contains("go build "));
        links.count()
    };
    assert_eq!(steps("--escapes off"), 2);
    assert_eq!(steps("--escapes off -buildmode=c-archive"), 1);
    assert_eq!(steps("--escapes off --target aix/ppc64"), 1);
}

/// `go list` refuses the mode in which other platforms compile alike.
#[test]
fn escapes_of_a_library_for_wasip1_are_collected() {
    let place = Place::module();
    let report =
        place.release("--baseline off --target wasip1/wasm -buildmode=c-shared --out-dir dist");
    let checks = report["targets"][0]["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == "escapes").unwrap();
    assert_eq!(check["status"], "pass", "{check}");
    let path = report["targets"][0]["artifact"]["path"].as_str().unwrap();
    assert_eq!(path, "dist/tiny.wasm");
}

/// go leaves out what a loader looks for; in a directory of ours the name has it.
#[test]
fn a_shared_library_in_the_output_directory_ends_as_a_loader_expects() {
    let mut place = Place::module();
    place.env("CGO_ENABLED", "1");
    for (target, name) in [("linux/amd64", "tiny.so"), ("wasip1/wasm", "tiny.wasm")] {
        let run = place.run(&format!(
            "plan -buildmode=c-shared --out-dir dist --target {target}"
        ));
        assert_eq!(run.code(), 0, "{target}: {}", run.shown());
        let last = run.stdout.lines().last().unwrap();
        assert!(last.starts_with("mv "), "{}", run.shown());
        assert!(
            last.ends_with(&format!("/dist/{name}")),
            "{target}: {}",
            run.shown()
        );
    }
    // A name that is typed is the name.
    let run = place.run("plan -buildmode=c-shared -o clib");
    let last = run.stdout.lines().last().unwrap();
    assert!(last.ends_with("/clib"), "{}", run.shown());
}

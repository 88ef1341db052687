//! What cannot be read is not absent, and what only has the same name is not the same.

use gobuild_opt::analysis::frames::grown;
use gobuild_opt::binary::{self, Function};

use crate::harness::{Place, skipped};

fn program() -> Place {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Printf(\"%v\\n\", struct{ A int }{1}) }\n",
    );
    place.tool(
        "go",
        &["build", "-trimpath", "-ldflags=-s -w", "-o", "tiny", "."],
    );
    place
}

/// The same bytes as a Go before 1.20 would leave them, as far as the line table goes; without build information, too.
fn as_of_old(bytes: &[u8], build_information: bool) -> Vec<u8> {
    let mut old = bytes.to_vec();
    let mut put = |mark: &[u8], with: &[u8]| {
        let at = memchr::memmem::find(&old, mark).unwrap();
        old[at..at + with.len()].copy_from_slice(with);
    };
    put(&[0xf1, 0xff, 0xff, 0xff, 0, 0, 1, 8], &[0xf0]);
    if !build_information {
        put(b"\xff Go buildinf:", b"\xff No ");
    }
    old
}

#[test]
fn what_cannot_be_read_is_not_absent() {
    let place = program();
    let bytes = place.read("tiny");
    place.write("old", as_of_old(&bytes, true));
    place.write("bare", as_of_old(&bytes, false));
    let said = |file: &str| place.run(&format!("inspect {file}")).stdout;
    let new = said("tiny");
    assert!(
        new.contains("automaxprocs: not linked; automemlimit: not linked"),
        "{new}"
    );
    assert!(new.contains("and not linked\n"), "{new}");
    // The build information lists the modules, and says whether cgo was on.
    let old = said("old");
    assert!(
        old.contains("built by a Go before 1.20: functions and packages cannot be told"),
        "{old}"
    );
    assert!(
        old.contains("automaxprocs: not linked; automemlimit: not linked"),
        "{old}"
    );
    assert!(!old.contains("cgo: enabled, and not linked"), "{old}");
    let bare = said("bare");
    assert!(
        bare.contains("automaxprocs: not known; automemlimit: not known"),
        "{bare}"
    );
    assert!(
        bare.contains("cgo: unknown; whether it is linked is not known"),
        "{bare}"
    );
    let json = place.run("inspect --format json bare").json();
    for at in [
        "/runtime/automaxprocs",
        "/runtime/automemlimit",
        "/cgo/linked",
        "/runtime/container_cpu",
    ] {
        assert!(json.pointer(at).unwrap().is_null(), "{at}: {json}");
    }
    let compared = place.run("compare old tiny").stdout;
    for by in ["module", "package", "function"] {
        assert!(
            compared.contains(&format!("by {by}: one side does not tell")),
            "{compared}"
        );
    }
    assert!(!compared.contains("std"), "{compared}");
}

/// A program with C code and the libraries that it needs: where its packages cannot be told, the C code is not called absent.
#[test]
fn c_code_beside_shared_libraries_is_not_absent() {
    let place = Place::module();
    let gcc = place.command("gcc").arg("--version").output();
    if !gcc.is_ok_and(|done| done.status.success()) {
        return skipped("no gcc");
    }
    place.write(
        "main.go",
        "package main\n\n// #cgo LDFLAGS: -lm\n// #include <math.h>\nimport \"C\"\n\nfunc main() { println(float64(C.cos(1))) }\n",
    );
    let mut go = place.command("go");
    go.args(["build", "-trimpath", "-ldflags=-s -w", "-o", "tiny", "."]);
    let done = go.env("CGO_ENABLED", "1").output().unwrap();
    let stderr = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.success(), "{stderr}");
    let bytes = place.read("tiny");
    place.write("old", as_of_old(&bytes, true));
    place.write("bare", as_of_old(&bytes, false));
    for (file, words, linked) in [
        ("tiny", "cgo: enabled, ", Some(true)),
        (
            "old",
            "cgo: enabled; whether it is linked is not known",
            None,
        ),
        (
            "bare",
            "cgo: unknown; whether it is linked is not known",
            None,
        ),
    ] {
        let run = place.run(&format!("inspect {file}"));
        for words in ["needs libm.so.6", words] {
            assert!(run.stdout.contains(words), "{file}: {}", run.shown());
        }
        assert!(!run.stdout.contains("and not linked"), "{}", run.shown());
        let json = place.run(&format!("inspect --format json {file}")).json();
        assert_eq!(json["cgo"]["linked"].as_bool(), linked, "{file}");
    }
}

/// The list of modules is in the file, whatever else cannot be read of it.
#[test]
fn a_module_of_an_old_program_is_linked() {
    let place = program();
    place.write("max/go.mod", "module go.uber.org/automaxprocs\n\ngo 1.21\n");
    place.write("max/max.go", "package automaxprocs\n\nfunc Set() {}\n");
    let replaced =
        "require go.uber.org/automaxprocs v1.6.0\n\nreplace go.uber.org/automaxprocs => ./max\n";
    place.write("go.mod", format!("{}\n{replaced}", place.text("go.mod")));
    place.write(
        "main.go",
        "package main\n\nimport max \"go.uber.org/automaxprocs\"\n\nfunc main() { max.Set() }\n",
    );
    place.tool(
        "go",
        &["build", "-trimpath", "-ldflags=-s -w", "-o", "tiny", "."],
    );
    place.write("old", as_of_old(&place.read("tiny"), true));
    let said = place.run("inspect old").stdout;
    assert!(said.contains("automaxprocs: linked"), "{said}");
}

/// `reflect.callMethod` has a frame of more than 1 KiB, and a wrapper of the same name that has not.
#[test]
fn functions_of_one_name_have_not_grown() {
    let place = program();
    let bytes = place.read("tiny");
    let anatomy = binary::anatomy(&bytes).unwrap();
    let named = |it: &&Function| anatomy.name(it) == "reflect.callMethod";
    let frames: Vec<u32> = anatomy
        .functions
        .iter()
        .filter(named)
        .map(|it| it.frame)
        .collect();
    assert!(
        frames.len() == 2 && frames.iter().any(|it| *it >= 1024),
        "{frames:?}"
    );
    let grown = grown(&anatomy, &anatomy);
    assert!(grown.is_empty(), "{grown:?}");
}

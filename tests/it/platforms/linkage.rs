//! The loader and the libraries that a file names, held against Go's own readers of the formats; and what `release` says
//! of a program that was to be static.

use gobuild_opt::binary::{self, Linkage};

use crate::harness::programs::{self, Build};
use crate::harness::{Place, skipped};

/// Prints the loader, then the libraries, a line each, of the file that it is given.
const READER: &str = r#"package main

import (
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"fmt"
	"io"
	"os"
	"strings"
)

func main() {
	loader, libraries := "", []string{}
	name := os.Args[1]
	if f, err := elf.Open(name); err == nil {
		for _, it := range f.Progs {
			if it.Type == elf.PT_INTERP {
				text, _ := io.ReadAll(it.Open())
				loader = strings.TrimRight(string(text), "\x00")
			}
		}
		libraries, _ = f.ImportedLibraries()
	} else if f, err := macho.Open(name); err == nil {
		for _, it := range f.Loads {
			raw := it.Raw()
			if f.ByteOrder.Uint32(raw) == 0xe {
				start := f.ByteOrder.Uint32(raw[8:])
				loader, _, _ = strings.Cut(string(raw[start:]), "\x00")
			}
		}
		libraries, _ = f.ImportedLibraries()
	} else if f, err := pe.Open(name); err == nil {
		symbols, _ := f.ImportedSymbols()
		seen := map[string]bool{}
		for _, it := range symbols {
			_, library, _ := strings.Cut(it, ":")
			if !seen[library] {
				libraries = append(libraries, library)
			}
			seen[library] = true
		}
	} else {
		panic(err)
	}
	fmt.Println(loader)
	for _, it := range libraries {
		fmt.Println(it)
	}
}
"#;

/// By Go's reader, which was built as `reader`.
fn expected(place: &Place, file: &str) -> Linkage {
    let reader = place.path("reader");
    let printed = place.tool(reader.to_str().unwrap(), &[file]);
    let mut lines = printed.lines().map(str::to_owned);
    let loader = lines.next().filter(|it| !it.is_empty());
    let libraries: Vec<String> = lines.collect();
    match (&loader, libraries.is_empty()) {
        (None, true) => Linkage::Static,
        _ => Linkage::Dynamic { loader, libraries },
    }
}

fn with_reader() -> Place {
    let place = Place::empty();
    place.write("reader.go", READER);
    place.tool("go", &["build", "-o", "reader", "reader.go"]);
    place
}

fn linkage(bytes: &[u8]) -> Linkage {
    binary::read(bytes).unwrap().linkage.unwrap()
}

#[test]
fn loader_and_libraries_are_those_of_go_s_own_readers() {
    let place = with_reader();
    let builds = [
        (Build::new("linux/amd64", "-s -w"), true),
        (Build::new("linux/s390x", "-s -w"), true),
        (Build::pie("linux/amd64", "-s -w"), false),
        (Build::pie("linux/arm64", "-s -w"), false),
        (Build::new("freebsd/amd64", "-s -w"), true),
        (Build::new("openbsd/amd64", "-s -w"), false),
        (Build::new("solaris/amd64", "-s -w"), false),
        (Build::new("windows/amd64", "-s -w"), false),
        (Build::new("windows/386", "-s -w"), false),
        (Build::new("darwin/arm64", "-s -w"), false),
        (Build::new("darwin/amd64", "-s -w"), false),
    ];
    for (build, is_static) in builds {
        let bytes = programs::small(build);
        place.write("program", bytes.as_slice());
        let found = linkage(&bytes);
        assert_eq!(found, expected(&place, "program"), "{build:?}");
        assert_eq!(found == Linkage::Static, is_static, "{build:?}: {found}");
    }
    let wasm = programs::small(Build::new("wasip1/wasm", "-s -w"));
    assert_eq!(binary::read(&wasm).unwrap().linkage, None);
}

#[test]
fn a_file_that_was_to_be_static_is_looked_at() {
    let mut place = Place::empty();
    place.write("go.mod", "module example.com/look\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport \"net\"\n\nfunc main() { println(net.LookupHost(\"localhost\")) }\n",
    );
    let line = "release --preset cli --escapes off --baseline off -o look";
    let run = place.run(line);
    assert!(run.stdout.contains("\n  static\n"), "{}", run.shown());
    assert!(
        run.stdout.contains("pass  linkage: static: "),
        "{}",
        run.shown()
    );

    place.env("CGO_ENABLED", "1");
    place.env("COLUMNS", "300");
    let run = place.run(line);
    if run.code() != 0 {
        skipped("no C compiler: what a dynamic program says is not tested");
        return;
    }
    let bytes = place.read("look");
    let truth = with_reader();
    truth.write("program", &bytes);
    let found = linkage(&bytes);
    assert_eq!(found, expected(&truth, "program"));
    assert_ne!(found, Linkage::Static);
    let shown = format!("warn  linkage: {found}");
    assert!(run.stdout.contains(&shown), "{}", run.shown());
    assert!(
        run.stdout.contains("cgo is used by net\n"),
        "{}",
        run.shown()
    );
    assert!(run.stdout.contains("set CGO_ENABLED=0"), "{}", run.shown());
    let foretold = place.run("doctor --preset cli");
    let words = "linkage: cgo is used by net: the file will be dynamic";
    assert!(foretold.stdout.contains(words), "{}", foretold.shown());
    let denied = place.run(&format!("{line} --set checks.linkage=deny"));
    assert_eq!(denied.code(), 1, "{}", denied.shown());
    // Who asks for nothing hears nothing.
    let any = place.run(&line.replace("--preset cli ", ""));
    assert!(!any.stdout.contains("linkage:"), "{}", any.shown());
    // Unless what was built is put into an image where it cannot start.
    place.write("Dockerfile", "FROM scratch\nCOPY look /look\n");
    let image = place.run(&line.replace("--preset cli ", ""));
    let words = "the Dockerfile puts it into `scratch`, where it does not start";
    assert!(image.stdout.contains(words), "{}", image.shown());
    place.write("Dockerfile", "FROM debian:12\nCOPY look /look\n");
    let image = place.run(&line.replace("--preset cli ", ""));
    assert!(!image.stdout.contains("linkage:"), "{}", image.shown());
}

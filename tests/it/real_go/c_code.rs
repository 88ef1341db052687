//! C code in Go programs, linked by Go's linker and by another one: what is said of it is held against the symbol table.

use std::collections::BTreeMap;

use gobuild_opt::binary::{self, Anatomy};

use crate::harness::{Place, skipped};

/// gcc puts the path to `abort` into a function of its own, with `.cold` behind the name.
const C: &str = "package main

/*
#include <stdlib.h>
#include <stdio.h>

static int table[4096];

__attribute__((noinline)) int own_step(int n) {
	if (n > 100000) { fprintf(stderr, \"%d\\n\", n); abort(); }
	return table[n & 4095] + n * 3;
}

__attribute__((noinline)) int own_walk(int n) {
	int sum = 0;
	for (int i = 0; i < n; i++) sum += own_step(i);
	return sum;
}
*/
import \"C\"

func main() { println(C.own_walk(7)) }
";

/// Addresses of the functions and marks of the symbol table, by name.
fn symbols(bytes: &[u8]) -> BTreeMap<String, u64> {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let named =
        |it: goblin::elf::Sym| Some((elf.strtab.get_at(it.st_name)?.to_owned(), it.st_value));
    elf.syms.iter().filter_map(named).collect()
}

fn section(bytes: &[u8], name: &str) -> (u64, u64) {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let found = elf
        .section_headers
        .iter()
        .find(|it| elf.shdr_strtab.get_at(it.sh_name) == Some(name));
    found.map_or((0, 0), |it| (it.sh_addr, it.sh_size))
}

/// No package is named after a C function, and none has its code.
fn nobody_is_named_after_c(anatomy: &Anatomy<'_>) {
    for it in &anatomy.packages {
        let is_odd = it.path == "go"
            || it.path == "go.shape"
            || it.path.starts_with("x_cgo")
            || it.path.starts_with("own_");
        assert!(!is_odd, "{} has {} bytes", it.path, it.bytes);
    }
    for it in &anatomy.functions {
        let name = anatomy.name(it);
        if name.starts_with("own_") || name.starts_with("x_cgo_") || name.ends_with(".cold") {
            assert!(anatomy.package(it).is_none(), "{name}");
        }
    }
}

/// To the byte: the code of object files, as the linker names it (`net(.text)`), and the alignment behind each. The
/// functions in it are smaller by the alignment between them, and jumps to libraries stand in a section of their own.
fn reconciled(bytes: &[u8], text: u64, c_code: u64) {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let within = |it: &goblin::elf::Sym| (text..text + c_code).contains(&it.st_value);
    let name = |it: &goblin::elf::Sym| elf.strtab.get_at(it.st_name).unwrap_or_default();
    let of_object = |it: &goblin::elf::Sym| within(it) && name(it).contains("(.text");
    let mut parts: Vec<(u64, u64)> = elf
        .syms
        .iter()
        .filter(of_object)
        .map(|it| (it.st_value, it.st_size))
        .collect();
    parts.sort_unstable();
    parts.push((text + c_code, 0));
    let mut end = text;
    for (start, size) in &parts {
        assert!(*start >= end && start - end < 64, "{end:#x} {start:#x}");
        end = start + size;
    }
    let code: u64 = parts.iter().map(|it| it.1).sum();
    let functions = elf.syms.iter().filter(|it| within(it) && !of_object(it));
    let functions: u64 = functions.map(|it| it.st_size).sum();
    assert!(
        functions < code && code < c_code,
        "{functions} {code} {c_code}"
    );
    let plt = section(bytes, ".plt").1;
    let anatomy = binary::anatomy(bytes).unwrap();
    let unowned = anatomy.unowned.iter().filter(|it| it.section == ".plt");
    let found: Vec<u64> = unowned.map(|it| it.bytes).collect();
    assert_eq!(found, [plt]);
}

#[test]
fn c_code_is_counted_as_such_by_either_linker() {
    let place = Place::module();
    if !place
        .command("gcc")
        .arg("--version")
        .output()
        .is_ok_and(|it| it.status.success())
    {
        return skipped("no gcc");
    }
    place.write("main.go", C);
    for mode in ["internal", "external"] {
        let flag = format!("-ldflags=-linkmode={mode}");
        let done = place
            .command("go")
            .args(["build", "-o", mode, &flag, "."])
            .env("CGO_ENABLED", "1")
            .output()
            .unwrap();
        assert!(
            done.status.success(),
            "{}",
            String::from_utf8_lossy(&done.stderr)
        );
        let bytes = place.read(mode);
        let symbols = symbols(&bytes);
        assert!(symbols.keys().any(|it| it.starts_with("own_step")));
        let (text, size) = section(&bytes, ".text");
        let expected = if mode == "internal" {
            // Go's linker puts what it took from object files in front.
            let ours = symbols
                .iter()
                .filter(|it| it.0.starts_with("internal/") && (text..text + size).contains(it.1));
            ours.map(|it| it.1).min().unwrap() - text
        } else {
            let go = symbols["runtime.etext"] - symbols["runtime.text"];
            size - go + section(&bytes, ".init").1 + section(&bytes, ".fini").1
        };
        let anatomy = binary::anatomy(&bytes).unwrap();
        nobody_is_named_after_c(&anatomy);
        // Alignment between the two.
        let found = anatomy.c_code();
        assert!(
            found.abs_diff(expected) < 64,
            "{mode}: {found} B, {expected} B by the symbols"
        );
        assert!(found > 200);
        if mode == "internal" {
            reconciled(&bytes, text, found);
        }
        let run = place.run(&format!("inspect {mode}"));
        assert!(
            run.stdout.contains("bytes of code that is not Go's"),
            "{}",
            run.shown()
        );
    }
}

#[test]
fn a_program_without_c_has_none() {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(fmt.Sprint(1)) }\n",
    );
    for (goos, goarch) in [
        ("linux", "amd64"),
        ("linux", "arm64"),
        ("linux", "386"),
        ("linux", "s390x"),
        ("linux", "riscv64"),
        ("js", "wasm"),
        ("windows", "amd64"),
        ("darwin", "arm64"),
    ] {
        let mut go = place.command("go");
        go.args(["build", "-o", "tiny", "."])
            .env("GOOS", goos)
            .env("GOARCH", goarch)
            .env("CGO_ENABLED", "0");
        assert!(go.status().unwrap().success());
        let bytes = place.read("tiny");
        let anatomy = binary::anatomy(&bytes).unwrap();
        nobody_is_named_after_c(&anatomy);
        assert_eq!(anatomy.c_code(), 0, "{goos}/{goarch}");
    }
}

//! What is no Go executable, or no longer one, or one of a Go that is not known yet.

use gobuild_opt::binary::{self, Format};

use crate::harness::programs::{self, Build};
use crate::harness::{Place, Run};

/// One error, one hint, nothing on stdout.
fn check_refused(run: &Run, words: &str) {
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert_eq!(run.stdout, "", "{}", run.shown());
    let lines: Vec<&str> = run.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", run.shown());
    assert!(
        lines[0].starts_with("error: cannot inspect `it`: ") && lines[0].contains(words),
        "{}",
        run.shown()
    );
    assert!(lines[1].starts_with("hint: "), "{}", run.shown());
}

#[test]
fn an_executable_that_is_no_go_program_is_told_from_one() {
    let place = Place::empty();
    place.write("it", std::fs::read("/bin/ls").unwrap());
    check_refused(&place.run("inspect it"), "no Go program");
    let run = place.run("compare it it");
    assert_eq!(run.code(), 4, "{}", run.shown());
}

#[test]
fn a_file_that_is_cut_short_is_refused_at_any_length() {
    let place = Place::empty();
    for target in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"] {
        let bytes = programs::small(Build::new(target, "-s -w"));
        let size = bytes.len();
        let step = size / 23;
        let lengths = (1..size).step_by(step);
        for length in lengths.chain([2, 4, 63, 64, 65, 511, 4096, 4097, size - 1]) {
            place.write("it", &bytes[..length]);
            let run = place.run("inspect it");
            let report = run.shown();
            // Padding at the end of a file may be missing without a loss.
            if run.code() == 0 && length >= size - 512 {
                continue;
            }
            check_refused(&run, "");
            let known = [
                "cut short",
                "not an ELF, PE, Mach-O or wasm file",
                "no Go program",
            ];
            assert!(
                known.iter().any(|it| run.stderr.contains(it)),
                "{target}, {length} of {size}: {report}"
            );
        }
    }
}

/// As UPX leaves them: its mark in the first page and no section table in ELF, its own section names in PE. The
/// specification is the source of UPX (`src/p_unix.h`, `src/pefile.cpp`); the tool itself is not everywhere.
#[test]
fn what_upx_packed_is_refused_with_what_to_do() {
    let place = Place::empty();
    let mut elf = programs::small(Build::new("linux/amd64", "-s -w")).to_vec();
    // e_shoff, e_shentsize, e_shnum, e_shstrndx
    elf[40..48].fill(0);
    elf[58..64].fill(0);
    elf[0x200..0x204].copy_from_slice(b"UPX!");
    elf[0x1000..].fill(0x5a);
    place.write("it", &elf);
    let run = place.run("inspect it");
    check_refused(&run, "packed by UPX");
    assert!(run.stderr.contains("upx -d"), "{}", run.shown());

    let mut pe = programs::small(Build::new("windows/amd64", "-s -w")).to_vec();
    let at = memchr::memmem::find(&pe, b".text\0\0\0").unwrap();
    pe[at..at + 8].copy_from_slice(b"UPX0\0\0\0\0");
    place.write("it", &pe);
    check_refused(&place.run("inspect it"), "packed by UPX");
}

/// A damaged file of each format through the program: no panic, whatever is said.
#[test]
fn headers_full_of_nonsense_are_one_error() {
    let place = Place::empty();
    for target in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"] {
        let whole = programs::small(Build::new(target, "-s -w"));
        for (from, to) in [(4, 64), (16, 512), (8, 4096)] {
            let mut bytes = whole.to_vec();
            bytes[from..to].fill(0xff);
            // A PE file keeps where its header is.
            if target.starts_with("windows") {
                bytes[0x3c..0x40].copy_from_slice(&whole[0x3c..0x40]);
            }
            place.write("it", &bytes);
            let run = place.run("inspect it");
            assert!([0, 4].contains(&run.code()), "{target}: {}", run.shown());
            assert!(!run.stderr.contains("panicked"), "{}", run.shown());
        }
    }
}

/// A line table of another version: what is left is told, and that it is less.
#[test]
fn a_line_table_of_the_future_is_said_to_be_unknown() {
    for target in ["linux/amd64", "windows/amd64", "darwin/arm64"] {
        let mut bytes = programs::small(Build::new(target, "-s -w")).to_vec();
        let magic = 0xffff_fff1_u32.to_le_bytes();
        let places: Vec<usize> = memchr::memmem::find_iter(&bytes, &magic)
            .filter(|it| bytes[it + 4..it + 6] == [0, 0] && bytes[it + 7] == 8)
            .collect();
        assert!(!places.is_empty());
        for at in places {
            bytes[at] = 0xf2;
        }
        let place = Place::empty();
        place.write("it", &bytes);
        let run = place.run("inspect it");
        assert_eq!(run.code(), 0, "{target}: {}", run.shown());
        assert!(
            run.stdout.contains("note: no Go line table that is known"),
            "{}",
            run.shown()
        );
        let json = place.run("inspect --format json it").json();
        assert_eq!(json["ledger"]["sum"], bytes.len());
        assert_eq!(json["counts"]["functions"], 0);
        assert!(json["build"]["go_version"].is_string());
        assert!(!json["methods"].is_object());
    }
}

/// The runtime's table of contents of another version: functions are known, data is not.
#[test]
fn a_table_of_contents_of_the_future_is_said_to_be_unknown() {
    let whole = programs::small(Build::new("linux/amd64", "-s -w"));
    let read = binary::read(&whole).unwrap();
    assert_eq!(read.format, Format::Elf);
    let table = read.sections.iter().find(|it| it.name == ".gopclntab");
    let address = table.unwrap().address;
    let mut bytes = whole.to_vec();
    // Its first word points to the line table.
    let at = memchr::memmem::rfind(&bytes, &address.to_le_bytes()).unwrap();
    bytes[at..at + 8].fill(0x11);
    let place = Place::empty();
    place.write("it", &bytes);
    place.write("whole", &*whole);
    let run = place.run("inspect it");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout
            .contains("note: the runtime's table of contents was not found"),
        "{}",
        run.shown()
    );
    let [less, all] = ["it", "whole"].map(|name| {
        let run = place.run(&format!("inspect --format json {name}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
        run.json()
    });
    assert_eq!(less["counts"]["functions"], all["counts"]["functions"]);
    assert_eq!(less["counts"]["types"], 0);
    assert_eq!(less["ledger"]["sum"], whole.len());
    let owned = |it: &serde_json::Value| it["ledger"]["loaded_owned"].as_u64().unwrap();
    assert!(owned(&less) * 10 > owned(&all) * 7 && owned(&less) < owned(&all));
}

//! Texts that several packages have are kept once for all, and are nobody's alone.

use std::collections::BTreeSet;

use gobuild_opt::binary::{Request, Whose, anatomy_with};

use super::{Kind, Stretch, letters, truth, within};
use crate::harness::Place;

/// What is said of the bytes that several packages have.
#[derive(Debug, Default)]
struct Said {
    total: u64,
    /// Several packages have them, of one module or of more.
    shared: u64,
    /// One of those that have them does.
    alone: u64,
    /// Another package does.
    strange: u64,
    /// Nobody does.
    nobody: u64,
    /// The packages that have what is not shared.
    owners: BTreeSet<String>,
}

/// A text of code with type parameters is of the package that defines it, whichever packages have instances: it is not
/// judged here. A file without symbols names no packages without functions: nor is a text of such a one.
fn said(bytes: &[u8], stretches: &[Stretch], has_symbols: bool) -> Said {
    let request = Request {
        objects: true,
        ..Request::default()
    };
    let anatomy = anatomy_with(bytes, &request).unwrap();
    let packages = anatomy.packages.iter();
    let named: BTreeSet<&str> = packages
        .filter(|package| has_symbols || package.functions > 0)
        .map(|package| package.path.as_str())
        .collect();
    let functions = anatomy.functions.iter();
    let generic: BTreeSet<&str> = functions
        .filter(|function| anatomy.name(function).contains('['))
        .filter_map(|function| Some(anatomy.package(function)?.path.as_str()))
        .collect();
    let mut found = Said::default();
    for text in stretches.iter().filter(|text| text.kind == Kind::String) {
        let owners = || text.owners.iter().map(String::as_str);
        if owners().count() < 2 || !owners().all(|owner| named.contains(owner)) {
            continue;
        }
        for (object, common) in within(&anatomy.objects, text.address, text.address + text.size) {
            let sum = match &object.owner {
                Whose::Module(_) | Whose::Several => &mut found.shared,
                Whose::Nobody => &mut found.nobody,
                Whose::Package(place) => {
                    let path = anatomy.packages[*place as usize].path.as_str();
                    let is_one = owners().any(|owner| owner == path);
                    if !is_one && generic.contains(path) {
                        continue;
                    }
                    found.owners.insert(path.to_owned());
                    match is_one {
                        true => &mut found.alone,
                        false => &mut found.strange,
                    }
                }
            };
            *sum += common;
            found.total += common;
        }
    }
    found
}

/// Two packages that print the same lines, and have a table of the same names.
fn alike() -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/both\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/both/one\"\n\t\"example.com/both/two\"\n)\n\n\
         func main() {\n\tone.Print(len(os.Args))\n\ttwo.Print(len(os.Args))\n}\n",
    );
    let line = |seed| format!("\tfmt.Println(\"{}\")\n", letters(90, seed));
    let name = |seed| format!("\t\"{}\",\n", letters(60, seed));
    let lines: String = (100..140).map(line).collect();
    let names: String = (200..240).map(name).collect();
    for package in ["one", "two"] {
        place.write(
            &format!("{package}/{package}.go"),
            format!(
                "package {package}\n\nimport \"fmt\"\n\nvar names = []string{{\n{names}}}\n\n\
                 //go:noinline\nfunc Print(at int) {{\n{lines}\tfmt.Println(names[at])\n}}\n"
            ),
        );
    }
    place
}

/// Platforms that tell which texts are alive: in wasm those of code that was left out would count as well.
const TARGETS: &[&str] = &[
    "linux/amd64",
    "linux/arm64",
    "linux/386",
    "linux/riscv64",
    "linux/s390x",
    "windows/amd64",
    "darwin/arm64",
];

#[test]
#[allow(clippy::print_stdout)] // what a run of the tests is asked for
fn texts_of_several_packages_are_shared() {
    let place = alike();
    for target in TARGETS {
        let truth = truth(None, target, place.dir(), ".");
        for (bytes, has_symbols) in [(&truth.full, true), (&truth.stripped, false)] {
            let found = said(bytes, &truth.stretches, has_symbols);
            let share = 100.0 * found.shared as f64 / found.total as f64;
            let line = format!("{target}, symbols {has_symbols}: {share:.2} % shared: {found:?}");
            println!("{line}");
            // 40 lines and 40 names.
            assert!(found.total >= 40 * 90 + 40 * 60, "{line}");
            // On windows a text of 17 bytes that two packages of the standard library have is that of one.
            assert!(share >= 99.5 && found.strange == 0, "{line}");
        }
    }
}

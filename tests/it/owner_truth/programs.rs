//! Whose the data are in programs that were not made for the question, and in two that went wrong.

use gobuild_opt::binary::{DataObject, Kind, Request, Whose, anatomy_with};

use super::{hold, program, truth, truth_of};
use crate::harness::Place;
use crate::harness::programs::{self, Build};
use crate::harness::toolchains;

/// Code of C and a text without structure moved things so that several numbers in code looked like mentions of the time
/// zones, close to each other: each for itself cut nothing large off.
#[test]
fn false_mentions_beside_each_other_cut_no_text() {
    let place = Place::empty();
    place.write(
        "go.mod",
        "module example.com/data\n\ngo 1.21\n\nrequire github.com/google/uuid v1.6.0\n",
    );
    place.write(
        "go.sum",
        "github.com/google/uuid v1.6.0 h1:NIvaJDMOsjHA8n1jAhLSgzrAzy1Hgr+hNrb57e+94F0=\n\
         github.com/google/uuid v1.6.0/go.mod h1:TIyPZe4MgqvfeYDBFedMoGGpEw/LqOeaOT+nhxU+yHo=\n",
    );
    place.write(
        "main.go",
        "package main\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n\t_ \"time/tzdata\"\n\n\t\"github.com/google/uuid\"\n)\n\n\
         //go:embed large.txt\nvar text string\n\n\
         func main() { fmt.Println(len(text), text[3:7], uuid.New()) }\n",
    );
    place.write("large.txt", "x".repeat(3_000_000));
    for cgo in [true, false] {
        let how = Build {
            cgo,
            ..Build::new("linux/amd64", "")
        };
        let truth = truth_of(None, how, place.dir(), ".");
        hold("letters and time zones", &truth, 99.9, 99.5);
    }
}

/// Half of a file is one embedded image of zeros, and 4 MB are a generated table. On 386 each number of four bytes in code and
/// constants that lies in these 56 MB looks like an address.
#[test]
fn an_image_of_50_megabytes_and_a_table_of_4_have_their_package() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/large\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t_ \"embed\"\n\t\"fmt\"\n\t\"os\"\n\n\t\"example.com/large/table\"\n)\n\n\
         //go:embed disk.img\nvar disk []byte\n\n\
         func main() { fmt.Println(len(disk), disk[len(os.Args)], table.At(len(os.Args))) }\n",
    );
    let image = std::fs::File::create(place.dir().join("disk.img")).unwrap();
    image.set_len(50 << 20).unwrap();
    let rows: String = (0..1u64 << 20)
        .map(|it| format!("{:#x},", (it * 2_654_435_761) as u32))
        .collect();
    place.write(
        "table/table.go",
        format!(
            "package table\n\nvar rows = [...]uint32{{{rows}}}\n\n//go:noinline\nfunc At(at int) uint32 {{ return rows[at] }}\n"
        ),
    );
    for target in ["linux/amd64", "linux/arm64", "linux/386", "windows/amd64"] {
        let truth = truth(None, target, place.dir(), ".");
        hold(target, &truth, 99.9, 99.5);
    }
}

/// Other versions lay out and name things in other ways. In wasm all data are one region: what stands behind the line table of
/// Go 1.25 and older was taken for a part of it, and the texts of Go 1.27, which stand at the lowest addresses, were not found: half
/// of the bytes of the go command had a wrong package or none, and four of five of this program.
#[test]
fn data_have_their_package_whatever_go_built_them() {
    let platforms = [
        ("1.21.13", "linux/amd64"),
        ("1.24.11", "linux/amd64"),
        ("1.24.11", "js/wasm"),
        ("1.27.3", "linux/amd64"),
        ("1.27.3", "windows/amd64"),
        ("1.27.3", "js/wasm"),
    ];
    whatever_built(&platforms);
}

#[test]
#[ignore = "builds the standard library with six versions for up to seven platforms"]
fn data_have_their_package_whatever_go_built_them_for_what() {
    let platforms = [
        "windows/amd64",
        "darwin/arm64",
        "linux/arm64",
        "linux/386",
        "linux/s390x",
        "linux/riscv64",
    ];
    let versions = ["1.21.13", "1.24.11", "1.27.3"];
    let all = versions.map(|version| platforms.map(|platform| (version, platform)));
    whatever_built(all.as_flattened());
    whatever_built(&[("1.21.13", "js/wasm"), ("1.22.10", "linux/amd64")]);
    whatever_built(&[("1.23.9", "linux/arm64"), ("1.25.5", "js/wasm")]);
    whatever_built(&[("1.25.5", "windows/amd64"), ("1.25.5", "linux/amd64")]);
}

fn whatever_built(platforms: &[(&str, &'static str)]) {
    let place = program(3_000_000);
    for &(version, platform) in platforms {
        if let Some(toolchain) = toolchains::released(version) {
            let truth = truth(Some(&toolchain), platform, place.dir(), ".");
            // 4,444 bytes of the time zones of Windows are nobody's: `time..stmp_11` by its order.
            let with_symbols = match platform {
                "windows/amd64" => 99.8,
                _ => 99.9,
            };
            hold(&format!("{version} {platform}"), &truth, with_symbols, 99.4);
        }
    }
}

/// The toolchain's own commands, with few data: what stands in them is what programs have in common.
#[test]
fn data_of_the_go_command_and_gofmt_have_their_package() {
    let here = Place::empty();
    let root = programs::go(None, "linux/amd64", here.dir(), &["env", "GOROOT"]).stdout;
    let root = String::from_utf8(root).unwrap();
    let directory = std::path::Path::new(root.trim()).join("src/cmd");
    for (package, with_symbols, stripped) in [("cmd/go", 99.5, 98.5), ("cmd/gofmt", 99.0, 98.8)] {
        let truth = truth(None, "linux/amd64", &directory, package);
        hold(package, &truth, with_symbols, stripped);
    }
}

/// The same for other platforms and by other versions. In gofmt of Go 1.21 a list of 1,344 bytes that only the runtime seems to
/// mention is 1.2 % of all.
#[test]
#[ignore = "builds the go command and gofmt nine times each, for other platforms and by other versions"]
fn data_of_the_commands_have_their_package_everywhere() {
    let here = Place::empty();
    for (version, target, with_symbols, go, gofmt) in [
        (None, "linux/arm64", 99.0, 98.8, 98.8),
        (None, "linux/386", 99.0, 98.3, 98.8),
        (None, "linux/s390x", 99.0, 98.1, 98.9),
        (None, "js/wasm", 97.0, 98.2, 97.0), // it never has symbols
        (Some("1.27.3"), "linux/amd64", 99.0, 98.7, 98.5),
        (Some("1.24.11"), "linux/amd64", 99.0, 98.8, 98.5),
        (Some("1.27.3"), "js/wasm", 95.0, 98.2, 95.5), // of 46 KB in gofmt, the names of settings are 600 B
        (Some("1.24.11"), "js/wasm", 95.0, 98.3, 95.8), // of 43 KB in gofmt, the names of settings and errors
        (Some("1.21.13"), "linux/amd64", 98.5, 98.4, 97.0),
    ] {
        let toolchain = version.and_then(toolchains::released);
        if version.is_some() != toolchain.is_some() {
            continue;
        }
        let toolchain = toolchain.as_ref();
        let root = programs::go(toolchain, target, here.dir(), &["env", "GOROOT"]).stdout;
        let root = String::from_utf8(root).unwrap();
        let directory = std::path::Path::new(root.trim()).join("src/cmd");
        for (package, stripped) in [("cmd/go", go), ("cmd/gofmt", gofmt)] {
            let truth = truth(toolchain, target, &directory, package);
            let what = format!("{package} {} {target}", version.unwrap_or("in PATH"));
            hold(&what, &truth, with_symbols, stripped);
        }
    }
}

/// Constants of C stand behind those of Go, and their words are no addresses.
#[test]
#[ignore = "builds SQLite with other versions of Go"]
fn data_beside_those_of_c_have_their_package_whatever_go_built_them() {
    for version in ["1.24.11", "1.27.3"] {
        let place = sqlite();
        if let Some(toolchain) = toolchains::released(version) {
            let how = Build {
                cgo: true,
                ..Build::new("linux/amd64", "")
            };
            let truth = truth_of(Some(&toolchain), how, place.dir(), ".");
            hold(&format!("go-sqlite3 {version}"), &truth, 99.0, 98.0);
        }
    }
}

/// The listing of a package's objects, where the executable is no ELF file: the largest has its size and its package.
#[test]
fn the_largest_object_is_listed_in_every_format() {
    for target in ["windows/amd64", "darwin/arm64", "js/wasm"] {
        let truth = super::three_megabytes(target);
        for (what, bytes) in [("full", &truth.full), ("stripped", &truth.stripped)] {
            let request = Request {
                objects: true,
                ..Request::default()
            };
            let anatomy = anatomy_with(bytes, &request).unwrap();
            let owner = |object: &DataObject| match object.owner {
                Whose::Package(place) => anatomy.packages[place as usize].path.clone(),
                _ => String::new(),
            };
            let largest = anatomy.objects.iter().max_by_key(|object| object.size);
            let largest = largest.unwrap();
            let found = (largest.size, owner(largest));
            assert_eq!(
                found,
                (3_000_000, "example.com/data".to_owned()),
                "{target}, {what}: {largest:?}"
            );
        }
    }
}

/// A package that does nothing but embed has no name in a stripped file: what it embeds is whole, counts for who uses it, and is not
/// called proven.
#[test]
fn what_a_nameless_package_embeds_counts_for_its_user() {
    for target in ["linux/amd64", "windows/amd64", "darwin/arm64", "js/wasm"] {
        let truth = super::three_megabytes(target);
        let request = Request {
            objects: true,
            ..Request::default()
        };
        let anatomy = anatomy_with(&truth.stripped, &request).unwrap();
        let mut packages = anatomy.packages.iter();
        assert!(!packages.any(|package| package.path == "example.com/data/only"));
        let mut objects = anatomy.objects.iter();
        let text = objects.find(|object| object.size == 50_000);
        let text = text.unwrap_or_else(|| panic!("{target}: no text of 50,000 bytes"));
        let Whose::Package(place) = text.owner else {
            panic!("{target}: {text:?}");
        };
        let owner = &anatomy.packages[place as usize];
        assert_eq!(owner.path, "example.com/data", "{target}");
        assert!(
            !text.proven && owner.inferred >= 50_000,
            "{target}: {text:?}"
        );
    }
}

/// C code has data of its own, which no package of Go has.
#[test]
fn data_beside_those_of_c_have_their_package() {
    let place = sqlite();
    let how = Build {
        cgo: true,
        ..Build::new("linux/amd64", "")
    };
    let truth = truth_of(None, how, place.dir(), ".");
    hold("go-sqlite3", &truth, 99.4, 99.0);
    // The parser's tables, and those of SQL's functions.
    let of_c = |name: &str| name.starts_with("yy_") || name.starts_with("aBuiltinFunc.");
    let tables = data_symbols(&truth.full, of_c);
    let bytes: u64 = tables.iter().map(|it| it.1).sum();
    assert!(bytes > 15_000, "{bytes} bytes in {} tables", tables.len());
    for file in [&truth.full, &truth.stripped] {
        for object in objects(file) {
            let end = object.address + object.size;
            let is_c = tables
                .iter()
                .any(|it| it.0 < end && object.address < it.0 + it.1);
            assert!(!is_c || object.owner == Whose::Nobody, "{object:?}");
        }
    }
}

/// Tables of assembly code: only their own package's code mentions them, with symbols or without.
#[test]
fn tables_of_assembly_belong_to_its_package() {
    let place = Place::empty();
    place.write("go.mod", "module example.com/keys\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"crypto/ecdsa\"\n\t\"crypto/elliptic\"\n\t\"crypto/rand\"\n\t\"fmt\"\n)\n\n\
         func main() { fmt.Println(ecdsa.GenerateKey(elliptic.P256(), rand.Reader)) }\n",
    );
    let bytes = programs::package(None, Build::new("linux/amd64", ""), place.dir(), ".").0;
    for (package, prefix) in [
        (
            "crypto/internal/fips140/nistec",
            "crypto/internal/fips140/nistec.p256PrecomputedEmbed",
        ),
        ("internal/runtime/gc/scan", "expandAVX512_"),
    ] {
        let tables = data_symbols(&bytes, |name| name.starts_with(prefix));
        let expected: u64 = tables.iter().map(|it| it.1).sum();
        assert!(expected > 5_000, "{package}: {expected}");
        for without_symbols in [false, true] {
            let request = Request {
                without_symbols,
                ..Request::default()
            };
            let anatomy = anatomy_with(&bytes, &request).unwrap();
            let found = anatomy.packages.iter().find(|it| it.path == package);
            let data = found.map_or(0, |it| it.by_kind[Kind::Data as usize]);
            // The package may have some more; a table of 16 bytes that equals another's is shared.
            assert!(
                (expected - 64..expected + 20_000).contains(&data),
                "{package}, without symbols {without_symbols}: {data} of {expected}"
            );
        }
    }
}

/// Addresses and sizes of data symbols of an ELF file.
fn data_symbols(bytes: &[u8], is_meant: impl Fn(&str) -> bool) -> Vec<(u64, u64)> {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let data = elf.syms.iter().filter(|it| it.st_type() == 1);
    data.filter(|it| is_meant(elf.strtab.get_at(it.st_name).unwrap_or_default()))
        .map(|it| (it.st_value, it.st_size))
        .collect()
}

fn objects(bytes: &[u8]) -> Vec<DataObject> {
    let request = Request {
        objects: true,
        ..Request::default()
    };
    anatomy_with(bytes, &request).unwrap().objects
}

/// Some 400 packages that nobody here wrote. Texts of packages without functions are a part of them.
#[test]
#[ignore = "builds a program of 400 packages twice"]
fn data_of_a_large_program_have_their_package() {
    let place = module(
        "sigs.k8s.io/kustomize/kustomize/v5@v5.6.0",
        "//go:build tools\n\npackage main\n\nimport _ \"sigs.k8s.io/kustomize/kustomize/v5/commands\"\n",
    );
    let truth = truth(
        None,
        "linux/amd64",
        place.dir(),
        "sigs.k8s.io/kustomize/kustomize/v5",
    );
    hold("kustomize", &truth, 99.7, 98.5);
}

/// A program with SQLite.
fn sqlite() -> Place {
    module(
        "github.com/mattn/go-sqlite3@v1.14.22",
        "package main\n\nimport (\n\t\"database/sql\"\n\t\"fmt\"\n\n\t_ \"github.com/mattn/go-sqlite3\"\n)\n\n\
         func main() { fmt.Println(sql.Open(\"sqlite3\", \":memory:\")) }\n",
    )
}

/// A module with one file, that needs a version of another module.
fn module(version: &str, source: &str) -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/user\n\ngo 1.24\n");
    place.write("main.go", source);
    programs::go(None, "linux/amd64", place.dir(), &["get", version]);
    place
}

//! Packages that only embed: what they embed is theirs, in every format, and in what `release` says of a stripped file.

use serde_json::Value;

use super::{judge, letters, program, truth};
use crate::harness::Place;

/// The sizes of the files that are embedded: 3 MB together.
const SIZES: [usize; 4] = [1_500_000, 1_000_000, 400_000, 100_000];

/// A site whose pages are the file system of a package that has nothing else.
fn site() -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/site\n\ngo 1.21\n");
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"fmt\"\n\t\"os\"\n\n\t\"example.com/site/assets\"\n)\n\n\
         func main() {\n\ttext, err := assets.Files.ReadFile(os.Args[0])\n\tfmt.Println(len(text), err)\n}\n",
    );
    place.write(
        "assets/assets.go",
        "package assets\n\nimport \"embed\"\n\n//go:embed web\nvar Files embed.FS\n",
    );
    for (index, size) in SIZES.into_iter().enumerate() {
        let name = format!("assets/web/{index}.txt");
        place.write(&name, letters(size, index as u64 + 20));
    }
    place
}

/// With symbols the package that embeds has its files. A stripped file does not name it: then the one that uses them has them,
/// and no part of the standard library.
#[test]
fn files_of_megabytes_belong_to_who_embeds_them() {
    let place = site();
    let all: u64 = SIZES.iter().map(|size| *size as u64).sum();
    for target in ["linux/amd64", "linux/386", "windows/amd64", "darwin/arm64"] {
        let truth = truth(None, target, place.dir(), ".");
        let found = judge(&truth.full, &truth.stretches, true);
        assert!(found.share() >= 99.9, "{target}: {found:?}");
        for (bytes, owner) in [
            (&truth.full, "example.com/site/assets"),
            (&truth.stripped, "example.com/site"),
        ] {
            let anatomy = gobuild_opt::binary::anatomy(bytes).unwrap();
            let mut packages = anatomy.packages.iter();
            let found = packages.find(|package| package.path == owner);
            let bytes = found.map_or(0, |package| package.bytes);
            assert!(
                (all..all + 2_000).contains(&bytes),
                "{target}: {owner} has {bytes}"
            );
        }
    }
}

/// What is published is stripped; its twin has the symbols.
#[test]
fn a_release_knows_by_symbols_whose_data_are_in_every_format() {
    let place = program(100_000);
    for target in ["windows/amd64", "darwin/arm64", "linux/386"] {
        let report = place.release(&format!("--escapes off -o app --target {target}"));
        let found = &report["targets"][0];
        assert_eq!(found["owners"], "symbols", "{target}");
        assert_eq!(found["baseline"]["kind"], "unstripped", "{target}");
        let packages = found["packages"].as_array().unwrap();
        let bytes = |path: &str| {
            let found = packages.iter().find(|package| package["path"] == path);
            found
                .and_then(|package| package["bytes"].as_u64())
                .unwrap_or(0)
        };
        for (path, embedded) in [
            ("example.com/data/only", 50_000),
            ("example.com/data/files", 30_300),
            ("example.com/data", 170_000),
        ] {
            let bytes = bytes(path);
            assert!(
                (embedded..embedded + 2_000).contains(&bytes),
                "{target}: {path} has {bytes} of {embedded}"
            );
        }
        let stripped = place.read("app");
        let words = place.run("inspect --format json app").json();
        assert_eq!(words["file"]["stripped"], Value::Bool(true), "{target}");
        assert_eq!(words["file"]["size"], stripped.len(), "{target}");
    }
}

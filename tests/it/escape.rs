//! Escapes of real programs, compiled by a real `go`, against counts made by other means.

#![allow(clippy::unwrap_used, clippy::print_stdout)]

mod objects;
mod programs;
mod real_module;
mod stability;
mod truth;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use gobuild_opt::escape::{Collector, Escapes, Package, PackageEscapes, Sources};

/// `go` in `PATH`, then those that `GOBUILD_OPT_GO` names, as a path list.
fn toolchains() -> Vec<PathBuf> {
    let named = std::env::var_os("GOBUILD_OPT_GO").unwrap_or_default();
    let all = std::iter::once(PathBuf::from("go"))
        .chain(std::env::split_paths(&named).filter(|it| it != Path::new("")));
    let runs = |it: &PathBuf| Command::new(it).arg("version").output().is_ok();
    let (found, absent): (Vec<_>, Vec<_>) = all.partition(runs);
    for it in absent {
        crate::harness::skipped(&format!("`{}` does not run", it.display()));
    }
    found
}

fn go(go: &Path, dir: &Path, args: &[&str]) -> (String, Vec<u8>) {
    let mut command = Command::new(go);
    command
        .args(args)
        .current_dir(dir)
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "")
        .env("GOWORK", "off");
    let output = command.output().unwrap();
    assert!(
        output.status.success(),
        "{command:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    // A file may be called anything.
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    (stdout, output.stderr)
}

/// The build of `packages` in `dir`, and what the compiler said of it, with these flags on the command line.
fn build(tool: &Path, dir: &Path, flags: &[&str], packages: &[&str]) -> (Sources, Vec<u8>) {
    // A file may be called anything: names end with a byte that none has, and packages with another.
    let format = "{{.ImportPath}}\t{{.Name}}\t{{.Dir}}\t{{with .Module}}{{.Path}}{{end}}\t{{with .Module}}{{.Version}}{{end}}\t{{.Standard}}\t{{range .GoFiles}}{{.}}{{\"\\x00\"}}{{end}}{{range .CgoFiles}}{{.}}{{\"\\x00\"}}{{end}}{{\"\\x01\"}}";
    let args = [&["list", "-export", "-deps", "-f", format], flags, packages].concat();
    let (list, text) = go(tool, dir, &args);
    let text_or_none = |it: &str| (!it.is_empty()).then(|| it.to_owned());
    let package = |line: &str| {
        let mut fields = line.split('\t');
        let mut next = || fields.next().unwrap();
        Package {
            import_path: next().to_owned(),
            name: next().to_owned(),
            dir: next().into(),
            module: text_or_none(next()),
            version: text_or_none(next()),
            standard: next() == "true",
            files: next().split_terminator('\0').map(str::to_owned).collect(),
        }
    };
    let directory = dir
        .canonicalize()
        .unwrap()
        .into_os_string()
        .into_encoded_bytes();
    let trimpath = flags.contains(&"-trimpath");
    (
        Sources {
            packages: list.split_terminator("\x01\n").map(package).collect(),
            directory,
            trimpath,
            go: gobuild_opt::go::minor_of(go(tool, dir, &["env", "GOVERSION"]).0.trim()),
            ..Sources::default()
        },
        text,
    )
}

/// The module's packages with `-m`.
fn compile(tool: &Path, dir: &Path, trimpath: bool) -> (Sources, Vec<u8>) {
    let flags = [
        "-gcflags=./...=-m",
        if trimpath {
            "-trimpath"
        } else {
            "-trimpath=false"
        },
    ];
    build(tool, dir, &flags, &["./..."])
}

fn collect(sources: &Sources, text: &[u8]) -> Escapes {
    let mut collector = Collector::new(sources);
    collector.text(text);
    collector.finish(|it| !it.standard)
}

/// A module with every class of escape, in two packages and one file that another name stands for.
fn module() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("go.mod", "module example.com/m\n\ngo 1.21\n"),
        ("main.go", include_str!("../data/escape/module/main.go.txt")),
        ("iter.go", include_str!("../data/escape/module/iter.go.txt")),
        (
            "lib/lib.go",
            include_str!("../data/escape/module/lib.go.txt"),
        ),
        (
            "lib/gram.go",
            include_str!("../data/escape/module/gram.go.txt"),
        ),
    ] {
        let path = dir.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    // A package that no build has compiled: go repeats the diagnostics of an old one only while its cache still has them.
    for (name, package) in [("unique.go", "main"), ("lib/unique.go", "lib")] {
        let text = format!("package {package} // {}\n", dir.path().display());
        std::fs::write(dir.path().join(name), text).unwrap();
    }
    dir
}

/// Sites per package, by plain text: sorted lines without repeats.
fn by_hand(text: &[u8]) -> BTreeMap<String, usize> {
    let text = String::from_utf8(text.to_vec()).unwrap();
    let (mut header, mut lines) = (String::new(), BTreeSet::new());
    for line in text.lines() {
        if let Some(name) = line.strip_prefix("# ") {
            name.clone_into(&mut header);
        }
        // The module's generics are used with these types alone, these are its constants, and these lines declare functions.
        let line = ["[]string", "[]int", "string", "int"].iter().fold(
            line.replace("lib.Box", "Box").replace("lib.in", "in"),
            |line, it| line.replace(&format!("go.shape.{it}"), "T"),
        );
        let constant = ["\"boxed text\" escapes", "42 escapes", "true escapes"]
            .iter()
            .any(|it| line.contains(it));
        let declaration = ["lib.go:13:6: ", "lib.go:19:6: "]
            .iter()
            .any(|it| line.contains(it));
        if (line.contains("escapes to heap") || line.contains("moved to heap"))
            && !constant
            && !declaration
        {
            let file = line.split(':').next().unwrap();
            let owner = match file.rsplit_once('/') {
                Some((owner, name)) if name.ends_with(".go") => owner.to_owned(),
                _ => header.clone(),
            };
            lines.insert((owner, line));
        }
    }
    let mut counts = BTreeMap::new();
    for (owner, _) in lines {
        *counts.entry(owner).or_insert(0) += 1;
    }
    counts
}

#[test]
fn every_class_is_seen_where_it_belongs() {
    let dir = module();
    for tool in toolchains() {
        let (sources, text) = compile(&tool, dir.path(), true);
        let escapes = collect(&sources, &text);
        assert_eq!(escapes.unparsed_examples, [""; 0], "{}", tool.display());
        let counted: BTreeMap<String, usize> = escapes
            .packages
            .iter()
            .map(|it| (it.path.clone(), it.sites as usize))
            .collect();
        let mut expected = by_hand(&text);
        expected.retain(|it, _| it.starts_with("example.com/"));
        assert_eq!(
            counted,
            expected,
            "{}\n{}",
            tool.display(),
            String::from_utf8_lossy(&text)
        );
        for it in &escapes.packages {
            let classes = [
                it.moved,
                it.new,
                it.make,
                it.boxing,
                it.closure,
                it.conversion,
                it.other,
            ];
            assert!(
                classes.iter().all(|it| *it > 0),
                "{}: {it:?}",
                tool.display()
            );
            assert_eq!(it.sites, classes.iter().sum::<u64>() + it.append);
            assert!(it.constants > 0, "{}: {it:?}", tool.display());
        }
    }
}

#[test]
fn paths_of_either_kind_give_the_same_counts() {
    let dir = module();
    for tool in toolchains() {
        let counts = [true, false].map(|trimpath| {
            let (sources, text) = compile(&tool, dir.path(), trimpath);
            collect(&sources, &text).packages
        });
        assert_eq!(counts[0], counts[1], "{}", tool.display());
    }
}

#[test]
fn recorded_outputs_read_the_same_without_go() {
    let package = |path: &str| Package {
        import_path: path.to_owned(),
        ..Package::default()
    };
    let packages = [
        "example.com/m",
        "example.com/m/lib",
        "slices",
        "strings",
        "os",
        "fmt",
        "iter",
    ]
    .map(package);
    let sources = Sources {
        packages: packages.to_vec(),
        directory: Vec::new(),
        trimpath: true,
        ..Sources::default()
    };
    let check = |text: &[u8]| {
        let mut collector = Collector::new(&sources);
        collector.text(text);
        let escapes = collector.finish(|it| it.import_path.contains('.'));
        assert_eq!(escapes.unparsed_examples, [""; 0]);
        let row = |it: &PackageEscapes| {
            format!(
                "{:17} {:2} = {} moved {} new {} make {} append {} boxing {} closure {} conversion {} other + {} constants {} leaking",
                it.path,
                it.sites,
                it.moved,
                it.new,
                it.make,
                it.append,
                it.boxing,
                it.closure,
                it.conversion,
                it.other,
                it.constants,
                it.leaking
            )
        };
        escapes
            .packages
            .iter()
            .map(row)
            .collect::<Vec<_>>()
            .join("\n")
    };
    insta::assert_snapshot!(check(include_bytes!("../data/escape/go1.21.txt")), @r"
    example.com/m     39 = 3 moved 8 new 8 make 0 append 8 boxing 2 closure 6 conversion 4 other + 6 constants 0 leaking
    example.com/m/lib 18 = 4 moved 2 new 4 make 0 append 4 boxing 2 closure 1 conversion 1 other + 1 constants 1 leaking
    ");
    insta::assert_snapshot!(check(include_bytes!("../data/escape/go1.24.txt")), @r"
    example.com/m     51 = 6 moved 8 new 10 make 0 append 9 boxing 8 closure 6 conversion 4 other + 6 constants 1 leaking
    example.com/m/lib 18 = 4 moved 2 new 4 make 0 append 4 boxing 2 closure 1 conversion 1 other + 1 constants 1 leaking
    ");
    insta::assert_snapshot!(check(include_bytes!("../data/escape/go1.26.txt")), @r"
    example.com/m     59 = 6 moved 8 new 10 make 8 append 9 boxing 8 closure 6 conversion 4 other + 6 constants 1 leaking
    example.com/m/lib 21 = 4 moved 2 new 4 make 3 append 4 boxing 2 closure 1 conversion 1 other + 1 constants 1 leaking
    ");
    insta::assert_snapshot!(check(include_bytes!("../data/escape/go1.27.txt")), @r"
    example.com/m     59 = 6 moved 8 new 10 make 8 append 9 boxing 8 closure 6 conversion 4 other + 6 constants 1 leaking
    example.com/m/lib 21 = 4 moved 2 new 4 make 3 append 4 boxing 2 closure 1 conversion 1 other + 1 constants 1 leaking
    ");
}

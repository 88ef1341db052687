//! Every figure of the report against `stat`, `sha256sum`, `go version -m`, `readelf` and the
//! compiler's own words.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{on, on_every_toolchain, program};
use crate::harness::Place;
use crate::harness::toolchains::Toolchain;

on_every_toolchain!(
    figures_are_those_of_other_tools,
    what_go_build_gives_by_hand,
    cross_compiled_targets,
    several_commands,
    escapes_are_those_of_the_compiler,
);

/// A linker flag whose value has a space, quoted as Go wants it.
const VERSION: &str = r#"-ldflags "-X 'main.version=v1.2 beta'""#;

fn figures_are_those_of_other_tools(toolchain: &Toolchain) {
    let place = program(toolchain);
    let report = place.release(&format!("--out-dir dist {VERSION}"));
    assert_eq!(
        place.files().replace('\n', " "),
        "dist/SHA256SUMS dist/tiny go.mod greet/greet.go main.go"
    );
    let version = place.tool("go", &["env", "GOVERSION"]);
    assert_eq!(report["toolchain"]["version"], version.trim());

    let target = &report["targets"][0];
    check_artifact(&place, target);
    check_build_info(&place, target, version.trim());
    check_sections(&place, target);
    check_sums(&place);

    let said = place.tool(place.path("dist/tiny"), &[]);
    assert_eq!(said, "v1.2 beta\nhello, world 0\n");
    check_loaded(target, toolchain);

    let again = place.release(&format!("--out-dir dist {VERSION}"));
    assert_eq!(
        again["targets"][0]["artifact"]["sha256"],
        target["artifact"]["sha256"]
    );
    assert_eq!(again["targets"][0]["packages_compiled"], 0);
}

/// Path, size and digest, as the file system and coreutils have them.
fn check_artifact(place: &Place, target: &Value) {
    let artifact = &target["artifact"];
    let path = artifact["path"].as_str().unwrap();
    let bytes = std::fs::read(place.path(path)).unwrap();
    assert_eq!(artifact["size"], bytes.len());
    let digest = place.tool("sha256sum", &[path]);
    assert_eq!(artifact["sha256"].as_str(), digest.split(' ').next());
    let id = place.tool("go", &["tool", "buildid", path]);
    assert_eq!(artifact["build_id"], id.trim());
    for (key, file, headers, padding) in [
        ("after", &artifact["size"], "headers", "padding"),
        (
            "before",
            &target["baseline"]["size"],
            "headers_before",
            "padding_before",
        ),
    ] {
        if file.is_null() {
            continue;
        }
        let sections = target["sections"].as_array().unwrap();
        let sum: u64 = sections
            .iter()
            .map(|it| it[key].as_u64().unwrap_or(0))
            .sum();
        let overhead = &target["overhead"];
        let rest = overhead[headers].as_u64().unwrap() + overhead[padding].as_u64().unwrap();
        assert_eq!(*file, sum + rest, "{key}: {target:#}");
    }
}

fn check_build_info(place: &Place, target: &Value, version: &str) {
    let path = target["artifact"]["path"].as_str().unwrap();
    let info = place.tool("go", &["version", "-m", path]);
    assert!(info.contains("build\t-trimpath=true\n"), "{info}");
    assert!(
        !info.contains("-ldflags"),
        "left out with -trimpath: {info}"
    );
    assert!(!info.contains("-gcflags"), "-m never ships: {info}");
    assert_eq!(target["artifact"]["go_version"], version);
    let godebug = info
        .lines()
        .find_map(|it| it.trim().strip_prefix("build\tDefaultGODEBUG="));
    let expected: BTreeMap<&str, &str> = godebug
        .unwrap_or_default()
        .split(',')
        .filter_map(|it| it.split_once('='))
        .collect();
    assert_eq!(target["runtime"]["godebug"], serde_json::json!(expected));
}

/// Stripping changes nothing that runs. Go 1.21 moves tables behind the section names, and the
/// pointers to them, by a few bytes.
fn check_loaded(target: &Value, toolchain: &Toolchain) {
    const MOVED: &[&str] = &[
        ".typelink",
        ".itablink",
        ".gosymtab",
        ".gopclntab",
        ".noptrdata",
    ];
    let identical = target["baseline"]["loaded_identical"].as_bool().unwrap();
    assert_eq!(identical, toolchain.minor >= (1, 22));
    let checks = target["checks"].as_array().unwrap();
    let check = checks.iter().find(|it| it["id"] == "baseline").unwrap();
    let message = check["message"].as_str().unwrap();
    let named = message.split([' ', ',']).filter(|it| it.starts_with('.'));
    let unexpected: Vec<&str> = named.filter(|it| !MOVED.contains(it)).collect();
    assert!(unexpected.is_empty(), "{message}");
}

/// coreutils accept the checksum file where it stands.
fn check_sums(place: &Place) {
    let mut check = place.command("sha256sum");
    check.args(["-c", "--strict", "--quiet", "SHA256SUMS"]);
    check.current_dir(place.path("dist"));
    assert!(check.status().unwrap().success());
}

/// The role of each section that readelf names, and the sums.
fn check_sections(place: &Place, target: &Value) {
    let printed = place.tool("readelf", &["-SW", "dist/tiny"]);
    let mut sizes = BTreeMap::new();
    for row in printed
        .lines()
        .filter_map(|it| it.trim_start().strip_prefix('['))
    {
        let Some((number, rest)) = row.split_once(']') else {
            continue;
        };
        let columns: Vec<&str> = rest.split_whitespace().collect();
        if number.trim().parse::<u32>().is_ok_and(|it| it > 0) {
            let size = u64::from_str_radix(columns[4], 16).unwrap();
            let in_file = if columns[1] == "NOBITS" { 0 } else { size };
            sizes.insert(columns[0].to_owned(), in_file);
        }
    }
    assert!(sizes.contains_key(".text"), "{printed}");
    let mut seen = BTreeSet::new();
    for section in target["sections"].as_array().unwrap() {
        let names = section["names"].as_array().unwrap();
        let names: Vec<&str> = names.iter().map(|it| it.as_str().unwrap()).collect();
        let sum: u64 = names.iter().filter_map(|it| sizes.get(*it)).sum();
        assert_eq!(section["after"], sum, "{section} of\n{printed}");
        seen.extend(names);
    }
    let missing: Vec<&String> = sizes
        .keys()
        .filter(|it| !seen.contains(it.as_str()))
        .collect();
    assert!(missing.is_empty(), "{missing:?} have no role");
}

fn what_go_build_gives_by_hand(toolchain: &Toolchain) {
    let place = program(toolchain);
    let report = place.release(VERSION);
    let target = &report["targets"][0];
    let build = |name: &str, ldflags: &str| {
        place.tool("go", &["build", "-trimpath", "-o", name, ldflags, "."]);
        place.read(name)
    };
    let stripped = build("by-hand", "-ldflags=-s -w -X 'main.version=v1.2 beta'");
    assert!(
        stripped == place.read("tiny"),
        "the bytes are those of `go build`"
    );
    let twin = build("twin", "-ldflags=-X 'main.version=v1.2 beta'");
    assert_eq!(target["baseline"]["kind"], "unstripped");
    assert_eq!(target["owners"], "symbols");
    assert_eq!(target["baseline"]["size"], twin.len());

    // Without DWARF: the same proof, the same owners, another size.
    let short = &place.release(&format!("{VERSION} --baseline symbols"))["targets"][0];
    let twin = build("symbols", "-ldflags=-w -X 'main.version=v1.2 beta'");
    assert_eq!(short["baseline"]["kind"], "symbols");
    assert_eq!(short["baseline"]["size"], twin.len());
    let proof = |target: &Value| {
        let checks = target["checks"].as_array().unwrap().iter();
        checks
            .filter(|it| it["id"] == "baseline")
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(proof(short)[0]["status"], "pass", "{short}");
    // Before Go 1.22 other sections move without DWARF; what is loaded is the same.
    assert_eq!(proof(short)[0]["status"], proof(target)[0]["status"]);
    assert_eq!(short["frames"], target["frames"]);
    assert_eq!(short["owners"], target["owners"]);
    let sizes = |target: &Value| {
        let packages = target["packages"].as_array().unwrap().clone().into_iter();
        packages
            .map(|it| (it["path"].clone(), it["bytes"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(sizes(short), sizes(target));

    let report = place.release("--baseline plain -ldflags=-w");
    let plain = build("plain", "-ldflags=-w");
    assert_eq!(report["targets"][0]["baseline"]["kind"], "plain");
    let size = report["targets"][0]["baseline"]["size"].as_u64().unwrap();
    // Without -trimpath paths are longer: near, and never smaller.
    assert!(
        size >= plain.len() as u64 && size < plain.len() as u64 * 2,
        "{size}"
    );
}

fn cross_compiled_targets(toolchain: &Toolchain) {
    let place = program(toolchain);
    let report = place.release("--out-dir dist --target windows/amd64 --target darwin/arm64");
    let names = ["tiny-windows-amd64.exe", "tiny-darwin-arm64"];
    let heads: [&[u8]; 2] = [b"MZ", b"\xcf\xfa\xed\xfe"];
    let targets = report["targets"].as_array().unwrap();
    assert_eq!(targets.len(), 2);
    for ((target, name), head) in targets.iter().zip(names).zip(heads) {
        let path = target["artifact"]["path"].as_str().unwrap();
        assert!(path.ends_with(name), "{path}");
        let bytes = std::fs::read(place.path(path)).unwrap();
        assert!(bytes.starts_with(head), "{path}");
        check_artifact(&place, target);
        assert_eq!(target["runtime"]["container_cpu"], Value::Null);
        assert!(target["escapes"]["sites"].as_u64().unwrap() > 0);
        let platform = format!(
            "{}-{}",
            target["goos"].as_str().unwrap(),
            target["goarch"].as_str().unwrap()
        );
        assert!(name.contains(&platform), "{platform}");
    }
    let sums = place.text("dist/SHA256SUMS");
    assert_eq!(sums.lines().count(), 2, "{sums}");
    check_sums(&place);
}

fn several_commands(toolchain: &Toolchain) {
    let place = program(toolchain);
    place.write(
        "cmd/one/main.go",
        "package main\n\nfunc main() { println(1) }\n",
    );
    place.write(
        "cmd/two/main.go",
        "package main\n\nfunc main() { println(2) }\n",
    );
    // As `go build`: several packages are compiled and discarded.
    let report = place.release("--baseline off --escapes off ./cmd/...");
    assert!(!place.files().contains("one\n") && !place.path("dist").exists());
    assert_eq!(report["targets"][0]["artifact"]["path"], Value::Null);

    let report = place.release("--baseline off --escapes off --out-dir dist ./...");
    let targets = report["targets"].as_array().unwrap();
    let names: Vec<&str> = targets
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    assert_eq!(names, ["tiny", "one", "two"]);
    targets.iter().for_each(|it| check_artifact(&place, it));
    let run = place.command(place.path("dist/two")).output().unwrap();
    assert_eq!(run.stderr, b"2\n");
}

/// Sites per file, by plain text: each line once, constants apart.
fn counted_by_hand(text: &str) -> BTreeMap<String, BTreeMap<&'static str, u64>> {
    let mut counts: BTreeMap<String, BTreeMap<&'static str, u64>> = BTreeMap::new();
    let lines: BTreeSet<&str> = text.lines().collect();
    for line in lines {
        let Some((position, message)) = line.split_once(": ") else {
            continue;
        };
        let file = position.split(':').next().unwrap();
        let class = if message.starts_with("moved to heap: ") {
            "moved"
        } else if let Some(what) = message.strip_suffix(" escapes to heap") {
            match what {
                _ if what.starts_with('"') && what.ends_with('"') => "constants",
                _ if what.starts_with("make(") => "make",
                _ if what.starts_with("new(") || what.starts_with('&') => "new",
                _ if what.starts_with("append") => "append",
                _ if what.starts_with("func literal") => "closure",
                _ => "more",
            }
        } else {
            continue;
        };
        *counts
            .entry(file.to_owned())
            .or_default()
            .entry(class)
            .or_default() += 1;
    }
    counts
}

fn escapes_are_those_of_the_compiler(toolchain: &Toolchain) {
    let place = program(toolchain);
    let report = place.release("--baseline off");
    let mut by_hand = place.command("go");
    by_hand.args([
        "build",
        "-trimpath",
        "-gcflags=example.com/tiny/...=-m",
        "-o",
        "m",
        ".",
    ]);
    let text = String::from_utf8(by_hand.output().unwrap().stderr).unwrap();
    let counts = counted_by_hand(&text);
    let packages = report["targets"][0]["escapes"]["packages"]
        .as_array()
        .unwrap();
    assert_eq!(packages.len(), 2, "{packages:?}");
    assert_eq!(report["targets"][0]["escapes"]["unparsed"], 0);
    for (package, file) in [
        ("example.com/tiny", "main.go"),
        ("example.com/tiny/greet", "greet.go"),
    ] {
        let ours = packages.iter().find(|it| it["path"] == package).unwrap();
        let file = counts.keys().find(|it| it.ends_with(file)).unwrap();
        let theirs = &counts[file];
        let sites: u64 = theirs
            .iter()
            .filter(|it| *it.0 != "constants")
            .map(|it| it.1)
            .sum();
        assert_eq!(ours["sites"], sites, "{package}: {ours}\n{text}");
        for class in ["moved", "make", "new", "append", "closure", "constants"] {
            let count = theirs.get(class).copied().unwrap_or(0);
            assert_eq!(ours[class], count, "{class} of {package}\n{text}");
        }
    }
    assert!(
        counts.values().map(BTreeMap::len).sum::<usize>() > 5,
        "{counts:?}"
    );
}

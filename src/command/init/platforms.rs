//! Reads from a goreleaser file what it builds and for which platforms.

use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

use crate::input;

/// What a goreleaser file builds.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Releases {
    /// Without repetition, in the order of the file.
    pub(crate) platforms: Vec<Platform>,
    /// Directories of main packages, as they are written.
    pub(crate) mains: Vec<String>,
}

/// An operating system and a processor, as Go names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Platform {
    pub(crate) os: String,
    pub(crate) arch: String,
    /// The level of the processor: of arm always, elsewhere where it is not that which Go takes by itself.
    pub(crate) level: Option<String>,
}

impl Platform {
    fn new(os: String, arch: String, level: Option<String>) -> Self {
        // Go takes 7 for arm, goreleaser 6.
        let usual = level_of(&arch).map(|(_, usual)| usual);
        let level = usual.map(|usual| level.unwrap_or_else(|| usual.to_owned()));
        let is_told = |level: &String| arch == "arm" || Some(level.as_str()) != usual;
        let level = level.filter(is_told);
        Self { os, arch, level }
    }
}

/// The key of goreleaser for the level of a processor, and the level that it takes where nothing is said.
fn level_of(arch: &str) -> Option<(&'static str, &'static str)> {
    Some(match arch {
        "arm" => ("goarm", "6"),
        "amd64" => ("goamd64", "v1"),
        "arm64" => ("goarm64", "v8.0"),
        "386" => ("go386", "sse2"),
        "mips" | "mipsle" | "mips64" | "mips64le" => ("gomips", "hardfloat"),
        "ppc64" | "ppc64le" => ("goppc64", "power8"),
        "riscv64" => ("goriscv64", "rva20u64"),
        _ => return None,
    })
}

/// So many systems, processors or levels are read of a build: Go has fewer.
const MOST: usize = 64;

/// What goreleaser builds for where nothing is said.
const SYSTEMS: &[&str] = &["linux", "darwin", "windows"];
const PROCESSORS: &[&str] = &["386", "amd64", "arm64"];

/// Whether a Go builds for a platform, by its own list; `true` where that cannot be read (before Go 1.21).
pub(super) fn buildable(goroot: &Path, platforms: &mut Vec<Platform>) {
    let list = goroot.join("src/internal/platform/zosarch.go");
    let Ok(list) = input::text(&list, input::SOURCE) else {
        return;
    };
    platforms.retain(|platform| {
        let pair = format!("{{\"{}\", \"{}\"}}:", platform.os, platform.arch);
        let line = list
            .lines()
            .find(|line| line.trim_start().starts_with(&pair));
        line.is_some_and(|line| !line.contains("Broken: true"))
    });
}

/// Nothing where it builds nothing or is no YAML.
pub(super) fn read(text: &str) -> Releases {
    let mut all = Releases::default();
    if input::is_deep_yaml(text) {
        return all;
    }
    let documents = Yaml::load_from_str(text).unwrap_or_default();
    let builds = documents
        .iter()
        .filter_map(|yaml| yaml.as_mapping_get("builds")?.as_sequence());
    for build in builds.flatten().filter(|yaml| !is_skipped(yaml)) {
        let main = main(build);
        if !all.mains.contains(&main) {
            all.mains.push(main);
        }
        for platform in platforms(build) {
            if !all.platforms.contains(&platform) {
                all.platforms.push(platform);
            }
        }
    }
    all
}

/// The directory of its main package.
fn main(build: &Yaml<'_>) -> String {
    let place = |key: &str| build.as_mapping_get(key).and_then(Yaml::as_str);
    match (place("dir"), place("main").unwrap_or(".")) {
        (Some(dir), ".") => dir.to_owned(),
        (Some(dir), main) => format!("{dir}/{}", main.trim_start_matches("./")),
        (None, main) => main.to_owned(),
    }
}

/// As `targets` lists them, or systems times processors without what is ignored.
fn platforms(build: &Yaml<'_>) -> Vec<Platform> {
    let targets = texts(build, "targets");
    if !targets.is_empty() {
        return targets.iter().filter_map(|text| target(text)).collect();
    }
    let ignored = build.as_mapping_get("ignore").and_then(Yaml::as_sequence);
    let ignored = |platform: &Platform| {
        ignored
            .into_iter()
            .flatten()
            .any(|rule| ignores(rule, platform))
    };
    let mut found = Vec::new();
    for os in texts_or(build, "goos", SYSTEMS) {
        for arch in texts_or(build, "goarch", PROCESSORS) {
            let levels = level_of(&arch).map(|(key, usual)| texts_or(build, key, &[usual]));
            for level in levels.unwrap_or_else(|| vec![String::new()]) {
                found.push(Platform::new(os.clone(), arch.clone(), Some(level)));
            }
        }
    }
    found.retain(|platform| !ignored(platform));
    found
}

/// `linux_amd64_v1`; words such as `go_first_class` name no platform.
fn target(text: &str) -> Option<Platform> {
    let mut parts = text.split('_').map(str::to_owned);
    let (os, arch, level) = (parts.next()?, parts.next()?, parts.next());
    (os != "go").then(|| Platform::new(os, arch, level))
}

/// Whether a rule takes a platform out.
fn ignores(rule: &Yaml<'_>, it: &Platform) -> bool {
    let is = |key: &str, value: &str| {
        let given = rule.as_mapping_get(key);
        given.is_none_or(|yaml| text_of(yaml).as_deref() == Some(value))
    };
    // A rule with a level of another processor means others.
    let keys = ["arm", "amd64", "arm64", "386", "mips", "ppc64", "riscv64"].map(level_of);
    let own = level_of(&it.arch);
    let of_level = keys.into_iter().flatten().all(|(key, usual)| {
        let level = it.level.as_deref().unwrap_or(usual);
        match own.is_some_and(|own| own.0 == key) {
            true => is(key, level),
            false => rule.as_mapping_get(key).is_none(),
        }
    });
    is("goos", &it.os) && is("goarch", &it.arch) && of_level
}

fn is_skipped(build: &Yaml<'_>) -> bool {
    build.as_mapping_get("skip").and_then(Yaml::as_bool) == Some(true)
}

fn texts_or(build: &Yaml<'_>, key: &str, default: &[&str]) -> Vec<String> {
    match texts(build, key) {
        none if none.is_empty() => default.iter().map(|text| (*text).to_owned()).collect(),
        given => given,
    }
}

fn texts(build: &Yaml<'_>, key: &str) -> Vec<String> {
    let given = build.as_mapping_get(key).and_then(Yaml::as_sequence);
    let plain = |text: &String| {
        let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ',');
        !text.is_empty() && text.chars().all(is_plain)
    };
    let mut found: Vec<String> = Vec::new();
    for text in given
        .into_iter()
        .flatten()
        .filter_map(text_of)
        .filter(plain)
    {
        if found.len() < MOST && !found.contains(&text) {
            found.push(text);
        }
    }
    found
}

/// `386` is a number in YAML.
fn text_of(it: &Yaml<'_>) -> Option<String> {
    let number = || it.as_integer().map(|number| number.to_string());
    it.as_str().map(str::to_owned).or_else(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str) -> String {
        let all = read(text).platforms;
        let pairs: Vec<String> = all
            .iter()
            .map(|platform| match &platform.level {
                Some(level) => format!("{}/{}/{level}", platform.os, platform.arch),
                None => format!("{}/{}", platform.os, platform.arch),
            })
            .collect();
        pairs.join(" ")
    }

    #[test]
    fn what_this_go_does_not_build_is_left_out() {
        let place = tempfile::tempdir().unwrap();
        let list = place.path().join("src/internal/platform");
        std::fs::create_dir_all(&list).unwrap();
        let text = "var List = []OSArch{\n\t{\"windows\", \"arm\"},\n}\n\t{\"linux\", \"amd64\"}:   {FirstClass: true},\n\t{\"windows\", \"arm\"}:   {Broken: true},\n";
        std::fs::write(list.join("zosarch.go"), text).unwrap();
        let text = "builds:\n  - main: ./cmd/x\n    goos: [linux, windows, darwin]\n    goarch: [amd64, arm]\n";
        let mut found = read(text);
        buildable(place.path(), &mut found.platforms);
        assert_eq!(
            found.platforms,
            [Platform {
                os: "linux".into(),
                arch: "amd64".into(),
                level: None,
            }]
        );
        assert_eq!(found.mains, ["./cmd/x"]);
    }

    #[test]
    fn systems_times_processors_without_what_is_ignored() {
        let text = "version: 2\nbuilds:\n  - goos: [linux, windows]\n    goarch:\n      - amd64\n      - 386\n    \
            ignore:\n      - goos: windows\n        goarch: 386\n  - skip: true\n    goos: [plan9]\n";
        assert_eq!(check(text), "linux/amd64 linux/386 windows/amd64");
        let defaults = "builds:\n  - main: ./cmd/x\n";
        assert_eq!(
            check(defaults),
            "linux/386 linux/amd64 linux/arm64 darwin/386 darwin/amd64 darwin/arm64 windows/386 windows/amd64 windows/arm64"
        );
        let targets = "builds:\n  - dir: cmd/x\n    targets: [linux_amd64_v1, darwin_arm64, go_first_class]\n";
        assert_eq!(check(targets), "linux/amd64 darwin/arm64");
        assert_eq!(read(targets).mains, ["cmd/x"]);
        // Goreleaser takes 6 for arm where Go takes 7, and builds each level.
        let levels = "builds:\n  - goos: [linux]\n    goarch: [amd64, arm, mips]\n    goamd64: [v1, v3]\n    goarm: [6, '7']\n    \
            gomips: [softfloat]\n    ignore:\n      - goos: linux\n        goarch: arm\n        goarm: '7'\n";
        assert_eq!(
            check(levels),
            "linux/amd64 linux/amd64/v3 linux/arm/6 linux/mips/softfloat"
        );
        let arm = "builds:\n  - targets: [linux_arm, linux_arm_5, linux_amd64_v2]\n";
        assert_eq!(check(arm), "linux/arm/6 linux/arm/5 linux/amd64/v2");
        assert_eq!(check("builds: ["), "");
        assert_eq!(check(&format!("builds: 1\n{}x", "- ".repeat(100_000))), "");
        assert_eq!(check("version: 2\n"), "");
    }
}

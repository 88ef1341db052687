//! What a configuration file may not do on its own: it comes with a pull request, and so may be
//! somebody else's.
//!
//! Refused unless `--trust-config`: everything that runs a program of its choice, loads code, turns
//! off an integrity check, or writes or reads outside the project. Lists of what is allowed, after
//! those of slsa-github-generator's Go builder; a flag of tomorrow is refused until it is known.

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::strict;
use crate::error::{Error, Kind, Result};
use crate::quote;

/// Variables that change the code but run nothing.
const VARIABLES: &[&str] = &[
    "CGO_ENABLED",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GODEBUG",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOFLAGS",
    "GOGC",
    "GOMAXPROCS",
    "GOMEMLIMIT",
    "GOMIPS",
    "GOMIPS64",
    "GOOS",
    "GOPPC64",
    "GORISCV64",
    "GOWASM",
    "LANG",
    "LC_ALL",
    "SOURCE_DATE_EPOCH",
    "TZ",
];

/// Flags of `go build` that run nothing and stay inside the project.
const FLAGS: &[&str] = &[
    "a",
    "asan",
    "asmflags",
    "buildmode",
    "buildvcs",
    "cover",
    "covermode",
    "coverpkg",
    "gcflags",
    "installsuffix",
    "ldflags",
    "linkshared",
    "mod",
    "modcacherw",
    "msan",
    "n",
    "p",
    "pgo",
    "race",
    "tags",
    "trimpath",
    "v",
    "work",
    "x",
];

/// Flags of compiler, assembler and linker that run a program or name a file.
const TOOL_FLAGS: &[&str] = &[
    "asmhdr",
    "benchmarkprofile",
    "blockprofile",
    "capturehostobjs",
    "cpuprofile",
    "embedcfg",
    "extar",
    "extld",
    "extldflags",
    "I",
    "importcfg",
    "json",
    "L",
    "libgcc",
    "linkobj",
    "memprofile",
    "mutexprofile",
    "o",
    "pgoprofile",
    "r",
    "symabis",
    "tmpdir",
    "traceprofile",
];

/// Looks for what a file may not do. Fails with [`Kind::Usage`], file, line and caret.
pub fn review(text: &str, origin: &str) -> Result<()> {
    let Ok(table) = DeTable::parse(text) else {
        return Ok(());
    };
    let Some((key, why, span)) = offence(table.get_ref()) else {
        return Ok(());
    };
    Err(
        Error::new(Kind::Usage, format!("`{origin}` sets `{key}`: {why}"))
            .detail(strict::caret(why, text, origin, span))
            .hint("if you trust this file, run with `--trust-config`"),
    )
}

type Offence = (String, &'static str, Range<usize>);

const RUNS: &str = "that can run any program";
const OUTSIDE: &str = "that leads out of the project";

fn offence(root: &DeTable<'_>) -> Option<Offence> {
    let program = text_of(root, "go").filter(|(value, _)| !is_go(value));
    if let Some((_, span)) = program {
        return Some(("go".into(), RUNS, span));
    }
    for (table, key) in [("build", "out-dir"), ("compare", "baseline")] {
        let value = table_of(root, table).and_then(|it| text_of(it, key));
        if let Some((_, span)) = value.filter(|(value, _)| leads_out(value)) {
            return Some((format!("{table}.{key}"), OUTSIDE, span));
        }
    }
    let profiles = table_of(root, "pgo").map(profiles).unwrap_or_default();
    if let Some((_, span)) = profiles.into_iter().find(|(value, _)| leads_out(value)) {
        return Some(("pgo.profile".into(), OUTSIDE, span));
    }
    if let Some((_, span)) = text_of(root, "preset").filter(|(value, _)| leads_out(value)) {
        return Some(("preset".into(), OUTSIDE, span));
    }
    let build = table_of(root, "build").and_then(build_offence);
    build.or_else(|| {
        let targets = root.get("target").and_then(|it| it.get_ref().as_array());
        let tables = targets
            .into_iter()
            .flatten()
            .filter_map(|it| it.get_ref().as_table());
        tables
            .filter_map(|it| table_of(it, "env"))
            .find_map(|it| env_offence(it, "target.env"))
    })
}

/// Every path of `[pgo]`: alone, in a list, in an entry of a list, of one package.
fn profiles(pgo: &DeTable<'_>) -> Vec<(String, Range<usize>)> {
    let of_packages = table_of(pgo, "package")
        .into_iter()
        .flat_map(DeTable::values);
    let packages = of_packages.filter_map(|it| it.get_ref().as_table());
    let mut found = Vec::new();
    for table in packages.chain([pgo]) {
        found.extend(text_of(table, "profile"));
        found.extend(texts_of(table, "profile"));
        let list = table.get("profile").and_then(|it| it.get_ref().as_array());
        let parts = list.into_iter().flatten();
        found.extend(parts.filter_map(|it| text_of(it.get_ref().as_table()?, "path")));
    }
    found
}

fn build_offence(build: &DeTable<'_>) -> Option<Offence> {
    if let Some(found) = table_of(build, "env").and_then(|it| env_offence(it, "build.env")) {
        return Some(found);
    }
    for (value, span) in texts_of(build, "flags") {
        if flag_runs(&value) {
            return Some(("build.flags".into(), RUNS, span));
        }
    }
    for key in ["ldflags", "gcflags", "asmflags"] {
        for (value, span) in texts_of(build, key) {
            if tool_flag_runs(&value) {
                return Some((format!("build.{key}"), RUNS, span));
            }
        }
    }
    None
}

fn env_offence(env: &DeTable<'_>, path: &str) -> Option<Offence> {
    for (name, value) in env {
        let known = VARIABLES.contains(&name.get_ref().as_ref());
        let flags = value
            .get_ref()
            .as_str()
            .filter(|_| name.get_ref() == "GOFLAGS")
            .unwrap_or_default();
        let safe = quote::split(flags).is_ok_and(|it| !it.iter().any(|it| flag_runs(it)));
        if !known || !safe {
            return Some((format!("{path}.{}", name.get_ref()), RUNS, name.span()));
        }
    }
    None
}

/// `go`, `go1.27.3`: a Go in PATH.
fn is_go(value: &str) -> bool {
    value
        .strip_prefix("go")
        .is_some_and(|it| it.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// One flag as go gets it.
fn flag_runs(word: &str) -> bool {
    let Some(bare) = word.strip_prefix('-') else {
        return false;
    };
    let bare = bare.strip_prefix('-').unwrap_or(bare);
    let (name, value) = bare.split_once('=').unwrap_or((bare, ""));
    let list = matches!(name, "ldflags" | "gcflags" | "asmflags");
    !FLAGS.contains(&name) || (list && tool_flag_runs(value)) || (name == "pgo" && leads_out(value))
}

/// A list of flags for a tool, with or without a package pattern; what Go cannot split is refused.
fn tool_flag_runs(value: &str) -> bool {
    // Whether go reads a pattern depends on the flag: both readings have to be harmless.
    let behind = value.split_once('=').map_or("", |(_, list)| list);
    list_runs(value) || (!value.trim().starts_with('-') && list_runs(behind))
}

fn list_runs(list: &str) -> bool {
    let Ok(words) = quote::split(list) else {
        return true;
    };
    let mut definition = false;
    words.iter().any(|word| {
        // What stands behind -X is text.
        if std::mem::replace(&mut definition, matches!(word.as_str(), "-X" | "--X")) {
            return false;
        }
        let name = word
            .trim_start_matches('-')
            .split('=')
            .next()
            .unwrap_or_default();
        word.starts_with('-') && TOOL_FLAGS.contains(&name)
    })
}

/// Whether a path of the configuration, links followed, stays below the project.
pub fn is_inside(root: &Path, path: &Path) -> bool {
    let existing = path.ancestors().find_map(|it| it.canonicalize().ok());
    match (existing, root.canonicalize()) {
        (Some(path), Ok(root)) => path.starts_with(&root),
        _ => false,
    }
}

fn leads_out(path: &str) -> bool {
    let path = std::path::Path::new(path);
    path.is_absolute()
        || path
            .components()
            .any(|it| matches!(it, std::path::Component::ParentDir))
}

fn table_of<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<&'a DeTable<'t>> {
    table.get(key)?.get_ref().as_table()
}

fn text_of(table: &DeTable<'_>, key: &str) -> Option<(String, Range<usize>)> {
    let value = table.get(key)?;
    Some((value.get_ref().as_str()?.to_owned(), value.span()))
}

fn texts_of(table: &DeTable<'_>, key: &str) -> Vec<(String, Range<usize>)> {
    let list = table.get(key).and_then(|it| it.get_ref().as_array());
    let text = |it: &Spanned<DeValue<'_>>| Some((it.get_ref().as_str()?.to_owned(), it.span()));
    list.into_iter().flatten().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_run_programs_or_leave_the_project() {
        for text in [
            "go = \"./go\"",
            "go = \"sh\"",
            "preset = \"../x.toml\"",
            "[build]\nout-dir = \"/usr/bin\"",
            "[build]\nout-dir = \"a/../../b\"",
            "[pgo]\nprofile = \"/etc/passwd\"",
            "[pgo]\nprofile = [\"a\", \"../b\"]",
            "[pgo]\nprofile = [{ path = \"/b\", weight = 2 }]",
            "[pgo.package.\"./cmd/api\"]\nprofile = [\"../b\"]",
            "[compare]\nbaseline = \"../old\"",
            "[build]\nflags = [\"-toolexec=./x\"]",
            "[build]\nflags = [\"-overlay\", \"o.json\"]",
            "[build]\nflags = [\"-ldflags=-extld=./x\"]",
            "[build]\nldflags = [\"-s -extld=./x\"]",
            "[build]\nldflags = [\"'-extldflags=-fplugin=./x.so'\"]",
            "[build]\nldflags = [\"all=-extld=./x\"]",
            "[build]\ngcflags = [\"all=-cpuprofile=x\"]",
            "[build.env]\nCC = \"./x\"",
            "[build.env]\nPATH = \".\"",
            "[build.env]\nGOFLAGS = \"-toolexec=./x\"",
            "[build.env]\nGOFLAGS = \"'-tags=a''-toolexec=./x'\"",
            "[build.env]\nGOFLAGS = \"-tags=a\\r-toolexec=./x\"",
            "[build]\nldflags = [\"-s\\r-extld=./x\"]",
            "[build.env]\nGOCACHEPROG = \"./x\"",
            "[build.env]\nGONOSUMDB = \"*\"",
            "[[target]]\nos = \"linux\"\nenv = { CC = \"./x\" }",
        ] {
            let error = review(text, "gobuild-opt.toml").expect_err(text);
            assert!(error.detail.is_some_and(|it| it.contains('^')), "{text}");
        }
    }

    #[test]
    fn what_ships_and_what_people_write_is_allowed() {
        for text in [
            "go = \"go1.27.3\"\n[build]\nldflags = [\"-X main.version={git.describe}\", \"-s\"]\nout-dir = \"dist\"\nflags = [\"-mod=vendor\", \"-race\"]\n[build.env]\nCGO_ENABLED = \"0\"",
            "[compare]\nbaseline = \"last/{name}\"\n[pgo]\nprofile = \"cpu.pprof\"",
            "[build]\nldflags = [\"-X main.o=1 -X main.extld=2\"]",
        ] {
            review(text, "x").unwrap();
        }
        for preset in super::super::preset::ALL {
            review(preset.text, preset.name).unwrap();
        }
    }
}

//! What a configuration file may not do on its own: it comes with a pull request, and so may be somebody else's.
//!
//! Held against the same lists as every command before it starts (`review`), value by value, so that an error has file,
//! line and caret, and nothing was started yet. And paths: those that we read and write ourselves.

mod reserved;

use std::ops::Range;
use std::path::Path;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{anchor, strict};
use crate::error::{Error, Kind, Result};
use crate::quote;
use crate::review::path::is_below;
use crate::review::{self, Refusal, Tool};
pub(crate) use reserved::{is_inside, reserved};

/// Looks for what a file may not do. Fails with [`Kind::Usage`], file, line and caret.
pub(crate) fn review(text: &str, origin: &str) -> Result<()> {
    let Ok(table) = DeTable::parse(text) else {
        return Ok(());
    };
    let Some(Offence {
        key,
        what,
        hint,
        span,
    }) = offence(table.get_ref())
    else {
        return Ok(());
    };
    Err(
        Error::new(Kind::Usage, format!("`{origin}` sets `{key}`: {what}"))
            .detail(strict::caret(text, origin, span))
            .hint(hint),
    )
}

struct Offence {
    key: String,
    what: String,
    hint: String,
    span: Range<usize>,
}

type Text = (String, Range<usize>);

fn refused(key: impl Into<String>, refusal: Refusal, span: Range<usize>) -> Offence {
    let Refusal {
        shown, why, hint, ..
    } = refusal;
    Offence {
        key: key.into(),
        what: format!("`{shown}` is refused, {why}"),
        hint,
        span,
    }
}

fn outside(key: &str, (value, span): Text) -> Offence {
    Offence {
        key: key.into(),
        what: format!("`{value}` leads out of the project"),
        hint: "name a path below the project, or run with `--trust-config` if you trust this file"
            .into(),
        span,
    }
}

fn offence(root: &DeTable<'_>) -> Option<Offence> {
    let program = text_of(root, "go").filter(|(value, _)| !review::is_go(value));
    if let Some((value, span)) = program {
        return Some(Offence {
            key: "go".into(),
            what: format!("`{value}` is refused, it can run any program"),
            hint: "write `go` or a version such as `go1.27.3`; set GOBUILD_OPT_GO to another command, or run with `--trust-config` if you trust this file".into(),
            span,
        });
    }
    let path = paths(root)
        .into_iter()
        .find(|(_, (value, _))| !is_below(value));
    if let Some((key, found)) = path {
        return Some(outside(&key, found));
    }
    // The code of these packages is run, where others are only compiled.
    let is_abroad = |text: &str| {
        Path::new(text).is_absolute()
            || text.split('/').any(|part| part == "..")
            || (text.ends_with(".go") && !is_below(text))
    };
    let bench = table_of(root, "bench");
    let bench = bench.and_then(|table| packages_offence(table, "bench.packages", is_abroad));
    let build = || table_of(root, "build").and_then(build_offence);
    let prove = || table_of(root, "prove").and_then(prove_offence);
    let targets = || targets_offence(root);
    bench.or_else(build).or_else(prove).or_else(targets)
}

/// Every path that a configuration names, with its key.
fn paths(root: &DeTable<'_>) -> Vec<(String, Text)> {
    let mut found = Vec::new();
    for (table, key) in [("build", "out-dir"), ("compare", "baseline")] {
        let value = table_of(root, table).and_then(|table| text_of(table, key));
        found.extend(value.map(|value| (format!("{table}.{key}"), value)));
    }
    let profiles = table_of(root, "pgo").map(profiles).unwrap_or_default();
    found.extend(
        profiles
            .into_iter()
            .map(|value| ("pgo.profile".into(), value)),
    );
    let advised = table_of(root, "advise").and_then(|table| table_of(table, "profiles"));
    for name in advised.into_iter().flat_map(DeTable::keys) {
        let value = advised.and_then(|table| text_of(table, name.get_ref()));
        let key = || format!("advise.profiles.{}", name.get_ref());
        found.extend(value.map(|value| (key(), value)));
    }
    found.extend(text_of(root, "preset").map(|value| ("preset".into(), value)));
    found
}

/// A variable of a target that decides what is run.
fn targets_offence(root: &DeTable<'_>) -> Option<Offence> {
    let targets = root.get("target")?.get_ref().as_array()?;
    let tables = targets
        .iter()
        .filter_map(|value| value.get_ref().as_table());
    let mut tables = tables.filter_map(|table| table_of(table, "env"));
    tables.find_map(|table| env_offence(table, "target.env"))
}

/// Every path of `[pgo]`: alone, in a list, in an entry of a list, of one package.
fn profiles(pgo: &DeTable<'_>) -> Vec<Text> {
    let of_packages = table_of(pgo, "package")
        .into_iter()
        .flat_map(DeTable::values);
    let packages = of_packages.filter_map(|value| value.get_ref().as_table());
    let mut found = Vec::new();
    for table in packages.chain([pgo]) {
        found.extend(text_of(table, "profile"));
        found.extend(texts_of(table, "profile"));
        let list = table
            .get("profile")
            .and_then(|value| value.get_ref().as_array());
        let parts = list.into_iter().flatten();
        found.extend(parts.filter_map(|value| text_of(value.get_ref().as_table()?, "path")));
    }
    found
}

/// What a variant passes to go is reviewed as what the build passes. The commands of the section are reviewed where they would
/// run: a release has nothing to do with them.
fn prove_offence(prove: &DeTable<'_>) -> Option<Offence> {
    let variants = prove
        .get("variant")
        .and_then(|value| value.get_ref().as_array());
    let tables = variants.into_iter().flatten();
    let mut tables = tables.filter_map(|table| table.get_ref().as_table());
    tables.find_map(|variant| {
        let profile = text_of(variant, "profile").filter(|(value, _)| !is_below(value));
        if let Some(found) = profile {
            return Some(outside("prove.variant.profile", found));
        }
        if let Some(found) =
            table_of(variant, "env").and_then(|it| env_offence(it, "prove.variant.env"))
        {
            return Some(found);
        }
        let (words, spans): (Vec<String>, Vec<_>) = texts_of(variant, "flags").into_iter().unzip();
        let refusal = review::flags(&words)?;
        let span = spans[refusal.at].clone();
        Some(refused("prove.variant.flags", refusal, span))
    })
}

fn build_offence(build: &DeTable<'_>) -> Option<Offence> {
    if let Some(found) = table_of(build, "env").and_then(|table| env_offence(table, "build.env")) {
        return Some(found);
    }
    let is_source = |value: &str| value.ends_with(".go") && !is_below(value);
    if let Some(found) = packages_offence(build, "build.packages", is_source) {
        return Some(found);
    }
    let (words, spans): (Vec<String>, Vec<_>) = texts_of(build, "flags").into_iter().unzip();
    if let Some(refusal) = review::flags(&words) {
        let span = spans[refusal.at].clone();
        return Some(refused("build.flags", refusal, span));
    }
    if let Some(found) = ldflags_offence(build) {
        return Some(found);
    }
    let mut tools = [("gcflags", Tool::Compile), ("asmflags", Tool::Asm)].into_iter();
    tools.find_map(|(key, tool)| {
        let offence = |(value, span): Text| {
            let refusal = review::list(tool, &value)?;
            Some(refused(format!("build.{key}"), refusal, span))
        };
        texts_of(build, key).into_iter().find_map(offence)
    })
}

/// A list of packages that holds a flag, a path that leads out, or more than the project.
fn packages_offence(
    table: &DeTable<'_>,
    key: &str,
    leads_out: fn(&str) -> bool,
) -> Option<Offence> {
    texts_of(table, "packages").into_iter().find_map(|found| {
        if let Some(refusal) = review::package(&found.0) {
            return Some(refused(key, refusal, found.1));
        }
        if leads_out(&found.0) {
            return Some(outside(key, found));
        }
        let (pattern, span) = found;
        is_everything(&pattern).then(|| Offence {
            key: key.into(),
            what: format!("`{pattern}` is refused, it means the standard library as well"),
            hint: EVERYTHING.into(),
            span,
        })
    })
}

/// What to do about a pattern that means packages of Go itself.
pub(crate) const EVERYTHING: &str = "write `./...` for the packages of the project; type the pattern, or run with `--trust-config`, if you mean it";

/// Whether a pattern means packages of Go itself, as it is written: hundreds of compiles that no project asks for. What others
/// mean is known when go has listed them.
fn is_everything(pattern: &str) -> bool {
    let first = pattern.split('/').next().unwrap_or_default();
    let open = first.split_once("...").map(|pair| pair.0);
    let is_path = |text: &str| text.contains('.');
    matches!(pattern, "std" | "all") || first == "cmd" || open.is_some_and(|open| !is_path(open))
}

/// Entries of `ldflags` are joined, so that one may end with `-X` and the next begin with what it sets.
fn ldflags_offence(build: &DeTable<'_>) -> Option<Offence> {
    let key = "build.ldflags";
    let (mut words, mut spans) = (Vec::new(), Vec::new());
    for (value, span) in texts_of(build, "ldflags") {
        // `PATTERN=FLAGS` is a list of its own.
        let pattern = !value.trim().starts_with('-') && value.contains("=-");
        if pattern
            && words
                .last()
                .is_none_or(|word: &String| word.trim_start_matches('-') != "X")
        {
            match review::list(Tool::Link, &value) {
                Some(refusal) => return Some(refused(key, refusal, span)),
                None => continue,
            }
        }
        match quote::split(&value) {
            Ok(more) => {
                spans.extend(std::iter::repeat_n(span, more.len()));
                words.extend(more);
            }
            Err(_) => return Some(refused(key, review::list(Tool::Link, &value)?, span)),
        }
    }
    let refusal = review::words(Tool::Link, &words)?;
    let span = spans[refusal.at].clone();
    Some(refused(key, refusal, span))
}

fn env_offence(env: &DeTable<'_>, path: &str) -> Option<Offence> {
    env.iter().find_map(|(name, value)| {
        let text = value.get_ref().as_str().unwrap_or_default();
        let refusal = review::variable(name.get_ref(), text)?;
        Some(refused(
            format!("{path}.{}", name.get_ref()),
            refusal,
            name.span(),
        ))
    })
}

/// Where the project around a directory begins: at the root of its repository.
pub(crate) fn project(directory: &Path) -> &Path {
    let mut above = directory.ancestors();
    above
        .find(|path| path.join(".git").exists())
        .unwrap_or(directory)
}

const TRUST: &str = "if you trust this file, run with `--trust-config`";

/// Fails for a configuration or a preset that is a link out of the project: what cannot be read of it would be shown.
pub(crate) fn stays(path: &Path, root: &Path, name: &str) -> Result<()> {
    if !path.exists() || is_inside(project(root), path) {
        return Ok(());
    }
    let message = format!("the configuration `{name}` is a link that leads out of the project");
    Err(Error::new(Kind::Usage, message).hint("name the file itself with `--config` or `--preset`, or run with `--trust-config` if you trust it"))
}

/// The error of a file, without its lines where it is a link out of the project: they may be somebody's secret.
pub(crate) fn hushed(error: Error, path: &Path, root: &Path, name: &str) -> Error {
    if is_inside(project(root), path) || !path.is_symlink() {
        return error;
    }
    let message = format!("`{name}` is not a valid configuration");
    Error::new(error.kind, message)
        .hint("its lines are not shown: it is a link that leads out of the project")
}

/// Fails for a path of a layer that leads out of the project through a link.
pub(crate) fn links(layer: &toml::Table, name: &str, base: &Path) -> Result<()> {
    let single = [("build", "out-dir"), ("compare", "baseline")];
    let mut paths: Vec<(String, String)> = Vec::new();
    for (table, key) in single {
        let value = layer.get(table).and_then(|value| value.get(key)?.as_str());
        paths.extend(value.map(|value| (format!("{table}.{key}"), value.to_owned())));
    }
    let text = |value: &mut toml::Value| value.as_str().map(str::to_owned);
    let mut copy = layer.clone();
    anchor::profiles(&mut copy, &mut |value| {
        paths.extend(text(value).map(|path| ("pgo.profile".to_owned(), path)));
    });
    anchor::variants(&mut copy, &mut |value| {
        paths.extend(text(value).map(|path| ("prove.variant.profile".to_owned(), path)));
    });
    anchor::advised(&mut copy, &mut |name, value| {
        paths.extend(text(value).map(|path| (format!("advise.profiles.{name}"), path)));
    });
    let out = paths
        .iter()
        .find(|(_, path)| !is_inside(project(base), &base.join(path)));
    match out {
        None => Ok(()),
        Some((key, _)) => Err(Error::new(
            Kind::Usage,
            format!("`{name}` sets `{key}`: it lies outside of the project, be it through a link"),
        )
        .hint(TRUST)),
    }
}

fn table_of<'a, 't>(table: &'a DeTable<'t>, key: &str) -> Option<&'a DeTable<'t>> {
    table.get(key)?.get_ref().as_table()
}

fn text_of(table: &DeTable<'_>, key: &str) -> Option<Text> {
    let value = table.get(key)?;
    Some((value.get_ref().as_str()?.to_owned(), value.span()))
}

fn texts_of(table: &DeTable<'_>, key: &str) -> Vec<Text> {
    let list = table.get(key).and_then(|value| value.get_ref().as_array());
    let text =
        |value: &Spanned<DeValue<'_>>| Some((value.get_ref().as_str()?.to_owned(), value.span()));
    list.into_iter().flatten().filter_map(text).collect()
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_cannot_run_programs_or_leave_the_project() {
        for text in [
            "go = \"./go\"",
            "[build]\npackages = [\"./cmd/a\", \"...\"]",
            "[build]\npackages = [\"std\"]",
            "[build]\npackages = [\"./p\", \"-exec=./x\"]",
            "[bench]\npackages = [\"./p\", \"-exec=./x\"]",
            "[bench]\npackages = [\"--toolexec=./x\"]",
            "[bench]\npackages = [\"./p\", \"-o=../x\"]",
            "bench.packages = [\"./p\", \"-c\"]",
            "[bench]\npackages = [\"...\"]",
            "[bench]\npackages = [\"std\"]",
            "[bench]\npackages = [\"/home/x\"]",
            "[bench]\npackages = [\"../x\"]",
            "[bench]\npackages = [\"./a/../../x\"]",
            "[bench]\npackages = [\"/x/a_test.go\"]",
            "[build]\npackages = [\"cmd/...\"]",
            "[build]\npackages = [\"e...\"]",
            "go = \"sh\"",
            "preset = \"../x.toml\"",
            "[build]\nout-dir = \"/usr/bin\"",
            "[build]\nout-dir = \"a/../../b\"",
            "[pgo]\nprofile = \"/etc/passwd\"",
            "[pgo]\nprofile = [\"a\", \"../b\"]",
            "[pgo]\nprofile = [{ path = \"/b\", weight = 2 }]",
            "[pgo.package.\"./cmd/api\"]\nprofile = [\"../b\"]",
            "[advise.profiles]\ncpu = \"/etc/passwd\"",
            "[advise]\nprofiles = { heap = \"../b\" }",
            "[advise]\nprofiles.mutex = \"a/../../b\"",
            "[advise]\nprofiles.block = \"/b\"",
            "[advise]\nprofiles.goroutine = \"/b\"",
            "[advise]\nprofiles.goroutineleak = \"/b\"",
            "[compare]\nbaseline = \"../old\"",
            "[[prove.variant]]\nname = \"a\"\nprofile = \"../x\"",
            "[[prove.variant]]\nflags = [\"-toolexec=./x\"]",
            "[[prove.variant]]\nenv = { CC = \"./x\" }",
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
            assert!(
                error.detail.is_some_and(|detail| detail.contains('^')),
                "{text}"
            );
        }
    }

    #[test]
    fn no_profile_is_read_through_a_link_out_of_the_project() {
        let directory = tempfile::tempdir().unwrap();
        let base = directory.path().join("project");
        std::fs::create_dir_all(base.join(".git")).unwrap();
        std::fs::write(directory.path().join("secret"), "text").unwrap();
        std::os::unix::fs::symlink("../secret", base.join("link")).unwrap();
        for key in ["pgo.profile", "advise.profiles.heap", "advise.profiles.cpu"] {
            let held = |path: &str| {
                let layer: toml::Table = format!("{key} = \"{path}\"").parse().unwrap();
                links(&layer, "gobuild-opt.toml", &base)
            };
            assert!(held("none.pprof").is_ok(), "{key}");
            let error = held("link").expect_err(key);
            assert!(error.message.contains(key), "{error}");
        }
    }

    #[test]
    fn no_output_goes_where_tools_of_others_are() {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path();
        let check = |path: &str| reserved(&root.join(path), root).is_some();
        for path in [
            ".git/hooks/pre-push",
            ".GIT/x",
            ".g\u{200c}it/hooks/x",
            "\u{feff}.github/x",
            "web/node_modules/.bin/esbuild",
            ".venv/bin/ruff",
            "a/Venv/bin/ruff",
            ".local/bin/tool",
            ".envrc",
            ".pre-commit/x",
            ".config/fish/x",
            ".git./hooks/x",
            "GIT~1/hooks/x",
            "dist/.a\u{200d}b/x",
        ] {
            assert!(check(path), "{path:?}");
        }
        for path in ["dist/api", "bin/git", ".build/api", ".Bin/x", "vendored/x"] {
            assert!(!check(path), "{path:?}");
        }
    }

    #[test]
    fn what_ships_and_what_people_write_is_allowed() {
        for text in [
            "go = \"go1.27.3\"\n[build]\nldflags = [\"-X main.version={git.describe}\", \"-s\"]\nout-dir = \"dist\"\nflags = [\"-mod=vendor\", \"-race\"]\n[build.env]\nCGO_ENABLED = \"0\"",
            "[build]\npackages = [\".\", \"./...\", \"./cmd/...\", \"../lib/...\", \"example.com/app/...\", \"app/...\"]",
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

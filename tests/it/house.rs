//! The rules of the house: what keeps the source readable in an hour is tested like everything else.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// A source file: its path below `src/` or `src/readers/`, and its text without tests and comments.
struct Source {
    path: String,
    /// The module of lib.rs that it belongs to; `main` for the binary.
    module: String,
    /// Line number and text.
    lines: Vec<(usize, String)>,
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: impl AsRef<Path>) -> String {
    std::fs::read_to_string(root().join(path)).unwrap()
}

fn sources() -> Vec<Source> {
    let mut paths = Vec::new();
    collect(&root().join("src"), &mut paths);
    paths.sort();
    let source = |path: &PathBuf| {
        let relative = path.strip_prefix(root().join("src")).unwrap();
        let relative = relative.strip_prefix("readers").unwrap_or(relative);
        let first = relative.iter().next().unwrap().to_str().unwrap();
        let module = first.strip_suffix(".rs").unwrap_or(first);
        let module = match module {
            "progress" | "terminal" => "main",
            other => other,
        };
        Source {
            path: relative.display().to_string(),
            module: module.to_owned(),
            lines: code(&std::fs::read_to_string(path).unwrap()),
        }
    };
    paths.iter().map(source).collect()
}

fn collect(directory: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(directory).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, found);
        } else if path.extension().is_some_and(|it| it == "rs") && !path.ends_with("tests.rs") {
            found.push(path);
        }
    }
}

/// The lines above the tests, without comments.
fn code(text: &str) -> Vec<(usize, String)> {
    let lines = text.lines().enumerate();
    lines
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .map(|(index, line)| {
            (
                index + 1,
                line.split("//").next().unwrap_or_default().to_owned(),
            )
        })
        .filter(|(_, line)| !line.trim().is_empty())
        .collect()
}

/// Every place outside `allowed` whose code has one of `words`, as `file:line: text`.
fn places(words: &[&str], allowed: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources() {
        if allowed.iter().any(|it| source.path.starts_with(it)) {
            continue;
        }
        for (number, line) in &source.lines {
            if words.iter().any(|it| line.contains(it)) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    found
}

const NONE: &[String] = &[];

/// The text of a source file by its path in [`Source`].
fn text_of(path: &str) -> String {
    let [own, readers] = ["src", "src/readers"].map(|folder| root().join(folder).join(path));
    std::fs::read_to_string(if own.exists() { own } else { readers }).unwrap()
}

/// The modules of both packages, in order: the readers know of nothing else.
fn pipeline() -> Vec<String> {
    let text = read("src/readers/readers.rs") + &read("src/lib.rs");
    let modules = text
        .lines()
        .filter_map(|line| line.split_once("mod ")?.1.strip_suffix(';'));
    modules.map(str::to_owned).collect()
}

#[test]
fn the_pipeline_ends_with_the_command_line() {
    let modules = pipeline();
    assert_eq!(modules.first().map(String::as_str), Some("error"));
    assert_eq!(modules[modules.len() - 2..], ["cli", "command"]);
}

#[test]
fn a_module_uses_only_modules_above_it() {
    let order: BTreeMap<String, usize> = pipeline().into_iter().zip(0..).collect();
    let mut upward = Vec::new();
    for source in sources() {
        let Some(own) = order.get(&source.module) else {
            continue;
        };
        for (number, line) in &source.lines {
            for rest in line.split("crate::").skip(1) {
                let names: Vec<&str> = match rest.strip_prefix('{') {
                    Some(list) => list.split(',').collect(),
                    None => vec![rest],
                };
                for name in names {
                    let end = |c: char| !c.is_alphanumeric() && c != '_';
                    let name = name.trim_start().split(end).next().unwrap_or_default();
                    if order.get(name).is_some_and(|it| it > own) {
                        upward.push(format!("{}:{number}: {}", source.path, line.trim()));
                    }
                }
            }
        }
    }
    assert_eq!(upward, NONE);
}

#[test]
fn processes_start_in_one_place() {
    let words = ["duct::", "process::Command", "Command::new", ".spawn()"];
    let mut found = places(&words, &["process"]);
    // Threads are not processes, and clap has commands, too.
    found.retain(|it| !it.contains("thread") && !it.contains("clap"));
    assert_eq!(found, NONE);
}

/// A process that runs to its end is asked for what it says by `go`, by `build`, or by the agent that measures.
#[test]
fn processes_are_run_by_go_and_build() {
    let words = [
        "process::run",
        "process::capture",
        "process::{run",
        "process::{capture",
        "measured::run",
        "tool::replace",
        "tool::replace_with",
    ];
    let mut found = places(
        &words,
        &["process", "go.rs", "go/", "build.rs", "build/", "agent"],
    );
    // The binary hands a call over to go, and starts the agents.
    found.retain(|place| !place.starts_with("main.rs:"));
    assert_eq!(found, NONE);
}

/// What of a configuration a run is about is said in `facts/wanted.rs`: a command that changed a value in passing would change
/// what a report means without a word.
#[test]
fn a_configuration_is_changed_by_its_layers_and_the_facts() {
    // A variant is a layer of its own.
    let allowed = ["config", "facts", "command/prove/variant.rs"];
    let mut found = Vec::new();
    for source in sources() {
        if allowed.iter().any(|path| source.path.starts_with(path)) {
            continue;
        }
        for (number, line) in &source.lines {
            if changes_configuration(line) {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_eq!(found, NONE);
    for line in [
        "loaded.config.escape.gcassert = false;",
        "config.target.retain(is_here);",
        "let it = &mut loaded.config.pgo;",
    ] {
        assert!(changes_configuration(line), "{line}");
    }
    for line in [
        "let own = &loaded.config.pgo;",
        "if config.escape.gate == Gate::Off {",
        "let x = config.target.len();",
    ] {
        assert!(!changes_configuration(line), "{line}");
    }
}

fn changes_configuration(line: &str) -> bool {
    const CHANGING: &[&str] = &[
        "clear",
        "retain",
        "truncate",
        "push",
        "extend",
        "insert",
        "remove",
        "clone_from",
    ];
    if line.contains("&mut loaded.config") || line.contains("&mut prepared.loaded.config") {
        return true;
    }
    line.match_indices("config.").any(|(at, begin)| {
        let rest = &line[at + begin.len()..];
        let end = rest
            .find(|letter: char| !letter.is_ascii_alphanumeric() && !"_.".contains(letter))
            .unwrap_or(rest.len());
        let (path, behind) = rest.split_at(end);
        let called = path.rsplit('.').next().unwrap_or_default();
        let calls = behind.starts_with('(') && CHANGING.contains(&called);
        calls || behind.starts_with(" = ")
    })
}

#[test]
fn the_disk_is_written_in_two_places() {
    let words = [
        "fs::write",
        "fs::rename",
        "fs::remove",
        "fs::create_dir",
        "fs::copy",
        "fs::hard_link",
        "fs::set_permissions",
        "File::create",
        "File::options",
        "OpenOptions",
        "tempfile::",
        "TempDir",
    ];
    assert_eq!(places(&words, &["build", "agent", "command"]), NONE);
}

#[test]
fn printing_and_the_end_belong_to_the_binary() {
    let words = [
        "println!",
        "print!(",
        "eprint!",
        "process::exit",
        "args_os()",
        "env::args",
        "stdout()",
        "stderr()",
    ];
    assert_eq!(
        places(&words, &["main.rs", "progress.rs", "terminal.rs"]),
        NONE
    );
}

#[test]
fn the_environment_is_read_in_two_places() {
    // The binary, and what `{env.NAME}` stands for in a template.
    let allowed = ["main.rs", "progress.rs", "terminal.rs", "go/vcs.rs"];
    assert_eq!(places(&["env::var", "current_dir()"], &allowed), NONE);
}

/// A clock may stand in any year: what is written of the time is asked of `clock.rs`, which has an answer for each.
#[test]
fn the_date_is_asked_in_one_place() {
    let dates = ["Timestamp::now", "Zoned::now", "Date::now", "DateTime::now"];
    assert_eq!(places(&dates, &["clock.rs"]), NONE);
    // How old a file is, and the order of two of them: what builds compares times of files.
    let builds = ["clock.rs", "build.rs", "build/", "command/pass.rs"];
    assert_eq!(places(&["SystemTime::now"], &builds), NONE);
}

#[test]
fn nothing_panics_on_purpose() {
    let words = [
        ".unwrap()",
        ".expect(",
        "panic!(",
        "unreachable!(",
        "todo!(",
        "unimplemented!(",
    ];
    assert_eq!(places(&words, &[]), NONE);
}

#[test]
fn every_preset_file_is_in_the_table() {
    use gobuild_opt::config::preset;
    let mut files: Vec<String> = std::fs::read_dir(root().join("presets"))
        .unwrap()
        .filter_map(|it| {
            let name = it.unwrap().file_name().into_string().unwrap();
            Some(name.strip_suffix(".toml")?.to_owned())
        })
        .collect();
    files.sort();
    let mut table: Vec<&str> = preset::ALL
        .iter()
        .map(|it| it.name)
        .chain(["default"])
        .collect();
    table.sort_unstable();
    assert_eq!(files, table);
    for name in files {
        let preset = preset::find(&name).unwrap();
        assert_eq!(preset.text, read(format!("presets/{name}.toml")));
        assert!(!preset.summary().is_empty(), "{name} says what it is for");
    }
}

/// `dist` inherits from `release`: what that leaves as it is would be published so.
#[test]
fn what_is_published_says_how_each_package_is_compiled() {
    let cargo: toml::Table = read("Cargo.toml").parse().unwrap();
    let packages = |profile: &str| -> BTreeSet<String> {
        let packages = cargo["profile"][profile]["package"].as_table().unwrap();
        packages.keys().cloned().collect()
    };
    let missing = packages("release");
    let missing: Vec<String> = missing.difference(&packages("dist")).cloned().collect();
    assert_eq!(missing, NONE);
}

#[test]
fn every_check_has_its_key_in_the_reference() {
    use gobuild_opt::check;
    let reference: toml::Table = read("presets/default.toml").parse().unwrap();
    let keys: Vec<&str> = reference["checks"]
        .as_table()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    let mut ids: Vec<&str> = check::ALL.iter().map(|it| it.id).collect();
    let mut keys_sorted = keys.clone();
    keys_sorted.sort_unstable();
    ids.sort_unstable();
    assert_eq!(keys_sorted, ids);
    for check in check::ALL {
        let file = format!("src/check/{}.rs", check.id.replace('-', "_"));
        assert!(
            root().join(&file).is_file(),
            "{file}: one check is one file"
        );
        for word in ["What it sees: ", "Why it matters: ", "What to do: "] {
            assert!(check.manual.contains(word), "{} has no `{word}`", check.id);
        }
    }
}

#[test]
fn every_file_says_what_it_is_about() {
    let silent: Vec<String> = sources()
        .into_iter()
        .filter(|it| it.module != "check" || it.path == "check.rs")
        .map(|it| it.path)
        .filter(|it| !text_of(it).starts_with("//! "))
        .collect();
    assert_eq!(silent, NONE);
}

#[test]
fn files_and_functions_are_short() {
    const FILE: usize = 400;
    const FUNCTION: usize = 60;
    let mut long = Vec::new();
    for source in sources() {
        let last = source.lines.last().map_or(0, |line| line.0);
        if last > FILE {
            long.push(format!("{}: {last} lines", source.path));
        }
        for (name, lines) in functions(&source) {
            if lines > FUNCTION {
                long.push(format!("{}: `{name}` has {lines} lines", source.path));
            }
        }
    }
    assert_eq!(long, NONE);
}

#[test]
fn files_of_a_folder_use_each_other_in_one_direction() {
    let mut edges: BTreeMap<String, BTreeMap<String, BTreeSet<String>>> = BTreeMap::new();
    let sources = sources();
    let modules: BTreeSet<Vec<String>> = sources.iter().map(module_path).collect();
    for source in &sources {
        let own = module_path(source);
        for path in paths(source) {
            let shared = own.iter().zip(&path).take_while(|(a, b)| a == b).count();
            let (Some(from), Some(to)) = (own.get(shared), path.get(shared)) else {
                continue;
            };
            if modules.contains(&path[..=shared]) {
                let folder = edges.entry(own[..shared].join("/")).or_default();
                folder.entry(from.clone()).or_default().insert(to.clone());
            }
        }
    }
    edges.remove("");
    assert!(
        edges.len() > 10,
        "the folders of the house: {}",
        edges.len()
    );
    let mut circles = Vec::new();
    for (folder, mut uses) in edges {
        // What uses nothing is in no circle, and what uses only that is in none either.
        loop {
            let open: BTreeSet<String> = uses.keys().cloned().collect();
            let before = uses.len();
            for used in uses.values_mut() {
                used.retain(|file| open.contains(file));
            }
            uses.retain(|_, used| !used.is_empty());
            if uses.len() == before {
                break;
            }
        }
        if !uses.is_empty() {
            circles.push(format!("{folder}: {uses:?}"));
        }
    }
    assert_eq!(circles, NONE);
}

/// `binary/calls/callers.rs` is `binary`, `calls`, `callers`.
fn module_path(source: &Source) -> Vec<String> {
    let path = source.path.trim_end_matches(".rs");
    path.split('/').map(str::to_owned).collect()
}

/// Every path in the code that begins with `crate` or `super`, from the root; braces are spread.
fn paths(source: &Source) -> Vec<Vec<String>> {
    let lines = source.lines.iter().map(|line| line.1.as_str());
    let text = lines.collect::<Vec<_>>().join("\n");
    let mut found = Vec::new();
    for start in ["crate::", "super::"] {
        for (at, _) in text.match_indices(start) {
            let before = text[..at].chars().next_back();
            if before.is_none_or(|letter| !letter.is_alphanumeric() && !"_:".contains(letter)) {
                spread(
                    &mut text[at..].chars().peekable(),
                    &module_path(source),
                    &mut found,
                );
            }
        }
    }
    found
}

type Letters<'a> = std::iter::Peekable<std::str::Chars<'a>>;

/// Reads one path below `prefix`, or several in braces.
fn spread(letters: &mut Letters<'_>, prefix: &[String], found: &mut Vec<Vec<String>>) {
    let mut path = prefix.to_vec();
    loop {
        while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
        if letters.next_if_eq(&'{').is_some() {
            while letters.peek().is_some_and(|letter| *letter != '}') {
                spread(letters, &path, found);
                // What stands behind a name: ` as other,`.
                while letters.next_if(|letter| !"},".contains(*letter)).is_some() {}
                letters.next_if_eq(&',');
                while letters.next_if(|letter| letter.is_whitespace()).is_some() {}
            }
            letters.next();
            return;
        }
        let mut name = String::new();
        while let Some(letter) = letters.next_if(|it| it.is_alphanumeric() || *it == '_') {
            name.push(letter);
        }
        match name.as_str() {
            "crate" => path.clear(),
            "super" => drop(path.pop()),
            "self" => {}
            _ => path.push(name),
        }
        if letters.next_if_eq(&':').is_none() || letters.next_if_eq(&':').is_none() {
            found.push(path);
            return;
        }
    }
}

/// A closure's argument has the name of what it is; `it` is for those of which nobody could say more.
#[test]
fn closures_say_what_they_are_given() {
    const MOST: usize = 260;
    let mut count = 0;
    for source in sources() {
        for (_, line) in &source.lines {
            let names = ["|it|", "|it:", "|it,", "|&it|", "|&&it|"];
            count += names
                .map(|name| line.matches(name).count())
                .iter()
                .sum::<usize>();
        }
    }
    assert!(count <= MOST, "{count} closures call their argument `it`");
}

/// Names and lengths: from `fn` to the brace that closes it at the same depth.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let mut found = Vec::new();
    let mut open: Option<(String, usize, usize)> = None;
    for (number, line) in &source.lines {
        let indent = line.len() - line.trim_start().len();
        match &open {
            Some((name, start, depth)) => {
                if *depth == indent && line.trim_start().starts_with('}') {
                    found.push((name.clone(), number - start + 1));
                    open = None;
                }
            }
            None => {
                let name = line
                    .trim_start()
                    .trim_start_matches("pub(crate) ")
                    .trim_start_matches("pub(super) ")
                    .trim_start_matches("pub ")
                    .trim_start_matches("const ");
                let one_line = line.trim_end().ends_with('}') || line.trim_end().ends_with(';');
                if let Some(name) = name.strip_prefix("fn ").filter(|_| !one_line) {
                    let name = name.split(['(', '<']).next().unwrap_or_default();
                    open = Some((name.to_owned(), *number, indent));
                }
            }
        }
    }
    found
}

/// `1 packages` is nobody's English: what is counted goes through `number::counted`.
#[test]
fn what_is_counted_has_one_helper() {
    const NOUNS: &[&str] = &[
        "packages",
        "sites",
        "calls",
        "functions",
        "samples",
        "files",
        "executables",
        "warnings",
        "lines",
        "entries",
        "dependencies",
        "profiles",
        "places",
        "stacks",
        "days",
        "methods",
        "targets",
        "platforms",
        "sizes",
        "edges",
        "errors",
        "commands",
        "modules",
        "types",
    ];
    let mut found = Vec::new();
    for source in sources() {
        for (number, line) in &source.lines {
            let parts = line.split('}').skip(1);
            // `{} calls {FUNCTION}` is a verb.
            let words = parts
                .filter_map(|it| it.strip_prefix(' '))
                .filter(|it| !it.starts_with("calls {"));
            let word = |it: &str| {
                it.split(|it: char| !it.is_ascii_lowercase())
                    .next()
                    .map(str::to_owned)
            };
            let plural = words
                .filter_map(word)
                .any(|it| NOUNS.contains(&it.as_str()));
            if plural && line.contains('"') {
                found.push(format!("{}:{number}: {}", source.path, line.trim()));
            }
        }
    }
    assert_eq!(found, NONE);
}

#[test]
fn exit_codes_are_an_interface() {
    use gobuild_opt::error::{Error, Kind};
    let code = |kind| Error::new(kind, "").exit_code();
    let codes = [Kind::Usage, Kind::Go, Kind::Machine, Kind::Signal(15)].map(code);
    assert_eq!(codes, [2, 3, 4, 143]);
}

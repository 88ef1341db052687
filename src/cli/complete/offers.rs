//! Lists the words that fit at a place of the command line: presets, checks, keys, platforms, packages, entries of the
//! lock.

use std::collections::BTreeSet;
use std::path::Path;

use clap::{Arg, Command};

use super::{Offer, Paths, Word};
use crate::advise::RULES;
use crate::config::{self, preset};
use crate::escape::Class;
use crate::input;
use crate::lock::{self, Item};
use crate::{check, lesson};

/// Platforms that most programs are shipped for; go knows more of them.
const PLATFORMS: &[&str] = &[
    "linux/amd64",
    "linux/arm64",
    "darwin/amd64",
    "darwin/arm64",
    "windows/amd64",
    "windows/arm64",
    "freebsd/amd64",
    "wasip1/wasm",
];

/// The value of one of our flags.
pub(crate) fn named(flag: &str, argument: &Arg, current: &str) -> Offer {
    let plain = |words: &[&str]| Offer::words(words.iter().map(|word| Word::new(*word, "")));
    match flag {
        "preset" => Offer::words(presets()).and(Paths::Files),
        "strip" => plain(&["all", "dwarf", "none"]),
        "baseline" => plain(&config::Compare::WORDS).and(Paths::Files),
        "escapes" => plain(&["auto", "capture", "pass", "off"]),
        "jobs" => plain(&["auto", "1", "2", "4"]),
        "target" => plain(PLATFORMS),
        "class" => {
            let all = Class::ALL
                .iter()
                .filter(|class| class.allocates() || **class == Class::Constant);
            Offer::words(all.map(|class| Word::new(class.name(), "")))
        }
        "set" => Offer::words(settings(current)),
        "out-dir" => Offer::paths(Paths::Directories),
        "go" | "module" | "config-from" | "diff" | "against" => Offer::default(),
        _ => possible(argument).unwrap_or_else(|| by_name(argument)),
    }
}

/// What the flag itself says that it takes.
fn possible(argument: &Arg) -> Option<Offer> {
    let values = argument.get_possible_values();
    let shown = values.iter().filter(|value| !value.is_hide_set());
    let words = shown.map(|value| {
        let about = value.get_help().map(ToString::to_string);
        Word::new(value.get_name(), about.unwrap_or_default())
    });
    (!values.is_empty()).then(|| Offer::words(words))
}

fn by_name(argument: &Arg) -> Offer {
    let names = argument.get_value_names().unwrap_or_default();
    let is = |word: &str| names.iter().any(|text| text.as_str() == word);
    match (is("FILE") || is("BINARY") || is("PATH"), is("DIR")) {
        (true, _) => Offer::paths(Paths::Files),
        (_, true) => Offer::paths(Paths::Directories),
        _ => Offer::default(),
    }
}

/// `key=`, and behind the name of a check its severity.
fn settings(current: &str) -> Vec<Word> {
    if let Some((key, _)) = current.split_once('=') {
        let values: &[&str] = match key.starts_with("checks.") {
            true => &["deny", "warn", "off"],
            false => &[],
        };
        let value = |text: &&str| Word::new(format!("{key}={text}"), "");
        return values.iter().map(value).collect();
    }
    let keys = config::key_names().into_iter();
    keys.map(|key| Word::new(format!("{key}="), "")).collect()
}

/// The value of a flag of go.
pub(crate) fn of_go(flag: &str) -> Offer {
    let plain = |words: &[&str]| Offer::words(words.iter().map(|word| Word::new(*word, "")));
    match flag {
        "C" | "pkgdir" => Offer::paths(Paths::Directories),
        "o" | "modfile" | "overlay" | "toolexec" => Offer::paths(Paths::Files),
        "pgo" => plain(&["auto", "off"]).and(Paths::Files),
        "mod" => plain(&["readonly", "vendor", "mod"]),
        "buildmode" => plain(&[
            "default",
            "exe",
            "pie",
            "c-archive",
            "c-shared",
            "plugin",
            "archive",
            "shared",
        ]),
        "buildvcs" => plain(&["auto", "true", "false"]),
        "covermode" => plain(&["set", "count", "atomic"]),
        "compiler" => plain(&["gc", "gccgo"]),
        _ => Offer::default(),
    }
}

/// What stands behind the name of a command that takes no packages.
pub(crate) fn positional(
    name: &str,
    command: Option<&Command>,
    commands: impl Fn() -> Vec<Word>,
) -> Offer {
    match name {
        "help" | "man" => Offer::words(commands()),
        "presets" => Offer::words(presets()),
        "explain" => Offer::words(manuals()),
        _ => {
            let first = command.and_then(|command| command.get_positionals().next());
            first.map_or_else(Offer::default, |argument| {
                possible(argument).unwrap_or_else(|| Offer::paths(Paths::Files))
            })
        }
    }
}

/// The commands of a command.
pub(crate) fn listed(command: &Command) -> Vec<Word> {
    let shown = command
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    let word = |command: &Command| {
        let about = command.get_about().map(ToString::to_string);
        Word::new(command.get_name(), about.unwrap_or_default())
    };
    shown.map(word).collect()
}

fn presets() -> Vec<Word> {
    let all = std::iter::once(&preset::DEFAULT).chain(preset::ALL);
    all.map(|preset| Word::new(preset.name, preset.summary()))
        .collect()
}

fn manuals() -> Vec<Word> {
    let checks = check::ALL
        .iter()
        .map(|check| Word::new(check.id, check.summary));
    let rules = RULES.iter().map(|rule| Word::new(rule.id, rule.summary));
    let lessons = lesson::ALL.iter();
    let lessons = lessons.map(|lesson| Word::new(lesson.number.to_string(), lesson.title));
    checks.chain(rules).chain(lessons).collect()
}

/// Entries of the lock, and how others are written.
pub(crate) fn items(cwd: &Path) -> Vec<Word> {
    let forms = Item::FORMS.iter();
    let bare = forms.map(|form| form.split_inclusive(':').next().unwrap_or(form));
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    found.extend(bare.map(|text| (text.to_owned(), "an entry of the lock".to_owned())));
    let mut places = cwd.ancestors().map(|path| path.join(lock::FILE));
    let text = places.find_map(|path| input::text(&path, input::TEXT).ok());
    let lock = text.and_then(|text| lock::read(&text, lock::FILE).ok());
    for target in lock.iter().flat_map(|lock| lock.targets.values()) {
        for executable in target.executables.values() {
            let modules = executable.modules.keys().map(|key| format!("module:{key}"));
            let packages = executable
                .packages
                .keys()
                .map(|key| format!("package:{key}"));
            let cgo = executable.cgo.iter().map(|text| format!("cgo:{text}"));
            let frames = executable.frames.keys().map(|key| format!("frame:{key}"));
            let all = modules.chain(packages).chain(cgo).chain(frames);
            found.extend(all.map(|text| (text, "in the lock".to_owned())));
        }
    }
    found
        .into_iter()
        .map(|(text, about)| Word::new(text, about))
        .collect()
}

/// Directories that are looked into for Go files, below one that is offered.
const LOOKED: usize = 200;

/// Packages below the directory that a word names: `./cmd/`, `./cmd/api`, `./cmd/...`.
pub(crate) fn packages(current: &str, cwd: &Path) -> Vec<Word> {
    let (parent, stem) = match current.rfind('/') {
        Some(at) => current.split_at(at + 1),
        None if "./".starts_with(current) => ("./", ""),
        None => return Vec::new(),
    };
    let place = cwd.join(parent);
    let mut words = Vec::new();
    if "...".starts_with(stem) {
        words.push(Word::new(format!("{parent}..."), "all packages below"));
    }
    for name in directories(&place, stem) {
        let path = place.join(&name);
        let text = format!("{parent}{name}");
        if has_go_files(&path) {
            words.push(Word::new(&text, "package"));
        }
        if below(&path).any(|path| has_go_files(&path)) {
            words.push(Word::new(format!("{text}/"), "packages below"));
        }
    }
    words
}

/// The directories in a place that begin so, sorted.
fn directories(place: &Path, stem: &str) -> Vec<String> {
    let entries = std::fs::read_dir(place).into_iter().flatten().flatten();
    let directories = entries.filter(|entry| entry.path().is_dir());
    let mut names: Vec<String> = directories
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(stem) && is_looked_into(name))
        .collect();
    names.sort_unstable();
    names
}

/// What go leaves out of `...`.
fn is_looked_into(name: &str) -> bool {
    !name.starts_with(['.', '_']) && !["testdata", "vendor", "node_modules"].contains(&name)
}

fn has_go_files(directory: &Path) -> bool {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut names = entries.filter_map(|entry| entry.file_name().into_string().ok());
    names.any(|name| name.ends_with(".go") && !name.ends_with("_test.go"))
}

/// Directories below one, nearest first, a bounded number of them.
fn below(directory: &Path) -> impl Iterator<Item = std::path::PathBuf> {
    let mut queue = std::collections::VecDeque::from([directory.to_path_buf()]);
    let next = move || {
        let place = queue.pop_front()?;
        for entry in std::fs::read_dir(&place).into_iter().flatten().flatten() {
            let name = entry.file_name().into_string().unwrap_or_default();
            // A link may lead back.
            let is_directory = entry.file_type().is_ok_and(|kind| kind.is_dir());
            if is_directory && is_looked_into(&name) {
                queue.push_back(entry.path());
            }
        }
        Some(place)
    };
    std::iter::from_fn(next).skip(1).take(LOOKED)
}

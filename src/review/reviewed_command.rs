//! Whether a command may run: every argument and variable that is not in a list was set on this ground.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::flag_list::{Item, items};
use super::invocation::Invocation;
use super::lists::is_go;
use super::refused::Refusal;
use super::{Ground, Tool, lists, path, variable};
use crate::quote;

impl Ground {
    pub(super) fn refusal(&self, command: &Invocation) -> Option<Refusal> {
        if self.everything {
            return None;
        }
        let program = &command.program;
        if !self.programs.contains(program) && !program.to_str().is_some_and(is_go) {
            return Some(Refusal::program(&program.to_string_lossy()));
        }
        for (name, value) in &command.env {
            let trusted = |(it, text): &(String, OsString)| it == name && text == value;
            if self.variables.iter().any(trusted) {
                continue;
            }
            let text = value.to_str().unwrap_or("\0");
            if let Some(refusal) = variable(name, text) {
                return Some(refusal);
            }
        }
        self.arguments(&command.args)
    }

    /// The words behind `go`.
    pub(super) fn arguments(&self, args: &[OsString]) -> Option<Refusal> {
        let (verb, mut rest) = args.split_first()?;
        let verb = verb.to_str().unwrap_or_default();
        if !lists::is_verb(verb, args, self.benchmarks) {
            return Some(Refusal::program(&format!("go {verb}")));
        }
        while let Some((first, behind)) = rest.split_first() {
            let Some(word) = first.to_str() else {
                let bytes = first.as_bytes();
                if !bytes.starts_with(b"-") {
                    break;
                }
                if !bytes.starts_with(b"-pgo=") && !self.args.contains(first) {
                    let shown = first.to_string_lossy();
                    return Some(Refusal::unreadable(&shown, "it is no UTF-8"));
                }
                rest = behind;
                continue;
            };
            if word == "--" {
                return self.named(behind);
            }
            if !word.starts_with('-') {
                break;
            }
            // Flags of a configuration are composed with `=`: this is where we write, or what was typed.
            if word == "-o" {
                rest = behind.get(1..).unwrap_or_default();
                continue;
            }
            let next = behind
                .first()
                .and_then(|argument| argument.to_str())
                .unwrap_or_default();
            let read = items(&[word, next], lists::GO);
            let item = read.first()?;
            if let Some(refusal) = self.argument(item, verb) {
                return Some(refusal);
            }
            rest = &rest[item.words.min(rest.len())..];
        }
        self.named(rest)
    }

    /// One flag of a command that was composed.
    pub(super) fn argument(&self, item: &Item, verb: &str) -> Option<Refusal> {
        let value = item.value.as_deref().unwrap_or_default();
        if let (Some(tool), true) = (Tool::of(&item.name), item.is_flag) {
            return self.list(tool, value);
        }
        let prints = lists::own(verb).is_some_and(|own| item.is_allowed(own));
        let ours = match item.name.as_str() {
            // Its path was looked at where it was read.
            "pgo" => true,
            "toolexec" => return self.toolexec(item, value),
            _ => false,
        };
        if prints || ours {
            return None;
        }
        self.flag(item)
    }

    /// One flag of go that is neither a list for a tool nor ours.
    pub(super) fn flag(&self, item: &Item) -> Option<Refusal> {
        let trusted = self.flags.iter().any(|flag| flag.same(item));
        (!trusted && !item.is_allowed(lists::GO))
            .then(|| Refusal::item(item, lists::GO, "go build"))
    }

    /// The value of `-ldflags` and its like.
    pub(super) fn list(&self, tool: Tool, value: &str) -> Option<Refusal> {
        let read = match quote::per_package(value) {
            Ok(read) => read.flags,
            Err(why) => return Some(Refusal::unreadable(value, &why)),
        };
        self.words(tool, &read)
    }

    pub(super) fn words<S: AsRef<str>>(&self, tool: Tool, words: &[S]) -> Option<Refusal> {
        let table = tool.table();
        let refused = |item: &Item| !item.is_allowed(table) && !self.holds(tool, item);
        let list = items(words, table);
        let found = list.iter().find(|item| refused(item))?;
        Some(Refusal::item(found, table, &format!("-{}", tool.flag())))
    }

    /// Ours, or one that is trusted, or the second behind the first.
    pub(super) fn toolexec(&self, item: &Item, value: &str) -> Option<Refusal> {
        let refused = || Some(Refusal::item(item, lists::GO, "go build"));
        let trusted = |words: &[String]| {
            let same = |item: &Item| {
                let theirs = item.value.as_deref().map(quote::split);
                item.name == "toolexec"
                    && theirs.is_some_and(|it| it.is_ok_and(|list| list == words))
            };
            words.is_empty() || self.flags.iter().any(same)
        };
        let Ok(words) = quote::split(value) else {
            return refused();
        };
        let own = self.own.as_deref().and_then(Path::to_str);
        let behind = match words.as_slice() {
            [program, name, rest @ ..] if own == Some(program) && name == "toolexec" => {
                let at = rest.iter().position(|text| text == "--");
                let Some(at) = at else {
                    return refused();
                };
                let flags = rest[..at]
                    .iter()
                    .find_map(|text| text.strip_prefix("--flags="));
                let flags = quote::split(flags.unwrap_or_default()).unwrap_or_default();
                if let Some(refusal) = self.words(Tool::Compile, &flags) {
                    return Some(refusal);
                }
                &rest[at + 1..]
            }
            all => all,
        };
        if trusted(behind) { None } else { refused() }
    }

    /// Packages, and files of packages. `go test` reads flags behind packages too (`cmd/go/internal/test/testflag.go`), so no
    /// word may look like one.
    pub(super) fn named(&self, packages: &[OsString]) -> Option<Refusal> {
        let mut unknown = packages
            .iter()
            .filter(|package| !self.packages.contains(package));
        if let Some(found) = unknown.find(|argument| argument.as_bytes().starts_with(b"-")) {
            return Some(Refusal::package(&found.to_string_lossy()));
        }
        let refused = |word: &&OsString| {
            let file = Path::new(word).extension() == Some(OsStr::new("go"));
            file && !self.packages.contains(word) && !word.to_str().is_some_and(path::is_below)
        };
        let found = packages.iter().find(refused)?;
        Some(Refusal::path(&found.to_string_lossy()))
    }
}

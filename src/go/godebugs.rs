//! The table of GODEBUG settings of a toolchain, read from its sources, and what a program sets itself.
//!
//! Layout: `internal/godebugs/table.go`, Go 1.21 to 1.27. How defaults follow from it and from a go line:
//! `cmd/go/internal/load/godebug.go` (`defaultGODEBUG`).

use std::collections::BTreeMap;
use std::path::Path;

use crate::input;

/// What a toolchain knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Settings by name.
    pub known: BTreeMap<String, Known>,
    /// Settings that are gone, by name; of Go 1.27 and newer.
    pub removed: BTreeMap<String, Removed>,
}

/// A setting that works.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Known {
    /// The package that looks at it.
    pub package: String,
    /// The minor version that changed the default, and the value that brings the former behaviour back.
    pub changed: Option<(u32, String)>,
}

/// A setting that was taken away.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Removed {
    /// The minor version that did.
    pub minor: u32,
    /// Values for behaviour that is gone: go refuses them.
    pub old: Vec<String>,
}

impl Table {
    /// The table of the toolchain at a GOROOT; `None` where its sources are not there or say something else.
    pub fn of(goroot: &Path) -> Option<Self> {
        let path = goroot.join("src/internal/godebugs/table.go");
        let table = read(&input::text(&path, input::TEXT).ok()?);
        (!table.known.is_empty()).then_some(table)
    }

    /// The defaults of a go line of `1.minor`, without what a program sets itself.
    pub fn defaults(&self, minor: u32) -> BTreeMap<&str, &str> {
        let mut held = BTreeMap::new();
        for (name, known) in &self.known {
            if let Some((since, old)) = &known.changed
                && minor < *since
            {
                held.insert(name.as_str(), old.as_str());
            }
        }
        held
    }

    /// Why go does not build a program that sets this; `None` where it does.
    pub fn refusal(&self, name: &str, value: &str) -> Option<Refusal> {
        if name == "default" || self.known.contains_key(name) {
            return None;
        }
        match self.removed.get(name) {
            Some(removed) if removed.old.iter().any(|old| old == value) => {
                Some(Refusal::Removed(removed.minor))
            }
            Some(_) => None,
            None => Some(Refusal::Unknown),
        }
    }
}

/// Why go does not build a program.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// This minor version took the behaviour away.
    Removed(u32),
    /// It knows no such setting.
    Unknown,
}

fn read(text: &str) -> Table {
    let mut table = Table::default();
    for line in text.lines().map(str::trim) {
        let Some(entry) = line.strip_prefix("{Name: ") else {
            continue;
        };
        let Some(name) = quoted(entry) else { continue };
        let number = |key: &str| -> Option<u32> {
            let (_, rest) = entry.split_once(key)?;
            let end = rest.find(|c: char| !c.is_ascii_digit());
            rest[..end.unwrap_or(rest.len())].parse().ok()
        };
        let after = |key: &str| entry.split_once(key).map(|pair| pair.1);
        if let Some(minor) = number("Removed: ") {
            let old = old_values(after("Old: ").unwrap_or_default());
            table.removed.insert(name, Removed { minor, old });
            continue;
        }
        let old = after("Old: ").and_then(quoted);
        let known = Known {
            package: after("Package: ").and_then(quoted).unwrap_or_default(),
            changed: number("Changed: ").zip(old),
        };
        table.known.insert(name, known);
    }
    table
}

/// The values of a setting that is gone for which it meant what it always did.
fn old_values(text: &str) -> Vec<String> {
    match text {
        it if it.starts_with("zero") => vec!["0".to_owned()],
        it if it.starts_with("one") => vec!["1".to_owned()],
        it => all_quoted(it.split(" // ").next().unwrap_or(it)),
    }
}

/// What stands in the first quotes.
fn quoted(text: &str) -> Option<String> {
    text.split('"').nth(1).map(str::to_owned)
}

fn all_quoted(text: &str) -> Vec<String> {
    text.split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

/// A setting that a program makes itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Setting {
    /// `panicnil`, or `default`.
    pub name: String,
    /// `1`
    pub value: String,
    /// Its line, counted from 1.
    pub line: usize,
}

/// The `godebug` lines of a go.mod or go.work file.
pub fn of_module(text: &str) -> Vec<Setting> {
    let mut found = Vec::new();
    let mut group = false;
    for (index, line) in text.lines().enumerate() {
        let words = line.split("//").next().unwrap_or_default();
        let mut words = words.split_whitespace();
        let setting = match (words.next(), words.next()) {
            (Some(")"), _) => {
                group = false;
                None
            }
            (Some("godebug"), Some("(")) => {
                group = true;
                None
            }
            (Some("godebug"), setting) => setting,
            (setting, _) if group => setting,
            _ => None,
        };
        found.extend(setting.and_then(|setting| read_setting(setting, index)));
    }
    found
}

/// The `//go:debug` lines of a file of a main package.
pub fn of_source(text: &str) -> Vec<Setting> {
    let of_file = text.lines().enumerate();
    let above = of_file.take_while(|(_, line)| !line.starts_with("package "));
    above
        .filter_map(|(index, line)| {
            let rest = line.strip_prefix("//go:debug")?;
            let setting = rest.strip_prefix([' ', '\t'])?.trim();
            read_setting(setting, index)
        })
        .collect()
}

fn read_setting(text: &str, index: usize) -> Option<Setting> {
    let (name, value) = text.trim_matches(['"', '`']).split_once('=')?;
    Some(Setting {
        name: name.to_owned(),
        value: value.to_owned(),
        line: index + 1,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "var All = []Info{
\t{Name: \"allowmultiplevcs\", Package: \"cmd/go\"},
\t{Name: \"containermaxprocs\", Package: \"runtime\", Changed: 25, Old: \"0\"},
\t//{Name: \"multipartfiles\", Package: \"mime/multipart\"},
\t{Name: \"tlsmlkem\", Package: \"crypto/tls\", Changed: 24, Old: \"0\", Opaque: true},
}
var Removed = []RemovedInfo{
\t{Name: \"gotypesalias\", Removed: 27, Old: zero}, // Old: \"0\"
\t{Name: \"tls3des\", Removed: 27, Old: one},      // Old: \"1\"
\t{Name: \"asynctimerchan\", Removed: 27, Old: func(s string) bool { return s == \"1\" || s == \"2\" }}, // Old: \"1\" or \"2\"
}";

    #[test]
    fn a_table_says_what_a_go_line_holds_back_and_what_go_refuses() {
        let table = read(TABLE);
        let defaults = |minor| format!("{:?}", table.defaults(minor));
        assert_eq!(
            defaults(21),
            r#"{"containermaxprocs": "0", "tlsmlkem": "0"}"#
        );
        assert_eq!(defaults(24), r#"{"containermaxprocs": "0"}"#);
        assert_eq!(defaults(25), "{}");
        let refusal = |name, value| table.refusal(name, value);
        assert_eq!(refusal("asynctimerchan", "2"), Some(Refusal::Removed(27)));
        assert_eq!(refusal("asynctimerchan", "0"), None);
        assert_eq!(refusal("tls3des", "1"), Some(Refusal::Removed(27)));
        assert_eq!(refusal("gotypesalias", "1"), None);
        assert_eq!(refusal("multipartfiles", "1"), Some(Refusal::Unknown));
        assert_eq!(refusal("tlsmlkem", "0"), None);
        assert_eq!(refusal("default", "go1.21"), None);
    }

    #[test]
    fn settings_of_a_program_are_read() {
        let named = |all: Vec<Setting>| -> Vec<String> {
            let shown =
                |setting: &Setting| format!("{}={} {}", setting.name, setting.value, setting.line);
            all.iter().map(shown).collect()
        };
        let text = "module m\n\ngodebug panicnil=1 // why\ngodebug (\n\tdefault=go1.21\n\ttls3des=1\n)\nrequire x v1\n";
        assert_eq!(
            named(of_module(text)),
            ["panicnil=1 3", "default=go1.21 5", "tls3des=1 6"]
        );
        let source = "// Copyright\n\n//go:debug tls3des=1\n//go:debugged x=1\npackage main\n//go:debug panicnil=1\n";
        assert_eq!(named(of_source(source)), ["tls3des=1 3"]);
    }
}

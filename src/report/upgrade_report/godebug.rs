//! Compares the GODEBUG defaults of a program before and after: what the new Go flips at once, and what a moved go line
//! flips.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::go::godebugs::{Refusal, Setting, Table};
use crate::order::Ordered;

/// GODEBUG defaults of an executable: behaviour of an older Go that it is held to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Godebug {
    /// What the go line would say with the new Go: `1.27`.
    pub(crate) line: String,
    /// Held back before, and no more after: behaviour changes at once.
    pub(crate) at_once: Vec<Held>,
    /// New in the new Go, and held back as long as the go line stays.
    pub(crate) held: Vec<Held>,
    /// Held back after, and no more once the go line moves.
    pub(crate) flips: Vec<Held>,
    /// Set by the program itself, as `panicnil=1`: neither the new Go nor the go line changes these.
    pub(crate) own: Vec<String>,
}

/// A setting that holds behaviour back.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Held {
    /// `containermaxprocs`
    pub(crate) name: String,
    /// The value that holds it back.
    pub(crate) value: String,
    /// The package that looks at it.
    pub(crate) package: String,
    /// Whether the program has that package.
    pub(crate) linked: bool,
    /// The Go that changed the default: `1.25`; `null` where that is not known.
    pub(crate) since: Option<String>,
    /// Why it changes at once; `null` otherwise.
    pub(crate) why: Option<String>,
}

/// A setting that the new Go refuses to build.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Refused {
    /// `tls10server=1`
    pub(crate) setting: String,
    /// `go.mod:12`
    pub(crate) place: String,
    /// Why.
    pub(crate) why: String,
}

/// What a comparison is made of.
pub(crate) struct Inputs<'a> {
    /// The defaults as go lists them: before and after.
    pub(crate) defaults: (&'a str, &'a str),
    /// The tables of both toolchains.
    pub(crate) tables: (Option<&'a Table>, &'a Table),
    /// The go lines, as minor versions.
    pub(crate) lines: (Option<u32>, Option<u32>),
    /// The minor version of the new Go, which the go line would move to.
    pub(crate) to: u32,
    /// The new Go.
    pub(crate) version: &'a str,
    /// What the program sets itself.
    pub(crate) own: &'a [Setting],
    /// Whether the program has a package.
    pub(crate) linked: &'a dyn Fn(&str) -> bool,
}

/// Compares.
pub(crate) fn godebug(inputs: &Inputs<'_>) -> Godebug {
    let (before, after) = (pairs(inputs.defaults.0), pairs(inputs.defaults.1));
    let own = inputs.own.iter();
    let mut found = Godebug {
        line: format!("1.{}", inputs.to),
        at_once: inputs.at_once(&before, &after),
        own: own
            .map(|setting| format!("{}={}", setting.name, setting.value))
            .collect(),
        ..Godebug::default()
    };
    // `default=go1.21` stands above the go line.
    let line_counts = !inputs.is_own("default");
    let new = inputs.tables.1;
    let moved = new.defaults(inputs.to);
    for (name, value) in after.iter().filter(|(name, _)| !inputs.is_own(name)) {
        if !before.contains_key(name) {
            found.held.push(inputs.held(name, value, Some(new)));
        }
        if line_counts && !moved.contains_key(name) && new.known.contains_key(*name) {
            found.flips.push(inputs.held(name, value, Some(new)));
        }
    }
    found
}

impl Inputs<'_> {
    fn is_own(&self, name: &str) -> bool {
        self.own.iter().any(|setting| setting.name == name)
    }

    /// A setting, with what a toolchain says of it.
    fn held(&self, name: &str, value: &str, table: Option<&Table>) -> Held {
        let known = table.and_then(|table| table.known.get(name));
        let package = known.map_or("", |known| known.package.as_str());
        let since = known.and_then(|known| known.changed.as_ref());
        Held {
            name: name.to_owned(),
            value: value.to_owned(),
            package: package.to_owned(),
            linked: (self.linked)(package),
            since: since.map(|(minor, _)| format!("1.{minor}")),
            why: None,
        }
    }

    /// What is held back before and no more after, and why.
    fn at_once(&self, before: &Pairs<'_>, after: &Pairs<'_>) -> Vec<Held> {
        let (old, new) = self.tables;
        let gone = before.iter();
        let gone =
            gone.filter(|(name, value)| after.get(*name) != Some(*value) && !self.is_own(name));
        gone.map(|(name, value)| Held {
            why: Some(match new.known.get(*name) {
                None => format!("{} does not have it", self.version),
                Some(_) if self.lines.0 != self.lines.1 => "the go line moves".to_owned(),
                Some(_) => format!("{} has another default", self.version),
            }),
            ..self.held(name, value, old.or(Some(new)))
        })
        .collect()
    }
}

/// Settings and their values.
type Pairs<'a> = BTreeMap<&'a str, &'a str>;

/// `a=1,b=0`
fn pairs(text: &str) -> Pairs<'_> {
    text.split(',')
        .filter_map(|pair| pair.split_once('='))
        .ordered()
}

/// What of the settings of a file the new Go does not build. `file` is its name for people.
pub(crate) fn refused(all: &[Setting], file: &str, table: &Table, version: &str) -> Vec<Refused> {
    let one = |setting: &Setting| {
        let why = match table.refusal(&setting.name, &setting.value)? {
            Refusal::Removed(minor) => format!("Go 1.{minor} took that behaviour away"),
            Refusal::Unknown => format!("{version} knows no such setting"),
        };
        Some(Refused {
            setting: format!("{}={}", setting.name, setting.value),
            place: format!("{file}:{}", setting.line),
            why,
        })
    };
    all.iter().filter_map(one).collect()
}

impl Godebug {
    /// Whether there is nothing to say.
    pub(crate) fn is_silent(&self) -> bool {
        self.at_once.is_empty() && self.held.is_empty() && self.flips.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::go::godebugs::{self, Known, Removed};

    fn known(package: &str, changed: Option<(u32, &str)>) -> Known {
        Known {
            package: package.into(),
            changed: changed.map(|(minor, old)| (minor, old.to_owned())),
        }
    }

    #[test]
    fn what_flips_at_once_and_with_the_go_line_is_told_apart() {
        let old = Table {
            known: BTreeMap::from([
                ("tls3des".into(), known("crypto/tls", Some((23, "1")))),
                ("panicnil".into(), known("runtime", Some((21, "1")))),
                ("tlsmlkem".into(), known("crypto/tls", Some((24, "0")))),
            ]),
            removed: BTreeMap::new(),
        };
        let mut new = old.clone();
        new.known.remove("tls3des");
        let gone = Removed {
            minor: 27,
            old: vec!["1".into()],
        };
        new.removed.insert("tls3des".into(), gone);
        new.known.insert(
            "containermaxprocs".into(),
            known("runtime", Some((25, "0"))),
        );
        let own = godebugs::of_module("godebug panicnil=1\n");
        let found = godebug(&Inputs {
            defaults: (
                "panicnil=1,tls3des=1,tlsmlkem=0",
                "containermaxprocs=0,panicnil=1,tlsmlkem=0",
            ),
            tables: (Some(&old), &new),
            lines: (Some(20), Some(20)),
            to: 24,
            version: "go1.27.3",
            own: &own,
            linked: &|package| package == "runtime",
        });
        let names = |all: &[Held]| -> Vec<String> {
            let shown = |held: &Held| format!("{}={} {}", held.name, held.value, held.linked);
            all.iter().map(shown).collect()
        };
        assert_eq!(names(&found.at_once), ["tls3des=1 false"]);
        assert_eq!(names(&found.held), ["containermaxprocs=0 true"]);
        // The go line of 1.24 flips what changed until then.
        assert_eq!(names(&found.flips), ["tlsmlkem=0 false"]);
        assert_eq!(found.own, ["panicnil=1"]);
        let settings = godebugs::of_module("godebug (\n\ttls3des=1\n\tfoo=2\n)\n");
        let refused = refused(&settings, "go.mod", &new, "go1.27.3");
        let places: Vec<&str> = refused
            .iter()
            .map(|refused| refused.place.as_str())
            .collect();
        assert_eq!(places, ["go.mod:2", "go.mod:3"]);
    }
}

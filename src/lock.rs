//! Reads and writes `gobuild-opt.lock`: what was accepted. Makes the ID of a site from its identity ([`id`]).
//!
//! The user commits it. One fact is one line, sorted, so that two branches merge line by line; there are no counts,
//! since two branches that add one site each would merge into a wrong one. Reading is strict: a file with merge
//! conflicts, of a later version or with slips is an error with its line, and is never overwritten.

mod compared_sites;

mod executable_entry;

mod lock_item;

mod lock_text;

mod site_lines;

mod write;

use std::collections::BTreeMap;

use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::escape::Identity;
use crate::escape::added::Listed;
use crate::number::hex;

pub(crate) use compared_sites::{Comparison, compare};
pub(crate) use executable_entry::{
    Changes, Executable, FLOOR, Fact, FactChange, HEALTH_FALL, Side, SizeChange, Standing, standing,
};
pub(crate) use lock_item::Item;
pub use lock_text::read;
pub(crate) use write::write;

/// The name of the file, beside `gobuild-opt.toml` or go.mod.
pub(crate) const FILE: &str = "gobuild-opt.lock";

/// Raised when older versions of this program would misread the file.
///
/// Version 2 counted data that several packages use for one of them, and had no `owners`: its bytes by module and package
/// compare with nothing. Version 3 took literals for read-only data that are copied to the heap: of its sites, those that it
/// overlooked are not new.
pub(crate) const VERSION: i64 = 4;

/// What was accepted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lock {
    /// By platform, see [`Platform`].
    pub(crate) targets: BTreeMap<String, Platform>,
}

/// What was accepted for one platform: `linux/amd64`, `linux/amd64/v3`, `linux/amd64+netgo`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Platform {
    /// The Go version; sites of another one do not compare.
    pub(crate) go: String,
    /// `[escape] scope`
    pub(crate) scope: String,
    /// SHA-256 of each profile that was applied, by main package; `""` for all.
    #[serde(default)]
    pub(crate) profiles: BTreeMap<String, String>,
    /// By the import path of the main package.
    #[serde(default)]
    pub(crate) executables: BTreeMap<String, Executable>,
    /// Allocating sites by import path and ID, see [`id`].
    #[serde(default)]
    pub(crate) sites: BTreeMap<String, BTreeMap<String, Entry>>,
    /// What benchmarks allocate, by import path and name, as in `example.com/app/index.BenchmarkSearch`.
    #[serde(default)]
    pub(crate) benchmarks: BTreeMap<String, Allocations>,
    /// What `prove` found of the profile, by the import path of the main package.
    #[serde(default)]
    pub(crate) proofs: BTreeMap<String, Proof>,
    /// Findings of `advise`, by ID, see [`advice_id`].
    #[serde(default)]
    pub(crate) advice: BTreeMap<String, Advice>,
    /// The version of the file, where it is an earlier one: what that did not see is not new.
    #[serde(skip)]
    pub(crate) earlier: Option<i64>,
}

/// A site that was accepted: its [`Identity`] without the package.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    /// The enclosing declaration.
    pub(crate) function: String,
    /// What kind of allocation.
    pub(crate) class: crate::escape::Class,
    /// See [`named`].
    pub(crate) expression: String,
    /// Counts from 1.
    #[serde(default = "first")]
    pub(crate) ordinal: u32,
    /// What stands for the text of its line, see [`line`]; `None` before version 3, and where the source was not read.
    #[serde(default)]
    pub(crate) line: Option<String>,
    /// Why it was accepted later than the rest.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// What a benchmark allocates per operation.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Allocations {
    /// allocs/op
    pub(crate) allocs: u64,
    /// B/op
    pub(crate) bytes: u64,
    /// Why more was accepted.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// What `prove` found of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// `faster`, `slower`, `no-effect`, `cannot-tell`, `same` or `hot-same`.
    pub outcome: String,
    /// The verdict in words.
    pub verdict: String,
    /// SHA-256 of the profile.
    pub profile: String,
    /// What was run.
    pub workload: String,
    /// Pairs of runs.
    pub pairs: u64,
    /// What order and layouts were drawn from.
    pub seed: u64,
    /// Where it ran.
    pub machine: String,
    /// Whether the profile was collected from that very workload.
    #[serde(default)]
    pub trained: bool,
}

/// A finding of `advise` that was accepted.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Advice {
    /// `GBO303`
    pub(crate) rule: String,
    /// The import path and the declaration.
    pub(crate) function: String,
    /// Why it was accepted later than the rest.
    #[serde(default)]
    pub(crate) reason: Option<String>,
}

/// The ID of a finding: ten hexadecimal digits for its rule, its function and the text of its line.
pub(crate) fn advice_id(rule: &str, function: &str, source: &str) -> String {
    let words: Vec<&str> = source.split_whitespace().collect();
    let text = [rule, function, &words.join(" ")].join("\0");
    hex(&Sha256::digest(text.as_bytes())[..5])
}

fn first() -> u32 {
    1
}

/// Expressions up to this many characters stand in the lock as they are.
const LONGEST: usize = 100;

/// The identity as the lock holds it: a long expression is cut, with a digest of all of it behind.
pub(crate) fn named(identity: &Identity) -> Identity {
    let mut identity = identity.clone();
    if identity.expression.chars().count() > LONGEST {
        let head: String = identity.expression.chars().take(LONGEST - 20).collect();
        let digest = hex(&Sha256::digest(identity.expression.as_bytes())[..4]);
        identity.expression = format!("{head}…{digest}");
    }
    identity
}

/// The ID of an identity as [`named`] gives it: ten hexadecimal digits that stay the same as long as the identity does.
pub(crate) fn id(identity: &Identity) -> String {
    let class = class_name(identity.class);
    let text = [
        identity.package.as_str(),
        &identity.function,
        &class,
        &identity.expression,
        &identity.ordinal.to_string(),
    ]
    .join("\0");
    hex(&Sha256::digest(text.as_bytes())[..5])
}

/// Eight hexadecimal digits for the text of a line, white space aside; `None` for no text.
pub(crate) fn line(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    (!words.is_empty()).then(|| hex(&Sha256::digest(words.join(" ").as_bytes())[..4]))
}

/// `moved`, `boxing`, ...
pub(crate) fn class_name(class: crate::escape::Class) -> String {
    class.name().to_owned()
}

impl Entry {
    /// An entry for an identity as [`named`] gives it.
    pub(crate) fn new(identity: &Identity, line: Option<String>, reason: Option<String>) -> Self {
        Self {
            function: identity.function.clone(),
            class: identity.class,
            expression: identity.expression.clone(),
            ordinal: identity.ordinal,
            line,
            reason,
        }
    }

    /// The identity again.
    pub(crate) fn identity(&self, package: &str) -> Identity {
        Identity {
            package: package.to_owned(),
            function: self.function.clone(),
            class: self.class,
            expression: self.expression.clone(),
            ordinal: self.ordinal,
        }
    }
}

impl Platform {
    /// Adds a site.
    pub(crate) fn accept(
        &mut self,
        identity: &Identity,
        line: Option<String>,
        reason: Option<String>,
    ) {
        self.sites
            .entry(identity.package.clone())
            .or_default()
            .insert(id(identity), Entry::new(identity, line, reason));
    }

    /// Every site, as it is compared.
    pub(crate) fn listed(&self) -> Vec<Listed> {
        let entries = self
            .sites
            .iter()
            .flat_map(|(package, entries)| entries.values().map(move |it| (package, it)));
        entries
            .map(|(package, it)| Listed {
                identity: it.identity(package),
                line: it.line.clone(),
            })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::escape::Class;

    #[test]
    fn an_id_is_what_it_was_when_it_was_accepted() {
        let identity = |class: Class| Identity {
            package: "ex.com/m/lib".into(),
            function: "(*Box).Get".into(),
            class,
            expression: "x".into(),
            ordinal: 1,
        };
        let ids = Class::ALL.map(|class| format!("{} {}", class.name(), id(&identity(class))));
        insta::assert_snapshot!(ids.join("\n"), @r"
        moved c93b850ca1
        new 9f650572c4
        make c3268e413b
        append f0787698d8
        boxing 1120451071
        closure e59761d306
        conversion 14e2d0669c
        other 5603e35fd3
        constant b3995842bc
        leaking a7b695505c
        ");
    }

    fn sample() -> Lock {
        let identity = |function: &str, expression: &str, ordinal| Identity {
            package: "ex.com/m/lib".into(),
            function: function.into(),
            class: Class::Boxing,
            expression: expression.into(),
            ordinal,
        };
        let mut target = Platform {
            go: "go1.27.3".into(),
            scope: "module".into(),
            profiles: BTreeMap::from([(String::new(), "ab12".into())]),
            ..Platform::default()
        };
        target.accept(&identity("(*Box).Get", "x", 1), line("return  x"), None);
        target.accept(
            &identity("(*Box).Get", "x", 2),
            line("y = x"),
            Some("once per \"process\"".into()),
        );
        target.accept(&identity("F", "a \"b\"\n\t\u{7f}\\", 1), None, None);
        let allocations = Allocations {
            allocs: 1,
            bytes: 48,
            reason: None,
        };
        let name = "ex.com/m/lib.BenchmarkGet/large";
        target.benchmarks.insert(name.into(), allocations);
        let proof = Proof {
            outcome: "faster".into(),
            verdict: "faster 3.1 % [1.9, 4.2]".into(),
            profile: "ab12".into(),
            workload: "{bin} -n 100".into(),
            pairs: 12,
            seed: 1,
            machine: "linux/amd64".into(),
            trained: false,
        };
        target.proofs.insert("ex.com/m".into(), proof);
        let advice = Advice {
            rule: "GBO303".into(),
            function: "ex.com/m/lib.Get".into(),
            reason: Some("handful".into()),
        };
        let id = advice_id("GBO303", "ex.com/m/lib.Get", "out = append(out, x)");
        target.advice.insert(id, advice);
        target.executables.insert(
            "ex.com/m".into(),
            Executable {
                size: 1_234_567,
                cgo: BTreeSet::from(["net".into(), "runtime/cgo".into()]),
                godebug: BTreeMap::from([("containermaxprocs".into(), "0".into())]),
                dead_code_elimination: Some(false),
                profile_health: Some(97),
                owners: Some(crate::binary::Owners::Symbols),
                modules: BTreeMap::from([("std".into(), 900), ("ex.com/heavy".into(), 100)]),
                packages: BTreeMap::from([("runtime".into(), 70_000)]),
                sections: BTreeMap::from([("code".into(), 12)]),
                frames: BTreeMap::from([("main.(*T).loop".into(), 4096)]),
                reasons: BTreeMap::from([("module:ex.com/heavy".into(), "we need it".into())]),
            },
        );
        Lock {
            targets: BTreeMap::from([("linux/amd64".into(), target)]),
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        let text = write(&sample());
        insta::assert_snapshot!(text);
        assert_eq!(read(&text, FILE).unwrap(), sample());
        assert_eq!(write(&read(&text, FILE).unwrap()), text);
    }

    #[test]
    fn a_bad_lock_names_the_line() {
        let good = write(&sample());
        for (bad, words) in [
            (
                good.replace("[targets.\"linux/amd64\"]", "<<<<<<< HEAD"),
                "`gobuild-opt.lock:4` holds a merge conflict",
            ),
            (
                good.replace("version = 4", "version = 5\nnew = []"),
                "`gobuild-opt.lock:2` is of version 5",
            ),
            (
                good.replace("version = 4\n", ""),
                "`gobuild-opt.lock:1` has no line",
            ),
            (
                good.replace("size = 1", "sise = 1"),
                "`gobuild-opt.lock:12` cannot be read: unknown field `sise`",
            ),
            (
                good.replace("\"F\"", "\"G\""),
                "`gobuild-opt.lock:49` was edited: the site `002f8a9cdf` is",
            ),
            (
                good.replace("size = 1234567\n", "size = 1234567\nsize = 1300000\n"),
                "`gobuild-opt.lock:13` says `size = 1300000`, and another line",
            ),
            (
                format!("{good}\n= nonsense"),
                "`gobuild-opt.lock:51` cannot be read",
            ),
        ] {
            let error = read(&bad, FILE).unwrap_err();
            assert_eq!(error.kind, crate::error::Kind::Usage);
            assert!(error.message.starts_with(words), "{words}: {error}");
            assert!(error.hint.is_some());
        }
    }

    #[test]
    fn version_1_is_still_read() {
        let text = "version = 1\n[targets.\"linux/amd64\"]\ngo = \"go1.27.3\"\nscope = \"module\"\n\n\
            [targets.\"linux/amd64\".executables.\"ex.com/m\"]\nsize = 7\nreason = \"a feature\"\ncgo = [\n  \"net\",\n]\n\n\
            [targets.\"linux/amd64\".executables.\"ex.com/m\".sections]\n\"code\" = 12\n";
        let lock = read(text, FILE).unwrap();
        let executable = &lock.targets["linux/amd64"].executables["ex.com/m"];
        assert_eq!((executable.size, executable.sections["code"]), (7, 12));
        assert_eq!(executable.reasons["size"], "a feature");
        assert_eq!(read(&write(&lock), FILE).unwrap(), lock);
    }

    /// Its data were counted otherwise: no module is said to have changed.
    #[test]
    fn bytes_by_module_of_version_2_compare_with_nothing() {
        let lock = write(&sample()).replace("version = 4", "version = 2");
        let lock = read(&lock.replace("owners = \"symbols\"\n", ""), FILE).unwrap();
        let old = &lock.targets["linux/amd64"].executables["ex.com/m"];
        let mut now = sample().targets["linux/amd64"].executables["ex.com/m"].clone();
        now.modules.insert("std".into(), 1);
        now.modules.insert("ex.com/new".into(), 1);
        let changes = old.changes(&now);
        assert_eq!((changes.sizes.len(), changes.new_modules().count()), (0, 0));
        assert_eq!(changes.silent(Fact::Modules), Some(Side::Lock));
        // One module alone cannot be accepted: it would stand beside others that mean something else.
        let mut accepted = old.clone();
        assert!(accepted.take(&Item::Module("std".into()), &now));
        assert_eq!(accepted.modules, now.modules);
        assert_eq!(accepted.changes(&now).sizes, []);
    }

    #[test]
    fn a_long_expression_is_cut_and_stays_distinct() {
        let identity = |tail: &str| Identity {
            package: "p".into(),
            function: "f".into(),
            class: Class::Other,
            expression: "x".repeat(500) + tail,
            ordinal: 1,
        };
        let (a, b) = (named(&identity("a")), named(&identity("b")));
        assert_ne!(id(&a), id(&b));
        assert_eq!(named(&a), a);
        assert!(a.expression.chars().count() <= LONGEST);
    }
}

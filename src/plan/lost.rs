//! Compares the flags the user gave with those go receives; returns the ones without effect.
//!
//! For each package go takes the last value of `-ldflags`, `-gcflags` or `-asmflags` whose pattern means it, whole, and
//! says nothing about the others (`cmd/go/internal/load/flag.go`). Of `-tags` it takes the last value.

use super::Facts;
use super::build_flags::{self, BuildKind, Inputs};
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{Flag, PerPackage, per_package};
use crate::go::{Package, pattern};

/// A flag that was given and has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Lost {
    /// The flag as it was given.
    pub(crate) flag: String,
    /// The layer it comes from.
    pub(crate) from: String,
    /// Why it has no effect.
    pub(crate) why: String,
}

/// The lists that are for packages.
const LISTS: [&str; 3] = ["ldflags", "gcflags", "asmflags"];

/// A value as it was given.
struct Given {
    flag: String,
    from: &'static str,
    value: PerPackage,
}

/// What of the flags of one target is lost. Fails with [`Kind::Usage`] for a list that cannot be read.
pub(crate) fn lost(inputs: &Inputs<'_>, facts: &Facts) -> Result<Vec<Lost>> {
    let composed = build_flags::compose(inputs, BuildKind::Release)?;
    let mut found = Vec::new();
    for name in LISTS {
        let last = composed.values(name);
        let outside = inputs.goflags.iter().filter(|flag| flag.name == name);
        let values = outside.filter_map(|flag| flag.value.as_deref()).chain(last);
        // What cannot be read was an error already.
        let values: Vec<PerPackage> = values.filter_map(|value| per_package(value).ok()).collect();
        let given = given(name, inputs);
        for (at, it) in given.iter().enumerate() {
            let taken_back = given[at + 1..]
                .iter()
                .any(|given| given.value.flags.is_empty());
            if it.value.flags.is_empty() || taken_back {
                continue;
            }
            found.extend(judge(it, name, &values, facts));
        }
    }
    found.extend(tags(inputs)?);
    Ok(found)
}

fn given(name: &str, inputs: &Inputs<'_>) -> Vec<Given> {
    let build = &inputs.config.build;
    let (from, configured): (_, &[String]) = match name {
        "gcflags" => ("build.gcflags", &build.gcflags),
        "asmflags" => ("build.asmflags", &build.asmflags),
        // Those of `build.ldflags` are for every package that is linked.
        _ => ("", &[]),
    };
    let configured = configured.iter().filter_map(|text| {
        Some(Given {
            flag: text.clone(),
            from,
            value: per_package(text).ok()?,
        })
    });
    let mut all = of_flags("GOFLAGS", name, inputs.goflags);
    all.extend(configured);
    all.extend(of_flags("the command line", name, inputs.typed));
    all
}

/// The values of a flag in a list of flags.
fn of_flags(from: &'static str, name: &str, list: &[Flag]) -> Vec<Given> {
    let list = list.iter().filter(|flag| flag.name == name);
    let given = |flag: &Flag| {
        Some(Given {
            flag: flag.to_arg(),
            from,
            value: per_package(flag.value.as_deref()?).ok()?,
        })
    };
    list.filter_map(given).collect()
}

/// The packages of the build that a value of the list is for.
fn meant<'f>(value: &PerPackage, name: &str, facts: &'f Facts) -> Vec<&'f Package> {
    let all: Vec<&Package> = match name {
        "ldflags" => facts.asked.taken(&facts.packages),
        _ => facts.packages.iter().collect(),
    };
    let is_meant = |package: &&Package| match &value.pattern {
        None => !package.dep_only,
        Some(text) => pattern::means(text, package, &facts.go.cwd),
    };
    all.into_iter().filter(is_meant).collect()
}

fn judge(given: &Given, name: &str, values: &[PerPackage], facts: &Facts) -> Option<Lost> {
    let packages = meant(&given.value, name, facts);
    let lost = |why: String| Lost {
        flag: given.flag.clone(),
        from: given.from.to_owned(),
        why,
    };
    if packages.is_empty() {
        let pattern = given.value.pattern.as_deref()?;
        return Some(lost(format!("`{pattern}` means no package of the build")));
    }
    let taken = |package: &&Package| {
        let means = |entry: &&PerPackage| match &entry.pattern {
            None => !package.dep_only,
            Some(text) => pattern::means(text, package, &facts.go.cwd),
        };
        values.iter().rev().find(means)
    };
    let words = &given.value.flags;
    let is_in = |entry: &PerPackage| words.iter().all(|word| entry.flags.contains(word));
    if packages.iter().filter_map(taken).any(is_in) {
        return None;
    }
    let why = format!("of several -{name} for a package Go takes the last");
    Some(lost(why))
}

fn tags(inputs: &Inputs<'_>) -> Result<Vec<Lost>> {
    let merged =
        build_flags::merged_tags(inputs.config, inputs.target, inputs.goflags, inputs.typed)?;
    let mut found = Vec::new();
    for (from, list) in [
        ("GOFLAGS", inputs.goflags),
        ("the command line", inputs.typed),
    ] {
        let mut values = list
            .iter()
            .chain(inputs.typed)
            .filter(|flag| flag.name == "tags");
        if values.any(|flag| flag.value.as_deref().is_none_or(str::is_empty)) {
            continue;
        }
        let tags = list.iter().filter(|flag| flag.name == "tags");
        let lost = tags.filter(|flag| is_hidden(flag, &merged));
        found.extend(lost.map(|flag| Lost {
            flag: flag.to_arg(),
            from: from.to_owned(),
            why: "of several -tags Go takes the last".into(),
        }));
    }
    Ok(found)
}

/// Whether a `-tags` holds one that go does not get.
fn is_hidden(flag: &Flag, merged: &[String]) -> bool {
    let value = flag.value.as_deref().unwrap_or_default();
    let tags = crate::go::flags::tags(value).unwrap_or_default();
    tags.iter().any(|tag| !merged.contains(tag))
}

/// Fails with [`Kind::Usage`] for a pattern of the configuration or the command line that means no package of any target,
/// and no directory.
/// For the escape report nothing is linked: `linked` is false.
pub(crate) fn require(inputs: &Inputs<'_>, targets: &[Facts], linked: bool) -> Result<()> {
    for name in LISTS
        .into_iter()
        .filter(|list| linked || *list != "ldflags")
    {
        let given = given(name, inputs);
        for it in given.iter().filter(|given| given.from != "GOFLAGS") {
            let Some(pattern) = it.value.pattern.as_deref() else {
                continue;
            };
            // A recipe for several commands names those that are not built today: that is part of the report.
            let means = |facts: &Facts| {
                !meant(&it.value, name, facts).is_empty()
                    || pattern::leads_somewhere(pattern, &facts.go.cwd)
            };
            if !targets.iter().any(means) {
                return Err(means_nothing(name, pattern, it, targets));
            }
        }
    }
    Ok(())
}

fn means_nothing(name: &str, pattern: &str, given: &Given, targets: &[Facts]) -> Error {
    let linked = match name {
        "ldflags" => " that is linked as a program",
        _ => "",
    };
    let set = shown(name, given);
    let message = format!(
        "`{set}` sets nothing: go reads `{pattern}` as a package pattern, and it means no package{linked}"
    );
    let error = Error::new(Kind::Usage, message);
    if pattern.contains(char::is_whitespace) || pattern.chars().count() == 1 {
        let value = set.split_once('=').map_or("", |pair| pair.1);
        return error.hint(format!(
            "did you mean `-{name}='-{value}'`? The flags of a list begin with `-`"
        ));
    }
    let known = targets.iter().flat_map(|facts| match name {
        "ldflags" => facts.asked.taken(&facts.packages),
        _ => facts.packages.iter().collect(),
    });
    match nearest(pattern, known.map(|package| package.import_path.as_str())) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None if name == "ldflags" => {
            error.hint("name a main package of the build, or leave the pattern out")
        }
        None => error.hint("name a package of the build, such as ./... or all"),
    }
}

/// `-gcflags=x=-N`, wherever it was given.
fn shown(name: &str, given: &Given) -> String {
    if given.flag.starts_with(&format!("-{name}=")) {
        given.flag.clone()
    } else {
        format!("-{name}={}", given.flag)
    }
}

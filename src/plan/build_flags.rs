//! Our flags and the user's, merged: the user's always win and none is dropped.
//!
//! Go itself does not merge: a `-ldflags` on the command line replaces the one in GOFLAGS. So the
//! lists are joined here, ours first and the user's last, since the linker lets the last one win.

use super::arg::{Arg, Flags, unreadable};
use super::pgo::Use;
use super::twins::Twin;
use crate::config::{Buildvcs, Config, Origins, Strip, Target};
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Flag, PerPackage};
use crate::go::quote;

/// Everything that decides about the flags of one target.
#[derive(Debug)]
pub(crate) struct Inputs<'a> {
    /// The merged configuration; templates in its ldflags are filled in.
    pub(crate) config: &'a Config,
    /// Which layer set each key.
    pub(crate) origins: &'a Origins,
    /// The platform.
    pub(crate) target: &'a Target,
    /// GOFLAGS, read.
    pub(crate) goflags: &'a [Flag],
    /// The flags of the command line, in order.
    pub(crate) typed: &'a [Flag],
    /// The profile of the main packages that are built together.
    pub(crate) pgo: Option<&'a Use>,
}

/// What differs between the builds of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BuildKind {
    /// The binary that is shipped.
    Release,
    /// The binary of the release without `-s -w`, or without `-s` alone.
    Twin(Twin),
    /// What `go build` gives for the user's flags.
    Plain,
    /// The compile for the escape report: nothing is linked.
    Escape,
    /// What the release is compiled from, listed: the same actions, nothing is linked.
    Listed,
}

/// Flags that are merged here and so do not go through one by one.
const MERGED: &[&str] = &["ldflags", "gcflags", "asmflags", "tags", "o", "C", "pgo"];
/// Flags about how the release is built: they make no sense in any other pass.
const RELEASE_ONLY: &[&str] = &[
    "a",
    "n",
    "x",
    "v",
    "work",
    "json",
    "debug-actiongraph",
    "debug-trace",
    "debug-runtime-trace",
];

/// The flags of one build. Fails with [`Kind::Usage`] for a list that cannot be read or quoted.
pub(crate) fn compose(inputs: &Inputs<'_>, kind: BuildKind) -> Result<Flags> {
    let mut flags = Flags::default();
    optimisations(inputs, kind, &mut flags);
    if kind != BuildKind::Escape {
        ldflags(inputs, kind, &mut flags)?;
    }
    tags(inputs, &mut flags)?;
    lists(inputs, &mut flags)?;
    others(inputs, kind, &mut flags)?;
    Ok(flags)
}

fn optimisations(inputs: &Inputs<'_>, kind: BuildKind, flags: &mut Flags) {
    let build = &inputs.config.build;
    let origin = |key: &str| inputs.origins.get(key).map_or("defaults", String::as_str);
    let typed = |name: &str| mentioned(inputs, name);
    if build.trimpath && kind != BuildKind::Plain && !typed("trimpath") {
        let flag = Flag {
            name: "trimpath".into(),
            ..Flag::default()
        };
        flags.add(
            flag,
            "no local paths, same bytes from any directory",
            origin("build.trimpath"),
        );
    }
    if kind == BuildKind::Escape {
        let why = "nothing is linked, so nothing is stamped";
        flags.set("buildvcs", "false", why, "gobuild-opt");
    } else if !typed("buildvcs") {
        let value = match build.buildvcs {
            Buildvcs::Auto => None,
            Buildvcs::True => Some("true"),
            Buildvcs::False => Some("false"),
        };
        if let Some(value) = value {
            let from = origin("build.buildvcs");
            flags.set("buildvcs", value, "version control stamp", from);
        }
    }
    // A profile that go would choke on is left out of the plain build, too.
    let wanted = |used: &&Use| kind != BuildKind::Plain || typed("pgo") || used.refused;
    if let Some(used) = inputs.pgo.filter(wanted) {
        flags.push(Arg::because(profile(inputs, used), used.reason.clone()));
    }
}

/// The `-pgo` that go gets: where it is the user's own, byte for byte.
fn profile(inputs: &Inputs<'_>, used: &Use) -> Flag {
    match flags::last(inputs.typed, "pgo") {
        Some(typed) if typed.to_arg() == used.reason.flag => typed.clone(),
        _ => Flag {
            name: "pgo".into(),
            value: used.reason.flag.strip_prefix("-pgo=").map(str::to_owned),
            bytes: None,
        },
    }
}

fn mentioned(inputs: &Inputs<'_>, name: &str) -> bool {
    flags::last(inputs.typed, name)
        .or_else(|| flags::last(inputs.goflags, name))
        .is_some()
}

/// `-ldflags`: strip, configuration, GOFLAGS, command line. A user's value with a package pattern
/// becomes a second `-ldflags` behind ours.
fn ldflags(inputs: &Inputs<'_>, kind: BuildKind, flags: &mut Flags) -> Result<()> {
    let Base {
        strip,
        mut words,
        mut from,
    } = base(inputs, kind)?;
    let outside = entries("GOFLAGS", inputs.goflags)?;
    let typed = entries("flags", inputs.typed)?;
    let mut merged = words.clone();
    // An empty list on the command line takes back that of GOFLAGS.
    let cleared = typed
        .iter()
        .any(|entry| entry.is_general() && entry.flags.is_empty());
    for (entries, layer) in [(&outside, "GOFLAGS"), (&typed, "flags")] {
        if let Some(entry) = entries.iter().find(|entry| entry.is_general() && !cleared) {
            merged.extend(entry.flags.iter().cloned());
            from.push(layer);
        }
    }
    if let BuildKind::Twin(twin) = kind {
        words = twin.flags(&words);
        merged = twin.flags(&merged);
    }
    if !merged.is_empty() {
        let why = match kind {
            BuildKind::Twin(Twin::Symbols) => {
                let origin = inputs.origins.get("compare.baseline");
                from.push(origin.map_or("defaults", String::as_str));
                "linker flags; what is compared has its symbols, without DWARF"
            }
            _ if strip == Strip::None => "linker flags",
            _ => "linker flags; strip leaves out the symbol table and DWARF",
        };
        flags.set("ldflags", &quoted(&merged)?, why, &from.join(", "));
    }
    let overruled = typed.iter().any(PerPackage::is_general);
    let outside = outside.iter().filter(|_| !overruled);
    let entries = outside.chain(&typed);
    for entry in entries.filter(|entry| !entry.is_general()) {
        let mut all: Vec<String> = words.iter().chain(&entry.flags).cloned().collect();
        if let BuildKind::Twin(twin) = kind {
            all = twin.flags(&all);
        }
        let pattern = entry.pattern.as_deref().unwrap_or_default();
        let value = format!("{pattern}={}", quoted(&all)?);
        flags.set("ldflags", &value, "linker flags of these packages", "flags");
    }
    Ok(())
}

/// The linker flags of the configuration, which every package gets.
struct Base<'a> {
    strip: Strip,
    words: Vec<String>,
    /// The layers that set them.
    from: Vec<&'a str>,
}

fn base<'a>(inputs: &Inputs<'a>, kind: BuildKind) -> Result<Base<'a>> {
    let build = &inputs.config.build;
    let origins = inputs.origins;
    let origin = |key: &str| origins.get(key).map_or("defaults", String::as_str);
    let mut base = Base {
        strip: match kind {
            BuildKind::Release | BuildKind::Listed => build.strip,
            _ => Strip::None,
        },
        words: Vec::new(),
        from: Vec::new(),
    };
    if base.strip != Strip::None {
        let flags = base.strip.ldflags().iter();
        base.words.extend(flags.map(|flag| (*flag).to_owned()));
        base.from.push(origin("build.strip"));
    }
    for value in &build.ldflags {
        let words = quote::split(value).map_err(|why| unreadable("build.ldflags", value, &why))?;
        base.words.extend(words);
    }
    if !build.ldflags.is_empty() {
        base.from.push(origin("build.ldflags"));
    }
    Ok(base)
}

fn quoted(words: &[String]) -> Result<String> {
    quote::join(words).map_err(|why| Error::new(Kind::Usage, why))
}

/// The values of `-ldflags` in one list that count: for each package Go takes the last that matches,
/// and one without a pattern matches every package that is linked.
fn entries(origin: &str, list: &[Flag]) -> Result<Vec<PerPackage>> {
    let mut entries: Vec<PerPackage> = Vec::new();
    for flag in list.iter().filter(|flag| flag.name == "ldflags") {
        let value = flag.value.as_deref().unwrap_or_default();
        let read = flags::per_package(value).map_err(|why| unreadable(origin, value, &why))?;
        if read.is_general() {
            entries.clear();
        }
        entries.push(read);
    }
    Ok(entries)
}

/// The build tags of every layer, each once.
pub(crate) fn merged_tags(
    config: &Config,
    target: &Target,
    goflags: &[Flag],
    typed: &[Flag],
) -> Result<Vec<String>> {
    let of_flag = |origin: &str, list: &[Flag]| -> Result<Option<Vec<String>>> {
        match flags::last(list, "tags") {
            None => Ok(None),
            Some(flag) => {
                let value = flag.value.as_deref().unwrap_or_default();
                let read = flags::tags(value).map_err(|why| unreadable(origin, value, &why))?;
                Ok(Some(read))
            }
        }
    };
    let typed = of_flag("flags", typed)?;
    // An empty list on the command line takes back that of GOFLAGS.
    let outside = match &typed {
        Some(tags) if tags.is_empty() => None,
        _ => of_flag("GOFLAGS", goflags)?,
    };
    let ours = config.build.tags.iter().chain(&target.tags).cloned();
    let mut tags: Vec<String> = Vec::new();
    for tag in ours.chain(outside.into_iter().chain(typed).flatten()) {
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    Ok(tags)
}

fn tags(inputs: &Inputs<'_>, flags: &mut Flags) -> Result<()> {
    let tags = merged_tags(inputs.config, inputs.target, inputs.goflags, inputs.typed)?;
    let typed = flags::last(inputs.typed, "tags").is_some();
    if !tags.is_empty() || typed {
        let from = inputs
            .origins
            .get("build.tags")
            .filter(|_| !inputs.config.build.tags.is_empty());
        let from = from.map_or("flags", String::as_str);
        flags.set("tags", &tags.join(","), "build tags", from);
    }
    Ok(())
}

/// gcflags and asmflags: for each package Go takes the last value that matches, whole. So ours are
/// put in front of each of the user's that would hide them; among the user's own, Go's rule holds.
fn lists(inputs: &Inputs<'_>, flags: &mut Flags) -> Result<()> {
    let build = &inputs.config.build;
    for (name, configured) in [("gcflags", &build.gcflags), ("asmflags", &build.asmflags)] {
        let key = format!("build.{name}");
        let mut ours: Vec<PerPackage> = Vec::new();
        for value in configured {
            let read = flags::per_package(value).map_err(|why| unreadable(&key, value, &why))?;
            let joined = behind(&ours, read);
            put(&mut ours, joined);
        }
        let mut merged = ours.clone();
        let mut from = Vec::new();
        if !configured.is_empty() {
            from.push(inputs.origins.get(&key).map_or("defaults", String::as_str));
        }
        for flag in inputs.typed.iter().filter(|flag| flag.name == name) {
            let value = flag.value.as_deref().unwrap_or_default();
            let read = flags::per_package(value).map_err(|why| unreadable("flags", value, &why))?;
            put(&mut merged, behind(&ours, read));
            if from.last() != Some(&"flags") {
                from.push("flags");
            }
        }
        for entry in merged {
            let list = quoted(&entry.flags)?;
            let value = match entry.pattern {
                Some(pattern) => format!("{pattern}={list}"),
                None => list,
            };
            flags.set(name, &value, "your own, joined", &from.join(", "));
        }
    }
    Ok(())
}

/// The value behind those of ours that it would hide: for the same packages, or for all of them.
fn behind(ours: &[PerPackage], value: PerPackage) -> PerPackage {
    let of = |pattern: Option<&str>| {
        ours.iter()
            .find(|entry| entry.pattern.as_deref() == pattern)
    };
    let hidden = match of(value.pattern.as_deref()) {
        None if value.pattern.is_none() => of(Some("all")),
        same => same,
    };
    let words = hidden.iter().flat_map(|entry| &entry.flags).cloned();
    PerPackage {
        flags: words.chain(value.flags).collect(),
        pattern: value.pattern,
    }
}

/// Adds a value as the last one, and the only one for its packages.
fn put(list: &mut Vec<PerPackage>, value: PerPackage) {
    list.retain(|entry| entry.pattern != value.pattern);
    list.push(value);
}

fn others(inputs: &Inputs<'_>, kind: BuildKind, flags: &mut Flags) -> Result<()> {
    let configured = flags::parse(&inputs.config.build.flags, "build.flags")?;
    let origin = inputs
        .origins
        .get("build.flags")
        .map_or("defaults", String::as_str);
    let wanted = |flag: &&Flag| {
        let name = flag.name.as_str();
        let dropped = match kind {
            BuildKind::Release => false,
            BuildKind::Twin(_) | BuildKind::Plain | BuildKind::Listed => {
                RELEASE_ONLY.contains(&name)
            }
            BuildKind::Escape => name == "buildvcs" || RELEASE_ONLY.contains(&name),
        };
        !dropped && !MERGED.contains(&name)
    };
    for flag in configured.iter().filter(wanted) {
        flags.add(flag.clone(), "as configured", origin);
    }
    for flag in inputs.typed.iter().filter(wanted) {
        flags.add(flag.clone(), "as typed", "flags");
    }
    Ok(())
}

/// `-gcflags` values in the order in which Go sees them: GOFLAGS, then the composed command line.
pub(crate) fn gcflags(inputs: &Inputs<'_>, composed: &Flags) -> Vec<String> {
    let from_env = inputs
        .goflags
        .iter()
        .filter(|flag| flag.name == "gcflags")
        .filter_map(|flag| flag.value.clone());
    let from_line = composed.values("gcflags").map(str::to_owned);
    from_env.chain(from_line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Sources, load};
    use crate::plan::arg::Reason;

    fn check(
        typed: &[&str],
        goflags: &str,
        kind: BuildKind,
        edit: impl FnOnce(&mut Config),
    ) -> String {
        let empty = tempfile::tempdir().unwrap();
        let loaded = load(&Sources {
            cwd: empty.path().into(),
            ..Sources::default()
        })
        .unwrap();
        let mut config = loaded.config;
        edit(&mut config);
        let typed: Vec<String> = typed.iter().map(|text| (*text).to_owned()).collect();
        let pgo = Use {
            packages: Vec::new(),
            reason: Reason {
                flag: "-pgo=auto".into(),
                why: String::new(),
                from: String::new(),
            },
            applied: true,
            refused: false,
        };
        let inputs = Inputs {
            config: &config,
            origins: &loaded.origins,
            target: &Target::default(),
            goflags: &flags::parse_goflags(goflags).unwrap(),
            typed: &flags::parse(&typed, "flags").unwrap(),
            pgo: Some(&pgo),
        };
        let flags = compose(&inputs, kind).unwrap();
        let words: Vec<String> = flags.args().map(|arg| arg.into_string().unwrap()).collect();
        words.join(" ")
    }

    #[test]
    fn the_defaults_strip_and_trim() {
        insta::assert_snapshot!(check(&[], "", BuildKind::Release, |_| {}), @"-trimpath -pgo=auto -ldflags=-s -w");
    }

    #[test]
    fn no_ldflags_of_the_user_are_lost() {
        insta::assert_snapshot!(
            check(&["-ldflags=-X 'main.v=a b'"], "'-ldflags=-X main.t=1' -mod=mod", BuildKind::Release, |config| config.build.ldflags.push("-X main.c=2".into())),
            @"-trimpath -pgo=auto -ldflags=-s -w -X main.c=2 -X main.t=1 -X 'main.v=a b'"
        );
    }

    #[test]
    fn the_user_has_the_last_word() {
        insta::assert_snapshot!(check(&["-trimpath=false", "-ldflags=-w=0"], "", BuildKind::Release, |_| {}), @"-pgo=auto -ldflags=-s -w -w=0 -trimpath=false");
        insta::assert_snapshot!(check(&["-ldflags=-s", "-ldflags=-w"], "", BuildKind::Plain, |_| {}), @"-ldflags=-w");
    }

    #[test]
    fn ldflags_with_a_pattern_keep_ours() {
        insta::assert_snapshot!(check(&["-ldflags=./cmd/a=-X main.v=1"], "", BuildKind::Release, |_| {}), @"-trimpath -pgo=auto -ldflags=-s -w -ldflags=./cmd/a=-s -w -X main.v=1");
    }

    #[test]
    fn the_twin_keeps_what_the_user_strips() {
        insta::assert_snapshot!(check(&["-ldflags=-s -w -X main.v=1"], "", BuildKind::Twin(Twin::Unstripped), |_| {}), @"-trimpath -pgo=auto -ldflags=-X main.v=1");
    }

    #[test]
    fn a_value_that_looks_like_a_strip_flag_stays_a_value() {
        insta::assert_snapshot!(check(&["-ldflags=-extldflags -s --s -X main.v=1 -w=1"], "", BuildKind::Twin(Twin::Unstripped), |_| {}), @"-trimpath -pgo=auto -ldflags=-extldflags -s -X main.v=1");
    }

    #[test]
    fn compiler_flags_for_the_same_packages_are_joined() {
        let config =
            |config: &mut Config| config.build.gcflags = vec!["all=-N".into(), "-l".into()];
        insta::assert_snapshot!(check(&["-gcflags=-S", "-gcflags=-m"], "", BuildKind::Plain, config), @"-gcflags=all=-N -gcflags=-N -l -m");
    }

    #[test]
    fn tags_are_joined() {
        insta::assert_snapshot!(check(&["-tags=b,c"], "-tags=a,b", BuildKind::Release, |config| config.build.tags.push("z".into())), @"-trimpath -pgo=auto -ldflags=-s -w -tags=z,a,b,c");
    }

    #[test]
    fn the_plain_build_is_the_users_own() {
        insta::assert_snapshot!(check(&["-race", "-o", "x"], "", BuildKind::Plain, |config| config.build.tags.push("z".into())), @"-tags=z -race");
    }
}

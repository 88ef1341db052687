//! Merges the layers of the configuration into one [`Config`], and records which layer each value comes from.
//!
//! The bottom layer is `presets/default.toml`, so the reference that users read and the
//! defaults that the program uses are the same text.

pub(crate) mod budget;

mod build_keys;

pub(crate) mod anchor;

mod ground;

mod advise_keys;

pub mod bench;

pub mod jobs;

mod judging;

pub mod assert_keys;

pub mod layer;

mod past_files;

pub mod pgo_keys;

pub mod preset;

pub mod prove_keys;

mod settable;

pub mod size;

pub mod strict;

pub mod trust;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use advise_keys::{Advise, AdviseGate, AdviseProfiles};
pub(crate) use assert_keys::Assertion;
pub(crate) use bench::Bench;
pub(crate) use budget::Budget;
pub(crate) use build_keys::{AmbientPolicy, Build, Buildvcs, Linkage, Strip};
pub use layer::{Origins, Sources, load};
pub use past_files::Past;
pub(crate) use prove_keys::Prove;
use size::{Age, Percent};

const ENV_PREFIX: &str = "GOBUILD_OPT_";

/// The name of the configuration file.
pub(crate) const FILE: &str = "gobuild-opt.toml";

/// What the user wants. Every field has a key of the same name in `presets/default.toml`.
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// A preset by name or a path to a TOML file.
    pub(crate) preset: Option<String>,
    /// The go command: a name in PATH, or a path.
    pub(crate) go: String,
    /// Whether what was found out about equal bytes is kept beside the build cache.
    pub(crate) cache: Switch,
    /// What to build, and the flags.
    pub(crate) build: Build,
    /// The platforms to build for; none: the platform of `go env`.
    pub(crate) target: Vec<Target>,
    /// Profile-guided optimisation.
    pub(crate) pgo: Pgo,
    /// The escape report.
    pub(crate) escape: Escape,
    /// What must hold of functions.
    pub(crate) assert: Vec<Assertion>,
    /// What is advised.
    pub(crate) advise: Advise,
    /// Benchmarks whose allocations stand in the lock.
    pub(crate) bench: Bench,
    /// What is run side by side.
    pub(crate) prove: Prove,
    /// What the release is compared with.
    pub(crate) compare: Compare,
    /// Limits that fail the run.
    pub(crate) budget: Budget,
    /// What the report holds beside that.
    pub(crate) report: Report,
    /// Check ID -> what a finding does.
    pub(crate) checks: BTreeMap<String, Severity>,
}

impl Compare {
    /// The twin without DWARF where nobody is shown what DWARF takes, else the one with it.
    pub(crate) const AUTO: &str = "auto";
    /// What a baseline may be beside a file.
    pub(crate) const WORDS: [&str; 5] = [Self::AUTO, "unstripped", "symbols", "plain", "off"];

    /// Whether the baseline is the release itself, linked from the same objects with what stripping takes away.
    pub(crate) fn links_twin(&self) -> bool {
        [Self::AUTO, "unstripped", "symbols"].contains(&self.baseline.as_str())
    }

    /// Whether the baseline is a file that is there already.
    pub(crate) fn is_file(&self) -> bool {
        !self.baseline.is_empty() && !Self::WORDS.contains(&self.baseline.as_str())
    }
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Switch {
    /// On.
    #[default]
    On,
    /// Off.
    Off,
}

/// `[report]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Report {
    /// Whether the text has everything: sections, modules, packages, escapes, each check.
    pub(crate) full: bool,
    /// Whether the report says what each compile and each link took.
    pub(crate) resources: bool,
}

/// One platform to build for.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Target {
    /// GOOS
    pub(crate) os: Option<String>,
    /// GOARCH
    pub(crate) arch: Option<String>,
    /// GOAMD64, GOARM64, GOARM, GO386, GOMIPS, GOPPC64, GORISCV64 or GOWASM, by `arch`.
    pub(crate) level: Option<String>,
    /// Tags beside `build.tags`.
    pub(crate) tags: Vec<String>,
    /// Environment over `build.env`.
    pub(crate) env: BTreeMap<String, String>,
}

/// `[pgo]`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Pgo {
    /// `auto`, `off`, a path, or a list of paths that are merged.
    pub(crate) profile: pgo_keys::Profiles,
    /// The same for one main package, by its import path or its directory (`./cmd/api`).
    pub(crate) package: BTreeMap<String, PackagePgo>,
    /// Whether a profile of which the lock holds no proof is a finding.
    pub(crate) require_proof: bool,
    /// Functions that are not inlined because they are hot, by their names in a traceback.
    pub(crate) no_inline: Vec<String>,
    /// What is done about a stack frame over its budget that the profile inlined into.
    pub(crate) repair: Repair,
    /// Whether the release is compared with a build without the profile.
    pub(crate) effect: Effect,
    /// What a missing or useless profile does.
    pub(crate) on_missing: OnMissing,
    /// An older profile is a finding.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) max_age: Option<Age>,
    /// A profile with fewer samples is a finding.
    pub(crate) min_samples: Option<u32>,
    /// Percent of the weight whose functions must exist in the binary.
    pub(crate) min_health: Option<u8>,
}

/// `[pgo.package."./cmd/api"]`
#[derive(Debug, Clone, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct PackagePgo {
    /// See [`Pgo::profile`].
    pub(crate) profile: pgo_keys::Profiles,
}

/// What is done about a stack frame over its budget that the profile inlined into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Repair {
    /// It fails, and the functions to name in `no-inline` are told.
    #[default]
    Off,
    /// Builds again without these calls in the profile.
    Auto,
}

/// Whether the release is compared with a build without the profile.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Effect {
    /// No.
    #[default]
    Off,
    /// Yes, at the cost of two more compiles.
    Report,
}

/// What a missing or useless profile does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum OnMissing {
    /// An error before Go runs.
    Fail,
    /// A build without it, and a finding.
    #[default]
    Warn,
    /// A build without it.
    Off,
}

/// `[escape]`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Escape {
    /// How the diagnostics are collected.
    pub(crate) collect: Collect,
    /// `main`, `module`, `all`, or import path patterns separated by commas.
    pub(crate) scope: String,
    /// How many packages the text report lists; 0: all.
    pub(crate) top: usize,
    /// Whether a site that the lock does not hold fails the run.
    pub(crate) gate: Gate,
    /// The share of the profile that makes a function hot.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) hot: Option<Percent>,
    /// Site IDs, package patterns and `PACKAGE.FUNCTION`s that are no findings.
    pub(crate) ignore: Vec<String>,
    /// Whether `//gcassert:` comments in the scope are assertions.
    pub(crate) gcassert: bool,
}

impl Escape {
    /// How many packages are listed, 0 being all of them.
    pub(crate) fn listed(&self) -> usize {
        match self.top {
            0 => usize::MAX,
            top => top,
        }
    }
}

/// What fails the run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Gate {
    /// Nothing: new sites are shown.
    #[default]
    Off,
    /// A site that the lock does not hold.
    New,
    /// Such a site in a function that takes a share of the profile.
    Hot,
}

/// How escape diagnostics are collected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Collect {
    /// [`Collect::Capture`], and [`Collect::Pass`] where that cannot work.
    Auto,
    /// While the release is compiled; an error where that cannot work.
    Capture,
    /// A compile of its own with `-gcflags=-m` that does not link.
    Pass,
    /// Not at all.
    #[default]
    Off,
}

/// `[compare]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Compare {
    /// `auto`, `unstripped`, `symbols`, `plain`, `off` or the path of an executable.
    pub(crate) baseline: String,
}

/// What a finding of a check does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Severity {
    /// Exit code 1.
    Deny,
    /// A line in the report.
    Warn,
    /// Nothing.
    Off,
}

/// Every key that a flag or a variable can set, in dotted form.
pub(crate) fn key_names() -> Vec<String> {
    settable::keys().into_keys().collect()
}

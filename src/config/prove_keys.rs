//! `[prove]`: what is run side by side, and what has to come out.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::size::Percent;

/// `[prove]`
#[derive(Debug, Clone, PartialEq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Prove {
    /// The command that is measured, as in a shell; `{bin}` is the program.
    pub(crate) workload: Option<String>,
    /// A command before each run, which is not measured.
    pub(crate) setup: Option<String>,
    /// A command after each run, which is not measured.
    pub(crate) teardown: Option<String>,
    /// A server that is measured while the workload runs.
    pub(crate) serve: Option<String>,
    /// Where the server answers once it is ready: a port, `host:port` or `http://...`.
    pub(crate) ready: Option<String>,
    /// What is judged: `cpu`, `wall`, `peak`, `faults`, `instructions`, or a name that the workload prints.
    pub(crate) metric: Option<String>,
    /// What difference matters.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) threshold: Option<Percent>,
    /// The most pairs of runs.
    pub(crate) pairs: Option<u32>,
    /// How many layouts of the code each program is linked with; 0: the linker's own alone.
    pub(crate) layouts: Option<u32>,
    /// What has to come out, or the run fails: `faster 1%` or `not-slower 1%`.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) require: Option<Require>,
    /// What is held against the build as it is configured; none: that without the profile.
    pub(crate) variant: Vec<Variant>,
}

/// `[[prove.variant]]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Variant {
    /// What it is called.
    pub(crate) name: String,
    /// Flags of `go build` beside those of the build.
    pub(crate) flags: Vec<String>,
    /// `auto`, `off` or a path.
    pub(crate) profile: Option<String>,
    /// Environment over that of the build.
    pub(crate) env: BTreeMap<String, String>,
}

/// What has to come out.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Require {
    /// The second program needs less by at least this: the whole interval does.
    Faster(Percent),
    /// It does not need more by this: the one-sided test refuses it.
    NotSlower(Percent),
}

impl std::fmt::Display for Require {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Faster(it) => write!(f, "faster {}%", it.0),
            Self::NotSlower(it) => write!(f, "not-slower {}%", it.0),
        }
    }
}

impl std::str::FromStr for Require {
    type Err = String;

    /// Fails with a sentence that shows the accepted form.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "`{text}` is nothing to require: write it like \"faster 1%\" or \"not-slower 1%\""
            )
        };
        let (word, share) = text.trim().split_once(' ').ok_or_else(wrong)?;
        let share: Percent = share.parse().map_err(|_| wrong())?;
        match word {
            "faster" => Ok(Self::Faster(share)),
            "not-slower" => Ok(Self::NotSlower(share)),
            _ => Err(wrong()),
        }
    }
}

impl<'de> Deserialize<'de> for Require {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_required_has_two_forms() {
        for text in ["faster 1%", "not-slower 0.5%"] {
            assert_eq!(text.parse::<Require>().unwrap().to_string(), text);
        }
        for wrong in ["faster", "slower 1%", "faster 1", "faster -1%", ""] {
            assert!(wrong.parse::<Require>().is_err(), "{wrong}");
        }
    }
}

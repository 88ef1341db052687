//! `[build]`: what go gets, and how.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::Deserialize;

use super::jobs::Jobs;
use super::size::Timeout;

/// `[build]`
#[derive(Debug, Clone, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Build {
    /// Package patterns when the command line names none.
    pub(crate) packages: Vec<String>,
    /// Where binaries and SHA256SUMS go; unset: where `go build` would write.
    pub(crate) out_dir: Option<PathBuf>,
    /// What the linker leaves out.
    pub(crate) strip: Strip,
    /// `-trimpath`
    pub(crate) trimpath: bool,
    /// What the finished file may need before it runs.
    pub(crate) linkage: Linkage,
    /// `-buildvcs`
    pub(crate) buildvcs: Buildvcs,
    /// Build tags.
    pub(crate) tags: Vec<String>,
    /// Linker flags, with templates.
    pub(crate) ldflags: Vec<String>,
    /// Compiler flags, each with its package pattern where it has one.
    pub(crate) gcflags: Vec<String>,
    /// Assembler flags, each with its package pattern where it has one.
    pub(crate) asmflags: Vec<String>,
    /// Variables that templates stand for, where a change cannot have written this file.
    pub(crate) allow_env: Vec<String>,
    /// Any other flags of `go build`.
    pub(crate) flags: Vec<String>,
    /// Environment of the go command.
    pub(crate) env: BTreeMap<String, String>,
    /// What settings from outside do that change the binary.
    pub(crate) ambient: AmbientPolicy,
    /// How long the whole run may take.
    #[cfg_attr(test, schemars(with = "Option<String>"))]
    pub(crate) timeout: Option<Timeout>,
    /// How many targets are built at the same time.
    pub(crate) jobs: Jobs,
}

/// What the finished file may need before it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Linkage {
    /// Whatever go links.
    #[default]
    Any,
    /// Nothing: no loader and no shared library, on Linux.
    Static,
}

/// What settings from outside do that change the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum AmbientPolicy {
    /// A finding.
    #[default]
    Warn,
    /// Exit code 1.
    Deny,
    /// Nothing.
    Allow,
}

/// What the linker leaves out of the binary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Strip {
    /// `-s -w`: symbol table and DWARF.
    All,
    /// `-w`: DWARF only.
    Dwarf,
    /// Nothing.
    #[default]
    None,
}

impl Strip {
    /// The linker flags behind the choice.
    pub(crate) fn ldflags(self) -> &'static [&'static str] {
        match self {
            Self::All => &["-s", "-w"],
            Self::Dwarf => &["-w"],
            Self::None => &[],
        }
    }
}

/// `-buildvcs`: a word, or a TOML boolean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[cfg_attr(test, schemars(rename_all = "kebab-case"))]
pub(crate) enum Buildvcs {
    /// Go's default: stamp the version where that works.
    #[default]
    Auto,
    /// Stamp, or fail.
    True,
    /// Do not stamp.
    False,
}

impl<'de> Deserialize<'de> for Buildvcs {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Buildvcs;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("\"auto\", true or false")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Buildvcs, E> {
                Ok(if value {
                    Buildvcs::True
                } else {
                    Buildvcs::False
                })
            }

            fn visit_str<E: serde::de::Error>(self, value: &str) -> Result<Buildvcs, E> {
                match value {
                    "auto" => Ok(Buildvcs::Auto),
                    "true" => Ok(Buildvcs::True),
                    "false" => Ok(Buildvcs::False),
                    other => Err(E::unknown_variant(other, &["auto", "true", "false"])),
                }
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

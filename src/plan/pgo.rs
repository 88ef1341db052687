//! Which profile a build uses, decided before Go runs: Go takes an empty profile without a word,
//! and fails with many lines for a wrong one.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::flags::Reason;
use crate::config::{OnMissing, Origins, Pgo};
use crate::error::{Error, Kind, Result};
use crate::go::Package;
use crate::go::flags::{self, Flag};
use crate::profile::{self, Edges, Fitness, Judgement, Weights};

/// A profile file as it was found.
#[derive(Debug, Clone, Serialize, schemars::JsonSchema)]
pub struct Candidate {
    /// The main packages it is for; empty: all of the build.
    pub packages: Vec<String>,
    /// The file, relative to where go runs when it lies below.
    pub path: PathBuf,
    /// SHA-256 of the file, in hex; `None` when there is no file.
    pub sha256: Option<String>,
    /// What it is worth; `None` when there is no file.
    pub judgement: Option<Judgement>,
    /// The calls that the compiler reads from it; `None` when it reads none.
    #[serde(skip)]
    pub calls: Option<Arc<Edges>>,
    /// How much of it is spent in each function; `None` like `calls`.
    #[serde(skip)]
    pub weights: Option<Arc<Weights>>,
}

impl Candidate {
    /// Whether Go will read calls from it.
    pub fn is_usable(&self) -> bool {
        self.judgement
            .as_ref()
            .is_some_and(|it| it.fitness == Fitness::Usable)
    }

    /// What is wrong with it, as a sentence and what to do.
    pub fn complaint(&self) -> Option<(String, String)> {
        let path = self.path.display();
        match &self.judgement {
            None => Some((
                format!("there is no profile `{path}`"),
                "collect one from the running program: /debug/pprof/profile?seconds=30".into(),
            )),
            Some(it) if it.fitness == Fitness::Usable => None,
            Some(it) => Some((
                format!("`{path}`: {}", it.fitness.message()),
                it.fitness.hint().into(),
            )),
        }
    }
}

/// What was decided for a build.
#[derive(Debug, Clone)]
pub struct Choice {
    /// `-pgo=...` and why.
    pub reason: Reason,
    /// Every profile that was looked at.
    pub candidates: Vec<Candidate>,
    /// The build uses a profile with samples.
    pub applied: bool,
    /// Why a profile is not used, and what to do.
    pub complaint: Option<(String, String)>,
}

impl Choice {
    /// The profile for a main package.
    pub fn candidate(&self, package: &str) -> Option<&Candidate> {
        let mine =
            |it: &&Candidate| it.packages.is_empty() || it.packages.iter().any(|it| it == package);
        self.candidates.iter().find(mine)
    }

    /// How much of all profiles that are applied is spent in each function; `None` without one.
    pub fn weights(&self) -> Option<Weights> {
        let applied = self.candidates.iter().filter(|_| self.applied);
        let mut all = applied.filter_map(|it| it.weights.as_deref());
        let mut sum = all.next()?.clone();
        all.for_each(|it| sum.add(it));
        Some(sum)
    }

    /// The profile that the build of a main package used.
    pub fn applied(&self, package: &str) -> Option<&Candidate> {
        self.candidate(package)
            .filter(|it| self.applied && it.is_usable())
    }
}

/// Decides. `read` gives the bytes of a file, `None` when there is none.
///
/// Fails with [`Kind::Usage`] when the profile was named on the command line and is of no use, when
/// `on-missing` is `fail`, or when one of several `default.pgo` is of no use.
pub fn choose(
    settings: &Pgo,
    origins: &Origins,
    typed: &[Flag],
    goflags: &[Flag],
    packages: &[Package],
    cwd: &Path,
    read: impl Fn(&Path) -> Result<Option<Vec<u8>>>,
) -> Result<Choice> {
    let from_flags = [("flags", typed), ("GOFLAGS", goflags)]
        .into_iter()
        .find_map(|(from, list)| Some((from, flags::last(list, "pgo")?)))
        .and_then(|(from, flag)| Some((from, flag.value.clone()?, flag.path()?.to_owned())));
    let explicit = from_flags.is_some();
    let (from, value, path) = from_flags.unwrap_or_else(|| {
        let origin = origins
            .get("pgo.profile")
            .map_or("defaults", String::as_str);
        let profile = settings.profile.clone();
        (origin, profile.clone(), profile.into())
    });
    let why = match value.as_str() {
        "off" => "no profile",
        "auto" => "default.pgo beside each main package",
        _ => "profile-guided optimisation",
    };
    let reason = |value: &str| Reason {
        flag: format!("-pgo={value}"),
        why: why.into(),
        from: from.into(),
    };
    if value == "off" {
        return Ok(Choice {
            reason: reason("off"),
            candidates: Vec::new(),
            applied: false,
            complaint: None,
        });
    }
    let candidates = candidates(&path, packages, cwd, read)?;
    let useless: Vec<&Candidate> = candidates.iter().filter(|it| !it.is_usable()).collect();
    let usable = candidates.len() - useless.len();
    if let Some((message, hint)) = useless.iter().find_map(|it| it.complaint()) {
        // Go's `auto` simply skips a main package without a default.pgo.
        let absent = value == "auto" && useless.iter().all(|it| it.judgement.is_none());
        let strict = settings.on_missing == OnMissing::Fail;
        let refuse = if absent {
            strict && !explicit
        } else {
            explicit || strict || usable > 0
        };
        if refuse {
            let hint = if strict && !explicit {
                format!("{hint}; or set `[pgo] on-missing = \"warn\"`")
            } else {
                hint
            };
            return Err(Error::new(Kind::Usage, message).hint(hint));
        }
        if !absent {
            return Ok(Choice {
                reason: reason("off"),
                candidates,
                applied: false,
                complaint: (settings.on_missing != OnMissing::Off).then_some((message, hint)),
            });
        }
    }
    Ok(Choice {
        reason: reason(&value),
        applied: usable > 0,
        candidates,
        complaint: None,
    })
}

fn candidates(
    value: &OsStr,
    packages: &[Package],
    cwd: &Path,
    read: impl Fn(&Path) -> Result<Option<Vec<u8>>>,
) -> Result<Vec<Candidate>> {
    let paths: Vec<(Vec<String>, PathBuf)> = if value == "auto" {
        let mains = packages.iter().filter(|it| it.is_named_main());
        mains
            .map(|it| {
                (
                    vec![it.import_path.clone()],
                    it.directory(cwd).join("default.pgo"),
                )
            })
            .collect()
    } else {
        vec![(Vec::new(), cwd.join(value))]
    };
    let look = |(packages, path): (Vec<String>, PathBuf)| {
        let bytes = read(&path)?;
        let (calls, weights) = bytes.as_deref().and_then(calls).unzip();
        Ok(Candidate {
            packages,
            sha256: bytes.as_deref().map(|it| hex(&Sha256::digest(it))),
            judgement: bytes.as_deref().map(profile::judge),
            calls: calls.map(Arc::new),
            weights: weights.map(Arc::new),
            path: path.strip_prefix(cwd).unwrap_or(&path).to_path_buf(),
        })
    };
    paths.into_iter().map(look).collect()
}

fn calls(bytes: &[u8]) -> Option<(Edges, Weights)> {
    let profile = profile::read(bytes).ok()?;
    let value = profile.pgo_value_index()?;
    let edges = profile::edges(&profile, value);
    (edges.total > 0).then(|| (edges, profile::weights(&profile, value)))
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|it| format!("{it:02x}")).collect()
}

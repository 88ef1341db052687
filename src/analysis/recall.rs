//! Keeps what was read in an executable and in its twin, for the next run that builds the same bytes.

use serde::{Deserialize, Serialize};

use super::frames::Frame;
use super::{Artifact, Before, Sizes, Stamped};
use crate::binary::{Binary, Callers, LoadedDiff, Methods};
use crate::build::{Built, known, reuse, seed};
use crate::plan::output::Executable;
use crate::plan::{Baseline, Plan, TargetPlan};
use crate::profile::Health;

/// What is known of an executable by its digest and the commands that made it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Recalled {
    pub(super) binary: Option<Binary>,
    pub(super) sizes: Option<Sizes>,
    pub(super) large_frames: Vec<Frame>,
    pub(super) methods: Option<Methods>,
    pub(super) health: Option<Health>,
    pub(super) size: u64,
    pub(super) stamps: Vec<Stamped>,
    pub(super) gomaxprocs: Callers,
    /// `None` where nothing is compared.
    pub(super) twin: Option<Twin>,
}

/// What is known of its baseline.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Twin {
    pub(super) binary: Binary,
    pub(super) sizes: Option<Sizes>,
    pub(super) loaded: Option<LoadedDiff>,
}

/// What is known of an executable by its digest.
pub(super) fn recalled(
    target: &TargetPlan,
    built: &Built,
    executable: &Executable,
) -> Option<(Recalled, String)> {
    let sha256 = built.digests.get(&executable.name)?;
    built.known.contains(&executable.name).then_some(())?;
    let found = known::read(&seed::key(target, executable, sha256))?;
    Some((found, sha256.clone()))
}

/// Keeps what was found out for the next run.
pub(crate) fn remember(plan: &Plan, built: &[Built], artifacts: &[Artifact]) {
    for artifact in artifacts {
        let (target, built) = (&plan.targets[artifact.target], &built[artifact.target]);
        let executable = &artifact.executable;
        if !seed::is_lasting(target) || reuse::is_published(executable, built) {
            continue;
        }
        let last = reuse::last(target, built, executable, &artifact.sha256);
        let place = seed::key_of_last(target, executable);
        if let (Some(last), Some(place), Some(found)) = (last, place, recall(target, artifact)) {
            let key = seed::key(target, executable, &artifact.sha256);
            known::keep(&key, &found);
            // Only what can be read again is worth anything.
            if known::read::<Recalled>(&key).is_some() {
                known::keep(&place, &last);
            }
            known::trim(&target.memory);
        }
    }
}

/// `None` where the baseline failed: the next run tries again.
fn recall(target: &TargetPlan, artifact: &Artifact) -> Option<Recalled> {
    let twin = match (&target.baseline, &artifact.baseline) {
        (Baseline::None(_), _) => None,
        (_, Ok(before)) => Some(Twin {
            binary: before.binary.clone(),
            sizes: before.sizes.clone(),
            loaded: before.loaded.clone(),
        }),
        (_, Err(_)) => return None,
    };
    Some(Recalled {
        binary: artifact.binary.clone(),
        sizes: artifact.sizes.clone(),
        large_frames: artifact.large_frames.clone(),
        methods: artifact.methods,
        health: artifact.health.clone(),
        size: artifact.size,
        stamps: artifact.stamps.clone(),
        gomaxprocs: artifact.gomaxprocs.clone(),
        twin,
    })
}

impl Recalled {
    /// What the executable was compared with.
    pub(super) fn before(twin: Option<Twin>, baseline: &Baseline) -> Result<Before, String> {
        match (baseline, twin) {
            (Baseline::Built { kind, .. }, Some(it)) => Ok(Before {
                kind,
                binary: it.binary,
                sizes: it.sizes,
                loaded: it.loaded,
            }),
            (Baseline::None(why), _) => Err((*why).to_owned()),
            _ => Err("nothing is known of the baseline".to_owned()),
        }
    }
}

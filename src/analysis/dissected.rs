//! One pass over the bytes of an executable: sections, owners, methods, frames, and how well a profile fits.

use super::{Sizes, frames};
use crate::analysis::frames::Frame;
use crate::binary::{self, Anatomy, Binary, Callers, Mapped, Methods, Request};
use crate::error::Result;
use crate::plan::Facts;
use crate::profile::{self, Calls, Edges, Health, Program};

/// The function whose callers say whether a program keeps to the container's limit.
const GOMAXPROCS: &str = "runtime.GOMAXPROCS";

/// What one pass over an executable gives.
pub(super) struct Dissected {
    pub(super) binary: Binary,
    pub(super) sizes: Option<Sizes>,
    pub(super) methods: Option<Methods>,
    pub(super) gomaxprocs: Callers,
    pub(super) health: Option<Health>,
    pub(super) large_frames: Vec<Frame>,
}

/// Sections, owners, and how well the calls of a profile fit, where that can be determined: a release does not fail for what
/// only the report wants.
/// `facts` are those of the build where large frames are wanted, and whether these have a budget.
pub(super) fn dissect(
    bytes: &Mapped,
    calls: Option<&Edges>,
    facts: Option<(&Facts, bool)>,
) -> Result<Dissected> {
    let request = Request {
        callers_of: Some(GOMAXPROCS),
        ..Request::default()
    };
    match binary::anatomy_of(bytes, &request) {
        Ok(anatomy) => Ok(Dissected {
            sizes: Sizes::of(&anatomy),
            methods: anatomy.methods,
            gomaxprocs: anatomy.callers.clone(),
            health: calls.and_then(|calls| health(calls, &anatomy, bytes)),
            large_frames: facts.map_or(Vec::new(), |(facts, guard)| {
                frames::frames(bytes, &anatomy, calls, facts, guard)
            }),
            binary: anatomy.binary,
        }),
        Err(_) => Ok(Dissected {
            binary: binary::read(bytes)?,
            sizes: None,
            methods: None,
            gomaxprocs: binary::callers(bytes, GOMAXPROCS).unwrap_or_default(),
            health: None,
            large_frames: Vec::new(),
        }),
    }
}

/// As [`dissect`], for an executable whose twin has symbols: the twin has the names that the executable lacks, and
/// their loaded bytes are equal.
pub(super) fn dissect_by(
    bytes: &Mapped,
    twin: Option<&Mapped>,
    calls: Option<&Edges>,
    facts: Option<(&Facts, bool)>,
) -> Result<Dissected> {
    let found = dissect(twin.unwrap_or(bytes), calls, facts)?;
    Ok(match twin {
        Some(_) => Dissected {
            binary: binary::read(bytes)?,
            ..found
        },
        None => found,
    })
}

/// Functions that the report names.
const VANISHED: usize = 10;

/// By lines too, as `profile show --binary` judges, where the calls of this architecture can be read.
fn health(edges: &Edges, anatomy: &Anatomy<'_>, bytes: &[u8]) -> Option<Health> {
    let calls = binary::calls(bytes).ok().flatten();
    let program = Program {
        functions: anatomy.function_names().collect(),
        calls: (calls.as_ref()).map_or(Calls::Unknown, |calls| {
            Calls::Lines(calls.sites().collect())
        }),
        ..Program::default()
    };
    (!program.functions.is_empty()).then(|| profile::health(edges, &program, VANISHED, |_| None))
}

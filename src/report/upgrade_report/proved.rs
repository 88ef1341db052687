//! What running both sides said, for the page.

use serde::Serialize;

use crate::report::proof_report::{Comparison, Machine, Report};

/// The program as it is and as it would be, side by side.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Proved {
    /// What was run, `{bin}` being the program.
    pub(crate) workload: String,
    /// The server that was measured meanwhile; `null` where there was none.
    pub(crate) serve: Option<String>,
    /// What order and layouts were drawn from.
    pub(crate) seed: u64,
    /// Layouts that each program was linked with; 1: that of the linker.
    pub(crate) layouts: usize,
    /// The most pairs that there could be.
    pub(crate) most_pairs: usize,
    /// What difference matters, in percent.
    pub(crate) threshold: f64,
    /// Whether the workload is what a profile of the program was collected from, at least in part.
    pub(crate) trained: bool,
    /// Where it ran.
    pub(crate) machine: Machine,
    /// What came out: one.
    pub(crate) comparisons: Vec<Comparison>,
    /// What the programs are, beside what they take.
    pub(crate) notes: Vec<String>,
}

impl Proved {
    /// What of the report of `prove` belongs on the page.
    pub(crate) fn of(report: &Report) -> Self {
        Self {
            workload: report.workload.clone(),
            serve: report.serve.clone(),
            seed: report.seed,
            layouts: report.layouts,
            most_pairs: report.most_pairs,
            threshold: report.threshold,
            trained: report.trained,
            machine: report.machine.clone(),
            comparisons: report.comparisons.clone(),
            notes: report.notes.clone(),
        }
    }
}

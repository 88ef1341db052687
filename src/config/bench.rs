//! `[bench]`: benchmarks whose allocations stand in the lock.

use serde::Deserialize;

/// `[bench]`
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub(crate) struct Bench {
    /// Where they are; none: nothing is measured.
    pub(crate) packages: Vec<String>,
    /// Which of them, as `go test -bench` takes it.
    pub(crate) run: String,
    /// Operations of each run.
    pub(crate) operations: u32,
}

impl Default for Bench {
    fn default() -> Self {
        Self {
            packages: Vec::new(),
            run: ".".into(),
            operations: 100,
        }
    }
}

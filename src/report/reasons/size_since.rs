//! What `why --since` found.

use serde::{Deserialize, Serialize};

use crate::report::growth::Growth;

/// Why an executable has another size than in an earlier revision, by the objects of both. Sizes are bytes of a stripped file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub struct Since {
    /// The revision, as it was named.
    pub revision: String,
    /// Its commit.
    pub commit: String,
    /// The causes.
    #[serde(flatten)]
    pub growth: Growth,
}

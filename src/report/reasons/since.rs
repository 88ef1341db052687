//! What `why --since` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::report::growth::{self, Growth};
use crate::report::outline::{Block, Tone};

/// Why an executable has another size than in an earlier revision, by the objects of both. Sizes are bytes of a stripped file.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Since {
    /// The revision, as it was named.
    pub revision: String,
    /// Its commit.
    pub commit: String,
    /// The causes.
    #[serde(flatten)]
    pub growth: Growth,
}

impl Since {
    /// The blocks, with at most `top` causes.
    pub fn outline(&self, top: usize) -> Vec<Block> {
        let line = format!("since {} ({})", self.revision, self.commit);
        let mut blocks = vec![Block::Line(Tone::Plain, line)];
        blocks.extend(growth::outline(&self.growth, top));
        blocks
    }
}

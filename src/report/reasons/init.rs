//! What `why init` found.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::order::Order;
use crate::report::outline::{Block, Table, Tone, number, optional, text};

/// What stays in a program because packages have something to do before `main`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Inits {
    /// Bytes that would go when no package had.
    pub bytes: u64,
    /// Whether a run said how long it takes.
    pub traced: bool,
    /// The package that keeps most first.
    pub list: Vec<Init>,
}

/// What a package does before `main`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Init {
    /// Its import path.
    pub package: String,
    /// Bytes that stay only because of it: code, and data of variables that nothing else uses.
    pub bytes: u64,
    /// Functions that do.
    pub functions: u64,
    /// The largest of what stays; empty for packages that are not listed.
    pub largest: Vec<SymbolBytes>,
    /// How long it took; `null` where it was not run, or took too little to be printed.
    pub microseconds: Option<u64>,
    /// Bytes that it allocated.
    pub allocated: Option<u64>,
    /// How often it allocated.
    pub allocations: Option<u64>,
}

/// A symbol with its size.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct SymbolBytes {
    /// Its name.
    pub symbol: String,
    /// Bytes.
    pub bytes: u64,
}

impl Inits {
    /// The blocks, with at most `top` packages.
    pub fn outline(&self, top: usize) -> Vec<Block> {
        let count = self.list.iter().filter(|init| init.bytes > 0).count();
        let line = format!(
            "{} would go if nothing were done before main: {} with work that keeps something alone",
            human(self.bytes),
            counted(count as u64, "package")
        );
        let mut columns = vec![text("package"), number("bytes")];
        if self.traced {
            columns.extend([number("µs"), number("allocated B"), number("allocs")]);
        }
        columns.push(optional(text("largest")));
        let mut shown: Vec<&Init> = self.list.iter().collect();
        if self.traced {
            shown.order_by_key(|init| std::cmp::Reverse(init.microseconds));
        }
        let rows: Vec<Vec<String>> = shown.iter().take(top).map(|init| self.row(init)).collect();
        let mut blocks = vec![
            Block::Heading("why init".into()),
            Block::Line(Tone::Plain, line),
        ];
        if !rows.is_empty() {
            blocks.push(Block::Table(Table {
                columns,
                rows,
                total: false,
            }));
        }
        blocks
    }

    fn row(&self, init: &Init) -> Vec<String> {
        let mut row = vec![init.package.clone(), grouped(init.bytes)];
        if self.traced {
            let all = [init.microseconds, init.allocated, init.allocations];
            row.extend(all.map(|value| value.map_or(String::new(), grouped)));
        }
        let largest = init.largest.iter();
        let largest = largest.map(|of| format!("{} {}", of.symbol, grouped(of.bytes)));
        row.push(largest.collect::<Vec<_>>().join(", "));
        row
    }
}

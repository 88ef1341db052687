//! Lays out what each compile and each link took.

use super::{Block, Table, Tone, number, text};
use crate::config::size::human;
use crate::number::counted;
use crate::report::Resources;

/// How many of them people see.
const SHOWN: usize = 10;

/// The dearest tools, and the sums.
pub(crate) fn outline(resources: &Resources) -> Vec<Block> {
    let mut blocks = vec![Block::Title("Resources".into())];
    let several = resources
        .tools
        .windows(2)
        .any(|pair| pair[0].target != pair[1].target);
    // A package may be shortened, and stands first for that.
    let mut columns = vec![text("package"), text("tool")];
    columns.extend(several.then(|| text("target")));
    columns.extend([number("CPU s"), number("wall s"), number("memory")]);
    let seconds = |ms: u64| format!("{:.2}", ms as f64 / 1000.0);
    let mut table = Table {
        columns,
        ..Table::default()
    };
    for it in resources.tools.iter().take(SHOWN) {
        let mut row = vec![it.package.clone(), it.tool.clone()];
        row.extend(several.then(|| it.target.clone()));
        row.extend([seconds(it.cpu_ms), seconds(it.wall_ms), human(it.peak)]);
        table.rows.push(row);
    }
    if !table.rows.is_empty() {
        blocks.push(Block::Table(table));
    }
    let count = |tool: &str| {
        resources
            .tools
            .iter()
            .filter(|cost| cost.tool == tool)
            .count() as u64
    };
    let line = format!(
        "{}, {}: {} s of CPU; one had at most {}, those at the same time {}",
        counted(count("compile"), "compile"),
        counted(count("link") + count("twin"), "link"),
        seconds(resources.cpu_ms),
        human(resources.peak),
        human(resources.peak_at_once)
    );
    blocks.push(Block::Line(Tone::Plain, line));
    for it in &resources.unknown {
        let line = format!(
            "nothing is known of {it}: go ran its tools without us, as `[escape] collect` or -x wants it"
        );
        blocks.push(Block::Line(Tone::Dim, line));
    }
    blocks
}

//! Lays out what each compile and each link took.

use super::{Block, Cell, Table, number, text};
use crate::config::size::human;
use crate::number::counted;
use crate::report::Resources;

/// How many of them people see.
const SHOWN: usize = 10;

/// The dearest tools, and the sums.
pub(crate) fn outline(resources: &Resources) -> Vec<Block> {
    let mut blocks = vec![Block::Title("Resources".into())];
    if !resources.tools.is_empty() {
        blocks.push(dearest(resources).into());
    }
    blocks.push(Block::plain(sums(resources)));
    let unknown = resources.unknown.iter();
    blocks.extend(unknown.map(|target| {
        Block::dim(format!(
            "nothing is known of {target}: go ran its tools without us, as `[escape] collect` or -x wants it"
        ))
    }));
    blocks
}

fn dearest(resources: &Resources) -> Table {
    let tools = &resources.tools;
    let several = tools
        .windows(2)
        .any(|pair| pair[0].target != pair[1].target);
    // A package may be shortened, and stands first for that.
    let mut columns = vec![text("package"), text("tool")];
    columns.extend(several.then(|| text("target")));
    columns.extend([number("CPU s"), number("wall s"), number("memory")]);
    let rows = tools.iter().take(SHOWN).map(|cost| {
        let mut row = vec![(&cost.package).into(), (&cost.tool).into()];
        row.extend(several.then(|| Cell::from(&cost.target)));
        row.extend([
            seconds(cost.cpu_ms),
            seconds(cost.wall_ms),
            Cell::size(cost.peak),
        ]);
        row
    });
    Table::of(columns, rows)
}

fn seconds(ms: u64) -> Cell {
    Cell::Seconds(ms as f64 / 1000.0)
}

fn sums(resources: &Resources) -> String {
    let count = |tool: &str| {
        let tools = resources.tools.iter();
        tools.filter(|cost| cost.tool == tool).count() as u64
    };
    format!(
        "{}, {}: {} s of CPU; one had at most {}, those at the same time {}",
        counted(count("compile"), "compile"),
        counted(count("link") + count("twin"), "link"),
        seconds(resources.cpu_ms),
        human(resources.peak),
        human(resources.peak_at_once)
    )
}

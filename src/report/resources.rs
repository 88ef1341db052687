//! What each compile and each link took, out of what went past our `-toolexec`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::build::tools;
use crate::config::size::human;
use crate::number::counted;
use crate::order::Order;
use crate::report::outline::{Block, Table, Tone, number, text};

/// What go's tools took in this run: with `[report] resources`. It differs from run to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Resources {
    /// Compiles and links, by CPU time.
    pub(crate) tools: Vec<ToolCost>,
    /// Their CPU time in milliseconds.
    pub(crate) cpu_ms: u64,
    /// Their wall time, each on its own.
    pub(crate) wall_ms: u64,
    /// The most memory that one of them had, in bytes.
    pub(crate) peak: u64,
    /// The most memory that those had which ran at the same time.
    peak_at_once: u64,
    /// Targets whose tools go ran without us (`[escape] collect`), so that nothing is known of them.
    pub(crate) unknown: Vec<String>,
}

/// A compile or a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct ToolCost {
    /// `compile`, `link`, or `twin` for a link that was repeated without `-s -w`.
    pub(crate) tool: String,
    /// The package, as go names it.
    pub(crate) package: String,
    /// What gobuild-opt.lock calls the platform.
    pub(crate) target: String,
    /// Wall time in milliseconds.
    pub(crate) wall_ms: u64,
    /// CPU time in milliseconds.
    pub(crate) cpu_ms: u64,
    /// The most memory that it had, in bytes.
    pub(crate) peak: u64,
}

/// How many of them people see.
const SHOWN: usize = 10;

pub(crate) fn resources(inputs: &Inputs<'_>) -> Option<Resources> {
    inputs.config.report.resources.then_some(())?;
    let mut found = Resources::default();
    for (plan, built) in inputs.plan.targets.iter().zip(inputs.built) {
        if !plan.is_measured() {
            found.unknown.push(plan.facts.key());
        }
        for tool in &built.tools {
            let Some(end) = tool.end else { continue };
            found.cpu_ms += end.cpu_us;
            found.wall_ms += end.wall_us;
            found.peak = found.peak.max(end.peak);
            found.tools.push(ToolCost {
                tool: tool.name.clone(),
                package: tool.package.clone(),
                target: plan.facts.key(),
                wall_ms: end.wall_us / 1000,
                cpu_ms: end.cpu_us / 1000,
                peak: end.peak,
            });
        }
    }
    found.cpu_ms /= 1000;
    found.wall_ms /= 1000;
    let all: Vec<tools::Tool> = inputs
        .built
        .iter()
        .flat_map(|built| built.tools.clone())
        .collect();
    found.peak_at_once = tools::peak(&all);
    let order = |tool: &ToolCost| {
        (
            std::cmp::Reverse(tool.cpu_ms),
            tool.package.clone(),
            tool.tool.clone(),
        )
    };
    found.tools.order_by_key(order);
    Some(found)
}

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

//! What each compile and each link took, out of what went past our `-toolexec`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::build::tools;
use crate::order::Order;

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
    pub(crate) peak_at_once: u64,
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

//! What each compile and each link took, out of what went past our `-toolexec`.

use serde::{Deserialize, Serialize};

use super::Inputs;
use crate::build::tools;
use crate::order::Order;
use crate::plan::TargetPlan;

/// What go's tools took in this run: with `[report] resources`. It differs from run to run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
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
    let targets = || inputs.plan.targets.iter().zip(inputs.built);
    let ended = inputs.built.iter().flat_map(|built| &built.tools);
    let ended = ended.filter_map(|tool| tool.end);
    let mut found = Resources {
        tools: targets()
            .flat_map(|(plan, built)| built.tools.iter().filter_map(|tool| cost(tool, plan)))
            .collect(),
        cpu_ms: ended.clone().map(|end| end.cpu_us).sum::<u64>() / 1000,
        wall_ms: ended.clone().map(|end| end.wall_us).sum::<u64>() / 1000,
        peak: ended.map(|end| end.peak).max().unwrap_or(0),
        unknown: targets()
            .filter(|(plan, _)| !plan.is_measured())
            .map(|(plan, _)| plan.facts.key())
            .collect(),
        ..Resources::default()
    };
    let all = inputs.built.iter().flat_map(|built| built.tools.clone());
    found.peak_at_once = tools::peak(&all.collect::<Vec<tools::Tool>>());
    found.tools.order_by_key(|tool| {
        (
            std::cmp::Reverse(tool.cpu_ms),
            tool.package.clone(),
            tool.tool.clone(),
        )
    });
    Some(found)
}

/// What a tool took; `None` where it did not end.
fn cost(tool: &tools::Tool, plan: &TargetPlan) -> Option<ToolCost> {
    let end = tool.end?;
    Some(ToolCost {
        tool: tool.name.clone(),
        package: tool.package.clone(),
        target: plan.facts.key(),
        wall_ms: end.wall_us / 1000,
        cpu_ms: end.cpu_us / 1000,
        peak: end.peak,
    })
}

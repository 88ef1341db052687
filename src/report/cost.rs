//! How the commands went in, where the time went out.

use std::time::Duration;

use super::Inputs;
use crate::build::Built;
use crate::process;

/// Wall time, milliseconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct Cost {
    /// The release builds.
    pub build_ms: u64,
    /// The baseline builds.
    pub baseline_ms: u64,
    /// The escape passes.
    pub escape_ms: u64,
    /// Compiling with and without the profile, for its effect.
    pub effect_ms: u64,
    /// Reading the files and everything else that is not go.
    pub analysis_ms: u64,
    /// The whole run.
    pub total_ms: u64,
    /// CPU time of this program alone, without go.
    pub own_cpu_ms: u64,
    /// The most memory that this program had, mapped files included; `null` off Linux.
    pub own_peak_memory: Option<u64>,
}

pub fn cost(inputs: &Inputs<'_>) -> Cost {
    let sum = |of: fn(&Built) -> Duration| inputs.built.iter().map(of).sum::<Duration>();
    let (build, baseline, escape) = (
        sum(|it| it.release),
        sum(|it| it.baseline),
        sum(|it| it.escape),
    );
    let effect = sum(|it| {
        it.effect
            .as_ref()
            .map_or(Duration::ZERO, |it| it.with.wall + it.without.wall)
    });
    let ms = |it: Duration| u64::try_from(it.as_millis()).unwrap_or(u64::MAX);
    Cost {
        build_ms: ms(build),
        baseline_ms: ms(baseline),
        escape_ms: ms(escape),
        effect_ms: ms(effect),
        analysis_ms: ms(inputs
            .total
            .saturating_sub(build + baseline + escape + effect)),
        total_ms: ms(inputs.total),
        own_cpu_ms: ms(process::own_cpu()),
        own_peak_memory: process::own_peak_memory(),
    }
}

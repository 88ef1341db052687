//! The comparisons of a session: each program against the first, by each metric.

use super::sentence::sentence;
use super::{Comparison, Other, Outcome, Program};
use crate::order::Order;
use crate::prove::decide::{self, Answer, Found};
use crate::prove::run::{Metric, Run, is_rate};
use crate::prove::{bootstrap, signed_rank};

/// What a report is made of.
pub(crate) struct Inputs<'a> {
    /// The programs, without their runs.
    pub(crate) programs: Vec<Program>,
    /// The runs of each.
    pub(crate) runs: &'a [Vec<Run>],
    /// What was judged.
    pub(crate) metrics: &'a [Metric],
    /// What was found, of each program but the first, of each metric.
    pub(crate) found: &'a [Vec<Found>],
    /// Whether the question is whether a profile is worth it.
    pub(crate) is_profile: bool,
    /// The seed.
    pub(crate) seed: u64,
}

/// The comparisons.
pub(crate) fn comparisons(inputs: &Inputs<'_>) -> Vec<Comparison> {
    let mut all = Vec::new();
    for (at, of_program) in inputs.found.iter().enumerate() {
        for (metric, found) in inputs.metrics.iter().zip(of_program) {
            all.push(comparison(inputs, at + 1, metric, found));
        }
    }
    all
}

fn comparison(inputs: &Inputs<'_>, at: usize, metric: &Metric, found: &Found) -> Comparison {
    let (base, program) = (&inputs.programs[0], &inputs.programs[at]);
    let (first, second) = paired(inputs, at, metric, found.pairs).unwrap_or_default();
    let logs = decide::differences(&first, &second);
    let resampled = bootstrap::interval(&logs, 0.05, inputs.seed);
    let unit = unit(inputs, metric);
    let scale = Scale {
        is_rate: is_rate(&unit),
    };
    let (low, high) = scale.interval(found.estimate.low, found.estimate.high);
    let resampled = scale.interval(resampled.0, resampled.1);
    let worst = scale.worsening(found.most);
    let mut comparison = Comparison {
        program: program.name.clone(),
        base: base.name.clone(),
        metric: metric.name().to_owned(),
        outcome: outcome(found.answer),
        sentence: String::new(),
        pairs: found.pairs,
        change: scale.change(found.estimate.middle),
        low,
        high,
        at_most: found.most.is_finite().then_some(worst),
        confidence: found.estimate.level,
        p: found.chance,
        resampled: [resampled.0, resampled.1],
        floor: percent(found.floor),
        layout_spread: found.spread.map(percent),
        needed_pairs: found.needed,
        points: logs.iter().map(|log| scale.change(*log)).collect(),
        middles: [scale.middle(first), scale.middle(second)],
        unit,
        size_change: size_change(program, base),
        others: others(inputs, at, metric, found.pairs),
    };
    comparison.sentence = sentence(&comparison, inputs.is_profile);
    comparison
}

/// What the first program and the one `at` need in each pair; `None` where a run has no such number.
fn paired(
    inputs: &Inputs<'_>,
    at: usize,
    metric: &Metric,
    pairs: usize,
) -> Option<(Vec<f64>, Vec<f64>)> {
    let costs = |at: usize| -> Option<Vec<f64>> {
        let runs = inputs.runs[at][..pairs].iter();
        runs.map(|run| run.cost(metric)).collect()
    };
    Some((costs(0)?, costs(at)?))
}

/// The unit of a metric; of a number that the workload prints, what it prints with it.
fn unit(inputs: &Inputs<'_>, metric: &Metric) -> String {
    match metric {
        Metric::Own(name) => {
            let mut runs = inputs.runs[0].iter();
            let value = runs.find_map(|run| run.own.get(name));
            value.map_or(String::new(), |value| value.unit.clone())
        }
        known => known.unit().to_owned(),
    }
}

/// What the kernel counts beside the metric that is judged.
fn others(inputs: &Inputs<'_>, at: usize, judged: &Metric, pairs: usize) -> Vec<Other> {
    let others = Metric::KERNEL.iter().filter(|other| *other != judged);
    let others = others.filter_map(|other| {
        let (first, second) = paired(inputs, at, other, pairs)?;
        let found = signed_rank::estimate(&decide::differences(&first, &second), 0.05);
        Some(Other {
            metric: other.name().to_owned(),
            change: percent(found.middle),
            low: percent(found.low),
            high: percent(found.high),
        })
    });
    others.collect()
}

/// Percent of a logarithm of a quotient.
fn percent(log: f64) -> f64 {
    log.exp_m1() * 100.0
}

/// How much larger the file of a program is, in percent.
fn size_change(program: &Program, base: &Program) -> f64 {
    (program.size as f64 / base.size.max(1) as f64 - 1.0) * 100.0
}

/// How logarithms of costs become the numbers of a metric: half of the rate is twice the cost.
#[derive(Clone, Copy)]
struct Scale {
    is_rate: bool,
}

impl Scale {
    fn change(self, log: f64) -> f64 {
        percent(if self.is_rate { -log } else { log })
    }

    fn interval(self, low: f64, high: f64) -> (f64, f64) {
        match self.is_rate {
            true => (self.change(high), self.change(low)),
            false => (self.change(low), self.change(high)),
        }
    }

    /// By how much worse, as a positive number.
    fn worsening(self, log: f64) -> f64 {
        match self.is_rate {
            true => -self.change(log),
            false => self.change(log),
        }
    }

    /// The median of costs.
    fn middle(self, mut costs: Vec<f64>) -> f64 {
        costs.order_by(f64::total_cmp);
        let middle = signed_rank::median(&costs);
        match self.is_rate && middle > 0.0 {
            true => 1.0 / middle,
            false => middle,
        }
    }
}

fn outcome(answer: Answer) -> Outcome {
    match answer {
        Answer::Less => Outcome::Faster,
        Answer::More => Outcome::Slower,
        Answer::NoEffect => Outcome::NoEffect,
        Answer::Open | Answer::CannotTell => Outcome::CannotTell,
    }
}

/// A comparison that needed no run.
pub(crate) fn same(
    program: &Program,
    base: &Program,
    metric: &Metric,
    outcome: Outcome,
) -> Comparison {
    let mut same = Comparison {
        program: program.name.clone(),
        base: base.name.clone(),
        metric: metric.name().to_owned(),
        outcome,
        sentence: String::new(),
        pairs: 0,
        change: 0.0,
        low: 0.0,
        high: 0.0,
        at_most: Some(0.0),
        confidence: 1.0,
        p: 1.0,
        resampled: [0.0, 0.0],
        floor: 0.0,
        layout_spread: None,
        needed_pairs: 0,
        points: Vec::new(),
        middles: [0.0, 0.0],
        unit: metric.unit().to_owned(),
        size_change: size_change(program, base),
        others: Vec::new(),
    };
    same.sentence = sentence(&same, false);
    same
}

//! Sums up what lines pay for.

use std::collections::HashMap;

use super::{Call, Charged, Cost, Line, Spent, Sum};
use crate::advise::cost_class::Class;
use crate::order::Order;

/// What a class costs on a line, and on which ways it is called.
#[derive(Default)]
pub(super) struct Ways {
    pub(super) sum: Sum,
    pub(super) ways: HashMap<(String, String), Sum>,
}

/// All that a line pays for, and parts of it.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) all: Sum,
    pub(super) plain: Sum,
    pub(super) direct: Sum,
    pub(super) once: Sum,
}

/// What is being summed.
#[derive(Default)]
pub(super) struct Sums {
    places: HashMap<(Vec<u8>, i64), usize>,
    lines: HashMap<Line, usize>,
    pub(super) costs: HashMap<(usize, Class), Ways>,
    pub(super) calls: HashMap<(usize, String), Sum>,
    pub(super) spent: HashMap<usize, Parts>,
}

impl Sums {
    /// The index of a line; closures of one declaration share it.
    pub(super) fn line(
        &mut self,
        charged: &mut Charged,
        line: impl FnOnce() -> Line,
        name: &[u8],
        number: i64,
    ) -> usize {
        if let Some(found) = self.places.get(&(name.to_vec(), number)) {
            return *found;
        }
        let line = line();
        let next = charged.lines.len();
        let index = *self.lines.entry(line.clone()).or_insert(next);
        if index == next {
            charged.lines.push(line);
        }
        self.places.insert((name.to_vec(), number), index);
        index
    }

    pub(super) fn finish(self, charged: &mut Charged) {
        let cost = |((line, class), it): ((usize, Class), Ways)| {
            let heaviest = it.ways.into_iter().max_by(|a, b| {
                let weight = a.1.weight.cmp(&b.1.weight);
                weight.then_with(|| b.0.cmp(&a.0))
            });
            let (via, entry) = heaviest.map(|entry| entry.0).unwrap_or_default();
            Cost {
                line,
                class,
                via,
                entry,
                sum: it.sum,
            }
        };
        charged.costs = self.costs.into_iter().map(cost).collect();
        let call = |((line, callee), sum): ((usize, String), Sum)| Call { line, callee, sum };
        charged.calls = self.calls.into_iter().map(call).collect();
        let spent = |(line, parts): (usize, Parts)| Spent {
            line,
            sum: parts.all,
            plain: parts.plain,
            direct: parts.direct,
            once: parts.once,
        };
        charged.spent = self.spent.into_iter().map(spent).collect();
        let lines = &charged.lines;
        charged.spent.order_by(|a, b| {
            let weight = b.sum.weight.cmp(&a.sum.weight);
            weight.then_with(|| lines[a.line].cmp(&lines[b.line]))
        });
        charged.costs.order_by(|a, b| {
            let weight = b.sum.weight.cmp(&a.sum.weight);
            weight.then_with(|| (&lines[a.line], a.class).cmp(&(&lines[b.line], b.class)))
        });
        charged.calls.order_by(|a, b| {
            let weight = b.sum.weight.cmp(&a.sum.weight);
            weight.then_with(|| (&lines[a.line], &a.callee).cmp(&(&lines[b.line], &b.callee)))
        });
    }
}

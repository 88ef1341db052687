//! What a profile charges to lines, as costs of the report.

use super::{Charge, Gathering};
use crate::advise::{Charged, Class, Interval, Measure, Sum, What};
use crate::order::Order;
use crate::profile::Profile;
use crate::report::advice_report::values::{heap_class, memory_by_line};
use crate::report::advice_report::{ClassShare, LineCost, Place, Target};

impl Charge<'_> {
    /// What a line costs, and the rule that has advice for it.
    fn of_line(&self, class: Class, place: Place, rule: Option<String>) -> LineCost {
        LineCost {
            measure: self.measure,
            class: Some(class),
            share: Interval::new(self.sum.samples, self.sum.weight, self.total),
            amount: self.sum.weight,
            place,
            via: String::new(),
            rule,
        }
    }
}

/// How many have too few samples to say anything.
fn hidden<'a>(sums: impl Iterator<Item = &'a Sum>, few: u64) -> u64 {
    sums.filter(|sum| sum.samples < few).count() as u64
}

impl<'a> Gathering<'a> {
    pub(super) fn cpu(&mut self, charged: &Charged, target: &mut Target) {
        let total = charged.total.weight;
        self.cpu_samples += charged.total.samples;
        let percent = |number: i64| Interval::new(1, number, total).percent;
        let own = |class| charged.own.get(&class).copied().unwrap_or_default();
        let mut classes: Vec<ClassShare> = charged
            .classes
            .iter()
            .map(|(class, sum)| ClassShare {
                class: *class,
                share: Interval::new(sum.samples, sum.weight, total),
                own: percent(own(*class).weight),
            })
            .collect();
        classes.order_by(|a, b| {
            let share = b.share.percent.total_cmp(&a.share.percent);
            share.then_with(|| a.class.cmp(&b.class))
        });
        target.classes = classes;
        target.own = Some(percent(charged.own.values().map(|sum| sum.weight).sum()));
        target.below = Some(percent(charged.below.weight));
        let of_memory = |class: &Class| class.allocates() || *class == Class::Gc;
        let memory = charged.classes.iter().filter(|(class, _)| of_memory(class));
        let memory: i64 = memory.map(|(_, sum)| sum.weight).sum();
        self.memory_work = (total > 0).then(|| memory as f64 / total as f64);
        self.costs(charged, Measure::Cpu, total, target);
        self.calls(charged, Measure::Cpu, target);
    }

    /// Costs by class, of processor time or of time blocked.
    pub(super) fn costs(
        &mut self,
        charged: &Charged,
        measure: Measure,
        total: i64,
        target: &mut Target,
    ) {
        let few = self.min_samples;
        target.hidden += hidden(charged.costs.iter().map(|cost| &cost.sum), few);
        for it in charged.costs.iter().filter(|cost| cost.sum.samples >= few) {
            let charge = Charge {
                measure,
                what: What::Cost {
                    class: it.class,
                    via: &it.via,
                    entry: &it.entry,
                },
                sum: it.sum,
                total,
                memory: None,
            };
            let located = self.locator.locate(&charged.lines[it.line]);
            if it.class == Class::MapGrow {
                let place = &located.place;
                self.growing.insert((place.file.clone(), place.line));
            }
            let rule = self.judge(&located, &charge);
            target.costs.push(LineCost {
                via: it.via.clone(),
                ..charge.of_line(it.class, located.place, rule)
            });
        }
    }

    /// Allocated bytes by line, with what the compiler says of it: a heap profile has no frames of the runtime.
    pub(super) fn heap(&mut self, profile: &Profile, charged: &Charged, target: &mut Target) {
        let memory = memory_by_line(profile, charged, self.locator.owned());
        let in_use: i64 = memory.values().map(|memory| memory.in_use).sum();
        let few = self.min_samples;
        target.hidden += hidden(charged.spent.iter().map(|spent| &spent.sum), few);
        let spent = charged.spent.iter();
        for it in spent.filter(|line| line.sum.samples >= few && line.direct.samples >= few) {
            let located = self.locator.locate(&charged.lines[it.line]);
            let class = heap_class(located.shape.as_ref(), &self.sites_at(&located));
            let of_line = memory.get(&it.line).copied();
            let mut charge = Charge {
                measure: Measure::Allocated,
                what: What::Cost {
                    class,
                    via: "",
                    entry: "",
                },
                sum: it.direct,
                total: charged.total.weight,
                memory: of_line,
            };
            // A line that runs once is shown, and nothing is advised for it.
            let often = it.once.weight.saturating_mul(2) < it.sum.weight;
            let rule = often.then(|| self.judge(&located, &charge)).flatten();
            target
                .costs
                .push(charge.of_line(class, located.place.clone(), rule));
            if let Some(of_line) = of_line.filter(|memory| memory.in_use > 0) {
                charge.measure = Measure::InUse;
                charge.sum.weight = of_line.in_use;
                charge.total = in_use;
                self.judge(&located, &charge);
            }
        }
        self.calls(charged, Measure::Allocated, target);
    }

    /// What lines call. Of a heap profile it stands among the costs, too: there the runtime below a call is hidden.
    pub(super) fn calls(&mut self, charged: &Charged, measure: Measure, target: &mut Target) {
        for it in &charged.calls {
            let total = charged.total.weight;
            let charge = Charge {
                measure,
                what: What::Call(&it.callee),
                sum: it.sum,
                total,
                memory: None,
            };
            let located = self.locator.locate(&charged.lines[it.line]);
            let rule = self.judge(&located, &charge);
            if measure == Measure::Allocated && it.sum.samples >= self.min_samples {
                target.costs.push(LineCost {
                    measure,
                    class: None,
                    share: Interval::new(it.sum.samples, it.sum.weight, total),
                    amount: it.sum.weight,
                    place: located.place,
                    via: it.callee.clone(),
                    rule,
                });
            }
        }
    }
}

/// By what is certain, most first.
pub(super) fn order_costs(costs: &mut [LineCost]) {
    costs.order_by(|a, b| {
        let measure = a.measure.cmp(&b.measure);
        let certain = || b.share.lower().total_cmp(&a.share.lower());
        let place =
            || (&a.place.file, a.place.line, a.class).cmp(&(&b.place.file, b.place.line, b.class));
        measure.then_with(certain).then_with(place)
    });
}

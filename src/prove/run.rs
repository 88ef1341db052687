//! Reads the numbers of a run: what the kernel counted and what the workload printed.

use std::collections::BTreeMap;

use crate::order::Ordered;

pub use crate::process::measured::Taken;

/// A quantity that runs are compared by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    /// User and system CPU time, in seconds.
    Cpu,
    /// Wall time, in seconds.
    Wall,
    /// Peak memory, in bytes.
    Peak,
    /// Page faults.
    Faults,
    /// Instructions in user space.
    Instructions,
    /// What the workload printed under this name.
    Own(String),
}

impl Metric {
    /// Those of every run; of instructions only where they are counted.
    pub const KERNEL: [Self; 5] = [
        Self::Cpu,
        Self::Wall,
        Self::Peak,
        Self::Faults,
        Self::Instructions,
    ];

    /// As it is typed and shown.
    pub fn name(&self) -> &str {
        match self {
            Self::Cpu => "cpu",
            Self::Wall => "wall",
            Self::Peak => "peak",
            Self::Faults => "faults",
            Self::Instructions => "instructions",
            Self::Own(name) => name,
        }
    }

    /// The one with a name.
    pub fn of(name: &str) -> Self {
        let known = Self::KERNEL.into_iter().find(|it| it.name() == name);
        known.unwrap_or_else(|| Self::Own(name.to_owned()))
    }

    /// Its unit, but for those that the workload names.
    pub fn unit(&self) -> &'static str {
        match self {
            Self::Cpu | Self::Wall => "s",
            Self::Peak => "B",
            Self::Faults | Self::Instructions | Self::Own(_) => "",
        }
    }
}

/// A number that the workload printed.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// The number.
    pub number: f64,
    /// Its unit, as printed.
    pub unit: String,
}

/// A run with all its numbers.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Run {
    /// What the kernel counted.
    pub taken: Taken,
    /// What the workload printed, by name; of a name that came several times the middle.
    pub own: BTreeMap<String, Value>,
}

impl Run {
    /// A number of this run, larger where it is worse; `None` where there is none, or none above 0.
    pub fn cost(&self, metric: &Metric) -> Option<f64> {
        let number = match metric {
            Metric::Cpu => (self.taken.user + self.taken.system) as f64 / 1e6,
            Metric::Wall => self.taken.wall as f64 / 1e9,
            Metric::Peak => self.taken.peak as f64,
            Metric::Faults => self.taken.faults as f64,
            Metric::Instructions => self.taken.instructions? as f64,
            Metric::Own(name) => {
                let value = self.own.get(name)?;
                match is_rate(&value.unit) {
                    true => 1.0 / value.number,
                    false => value.number,
                }
            }
        };
        (number.is_finite() && number > 0.0).then_some(number)
    }
}

/// Whether more is better: `MB/s`, `op/s`, `req/s`.
pub fn is_rate(unit: &str) -> bool {
    unit.ends_with("/s") || unit.ends_with("/sec")
}

/// The most numbers of one run that are kept: of more, memory would have no bound.
const MOST: usize = 100_000;

/// What a workload prints: lines `name value unit`, and results of Go benchmarks. Other lines are nobody's.
#[derive(Debug, Default)]
pub struct Numbers {
    all: BTreeMap<String, (Vec<f64>, String)>,
    count: usize,
}

impl Numbers {
    /// Reads one line, without its end.
    pub fn line(&mut self, line: &str) {
        for (name, number, unit) in values(line) {
            self.count += 1;
            if self.count > MOST {
                return;
            }
            let entry = self.all.entry(name).or_default();
            entry.0.push(number);
            unit.clone_into(&mut entry.1);
        }
    }

    /// The middle of the numbers of each name. `None` where there were too many to keep.
    pub fn middles(self) -> Option<BTreeMap<String, Value>> {
        let middle = |(name, (mut numbers, unit)): (String, (Vec<f64>, String))| {
            numbers.sort_by(f64::total_cmp);
            let number = super::signed_rank::median(&numbers);
            (name, Value { number, unit })
        };
        (self.count <= MOST).then(|| self.all.into_iter().map(middle).ordered())
    }
}

fn values<'a>(line: &'a str) -> Vec<(String, f64, &'a str)> {
    let words: Vec<&'a str> = line.split_ascii_whitespace().collect();
    let number = |word: &str| word.parse().ok().filter(|it: &f64| it.is_finite());
    match words.as_slice() {
        // `BenchmarkSearch-8  100  123 ns/op  48 B/op`
        [name, count, rest @ ..]
            if name.starts_with("Benchmark") && rest.len() >= 2 && number(count).is_some() =>
        {
            let name = benchmark(name);
            let value = |pair: &[&'a str]| {
                let unit = pair[1];
                Some((format!("{name}:{unit}"), number(pair[0])?, unit))
            };
            rest.chunks_exact(2).filter_map(value).collect()
        }
        [name, value, unit] => number(value)
            .map(|it| ((*name).to_owned(), it, *unit))
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// Without the number of processors, which go puts behind every name.
fn benchmark(name: &str) -> &str {
    match name.rsplit_once('-') {
        Some((name, processors)) if processors.bytes().all(|it| it.is_ascii_digit()) => name,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_workload_prints_is_read() {
        let mut numbers = Numbers::default();
        let printed = "hello world\nlatency 12.5 ms\nthroughput 2e3 req/s\nBenchmarkA/x-8 \t 100\t 123 ns/op\t 48 B/op\n\
             BenchmarkA/x-8 \t 100\t 125 ns/op\t 48 B/op\nBenchmarkA/x-8 \t 100\t 140 ns/op\t 48 B/op\nPASS\n";
        printed.lines().for_each(|line| numbers.line(line));
        let found = numbers.middles().unwrap();
        let all: Vec<String> = found
            .iter()
            .map(|(name, value)| format!("{name} {} {}", value.number, value.unit))
            .collect();
        assert_eq!(
            all,
            [
                "BenchmarkA/x:B/op 48 B/op",
                "BenchmarkA/x:ns/op 125 ns/op",
                "latency 12.5 ms",
                "throughput 2000 req/s"
            ]
        );
        let run = Run {
            own: found,
            ..Run::default()
        };
        assert_eq!(run.cost(&Metric::of("throughput")), Some(1.0 / 2000.0));
        assert_eq!(run.cost(&Metric::of("latency")), Some(12.5));
        assert_eq!(run.cost(&Metric::of("nothing")), None);
        assert_eq!(run.cost(&Metric::Cpu), None);
    }
}

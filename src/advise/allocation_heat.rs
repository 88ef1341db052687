//! Sums up, from the stacks of a profile, how much is allocated at each place that the compiler calls an escape.
//!
//! The compiler reports what it inlined at the line of the outermost call. So the line of the physical function counts
//! first, and those that were inlined into it after it. Lines are as far from the start of their function as they were
//! when the program was built: a profile of last month still lands.

use std::collections::HashMap;

use super::charge::{Functions, Line, Seen, Sum, class_of, line, starts};
use super::cost_class::Role;
use crate::profile::Profile;
use crate::profile::proto::Sample;

/// What a profile allocates, by the lines that do.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Heat {
    /// Sum of the whole profile.
    pub(crate) total: i64,
    /// Sum of the stacks that allocate.
    pub allocating: Sum,
    lines: Vec<Line>,
    /// Lines of the function that allocates, outermost first.
    chains: HashMap<Vec<usize>, Sum>,
}

/// A place that the compiler calls an escape.
#[derive(Debug, Clone, Copy)]
pub struct Spot<'a> {
    /// The import path; `main` for a main package.
    pub package: &'a str,
    /// `T.Get` or `Get`.
    pub function: &'a str,
    /// The line of the declaration; 0 where unknown.
    pub start: u32,
    /// Its own line.
    pub line: u32,
}

/// What spots hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Joined {
    /// By spot: which line it is on. Spots on one line have the same.
    pub(crate) lines: Vec<usize>,
    /// By line: what is allocated there.
    pub(crate) sums: Vec<Sum>,
    /// The sum of all of them.
    pub found: Sum,
}

/// The stacks of a CPU profile that allocate; `every`: of a heap profile, all of them.
pub fn heat(profile: &Profile, value: usize, count: impl Fn(&Sample) -> u64, every: bool) -> Heat {
    let mut functions = Functions::new(|_: &str| true);
    let starts = starts(profile);
    let mut heat = Heat::default();
    let mut places: HashMap<(&[u8], i64), usize> = HashMap::new();
    let mut lines: HashMap<Line, usize> = HashMap::new();
    let mut stack: Vec<Seen<'_>> = Vec::new();
    for sample in &profile.raw().sample {
        let weight = sample.value.get(value).copied().unwrap_or_default();
        heat.total = heat.total.saturating_add(weight);
        stack.clear();
        for frame in profile.frames(sample) {
            let function = functions.get(frame.name);
            if function.role == Role::Transparent {
                continue;
            }
            let is_code = function.role == Role::Code;
            let function = function.clone();
            stack.push(Seen { frame, function });
            // What calls the physical function says nothing.
            if is_code && !frame.inlined {
                break;
            }
        }
        let Some(owner) = stack
            .iter()
            .position(|seen| seen.function.role == Role::Code)
        else {
            continue;
        };
        let allocates = every || class_of(&stack[..owner]).is_some_and(|class| class.allocates());
        if !allocates {
            continue;
        }
        let sum = Sum {
            samples: count(sample),
            weight,
        };
        heat.allocating.add(sum);
        let mut chain = Vec::new();
        for at in stack[owner..].iter().rev() {
            let index = *places
                .entry((at.frame.name, at.frame.line))
                .or_insert_with(|| {
                    let line = line(at, &starts);
                    let next = heat.lines.len();
                    let index = *lines.entry(line.clone()).or_insert(next);
                    if index == next {
                        heat.lines.push(line);
                    }
                    index
                });
            chain.push(index);
        }
        heat.chains.entry(chain).or_default().add(sum);
    }
    heat
}

impl Heat {
    /// Finds what is allocated at the lines of the spots.
    pub fn join(&self, spots: &[Spot<'_>]) -> Joined {
        let mut joined = Joined::default();
        let mut by_offset: HashMap<(&str, &str, i64), usize> = HashMap::new();
        let mut by_line: HashMap<(&str, &str, i64), usize> = HashMap::new();
        for it in spots {
            let line = i64::from(it.line);
            let index = *by_line
                .entry((it.package, it.function, line))
                .or_insert(joined.sums.len());
            if index == joined.sums.len() {
                joined.sums.push(Sum::default());
                let offset = line - i64::from(it.start);
                by_offset.insert((it.package, it.function, offset), index);
            }
            joined.lines.push(index);
        }
        let known: Vec<Option<usize>> = self
            .lines
            .iter()
            .map(|line| {
                let (package, function) = (line.package.as_str(), line.function.as_str());
                match line.start {
                    Some(start) => {
                        let offset = line.line.checked_sub(start)?;
                        by_offset.get(&(package, function, offset))
                    }
                    None => by_line.get(&(package, function, line.line)),
                }
                .copied()
            })
            .collect();
        for (chain, sum) in &self.chains {
            if let Some(index) = chain.iter().find_map(|it| known[*it]) {
                joined.sums[index].add(*sum);
                joined.found.add(*sum);
            }
        }
        joined
    }

    /// Adds another profile of the same kind.
    pub(crate) fn add(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        self.allocating.add(other.allocating);
        let mut known: HashMap<Line, usize> = self.lines.iter().cloned().zip(0..).collect();
        let mut index = |line: &Line, lines: &mut Vec<Line>| {
            let next = lines.len();
            let index = *known.entry(line.clone()).or_insert(next);
            if index == next {
                lines.push(line.clone());
            }
            index
        };
        for (chain, sum) in &other.chains {
            let chain: Vec<usize> = chain
                .iter()
                .map(|count| index(&other.lines[*count], &mut self.lines))
                .collect();
            self.chains.entry(chain).or_default().add(*sum);
        }
    }

    /// The sum of what is allocated by functions of some packages.
    pub(crate) fn within(&self, is_own: impl Fn(&str) -> bool) -> Sum {
        let mut sum = Sum::default();
        for (chain, it) in &self.chains {
            let own = chain
                .first()
                .is_some_and(|index| is_own(&self.lines[*index].package));
            if own {
                sum.add(*it);
            }
        }
        sum
    }
}

impl Joined {
    /// How many lines hold a share of what was found, such as 0.9, and how many lines there are.
    pub(crate) fn holding(&self, share: f64) -> (usize, usize) {
        let mut weights: Vec<i64> = self.sums.iter().map(|sum| sum.weight).collect();
        weights.sort_unstable_by(|a, b| b.cmp(a));
        let wanted = self.found.weight as f64 * share;
        let mut sum = 0.0;
        let mut count = 0;
        for it in weights.iter().filter(|weight| **weight > 0) {
            if sum >= wanted {
                break;
            }
            sum += *it as f64;
            count += 1;
        }
        (count, self.sums.len())
    }
}

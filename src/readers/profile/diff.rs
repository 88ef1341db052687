//! Compares the calls of two profiles: what became hot, what is no longer hot, and what only moved to another line.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::{Edge, Edges};

/// Go's default threshold: calls up to 99 % of the weight are hot (`-d=pgoinlinecdfthreshold`).
pub const HOT_PERCENT: f64 = 99.0;

/// How the set of hot calls differs between two profiles.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Diff {
    /// Hot calls of the older profile.
    pub before: usize,
    /// Hot calls of the newer profile.
    pub after: usize,
    /// Hot in both, at the same line.
    pub same: usize,
    /// Hot only in the newer profile, heaviest first.
    pub entering: Vec<Change>,
    /// Hot only in the older profile, heaviest first.
    pub leaving: Vec<Change>,
    /// Hot in both, but at another line of the caller: the code around the call changed.
    pub moved: Vec<Moved>,
    /// Percent of weight that calls entering, leaving and moved have, of the profile in which they are hot.
    pub changed_percent: f64,
}

/// A call that is hot in one of the profiles.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Change {
    /// The calling function.
    pub caller: String,
    /// The called function.
    pub callee: String,
    /// Line of the call, counted from the caller's declaration.
    pub offset: i64,
    /// Percent of the older profile's weight; 0 where the call is not in it.
    pub before_percent: f64,
    /// Percent of the newer profile's weight; 0 where the call is not in it.
    pub after_percent: f64,
}

/// A hot call at another line than before.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Moved {
    /// The call in the newer profile.
    pub call: Change,
    /// Its line in the older profile, counted from the caller's declaration.
    before_offset: i64,
}

type Call<'a> = (&'a str, &'a str, i64);

/// Compares the hot calls of two profiles, up to `percent` of the weight of each.
pub fn diff(before: &Edges, after: &Edges, percent: f64) -> Diff {
    let old = Side::new(before, percent);
    let new = Side::new(after, percent);
    let only = |here: &Side<'_>, there: &Side<'_>| -> Vec<Change> {
        let hot = here.hot.iter();
        let hot = hot.filter(|edge| !there.is_hot.contains(&call(edge)));
        hot.map(|edge| change(call(edge), &old, &new)).collect()
    };
    let mut entering = only(&new, &old);
    let mut leaving = only(&old, &new);
    let moved = pair(&mut entering, &mut leaving);
    let of_moved = moved.iter().map(|moved| moved.call.after_percent);
    let changed = sum(&entering, |change| change.after_percent)
        + sum(&leaving, |change| change.before_percent)
        + of_moved.sum::<f64>();
    Diff {
        before: old.hot.len(),
        after: new.hot.len(),
        same: new.hot.len() - entering.len() - moved.len(),
        entering,
        leaving,
        moved,
        // A sum of nothing is -0.
        changed_percent: changed + 0.0,
    }
}

impl Diff {
    /// The two profiles have the same hot calls: Go's compiler decides alike on them.
    pub fn is_empty(&self) -> bool {
        self.entering.is_empty() && self.leaving.is_empty() && self.moved.is_empty()
    }
}

struct Side<'a> {
    hot: &'a [Edge],
    is_hot: HashSet<Call<'a>>,
    weights: HashMap<Call<'a>, i64>,
    total: f64,
}

impl<'a> Side<'a> {
    fn new(edges: &'a Edges, percent: f64) -> Self {
        let hot = edges.hot(percent);
        Self {
            hot,
            is_hot: hot.iter().map(call).collect(),
            weights: edges
                .edges
                .iter()
                .map(|edge| (call(edge), edge.weight))
                .collect(),
            total: edges.total as f64,
        }
    }

    fn percent(&self, call: &Call<'_>) -> f64 {
        let weight = self.weights.get(call);
        weight.map_or(0.0, |weight| *weight as f64 / self.total * 100.0)
    }
}

fn call(edge: &Edge) -> Call<'_> {
    (&edge.caller, &edge.callee, edge.offset)
}

fn change(call: Call<'_>, old: &Side<'_>, new: &Side<'_>) -> Change {
    Change {
        caller: call.0.into(),
        callee: call.1.into(),
        offset: call.2,
        before_percent: old.percent(&call),
        after_percent: new.percent(&call),
    }
}

fn sum(changes: &[Change], percent: impl Fn(&Change) -> f64) -> f64 {
    changes.iter().map(percent).sum()
}

/// Takes out calls between the same functions that leave at one line and enter at another, heaviest with heaviest.
fn pair(entering: &mut Vec<Change>, leaving: &mut Vec<Change>) -> Vec<Moved> {
    let mut gone: HashMap<(String, String), Vec<usize>> = HashMap::new();
    for (at, it) in leaving.iter().enumerate().rev() {
        let key = (it.caller.clone(), it.callee.clone());
        gone.entry(key).or_default().push(at);
    }
    let mut taken = HashSet::new();
    let mut moved = Vec::new();
    entering.retain(|change| {
        let key = (change.caller.clone(), change.callee.clone());
        let Some(at) = gone.get_mut(&key).and_then(Vec::pop) else {
            return true;
        };
        taken.insert(at);
        moved.push(Moved {
            call: Change {
                before_percent: leaving[at].before_percent,
                ..change.clone()
            },
            before_offset: leaving[at].offset,
        });
        false
    });
    let mut at = 0..;
    leaving.retain(|_| at.next().is_some_and(|it| !taken.contains(&it)));
    moved
}

impl Diff {
    /// Text to review: one line for each call, `+` entering, `-` leaving, `~` moved; of each sort the `top` heaviest.
    pub fn text(&self, top: usize) -> String {
        let heading = format!(
            "hot calls: {} before, {} after, {} the same; {:.1} % of the weight changed\n",
            self.before, self.after, self.same, self.changed_percent
        );
        let after: fn(&Change) -> f64 = |change| change.after_percent;
        let before: fn(&Change) -> f64 = |change| change.before_percent;
        let calls: Vec<Change> = self.moved.iter().map(|moved| moved.call.clone()).collect();
        let lines =
            |sign, list: &[Change]| list.iter().map(|change| line(sign, change, None)).collect();
        let of_moved = self.moved.iter();
        let of_moved = of_moved.map(|moved| line('~', &moved.call, Some(moved.before_offset)));
        let (entering, leaving) = (&self.entering, &self.leaving);
        [
            heading,
            group(
                ("entering", "newer"),
                (entering, after),
                lines('+', entering),
                top,
            ),
            group(
                ("leaving", "older"),
                (leaving, before),
                lines('-', leaving),
                top,
            ),
            group(
                ("moved to another line", "newer"),
                (&calls, after),
                of_moved.collect(),
                top,
            ),
        ]
        .concat()
    }
}

/// The calls of one sort, `of` the newer or the older profile; nothing where there are none.
fn group(
    (what, of): (&str, &str),
    (list, percent): (&[Change], fn(&Change) -> f64),
    lines: Vec<String>,
    top: usize,
) -> String {
    if lines.is_empty() {
        return String::new();
    }
    let (count, whole) = (list.len(), sum(list, percent));
    let mut text = format!("{what}: {count}, {whole:.1} % of the {of} profile\n");
    lines.iter().take(top).for_each(|line| text.push_str(line));
    if lines.len() > top {
        let of_rest = list.get(top..).map_or(0.0, |list| sum(list, percent));
        let rest = lines.len() - top;
        text.push_str(&format!("  and {rest} more, {of_rest:.1} %\n"));
    }
    text
}

fn line(sign: char, it: &Change, before: Option<i64>) -> String {
    let was = before.map_or(String::new(), |before| format!(", was {before:+}"));
    format!(
        "{sign} {:6.2}% -> {:6.2}%  {} -> {} (line {:+}{was})\n",
        it.before_percent, it.after_percent, it.caller, it.callee, it.offset
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edges(calls: &[(&str, &str, i64, i64)]) -> Edges {
        let edges = calls.iter().map(|(caller, callee, offset, weight)| Edge {
            caller: (*caller).into(),
            callee: (*callee).into(),
            offset: *offset,
            weight: *weight,
        });
        Edges {
            edges: edges.collect(),
            total: calls.iter().map(|it| it.3).sum(),
            start_lines: true,
            weighted: true,
            placed: 0,
        }
    }

    #[test]
    fn entering_leaving_and_moved_calls_are_told_apart() {
        let before = edges(&[
            ("m.a", "m.b", 3, 60),
            ("m.a", "m.c", 5, 30),
            ("m.d", "m.e", 1, 10),
        ]);
        let after = edges(&[
            ("m.a", "m.b", 4, 50),
            ("m.a", "m.c", 5, 30),
            ("m.x", "m.y", 2, 20),
        ]);
        insta::assert_snapshot!(diff(&before, &after, HOT_PERCENT).text(9), @"
        hot calls: 3 before, 3 after, 1 the same; 80.0 % of the weight changed
        entering: 1, 20.0 % of the newer profile
        +   0.00% ->  20.00%  m.x -> m.y (line +2)
        leaving: 1, 10.0 % of the older profile
        -  10.00% ->   0.00%  m.d -> m.e (line +1)
        moved to another line: 1, 50.0 % of the newer profile
        ~  60.00% ->  50.00%  m.a -> m.b (line +4, was +3)
        ");
        insta::assert_snapshot!(diff(&before, &after, HOT_PERCENT).text(0), @"
        hot calls: 3 before, 3 after, 1 the same; 80.0 % of the weight changed
        entering: 1, 20.0 % of the newer profile
          and 1 more, 20.0 %
        leaving: 1, 10.0 % of the older profile
          and 1 more, 10.0 %
        moved to another line: 1, 50.0 % of the newer profile
          and 1 more, 50.0 %
        ");
        let none = diff(&before, &before, HOT_PERCENT);
        assert!(none.is_empty() && none.same == 3 && none.changed_percent == 0.0);
    }

    #[test]
    fn the_call_that_passes_the_threshold_is_hot_and_the_next_is_not() {
        let all = edges(&[
            ("a.a", "a.b", 1, 98),
            ("a.a", "a.c", 1, 1),
            ("a.a", "a.d", 1, 1),
        ]);
        assert_eq!(all.hot(97.0).len(), 1);
        assert_eq!(all.hot(98.0).len(), 2);
        assert_eq!(all.hot(99.0).len(), 3);
        assert_eq!(all.hot(100.0).len(), 3);
        assert!(Edges::default().hot(99.0).is_empty());
    }
}

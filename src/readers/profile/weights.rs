//! Computes how much of a CPU profile is spent in each function.
//!
//! The time of the runtime belongs to who called it: an allocation is paid for by the function that allocates. So a
//! sample counts for its innermost frame outside the runtime, inlined frames included.

use std::collections::HashMap;

use super::Profile;
use super::symbol_parts::{Name, parts};

/// Weight by function. Closures count for the declaration around them, instances for their generic function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weights {
    /// Sum of all samples.
    pub(crate) total: i64,
    /// By import path, `main` for a main package, and `T.M` or `F`.
    functions: HashMap<(String, String), i64>,
    packages: HashMap<String, i64>,
    /// Of [`WATCHED`]: the samples on whose stack it stands.
    below: HashMap<&'static str, i64>,
}

/// Functions whose cost is that of what they call, too: those that became slower in a version of Go.
pub const WATCHED: [&str; 2] = ["encoding/json.Unmarshal", "encoding/json.Marshal"];

/// Weighs every function with one of the profile's values.
pub fn weights(profile: &Profile, value: usize) -> Weights {
    let mut weights = Weights::default();
    let mut owners: HashMap<Vec<u8>, Option<(String, String)>> = HashMap::new();
    for sample in &profile.raw().sample {
        let weight = sample.value.get(value).copied().unwrap_or_default();
        weights.total = weights.total.saturating_add(weight);
        let mut below = [false; WATCHED.len()];
        for frame in profile.frames(sample) {
            for (function, is_below) in WATCHED.iter().zip(&mut below) {
                *is_below |= frame.name == function.as_bytes();
            }
        }
        let found = WATCHED.iter().zip(below).filter(|(_, is_below)| *is_below);
        found.for_each(|(function, _)| add(&mut weights.below, function, weight));
        let owner = profile.frames(sample).find_map(|frame| {
            if let Some(known) = owners.get(frame.name) {
                return known.clone();
            }
            let owner = owner(&frame.name());
            owners.insert(frame.name.to_vec(), owner.clone());
            owner
        });
        if let Some((package, function)) = owner {
            add(&mut weights.packages, &package, weight);
            add(&mut weights.functions, &(package, function), weight);
        }
    }
    weights
}

/// A profile may hold any number.
fn add<K: Clone + Eq + std::hash::Hash>(weights: &mut HashMap<K, i64>, key: &K, weight: i64) {
    let sum = weights.entry(key.clone()).or_default();
    *sum = sum.saturating_add(weight);
}

/// The function that a frame counts for; `None` for the runtime and for what has no package.
fn owner(name: &str) -> Option<(String, String)> {
    let Name {
        package,
        receiver,
        function,
        ..
    } = parts(name);
    let is_runtime = package == "runtime"
        || package.starts_with("runtime/internal/")
        || package.starts_with("internal/runtime/");
    if package.is_empty() || is_runtime {
        return None;
    }
    let function = match receiver {
        "" => function.to_owned(),
        receiver => format!("{receiver}.{function}"),
    };
    Some((package.replace("%2e", "."), function))
}

impl Weights {
    /// Percent of the profile in a function such as `(*Box).Get`; a main package is `main`.
    pub fn function(&self, package: &str, function: &str) -> f64 {
        let bare = function.replace("(*", "").replace(')', "");
        let weight = self.functions.get(&(package.to_owned(), bare));
        self.percent(weight)
    }

    /// Percent of the profile in a package.
    pub fn package(&self, package: &str) -> f64 {
        self.percent(self.packages.get(package))
    }

    /// Percent of the profile in one of [`WATCHED`] and what it calls.
    pub fn below(&self, function: &str) -> f64 {
        self.percent(self.below.get(function))
    }

    fn percent(&self, weight: Option<&i64>) -> f64 {
        match (weight, self.total) {
            (Some(weight), total) if total > 0 => *weight as f64 * 100.0 / total as f64,
            _ => 0.0,
        }
    }

    /// Adds another profile.
    pub fn add(&mut self, other: &Self) {
        self.total = self.total.saturating_add(other.total);
        for (key, weight) in &other.functions {
            add(&mut self.functions, key, *weight);
        }
        for (key, weight) in &other.packages {
            add(&mut self.packages, key, *weight);
        }
        for (key, weight) in &other.below {
            add(&mut self.below, key, *weight);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_end_at_the_largest_number() {
        let mut one = HashMap::from([("p", i64::MAX)]);
        add(&mut one, &"p", i64::MAX);
        assert_eq!(one["p"], i64::MAX);
    }

    #[test]
    fn a_frame_counts_for_its_declaration() {
        let shown = |name| match owner(name) {
            Some((package, function)) => format!("{package} {function}"),
            None => "nobody".to_owned(),
        };
        let names = [
            "ex.com/m/lib.(*Box[go.shape.int]).Get.func1",
            "main.main",
            "gopkg.in/yaml%2ev3.(*Decoder).Decode",
            "runtime.mallocgc",
            "internal/runtime/maps.(*Map).getWithKey",
            "aeshashbody",
            "slices.SortFunc[go.shape.[]int].func1",
        ];
        insta::assert_snapshot!(names.map(shown).join("\n"), @"
        ex.com/m/lib Box.Get
        main main
        gopkg.in/yaml.v3 Decoder.Decode
        nobody
        nobody
        nobody
        slices SortFunc
        ");
    }
}

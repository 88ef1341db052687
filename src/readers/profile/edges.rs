//! Collects the calls that Go's compiler sees in a CPU profile: caller, callee, line offset of the call, weight.
//!
//! That is all the compiler reads of a profile, so two profiles with equal edges give equal binaries. Of every stack
//! only the two innermost locations count, each with its inlined calls. Source: `NewGraph` in
//! `internal/profile/graph.go` and `FromPProf` in `cmd/internal/pgo/pprof.go`, the same rule from Go 1.21 to 1.27.

use std::collections::HashMap;
use std::fmt::Write;

use serde::Serialize;

use super::{Profile, proto};

/// One call as the compiler sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edge {
    /// Linker symbol name of the calling function.
    pub caller: String,
    /// Linker symbol name of the called function.
    pub callee: String,
    /// Line of the call, counted from the line of the caller's declaration.
    pub offset: i64,
    /// Samples (or nanoseconds) in the callee under this call.
    pub weight: i64,
}

/// The compiler's view of a profile.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Edges {
    /// Heaviest first, then by name: the order in which Go writes and reads them.
    pub edges: Vec<Edge>,
    /// Sum of the weights.
    pub total: i64,
    /// Some function has a start line; without any, Go refuses the profile.
    pub(crate) start_lines: bool,
    /// Some frame has weight.
    pub(crate) weighted: bool,
    /// Weight of the calls whose line and the first line of whose caller are known: the compiler places no other.
    pub(crate) placed: i64,
}

/// The calls in a profile, weighed with `value` (see [`Profile::pgo_value_index`]).
pub fn edges(profile: &Profile, value: usize) -> Edges {
    let mut graph = Graph::new(profile);
    for sample in &profile.raw().sample {
        graph.add(profile, sample, value);
    }
    graph.into_edges()
}

impl Edges {
    /// The text that `go tool preprofile` writes for the same profile (Go 1.23 and later).
    pub fn preprofile(&self) -> String {
        let mut text = String::from("GO PREPROFILE V1\n");
        for it in &self.edges {
            // Writing to a String cannot fail.
            let _ = writeln!(
                text,
                "{}\n{}\n{} {}",
                it.caller, it.callee, it.offset, it.weight
            );
        }
        text
    }

    /// The edges that the compiler treats as hot: the heaviest up to this percentage of the weight, and the one that
    /// passes it (Go's default is 99, `-d=pgoinlinecdfthreshold`).
    pub fn hot(&self, percent: f64) -> &[Edge] {
        let mut sum = 0i64;
        let passes = self.edges.iter().position(|edge| {
            sum = sum.wrapping_add(edge.weight);
            sum as f64 / self.total as f64 * 100.0 > percent
        });
        match passes {
            Some(last) => &self.edges[..=last],
            None => &self.edges,
        }
    }
}

/// A place in the code; Go tells places apart by address, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Node<'a> {
    name: &'a [u8],
    address: u64,
    start_line: i64,
    line: i64,
}

#[derive(Default)]
struct Call {
    weight: i64,
    seen: u64,
}

/// Weights of places and of calls between them.
struct Graph<'a> {
    nodes: Vec<Node<'a>>,
    flat: Vec<i64>,
    cum: Vec<i64>,
    /// Nodes of each location, innermost first.
    locations: Vec<Vec<usize>>,
    calls: HashMap<(usize, usize), Call>,
    /// In which sample a node was last seen: it counts once in each, and so does a call.
    seen: Vec<u64>,
    sample: u64,
}

impl<'a> Graph<'a> {
    fn new(profile: &'a Profile) -> Self {
        let mut positions = HashMap::new();
        let mut nodes = Vec::new();
        let mut locations = Vec::new();
        for location in &profile.raw().location {
            let of_location = nodes_of(profile, location).map(|node| {
                *positions.entry(node).or_insert_with(|| {
                    nodes.push(node);
                    nodes.len() - 1
                })
            });
            locations.push(of_location.collect());
        }
        Self {
            flat: vec![0; nodes.len()],
            cum: vec![0; nodes.len()],
            seen: vec![0; nodes.len()],
            nodes,
            locations,
            calls: HashMap::new(),
            sample: 0,
        }
    }

    fn add(&mut self, profile: &Profile, sample: &proto::Sample, value: usize) {
        let weight = sample.value.get(value).copied().unwrap_or(0);
        if weight == 0 {
            return;
        }
        self.sample += 1;
        let mut parent = None;
        for id in sample.location_id.iter().take(2).rev() {
            let Some(location) = profile.locations.get(*id) else {
                continue;
            };
            for at in (0..self.locations[location].len()).rev() {
                let node = self.locations[location][at];
                self.enter(parent, node, weight);
                parent = Some(node);
            }
        }
        if let Some(leaf) = parent {
            self.flat[leaf] = self.flat[leaf].wrapping_add(weight);
        }
    }

    fn enter(&mut self, parent: Option<usize>, node: usize, weight: i64) {
        if self.seen[node] != self.sample {
            self.seen[node] = self.sample;
            self.cum[node] = self.cum[node].wrapping_add(weight);
        }
        let Some(parent) = parent.filter(|parent| *parent != node) else {
            return;
        };
        let call = self.calls.entry((parent, node)).or_default();
        if call.seen != self.sample {
            call.seen = self.sample;
            call.weight = call.weight.wrapping_add(weight);
        }
    }

    /// Forgets addresses: calls between the same functions at the same line become one edge.
    fn into_edges(self) -> Edges {
        let kept = |node: usize| self.flat[node] != 0 || self.cum[node] != 0;
        let mut weights: HashMap<(&[u8], &[u8], i64), i64> = HashMap::new();
        let (mut total, mut placed) = (0i64, 0i64);
        for ((from, to), call) in &self.calls {
            if !kept(*from) {
                continue;
            }
            let caller = &self.nodes[*from];
            let offset = caller.line.wrapping_sub(caller.start_line);
            let edge = (caller.name, self.nodes[*to].name, offset);
            let sum = weights.entry(edge).or_default();
            *sum = sum.wrapping_add(call.weight);
            total = total.wrapping_add(call.weight);
            if caller.line != 0 && caller.start_line != 0 {
                placed = placed.wrapping_add(call.weight);
            }
        }
        let mut nodes = (0..self.nodes.len()).filter(|node| kept(*node));
        let weighted = nodes.clone().next().is_some();
        let start_lines = nodes.any(|node| self.nodes[node].start_line != 0);
        Edges {
            edges: match total {
                0 => Vec::new(),
                _ => sorted(weights),
            },
            total,
            start_lines,
            weighted,
            placed,
        }
    }
}

fn sorted(weights: HashMap<(&[u8], &[u8], i64), i64>) -> Vec<Edge> {
    let mut edges: Vec<_> = weights.into_iter().collect();
    edges.sort_unstable_by(|(a, x), (b, y)| y.cmp(x).then_with(|| a.cmp(b)));
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    edges
        .into_iter()
        .map(|((caller, callee, offset), weight)| Edge {
            caller: text(caller),
            callee: text(callee),
            offset,
            weight,
        })
        .collect()
}

/// A location without lines is a place too, known by its address alone; so is a line without a function.
fn nodes_of<'a>(
    profile: &'a Profile,
    location: &proto::Location,
) -> impl Iterator<Item = Node<'a>> {
    let bare = location.line.is_empty().then(proto::Line::default);
    let lines: Vec<_> = location.line.iter().copied().chain(bare).collect();
    let address = location.address;
    lines.into_iter().map(move |line| {
        let function = profile.function(line.function_id);
        Node {
            name: function.map_or(&[], |function| profile.bytes(function.name)),
            address,
            start_line: function.map_or(0, |function| function.start_line),
            line: function.map_or(0, |_| line.line),
        }
    })
}

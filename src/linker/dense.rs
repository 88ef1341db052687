//! What an elimination kept, renumbered: only this is looked at when it is asked what would go.

use super::nodes::{Edge, Kind, Method, Nodes};
use super::reach::Reached;
use super::resolve::Global;

/// Marks what has no number.
const NONE: u32 = u32::MAX;

/// The symbols that are kept, by a number of their own.
#[derive(Debug)]
pub(super) struct Dense {
    pub(crate) nodes: Nodes,
    /// The symbol of each number; the first is none.
    pub(crate) globals: Vec<Global>,
    /// The number of each symbol; 0 where it is not kept.
    numbers: Vec<u32>,
}

impl Dense {
    pub(crate) fn new(all: &Nodes, reached: &Reached) -> Self {
        let mut globals = vec![0];
        let mut numbers = vec![0; all.spans.len()];
        for (global, number) in numbers.iter_mut().enumerate().skip(1) {
            if reached.reached[global] {
                *number = globals.len() as u32;
                globals.push(global as Global);
            }
        }
        let number = |global: Global| numbers.get(global as usize).copied().unwrap_or_default();
        let several = |of: &[Global]| {
            of.iter()
                .map(|at| number(*at))
                .filter(|at| *at != 0)
                .collect()
        };
        let method = |method: &Method| Method {
            parts: method.parts.map(number),
            ..*method
        };
        let mut nodes = Nodes {
            marks: globals.iter().map(|at| all.marks[*at as usize]).collect(),
            methods: all.methods.iter().map(method).collect(),
            in_interface: several(&all.in_interface),
            roots: several(&all.roots),
            made: several(&all.made),
            reflecting: several(&all.reflecting),
            ..Nodes::default()
        };
        for global in &globals {
            let start = nodes.edges.len() as u32;
            let kept = all.edges(*global).iter().filter_map(|edge| {
                let to = match edge.kind {
                    Kind::Signature | Kind::Named | Kind::Method => edge.to,
                    _ => Some(number(edge.to)).filter(|at| *at != 0)?,
                };
                Some(Edge { to, ..*edge })
            });
            nodes.edges.extend(kept);
            nodes.spans.push((start, nodes.edges.len() as u32));
        }
        Self {
            nodes,
            globals,
            numbers,
        }
    }

    /// The number of a symbol, where it is kept.
    pub(crate) fn number(&self, global: Global) -> Option<u32> {
        let found = self.numbers.get(global as usize).copied().unwrap_or(NONE);
        (found != NONE && found != 0).then_some(found)
    }
}

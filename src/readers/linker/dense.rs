//! What an elimination kept, renumbered: only this is looked at when it is asked what would go.

use super::nodes::{Edge, Kind, Method, Nodes};
use super::reach::Reached;
use super::resolve::Global;

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
        let mut dense = Self::numbered(&reached.reached);
        let number = |global: Global| dense.number(global).unwrap_or_default();
        let several = |of: &[Global]| {
            let numbers = of.iter().map(|at| number(*at));
            numbers.filter(|at| *at != 0).collect()
        };
        let method = |method: &Method| Method {
            parts: method.parts.map(number),
            ..*method
        };
        let mark = |global: &Global| all.marks[*global as usize];
        dense.nodes = Nodes {
            marks: dense.globals.iter().map(mark).collect(),
            methods: all.methods.iter().map(method).collect(),
            in_interface: several(&all.in_interface),
            roots: several(&all.roots),
            made: several(&all.made),
            reflecting: several(&all.reflecting),
            ..Nodes::default()
        };
        dense.add_edges(all);
        dense
    }

    /// Numbers what is kept; nobody leads to anybody yet.
    fn numbered(reached: &[bool]) -> Self {
        let mut globals = vec![0];
        let mut numbers = vec![0; reached.len()];
        for (global, number) in numbers.iter_mut().enumerate().skip(1) {
            if reached[global] {
                *number = globals.len() as u32;
                globals.push(global as Global);
            }
        }
        Self {
            nodes: Nodes::default(),
            globals,
            numbers,
        }
    }

    /// Adds the edges between what is kept.
    fn add_edges(&mut self, all: &Nodes) {
        let mut edges = Vec::new();
        let mut spans = Vec::with_capacity(self.globals.len());
        for global in &self.globals {
            let start = edges.len() as u32;
            edges.extend(all.edges(*global).iter().filter_map(|edge| {
                let to = match edge.kind {
                    Kind::Signature | Kind::Named | Kind::Method => edge.to,
                    _ => self.number(edge.to)?,
                };
                Some(Edge { to, ..*edge })
            }));
            spans.push((start, edges.len() as u32));
        }
        self.nodes.edges = edges;
        self.nodes.spans = spans;
    }

    /// The number of a symbol, where it is kept.
    pub(crate) fn number(&self, global: Global) -> Option<u32> {
        let number = self.numbers.get(global as usize).copied();
        number.filter(|number| *number != 0)
    }
}

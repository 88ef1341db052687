//! Dead-code elimination: from the roots, what is needed (`cmd/link/internal/ld/deadcode.go`).

use super::nodes::{Edge, Kind, NOT_READ, Nodes, Reader, mark};

/// What to leave out of an elimination.
#[derive(Debug, Clone, Default)]
pub(super) struct Without {
    /// Symbols that count as not there, by index.
    pub(crate) nodes: Vec<bool>,
    /// Steps that count as not there: from, to.
    pub(crate) edges: Vec<(u32, u32)>,
    /// Functions whose calls of methods by unknown names do not count.
    pub(crate) unmarked: Vec<u32>,
}

/// What an elimination found.
#[derive(Debug, Default)]
pub(super) struct Reached {
    /// By symbol.
    pub(crate) reached: Vec<bool>,
    /// Types that become interfaces.
    pub(crate) in_interface: Vec<bool>,
    /// Whether every exported method of a type that becomes an interface is kept.
    pub(crate) reflection: bool,
    /// Signatures that are called.
    pub(crate) signatures: Vec<bool>,
    /// Names that are called.
    pub(crate) names: Vec<bool>,
    /// Methods that are kept.
    pub(crate) methods: Vec<bool>,
}

/// The state of a run.
struct Run<'w, S> {
    source: S,
    without: &'w Without,
    found: Reached,
    queue: Vec<u32>,
    /// Where steps begin that count as not there.
    shorn: Vec<u32>,
    /// Methods of types that become interfaces, by type, and not kept so far.
    markable: Vec<(u32, u32)>,
}

fn set(bits: &mut Vec<bool>, at: u32) {
    let at = at as usize;
    if bits.len() <= at {
        bits.resize(at + 1, false);
    }
    bits[at] = true;
}

fn has(bits: &[bool], at: u32) -> bool {
    bits.get(at as usize).copied().unwrap_or_default()
}

/// Where nodes come from.
trait Source {
    fn nodes(&self) -> &Nodes;
    /// Makes sure that the edges of a node are there.
    fn read(&mut self, node: u32);
}

/// Nodes that are read when they are reached.
struct Reading<'n, 'r, 's, 'a> {
    nodes: &'n mut Nodes,
    reader: &'r mut Reader<'s, 'a>,
}

impl Source for Reading<'_, '_, '_, '_> {
    fn nodes(&self) -> &Nodes {
        self.nodes
    }

    fn read(&mut self, node: u32) {
        if self.nodes.spans[node as usize] == NOT_READ {
            self.reader.read(node, self.nodes);
        }
    }
}

impl Source for &Nodes {
    fn nodes(&self) -> &Nodes {
        self
    }

    fn read(&mut self, _: u32) {}
}

/// Runs the elimination, and reads what it reaches.
pub(super) fn eliminate_reading(nodes: &mut Nodes, reader: &mut Reader<'_, '_>) -> Reached {
    run(Reading { nodes, reader }, &Without::default())
}

/// Runs the elimination over what was read before.
pub(super) fn eliminate(nodes: &Nodes, without: &Without) -> Reached {
    run(nodes, without)
}

fn run<S: Source>(source: S, without: &Without) -> Reached {
    let roots = source.nodes().roots.clone();
    let mut run = Run::new(source, without);
    for root in roots {
        run.mark(root);
    }
    loop {
        run.flood();
        run.keep_methods();
        if run.queue.is_empty() {
            return run.found;
        }
    }
}

impl<'w, S: Source> Run<'w, S> {
    /// Before the first root.
    fn new(source: S, without: &'w Without) -> Self {
        let nodes = source.nodes();
        let count = nodes.spans.len();
        let mut found = Reached {
            reached: vec![false; count],
            in_interface: vec![false; count],
            ..Reached::default()
        };
        for node in &nodes.in_interface {
            found.in_interface[*node as usize] = true;
        }
        for node in &nodes.made {
            found.reached[*node as usize] = true;
        }
        let mut shorn: Vec<u32> = without.edges.iter().map(|(from, _)| *from).collect();
        shorn.sort_unstable();
        shorn.dedup();
        Self {
            source,
            without,
            found,
            queue: Vec::new(),
            shorn,
            markable: Vec::new(),
        }
    }

    fn mark(&mut self, node: u32) {
        if !self.found.reached[node as usize] && !has(&self.without.nodes, node) {
            self.found.reached[node as usize] = true;
            self.queue.push(node);
        }
    }

    /// A type becomes an interface: it is looked at again if it was looked at before.
    fn convert(&mut self, node: u32) -> bool {
        let first = !std::mem::replace(&mut self.found.in_interface[node as usize], true);
        let again = first && self.found.reached[node as usize];
        if again {
            self.queue.push(node);
        }
        again
    }

    fn flood(&mut self) {
        while let Some(node) = self.queue.pop() {
            self.source.read(node);
            let marks = self.source.nodes().marks[node as usize];
            let reflects = marks & mark::REFLECT != 0 && !self.without.unmarked.contains(&node);
            self.found.reflection |= reflects;
            let used = marks & mark::TYPE != 0 && self.found.in_interface[node as usize];
            let (start, end) = self.source.nodes().spans[node as usize];
            for at in start..end {
                let edge = self.source.nodes().edges[at as usize];
                self.follow(node, edge, used);
            }
        }
    }

    fn follow(&mut self, node: u32, edge: Edge, used: bool) {
        match edge.kind {
            Kind::Method if used => {
                self.markable.push((node, edge.to));
                let kind = self.source.nodes().methods[edge.to as usize].parts[0];
                self.convert(kind);
            }
            Kind::Method => {}
            Kind::Interface => {
                self.convert(edge.to);
            }
            Kind::Signature => set(&mut self.found.signatures, edge.to),
            Kind::Named => set(&mut self.found.names, edge.to),
            Kind::Component if used => {
                if self.allowed(node, edge.to) && !self.convert(edge.to) {
                    self.mark(edge.to);
                }
            }
            _ => {
                if self.allowed(node, edge.to) {
                    self.mark(edge.to);
                }
            }
        }
    }

    fn allowed(&self, from: u32, to: u32) -> bool {
        // Few symbols lose a step, and they may lose many.
        !self.shorn.contains(&from) || !self.without.edges.contains(&(from, to))
    }

    fn keep_methods(&mut self) {
        let mut named = self.source.nodes().reflecting.iter();
        self.found.reflection |= named.any(|node| {
            self.found.reached[*node as usize] && !self.without.unmarked.contains(node)
        });
        let mut rest = Vec::new();
        for (node, index) in std::mem::take(&mut self.markable) {
            let method = self.source.nodes().methods[index as usize];
            let called = has(&self.found.signatures, method.signature)
                || has(&self.found.names, method.name);
            if called || (self.found.reflection && method.exported) {
                set(&mut self.found.methods, index);
                for part in method.parts {
                    if part != 0 && self.allowed(node, part) {
                        self.mark(part);
                    }
                }
            } else {
                rest.push((node, index));
            }
        }
        self.markable = rest;
    }
}

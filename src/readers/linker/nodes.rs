//! Symbols and what they need, as the linker's dead-code elimination sees it: each symbol is read once, when it is reached.

use rustc_hash::FxHashMap;

use super::constants::{Constants, Meaning, WEAK};
use super::object::{Relocation, auxiliary, flag};
use super::resolve::{Global, Symbols};

/// How one symbol leads to another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    /// Calls it.
    Call,
    /// Holds its address.
    Address,
    /// A type that holds a type.
    Component,
    /// Data of the function: line tables, stack maps.
    Auxiliary,
    /// Converts the type to an interface: marks it, needs nothing.
    Interface,
    /// Calls the method of an interface; the target is a signature.
    Signature,
    /// Calls methods of this name; the target is a name.
    Named,
    /// Has the method, by its index in [`Nodes::methods`].
    Method,
}

/// All of them, in order.
pub(super) const KINDS: [Kind; 8] = [
    Kind::Call,
    Kind::Address,
    Kind::Component,
    Kind::Auxiliary,
    Kind::Interface,
    Kind::Signature,
    Kind::Named,
    Kind::Method,
];

/// One step from a symbol; `to` is a symbol, or what [`Kind`] says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Edge {
    pub(crate) to: u32,
    pub(crate) kind: Kind,
    /// Which relocation of the symbol it is, the first of several; [`NO_PLACE`] where that is not known.
    pub(crate) at: u16,
}

/// Stands for a relocation that is none, or has too high a number.
pub(super) const NO_PLACE: u16 = u16::MAX;

impl Edge {
    fn new(to: u32, kind: Kind) -> Self {
        Self {
            to,
            kind,
            at: NO_PLACE,
        }
    }
}

/// A method of a type.
#[derive(Debug, Clone, Copy)]
pub(super) struct Method {
    /// The type of the function, the entry for interfaces, and the direct entry.
    pub(crate) parts: [u32; 3],
    /// Its name, by index.
    pub(crate) name: u32,
    /// Name and type, by index.
    pub(crate) signature: u32,
    /// Whether reflection can find it.
    pub(crate) exported: bool,
}

/// What dead-code elimination asks of a symbol itself.
pub(super) mod mark {
    /// A type.
    pub(crate) const TYPE: u8 = 1;
    /// Calls methods by names that are not known.
    pub(crate) const REFLECT: u8 = 2;
}

/// The symbols of a program by index, each with the span of its edges.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// First edge and the one behind the last; `NOT_READ` where nobody reached the symbol.
    pub(crate) spans: Vec<(u32, u32)>,
    pub(crate) edges: Vec<Edge>,
    pub(crate) marks: Vec<u8>,
    pub(crate) methods: Vec<Method>,
    /// Types that an object says are used in interfaces.
    pub(crate) in_interface: Vec<u32>,
    pub(crate) roots: Vec<u32>,
    /// Symbols that the linker keeps without asking what they need.
    pub(crate) made: Vec<u32>,
    /// Symbols that turn reflection on when they are reached: Go 1.21 knows them by name.
    pub(crate) reflecting: Vec<u32>,
}

/// The span of a symbol that was not read.
pub(super) const NOT_READ: (u32, u32) = (u32::MAX, u32::MAX);

impl Nodes {
    /// What a symbol needs.
    pub(crate) fn edges(&self, node: u32) -> &[Edge] {
        let (start, end) = self.spans[node as usize];
        self.edges
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }
}

/// Reads symbols when they are reached.
pub(super) struct Reader<'s, 'a> {
    pub(crate) symbols: &'s Symbols<'a>,
    pub(crate) constants: &'s Constants,
    pub(crate) pointer: i32,
    /// Edges that the linker adds.
    pub(crate) added: FxHashMap<Global, Vec<Global>>,
    names: FxHashMap<&'a [u8], u32>,
    signatures: FxHashMap<(u32, Global), u32>,
    /// Calls of initializers of maps, which do not keep them.
    pub(crate) map_inits: Vec<Global>,
    /// The last edge to each symbol.
    last: Vec<u32>,
}

/// What the flags of a symbol say to dead-code elimination.
fn marks(flags: u16) -> u8 {
    let marks = [
        (flag::GO_TYPE, mark::TYPE),
        (flag::REFLECT_METHOD, mark::REFLECT),
    ];
    let set = marks.iter().filter(|(flag, _)| flags & flag != 0);
    set.fold(0, |all, (_, mark)| all | mark)
}

impl<'s, 'a> Reader<'s, 'a> {
    pub(crate) fn new(symbols: &'s Symbols<'a>, constants: &'s Constants, pointer: i32) -> Self {
        Self {
            symbols,
            constants,
            pointer,
            added: FxHashMap::default(),
            names: FxHashMap::default(),
            signatures: FxHashMap::default(),
            map_inits: Vec::new(),
            last: vec![u32::MAX; symbols.len()],
        }
    }

    /// Adds the edges of a symbol.
    pub(crate) fn read(&mut self, node: Global, nodes: &mut Nodes) {
        let start = nodes.edges.len();
        if let Some((object, local)) = self.symbols.home(node) {
            self.relocations(node, (object, local), nodes);
            let of = self.symbols.objects[object as usize];
            let auxiliaries = of.auxiliaries(local);
            for aux in auxiliaries.filter(|aux| aux.kind != auxiliary::GO_TYPE) {
                let to = self.symbols.resolve(object, aux.target);
                nodes.edges.push(Edge::new(to, Kind::Auxiliary));
            }
        }
        let added = self.added.get(&node).into_iter().flatten();
        nodes
            .edges
            .extend(added.map(|to| Edge::new(*to, Kind::Address)));
        let kept = self.distinct(start, nodes);
        nodes.edges.truncate(kept);
        nodes.spans[node as usize] = (start as u32, kept as u32);
    }

    fn relocations(&mut self, node: Global, (object, local): (u32, u32), nodes: &mut Nodes) {
        let symbols = self.symbols;
        let of = symbols.objects[object as usize];
        let flags = of.symbol(local).map_or(0, |symbol| symbol.flags);
        let is_type = flags & flag::GO_TYPE != 0;
        nodes.marks[node as usize] |= marks(flags);
        let inits = flags & flag::PACKAGE_INIT != 0;
        let relocations = of.relocations(local);
        let mut rest = relocations.clone().zip(0_usize..);
        while let Some((relocation, at)) = rest.next() {
            let meaning = self.constants.meaning(relocation.number & !WEAK);
            if relocation.number & WEAK != 0 {
                if inits && meaning == Meaning::Call {
                    let target = symbols.resolve(object, relocation.target);
                    self.map_inits.push(target);
                }
                continue;
            }
            if meaning == Meaning::Method {
                let others = [rest.next(), rest.next()].map(|next| next.map(|(next, _)| next));
                if let Some(method) = self.method(object, relocation, others, relocations.clone()) {
                    let index = nodes.methods.len() as u32;
                    nodes.edges.push(Edge::new(index, Kind::Method));
                    nodes.methods.push(method);
                }
                continue;
            }
            let target = symbols.resolve(object, relocation.target);
            let edge = self.edge(meaning, relocation, target, is_type);
            nodes.edges.extend(edge.map(|edge| Edge {
                at: u16::try_from(at).unwrap_or(NO_PLACE),
                ..edge
            }));
        }
    }

    /// Moves the edges from `start` together, each once and those to nothing left out. Returns where they end.
    fn distinct(&mut self, start: usize, nodes: &mut Nodes) -> usize {
        let mut kept = start;
        for at in start..nodes.edges.len() {
            let edge = nodes.edges[at];
            if !matches!(edge.kind, Kind::Signature | Kind::Named | Kind::Method) {
                if edge.to == 0 {
                    continue;
                }
                let last = &mut self.last[edge.to as usize];
                let known = nodes.edges[..kept].get(*last as usize);
                let same = |known: &Edge| known.to == edge.to && known.kind == edge.kind;
                if *last as usize >= start && known.is_some_and(same) {
                    continue;
                }
                *last = kept as u32;
            }
            nodes.edges[kept] = edge;
            kept += 1;
        }
        kept
    }

    fn edge(
        &mut self,
        meaning: Meaning,
        relocation: Relocation,
        target: Global,
        is_type: bool,
    ) -> Option<Edge> {
        let flags = |global| self.symbols.symbol(global).map_or(0, |symbol| symbol.flags);
        let (to, kind) = match meaning {
            Meaning::Call => (target, Kind::Call),
            Meaning::Use if is_type && flags(target) & flag::GO_TYPE != 0 => {
                (target, Kind::Component)
            }
            Meaning::Use | Meaning::Method => (target, Kind::Address),
            Meaning::Debug | Meaning::Order => return None,
            Meaning::Interface if flags(target) & flag::ITAB != 0 => {
                (self.at(target, self.pointer), Kind::Interface)
            }
            Meaning::Interface => (target, Kind::Interface),
            Meaning::InterfaceMethod => {
                let signature = self.interface_method(target, relocation.add as i32);
                (signature, Kind::Signature)
            }
            Meaning::NamedMethod => (self.name(self.symbols.data(target)), Kind::Named),
        };
        Some(Edge::new(to, kind))
    }

    /// The signature of a method of an interface, by the place of its entry in the type.
    fn interface_method(&mut self, interface: Global, offset: i32) -> u32 {
        let name = self.method_name(self.at(interface, offset));
        let kind = self.at(interface, offset.saturating_add(4));
        self.signature(name, kind)
    }

    /// Three relocations in a row are a method; the place of its name is four bytes before the first.
    fn method(
        &mut self,
        object: u32,
        first: Relocation,
        others: [Option<Relocation>; 2],
        mut all: impl Iterator<Item = Relocation>,
    ) -> Option<Method> {
        let [second, third] = others;
        let targets = [first.target, second?.target, third?.target];
        let parts = targets.map(|target| self.symbols.resolve(object, target));
        let at = first.offset.checked_sub(4)?;
        let name = all.find(|relocation| relocation.offset == at)?;
        let bytes = self.method_name(self.symbols.resolve(object, name.target));
        let first = std::str::from_utf8(bytes)
            .ok()
            .and_then(|name| name.chars().next());
        Some(Method {
            parts,
            name: self.name(bytes),
            signature: self.signature(bytes, parts[0]),
            exported: first.is_some_and(char::is_uppercase),
        })
    }

    /// What the pointer at an offset of a symbol means.
    fn at(&self, global: Global, offset: i32) -> Global {
        let found = self.symbols.home(global).and_then(|(object, local)| {
            let mut all = self.symbols.objects[object as usize].relocations(local);
            let found = all.find(|relocation| relocation.offset == offset)?;
            Some(self.symbols.resolve(object, found.target))
        });
        found.unwrap_or_default()
    }

    /// The name in `type:.namedata.`: a byte of flags, a length, the text.
    fn method_name(&self, global: Global) -> &'a [u8] {
        let data = self.symbols.data(global);
        let (mut length, mut shift, mut at) = (0_usize, 0, 1);
        while let Some(byte) = data.get(at) {
            at += 1;
            length |= usize::from(byte & 0x7f) << shift;
            shift += 7;
            if byte & 0x80 == 0 || shift > 28 {
                break;
            }
        }
        data.get(at..at.saturating_add(length)).unwrap_or_default()
    }

    fn name(&mut self, name: &'a [u8]) -> u32 {
        let next = self.names.len() as u32;
        *self.names.entry(name).or_insert(next)
    }

    fn signature(&mut self, name: &'a [u8], kind: Global) -> u32 {
        let name = self.name(name);
        let next = self.signatures.len() as u32;
        *self.signatures.entry((name, kind)).or_insert(next)
    }
}

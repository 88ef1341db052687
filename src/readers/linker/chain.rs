//! How a program comes to need a symbol: the shortest chain, and others that share no step with it.

use std::collections::VecDeque;

use super::inline::called_at;
use super::nodes::{Edge, Kind, Method, NO_PLACE, mark};
use super::object::{Object, auxiliary};
use super::percent::unescaped;
use super::program::Program;

/// What a step of a chain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    /// Where a program begins: nothing leads there.
    Start,
    /// A call.
    Call,
    /// The address is taken, or stands in data.
    Address,
    /// Go runs it before `main`.
    Init,
    /// A type that the type before holds, or that the code uses.
    Type,
    /// A method of the type before, called through an interface.
    InterfaceMethod,
    /// A method of the type before, which reflection may call.
    Reflection,
    /// A method of the type before, called by its name alone.
    NamedMethod,
    /// Data of the function.
    Table,
    /// C code may call it.
    Export,
}

impl StepKind {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Start => "start",
            Self::Call => "call",
            Self::Address => "address",
            Self::Init => "init",
            Self::Type => "type",
            Self::InterfaceMethod => "interface method",
            Self::Reflection => "reflection",
            Self::NamedMethod => "method by name",
            Self::Table => "table",
            Self::Export => "export",
        }
    }
}

/// One symbol of a chain, and how the one before leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// The name of the symbol.
    pub symbol: String,
    /// The import path of its package.
    pub package: String,
    /// How the step before leads here.
    pub kind: StepKind,
    /// File and line in the step before, where they are known.
    pub place: Option<(String, u32)>,
}

/// From the start to what was asked for.
pub type Chain = Vec<Step>;

/// Whether a node counts.
pub(super) type Set = Vec<bool>;

impl Program<'_> {
    /// The shortest chain to one of `targets` that avoids `avoided`, as numbers.
    fn path(&self, targets: &Set, avoided: &Set) -> Option<Vec<u32>> {
        let mut found = None;
        let parents = self.search(avoided, |node| {
            found = Some(node).filter(|node| targets[*node as usize]);
            found.is_some()
        });
        Some(self.back(&parents, found?))
    }

    /// Looks at all symbols, the nearest to a start first, until `is_last`. Returns which leads to each, 0 for starts.
    fn search(&self, avoided: &Set, mut is_last: impl FnMut(u32) -> bool) -> Vec<u32> {
        let main = self.table.mains.first().copied();
        let list = Some(self.table.list).filter(|list| *list != 0);
        let starts = [main, list].into_iter().flatten().map(|start| vec![start]);
        let mut parents = vec![0_u32; self.table.len()];
        let mut seen = avoided.clone();
        // What main does comes first, then what runs before it, then the runtime.
        for start in starts.chain([self.nodes.roots.clone()]) {
            let mut queue = VecDeque::new();
            for node in start {
                if !std::mem::replace(&mut seen[node as usize], true) {
                    queue.push_back(node);
                }
            }
            while let Some(node) = queue.pop_front() {
                if is_last(node) {
                    return parents;
                }
                self.each_next(node, |to| {
                    if !std::mem::replace(&mut seen[to as usize], true) {
                        parents[to as usize] = node;
                        queue.push_back(to);
                    }
                });
            }
        }
        parents
    }

    /// The shortest chain to each of several symbols.
    pub fn chains_to_each(&self, nodes: &[u32]) -> Vec<Option<Chain>> {
        let mut met = vec![false; self.table.len()];
        let nothing = vec![false; self.table.len()];
        let mut left = nodes.len();
        let parents = self.search(&nothing, |node| {
            met[node as usize] = true;
            left -= usize::from(nodes.contains(&node));
            left == 0
        });
        let chain = |node: &u32| {
            let is_met = met[*node as usize];
            is_met.then(|| self.steps(&self.back(&parents, *node)))
        };
        nodes.iter().map(chain).collect()
    }

    fn back(&self, parents: &[u32], end: u32) -> Vec<u32> {
        let mut path = vec![end];
        let mut at = end;
        while parents[at as usize] != 0 {
            at = parents[at as usize];
            path.push(at);
        }
        path.reverse();
        path
    }

    /// The symbols that a kept symbol leads to.
    pub(super) fn each_next(&self, node: u32, mut visit: impl FnMut(u32)) {
        for edge in self.nodes.edges(node) {
            match edge.kind {
                Kind::Interface | Kind::Signature | Kind::Named => {}
                Kind::Method => {
                    let kept = self.whole.methods.get(edge.to as usize).copied();
                    if kept.unwrap_or_default() {
                        let parts = self.nodes.methods[edge.to as usize].parts;
                        parts
                            .into_iter()
                            .filter(|part| *part != 0)
                            .for_each(&mut visit);
                    }
                }
                _ => visit(edge.to),
            }
        }
    }

    /// The shortest chain to one of the targets; with `most` above one, further chains that share no symbol with those
    /// before, but for their ends.
    pub(super) fn chains(&self, targets: &Set, most: usize) -> Vec<Chain> {
        let mut avoided = vec![false; self.table.len()];
        let mut found = Vec::new();
        while found.len() < most {
            let Some(path) = self.path(targets, &avoided) else {
                break;
            };
            found.push(self.steps(&path));
            let inner = path.iter().skip(1).filter(|node| !targets[**node as usize]);
            let mut any = false;
            for node in inner {
                avoided[*node as usize] = true;
                any = true;
            }
            if !any {
                break;
            }
        }
        found
    }

    fn steps(&self, path: &[u32]) -> Chain {
        let mut steps: Chain = Vec::new();
        for (at, node) in path.iter().enumerate() {
            let from = at.checked_sub(1).map(|before| path[before]);
            let (kind, place) = match from {
                None => (StepKind::Start, None),
                Some(from) => (self.kind(from, *node), self.place(from, *node)),
            };
            steps.push(Step {
                symbol: self.shown(*node),
                package: self.package(*node).to_owned(),
                kind,
                place,
            });
        }
        steps
    }

    fn kind(&self, from: u32, to: u32) -> StepKind {
        let nodes = &self.nodes;
        let source = self.table.name(from);
        if source.ends_with(b"..inittask") || source.ends_with(b".inittasks") {
            return StepKind::Init;
        }
        if from == self.table.exports {
            return StepKind::Export;
        }
        let mut best = StepKind::Table;
        for edge in nodes.edges(from) {
            let kind = match edge.kind {
                Kind::Method => {
                    let method = nodes.methods[edge.to as usize];
                    if !method.parts.contains(&to) {
                        continue;
                    }
                    self.why_kept(&method)
                }
                Kind::Signature | Kind::Named | Kind::Interface => continue,
                _ if edge.to != to => continue,
                Kind::Call => return StepKind::Call,
                Kind::Component => StepKind::Type,
                Kind::Auxiliary => continue,
                Kind::Address if nodes.marks[to as usize] & mark::TYPE != 0 => StepKind::Type,
                Kind::Address => StepKind::Address,
            };
            best = kind;
        }
        best
    }

    /// What keeps a method of a type that became an interface.
    fn why_kept(&self, method: &Method) -> StepKind {
        let has = |bits: &[bool], at: u32| bits.get(at as usize).copied().unwrap_or_default();
        if has(&self.whole.signatures, method.signature) {
            StepKind::InterfaceMethod
        } else if has(&self.whole.names, method.name) {
            StepKind::NamedMethod
        } else {
            StepKind::Reflection
        }
    }

    /// The name of a symbol as people write it.
    pub(super) fn shown(&self, node: u32) -> String {
        let name = self.table.name(node);
        if name.is_empty() && node == self.table.exports {
            return "(C code)".into();
        }
        if name.is_empty() {
            return "(part of it)".into();
        }
        unescaped(name)
    }

    /// The import path of the package whose object holds a symbol.
    pub(super) fn package(&self, node: u32) -> &str {
        let owner = self.table.owner(node);
        owner.map_or("", |owner| self.table.paths[owner as usize].as_str())
    }

    /// File and line of the first place in a function that names another symbol.
    fn place(&self, from: u32, to: u32) -> Option<(String, u32)> {
        let (object, local) = self.table.home(from)?;
        let names = |edge: &&Edge| match edge.kind {
            Kind::Signature | Kind::Named | Kind::Interface | Kind::Method => false,
            _ => edge.to == to,
        };
        let edge = self.nodes.edges(from).iter().find(names)?;
        if edge.at == NO_PLACE {
            return None;
        }
        self.object(object, |of| {
            place(of, local, usize::from(edge.at), self.quantum)
        })
    }

    /// The symbols whose definition is in a package, by its import path.
    pub(super) fn in_packages(&self, wanted: impl Fn(&str) -> bool) -> Set {
        let libraries: Vec<bool> = self.table.paths.iter().map(|path| wanted(path)).collect();
        let holds = |node: u32| {
            let owner = self.table.owner(node);
            owner.is_some_and(|owner| libraries[owner as usize])
        };
        (0..self.table.len() as u32).map(holds).collect()
    }
}

/// File and line of a relocation in a function, by its number.
fn place(of: &Object<'_>, local: u32, at: usize, quantum: u32) -> Option<(String, u32)> {
    let found = of.relocations(local).nth(at)?;
    let table = |kind: u8| {
        let mut all = of.auxiliaries(local);
        let aux = all.find(|aux| aux.kind == kind)?;
        value_at(of.data(of.local(aux.target)?), found.offset, quantum)
    };
    let inlined = table(auxiliary::PC_INLINE).filter(|index| *index >= 0);
    let (file, line) = match inlined {
        // The place is that of the call in the function itself, not that in what was inlined.
        Some(index) => {
            let mut all = of.auxiliaries(local);
            let info = all.find(|aux| aux.kind == auxiliary::FUNC_INFO)?;
            called_at(of.data(of.local(info.target)?), index)?
        }
        None => {
            let line = u32::try_from(table(auxiliary::PC_LINE)?).ok()?;
            (u32::try_from(table(auxiliary::PC_FILE)?).ok()?, line)
        }
    };
    let file = of.files().nth(file as usize)?;
    let file = file.strip_prefix(b"gofile..").unwrap_or(file);
    Some((String::from_utf8_lossy(file).into_owned(), line))
}

/// The value of a table of deltas at an offset of the code.
fn value_at(table: &[u8], offset: i32, quantum: u32) -> Option<i32> {
    let (mut value, mut pc, mut at) = (-1_i32, 0_u64, 0);
    loop {
        let delta = varint(table, &mut at)?;
        if delta == 0 && pc != 0 {
            return None;
        }
        let signed = (delta >> 1) as i32 ^ -((delta & 1) as i32);
        value = value.wrapping_add(signed);
        pc += u64::from(varint(table, &mut at)?) * u64::from(quantum);
        if u64::try_from(offset).ok()? < pc {
            return Some(value);
        }
    }
}

fn varint(bytes: &[u8], at: &mut usize) -> Option<u32> {
    let (mut value, mut shift) = (0_u32, 0);
    loop {
        let byte = *bytes.get(*at)?;
        *at += 1;
        value |= u32::from(byte & 0x7f).checked_shl(shift)?;
        shift += 7;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
}

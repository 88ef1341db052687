//! A program as bytes, and back: what answers questions without its archives.
//!
//! It is lists of numbers and bytes ([`Out`]), one behind the other. Bytes that hold something else are refused.

use std::path::PathBuf;
use std::sync::OnceLock;

use super::layout::Layout;
use super::nodes::{Edge, KINDS, Kind, Method, Nodes};
use super::number_lists::{In, Out, groups, is_sorted_below};
use super::program::{Behind, Program};
use super::reach::Reached;
use super::table::{Table, Task};
use super::weight::Weights;

impl Program<'_> {
    /// All that questions are answered from. The archives are not in it: what it says of source lines is read there.
    pub fn stored(&self) -> Vec<u8> {
        let mut out = Out::Content(Vec::with_capacity(self.stored_length()));
        self.store(&mut out);
        match out {
            Out::Content(content) => content,
            Out::Length(_) => Vec::new(),
        }
    }

    /// How many bytes [`Program::stored`] has; they are not made for that.
    pub fn stored_length(&self) -> usize {
        let mut out = Out::Length(0);
        self.store(&mut out);
        match out {
            Out::Length(length) => length,
            Out::Content(content) => content.len(),
        }
    }

    fn store(&self, out: &mut Out) {
        self.table.store(out);
        self.nodes.store(out);
        self.weights.store(out);
        self.whole.store(out);
        let layout = &self.layout;
        out.numbers([
            layout.function_align,
            layout.data_align.0,
            layout.data_align.1,
            layout.pointer,
            layout.lists.into(),
            layout.headers_last.into(),
            self.quantum,
            self.external.into(),
        ]);
        let sizes = self.sizes().map(|size| size as u64);
        let long = [layout.page, layout.stamp].into_iter().chain(sizes);
        out.bytes(long.flat_map(u64::to_le_bytes));
    }

    /// A program from what [`Program::stored`] made of it. `file`: the archive of a package, by the name that the linker has
    /// for it. `None` where the bytes hold something else, or an archive is missing.
    pub fn restored(
        bytes: &[u8],
        file: impl Fn(&str) -> Option<PathBuf>,
    ) -> Option<Program<'static>> {
        let mut from = In(bytes);
        let table = Table::restored(&mut from)?;
        let count = table.len();
        let nodes = Nodes::restored(&mut from, count)?;
        let weights = Weights::restored(&mut from, count, table.owners.len())?;
        let whole = Reached::restored(&mut from, count)?;
        let short: [u32; 8] = from.numbers()?.try_into().ok()?;
        let [numbers @ .., quantum, external] = short;
        let [page, stamp, sizes @ ..] = from.long_numbers::<5>()?;
        let files: Option<Vec<_>> = table.paths.iter().map(|path| file(path)).collect();
        let program = Program {
            table,
            nodes,
            weights,
            whole,
            cost: OnceLock::new(),
            layout: layout(numbers, page, stamp),
            quantum,
            external: external != 0,
            behind: Behind::Store(files?),
            sizes: sizes.map(|size| size as usize),
        };
        from.0.is_empty().then_some(program)
    }
}

impl Table {
    fn store(&self, out: &mut Out) {
        out.bytes(self.names.iter().copied());
        out.numbers(self.ends.iter().copied());
        out.numbers(
            self.homes
                .iter()
                .flat_map(|(object, local)| [*object, *local]),
        );
        out.bytes(self.traits.iter().copied());
        out.numbers(self.owners.iter().copied());
        out.bytes(self.paths.join("\n").into_bytes());
        out.numbers(self.mains.iter().copied());
        out.numbers([self.list]);
        let task = |task: &Task| [task.number, task.owner, task.before.0, task.before.1];
        out.numbers(self.tasks.iter().flat_map(task));
        out.numbers(self.before.iter().copied());
        out.numbers([self.exports]);
        out.numbers(self.imports.iter().flatten().copied());
    }

    fn restored(from: &mut In<'_>) -> Option<Self> {
        let names = from.bytes()?.to_vec();
        let ends = from.numbers()?;
        let homes = from.numbers()?;
        let traits = from.bytes()?.to_vec();
        let owners = from.numbers()?;
        let paths = std::str::from_utf8(from.bytes()?).ok()?;
        let paths: Vec<String> = paths.split('\n').map(str::to_owned).collect();
        let count = ends.len();
        let mains = from.below(count)?;
        let list = *from.below(count)?.first()?;
        let tasks = from.numbers()?;
        let tasks: Vec<Task> = groups(&tasks)?.map(task).collect();
        let before = from.below(tasks.len())?;
        let exports = *from.below(count)?.first()?;
        let imports = from.below(paths.len())?;
        let homes = groups(&homes)?.map(|[object, local]| (object, local));
        let table = Self {
            homes: homes.collect(),
            names,
            ends,
            traits,
            owners,
            paths,
            mains,
            list,
            tasks,
            before,
            exports,
            imports: groups(&imports)?.collect(),
        };
        table.is_whole().then_some(table)
    }

    /// Whether what was read fits together.
    fn is_whole(&self) -> bool {
        let count = self.ends.len();
        let mut owners = self.owners.iter();
        let mut tasks = self.tasks.iter();
        count > 0
            && owners.all(|owner| (*owner as usize) < self.paths.len())
            && tasks.all(|task| (task.number as usize) < count)
            && is_sorted_below(&self.ends, self.names.len())
            && self.imports.is_sorted_by_key(|[from, _]| *from)
            && [self.homes.len(), self.traits.len()] == [count; 2]
    }
}

impl Nodes {
    fn store(&self, out: &mut Out) {
        out.numbers(self.spans.iter().map(|(_, end)| *end));
        out.numbers(self.edges.iter().map(|edge| edge.to));
        out.bytes(self.edges.iter().map(|edge| edge.kind as u8));
        out.bytes(self.edges.iter().flat_map(|edge| edge.at.to_le_bytes()));
        out.bytes(self.marks.iter().copied());
        let method = |method: &Method| {
            let [kind, interface, direct] = method.parts;
            let exported = method.exported.into();
            [
                kind,
                interface,
                direct,
                method.name,
                method.signature,
                exported,
            ]
        };
        out.numbers(self.methods.iter().flat_map(method));
        for list in [
            &self.in_interface,
            &self.roots,
            &self.made,
            &self.reflecting,
        ] {
            out.numbers(list.iter().copied());
        }
    }

    fn restored(from: &mut In<'_>, count: usize) -> Option<Self> {
        let ends = from.numbers()?;
        let to = from.numbers()?;
        let kinds = from.bytes()?;
        let (places, _) = from.bytes()?.as_chunks::<2>();
        let marks = from.bytes()?.to_vec();
        let methods = from.numbers()?;
        let methods = groups(&methods)?.map(method);
        let edges = to.iter().zip(kinds).zip(places).map(edge);
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let nodes = Self {
            spans: starts.zip(ends.iter().copied()).collect(),
            edges: edges.collect::<Option<_>>()?,
            marks,
            methods: methods.collect(),
            in_interface: from.below(count)?,
            roots: from.below(count)?,
            made: from.below(count)?,
            reflecting: from.below(count)?,
        };
        let whole = is_sorted_below(&ends, nodes.edges.len())
            && [nodes.spans.len(), nodes.marks.len()] == [count; 2]
            && nodes.edges.len() == to.len();
        (whole && nodes.is_within(count)).then_some(nodes)
    }

    /// Whether each edge leads to something that is there.
    fn is_within(&self, count: usize) -> bool {
        let edge = |edge: &Edge| {
            let limit = match edge.kind {
                Kind::Method => self.methods.len(),
                // They are numbered as they are met: there are not more of them than symbols that lead to them.
                Kind::Signature | Kind::Named => 1 << 28,
                _ => count,
            };
            (edge.to as usize) < limit
        };
        let method = |method: &Method| method.parts.iter().all(|part| (*part as usize) < count);
        self.edges.iter().all(edge) && self.methods.iter().all(method)
    }
}

impl Reached {
    fn store(&self, out: &mut Out) {
        let all = [
            &self.reached,
            &self.in_interface,
            &self.signatures,
            &self.names,
            &self.methods,
        ];
        for bits in all {
            out.bytes(bits.iter().map(|bit| u8::from(*bit)));
        }
        out.bytes([self.reflection.into()]);
    }

    fn restored(from: &mut In<'_>, count: usize) -> Option<Self> {
        let found = Self {
            reached: from.flags()?,
            in_interface: from.flags()?,
            signatures: from.flags()?,
            names: from.flags()?,
            methods: from.flags()?,
            reflection: *from.flags()?.first()?,
        };
        let whole = [found.reached.len(), found.in_interface.len()] == [count; 2];
        whole.then_some(found)
    }
}

/// What the linker does on a platform, from its numbers.
fn layout(numbers: [u32; 6], page: u64, stamp: u64) -> Layout {
    let [function_align, least, most, pointer, lists, headers_last] = numbers;
    Layout {
        function_align,
        data_align: (least, most),
        pointer,
        lists: lists != 0,
        page,
        stamp,
        headers_last: headers_last != 0,
    }
}

/// The work of a package from its numbers.
fn task([number, owner, start, end]: [u32; 4]) -> Task {
    Task {
        number,
        owner,
        before: (start, end),
    }
}

/// A method from its numbers.
fn method([kind, interface, direct, name, signature, exported]: [u32; 6]) -> Method {
    Method {
        parts: [kind, interface, direct],
        name,
        signature,
        exported: exported != 0,
    }
}

/// A step from where it leads, the number of its kind, and its place.
fn edge(((to, kind), at): ((&u32, &u8), &[u8; 2])) -> Option<Edge> {
    Some(Edge {
        to: *to,
        kind: *KINDS.get(usize::from(*kind))?,
        at: u16::from_le_bytes(*at),
    })
}

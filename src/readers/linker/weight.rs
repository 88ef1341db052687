//! What symbols cost in a stripped file: code, data, and the tables that the linker makes of them (`pcln.go`, `data.go`).

mod beside;

mod function_tables;

mod stored;

use super::constants::Constants;
use super::dense::Dense;
use super::layout::{Bytes, Layout};
use super::object::{Symbol, flag};
use super::outside::{Outside, Part};
use super::resolve::Symbols;
use function_tables::From;

/// Where the bytes of a symbol are; within each, symbols are laid out by size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Nowhere: debug information, memory that is zero, what the linker reads only.
    Nowhere,
    Text,
    Types,
    Strings,
    FunctionValues,
    PointerMasks,
    ReadOnly,
    FunctionData,
    Lines,
    PlainData,
    Data,
}

/// The size of a symbol and where it lies.
#[derive(Debug, Clone, Copy)]
struct Weight {
    place: Place,
    size: u32,
    align: u32,
    /// Bytes in the list of types or of itabs.
    listed: u32,
    /// Bytes in the list of init tasks.
    task: u32,
    /// The size with the space in front of it.
    extent: u32,
}

/// What takes no byte of the file.
const NOWHERE: Weight = Weight {
    place: Place::Nowhere,
    size: 0,
    align: 1,
    listed: 0,
    task: 0,
    extent: 0,
};

/// What a function costs in the tables.
#[derive(Debug)]
pub(super) struct Function {
    pub node: u32,
    pub object: u32,
    /// Its entry, and that of each call that was inlined.
    fixed: u32,
    /// Names and files, in [`Weights::shared`].
    shared: (u32, u32),
    /// How many files of its object it needs.
    pub files: u32,
}

/// What each symbol that is kept costs.
#[derive(Debug)]
pub(super) struct Weights {
    weights: Vec<Weight>,
    /// The symbols with bytes in the file, in its order, with their weights: each question adds all of them up.
    order: Vec<(u32, Weight)>,
    functions: Vec<Function>,
    shared: Vec<u32>,
    /// Bytes of each name and file.
    sizes: Vec<u32>,
    objects: usize,
}

fn place(symbol: &Symbol<'_>, constants: &Constants) -> Place {
    let kind = constants
        .kinds
        .get(usize::from(symbol.kind))
        .map_or("", String::as_str);
    let name = symbol.name;
    match kind {
        "STEXT" | "STEXTFIPS" => Place::Text,
        "SNOPTRDATA" | "SNOPTRDATAFIPS" => Place::PlainData,
        "SDATA" | "SDATAFIPS" => Place::Data,
        "SRODATAFIPS" => Place::ReadOnly,
        "SRODATA" if name.starts_with(b"go:string.") => Place::Strings,
        "SRODATA" if name.starts_with(b"runtime.gcbits.") || name.starts_with(b"type:.gcprog.") => {
            Place::PointerMasks
        }
        "SRODATA" if name.ends_with("·f".as_bytes()) => Place::FunctionValues,
        "SRODATA" if name.starts_with(b"type:") => Place::Types,
        "SRODATA" => Place::ReadOnly,
        _ => Place::Nowhere,
    }
}

fn weight(symbol: &Symbol<'_>, place: Place, layout: Layout) -> Weight {
    let size = symbol.size;
    let task = match symbol.name.ends_with(b"..inittask") {
        true => layout.pointer,
        false => 0,
    };
    Weight {
        place,
        // A function takes 16 bytes at least, or the lookup of functions would not find it.
        size: if place == Place::Text {
            size.max(16)
        } else {
            size
        },
        align: align(symbol, place, layout).clamp(1, 1 << 16),
        listed: listed(symbol.flags, layout),
        task,
        extent: size,
    }
}

/// What a symbol begins at a multiple of.
fn align(symbol: &Symbol<'_>, place: Place, layout: Layout) -> u32 {
    match (place, symbol.align) {
        (Place::Text, align) => align.max(layout.function_align),
        (Place::Lines, _) => 1,
        // `symalign` (`cmd/link/internal/ld/data.go`).
        (_, 0) => {
            let (least, mut align) = layout.data_align;
            while align > symbol.size && align > least {
                align >>= 1;
            }
            align
        }
        (_, align) => align.max(layout.data_align.0),
    }
}

/// Bytes of a symbol in the list of types or of itabs.
fn listed(flags: u16, layout: Layout) -> u32 {
    match layout.lists {
        true if flags & flag::TYPELINK != 0 => 4,
        true if flags & flag::ITAB != 0 => layout.pointer,
        _ => 0,
    }
}

impl Weights {
    pub(crate) fn new(
        symbols: &Symbols<'_>,
        constants: &Constants,
        dense: &Dense,
        layout: Layout,
        goroot: usize,
        outside: &Outside,
    ) -> Self {
        let own = |symbol: &Symbol<'_>| weight(symbol, place(symbol, constants), layout);
        let each = dense.globals.iter().map(|global| {
            match (outside.parts.get(global), symbols.symbol(*global)) {
                // A variable of Go that holds the address of an import.
                (Some((Part::Import, _)), Some(symbol)) => own(&symbol),
                (Some((part, _)), _) => beside::foreign(*part, symbols.name(*global), layout),
                (None, Some(symbol)) => own(&symbol),
                (None, None) => NOWHERE,
            }
        });
        let mut found = Self {
            weights: each.collect(),
            order: Vec::new(),
            functions: Vec::new(),
            shared: Vec::new(),
            sizes: Vec::new(),
            objects: symbols.objects.len(),
        };
        found.add_functions(&From {
            symbols,
            dense,
            goroot,
            layout,
            outside,
        });
        found.order();
        found.lay_out();
        found
    }

    /// Puts what has bytes in the file in its order.
    fn order(&mut self) {
        let nodes = 1..self.weights.len() as u32;
        let all = nodes.map(|node| (node, self.weights[node as usize]));
        let mut order: Vec<(u32, Weight)> = all
            .filter(|(_, weight)| weight.place != Place::Nowhere)
            .collect();
        order.sort_by_key(|(_, weight)| {
            // Alignment first where the linker does so; code keeps its order.
            let key = match weight.place {
                Place::FunctionData => u32::MAX - weight.align,
                Place::Text => 0,
                _ => weight.size,
            };
            (weight.place, key)
        });
        self.order = order;
    }

    /// How much of the file each symbol takes where all are kept.
    fn lay_out(&mut self) {
        let mut ends = [0_u64; Place::Data as usize + 1];
        for (node, weight) in &mut self.order {
            let end = &mut ends[weight.place as usize];
            let start = *end;
            *end = start.next_multiple_of(u64::from(weight.align)) + u64::from(weight.size);
            weight.extent = u32::try_from(*end - start).unwrap_or(u32::MAX);
            self.weights[*node as usize] = *weight;
        }
    }

    /// What the symbols cost together.
    pub(crate) fn bytes(&self, kept: &[bool]) -> Bytes {
        let mut places = [0_u64; Place::Data as usize + 1];
        let (mut lists, mut tasks) = (0, 0);
        for (node, weight) in &self.order {
            if kept[*node as usize] {
                let at = &mut places[weight.place as usize];
                *at = at.next_multiple_of(u64::from(weight.align)) + u64::from(weight.size);
                lists += u64::from(weight.listed);
                tasks += u64::from(weight.task);
            }
        }
        let text = places[Place::Text as usize];
        let tables = self.tables(kept) + self.lookup(text);
        let sum = |from: Place, to: Place| places[from as usize..=to as usize].iter().sum::<u64>();
        Bytes {
            text,
            read_only: sum(Place::Types, Place::ReadOnly) + lists,
            tables: tables + sum(Place::FunctionData, Place::Lines),
            data: sum(Place::PlainData, Place::Data) + tasks,
        }
    }

    /// What the functions cost in the tables together: the names and files that they share count once.
    fn tables(&self, kept: &[bool]) -> u64 {
        let mut seen = vec![false; self.sizes.len()];
        let mut files = vec![0; self.objects];
        let mut tables = 0;
        let functions = self.functions.iter();
        for function in functions.filter(|function| kept[function.node as usize]) {
            tables += u64::from(function.fixed);
            let of = &mut files[function.object as usize];
            *of = function.files.max(*of);
            for index in self.shared_of(function) {
                seen[*index as usize] = true;
            }
        }
        let shared = self.sizes.iter().zip(&seen).filter(|(_, seen)| **seen);
        tables += shared.map(|(size, _)| u64::from(*size)).sum::<u64>();
        let files = files.iter().map(|count| 4 * u64::from(*count));
        tables + files.sum::<u64>()
    }

    /// What a symbol costs by itself, without what others share with it.
    pub(crate) fn own(&self, node: u32) -> u64 {
        let weight = self.weights[node as usize];
        match weight.place {
            Place::Nowhere => 0,
            Place::Text => u64::from(weight.size).next_multiple_of(u64::from(weight.align)),
            _ => u64::from(weight.size) + u64::from(weight.listed) + u64::from(weight.task),
        }
    }

    /// The size of a symbol, in bytes.
    pub(crate) fn size(&self, node: u32) -> u64 {
        self.weights[node as usize].size.into()
    }

    /// What it costs with the space in front of it.
    pub fn extent(&self, node: u32) -> u64 {
        let weight = self.weights[node as usize];
        match weight.place {
            Place::Nowhere => 0,
            _ => u64::from(weight.extent) + u64::from(weight.listed) + u64::from(weight.task),
        }
    }

    /// The lookup of functions: 20 bytes for each 4 KiB of code.
    pub fn lookup(&self, text: u64) -> u64 {
        text.div_ceil(4096) * 20
    }

    /// Whether a symbol is code.
    pub fn is_code(&self, node: u32) -> bool {
        self.weights[node as usize].place == Place::Text
    }

    /// What functions cost in the tables.
    pub fn functions(&self) -> &[Function] {
        &self.functions
    }

    /// The names and files that a function shares with others, by number.
    pub fn shared_of(&self, function: &Function) -> &[u32] {
        &self.shared[function.shared.0 as usize..function.shared.1 as usize]
    }

    /// The bytes of each such name and file.
    pub fn shared_sizes(&self) -> &[u32] {
        &self.sizes
    }

    /// Whether a symbol takes bytes in the file.
    pub(crate) fn is_in_file(&self, node: u32) -> bool {
        self.weights[node as usize].place != Place::Nowhere
    }

    /// What the entry of each function costs in the tables, by number.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u32, u64)> {
        self.functions
            .iter()
            .map(|function| (function.node, u64::from(function.fixed)))
    }
}

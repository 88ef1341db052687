//! What symbols cost in a stripped file: code, data, and the tables that the linker makes of them (`pcln.go`, `data.go`).

mod beside;

mod stored;

use rustc_hash::FxHashMap;

use super::constants::Constants;
use super::dense::Dense;
use super::inline::info;
use super::layout::{Bytes, Layout};
use super::object::{Object, Symbol, auxiliary, flag};
use super::outside::{Outside, Part};
use super::resolve::{Global, Symbols};

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
    let align = match (place, symbol.align) {
        (Place::Text, align) => align.max(layout.function_align),
        (Place::Lines, _) => 1,
        // `symalign` (`cmd/link/internal/ld/data.go`).
        (_, 0) => {
            let (least, mut align) = layout.data_align;
            while align > size && align > least {
                align >>= 1;
            }
            align
        }
        (_, align) => align.max(layout.data_align.0),
    };
    let listed = match (layout.lists, symbol.flags) {
        (false, _) => 0,
        (_, flags) if flags & flag::TYPELINK != 0 => 4,
        (_, flags) if flags & flag::ITAB != 0 => layout.pointer,
        _ => 0,
    };
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
        align: align.clamp(1, 1 << 16),
        listed,
        task,
        extent: size,
    }
}

/// Names and files that functions share, while they are numbered.
#[derive(Default)]
struct Shared<'a> {
    names: FxHashMap<Global, u32>,
    files: FxHashMap<&'a [u8], u32>,
    sizes: Vec<u32>,
}

impl<'a> Shared<'a> {
    fn name(&mut self, global: Global, name: &[u8]) -> u32 {
        let next = self.sizes.len() as u32;
        let index = *self.names.entry(global).or_insert(next);
        if index == next {
            self.sizes.push(name.len() as u32 + 1);
        }
        index
    }

    fn file(&mut self, file: &'a [u8], goroot: usize) -> u32 {
        let next = self.sizes.len() as u32;
        let index = *self.files.entry(file).or_insert(next);
        if index == next {
            let bare = file.strip_prefix(b"gofile..").unwrap_or(file);
            let expanded = bare
                .strip_prefix(b"$GOROOT/")
                .map(|rest| rest.len() + goroot + 1);
            self.sizes.push(expanded.unwrap_or(bare.len()) as u32 + 1);
        }
        index
    }
}

/// What functions are weighed by.
struct From<'s, 'a> {
    symbols: &'s Symbols<'a>,
    dense: &'s Dense,
    /// Bytes of the path of the toolchain.
    goroot: usize,
    layout: Layout,
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
        let nowhere = Weight {
            place: Place::Nowhere,
            size: 0,
            align: 1,
            listed: 0,
            task: 0,
            extent: 0,
        };
        let each = dense.globals.iter().map(|global| {
            match (outside.parts.get(global), symbols.symbol(*global)) {
                // A variable of Go that holds the address of an import.
                (Some((Part::Import, _)), Some(symbol)) => {
                    weight(&symbol, place(&symbol, constants), layout)
                }
                (Some((part, _)), _) => beside::foreign(*part, symbols.name(*global), layout),
                (None, Some(symbol)) => weight(&symbol, place(&symbol, constants), layout),
                (None, None) => nowhere,
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
        let from = From {
            symbols,
            dense,
            goroot,
            layout,
        };
        found.add_functions(&from, outside);
        let nodes = 1..found.weights.len() as u32;
        let all = nodes.map(|node| (node, found.weights[node as usize]));
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
        found.order = order;
        found.lay_out();
        found
    }

    /// What each function costs in the tables.
    fn add_functions(&mut self, from: &From<'_, '_>, outside: &Outside) {
        let From {
            symbols,
            dense,
            layout,
            ..
        } = *from;
        let mut shared = Shared::default();
        let mut files: Vec<Option<Vec<&[u8]>>> = vec![None; symbols.objects.len()];
        for node in 1..dense.globals.len() {
            let global = dense.globals[node];
            if let Some((part, object)) = outside.parts.get(&global) {
                if matches!(part, Part::Function(..)) {
                    let name = shared.name(global, symbols.name(global));
                    self.entry(node as u32, *object, name, layout);
                }
                continue;
            }
            let home = symbols.home(global);
            if let Some((object, local)) = home
                && self.weights[node].place == Place::Text
            {
                let of = symbols.objects[object as usize];
                let names = files[object as usize].get_or_insert_with(|| of.files().collect());
                let function = (node as u32, object, local);
                self.function(from, function, names, &mut shared);
            }
        }
        self.sizes = shared.sizes;
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

    fn function<'a>(
        &mut self,
        from: &From<'_, 'a>,
        (node, object, local): (u32, u32, u32),
        names: &[&'a [u8]],
        shared: &mut Shared<'a>,
    ) {
        let From {
            symbols,
            dense,
            goroot,
            layout,
        } = *from;
        let of: &Object<'a> = symbols.objects[object as usize];
        let start = self.shared.len() as u32;
        let (mut pc_data, mut function_data, mut inlined) = (0, 0, 0);
        let mut needed = 0;
        let own = dense.globals[node as usize];
        self.shared.push(shared.name(own, symbols.name(own)));
        for aux in of.auxiliaries(local) {
            let global = symbols.resolve(object, aux.target);
            let number = dense.number(global);
            match aux.kind {
                auxiliary::FUNC_INFO => {
                    let (files, calls) = info(symbols.data(global));
                    inlined = calls.len() as u32;
                    for (file, target) in calls {
                        let target = symbols.resolve(object, target);
                        self.shared.push(shared.name(target, symbols.name(target)));
                        needed = needed.max(file.saturating_add(1));
                        self.shared.extend(
                            names
                                .get(file as usize)
                                .map(|name| shared.file(name, goroot)),
                        );
                    }
                    for file in files {
                        needed = needed.max(file.saturating_add(1));
                        self.shared.extend(
                            names
                                .get(file as usize)
                                .map(|name| shared.file(name, goroot)),
                        );
                    }
                    self.put(number, Place::Nowhere);
                }
                auxiliary::FUNC_DATA => {
                    function_data += 1;
                    self.put(number, Place::FunctionData);
                }
                auxiliary::PC_DATA => {
                    pc_data += 1;
                    self.put(number, Place::Lines);
                }
                auxiliary::PC_SP..=auxiliary::PC_INLINE => self.put(number, Place::Lines),
                auxiliary::GO_TYPE => {}
                _ => self.put(number, Place::Nowhere),
            }
        }
        if inlined > 0 {
            pc_data = pc_data.max(3);
            function_data = function_data.max(4);
        }
        let entry = (44_u32 + 4 * (pc_data + function_data)).next_multiple_of(layout.pointer);
        self.functions.push(Function {
            node,
            object,
            fixed: 8 + entry + 16 * inlined,
            shared: (start, self.shared.len() as u32),
            files: needed.min(names.len() as u32),
        });
    }

    /// A function of which the tables hold nothing but where it is and its name.
    fn entry(&mut self, node: u32, object: u32, name: u32, layout: Layout) {
        let start = self.shared.len() as u32;
        self.shared.push(name);
        self.functions.push(Function {
            node,
            object,
            fixed: 8 + 44_u32.next_multiple_of(layout.pointer),
            shared: (start, start + 1),
            files: 0,
        });
    }

    fn put(&mut self, node: Option<u32>, place: Place) {
        if let Some(node) = node {
            let weight = &mut self.weights[node as usize];
            weight.place = place;
            if place == Place::Lines {
                weight.align = 1;
            }
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
        let mut seen = vec![false; self.sizes.len()];
        let mut files = vec![0; self.objects];
        let mut tables = 0;
        for function in self
            .functions
            .iter()
            .filter(|function| kept[function.node as usize])
        {
            tables += u64::from(function.fixed);
            let of = &mut files[function.object as usize];
            *of = function.files.max(*of);
            for index in &self.shared[function.shared.0 as usize..function.shared.1 as usize] {
                seen[*index as usize] = true;
            }
        }
        let shared = self.sizes.iter().zip(&seen).filter(|(_, seen)| **seen);
        tables += shared.map(|(size, _)| u64::from(*size)).sum::<u64>();
        tables += files.iter().map(|count| 4 * u64::from(*count)).sum::<u64>();
        let text = places[Place::Text as usize];
        tables += self.lookup(text);
        let sum = |from: Place, to: Place| places[from as usize..=to as usize].iter().sum::<u64>();
        Bytes {
            text,
            read_only: sum(Place::Types, Place::ReadOnly) + lists,
            tables: tables + sum(Place::FunctionData, Place::Lines),
            data: sum(Place::PlainData, Place::Data) + tasks,
        }
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

//! What functions cost in the tables of functions and lines (`cmd/link/internal/ld/pcln.go`).

use rustc_hash::FxHashMap;

use super::{Function, Place, Weights};
use crate::linker::dense::Dense;
use crate::linker::inline::info;
use crate::linker::layout::Layout;
use crate::linker::object::{Object, auxiliary};
use crate::linker::outside::{Outside, Part};
use crate::linker::resolve::{Global, Symbols};

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
pub(super) struct From<'s, 'a> {
    pub symbols: &'s Symbols<'a>,
    pub dense: &'s Dense,
    /// Bytes of the path of the toolchain.
    pub goroot: usize,
    pub layout: Layout,
    pub outside: &'s Outside,
}

/// The files of an object that a function of it needs.
struct NeedsFiles<'n, 'a> {
    /// All of the object.
    names: &'n [&'a [u8]],
    /// Bytes of the path of the toolchain.
    goroot: usize,
    /// One more than the greatest that is needed.
    count: u32,
}

impl<'a> NeedsFiles<'_, 'a> {
    /// The number of a file among those that functions share; `None` where the object has no such file.
    fn file(&mut self, file: u32, shared: &mut Shared<'a>) -> Option<u32> {
        self.count = self.count.max(file.saturating_add(1));
        let name = self.names.get(file as usize)?;
        Some(shared.file(name, self.goroot))
    }
}

impl Weights {
    /// What each function costs in the tables.
    pub(super) fn add_functions(&mut self, from: &From<'_, '_>) {
        let symbols = from.symbols;
        let mut shared = Shared::default();
        let mut files: Vec<Option<Vec<&[u8]>>> = vec![None; symbols.objects.len()];
        for node in 1..from.dense.globals.len() {
            let global = from.dense.globals[node];
            if let Some((part, object)) = from.outside.parts.get(&global) {
                if matches!(part, Part::Function(..)) {
                    let name = shared.name(global, symbols.name(global));
                    self.entry(node as u32, *object, name, from.layout);
                }
                continue;
            }
            let home = symbols.home(global);
            if let Some((object, local)) = home
                && self.weights[node].place == Place::Text
            {
                let of = symbols.objects[object as usize];
                let names = files[object as usize].get_or_insert_with(|| of.files().collect());
                let mut needs = NeedsFiles {
                    names,
                    goroot: from.goroot,
                    count: 0,
                };
                self.function(from, (node as u32, object, local), &mut needs, &mut shared);
            }
        }
        self.sizes = shared.sizes;
    }

    fn function<'a>(
        &mut self,
        from: &From<'_, 'a>,
        (node, object, local): (u32, u32, u32),
        files: &mut NeedsFiles<'_, 'a>,
        shared: &mut Shared<'a>,
    ) {
        let symbols = from.symbols;
        let of: &Object<'a> = symbols.objects[object as usize];
        let start = self.shared.len() as u32;
        let (mut pc_data, mut function_data, mut inlined) = (0, 0, 0);
        let own = from.dense.globals[node as usize];
        self.shared.push(shared.name(own, symbols.name(own)));
        for aux in of.auxiliaries(local) {
            let global = symbols.resolve(object, aux.target);
            match aux.kind {
                auxiliary::FUNC_INFO => {
                    inlined = self.info(symbols, (object, global), files, shared);
                }
                auxiliary::FUNC_DATA => function_data += 1,
                auxiliary::PC_DATA => pc_data += 1,
                _ => {}
            }
            if aux.kind != auxiliary::GO_TYPE {
                self.put(from.dense.number(global), place(aux.kind));
            }
        }
        if inlined > 0 {
            pc_data = pc_data.max(3);
            function_data = function_data.max(4);
        }
        let entry = (44_u32 + 4 * (pc_data + function_data)).next_multiple_of(from.layout.pointer);
        self.functions.push(Function {
            node,
            object,
            fixed: 8 + entry + 16 * inlined,
            shared: (start, self.shared.len() as u32),
            files: files.count.min(files.names.len() as u32),
        });
    }

    /// Adds the names and files that a function needs, from what the compiler says of it. Returns how many calls were inlined
    /// into it.
    fn info<'a>(
        &mut self,
        symbols: &Symbols<'a>,
        (object, info_of): (u32, Global),
        needed: &mut NeedsFiles<'_, 'a>,
        shared: &mut Shared<'a>,
    ) -> u32 {
        let (files, calls) = info(symbols.data(info_of));
        let inlined = calls.len() as u32;
        for (file, target) in calls {
            let target = symbols.resolve(object, target);
            self.shared.push(shared.name(target, symbols.name(target)));
            self.shared.extend(needed.file(file, shared));
        }
        for file in files {
            self.shared.extend(needed.file(file, shared));
        }
        inlined
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
}

/// Where the data of a function lies, by its kind.
fn place(kind: u8) -> Place {
    match kind {
        auxiliary::FUNC_DATA => Place::FunctionData,
        auxiliary::PC_DATA | auxiliary::PC_SP..=auxiliary::PC_INLINE => Place::Lines,
        _ => Place::Nowhere,
    }
}

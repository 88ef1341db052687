//! Name, package and place of each symbol that is kept, by its number. Needs no archive.

use rustc_hash::FxHashMap;

use super::archives::{CGO, Library};
use super::constants::{Constants, Meaning, WEAK};
use super::dense::Dense;
use super::object::{Object, STATIC, flag};
use super::outside::{Outside, SHARED};
use super::resolve::{Global, Symbols};

/// Stands for the object of a symbol that none defines.
const NOWHERE: u32 = u32::MAX;

/// The package of the symbol alone defines it: what may repeat stands in other packages too.
const OWN: u8 = 1;
/// It has a name by which others find it.
const NAMED: u8 = 2;

/// The work of a package before `main`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Task {
    /// Its number, 0 where it is not kept.
    pub(crate) number: u32,
    /// The library of it.
    pub(crate) owner: u32,
    /// Where the tasks stand in [`Table::before`] that run before it.
    pub(crate) before: (u32, u32),
}

/// The symbols that are kept; the first is none.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Table {
    /// All names, one after another.
    pub(super) names: Vec<u8>,
    /// Where the name of each symbol ends.
    pub(super) ends: Vec<u32>,
    /// Object and local index of each symbol.
    pub(super) homes: Vec<(u32, u32)>,
    /// Bits of each symbol.
    pub(super) traits: Vec<u8>,
    /// The library of each object.
    pub(super) owners: Vec<u32>,
    /// The import path of each library.
    pub(super) paths: Vec<String>,
    /// `main.main`.
    pub(super) mains: Vec<u32>,
    /// The list of what runs before it; 0 where there is none.
    pub(super) list: u32,
    /// The work before `main`, that of the main package first.
    pub(super) tasks: Vec<Task>,
    /// What tasks wait for, by index.
    pub(super) before: Vec<u32>,
    /// What leads to all that C code may call; 0 where there is none.
    pub(super) exports: u32,
    /// Libraries, each with one that it imports, by the first.
    pub(super) imports: Vec<[u32; 2]>,
}

/// Stands for the index of a symbol that an object of a C compiler defines.
const FOREIGN: u32 = u32::MAX;

impl Table {
    pub(crate) fn new(
        symbols: &Symbols<'_>,
        libraries: &[Library<'_>],
        constants: &Constants,
        dense: &Dense,
        (outside, exports, forced): (&Outside, Option<Global>, bool),
    ) -> Self {
        let mains = [0, 1].map(|version| symbols.lookup(b"main.main", version));
        let number = |global: Option<Global>| global.and_then(|global| dense.number(global));
        let list = symbols.lookup(b"go:main.inittasks", 0);
        let mut table = Self {
            owners: symbols.owners.clone(),
            paths: libraries.iter().map(|of| of.path.to_owned()).collect(),
            mains: mains.into_iter().filter_map(number).collect(),
            exports: number(exports).unwrap_or_default(),
            list: number(list).unwrap_or_default(),
            ..Self::default()
        };
        for global in &dense.globals {
            table.add(symbols, *global, outside);
        }
        table.order(symbols, constants, dense);
        table.import(libraries, forced);
        table
    }

    /// Who imports whom. With `forced` it is as if the runtime imported `runtime/cgo`.
    fn import(&mut self, libraries: &[Library<'_>], forced: bool) {
        let paths = libraries.iter().zip(0_u32..);
        let numbers: FxHashMap<&[u8], u32> = paths
            .map(|(library, number)| (library.path.as_bytes(), number))
            .collect();
        for (library, number) in libraries.iter().zip(0..) {
            let imports = library.objects.iter().flat_map(Object::imports);
            let known = imports.filter_map(|path| numbers.get(path));
            self.imports.extend(known.map(|import| [number, *import]));
            if forced && library.path == "runtime" {
                let cgo = numbers.get(CGO.as_bytes());
                self.imports.extend(cgo.map(|cgo| [number, *cgo]));
            }
        }
    }

    /// The libraries that are loaded without some packages: by number. What only these import is gone with them, whatever was
    /// inlined of it, and so is `runtime/cgo` with the last package that has C code.
    pub(crate) fn loaded(&self, without: &[String]) -> Vec<bool> {
        let there = self.paths.iter().map(|path| !without.contains(path));
        self.loaded_from(self.first_loaded(), &there.collect::<Vec<_>>())
    }

    /// The libraries of a program that does nothing, by number: the runtime, and what it imports.
    pub(crate) fn loaded_by_runtime(&self) -> Vec<bool> {
        self.loaded_from(self.runtime(), &vec![true; self.paths.len()])
    }

    fn loaded_from(&self, first: impl Iterator<Item = u32>, there: &[bool]) -> Vec<bool> {
        let mut loaded = vec![false; there.len()];
        let mut queue: Vec<u32> = first.collect();
        while let Some(library) = queue.pop() {
            let is_new = there[library as usize] && !loaded[library as usize];
            if is_new {
                loaded[library as usize] = true;
                queue.extend(self.imports_of(library));
            }
        }
        loaded
    }

    /// The libraries that are loaded without an import: those of the main package and of the runtime.
    pub(crate) fn first_loaded(&self) -> impl Iterator<Item = u32> {
        let main = (!self.paths.is_empty()).then_some(0);
        main.into_iter().chain(self.runtime())
    }

    fn runtime(&self) -> impl Iterator<Item = u32> {
        let runtime = self.paths.iter().position(|path| path == "runtime");
        runtime.into_iter().map(|at| at as u32)
    }

    /// What a library imports.
    pub(crate) fn imports_of(&self, library: u32) -> impl Iterator<Item = u32> {
        let start = self.imports.partition_point(|[from, _]| *from < library);
        let rest = self.imports[start..].iter();
        let own = rest.take_while(move |[from, _]| *from == library);
        own.map(|[_, to]| *to)
    }

    fn add(&mut self, symbols: &Symbols<'_>, global: Global, outside: &Outside) {
        self.names.extend(symbols.name(global));
        self.ends.push(self.names.len() as u32);
        let home = symbols.home(global);
        let part = outside.parts.get(&global).filter(|_| home.is_none());
        if let Some((_, object)) = part {
            let (home, own) = match *object {
                SHARED => ((NOWHERE, 0), 0),
                object => ((object, FOREIGN), OWN),
            };
            self.homes.push(home);
            self.traits.push(NAMED | own);
            return;
        }
        self.homes.push(home.unwrap_or((NOWHERE, 0)));
        self.traits.push(traits(symbols, global));
    }

    /// Which work before `main` waits for which.
    fn order(&mut self, symbols: &Symbols<'_>, constants: &Constants, dense: &Dense) {
        let mut known: FxHashMap<Global, u32> = FxHashMap::default();
        let mut queue: Vec<Global> = symbols.lookup(b"main..inittask", 0).into_iter().collect();
        known.extend(queue.iter().map(|task| (*task, 0)));
        let mut at = 0;
        while let Some(task) = queue.get(at).copied() {
            at += 1;
            let start = self.before.len() as u32;
            let home = symbols.home(task);
            if let Some((object, local)) = home {
                for relocation in symbols.objects[object as usize].relocations(local) {
                    if constants.meaning(relocation.number & !WEAK) == Meaning::Order {
                        let next = symbols.resolve(object, relocation.target);
                        let number = queue.len() as u32;
                        let index = *known.entry(next).or_insert_with(|| {
                            queue.push(next);
                            number
                        });
                        self.before.push(index);
                    }
                }
            }
            self.tasks.push(Task {
                number: dense.number(task).unwrap_or_default(),
                owner: home.map_or(NOWHERE, |(object, _)| symbols.owners[object as usize]),
                before: (start, self.before.len() as u32),
            });
        }
    }

    /// How many symbols there are, with the one that is none.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name of a symbol; empty for parts of others.
    pub(crate) fn name(&self, node: u32) -> &[u8] {
        let node = node as usize;
        let start = node
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        let end = self.ends[node] as usize;
        self.names.get(start..end).unwrap_or_default()
    }

    /// The object and the local index of a symbol that is defined.
    pub(crate) fn home(&self, node: u32) -> Option<(u32, u32)> {
        let home = self.homes[node as usize];
        (home.0 != NOWHERE).then_some(home)
    }

    /// The library of a symbol that is defined.
    pub(crate) fn owner(&self, node: u32) -> Option<u32> {
        let (object, _) = self.home(node)?;
        self.owners.get(object as usize).copied()
    }

    /// Whether the package of a symbol alone defines it.
    pub(crate) fn is_own(&self, node: u32) -> bool {
        self.traits[node as usize] & OWN != 0
    }

    /// Whether others can find a symbol by its name.
    pub(crate) fn is_named(&self, node: u32) -> bool {
        self.traits[node as usize] & NAMED != 0
    }

    /// What a task waits for, by index.
    pub(crate) fn before(&self, task: &Task) -> &[u32] {
        let (start, end) = task.before;
        self.before
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    /// The path of the library of a task; `None` where no object defines it.
    pub(crate) fn path_of(&self, task: &Task) -> Option<&str> {
        self.paths.get(task.owner as usize).map(String::as_str)
    }
}

/// The bits of a symbol of Go.
fn traits(symbols: &Symbols<'_>, global: Global) -> u8 {
    let home = symbols.home(global).zip(symbols.symbol(global));
    let Some(((object, local), symbol)) = home else {
        return 0;
    };
    if symbol.name.is_empty() || symbol.abi == STATIC {
        return 0;
    }
    let counts = symbols.objects[object as usize].counts;
    // What is known by its content belongs to nobody.
    let hashed = counts.defined..counts.definitions() - counts.named;
    let own = symbol.flags & flag::MAY_REPEAT == 0 && !hashed.contains(&local);
    NAMED | if own { OWN } else { 0 }
}

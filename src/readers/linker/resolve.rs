//! Which definition a reference means: what the loader of the linker decides (`cmd/link/internal/loader`).

mod definitions;

use rustc_hash::FxHashMap;

use super::archives::Library;
use super::constants::Constants;
use super::object::{Object, Reference, STATIC, Symbol, flag, special};
use super::percent::escaped;

/// A symbol of the program; 0 is none.
pub(super) type Global = u32;

/// Marks symbols without a definition in an object.
const EXTERNAL: u32 = u32::MAX;

/// Every symbol of a program, resolved.
#[derive(Debug)]
pub(super) struct Symbols<'a> {
    pub(crate) objects: Vec<&'a Object<'a>>,
    /// The library of each object.
    pub(crate) owners: Vec<u32>,
    /// Object and local index of each symbol.
    homes: Vec<(u32, u32)>,
    /// Names of symbols without a definition, by the second half of their home.
    external: Vec<&'a [u8]>,
    /// The symbol of each local index, per object.
    globals: Vec<Vec<Global>>,
    /// The object of each package index, per object.
    packages: Vec<Vec<u32>>,
    builtins: Vec<Global>,
    /// By name, for ABI0 and ABIInternal.
    names: [FxHashMap<&'a [u8], Global>; 2],
    /// Symbols that an object says are used in interfaces.
    pub(crate) in_interface: Vec<Global>,
    /// Whether functions have ABIInternal beside ABI0.
    two_abis: bool,
    /// The flag of functions that a WebAssembly host may call.
    wasm_export: u16,
    /// Those functions.
    pub(crate) wasm_exports: Vec<Global>,
}

impl<'a> Symbols<'a> {
    /// Resolves what stands in the libraries; `Err` names a library that refers to a package which is not there.
    pub(crate) fn load(
        libraries: &'a [Library<'a>],
        goarch: &str,
        constants: &Constants,
    ) -> Result<Self, String> {
        let mut symbols = Self::of(libraries, goarch, constants);
        symbols.define();
        symbols.name_builtins(constants);
        symbols.refer(libraries)?;
        Ok(symbols)
    }

    /// All objects, with nothing resolved: the first symbol is none.
    fn of(libraries: &'a [Library<'a>], goarch: &str, constants: &Constants) -> Self {
        let objects: Vec<&Object> = libraries
            .iter()
            .flat_map(|library| &library.objects)
            .collect();
        let owners = libraries
            .iter()
            .zip(0..)
            .flat_map(|(library, index)| std::iter::repeat_n(index, library.objects.len()));
        let total: usize = objects
            .iter()
            .map(|object| object.counts.definitions() as usize)
            .sum();
        let globals = objects.iter().map(|object| {
            let all = object.counts.definitions() as usize + object.counts.references as usize;
            vec![0; all]
        });
        let mut names = <[FxHashMap<&[u8], Global>; 2]>::default();
        names[1].reserve(total / 2);
        let mut homes = Vec::with_capacity(total + 1);
        homes.push((EXTERNAL, 0));
        Self {
            globals: globals.collect(),
            owners: owners.collect(),
            homes,
            external: vec![b""],
            packages: Vec::new(),
            builtins: vec![0; constants.builtins.len()],
            names,
            in_interface: Vec::new(),
            two_abis: constants.has_two_abis(goarch),
            wasm_export: constants.wasm_export,
            wasm_exports: Vec::new(),
            objects,
        }
    }

    fn add(&mut self, home: (u32, u32)) -> Global {
        self.homes.push(home);
        (self.homes.len() - 1) as Global
    }

    fn name_builtins(&mut self, constants: &Constants) {
        for (index, (name, abi)) in constants.builtins.iter().enumerate() {
            let abi = (*abi).min(1);
            // Platforms without ABIInternal have the other.
            let named = |abi| self.lookup(name.as_bytes(), abi);
            let found = named(abi).or_else(|| named(1 - abi));
            self.builtins[index] = found.unwrap_or_default();
        }
    }

    fn refer(&mut self, libraries: &'a [Library<'a>]) -> Result<(), String> {
        let mut by_path: FxHashMap<Vec<u8>, u32> = FxHashMap::default();
        for (object, owner) in self.owners.iter().enumerate() {
            let path = escaped(libraries[*owner as usize].path);
            by_path.entry(path).or_insert(object as u32);
        }
        let mut flagged = Vec::new();
        for index in 0..self.objects.len() {
            let object = self.objects[index];
            self.refer_of(index);
            let packages = self.packages_of(index, libraries, &by_path)?;
            self.packages.push(packages);
            let used = object
                .ref_flags()
                .filter(|(_, flags)| flags & flag::USED_IN_INTERFACE != 0);
            flagged.extend(used.map(|(reference, _)| (index as u32, reference)));
        }
        for (object, reference) in flagged {
            let global = self.resolve(object, reference);
            self.in_interface.push(global);
        }
        Ok(())
    }

    /// Resolves what an object refers to by name.
    fn refer_of(&mut self, index: usize) {
        let object = self.objects[index];
        let first = object.counts.definitions();
        for local in first..first + object.counts.references {
            let Some(symbol) = object.symbol(local) else {
                continue;
            };
            let global = match symbol.abi {
                STATIC => self.add_external(symbol.name),
                _ => self.lookup_or_add(symbol.name, self.version(&symbol)),
            };
            self.globals[index][local as usize] = global;
            if symbol.flags & flag::USED_IN_INTERFACE != 0 {
                self.in_interface.push(global);
            }
        }
    }

    /// The object of each package that an object refers to by index.
    fn packages_of(
        &self,
        index: usize,
        libraries: &[Library<'_>],
        by_path: &FxHashMap<Vec<u8>, u32>,
    ) -> Result<Vec<u32>, String> {
        let found = self.objects[index].packages().skip(1).map(|path| {
            by_path.get(path).copied().ok_or_else(|| {
                let library = libraries[self.owners[index] as usize].path;
                let path = String::from_utf8_lossy(path);
                format!("package `{library}` refers to `{path}`, which is not there")
            })
        });
        std::iter::once(Ok(u32::MAX)).chain(found).collect()
    }

    /// A symbol that no Go object defines, and that nobody finds by its name.
    pub(crate) fn add_external(&mut self, name: &'a [u8]) -> Global {
        self.external.push(name);
        self.add((EXTERNAL, (self.external.len() - 1) as u32))
    }

    /// Which table of names a symbol is in: data and ABI0 in the first.
    fn version(&self, symbol: &Symbol<'_>) -> usize {
        self.version_of(symbol.abi)
    }

    /// Which table of names an ABI that a directive names is in.
    pub(crate) fn version_of(&self, abi: u16) -> usize {
        usize::from(abi == 1 && self.two_abis)
    }

    /// The first object of a library; that of the main package where it has none.
    pub(crate) fn first_object(&self, library: u32) -> u32 {
        let found = self.owners.iter().position(|owner| *owner == library);
        found.unwrap_or_default() as u32
    }

    /// A symbol by name; where there is none, one without a definition.
    pub(crate) fn lookup_or_add(&mut self, name: &'a [u8], version: usize) -> Global {
        if let Some(global) = self.lookup(name, version) {
            return global;
        }
        let global = self.add_external(name);
        self.names[version].insert(name, global);
        global
    }

    /// A symbol by name, in ABI0 (0) or ABIInternal (1).
    pub(crate) fn lookup(&self, name: &[u8], version: usize) -> Option<Global> {
        self.names[version].get(name).copied()
    }

    /// How many symbols there are, with the one that is none.
    pub(crate) fn len(&self) -> usize {
        self.homes.len()
    }

    /// What a reference in an object means; 0 where that is nothing.
    pub(crate) fn resolve(&self, object: u32, reference: Reference) -> Global {
        let index = reference.index;
        let counts = self.objects[object as usize].counts;
        let (object, local) = match reference.package {
            0 => return 0,
            special::BUILTIN => {
                let builtin = self.builtins.get(index as usize);
                return builtin.copied().unwrap_or_default();
            }
            special::OWN => (object, Some(index)),
            special::HASHED64 => (object, index.checked_add(counts.defined)),
            special::HASHED => (object, index.checked_add(counts.defined + counts.hashed64)),
            special::NAMED => (
                object,
                index.checked_add(counts.definitions() - counts.named),
            ),
            package => {
                let of = self.packages.get(object as usize);
                let found = of.and_then(|of| of.get(package as usize)).copied();
                (found.unwrap_or(EXTERNAL), Some(index))
            }
        };
        let found = self.globals.get(object as usize).zip(local);
        let global = found.and_then(|(of, local)| of.get(local as usize));
        global.copied().unwrap_or_default()
    }

    /// The object and the local index of a symbol that is defined.
    pub(crate) fn home(&self, global: Global) -> Option<(u32, u32)> {
        let home = *self.homes.get(global as usize)?;
        (home.0 != EXTERNAL).then_some(home)
    }

    /// The definition of a symbol.
    pub(crate) fn symbol(&self, global: Global) -> Option<Symbol<'a>> {
        let (object, local) = self.home(global)?;
        self.objects[object as usize].symbol(local)
    }

    /// The name of a symbol; empty for parts of others.
    pub(crate) fn name(&self, global: Global) -> &'a [u8] {
        match self.homes.get(global as usize) {
            Some((EXTERNAL, index)) => self
                .external
                .get(*index as usize)
                .copied()
                .unwrap_or_default(),
            _ => self.symbol(global).map_or(&[], |symbol| symbol.name),
        }
    }

    /// The content of a symbol.
    pub(crate) fn data(&self, global: Global) -> &'a [u8] {
        match self.home(global) {
            Some((object, local)) => self.objects[object as usize].data(local),
            None => &[],
        }
    }
}

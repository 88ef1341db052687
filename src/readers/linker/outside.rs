//! What C code brings into a program: its own symbols, what it may call, and what shared libraries define.
//!
//! Go's own linker keeps all of a section of an object, or nothing; the linker of the system gets all objects, and what it
//! makes of them is not known here.

use rustc_hash::{FxHashMap, FxHashSet};

use super::archives::Library;
use super::foreign::{Content, Foreign, Scope, Symbol as ForeignSymbol};
use super::resolve::{Global, Symbols};

/// What a symbol of C code is.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// A section: content, size and alignment.
    Section(Content, u32, u32),
    /// A function, with an entry in the tables: a part of a section, or a section without parts.
    Function(u32, u32),
    /// Any other part of a section.
    Other,
    /// A shared library defines it.
    Import,
}

/// Stands for the object of an import that several packages have: it is there as long as one of them is.
pub(super) const SHARED: u32 = u32::MAX;

/// What stands beside the symbols of Go.
#[derive(Debug, Default)]
pub(super) struct Outside {
    /// By symbol: what it is, and the first Go object of its package, or [`SHARED`].
    pub(crate) parts: FxHashMap<Global, (Part, u32)>,
    /// Steps from and to symbols of C code.
    pub(crate) steps: FxHashMap<Global, Vec<Global>>,
    /// What C code may call.
    pub(crate) exports: Vec<Global>,
}

/// The search for symbols by name.
#[derive(Default)]
struct Names<'a> {
    /// Go functions that C code calls by their names.
    exported: FxHashMap<&'a [u8], Global>,
    /// Symbols for which the linker finds a place itself.
    common: FxHashSet<Global>,
    /// What is in the list of what C code may call.
    listed: FxHashSet<Global>,
}

impl<'a> Names<'a> {
    /// What a symbol of an object is in the program, one that is no section; 0 for nothing.
    fn global(&self, symbol: &ForeignSymbol<'a>, symbols: &mut Symbols<'a>) -> Global {
        match symbol.scope {
            Scope::Nobody | Scope::Section => 0,
            Scope::Object => symbols.add_external(symbol.name),
            Scope::Program => match self.exported.get(symbol.name) {
                Some(global) => *global,
                None => symbols.lookup_or_add(symbol.name, 0),
            },
        }
    }
}

impl Outside {
    /// Adds the symbols of C code, in the order in which the linker does. `foreign`: the objects of each library; none where
    /// the linker of the system links them. `Err`: what is not covered.
    pub(crate) fn join<'a>(
        libraries: &'a [Library<'a>],
        foreign: &'a [Vec<Foreign<'a>>],
        symbols: &mut Symbols<'a>,
        external: bool,
    ) -> Result<Self, String> {
        let mut outside = Self::default();
        let mut names = Names::default();
        let owners: Vec<u32> = (0..libraries.len())
            .map(|library| symbols.first_object(library as u32))
            .collect();
        for (library, owner) in libraries.iter().zip(&owners) {
            outside.direct(library, *owner, symbols, external, &mut names);
        }
        for (objects, owner) in foreign.iter().zip(&owners) {
            for object in objects {
                outside.object(object, *owner, symbols, &mut names);
            }
        }
        match outside.undefined(symbols, &names) {
            Some(name) => Err(format!(
                "C code needs `{}`, which no package and no shared library defines: it comes from the C compiler",
                String::from_utf8_lossy(name)
            )),
            None => Ok(outside),
        }
    }

    /// Adds the steps to those of the linker. Returns what leads to all that C code may call.
    pub(crate) fn add_steps(
        &self,
        symbols: &mut Symbols<'_>,
        added: &mut FxHashMap<Global, Vec<Global>>,
    ) -> Option<Global> {
        added.extend(self.steps.iter().map(|(from, to)| (*from, to.clone())));
        if self.exports.is_empty() {
            return None;
        }
        let root = symbols.add_external(b"");
        added.insert(root, self.exports.clone());
        Some(root)
    }

    fn direct<'a>(
        &mut self,
        library: &'a Library<'a>,
        owner: u32,
        symbols: &mut Symbols<'a>,
        external: bool,
        names: &mut Names<'a>,
    ) {
        for export in &library.directives.exports {
            let name = export.name.as_bytes();
            let version = symbols.version_of(export.abi);
            let global = symbols.lookup_or_add(name, version);
            if !export.dynamic {
                names.exported.insert(name, global);
            }
            // Each linker has a list of its own of what others may call.
            if export.dynamic != external && names.listed.insert(global) {
                self.exports.push(global);
            }
        }
        if !external {
            self.import(library, owner, symbols);
        }
    }

    /// What a library takes from shared libraries.
    fn import<'a>(&mut self, library: &'a Library<'a>, owner: u32, symbols: &mut Symbols<'a>) {
        for name in &library.directives.imports {
            let global = symbols.lookup_or_add(name.as_bytes(), 0);
            let (_, first) = self.parts.entry(global).or_insert((Part::Import, owner));
            if *first != owner {
                *first = SHARED;
            }
        }
    }

    fn object<'a>(
        &mut self,
        object: &'a Foreign<'a>,
        owner: u32,
        symbols: &mut Symbols<'a>,
        names: &mut Names<'a>,
    ) {
        let sections: Vec<Global> = object
            .sections
            .iter()
            .map(|section| symbols.add_external(&section.name))
            .collect();
        let at = |section: Option<u32>| section.and_then(|at| sections.get(at as usize)).copied();
        let mut globals = Vec::with_capacity(object.symbols.len());
        let mut has_parts = vec![false; sections.len()];
        for symbol in object.symbols.iter() {
            let global = match symbol.scope {
                Scope::Section => at(symbol.section).unwrap_or_default(),
                _ => names.global(symbol, symbols),
            };
            globals.push(global);
            if symbol.common {
                names.common.insert(global);
            }
            let inside = symbol.section.zip(at(symbol.section));
            let Some((place, section)) =
                inside.filter(|_| global != 0 && symbol.scope != Scope::Section)
            else {
                continue;
            };
            let part = match object.sections[place as usize].content {
                Content::Code => Part::Function(0, 1),
                _ => Part::Other,
            };
            if self.add_part(global, (part, owner), section) {
                has_parts[place as usize] = true;
            }
        }
        for ((section, global), has_parts) in object.sections.iter().zip(&sections).zip(has_parts) {
            let part = match section.content {
                Content::Code if !has_parts => Part::Function(section.size, section.align),
                content => Part::Section(content, section.size, section.align),
            };
            self.parts.insert(*global, (part, owner));
            let targets = section.targets.iter();
            let targets = targets.filter_map(|target| globals.get(*target as usize));
            let steps = self.steps.entry(*global).or_default();
            steps.extend(targets.filter(|target| **target != 0));
        }
    }

    /// Adds a symbol that is a part of a section, each of which keeps the other. Whether it counts: of weak symbols the first
    /// does; an import is not needed where an object defines it.
    fn add_part(&mut self, global: Global, part: (Part, u32), section: Global) -> bool {
        let known = self.parts.get(&global);
        let counts = known.is_none_or(|(part, _)| matches!(part, Part::Import));
        if counts {
            self.parts.insert(global, part);
            self.steps.entry(global).or_default().push(section);
            self.steps.entry(section).or_default().push(global);
        }
        counts
    }

    /// A symbol that C code needs and nothing defines.
    fn undefined<'a>(&self, symbols: &Symbols<'a>, names: &Names<'a>) -> Option<&'a [u8]> {
        let mut targets: Vec<Global> = self.steps.values().flatten().copied().collect();
        targets.sort_unstable();
        targets.dedup();
        let unknown = |target: &Global| {
            let known = symbols.home(*target).is_some()
                || self.parts.contains_key(target)
                || names.common.contains(target);
            !known && symbols.name(*target) != b".got"
        };
        targets
            .into_iter()
            .find(unknown)
            .map(|target| symbols.name(target))
    }
}

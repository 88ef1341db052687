//! What people name: packages, functions, types, calls.

use rustc_hash::FxHashSet;

use super::chain::{Chain, Set};
use super::inline::inlined;
use super::object::auxiliary;
use super::percent::unescaped;
use super::program::Program;
use super::removal::Removal;
use super::resolve::Symbols;

/// What a name means in a program.
#[derive(Debug, Clone)]
pub struct Meaning {
    /// What it is: `package`, `symbol` or `call`.
    pub kind: &'static str,
    /// Symbols that it stands for.
    nodes: Vec<u32>,
    /// Where the steps begin, of a call.
    from: Vec<u32>,
    /// How it is left out.
    pub removal: Removal,
}

impl Program<'_> {
    /// The import paths of all packages, in the order in which they are loaded.
    pub fn packages(&self) -> impl Iterator<Item = &str> {
        self.table.paths.iter().map(String::as_str)
    }

    /// The packages for which `wanted` holds, those without anything that is kept left out.
    pub fn packages_where(&self, wanted: impl Fn(&str) -> bool) -> Option<Meaning> {
        let packages: Vec<String> = self
            .packages()
            .filter(|path| wanted(path))
            .map(str::to_owned)
            .collect();
        let set = self.in_packages(|path| packages.iter().any(|wanted| wanted == path));
        let holds =
            |node: &u32| set[*node as usize] && self.is_content(*node) && self.is_own(*node);
        let nodes: Vec<u32> = (1..set.len() as u32).filter(holds).collect();
        (!packages.is_empty()).then(|| Meaning {
            kind: "package",
            nodes,
            from: Vec::new(),
            removal: Removal::of_packages(packages),
        })
    }

    /// Whether a symbol is code or data that its own package defines.
    fn is_content(&self, node: u32) -> bool {
        self.weights.is_in_file(node) && self.table.is_named(node)
    }

    /// A function, a method, a variable or a type: `example.com/m/p.F`, `example.com/m/p.(*T).M`, `example.com/m/p.T`.
    pub fn symbol(&self, name: &str) -> Option<Meaning> {
        let nodes = self.named(name);
        (!nodes.is_empty()).then(|| Meaning {
            kind: "symbol",
            removal: Removal::of_symbols(nodes.clone()),
            nodes,
            from: Vec::new(),
        })
    }

    /// The steps from one symbol to another.
    pub fn call(&self, from: &str, to: &str) -> Option<Meaning> {
        let (from, to) = (self.named(from), self.named(to));
        let steps = from
            .iter()
            .flat_map(|from| to.iter().map(|to| (*from, *to)));
        let there = |(from, to): &(u32, u32)| {
            let mut found = false;
            self.each_next(*from, |next| found |= next == *to);
            found
        };
        let steps: Vec<(u32, u32)> = steps.filter(there).collect();
        (!steps.is_empty()).then(|| Meaning {
            kind: "call",
            nodes: steps.iter().map(|(_, to)| *to).collect(),
            from: steps.iter().map(|(from, _)| *from).collect(),
            removal: Removal::of_steps(steps),
        })
    }

    /// Whether a symbol, or a step, cannot be left out: `main.main`, and what the runtime needs to run it.
    pub fn is_fixed(&self, target: &Meaning) -> bool {
        let ends = || target.nodes.iter().chain(&target.from);
        if target.kind == "package" || target.kind == "module" {
            return false;
        }
        let needed = self.needed_by_all();
        match target.from.is_empty() {
            true => ends().any(|node| needed[*node as usize]),
            false => ends().all(|node| needed[*node as usize]),
        }
    }

    fn named(&self, name: &str) -> Vec<u32> {
        // As people write it, or as chains and `similar` show it.
        let name = name.strip_prefix("type:").unwrap_or(name);
        let name = name.strip_suffix("[abi0]").unwrap_or(name);
        let plain = name.as_bytes();
        let matches = |node: &u32| {
            let known = self.table.name(*node);
            let known = known.strip_prefix(b"type:").unwrap_or(known);
            let known = known.strip_suffix(b"[abi0]").unwrap_or(known);
            known == plain
                || (known.contains(&b'%') && known.len() > plain.len() && unescaped(known) == name)
        };
        (1..self.table.len() as u32).filter(matches).collect()
    }

    /// The functions that a function was inlined into, where it has no code of its own: `None` where no object defines it.
    /// None of them: nothing that is kept needs it.
    pub fn inlined_into(&self, name: &str) -> Option<Vec<String>> {
        let symbols = self.symbols()?;
        let plain = name.as_bytes();
        let globals = (1..symbols.len() as u32).filter(|global| {
            let known = symbols.name(*global);
            let is_it = known == plain || (known.contains(&b'%') && unescaped(known) == name);
            is_it && symbols.home(*global).is_some()
        });
        let wanted: FxHashSet<u32> = globals.collect();
        if wanted.is_empty() {
            return None;
        }
        let holds = |node: &u32| {
            let home = self.table.home(*node);
            home.is_some_and(|home| inlines_any(symbols, home, &wanted))
        };
        let functions = self
            .weights
            .functions()
            .iter()
            .map(|function| function.node);
        let found = functions.filter(holds).map(|node| self.shown(node));
        Some(found.collect())
    }

    /// The names of all symbols that are code or data of a package, as people write them.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let nodes = (1..self.table.len() as u32).filter(|node| self.is_content(*node));
        nodes.map(|node| unescaped(self.table.name(node)))
    }

    /// Names of symbols that contain the text, at most `most`.
    pub fn similar(&self, text: &str, most: usize) -> Vec<String> {
        let nodes = (1..self.table.len() as u32).filter(|node| self.is_content(*node));
        let finder = memchr::memmem::Finder::new(text);
        let names = nodes.map(|node| self.table.name(node));
        let found = names.filter(|name| finder.find(name).is_some()).take(most);
        found.map(unescaped).collect()
    }

    /// Chains to what a name stands for: the shortest, then others that share no symbol with those before.
    pub fn chains_to(&self, target: &Meaning, most: usize) -> Vec<Chain> {
        let mut set: Set = vec![false; self.table.len()];
        for node in &target.nodes {
            set[*node as usize] = true;
        }
        self.chains(&set, most)
    }

    /// Symbols of a target that are kept.
    pub fn kept_of(&self, target: &Meaning) -> usize {
        target.nodes.len()
    }
}

/// Whether any of the `wanted` symbols was inlined into the function that is at home there.
fn inlines_any(
    symbols: &Symbols<'_>,
    (object, local): (u32, u32),
    wanted: &FxHashSet<u32>,
) -> bool {
    let mut all = symbols.objects[object as usize].auxiliaries(local);
    let info = all.find(|aux| aux.kind == auxiliary::FUNC_INFO);
    let data = info.map(|info| symbols.data(symbols.resolve(object, info.target)));
    let mut targets = inlined(data.unwrap_or_default());
    targets.any(|target| wanted.contains(&symbols.resolve(object, target)))
}

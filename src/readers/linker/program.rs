//! A program whose elimination was run: each symbol that is kept, with all that keeps it.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};

use super::archives::{Archives, Libraries, Library};
use super::constants::{Constants, Meaning, WEAK};
use super::dense::Dense;
use super::foreign::Foreign;
use super::layout::{Bytes, Layout};
use super::member::members;
use super::mode;
use super::nodes::{NOT_READ, Nodes, Reader};
use super::object::Object;
use super::outside::Outside;
use super::reach::{Reached, Without, eliminate, eliminate_reading};
use super::resolve::{Global, Symbols};
use super::table::Table;
use super::weight::Weights;
use crate::binary;
use crate::error::{Error, Kind, Result};

/// The record of what FIPS 140 checks, which the linker writes.
const FIPS: &str = "go:fipsinfo";

/// A program, and what its elimination kept.
pub struct Program<'a> {
    pub(super) table: Table,
    /// The symbols that are kept.
    pub(super) nodes: Nodes,
    pub(super) weights: Weights,
    /// The elimination of what is kept: all of it.
    pub(super) whole: Reached,
    /// What all of it costs, where that was asked.
    pub(super) cost: OnceLock<Bytes>,
    pub(super) layout: Layout,
    /// The unit of positions in code.
    pub(super) quantum: u32,
    /// Whether the linker of the system puts C code into the file, which is not counted.
    pub(super) external: bool,
    pub(super) behind: Behind<'a>,
    /// Symbols that were read, steps between them, and symbols in all.
    pub(super) sizes: [usize; 3],
}

/// What a program was read from.
pub(super) enum Behind<'a> {
    /// All of it.
    Archives(Box<Symbols<'a>>),
    /// A store: archives are opened where they are needed.
    Store(Vec<PathBuf>),
}

/// Archives read: it owns what a [`Program`] borrows.
pub struct Read<'a> {
    libraries: Libraries<'a>,
    constants: Constants,
    /// Bytes of the path of the toolchain, which names of files hold.
    goroot: usize,
    stamp: u64,
    /// Whether the linker of the system links the program.
    external: bool,
    /// Whether it does so without any C code, too.
    forced: bool,
    /// The objects of C compilers, by library, where Go links them itself.
    foreign: Vec<Vec<Foreign<'a>>>,
}

impl Archives {
    /// Reads the headers of all objects; the numbers come from the toolchain below `goroot`. `stamp`: bytes of the list of
    /// modules that go stamps into the file. `external`: whether the linker of the system is asked for, or Go's own.
    pub fn read(&self, goroot: &Path, stamp: u64, external: Option<bool>) -> Result<Read<'_>> {
        let mut libraries = self.libraries()?;
        let not_covered = |message: String| {
            Error::new(Kind::Machine, message)
                .hint("programs without cgo are covered: set CGO_ENABLED=0")
        };
        let platform = (libraries.goos, libraries.goarch);
        let forced = mode::is_forced(platform, external);
        let beside = libraries.libraries.split_off(self.imported());
        let external = mode::is_external(&libraries.libraries, platform, external);
        let external = external.map_err(not_covered)?;
        if external {
            let added = mode::add_forced(&mut libraries.libraries, beside);
            added.map_err(|message| Error::new(Kind::Machine, message))?;
        }
        let of_go = libraries.libraries.iter().filter(|_| !external);
        let foreign = of_go.map(Library::foreign);
        let foreign = foreign.collect::<std::result::Result<_, _>>();
        Ok(Read {
            foreign: foreign.map_err(not_covered)?,
            libraries,
            constants: Constants::read(goroot)?,
            goroot: goroot.as_os_str().len(),
            stamp,
            external,
            forced,
        })
    }
}

impl Read<'_> {
    /// The second number of the version of Go that wrote the objects; the greatest where it has none.
    fn version(&self) -> u32 {
        minor(self.libraries.version).unwrap_or(u32::MAX)
    }

    /// What the linker does on the platform.
    fn layout(&self) -> Layout {
        let (goos, goarch) = (self.libraries.goos, self.libraries.goarch);
        let pointer = pointer(goarch) as u32;
        Layout {
            stamp: self.stamp,
            ..Layout::of(goos, goarch, pointer, self.version(), self.external)
        }
    }
}

/// The second number of a version such as `go1.26.1`.
fn minor(version: &str) -> Option<u32> {
    let rest = version.strip_prefix("go1.")?;
    let digits = rest.split(|at: char| !at.is_ascii_digit()).next()?;
    digits.parse().ok()
}

/// Bytes of a pointer.
fn pointer(goarch: &str) -> i32 {
    match goarch {
        "386" | "arm" | "mips" | "mipsle" => 4,
        _ => 8,
    }
}

/// The shortest instruction, in bytes.
fn quantum(goarch: &str) -> u32 {
    match goarch {
        "386" | "amd64" | "wasm" => 1,
        "s390x" | "riscv64" => 2,
        _ => 4,
    }
}

impl<'a> Program<'a> {
    /// Runs the elimination.
    pub fn link(read: &'a Read<'a>) -> Result<Self> {
        let from = &read.libraries;
        let damaged = |message| Error::new(Kind::Machine, message);
        let symbols = Symbols::load(&from.libraries, from.goarch, &read.constants);
        let mut symbols = symbols.map_err(damaged)?;
        let outside = Outside::join(&from.libraries, &read.foreign, &mut symbols, read.external)
            .map_err(damaged)?;
        let mut added = linker_symbols(&mut symbols, &read.constants);
        let exports = outside.add_steps(&mut symbols, &mut added);
        let mut nodes = begin(&symbols, read);
        nodes.roots.extend(exports);
        let mut reader = Reader::new(&symbols, &read.constants, pointer(from.goarch));
        reader.added = added;
        let mut reached = eliminate_reading(&mut nodes, &mut reader);
        keep_noop(&symbols, &reader, &mut nodes, &mut reached);
        let dense = Dense::new(&nodes, &reached);
        let known = nodes.spans.iter().filter(|span| **span != NOT_READ).count();
        let sizes = [known, nodes.edges.len(), symbols.len()];
        Ok(Self::weighed(
            read,
            symbols,
            dense,
            (&outside, exports),
            sizes,
        ))
    }

    /// Looks at what is kept in three ways, on as many processors as there are.
    fn weighed(
        read: &'a Read<'a>,
        symbols: Symbols<'a>,
        dense: Dense,
        (outside, exports): (&Outside, Option<Global>),
        sizes: [usize; 3],
    ) -> Self {
        let (from, constants) = (&read.libraries, &read.constants);
        let layout = read.layout();
        let beside = (outside, exports, read.forced);
        let (table, whole, weights) = std::thread::scope(|scope| {
            let table =
                scope.spawn(|| Table::new(&symbols, &from.libraries, constants, &dense, beside));
            let whole = scope.spawn(|| eliminate(&dense.nodes, &Without::default()));
            let weights = Weights::new(&symbols, constants, &dense, layout, read.goroot, outside);
            (joined(table), joined(whole), weights)
        });
        Self {
            sizes,
            cost: OnceLock::new(),
            layout,
            quantum: quantum(from.goarch),
            table,
            weights,
            whole,
            external: read.external,
            nodes: dense.nodes,
            behind: Behind::Archives(Box::new(symbols)),
        }
    }

    /// Whether the steps lead to `main.main`. Otherwise they are not those of the linker, and no answer would be true.
    pub fn reaches_main(&self) -> bool {
        self.kept().any(|name| name == b"main.main")
    }

    /// All symbols of the archives; `None` where the program comes from a store.
    pub(super) fn symbols(&self) -> Option<&Symbols<'a>> {
        match &self.behind {
            Behind::Archives(symbols) => Some(symbols),
            Behind::Store(_) => None,
        }
    }

    /// Asks an object; `None` where its archive cannot be read any more.
    pub(super) fn object<T>(
        &self,
        number: u32,
        ask: impl FnOnce(&Object<'_>) -> Option<T>,
    ) -> Option<T> {
        let files = match &self.behind {
            Behind::Archives(symbols) => return ask(symbols.objects.get(number as usize)?),
            Behind::Store(files) => files,
        };
        let owners = &self.table.owners;
        let owner = *owners.get(number as usize)?;
        let before = &owners[..number as usize];
        let within = before.iter().rev().take_while(|of| **of == owner).count();
        let file = binary::open(files.get(owner as usize)?).ok()?;
        let found = members(&file)?;
        ask(&Object::read(found.objects.get(within)?)?)
    }

    /// The names of all symbols that are kept, those of parts of others left out.
    pub fn kept(&self) -> impl Iterator<Item = &[u8]> {
        let kept = (1..self.table.len() as u32).map(|node| self.table.name(node));
        kept.filter(|name| !name.is_empty())
    }

    /// The functions that are kept, with the bytes of their code: 0 where it is a part of something whose size is known alone.
    pub fn functions(&self) -> impl Iterator<Item = (&[u8], u64)> {
        let all = self.weights.functions().iter();
        all.map(|function| {
            let node = function.node;
            (self.table.name(node), self.weights.size(node))
        })
    }

    /// Whether some reachable code calls methods by names that are not known.
    pub fn keeps_all_methods(&self) -> bool {
        self.whole.reflection
    }

    /// Whether the linker of the system puts C code into the file: its bytes are not counted.
    pub fn has_uncounted_c(&self) -> bool {
        self.external
    }

    /// How many symbols are kept.
    pub fn kept_symbols(&self) -> usize {
        self.table.len() - 1
    }

    /// Symbols that were read, steps between them, and symbols in all.
    pub fn sizes(&self) -> [usize; 3] {
        self.sizes
    }

    /// What all that is kept costs: added up once.
    pub fn bytes(&self) -> Bytes {
        let add = || self.weights.bytes(&self.whole.reached);
        *self.cost.get_or_init(add)
    }
}

/// Calls of initializers of maps that are not kept become calls of a function that does nothing.
fn keep_noop(
    symbols: &Symbols<'_>,
    reader: &Reader<'_, '_>,
    nodes: &mut Nodes,
    reached: &mut Reached,
) {
    let noop = symbols.lookup(b"runtime.mapinitnoop", 1);
    let noop = noop.or(symbols.lookup(b"runtime.mapinitnoop", 0));
    let mut inits = reader.map_inits.iter();
    if let Some(noop) = noop
        && inits.any(|init| !reached.reached[*init as usize])
    {
        nodes.made.push(noop);
        reached.reached[noop as usize] = true;
    }
}

/// The symbols, none of them read: where the elimination begins, and what the linker knows by name.
fn begin(symbols: &Symbols<'_>, read: &Read<'_>) -> Nodes {
    let from = &read.libraries;
    let version = read.version();
    let both = |name: &str| [0, 1].map(|version| symbols.lookup(name.as_bytes(), version));
    let entry = entry(from.goos, from.goarch, read.external);
    let roots = [
        entry.as_str(),
        "runtime.unreachableMethod",
        "go:main.inittasks",
    ];
    let roots = roots.into_iter().flat_map(both).flatten();
    let fips = Some(FIPS).filter(|_| version >= 24 && has_fips(from.goos, from.goarch));
    let made = fips.and_then(|name| symbols.lookup(name.as_bytes(), 0));
    let reflecting: &[&str] = match version < 22 {
        true => &["reflect.Value.Method", "reflect.Value.MethodByName"],
        false => &[],
    };
    let reflecting = reflecting.iter().flat_map(|name| both(name)).flatten();
    Nodes {
        spans: vec![NOT_READ; symbols.len()],
        marks: vec![0; symbols.len()],
        in_interface: symbols.in_interface.clone(),
        roots: roots.chain(symbols.wasm_exports.iter().copied()).collect(),
        made: made.into_iter().collect(),
        reflecting: reflecting.collect(),
        ..Nodes::default()
    }
}

/// The function in which a program begins.
fn entry(goos: &str, goarch: &str, external: bool) -> String {
    match (external, goos, goarch) {
        (true, "windows", "386") => "_main".into(),
        (true, ..) => "main".into(),
        _ => format!("_rt0_{goarch}_{goos}"),
    }
}

/// What a thread found; its panic is ours.
fn joined<T>(thread: std::thread::ScopedJoinHandle<'_, T>) -> T {
    let found = thread.join();
    found.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// Whether the linker writes the record of FIPS 140 on a platform.
fn has_fips(goos: &str, goarch: &str) -> bool {
    goarch != "wasm" && goos != "aix" && (goos, goarch) != ("windows", "386")
}

/// Symbols and steps that the linker makes itself.
fn linker_symbols(
    symbols: &mut Symbols<'_>,
    constants: &Constants,
) -> FxHashMap<Global, Vec<Global>> {
    let mut added = FxHashMap::default();
    let tasks = [
        ("main..inittask", "go:main.inittasks"),
        ("runtime..inittask", "go:runtime.inittasks"),
    ];
    for (root, list) in tasks {
        if let Some(root) = symbols.lookup(root.as_bytes(), 0) {
            let all = init_tasks(symbols, constants, root);
            let list = symbols.lookup_or_add(list.as_bytes(), 0);
            added.insert(list, all);
        }
    }
    let run = symbols.lookup(b"runtime.runtime_inittasks", 0);
    let list = symbols.lookup(b"go:runtime.inittasks", 0);
    if let Some((run, list)) = run.zip(list) {
        added.insert(run, vec![list]);
    }
    added
}

/// The init tasks of all packages behind a root; those without functions are left out.
fn init_tasks(symbols: &Symbols<'_>, constants: &Constants, root: Global) -> Vec<Global> {
    let mut seen = FxHashSet::default();
    let mut queue = vec![root];
    let mut all = Vec::new();
    while let Some(task) = queue.pop() {
        if !seen.insert(task) {
            continue;
        }
        if symbols.symbol(task).is_some_and(|symbol| symbol.size > 8) {
            all.push(task);
        }
        let Some((object, local)) = symbols.home(task) else {
            continue;
        };
        for relocation in symbols.objects[object as usize].relocations(local) {
            if constants.meaning(relocation.number & !WEAK) == Meaning::Order {
                queue.push(symbols.resolve(object, relocation.target));
            }
        }
    }
    all
}

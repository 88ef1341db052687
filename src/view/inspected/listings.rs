//! Tables of the largest entries of an inspection; what is smaller is one line.

use super::{and, listing, split};
use crate::binary::Origin;
use crate::number::grouped;
use crate::order::Order;
use crate::report::inspection::{
    DataObject, FunctionSize, Inspection, ModuleSize, Objects, PackageSize, View,
};
use crate::report::sizes::{RETAINED, Retained};
use crate::view::{Block, Cell, Column, number, optional, text};

/// The column for what packages have by inference.
const INFERRED: &str = "inferred B";

pub(crate) fn modules(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.modules;
    let asked = all.iter().any(|module| module.retained.is_some());
    let [code, retained] = code_and_retained(asked);
    let columns = vec![
        text("module"),
        optional(text("version")),
        number("B"),
        number("share"),
        number(INFERRED),
        code,
        retained,
        optional(number("packages")),
    ];
    let size = inspection.file.size;
    let (shown, small) = split(all, view.lines());
    let mut rows: Vec<_> = shown
        .iter()
        .map(|module| module_row(module, size))
        .collect();
    if !small.is_empty() {
        let sum = |of: fn(&ModuleSize) -> u64| small.iter().map(of).sum();
        let name = and(small.len());
        let sums = [
            sum(|module| module.bytes),
            sum(|module| module.inferred),
            sum(|module| module.code),
            sum(|module| module.packages),
        ];
        rows.push(module_cells(name, Cell::default(), sums, None, size));
    }
    let count = all.iter().filter(|module| module.packages > 0).count();
    let heading = format!("Modules: {}", grouped(count as u64));
    let mut blocks = listing(heading, columns, rows);
    blocks.extend(meaning(inspection, asked && blocks.len() > 1));
    blocks
}

/// A module of a file of `size` bytes.
fn module_row(module: &ModuleSize, size: u64) -> Vec<Cell> {
    let name = match module.origin {
        Origin::Shared => "shared: used by several modules".into(),
        _ => (&module.path).into(),
    };
    let version = module.version.as_ref().into();
    let sums = [module.bytes, module.inferred, module.code, module.packages];
    module_cells(name, version, sums, module.retained, size)
}

/// The cells of modules with so many bytes, inferred bytes, bytes of code and packages, in a file of `size` bytes.
fn module_cells(
    name: Cell,
    version: Cell,
    [bytes, inferred, code, packages]: [u64; 4],
    retained: Option<u64>,
    size: u64,
) -> Vec<Cell> {
    vec![
        name,
        version,
        Cell::some_bytes(bytes),
        Cell::share(bytes, size),
        Cell::some_bytes(inferred),
        Cell::some_bytes(code),
        retained.map(Cell::bytes).into(),
        Cell::some(packages),
    ]
}

/// The columns for code and for what is retained: who asked for the latter misses the former first on a narrow terminal.
fn code_and_retained(asked: bool) -> [Column; 2] {
    match asked {
        true => [optional(number("code B")), number(RETAINED)],
        false => [number("code B"), optional(number(RETAINED))],
    }
}

/// What the column for retained bytes says.
fn meaning(inspection: &Inspection<'_>, is_shown: bool) -> Option<Block> {
    is_shown.then(|| Block::dim(Retained::meaning(inspection.uncounted_c)))
}

pub(crate) fn packages(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.packages;
    let asked = all.iter().any(|package| package.retained.is_some());
    let (shown, small) = split(all, view.lines());
    let heading = format!("Packages: {}", grouped(all.len() as u64));
    let rows = package_rows(inspection, shown, small);
    let mut blocks = listing(heading, package_columns(asked), rows);
    if blocks.len() < 2 {
        return blocks;
    }
    if shown.iter().any(|package| package.paid_for != package.code) {
        blocks.push(Block::dim(
            "paid for, where it is not the code: what was compiled for the package, with its instances of generics that others define",
        ));
    }
    if shown.iter().any(|package| package.inferred > 0) {
        blocks.push(Block::dim(
            "inferred: how much of it is theirs by where it stands and who mentions its neighbours, and may be another's",
        ));
    }
    blocks.extend(meaning(inspection, asked));
    blocks
}

fn package_columns(asked: bool) -> Vec<Column> {
    let [code, retained] = code_and_retained(asked);
    vec![
        text("package"),
        number("B"),
        number("share"),
        number(INFERRED),
        code,
        retained,
        optional(number("paid for B")),
        optional(number("functions")),
    ]
}

/// A row for each package that is shown, one for the `small` ones, and one for what several share.
fn package_rows(
    inspection: &Inspection<'_>,
    shown: &[PackageSize],
    small: &[PackageSize],
) -> Vec<Vec<Cell>> {
    let size = inspection.file.size;
    let row = |package: &PackageSize| package_row((&package.path).into(), &[package], size);
    let mut rows: Vec<_> = shown.iter().map(row).collect();
    if !small.is_empty() {
        let small: Vec<&PackageSize> = small.iter().collect();
        rows.push(package_row(and(small.len()), &small, size));
    }
    let shared = inspection.ledger.shared;
    if inspection.filter.is_none() && shared > 0 {
        let mut row = package_row("shared: used by several packages".into(), &[], size);
        (row[1], row[2]) = (Cell::some_bytes(shared), Cell::share(shared, size));
        rows.push(row);
    }
    rows
}

/// The sums of some packages, in a file of `size` bytes.
fn package_row(name: Cell, packages: &[&PackageSize], size: u64) -> Vec<Cell> {
    let sum = |of: fn(&PackageSize) -> u64| packages.iter().map(|package| of(package)).sum::<u64>();
    let (bytes, code) = (sum(|package| package.bytes), sum(|package| package.code));
    let paid_for = sum(|package| package.paid_for);
    let retained = match packages {
        [only] => only.retained,
        _ => None,
    };
    vec![
        name,
        Cell::some_bytes(bytes),
        Cell::share(bytes, size),
        Cell::some_bytes(sum(|package| package.inferred)),
        Cell::some_bytes(code),
        retained.map(Cell::bytes).into(),
        (paid_for != code)
            .then(|| Cell::some_bytes(paid_for))
            .into(),
        Cell::some(sum(|package| package.functions)),
    ]
}

/// The objects of a package, with who refers to each.
pub fn objects(objects: &Objects) -> Vec<Block> {
    let columns = vec![
        text("used by"),
        text("address"),
        number("B"),
        optional(text("section")),
        optional(text("symbol")),
        text("end known by"),
        optional(text("first bytes")),
    ];
    let heading = format!(
        "Data of {}: {} objects with {} bytes (texts, variables, types, stack maps); code and line tables are not among them",
        objects.package,
        grouped(objects.count),
        grouped(objects.bytes)
    );
    let rows = objects.largest.iter().map(object_row);
    listing(heading, columns, rows.collect())
}

fn object_row(object: &DataObject) -> Vec<Cell> {
    let how = object.how.words();
    let first: String = object.first_bytes.chars().take(24).collect();
    vec![
        users(object).into(),
        object.address.to_string().into(),
        Cell::some_bytes(object.bytes),
        (&object.section).into(),
        object.symbol.as_ref().into(),
        match object.proven {
            true => how.into(),
            false => format!("{how} (not proven)").into(),
        },
        first.into(),
    ]
}

/// The first three who refer to an object, and how many more do.
fn users(object: &DataObject) -> String {
    let pointers = object.pointers.iter();
    let pointers =
        pointers.map(|pointer| format!("pointer at {} of {}", pointer.address, pointer.owner));
    let all: Vec<String> = object.used_by.iter().cloned().chain(pointers).collect();
    match all.len() {
        0..4 => all.join(", "),
        more => format!("{}, and {} more", all[..3].join(", "), more - 3),
    }
}

pub(crate) fn functions(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.functions;
    let columns = vec![
        text("function"),
        number("code B"),
        optional(number("frame B")),
        optional(text("paid for by")),
    ];
    let (shown, small) = split(all, view.lines());
    let mut rows: Vec<_> = shown.iter().map(function_row).collect();
    let left_out = inspection.left_out;
    let count = small.len() + left_out.functions;
    if count > 0 {
        let bytes = small.iter().map(|function| function.bytes).sum::<u64>() + left_out.bytes;
        rows.push(vec![
            and(count),
            Cell::some_bytes(bytes),
            Cell::default(),
            Cell::default(),
        ]);
    }
    let count = grouped((all.len() + left_out.functions) as u64);
    let which = match &inspection.filter {
        Some(_) => " that match",
        None => "",
    };
    let heading = format!("Largest functions, of {count}{which}");
    listing(heading, columns, rows)
}

fn function_row(function: &FunctionSize<'_>) -> Vec<Cell> {
    vec![
        function.name.to_string().into(),
        Cell::some_bytes(function.bytes),
        Cell::some_bytes(function.frame),
        function.paid_by.as_deref().into(),
    ]
}

pub(crate) fn frames(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.functions;
    let framed = all.iter().enumerate().filter(|(_, it)| it.frame > 0);
    let mut order: Vec<_> = framed
        .map(|(index, it)| (std::cmp::Reverse(it.frame), index))
        .collect();
    order.sort_unstable();
    let rows = order.iter().map(|(_, index)| &all[*index]);
    let rows = rows.filter(|function| !is_trampoline(&function.name.text()));
    let rows = rows.take(view.lines());
    let rows = rows.map(|function| {
        vec![
            function.name.to_string().into(),
            Cell::some_bytes(function.frame),
            Cell::some_bytes(function.bytes),
        ]
    });
    let columns = vec![
        text("function"),
        number("frame B"),
        optional(number("code B")),
    ];
    listing("Largest stack frames".into(), columns, rows.collect())
}

/// More than there are functions of which the frame is not shown (see `is_trampoline`).
pub const NEVER_SHOWN: usize = 64;

/// `runtime.call65536`, `debugCall65536` and their like exist for calls by reflection or by a debugger, one per size of
/// the arguments, up to 1 GiB.
fn is_trampoline(name: &str) -> bool {
    let sized = |prefix: &str| {
        let size = name.strip_prefix(prefix).unwrap_or_default();
        !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())
    };
    sized("runtime.call") || sized("debugCall") || sized("runtime.debugCall")
}

pub(crate) fn unowned(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let columns = vec![
        text("no package's"),
        text("kind"),
        number("B"),
        number("share"),
    ];
    let (shown, small) = split(&inspection.unowned, view.lines());
    let size = inspection.file.size;
    let row = |name: Cell, kind: Cell, bytes: u64| {
        vec![
            name,
            kind,
            Cell::some_bytes(bytes),
            Cell::share(bytes, size),
        ]
    };
    let regions = shown.iter().map(|region| {
        let kind = region.kind.name().replace('-', " ");
        row((&region.section).into(), kind.into(), region.bytes)
    });
    let mut rows: Vec<_> = regions.collect();
    if !small.is_empty() {
        let bytes = small.iter().map(|region| region.bytes).sum();
        rows.push(row(and(small.len()), Cell::default(), bytes));
    }
    let sum = grouped(inspection.ledger.unowned);
    listing(format!("Without a package: {sum} bytes"), columns, rows)
}

pub(crate) fn sections(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let columns = vec![
        text("section"),
        text("role"),
        number("file B"),
        number("share"),
        number("memory B"),
    ];
    let mut all: Vec<_> = inspection.sections.iter().collect();
    all.retain(|section| section.bytes > 0 || section.memory > 0);
    all.order_by_key(|section| std::cmp::Reverse((section.bytes, section.memory)));
    let size = inspection.file.size;
    let row = |names: [Cell; 2], bytes, memory| {
        let share = Cell::share(bytes, size);
        let numbers = [Cell::some_bytes(bytes), share, Cell::some_bytes(memory)];
        names.into_iter().chain(numbers).collect()
    };
    let (shown, small) = split(&all, view.lines());
    let sections = shown.iter().map(|section| {
        let names = [(&section.name).into(), (&section.role).into()];
        row(names, section.bytes, section.memory)
    });
    let mut rows: Vec<Vec<Cell>> = sections.collect();
    if !small.is_empty() {
        let bytes = small.iter().map(|section| section.bytes).sum();
        let memory = small.iter().map(|section| section.memory).sum();
        rows.push(row([and(small.len()), Cell::default()], bytes, memory));
    }
    listing(format!("Sections: {}", all.len()), columns, rows)
}

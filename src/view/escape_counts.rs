//! The escapes of a platform by package and class.

use super::{Block, Cell, Column, Table, folding, number, optional, text};
use crate::number::counted;
use crate::report::heat::SiteHeat;
use crate::report::{EscapePackage, Escapes};

/// The escape report, packages beyond `top` folded.
pub(crate) fn escapes(escapes: &Escapes, top: usize) -> Vec<Block> {
    let holds = |package: &&EscapePackage| package.sites + package.constants + package.leaking > 0;
    let packages: Vec<&EscapePackage> = escapes.packages.iter().filter(holds).collect();
    let prefix = common_prefix(packages.iter().map(|package| package.path.as_str()));
    let collection = escapes.collection.as_ref();
    let reason = collection.and_then(|collection| collection.reason.as_ref());
    let mut blocks = vec![Block::Heading(heading(escapes, &packages, prefix))];
    if !packages.is_empty() {
        blocks.push(table(escapes, &packages, prefix, top).into());
        blocks.extend(heat(escapes));
    }
    blocks.extend(reason.map(|reason| Block::warn(format!("compiled separately: {reason}"))));
    blocks
}

fn heading(escapes: &Escapes, packages: &[&EscapePackage], prefix: &str) -> String {
    let below = if prefix.is_empty() {
        String::new()
    } else {
        format!(" below {prefix}")
    };
    format!(
        "Escapes: {} in {}{below} (scope {}, {})",
        counted(packages.iter().map(|package| package.sites).sum(), "site"),
        counted(
            packages.iter().filter(|package| package.sites > 0).count() as u64,
            "package"
        ),
        escapes.scope,
        escapes.go_version
    )
}

/// A row for each package, without `prefix`; one for those beyond `top`, and the sum of several.
fn table(escapes: &Escapes, packages: &[&EscapePackage], prefix: &str, top: usize) -> Table {
    let shown = Shown::of(escapes, packages);
    let columns = shown.columns();
    let sum_of = |packages: &[&EscapePackage]| {
        let packages = packages.iter();
        packages.fold(none(shown.functions), |total, package| sum(total, package))
    };
    let (first, folded) = packages.split_at(top.min(packages.len()));
    let rows = first
        .iter()
        .map(|package| shown.row(package.path[prefix.len()..].into(), package));
    let mut table = Table::of(columns, rows);
    if !folded.is_empty() {
        let label = format!("and {} smaller", folded.len());
        table
            .rows
            .push(shown.row(Cell::Rest(label), &sum_of(folded)));
    }
    if packages.len() > 1 {
        table.rows.push(shown.row("all".into(), &sum_of(packages)));
        table.total = true;
    }
    table
}

/// What the profiles say of all sites together.
pub(crate) fn heat(escapes: &Escapes) -> Option<Block> {
    let summary = escapes.heat.as_ref()?;
    Some(Block::dim(summary.sentence()))
}

/// The longest beginning of all paths that ends with a slash; empty for fewer than two.
fn common_prefix<'a>(mut paths: impl Iterator<Item = &'a str>) -> &'a str {
    let Some(first) = paths.next() else { return "" };
    let mut prefix = "";
    for (index, path) in paths.enumerate() {
        let base = if index == 0 { first } else { prefix };
        let same = base
            .bytes()
            .zip(path.bytes())
            .take_while(|(a, b)| a == b)
            .count();
        let end = base.as_bytes()[..same]
            .iter()
            .rposition(|byte| *byte == b'/')
            .map_or(0, |at| at + 1);
        prefix = &base[..end];
    }
    prefix
}

type Class = (&'static str, fn(&EscapePackage) -> u64);

/// The class `new` is spelled so that nobody takes it for what was added.
const CLASSES: &[Class] = &[
    ("moved", |package| package.moved),
    ("new(T)", |package| package.new),
    ("make", |package| package.make),
    ("append", |package| package.append),
    ("boxing", |package| package.boxing),
    ("closure", |package| package.closure),
    ("conv", |package| package.conversion),
    ("other", |package| package.other),
];

/// Which columns there are.
struct Shown {
    /// The classes that occur.
    classes: Vec<&'static Class>,
    functions: bool,
    weight: bool,
    bytes: bool,
    cpu: bool,
}

impl Shown {
    fn of(escapes: &Escapes, packages: &[&EscapePackage]) -> Self {
        let has = |of: fn(&SiteHeat) -> bool| {
            packages
                .iter()
                .filter_map(|package| package.heat.as_ref())
                .any(of)
        };
        let occurs = |class: &&Class| packages.iter().any(|package| class.1(package) > 0);
        Self {
            classes: CLASSES.iter().filter(occurs).collect(),
            functions: packages.iter().all(|package| package.functions.is_some()),
            weight: escapes.weighted_by.is_some(),
            bytes: has(|heat| heat.bytes.is_some()),
            cpu: has(|heat| heat.cpu.is_some()),
        }
    }

    fn columns(&self) -> Vec<Column> {
        let mut columns = vec![text("package"), number("sites")];
        let classes = self.classes.iter();
        columns.extend(classes.map(|(title, _)| folding(number(title))));
        columns.extend(self.functions.then(|| optional(number("functions"))));
        columns.extend(self.weight.then(|| optional(number("cpu %"))));
        if self.bytes {
            columns.extend(["bytes", "objects"].map(|title| optional(number(title))));
        }
        columns.extend(self.cpu.then(|| optional(number("alloc cpu %"))));
        columns.extend(["constants", "leaking"].map(|title| optional(number(title))));
        columns
    }

    fn row(&self, label: Cell, package: &EscapePackage) -> Vec<Cell> {
        let counts = std::iter::once(package.sites)
            .chain(self.classes.iter().map(|(_, count)| count(package)))
            .chain(package.functions.filter(|_| self.functions));
        let mut row = vec![label];
        row.extend(counts.map(Cell::some));
        row.extend(self.weight.then(|| Cell::weight(package.weight)));
        let heat = package.heat.unwrap_or_default();
        if self.bytes {
            let known = |count: Option<i64>| count.unwrap_or_default().unsigned_abs();
            row.push(Cell::some_bytes(known(heat.bytes)));
            row.push(Cell::some(known(heat.objects)));
        }
        row.extend(self.cpu.then(|| Cell::weight(heat.cpu)));
        row.extend([package.constants, package.leaking].map(Cell::some));
        row
    }
}

fn none(functions: bool) -> EscapePackage {
    EscapePackage {
        functions: functions.then_some(0),
        ..EscapePackage::default()
    }
}

fn sum(total: EscapePackage, package: &EscapePackage) -> EscapePackage {
    EscapePackage {
        path: total.path,
        sites: total.sites + package.sites,
        moved: total.moved + package.moved,
        new: total.new + package.new,
        make: total.make + package.make,
        append: total.append + package.append,
        boxing: total.boxing + package.boxing,
        closure: total.closure + package.closure,
        conversion: total.conversion + package.conversion,
        other: total.other + package.other,
        constants: total.constants + package.constants,
        leaking: total.leaking + package.leaking,
        functions: total.functions.zip(package.functions).map(|(a, b)| a + b),
        optimizations: None,
        weight: total
            .weight
            .or(package.weight.map(|_| 0.0))
            .zip(package.weight)
            .map(|(a, b)| a + b),
        heat: match (total.heat, package.heat) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b),
        },
    }
}

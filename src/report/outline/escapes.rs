//! The escapes of a platform by package and class.

use super::{Block, Column, Table, Tone, folding, number, optional, text};
use crate::number::{counted, grouped};
use crate::report::heat::SiteHeat;
use crate::report::{EscapePackage, Escapes};

/// The escape report, packages beyond `top` folded.
pub(crate) fn escapes(escapes: &Escapes, top: usize) -> Vec<Block> {
    let holds = |package: &&EscapePackage| package.sites + package.constants + package.leaking > 0;
    let packages: Vec<&EscapePackage> = escapes.packages.iter().filter(holds).collect();
    let prefix = common_prefix(packages.iter().map(|package| package.path.as_str()));
    let below = if prefix.is_empty() {
        String::new()
    } else {
        format!(" below {prefix}")
    };
    let heading = format!(
        "Escapes: {} in {}{below} (scope {}, {})",
        counted(packages.iter().map(|package| package.sites).sum(), "site"),
        counted(
            packages.iter().filter(|package| package.sites > 0).count() as u64,
            "package"
        ),
        escapes.scope,
        escapes.go_version
    );
    let reason = escapes
        .collection
        .as_ref()
        .and_then(|collection| collection.reason.clone());
    let aside =
        reason.map(|reason| Block::Line(Tone::Warn, format!("compiled separately: {reason}")));
    if packages.is_empty() {
        return std::iter::once(Block::Heading(heading))
            .chain(aside)
            .collect();
    }
    let weighted = escapes.weighted_by.is_some();
    let occurs = |class: &&Class| packages.iter().any(|package| class.1(package) > 0);
    let classes: Vec<&Class> = CLASSES.iter().filter(occurs).collect();
    let mut columns = vec![text("package"), number("sites")];
    columns.extend(classes.iter().map(|(title, _)| folding(number(title))));
    let known = packages.iter().all(|package| package.functions.is_some());
    columns.extend(known.then(|| optional(number("functions"))));
    columns.extend(weighted.then(|| optional(number("cpu %"))));
    let columns_of_heat = Shown::of(&packages);
    columns.extend(columns_of_heat.columns());
    columns.push(optional(number("constants")));
    columns.push(optional(number("leaking")));
    let mut table = Table {
        columns,
        ..Table::default()
    };
    let (shown, folded) = packages.split_at(top.min(packages.len()));
    let row = |label: String, package: &EscapePackage| {
        let mut row = escape_row(label, package, &classes, known, weighted);
        // Before what is optional and not about the profile.
        let at = row.len() - 2;
        row.splice(at..at, columns_of_heat.cells(package.heat));
        row
    };
    table.rows.extend(
        shown
            .iter()
            .map(|package| row(package.path[prefix.len()..].to_owned(), package)),
    );
    if !folded.is_empty() {
        let rest = folded
            .iter()
            .fold(none(known), |sum, package| self::sum(sum, package));
        table
            .rows
            .push(row(format!("and {} smaller", folded.len()), &rest));
    }
    if packages.len() > 1 {
        let all = packages
            .iter()
            .fold(none(known), |sum, package| self::sum(sum, package));
        table.rows.push(row("all".into(), &all));
        table.total = true;
    }
    let mut blocks = vec![Block::Heading(heading), Block::Table(table)];
    blocks.extend(heat(escapes));
    blocks.extend(aside);
    blocks
}

/// What the profiles tell of all sites together.
pub(crate) fn heat(escapes: &Escapes) -> Option<Block> {
    let summary = escapes.heat.as_ref()?;
    Some(Block::Line(Tone::Dim, summary.sentence()))
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
            .map_or(0, |it| it + 1);
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

/// A class as people read it: `new` is what was added.
pub(crate) fn spelled(class: &str) -> &str {
    match class {
        "new" => "new(T)",
        other => other,
    }
}

/// Which columns of heat there are.
#[derive(Clone, Copy)]
struct Shown {
    bytes: bool,
    cpu: bool,
}

impl Shown {
    fn of(packages: &[&EscapePackage]) -> Self {
        let has = |of: fn(&SiteHeat) -> bool| {
            packages
                .iter()
                .filter_map(|package| package.heat.as_ref())
                .any(of)
        };
        Self {
            bytes: has(|heat| heat.bytes.is_some()),
            cpu: has(|heat| heat.cpu.is_some()),
        }
    }

    fn columns(self) -> Vec<Column> {
        let bytes = ["bytes", "objects"]
            .map(number)
            .into_iter()
            .filter(|_| self.bytes);
        let cpu = self.cpu.then(|| number("alloc cpu %"));
        bytes.chain(cpu).map(optional).collect()
    }

    fn cells(self, it: Option<SiteHeat>) -> Vec<String> {
        let heat = it.unwrap_or_default();
        let count = |it: Option<i64>| cell(it.unwrap_or_default().unsigned_abs());
        let bytes = [count(heat.bytes), count(heat.objects)];
        let bytes = bytes.into_iter().filter(|_| self.bytes);
        bytes.chain(self.cpu.then(|| share(heat.cpu))).collect()
    }
}

fn escape_row(
    label: String,
    it: &EscapePackage,
    classes: &[&Class],
    functions: bool,
    weighted: bool,
) -> Vec<String> {
    let counts = std::iter::once(it.sites)
        .chain(classes.iter().map(|(_, of)| of(it)))
        .chain(it.functions.filter(|_| functions));
    let mut row = vec![label];
    row.extend(counts.map(cell));
    row.extend(weighted.then(|| share(it.weight)));
    row.extend([it.constants, it.leaking].map(cell));
    row
}

/// A number, or a dot for none.
pub(crate) fn cell(count: u64) -> String {
    match count {
        0 => "·".to_owned(),
        count => grouped(count),
    }
}

/// A share of the profile, or a dot for next to nothing.
pub(crate) fn share(percent: Option<f64>) -> String {
    match percent {
        Some(it) if it >= 0.05 => format!("{it:.1}"),
        _ => "·".to_owned(),
    }
}

fn none(functions: bool) -> EscapePackage {
    EscapePackage {
        functions: functions.then_some(0),
        ..EscapePackage::default()
    }
}

fn sum(total: EscapePackage, it: &EscapePackage) -> EscapePackage {
    EscapePackage {
        path: total.path,
        sites: total.sites + it.sites,
        moved: total.moved + it.moved,
        new: total.new + it.new,
        make: total.make + it.make,
        append: total.append + it.append,
        boxing: total.boxing + it.boxing,
        closure: total.closure + it.closure,
        conversion: total.conversion + it.conversion,
        other: total.other + it.other,
        constants: total.constants + it.constants,
        leaking: total.leaking + it.leaking,
        functions: total.functions.zip(it.functions).map(|(a, b)| a + b),
        optimizations: None,
        weight: total
            .weight
            .or(it.weight.map(|_| 0.0))
            .zip(it.weight)
            .map(|(a, b)| a + b),
        heat: match (total.heat, it.heat) {
            (Some(a), Some(b)) => Some(a.plus(b)),
            (a, b) => a.or(b),
        },
    }
}

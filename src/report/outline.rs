//! The report in, the blocks that every readable rendering is made of out: N sections and M formats
//! are N + M pieces of code.

use super::verdict::label;
use super::{Cost, EscapePackage, Report, Section, Target};
use crate::check::{Finding, Status};
use crate::config::size::human;

/// A piece of a readable report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// What a group of blocks is about.
    Title(String),
    /// What the next block is about.
    Heading(String),
    /// A sentence.
    Line(Tone, String),
    /// Rows and columns.
    Table(Table),
}

/// How a sentence is meant. Colour only adds to its words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// A fact.
    Plain,
    /// All is well.
    Good,
    /// Worth a look.
    Warn,
    /// Failed.
    Bad,
    /// An aside.
    Dim,
}

/// Rows and columns.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Table {
    /// Their titles.
    pub columns: Vec<Column>,
    /// One cell per column.
    pub rows: Vec<Vec<String>>,
    /// The last row is a sum.
    pub total: bool,
}

/// A column.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// Numbers stand right.
    pub right: bool,
    /// Left out where there is little room.
    pub optional: bool,
}

/// How much is shown.
#[derive(Debug, Clone, Copy)]
pub struct Detail {
    /// Packages of the escape report.
    pub packages: usize,
}

/// A column of text.
pub fn text(title: &str) -> Column {
    Column {
        title: title.into(),
        ..Column::default()
    }
}

/// A column of numbers.
pub fn number(title: &str) -> Column {
    Column {
        title: title.into(),
        right: true,
        optional: false,
    }
}

/// A column that is left out where there is little room.
pub fn optional(column: Column) -> Column {
    Column {
        optional: true,
        ..column
    }
}

/// The whole report.
pub fn outline(report: &Report, detail: Detail) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, target) in report.targets.iter().enumerate() {
        blocks.push(Block::Title(title(target)));
        blocks.extend(artifact(target));
        blocks.extend(size(target));
        let platform = |it: &Target| (it.goos.clone(), it.goarch.clone(), it.level.clone());
        // One escape pass per platform: shown with the last executable of it.
        if !report.targets[index + 1..]
            .iter()
            .any(|it| platform(it) == platform(target))
        {
            blocks.extend(escapes(target, detail));
        }
        blocks.extend(checks(&target.checks));
    }
    blocks.extend(budgets(report));
    blocks.extend(verdict(report));
    blocks
}

fn title(target: &Target) -> String {
    let level = target
        .level
        .as_ref()
        .map_or(String::new(), |it| format!("/{it}"));
    format!(
        "{} · {}{level} · {}",
        target.name,
        label(target).rsplit(' ').next().unwrap_or_default(),
        target.package
    )
}

fn artifact(target: &Target) -> Vec<Block> {
    let file = &target.artifact;
    let place = match &file.path {
        Some(path) => path.clone(),
        None => "built, checked and discarded (keep it with `-o DIR/` or `[build] out-dir`)".into(),
    };
    let mut lines = vec![
        (
            Tone::Plain,
            format!(
                "{place}  {} ({} bytes)",
                human(file.size),
                grouped(file.size)
            ),
        ),
        (Tone::Dim, format!("sha256 {}", file.sha256)),
    ];
    let cache = match (target.packages_compiled, target.packages_cached) {
        (0, cached) => format!("all {cached} packages from the build cache"),
        (compiled, cached) => {
            format!("{compiled} packages compiled, {cached} from the build cache")
        }
    };
    let version = file.go_version.as_deref().unwrap_or("unknown Go version");
    lines.push((Tone::Dim, format!("{version}, {cache}")));
    lines.extend(pgo(target));
    lines
        .into_iter()
        .map(|(tone, line)| Block::Line(tone, line))
        .collect()
}

fn pgo(target: &Target) -> Option<(Tone, String)> {
    let pgo = &target.pgo;
    let (Some(profile), Some(digest)) = (&pgo.profile, &pgo.sha256) else {
        return None;
    };
    if !pgo.applied {
        return Some((
            Tone::Warn,
            format!(
                "profile {profile} is not applied ({})",
                pgo.fitness.as_deref().unwrap_or("unknown")
            ),
        ));
    }
    let samples = pgo.samples.map_or(String::new(), |it| {
        format!(", {} samples", grouped(it.unsigned_abs()))
    });
    let age = pgo
        .age_days
        .map_or(String::new(), |it| format!(", {it:.0} days old"));
    Some((
        Tone::Dim,
        format!(
            "profile {profile} applied{samples}{age}, sha256 {}",
            &digest[..digest.len().min(12)]
        ),
    ))
}

fn size(target: &Target) -> Vec<Block> {
    let before = target.baseline.as_ref();
    let mut table = Table {
        total: true,
        ..Table::default()
    };
    table.columns.push(text("section role"));
    if let Some(before) = before {
        table.columns.extend([
            number(&format!("{} B", before.kind)),
            number("release B"),
            number("change B"),
            number("%"),
        ]);
    } else {
        table.columns.push(number("release B"));
    }
    table.columns.push(optional(number("in memory B")));
    table.columns.push(optional(text("sections")));
    for section in target
        .sections
        .iter()
        .filter(|it| it.after > 0 || it.before.unwrap_or(0) > 0 || it.memory > 0)
    {
        table.rows.push(row(section, before.is_some()));
    }
    let overhead = target.overhead;
    let rest = Section {
        role: "headers, padding".into(),
        names: Vec::new(),
        before: before
            .map(|_| overhead.headers_before.unwrap_or(0) + overhead.padding_before.unwrap_or(0)),
        after: overhead.headers + overhead.padding,
        memory: 0,
    };
    let whole = Section {
        role: "file".into(),
        names: Vec::new(),
        before: before.map(|it| it.size),
        after: target.artifact.size,
        memory: 0,
    };
    table
        .rows
        .extend([row(&rest, before.is_some()), row(&whole, before.is_some())]);
    if target.sections.is_empty() {
        return Vec::new();
    }
    let heading = match before {
        Some(before) if before.size > 0 => format!(
            "Size: {} -> {} ({})",
            human(before.size),
            human(target.artifact.size),
            percent(before.size, target.artifact.size)
        ),
        _ => format!("Size: {}", human(target.artifact.size)),
    };
    vec![Block::Heading(heading), Block::Table(table)]
}

fn row(section: &Section, compared: bool) -> Vec<String> {
    let mut cells = vec![section.role.clone()];
    if compared {
        let before = section.before.unwrap_or(0);
        cells.extend([
            grouped(before),
            grouped(section.after),
            change(before, section.after),
        ]);
        cells.push(if before == section.after {
            String::new()
        } else {
            percent(before, section.after)
        });
    } else {
        cells.push(grouped(section.after));
    }
    cells.push(if section.memory > 0 {
        grouped(section.memory)
    } else {
        String::new()
    });
    cells.push(section.names.join(" "));
    cells
}

fn escapes(target: &Target, detail: Detail) -> Vec<Block> {
    let Some(escapes) = &target.escapes else {
        return Vec::new();
    };
    let prefix = common_prefix(escapes.packages.iter().map(|it| it.path.as_str()));
    let below = if prefix.is_empty() {
        String::new()
    } else {
        format!(" below {prefix}")
    };
    let heading = format!(
        "Escapes: {} sites in {} packages{below} (scope {}, {})",
        grouped(escapes.sites),
        escapes.packages.iter().filter(|it| it.sites > 0).count(),
        escapes.scope,
        escapes.go_version
    );
    if escapes.packages.is_empty() {
        return vec![Block::Heading(heading)];
    }
    let mut columns = vec![text("package")];
    columns.extend(CLASSES.iter().map(|(title, _)| number(title)));
    columns.push(optional(number("constants")));
    columns.push(optional(number("leaking")));
    let mut table = Table {
        columns,
        ..Table::default()
    };
    let (shown, folded) = escapes
        .packages
        .split_at(detail.packages.min(escapes.packages.len()));
    table.rows.extend(
        shown
            .iter()
            .map(|it| escape_row(it.path[prefix.len()..].to_owned(), it)),
    );
    if !folded.is_empty() {
        let rest = folded.iter().fold(EscapePackage::default(), sum);
        table
            .rows
            .push(escape_row(format!("and {} smaller", folded.len()), &rest));
    }
    if escapes.packages.len() > 1 {
        let all = escapes.packages.iter().fold(EscapePackage::default(), sum);
        table.rows.push(escape_row("all".into(), &all));
        table.total = true;
    }
    vec![Block::Heading(heading), Block::Table(table)]
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
            .rposition(|it| *it == b'/')
            .map_or(0, |it| it + 1);
        prefix = &base[..end];
    }
    prefix
}

type Class = (&'static str, fn(&EscapePackage) -> u64);

const CLASSES: &[Class] = &[
    ("sites", |it| it.sites),
    ("moved", |it| it.moved),
    ("new", |it| it.new),
    ("make", |it| it.make),
    ("append", |it| it.append),
    ("boxing", |it| it.boxing),
    ("closure", |it| it.closure),
    ("conv", |it| it.conversion),
    ("other", |it| it.other),
];

fn escape_row(label: String, package: &EscapePackage) -> Vec<String> {
    let counts = CLASSES
        .iter()
        .map(|(_, of)| of(package))
        .chain([package.constants, package.leaking]);
    let cell = |count: u64| {
        if count == 0 {
            "·".to_owned()
        } else {
            grouped(count)
        }
    };
    std::iter::once(label).chain(counts.map(cell)).collect()
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
        functions: None,
    }
}

/// A list of findings.
pub fn checks(findings: &[Finding]) -> Vec<Block> {
    if findings.is_empty() {
        return Vec::new();
    }
    let mut blocks = vec![Block::Heading("Checks".into())];
    for finding in findings {
        let (tone, word) = match finding.status {
            Status::Pass => (Tone::Good, "pass"),
            Status::Skip => (Tone::Dim, "skip"),
            Status::Warn => (Tone::Warn, "warn"),
            Status::Fail => (Tone::Bad, "FAIL"),
        };
        blocks.push(Block::Line(
            tone,
            format!("{word}  {}: {}", finding.id, finding.message),
        ));
        if let Some(hint) = &finding.hint {
            blocks.push(Block::Line(Tone::Dim, format!("      -> {hint}")));
        }
    }
    blocks
}

fn budgets(report: &Report) -> Vec<Block> {
    if report.budgets.is_empty() {
        return Vec::new();
    }
    let columns = vec![text("budget"), number("limit"), number("actual"), text("")];
    let mut table = Table {
        columns,
        ..Table::default()
    };
    for budget in &report.budgets {
        let growth = budget.item.starts_with("size-growth");
        let value = |it: f64| {
            if growth {
                format!("{it:.2} %")
            } else {
                grouped(it as u64)
            }
        };
        let status = match budget.status {
            Status::Fail => "FAIL",
            Status::Skip => "skip: the baseline is no file",
            Status::Pass | Status::Warn => "pass",
        };
        table.rows.push(vec![
            budget.item.clone(),
            value(budget.limit),
            budget.actual.map_or("unknown".into(), value),
            status.into(),
        ]);
    }
    vec![Block::Title("Budgets".into()), Block::Table(table)]
}

fn verdict(report: &Report) -> Vec<Block> {
    let mut blocks = vec![Block::Title("Result".into())];
    for failure in &report.verdict.failures {
        blocks.push(Block::Line(Tone::Bad, format!("FAIL  {failure}")));
    }
    if report.verdict.pass {
        let warnings = report
            .targets
            .iter()
            .flat_map(|it| &it.checks)
            .filter(|it| it.status == Status::Warn)
            .count();
        let count = report.targets.len();
        let what = if count == 1 {
            "1 executable".to_owned()
        } else {
            format!("{count} executables")
        };
        let tail = match warnings {
            0 => String::new(),
            1 => ", 1 warning".to_owned(),
            more => format!(", {more} warnings"),
        };
        blocks.push(Block::Line(Tone::Good, format!("pass  {what}{tail}")));
    }
    if let Some(path) = &report.checksums {
        blocks.push(Block::Line(Tone::Dim, format!("checksums: {path}")));
    }
    blocks.push(Block::Line(Tone::Dim, cost(&report.cost)));
    blocks
}

fn cost(cost: &Cost) -> String {
    let seconds = |ms: u64| format!("{:.2} s", ms as f64 / 1000.0);
    format!(
        "time: {} in all = {} build + {} baseline + {} escapes + {} our own and go's metadata",
        seconds(cost.total_ms),
        seconds(cost.build_ms),
        seconds(cost.baseline_ms),
        seconds(cost.escape_ms),
        seconds(cost.analysis_ms)
    )
}

/// `1,234,567`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `-1,234`, `+5`, or a dot for nothing.
pub fn change(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => "·".into(),
        std::cmp::Ordering::Less => format!("-{}", grouped(before - after)),
        std::cmp::Ordering::Greater => format!("+{}", grouped(after - before)),
    }
}

/// `-31.2 %`; `new` where there was nothing before.
pub fn percent(before: u64, after: u64) -> String {
    if before == 0 {
        return "new".into();
    }
    format!("{:+.1} %", (after as f64 / before as f64 - 1.0) * 100.0)
}

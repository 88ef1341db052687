//! The readable renderings of an inspection.

mod listings;

mod prose;

use crate::binary::Owners;
use crate::config::size::human;
use crate::number::{counted, counted_of, grouped, share};
use crate::profile::Weights;
use crate::report::inspection::{By, Inspection, View, picture};
use crate::view::{Block, Column, Table, Tone, number, optional, text};
pub use listings::NEVER_SHOWN;
use listings::{frames, functions, modules, packages, sections, unowned};
use prose::contract;

/// What is shown, in order; the picture stands first.
pub fn outline(inspection: &Inspection<'_>, view: View, profile: Option<&Weights>) -> Vec<Block> {
    let mut blocks = head(inspection);
    if view.picture {
        blocks.push(Block::Picture(picture(inspection, profile)));
    }
    if let Some(objects) = &inspection.objects {
        blocks.extend(listings::objects(objects));
        blocks.extend(ledger(inspection));
        return blocks;
    }
    let filtered = inspection.filter.is_some();
    if view.shows(By::Section) && (view.by.is_some() || !filtered) {
        blocks.extend(roles(inspection));
    }
    if view.by == Some(By::Section) {
        blocks.extend(sections(inspection, view));
    }
    if view.shows(By::Kind) && (view.by.is_some() || !filtered) {
        blocks.extend(kinds(inspection));
    }
    if view.shows(By::Module) {
        blocks.extend(modules(inspection, view));
    }
    if view.shows(By::Package) {
        blocks.extend(packages(inspection, view));
    }
    if view.shows(By::Function) {
        blocks.extend(functions(inspection, view));
        blocks.extend(frames(inspection, view));
    }
    if view.by.is_none() && !filtered {
        blocks.extend(unowned(inspection, view));
        blocks.extend(contract(inspection));
    }
    blocks.extend(ledger(inspection));
    blocks
}

fn head(inspection: &Inspection<'_>) -> Vec<Block> {
    let file = &inspection.file;
    let build = inspection.build.as_ref();
    let or_unknown = |text: &Option<String>| text.clone().unwrap_or_else(|| "unknown".into());
    let platform = format!("{}/{}", or_unknown(&file.goos), or_unknown(&file.goarch));
    let mut title = format!("{} · {platform}", file.path);
    if let Some(build) = build.filter(|info| !info.path.is_empty()) {
        title.push_str(&format!(" · {}", build.path));
    }
    let stripped = if file.stripped {
        "stripped"
    } else {
        "with symbols or debug information"
    };
    let mut lines = vec![(
        Tone::Plain,
        format!(
            "{} ({} bytes), {}, {stripped}",
            human(file.size),
            grouped(file.size),
            file.format.words()
        ),
    )];
    lines.push((Tone::Dim, origin(inspection)));
    if let Some(linkage) = &file.linkage {
        lines.push((Tone::Plain, linkage.to_string()));
    }
    if let Some(id) = &file.build_id {
        lines.push((Tone::Dim, format!("build ID {id}")));
    }
    lines.extend(
        inspection
            .notes
            .iter()
            .map(|note| (Tone::Warn, format!("note: {note}"))),
    );
    if let Some(filter) = &inspection.filter {
        lines.push((Tone::Plain, filtered(inspection, filter)));
    }
    let blocks = lines
        .into_iter()
        .map(|(tone, line)| Block::Line(tone, line));
    std::iter::once(Block::Title(title)).chain(blocks).collect()
}

/// How much a filter leaves.
fn filtered(inspection: &Inspection<'_>, filter: &str) -> String {
    let packages = &inspection.packages;
    let bytes = packages.iter().map(|package| package.bytes).sum();
    match (packages.len(), inspection.functions.len()) {
        (0, 0) if inspection.unowned.is_empty() => format!("nothing matches `{filter}`"),
        (0, functions) => format!(
            "only `{filter}`: no package has it in its path, but the names of {}",
            counted_of(functions, "function")
        ),
        (found, _) => format!(
            "only `{filter}`: {} with {}, {} of the file",
            counted_of(found, "package"),
            counted(bytes, "byte"),
            share(bytes, inspection.file.size)
        ),
    }
}

/// `go1.27.3, module example.com/app v1.2.0, 12 dependencies, revision 0123abc`
fn origin(inspection: &Inspection<'_>) -> String {
    let Some(build) = &inspection.build else {
        return "no build information: built outside of a module, or it was removed".into();
    };
    let mut words = vec![build.go_version.clone()];
    match &build.main {
        Some(main) => words.push(format!("module {} {}", main.path, main.version)),
        None => words.push("no main module".into()),
    }
    words.push(match build.deps.len() {
        0 => "no dependencies".into(),
        some => counted_of(some, "dependency"),
    });
    if let Some(revision) = build.setting("vcs.revision") {
        let modified = build.setting("vcs.modified") == Some("true");
        let tail = if modified { " with changes" } else { "" };
        let short: String = revision.chars().take(12).collect();
        words.push(format!("revision {short}{tail}"));
    }
    words.join(", ")
}

fn table(columns: Vec<Column>, rows: Vec<Vec<String>>, total: bool) -> Block {
    Block::Table(without_empty(Table {
        columns,
        rows,
        total,
    }))
}

/// Leaves out the optional columns in which no row has anything.
fn without_empty(mut table: Table) -> Table {
    for at in (0..table.columns.len()).rev() {
        let empty = table
            .rows
            .iter()
            .all(|row| row.get(at).is_none_or(String::is_empty));
        if empty && table.columns[at].optional {
            table.columns.remove(at);
            for row in table.rows.iter_mut().filter(|row| at < row.len()) {
                row.remove(at);
            }
        }
    }
    table
}

/// A number, a dot for nothing.
fn cell(bytes: u64) -> String {
    if bytes == 0 {
        "·".into()
    } else {
        grouped(bytes)
    }
}

fn roles(inspection: &Inspection<'_>) -> Vec<Block> {
    let size = inspection.file.size;
    let columns = vec![
        text("section role"),
        number("file B"),
        number("share"),
        optional(number("memory B")),
        optional(text("sections")),
    ];
    let row = |role: &str, bytes: u64, memory: u64, names: String| {
        vec![
            role.to_owned(),
            cell(bytes),
            share(bytes, size),
            cell(memory),
            names,
        ]
    };
    let roles = inspection
        .roles
        .iter()
        .filter(|role| role.bytes > 0 || role.memory > 0);
    let mut rows: Vec<_> = roles
        .map(|role| row(&role.role, role.bytes, role.memory, role.names.join(" ")))
        .collect();
    let ledger = inspection.ledger;
    rows.push(row(
        "headers, padding",
        ledger.headers + ledger.padding,
        0,
        String::new(),
    ));
    let memory = inspection.roles.iter().map(|role| role.memory).sum();
    rows.push(row("file", size, memory, String::new()));
    vec![
        Block::Heading("Sections by role".into()),
        table(columns, rows, true),
    ]
}

fn kinds(inspection: &Inspection<'_>) -> Vec<Block> {
    let size = inspection.file.size;
    let columns = vec![
        text("kind"),
        number("B"),
        number("share"),
        number("of packages B"),
        number("of none B"),
    ];
    let kinds = inspection.kinds.iter().filter(|kind| kind.bytes > 0);
    let row = |kind: &crate::report::inspection::KindSum| {
        vec![
            kind.kind.name().replace('-', " "),
            cell(kind.bytes),
            share(kind.bytes, size),
            cell(kind.bytes - kind.unowned),
            cell(kind.unowned),
        ]
    };
    let rows = kinds.map(row).collect();
    vec![
        Block::Heading("What the bytes are for".into()),
        table(columns, rows, false),
    ]
}

fn ledger(inspection: &Inspection<'_>) -> Vec<Block> {
    let ledger = &inspection.ledger;
    let line = format!(
        "every byte is counted once: the sums equal {} = {} of packages + {} shared + {} named by region + {} headers + {} padding",
        grouped(ledger.sum),
        grouped(ledger.packages),
        grouped(ledger.shared),
        grouped(ledger.unowned),
        grouped(ledger.headers),
        grouped(ledger.padding)
    );
    let percent = |bytes: u64| bytes as f64 / ledger.loaded.max(1) as f64 * 100.0;
    let by = match inspection.owners {
        Owners::Symbols => "by symbols, types and lengths",
        Owners::References => {
            "by who uses it and by lengths: the file has no symbols for its data, does not name packages without functions, and what those define counts for their users"
        }
    };
    let loaded = format!(
        "of what is loaded, {:.2} % has an owner and {:.2} % is proven, {by}",
        percent(ledger.loaded_owned),
        percent(ledger.loaded_proven),
    );
    vec![
        Block::Heading("Ledger".into()),
        Block::Line(Tone::Good, line),
        Block::Line(Tone::Dim, loaded),
    ]
}

fn listing(heading: String, columns: Vec<Column>, rows: Vec<Vec<String>>) -> Vec<Block> {
    if rows.is_empty() {
        return Vec::new();
    }
    vec![Block::Heading(heading), table(columns, rows, false)]
}

fn split<T>(all: &[T], lines: usize) -> (&[T], &[T]) {
    // A fold of one line would be no shorter than the line.
    let lines = if all.len() == lines.saturating_add(1) {
        all.len()
    } else {
        lines
    };
    all.split_at(lines.min(all.len()))
}

fn and(count: usize) -> String {
    format!("and {} smaller", grouped(count as u64))
}

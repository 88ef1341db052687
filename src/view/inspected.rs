//! The readable renderings of an inspection.

mod listings;

mod prose;

use crate::binary::Owners;
use crate::config::size::human;
use crate::number::{counted, counted_of, grouped, share};
use crate::profile::Weights;
use crate::report::inspection::{By, Inspection, KindSum, View, picture};
use crate::view::{Block, Cell, Column, Table, number, optional, text};
pub use listings::NEVER_SHOWN;
use listings::{frames, functions, modules, packages, sections, unowned};
use prose::contract;

/// What is shown, in order; the picture stands first.
pub fn outline(inspection: &Inspection<'_>, view: View, profile: Option<&Weights>) -> Vec<Block> {
    let mut blocks = head(inspection);
    if view.picture {
        blocks.push(Block::Picture(picture(inspection, profile)));
    }
    match &inspection.objects {
        Some(objects) => blocks.extend(listings::objects(objects)),
        None => blocks.extend(listed(inspection, view)),
    }
    blocks.extend(ledger(inspection));
    blocks
}

/// The tables that are wanted, and what stands below them.
fn listed(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let whole = view.by.is_some() || inspection.filter.is_none();
    let mut blocks = Vec::new();
    if view.shows(By::Section) && whole {
        blocks.extend(roles(inspection));
    }
    if view.by == Some(By::Section) {
        blocks.extend(sections(inspection, view));
    }
    if view.shows(By::Kind) && whole {
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
    if view.by.is_none() && whole {
        blocks.extend(unowned(inspection, view));
        blocks.extend(contract(inspection));
    }
    blocks
}

fn head(inspection: &Inspection<'_>) -> Vec<Block> {
    let file = &inspection.file;
    let stripped = match file.stripped {
        true => "stripped",
        false => "with symbols or debug information",
    };
    let mut blocks = vec![
        Block::Title(title(inspection)),
        Block::plain(format!(
            "{} ({} bytes), {}, {stripped}",
            human(file.size),
            grouped(file.size),
            file.format.words()
        )),
        Block::dim(origin(inspection)),
    ];
    let linkage = file.linkage.iter();
    blocks.extend(linkage.map(|linkage| Block::plain(linkage.to_string())));
    let id = file.build_id.iter();
    blocks.extend(id.map(|id| Block::dim(format!("build ID {id}"))));
    let notes = inspection.notes.iter();
    blocks.extend(notes.map(|note| Block::warn(format!("note: {note}"))));
    let filter = inspection.filter.iter();
    blocks.extend(filter.map(|filter| Block::plain(filtered(inspection, filter))));
    blocks
}

/// `dist/api · linux/amd64 · example.com/app/cmd/api`
fn title(inspection: &Inspection<'_>) -> String {
    let file = &inspection.file;
    let [goos, goarch] = [&file.goos, &file.goarch].map(|it| it.as_deref().unwrap_or("unknown"));
    let platform = format!("{goos}/{goarch}");
    match &inspection.build {
        Some(build) if !build.path.is_empty() => {
            format!("{} · {platform} · {}", file.path, build.path)
        }
        _ => format!("{} · {platform}", file.path),
    }
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

fn table(columns: Vec<Column>, rows: Vec<Vec<Cell>>, total: bool) -> Block {
    Block::Table(without_empty(Table {
        columns,
        rows,
        total,
    }))
}

/// Leaves out the optional columns in which no row has anything.
fn without_empty(mut table: Table) -> Table {
    for at in (0..table.columns.len()).rev() {
        let mut cells = table.rows.iter().map(|row| row.get(at));
        let empty = cells.all(|cell| cell.is_none_or(Cell::is_empty));
        if empty && table.columns[at].optional {
            table.columns.remove(at);
            for row in table.rows.iter_mut().filter(|row| at < row.len()) {
                row.remove(at);
            }
        }
    }
    table
}

fn roles(inspection: &Inspection<'_>) -> Vec<Block> {
    let columns = vec![
        text("section role"),
        number("file B"),
        number("share"),
        optional(number("memory B")),
        optional(text("sections")),
    ];
    let size = inspection.file.size;
    let row = |role: &str, bytes: u64, memory: u64, names: &[String]| {
        vec![
            role.into(),
            Cell::some_bytes(bytes),
            Cell::share(bytes, size),
            Cell::some_bytes(memory),
            names.join(" ").into(),
        ]
    };
    let all = inspection.roles.iter();
    let there = all.filter(|role| role.bytes > 0 || role.memory > 0);
    let there = there.map(|role| row(&role.role, role.bytes, role.memory, &role.names));
    let mut rows: Vec<_> = there.collect();
    let rest = inspection.ledger.headers + inspection.ledger.padding;
    rows.push(row("headers, padding", rest, 0, &[]));
    let memory = inspection.roles.iter().map(|role| role.memory).sum();
    rows.push(row("file", size, memory, &[]));
    let table = table(columns, rows, true);
    vec![Block::heading("Sections by role"), table]
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
    let row = |kind: &KindSum| {
        vec![
            kind.kind.name().replace('-', " ").into(),
            Cell::some_bytes(kind.bytes),
            Cell::share(kind.bytes, size),
            Cell::some_bytes(kind.bytes - kind.unowned),
            Cell::some_bytes(kind.unowned),
        ]
    };
    let rows = kinds.map(row).collect();
    vec![
        Block::heading("What the bytes are for"),
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
    let loaded = format!(
        "of what is loaded, {:.2} % has an owner and {:.2} % is proven, {}",
        percent(ledger.loaded_owned),
        percent(ledger.loaded_proven),
        known_by(inspection.owners)
    );
    let mut blocks = vec![
        Block::heading("Ledger"),
        Block::good(line),
        Block::dim(loaded),
    ];
    blocks.extend(unnamed(&inspection.unnamed_modules));
    blocks
}

/// The modules of which the file names no package.
fn unnamed(modules: &[String]) -> Option<Block> {
    const SHOWN: usize = 5;
    let names = modules[..modules.len().min(SHOWN)].join(", ");
    let more = match modules.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    (!modules.is_empty()).then(|| {
        Block::dim(format!(
            "no package of {names}{more} has a name in the file: what it has of them counts for who uses it"
        ))
    })
}

/// By what it is known whose the bytes are.
fn known_by(owners: Owners) -> &'static str {
    match owners {
        Owners::Symbols => "by symbols, types and lengths",
        Owners::References => {
            "by who uses it and by lengths: the file has no symbols for its data, does not name packages without functions, and what those define counts for their users"
        }
    }
}

fn listing(heading: String, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Vec<Block> {
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

fn and(count: usize) -> Cell {
    Cell::Rest(format!("and {} smaller", grouped(count as u64)))
}

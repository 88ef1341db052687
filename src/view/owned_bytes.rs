//! The bytes of an executable by module and by package, and as a picture.

use super::{Block, Column, Table, Tone, number, optional, text};
use crate::binary::Owners;
use crate::config::size::human;
use crate::number::{change, grouped, percent, share};
use crate::report::picture::{Layer, Picture};
use crate::report::sizes::{RETAINED, Retained, SHARED, UNOWNED};
use crate::report::{Target, owner_tiles};

/// Lines of each table; what is smaller is one line.
const TOP: usize = 10;

/// One line of a table.
struct Owner<'a> {
    name: &'a str,
    version: &'a str,
    bytes: u64,
    before: Option<u64>,
    retained: Option<u64>,
}

/// Modules where there are several, and packages.
pub(crate) fn owners(target: &Target, everything: bool) -> Vec<Block> {
    let top = if everything { 5 * TOP } else { TOP };
    let modules = target.modules.iter().map(|module| Owner {
        name: &module.path,
        version: module.version.as_deref().unwrap_or_default(),
        bytes: module.bytes,
        before: module.before,
        retained: module.retained,
    });
    let packages = target.packages.iter().map(|package| Owner {
        name: &package.path,
        version: "",
        bytes: package.bytes,
        before: package.before,
        retained: package.retained,
    });
    let mut blocks = Vec::new();
    // The standard library, the main module and what is nobody's: the packages say more.
    if target.modules.len() > 3 {
        blocks.extend(table(
            "Modules",
            "module",
            &modules.collect::<Vec<_>>(),
            target,
            top,
        ));
    }
    blocks.extend(table(
        "Packages",
        "package",
        &packages.collect::<Vec<_>>(),
        target,
        top,
    ));
    if !blocks.is_empty() {
        blocks.extend(known_by(target.owners));
        blocks.extend(retained(target));
    }
    blocks
}

fn table(heading: &str, title: &str, all: &[Owner<'_>], target: &Target, top: usize) -> Vec<Block> {
    if all.is_empty() {
        return Vec::new();
    }
    // Stripping leaves every package as it was: the column would say nothing.
    let differs = |owner: &Owner<'_>| {
        owner.name != UNOWNED && owner.before.is_some_and(|before| before != owner.bytes)
    };
    let compared = all.iter().any(differs);
    let mut columns = vec![text(title)];
    if compared {
        columns.push(number("before B"));
    }
    columns.extend([number("release B"), number("share")]);
    if compared {
        columns.extend([number("change B"), number("%")]);
    }
    if all.iter().any(|owner| owner.retained.is_some()) {
        columns.push(number(RETAINED));
    }
    let versions = all.iter().any(|owner| !owner.version.is_empty());
    columns.extend(versions.then(|| optional(text("version"))));
    // What is nobody's alone, and what only the file before had, is no part of the count in the heading.
    let is_common = |owner: &&Owner<'_>| [SHARED, UNOWNED].contains(&owner.name);
    let (common, named): (Vec<&Owner<'_>>, Vec<_>) = all.iter().partition(is_common);
    let (there, gone): (Vec<&Owner<'_>>, Vec<_>) =
        named.into_iter().partition(|owner| owner.bytes > 0);
    let count = there.len();
    let (shown, rest) = there.split_at(if count <= top + 1 { count } else { top });
    let mut rows: Vec<_> = shown
        .iter()
        .map(|owner| row(owner, target, &columns))
        .collect();
    for (several, what) in [(rest, "smaller"), (&gone, "gone")] {
        if !several.is_empty() {
            let name = format!("and {} {what}", grouped(several.len() as u64));
            let sum = Owner {
                name: &name,
                version: "",
                bytes: several.iter().map(|owner| owner.bytes).sum(),
                before: several.iter().map(|owner| owner.before).sum(),
                retained: None,
            };
            rows.push(row(&sum, target, &columns));
        }
    }
    rows.extend(common.iter().map(|owner| row(owner, target, &columns)));
    let heading = format!("{heading}: {}", grouped(count as u64));
    let table = Table {
        columns,
        rows,
        total: false,
    };
    vec![Block::Heading(heading), Block::Table(table)]
}

/// What the column means, or why there is none.
fn retained(target: &Target) -> Option<Block> {
    let known = target
        .packages
        .iter()
        .any(|package| package.retained.is_some());
    let line = match &target.not_retained {
        Some(why) => format!("what packages keep alive alone is not known: {why}"),
        None if known => Retained::meaning(target.uncounted_c),
        None => return None,
    };
    Some(Block::Line(Tone::Dim, line))
}

/// By what it is known whose the data are: another page of the same executable may know less.
fn known_by(owners: Option<Owners>) -> Option<Block> {
    let line = match owners? {
        Owners::Symbols => {
            "whose data are: by symbols, of the executable or of its twin; a stripped file alone does not name packages without functions"
        }
        Owners::References => {
            "whose data are: by who uses them, since there are no symbols; packages without functions are not named"
        }
    };
    Some(Block::Line(Tone::Dim, line.into()))
}

fn row(it: &Owner<'_>, target: &Target, columns: &[Column]) -> Vec<String> {
    let size = target.artifact.size;
    let before = it.before.unwrap_or(0);
    let cell = |column: &Column| match column.title.as_str() {
        "before B" => grouped(before),
        "release B" => grouped(it.bytes),
        "share" => share(it.bytes, size),
        "change B" => change(before, it.bytes),
        "%" if before == it.bytes => String::new(),
        "%" if it.bytes == 0 => "gone".into(),
        "%" => percent(before, it.bytes),
        RETAINED => it.retained.map_or(String::new(), grouped),
        "version" => it.version.to_owned(),
        _ if it.name == SHARED => format!("shared: used by several {}s", columns[0].title),
        _ if it.name == UNOWNED => unowned(target.overhead.c_code),
        _ => it.name.to_owned(),
    };
    columns.iter().map(cell).collect()
}

/// What no package has, by name.
fn unowned(c_code: u64) -> String {
    let rest = "headers, loader, symbols, DWARF";
    match c_code {
        0 => format!("unowned: {rest}"),
        bytes => format!("unowned: C code ({} B), {rest}", grouped(bytes)),
    }
}

/// The treemap: module > package.
pub(crate) fn picture(target: &Target) -> Option<Block> {
    let file = &target.artifact;
    let version = file.go_version.as_deref().unwrap_or("unknown Go version");
    let mut picture = Picture {
        title: target.name.clone(),
        subtitle: format!(
            "{} ({} bytes), {}/{}, {version}",
            human(file.size),
            grouped(file.size),
            target.goos,
            target.goarch,
        ),
        layers: vec![Layer::Bytes],
        tiles: owner_tiles::tiles(target),
    };
    for layer in [
        Layer::Retained,
        Layer::Change,
        Layer::Escapes,
        Layer::Profile,
    ] {
        if picture.whole(layer) > 0 {
            picture.layers.push(layer);
        }
    }
    (!picture.tiles.is_empty()).then_some(Block::Picture(picture))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn c_code_is_named_with_its_bytes() {
        let rest = "headers, loader, symbols, DWARF";
        assert_eq!(unowned(3399), format!("unowned: C code (3,399 B), {rest}"));
        assert_eq!(unowned(0), format!("unowned: {rest}"));
    }
}

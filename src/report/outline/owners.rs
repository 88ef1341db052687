//! The bytes of an executable by module and by package, and as a picture.

use std::collections::BTreeMap;

use super::{Block, Column, Table, Tone, number, optional, text};
use crate::binary::Owners;
use crate::config::size::human;
use crate::number::{change, grouped, percent, share};
use crate::order::Order;
use crate::report::Target;
use crate::report::picture::{Hue, Layer, Picture, Tile};
use crate::report::sizes::{PackageSize, RETAINED, Retained, SHARED, UNOWNED};

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
        tiles: tiles(target),
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

/// Module > package, the largest first.
pub(crate) fn tiles(target: &Target) -> Vec<Tile> {
    let mut modules: BTreeMap<&str, (Vec<Tile>, &str)> = BTreeMap::new();
    for it in &target.packages {
        let hue = hue(target, &it.path, it.module.as_deref());
        let module = it.module.as_deref().unwrap_or(match hue {
            Hue::Other => "no package",
            Hue::Std => "standard library",
            Hue::Main | Hue::Dependency => &it.path,
        });
        let tile = tile(target, it, module, hue);
        if tile.has_anything() {
            let version = it.version.as_deref().unwrap_or_default();
            let entry = modules.entry(module).or_insert((Vec::new(), version));
            entry.0.push(tile);
        }
    }
    let module = |(name, (packages, version)): (&str, (Vec<Tile>, &str))| {
        let full = match version {
            "" => name.to_owned(),
            version => format!("{name} {version}"),
        };
        Tile::around(name, full, packages)
    };
    let mut tiles: Vec<Tile> = modules.into_iter().map(module).collect();
    tiles.order_by_key(|tile| std::cmp::Reverse(tile.bytes));
    tiles
}

fn tile(target: &Target, it: &PackageSize, module: &str, hue: Hue) -> Tile {
    let label = match it.path.strip_prefix(module) {
        Some("") => it.path.rsplit('/').next().unwrap_or(&it.path),
        Some(within) if within.starts_with('/') => &within[1..],
        _ => &it.path,
    };
    let escapes = target.escapes.iter().flat_map(|escapes| &escapes.packages);
    let sites = escapes
        .filter(|other| other.path == it.path)
        .map(|package| package.sites)
        .sum();
    Tile {
        before: it.before.unwrap_or(0),
        moved: it.before.map_or(0, |before| before.abs_diff(it.bytes)),
        sites,
        retained: it.retained.unwrap_or(0),
        weight: it
            .weight
            .map_or(0, |weight| (weight * 10_000.0).round() as u64),
        ..Tile::leaf(label, it.path.as_str(), it.bytes, hue)
    }
}

/// The main module is that of the main package.
fn hue(target: &Target, path: &str, module: Option<&str>) -> Hue {
    let main = target
        .packages
        .iter()
        .find(|package| package.path == target.package);
    let main_module = main.and_then(|package| package.module.as_deref());
    match module {
        _ if path == UNOWNED || path == SHARED => Hue::Other,
        _ if path == target.package || path == "main" => Hue::Main,
        Some(module) if Some(module) == main_module => Hue::Main,
        Some(_) => Hue::Dependency,
        None => Hue::Std,
    }
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

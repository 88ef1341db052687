//! The bytes of an executable as boxes: module > package.

use std::collections::BTreeMap;

use super::Target;
use super::picture::{Hue, Tile};
use super::sizes::{PackageSize, SHARED, UNOWNED};
use crate::order::Order;

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

fn hue(target: &Target, path: &str, module: Option<&str>) -> Hue {
    let main_module = target.main_module();
    match module {
        _ if path == UNOWNED || path == SHARED => Hue::Other,
        _ if path == target.package || path == "main" => Hue::Main,
        Some(module) if Some(module) == main_module => Hue::Main,
        Some(_) => Hue::Dependency,
        None => Hue::Std,
    }
}

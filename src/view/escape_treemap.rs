//! Draws the escapes of a platform as a treemap: module > package > function, as large as their places are many.

use std::collections::BTreeMap;

use crate::number::counted;
use crate::report::Site;
use crate::report::escape_report::Target;
use crate::report::picture::{Hue, Layer, Picture, Tile};

/// The sites by module and by package.
type Modules<'a> = BTreeMap<(&'a str, Hue), BTreeMap<&'a str, Vec<&'a Site>>>;

/// The treemap of the sites that were selected; `None` where there are none.
pub(crate) fn picture(target: &Target) -> Option<Picture> {
    let tiles = modules(target).into_iter();
    let tiles = tiles.map(|((module, hue), packages)| {
        let packages = packages.into_iter();
        let packages = packages.map(|(path, sites)| package(path, module, hue, &sites));
        Tile::around(module, module, packages.collect())
    });
    let mut picture = Picture {
        title: format!("escapes, {}", target.key),
        subtitle: format!(
            "{} of {}",
            counted(target.sites.len() as u64, "place"),
            target.escapes.go_version
        ),
        layers: vec![Layer::Escapes],
        tiles: tiles.collect(),
    };
    if picture.whole(Layer::Profile) > 0 {
        picture.layers.push(Layer::Profile);
    }
    (!picture.tiles.is_empty()).then_some(picture)
}

fn modules(target: &Target) -> Modules<'_> {
    let mut modules = Modules::new();
    for site in &target.sites {
        let home = target.homes.get(&site.package);
        let home = home.map_or(("other packages", Hue::Other), |home| {
            (home.0.as_str(), home.1)
        });
        let packages = modules.entry(home).or_default();
        packages.entry(&site.package).or_default().push(site);
    }
    modules
}

fn package(path: &str, module: &str, hue: Hue, sites: &[&Site]) -> Tile {
    let mut functions: BTreeMap<&str, (u64, f64)> = BTreeMap::new();
    for it in sites {
        let name = match it.function.as_str() {
            "" => "outside of functions",
            name => name,
        };
        let function = functions.entry(name).or_default();
        function.0 += 1;
        // The share of the function, whichever of its places says so.
        function.1 = function.1.max(it.weight.unwrap_or_default());
    }
    let function = |(name, (count, percent)): (&str, (u64, f64))| Tile {
        kind: "code".into(),
        sites: count,
        weight: (percent * 10_000.0).round() as u64,
        ..Tile::leaf(name, format!("{path}.{name}"), 0, hue)
    };
    let label = match path.strip_prefix(module) {
        Some("") => path.rsplit('/').next().unwrap_or(path),
        Some(within) if within.starts_with('/') => &within[1..],
        _ => path,
    };
    Tile::around(label, path, functions.into_iter().map(function).collect())
}

//! Draws a profile as a treemap: whose code > package > function, each as large as what it has of the profile itself.

use std::collections::BTreeMap;

use super::picture::{Hue, Layer, Picture, Tile};
use super::shown_profile::Shown;
use crate::number::counted_of;
use crate::profile::Owner;
use crate::profile::hot_summary::owner_by_path;
use crate::profile::symbol_parts::package;

/// Functions by whose they are, and by package.
type Owners<'a> = BTreeMap<Owner, BTreeMap<&'a str, Vec<Tile>>>;

/// The treemap; `None` where the functions of the profile are not all there.
pub(crate) fn picture(shown: &Shown) -> Option<Picture> {
    let module = shown.main_module.as_deref().unwrap_or_default();
    let tiles = owners(shown, module).into_iter();
    let file = shown.file.rsplit(['/', '\\']).next().unwrap_or_default();
    let picture = Picture {
        title: file.to_owned(),
        subtitle: format!(
            "{} of {}; area is what a function has itself, without what it calls",
            shown.summary.measure,
            counted_of(shown.everything.len(), "function")
        ),
        layers: vec![Layer::Profile],
        tiles: tiles
            .map(|(owner, packages)| owned(owner, packages, module))
            .collect(),
    };
    (picture.whole(Layer::Profile) > 0).then_some(picture)
}

fn owners<'a>(shown: &'a Shown, module: &str) -> Owners<'a> {
    let total = u128::from(shown.summary.total.unsigned_abs()).max(1);
    let mut owners = Owners::new();
    for it in shown.everything.iter().filter(|hot| hot.flat > 0) {
        let path = package(&it.function);
        let owner = owner_by_path(path, module);
        let name = match it.function.as_str() {
            "" => "without a name",
            name => name,
        };
        let label = name.strip_prefix(path).unwrap_or(name);
        let parts = u128::from(it.flat.unsigned_abs()) * 1_000_000 / total;
        let tile = Tile {
            kind: "code".into(),
            weight: u64::try_from(parts).unwrap_or(u64::MAX),
            ..Tile::leaf(label.trim_start_matches('.'), name, 0, hue(owner))
        };
        let packages = owners.entry(owner).or_default();
        packages.entry(path).or_default().push(tile);
    }
    owners
}

/// The box of an owner around those of its packages.
fn owned(owner: Owner, packages: BTreeMap<&str, Vec<Tile>>, module: &str) -> Tile {
    let package = |(path, functions): (&str, Vec<Tile>)| {
        let path = if path.is_empty() { "no package" } else { path };
        let within = path.strip_prefix(module).filter(|_| owner == Owner::Main);
        let label = within.and_then(|text| text.strip_prefix('/'));
        Tile::around(label.unwrap_or(path), path, functions)
    };
    let name = name(owner, module);
    Tile::around(name, name, packages.into_iter().map(package).collect())
}

fn hue(owner: Owner) -> Hue {
    match owner {
        Owner::Main => Hue::Main,
        Owner::Dependency => Hue::Dependency,
        Owner::Std | Owner::Runtime => Hue::Std,
        Owner::Unknown => Hue::Other,
    }
}

fn name(owner: Owner, module: &str) -> &str {
    match owner {
        Owner::Main if module.is_empty() => "main package",
        Owner::Main => module,
        Owner::Dependency => "dependencies",
        Owner::Std => "standard library",
        Owner::Runtime => "runtime",
        Owner::Unknown => "no package",
    }
}

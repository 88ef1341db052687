//! Joins the boxes of two executables into one picture: each box with its bytes before and after, what is gone among
//! them.

use std::collections::HashMap;

use super::Tile;

/// Joins boxes by their label: the name of a module, of a package in it, of a function in that. What only the first side has
/// is there with no bytes.
pub(crate) fn merged(old: Vec<Tile>, new: Vec<Tile>) -> Vec<Tile> {
    let mut before: HashMap<String, Vec<Tile>> = HashMap::new();
    let mut order = Vec::new();
    for it in old {
        let same = before.entry(it.label.clone()).or_default();
        if same.is_empty() {
            order.push(it.label.clone());
        }
        same.push(it);
    }
    let mut out: Vec<Tile> = Vec::new();
    let mut places: HashMap<String, usize> = HashMap::new();
    for it in new {
        match places.get(&it.label) {
            Some(at) => add(&mut out[*at], it),
            None => {
                places.insert(it.label.clone(), out.len());
                out.push(it);
            }
        }
    }
    let mut out: Vec<Tile> = out
        .into_iter()
        .map(|tile| {
            let was = before.remove(&tile.label).and_then(one);
            both(was, tile)
        })
        .collect();
    let gone = order.into_iter().filter_map(|text| before.remove(&text));
    out.extend(gone.filter_map(one).map(gone_tile));
    out
}

/// Several of one name count together, as in the tables.
fn one(tiles: Vec<Tile>) -> Option<Tile> {
    tiles.into_iter().reduce(|mut a, b| {
        add(&mut a, b);
        a
    })
}

fn add(to: &mut Tile, other: Tile) {
    to.bytes += other.bytes;
    to.retained += other.retained;
    to.sites += other.sites;
    to.weight += other.weight;
    to.children.extend(other.children);
}

fn both(old: Option<Tile>, new: Tile) -> Tile {
    let Some(old) = old else {
        return is_new(new);
    };
    let full = match old.full == new.full {
        true => new.full.clone(),
        // The version of a module: the path stands in both.
        false => match new.full.rsplit_once(' ').zip(old.full.rsplit_once(' ')) {
            Some(((path, now), (same, was))) if path == same => format!("{path} {was} → {now}"),
            _ => new.full.clone(),
        },
    };
    // Where one side does not list its parts, they say nothing of the other's.
    if old.children.is_empty() || new.children.is_empty() {
        return Tile {
            full,
            before: old.bytes,
            moved: new.bytes.abs_diff(old.bytes),
            children: Vec::new(),
            ..new
        };
    }
    let children = merged(old.children, new.children);
    let moved = children.iter().map(|tile| tile.moved).sum();
    Tile {
        full,
        before: old.bytes,
        moved,
        children,
        ..new
    }
}

fn is_new(mut it: Tile) -> Tile {
    it.before = 0;
    it.moved = it.bytes;
    it.children = it.children.into_iter().map(is_new).collect();
    it
}

fn gone_tile(mut it: Tile) -> Tile {
    it.before = it.bytes;
    it.moved = it.bytes;
    it.bytes = 0;
    it.children = it.children.into_iter().map(gone_tile).collect();
    it
}

#[cfg(test)]
mod tests {
    use super::super::Hue;
    use super::*;

    fn package(name: &str, functions: &[(&str, u64)]) -> Tile {
        let function =
            |(name, bytes): &(&str, u64)| Tile::leaf(*name, *name, *bytes, Hue::Dependency);
        Tile::around(name, name, functions.iter().map(function).collect())
    }

    #[test]
    fn what_came_and_what_went_do_not_cancel_out() {
        let old = vec![package("a", &[("f", 100), ("gone", 50)])];
        let new = vec![package("a", &[("f", 120), ("fresh", 30)])];
        let [only] = &merged(old, new)[..] else {
            panic!("one package")
        };
        assert_eq!((only.before, only.bytes, only.moved), (150, 150, 100));
        let seen: Vec<_> = only
            .children
            .iter()
            .map(|tile| (tile.label.as_str(), tile.before, tile.bytes))
            .collect();
        assert_eq!(seen, [("f", 100, 120), ("fresh", 0, 30), ("gone", 50, 0)]);
    }

    #[test]
    fn a_package_without_a_list_of_functions_is_compared_as_one() {
        let old = vec![Tile::leaf("a", "a", 10, Hue::Std)];
        let new = vec![package("a", &[("f", 7)])];
        let [only] = &merged(old, new)[..] else {
            panic!("one package")
        };
        assert_eq!((only.before, only.bytes, only.moved), (10, 7, 3));
        assert!(only.children.is_empty());
    }

    #[test]
    fn a_module_has_both_versions() {
        let module = |full: &str| Tile::leaf("ex.com/m", full, 10, Hue::Dependency);
        let merged = merged(
            vec![module("ex.com/m v1.0.0")],
            vec![module("ex.com/m v1.1.0")],
        );
        assert_eq!(merged[0].full, "ex.com/m v1.0.0 → v1.1.0");
    }
}

//! Reduces a treemap to at most so many boxes: what is too small to be seen is counted, none of it lost.

use super::{Hue, Layer, Picture, Tile};
use crate::config::size::human;
use crate::number::grouped;
use crate::order::Order;

/// A picture that can be drawn, and what of it stands for several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Folded {
    /// The picture.
    pub(crate) picture: Picture,
    /// Boxes that are drawn together with others, or within the box around them.
    pub(crate) hidden: u64,
    /// Their bytes.
    pub(crate) hidden_bytes: u64,
}

/// What people wrote themselves is shown down to smaller boxes than the rest, by this factor.
const OWN: u64 = 16;

impl Picture {
    /// With about so many boxes: the smallest of each box become one that says how many they are. Packages of the main module
    /// stay as they are.
    pub(crate) fn folded(&self, most: usize) -> Folded {
        let scale = Scale::of(self);
        let mut sizes = Vec::new();
        collect(&self.tiles, &scale, &mut sizes);
        // Of several of one size, the first stay.
        let (least, ties) = match sizes.len() > most {
            true => {
                let least = *sizes.select_nth_unstable_by(most, |a, b| b.cmp(a)).1;
                let larger = sizes.iter().filter(|size| **size > least).count();
                (least, most - larger)
            }
            false => (0, usize::MAX),
        };
        let mut folded = Folded {
            picture: Self {
                tiles: Vec::new(),
                ..self.clone_empty()
            },
            hidden: 0,
            hidden_bytes: 0,
        };
        let mut fold = Fold {
            least,
            ties,
            scale,
            hidden: 0,
            hidden_bytes: 0,
        };
        folded.picture.tiles = fold.tiles(&self.tiles, 0);
        (folded.hidden, folded.hidden_bytes) = (fold.hidden, fold.hidden_bytes);
        folded
    }

    fn clone_empty(&self) -> Self {
        Self {
            title: self.title.clone(),
            subtitle: self.subtitle.clone(),
            layers: self.layers.clone(),
            tiles: Vec::new(),
        }
    }
}

/// How much a box matters: its largest share of any layer, in billionths.
struct Scale(Vec<(Layer, u128)>);

impl Scale {
    fn of(picture: &Picture) -> Self {
        let whole = |layer: &Layer| (*layer, u128::from(picture.whole(*layer).max(1)));
        Self(picture.layers.iter().map(whole).collect())
    }

    fn size(&self, tile: &Tile) -> u64 {
        let share = |(layer, whole): &(Layer, u128)| {
            let part = u128::from(tile.area(*layer)) * 1_000_000_000 / whole;
            part.min(1_000_000_000) as u64
        };
        let most = self.0.iter().map(share).max().unwrap_or_default();
        match tile.hue {
            Hue::Main => most.saturating_mul(OWN),
            _ => most,
        }
    }
}

fn collect(tiles: &[Tile], scale: &Scale, sizes: &mut Vec<u64>) {
    for it in tiles {
        sizes.push(scale.size(it));
        collect(&it.children, scale, sizes);
    }
}

struct Fold {
    least: u64,
    ties: usize,
    scale: Scale,
    hidden: u64,
    hidden_bytes: u64,
}

impl Fold {
    fn tiles(&mut self, all: &[Tile], depth: usize) -> Vec<Tile> {
        let (large, mut small): (Vec<&Tile>, Vec<&Tile>) =
            all.iter().partition(|tile| self.stays(tile, depth));
        // A box of one would be no smaller than the box.
        let alone = match small.as_slice() {
            [_] => small.pop(),
            _ => None,
        };
        let mut kept: Vec<Tile> = large
            .into_iter()
            .map(|tile| self.tile(tile, depth))
            .collect();
        kept.extend(alone.map(|tile| self.tile(tile, depth)));
        kept.order_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.full.cmp(&b.full)));
        if !small.is_empty() {
            self.hide(&small);
            kept.extend((depth == 0 || !kept.is_empty()).then(|| together(&small, depth)));
        }
        kept
    }

    fn stays(&mut self, it: &Tile, depth: usize) -> bool {
        let size = self.scale.size(it);
        if size > self.least || (it.hue == Hue::Main && depth < 2) {
            return true;
        }
        let tie = size == self.least && self.ties > 0;
        self.ties -= usize::from(tie);
        tie
    }

    fn tile(&mut self, it: &Tile, depth: usize) -> Tile {
        let children = self.tiles(&it.children, depth + 1);
        Tile {
            label: it.label.clone(),
            full: it.full.clone(),
            kind: it.kind.clone(),
            children,
            ..*it
        }
    }

    fn hide(&mut self, small: &[&Tile]) {
        self.hidden += small.len() as u64;
        self.hidden_bytes += small.iter().map(|tile| tile.bytes).sum::<u64>();
    }
}

/// One box for many.
fn together(small: &[&Tile], depth: usize) -> Tile {
    let noun = match depth {
        0 => "modules",
        1 => "packages",
        _ if small.iter().all(|tile| tile.kind == "code") => "functions",
        _ => "pieces",
    };
    let count = grouped(small.len() as u64);
    let sum = |of: fn(&Tile) -> u64| small.iter().map(|tile| of(tile)).sum::<u64>();
    let bytes = sum(|tile| tile.bytes);
    let first = small[0];
    let same = small.iter().all(|tile| tile.kind == first.kind);
    Tile {
        label: format!("{count} smaller {noun}"),
        full: format!("and {count} smaller {noun}, together {}", human(bytes)),
        hue: first.hue,
        kind: match same {
            true => first.kind.clone(),
            false => "".into(),
        },
        bytes,
        before: sum(|tile| tile.before),
        moved: sum(|tile| tile.moved),
        retained: sum(|tile| tile.retained),
        sites: sum(|tile| tile.sites),
        weight: sum(|tile| tile.weight),
        members: small.len() as u64,
        children: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(functions: u64) -> Picture {
        let package = |path: &str, hue: Hue, count: u64| {
            let function = |at: u64| {
                let name = format!("{path}.f{at}");
                Tile {
                    kind: "code".into(),
                    moved: at % 7,
                    ..Tile::leaf(format!("f{at}"), name, 16 + at, hue)
                }
            };
            Tile::around(path, path, (0..count).map(function).collect())
        };
        let std = package("fmt", Hue::Std, functions);
        let own = package("example.com/app", Hue::Main, 3);
        Picture {
            layers: vec![Layer::Bytes, Layer::Change],
            tiles: vec![
                Tile::around("standard library", "standard library", vec![std]),
                Tile::around("example.com/app", "example.com/app", vec![own]),
            ],
            ..Picture::default()
        }
    }

    fn count(tiles: &[Tile]) -> usize {
        tiles.iter().map(|tile| 1 + count(&tile.children)).sum()
    }

    fn adds_up(it: &Tile) -> bool {
        let sum = |of: fn(&Tile) -> u64| it.children.iter().map(of).sum::<u64>();
        it.children.is_empty()
            || (sum(|tile| tile.bytes) == it.bytes
                && sum(|tile| tile.moved) == it.moved
                && it.children.iter().all(adds_up))
    }

    #[test]
    fn what_is_folded_is_counted_and_sums_stay() {
        let picture = program(10_000);
        for most in [10, 100, 1000, 20_000] {
            let folded = picture.folded(most);
            let drawn = &folded.picture;
            assert!(count(&drawn.tiles) <= most + 8, "{most}");
            assert!(drawn.tiles.iter().all(adds_up), "{most}");
            for layer in [Layer::Bytes, Layer::Change] {
                assert_eq!(drawn.whole(layer), picture.whole(layer));
            }
            assert_eq!(drawn.own()[0].full, "example.com/app");
        }
        assert_eq!(picture.folded(20_000).picture.tiles.len(), 2);
        assert_eq!(picture.folded(20_000).hidden, 0);
    }

    #[test]
    fn the_folded_say_how_many_they_are() {
        let folded = program(1000).folded(100);
        let std = &folded.picture.tiles[0].children[0];
        let last = std.children.last().unwrap();
        assert_eq!(last.members, folded.hidden);
        assert_eq!(last.label, format!("{} smaller functions", last.members));
        assert!(last.full.starts_with("and ") && last.full.contains(", together "));
        assert_eq!(last.bytes, folded.hidden_bytes);
    }
}

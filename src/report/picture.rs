//! What a treemap shows: boxes within boxes, each as large as what it has of a layer. How it looks is the business of `render`.

mod fewer;

mod union;

use std::borrow::Cow;

use crate::order::Order;
pub(crate) use fewer::Folded;
pub(crate) use union::merged;

/// A treemap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it is of.
    pub(crate) title: String,
    /// What else is said of it, in one line.
    pub(crate) subtitle: String,
    /// What its boxes have a number of; the first is drawn where only one can be.
    pub(crate) layers: Vec<Layer>,
    /// The outermost boxes.
    pub(crate) tiles: Vec<Tile>,
}

/// A number that boxes have, and that makes their area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layer {
    /// Bytes in the file.
    Bytes,
    /// Bytes that go without a package. What one package brings in counts for it and for itself: sums say nothing.
    Retained,
    /// Bytes that came or went since the baseline.
    Change,
    /// Places in the source that allocate on the heap.
    Escapes,
    /// The share of the profile.
    Profile,
}

/// A box.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Tile {
    /// The words within it.
    pub(crate) label: String,
    /// What it is in full.
    pub(crate) full: String,
    /// Where its bytes come from.
    pub(crate) hue: Hue,
    /// What its bytes are for, such as `code`; empty where several kinds are in it.
    pub(crate) kind: Cow<'static, str>,
    /// Its bytes in the file; 0 for what is gone. Those of its children add up to it, in every layer.
    pub(crate) bytes: u64,
    /// Its bytes in the baseline; means something in pictures with [`Layer::Change`] only.
    pub(crate) before: u64,
    /// Bytes that came and bytes that went within it.
    pub(crate) moved: u64,
    /// Bytes that go without it.
    pub(crate) retained: u64,
    /// Its places that allocate.
    pub(crate) sites: u64,
    /// Its part of the profile, in millionths.
    pub(crate) weight: u64,
    /// How many boxes it stands for, where they are too small to be drawn one by one.
    pub(crate) members: u64,
    /// The boxes within; none: it is one piece.
    pub(crate) children: Vec<Tile>,
}

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub(crate) enum Hue {
    /// The main module.
    Main,
    /// Other modules.
    Dependency,
    /// The standard library.
    Std,
    /// No package's.
    #[default]
    Other,
}

impl Hue {
    /// Every one, in the order of the legend.
    pub(crate) const ALL: [Self; 4] = [Self::Main, Self::Dependency, Self::Std, Self::Other];

    /// Its words in the legend.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Main => "main module",
            Self::Dependency => "dependencies",
            Self::Std => "standard library",
            Self::Other => "no package",
        }
    }
}

impl From<crate::binary::Origin> for Hue {
    fn from(origin: crate::binary::Origin) -> Self {
        use crate::binary::Origin;
        match origin {
            Origin::Main => Self::Main,
            Origin::Dependency => Self::Dependency,
            Origin::Std => Self::Std,
            Origin::Shared => Self::Other,
        }
    }
}

impl Layer {
    /// Its name in the page.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Bytes => "bytes",
            Self::Retained => "retained",
            Self::Change => "change",
            Self::Escapes => "escapes",
            Self::Profile => "profile",
        }
    }
}

impl Picture {
    /// What all boxes have of a layer.
    pub(crate) fn whole(&self, layer: Layer) -> u64 {
        self.tiles.iter().map(|tile| tile.area(layer)).sum()
    }

    /// The layer that is drawn where only one can be: the first that has anything.
    pub(crate) fn shown(&self) -> Layer {
        let mut drawn = self.layers.iter().filter(|layer| self.whole(**layer) > 0);
        drawn.next().copied().unwrap_or(Layer::Bytes)
    }

    /// What belongs to the main module, package by package, the largest first.
    pub(crate) fn own(&self) -> Vec<&Tile> {
        let modules = self.tiles.iter().filter(|tile| tile.hue == Hue::Main);
        let packages = modules.flat_map(|tile| match tile.children.is_empty() {
            true => std::slice::from_ref(tile),
            false => &tile.children,
        });
        let mut own: Vec<&Tile> = packages.filter(|tile| tile.has_anything()).collect();
        let size = |tile: &Tile| match self.layers.contains(&Layer::Bytes) {
            true => tile.bytes,
            false => tile.area(self.shown()),
        };
        own.order_by_key(|tile| std::cmp::Reverse(size(tile)));
        own
    }
}

impl Tile {
    /// One piece.
    pub(crate) fn leaf(
        label: impl Into<String>,
        full: impl Into<String>,
        bytes: u64,
        hue: Hue,
    ) -> Self {
        Self {
            label: label.into(),
            full: full.into(),
            bytes,
            hue,
            ..Self::default()
        }
    }

    /// A box with others in it: its numbers are their sums.
    pub(crate) fn around(
        label: impl Into<String>,
        full: impl Into<String>,
        children: Vec<Self>,
    ) -> Self {
        let sum = |of: fn(&Self) -> u64| children.iter().map(of).sum();
        Self {
            label: label.into(),
            full: full.into(),
            hue: children.first().map_or(Hue::Other, |tile| tile.hue),
            kind: Cow::Borrowed(""),
            bytes: sum(|tile| tile.bytes),
            before: sum(|tile| tile.before),
            moved: sum(|tile| tile.moved),
            retained: sum(|tile| tile.retained),
            sites: sum(|tile| tile.sites),
            weight: sum(|tile| tile.weight),
            members: 0,
            children,
        }
    }

    /// What it has of a layer.
    pub(crate) fn area(&self, layer: Layer) -> u64 {
        match layer {
            Layer::Bytes => self.bytes,
            Layer::Retained => self.retained,
            Layer::Change => self.moved,
            Layer::Escapes => self.sites,
            Layer::Profile => self.weight,
        }
    }

    /// Whether it stands for several pieces.
    pub(crate) fn is_several(&self) -> bool {
        !self.children.is_empty() || self.members > 0
    }

    /// Whether it is data, or anything else that is no code.
    pub(crate) fn is_pale(&self) -> bool {
        !self.kind.is_empty() && self.kind != "code"
    }

    /// Whether there is anything in it, now or before.
    pub(crate) fn has_anything(&self) -> bool {
        self.bytes + self.before + self.sites + self.weight + self.retained > 0
    }
}

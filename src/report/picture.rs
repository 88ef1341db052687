//! What a treemap shows: boxes within boxes, each as large as its bytes. How it looks is the business of `render`.

/// A treemap.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Picture {
    /// What it is of.
    pub title: String,
    /// What else is said of it, in one line.
    pub subtitle: String,
    /// The outermost boxes.
    pub tiles: Vec<Tile>,
}

/// A box.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// The words within it.
    pub label: String,
    /// What it is in full.
    pub full: String,
    /// Its size. Those of its children add up to it.
    pub bytes: u64,
    /// Its colour.
    pub hue: Hue,
    /// Whether it is no code: drawn paler.
    pub pale: bool,
    /// The boxes within; none: it is one piece.
    pub children: Vec<Tile>,
}

/// Where bytes come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hue {
    /// The main module.
    Main,
    /// Other modules.
    Dependency,
    /// The standard library.
    Std,
    /// No package's.
    Other,
}

impl Hue {
    /// Every one, in the order of the legend.
    pub const ALL: [Self; 4] = [Self::Main, Self::Dependency, Self::Std, Self::Other];

    /// Its words in the legend.
    pub const fn name(self) -> &'static str {
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

impl Picture {
    /// Bytes of all boxes.
    pub fn bytes(&self) -> u64 {
        self.tiles.iter().map(|it| it.bytes).sum()
    }
}

/// The largest first; those below `least` become one box that says how many they are, if they are more than one.
pub fn folded(mut tiles: Vec<Tile>, least: u64, what: &str) -> Vec<Tile> {
    tiles.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.full.cmp(&b.full)));
    let large = tiles.iter().take_while(|it| it.bytes >= least).count();
    if tiles.len() - large < 2 {
        return tiles;
    }
    let small = tiles.split_off(large);
    let label = format!("{} smaller {what}", small.len());
    tiles.push(Tile {
        full: label.clone(),
        label,
        bytes: small.iter().map(|it| it.bytes).sum(),
        hue: small[0].hue,
        pale: small.iter().all(|it| it.pale),
        children: Vec::new(),
    });
    tiles
}

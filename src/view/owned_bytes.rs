//! The bytes of an executable by module and by package, and as a picture.

use super::{Block, Cell, Column, Table, number, optional, text};
use crate::binary::Owners;
use crate::config::size::human;
use crate::number::grouped;
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

impl Owner<'_> {
    fn was(&self) -> u64 {
        self.before.unwrap_or(0)
    }

    fn growth(&self) -> Cell {
        match (self.was(), self.bytes) {
            (before, after) if before == after => Cell::same(),
            (_, 0) => Cell::gone(),
            (before, after) => Cell::growth(before, after),
        }
    }
}

/// Modules where there are several, and packages.
pub(crate) fn owners(target: &Target, everything: bool) -> Vec<Block> {
    let top = if everything { 5 * TOP } else { TOP };
    let mut blocks = Vec::new();
    // The standard library, the main module and what is nobody's: the packages say more.
    if target.modules.len() > 3 {
        blocks.extend(modules(target).blocks("Modules", top));
    }
    blocks.extend(packages(target).blocks("Packages", top));
    if !blocks.is_empty() {
        blocks.extend(known_by(target.owners));
        blocks.extend(retained(target));
    }
    blocks
}

fn modules(target: &Target) -> Listing<'_> {
    let modules = target.modules.iter().map(|module| Owner {
        name: &module.path,
        version: module.version.as_deref().unwrap_or_default(),
        bytes: module.bytes,
        before: module.before,
        retained: module.retained,
    });
    Listing {
        kind: "module",
        all: modules.collect(),
        target,
    }
}

fn packages(target: &Target) -> Listing<'_> {
    let packages = target.packages.iter().map(|package| Owner {
        name: &package.path,
        version: "",
        bytes: package.bytes,
        before: package.before,
        retained: package.retained,
    });
    Listing {
        kind: "package",
        all: packages.collect(),
        target,
    }
}

/// Modules or packages that own bytes.
struct Listing<'a> {
    /// `module`, `package`
    kind: &'static str,
    all: Vec<Owner<'a>>,
    target: &'a Target,
}

/// A column of numbers, and its cell of an owner.
type Numbers = (Column, fn(&Owner<'_>, &Target) -> Cell);

impl Listing<'_> {
    /// The table below its heading, with at most `top` lines of those that have bytes.
    fn blocks(&self, heading: &str, top: usize) -> Vec<Block> {
        if self.all.is_empty() {
            return Vec::new();
        }
        // What is nobody's alone, and what only the file before had, is no part of the count in the heading.
        let (common, named): (Vec<&Owner<'_>>, Vec<_>) =
            self.all.iter().partition(|owner| is_common(owner));
        let (there, gone): (Vec<&Owner<'_>>, Vec<_>) =
            named.into_iter().partition(|owner| owner.bytes > 0);
        let count = there.len();
        let (shown, rest) = there.split_at(if count <= top + 1 { count } else { top });
        let numbers = self.numbers();
        let row = |owner: &Owner<'_>| self.row(owner, &numbers);
        let mut rows: Vec<_> = shown.iter().map(|owner| row(owner)).collect();
        for (several, what) in [(rest, "smaller"), (&gone, "gone")] {
            if !several.is_empty() {
                let name = format!("and {} {what}", grouped(several.len() as u64));
                let mut sum = row(&sum(several));
                sum[0] = Cell::Rest(name);
                rows.push(sum);
            }
        }
        rows.extend(common.iter().map(|owner| row(owner)));
        let columns = numbers.into_iter().map(|(column, _)| column);
        let columns = std::iter::once(text(self.kind)).chain(columns).collect();
        let heading = format!("{heading}: {}", grouped(count as u64));
        vec![Block::Heading(heading), Table::of(columns, rows).into()]
    }

    /// The columns that say something of these.
    fn numbers(&self) -> Vec<Numbers> {
        let has = |property: fn(&Owner<'_>) -> bool| self.all.iter().any(property);
        // Stripping leaves every package as it was: the column would say nothing.
        let compared = has(|owner| {
            owner.name != UNOWNED && owner.before.is_some_and(|before| before != owner.bytes)
        });
        let mut all: Vec<Numbers> = Vec::new();
        if compared {
            all.push((number("before B"), |owner, _| Cell::bytes(owner.was())));
        }
        all.push((number("release B"), |owner, _| Cell::bytes(owner.bytes)));
        all.push((number("share"), |owner, target| {
            Cell::share(owner.bytes, target.artifact.size)
        }));
        if compared {
            all.push((number("change B"), |owner, _| {
                Cell::delta(owner.was(), owner.bytes)
            }));
            all.push((number("%"), |owner, _| owner.growth()));
        }
        if has(|owner| owner.retained.is_some()) {
            all.push((number(RETAINED), |owner, _| {
                owner.retained.map(Cell::bytes).into()
            }));
        }
        if has(|owner| !owner.version.is_empty()) {
            all.push((optional(text("version")), |owner, _| owner.version.into()));
        }
        all
    }

    fn row(&self, owner: &Owner<'_>, numbers: &[Numbers]) -> Vec<Cell> {
        let numbers = numbers.iter().map(|(_, cell)| cell(owner, self.target));
        std::iter::once(self.name(owner)).chain(numbers).collect()
    }

    fn name(&self, owner: &Owner<'_>) -> Cell {
        match owner.name {
            SHARED => format!("shared: used by several {}s", self.kind).into(),
            UNOWNED => unowned(self.target.overhead.c_code).into(),
            name => name.into(),
        }
    }
}

fn is_common(owner: &Owner<'_>) -> bool {
    [SHARED, UNOWNED].contains(&owner.name)
}

/// Several on one line.
fn sum(several: &[&Owner<'_>]) -> Owner<'static> {
    Owner {
        name: "",
        version: "",
        bytes: several.iter().map(|owner| owner.bytes).sum(),
        before: several.iter().map(|owner| owner.before).sum(),
        retained: None,
    }
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
    Some(Block::dim(line))
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
    Some(Block::dim(line))
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

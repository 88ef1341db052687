//! Finds functions that one package writes under the name of another: `//go:linkname` in the runtime defines
//! `sync.runtime_notifyListCheck`, assembly of internal/bytealg `runtime.memequal`.

use std::collections::HashSet;

use super::bytes::Reader;
use super::functions::{Entry, FILES, Tables, has_vote};
use super::image::Image;
use super::packages::{NONE, PackageId};
use super::pclntab::Pclntab;
use super::stretches::{stretches, value};

/// Gives each such function the package that writes it; returns the functions, by their places, with the packages that they had. It
/// is one that is compiled with another package, and whose file stands where others of that package do: instances of generics and
/// methods that the compiler makes are compiled where they are used, too, but have the files of their own package, or none.
pub(super) fn by_writer(
    entries: &mut [Entry],
    tables: &Tables<'_>,
    table: &Pclntab,
    image: &Image<'_>,
) -> Vec<(usize, PackageId)> {
    let Some(files) = Files::new(tables, table, image) else {
        return Vec::new();
    };
    let named = |entry: &Entry| entry.named && !entry.foreign && has_vote(tables.name(entry.name));
    let doubtful = |(place, entry): (usize, &Entry)| {
        let differs = entry.package != entry.paid_by && entry.paid_by != NONE;
        let directory = Some(entry).filter(|entry| differs && named(entry));
        Some((place, files.directory(directory?)?))
    };
    let doubtful: Vec<(usize, &[u8])> = entries.iter().enumerate().filter_map(doubtful).collect();
    let wanted: HashSet<PackageId> = doubtful
        .iter()
        .map(|doubt| entries[doubt.0].paid_by)
        .collect();
    let mut own: HashSet<(PackageId, &[u8])> = HashSet::new();
    for entry in entries.iter() {
        if entry.package == entry.paid_by && wanted.contains(&entry.package) {
            own.extend(
                files
                    .directory(entry)
                    .map(|directory| (entry.package, directory)),
            );
        }
    }
    let mut changed = Vec::new();
    for (place, directory) in doubtful {
        let entry = &mut entries[place];
        if own.contains(&(entry.paid_by, directory)) {
            changed.push((place, entry.package));
            entry.package = entry.paid_by;
        }
    }
    changed
}

/// No path of a file is longer.
const LONGEST: usize = 4096;

/// The tables with the files of functions.
struct Files<'i> {
    tables: &'i Tables<'i>,
    /// For each file of a compile unit, where its name is.
    units: Reader<'i>,
    names: &'i [u8],
}

impl<'i> Files<'i> {
    fn new(tables: &'i Tables<'_>, table: &Pclntab, image: &'i Image<'_>) -> Option<Self> {
        Some(Self {
            tables,
            units: image.over(image.slice(table.units.start, table.units.end)?),
            names: image.slice(table.files.start, table.files.end)?,
        })
    }

    /// The directory of the file that the first instruction of a function is from; `None` where the compiler made it.
    fn directory(&self, entry: &Entry) -> Option<&'i [u8]> {
        let files = self.tables.field(entry.record, FILES)?;
        let mut first = Vec::new();
        stretches(self.tables, files, 1, &mut first);
        let row = entry.unit.checked_add_signed(value(&first, 0)?)?;
        let name = self.units.u32(4 * row as usize)?;
        let rest = self.names.get(name as usize..)?;
        let rest = &rest[..rest.len().min(LONGEST)];
        let name = &rest[..memchr::memchr(0, rest)?];
        let end = memchr::memrchr2(b'/', b'\\', name)?;
        Some(&name[..end])
    }
}

//! Lists the objects of the data, each with its owner and who refers to it.

use super::image::{Addr, Image};
use super::ledger::Kind;
use super::objects::{How, owner_of, within};
use super::owners::Owned;
use super::packages::{NONE, PackageId, Packages, SHARED, module_of};
use super::{Binary, symbols};

/// An object of the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataObject {
    /// Where it is loaded.
    pub address: u64,
    /// Bytes in the file, which for wasm are fewer than in memory.
    pub size: u64,
    /// The name of its section.
    pub section: String,
    /// Whose it is.
    pub owner: Whose,
    /// What it is.
    pub kind: Kind,
    /// How it is known where it ends.
    pub how: How,
    /// Whether neither its extent nor its owner is inferred.
    pub proven: bool,
    /// The packages whose code or types refer to it: places in [`Anatomy::packages`](super::Anatomy::packages).
    pub users: Vec<u32>,
    /// Where pointers to it stand, and whose they are; the first few.
    pub pointers: Vec<(u64, Whose)>,
    /// Its symbol, where the file has one.
    pub symbol: Option<String>,
    /// Its first bytes, a few.
    pub first: Vec<u8>,
}

/// Whose an object is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Whose {
    /// A package's: its place in [`Anatomy::packages`](super::Anatomy::packages).
    Package(u32),
    /// Several packages' of a module.
    Module(String),
    /// Owned by packages of several modules.
    Several,
    /// Nobody's that is known.
    Nobody,
}

/// An object as the steps know it.
pub(super) struct Listed {
    owned: Owned,
    section: usize,
    size: u64,
    users: Vec<PackageId>,
    pointers: Vec<(Addr, PackageId)>,
    first: Vec<u8>,
}

/// Pointers that are listed of each object, and first bytes.
const POINTERS: usize = 4;
const FIRST: usize = 32;

/// Lists every object. `edges` are pointers: from where to where.
pub(super) fn list(
    image: &Image<'_>,
    starts: &[u64],
    edges: &[(Addr, Addr)],
    owned: &[Owned],
) -> Vec<Listed> {
    let mut pointers: Vec<(Addr, Addr)> = edges.iter().map(|edge| (edge.1, edge.0)).collect();
    pointers.sort_unstable();
    let owner_at = |addr: Addr| {
        let after = owned.partition_point(|owned| owned.object.start <= addr);
        after.checked_sub(1).map_or(NONE, |at| owned[at].owner)
    };
    let listed = |owned: &Owned| {
        let (start, end) = (owned.object.start, owned.object.end);
        let mut users: Vec<PackageId> = within(starts, start..start + 1)
            .iter()
            .map(|user| owner_of(*user))
            .collect();
        users.sort_unstable();
        users.dedup();
        let first = pointers.partition_point(|pointer| pointer.0 < start);
        let to = pointers[first..]
            .iter()
            .take_while(|pointer| pointer.0 == start);
        let bytes = image.slice(start, end).unwrap_or_default();
        Some(Listed {
            owned: *owned,
            section: image.region(start)?.section,
            size: image.file_bytes(start, end),
            users,
            pointers: to
                .take(POINTERS)
                .map(|entry| (entry.1, owner_at(entry.1)))
                .collect(),
            first: bytes[..bytes.len().min(FIRST)].to_vec(),
        })
    };
    owned.iter().filter_map(listed).collect()
}

/// Adds the symbols of an executable to its objects.
pub(super) fn name(bytes: &[u8], binary: &Binary, objects: &mut [DataObject]) {
    symbols::read(bytes, binary, |symbol| {
        let found = objects.binary_search_by_key(&symbol.address, |object| object.address);
        if let Some(it) = found.ok().map(|at| &mut objects[at])
            && symbol.size.is_none_or(|size| size > 0)
        {
            it.symbol = Some(String::from_utf8_lossy(symbol.name).into_owned());
        }
    });
}

impl Listed {
    /// The object with the packages' places in the result.
    pub(crate) fn public(
        &self,
        binary: &Binary,
        base: u64,
        places: &[u32],
        packages: &Packages<'_>,
    ) -> DataObject {
        let place = |package: PackageId| {
            places
                .get(package as usize)
                .copied()
                .filter(|place| *place != NONE)
        };
        let whose = |owner: PackageId| match (module_of(owner), owner) {
            (Some(module), _) => Whose::Module(
                packages
                    .modules()
                    .get(module)
                    .copied()
                    .unwrap_or_default()
                    .to_owned(),
            ),
            (None, SHARED) => Whose::Several,
            (None, it) => place(it).map_or(Whose::Nobody, Whose::Package),
        };
        let object = self.owned.object;
        DataObject {
            address: base + u64::from(object.start),
            size: self.size,
            section: binary.sections[self.section].name.clone(),
            owner: whose(self.owned.owner),
            kind: self.owned.kind,
            how: object.how,
            proven: self.owned.proven,
            users: self.users.iter().filter_map(|user| place(*user)).collect(),
            pointers: self
                .pointers
                .iter()
                .map(|pointer| (base + u64::from(pointer.0), whose(pointer.1)))
                .collect(),
            symbol: None,
            first: self.first.clone(),
        }
    }
}

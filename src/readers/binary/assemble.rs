//! Makes the public [`Anatomy`] from the accounts of the steps: adds names and modules, and sorts by size.

use std::borrow::Cow;

use super::Binary;
use super::anatomy::{
    Anatomy, Function, KindBytes, LayoutNote, Methods, Owned, Owners, PackageBytes, UnownedBytes,
};
use super::calls::Callers;
use super::functions::Entry;
use super::image::Addr;
use super::ledger::{ByKind, Kind, Ledger};
use super::listing::Listed;
use super::packages::{Modules, NONE, Packages};
use super::types::Types;

/// What the steps found.
pub(super) struct Parts<'a, 'p> {
    /// The lowest address.
    pub(crate) base: u64,
    pub(crate) entries: &'p [Entry],
    pub(crate) names: Cow<'a, [u8]>,
    pub(crate) packages: &'p Packages<'p>,
    pub(crate) ledger: &'p Ledger,
    pub(crate) types: &'p Types,
    pub(crate) objects: Vec<Listed>,
    pub(crate) callers: Callers,
    pub(crate) owners: Owners,
    pub(crate) notes: Vec<LayoutNote>,
}

/// Names and orders what was counted.
pub(super) fn assemble<'a>(binary: Binary, parts: Parts<'a, '_>) -> Anatomy<'a> {
    let (list, places) = package_list(&binary, parts.entries, parts.packages, parts.ledger);
    let entries = parts.entries.iter();
    let unowned = unowned(&binary, parts.ledger);
    let methods = Methods {
        exported: parts.types.exported,
        pruned: parts.types.pruned,
    };
    Anatomy {
        functions: entries
            .map(|entry| Function::new(entry, parts.base, &places))
            .collect(),
        kinds: kinds(&binary, parts.ledger, &unowned),
        loaded: loaded(&binary, parts.ledger, &unowned),
        packages: list,
        unowned,
        shared: parts.ledger.shared,
        shared_in: shared_in(parts.packages, parts.ledger),
        objects: parts
            .objects
            .iter()
            .map(|object| object.public(&binary, parts.base, &places, parts.packages))
            .collect(),
        types: addresses(
            parts.base,
            &mut parts
                .types
                .descriptors
                .iter()
                .map(|descriptor| descriptor.addr),
        ),
        itabs: addresses(
            parts.base,
            &mut parts.types.itabs.iter().map(|itab| itab.addr),
        ),
        callers: parts.callers,
        owners: parts.owners,
        methods: (!parts.types.descriptors.is_empty()).then_some(methods),
        notes: parts.notes,
        names: parts.names,
        binary,
    }
}

fn addresses(base: u64, found: &mut dyn Iterator<Item = Addr>) -> Vec<u64> {
    found.map(|addr| base + u64::from(addr)).collect()
}

/// What nobody claimed, the most first.
fn unowned(binary: &Binary, ledger: &Ledger) -> Vec<UnownedBytes> {
    let mut found = Vec::new();
    for (section, by_kind) in binary.sections.iter().zip(&ledger.unowned) {
        let kinds = Kind::ALL.into_iter().zip(*by_kind);
        found.extend(
            kinds
                .filter(|kind| kind.1 > 0)
                .map(|(kind, bytes)| UnownedBytes {
                    section: section.name.clone(),
                    kind,
                    bytes,
                }),
        );
    }
    found.sort_by_key(|part| std::cmp::Reverse(part.bytes));
    found
}

/// What several packages of one module use, by module.
fn shared_in(packages: &Packages<'_>, ledger: &Ledger) -> Vec<(String, ByKind)> {
    let modules = packages.modules();
    let found = ledger.of_modules.iter().enumerate();
    let found = found.filter(|entry| entry.1.iter().any(|it| *it > 0));
    let mut found: Vec<(String, ByKind)> = found
        .filter_map(|entry| Some(((*modules.get(entry.0)?).to_owned(), *entry.1)))
        .collect();
    found.sort();
    found
}

/// What packages own, alone or together.
fn owned(ledger: &Ledger) -> impl Iterator<Item = &ByKind> {
    let accounts = ledger.owned.iter().chain(&ledger.of_modules);
    accounts.chain(std::iter::once(&ledger.shared))
}

/// One sum for each kind.
fn kinds(binary: &Binary, ledger: &Ledger, unowned: &[UnownedBytes]) -> Vec<KindBytes> {
    let sum = |kind: Kind| {
        let owned: u64 = owned(ledger).map(|it| it[kind as usize]).sum();
        let rows = unowned.iter().filter(|part| part.kind == kind);
        let outside = match kind {
            Kind::Headers => binary.headers,
            Kind::Padding => binary.padding,
            _ => 0,
        };
        let unowned = rows.map(|row| row.bytes).sum::<u64>() + outside;
        KindBytes {
            kind,
            bytes: owned + unowned,
            unowned,
        }
    };
    Kind::ALL.map(sum).to_vec()
}

/// The bytes of loaded sections. Padding within sections, as in PE, is not loaded.
fn loaded(binary: &Binary, ledger: &Ledger, unowned: &[UnownedBytes]) -> Owned {
    let sections = binary.sections.iter().filter(|section| section.loaded);
    let bytes: u64 = sections.map(|section| section.file_size).sum();
    let rows = unowned.iter().filter(|part| part.kind == Kind::Padding);
    let padding: u64 = rows.map(|row| row.bytes).sum();
    let owned: u64 = owned(ledger).flatten().sum();
    Owned {
        bytes: bytes.saturating_sub(padding),
        owned,
        proven: owned.saturating_sub(ledger.inferred),
    }
}

/// Packages with bytes, the largest first, and the place of each number among them.
fn package_list(
    binary: &Binary,
    entries: &[Entry],
    packages: &Packages<'_>,
    ledger: &Ledger,
) -> (Vec<PackageBytes>, Vec<u32>) {
    let modules = Modules::new(binary.build_info.as_ref());
    let mut numbers: Vec<u32> = (0..packages.paths.len() as u32).collect();
    let sum = |number: u32| {
        ledger
            .owned
            .get(number as usize)
            .map_or(0, |it| it.iter().sum::<u64>())
    };
    numbers.retain(|number| sum(*number) > 0);
    numbers.sort_by_key(|number| {
        (
            std::cmp::Reverse(sum(*number)),
            packages.paths[*number as usize].as_str(),
        )
    });
    let mut places = vec![NONE; packages.paths.len()];
    let mut list = Vec::with_capacity(numbers.len());
    for (place, &number) in numbers.iter().enumerate() {
        places[number as usize] = place as u32;
        let path = modules.import_path(&packages.paths[number as usize]);
        let (module, origin) = modules.of(&path);
        list.push(PackageBytes {
            path,
            module: module.map(|module| module.path.clone()),
            version: module
                .map(|module| module.version.clone())
                .filter(|text| !text.is_empty()),
            origin,
            bytes: sum(number),
            by_kind: ledger.owned[number as usize],
            inferred: ledger.inferred_of.get(number as usize).map_or(0, |it| *it),
            paid_for: 0,
            functions: 0,
        });
    }
    for entry in entries {
        let place = |number: u32| places.get(number as usize).map_or(NONE, |place| *place) as usize;
        if let Some(it) = list.get_mut(place(entry.package)) {
            it.functions += 1;
        }
        if let Some(it) = list.get_mut(place(entry.paid_by)) {
            it.paid_for += u64::from(entry.size);
        }
    }
    (list, places)
}

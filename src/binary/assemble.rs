//! Accounts in, the public [`Anatomy`] out: named, joined with modules, the largest first.

use std::borrow::Cow;

use super::Binary;
use super::anatomy::{
    Anatomy, Function, KindBytes, LayoutNote, Methods, Owned, PackageBytes, UnownedBytes,
};
use super::functions::Entry;
use super::ledger::{Kind, Ledger};
use super::packages::{Modules, NONE, Packages};
use super::types::Types;

/// Names and orders what was counted.
#[allow(clippy::too_many_arguments)]
pub(super) fn assemble<'a>(
    binary: Binary,
    base: u64,
    entries: &[Entry],
    names: Cow<'a, [u8]>,
    packages: &Packages,
    ledger: &Ledger,
    notes: Vec<LayoutNote>,
    types: &Types,
) -> Anatomy<'a> {
    let (list, places) = package_list(&binary, entries, packages, ledger);
    let functions = entries
        .iter()
        .map(|it| Function::new(it, base, &places))
        .collect();
    let mut kinds = Kind::ALL
        .map(|kind| KindBytes {
            kind,
            bytes: 0,
            unowned: 0,
        })
        .to_vec();
    for (kind, sum) in kinds.iter_mut().enumerate() {
        sum.bytes = list.iter().map(|it| it.by_kind[kind]).sum();
    }
    let mut unowned: Vec<UnownedBytes> = Vec::new();
    for (&(section, kind), &bytes) in &ledger.unowned {
        kinds[kind as usize].bytes += bytes;
        kinds[kind as usize].unowned += bytes;
        unowned.push(UnownedBytes {
            section: binary.sections[section].name.clone(),
            kind,
            bytes,
        });
    }
    for (kind, bytes) in [
        (Kind::Headers, binary.headers),
        (Kind::Padding, binary.padding),
    ] {
        kinds[kind as usize].bytes += bytes;
        kinds[kind as usize].unowned += bytes;
    }
    unowned.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let in_file = |it: &&super::Section| it.loaded;
    let padding: u64 = unowned
        .iter()
        .filter(|it| it.kind == Kind::Padding)
        .map(|it| it.bytes)
        .sum();
    let loaded = binary
        .sections
        .iter()
        .filter(in_file)
        .map(|it| it.file_size)
        .sum::<u64>();
    let owned = list.iter().map(|it| it.bytes).sum();
    let methods = Methods {
        exported: types.exported,
        pruned: types.pruned,
    };
    Anatomy {
        functions,
        packages: list,
        kinds,
        unowned,
        shared: ledger.shared,
        loaded: Owned {
            bytes: loaded - padding.min(loaded),
            owned,
        },
        types: types.descriptors.len() as u64,
        itabs: types.itabs.len() as u64,
        methods: (!types.descriptors.is_empty()).then_some(methods),
        notes,
        names,
        binary,
    }
}

/// Packages with bytes, the largest first, and the place of each number among them.
fn package_list(
    binary: &Binary,
    entries: &[Entry],
    packages: &Packages,
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
    numbers.retain(|it| sum(*it) > 0);
    numbers.sort_by_key(|it| {
        (
            std::cmp::Reverse(sum(*it)),
            packages.paths[*it as usize].as_str(),
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
            module: module.map(|it| it.path.clone()),
            version: module
                .map(|it| it.version.clone())
                .filter(|it| !it.is_empty()),
            origin,
            bytes: sum(number),
            by_kind: ledger.owned[number as usize],
            paid_for: 0,
            functions: 0,
        });
    }
    for entry in entries {
        let place = |number: u32| places.get(number as usize).map_or(NONE, |it| *it) as usize;
        if let Some(it) = list.get_mut(place(entry.package)) {
            it.functions += 1;
        }
        if let Some(it) = list.get_mut(place(entry.paid_by)) {
            it.paid_for += u64::from(entry.size);
        }
    }
    (list, places)
}

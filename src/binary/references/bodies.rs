//! Machine code in, what parts of functions mention and whom functions call out.

use crate::binary::functions::Entry;
use crate::binary::image::{Addr, Image};
use crate::binary::packages::PackageId;
use crate::binary::partition::{Recent, Sieve};
use crate::binary::stretches::Stretch;

use super::{Code, each_function, search};

/// Calls `each` with every mention of `targets`, which are in order, in the code of some packages, its function, and the value of the
/// part of the function in which it stands; -1 where the function has no parts.
pub(in crate::binary) fn mentions(
    image: &Image<'_>,
    goarch: Option<&str>,
    entries: &[Entry],
    targets: &[Addr],
    is_user: impl Fn(PackageId) -> bool,
    parts: impl Fn(&Entry) -> Vec<Stretch>,
    mut each: impl FnMut(Addr, &Entry, i32),
) {
    let (Some(search), Some((first, last))) = (search(goarch), targets.first().zip(targets.last()))
    else {
        return;
    };
    let data = *first..last + 1;
    let sieve = Sieve::new(targets);
    let is_meant = |it: Addr| sieve.find(it).is_some();
    each_function(image, entries, &data, |entry, code| {
        if !is_user(entry.package) {
            return;
        }
        let mut any = false;
        search(code, &mut |it, _| any |= is_meant(it));
        if !any {
            return;
        }
        let mut parts = parts(entry);
        parts.push((u32::MAX, -1));
        let mut start = 0;
        for (end, value) in parts {
            let end = (end as usize).min(code.bytes.len());
            let part = Code {
                bytes: code.bytes.get(start..end).unwrap_or_default(),
                address: code.address + start as Addr,
                base: code.base,
                data: code.data.clone(),
            };
            search(&part, &mut |it, _| {
                if is_meant(it) {
                    each(it, entry, value);
                }
            });
            start = end.max(start);
        }
    });
}

/// Calls `each` with the package of every function of `callers`, which are in order, and that of a function which it calls by its
/// address. Only of amd64, 386 and arm64.
pub(in crate::binary) fn calls(
    image: &Image<'_>,
    goarch: Option<&str>,
    entries: &[Entry],
    callers: &[PackageId],
    mut each: impl FnMut(PackageId, PackageId),
) {
    /// Functions begin at multiples of that (`funcAlign` in `cmd/link/internal`).
    const ALIGNMENT: Addr = 16;
    let is_arm = match goarch {
        Some("amd64" | "386") => false,
        Some("arm64") => true,
        _ => return,
    };
    let all = 0..Addr::MAX;
    let mut recent = Recent::new();
    each_function(image, entries, &all, |entry, code| {
        if callers.binary_search(&entry.package).is_err() {
            return;
        }
        let mut call = |target: Option<Addr>| {
            let is_new = |it: &Addr| recent.is_new(u64::from(*it) << 32 | u64::from(entry.package));
            let target = target
                .filter(|it| it.is_multiple_of(ALIGNMENT))
                .filter(is_new);
            let found = target.and_then(|it| entries.binary_search_by_key(&it, |it| it.start).ok());
            if let Some(to) = found
                .map(|it| entries[it].package)
                .filter(|it| *it != entry.package)
            {
                each(entry.package, to);
            }
        };
        if is_arm {
            for (index, word) in code.bytes.as_chunks::<4>().0.iter().enumerate() {
                let word = u32::from_le_bytes(*word);
                if word & 0xfc00_0000 == 0x9400_0000 {
                    let distance = i64::from((word << 6).cast_signed() >> 4);
                    call(code.relative(4 * index, distance));
                }
            }
            return;
        }
        for at in memchr::memchr_iter(0xe8, code.bytes) {
            if let Some(distance) = code.i32(at + 1) {
                call(code.relative(at + 5, i64::from(distance)));
            }
        }
    });
}

//! Finds which functions mention some data, and which functions they call.

use crate::binary::functions::Entry;
use crate::binary::image::{Addr, Image};
use crate::binary::packages::{PackageId, Set};
use crate::binary::partition::{Recent, Sieve};

use super::{Codes, Mention, Mentions};

/// Calls `each` with every function of some packages that mentions any of `targets`, which are in order, and with its mentions of
/// them.
pub(in crate::binary) fn mentions(
    (entries, known): (&[Entry], &Mentions),
    targets: &[Addr],
    users: &Set,
    mut each: impl FnMut(&Entry, &[Mention]),
) {
    let sieve = Sieve::new(targets);
    let mut meant = Vec::new();
    for (place, entry) in entries.iter().enumerate() {
        if !users.contains(entry.package) {
            continue;
        }
        meant.clear();
        let is_meant = |mention: &&Mention| sieve.find(mention.target).is_some();
        meant.extend(known.of(place).iter().filter(is_meant));
        if !meant.is_empty() {
            each(entry, &meant);
        }
    }
}

/// Calls `each` with the package of every function of `callers`, and that of a function which it calls by its
/// address. Only of amd64, 386 and arm64.
pub(in crate::binary) fn calls(
    image: &Image<'_>,
    goarch: Option<&str>,
    entries: &[Entry],
    callers: &Set,
    mut each: impl FnMut(PackageId, PackageId),
) {
    /// Functions begin at multiples of that (`funcAlign` in `cmd/link/internal`).
    const ALIGNMENT: Addr = 16;
    let is_arm = match goarch {
        Some("amd64" | "386") => false,
        Some("arm64") => true,
        _ => return,
    };
    let mut codes = Codes::new(image, &(0..Addr::MAX));
    let mut recent = Recent::new();
    for entry in entries
        .iter()
        .filter(|entry| callers.contains(entry.package))
    {
        let Some(code) = codes.of(entry) else {
            continue;
        };
        let mut call = |target: Option<Addr>| {
            let is_new =
                |addr: &Addr| recent.is_new(u64::from(*addr) << 32 | u64::from(entry.package));
            let target = target
                .filter(|target| target.is_multiple_of(ALIGNMENT))
                .filter(is_new);
            let found = target.and_then(|target| {
                entries
                    .binary_search_by_key(&target, |entry| entry.start)
                    .ok()
            });
            if let Some(to) = found
                .map(|at| entries[at].package)
                .filter(|package| *package != entry.package)
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
            continue;
        }
        for at in memchr::memchr_iter(0xe8, code.bytes) {
            if let Some(distance) = code.i32(at + 1) {
                call(code.relative(at + 5, i64::from(distance)));
            }
        }
    }
}

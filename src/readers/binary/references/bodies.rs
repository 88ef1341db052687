//! Finds which functions mention some data, and which functions they call.

use crate::binary::functions::Entry;
use crate::binary::image::{Addr, Image};
use crate::binary::packages::{PackageId, Set};
use crate::binary::partition::{Recent, Sieve};

use super::{Code, Codes, Machine, Mention, Mentions};

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
/// address, of architectures whose calls are known.
pub(in crate::binary) fn calls(
    image: &Image<'_>,
    goarch: Option<&str>,
    entries: &[Entry],
    callers: &Set,
    mut each: impl FnMut(PackageId, PackageId),
) {
    let Some(machine) = goarch.and_then(Machine::of) else {
        return;
    };
    // What only looks like a call of x86 mostly leads to where no function can begin (`funcAlign` in `cmd/link/internal`).
    let alignment = match machine {
        Machine::Amd64 | Machine::I386 => 16,
        _ => 1,
    };
    let mut codes = Codes::new(image, &(0..Addr::MAX));
    let mut recent = Recent::new();
    let from = entries.iter();
    for entry in from.filter(|entry| callers.contains(entry.package)) {
        let Some(code) = codes.of(entry) else {
            continue;
        };
        calls_in(machine, &code, |target| {
            let is_new = |addr: &Addr| {
                addr.is_multiple_of(alignment)
                    && recent.is_new(u64::from(*addr) << 32 | u64::from(entry.package))
            };
            let found = Some(target).filter(is_new).and_then(|target| {
                let found = entries.binary_search_by_key(&target, |entry| entry.start);
                Some(entries[found.ok()?].package)
            });
            if let Some(to) = found.filter(|package| *package != entry.package) {
                each(entry.package, to);
            }
        });
    }
}

/// Calls `each` with where the calls in some code lead to.
fn calls_in(machine: Machine, code: &Code<'_>, mut each: impl FnMut(Addr)) {
    let mut call = |at: usize, distance: i64| {
        code.relative(at, distance).into_iter().for_each(&mut each);
    };
    let words = || {
        let words = code.bytes.as_chunks::<4>().0.iter().enumerate();
        words.map(|(index, word)| (4 * index, u32::from_le_bytes(*word)))
    };
    match machine {
        Machine::Amd64 | Machine::I386 => {
            for at in memchr::memchr_iter(0xe8, code.bytes) {
                if let Some(distance) = code.i32(at + 1) {
                    call(at + 5, i64::from(distance));
                }
            }
        }
        // BL
        Machine::Arm64 => {
            let calls = words().filter(|(_, word)| word >> 26 == 0x25);
            calls.for_each(|(at, word)| call(at, 4 * signed(word, 26)));
        }
        // BL, always, from two instructions on.
        Machine::Arm => {
            let calls = words().filter(|(_, word)| word >> 24 == 0xeb);
            calls.for_each(|(at, word)| call(at + 8, 4 * signed(word, 24)));
        }
        // BL, whose higher bits stand below the lower ones.
        Machine::Loong64 => {
            let calls = words().filter(|(_, word)| word >> 26 == 0x15);
            calls.for_each(|(at, word)| {
                let distance = (word & 0x3ff) << 16 | (word >> 10) & 0xffff;
                call(at, 4 * signed(distance, 26));
            });
        }
        // BRASL
        Machine::S390x => {
            let brasl = |bytes: &[u8]| bytes[0] == 0xc0 && bytes[1] & 0x0f == 5;
            for (index, bytes) in code.bytes.windows(6).enumerate().step_by(2) {
                if brasl(bytes) {
                    let distance = i32::from_be_bytes([bytes[2], bytes[3], bytes[4], bytes[5]]);
                    call(index, 2 * i64::from(distance));
                }
            }
        }
        // JAL to the return address; AUIPC and JALR where that is too far.
        Machine::Riscv64 => {
            for (index, bytes) in code.bytes.windows(8).enumerate().step_by(2) {
                let first = u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]);
                let second = u32::from_le_bytes([bytes[4], bytes[5], bytes[6], bytes[7]]);
                if first & 0xfff == 0xef {
                    call(index, jump(first));
                } else if first & 0x7f == 0x17 && second & 0xfff == 0xe7 {
                    let high = i64::from((first & 0xffff_f000).cast_signed());
                    call(index, high + i64::from(second.cast_signed() >> 20));
                }
            }
        }
    }
}

/// A number of some low bits, with its sign.
fn signed(value: u32, bits: u32) -> i64 {
    i64::from((value << (32 - bits)).cast_signed() >> (32 - bits))
}

/// The distance of a JAL.
fn jump(word: u32) -> i64 {
    let high = (word >> 31 << 20) | (word >> 12 & 0xff) << 12;
    signed(
        high | (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1,
        21,
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_lead_forwards_and_backwards() {
        let check = |machine: Machine, bytes: &[u8], expected: &[Addr]| {
            let code = Code {
                bytes,
                address: 0x1000,
                base: 0,
                data: 0..Addr::MAX,
            };
            let mut found = Vec::new();
            calls_in(machine, &code, |target| found.push(target));
            assert_eq!(found, expected, "{machine:?} {bytes:02x?}");
        };
        let words = |words: &[u32]| {
            let words = words.iter().map(|word| word.to_le_bytes());
            words.collect::<Vec<_>>().concat()
        };
        let both = [0x1010, 0x0ff4];
        check(Machine::Amd64, &[0xe8, 0x0b, 0, 0, 0], &[0x1010]);
        check(Machine::Arm64, &words(&[0x9400_0004, 0x97ff_fffc]), &both);
        check(Machine::Arm, &words(&[0xeb00_0002, 0xebff_fffa]), &both);
        check(Machine::Loong64, &words(&[0x5400_1000, 0x57ff_f3ff]), &both);
        // jal; auipc and jalr; and no call at all.
        let near = words(&[0x0100_00ef, 0xff1f_f0ef, 0x13]);
        check(Machine::Riscv64, &near, &both);
        let far = words(&[0x0000_1097, 0xff00_80e7]);
        check(Machine::Riscv64, &far, &[0x1ff0]);
        let brasl = [0xc0, 0xe5, 0, 0, 0, 8, 0xc0, 0xe5, 0xff, 0xff, 0xff, 0xf7];
        check(Machine::S390x, &brasl, &[0x1010, 0x0ff4]);
    }
}

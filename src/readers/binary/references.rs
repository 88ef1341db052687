//! Finds the addresses of data that machine code mentions. Instructions are recognised by their bytes where they stand,
//! without decoding what is between them: a false match leads to no more than a cut in an object.

mod amd64;
pub(super) mod bodies;
pub(super) mod lengths;
pub(super) mod wasm_code;

mod x86;

use std::ops::Range;

use super::functions::Entry;
use super::image::{Addr, Image, Region};
use super::packages::{PackageId, Set};
use super::partition::Sieve;
use super::watched::Watched;
use amd64::{amd64, i386};

/// A mention of data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mention {
    /// A byte of the instruction, counted from the first of the function.
    pub at: u32,
    /// Where it leads.
    pub target: Addr,
}

/// The mentions of data in the code, function by function: code is searched once.
#[derive(Default)]
pub(super) struct Mentions {
    /// In the order of the code.
    all: Vec<Mention>,
    /// Where those of each function end.
    ends: Vec<u32>,
    /// Of wasm, whose mentions are not kept: numbers that stand in code beside what can be the address of a text.
    pub lengths: Vec<(Addr, u32)>,
}

impl Mentions {
    /// The mentions of a function, by its place among all functions.
    pub fn of(&self, function: usize) -> &[Mention] {
        let end = |function: usize| self.ends.get(function).map_or(0, |end| *end as usize);
        let start = function.checked_sub(1).map_or(0, end);
        self.all.get(start..end(function)).unwrap_or_default()
    }
}

/// Calls `each` with the address and the package of every mention of `data` in the functions' code, and whether it is one for
/// sure; `None` where code of the architecture cannot be searched.
pub(super) fn scan(
    image: &Image<'_>,
    goarch: Option<&str>,
    entries: &[Entry],
    data: &Range<Addr>,
    watched: &mut Watched,
    mut each: impl FnMut(Addr, PackageId, bool),
) -> Option<Mentions> {
    let machine = Machine::of(goarch?)?;
    let mut found = Mentions {
        all: Vec::new(),
        ends: Vec::with_capacity(entries.len()),
        lengths: Vec::new(),
    };
    let mut codes = Codes::new(image, data);
    for entry in entries {
        if let Some(code) = codes.of(entry) {
            if let (Machine::Amd64 | Machine::I386, Some(region)) = (machine, codes.region) {
                watched.look_at_code(region, entry.end);
            }
            machine.search(&code, |mention, sure| {
                found.all.push(mention);
                each(mention.target, entry.package, sure);
            });
        }
        found.ends.push(found.all.len() as u32);
    }
    Some(found)
}

/// How an architecture mentions data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Machine {
    Amd64,
    Arm64,
    I386,
    Arm,
    S390x,
    Riscv64,
    Loong64,
}

impl Machine {
    /// The machine of one of Go's architectures; code of others is not searched.
    fn of(goarch: &str) -> Option<Self> {
        Some(match goarch {
            "amd64" => Self::Amd64,
            "arm64" => Self::Arm64,
            "386" => Self::I386,
            "arm" => Self::Arm,
            "s390x" => Self::S390x,
            "riscv64" => Self::Riscv64,
            "loong64" => Self::Loong64,
            _ => return None,
        })
    }

    /// Calls `each` with every mention in some code, and whether the bytes are an instruction for sure.
    fn search(self, code: &Code<'_>, mut each: impl FnMut(Mention, bool)) {
        let each = |at: usize, target: Addr, is_sure: bool| {
            let at = at as u32;
            each(Mention { at, target }, is_sure);
        };
        match self {
            Self::Amd64 => amd64(code, each),
            Self::Arm64 => arm64(code, each),
            Self::I386 => i386(code, each),
            Self::Arm => literal_pools(code, each),
            Self::S390x => s390x(code, each),
            Self::Riscv64 => riscv64(code, each),
            Self::Loong64 => loong64(code, each),
        }
    }
}

/// The code of functions.
struct Codes<'i, 'a> {
    image: &'i Image<'a>,
    data: Range<Addr>,
    region: Option<&'i Region<'a>>,
}

impl<'i, 'a> Codes<'i, 'a> {
    /// `data` is what their mentions may lead to.
    fn new(image: &'i Image<'a>, data: &Range<Addr>) -> Self {
        Self {
            image,
            data: data.clone(),
            region: None,
        }
    }

    /// The code of a function. Functions that follow each other are mostly of one region.
    fn of(&mut self, entry: &Entry) -> Option<Code<'i>> {
        let holds = |region: &&Region<'_>| region.start <= entry.start && entry.end <= region.end();
        if self.region.filter(holds).is_none() {
            self.region = self.image.region(entry.start);
        }
        let region = self.region?;
        let start = (entry.start - region.start) as usize;
        let end = (entry.end.min(region.end()) - region.start) as usize;
        Some(Code {
            bytes: region.bytes.get(start..end)?,
            address: entry.start,
            base: self.image.base,
            data: self.data.clone(),
        })
    }
}

/// Which of some mentions are true: those of an instruction. Only x86 needs the question: its instructions begin anywhere, so
/// that what looks like one may be a part of others. `doubtful` are in order; only functions of `users` mention them.
pub(super) fn verify(
    image: &Image<'_>,
    goarch: Option<&str>,
    (entries, mentions): (&[Entry], &Mentions),
    doubtful: &[Addr],
    users: &Set,
) -> Vec<bool> {
    let bits = match goarch {
        Some("amd64") => 64,
        Some("386") => 32,
        _ => return vec![true; doubtful.len()],
    };
    let mut verified = vec![false; doubtful.len()];
    let sieve = Sieve::new(doubtful);
    let mut codes = Codes::new(image, &(0..0));
    for (place, entry) in entries.iter().enumerate() {
        if !users.contains(entry.package) {
            continue;
        }
        let is_open =
            |mention: &&Mention| sieve.find(mention.target).is_some_and(|at| !verified[at]);
        let Some(last) = mentions.of(place).iter().rfind(is_open) else {
            continue;
        };
        let Some(code) = codes.of(entry) else {
            continue;
        };
        let address = code.base + u64::from(code.address);
        x86::operands((code.bytes, address), bits, last.at, |it| {
            let target = it.checked_sub(code.base);
            let target = target.and_then(|target| u32::try_from(target).ok());
            if let Some(at) = target.and_then(|target| sieve.find(target)) {
                verified[at] = true;
            }
        });
    }
    verified
}

struct Code<'a> {
    bytes: &'a [u8],
    address: Addr,
    base: u64,
    data: Range<Addr>,
}

impl Code<'_> {
    /// The address at a distance from a place in the code, if data is there.
    #[inline]
    fn relative(&self, offset: usize, distance: i64) -> Option<Addr> {
        let target = i64::from(self.address) + offset as i64 + distance;
        u32::try_from(target)
            .ok()
            .filter(|addr| self.data.contains(addr))
    }

    /// An absolute address, if data is there.
    #[inline]
    fn absolute(&self, address: u64) -> Option<Addr> {
        let target = address.checked_sub(self.base)?;
        u32::try_from(target)
            .ok()
            .filter(|addr| self.data.contains(addr))
    }

    #[inline]
    fn i32(&self, offset: usize) -> Option<i32> {
        Some(i32::from_le_bytes(
            *self.bytes.get(offset..)?.first_chunk()?,
        ))
    }
}

/// Pairs of ADRP, which loads a page, and an instruction right behind that adds the rest: one relocation stands for both.
fn arm64(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    let words = code.bytes.as_chunks::<4>().0;
    for (index, pair) in words.windows(2).enumerate() {
        let (first, word) = (u32::from_le_bytes(pair[0]), u32::from_le_bytes(pair[1]));
        let (target, register) = (first & 31, (word >> 5) & 31);
        if first & 0x9f00_0000 != 0x9000_0000 || target != register {
            continue;
        }
        let scale = if word & 0xffc0_0000 == 0x9100_0000 {
            0
        } else if word & 0x3b00_0000 == 0x3900_0000 {
            // Loads and stores count in units of their size; 128-bit ones say so in another bit.
            if word >> 30 == 0 && word & 0x0480_0000 == 0x0480_0000 {
                4
            } else {
                word >> 30
            }
        } else {
            continue;
        };
        let pages = i64::from((first >> 29) & 3 | ((first >> 5) & 0x7_ffff) << 2) << 43 >> 31;
        let here = (code.base as i64).wrapping_add(i64::from(code.address) + 4 * index as i64);
        let low = i64::from((word >> 10) & 0xfff) << scale;
        let found = (here & !0xfff).wrapping_add(pages + low);
        code.absolute(found as u64)
            .into_iter()
            .for_each(|addr| each(4 * index, addr, true));
    }
}

/// Words between functions' instructions that are addresses.
fn literal_pools(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    for (index, word) in code.bytes.as_chunks::<4>().0.iter().enumerate() {
        code.absolute(u64::from(u32::from_le_bytes(*word)))
            .into_iter()
            .for_each(|addr| each(4 * index, addr, true));
    }
}

/// LARL, and the loads, stores and comparisons relative to the instruction, whose distances are in halfwords. The first two
/// bits of an instruction say how long it is, so that each is found where it begins.
fn s390x(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    let mut at = 0;
    while let Some(&[first, second]) = code.bytes.get(at..).and_then(|bytes| bytes.first_chunk()) {
        let here = at;
        at += [2, 4, 4, 6][usize::from(first >> 6)];
        let is_relative = match (first, second & 0x0f) {
            (0xc0, operation) => operation == 0,
            (0xc4, operation) => matches!(operation, 2 | 4..=8 | 11..=15),
            (0xc6, operation) => operation >= 4,
            _ => false,
        };
        let distance = code
            .bytes
            .get(here + 2..)
            .and_then(|bytes| bytes.first_chunk());
        if let Some(distance) = distance.filter(|_| is_relative) {
            let distance = 2 * i64::from(i32::from_be_bytes(*distance));
            let target = code.relative(here, distance);
            target.into_iter().for_each(|addr| each(here, addr, true));
        }
    }
}

/// AUIPC, which loads a page relative to itself, and then an addition, load or store on its register. Instructions have two bytes
/// or four.
fn riscv64(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    let mut at = 0;
    while let Some(first) = code.i32(at).map(i32::cast_unsigned) {
        let here = at;
        at += if first & 3 == 3 { 4 } else { 2 };
        let second = code.i32(at).filter(|_| first & 0x7f == 0x17);
        let Some(second) = second.map(i32::cast_unsigned) else {
            continue;
        };
        let low = match second & 0x7f {
            _ if first >> 7 & 31 != second >> 15 & 31 => continue,
            0x13 | 0x03 | 0x07 => second.cast_signed() >> 20,
            0x23 | 0x27 => (second.cast_signed() >> 25 << 5) | ((second >> 7) & 31).cast_signed(),
            _ => continue,
        };
        let high = i64::from((first & 0xffff_f000).cast_signed());
        let target = code.relative(here, high + i64::from(low));
        target.into_iter().for_each(|addr| each(here, addr, true));
    }
}

/// PCALAU12I, which loads a page, and an addition, load or store on its register.
fn loong64(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    let words = code.bytes.as_chunks::<4>().0;
    for (index, pair) in words.windows(2).enumerate() {
        let (first, second) = (u32::from_le_bytes(pair[0]), u32::from_le_bytes(pair[1]));
        if first >> 25 != 0x0d || (second >> 5) & 31 != first & 31 {
            continue;
        }
        let pages = i64::from(((first >> 5 & 0xf_ffff) << 12).cast_signed());
        let low = i64::from(((second >> 10) << 20).cast_signed() >> 20);
        let here = (code.base as i64).wrapping_add(i64::from(code.address) + 4 * index as i64);
        code.absolute((here & !0xfff).wrapping_add(pages + low) as u64)
            .into_iter()
            .for_each(|addr| each(4 * index, addr, true));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(machine: Machine, bytes: &[u8], expected: &[Addr]) {
        let code = Code {
            bytes,
            address: 0x1000,
            base: 0,
            data: 0x2000..0x9000,
        };
        let mut found = Vec::new();
        machine.search(&code, |mention, _| found.push(mention.target));
        assert_eq!(found, expected, "{bytes:02x?}");
    }

    #[test]
    fn amd64_mentions() {
        check(
            Machine::Amd64,
            &[0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0],
            &[0x2000],
        );
        check(
            Machine::Amd64,
            &[0x90, 0x48, 0x8b, 0x0d, 0xf8, 0x1f, 0, 0, 0x90, 0x90],
            &[0x3000],
        );
        check(
            Machine::Amd64,
            &[0xc6, 0x05, 0xf9, 0x0f, 0, 0, 0x01],
            &[0x2000],
        );
        check(
            Machine::Amd64,
            &[0xf3, 0x0f, 0x10, 0x05, 0xf8, 0x0f, 0, 0],
            &[0x2000],
        );
        // Below the data, and an opcode without memory.
        check(Machine::Amd64, &[0x48, 0x8d, 0x05, 0, 0, 0, 0], &[]);
        check(Machine::Amd64, &[0x48, 0xb8, 0x05, 0xf9, 0x0f, 0, 0], &[]);
    }

    #[test]
    fn arm64_pairs() {
        // adrp x0, +2 pages; add x1, x0, #0x10; adrp x0, +2 pages; ldr x2, [x0, #8]; and x0 is no page any more.
        let code = [
            0xd000_0000u32,
            0x9100_4001,
            0xd000_0000,
            0xf940_0402,
            0xf940_0802,
        ]
        .map(u32::to_le_bytes)
        .concat();
        check(Machine::Arm64, &code, &[0x3010, 0x3008]);
    }

    #[test]
    fn s390x_instructions() {
        // larl r1, +0x1000; lgr r1, r2; lgrl r3, +0x1002; lghi with a LARL in what follows it.
        let code = [
            0xc0, 0x10, 0, 0, 8, 0, 0xb9, 0x04, 0, 0x12, 0xc4, 0x38, 0, 0, 8, 1, 0xa7, 0x19, 0xc0,
            0x10, 0, 0, 8, 0,
        ];
        check(Machine::S390x, &code, &[0x2000, 0x200c]);
    }
}

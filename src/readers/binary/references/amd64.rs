//! Finds the addresses that x86 code mentions: relative to the next instruction, and absolute ones.

use super::Code;
use crate::binary::image::Addr;

/// How many bytes of immediate follow the displacement, by opcode; `X` for opcodes that do not mention memory.
pub(super) const X: u8 = 0xff;

pub(super) static ONE_BYTE: [u8; 256] = opcodes(
    &[
        0x03, 0x0b, 0x13, 0x1b, 0x23, 0x2b, 0x33, 0x3b, 0x01, 0x09, 0x11, 0x19, 0x21, 0x29, 0x31,
        0x39, 0x38, 0x3a, 0x63, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8d, 0xfe, 0xff,
        0xf7, 0xd9, 0xdd,
    ],
    &[0x80, 0x83, 0xc6, 0xc0, 0xc1, 0x6b, 0xf6],
    &[0x81, 0xc7, 0x69],
);

/// How many bytes of immediate follow, for opcodes after 0f or a VEX prefix.
pub(super) static TWO_BYTE: [u8; 256] = opcodes(
    &[
        0x10, 0x11, 0x12, 0x16, 0x28, 0x29, 0x2a, 0x2c, 0x2d, 0x2e, 0x2f, 0x40, 0x42, 0x43, 0x44,
        0x45, 0x46, 0x47, 0x48, 0x4c, 0x4d, 0x4e, 0x4f, 0x51, 0x54, 0x55, 0x56, 0x57, 0x58, 0x59,
        0x5a, 0x5b, 0x5c, 0x5d, 0x5e, 0x5f, 0x60, 0x61, 0x62, 0x6c, 0x6d, 0x6e, 0x6f, 0x7e, 0x7f,
        0xaf, 0xb0, 0xb1, 0xb6, 0xb7, 0xbe, 0xbf, 0xc0, 0xc1, 0xd4, 0xd6, 0xdb, 0xdf, 0xeb, 0xef,
        0xfe, 0x18, 0x00, 0x04, 0xdc, 0xdd, 0xde, 0x36, 0x8c,
    ],
    &[0x70, 0xba, 0xc2, 0xc6, 0xa4, 0xac, 0x0f, 0x0e, 0x44, 0x3a],
    &[],
);

pub(super) const fn opcodes(plain: &[u8], byte: &[u8], word: &[u8]) -> [u8; 256] {
    let mut table = [X; 256];
    let mut index = 0;
    while index < byte.len() {
        table[byte[index] as usize] = 1;
        index += 1;
    }
    index = 0;
    while index < word.len() {
        table[word[index] as usize] = 4;
        index += 1;
    }
    index = 0;
    while index < plain.len() {
        table[plain[index] as usize] = 0;
        index += 1;
    }
    table
}

/// Addresses relative to the next instruction: a byte whose mode is 00 and whose register is 101, after an opcode. The highest
/// byte of the distance behind it says of most bytes that look so that they are none.
pub(super) fn amd64(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    let bytes = code.bytes;
    marks(bytes, highest_bytes(code), |at| {
        if let Some(target) = mention(code, at) {
            each(at, target, is_whole(bytes, at));
        }
    });
}

/// Bytes of a distance.
const DISTANCE: usize = 4;
/// Eight times the same byte.
const ONES: u64 = u64::from_le_bytes([1; 8]);

/// Calls `each` with the place of every mode byte that has a distance behind it whose highest byte is in a range, by its first and
/// its length. Eight bytes are looked at together.
#[inline]
fn marks(bytes: &[u8], (low, span): (u8, u8), mut each: impl FnMut(usize)) {
    const MASK: u8 = 0xc7;
    const MODE: u8 = 5;
    let mut check = |at: usize| {
        let highest = bytes.get(at + DISTANCE);
        if highest.is_some_and(|byte| byte.wrapping_sub(low) <= span) {
            each(at);
        }
    };
    let (eights, rest) = bytes.as_chunks::<8>();
    for (index, eight) in eights.iter().enumerate() {
        let differs =
            (u64::from_le_bytes(*eight) & (ONES * u64::from(MASK))) ^ (ONES * u64::from(MODE));
        // The highest bit of each byte that does not differ: no byte carries into the next.
        let seven = ONES * 0x7f;
        let mut left = !(((differs & seven) + seven) | differs | seven);
        while left != 0 {
            check(8 * index + left.trailing_zeros() as usize / 8);
            left &= left - 1;
        }
    }
    for (at, byte) in (8 * eights.len()..).zip(rest) {
        if byte & MASK == MODE {
            check(at);
        }
    }
}

/// The highest byte of the least distance from the code to the data, and how far it is to that of the largest.
pub(super) fn highest_bytes(code: &Code<'_>) -> (u8, u8) {
    // An instruction goes on behind the distance for as many bytes at most.
    const MOST: i64 = 16;
    let (start, end) = (i64::from(code.data.start), i64::from(code.data.end));
    let address = i64::from(code.address);
    let highest = |distance: i64| distance.clamp(i32::MIN.into(), i32::MAX.into()) >> 24;
    let least = highest(start - address - code.bytes.len() as i64 - MOST);
    let most = highest(end - address);
    let span = u8::try_from(most - least).unwrap_or(u8::MAX);
    (least as u8, span)
}

/// Whether the bytes before a mode byte are a prefix for 64 bits and LEA or MOV, as in most mentions: hardly any others look so.
#[inline]
pub(super) fn is_whole(bytes: &[u8], at: usize) -> bool {
    let before = at.checked_sub(2).and_then(|at| bytes[at..].first_chunk());
    matches!(before, Some([0x48 | 0x4c, 0x8d | 0x8b | 0x89]))
}

#[inline]
pub(super) fn mention(code: &Code<'_>, at: usize) -> Option<Addr> {
    let opcode = *code.bytes.get(at.checked_sub(1)?)? as usize;
    let distance = i64::from(code.i32(at + 1)?);
    // Most candidates fall here: few random distances end within the data.
    let near = i64::from(code.address) + at as i64 + 5 + distance;
    if near < i64::from(code.data.start) - 8 || near > i64::from(code.data.end) {
        return None;
    }
    let before = |back: usize| at.checked_sub(back).map_or(0, |at| code.bytes[at]);
    let escaped = before(2) == 0x0f
        || before(3) == 0xc5
        || before(4) == 0xc4
        || before(5) == 0x62
        || matches!(before(2), 0x38 | 0x3a);
    // With a VEX or EVEX prefix, which says in what table the opcode is.
    let table = match (before(4), before(5)) {
        (0xc4, _) => before(3) & 0x1f,
        (map, 0x62) => map & 7,
        _ => 0,
    };
    let immediate = match (TWO_BYTE[opcode], ONE_BYTE[opcode]) {
        (length, _) if escaped && length != X => length,
        (_, length) if length != X => length,
        _ if table == 3 => 1,
        _ if table == 2 || table == 1 => 0,
        _ => return None,
    };
    code.relative(at + 5 + usize::from(immediate), distance)
}

/// Absolute addresses, anywhere: few random words are addresses of data.
pub(super) fn i386(code: &Code<'_>, mut each: impl FnMut(usize, Addr, bool)) {
    for (at, window) in code.bytes.windows(4).enumerate() {
        let value = u32::from_le_bytes([window[0], window[1], window[2], window[3]]);
        code.absolute(u64::from(value))
            .into_iter()
            .for_each(|addr| each(at, addr, false));
    }
}

//! Finds the call instructions in machine code, for each architecture that has a decoder here.
//!
//! On x86 instructions have to be measured to know where the next one begins: that is all that is decoded. Encodings:
//! Intel's manual, volume 2, chapter 2 and appendix A.

/// Finds call instructions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decoder {
    /// x86-64.
    Amd64,
    /// x86 with 32 bits.
    I386,
    /// AArch64.
    Arm64,
}

impl Decoder {
    /// The decoder for one of Go's architectures, where there is one.
    pub(crate) fn of(goarch: &str) -> Option<Self> {
        match goarch {
            "amd64" => Some(Self::Amd64),
            "386" => Some(Self::I386),
            "arm64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// Shows `visit` the offset of each call in the code of one function, in order.
    pub(super) fn calls(self, code: &[u8], visit: impl FnMut(u32)) {
        match self {
            Self::Arm64 => arm64(code, visit),
            Self::Amd64 => x86(code, true, visit),
            Self::I386 => x86(code, false, visit),
        }
    }
}

/// An instruction of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Flow {
    /// Where it is in the code.
    pub(crate) at: u32,
    /// Bytes of it.
    pub(crate) length: u32,
    /// Where it jumps to, in the same code, whatever it depends on.
    pub(crate) target: Option<u32>,
}

/// Shows `visit` each instruction of a function, in order.
pub(super) fn flow(decoder: Decoder, code: &[u8], mut visit: impl FnMut(Flow)) {
    let mut at = 0;
    while at < code.len() {
        let rest = &code[at..];
        let length = match decoder {
            Decoder::Arm64 => 4.min(rest.len()),
            Decoder::Amd64 => instruction(rest, true).map_or(1, |it| it.0),
            Decoder::I386 => instruction(rest, false).map_or(1, |it| it.0),
        };
        let distance = jump(decoder, &rest[..length]);
        visit(Flow {
            at: at as u32,
            length: length as u32,
            target: distance.and_then(|distance| (at as u32).checked_add_signed(distance)),
        });
        at += length;
    }
}

/// How far a jump with a fixed target leads, counted from its own first byte.
fn jump(decoder: Decoder, instruction: &[u8]) -> Option<i32> {
    if decoder == Decoder::Arm64 {
        let word = u32::from_le_bytes(*instruction.first_chunk()?);
        return match word >> 24 {
            0x14..=0x17 => Some((word << 6).cast_signed() >> 4),
            // B.cond, CBZ and CBNZ: 19 bits; TBZ and TBNZ: 14.
            0x54 | 0x34 | 0x35 | 0xb4 | 0xb5 => Some((word << 8).cast_signed() >> 13 << 2),
            0x36 | 0x37 | 0xb6 | 0xb7 => Some((word << 13).cast_signed() >> 18 << 2),
            _ => None,
        };
    }
    let length = instruction.len() as i32;
    match instruction {
        [0x70..=0x7f | 0xe0..=0xe3 | 0xeb, near] => Some(length + i32::from(near.cast_signed())),
        [0xe9, far @ ..] | [0x0f, 0x80..=0x8f, far @ ..] => {
            Some(length.wrapping_add(i32::from_le_bytes(*far.first_chunk()?)))
        }
        _ => None,
    }
}

/// `BL` and `BLR`.
fn arm64(code: &[u8], visit: impl FnMut(u32)) {
    let words = code
        .as_chunks::<4>()
        .0
        .iter()
        .map(|bytes| u32::from_le_bytes(*bytes));
    let calls = words
        .enumerate()
        .filter(|(_, it)| it & 0xfc00_0000 == 0x9400_0000 || it & 0xffff_fc1f == 0xd63f_0000);
    calls.map(|(index, _)| 4 * index as u32).for_each(visit);
}

fn x86(code: &[u8], long: bool, mut visit: impl FnMut(u32)) {
    let mut at = 0;
    while at < code.len() {
        match instruction(&code[at..], long) {
            Some((length, call)) => {
                if call {
                    visit(at as u32);
                }
                at += length;
            }
            // Data, or what no compiler writes: the next byte may begin an instruction.
            None => at += 1,
        }
    }
}

/// What the first bytes of an instruction say.
#[derive(Default)]
struct Prefixes {
    /// Bytes of them.
    length: usize,
    /// Operands have 16 bits.
    short: bool,
    /// Addresses have half their size.
    half: bool,
    /// Operands have 64 bits.
    wide: bool,
}

/// The length of the first instruction, and whether it is a call.
fn instruction(code: &[u8], long: bool) -> Option<(usize, bool)> {
    let prefixes = prefixes(code, long)?;
    let rest = &code[prefixes.length..];
    let opcode = *rest.first()?;
    let (length, call) = match opcode {
        0x0f => (escaped(rest, &prefixes)?, false),
        0x62 if long || rest.get(1)? >> 6 == 3 => (vector(rest, 4, rest.get(1)? & 7)?, false),
        0xc4 if long || rest.get(1)? >> 6 == 3 => (vector(rest, 3, rest.get(1)? & 31)?, false),
        0xc5 if long || rest.get(1)? >> 6 == 3 => (vector(rest, 2, 1)?, false),
        _ => {
            let call = match opcode {
                0xe8 => true,
                0xff => matches!(rest.get(1)? >> 3 & 7, 2 | 3),
                _ => false,
            };
            (one_byte(rest, opcode, &prefixes, long)?, call)
        }
    };
    let length = prefixes.length + length;
    (length <= code.len().min(15)).then_some((length, call))
}

/// `None` where there are more of them than fit: an instruction has at most 15 bytes, the opcode among them.
fn prefixes(code: &[u8], long: bool) -> Option<Prefixes> {
    const MOST: usize = 14;
    let mut found = Prefixes::default();
    while found.length <= MOST {
        match *code.get(found.length)? {
            0x66 => found.short = true,
            0x67 => found.half = true,
            0x26 | 0x2e | 0x36 | 0x3e | 0x64 | 0x65 | 0xf0 | 0xf2 | 0xf3 => {}
            it @ 0x40..=0x4f if long => {
                found.wide = it & 8 != 0;
                found.length += 1;
                return Some(found);
            }
            _ => return Some(found),
        }
        found.length += 1;
    }
    None
}

/// Bytes of an operand of the full size.
fn full(prefixes: &Prefixes) -> usize {
    if prefixes.short && !prefixes.wide {
        2
    } else {
        4
    }
}

/// The length of an instruction with an opcode of one byte.
fn one_byte(rest: &[u8], opcode: u8, prefixes: &Prefixes, long: bool) -> Option<usize> {
    let full = full(prefixes);
    let place = || operand(rest.get(1..)?);
    Some(
        1 + match opcode {
            0x00..=0x3f => match opcode & 7 {
                0..=3 => place()?,
                4 => 1,
                5 => full,
                _ if long => return None,
                _ => 0,
            },
            0x68 | 0xa9 => full,
            0x69 | 0x81 | 0xc7 => place()? + full,
            0x6b | 0x80 | 0x82 | 0x83 | 0xc0 | 0xc1 | 0xc6 => place()? + 1,
            0x62 | 0x63 | 0x84..=0x8f | 0xc4 | 0xc5 | 0xd0..=0xd3 | 0xd8..=0xdf | 0xfe | 0xff => {
                place()?
            }
            0x6a | 0x70..=0x7f | 0xa8 | 0xb0..=0xb7 | 0xcd | 0xd4 | 0xd5 | 0xe0..=0xe7 | 0xeb => 1,
            0x9a | 0xea if !long => full + 2,
            0x9a | 0xea => return None,
            0xa0..=0xa3 => match (long, prefixes.half) {
                (true, false) => 8,
                (true, true) | (false, false) => 4,
                (false, true) => 2,
            },
            0xb8..=0xbf if prefixes.wide => 8,
            0xb8..=0xbf => full,
            0xc2 | 0xca => 2,
            0xc8 => 3,
            // Distances have 32 bits in 64-bit code, whatever the prefix says.
            0xe8 | 0xe9 if long => 4,
            0xe8 | 0xe9 => full,
            0xf6 | 0xf7 => {
                let tests = rest.get(1)? >> 3 & 7 < 2;
                let immediate = if opcode == 0xf6 { 1 } else { full };
                place()? + if tests { immediate } else { 0 }
            }
            _ => 0,
        },
    )
}

/// The length of an instruction behind 0F.
fn escaped(rest: &[u8], prefixes: &Prefixes) -> Option<usize> {
    let opcode = *rest.get(1)?;
    Some(match opcode {
        0x38 => 3 + operand(rest.get(3..)?)?,
        0x3a => 4 + operand(rest.get(3..)?)?,
        0x80..=0x8f => 2 + full(prefixes),
        0x05..=0x09
        | 0x0b
        | 0x0e
        | 0x30..=0x37
        | 0x77
        | 0xa0..=0xa2
        | 0xa8..=0xaa
        | 0xc8..=0xcf => 2,
        0x0f => 3 + operand(rest.get(2..)?)?,
        _ => 2 + operand(rest.get(2..)?)? + immediate(1, opcode),
    })
}

/// The length of an instruction with a VEX or EVEX prefix.
fn vector(rest: &[u8], prefix: usize, map: u8) -> Option<usize> {
    let opcode = *rest.get(prefix)?;
    if map == 1 && opcode == 0x77 {
        return Some(prefix + 1);
    }
    let place = operand(rest.get(prefix + 1..)?)?;
    Some(prefix + 1 + place + immediate(map, opcode))
}

/// Bytes of the immediate operand of an opcode behind 0F (map 1), 0F 38 (2) or 0F 3A (3).
fn immediate(map: u8, opcode: u8) -> usize {
    let has = match map {
        1 => matches!(opcode, 0x70..=0x73 | 0xa4 | 0xac | 0xba | 0xc2 | 0xc4..=0xc6),
        3 => true,
        _ => false,
    };
    usize::from(has)
}

/// Bytes of an operand in a register or in memory: the mode byte, an index byte, a distance.
fn operand(bytes: &[u8]) -> Option<usize> {
    let mode = *bytes.first()?;
    let index = mode >> 6 != 3 && mode & 7 == 4;
    let base = if index { *bytes.get(1)? } else { mode };
    let distance = match mode >> 6 {
        0 if base & 7 == 5 => 4,
        1 => 1,
        2 => 4,
        _ => 0,
    };
    Some(1 + usize::from(index) + distance)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(decoder: Decoder, code: &[u8], expected: &[u32]) {
        let mut found = Vec::new();
        decoder.calls(code, |it| found.push(it));
        // A failure shows what fits a screen.
        assert_eq!(found, expected, "{:02x?}", &code[..code.len().min(64)]);
    }

    #[test]
    fn calls_on_amd64() {
        let near = [0xe8, 1, 2, 3, 4];
        check(Decoder::Amd64, &near, &[0]);
        // call rax; call r8; call [rbx+0x18]; call [rip+0]
        check(
            Decoder::Amd64,
            &[
                0xff, 0xd0, 0x41, 0xff, 0xd0, 0xff, 0x53, 0x18, 0xff, 0x15, 0, 0, 0, 0,
            ],
            &[0, 2, 5, 8],
        );
        // A call in an immediate or a distance is none: mov eax, imm32; jmp rel32; mov rax, imm64; test al, imm8.
        check(Decoder::Amd64, &[0xb8, 0xe8, 0xe8, 0xe8, 0xe8], &[]);
        check(Decoder::Amd64, &[0xe9, 0xff, 0xd0, 0xff, 0xff], &[]);
        check(
            Decoder::Amd64,
            &[
                0x48, 0xb8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xe8, 0xc3,
            ],
            &[],
        );
        check(Decoder::Amd64, &[0xf6, 0xc0, 0xe8, 0xf7, 0xd0], &[]);
        // jmp rax and push are no calls.
        check(Decoder::Amd64, &[0xff, 0xe0, 0xff, 0x30], &[]);
    }

    #[test]
    fn what_stands_between_calls_is_measured() {
        for before in [
            &[0x66, 0x81, 0xc0, 0xe8, 0xe8][..],
            &[0x48, 0x8d, 0x84, 0x24, 0xe8, 0, 0, 0],
            &[0x0f, 0x84, 0xe8, 0, 0, 0],
            &[0x66, 0x0f, 0x3a, 0x22, 0xc0, 0xe8],
            &[0x66, 0x0f, 0x38, 0x00, 0x05, 0xe8, 0, 0, 0],
            &[0xc5, 0xf8, 0x77],
            &[0xc5, 0xfd, 0x70, 0xc0, 0xe8],
            &[0xc4, 0xe3, 0x7d, 0x39, 0xc0, 0xe8],
            &[0xc4, 0xe2, 0x7d, 0x58, 0x44, 0x24, 0xe8],
            &[0x62, 0xf1, 0x7c, 0x48, 0x10, 0x44, 0x24, 0xe8],
            &[0x62, 0xf3, 0x7d, 0x48, 0x25, 0xc0, 0xe8],
            &[0xf2, 0x48, 0x0f, 0x2a, 0xc0],
            &[0x64, 0x48, 0x8b, 0x0c, 0x25, 0xf8, 0xff, 0xff, 0xff],
            &[0x48, 0x69, 0xc0, 0xe8, 0, 0, 0],
            &[0x80, 0x3d, 1, 2, 3, 4, 0xe8],
            &[0xf7, 0x05, 1, 2, 3, 4, 0xe8, 0xe8, 0xe8, 0xe8],
            &[0x67, 0x8d, 0x04, 0x05, 0xe8, 0, 0, 0],
            &[0xf0, 0x48, 0x0f, 0xb1, 0x0b],
        ] {
            let code = [before, &[0xe8, 0, 0, 0, 0]].concat();
            check(Decoder::Amd64, &code, &[before.len() as u32]);
        }
    }

    #[test]
    fn calls_on_386_and_arm64() {
        // inc eax is no prefix there; les needs memory.
        check(
            Decoder::I386,
            &[0x40, 0xff, 0xd0, 0xc4, 0x00, 0xe8, 0, 0, 0, 0],
            &[1, 5],
        );
        let code = [0x9400_0001u32, 0xd63f_0100, 0xd61f_0100, 0x1400_0001].map(u32::to_le_bytes);
        check(Decoder::Arm64, code.as_flattened(), &[0, 4]);
    }

    #[test]
    fn nothing_but_prefixes_ends() {
        // Without a limit each would be measured to the end: half a million million steps.
        check(Decoder::Amd64, &[0x66; 1 << 20], &[]);
        check(Decoder::I386, &[0x66; 1 << 20], &[]);
        // `data16 ... nop` with 14 prefixes is the longest of all; with one more it is none.
        for (prefixes, begins) in [(14, 0), (15, 1)] {
            let code = [&[0x66; 15][..prefixes], &[0x90]].concat();
            assert_eq!(instruction(&code[begins..], true), Some((15, false)));
            assert_eq!(instruction(&code, true).is_some(), prefixes == 14);
        }
    }

    #[test]
    fn every_byte_string_ends() {
        for first in 0..=255u8 {
            for second in 0..=255u8 {
                for long in [true, false] {
                    let code = [first, second, 0xff, 0x04, 0x25, 0xff];
                    if let Some((length, _)) = instruction(&code, long) {
                        assert!((1..=6).contains(&length), "{code:02x?}");
                    }
                    for cut in 0..6 {
                        x86(&code[..cut], long, |_| {});
                    }
                }
            }
        }
    }
}

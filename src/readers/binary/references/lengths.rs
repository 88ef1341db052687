//! Finds the lengths that code loads beside the addresses of texts: the compiler loads a string as both, one close to the
//! other (`StringSym` in `cmd/compile/internal/staticdata`). Other numbers stand there, too: a caller checks where they lead.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind};

use crate::binary::functions::Entry;
use crate::binary::image::{Addr, Image};

use super::{Codes, Machine, Mentions};

/// How many instructions from the address a length is looked for.
const FAR: usize = 8;

/// Calls `each` with every number that is loaded or stored close to a mention that is wanted, and with what `wanted` has for that.
/// `each` says whether no other number is wanted there.
pub(in crate::binary) fn beside(
    image: &Image<'_>,
    goarch: Option<&str>,
    (entries, mentions): (&[Entry], &Mentions),
    wanted: impl Fn(Addr) -> Option<usize>,
    mut each: impl FnMut(usize, u32) -> bool,
) {
    let Some(machine) = goarch.and_then(Machine::of) else {
        return;
    };
    let mut codes = Codes::new(image, &(0..0));
    for (place, entry) in entries.iter().enumerate() {
        let all = mentions.of(place);
        let Some(first) = all.iter().position(|it| wanted(it.target).is_some()) else {
            continue;
        };
        let Some(code) = codes.of(entry) else {
            continue;
        };
        if machine == Machine::Arm {
            pools(code.bytes, |pool, number| {
                let found = all.binary_search_by_key(&pool, |it| it.at);
                if let Some(text) = found.ok().and_then(|at| wanted(all[at].target)) {
                    each(text, number);
                }
            });
            continue;
        }
        for it in &all[first..] {
            if let Some(text) = wanted(it.target) {
                let number = |number| each(text, number);
                numbers(machine, code.bytes, it.at as usize, number);
            }
        }
    }
}

/// Calls `each` with the numbers around the instruction with an address, until it is content; `at` is the place of its
/// [`Mention`](super::Mention).
fn numbers(machine: Machine, code: &[u8], at: usize, mut each: impl FnMut(u32) -> bool) {
    let mut all = |number| {
        each(number);
    };
    match machine {
        Machine::Amd64 => amd64(code, at, each),
        Machine::I386 => x86(code, at + 4, 32, each),
        Machine::Arm64 => words(code, at, Arm64, all),
        Machine::Loong64 => words(code, at, Loong64, all),
        Machine::S390x => s390x(code, at, all),
        Machine::Riscv64 => riscv64(code, at, &mut all),
        Machine::Arm => {}
    }
}

/// LEA with an address relative to the next instruction; `at` is the byte behind its opcode.
fn amd64(code: &[u8], at: usize, mut each: impl FnMut(u32) -> bool) {
    let Some([prefix, 0x8d]) = at.checked_sub(2).map(|at| [code[at], code[at + 1]]) else {
        return;
    };
    if prefix & 0xf8 != 0x48 {
        return;
    }
    // Nothing says where the instructions before begin: loads of a number in a row are recognised.
    let mut start = at - 2;
    for _ in 0..FAR {
        let before = |back: usize| start.checked_sub(back).and_then(|at| code.get(at..start));
        let Some(&[0xb8..=0xbf, a, b, c, d]) = before(5) else {
            break;
        };
        if each(u32::from_le_bytes([a, b, c, d])) {
            return;
        }
        let is_wide = matches!(before(6), Some([0x41, ..]));
        start -= 5 + usize::from(is_wide);
    }
    x86(code, at + 5, 64, each);
}

/// The numbers that the instructions behind a place move.
fn x86(code: &[u8], behind: usize, bits: u32, mut each: impl FnMut(u32) -> bool) {
    let rest = code.get(behind..).unwrap_or_default();
    let mut decoder = Decoder::with_ip(bits, rest, 0, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    for _ in 0..FAR {
        if !decoder.can_decode() {
            return;
        }
        decoder.decode_out(&mut instruction);
        if instruction.is_invalid() || goes_elsewhere(&instruction) {
            return;
        }
        let is_number = matches!(
            instruction.op1_kind(),
            OpKind::Immediate32 | OpKind::Immediate32to64
        );
        let is_move = instruction.mnemonic() == Mnemonic::Mov && is_number;
        if is_move && each(instruction.immediate32()) {
            return;
        }
    }
}

fn goes_elsewhere(instruction: &Instruction) -> bool {
    let mnemonic = instruction.mnemonic();
    matches!(mnemonic, Mnemonic::Call | Mnemonic::Jmp | Mnemonic::Ret)
        || matches!(
            instruction.op0_kind(),
            OpKind::NearBranch32 | OpKind::NearBranch64
        )
}

/// How an architecture of instructions of four bytes loads a number.
trait Words {
    /// The number that an instruction loads, together with the next where that adds the rest.
    fn number(word: u32, next: u32) -> Option<u32>;
    /// Whether code goes on elsewhere.
    fn is_branch(word: u32) -> bool;
}

struct Arm64;

impl Words for Arm64 {
    /// MOVZ, and MOVK for the rest; ORR with the register that is 0, of what repeats as a pattern of bits: 1 to 4, 6 to 8, 12 and
    /// more (`omovconst`, cmd/internal/obj/arm64).
    fn number(word: u32, next: u32) -> Option<u32> {
        let shifted = |word: u32| (word >> 5 & 0xffff).checked_shl(16 * (word >> 21 & 3));
        match word & 0x7f80_0000 {
            0x5280_0000 => {
                let continues = next & 0x7f80_0000 == 0x7280_0000 && next & 31 == word & 31;
                let more = if continues { shifted(next)? } else { 0 };
                Some(shifted(word)? | more)
            }
            0x3200_0000 if word >> 5 & 31 == 31 => pattern(word),
            _ => None,
        }
    }

    /// B, BL, B.cond, CBZ, TBZ, BR and RET.
    fn is_branch(word: u32) -> bool {
        matches!(word >> 24 & 0x7f, 0x14..=0x17 | 0x34..=0x37) || matches!(word >> 24, 0x54 | 0xd6)
    }
}

/// The immediate of a logical instruction of arm64: ones in a row, rotated, in a field that repeats (`DecodeBitMasks` of the
/// architecture's manual).
fn pattern(word: u32) -> Option<u32> {
    let (long, n) = (word >> 31, word >> 22 & 1);
    let (rotation, ones) = (word >> 16 & 63, word >> 10 & 63);
    let field = (n << 6 | (!ones & 63)).checked_ilog2()?;
    if field == 0 || n > long {
        return None;
    }
    let size = 1 << field;
    let ones = (1u64 << ((ones & (size - 1)) + 1)) - 1;
    let mask = u64::MAX >> (64 - size);
    let rotation = rotation & (size - 1);
    let one = match rotation {
        0 => ones,
        _ => (ones >> rotation | ones << (size - rotation)) & mask,
    };
    let bits = if long == 1 { 64 } else { 32 };
    let all = (0..bits / size).fold(0u64, |all, at| all | one << (at * size));
    u32::try_from(all).ok()
}

struct Loong64;

impl Words for Loong64 {
    /// ADDI or ORI with the register that is 0; LU12I.W, and ORI for the rest.
    fn number(word: u32, next: u32) -> Option<u32> {
        let low = |word: u32| word >> 10 & 0xfff;
        let is_ori = |word: u32| word >> 22 == 0x0e;
        let source = |word: u32| word >> 5 & 31;
        match word >> 22 {
            0x0a | 0x0b if source(word) == 0 && low(word) < 0x800 => Some(low(word)),
            0x0e if source(word) == 0 => Some(low(word)),
            _ if word >> 25 == 0x0a => {
                let continues = is_ori(next) && source(next) == word & 31;
                let more = if continues { low(next) } else { 0 };
                Some((word >> 5 & 0xf_ffff) << 12 | more)
            }
            _ => None,
        }
    }

    /// BEQZ to BGEU.
    fn is_branch(word: u32) -> bool {
        (0x10..=0x1b).contains(&(word >> 26))
    }
}

/// The numbers before and behind the two instructions with an address.
fn words<W: Words>(code: &[u8], at: usize, _: W, mut each: impl FnMut(u32)) {
    let words = code.as_chunks::<4>().0;
    let word = |index: usize| words.get(index).map_or(0, |word| u32::from_le_bytes(*word));
    let here = at / 4;
    let before = (0..here).rev().take(FAR);
    let before = before.take_while(|index| !W::is_branch(word(*index)));
    let behind = (here + 2..words.len()).take(FAR);
    let behind = behind.take_while(|index| !W::is_branch(word(*index)));
    for index in before.chain(behind) {
        W::number(word(index), word(index + 1))
            .into_iter()
            .for_each(&mut each);
    }
}

/// LHI, LGHI, LGFI, LLILL, LLILH, LLILF, and MVGHI, which stores a number, behind LARL.
fn s390x(code: &[u8], at: usize, mut each: impl FnMut(u32)) {
    let mut at = at;
    for step in 0..=FAR {
        let rest = code.get(at..).unwrap_or_default();
        let Some(&[first, second, a, b]) = rest.first_chunk() else {
            return;
        };
        at += [2, 4, 4, 6][usize::from(first >> 6)];
        if step == 0 {
            continue;
        }
        let half = u32::from(u16::from_be_bytes([a, b]));
        let tail = || Some([*rest.get(4)?, *rest.get(5)?]);
        let found = match (first, second & 0x0f) {
            // BRC, BRAS, BRCT and BRCTG; BRASL and BRCL; BCR and BASR; compare and branch.
            (0xa7, 4..=7) | (0xc0, 4 | 5) | (0x07 | 0x0d, _) => return,
            (0xec, _) if tail().is_none_or(|[_, last]| branches(last)) => return,
            (0xa7, 8 | 9) => Some(half).filter(|half| *half < 0x8000),
            (0xa5, 14) => Some(half << 16),
            (0xa5, 15) => Some(half),
            (0xc0, 1 | 15) => tail().map(|[c, d]| u32::from_be_bytes([a, b, c, d])),
            (0xe5, _) if second == 0x48 => {
                let number = tail().map(|last| u32::from(u16::from_be_bytes(last)));
                number.filter(|number| *number < 0x8000)
            }
            _ => None,
        };
        found.into_iter().for_each(&mut each);
    }
}

/// Whether an instruction of s390x that begins with 0xec branches, by its last byte: others compute.
fn branches(last: u8) -> bool {
    matches!(last, 0x44 | 0x45 | 0x64 | 0x65 | 0x76 | 0x77 | 0x7c..=0x7f)
}

/// What an instruction of riscv64 does with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Riscv {
    /// Sets a register.
    Loads(u32, i64),
    /// Sets the higher bits of a register.
    Upper(u32, i64),
    /// Adds to a register.
    Adds(u32, i64),
    Branches,
    Other,
}

/// ADDI with the register that is 0; LUI, and ADDI or ADDIW for the rest right behind; as well in their short forms: behind AUIPC
/// and what adds to it.
fn riscv64(code: &[u8], at: usize, mut each: impl FnMut(u32)) {
    let mut at = at + 8;
    let mut upper = None;
    let mut each = |number: i64| u32::try_from(number).into_iter().for_each(&mut each);
    for _ in 0..FAR {
        let half = |at: usize| Some(u16::from_le_bytes(*code.get(at..)?.first_chunk()?));
        let Some(low) = half(at).map(u32::from) else {
            break;
        };
        let does = match low & 3 {
            3 => match half(at + 2) {
                Some(high) => riscv_word(u32::from(high) << 16 | low),
                None => break,
            },
            _ => riscv_half(low),
        };
        at += if low & 3 == 3 { 4 } else { 2 };
        match (upper.take(), does) {
            (Some((register, high)), Riscv::Adds(to, low)) if register == to => each(high + low),
            (Some((_, high)), _) => each(high),
            (None, _) => {}
        }
        match does {
            Riscv::Loads(_, number) => each(number),
            Riscv::Upper(register, number) => upper = Some((register, number)),
            Riscv::Branches => break,
            Riscv::Adds(..) | Riscv::Other => {}
        }
    }
    if let Some((_, high)) = upper {
        each(high);
    }
}

/// An instruction of four bytes.
fn riscv_word(word: u32) -> Riscv {
    let (register, source) = (word >> 7 & 31, word >> 15 & 31);
    let number = i64::from(word.cast_signed() >> 20);
    match (word & 0x7f, word >> 12 & 7) {
        (0x63 | 0x67 | 0x6f, _) => Riscv::Branches,
        (0x13, 0) if source == 0 => Riscv::Loads(register, number),
        (0x13 | 0x1b, 0) if source == register => Riscv::Adds(register, number),
        (0x37, _) => Riscv::Upper(register, i64::from((word & 0xffff_f000).cast_signed())),
        _ => Riscv::Other,
    }
}

/// An instruction of two bytes.
fn riscv_half(half: u32) -> Riscv {
    let register = half >> 7 & 31;
    let number = (half >> 12 & 1) << 5 | half >> 2 & 31;
    let number = i64::from((number << 26).cast_signed() >> 26);
    match (half & 3, half >> 13) {
        // C.ADDI and C.ADDIW; C.LI; C.LUI, but for C.ADDI16SP.
        (1, 0 | 1) => Riscv::Adds(register, number),
        (1, 2) => Riscv::Loads(register, number),
        (1, 3) if register != 2 => Riscv::Upper(register, number << 12),
        // C.J, C.BEQZ and C.BNEZ; C.JR and C.JALR.
        (1, 5..) => Riscv::Branches,
        (2, 4) if half >> 2 & 31 == 0 => Riscv::Branches,
        _ => Riscv::Other,
    }
}

/// Calls `each` with the place of every word of a literal pool that is loaded, and with every number that is loaded close to it.
fn pools(code: &[u8], mut each: impl FnMut(u32, u32)) {
    let words = code.as_chunks::<4>().0;
    let word = |index: usize| words.get(index).map_or(0, |word| u32::from_le_bytes(*word));
    // LDR relative to two instructions on.
    let pool = |index: usize| {
        let word = word(index);
        let distance = (word & 0xfff).cast_signed();
        let is_up = word >> 23 & 1 == 1;
        let place =
            (4 * index as u32 + 8).checked_add_signed(if is_up { distance } else { -distance });
        place.filter(|_| word & 0x0f7f_0000 == 0x051f_0000)
    };
    let number = |index: usize| {
        let it = word(index);
        match it & 0x0ff0_0000 {
            0x03a0_0000 => Some((it & 0xff).rotate_right(2 * (it >> 8 & 15))),
            // MOVW, of 16 bits.
            0x0300_0000 => Some((it >> 4 & 0xf000) | it & 0xfff),
            _ => pool(index).map(|place| word(place as usize / 4)),
        }
    };
    for index in 0..words.len() {
        let Some(place) = pool(index) else { continue };
        // B and BL.
        let goes_on = |index: &usize| word(*index) >> 25 & 7 != 5;
        let before = (0..index).rev().take(FAR).take_while(goes_on);
        let behind = (index + 1..words.len()).take(FAR).take_while(goes_on);
        for it in before.chain(behind) {
            number(it)
                .into_iter()
                .for_each(|number| each(place, number));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(machine: Machine, code: &[u8], at: usize, expected: &[u32]) {
        let mut found = Vec::new();
        numbers(machine, code, at, |number| {
            found.push(number);
            false
        });
        assert_eq!(found, expected, "{machine:?} {code:02x?}");
    }

    fn check_words(machine: Machine, words: &[u32], at: usize, expected: &[u32]) {
        let bytes = words.iter().map(|word| word.to_le_bytes());
        check(machine, &bytes.collect::<Vec<_>>().concat(), at, expected);
    }

    #[test]
    fn x86_loads_and_stores_numbers_around_an_address() {
        const LEA: [u8; 7] = [0x48, 0x8d, 0x05, 0xf9, 0x0f, 0, 0];
        // mov r8d, 9; mov ebx, 7; lea rax; mov [rsp+8], rax; mov [rsp+16], 4; call; mov ecx, 3.
        let before = [0x41, 0xb8, 9, 0, 0, 0, 0xbb, 7, 0, 0, 0];
        let behind = [
            0x48, 0x89, 0x44, 0x24, 8, 0x48, 0xc7, 0x44, 0x24, 16, 4, 0, 0, 0, 0xe8, 0, 0, 0, 0,
            0xb9, 3, 0, 0, 0,
        ];
        let code = [&before[..], &LEA, &behind].concat();
        check(Machine::Amd64, &code, before.len() + 2, &[7, 9, 4]);
        // Code that ends, and a load instead of an address.
        check(Machine::Amd64, &LEA, 2, &[]);
        check(
            Machine::Amd64,
            &[0x48, 0x8b, 0x05, 0, 0, 0, 0, 0xbb, 7, 0, 0, 0],
            2,
            &[],
        );
        // lea eax; mov [esp], eax; mov [esp+4], 5.
        let code = [
            0x8d, 5, 0, 0, 0, 8, 0x89, 4, 0x24, 0xc7, 0x44, 0x24, 4, 5, 0, 0, 0,
        ];
        check(Machine::I386, &code, 2, &[5]);
    }

    #[test]
    fn words_load_numbers_around_an_address() {
        // movz x1, #5; adrp; add; movz x2, #1, lsl 16; movk x2, #2; bl; movz x3, #3.
        let arm64 = [
            0xd280_00a1,
            0x9000_0000,
            0x9100_0000,
            0xd2a0_0022,
            0xf280_0042,
            0x9400_0000,
            0xd280_0063,
        ];
        check_words(Machine::Arm64, &arm64, 4, &[5, 0x1_0002]);
        // adrp; add; orr x1 with 1, 6, 8, 64 and with 2^32, a store, and orr w1 with 0x1_0000.
        let orr = [
            0x9000_0000,
            0x9100_0000,
            0xb240_03e1,
            0xb27f_07e1,
            0xb27d_03e1,
            0xb27a_03e1,
            0xb260_03e1,
            0xf900_07e1,
            0x3210_03e1,
        ];
        check_words(Machine::Arm64, &orr, 0, &[1, 6, 8, 64, 0x1_0000]);
        // ori r4, r0, 5; pcalau12i; addi.d; lu12i.w r5, 1; ori r5, r5, 2; bl; ori r6, r0, 3.
        let loong64 = [
            0x0380_1404,
            0x1a00_0004,
            0x02c0_0084,
            0x1400_0025,
            0x0380_08a5,
            0x5400_0000,
            0x0380_0c06,
        ];
        check_words(Machine::Loong64, &loong64, 4, &[5, 0x1002]);
    }

    #[test]
    fn instructions_of_several_lengths_load_numbers_behind_an_address() {
        // auipc a0; addi a0, a0; li a1, 5; li a1, -1; lui a2, 1; addiw a2, a2, 2; c.li a3, 7; jal; li a4, 3.
        let riscv64 = [
            &0x0000_0517u32.to_le_bytes()[..],
            &0x0005_0513u32.to_le_bytes(),
            &0x0050_0593u32.to_le_bytes(),
            &0xfff0_0593u32.to_le_bytes(),
            &0x0000_1637u32.to_le_bytes(),
            &0x0026_061bu32.to_le_bytes(),
            &0x469du16.to_le_bytes(),
            &0x0000_00efu32.to_le_bytes(),
            &0x0030_0713u32.to_le_bytes(),
        ]
        .concat();
        check(Machine::Riscv64, &riscv64, 0, &[5, 0x1002, 7]);
        // The same behind the address: c.lui a2, 2; c.addiw a2, -2; c.lui a3, 1; c.jr ra.
        let short = [0x6609u16, 0x3679, 0x6685, 0x8082].map(u16::to_le_bytes);
        let short = [&riscv64[..8], &short.concat()].concat();
        check(Machine::Riscv64, &short, 0, &[0x1ffe, 0x1000]);
        // larl r2; lghi r3, 5; mvghi 8(r15), 6; risbg; llilh r4, 1; brasl; lghi r5, 3.
        let s390x = [
            &[0xc0, 0x20, 0, 0, 8, 0][..],
            &[0xa7, 0x39, 0, 5],
            &[0xe5, 0x48, 0xf0, 8, 0, 6],
            &[0xec, 0x12, 0, 0x3f, 0, 0x55],
            &[0xa5, 0x4e, 0, 1],
            &[0xc0, 0xe5, 0, 0, 0, 8],
            &[0xa7, 0x59, 0, 3],
        ]
        .concat();
        check(Machine::S390x, &s390x, 0, &[5, 6, 0x1_0000]);
        // larl; lghi r3, -1; cgij; lghi r5, 3.
        let branch = [
            &s390x[..6],
            &[0xa7, 0x39, 0xff, 0xff],
            &[0xec, 0x36, 0, 8, 0, 0x7c],
            &[0xa7, 0x59, 0, 3],
        ]
        .concat();
        check(Machine::S390x, &branch, 0, &[]);
    }

    #[test]
    fn arm_loads_addresses_and_numbers_from_pools() {
        // ldr r0, [pc, #16]; mov r1, #5; movw r3, #0x1234; ldr r2, [pc, #8]; bl; mov r4, #3; and the pool: an address, a number.
        let code = [
            0xe59f_0010u32,
            0xe3a0_1005,
            0xe301_3234,
            0xe59f_2008,
            0xeb00_0000,
            0xe3a0_4003,
            0x0001_2340,
            0x0000_5678,
        ];
        let code = code.map(u32::to_le_bytes).concat();
        let mut found = Vec::new();
        pools(&code, |pool, number| {
            if pool == 24 {
                found.push(number);
            }
        });
        assert_eq!(found, [5, 0x1234, 0x5678]);
    }
}

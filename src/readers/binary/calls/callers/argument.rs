//! Decides whether the first argument of a call is the constant 0.
//!
//! Only what is proven counts: a zero that is written in the same straight line, with nothing in between but
//! instructions that are known to leave it alone, and to which no jump of the function leads.

use super::super::instructions::{Decoder, Flow, flow};

/// Where a function expects its first argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Convention {
    /// In AX.
    Amd64,
    /// On the stack: 386, and amd64 before Go 1.17.
    Stack {
        /// Of 64 bits.
        long: bool,
    },
    /// In R0.
    Arm64,
    /// On the stack of arm64, before Go 1.18.
    Arm64Stack,
}

impl Convention {
    /// The calling convention of the program; that of the newest Go where the version is not known.
    pub(crate) fn of(decoder: Decoder, minor: Option<u32>) -> Self {
        let since = |first: u32| minor.is_none_or(|minor| minor >= first);
        match decoder {
            Decoder::Amd64 if since(17) => Self::Amd64,
            Decoder::Amd64 => Self::Stack { long: true },
            Decoder::I386 => Self::Stack { long: false },
            Decoder::Arm64 if since(18) => Self::Arm64,
            Decoder::Arm64 => Self::Arm64Stack,
        }
    }

    fn decoder(self) -> Decoder {
        match self {
            Self::Amd64 | Self::Stack { long: true } => Decoder::Amd64,
            Self::Stack { long: false } => Decoder::I386,
            Self::Arm64 | Self::Arm64Stack => Decoder::Arm64,
        }
    }
}

/// What an instruction does to the argument.
#[derive(Debug, PartialEq, Eq)]
enum Does {
    /// Makes it 0.
    Zero,
    /// Leaves it alone.
    Nothing,
    /// Anything else.
    Other,
}

/// Instructions before the call that are looked at.
const FAR: usize = 24;

/// Whether the argument of the call at this place is 0; `None` where no instruction begins there.
pub(super) fn is_zero(convention: Convention, code: &[u8], call: u32) -> Option<bool> {
    let mut begins = false;
    let mut before: Vec<(u32, u32)> = Vec::new();
    let mut targets: Vec<u32> = Vec::new();
    flow(convention.decoder(), code, |flow: Flow| {
        if flow.at < call {
            before.push((flow.at, flow.at + flow.length));
        }
        begins |= flow.at == call;
        targets.extend(flow.target);
    });
    begins.then(|| reaches_as_zero(convention, code, call, &before, &targets))
}

fn reaches_as_zero(
    convention: Convention,
    code: &[u8],
    call: u32,
    before: &[(u32, u32)],
    targets: &[u32],
) -> bool {
    for &(start, end) in before.iter().rev().take(FAR) {
        // A jump to what follows comes with an argument of its own.
        if targets.iter().any(|target| (end..=call).contains(target)) {
            return false;
        }
        match does(convention, &code[start as usize..end as usize]) {
            Does::Zero => return true,
            Does::Nothing => {}
            Does::Other => return false,
        }
    }
    false
}

fn does(convention: Convention, instruction: &[u8]) -> Does {
    match convention {
        Convention::Arm64 | Convention::Arm64Stack => match instruction.first_chunk() {
            Some(word) => arm64(u32::from_le_bytes(*word), convention),
            None => Does::Other,
        },
        Convention::Amd64 | Convention::Stack { .. } => x86(instruction, convention),
    }
}

fn arm64(word: u32, convention: Convention) -> Does {
    const ZERO: u32 = 0xaa1f_03e0;
    const NOP: u32 = 0xd503_201f;
    // STR XZR, [SP, #8]
    const STORE_ZERO: u32 = 0xf900_07ff;
    let stack = convention == Convention::Arm64Stack;
    let register = word & 31;
    match word {
        ZERO if !stack => Does::Zero,
        STORE_ZERO if stack => Does::Zero,
        NOP => Does::Nothing,
        // STR and STUR of 64 bits, STP: they change no register that is an argument.
        _ if !stack
            && (word & 0xffc0_0000 == 0xf900_0000
                || word & 0xffe0_0c00 == 0xf800_0000
                || word & 0xffc0_0000 == 0xa900_0000) =>
        {
            Does::Nothing
        }
        // MOV, MOVZ, ADD, ADRP, LDR into another register.
        _ if !stack
            && register != 0
            && (word & 0xffe0_ffe0 == 0xaa00_03e0
                || word & 0xff80_0000 == 0xd280_0000
                || word & 0xff80_0000 == 0x9100_0000
                || word & 0x9f00_0000 == 0x9000_0000
                || word & 0xffc0_0000 == 0xf940_0000) =>
        {
            Does::Nothing
        }
        _ => Does::Other,
    }
}

fn x86(instruction: &[u8], convention: Convention) -> Does {
    let long = convention.decoder() == Decoder::Amd64;
    let (prefix, rest) = match instruction {
        [it @ 0x40..=0x4f, rest @ ..] if long => (*it, rest),
        rest => (0, rest),
    };
    // The bits of a prefix that name registers 8 to 15: in the mode byte the middle field, and the last one.
    let (high_middle, high_last) = (prefix & 4 != 0, prefix & 1 != 0);
    let stack = convention != Convention::Amd64;
    match rest {
        // MOV [SP], imm32
        [0xc7, 0x04, 0x24, 0, 0, 0, 0] if stack => Does::Zero,
        [0xc7, 0x04, 0x24, ..] if stack => Does::Other,
        [
            0x88 | 0x89,
            0x04 | 0x0c | 0x14 | 0x1c | 0x2c | 0x34 | 0x3c,
            0x24,
            ..,
        ] if stack => Does::Other,
        // XOR AX, AX
        [0x31 | 0x33, 0xc0] if !stack && !high_middle && !high_last => Does::Zero,
        [0x90] | [0x66, 0x90] | [0x0f, 0x1f, ..] | [0x66, 0x0f, 0x1f, ..] => Does::Nothing,
        // Stores.
        [0x88 | 0x89 | 0xc6 | 0xc7, mode, ..] if mode >> 6 != 3 => Does::Nothing,
        [0x0f, 0x11, mode, ..] if mode >> 6 != 3 => Does::Nothing,
        // Into another register, or, where the argument is on the stack, into any.
        [0x8b | 0x8d, mode, ..] if stack || high_middle || mode >> 3 & 7 != 0 => Does::Nothing,
        [0x89 | 0x31, mode, ..] if mode >> 6 == 3 && (stack || high_last || mode & 7 != 0) => {
            Does::Nothing
        }
        [it @ 0xb8..=0xbf, ..] if stack || high_last || *it != 0xb8 => Does::Nothing,
        _ => Does::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(convention: Convention, before: &[u8], expected: bool) {
        let code = [before, &[0xe8, 0, 0, 0, 0]].concat();
        let found = is_zero(convention, &code, before.len() as u32);
        assert_eq!(found, Some(expected));
    }

    #[test]
    fn a_zero_in_the_same_straight_line_is_proven() {
        let amd64 = Convention::Amd64;
        check(amd64, &[0x31, 0xc0], true);
        // nop; mov [rsp+24], rbx; mov rcx, [rsp+8]
        check(
            amd64,
            &[
                0x31, 0xc0, 0x90, 0x48, 0x89, 0x5c, 0x24, 24, 0x48, 0x8b, 0x4c, 0x24, 8,
            ],
            true,
        );
        // mov eax, 4; and xor r8d, r8d
        check(amd64, &[0xb8, 4, 0, 0, 0], false);
        check(amd64, &[0x45, 0x31, 0xc0], false);
        // mov rax, [rsp+8] behind the zero
        check(amd64, &[0x31, 0xc0, 0x48, 0x8b, 0x44, 0x24, 8], false);
        // Another call, whose result is the argument.
        check(amd64, &[0x31, 0xc0, 0xe8, 0, 0, 0, 0], false);
        check(amd64, &[], false);
    }

    #[test]
    fn a_jump_to_the_call_brings_another_value() {
        // test ecx, ecx; jne +7 (mov); xor eax, eax; jmp +5 (call); mov eax, 4; call
        let both = [0x85, 0xc9, 0x75, 4, 0x31, 0xc0, 0xeb, 5, 0xb8, 4, 0, 0, 0];
        check(Convention::Amd64, &both, false);
        // mov eax, 4; jmp to the call; xor eax, eax; call
        let jump = [0xb8, 4, 0, 0, 0, 0xeb, 2, 0x31, 0xc0];
        check(Convention::Amd64, &jump, false);
    }

    #[test]
    fn on_the_stack_and_on_arm64() {
        let stack = Convention::Stack { long: false };
        check(stack, &[0xc7, 0x04, 0x24, 0, 0, 0, 0], true);
        check(stack, &[0xc7, 0x04, 0x24, 8, 0, 0, 0], false);
        check(stack, &[0x31, 0xc0], false);
        check(
            Convention::Stack { long: true },
            &[0x48, 0xc7, 0x04, 0x24, 0, 0, 0, 0],
            true,
        );
        let arm64 = |words: &[u32]| {
            let code: Vec<u8> = words
                .iter()
                .chain(&[0x9400_0001])
                .flat_map(|word| word.to_le_bytes())
                .collect();
            is_zero(Convention::Arm64, &code, 4 * words.len() as u32) == Some(true)
        };
        assert!(arm64(&[0xaa1f_03e0]));
        // str x1, [sp, #16]; mov x2, #1
        assert!(arm64(&[0xaa1f_03e0, 0xf900_0be1, 0xd280_0022]));
        assert!(!arm64(&[0xd280_0080]));
        assert!(!arm64(&[0xaa1f_03e0, 0xf940_07e0]));
    }
}

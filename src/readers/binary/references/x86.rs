//! Decodes x86 instructions and finds the addresses among their operands.

use iced_x86::{Decoder, DecoderOptions, Instruction, Mnemonic, OpKind, Register};

/// Calls `each` with every address that an instruction mentions, relative to itself or absolute, up to the instruction with the
/// byte `last`. The code is loaded at an address.
pub(super) fn operands(
    (code, address): (&[u8], u64),
    bits: u32,
    last: u32,
    mut each: impl FnMut(u64),
) {
    let mut decoder = Decoder::with_ip(bits, code, address, DecoderOptions::NONE);
    let mut instruction = Instruction::default();
    while decoder.can_decode() && decoder.position() <= last as usize {
        decoder.decode_out(&mut instruction);
        if instruction.is_ip_rel_memory_operand() {
            each(instruction.ip_rel_memory_address());
            continue;
        }
        if bits == 64 {
            continue;
        }
        for operand in 0..instruction.op_count() {
            match instruction.op_kind(operand) {
                OpKind::Memory if instruction.memory_base() != Register::ESP => {
                    each(instruction.memory_displacement64());
                }
                OpKind::Immediate32 if is_passed_on(&instruction) => {
                    each(u64::from(instruction.immediate32()));
                }
                _ => {}
            }
        }
    }
}

/// Whether an instruction does nothing with its immediate but pass it on, as code does with an address. One that is compared,
/// added or masked is a number: Go's compiler makes no others, and its assembly code computes with addresses of code alone.
fn is_passed_on(instruction: &Instruction) -> bool {
    matches!(instruction.mnemonic(), Mnemonic::Mov | Mnemonic::Push)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(code: &[u8], bits: u32) -> Vec<u64> {
        let mut found = Vec::new();
        operands((code, 0x1000), bits, u32::MAX, |address| {
            found.push(address)
        });
        found
    }

    /// `lea rax, [rip + 0x52184]; mov ebx, 7`: no address stands across the two, and none in the second.
    #[test]
    fn a_number_behind_an_address_is_none() {
        let code = [
            0x48, 0x8d, 0x05, 0x84, 0x21, 0x05, 0x00, 0xbb, 0x07, 0x00, 0x00, 0x00,
        ];
        assert_eq!(found(&code, 64), [0x1007 + 0x52184]);
    }

    #[test]
    fn an_immediate_is_an_address_only_where_it_is_passed_on() {
        const ADDRESS: u64 = 0x08d3_dcb0;
        // mov eax; mov [esp]; push; lea edi, [...]; mov ecx, [... + eax * 4].
        for prefix in [
            &[0xb8][..],
            &[0xc7, 0x04, 0x24],
            &[0x68],
            &[0x8d, 0x3d],
            &[0x8b, 0x0c, 0x85],
        ] {
            let code = [prefix, &[0xb0, 0xdc, 0xd3, 0x08]].concat();
            assert!(found(&code, 32).contains(&ADDRESS), "{code:02x?}");
        }
        // cmp ecx, as math/big compares a divisor with 148,102,320; add edx; and eax; imul eax, ecx; xor ebx.
        for prefix in [
            &[0x81, 0xf9][..],
            &[0x81, 0xc2],
            &[0x25],
            &[0x69, 0xc1],
            &[0x81, 0xf3],
        ] {
            let code = [prefix, &[0xb0, 0xdc, 0xd3, 0x08]].concat();
            assert!(found(&code, 32).is_empty(), "{code:02x?}");
        }
    }
}

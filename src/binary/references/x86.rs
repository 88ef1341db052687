//! Decodes x86 instructions and finds the addresses among their operands.

use iced_x86::{Decoder, DecoderOptions, Instruction, OpKind, Register};

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
                OpKind::Immediate32 => each(u64::from(instruction.immediate32())),
                _ => {}
            }
        }
    }
}

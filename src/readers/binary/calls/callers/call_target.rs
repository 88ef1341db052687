//! Decodes where the call at a place leads: for every architecture of Go but wasm.

/// How an architecture calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::binary::calls) enum Machine {
    X86,
    Arm64,
    Arm,
    Loong64,
    Mips,
    Ppc64,
    Riscv64,
    S390x,
}

impl Machine {
    /// The machine of one of Go's architectures.
    pub(crate) fn of(goarch: &str) -> Option<Self> {
        Some(match goarch {
            "amd64" | "386" => Self::X86,
            "arm64" => Self::Arm64,
            "arm" => Self::Arm,
            "loong64" => Self::Loong64,
            "mips" | "mipsle" | "mips64" | "mips64le" => Self::Mips,
            "ppc64" | "ppc64le" => Self::Ppc64,
            "riscv64" => Self::Riscv64,
            "s390x" => Self::S390x,
            _ => return None,
        })
    }

    /// Shows `visit` each place that may call and where it leads, counted from the first byte of the code, which is loaded at
    /// `address`.
    pub(crate) fn targets(
        self,
        code: &[u8],
        address: u64,
        big_endian: bool,
        mut visit: impl FnMut(u32, u32),
    ) {
        let mut show = |at: usize| {
            let word = |at: usize| {
                let bytes = *code.get(at..)?.first_chunk()?;
                Some(match big_endian {
                    true => u32::from_be_bytes(bytes),
                    false => u32::from_le_bytes(bytes),
                })
            };
            // The last instruction of a function may have half a word.
            let half = || match *code.get(at + 4..)? {
                [high, low, ..] => Some(u32::from_be_bytes([high, low, 0, 0])),
                _ => None,
            };
            let next = word(at + 4).or_else(half);
            let place = address.wrapping_add(at as u64);
            let distance = word(at).and_then(|word| self.distance(word, next, place));
            if let Some(distance) = distance {
                visit(at as u32, (at as u32).wrapping_add_signed(distance));
            }
        };
        match self {
            Self::X86 => memchr::memchr_iter(0xe8, code).for_each(|at| {
                if let Some(distance) = code.get(at + 1..).and_then(|bytes| bytes.first_chunk()) {
                    let end = (at as u32).wrapping_add(5);
                    visit(
                        at as u32,
                        end.wrapping_add_signed(i32::from_le_bytes(*distance)),
                    );
                }
            }),
            // An instruction may have two bytes.
            Self::S390x | Self::Riscv64 => (0..code.len()).step_by(2).for_each(&mut show),
            _ => (0..code.len()).step_by(4).for_each(&mut show),
        }
    }

    /// How far the call leads; `next` is the word behind it.
    fn distance(self, word: u32, next: Option<u32>, address: u64) -> Option<i32> {
        match self {
            Self::X86 => None,
            Self::Arm64 => (word >> 26 == 0x25).then(|| signed(word, 26) << 2),
            Self::Arm => {
                (word >> 24 & 15 == 11 && word >> 28 != 15).then(|| (signed(word, 24) << 2) + 8)
            }
            Self::Loong64 => {
                let distance = (word & 0x3ff) << 16 | word >> 10 & 0xffff;
                (word >> 26 == 0x15).then(|| signed(distance, 26) << 2)
            }
            Self::Mips => {
                // An address in the same 256 MiB.
                let target = (address as u32).wrapping_add(4) & 0xf000_0000 | word << 6 >> 4;
                (word >> 26 == 3).then(|| target.wrapping_sub(address as u32).cast_signed())
            }
            Self::Ppc64 => (word >> 26 == 18 && word & 3 == 1).then(|| signed(word & !3, 26)),
            Self::Riscv64 => riscv64(word, next),
            Self::S390x => (word >> 16 == 0xc0e5).then(|| {
                let low = next.unwrap_or_default() >> 16;
                ((word << 16 | low).cast_signed()).wrapping_mul(2)
            }),
        }
    }
}

/// `JAL ra`, or `AUIPC` and `JALR ra`.
fn riscv64(word: u32, next: Option<u32>) -> Option<i32> {
    if word & 0xfff == 0xef {
        let high = (word.cast_signed() >> 31) << 20;
        let low = word & 0xf_f000 | (word >> 20 & 1) << 11 | (word >> 21 & 0x3ff) << 1;
        return Some(high | low.cast_signed());
    }
    let (next, register) = (next?, word >> 7 & 31);
    let pair = word & 0x7f == 0x17 && next & 0x7fff == 0xe7 && next >> 15 & 31 == register;
    pair.then(|| {
        (word & 0xffff_f000)
            .cast_signed()
            .wrapping_add(next.cast_signed() >> 20)
    })
}

/// The lowest bits as a number with a sign.
fn signed(word: u32, bits: u32) -> i32 {
    (word << (32 - bits)).cast_signed() >> (32 - bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(machine: Machine, code: &[u8], big_endian: bool, expected: &[(u32, u32)]) {
        let mut found = Vec::new();
        machine.targets(code, 0x1_0000, big_endian, |at, to| found.push((at, to)));
        assert_eq!(found, expected, "{machine:?}");
    }

    #[test]
    fn calls_lead_to_their_target() {
        check(Machine::X86, &[0x90, 0xe8, 2, 0, 0, 0], false, &[(1, 8)]);
        check(Machine::X86, &[0xe9, 2, 0, 0, 0], false, &[]);
        let words = |words: &[u32]| {
            words
                .iter()
                .flat_map(|word| word.to_le_bytes())
                .collect::<Vec<_>>()
        };
        check(
            Machine::Arm64,
            &words(&[0, 0, 0x97ff_ffff]),
            false,
            &[(8, 4)],
        );
        check(Machine::Arm, &words(&[0, 0xebff_fffd]), false, &[(4, 0)]);
        check(
            Machine::Ppc64,
            &words(&[0x4800_0009, 0x4800_0008]),
            false,
            &[(0, 8)],
        );
        check(Machine::Mips, &words(&[0x0c00_4004]), false, &[(0, 16)]);
        check(Machine::Loong64, &words(&[0x5400_0800]), false, &[(0, 8)]);
        // jal ra, 8; then auipc t0, 1 and jalr ra, -4(t0)
        check(
            Machine::Riscv64,
            &words(&[0x0080_00ef, 0x1297, 0xffc2_80e7]),
            false,
            &[(0, 8), (4, 4096)],
        );
        check(Machine::S390x, &[0xc0, 0xe5, 0, 0, 0, 4], true, &[(0, 8)]);
    }
}

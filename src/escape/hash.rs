//! Bytes in, 128 bits out that stand for them.

use std::hash::Hasher;

/// FNV-1a over 128 bits: wide enough that no two sites of a build meet, and the same on every machine.
pub(super) struct Fnv(pub(super) u128);

impl Default for Fnv {
    fn default() -> Self {
        Self(0x6c62_272e_07bb_0142_62b8_2175_6295_c58d)
    }
}

impl Fnv {
    pub(super) fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = (self.0 ^ u128::from(*byte))
                .wrapping_mul(0x0000_0000_0100_0000_0000_0000_0000_013b);
        }
    }
}

/// The keys are hashes already: the table takes half of one.
#[derive(Default)]
pub(super) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = (value ^ (value >> 64)) as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

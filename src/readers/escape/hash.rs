//! 128 bits that stand for some bytes.

use std::hash::Hasher;

/// A hash that no two sites of a build share, and that is the same on every machine. Not for anything an attacker chooses.
pub(super) fn hash(seed: u128, bytes: &[u8]) -> u128 {
    let (mut a, mut b) = (seed as u64, (seed >> 64) as u64 ^ bytes.len() as u64);
    let (words, rest) = bytes.as_chunks::<8>();
    let mut last = [0; 8];
    last[..rest.len()].copy_from_slice(rest);
    for word in words.iter().chain([&last]) {
        let word = u64::from_le_bytes(*word);
        a = mix(a ^ word ^ 0x9e37_79b9_7f4a_7c15, 0xbf58_476d_1ce4_e5b9);
        b = mix(
            b.rotate_left(23) ^ word ^ 0xd6e8_feb8_6659_fd93,
            0x94d0_49bb_1331_11eb,
        );
    }
    let mixed = mix(a ^ 0xa076_1d64_78bd_642f, b ^ 0xe703_7ed1_a0b4_28db);
    u128::from(a ^ mixed) << 64 | u128::from(b ^ mixed.rotate_left(32))
}

/// Both halves of a product: every bit of the input reaches every bit of the result.
fn mix(a: u64, b: u64) -> u64 {
    let product = u128::from(a) * u128::from(b);
    (product ^ (product >> 64)) as u64
}

/// The keys are hashes already: the table takes half of one.
#[derive(Default)]
pub(super) struct Folded(u64);

impl Hasher for Folded {
    fn write(&mut self, bytes: &[u8]) {
        self.0 = hash(self.0.into(), bytes) as u64;
    }

    fn write_u128(&mut self, value: u128) {
        self.0 = value as u64;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn small_differences_give_other_hashes() {
        let mut texts: Vec<Vec<u8>> = (0..100_000u32)
            .map(|it| format!("x.go:{it}").into_bytes())
            .collect();
        texts.extend((0..40).map(|it| vec![0; it]));
        texts.extend((0..40).map(|it| vec![b'a'; it]));
        let both: HashSet<u128> = texts
            .iter()
            .flat_map(|bytes| [hash(0, bytes), hash(1, bytes)])
            .collect();
        let count = 2 * (100_000 + 80) - 2;
        assert_eq!(both.len(), count);
        assert_eq!(
            both.iter()
                .map(|it| *it as u64)
                .collect::<HashSet<_>>()
                .len(),
            count
        );
        assert_eq!(
            both.iter()
                .map(|it| (*it >> 64) as u64)
                .collect::<HashSet<_>>()
                .len(),
            count
        );
    }
}

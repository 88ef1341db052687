//! Puts parts into a digest so that none can pass for another: each with its length before it.

use sha2::{Digest, Sha256};

/// Adds a part.
pub(crate) fn add(digest: &mut Sha256, part: &[u8]) {
    digest.update((part.len() as u64).to_le_bytes());
    digest.update(part);
}

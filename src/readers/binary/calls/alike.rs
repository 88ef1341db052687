//! Computes a digest of the code of each function, in which addresses do not count.
//!
//! Two builds of one program place their functions and data elsewhere, so that every call and every mention of data
//! differs. What is left is what the processor is to do. A call counts with the name of what it calls, so that one of
//! another function is another code; the data that is mentioned does not.

use std::collections::{BTreeMap, HashMap};

use iced_x86::{Decoder, DecoderOptions, OpKind};
use sha2::{Digest, Sha256};

use super::{Opened, open, text};
use crate::binary::functions::Tables;
use crate::binary::image::Addr;
use crate::error::Result;

/// By linker symbol name; of several functions with one name the digest of all. `None` where this cannot be determined: another
/// architecture than amd64, or a line table that is not known.
///
/// Fails as [`read`](crate::binary::read) does.
pub fn bodies(bytes: &[u8]) -> Result<Option<BTreeMap<String, [u8; 32]>>> {
    let Some(file) = open(bytes)? else {
        return Ok(None);
    };
    let opened = file.opened();
    if opened.binary.goarch.as_deref() != Some("amd64") {
        return Ok(None);
    }
    Ok(digests(&opened))
}

fn digests(opened: &Opened<'_, '_>) -> Option<BTreeMap<String, [u8; 32]>> {
    let tables = Tables::new(opened.image, opened.table)?;
    let names = opened.names();
    let all: Vec<(Addr, Addr, u32)> = opened.functions(&tables).collect();
    let name_of = |record: u32| -> Option<u32> { tables.field(record, super::NAME) };
    let starts: HashMap<u64, u32> = all
        .iter()
        .filter_map(|(start, _, record)| {
            Some((opened.image.base + u64::from(*start), name_of(*record)?))
        })
        .collect();
    let mut found: BTreeMap<String, Sha256> = BTreeMap::new();
    for (start, end, record) in all {
        let Some(name) = name_of(record).and_then(|name| text(&names, name)) else {
            continue;
        };
        let region = opened.image.region(start)?;
        let until = end.min(region.end());
        let code = region
            .bytes
            .get((start - region.start) as usize..(until - region.start) as usize)?;
        let digest = found.entry(name.to_owned()).or_default();
        let address = opened.image.base + u64::from(start);
        add(digest, code, address, |target| {
            text(&names, *starts.get(&target)?)
        });
    }
    let done = found
        .into_iter()
        .map(|(name, digest)| (name, digest.finalize().into()));
    Some(done.collect())
}

/// Adds the code of a function.
fn add<'n>(
    digest: &mut Sha256,
    code: &[u8],
    address: u64,
    name_at: impl Fn(u64) -> Option<&'n str>,
) {
    // What fills the place up to the next function depends on where that is.
    let length = code
        .iter()
        .rposition(|byte| *byte != 0xcc)
        .map_or(0, |last| last + 1);
    let code = &code[..length];
    let inside = address..address + code.len() as u64;
    let mut decoder = Decoder::with_ip(64, code, address, DecoderOptions::NONE);
    let mut words = Vec::with_capacity(16);
    while decoder.can_decode() {
        let at = decoder.position();
        let instruction = decoder.decode();
        let offsets = decoder.get_constant_offsets(&instruction);
        words.clear();
        words.extend_from_slice(&code[at..decoder.position()]);
        let mut hide = |offset: usize, size: usize| {
            let place = words.get_mut(offset..offset + size);
            place.into_iter().for_each(|bytes| bytes.fill(0));
        };
        if instruction.is_ip_rel_memory_operand() {
            hide(offsets.displacement_offset(), offsets.displacement_size());
        }
        let leads = matches!(instruction.op0_kind(), OpKind::NearBranch64);
        let target = instruction.near_branch64();
        if leads && instruction.op_count() > 0 && !inside.contains(&target) {
            hide(offsets.immediate_offset(), offsets.immediate_size());
            digest.update(name_at(target).unwrap_or("?"));
        }
        digest.update(&words);
    }
    digest.update([0xcc]);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(code: &[u8], address: u64) -> [u8; 32] {
        let mut digest = Sha256::new();
        add(&mut digest, code, address, |target| {
            [(0x2000, "f"), (0x3000, "f"), (0x4000, "g")]
                .iter()
                .find(|known| known.0 == target)
                .map(|known| known.1)
        });
        digest.finalize().into()
    }

    /// `CALL target; LEA RAX, [RIP + data]; RET`
    fn code(address: u64, target: u64, data: u32) -> Vec<u8> {
        let distance = target.wrapping_sub(address + 5) as u32;
        let mut code = vec![0xe8];
        code.extend(distance.to_le_bytes());
        code.extend([0x48, 0x8d, 0x05]);
        code.extend(data.to_le_bytes());
        code.push(0xc3);
        code
    }

    #[test]
    fn addresses_do_not_count_and_what_is_called_does() {
        let plain = digest(&code(0x1000, 0x2000, 7), 0x1000);
        let mut moved = code(0x1100, 0x3000, 99);
        moved.extend([0xcc; 9]);
        assert_eq!(plain, digest(&moved, 0x1100));
        assert_ne!(plain, digest(&code(0x1000, 0x4000, 7), 0x1000));
        let mut other = code(0x1000, 0x2000, 7);
        other[7] = 0x0d;
        assert_ne!(plain, digest(&other, 0x1000));
    }
}

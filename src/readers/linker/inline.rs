//! What the compiler says of a function in: its files, and the calls that were inlined into it.

use super::object::Reference;

/// Where the files stand in what the compiler says of a function.
const FILES: usize = 16;
/// Bytes of a call that was inlined.
const CALL: usize = 24;

fn number(bytes: &[u8], at: usize) -> u32 {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.map_or(0, |found| u32::from_le_bytes(*found))
}

/// The files of a function and the calls that were inlined into it: file and function.
pub(super) fn info(data: &[u8]) -> (Vec<u32>, Vec<(u32, Reference)>) {
    let count = number(data, FILES) as usize;
    let files = data.get(FILES + 4..).unwrap_or_default();
    let files: Vec<u32> = files
        .chunks_exact(4)
        .take(count)
        .map(|file| number(file, 0))
        .collect();
    let at = FILES + 4 + 4 * files.len();
    let calls = data.get(at + 4..).unwrap_or_default();
    let calls = calls
        .chunks_exact(CALL)
        .take(number(data, at) as usize)
        .map(|call| {
            let target = Reference {
                package: number(call, 12),
                index: number(call, 16),
            };
            (number(call, 4), target)
        });
    (files, calls.collect())
}

/// The functions that were inlined into one, from what the compiler says of it.
pub(super) fn inlined(data: &[u8]) -> impl Iterator<Item = Reference> {
    info(data).1.into_iter().map(|(_, target)| target)
}

/// File and line in a function of the outermost call that was inlined around another; `None` for data that lie.
pub(super) fn called_at(data: &[u8], index: i32) -> Option<(u32, u32)> {
    let files = number(data, FILES) as usize;
    let calls = data.get(files.checked_mul(4)?.checked_add(FILES + 8)?..)?;
    let mut index = usize::try_from(index).ok()?;
    // A call stands in one before it.
    loop {
        let call = calls.get(index.checked_mul(CALL)?..)?.get(..CALL)?;
        let parent = number(call, 0) as i32;
        match usize::try_from(parent) {
            Ok(parent) if parent < index => index = parent,
            Ok(_) => return None,
            Err(_) => return Some((number(call, 4), number(call, 8))),
        }
    }
}

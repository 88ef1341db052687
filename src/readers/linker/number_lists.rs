//! Lists of numbers and bytes as a store has them, written and read.
//!
//! A list is its length in bytes and then the content, little-endian; one stands behind the other in the order in which [`Out`]
//! writes them. Bytes that hold something else are refused.

/// Lists that are written, or counted alone.
pub(super) enum Out {
    /// Bytes that would be written.
    Length(usize),
    /// What was written.
    Content(Vec<u8>),
}

impl Out {
    pub(super) fn bytes(&mut self, content: impl IntoIterator<Item = u8>) {
        match self {
            Self::Length(length) => *length += size_of::<u64>() + content.into_iter().count(),
            Self::Content(out) => {
                let start = open(out);
                out.extend(content);
                close(out, start);
            }
        }
    }

    pub(super) fn numbers(&mut self, content: impl IntoIterator<Item = u32>) {
        match self {
            Self::Length(length) => {
                *length += size_of::<u64>() + size_of::<u32>() * content.into_iter().count();
            }
            Self::Content(out) => {
                let start = open(out);
                for number in content {
                    out.extend(number.to_le_bytes());
                }
                close(out, start);
            }
        }
    }
}

/// Makes room for the length of a list; returns where the list starts.
fn open(out: &mut Vec<u8>) -> usize {
    out.extend([0; size_of::<u64>()]);
    out.len()
}

fn close(out: &mut [u8], start: usize) {
    let length = (out.len() - start) as u64;
    out[start - size_of::<u64>()..start].copy_from_slice(&length.to_le_bytes());
}

/// Lists that are read.
pub(super) struct In<'b>(pub(super) &'b [u8]);

impl<'b> In<'b> {
    pub(super) fn bytes(&mut self) -> Option<&'b [u8]> {
        let (length, rest) = self.0.split_first_chunk::<8>()?;
        let length = usize::try_from(u64::from_le_bytes(*length)).ok()?;
        let (content, rest) = rest.split_at_checked(length)?;
        self.0 = rest;
        Some(content)
    }

    pub(super) fn numbers(&mut self) -> Option<Vec<u32>> {
        let content = self.bytes()?.chunks_exact(4);
        let number = |bytes: &[u8]| bytes.first_chunk().map_or(0, |n| u32::from_le_bytes(*n));
        content
            .remainder()
            .is_empty()
            .then(|| content.map(number).collect())
    }

    /// `N` numbers of 64 bits.
    pub(super) fn long_numbers<const N: usize>(&mut self) -> Option<[u64; N]> {
        let (numbers, rest) = self.bytes()?.as_chunks::<8>();
        let numbers: [[u8; 8]; N] = numbers.try_into().ok()?;
        rest.is_empty().then(|| numbers.map(u64::from_le_bytes))
    }

    /// Numbers of things of which there are `count`.
    pub(super) fn below(&mut self, count: usize) -> Option<Vec<u32>> {
        let numbers = self.numbers()?;
        let fits = numbers.iter().all(|number| (*number as usize) < count);
        fits.then_some(numbers)
    }

    pub(super) fn flags(&mut self) -> Option<Vec<bool>> {
        Some(self.bytes()?.iter().map(|byte| *byte != 0).collect())
    }
}

/// Whether numbers never get smaller and end within `length`.
pub(super) fn is_sorted_below(ends: &[u32], length: usize) -> bool {
    ends.is_sorted() && ends.last().is_none_or(|end| *end as usize <= length)
}

/// Numbers in groups of `N`.
pub(super) fn groups<const N: usize>(numbers: &[u32]) -> Option<impl Iterator<Item = [u32; N]>> {
    let whole = numbers.len().is_multiple_of(N);
    let group = |group: &[u32]| group.first_chunk().copied().unwrap_or([0; N]);
    whole.then(|| numbers.chunks_exact(N).map(group))
}

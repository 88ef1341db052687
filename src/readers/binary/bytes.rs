//! Checked reads: any offset in, a value or `None` out.

/// Bytes with the byte order and the pointer size of the file they come from.
#[derive(Clone, Copy)]
pub(super) struct Reader<'a> {
    pub(crate) data: &'a [u8],
    pub(crate) big_endian: bool,
    pub(crate) pointer_size: u8,
}

impl<'a> Reader<'a> {
    /// The array of `N` bytes at `offset`.
    #[inline]
    fn array<const N: usize>(&self, offset: usize) -> Option<[u8; N]> {
        self.data.get(offset..)?.first_chunk::<N>().copied()
    }

    #[inline]
    pub(crate) fn u8(&self, offset: usize) -> Option<u8> {
        self.data.get(offset).copied()
    }

    #[inline]
    pub(crate) fn u16(&self, offset: usize) -> Option<u16> {
        let it = self.array(offset)?;
        Some(if self.big_endian {
            u16::from_be_bytes(it)
        } else {
            u16::from_le_bytes(it)
        })
    }

    #[inline]
    pub(crate) fn u32(&self, offset: usize) -> Option<u32> {
        let it = self.array(offset)?;
        Some(if self.big_endian {
            u32::from_be_bytes(it)
        } else {
            u32::from_le_bytes(it)
        })
    }

    #[inline]
    pub(crate) fn u64(&self, offset: usize) -> Option<u64> {
        let it = self.array(offset)?;
        Some(if self.big_endian {
            u64::from_be_bytes(it)
        } else {
            u64::from_le_bytes(it)
        })
    }

    /// A pointer-sized word.
    #[inline]
    pub(crate) fn word(&self, offset: usize) -> Option<u64> {
        if self.pointer_size == 4 {
            self.u32(offset).map(u64::from)
        } else {
            self.u64(offset)
        }
    }

    /// `length` bytes at `offset`.
    #[inline]
    pub(crate) fn slice(&self, offset: usize, length: usize) -> Option<&'a [u8]> {
        self.data.get(offset..offset.checked_add(length)?)
    }
}

/// A base-128 number and how many bytes it takes, as Go's `encoding/binary.Uvarint`.
#[inline]
pub(super) fn uvarint(bytes: &[u8]) -> Option<(u64, usize)> {
    match *bytes {
        // Most of them.
        [byte, ..] if byte < 0x80 => Some((u64::from(byte), 1)),
        [first, second, ..] if second < 0x80 => {
            Some((u64::from(first & 0x7f) | u64::from(second) << 7, 2))
        }
        _ => long_uvarint(bytes),
    }
}

fn long_uvarint(bytes: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    for (index, &byte) in bytes.iter().take(10).enumerate() {
        value |= u64::from(byte & 0x7f).checked_shl(7 * index as u32)?;
        if byte < 0x80 {
            return Some((value, index + 1));
        }
    }
    None
}

/// The text before the first NUL, with replacement characters for what is not UTF-8.
pub(super) fn until_nul(bytes: &[u8]) -> String {
    // Names are short; without a limit many sections could share one name as long as the file.
    let bytes = &bytes[..bytes.len().min(256)];
    let end = memchr::memchr(0, bytes).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_beyond_the_end_give_none() {
        let reader = Reader {
            data: &[1, 0, 0, 0],
            big_endian: false,
            pointer_size: 8,
        };
        assert_eq!(reader.u32(0), Some(1));
        assert_eq!(reader.u32(1), None);
        assert_eq!(reader.u64(usize::MAX), None);
        assert_eq!(reader.slice(2, usize::MAX), None);
    }

    #[test]
    fn a_varint_ends_with_a_small_byte() {
        assert_eq!(uvarint(&[0x7f, 0xff]), Some((127, 1)));
        assert_eq!(uvarint(&[0xac, 0x02, 0xff]), Some((300, 2)));
        assert_eq!(uvarint(&[0x81, 0x80, 0x01]), Some((16385, 3)));
        assert_eq!(uvarint(&[0x80; 10]), None);
        assert_eq!(uvarint(&[]), None);
    }
}

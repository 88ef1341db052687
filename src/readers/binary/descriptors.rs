//! Reads type descriptors; what does not look like one is not believed.
//!
//! Layout: `internal/abi/type.go`, Go 1.21 to 1.27.

use super::bytes::{Reader, uvarint};
use super::image::{Addr, Image};
use super::moduledata::Moduledata;

/// Flags of a descriptor.
pub(super) const NAMED: u8 = 1 << 2;
pub(super) const UNCOMMON: u8 = 1;

/// What differs between targets and Go versions.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(crate) word: usize,
    /// The bytes that a map's descriptor has beyond the common part.
    pub(crate) map: usize,
}

impl Layout {
    /// Maps were rebuilt in Go 1.24 (unless `noswissmap` was set) and described in more detail from 1.27.
    pub(crate) fn new(word: usize, go_version: Option<&str>, rows: bool) -> Self {
        let minor = go_version
            .and_then(minor_version)
            .unwrap_or(if rows { 27 } else { 26 });
        let old = minor < 24
            || (minor < 26
                && go_version.is_some_and(|go_version| go_version.contains("noswissmap")));
        let map = if old {
            4 * word + 8
        } else if minor < 27 {
            8 * word
        } else {
            11 * word
        };
        Self { word, map }
    }
}

/// The 27 of `go1.27.3` and of `devel go1.27-abcdef`.
pub(super) fn minor_version(text: &str) -> Option<u32> {
    let (_, rest) = text.split_once("go1.")?;
    let digits = rest.len()
        - rest
            .trim_start_matches(|letter: char| letter.is_ascii_digit())
            .len();
    rest[..digits].parse().ok()
}

/// The common part of a descriptor, checked.
#[derive(Debug, Clone, Copy)]
pub(super) struct Head {
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    /// Where the uncommon part, or what follows in its place, begins.
    pub(crate) uncommon: usize,
    pub(crate) methods: u16,
    pub(crate) size: usize,
}

/// Whether a type can be called that: a word alone is one of the language's own types, all others name their package.
fn is_type_name(text: &[u8]) -> bool {
    let word = text.strip_prefix(b"*").unwrap_or(text);
    if !word
        .iter()
        .all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    {
        return true;
    }
    matches!(
        word,
        b"bool"
            | b"int"
            | b"int8"
            | b"int16"
            | b"int32"
            | b"int64"
            | b"uint"
            | b"uint8"
            | b"uint16"
            | b"uint32"
            | b"uint64"
            | b"uintptr"
            | b"float32"
            | b"float64"
            | b"complex64"
            | b"complex128"
            | b"string"
            | b"error"
    )
}

/// The memory of types.
pub(super) struct Descriptors<'i> {
    pub(crate) reader: Reader<'i>,
    base: u64,
    region: Addr,
    pub(crate) types: Addr,
    pub(crate) end: Addr,
    pub(crate) layout: Layout,
}

impl<'i> Descriptors<'i> {
    pub(crate) fn new(image: &'i Image<'_>, module: &Moduledata, layout: Layout) -> Option<Self> {
        let region = image.region(module.types)?;
        let end = module.etypes.min(region.end());
        (end >= module.types).then_some(Self {
            reader: image.over(&region.bytes),
            base: image.base,
            region: region.start,
            types: module.types,
            end,
            layout,
        })
    }

    pub(crate) fn at(&self, addr: Addr) -> usize {
        (addr - self.region) as usize
    }

    /// The address that a word of the types holds, if it is within them.
    pub(crate) fn pointer(&self, offset: usize) -> Option<Addr> {
        let value = self.reader.word(offset)?.checked_sub(self.base)?;
        let addr = u32::try_from(value).ok()?;
        (addr >= self.types && addr < self.end).then_some(addr)
    }

    /// The address of what a 32-bit distance from the beginning of the types leads to; 0 and -1 lead nowhere.
    pub(crate) fn distance(&self, offset: usize) -> Option<Addr> {
        let value = self.reader.u32(offset)?;
        let addr = self.types.checked_add(value)?;
        (value != 0 && addr < self.end).then_some(addr)
    }

    pub(crate) fn head(&self, addr: Addr) -> Option<Head> {
        let (word, at) = (self.layout.word, self.at(addr));
        let [flags, align, field_align, kind] =
            *self.reader.slice(at + 2 * word + 4, 4)?.first_chunk()?;
        let aligned = |bytes: u8| bytes.is_power_of_two() && bytes <= 16;
        let (size, pointers) = (self.reader.word(at)?, self.reader.word(at + word)?);
        let kind = kind & 31;
        if !(1..=26).contains(&kind) || !aligned(align) || !aligned(field_align) || pointers > size
        {
            return None;
        }
        let (_, text) = self.name(self.distance(at + 4 * word + 8)?)?;
        // Identifiers and quoted tags: never a control character.
        let control = text.iter().any(|byte| *byte < b' ');
        if text.is_empty() || control || !is_type_name(text) || std::str::from_utf8(text).is_err() {
            return None;
        }
        let base = at + 4 * word + 16;
        let (own, added) = self.extra(kind, base)?;
        let uncommon = base.checked_add(own)?;
        let has_uncommon = flags & UNCOMMON != 0;
        let methods = if has_uncommon {
            self.reader.u16(uncommon + 4)?
        } else {
            0
        };
        let end = uncommon + if has_uncommon { 16 } else { 0 };
        let end = end
            .checked_add(added)?
            .checked_add(16 * usize::from(methods))?;
        (end <= self.at(self.end)).then_some(Head {
            kind,
            flags,
            uncommon,
            methods,
            size: end - at,
        })
    }

    /// The bytes that a kind has after the common part, and those after the uncommon part.
    pub(crate) fn extra(&self, kind: u8, base: usize) -> Option<(usize, usize)> {
        let word = self.layout.word;
        let count = || usize::try_from(self.reader.word(base + 2 * word)?).ok();
        Some(match kind {
            17 => (3 * word, 0),
            18 => (2 * word, 0),
            19 => {
                let (inputs, outputs) =
                    (self.reader.u16(base)?, self.reader.u16(base + 2)? & 0x7fff);
                (word, (usize::from(inputs) + usize::from(outputs)) * word)
            }
            20 => (4 * word, count()?.checked_mul(8)?),
            21 => (self.layout.map, 0),
            22 | 23 => (word, 0),
            25 => (4 * word, count()?.checked_mul(3 * word)?),
            _ => (0, 0),
        })
    }

    /// Offsets of the method entries.
    pub(crate) fn methods(&self, addr: Addr, head: &Head) -> impl Iterator<Item = usize> + use<> {
        let end = self.at(addr) + head.size;
        let first = end - 16 * usize::from(head.methods);
        (first..end).step_by(16)
    }

    /// The descriptors that one is made of, in the order in which they name its owner.
    pub(crate) fn components(&self, addr: Addr, head: &Head, mut each: impl FnMut(Addr)) {
        let word = self.layout.word;
        let base = self.at(addr) + 4 * word + 16;
        let after = head.uncommon + if head.flags & UNCOMMON != 0 { 16 } else { 0 };
        let end = self.at(addr) + head.size - 16 * usize::from(head.methods);
        let mut point = |offset: usize| self.pointer(offset).into_iter().for_each(&mut each);
        match head.kind {
            17 | 18 | 22 | 23 => point(base),
            21 => [base + word, base, base + 2 * word]
                .into_iter()
                .for_each(point),
            19 => (after..end).step_by(word).for_each(point),
            25 => (after..end)
                .step_by(3 * word)
                .for_each(|at| point(at + word)),
            20 => (after..end)
                .step_by(8)
                .filter_map(|at| self.distance(at + 4))
                .for_each(each),
            _ => {}
        }
    }

    /// The length of a name with everything attached to it, and its text.
    pub(crate) fn name(&self, addr: Addr) -> Option<(u32, &'i [u8])> {
        let at = self.at(addr);
        let flags = self.reader.u8(at)?;
        let text = |from: usize| {
            let (length, used) = uvarint(self.reader.data.get(from..)?)?;
            let text = self
                .reader
                .slice(from + used, usize::try_from(length).ok()?)?;
            Some((from + used + text.len(), text))
        };
        let (mut end, found) = text(at + 1)?;
        if flags & 2 != 0 {
            end = text(end)?.0;
        }
        if flags & 4 != 0 {
            end += 4;
        }
        (flags < 16 && end <= self.at(self.end)).then_some((u32::try_from(end - at).ok()?, found))
    }

    pub(crate) fn names_of(&self, addr: Addr, head: &Head, mut each: impl FnMut(Addr)) {
        let word = self.layout.word;
        let at = self.at(addr);
        let base = at + 4 * word + 16;
        let after = head.uncommon + if head.flags & UNCOMMON != 0 { 16 } else { 0 };
        let end = at + head.size - 16 * usize::from(head.methods);
        self.distance(base - 8).into_iter().for_each(&mut each);
        if head.flags & UNCOMMON != 0 {
            self.distance(head.uncommon).into_iter().for_each(&mut each);
        }
        for method in self.methods(addr, head) {
            self.distance(method).into_iter().for_each(&mut each);
        }
        if matches!(head.kind, 20 | 25) {
            self.pointer(base).into_iter().for_each(&mut each);
        }
        match head.kind {
            20 => (after..end)
                .step_by(8)
                .filter_map(|at| self.distance(at))
                .for_each(each),
            25 => (after..end)
                .step_by(3 * word)
                .filter_map(|at| self.pointer(at))
                .for_each(each),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_alone_is_a_type_of_the_language() {
        for name in [
            "*int",
            "error",
            "*main.B",
            "[]int",
            "func()",
            "*go.shape.int",
        ] {
            assert!(is_type_name(name.as_bytes()), "{name}");
        }
        for name in ["B", "*F", "_", "a_long_word_alone", "", "*"] {
            assert!(!is_type_name(name.as_bytes()), "{name}");
        }
    }

    #[test]
    fn maps_differ_by_version() {
        let map = |version: &str| Layout::new(8, Some(version), false).map;
        assert_eq!(map("go1.23.9"), 40);
        assert_eq!(map("go1.24.11"), 64);
        assert_eq!(map("go1.24.11 X:noswissmap"), 40);
        assert_eq!(map("devel go1.27-0123abc"), 88);
        assert_eq!(Layout::new(8, None, true).map, 88);
    }
}

//! Finds out whether a program has a text as a string: whether what `-X` set arrived.

use memchr::memmem::Finder;

use super::image::{Image, Region};
use super::{Binary, Format};

/// How a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A string header, an address and a length, names exactly these bytes.
    Referenced,
    /// The bytes are there. Where the format hides addresses until the program is loaded, more cannot be told.
    Present,
    /// The text is not there.
    Absent,
    /// The program's memory cannot be laid out: it may be there or not.
    Unknown,
}

/// Looks for a string of the program with this content; not among the linker flags that the build
/// information holds. An empty text is nowhere.
pub fn find(bytes: &[u8], binary: &Binary, text: &[u8]) -> Found {
    if text.is_empty() {
        return Found::Absent;
    }
    let Some(image) = Image::new(bytes, binary) else {
        return Found::Unknown;
    };
    look(&image, binary.format, text)
}

fn look(image: &Image<'_>, format: Format, text: &[u8]) -> Found {
    let mut data = image.regions.iter().filter(|region| !region.executable);
    if data.any(|region| has_header(image, region, text)) {
        return Found::Referenced;
    }
    let finder = Finder::new(text);
    let mut regions = image.regions.iter();
    match format == Format::MachO && regions.any(|region| finder.find(&region.bytes).is_some()) {
        true => Found::Present,
        false => Found::Absent,
    }
}

/// Whether a string header stands in a region: the text's length behind the address of the text. One look at each word,
/// however often the text or its length is there.
fn has_header(image: &Image<'_>, region: &Region<'_>, text: &[u8]) -> bool {
    let size = usize::from(image.pointer_size).clamp(4, 8);
    // Words are aligned in memory, and regions need not be.
    let first = (region.start as usize).next_multiple_of(size) - region.start as usize;
    let words = image.over(region.bytes.get(first..).unwrap_or_default());
    let mut places = (size..words.data.len()).step_by(size);
    places.any(|at| {
        words.word(at) == Some(text.len() as u64)
            && words
                .word(at - size)
                .and_then(|address| image.addr(address))
                .and_then(|addr| image.reader(addr))
                .is_some_and(|reader| reader.data.starts_with(text))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    use std::borrow::Cow;

    /// A program at 0x1000: code, then data that begins between two words, with a header at its first whole word.
    #[track_caller]
    fn check(format: Format, texts: &[u8], header: [u64; 2], text: &[u8], expected: Found) {
        let data = [&[0; 4][..], &header.map(u64::to_le_bytes).concat()].concat();
        let region = |start, bytes, executable| Region {
            start,
            bytes: Cow::Owned(bytes),
            section: 0,
            executable,
            writable: false,
        };
        let regions = vec![
            region(0, texts.to_vec(), true),
            region(0x10_0004, data, false),
        ];
        let image = Image::of_regions(0x1000, regions);
        assert_eq!(look(&image, format, text), expected);
    }

    #[test]
    fn a_header_leads_to_the_text() {
        check(
            Format::Elf,
            b"..v1.2..",
            [0x1002, 4],
            b"v1.2",
            Found::Referenced,
        );
        // Its length, its place, and neither.
        check(
            Format::Elf,
            b"..v1.2..",
            [0x1002, 3],
            b"v1.2",
            Found::Absent,
        );
        check(
            Format::Elf,
            b"..v1.2..",
            [0x1001, 4],
            b"v1.2",
            Found::Absent,
        );
        check(
            Format::Elf,
            b"..v1.2..",
            [u64::MAX, 4],
            b"v1.2",
            Found::Absent,
        );
    }

    #[test]
    fn a_text_that_is_everywhere_is_found_where_it_is_meant() {
        // Behind more of them than anyone should look at, and not where a search without overlap stops.
        let texts = [b'1'; 1 << 20];
        check(
            Format::Elf,
            &texts,
            [0x1000 + 0xf_fff1, 2],
            b"11",
            Found::Referenced,
        );
        check(Format::Elf, &texts, [0, 2], b"11", Found::Absent);
    }

    #[test]
    fn addresses_that_are_hidden_leave_the_bytes() {
        check(
            Format::MachO,
            b"..v1.2..",
            [1 << 63, 4],
            b"v1.2",
            Found::Present,
        );
        check(
            Format::MachO,
            b"..v1.3..",
            [1 << 63, 4],
            b"v1.2",
            Found::Absent,
        );
    }
}

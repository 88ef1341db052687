//! A text and an executable in, whether the program has it as a string out: what `-X` set, seen where it arrived.

use memchr::memmem::Finder;

use super::image::Image;
use super::{Binary, Format};

/// How a text is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Found {
    /// A string header, an address and a length, names exactly these bytes.
    Referenced,
    /// The bytes are there. Where the format hides addresses until the program is loaded, more cannot be told.
    Present,
    /// It is not there.
    Absent,
}

/// Places that are looked at: a short text is everywhere.
const MOST: usize = 1 << 16;

/// Looks for a string of the program with this content; not among the linker flags that the build
/// information holds. An empty text is nowhere.
pub fn find(bytes: &[u8], binary: &Binary, text: &[u8]) -> Found {
    let Some(image) = Image::new(bytes, binary).filter(|_| !text.is_empty()) else {
        return Found::Absent;
    };
    let finder = Finder::new(text);
    let mut is_there = false;
    for region in &image.regions {
        for at in finder.find_iter(&region.bytes).take(MOST) {
            is_there = true;
            let address = image.base + u64::from(region.start) + at as u64;
            if has_header(&image, address, text.len() as u64) {
                return Found::Referenced;
            }
        }
    }
    match is_there && binary.format == Format::MachO {
        true => Found::Present,
        false => Found::Absent,
    }
}

fn has_header(image: &Image<'_>, address: u64, length: u64) -> bool {
    let header: Vec<u8> = [address, length]
        .into_iter()
        .flat_map(|it| word(image, it))
        .collect();
    let finder = Finder::new(&header);
    let mut data = image.regions.iter().filter(|it| !it.executable);
    data.any(|it| finder.find(&it.bytes).is_some())
}

/// A number as the program has it in memory.
fn word(image: &Image<'_>, number: u64) -> Vec<u8> {
    let size = usize::from(image.pointer_size).clamp(4, 8);
    if image.big_endian {
        number.to_be_bytes()[8 - size..].to_vec()
    } else {
        number.to_le_bytes()[..size].to_vec()
    }
}

//! Finds the calls of a function of some name, and whether data has its address: while code and data are read for other
//! things.

use memchr::memchr2_iter;
use memchr::memmem::{Finder, find_iter};

use super::functions::{Entry, Tables};
use super::image::{Addr, Image, Region};

/// What was seen of the functions of one name.
#[derive(Default)]
pub(super) struct Watched {
    /// Where they begin, mostly one, and one for each calling convention; `None` where nobody looked.
    pub functions: Option<Vec<Addr>>,
    /// Places whose bytes are a call of one, in order; `None` where nobody looked.
    pub sites: Option<Vec<Addr>>,
    /// Whether an aligned word of data is the address of one; `None` where nobody looked.
    pub in_data: Option<bool>,
    /// Up to where code was searched.
    done: Addr,
}

/// Code and data are searched in pieces that stay in the cache for whoever reads them next.
pub(super) const PIECE: u32 = 1 << 15;

impl Watched {
    /// The functions of a name. Searching code for more than a program has of one name would take long: then nobody looks.
    pub fn new(name: &str, entries: &[Entry], tables: &Tables<'_>) -> Self {
        const MOST: usize = 8;
        let named = offsets(tables.names, name.as_bytes());
        let is_wanted = |entry: &&Entry| named.binary_search(&entry.name).is_ok();
        let functions = entries.iter().filter(is_wanted).map(|entry| entry.start);
        let functions: Vec<Addr> = functions.take(MOST + 1).collect();
        Self {
            functions: Some(functions).filter(|it| it.len() <= MOST),
            ..Self::default()
        }
    }

    /// Searches the code of x86 up to an address of a region; regions are asked about in order.
    pub fn look_at_code(&mut self, region: &Region<'_>, end: Addr) {
        let Some(functions) = self.functions.as_ref().filter(|it| !it.is_empty()) else {
            return;
        };
        let sites = self.sites.get_or_insert_default();
        self.done = self.done.max(region.start);
        while self.done < end.min(region.end()) {
            let from = self.done - region.start;
            let to = from.saturating_add(PIECE).min(region.bytes.len() as u32);
            for target in functions {
                let target = target.wrapping_sub(region.start);
                calls(&region.bytes, (from, to), target, |at| {
                    sites.push(region.start + at);
                });
            }
            self.done = region.start + to;
        }
    }

    /// Searches aligned words of the data between two addresses of one region.
    pub fn look_at_data(&mut self, image: &Image<'_>, (start, end): (Addr, Addr)) {
        for function in self.functions.iter().flatten() {
            let seen = self.in_data.get_or_insert_default();
            *seen = *seen || holds(image, (start, end), *function);
        }
    }

    /// Puts the places in order, each once.
    pub fn finish(&mut self) {
        if let Some(sites) = &mut self.sites {
            sites.sort_unstable();
            sites.dedup();
        }
    }
}

/// Where in a table of names one stands, in order.
pub(super) fn offsets(names: &[u8], name: &[u8]) -> Vec<u32> {
    let begins = |at: usize| at.checked_sub(1).is_none_or(|before| names[before] == 0);
    let ends = |at: usize| names.get(at + name.len()) == Some(&0);
    let found = find_iter(names, name).filter(|at| begins(*at) && ends(*at));
    found.filter_map(|at| u32::try_from(at).ok()).collect()
}

/// Whether an aligned word between two addresses of one region is an address.
pub(super) fn holds(image: &Image<'_>, (start, end): (Addr, Addr), addr: Addr) -> bool {
    let word = usize::from(image.pointer_size).clamp(4, 8);
    let address = image.base + u64::from(addr);
    let (low, high) = (address.to_le_bytes(), address.to_be_bytes());
    let bytes = match image.big_endian {
        true => &high[8 - word..],
        false => &low[..word],
    };
    let searched = image.slice(start, end).unwrap_or_default();
    let finder = Finder::new(bytes);
    let mut found = finder.find_iter(searched).map(|at| start as usize + at);
    found.any(|at| at.is_multiple_of(word))
}

/// Calls `each` with every place of a part of some code whose bytes are a call that leads to a distance from the first byte of the
/// code.
///
/// The distance of a call counts from the instruction behind it. Within 64 KiB its upper half has two values at most: one byte
/// of that is looked for, for it is rarer than the byte of a call.
fn calls(code: &[u8], (start, end): (u32, u32), target: u32, mut each: impl FnMut(u32)) {
    const LENGTH: u32 = 5;
    /// Where in the instruction the third byte of the distance is.
    const THIRD: u32 = 3;
    let distance = |at: u32| target.wrapping_sub(at.wrapping_add(LENGTH));
    let third = |at: u32| (distance(at) >> 16) as u8;
    let most = (code.len() as u32).min(end.saturating_add(THIRD));
    let searched = code.get((start + THIRD) as usize..most as usize);
    let bytes = (third(start), third(end.saturating_sub(1)));
    for found in memchr2_iter(bytes.0, bytes.1, searched.unwrap_or_default()) {
        let at = start + found as u32;
        let call = code
            .get(at as usize..)
            .and_then(|bytes| bytes.first_chunk::<5>());
        if let Some([0xe8, rest @ ..]) = call
            && u32::from_le_bytes(*rest) == distance(at)
        {
            each(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_call_is_found_whatever_its_distance() {
        let places = [0, 32_763, 32_768, 65_530, 65_535, 65_540, 131_071, 299_995];
        for target in [0u32, 7, 65_536, 150_000, 299_999, 400_000, 0xffff_0000] {
            let mut code = vec![0x90u8; 300_000];
            for at in places {
                let distance = target.wrapping_sub(at + 5);
                code[at as usize] = 0xe8;
                code[at as usize + 1..][..4].copy_from_slice(&distance.to_le_bytes());
            }
            let mut found = Vec::new();
            for start in (0..code.len() as u32).step_by(PIECE as usize) {
                let end = (start + PIECE).min(code.len() as u32);
                calls(&code, (start, end), target, |at| found.push(at));
            }
            assert_eq!(found, places, "{target:#x}");
        }
    }

    #[test]
    fn code_that_ends_within_a_call_has_none() {
        for code in [&[][..], &[0xe8], &[0xe8, 0, 0], &[0xe8, 0, 0, 0]] {
            let end = code.len() as u32;
            calls(code, (0, end), 5, |_| panic!("{code:x?}"));
        }
    }

    #[test]
    fn a_name_is_found_as_a_whole() {
        let names = b"a.F\0a.F.func1\0b.a.F\0a.F\0a.F";
        assert_eq!(offsets(names, b"a.F"), [0, 20]);
        assert_eq!(offsets(b"", b"a.F"), [0u32; 0]);
    }
}

//! Chooses a length for each text among the numbers that stand beside its address, in data and in code.

use std::ops::Range;

use crate::binary::functions::Entry;
use crate::binary::image::Addr;
use crate::binary::objects::Data;
use crate::binary::partition::{Recent, first_from};
use crate::binary::references::lengths::beside;
use crate::binary::runs::Content;
use crate::binary::state::State;

/// The texts with a length, in order. `in_data` are those of data; `starts` is where something may begin, in order.
pub(super) fn find(
    state: &State<'_, '_, '_>,
    (entries, data): (&[Entry], &Data),
    in_data: Vec<(Addr, u32)>,
    starts: &[Addr],
) -> Vec<(Addr, u32)> {
    let goarch = state.binary.goarch.as_deref();
    // LARL leads to even addresses only: there the linker aligns everything to two (`minAlign` in `cmd/link/internal/s390x`).
    let room = if goarch == Some("s390x") { 2 } else { 1 };
    let run = data.runs.iter().find(|run| run.content == Content::Texts);
    let texts = run.map_or(0..0, |run| run.range.clone());
    let ends = Ends {
        starts,
        last: texts.end,
        room,
    };
    let known = agreed(in_data, &ends);
    let open = Places::new(&texts, starts, &known);
    let mut in_code = Vec::new();
    let mut recent = Recent::new();
    let functions = (entries, &data.mentions);
    let mut keep = |addr: Addr, length: u32| {
        let fits = (1..=texts.end - addr).contains(&length);
        if fits && recent.is_new(u64::from(addr) << 32 | u64::from(length)) {
            in_code.push((addr, length));
        }
    };
    let is_open = |addr| open.has(addr);
    beside(state.image, goarch, functions, is_open, &mut keep);
    for (addr, length) in &data.mentions.lengths {
        if open.has(*addr) {
            keep(*addr, *length);
        }
    }
    in_code.sort_unstable();
    in_code.dedup();
    in_code.retain(ends.agree());
    let mut all = known;
    all.extend(in_code);
    longest(all)
}

/// One length for each text: it ends where another begins, or at the end of all. Other numbers stand behind addresses, too,
/// and other numbers look like addresses; where most lengths end nowhere, not every text is known, and that says nothing.
fn agreed(mut lengths: Vec<(Addr, u32)>, ends: &Ends<'_>) -> Vec<(Addr, u32)> {
    lengths.sort_unstable();
    lengths.dedup();
    let mut agreed = lengths.clone();
    agreed.retain(ends.agree());
    if 2 * agreed.len() < lengths.len() {
        agreed = lengths;
    }
    longest(agreed)
}

/// Where texts can end.
struct Ends<'s> {
    /// Where something may begin, in order.
    starts: &'s [Addr],
    /// The end of all.
    last: Addr,
    /// One more than the bytes of alignment behind a text that is not large.
    room: u32,
}

impl Ends<'_> {
    /// Whether a text ends where another begins, or at the end of all; texts ascend.
    fn agree(&self) -> impl FnMut(&(Addr, u32)) -> bool {
        // Where the last ends, and behind large ones.
        const ALIGNMENT: u32 = 8;
        const MOST: u32 = 32;
        let mut position = 0;
        move |it| {
            let at = it.0 + it.1;
            position = first_from(self.starts, position, it.0);
            let next = self.starts.get(first_from(self.starts, position, at));
            let room = if it.1 >= 8 * MOST { MOST } else { self.room };
            at + ALIGNMENT > self.last || next.is_some_and(|next| *next < at + room)
        }
    }
}

/// Texts whose length is looked for, a bit for each address: every mention in the code is asked for.
struct Places {
    first: Addr,
    bits: Vec<u64>,
}

impl Places {
    fn new(texts: &Range<Addr>, starts: &[Addr], known: &[(Addr, u32)]) -> Self {
        let mut bits = vec![0u64; (texts.end - texts.start).div_ceil(u64::BITS) as usize];
        let mut flip = |addr: Addr| {
            let at = addr - texts.start;
            bits[(at / u64::BITS) as usize] ^= 1 << (at % u64::BITS);
        };
        let from = starts.partition_point(|start| *start < texts.start);
        let to = starts.partition_point(|start| *start < texts.end);
        starts[from..to].iter().for_each(|start| flip(*start));
        let is_start = |it: &&(Addr, u32)| starts[from..to].binary_search(&it.0).is_ok();
        known.iter().filter(is_start).for_each(|it| flip(it.0));
        Self {
            first: texts.start,
            bits,
        }
    }

    #[inline]
    fn has(&self, addr: Addr) -> bool {
        let at = addr.wrapping_sub(self.first);
        let word = self.bits.get((at / u64::BITS) as usize);
        word.is_some_and(|word| word >> (at % u64::BITS) & 1 == 1)
    }
}

/// Of several lengths of a text, the shorter ones were meant as a part.
fn longest(mut lengths: Vec<(Addr, u32)>) -> Vec<(Addr, u32)> {
    lengths.sort_unstable();
    lengths.reverse();
    lengths.dedup_by_key(|entry| entry.0);
    lengths.reverse();
    lengths
}

//! Chooses a length for each text among the numbers that stand beside its address, in data and in code.

use std::cell::Cell;
use std::ops::Range;

use crate::binary::doubt;
use crate::binary::functions::Entry;
use crate::binary::image::Addr;
use crate::binary::objects::Data;
use crate::binary::partition::{Sieve, first_from};
use crate::binary::pointers::Pointers;
use crate::binary::references::lengths::beside;
use crate::binary::runs::Content;
use crate::binary::state::State;

/// Drops pointers to texts that neither end where another begins nor begin where one ends, as far as most do. Where addresses are
/// small numbers, many others look like them, and one within a large text would cut it in two.
pub(super) fn without_false(mut found: Pointers, data: &Data, targets: &[Addr]) -> Pointers {
    let starts = doubt::places(&data.starts, targets);
    let texts = texts(data);
    let ends = Ends::new(&texts, &starts, 1);
    let (whole, others) = ends.whole(found.lengths.clone());
    if whole.len() < others.len() {
        return found;
    }
    let begin: Vec<Addr> = whole.iter().map(|text| text.0).collect();
    let mut end: Vec<Addr> = whole.iter().map(|text| text.0 + text.1).collect();
    end.sort_unstable();
    let is_true = |to: Addr| {
        !texts.contains(&to) || begin.binary_search(&to).is_ok() || end.binary_search(&to).is_ok()
    };
    found.edges.retain(|edge| is_true(edge.1));
    found.lengths.retain(|text| is_true(text.0));
    found
}

/// Where texts stand.
fn texts(data: &Data) -> Range<Addr> {
    let run = data.runs.iter().find(|run| run.content == Content::Texts);
    run.map_or(0..0, |run| run.range.clone())
}

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
    let ends = Ends::new(&texts(data), starts, room);
    let known = agreed(in_data, &ends);
    let mut all = in_code(state, (entries, data), &known, &ends);
    all.extend(known);
    longest(all)
}

/// The lengths of texts that have none in data. Many numbers stand in code, and where texts are short many end where some text
/// begins: nothing may begin within.
fn in_code(
    state: &State<'_, '_, '_>,
    (entries, data): (&[Entry], &Data),
    known: &[(Addr, u32)],
    ends: &Ends<'_>,
) -> Vec<(Addr, u32)> {
    let is_known = |addr: &Addr| known.binary_search_by_key(addr, |it| it.0).is_ok();
    let next = ends.starts.iter().skip(1).chain([&ends.last]).copied();
    let each = ends.starts.iter().copied().zip(next);
    let open: Vec<(Addr, Addr)> = each.filter(|text| !is_known(&text.0)).collect();
    let addresses: Vec<Addr> = open.iter().map(|it| it.0).collect();
    // It answers fast for the many mentions of other things.
    let sieve = Sieve::new(&addresses);
    // The longest so far. Where there is alignment behind it, a longer one may follow: that of all but its last bytes stands in
    // code, too.
    let best = vec![Cell::new(0u32); open.len()];
    let is_done = |text: usize| open[text].0.saturating_add(best[text].get()) == open[text].1;
    let mut keep = |text: usize, length: u32| {
        let (start, next) = open[text];
        let end = start.saturating_add(length);
        if length > best[text].get() && end <= next && ends.is_end(length, end, next) {
            best[text].set(length);
        }
        is_done(text)
    };
    let wanted = |addr| sieve.find(addr).filter(|text| !is_done(*text));
    let goarch = state.binary.goarch.as_deref();
    let functions = (entries, &data.mentions);
    beside(state.image, goarch, functions, wanted, &mut keep);
    for (addr, length) in &data.mentions.lengths {
        if let Some(text) = wanted(*addr) {
            keep(text, *length);
        }
    }
    let all = open.iter().zip(&best).map(|(it, best)| (it.0, best.get()));
    all.filter(|text| text.1 > 0).collect()
}

/// One length for each text: it ends where another begins, or at the end of all. Other numbers stand behind addresses, too,
/// and other numbers look like addresses; where most lengths end nowhere, not every text is known, and that says nothing.
fn agreed(lengths: Vec<(Addr, u32)>, ends: &Ends<'_>) -> Vec<(Addr, u32)> {
    let (mut whole, mut others) = ends.whole(lengths);
    if whole.len() < others.len() {
        whole.append(&mut others);
    }
    longest(whole)
}

/// Bytes from which on a text may be aligned.
const LARGE: u32 = 256;
/// Where the last ends.
const ALIGNMENT: u32 = 8;

/// Texts with a length each.
type Lengths = Vec<(Addr, u32)>;

/// Where texts can end.
struct Ends<'s> {
    /// Where a text may begin, in order.
    starts: &'s [Addr],
    /// The end of all.
    last: Addr,
    /// One more than the bytes of alignment behind a text that is not large.
    room: u32,
}

impl<'s> Ends<'s> {
    /// `starts` is where something may begin, in order.
    fn new(texts: &Range<Addr>, starts: &'s [Addr], room: u32) -> Self {
        let inside = first_from(starts, 0, texts.start)..first_from(starts, 0, texts.end);
        Self {
            starts: &starts[inside],
            last: texts.end,
            room,
        }
    }

    /// Those that end where another begins, and the others; each in order.
    fn whole(&self, mut lengths: Lengths) -> (Lengths, Lengths) {
        lengths.sort_unstable();
        lengths.dedup();
        let mut agree = self.agree();
        lengths.into_iter().partition(|text| agree(text))
    }

    /// Whether nothing but alignment stands behind a place.
    fn is_last(&self, at: Addr) -> bool {
        self.last.saturating_sub(at) < ALIGNMENT
    }

    /// Whether a text of a length that ends at `end` reaches the next, which may be aligned, or the end of all.
    fn is_end(&self, length: u32, end: Addr, next: Addr) -> bool {
        const MOST: u32 = 32;
        let room = if length >= LARGE { MOST } else { self.room };
        let between = next - end;
        let is_aligned = |to: u32| next.is_multiple_of((to + 1).next_power_of_two());
        self.is_last(end) || (between < room && is_aligned(between))
    }

    /// Whether a text ends where another begins, or at the end of all; texts ascend.
    fn agree(&self) -> impl FnMut(&(Addr, u32)) -> bool {
        let mut position = 0;
        move |it| {
            let at = it.0 + it.1;
            position = first_from(self.starts, position, it.0);
            let next = self.starts.get(first_from(self.starts, position, at));
            next.map_or(self.is_last(at), |next| self.is_end(it.1, at, *next))
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_ends_where_another_begins() {
        let check = |room: u32, expected: &[(Addr, u32)]| {
            let starts = [100, 104, 107, 400, 700];
            let ends = Ends {
                starts: &starts,
                last: 1000,
                room,
            };
            let mut found = vec![
                (100, 3),
                (100, 4),
                (100, 9),
                (107, 269),
                (107, 280),
                (400, 5),
                (700, 297),
            ];
            found.retain(ends.agree());
            assert_eq!(found, expected);
        };
        // Behind a large one there may be alignment, and so behind the last: 400 is aligned to 16, and not to 32.
        check(1, &[(100, 4), (107, 280), (700, 297)]);
        check(2, &[(100, 3), (100, 4), (107, 280), (700, 297)]);
    }

    #[test]
    fn an_end_of_the_address_space_is_an_end() {
        let ends = Ends {
            starts: &[Addr::MAX - 20],
            last: Addr::MAX,
            room: 2,
        };
        assert!(ends.agree()(&(Addr::MAX - 20, 20)));
        assert!(ends.is_last(Addr::MAX));
    }

    #[test]
    fn the_longest_of_several_is_the_whole() {
        assert_eq!(longest(vec![(9, 2), (5, 3), (5, 8)]), [(5, 8), (9, 2)]);
    }
}

//! Divides the data into objects, by extents that are known, places that something refers to, and the linker's order.

mod packed_word;

use std::ops::Range;

use super::bounds::Bounds;
use super::image::Addr;
use super::ledger::Kind;
use super::packages::{NONE, PackageId};
use super::partition::first_from;
use super::references::Mentions;
use super::runs::{Content, Run};
pub(super) use packed_word::{Source, addr_of, owner_of, source_of, start, within};

/// An extent that is known exactly.
#[derive(Debug, Clone, Copy)]
pub(super) struct Known {
    pub(crate) start: Addr,
    pub(crate) end: Addr,
    /// `NONE` where its users say whose it is.
    pub(crate) owner: PackageId,
    pub(crate) kind: Kind,
    pub(crate) how: How,
}

/// How the extent of an object is known.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum How {
    /// A symbol has it.
    Symbol,
    /// It describes itself: a type, a table that the runtime knows.
    Layout,
    /// Its length stands beside its address, in data or in code.
    Length,
    /// The linker sorts by size: nothing else fits between it and the next.
    Order,
    /// It is taken to reach to the next place that something refers to.
    Next,
}

impl How {
    /// Whether the extent is certain.
    pub(crate) fn is_proven(self) -> bool {
        self != Self::Next
    }

    /// The words of a report.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Symbol => "symbol",
            Self::Layout => "layout",
            Self::Length => "length beside the address",
            Self::Order => "order of sizes",
            Self::Next => "up to the next mention",
        }
    }
}

/// A stretch of the data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Object {
    pub(crate) start: Addr,
    pub(crate) end: Addr,
    /// Before owners were looked for: that of a known extent.
    pub(crate) owner: PackageId,
    pub(crate) what: What,
    pub(crate) how: How,
}

/// What is known of a stretch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    Known(Kind),
    /// Something refers to it; in a run of objects, if that is known.
    Referred(Option<Content>),
    /// Alignment, or what nothing refers to.
    Rest,
}

/// The data of a program.
#[derive(Default)]
pub(super) struct Data {
    /// Where objects are looked for, by address, without overlap.
    pub(crate) areas: Vec<Range<Addr>>,
    /// By address, without overlap.
    pub(crate) known: Vec<Known>,
    /// Sorted, without repetition.
    pub(crate) starts: Vec<u64>,
    /// What code mentions for sure, in order.
    pub(crate) sure: Vec<Addr>,
    /// What it mentions, but for wasm.
    pub(crate) mentions: Mentions,
    /// By address, without overlap.
    pub(crate) runs: Vec<Run>,
    /// By address: names of types, and what functions say of themselves. None of their words is an address.
    pub(crate) texts: Vec<Range<Addr>>,
    /// What functions say of themselves, if it is known where: neither code nor data has an address of it, but for the values
    /// of functions among it.
    pub(crate) records: Range<Addr>,
    /// Those of these values that code leads to. They join what is known only when all pointers are collected: pointers into what
    /// is known are dropped.
    pub(crate) values: Vec<Known>,
    /// Bytes of an address.
    pub(crate) word: u32,
}

/// Places and lengths, in order.
pub(super) struct Places<'p> {
    /// Where objects may begin.
    pub(crate) starts: &'p [Addr],
    /// Texts with a length that stands beside their address.
    pub(crate) lengths: &'p [(Addr, u32)],
    /// Where something begins for sure: it has a symbol, without a size.
    pub(crate) named: &'p [Addr],
}

impl Data {
    /// Every stretch of every area, in order and without gaps.
    pub(crate) fn lay_out(&self, places: &Places<'_>) -> Vec<Object> {
        let mut found = Vec::with_capacity(self.known.len() + places.starts.len());
        let mut runs = self.runs.as_slice();
        for area in &self.areas {
            let mut at = area.start;
            while at < area.end {
                while runs.first().is_some_and(|run| run.range.end <= at) {
                    runs = &runs[1..];
                }
                let (end, content) = match runs.first() {
                    Some(run) if run.range.start <= at => (run.range.end, Some(run.content)),
                    Some(run) => (run.range.start, None),
                    None => (area.end, None),
                };
                let end = end.min(area.end);
                Stretch::new(self, places, at..end, content).objects(&mut found);
                at = end;
            }
        }
        found
    }
}

/// A part of an area whose objects are of one content.
struct Stretch<'d> {
    range: Range<Addr>,
    content: Option<Content>,
    known: &'d [Known],
    starts: &'d [Addr],
    named: &'d [Addr],
    bounds: Bounds,
    word: u32,
}

/// No object of Go is aligned to more.
const ALIGNMENT: u32 = 32;

impl<'d> Stretch<'d> {
    fn new(
        data: &'d Data,
        places: &Places<'d>,
        range: Range<Addr>,
        content: Option<Content>,
    ) -> Self {
        let known = &data.known[data
            .known
            .partition_point(|object| object.start < range.start)..];
        let known = &known[..known.partition_point(|object| object.start < range.end)];
        let starts = &places.starts[places.starts.partition_point(|start| *start < range.start)..];
        let starts = &starts[..starts.partition_point(|start| *start < range.end)];
        let bounds = match content {
            Some(Content::Texts) => {
                let first = places
                    .lengths
                    .partition_point(|length| length.0 < range.start);
                let last = places
                    .lengths
                    .partition_point(|length| length.0 < range.end);
                Bounds::exact(&places.lengths[first..last])
            }
            Some(_) => Bounds::of_distances(&distances(known, starts, range.end), ALIGNMENT - 1),
            None => Bounds::exact(&[]),
        };
        Self {
            range,
            content,
            known,
            starts,
            named: places.named,
            bounds,
            word: data.word,
        }
    }

    fn objects(mut self, found: &mut Vec<Object>) {
        let mut at = self.range.start;
        if self.content == Some(Content::Functions) {
            self.functions(found);
            return;
        }
        loop {
            let known = self
                .known
                .first()
                .map_or(self.range.end, |object| object.start);
            let start = self.starts.first().map_or(self.range.end, |start| *start);
            let next = known.min(start);
            if next > at {
                found.push(Object {
                    start: at,
                    end: next,
                    owner: NONE,
                    what: What::Rest,
                    how: How::Next,
                });
            }
            if next >= self.range.end {
                return;
            }
            let object = if next == known {
                let it = self.known[0];
                self.known = &self.known[1..];
                Object {
                    start: it.start,
                    end: it.end.min(self.range.end),
                    owner: it.owner,
                    what: What::Known(it.kind),
                    how: it.how,
                }
            } else {
                let before = found.last_mut().filter(|object| object.end == start);
                match before.and_then(|before| self.inner(start, before)) {
                    Some(end) => {
                        at = end;
                        self.skip(at);
                        continue;
                    }
                    None => self.referred(start),
                }
            };
            at = object.end;
            found.push(object);
            self.skip(at);
        }
    }

    fn skip(&mut self, at: Addr) {
        self.starts = &self.starts[first_from(self.starts, 0, at)..];
    }

    /// A place that is too close to the next for an object of its own is within the one before, which then ends there.
    fn inner(&mut self, start: Addr, before: &mut Object) -> Option<Addr> {
        if self.named.binary_search(&start).is_ok() {
            return None;
        }
        let bound = self.bounds.at(start);
        let least = start.saturating_add(bound.least);
        let next = bound.next.unwrap_or(self.range.end);
        let next = Some(next).filter(|next| start < *next && *next < least)?;
        let next = self
            .known
            .first()
            .map_or(next, |object| object.start.min(next));
        let is_open = matches!(before.what, What::Referred(_)) && before.how != How::Length;
        // Where all are of one size, what has that size is whole: the next place is within this one.
        let size = start - before.start;
        let is_whole = bound
            .same
            .is_some_and(|same| (same..same + ALIGNMENT).contains(&size));
        (is_open && !is_whole).then(|| {
            before.end = next;
            next
        })
    }

    /// Words with the address of a function, whether something refers to them or not.
    fn functions(&self, found: &mut Vec<Object>) {
        let word = self.word as usize;
        found.extend(self.range.clone().step_by(word).map(|start| Object {
            start,
            end: start.saturating_add(self.word).min(self.range.end),
            owner: NONE,
            what: What::Referred(self.content),
            how: How::Layout,
        }));
    }

    /// What begins at a place that something refers to.
    fn referred(&mut self, start: Addr) -> Object {
        let limit = self
            .known
            .first()
            .map_or(self.range.end, |object| object.start);
        let bound = self.bounds.at(start);
        let (end, how) = match (bound.exact, self.content) {
            (Some(length), Some(Content::Texts)) => (start.saturating_add(length), How::Length),
            _ => {
                let least = start.saturating_add(bound.least);
                let after = first_from(self.starts, 0, least);
                let next = self
                    .starts
                    .get(after)
                    .map_or(limit, |start| (*start).min(limit));
                let end = next.min(start.saturating_add(bound.most));
                // Two of the least size do not fit.
                let one = end - start < bound.least.saturating_mul(2);
                (end, if one { How::Order } else { How::Next })
            }
        };
        Object {
            start,
            end: end.clamp(start + 1, limit.max(start + 1)),
            owner: NONE,
            what: What::Referred(self.content),
            how,
        }
    }
}

/// Each object with the distance to the next; that of a known one is its size.
fn distances(known: &[Known], starts: &[Addr], end: Addr) -> Vec<(Addr, u32)> {
    let mut found: Vec<(Addr, u32)> = Vec::with_capacity(known.len() + starts.len());
    let (mut known, mut starts) = (known, starts);
    loop {
        let next_known = known.first().map_or(end, |object| object.start);
        let next_start = starts.first().map_or(end, |start| *start);
        let next = next_known.min(next_start);
        if let Some(last) = found.last_mut().filter(|entry| entry.1 == 0) {
            last.1 = next - last.0;
        }
        if next >= end {
            return found;
        }
        let free = if next == next_known {
            let size = known[0].end - next;
            found.push((next, size));
            known = &known[1..];
            next + size
        } else {
            found.push((next, 0));
            next + 1
        };
        starts = &starts[first_from(starts, 0, free)..];
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_cover_every_byte_once() {
        let known = |start, end| Known {
            start,
            end,
            owner: 9,
            kind: Kind::Types,
            how: How::Layout,
        };
        let data = Data {
            areas: vec![0..50, 60..100],
            known: vec![known(20, 30)],
            starts: Vec::new(),
            sure: Vec::new(),
            mentions: Mentions::default(),
            runs: vec![Run {
                range: 60..100,
                content: Content::Texts,
            }],
            texts: Vec::new(),
            records: 0..0,
            values: Vec::new(),
            word: 8,
        };
        // The place at 25 is within what is known; that at 64 within a text of eight bytes; from 68 on nobody knows.
        let places = Places {
            starts: &[10, 25, 40, 60, 64, 72],
            lengths: &[(60, 8), (72, 28)],
            named: &[],
        };
        let found: Vec<_> = data
            .lay_out(&places)
            .iter()
            .map(|object| (object.start, object.end, object.what, object.how))
            .collect();
        let texts = What::Referred(Some(Content::Texts));
        assert_eq!(
            found,
            [
                (0, 10, What::Rest, How::Next),
                (10, 20, What::Referred(None), How::Next),
                (20, 30, What::Known(Kind::Types), How::Layout),
                (30, 40, What::Rest, How::Next),
                (40, 50, What::Referred(None), How::Next),
                (60, 68, texts, How::Length),
                (68, 72, What::Rest, How::Next),
                (72, 100, texts, How::Length),
            ]
        );
    }
}

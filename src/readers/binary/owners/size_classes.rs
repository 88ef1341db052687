//! Groups variables into rows of equal size, each with its apparent owner and how much that says.
//!
//! Rows are what the linker sorts: see [`load_order`](super::load_order).

use super::Owned;
use crate::binary::bounds::rising;
use crate::binary::image::Addr;
use crate::binary::ledger::Kind;
use crate::binary::objects::{Data, What};
use crate::binary::packages::PackageId;
use crate::binary::runs::{Content, Run};

/// A variable: its place among the objects, whose it seems to be, and how much that says.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seat {
    pub(crate) object: usize,
    /// `None` where several packages mention it, or none.
    pub(crate) owner: Option<PackageId>,
    pub(crate) weight: i32,
}

/// Variables of one size, by address. Those without a package, and of assembly, stand behind the others.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    pub(crate) seats: Vec<Seat>,
    /// How many sizes these may be, which are aligned alike.
    pub(crate) sizes: u32,
}

/// The variables of equal size. `seat` says what is known of an object: whose it seems to be, and how much that says.
pub(super) fn of_variables(
    owned: &[Owned],
    data: &Data,
    seat: impl Fn(usize) -> (Option<PackageId>, i32),
) -> Vec<Row> {
    let mut found = Vec::new();
    let sorted = |run: &&Run| matches!(run.content, Content::Plain | Content::Pointers);
    for run in data.runs.iter().filter(sorted) {
        let step = match run.content {
            Content::Pointers => data.word,
            _ => 1,
        };
        let first = owned.partition_point(|owned| owned.object.start < run.range.start);
        let count = owned[first..].partition_point(|owned| owned.object.start < run.range.end);
        let is_variable = |at: &usize| match owned[*at].object.what {
            What::Referred(_) => true,
            What::Known(kind) => kind == Kind::Data,
            What::Rest => false,
        };
        let all: Vec<usize> = (first..first + count).filter(is_variable).collect();
        let starts: Vec<Addr> = all.iter().map(|at| owned[*at].object.start).collect();
        let (mut row, mut size) = (Row::default(), 0);
        for (object, own) in all.into_iter().zip(sizes(&starts, run.range.end)) {
            let Some(own) = own else { continue };
            if own != size {
                found.push(std::mem::take(&mut row));
                (size, row.sizes) = (own, aligned_alike(own) / step);
            }
            let (owner, weight) = seat(object);
            row.seats.push(Seat {
                object,
                owner,
                weight,
            });
        }
        found.push(row);
    }
    found.retain(|row: &Row| !row.seats.is_empty());
    found
}

/// The distance from each variable to the next, as far as they rise: other things than variables are mentioned, too, and some
/// variables are not.
fn sizes(starts: &[Addr], end: Addr) -> Vec<Option<u32>> {
    let next = starts.iter().skip(1).chain([&end]);
    let distances: Vec<(Addr, u32)> = starts
        .iter()
        .zip(next)
        .map(|entry| (*entry.0, entry.1 - entry.0))
        .collect();
    // Where code mentions every field by itself (riscv64, Go 1.27), eight bytes each stand in the midst of larger variables: these
    // are worth more.
    const WORTH: u32 = 32;
    let chain = rising(&distances, WORTH);
    let mut at = 0;
    let size = |start: &Addr| {
        at += chain[at..]
            .iter()
            .take_while(|entry| entry.0 < *start)
            .count();
        let before = at.checked_sub(1).map(|at| chain[at].1);
        let after = chain.get(at)?;
        (after.0 == *start || before == Some(after.1)).then_some(after.1)
    };
    starts.iter().map(size).collect()
}

/// How many sizes lead to a distance: an object is aligned to the largest power of two that it fills, up to 32.
fn aligned_alike(distance: u32) -> u32 {
    match distance {
        0..=8 => distance.div_ceil(2),
        9..=16 => 8,
        17..=32 => 16,
        _ => 32,
    }
}

/// The descriptors of declared types, which the linker sorts as it does variables.
pub(super) fn of_types(declared: &[(u32, PackageId)]) -> impl Iterator<Item = Row> {
    const WEIGHT: i32 = 5;
    let seat = |it: &(u32, PackageId)| Seat {
        object: usize::MAX,
        owner: Some(it.1),
        weight: WEIGHT,
    };
    let rows = declared.chunk_by(|a, b| a.0 == b.0);
    rows.map(move |row| Row {
        seats: row.iter().map(seat).collect(),
        sizes: 1,
    })
}

/// A variable of a row that fits the order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Anchor {
    pub(crate) seat: usize,
    /// The place of its package in the load order.
    pub(crate) place: u32,
    /// How many packages have anchors up to this one, and from it on, as far as the order does not begin anew.
    pub(crate) before: u32,
    pub(crate) after: u32,
}

impl Row {
    /// What its order is worth: the more sizes, the more often it begins anew.
    pub(crate) fn worth(&self) -> i32 {
        match self.sizes {
            0 | 1 => 4,
            2 => 2,
            _ => 1,
        }
    }

    /// Whether so many packages in order on both sides are no coincidence. Where several sizes are aligned alike, the
    /// order begins anew with each.
    pub(crate) fn is_evidence(&self, before: u32, after: u32) -> bool {
        // One alone may be of another size.
        if before.min(after) < 2 {
            return false;
        }
        // In how many ways the packages can stand on two sides.
        let ways = (0..before.min(after)).fold(1u64, |all, it| {
            (all * u64::from(before + after - it) / u64::from(it + 1)).min(1 << 20)
        });
        ways >= if self.sizes > 2 { 15 } else { 6 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_of_what_rises() {
        // A field at 44, and two variables that nobody mentions behind 64.
        let sizes = sizes(&[0, 8, 16, 32, 44, 48, 64, 112, 128], 160);
        let expected = [8, 8, 16, 16, 0, 16, 16, 16, 32].map(|it| Some(it).filter(|it| *it > 0));
        assert_eq!(sizes[..4], expected[..4]);
        assert_eq!(sizes[7..], expected[7..]);
    }
}

//! Damage that knows where the fields are: numbers at their edges, numbers of other fields, rows in the place of others,
//! bytes put in and taken out, files that end early, pieces of other files.

use super::random::Random;
use super::sites::{Seed, Table};

/// A field: where it is, how many bytes it has.
#[derive(Clone, Copy)]
struct Field {
    at: usize,
    width: usize,
}

/// An input made of a seed; `others` lend pieces.
pub fn mutated(seed: &Seed, others: &[Seed], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.bytes.clone();
    let times = [1, 1, 1, 2, 3, 5, 12][random.below(7)];
    for _ in 0..times {
        // Most of the time where the parser looks first.
        let table = seed.tables[random.below(seed.tables.len())].clone();
        match random.below(100) {
            0..60 => number(&mut bytes, seed, &table, random),
            60..72 => row(&mut bytes, &table, random),
            72..80 => flip(&mut bytes, &table, random),
            80..86 => fill(&mut bytes, &table, random),
            86..91 => splice(&mut bytes, &table, random.pick(others), random),
            91..95 => shift(&mut bytes, &table, random),
            _ => cut(&mut bytes, &table, random),
        }
    }
    bytes
}

fn field(table: &Table, random: &mut Random) -> Field {
    let stride: usize = table.widths.iter().sum();
    let rows = (table.length / stride).max(1);
    // The first rows matter more than the last.
    let row = if random.one_in(2) {
        random.below(rows.min(4))
    } else {
        random.below(rows)
    };
    let column = random.below(table.widths.len());
    let before: usize = table.widths[..column].iter().sum();
    Field {
        at: table.start + row * stride + before,
        width: table.widths[column],
    }
}

fn get(bytes: &[u8], field: Field, big_endian: bool) -> Option<u64> {
    let word = bytes.get(field.at..field.at + field.width)?;
    let push = |sum: u64, it: &u8| sum << 8 | u64::from(*it);
    Some(if big_endian {
        word.iter().fold(0, push)
    } else {
        word.iter().rev().fold(0, push)
    })
}

fn set(bytes: &mut [u8], field: Field, value: u64, big_endian: bool) {
    let Some(word) = bytes.get_mut(field.at..field.at + field.width) else {
        return;
    };
    for (index, byte) in word.iter_mut().enumerate() {
        let place = if big_endian {
            field.width - 1 - index
        } else {
            index
        };
        *byte = if place < 8 {
            (value >> (8 * place)) as u8
        } else {
            0
        };
    }
}

/// Another number in a field.
fn number(bytes: &mut [u8], seed: &Seed, table: &Table, random: &mut Random) {
    let target = field(table, random);
    let Some(old) = get(bytes, target, seed.big_endian) else {
        return;
    };
    let length = bytes.len() as u64;
    let other = field(random.pick(&seed.tables), random);
    let other = get(bytes, other, seed.big_endian).unwrap_or(0);
    let small = random.next() % 16;
    let value = match random.below(16) {
        0 => 0,
        1 => 1,
        2 => u64::MAX,
        3 => u64::MAX >> 1,
        4 => 1 << 31,
        5 => u64::from(u32::MAX),
        6 => length - small.min(length),
        7 => length + small,
        8 => other,
        9 => old.wrapping_add(1 + small),
        10 => old.wrapping_sub(1 + small),
        11 => old << random.below(12),
        12 => old >> random.below(12),
        13 => old ^ 1 << random.below(8 * target.width.min(8)),
        14 => small,
        _ => random.next() >> random.below(64),
    };
    set(bytes, target, value, seed.big_endian);
}

/// A row of a table in the place of another one: twice the same section, entries out of order.
fn row(bytes: &mut [u8], table: &Table, random: &mut Random) {
    let stride: usize = table.widths.iter().sum();
    let rows = table.length / stride;
    if rows < 2 {
        return;
    }
    let from = table.start + random.below(rows) * stride;
    let to = table.start + random.below(rows) * stride;
    if from + stride <= bytes.len() && to + stride <= bytes.len() {
        bytes.copy_within(from..from + stride, to);
    }
}

fn flip(bytes: &mut [u8], table: &Table, random: &mut Random) {
    for _ in 0..1 + random.below(16) {
        let at = table.start + random.below(table.length);
        if let Some(byte) = bytes.get_mut(at) {
            *byte ^= 1 << random.below(8);
        }
    }
}

/// A stretch of one byte.
fn fill(bytes: &mut [u8], table: &Table, random: &mut Random) {
    let with = [0, 0xff, 0x80, 0x7f, 0x41][random.below(5)];
    let length = 1 << random.below(14);
    let at = table.start + random.below(table.length);
    let end = (at + length).min(bytes.len());
    if let Some(stretch) = bytes.get_mut(at..end) {
        stretch.fill(with);
    }
}

/// A piece of another file in the place of what was there.
fn splice(bytes: &mut [u8], table: &Table, other: &Seed, random: &mut Random) {
    let source = random.pick(&other.tables);
    let limit = 1 << random.below(14);
    let length = 1 + random.below(limit);
    let from = source.start + random.below(source.length);
    let to = table.start + random.below(table.length);
    let piece = other.bytes.get(from..).unwrap_or_default();
    let length = length.min(piece.len()).min(bytes.len().saturating_sub(to));
    if length > 0 {
        bytes[to..to + length].copy_from_slice(&piece[..length]);
    }
}

/// Bytes put in or taken out: everything behind them moves.
fn shift(bytes: &mut Vec<u8>, table: &Table, random: &mut Random) {
    let at = (table.start + random.below(table.length)).min(bytes.len());
    let limit = 1 << random.below(9);
    let length = 1 + random.below(limit);
    if random.one_in(2) {
        let end = (at + length).min(bytes.len());
        bytes.drain(at..end);
    } else {
        let filling = vec![random.next() as u8; length];
        bytes.splice(at..at, filling);
    }
}

/// The end is missing, or something follows it.
fn cut(bytes: &mut Vec<u8>, table: &Table, random: &mut Random) {
    match random.below(4) {
        0 => bytes.truncate(table.start + random.below(table.length)),
        1 => bytes.truncate(random.below(bytes.len())),
        2 => bytes.truncate(random.below(bytes.len().min(4096))),
        _ => {
            let length = bytes.len() + random.below(4096);
            bytes.resize(length, random.next() as u8);
        }
    }
}

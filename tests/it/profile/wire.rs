//! Damage that knows protobuf and gzip: the file stays well-formed in all but one place.

use std::io::Write;

use prost::encoding::{WireType, decode_key, decode_varint, encode_key, encode_varint};

use super::hostile::Dice;

/// A field, taken apart as far as profiles are nested.
#[derive(Clone)]
enum Field {
    Number(u32, u64),
    Bytes(u32, Vec<u8>),
    Message(u32, Vec<Field>),
    /// Whatever it is now.
    Raw(Vec<u8>),
}

/// The fields of a profile; of its tables the rows are messages, and so are the lines and labels in these.
fn fields(mut bytes: &[u8], depth: usize) -> Vec<Field> {
    let mut found = Vec::new();
    while !bytes.is_empty() {
        let (tag, wire) = decode_key(&mut bytes).unwrap();
        if wire == WireType::Varint {
            found.push(Field::Number(tag, decode_varint(&mut bytes).unwrap()));
            continue;
        }
        assert_eq!(wire, WireType::LengthDelimited);
        let length = decode_varint(&mut bytes).unwrap() as usize;
        let (body, rest) = bytes.split_at(length);
        bytes = rest;
        let nested = match depth {
            0 => matches!(tag, 1..=5 | 11),
            // Lines of locations and labels of samples; other lists are packed numbers.
            1 => tag == 4 || (tag == 3 && body.first().is_some_and(|it| *it == 8)),
            _ => false,
        };
        found.push(match nested && parses(body) {
            true => Field::Message(tag, fields(body, depth + 1)),
            false => Field::Bytes(tag, body.to_vec()),
        });
    }
    found
}

/// Whether bytes happen to be fields of these two sorts.
fn parses(mut bytes: &[u8]) -> bool {
    while !bytes.is_empty() {
        let Ok((_, wire)) = decode_key(&mut bytes) else {
            return false;
        };
        let Ok(number) = decode_varint(&mut bytes) else {
            return false;
        };
        match wire {
            WireType::Varint => {}
            WireType::LengthDelimited if number as usize <= bytes.len() => {
                bytes = &bytes[number as usize..];
            }
            _ => return false,
        }
    }
    true
}

fn encode(fields: &[Field], out: &mut Vec<u8>) {
    for field in fields {
        match field {
            Field::Number(tag, value) => {
                encode_key(*tag, WireType::Varint, out);
                encode_varint(*value, out);
            }
            Field::Bytes(tag, bytes) => delimited(*tag, bytes, bytes.len() as u64, out),
            Field::Message(tag, fields) => {
                let mut body = Vec::new();
                encode(fields, &mut body);
                delimited(*tag, &body, body.len() as u64, out);
            }
            Field::Raw(bytes) => out.extend_from_slice(bytes),
        }
    }
}

fn delimited(tag: u32, body: &[u8], length: u64, out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(length, out);
    out.extend_from_slice(body);
}

/// More bytes than the number needs; from the eleventh on it is none.
fn overlong(value: u64, length: usize) -> Vec<u8> {
    let digit = |at: usize| match 7 * at {
        shift if shift < 64 => (value >> shift) as u8 & 0x7f,
        _ => 0,
    };
    let mut bytes: Vec<u8> = (0..length).map(|at| digit(at) | 0x80).collect();
    bytes[length - 1] &= 0x7f;
    bytes
}

/// One change somewhere below.
fn damage(dice: &mut Dice, fields: &mut Vec<Field>) {
    if fields.is_empty() {
        return;
    }
    let at = dice.below(fields.len());
    if let Field::Message(_, inner) = &mut fields[at]
        && dice.below(3) > 0
    {
        return damage(dice, inner);
    }
    match dice.below(8) {
        0 => drop(fields.remove(at)),
        1 => {
            let again = vec![fields[at].clone(); 1 + dice.below(100)];
            fields.extend(again);
        }
        2 => {
            let other = dice.below(fields.len());
            fields.swap(at, other);
        }
        3 => {
            // The same content under another number.
            let tag = [1, 2, 3, 4, 5, 6, 7, 11, 13, 14, 15, 16, 1 << 28][dice.below(13)];
            match &mut fields[at] {
                Field::Number(it, _) | Field::Bytes(it, _) | Field::Message(it, _) => *it = tag,
                Field::Raw(_) => {}
            }
        }
        _ => fields[at] = damaged(dice, &fields[at]),
    }
}

fn damaged(dice: &mut Dice, field: &Field) -> Field {
    match field {
        Field::Number(tag, value) => match dice.below(3) {
            0 => Field::Number(*tag, dice.odd_number()),
            1 => Field::Number(
                *tag,
                value.wrapping_add(dice.below(3) as u64).wrapping_sub(1),
            ),
            _ => {
                let mut bytes = Vec::new();
                encode_key(*tag, WireType::Varint, &mut bytes);
                bytes.extend(overlong(*value, 2 + dice.below(12)));
                Field::Raw(bytes)
            }
        },
        Field::Bytes(tag, body) => bytes(dice, *tag, body.clone()),
        Field::Message(tag, fields) => {
            let mut body = Vec::new();
            encode(fields, &mut body);
            bytes(dice, *tag, body)
        }
        Field::Raw(it) => Field::Raw(it.clone()),
    }
}

/// Lengths that lie, lists that end in the middle, and other wires.
fn bytes(dice: &mut Dice, tag: u32, mut body: Vec<u8>) -> Field {
    let mut out = Vec::new();
    match dice.below(8) {
        0 => delimited(tag, &body, dice.odd_number(), &mut out),
        1 => delimited(tag, &body, body.len() as u64 + 1, &mut out),
        2 => delimited(tag, &body, (body.len() as u64).wrapping_sub(1), &mut out),
        3 => {
            // The last number of a list goes on.
            if let Some(last) = body.last_mut() {
                *last |= 0x80;
            }
            delimited(tag, &body, body.len() as u64, &mut out);
        }
        4 => {
            let number = overlong(dice.odd_number(), 1 + dice.below(12));
            let at = dice.below(body.len() + 1);
            body.splice(at..at, number);
            delimited(tag, &body, body.len() as u64, &mut out);
        }
        5 => {
            // Groups, fixed numbers, and the two wires that there are not.
            let wire = [0, 1, 3, 4, 5, 6, 7][dice.below(7)];
            encode_varint(u64::from(tag) << 3 | wire, &mut out);
            out.extend_from_slice(&body);
        }
        6 => {
            let many = body.repeat(1 + dice.below(50));
            delimited(tag, &many, many.len() as u64, &mut out);
        }
        _ => {
            // A message in itself, over and over.
            for _ in 0..dice.below(100) {
                let inner = std::mem::take(&mut body);
                delimited(tag, &inner, inner.len() as u64, &mut body);
            }
            delimited(tag, &body, body.len() as u64, &mut out);
        }
    }
    Field::Raw(out)
}

/// A profile with a few such changes.
pub fn damaged_message(dice: &mut Dice, plain: &[u8]) -> Vec<u8> {
    let mut fields = fields(plain, 0);
    for _ in 0..=dice.below(3) {
        damage(dice, &mut fields);
    }
    let mut out = Vec::new();
    encode(&fields, &mut out);
    out
}

/// A gzip file that is damaged around its content, or is a bomb.
pub fn damaged_gzip(dice: &mut Dice, plain: &[u8]) -> Vec<u8> {
    let mut packed = gzip(plain);
    let end = packed.len();
    match dice.below(10) {
        // Flags promise a file name, a comment, more fields, a checksum of the head.
        0 => packed[3] = dice.next() as u8,
        1 => {
            packed[3] |= 4;
            let length = (dice.next() as u16).to_le_bytes();
            packed.splice(10..10, length);
        }
        2 => packed[end - 8 + dice.below(4)] ^= 1 << dice.below(8),
        3 => packed[end - 4 + dice.below(4)] ^= 1 << dice.below(8),
        4 => packed.truncate(dice.below(end)),
        5 => packed.extend_from_slice(&dice.next().to_le_bytes()),
        6 => {
            let cut = dice.below(plain.len());
            packed = [gzip(&plain[..cut]), gzip(&plain[cut..])].concat();
            let cut = packed.len() - dice.below(3);
            packed.truncate(cut);
        }
        7 => packed = gzip(&gzip(plain)),
        8 => {
            let at = 10 + dice.below(end - 10);
            packed[at] ^= 1 << dice.below(8);
        }
        _ => packed = bomb(dice, plain),
    }
    packed
}

/// Much of nothing, or of one field.
fn bomb(dice: &mut Dice, plain: &[u8]) -> Vec<u8> {
    let size = 1 << (16 + dice.below(7));
    let content = match dice.below(4) {
        0 => vec![0; size],
        1 => [0x12, 0x00].repeat(size / 2),
        2 => [0x32, 0x00].repeat(size / 2),
        _ => plain.repeat(1 + size / plain.len() / 8),
    };
    gzip(&content)
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    writer.write_all(bytes).unwrap();
    writer.finish().unwrap()
}

#[test]
fn without_damage_the_message_is_the_same() {
    use prost::Message;
    let plain = super::cpu().raw().encode_to_vec();
    let fields = fields(&plain, 0);
    let nested = fields.iter().any(|it| match it {
        Field::Message(4, row) => row.iter().any(|it| matches!(it, Field::Message(4, _))),
        _ => false,
    });
    assert!(nested, "lines of locations are taken apart");
    let mut again = Vec::new();
    encode(&fields, &mut again);
    assert!(again == plain);
}

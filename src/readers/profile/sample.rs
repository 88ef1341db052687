//! Decodes one sample from its wire bytes.
//!
//! Samples are most of a profile. Numbers are counted before they are read, so each list is allocated once; the rest of
//! the wire is left to prost.

use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::proto::{Label, Sample};

/// Decodes the body of a sample. `None` where it is malformed, or has a field that only prost knows how to skip.
pub(crate) fn decode(mut body: &[u8]) -> Option<Sample> {
    let mut sample = Sample::default();
    while !body.is_empty() {
        let (tag, wire) = decode_key(&mut body).ok()?;
        match (tag, wire) {
            (1, WireType::LengthDelimited) => {
                numbers(part(&mut body)?, &mut sample.location_id, |it| it)?;
            }
            (2, WireType::LengthDelimited) => {
                numbers(part(&mut body)?, &mut sample.value, u64::cast_signed)?;
            }
            (1, WireType::Varint) => sample.location_id.push(decode_varint(&mut body).ok()?),
            (2, WireType::Varint) => {
                let value = decode_varint(&mut body).ok()?;
                sample.value.push(value.cast_signed());
            }
            (3, WireType::LengthDelimited) => {
                sample.label.push(Label::decode(part(&mut body)?).ok()?);
            }
            _ => return None,
        }
    }
    Some(sample)
}

/// The bytes of a field that begins with its length.
fn part<'a>(body: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = usize::try_from(decode_varint(body).ok()?).ok()?;
    let (part, rest) = body.split_at_checked(length)?;
    *body = rest;
    Some(part)
}

fn numbers<T>(mut packed: &[u8], list: &mut Vec<T>, number: impl Fn(u64) -> T) -> Option<()> {
    // The last byte of each number has no continuation bit.
    list.reserve_exact(packed.iter().filter(|byte| **byte < 0x80).count());
    while let Some((first, rest)) = packed.split_first() {
        let value = if *first < 0x80 {
            packed = rest;
            u64::from(*first)
        } else {
            decode_varint(&mut packed).ok()?
        };
        list.push(number(value));
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn samples_are_read_as_prost_reads_them() {
        let sample = Sample {
            location_id: vec![1, 127, 128, 300, u64::MAX, 0],
            value: vec![0, 1, -1, i64::MIN, i64::MAX],
            label: vec![
                Label::default(),
                Label {
                    key: 3,
                    str: 0,
                    num: -5,
                    num_unit: 2,
                },
            ],
        };
        let bytes = sample.encode_to_vec();
        assert_eq!(decode(&bytes), Some(sample));
        // Go writes lists of one or two without packing.
        let loose = [8, 1, 8, 0x80, 1, 16, 5];
        assert_eq!(decode(&loose), Sample::decode(&loose[..]).ok());
        for length in 0..bytes.len() {
            let ours = decode(&bytes[..length]);
            assert_eq!(ours, Sample::decode(&bytes[..length]).ok(), "{length}");
        }
    }
}

//! Reads the bytes of a profile into checked tables: gzip or plain, always within bounds of time and memory.

use std::io::Read;

use flate2::read::MultiGzDecoder;
use prost::Message;
use prost::encoding::{WireType, decode_key, decode_varint};

use super::index::Index;
use super::unreadable::ReadError;
use super::{Profile, proto, sample};

/// Bounds of what is read.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of the decompressed profile.
    pub decompressed: usize,
    /// Decompressed bytes for each compressed byte, once past a few MiB.
    pub ratio: usize,
    /// Bytes of the tables in memory.
    pub memory: usize,
    /// Bytes of one sample, location or other table row on the wire.
    pub row: usize,
    /// Frames of all stacks together, with inlined calls.
    pub frames: usize,
}

impl Limits {
    // Profiles of real programs compress 3 to 20 times; gzip itself can do 1032.
    /// What the program uses: 256 MiB decompressed, 200 to 1, 512 MiB of tables, 1 MiB for one row, 512 Mi frames.
    pub const DEFAULT: Self = Self {
        decompressed: 256 << 20,
        ratio: 200,
        memory: 512 << 20,
        row: 1 << 20,
        frames: 1 << 29,
    };
}

/// Reads a profile within [`Limits::DEFAULT`].
pub fn read(bytes: &[u8]) -> Result<Profile, ReadError> {
    read_within(bytes, &Limits::DEFAULT)
}

/// Reads a profile within `limits`.
pub fn read_within(bytes: &[u8], limits: &Limits) -> Result<Profile, ReadError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return decode(bytes, limits);
    }
    decode(&decompress(bytes, limits)?, limits)
}

/// The tables of a profile as one gzip file: the same bytes for the same tables.
pub fn encode(raw: &proto::Profile) -> Vec<u8> {
    use std::io::Write;
    let mut writer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    // Writing to a Vec cannot fail.
    let _ = writer.write_all(&raw.encode_to_vec());
    writer.finish().unwrap_or_default()
}

/// The decompressed bytes of a gzip file of one or more members.
pub fn decompress(bytes: &[u8], limits: &Limits) -> Result<Vec<u8>, ReadError> {
    let by_ratio = bytes.len().saturating_mul(limits.ratio).max(8 << 20);
    let limit = limits.decompressed.min(by_ratio);
    let mut plain = Vec::new();
    let stop = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    MultiGzDecoder::new(bytes)
        .take(stop)
        .read_to_end(&mut plain)
        .map_err(|error| match error.kind() {
            std::io::ErrorKind::UnexpectedEof => ReadError::TruncatedGzip,
            _ => ReadError::BrokenGzip,
        })?;
    if plain.len() > limit {
        return Err(ReadError::TooLarge { limit });
    }
    Ok(plain)
}

fn decode(bytes: &[u8], limits: &Limits) -> Result<Profile, ReadError> {
    if bytes.is_empty() {
        return Err(ReadError::Empty);
    }
    if let Some(reason) = text_form(bytes) {
        return Err(not_pprof(reason));
    }
    let profile = check(decode_rows(bytes, limits)?)?;
    check_frames(&profile, limits.frames)?;
    Ok(profile)
}

/// Checks tables that were made or changed by hand: indices and IDs must hold.
pub fn check(raw: proto::Profile) -> Result<Profile, ReadError> {
    check_strings(&raw)?;
    let profile = index(raw)?;
    check_samples(&profile)?;
    Ok(profile)
}

/// Decodes row by row: a row on the wire can take 36 times its length in memory, so both are bounded.
fn decode_rows(bytes: &[u8], limits: &Limits) -> Result<proto::Profile, ReadError> {
    let mut raw = proto::Profile::default();
    let mut memory = 0usize;
    let mut rest = bytes;
    while !rest.is_empty() {
        let field = next_field(rest)?;
        let (tag, row) = (field.tag, field.row);
        if row.len() > limits.row && tag != STRING_TABLE {
            return Err(ReadError::TooLarge { limit: limits.row });
        }
        let sample = field.body.filter(|_| tag == SAMPLE);
        let sample = sample.and_then(sample::decode);
        match sample {
            Some(sample) => raw.sample.push(sample),
            None => raw
                .merge(row)
                .map_err(|error| not_pprof(error.to_string()))?,
        }
        memory = memory.saturating_add(row_memory(&raw, tag));
        if memory > limits.memory {
            let limit = limits.memory;
            return Err(ReadError::TooLarge { limit });
        }
        rest = field.after;
    }
    Ok(raw)
}

const SAMPLE: u32 = 2;
const STRING_TABLE: u32 = 6;

/// A field on the wire.
struct Field<'a> {
    tag: u32,
    /// With tag and length.
    row: &'a [u8],
    /// Without them; numbers have none.
    body: Option<&'a [u8]>,
    after: &'a [u8],
}

fn next_field(bytes: &[u8]) -> Result<Field<'_>, ReadError> {
    let malformed = |error: prost::DecodeError| not_pprof(error.to_string());
    let mut rest = bytes;
    let (tag, wire) = decode_key(&mut rest).map_err(malformed)?;
    let length = match wire {
        WireType::Varint => {
            decode_varint(&mut rest).map_err(malformed)?;
            0
        }
        WireType::SixtyFourBit => 8,
        WireType::ThirtyTwoBit => 4,
        WireType::LengthDelimited => decode_varint(&mut rest).map_err(malformed)?,
        // Go's reader knows no groups either.
        WireType::StartGroup | WireType::EndGroup => {
            return Err(not_pprof(format!("unknown wire type: {}", wire as u8)));
        }
    };
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    let (body, after) = rest
        .split_at_checked(length)
        .ok_or_else(|| not_pprof("it ends in the middle of a field"))?;
    let (row, _) = bytes.split_at(bytes.len() - after.len());
    Ok(Field {
        tag,
        row,
        body: Some(body).filter(|_| wire == WireType::LengthDelimited),
        after,
    })
}

/// Bytes that the last row of this table takes in memory.
fn row_memory(raw: &proto::Profile, tag: u32) -> usize {
    const ROW: usize = 64;
    let inner = match tag {
        SAMPLE => raw.sample.last().map_or(0, |sample| {
            8 * (sample.location_id.len() + sample.value.len()) + 32 * sample.label.len()
        }),
        4 => raw
            .location
            .last()
            .map_or(0, |location| 24 * location.line.len()),
        STRING_TABLE => raw.string_table.last().map_or(0, Vec::len),
        _ => 0,
    };
    ROW + inner
}

/// Go refuses a profile with a string index out of the table since 1.22; up to 1.21 it took such strings as empty.
fn check_strings(raw: &proto::Profile) -> Result<(), ReadError> {
    match raw.string_table.first() {
        None => return Err(not_pprof("it has no string table")),
        Some(first) if !first.is_empty() => {
            return Err(not_pprof(
                "the first entry of its string table is not empty",
            ));
        }
        Some(_) => {}
    }
    let end = raw.string_table.len();
    match string_indices(raw).find(|number| !usize::try_from(*number).is_ok_and(|it| it < end)) {
        Some(index) => Err(not_pprof(format!(
            "string index {index} lies outside its table of {end}"
        ))),
        None => Ok(()),
    }
}

/// Every string index that Go reads (it knows neither units of labels nor `doc_url`).
fn string_indices(raw: &proto::Profile) -> impl Iterator<Item = i64> {
    let types = raw.sample_type.iter().chain(&raw.period_type);
    let labels = raw.sample.iter().flat_map(|sample| &sample.label);
    types
        .flat_map(|kind| [kind.r#type, kind.unit])
        .chain(labels.flat_map(|label| [label.key, label.str]))
        .chain(
            raw.mapping
                .iter()
                .flat_map(|mapping| [mapping.filename, mapping.build_id]),
        )
        .chain(
            raw.function
                .iter()
                .flat_map(|function| [function.name, function.system_name, function.filename]),
        )
        .chain(raw.comment.iter().copied())
        .chain([raw.drop_frames, raw.keep_frames, raw.default_sample_type])
}

/// Finds rows by ID, and refuses IDs that Go refuses: 0, twice the same, a function that is not there.
fn index(raw: proto::Profile) -> Result<Profile, ReadError> {
    let mappings = Index::new(raw.mapping.iter().map(|mapping| mapping.id))
        .map_err(|id| bad_id("mapping", id))?;
    let functions = Index::new(raw.function.iter().map(|function| function.id))
        .map_err(|id| bad_id("function", id))?;
    let locations = Index::new(raw.location.iter().map(|location| location.id))
        .map_err(|id| bad_id("location", id))?;
    for line in raw.location.iter().flat_map(|location| &location.line) {
        if line.function_id != 0 && functions.get(line.function_id).is_none() {
            let id = line.function_id;
            return Err(not_pprof(format!("function ID {id} is not in its table")));
        }
    }
    Ok(Profile {
        raw,
        mappings,
        functions,
        locations,
    })
}

fn check_samples(profile: &Profile) -> Result<(), ReadError> {
    let types = profile.raw.sample_type.len();
    for sample in &profile.raw.sample {
        let values = sample.value.len();
        if values != types || types == 0 {
            return Err(not_pprof(format!(
                "a sample has {values} values, but there are {types} sample types"
            )));
        }
        // Go up to 1.27 follows such an ID into a nil pointer.
        if let Some(id) = sample
            .location_id
            .iter()
            .find(|id| profile.locations.get(**id).is_none())
        {
            return Err(not_pprof(format!("location ID {id} is not in its table")));
        }
    }
    Ok(())
}

/// A few long locations, shared by many samples, would keep every reader of stacks busy for hours.
fn check_frames(profile: &Profile, limit: usize) -> Result<(), ReadError> {
    let ids = profile
        .raw
        .sample
        .iter()
        .flat_map(|sample| &sample.location_id);
    let mut frames = 0usize;
    for location in ids.filter_map(|id| profile.location(*id)) {
        frames = frames.saturating_add(location.line.len().max(1));
        if frames > limit {
            return Err(ReadError::TooDeep { limit });
        }
    }
    Ok(())
}

/// Recognises what is often saved in place of a profile.
fn text_form(bytes: &[u8]) -> Option<&'static str> {
    const DEBUG: &str =
        "it is the text form of a profile (fetched with `debug=1`), which has no call sites";
    const PAGE: &str = "it is an HTML or XML page";
    const STARTS: [(&str, &str); 10] = [
        ("goroutine profile: total", DEBUG),
        ("heap profile: ", DEBUG),
        ("threadcreate profile: total", DEBUG),
        ("--- contention:", DEBUG),
        ("--- mutex:", DEBUG),
        ("<!", PAGE),
        ("<html", PAGE),
        ("<?xml", PAGE),
        (
            "version https://git-lfs",
            "it is a Git LFS pointer: fetch the file with `git lfs pull`",
        ),
        (
            "Could not enable CPU profiling",
            "it says that the program was being profiled already",
        ),
    ];
    let start = bytes.trim_ascii_start();
    let mut known = STARTS.iter();
    let found = known.find(|(text, _)| start.starts_with(text.as_bytes()));
    found.map(|(_, meaning)| *meaning)
}

fn bad_id(table: &str, id: u64) -> ReadError {
    not_pprof(match id {
        0 => format!("a {table} has the reserved ID 0"),
        _ => format!("two entries have the {table} ID {id}"),
    })
}

fn not_pprof(reason: impl Into<String>) -> ReadError {
    ReadError::NotPprof {
        reason: reason.into(),
    }
}

//! Combines samples of several profiles under one set of tables, in which nothing stands twice and nothing is unused.
//!
//! Mappings are equal by size and build ID (or path), so address randomisation does not make programs differ; locations
//! by their address within the mapping and their lines; functions by name, file and start line; samples by stack and
//! labels.

use std::collections::{HashMap, HashSet};

use super::strings::{Strings, renumber};
use super::{Profile, proto};

/// What a profile says about itself, with its strings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Header {
    sample_types: Vec<(Vec<u8>, Vec<u8>)>,
    period_type: (Vec<u8>, Vec<u8>),
    drop_frames: Vec<u8>,
    keep_frames: Vec<u8>,
    time_nanos: i64,
    duration_nanos: i64,
    period: i64,
    comments: Vec<Vec<u8>>,
    seen_comments: HashSet<Vec<u8>>,
    default_sample_type: Vec<u8>,
    doc_url: Vec<u8>,
}

impl Header {
    /// The header of one profile.
    pub(crate) fn of(profile: &Profile) -> Self {
        let raw = profile.raw();
        let text = |index: i64| profile.bytes(index).to_vec();
        let pair = |kind: &proto::ValueType| (text(kind.r#type), text(kind.unit));
        let mut header = Self {
            sample_types: raw.sample_type.iter().map(pair).collect(),
            period_type: raw.period_type.as_ref().map(pair).unwrap_or_default(),
            drop_frames: text(raw.drop_frames),
            keep_frames: text(raw.keep_frames),
            ..Self::default()
        };
        header.join(profile);
        header
    }

    /// Adds what another profile says: the earliest time, the sum of durations, the longest period, all comments.
    pub(crate) fn join(&mut self, profile: &Profile) {
        let raw = profile.raw();
        if self.time_nanos == 0 || raw.time_nanos < self.time_nanos {
            self.time_nanos = raw.time_nanos;
        }
        self.duration_nanos = self.duration_nanos.wrapping_add(raw.duration_nanos);
        self.period = self.period.max(raw.period);
        for comment in &raw.comment {
            let comment = profile.bytes(*comment).to_vec();
            if self.seen_comments.insert(comment.clone()) {
                self.comments.push(comment);
            }
        }
        if self.default_sample_type.is_empty() {
            self.default_sample_type = profile.bytes(raw.default_sample_type).to_vec();
        }
        if self.doc_url.is_empty() {
            self.doc_url = profile.bytes(raw.doc_url).to_vec();
        }
    }

    fn write(&self, raw: &mut proto::Profile, strings: &mut Strings) {
        let mut pair = |(r#type, unit): &(Vec<u8>, Vec<u8>)| proto::ValueType {
            r#type: strings.add(r#type),
            unit: strings.add(unit),
        };
        raw.sample_type = self.sample_types.iter().map(&mut pair).collect();
        raw.period_type =
            Some(pair(&self.period_type)).filter(|kind| kind.r#type != 0 || kind.unit != 0);
        raw.drop_frames = strings.add(&self.drop_frames);
        raw.keep_frames = strings.add(&self.keep_frames);
        raw.comment = self
            .comments
            .iter()
            .map(|comment| strings.add(comment))
            .collect();
        raw.default_sample_type = strings.add(&self.default_sample_type);
        raw.doc_url = strings.add(&self.doc_url);
        raw.time_nanos = self.time_nanos;
        raw.duration_nanos = self.duration_nanos;
        raw.period = self.period;
    }
}

type MappingKey = (u64, u64, i64);
type LocationKey = (u64, u64, Vec<proto::Line>, bool);
type FunctionKey = (i64, i64, i64, i64);
type SampleKey = (Vec<u64>, Vec<proto::Label>);

/// Tables under construction. Row N of a table has the ID N + 1.
pub(crate) struct Combiner {
    raw: proto::Profile,
    strings: Strings,
    mappings: HashMap<MappingKey, u64>,
    locations: HashMap<LocationKey, u64>,
    functions: HashMap<FunctionKey, u64>,
    samples: HashMap<SampleKey, usize>,
}

/// New IDs of what one source was already asked for; a source's strings are found by index.
#[derive(Default)]
struct Moved {
    mappings: HashMap<u64, u64>,
    locations: HashMap<u64, u64>,
    functions: HashMap<u64, u64>,
}

impl Combiner {
    /// Empty tables under this header.
    pub(crate) fn new(header: Header) -> Self {
        let mut raw = proto::Profile::default();
        let mut strings = Strings::new();
        header.write(&mut raw, &mut strings);
        Self {
            raw,
            strings,
            mappings: HashMap::new(),
            locations: HashMap::new(),
            functions: HashMap::new(),
            samples: HashMap::new(),
        }
    }

    /// Adds samples, whose IDs and indices are those of `profile`.
    pub(crate) fn add(&mut self, profile: &Profile, samples: &[proto::Sample]) {
        let mut moved = Moved::default();
        // The first mapping is the main binary: it must come first here, too.
        if let (true, Some(main)) = (self.raw.mapping.is_empty(), profile.raw().mapping.first()) {
            self.mapping(profile, main.id, &mut moved);
        }
        for sample in samples.iter().filter(|sample| !is_zero(sample)) {
            self.sample(profile, sample, &mut moved);
        }
    }

    /// The tables. Samples whose values cancelled out are gone.
    pub(crate) fn finish(mut self) -> proto::Profile {
        self.raw.string_table = self.strings.table();
        renumber(&mut self.raw);
        if self.raw.sample.iter().any(is_zero)
            && let Ok(profile) = super::read::check(self.raw.clone())
        {
            let mut again = Self::new(Header::of(&profile));
            again.add(&profile, &profile.raw().sample);
            return again.finish();
        }
        self.raw
    }

    fn sample(&mut self, profile: &Profile, sample: &proto::Sample, moved: &mut Moved) {
        let ids = sample.location_id.iter();
        let stack: Vec<_> = ids.map(|id| self.location(profile, *id, moved)).collect();
        let label = self.labels(profile, &sample.label);
        let at = *self
            .samples
            .entry((stack, label))
            .or_insert_with_key(|(stack, label)| {
                self.raw.sample.push(proto::Sample {
                    location_id: stack.clone(),
                    value: vec![0; sample.value.len()],
                    label: label.clone(),
                });
                self.raw.sample.len() - 1
            });
        let sums = self.raw.sample[at].value.iter_mut();
        for (sum, value) in sums.zip(&sample.value) {
            *sum = sum.wrapping_add(*value);
        }
    }

    /// Labels in Go's order: by key, texts before numbers.
    fn labels(&mut self, profile: &Profile, labels: &[proto::Label]) -> Vec<proto::Label> {
        let used = labels
            .iter()
            .filter(|label| label.str != 0 || label.num != 0 || label.num_unit != 0);
        let mut moved: Vec<_> = used
            .map(|label| proto::Label {
                key: self.strings.add(profile.bytes(label.key)),
                str: self.strings.add(profile.bytes(label.str)),
                num: label.num,
                num_unit: self.strings.add(profile.bytes(label.num_unit)),
            })
            .collect();
        if moved.len() > 1 {
            moved.sort_by_key(|label| (label.str == 0, self.strings.get(label.key)));
        }
        moved
    }

    fn location(&mut self, profile: &Profile, id: u64, moved: &mut Moved) -> u64 {
        if let Some(id) = moved.locations.get(&id) {
            return *id;
        }
        let Some(source) = profile.location(id) else {
            return 0;
        };
        let (mapping_id, shift) = self.mapping(profile, source.mapping_id, moved);
        let address = source.address.wrapping_add(shift);
        let start = self.start_of(mapping_id);
        let lines = source.line.iter().map(|line| proto::Line {
            function_id: self.function(profile, line.function_id, moved),
            ..*line
        });
        let lines: Vec<_> = lines.collect();
        let offset = address.wrapping_sub(start);
        let key = (mapping_id, offset, lines, source.is_folded);
        let new = *self.locations.entry(key).or_insert_with_key(|key| {
            let id = self.raw.location.len() as u64 + 1;
            self.raw.location.push(proto::Location {
                id,
                mapping_id,
                address,
                line: key.2.clone(),
                is_folded: source.is_folded,
            });
            id
        });
        moved.locations.insert(id, new);
        new
    }

    /// The new ID of a mapping, and what to add to its addresses.
    fn mapping(&mut self, profile: &Profile, id: u64, moved: &mut Moved) -> (u64, u64) {
        let Some(source) = profile.mapping(id) else {
            return (0, 0);
        };
        let new = match moved.mappings.get(&id) {
            Some(new) => *new,
            None => self.new_mapping(profile, source),
        };
        moved.mappings.insert(id, new);
        (new, self.start_of(new).wrapping_sub(source.memory_start))
    }

    fn new_mapping(&mut self, profile: &Profile, source: &proto::Mapping) -> u64 {
        const PAGE: u64 = 0x1000;
        let filename = self.strings.add(profile.bytes(source.filename));
        let build_id = self.strings.add(profile.bytes(source.build_id));
        let size = source.memory_limit.wrapping_sub(source.memory_start);
        let size = size.wrapping_add(PAGE - 1) / PAGE;
        let name = if build_id == 0 { filename } else { build_id };
        let next = self.raw.mapping.len() as u64 + 1;
        let id = *self
            .mappings
            .entry((size, source.file_offset, name))
            .or_insert(next);
        if id == next {
            self.raw.mapping.push(proto::Mapping {
                id,
                filename,
                build_id,
                ..*source
            });
        }
        id
    }

    fn start_of(&self, mapping: u64) -> u64 {
        let position = usize::try_from(mapping).unwrap_or(0).checked_sub(1);
        let row = position.and_then(|position| self.raw.mapping.get(position));
        row.map_or(0, |mapping| mapping.memory_start)
    }

    fn function(&mut self, profile: &Profile, id: u64, moved: &mut Moved) -> u64 {
        if let Some(id) = moved.functions.get(&id) {
            return *id;
        }
        let Some(source) = profile.function(id) else {
            return 0;
        };
        let name = self.strings.add(profile.bytes(source.name));
        let system_name = self.strings.add(profile.bytes(source.system_name));
        let filename = self.strings.add(profile.bytes(source.filename));
        let next = self.raw.function.len() as u64 + 1;
        let key = (source.start_line, name, system_name, filename);
        let new = *self.functions.entry(key).or_insert(next);
        if new == next {
            self.raw.function.push(proto::Function {
                id: new,
                name,
                system_name,
                filename,
                start_line: source.start_line,
            });
        }
        moved.functions.insert(id, new);
        new
    }
}

fn is_zero(sample: &proto::Sample) -> bool {
    sample.value.iter().all(|it| *it == 0)
}

//! Makes a CPU profile in which the compiler does not see some of the calls: all others keep their weight.
//!
//! So a function can be kept from being inlined because it is hot, as where it would make the frame of a goroutine grow
//! (golang/go#65532), without giving up the rest of the profile.

use std::collections::HashMap;

use super::{Profile, ReadError, proto, read};

/// A profile without the calls for which `hidden(caller, callee, line offset)` holds.
///
/// A stack with such a call falls in two, both with its values, so that every other call in it keeps its weight. Sums over
/// samples grow by that: the result is for the compiler, not for people.
pub fn without(
    profile: &Profile,
    hidden: impl Fn(&str, &str, i64) -> bool,
) -> Result<Profile, ReadError> {
    let mut raw = profile.raw().clone();
    let mut cutter = Cutter::new(profile);
    raw.sample = Vec::new();
    for sample in &profile.raw().sample {
        let frames = cutter.compiler_frames(sample);
        let cuts = cutter.cuts(&frames, &hidden);
        if cuts.is_empty() {
            raw.sample.push(sample.clone());
            continue;
        }
        let ends = cuts.iter().copied().chain([frames.len()]);
        let starts = [0].into_iter().chain(cuts.iter().copied());
        for (start, end) in starts.zip(ends) {
            raw.sample.push(proto::Sample {
                location_id: cutter.stack(&frames[start..end]),
                ..sample.clone()
            });
        }
    }
    raw.location.append(&mut cutter.rows);
    read::check(raw)
}

/// A frame: its location, and which of its lines.
#[derive(Clone, Copy)]
struct At<'a> {
    location: &'a proto::Location,
    line: usize,
    name: &'a [u8],
    offset: i64,
}

struct Cutter<'a> {
    profile: &'a Profile,
    /// New locations that hold some of the lines of old ones.
    rows: Vec<proto::Location>,
    ids: HashMap<(u64, usize, usize), u64>,
    next: u64,
}

impl<'a> Cutter<'a> {
    fn new(profile: &'a Profile) -> Self {
        let ids = profile.raw().location.iter().map(|location| location.id);
        Self {
            profile,
            rows: Vec::new(),
            ids: HashMap::new(),
            next: ids.max().unwrap_or(0).wrapping_add(1),
        }
    }

    /// The frames of the two innermost locations, leaf first: the only ones that the compiler looks at.
    fn compiler_frames(&self, sample: &proto::Sample) -> Vec<At<'a>> {
        let mut frames = Vec::new();
        for id in sample.location_id.iter().take(2) {
            let Some(location) = self.profile.location(*id) else {
                continue;
            };
            // A location without lines is a frame, too.
            for line in 0..location.line.len().max(1) {
                let source = location.line.get(line).copied().unwrap_or_default();
                let function = self
                    .profile
                    .function(source.function_id)
                    .copied()
                    .unwrap_or_default();
                frames.push(At {
                    location,
                    line,
                    name: self.profile.bytes(function.name),
                    offset: source.line.wrapping_sub(function.start_line),
                });
            }
        }
        frames
    }

    /// Positions of frames that call the frame before them where that call is to be hidden.
    fn cuts(&self, frames: &[At<'a>], hidden: impl Fn(&str, &str, i64) -> bool) -> Vec<usize> {
        let text = |at: &At<'a>| String::from_utf8_lossy(at.name);
        let calls = frames.windows(2).enumerate();
        let cuts =
            calls.filter(|(_, pair)| hidden(&text(&pair[1]), &text(&pair[0]), pair[1].offset));
        cuts.map(|(at, _)| at + 1).collect()
    }

    /// Locations that hold just these frames. Addresses stay, so places stay what they are.
    fn stack(&mut self, frames: &[At<'a>]) -> Vec<u64> {
        let runs =
            frames.chunk_by(|a, b| std::ptr::eq(a.location, b.location) && b.line == a.line + 1);
        let ends = runs.filter_map(|run| Some((run.first()?, run.last()?)));
        ends.map(|(first, last)| self.part(first.location, first.line, last.line))
            .collect()
    }

    fn part(&mut self, location: &proto::Location, first: usize, last: usize) -> u64 {
        let whole = first == 0 && last + 1 >= location.line.len();
        if whole {
            return location.id;
        }
        let next = self.next;
        let id = *self.ids.entry((location.id, first, last)).or_insert(next);
        if id == next {
            self.next = next.wrapping_add(1);
            self.rows.push(proto::Location {
                id,
                line: location.line[first..=last].to_vec(),
                ..*location
            });
        }
        id
    }
}

//! Makes a small CPU profile from which Go's compiler reads the very same calls.
//!
//! The compiler looks at the two innermost locations of each stack, at function names, start lines and the lines of
//! calls. Deeper frames, addresses, file names, labels and the second value go. What remains is sorted, so equal
//! contents give equal bytes, and is checked to have equal edges before it is returned.

use std::collections::HashMap;

use super::combine::{Combiner, Header};
use super::diff::{Diff, HOT_PERCENT, diff};
use super::{Edges, Profile, edges, encode, proto, read};

/// What a slim profile keeps beyond what the compiler reads.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Keep {
    /// Nothing: the smallest file. Lines count from the declaration, which is always in line 1.
    #[default]
    Calls,
    /// Start lines, and the line of the innermost frame too: the compiler ignores it, but people like to see it.
    Lines,
}

/// Why a profile cannot be made slim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SlimError {
    /// The compiler reads no calls from it: see [`super::fitness::judge_profile`].
    Unfit,
    /// The slim form would not have the same calls, as with negative values: the full file must stay.
    Differs,
}

/// A small profile with the same calls.
#[derive(Debug, Clone)]
pub struct Slim {
    /// The file: gzip, the same bytes for the same contents.
    pub bytes: Vec<u8>,
    /// The calls, equal to those of the full profile.
    pub edges: Edges,
}

/// Makes a profile slim.
pub fn slim(profile: &Profile, keep: Keep) -> Result<Slim, SlimError> {
    let value = profile.pgo_value_index().ok_or(SlimError::Unfit)?;
    let wanted = edges(profile, value);
    if wanted.total == 0 || !wanted.start_lines {
        return Err(SlimError::Unfit);
    }
    let short = read::check(shortened(profile, value, keep)).map_err(|_| SlimError::Differs)?;
    let mut combiner = Combiner::new(Header::of(&short));
    combiner.add(&short, &short.raw().sample);
    let raw = sorted(combiner.finish());
    let bytes = encode(&raw);
    match read::check(raw) {
        Ok(slim) if edges(&slim, 0) == wanted => Ok(Slim {
            bytes,
            edges: wanted,
        }),
        _ => Err(SlimError::Differs),
    }
}

/// What to write where a slim profile is there already.
#[derive(Debug, Clone)]
pub enum Refreshed {
    /// The old bytes: nothing recompiles.
    Kept(Vec<u8>),
    /// The new bytes, and how the hot calls differ; unknown where the old file cannot be read.
    Replaced(Vec<u8>, Option<Diff>),
}

/// Keeps the previous bytes while the hot calls stay the same, so that build caches survive a new collection. Calls of up
/// to `tolerance` percent of the weight may differ (see [`Diff::changed_percent`]); at 0 the hot sets are equal.
pub fn refresh(previous: &[u8], next: Slim, tolerance: f64) -> Refreshed {
    let Ok(old) = read::read(previous) else {
        return Refreshed::Replaced(next.bytes, None);
    };
    let old = old
        .pgo_value_index()
        .map(|it| edges(&old, it))
        .unwrap_or_default();
    let diff = diff(&old, &next.edges, HOT_PERCENT);
    match diff.is_empty() || diff.changed_percent <= tolerance {
        true => Refreshed::Kept(previous.to_vec()),
        false => Refreshed::Replaced(next.bytes, Some(diff)),
    }
}

/// The same samples with one value, two locations, and nothing else.
fn shortened(profile: &Profile, value: usize, keep: Keep) -> proto::Profile {
    let source = profile.raw();
    let functions = source.function.iter();
    let mut locations = Locations {
        profile,
        keep,
        rows: Vec::new(),
        ids: HashMap::new(),
    };
    let samples = source.sample.iter().filter_map(|sample| {
        let weight = *sample.value.get(value).filter(|value| **value != 0)?;
        Some(proto::Sample {
            location_id: locations.shorten(sample),
            value: vec![weight],
            label: Vec::new(),
        })
    });
    proto::Profile {
        sample: samples.collect(),
        sample_type: vec![source.sample_type[value]],
        location: locations.rows,
        function: functions.map(|it| bare_function(it, keep)).collect(),
        mapping: source.mapping.first().copied().into_iter().collect(),
        comment: source.comment.clone(),
        string_table: source.string_table.clone(),
        period_type: source.period_type,
        ..header_numbers(source)
    }
}

fn header_numbers(source: &proto::Profile) -> proto::Profile {
    proto::Profile {
        time_nanos: source.time_nanos,
        duration_nanos: source.duration_nanos,
        period: source.period,
        ..proto::Profile::default()
    }
}

/// The line of a declaration where only the distance to it is kept.
const FIRST_LINE: i64 = 1;

fn bare_function(function: &proto::Function, keep: Keep) -> proto::Function {
    proto::Function {
        start_line: match keep {
            Keep::Calls => FIRST_LINE,
            Keep::Lines => function.start_line,
        },
        system_name: 0,
        filename: 0,
        ..*function
    }
}

struct Locations<'a> {
    profile: &'a Profile,
    keep: Keep,
    rows: Vec<proto::Location>,
    ids: HashMap<(u64, Role), u64>,
}

/// What a location does in a stack of two. Places are told apart by address, and a place calls itself only across two
/// of them, so one address for leafs and one for callers is enough.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Role {
    Leaf,
    Caller,
    /// Leaf and caller have one address: a place in both must stay one place.
    Both,
}

impl Locations<'_> {
    fn shorten(&mut self, sample: &proto::Sample) -> Vec<u64> {
        let address = |id| {
            self.profile
                .location(id)
                .map_or(0, |location| location.address)
        };
        match sample.location_id[..] {
            [] => Vec::new(),
            [leaf] => vec![self.row(leaf, Role::Leaf)],
            [leaf, caller, ..] if address(leaf) == address(caller) => {
                vec![self.row(leaf, Role::Both), self.row(caller, Role::Both)]
            }
            [leaf, caller, ..] => vec![self.row(leaf, Role::Leaf), self.row(caller, Role::Caller)],
        }
    }

    fn row(&mut self, id: u64, role: Role) -> u64 {
        if let Some(known) = self.ids.get(&(id, role)) {
            return *known;
        }
        let next = self.rows.len() as u64 + 1;
        self.ids.insert((id, role), next);
        let lines = self
            .profile
            .location(id)
            .map_or(&[][..], |location| &location.line);
        self.rows.push(proto::Location {
            id: next,
            address: u64::from(role == Role::Caller),
            line: self.lines(lines, role),
            ..proto::Location::default()
        });
        next
    }

    fn lines(&self, lines: &[proto::Line], role: Role) -> Vec<proto::Line> {
        let function = |line: &proto::Line| self.profile.function(line.function_id);
        let start = |line: &proto::Line| function(line).map_or(0, |function| function.start_line);
        let name = |line: &proto::Line| function(line).map_or(0, |function| function.name);
        // No call happens in the innermost frame, so its line says nothing to the compiler. Where a function is inlined
        // into itself, the line tells the two frames apart.
        let mut around = lines.iter().skip(1);
        let forget_leaf = self.keep == Keep::Calls
            && role == Role::Leaf
            && around.all(|line| name(line) != name(&lines[0]));
        let shorten = |(at, line): (usize, &proto::Line)| {
            let offset = match at {
                0 if forget_leaf => 0,
                _ => line.line.wrapping_sub(start(line)),
            };
            let first = match self.keep {
                Keep::Calls => FIRST_LINE,
                Keep::Lines => start(line),
            };
            proto::Line {
                function_id: line.function_id,
                line: first.wrapping_add(offset),
                column: 0,
            }
        };
        lines.iter().enumerate().map(shorten).collect()
    }
}

/// Sorts every table by content and numbers it anew: the order of collection must not show.
fn sorted(mut raw: proto::Profile) -> proto::Profile {
    let strings = raw.string_table.clone();
    let text = |index: i64| usize::try_from(index).ok().and_then(|it| strings.get(it));
    raw.function
        .sort_by(|a, b| (text(a.name), a.start_line).cmp(&(text(b.name), b.start_line)));
    let functions = renumbered(raw.function.iter_mut().map(|function| &mut function.id));
    for line in raw
        .location
        .iter_mut()
        .flat_map(|location| &mut location.line)
    {
        line.function_id = functions.get(&line.function_id).copied().unwrap_or(0);
    }
    raw.location
        .sort_by(|a, b| (a.address, &a.line).cmp(&(b.address, &b.line)));
    let locations = renumbered(raw.location.iter_mut().map(|location| &mut location.id));
    for id in raw
        .sample
        .iter_mut()
        .flat_map(|sample| &mut sample.location_id)
    {
        *id = locations.get(id).copied().unwrap_or(0);
    }
    raw.sample
        .sort_by(|a, b| (&a.location_id, &a.value).cmp(&(&b.location_id, &b.value)));
    super::strings::renumber(&mut raw);
    raw
}

/// Gives rows the IDs 1, 2, 3..., and says which was which.
fn renumbered<'a>(ids: impl Iterator<Item = &'a mut u64>) -> HashMap<u64, u64> {
    let mut moved = HashMap::new();
    for (new, id) in (1..).zip(ids) {
        moved.insert(*id, new);
        *id = new;
    }
    moved
}

impl std::fmt::Display for SlimError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Unfit => "the compiler reads no calls from the profile",
            Self::Differs => "the profile cannot be made slim without changing its calls",
        })
    }
}

impl std::error::Error for SlimError {}

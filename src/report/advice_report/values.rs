//! Chooses which values of a profile are charged to lines.

use std::collections::{HashMap, HashSet};

use crate::advise::{Charged, Class, Measure, Memory, Shape, charge};
use crate::escape;
use crate::profile::proto::Sample;
use crate::profile::{Kind, Profile};

/// What a profile measures; `None` where nothing is charged to a line by it.
pub(crate) fn measure(profile: &Profile) -> Option<Measure> {
    match profile.kind() {
        Kind::Cpu => Some(Measure::Cpu),
        Kind::Heap => Some(Measure::Allocated),
        Kind::Mutex => Some(Measure::Mutex),
        Kind::Block | Kind::Contention => Some(Measure::Block),
        Kind::Goroutine => Some(Measure::Goroutines),
        Kind::Other(types) if types.starts_with("goroutineleak") => Some(Measure::Leaked),
        Kind::Threadcreate | Kind::Other(_) => None,
    }
}

/// Counts the samples behind an entry.
pub(super) type Count = Box<dyn Fn(&Sample) -> u64>;

/// Which value is charged, and how many samples stand behind an entry.
pub(super) fn values(profile: &Profile, measure: Measure) -> (usize, Count) {
    let shown = profile.shown_value_index();
    let at = |name: &str, unit: &str| profile.value_index(name, unit);
    let counted = |index: Option<usize>| -> Count {
        Box::new(move |sample| {
            let count = index.and_then(|index| sample.value.get(index)).copied();
            count.map_or(1, |count| u64::try_from(count).unwrap_or_default())
        })
    };
    match measure {
        Measure::Cpu => {
            let value = at("cpu", "nanoseconds").or(profile.pgo_value_index());
            (value.unwrap_or(shown), counted(at("samples", "count")))
        }
        Measure::Allocated | Measure::InUse => {
            let bytes = at("alloc_space", "bytes").unwrap_or(shown);
            let objects = at("alloc_objects", "count");
            let rate = match profile.raw().period {
                rate if rate > 0 => rate as f64,
                _ => 524_288.0,
            };
            (
                bytes,
                Box::new(move |sample| drawn(sample, bytes, objects, rate)),
            )
        }
        Measure::Mutex | Measure::Block => {
            let value = at("delay", "nanoseconds").unwrap_or(shown);
            (value, counted(at("contentions", "count")))
        }
        Measure::Goroutines | Measure::Leaked => (shown, counted(Some(shown))),
    }
}

/// How many samples the runtime took of what it says was allocated: it scales what it writes. One object in `rate` bytes is
/// taken, larger ones always.
fn drawn(sample: &Sample, bytes: usize, objects: Option<usize>, rate: f64) -> u64 {
    let value = |index: usize| sample.value.get(index).copied().unwrap_or_default() as f64;
    let objects = objects.map_or(1.0, value);
    if objects <= 0.0 {
        return 0;
    }
    let size = value(bytes) / objects;
    let chance = 1.0 - (-size / rate).exp();
    (objects * chance).round().max(1.0) as u64
}

/// The four values of a heap profile by line.
pub(super) fn memory_by_line(
    profile: &Profile,
    charged: &Charged,
    own: &HashSet<String>,
) -> HashMap<usize, Memory> {
    let mut memory: HashMap<usize, Memory> = HashMap::new();
    let lines: HashMap<_, usize> = charged.lines.iter().zip(0..).collect();
    let values = [
        ("alloc_space", "bytes"),
        ("alloc_objects", "count"),
        ("inuse_space", "bytes"),
        ("inuse_objects", "count"),
    ];
    for (index, (name, unit)) in values.into_iter().enumerate() {
        let Some(value) = profile.value_index(name, unit) else {
            continue;
        };
        let part = charge(profile, value, |_| 1, |word| own.contains(word));
        for it in &part.spent {
            let Some(line) = lines.get(&part.lines[it.line]) else {
                continue;
            };
            let known = memory.entry(*line).or_default();
            match index {
                0 => known.bytes = it.direct.weight,
                1 => known.objects = it.direct.weight,
                2 => known.in_use = it.direct.weight,
                _ => known.objects_in_use = it.direct.weight,
            }
        }
    }
    memory
}

/// What a line allocates for, by the compiler's words; without any, by what stands there.
pub(super) fn heap_class(shape: Option<&Shape>, sites: &[(escape::Class, &str)]) -> Class {
    let has = |class| sites.iter().any(|site| site.0 == class);
    let grown = |shape: &Shape| shape.grows_slice;
    if shape.is_some_and(grown) {
        return Class::Append;
    }
    // Numbers are added, too: that strings are put together the compiler says.
    let lengthens = shape.is_some_and(|shape| !shape.lengthened.is_empty());
    let mut strings = sites
        .iter()
        .filter(|site| site.0 == escape::Class::Conversion);
    if strings.any(|site| lengthens || escape::is_sum(site.1)) {
        return Class::Concat;
    }
    if has(escape::Class::Make) {
        return Class::Make;
    }
    if has(escape::Class::Conversion) {
        return Class::Conversion;
    }
    if has(escape::Class::Boxing) {
        return Class::Boxing;
    }
    match shape.is_some_and(|shape| shape.grows_map) && sites.is_empty() {
        true => Class::MapGrow,
        false => Class::New,
    }
}

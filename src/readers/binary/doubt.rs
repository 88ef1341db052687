//! Drops bytes in machine code that look like the address of data but are not.

use super::functions::Entry;
use super::image::Addr;
use super::objects::{Data, Source, addr_of, owner_of, source_of};
use super::packages::Set;
use super::partition::Sieve;
use super::state::{State, with_bodies};
use super::{Format, references};

/// Each round looks at all code. The go command and its compiler take three at most; a file that was made to take more has wrong
/// owners instead.
const MOST_ROUNDS: usize = 8;

/// Instructions that are alike have bytes that look like addresses close to each other. Where one was none, those within this
/// distance are looked at in the next round: one by one from the outside, there would be more of them than rounds.
const NEAR: u32 = 4096;

/// Drops mentions that are none. Only one that would cut a large object is worth the look; where one falls, what stood
/// beside it may cut a large object, too.
pub(super) fn drop_false(
    state: &State<'_, '_, '_>,
    entries: &[Entry],
    data: &mut Data,
    targets: &[Addr],
) {
    let goarch = state.binary.goarch.as_deref();
    let mut verified = std::mem::take(&mut data.sure);
    let mut fallen = Vec::new();
    for _ in 0..MOST_ROUNDS {
        let all = places(&data.starts, targets);
        let (to, known) = (Sieve::new(targets), Sieve::new(&verified));
        let is_sure = |addr| known.find(addr).is_some() || to.find(addr).is_some();
        let (doubtful, users) = doubtful(&data.starts, &all, is_sure, &fallen);
        if doubtful.is_empty() {
            return;
        }
        let found = match state.binary.format {
            Format::Wasm => used_as_addresses(state.bytes, entries, &doubtful, &all),
            _ => {
                let functions = (entries, &data.mentions);
                references::verify(state.image, goarch, functions, &doubtful, &users)
            }
        };
        let (mut refuted, mut more) = (Vec::new(), Vec::new());
        for (place, is_true) in doubtful.into_iter().zip(found) {
            let list = if is_true { &mut more } else { &mut refuted };
            list.push(place);
        }
        if refuted.is_empty() {
            return;
        }
        verified.append(&mut more);
        verified.sort_unstable();
        let sieve = Sieve::new(&refuted);
        data.starts
            .retain(|start| sieve.find(addr_of(*start)).is_none());
        // In wasm, how a number is used says what it may be, and not what it is: only those that matter are asked for.
        fallen = match state.binary.format {
            Format::Wasm => Vec::new(),
            _ => refuted,
        };
    }
}

/// Which of some numbers in the code of wasm are used as only addresses are, or with the distance to another of all places.
fn used_as_addresses(
    bytes: &[u8],
    entries: &[Entry],
    doubtful: &[Addr],
    all: &[Addr],
) -> Vec<bool> {
    let mut verified = vec![false; doubtful.len()];
    let (Some(first), Some(last)) = (doubtful.first(), doubtful.last()) else {
        return verified;
    };
    let range = *first..last + 1;
    let mut steps = references::wasm_code::Steps::default();
    with_bodies(bytes, &mut entries.to_vec(), |_, body| {
        references::wasm_code::scan(&bytes[body], &range, &mut steps, |mention| {
            if let Ok(at) = doubtful.binary_search(&mention.target) {
                let end = mention
                    .length
                    .and_then(|length| mention.target.checked_add(length));
                let is_text = end.is_some_and(|end| all.binary_search(&end).is_ok());
                verified[at] |= mention.sure || is_text;
            }
        });
    });
    verified
}

/// Places that only code mentions and that are far from the next on a side, or near to one that has `fallen`, and the packages
/// whose code that is.
fn doubtful(
    starts: &[u64],
    all: &[Addr],
    is_sure: impl Fn(Addr) -> bool,
    fallen: &[Addr],
) -> (Vec<Addr>, Set) {
    const LARGE: u32 = 256;
    let (mut doubtful, mut users) = (Vec::new(), Vec::new());
    let mut starts = starts;
    let mut last = None;
    let is_near = |place: Addr| {
        let at = fallen.partition_point(|other| other.saturating_add(NEAR) < place);
        fallen
            .get(at)
            .is_some_and(|other| other.abs_diff(place) <= NEAR)
    };
    for (index, &place) in all.iter().enumerate() {
        let next = all.get(index + 1).copied();
        let large =
            |a: Option<Addr>, b: Option<Addr>| a.zip(b).is_none_or(|it| it.1 - it.0 >= LARGE);
        let cuts = large(last, Some(place)) || large(Some(place), next);
        last = Some(place);
        if !cuts && !is_near(place) {
            continue;
        }
        let before = starts.iter().take_while(|start| addr_of(**start) < place);
        starts = &starts[before.count()..];
        let mentions = starts.iter().take_while(|start| addr_of(**start) == place);
        let code = |start: &&u64| source_of(**start) == Source::Code;
        if mentions.clone().all(|mention| code(&mention)) && !is_sure(place) {
            doubtful.push(place);
            users.extend(mentions.map(|mention| owner_of(*mention)));
        }
    }
    (doubtful, users.into_iter().collect())
}

/// Every address at which an object may begin, in order; `targets` are where pointers lead, in order.
pub(super) fn places(starts: &[u64], targets: &[Addr]) -> Vec<Addr> {
    let mut found = Vec::with_capacity(starts.len() + targets.len());
    let mut targets = targets.iter().copied().peekable();
    for it in starts.iter().map(|start| addr_of(*start)) {
        while let Some(target) = targets.next_if(|target| *target < it) {
            found.push(target);
        }
        found.push(it);
    }
    found.extend(targets);
    found.dedup();
    found
}

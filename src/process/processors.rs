//! Lists of processors: reads one as people type it, finds those that we may use and those of the fastest kind, and
//! keeps a process on some of them.

use std::fs;
use std::io;
use std::path::Path;

/// A number that no processor has; the kernel's sets end before it.
const END: usize = 1024;
/// Fewer are no set of fast processors.
const LEAST: usize = 2;
/// Where the kernel says what its processors are.
pub const DEVICES: &str = "/sys/devices";

/// Processors by number, as in `0,2-3`; `None` for what is no such list.
pub fn parse(text: &str) -> Option<Vec<usize>> {
    let mut all = Vec::new();
    for part in text.split(',') {
        let (first, last) = part.split_once('-').unwrap_or((part, part));
        let (first, last): (usize, usize) = (first.parse().ok()?, last.parse().ok()?);
        if first > last || last >= END {
            return None;
        }
        all.extend(first..=last);
    }
    all.sort_unstable();
    all.dedup();
    Some(all)
}

/// The list as it is typed; `numbers` rise.
pub fn shown(numbers: &[usize]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let run = |run: &[usize]| match run {
        [first, .., last] => format!("{first}-{last}"),
        [one] => one.to_string(),
        [] => String::new(),
    };
    runs.map(run).collect::<Vec<_>>().join(",")
}

/// The processors of the fastest kind, among those that may be used; `None` where all are of one kind, or nobody knows.
/// Never fewer than two: a single one would have all of a Go program, its collector too, take turns.
///
/// `devices` is [`DEVICES`]: Intel's fast cores have a list of their own there, elsewhere each processor has a capacity. Some of one
/// kind are clocked a little higher than others of it.
pub fn fastest(devices: &Path, allowed: &[usize]) -> Option<Vec<usize>> {
    let read = |path: &str| fs::read_to_string(devices.join(path)).ok();
    let fast = match read("cpu_core/cpus").and_then(|text| parse(text.trim())) {
        Some(fast) => fast,
        None => {
            let capacity = |cpu: usize| -> Option<u64> {
                let text = read(&format!("system/cpu/cpu{cpu}/cpu_capacity"))?;
                text.trim().parse().ok()
            };
            let all: Vec<u64> = allowed
                .iter()
                .map(|cpu| capacity(*cpu))
                .collect::<Option<_>>()?;
            let pairs: Vec<(usize, u64)> = allowed.iter().copied().zip(all).collect();
            of_most(&pairs)
        }
    };
    let both: Vec<usize> = allowed
        .iter()
        .copied()
        .filter(|cpu| fast.contains(cpu))
        .collect();
    (both.len() >= LEAST && both.len() < allowed.len()).then_some(both)
}

/// Of processors and their capacities the fastest, and those within a tenth of the second fastest: of what there is one alone is
/// no set.
fn of_most(all: &[(usize, u64)]) -> Vec<usize> {
    let mut capacities: Vec<u64> = all.iter().map(|(_, capacity)| *capacity).collect();
    capacities.sort_unstable_by(|a, b| b.cmp(a));
    let at = capacities.get(LEAST - 1).or(capacities.last());
    let second = at.copied().unwrap_or_default();
    let is_fast = |pair: &&(usize, u64)| pair.1 * 10 >= second * 9;
    all.iter().filter(is_fast).map(|(cpu, _)| *cpu).collect()
}

/// The processors that this process may use; `None` where the kernel does not say.
#[cfg(target_os = "linux")]
pub fn allowed() -> Option<Vec<usize>> {
    let set = rustix::thread::sched_getaffinity(None).ok()?;
    Some((0..END).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Nobody knows.
#[cfg(not(target_os = "linux"))]
pub fn allowed() -> Option<Vec<usize>> {
    None
}

/// Keeps this process, and what it starts, on some processors.
#[cfg(target_os = "linux")]
pub fn keep_to(numbers: &[usize]) -> io::Result<()> {
    let mut set = rustix::thread::CpuSet::new();
    numbers.iter().for_each(|cpu| set.set(*cpu));
    Ok(rustix::thread::sched_setaffinity(None, &set)?)
}

/// The kernel cannot.
#[cfg(not(target_os = "linux"))]
pub fn keep_to(_: &[usize]) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processors_are_a_list_with_ranges() {
        assert_eq!(parse("2-3,0,3"), Some(vec![0, 2, 3]));
        for wrong in ["", "a", "3-1", "1-", "99999"] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
        for text in ["0", "0-3", "0,2-3,7"] {
            assert_eq!(shown(&parse(text).unwrap()), text);
        }
    }

    #[test]
    fn the_fastest_kind_is_what_the_kernel_says() {
        let place = tempfile::tempdir().unwrap();
        let write = |path: &str, text: &str| {
            let path = place.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        assert_eq!(fastest(place.path(), &[0, 1]), None);
        for (cpu, capacity) in [(0, "446\n"), (1, "446\n"), (2, "1024\n"), (3, "1024\n")] {
            write(&format!("system/cpu/cpu{cpu}/cpu_capacity"), capacity);
        }
        assert_eq!(fastest(place.path(), &[0, 1, 2, 3]), Some(vec![2, 3]));
        // A container may have some of one kind only.
        assert_eq!(fastest(place.path(), &[2, 3]), None);
        // One that is best, three big ones, four small ones; and a big one that is clocked lower.
        for (cpu, capacity) in [1024, 886, 870, 886, 340, 340, 340, 340].iter().enumerate() {
            let path = format!("system/cpu/cpu{cpu}/cpu_capacity");
            write(&path, &capacity.to_string());
        }
        let all: Vec<usize> = (0..8).collect();
        assert_eq!(fastest(place.path(), &all), Some(vec![0, 1, 2, 3]));
        assert_eq!(fastest(place.path(), &[0, 4]), None);
        write("cpu_core/cpus", "0-1\n");
        assert_eq!(fastest(place.path(), &[0, 1, 2, 3]), Some(vec![0, 1]));
        assert_eq!(fastest(place.path(), &[2, 3]), None);
    }

    #[test]
    fn what_may_be_used_can_be_kept_to() {
        if let Some(all) = allowed() {
            assert!(!all.is_empty());
            keep_to(&all).unwrap();
        }
    }
}

//! How much memory there is for one more process: what the machine has, and what the control groups above us leave.

use std::fs;
use std::path::{Path, PathBuf};

/// A control group with a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Limit {
    /// The most that its processes may have, in bytes.
    pub(crate) bytes: u64,
    /// What they have, without files that the kernel drops when somebody needs their place.
    pub(crate) used: u64,
}

/// What control groups say: the names of the files.
struct Names {
    limit: &'static str,
    used: &'static str,
    /// Holds a line that counts what was killed for memory.
    events: &'static str,
    /// The line of `memory.stat` for files that the kernel drops when somebody needs their place.
    files: &'static str,
}

const SECOND: Names = Names {
    limit: "memory.max",
    used: "memory.current",
    events: "memory.events",
    files: "inactive_file",
};
const FIRST: Names = Names {
    limit: "memory.limit_in_bytes",
    used: "memory.usage_in_bytes",
    events: "memory.oom_control",
    files: "total_inactive_file",
};

/// The root of all control groups, and who is in which.
#[derive(Debug, Clone)]
pub(crate) struct Groups {
    root: PathBuf,
    own: String,
}

impl Default for Groups {
    /// The control groups of this process.
    fn default() -> Self {
        Self {
            root: "/sys/fs/cgroup".into(),
            own: fs::read_to_string("/proc/self/cgroup").unwrap_or_default(),
        }
    }
}

impl Groups {
    /// The directories of the groups that we are in, the innermost first.
    fn places(&self) -> Vec<(PathBuf, Names)> {
        let mut places = Vec::new();
        for line in self.own.lines() {
            let mut fields = line.splitn(3, ':');
            let (Some(_), Some(kinds), Some(path)) = (fields.next(), fields.next(), fields.next())
            else {
                continue;
            };
            let first = kinds.split(',').any(|part| part == "memory");
            if !first && !kinds.is_empty() {
                continue;
            }
            let root = match first {
                true => self.root.join("memory"),
                false => self.root.clone(),
            };
            // In a container the path may be that of the machine, which is not there.
            for path in Path::new(path.trim_start_matches('/')).ancestors() {
                let names = if first { FIRST } else { SECOND };
                places.push((root.join(path), names));
            }
        }
        places
    }

    /// The smallest limit.
    pub(crate) fn limit(&self) -> Option<Limit> {
        let places = self.places();
        let limits = places.iter().filter_map(|(place, names)| {
            let number = |name: &str| number(&place.join(name));
            Some(Limit {
                // The kernel's word for none is a number near the largest.
                bytes: number(names.limit).filter(|it| *it < 1 << 60)?,
                used: number(names.used)?
                    .saturating_sub(field(&place.join("memory.stat"), names.files).unwrap_or(0)),
            })
        });
        limits.min_by_key(|limit| limit.bytes)
    }

    /// How many processes of the innermost group that counts were killed for memory; `None` where none counts.
    fn kills(&self) -> Option<u64> {
        let places = self.places();
        let mut counts = places.iter();
        counts.find_map(|(place, names)| field(&place.join(names.events), "oom_kill"))
    }

    /// What one more process may take; `None` where the kernel does not say.
    pub(crate) fn available(&self) -> Option<u64> {
        let free = of_machine("MemAvailable:")?;
        let left = self
            .limit()
            .map(|limit| limit.bytes.saturating_sub(limit.used));
        Some(free.min(left.unwrap_or(u64::MAX)))
    }
}

/// How many processes were killed for memory so far: of our control group, or of the machine where no group counts.
pub(crate) fn kills() -> Option<u64> {
    let of_group = Groups::default().kills();
    of_group.or_else(|| field(Path::new("/proc/vmstat"), "oom_kill"))
}

/// The memory of the machine, in bytes.
pub(crate) fn total() -> Option<u64> {
    of_machine("MemTotal:")
}

fn of_machine(name: &str) -> Option<u64> {
    let text = fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    let kibibytes: u64 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes << 10)
}

/// The number behind a name, on a line of its own.
fn field(path: &Path, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let value = |line: &str| {
        line.strip_prefix(name)?
            .strip_prefix(' ')?
            .trim()
            .parse()
            .ok()
    };
    text.lines().find_map(value)
}

fn number(path: &Path) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_limit_of_all_groups_counts() {
        let place = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let path = place.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        write("memory.max", "max\n");
        write("a/memory.max", "6442450944\n");
        write("a/memory.current", "1024\n");
        write(
            "a/memory.events",
            "low 0\noom 3\noom_kill 2\noom_group_kill 0\n",
        );
        write("a/b/memory.max", "max\n");
        write("memory/x/memory.limit_in_bytes", "9223372036854771712\n");
        write("memory/x/memory.usage_in_bytes", "5\n");
        let groups = |own: &str| Groups {
            root: place.path().to_path_buf(),
            own: own.to_owned(),
        };
        let second = groups("0::/a/b\n");
        let limit = Limit {
            bytes: 6 << 30,
            used: 1024,
        };
        assert_eq!(second.limit(), Some(limit));
        assert_eq!(second.kills(), Some(2));
        write("a/memory.stat", "anon 1\ninactive_file 1000\n");
        assert_eq!(second.limit().map(|it| it.used), Some(24));
        let first = groups("3:cpu:/q\n9:memory:/x\n");
        assert_eq!(first.limit(), None);
        write(
            "memory/x/memory.oom_control",
            "oom_kill_disable 0\nunder_oom 0\noom_kill 7\n",
        );
        assert_eq!(first.kills(), Some(7));
        write("memory/x/memory.limit_in_bytes", "4096\n");
        assert_eq!(first.limit().map(|it| it.bytes), Some(4096));
    }
}

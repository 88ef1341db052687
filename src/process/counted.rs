//! Instructions of a command in user space, counted by the processor where it can and the kernel lets us.
//!
//! Other work on the machine changes the time of a run, and hardly this: two runs of one program differ by little.

use std::io;

/// Why instructions are not counted, in words; `None` where they are.
pub fn refusal() -> Option<String> {
    let error = Counter::instructions().err()?;
    Some(match error.kind() {
        io::ErrorKind::NotFound => "the machine has no counter, as most virtual ones".to_owned(),
        io::ErrorKind::PermissionDenied => {
            let path = "/proc/sys/kernel/perf_event_paranoid";
            let level = std::fs::read_to_string(path).unwrap_or_default();
            match level.trim() {
                "" => "the kernel refuses it".to_owned(),
                level => format!(
                    "the kernel refuses it (kernel.perf_event_paranoid is {level}; 2 allows it)"
                ),
            }
        }
        io::ErrorKind::Unsupported => "this system has no perf_event_open".to_owned(),
        _ => error.to_string(),
    })
}

pub use system::Counter;

#[cfg(target_os = "linux")]
mod system {
    use std::io;

    use perf_event::events::{Event, Hardware};

    /// A counter of what is started from here on.
    pub struct Counter(perf_event::Counter);

    impl Counter {
        /// Counts instructions in user space of every process that starts while it lives. Fails where the processor or the kernel
        /// does not count.
        pub fn instructions() -> io::Result<Self> {
            Self::of(Hardware::INSTRUCTIONS)
        }

        /// Counting begins when a child becomes another program, so nothing of ours is in it.
        pub(super) fn of<E: Event>(event: E) -> io::Result<Self> {
            let mut builder = perf_event::Builder::new(event);
            let builder = builder.inherit(true).enabled(false).enable_on_exec(true);
            builder.build().map(Self)
        }

        /// How many there were; `None` where it was not counted all the time.
        pub fn number(&mut self) -> Option<u64> {
            let found = self.0.read_count_and_time().ok()?;
            (found.time_enabled == found.time_running).then_some(found.count)
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod system {
    use std::io;

    /// There is none here.
    pub struct Counter;

    impl Counter {
        /// Always fails.
        pub fn instructions() -> io::Result<Self> {
            Err(io::ErrorKind::Unsupported.into())
        }

        /// None.
        pub fn number(&mut self) -> Option<u64> {
            None
        }
    }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_counter_sees_what_is_started_and_nothing_else() {
        // What any kernel counts, by the same way; a kernel that refuses everything says so.
        let event = perf_event::events::Software::PAGE_FAULTS;
        let Ok(mut counter) = Counter::of(event) else {
            assert!(refusal().is_some());
            return;
        };
        let ours: Vec<u8> = vec![1; 4 << 20];
        assert_eq!((counter.number(), ours.len()), (Some(0), 4 << 20));
        let runs = |script: &str| Command::new("sh").args(["-c", script]).status().unwrap();
        assert!(runs("true").success());
        let one = counter.number().unwrap();
        assert!(one > 0);
        // Of children of children, too.
        assert!(runs("sh -c true; sh -c true; true").success());
        assert!(counter.number().unwrap() > 2 * one);
    }

    #[test]
    fn instructions_are_counted_or_it_is_said_why_not() {
        match Counter::instructions() {
            Err(_) => assert!(!refusal().unwrap().is_empty()),
            Ok(mut counter) => {
                assert!(Command::new("true").status().unwrap().success());
                assert!(counter.number().unwrap() > 1000);
                assert_eq!(refusal(), None);
            }
        }
    }
}

//! Instructions of a command in user space, counted by the processor where it can and the kernel lets us.
//!
//! Other work on the machine changes the time of a run, and hardly this: two runs of one program differ by little.

use std::io;

/// Why instructions are not counted, in words; `None` where they are.
pub fn refusal() -> Option<String> {
    let error = Counter::instructions().err()?;
    let path = "/proc/sys/kernel/perf_event_paranoid";
    let level = std::fs::read_to_string(path).unwrap_or_default();
    Some(words(&error, level.trim()))
}

/// `level` is what the kernel asks of who counts; empty where it does not say.
fn words(error: &io::Error, level: &str) -> String {
    match error.kind() {
        _ if is_no_counter(error) => {
            "the machine's counter cannot do it, as that of some virtual ones".to_owned()
        }
        io::ErrorKind::NotFound => "the machine has no counter, as most virtual ones".to_owned(),
        io::ErrorKind::PermissionDenied => match level.parse::<i64>() {
            Err(_) => "the kernel refuses it".to_owned(),
            Ok(..=2) => format!(
                "a container or a security module refuses it (kernel.perf_event_paranoid is {level}, which allows it)"
            ),
            Ok(_) => format!(
                "the kernel refuses it (kernel.perf_event_paranoid is {level}; 2 allows it)"
            ),
        },
        io::ErrorKind::Unsupported => "this system has no perf_event_open".to_owned(),
        _ => error.to_string(),
    }
}

/// The kernel has the call, and the processor not what it is asked for.
fn is_no_counter(error: &io::Error) -> bool {
    error.raw_os_error() == Some(rustix::io::Errno::OPNOTSUPP.raw_os_error())
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
        // One counter a run, as `measured` has it: a kernel may lose the runs behind the first.
        let of = |script: &str| {
            let mut counter = Counter::of(event).unwrap();
            assert!(
                Command::new("sh")
                    .args(["-c", script])
                    .status()
                    .unwrap()
                    .success()
            );
            counter.number().unwrap()
        };
        let one = of("true");
        assert!(one > 0);
        // Of children of children, too.
        let three = of("sh -c true; sh -c true; true");
        assert!(three > 2 * one, "{one} {three}");
    }

    #[test]
    fn who_refuses_is_said() {
        use rustix::io::Errno;
        let say = |error: Errno, level: &str| words(&error.into(), level);
        let by_level = "the kernel refuses it (kernel.perf_event_paranoid is 3; 2 allows it)";
        assert_eq!(say(Errno::ACCESS, "3"), by_level);
        let by_filter = say(Errno::PERM, "2");
        assert!(by_filter.starts_with("a container or a security module refuses it"));
        assert_eq!(say(Errno::PERM, "-1"), by_filter.replace("is 2", "is -1"));
        assert_eq!(say(Errno::PERM, ""), "the kernel refuses it");
        assert!(say(Errno::NOSYS, "2").contains("no perf_event_open"));
        assert!(say(Errno::NOENT, "2").contains("no counter"));
        assert!(say(Errno::OPNOTSUPP, "2").contains("counter cannot do it"));
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

//! Finds out why a command failed where that was not its own doing: memory, the disk, a signal from outside.
//!
//! The evidence: the signal that ended it or one of its children, what control groups count, the words of Go and of the C
//! tools, and the limits of this machine. What it does not say is not said.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;

use super::memory::Groups;
use super::signal;
use crate::config::size::human;
use rustix::process::Signal;

/// A child that ended badly.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Victim {
    /// `the link of example.com/app/cmd/api`
    pub(crate) what: String,
    /// What ended it; `None` where it ended itself.
    pub(crate) signal: Option<i32>,
    /// The most memory that it had, in bytes.
    pub(crate) peak: Option<u64>,
}

/// What is known of a command that failed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scene<'a> {
    /// How the command ended.
    pub(crate) status: ExitStatus,
    /// Whether a process of our control group was killed for memory meanwhile; `None` where nobody counts.
    pub(crate) starved: Option<bool>,
    /// What it said.
    pub(crate) words: &'a str,
    /// The child of it that ended badly, where that was seen.
    pub(crate) victim: Option<&'a Victim>,
    /// Where it writes.
    pub(crate) places: &'a [PathBuf],
}

/// Why a command failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Cause {
    /// `the link of ./cmd/api was killed: out of memory (needed at least 5.90 GiB, the container's limit is 6.00 GiB)`
    pub(crate) sentence: String,
    /// What to try.
    pub(crate) hint: String,
    /// Whether there was too little memory.
    pub(crate) memory: bool,
}

/// Finds out. `None`: what it said is why.
pub(crate) fn cause(scene: &Scene<'_>) -> Option<Cause> {
    let victim = victim(scene);
    full(scene)
        .or_else(|| victim.as_ref().and_then(|victim| killed(scene, victim)))
        .or_else(|| exhausted(scene, victim.as_ref()))
        .or_else(|| not_started(scene))
}

/// Who ended badly: go itself, a child that was seen, or one that go names.
fn victim(scene: &Scene<'_>) -> Option<Victim> {
    use std::os::unix::process::ExitStatusExt;
    let seen = scene.victim.filter(|victim| victim.signal.is_some());
    if let Some(it) = seen {
        return Some(it.clone());
    }
    if let Some(it) = named(scene.words) {
        // Go names us where we stand before the tool.
        let seen = scene.victim.filter(|_| it.what.starts_with("a tool"));
        return Some(Victim {
            what: seen.map_or(it.what, |victim| victim.what.clone()),
            peak: seen.and_then(|victim| victim.peak),
            signal: it.signal,
        });
    }
    let signal = scene.status.signal()?;
    Some(Victim {
        what: "go".to_owned(),
        signal: Some(signal),
        peak: None,
    })
}

/// The lines that tools say of themselves. What a compiler says of code may quote any words: `FILE.go:LINE:COL: `, and the
/// indented lines behind it.
fn told(words: &str) -> impl Iterator<Item = &str> {
    let mut of_code = false;
    words.lines().filter(move |line| {
        of_code = match line.starts_with('\t') {
            true => of_code,
            false => is_of_code(line),
        };
        !of_code
    })
}

fn is_of_code(line: &str) -> bool {
    let behind = line.split_once(".go:").map_or("", |pair| pair.1);
    let number = behind.split(':').next().unwrap_or_default();
    let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
    is_number && behind[number.len()..].starts_with(':')
}

/// What is known, in brackets; nothing where nothing is.
fn brackets(facts: impl IntoIterator<Item = String>) -> String {
    let facts: Vec<String> = facts.into_iter().collect();
    match facts.is_empty() {
        true => String::new(),
        false => format!(" ({})", facts.join(", ")),
    }
}

/// `go build PACKAGE: /path/link: signal: killed`; the name of the package may stand on a line of its own before.
fn named(words: &str) -> Option<Victim> {
    let mut header = None;
    for line in told(words) {
        if let Some(package) = line.strip_prefix("# ") {
            header = Some(package);
        }
        // The C compiler says it in this way.
        if line.contains("terminated with signal 9")
            || line.contains("Killed signal terminated program")
        {
            return Some(Victim {
                what: of_package("the C compiler or linker", header),
                signal: Some(9),
                peak: None,
            });
        }
        let Some((left, word)) = line.rsplit_once(": signal: ") else {
            continue;
        };
        let word = word.split(" (core dumped)").next().unwrap_or(word);
        let Some(number) = signal::spoken(word.trim()) else {
            continue;
        };
        let (before, tool) = left.rsplit_once(": ").unwrap_or(("", left));
        let tool = tool.split_whitespace().next().unwrap_or(tool);
        let tool = Path::new(tool).file_name().and_then(|name| name.to_str());
        let package = before.strip_prefix("go build ").unwrap_or(before);
        let package = Some(package).filter(|text| !text.is_empty()).or(header);
        let what = match tool {
            Some("link") => "the link",
            Some("compile") => "the compile",
            Some("asm") => "the assembler",
            Some("cgo") => "cgo",
            _ => "a tool of go",
        };
        return Some(Victim {
            what: of_package(what, package),
            signal: Some(number),
            peak: None,
        });
    }
    None
}

fn of_package(what: &str, package: Option<&str>) -> String {
    package.map_or_else(|| what.to_owned(), |package| format!("{what} of {package}"))
}

fn killed(scene: &Scene<'_>, victim: &Victim) -> Option<Cause> {
    let number = victim.signal?;
    let what = &victim.what;
    let name = signal::name(number);
    let needed = victim.peak.filter(|peak| *peak > 0);
    let needed = needed.map(|needed| format!("needed at least {}", human(needed)));
    let facts = brackets(needed.into_iter().chain(limit()));
    let is = |signals: &[Signal]| signals.iter().any(|signal| signal.as_raw() == number);
    match (number, scene.starved) {
        (9, Some(true)) => Some(Cause {
            sentence: format!("{what} was killed: out of memory{facts}"),
            hint: LESS.to_owned(),
            memory: true,
        }),
        (9, Some(false)) => Some(Cause {
            sentence: format!("{what} was killed by {name} from outside: nothing of our control group was killed for memory{facts}"),
            hint: "see who ends processes here: a time limit of the job, `timeout`, an administrator".to_owned(),
            memory: false,
        }),
        (9, None) => Some(Cause {
            sentence: format!("{what} was killed by {name}: by somebody, or for memory, which nobody counts here{facts}"),
            hint: LESS.to_owned(),
            memory: true,
        }),
        _ if is(&[Signal::PIPE]) => Some(Cause {
            sentence: format!("{what} was ended by {name}: whoever read what it said had gone"),
            hint: "see what stands behind a pipe here".to_owned(),
            memory: false,
        }),
        _ if is(&ASKED) => Some(Cause {
            sentence: format!("{what} was ended by {name} from outside"),
            hint: "see who ends processes here: a time limit of the job, `timeout`, a closed terminal".to_owned(),
            memory: false,
        }),
        _ if is(&[Signal::XCPU]) => Some(Cause {
            sentence: format!("{what} was ended by {name}: its CPU time has a limit (`ulimit -t`)"),
            hint: "raise the limit".to_owned(),
            memory: false,
        }),
        _ if is(&[Signal::XFSZ]) => Some(Cause {
            sentence: format!("{what} was ended by {name}: the size of files has a limit (`ulimit -f`)"),
            hint: "raise the limit".to_owned(),
            memory: false,
        }),
        _ => Some(Cause {
            sentence: format!("{what} crashed ({name})"),
            hint: "this is a fault of the tool or of the machine: try another Go version, and test the memory".to_owned(),
            memory: false,
        }),
    }
}

/// What somebody sends who wants a process to end.
const ASKED: [Signal; 5] = [
    Signal::HUP,
    Signal::INT,
    Signal::QUIT,
    Signal::ALARM,
    Signal::TERM,
];

const LESS: &str = "give it more memory, or let less run at the same time: `-p 1`, `[build] jobs = 1`; `[compare] baseline = \"off\"` does without the second link";

/// What Go's runtime and C compilers say when the kernel gives them no more memory.
const EXHAUSTED: [&str; 9] = [
    "runtime: out of memory",
    "runtime: cannot allocate memory",
    "runtime: cannot reserve arena",
    "failed to reserve page summary memory",
    "virtual memory exhausted",
    "out of memory allocating",
    "cc1: out of memory",
    "memory exhausted",
    "mmap: cannot allocate memory",
];

fn exhausted(scene: &Scene<'_>, victim: Option<&Victim>) -> Option<Cause> {
    let mut header = None;
    let mut found = false;
    for line in told(scene.words) {
        if EXHAUSTED.iter().any(|word| line.contains(word)) {
            found = true;
            break;
        }
        header = line.strip_prefix("# ").or(header);
    }
    found.then_some(())?;
    let seen = scene.victim.or(victim);
    let what = match (seen, header) {
        (Some(it), _) => it.what.clone(),
        (None, Some(package)) => format!("a tool for {package}"),
        (None, None) => "go".to_owned(),
    };
    let needed = seen.and_then(|victim| victim.peak).filter(|it| *it > 0);
    let needed = needed.map(|needed| format!("had {}", human(needed)));
    let facts = brackets(needed.into_iter().chain(limit()));
    Some(Cause {
        sentence: format!("{what} ran out of memory{facts}"),
        hint: LESS.to_owned(),
        memory: true,
    })
}

fn not_started(scene: &Scene<'_>) -> Option<Cause> {
    let says = |words: &str| {
        let mut lines = told(scene.words);
        lines.any(|line| line.contains("fork/exec") && line.contains(words))
    };
    let cause = |why: &str, hint: &str, memory: bool| Cause {
        sentence: format!("a tool of go could not be started: {why}"),
        hint: hint.to_owned(),
        memory,
    };
    if says("cannot allocate memory") {
        let why = format!("out of memory{}", brackets(limit()));
        return Some(cause(&why, LESS, true));
    }
    let threads = told(scene.words).any(|text| text.contains("failed to create new OS thread"));
    (threads || says("resource temporarily unavailable")).then(|| {
        cause(
            "there may be no more processes or threads (`ulimit -u`, `pids.max` of the container)",
            "raise the limit, or let less run at the same time: `-p 1`",
            false,
        )
    })
}

/// What memory is limited by.
fn limit() -> Option<String> {
    use rustix::process::{Resource, getrlimit};
    if let Some(limit) = Groups::default().limit() {
        return Some(format!("the container's limit is {}", human(limit.bytes)));
    }
    if let Some(bytes) = getrlimit(Resource::As).current {
        return Some(format!("`ulimit -v` allows {}", human(bytes)));
    }
    super::memory::total().map(|total| format!("the machine has {}", human(total)))
}

/// What is said of a disk that is full.
const FULL: [&str; 3] = [
    "no space left on device",
    "No space left on device",
    "isk quota exceeded",
];

fn full(scene: &Scene<'_>) -> Option<Cause> {
    let line = |line: &&str| FULL.iter().any(|word| line.contains(word));
    let line = told(scene.words).find(line)?;
    let quota = line.contains("quota");
    // A tool that speaks says its own path first.
    let named = paths(line).filter(|path| !path.is_file());
    let said: Vec<PathBuf> = named.filter_map(existing).collect();
    let known = scene.places.iter().filter_map(|place| existing(place));
    // A quota fills nothing that can be measured: the place that go names counts. Else the fullest of all.
    let place = match (quota, said.last()) {
        (true, Some(last)) => Some(last.clone()),
        _ => {
            let all = said.into_iter().chain(known);
            all.min_by_key(|place| free(place).map_or(u64::MAX, |(bytes, _)| bytes))
        }
    };
    let (sentence, hint) = match place
        .as_deref()
        .and_then(|path| Some((mount(path), free(path)?)))
    {
        Some((mount, (free, all))) => (
            format!(
                "the disk is full: the file system at `{}` has {} free of {}{}, and go needed more",
                mount.display(),
                human(free),
                human(all),
                if quota { " and a quota" } else { "" },
            ),
            format!(
                "make room below `{}`, or let go write elsewhere: GOCACHE, GOTMPDIR",
                mount.display()
            ),
        ),
        None => (
            "the disk is full".to_owned(),
            "make room, or let go write elsewhere: GOCACHE, GOTMPDIR".to_owned(),
        ),
    };
    Some(Cause {
        sentence,
        hint,
        memory: false,
    })
}

/// The absolute paths in a line of words.
fn paths(line: &str) -> impl Iterator<Item = &Path> {
    let words = line.split([' ', ':', '\'', '"', '`']);
    words.filter(|word| word.starts_with('/')).map(Path::new)
}

/// The nearest directory above that is there.
fn existing(path: &Path) -> Option<PathBuf> {
    let mut above = path.ancestors().filter(|path| path.is_dir());
    above.next().map(Path::to_path_buf)
}

/// Bytes that are free for us, and all of them.
fn free(path: &Path) -> Option<(u64, u64)> {
    let it = rustix::fs::statvfs(path).ok()?;
    Some((
        it.f_bavail.saturating_mul(it.f_frsize),
        it.f_blocks.saturating_mul(it.f_frsize),
    ))
}

/// Where the file system of a directory begins.
fn mount(path: &Path) -> PathBuf {
    use std::os::unix::fs::MetadataExt;
    let device = |path: &Path| path.metadata().ok().map(|metadata| metadata.dev());
    let own = device(path);
    let same = path.ancestors().take_while(|path| device(path) == own);
    same.last().unwrap_or(path).to_path_buf()
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;

    use super::*;

    fn check(words: &str, status: i32, starved: Option<bool>, victim: Option<&Victim>) -> String {
        let scene = Scene {
            status: ExitStatus::from_raw(status),
            starved,
            words,
            victim,
            places: &[],
        };
        let sentence = cause(&scene).map_or("-".into(), |cause| cause.sentence);
        // What this machine has.
        match sentence.split_once(" (") {
            Some((head, facts)) if facts.contains("at least") => {
                format!("{head} ({}", facts.split(", ").next().unwrap())
            }
            Some((head, _)) => head.to_owned(),
            None => sentence,
        }
    }

    #[test]
    fn who_was_killed_and_why() {
        let link = "go build example.com/m: /go/pkg/tool/linux_amd64/link: signal: killed\n";
        insta::assert_snapshot!(check(link, 256, Some(true), None), @"the link of example.com/m was killed: out of memory");
        insta::assert_snapshot!(check(link, 256, Some(false), None), @"the link of example.com/m was killed by SIGKILL from outside: nothing of our control group was killed for memory");
        insta::assert_snapshot!(check(link, 256, None, None), @"the link of example.com/m was killed by SIGKILL: by somebody, or for memory, which nobody counts here");
        let old = "# example.com/m\n/go/pkg/tool/linux_amd64/compile: signal: terminated\n";
        insta::assert_snapshot!(check(old, 256, None, None), @"the compile of example.com/m was ended by SIGTERM from outside");
        insta::assert_snapshot!(check("", 9, Some(true), None), @"go was killed: out of memory");
        insta::assert_snapshot!(check("x.go:1: undefined: y\n", 256, Some(true), None), @"-");
        let seen = Victim {
            what: "the compile of a".into(),
            signal: Some(9),
            peak: Some(6 << 30),
        };
        insta::assert_snapshot!(check("exit status 1", 256, Some(true), Some(&seen)), @"the compile of a was killed: out of memory (needed at least 6.00 GiB");
        insta::assert_snapshot!(check("/go/link: signal: segmentation fault (core dumped)", 256, Some(true), None), @"the link crashed");
        insta::assert_snapshot!(check("# m\ncollect2: fatal error: ld terminated with signal 9 [Killed]", 256, Some(true), None), @"the C compiler or linker of m was killed: out of memory");
    }

    #[test]
    fn what_is_said_of_code_is_no_cause() {
        for words in [
            "no space left on device",
            "fatal error: runtime: out of memory",
            "fork/exec x: cannot allocate memory",
            "failed to create new OS thread",
            "ld terminated with signal 9",
            "link: signal: killed",
        ] {
            let plain = format!("# m\n{words}\n");
            assert_ne!(check(&plain, 256, None, None), "-", "{words}");
            for code in ["./a.go:3:7: undefined: \"", "a.go:3: x\n\thave "] {
                let quoted = format!("# m\n{code}{words}\n");
                assert_eq!(check(&quoted, 256, None, None), "-", "{quoted}");
            }
        }
        // A Go file in the path of a tool, or a C compiler that has no room.
        for words in [
            "/x.go/link: no space left on device",
            "x.c:1:1: fatal error: No space left on device",
        ] {
            assert_ne!(check(words, 256, None, None), "-", "{words}");
        }
        assert_eq!(brackets(None), "");
        assert_eq!(brackets(["a".to_owned(), "b".to_owned()]), " (a, b)");
    }

    #[test]
    fn tools_that_get_no_memory_say_so_themselves() {
        insta::assert_snapshot!(check("# ex.com/a\nfatal error: runtime: out of memory\n", 256, Some(false), None), @"a tool for ex.com/a ran out of memory");
        insta::assert_snapshot!(check("go: fork/exec /go/compile: cannot allocate memory\n", 256, None, None), @"a tool of go could not be started: out of memory");
    }

    #[test]
    fn a_full_disk_is_found_by_the_path_that_go_names() {
        let shown = check(
            "write /proc/self/none/b001: no space left on device",
            256,
            None,
            None,
        );
        assert!(
            shown.starts_with("the disk is full: the file system at `/proc`"),
            "{shown}"
        );
        assert_eq!(
            check("disk quota exceeded", 256, None, None),
            "the disk is full"
        );
    }
}

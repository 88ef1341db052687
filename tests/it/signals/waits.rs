//! The first signal ends every wait: for the other end of a FIFO, for bytes that never come, for a file of terabytes, for a
//! lock that somebody else holds. So does `--timeout`.

use std::fs::File;
use std::path::Path;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};
use rustix::process::Signal;

use super::{good, nothing_survives, place, send};
use crate::harness::processes::{wait_for, wait_for_exit, wait_for_file};
use crate::harness::{PROGRAM, Place, executable};

/// The promise is 3 s and a little; the rest is for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(20);

fn fifo(place: &Place, name: &str) {
    place.tool("mkfifo", &[place.path(name).to_str().unwrap()]);
}

fn start(place: &Place, line: &str) -> Child {
    let mut command = place.command(PROGRAM);
    command.args(line.split(' ')).stdout(Stdio::null());
    command.stderr(Stdio::null()).spawn().unwrap()
}

/// Whether its main thread sleeps in a system call.
fn is_waiting(child: &Child) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{}/stat", child.id())).unwrap_or_default();
    status
        .rsplit(')')
        .next()
        .is_some_and(|it| it.trim_start().starts_with('S'))
}

/// Runs until it waits, sends one signal, and expects the end.
fn ends(place: &Place, line: &str) {
    let mut child = start(place, line);
    let begin = Instant::now();
    wait_for(line, || {
        assert_eq!(child.try_wait().unwrap(), None, "{line}: it does not wait");
        (begin.elapsed() > Duration::from_millis(400) && is_waiting(&child)).then_some(())
    });
    ended(&mut child, line);
}

fn ended(child: &mut Child, line: &str) {
    send(child.id(), Signal::TERM);
    let sent = Instant::now();
    assert_eq!(wait_for_exit(child).code(), Some(143), "{line}");
    assert!(sent.elapsed() < SOON, "{line}: {:?}", sent.elapsed());
}

const LEAN: &str = "release --baseline off --escapes off";

#[test]
fn a_profile_that_never_comes() {
    let place = Place::empty();
    fifo(&place, "cpu.pprof");
    ends(&place, "profile show cpu.pprof");
    ends(&place, "profile merge -o out.pprof cpu.pprof cpu.pprof");
}

/// What only a regular file can be is refused at once, and not waited for.
#[test]
fn profiles_and_programs_that_are_pipes_are_refused() {
    let place = Place::module();
    fifo(&place, "pipe");
    place.write("cpu.pprof", crate::pgo::profile_of(1, 1));
    for (line, code, words) in [
        (
            "advise --profile pipe",
            2,
            "`pipe`: it is not a regular file",
        ),
        (
            "release -pgo=pipe",
            2,
            "/pipe` is no profile: it is no regular file",
        ),
        (
            "release --set pgo.profile=pipe",
            2,
            "/pipe` is no profile: it is no regular file",
        ),
        (
            "escape -pgo=pipe",
            2,
            "/pipe` is no profile: it is no regular file",
        ),
        (
            "profile show --binary pipe cpu.pprof",
            4,
            "`pipe` is not a file",
        ),
    ] {
        let mut command = place.command(PROGRAM);
        command.args(line.split(' ')).stdout(Stdio::null());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        assert_eq!(wait_for_exit(&mut child).code(), Some(code), "{line}");
        let stderr = std::io::read_to_string(child.stderr.take().unwrap()).unwrap();
        assert!(stderr.contains(words), "{line}: {stderr}");
    }
    ends(&place, "profile diff cpu.pprof pipe");
}

#[test]
fn an_output_or_a_report_that_nobody_reads() {
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&script);
    fifo(&place, "pipe");
    fifo(&place, "report.json");
    for line in [
        format!("{LEAN} -o pipe"),
        format!("{LEAN} -o out --report report.json"),
    ] {
        ends(&place, &line);
        // What is equal is not published again.
        if line.contains("--report") {
            place.write("out", super::OLD);
        }
        let run = place.run(&format!("{line} --timeout 1s"));
        assert_eq!(run.code(), 3, "{}", run.shown());
        assert!(
            run.stderr.contains("took longer than 1 s"),
            "{}",
            run.shown()
        );
        let truth = match line.contains("--report") {
            true => "hint: published before that: `out`\n",
            false => "hint: the outputs are as they were before this run\n",
        };
        assert!(run.stderr.contains(truth), "{}", run.shown());
    }
    // The executable was complete by then.
    assert!(place.read("out") == executable());
    nothing_survives(&place);
}

/// Half of it is read, then nothing more.
#[test]
fn an_output_whose_reader_stops_reading() {
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&script);
    fifo(&place, "pipe");
    let mut child = start(&place, &format!("{LEAN} -o pipe"));
    let _reader = File::open(place.path("pipe")).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    ended(&mut child, "-o pipe");
    let line = format!("{LEAN} -o pipe --timeout 2s");
    let run = place.run(&line);
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(
        run.stderr.contains("may have got a part"),
        "{}",
        run.shown()
    );
    nothing_survives(&place);
}

#[test]
fn files_that_never_end_are_no_files() {
    let place = Place::fake("");
    for name in ["fifo", "gobuild-opt.lock"] {
        fifo(&place, name);
    }
    std::os::unix::fs::symlink("/dev/zero", place.path("zero")).unwrap();
    for line in ["inspect fifo", "inspect zero", "compare fifo zero"] {
        let run = place.run(line);
        assert_eq!(run.code(), 4, "{line}: {}", run.shown());
        for words in ["is not a file", "hint: write it to a file"] {
            assert!(run.stderr.contains(words), "{}", run.shown());
        }
    }
    let run = place.run(LEAN);
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("gobuild-opt.lock"), "{}", run.shown());
    assert!(
        run.stderr.contains("it is not a regular file"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_file_of_terabytes() {
    let place = Place::empty();
    let file = File::create(place.path("sparse")).unwrap();
    if file.set_len(3 << 40).is_err() {
        return crate::harness::skipped("a file of 3 TB: the file system has none");
    }
    // It is no executable, so its bytes do not matter.
    for line in ["inspect --format json sparse", "compare sparse sparse"] {
        let begin = Instant::now();
        let run = place.run(line);
        assert_eq!(run.code(), 4, "{line}: {}", run.shown());
        assert!(begin.elapsed() < SOON, "{line}");
    }
    place.write("tail", executable());
    let tail = File::options()
        .write(true)
        .open(place.path("tail"))
        .unwrap();
    tail.set_len(3 << 40).unwrap();
    for line in ["inspect --format json tail", "compare tail tail"] {
        let mut child = start(&place, line);
        std::thread::sleep(Duration::from_millis(400));
        ended(&mut child, line);
    }
}

#[test]
fn a_lock_on_the_place_of_all_stages() {
    let place = place("");
    let stages = place.aside("cache/gobuild-opt");
    std::fs::create_dir_all(&stages).unwrap();
    let theirs = File::open(&stages).unwrap();
    flock(&theirs, FlockOperation::LockExclusive).unwrap();
    ends(&place, LEAN);
    ends(&place, "escape");
    let run = place.run(&format!("{LEAN} --timeout 3s"));
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(
        run.stderr.contains("waiting for whoever holds a lock on"),
        "{}",
        run.shown()
    );
    nothing_survives(&place);
}

/// What hangs without `--timeout`, too: by default it may take 20 s to say so, and 10 minutes.
#[test]
fn a_question_that_is_not_answered() {
    let mut place = place("env: sleep");
    place.env("__GOBUILD_OPT_PATIENCE", "200 600");
    for line in [LEAN, "doctor", "plan", "escape"] {
        let run = place.run(line);
        assert_eq!(run.code(), 3, "{}", run.shown());
        let obstacle = "go may be waiting for the network: for the toolchain that the `go` or `toolchain` line of go.mod asks for (GOTOOLCHAIN=local does without), or for modules (GOPROXY)";
        let expected = format!(
            "`go env` has said nothing for 0.2 s: {obstacle}\n\
             error: `go env` was stopped: it did not answer for 0.6 s\n\
             hint: {obstacle}; `--timeout` sets another limit\n"
        );
        assert_eq!(run.stderr, expected, "{line}");
    }
    place.fake_go("list: sleep");
    let run = place.run("doctor");
    assert!(
        run.stderr.contains("`go list` was stopped"),
        "{}",
        run.shown()
    );
    // A build takes as long as it takes.
    let script = good(&place);
    place.env("__GOBUILD_OPT_PATIENCE", "1 2000");
    place.fake_go(&format!("{script}build: stderr slow\nbuild: wait 2500"));
    let run = place.run(LEAN);
    assert_eq!(run.code(), 0, "{}", run.shown());
    nothing_survives(&place);
}

/// A limit of the run is the only one then, and one beyond the clock is none.
#[test]
fn limits_that_no_clock_holds() {
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&script);
    for limit in [
        "9223372036854775807s",
        "5124095576030430h",
        "2562047788015215h 30m 7s",
    ] {
        place.write(
            "gobuild-opt.toml",
            format!("[build]\ntimeout = \"{limit}\"\n"),
        );
        let run = place.run(LEAN);
        assert!([0, 2].contains(&run.code()), "{limit}: {}", run.shown());
        assert!(!run.stderr.contains("panicked"), "{}", run.shown());
    }
    place.write(
        "gobuild-opt.toml",
        "[build]\ntimeout = \"9223372036854775807s\"\n",
    );
    assert_eq!(place.run(LEAN).code(), 0);
}

/// Whoever stands by ends the run also when nobody reads what it says.
#[test]
fn an_answer_that_nobody_reads() {
    let place = Place::empty();
    place.write("tiny", executable());
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = place.command(PROGRAM);
    command
        .args(["inspect", "--format", "json", "tiny"])
        .stderr(Stdio::null());
    let mut child = command.stdout(writer).spawn().unwrap();
    drop(command);
    let begin = Instant::now();
    wait_for("a full pipe", || {
        (begin.elapsed() > Duration::from_secs(1) && is_waiting(&child)).then_some(())
    });
    ended(&mut child, "inspect");
    drop(reader);
}

#[test]
fn a_stage_that_was_given_up_is_removed() {
    // In the middle of a wait that hears nothing: the warden tidies up.
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&format!("{script}build: pid go.pid"));
    fifo(&place, "pipe");
    let mut child = start(&place, &format!("{LEAN} -o pipe"));
    wait_for_file(&place.aside("go.pid"));
    std::thread::sleep(Duration::from_millis(300));
    ended(&mut child, "-o pipe");
    nothing_survives(&place);
    let stages: Vec<_> = std::fs::read_dir(place.aside("cache/gobuild-opt"))
        .unwrap()
        .flatten()
        .collect();
    let left = stages.iter().filter(|it| {
        it.file_name()
            .to_string_lossy()
            .starts_with(".gobuild-opt-")
    });
    assert_eq!(left.count(), 0);
    assert!(!Path::new(&place.path("pipe")).metadata().unwrap().is_file());
}

//! Signals, children that misbehave, and floods: nothing survives us, nothing is left, nothing grows.

mod killed;

mod waits;

use std::fs;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::harness::processes::{
    is_warden, wait_for, wait_for_exit, wait_for_file, with_environment,
};
use crate::harness::{PROGRAM, Place, executable};

const RELEASE: &[&str] = &["release", "--baseline", "off", "--escapes", "off"];
const OLD: &[u8] = b"\x7fELF the old binary";

/// A place with an old output, whose `go` does what `script` says.
fn place(script: &str) -> Place {
    let place = Place::fake(script);
    place.write("tiny", OLD);
    place
}

/// A script line that writes a good executable.
fn good(place: &Place) -> String {
    fs::write(place.aside("good"), executable()).unwrap();
    format!("build: output copy {}\n", place.aside("good").display())
}

fn start(place: &Place) -> Child {
    let mut command = place.command(PROGRAM);
    command.args(RELEASE);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

fn send(id: u32, signal: Signal) {
    kill_process(Pid::from_raw(i32::try_from(id).unwrap()).unwrap(), signal).unwrap();
}

/// The processes of this test, however deep: the variable that steers them is in their environment.
fn alive(place: &Place) -> Vec<u32> {
    with_environment(place.aside("").to_str().unwrap().trim_end_matches('/'))
}

fn nothing_survives(place: &Place) {
    wait_for("the end of every process", || {
        alive(place).is_empty().then_some(())
    });
}

fn kill_what_is_left(place: &Place) {
    for id in alive(place) {
        let id = Pid::from_raw(i32::try_from(id).unwrap()).unwrap();
        // It may have ended meanwhile.
        let _ = kill_process(id, Signal::KILL);
    }
    nothing_survives(place);
}

fn nothing_changed(place: &Place) {
    assert_eq!(place.files(), "go.mod\nmain.go\ntiny");
    assert_eq!(place.read("tiny"), OLD);
}

/// Runs until the stand-in has come to its `pid` line, then signals us, and only us.
fn interrupted(script: &str, signal: Signal) {
    let place = place(script);
    let mut child = start(&place);
    wait_for_file(&place.aside("go.pid"));
    send(child.id(), signal);
    let status = wait_for_exit(&mut child);
    assert_eq!(status.code(), Some(128 + signal.as_raw()));
    assert!(!alive(&place).into_iter().any(is_warden));
    nothing_survives(&place);
    nothing_changed(&place);
}

const SLEEPING: &str = "build: child kid.pid\nbuild: pid go.pid\nbuild: sleep";

#[test]
fn an_interrupt_ends_us_and_everything_we_started() {
    // What is ignored for the tests is ignored for us, as nohup means it.
    if crate::harness::interrupts_are_ignored() {
        return crate::harness::skipped(
            "an interrupt: it is ignored here, as in a shell's background",
        );
    }
    interrupted(SLEEPING, Signal::INT);
}

#[test]
fn a_termination_ends_us_and_everything_we_started() {
    interrupted(SLEEPING, Signal::TERM);
}

#[test]
fn a_hangup_ends_us_and_everything_we_started() {
    interrupted(SLEEPING, Signal::HUP);
}

#[test]
fn what_left_the_group_of_go_is_ended_too() {
    interrupted(
        "build: orphan kid.pid\nbuild: pid go.pid\nbuild: sleep",
        Signal::TERM,
    );
}

/// Also where nothing is built: go compiles for the report.
#[test]
fn no_work_directory_is_left_by_the_escape_report() {
    for signal in [Signal::TERM, Signal::KILL] {
        let place = place("escape: pid go.pid\nescape: sleep");
        let mut command = place.command(PROGRAM);
        command.arg("escape").stderr(Stdio::null());
        let mut child = command.spawn().unwrap();
        let go = wait_for_file(&place.aside("go.pid"));
        let environment = fs::read(format!("/proc/{go}/environ")).unwrap();
        let mut variables = environment.split(|it| *it == 0);
        let tmp = variables
            .find_map(|it| it.strip_prefix(b"GOTMPDIR="))
            .unwrap();
        let tmp = std::path::PathBuf::from(String::from_utf8(tmp.to_vec()).unwrap());
        fs::create_dir(tmp.join("go-build1")).unwrap();
        send(child.id(), signal);
        wait_for_exit(&mut child);
        nothing_survives(&place);
        assert!(!tmp.exists(), "{signal:?}");
        nothing_changed(&place);
    }
}

#[test]
fn a_signal_while_go_is_asked_for_its_settings() {
    interrupted("env: pid go.pid\nenv: sleep", Signal::TERM);
}

#[test]
fn a_child_that_ignores_the_signal_is_killed() {
    interrupted(
        "build: ignore 15\nbuild: pid go.pid\nbuild: sleep",
        Signal::TERM,
    );
}

#[test]
fn a_signal_is_heard_while_a_child_never_stops_printing() {
    interrupted(
        "build: ignore 15\nbuild: pid go.pid\nbuild: flood 1000000000000000",
        Signal::TERM,
    );
}

#[test]
fn the_second_of_two_runs_waits_and_can_be_ended() {
    let place = place(SLEEPING);
    let mut first = start(&place);
    wait_for_file(&place.aside("go.pid"));
    let run = place.run("release --no-wait");
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(
        run.stderr.contains("error: another run writes to"),
        "{}",
        run.shown()
    );

    let mut command = place.command(PROGRAM);
    command
        .args(RELEASE)
        .stderr(Stdio::piped())
        .stdout(Stdio::null());
    let mut second = command.spawn().unwrap();
    let mut lines = std::io::BufReader::new(second.stderr.take().unwrap());
    let mut line = String::new();
    std::io::BufRead::read_line(&mut lines, &mut line).unwrap();
    assert!(line.starts_with("waiting for another run"), "{line}");
    send(second.id(), Signal::TERM);
    assert_eq!(wait_for_exit(&mut second).code(), Some(143));

    send(first.id(), Signal::TERM);
    assert_eq!(wait_for_exit(&mut first).code(), Some(143));
    nothing_survives(&place);
    nothing_changed(&place);
}

#[test]
fn a_grandchild_that_holds_the_pipes_does_not_hold_us() {
    for kind in ["child", "orphan"] {
        let mut place = place("");
        let script = format!("{}build: {kind} kid.pid", good(&place));
        place.fake_go(&script);
        let mut child = start(&place);
        assert_eq!(wait_for_exit(&mut child).code(), Some(0));
        assert!(place.read("tiny") == executable());
        assert_eq!(place.files(), "go.mod\nmain.go\ntiny");
        kill_what_is_left(&place);
    }
}

/// Runs to the end; returns the exit code and the most memory that we had, in KiB.
fn most_memory(place: &Place) -> (Option<i32>, u64) {
    let mut child = start(place);
    let mut most = 0;
    let status = wait_for("the end of a process", || {
        let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|it| it.strip_prefix("VmHWM:"));
        let kib = line.and_then(|it| it.trim().strip_suffix(" kB")?.parse().ok());
        most = most.max(kib.unwrap_or(0));
        child.try_wait().unwrap()
    });
    (status.code(), most)
}

/// `FLOOD_MIB=2048 cargo test --test it flood_through` sends 2 GiB through each pipe; by default it is 256 MiB.
#[test]
fn a_flood_through_both_pipes_does_not_fill_our_memory() {
    // 24 MiB of an answer are kept, and the program with debug information has some 40 MiB of itself in memory.
    const LIMIT: u64 = 96 << 10;
    let mebibytes = std::env::var("FLOOD_MIB").map_or(256, |it| it.parse().unwrap());
    let flood: u64 = mebibytes << 20;
    let mut place = place("");
    let good = good(&place);
    for (flooded, code, extra) in [
        ("build", 0, ""),
        ("build", 3, "build: exit 1"),
        ("list", 3, ""),
        ("env", 3, ""),
    ] {
        place.fake_go(&format!("{flooded}: flood {flood}\n{good}{extra}"));
        let (status, most) = most_memory(&place);
        assert_eq!(status, Some(code), "{flooded} {extra}");
        assert!(most > 0 && most < LIMIT, "{flooded} {extra}: {most} KiB");
    }
    place.fake_go(&format!("{good}escape: flood {flood}"));
    let mut command = place.command(PROGRAM);
    command.args(["release", "-q", "--baseline", "off"]);
    assert_eq!(command.status().unwrap().code(), Some(0));
}

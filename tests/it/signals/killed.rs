//! `kill -9` to us: nothing can be caught then, and still no compile goes on, no directory stays, and the
//! output is the old one or the new one, whole.

use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::{
    OLD, SLEEPING, alive, good, kill_what_is_left, nothing_changed, nothing_survives, place, send,
    start,
};
use crate::harness::processes::{
    is_warden, wait_for, wait_for_exit, wait_for_file, with_environment,
};
use crate::harness::{PROGRAM, Place, executable};

/// The promise is 6 s; the rest is for a machine that is busy with other tests.
const SOON: Duration = Duration::from_secs(20);

fn entries(directory: &Path) -> usize {
    std::fs::read_dir(directory).map_or(0, Iterator::count)
}

/// Runs until the stand-in has come to its `pid` line, then kills us.
fn killed(script: &str) {
    let place = place(script);
    let mut child = start(&place);
    wait_for_file(&place.aside("go.pid"));
    let stages = place.aside("cache/gobuild-opt");
    let staged = entries(&stages);
    send(child.id(), Signal::KILL);
    let killed = Instant::now();
    wait_for_exit(&mut child);
    nothing_survives(&place);
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    assert_eq!((staged, entries(&stages)), (1, 0), "the stage is gone");
    nothing_changed(&place);
}

#[test]
fn nothing_that_we_started_goes_on() {
    killed(SLEEPING);
}

#[test]
fn who_ignores_the_request_is_killed() {
    killed("build: ignore 15\nbuild: pid go.pid\nbuild: sleep");
}

#[test]
fn what_left_the_group_of_go_goes_too() {
    killed("build: orphan kid.pid\nbuild: pid go.pid\nbuild: sleep");
}

#[test]
fn a_flood_does_not_hold_up_the_end() {
    killed("build: ignore 15\nbuild: pid go.pid\nbuild: flood 1000000000000000");
}

/// The real one, in the middle of compiling the standard library.
#[test]
fn a_compile_does_not_go_on() {
    let mut place = Place::module();
    place.env("GOCACHE", place.aside("cache"));
    place.env("GOTMPDIR", place.aside("tmp"));
    std::fs::create_dir(place.aside("tmp")).unwrap();
    place.write("tiny", OLD);
    let mut child = start(&place);
    let ours = || with_environment(place.aside("cache").to_str().unwrap());
    let compiles = |it: &u32| {
        let name = std::fs::read_to_string(format!("/proc/{it}/comm")).unwrap_or_default();
        name.trim() == "compile"
    };
    wait_for("a compile", || ours().iter().any(compiles).then_some(()));
    send(child.id(), Signal::KILL);
    let killed = Instant::now();
    wait_for_exit(&mut child);
    wait_for("the end of every process", || {
        ours().is_empty().then_some(())
    });
    assert!(killed.elapsed() < SOON, "{:?}", killed.elapsed());
    assert_eq!(entries(&place.aside("tmp")), 0, "no go-build directory");
    assert_eq!(entries(&place.aside("cache/gobuild-opt")), 0);
    nothing_changed(&place);
}

#[test]
fn the_end_of_a_run_is_the_end_of_its_warden() {
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&format!("{script}build: pid go.pid\nbuild: child kid.pid"));
    let mut child = start(&place);
    wait_for("a warden", || {
        alive(&place).into_iter().find(|it| is_warden(*it))
    });
    assert_eq!(wait_for_exit(&mut child).code(), Some(0));
    assert!(!alive(&place).into_iter().any(is_warden));
    assert_eq!(alive(&place).len(), 1, "a run that ends well ends nobody");
    kill_what_is_left(&place);
}

#[test]
fn a_terminal_that_is_closed_ends_everything() {
    const TERMINAL: &str = "\
import os, pty, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
os.close(terminal)
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
";
    let place = place(SLEEPING);
    let mut command = place.command("python3");
    command
        .args(["-c", TERMINAL])
        .arg(place.aside("go.pid"))
        .arg(PROGRAM)
        .args(super::RELEASE);
    let status = command.stderr(Stdio::null()).status().unwrap();
    assert_eq!(status.code(), Some(128 + Signal::HUP.as_raw()));
    assert!(!alive(&place).into_iter().any(is_warden));
    nothing_survives(&place);
    nothing_changed(&place);
}

#[test]
fn a_build_goes_on_when_nobody_reads_what_we_say() {
    let mut place = place("");
    let script = good(&place);
    place.fake_go(&format!("{script}build: exit 0"));
    for line in ["release", "release --format json", "release -x"] {
        place.write("tiny", OLD);
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = place.command(PROGRAM);
        command.args(line.split(' '));
        let other = writer.try_clone().unwrap();
        let status = command.stdout(writer).stderr(other).status().unwrap();
        assert_eq!(status.code(), Some(0), "{line}");
        assert!(place.read("tiny") == executable());
    }
}

/// Also without a warden: somebody may kill that one first.
#[test]
fn what_a_killed_run_leaves_is_removed_by_the_next() {
    let mut place = place(SLEEPING);
    let mut child = start(&place);
    wait_for_file(&place.aside("go.pid"));
    let warden = alive(&place).into_iter().find(|it| is_warden(*it));
    send(warden.expect("a warden"), Signal::KILL);
    send(child.id(), Signal::KILL);
    wait_for_exit(&mut child);
    let stages = place.aside("cache/gobuild-opt");
    assert_eq!(entries(&stages), 1, "the stage of the killed run");
    assert_eq!(place.read("tiny"), OLD);
    kill_what_is_left(&place);

    let script = good(&place);
    place.fake_go(&script);
    assert_eq!(place.run("release -q").code(), 0);
    assert_eq!(place.files(), "go.mod\nmain.go\ntiny");
    assert_eq!(entries(&stages), 0);
    assert!(place.read("tiny") == executable());
}

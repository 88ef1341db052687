//! A set of outputs is the old one or the new one, never a mixture: at whatever system call the run is killed.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

use super::old;
use crate::harness::processes::wait_for;
use crate::harness::{PROGRAM, Place, executable, skipped};

const NAMES: [&str; 3] = ["a", "b", "tiny"];

/// A module with three commands whose fake go "builds" a real executable.
fn three() -> Place {
    let place = Place::empty();
    std::fs::write(place.path("new-executable"), executable()).unwrap();
    place.write("w/go.mod", "module example.com/tiny\n\ngo 1.21\n");
    let mut place = place;
    good(&mut place);
    // Every run makes the same system calls, whatever the one before it found out.
    place.env("GOBUILD_OPT_CACHE", "off");
    place
}

fn good(place: &mut Place) {
    let copy = place.path("new-executable");
    place.fake_go(&format!(
        "list: package main example.com/tiny/a\nlist: package main example.com/tiny/b\nbuild: output copies {} {}",
        copy.display(),
        NAMES.join(" ")
    ));
}

const RELEASE: &str = "release --quiet --baseline off --escapes off --out-dir dist ./...";

/// The set before the run: other executables, and sums that are right.
fn before(place: &Place) {
    let _ = std::fs::remove_dir_all(place.path("w/dist"));
    for name in NAMES {
        place.write(
            &format!("w/dist/{name}"),
            [&old()[..], name.as_bytes()].concat(),
        );
    }
    let sums = place
        .command("sha256sum")
        .args(NAMES)
        .current_dir(place.path("w/dist"))
        .output();
    place.write("w/dist/SHA256SUMS", sums.unwrap().stdout);
}

/// Name -> content of the files in the output directory.
fn found(place: &Place) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(place.path("w/dist"));
    let read = |it: std::fs::DirEntry| {
        let name = it.file_name().into_string().unwrap();
        Some((name, std::fs::read(it.path()).ok()?))
    };
    let entries = entries.into_iter().flatten().flatten();
    entries.filter_map(read).collect()
}

/// Directories of ours that hold anything: one that was killed before it had its mark is empty, and goes a minute later.
fn left(place: &Place) -> usize {
    let entries = std::fs::read_dir(place.path("w/dist"));
    let full = |it: &std::fs::DirEntry| std::fs::read_dir(it.path()).is_ok_and(|it| it.count() > 0);
    entries.into_iter().flatten().flatten().filter(full).count()
}

fn sums_are_true(place: &Place) {
    let mut check = Command::new("sha256sum");
    check.args(["--check", "--strict", "SHA256SUMS"]);
    let done = check.current_dir(place.path("w/dist")).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// System calls that look at files or change them.
const CALLS: &str = "/^(open|write|rename|unlink|link|fsync|mkdir|rmdir|flock|f?chmod|close|statx|newfstat|getdents|ftruncate|copy_file|lseek|exit_group)";

/// Runs under strace, which does something at the call of a name with a number. Returns the names of the calls of the main
/// thread, and whether each is about the publication.
fn traced(
    place: &Place,
    what: Option<(&str, &str, usize)>,
) -> Option<(ExitStatus, Vec<(String, bool)>)> {
    let log = place.path("trace");
    let _ = std::fs::remove_file(&log);
    let mut strace = place.command("strace");
    strace.args(["-qq", "-o"]).arg(&log);
    strace.arg(format!("--trace={CALLS}"));
    if let Some((action, name, number)) = what {
        strace.arg(format!("--inject={name}:{action}:when={number}"));
    }
    strace.arg(PROGRAM).args(RELEASE.split(' '));
    strace
        .current_dir(place.path("w"))
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let done = strace.status().ok()?;
    let log = std::fs::read_to_string(&log).ok()?;
    let call = |line: &str| {
        let name = line.split('(').next().unwrap_or_default();
        (name.to_owned(), line.contains("/dist/.gobuild-opt-"))
    };
    let calls: Vec<(String, bool)> = log.lines().map(call).collect();
    (!calls.is_empty()).then_some((done, calls))
}

/// Name and number of every call from a little before the first of the publication to a little after the last.
fn publication(calls: &[(String, bool)]) -> Vec<(String, usize)> {
    const AROUND: usize = 8;
    let first = calls.iter().position(|it| it.1).expect("a publication");
    let last = calls.iter().rposition(|it| it.1).unwrap();
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut all = Vec::new();
    for (name, _) in calls {
        let number = numbers.entry(name).or_default();
        *number += 1;
        all.push((name.clone(), *number));
    }
    let range = first.saturating_sub(AROUND)..(last + AROUND).min(all.len());
    all[range].to_vec()
}

/// What is there before a run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Start {
    Old,
    Nothing,
    /// The old set in a directory whose group files get, so that all are copied.
    Shared,
}

fn prepare(place: &Place, start: Start) {
    before(place);
    let dist = place.path("w/dist");
    match start {
        Start::Old => {}
        Start::Nothing => std::fs::remove_dir_all(dist).unwrap(),
        Start::Shared => {
            // Where we may not, nothing is copied: the promise is the same.
            let _ = std::os::unix::fs::chown(&dist, None, Some(4321));
            std::fs::set_permissions(&dist, PermissionsExt::from_mode(0o2775)).unwrap();
        }
    }
}

/// `KILLS=1 cargo test --test it a_kill_at_any_system_call -- --nocapture` kills at every call, and says how many there were.
#[test]
fn a_kill_at_any_system_call_leaves_the_old_or_the_new_set() {
    let step = std::env::var("KILLS").map_or(16, |it| it.parse().unwrap());
    let mut place = three();
    // What a run keeps beside the build cache is there from here on: the calls of two runs have the same numbers.
    good(&mut place);
    prepare(&place, Start::Old);
    assert_eq!(place.run_in("w", RELEASE).code(), 0);
    let mut all = 0;
    for start in [Start::Old, Start::Nothing, Start::Shared] {
        good(&mut place);
        prepare(&place, start);
        let old_set = found(&place);
        let Some((status, calls)) = traced(&place, None) else {
            return skipped("kills at system calls: there is no strace, or it may not trace");
        };
        assert!(status.success(), "{status:?}");
        let new_set = found(&place);
        assert_eq!(new_set.len(), 4, "{:?}", new_set.keys());
        assert!(new_set["a"] == executable());
        sums_are_true(&place);
        let calls = publication(&calls);
        let (mut killed, mut old, mut new) = (0, 0, 0);
        for (name, number) in calls.iter().step_by(step) {
            good(&mut place);
            prepare(&place, start);
            let (status, _) = traced(&place, Some(("signal=KILL", name, *number))).unwrap();
            killed += usize::from(status.signal() == Some(9));
            // The warden takes back what was half published, by itself.
            let whole = || {
                let state = found(&place);
                (state == old_set || state == new_set).then_some(())
            };
            wait_for(
                &format!("a whole set after {start:?}, {name} {number}"),
                whole,
            );
            // Or the next run, which cannot build: what is there must not depend on it.
            place.fake_go("build: exit 1");
            assert_ne!(place.run_in("w", RELEASE).code(), 0);
            let state = found(&place);
            match () {
                () if state == new_set => new += 1,
                () if state == old_set => old += 1,
                () => panic!("{start:?}, {name} {number}: {:?}", state.keys()),
            }
            if !state.is_empty() {
                sums_are_true(&place);
            }
            // The warden may still be about to remove it.
            let gone = || (left(&place) == 0).then_some(());
            wait_for(
                &format!("nothing left after {start:?}, {name} {number}"),
                gone,
            );
        }
        eprintln!(
            "{start:?}: {} calls, {killed} kills: {old} old, {new} new",
            calls.len()
        );
        // A few of them may all come to one side.
        assert!(step > 1 || (old > 0 && new > 0));
        assert!(killed * 10 >= (old + new) * 9);
        all += killed;
    }
    assert!(step > 1 || all >= 200, "{all} kills");
}

/// Where the warden is dead, too, as after a loss of power: the next run takes it back.
#[test]
fn what_was_half_published_is_taken_back_by_the_next_run() {
    let mut place = three();
    before(&place);
    let old_set = found(&place);
    let dist = place.path("w/dist");
    // As `build::journal` leaves it after two of four renames.
    let set = dist.join(".gobuild-opt-dead00");
    std::fs::create_dir(&set).unwrap();
    std::fs::write(set.join("made-by-gobuild-opt"), "").unwrap();
    let mut list = b"gobuild-opt journal 1\0".to_vec();
    for (index, name) in NAMES.iter().chain(&["SHA256SUMS"]).enumerate() {
        use std::os::unix::fs::MetadataExt;
        let (new, old) = (
            set.join(format!("new-{index}")),
            set.join(format!("old-{index}")),
        );
        std::fs::write(&new, format!("new {name}")).unwrap();
        std::fs::hard_link(dist.join(name), &old).unwrap();
        let it = new.metadata().unwrap();
        let stamp = format!("{} {} {}", it.len(), it.mtime(), it.mtime_nsec());
        list.extend(format!("replaces {stamp} {name}\0").as_bytes());
        if index < 2 {
            std::fs::rename(&new, dist.join(name)).unwrap();
        }
    }
    list.extend(b"end\0");
    std::fs::write(set.join("journal"), list).unwrap();
    assert!(found(&place) != old_set);
    // Nothing is touched while it is somebody's.
    place.fake_go("build: exit 1");
    assert_ne!(place.run_in("w", RELEASE).code(), 0);
    assert!(found(&place) == old_set, "{:?}", found(&place).keys());
    sums_are_true(&place);
    good(&mut place);
    assert_eq!(place.run_in("w", RELEASE).code(), 0);
    sums_are_true(&place);
    assert_eq!(found(&place).len(), 4);
}

/// How a publication ended in which system calls failed.
struct Failed {
    code: Option<i32>,
    stderr: String,
    log: String,
}

/// Publishes while calls of these names fail as strace is told. `None`: there is no strace, or it may not trace here.
fn failing(place: &Place, names: &str, faults: &[String]) -> Option<Failed> {
    let log = place.path("trace");
    let mut strace = place.command("strace");
    strace.args(["-qq", "-o"]).arg(&log);
    strace.arg(format!("--trace={names}"));
    strace.args(faults.iter().map(|fault| format!("--inject={fault}")));
    strace.arg(PROGRAM).args(RELEASE.split(' '));
    let done = strace.current_dir(place.path("w")).output().ok()?;
    let stderr = String::from_utf8_lossy(&done.stderr).into_owned();
    (!stderr.contains("ptrace")).then(|| Failed {
        code: done.status.code(),
        stderr,
        log: std::fs::read_to_string(&log).unwrap_or_default(),
    })
}

/// What speaks of the others takes its name last, whatever was there before.
#[test]
fn the_sums_take_their_name_after_all_outputs() {
    let place = three();
    for start in [Start::Old, Start::Nothing, Start::Shared] {
        prepare(&place, start);
        let Some(Failed { code, log, .. }) = failing(&place, "/^rename", &[]) else {
            return skipped("the order of names: there is no strace that may trace");
        };
        assert_eq!(code, Some(0), "{start:?}");
        let dist = format!("{}/", place.path("w/dist").display());
        let named = |line: &str| {
            let target = line.rsplit('"').nth(1)?;
            let name = target.strip_prefix(&dist)?;
            (!name.contains('/')).then(|| name.to_owned())
        };
        let mut names: Vec<String> = log.lines().filter_map(named).collect();
        assert_eq!(
            names.pop().as_deref(),
            Some("SHA256SUMS"),
            "{start:?}: {log}"
        );
        names.sort();
        assert_eq!(names, NAMES, "{start:?}: {log}");
        sums_are_true(&place);
    }
}

/// A rename that fails at any place takes the others back, and says the truth.
#[test]
fn a_name_that_cannot_change_leaves_the_old_set() {
    let place = three();
    before(&place);
    let old_set = found(&place);
    for number in 1..=12 {
        let fault = format!("/^rename:error=EIO:when={number}");
        let Some(Failed { code, stderr, .. }) = failing(&place, "/^rename", &[fault]) else {
            return skipped("renames that fail: there is no strace that may trace");
        };
        if code == Some(0) {
            // There are not so many renames.
            assert!(number > 8, "{number}: {stderr}");
            assert!(found(&place) != old_set);
            return;
        }
        assert_eq!(code, Some(4), "{number}: {stderr}");
        assert!(
            stderr.contains("the outputs are as they were before this run"),
            "{number}: {stderr}"
        );
        assert!(found(&place) == old_set, "{number}");
    }
    panic!("every rename failed");
}

/// And when they cannot be taken back, that is said, and the old files are kept.
#[test]
fn what_cannot_be_taken_back_is_said() {
    let mut place = three();
    before(&place);
    let old_set = found(&place);
    // Four come together, the list takes its name, one output does: from here on nothing has a name changed.
    let fault = "/^rename:error=EIO:when=7+".to_owned();
    let Some(Failed { code, stderr, .. }) = failing(&place, "/^rename", &[fault]) else {
        return skipped("old files that cannot be put back: there is no strace that may trace");
    };
    assert_eq!(code, Some(4), "{stderr}");
    assert!(!stderr.contains("the outputs are as they were"), "{stderr}");
    assert!(
        stderr.contains("old files could not be put back"),
        "{stderr}"
    );
    assert!(stderr.contains("dist/a`: "), "{stderr}");
    assert!(stderr.contains("the old file is `"), "{stderr}");
    let kept = stderr.split("the old file is `").nth(1).unwrap();
    let kept = kept.split('`').next().unwrap();
    assert!(
        std::fs::read(place.path("w").join(kept)).unwrap() == old_set["tiny"]
            || std::fs::read(place.path("w").join(kept)).unwrap() == old_set["a"]
    );
    assert!(stderr.contains("the next run tries again"), "{stderr}");
    assert!(found(&place) != old_set);
    // The next one may, whatever becomes of its build.
    place.fake_go("build: exit 1");
    assert_eq!(place.run_in("w", RELEASE).code(), 3);
    assert!(found(&place) == old_set, "{:?}", found(&place).keys());
}

/// Whatever cannot be made to last, once or from there on: what is said of the outputs is true, and the next run mends them.
#[test]
fn what_is_said_of_a_failed_publication_is_true() {
    let mut place = three();
    before(&place);
    let old_set = found(&place);
    let mut said = BTreeMap::new();
    for number in 1..=12 {
        for and_after in ["", "+"] {
            good(&mut place);
            before(&place);
            let fault = format!("fsync:error=EIO:when={number}{and_after}");
            let Some(Failed { code, stderr, .. }) = failing(&place, "fsync", &[fault]) else {
                return skipped("files that do not last: there is no strace that may trace");
            };
            let what = format!("{number}{and_after}: {stderr}");
            assert!(!stderr.contains("hint: \n"), "{what}");
            let is_old = found(&place) == old_set;
            let words = match code {
                Some(0) => "published",
                _ if stderr.contains("the outputs are as they were before this run") => "as before",
                _ => "the old outputs are in their places",
            };
            *said.entry(words).or_insert(0) += 1;
            match words {
                "published" => {
                    assert!(!is_old, "{what}");
                    sums_are_true(&place);
                    continue;
                }
                "as before" => assert!(is_old, "{what}"),
                words => assert!(is_old && stderr.contains(words), "{what}"),
            }
            place.fake_go("build: exit 1");
            assert_eq!(place.run_in("w", RELEASE).code(), 3);
            assert!(found(&place) == old_set, "{what}");
            assert_eq!(left(&place), 0, "{what}");
        }
    }
    assert_eq!(said.len(), 3, "{said:?}");
}

/// A name cannot change, and then a file cannot be looked at while the others are taken back: whatever it is, a mixed set is
/// not called the old one, and its old files are kept.
#[test]
fn a_file_that_cannot_be_looked_at_is_not_taken_for_put_back() {
    let mut place = three();
    before(&place);
    let old_set = found(&place);
    let names = "/^rename|^statx";
    // Four come together, the list takes its name, two outputs do.
    let third = "/^rename:error=EROFS:when=8".to_owned();
    let first = failing(&place, names, std::slice::from_ref(&third));
    let Some(Failed { stderr, log, .. }) = first else {
        return skipped("files that cannot be looked at: there is no strace that may trace");
    };
    assert!(stderr.contains("as they were"), "{stderr}");
    let (looks, rest) = log.split_once("(INJECTED)").unwrap();
    let (before_it, after) = (looks.matches("statx(").count(), rest.matches("statx("));
    let mut kept = 0;
    for number in 1..=after.count().min(12) {
        good(&mut place);
        before(&place);
        let look = format!("statx:error=EIO:when={}", before_it + number);
        let Failed { stderr, .. } = failing(&place, names, &[third.clone(), look]).unwrap();
        let is_old = found(&place) == old_set;
        let says_so = stderr.contains("the outputs are as they were before this run");
        assert!(is_old || !says_so, "{number}: {stderr}");
        kept += usize::from(!is_old);
        place.fake_go("build: exit 1");
        assert_eq!(place.run_in("w", RELEASE).code(), 3);
        assert!(found(&place) == old_set, "{number}: {stderr}");
    }
    assert!(kept > 0);
}

#[test]
fn what_only_has_our_name_is_left_alone() {
    let place = three();
    before(&place);
    for mine in [
        ".gobuild-opt-notes/text",
        ".gobuild-opt-abc123/text",
        ".gobuild-opt-abcdef",
    ] {
        place.write(&format!("w/dist/{mine}"), "mine");
    }
    assert_eq!(place.run_in("w", RELEASE).code(), 0);
    for mine in [
        ".gobuild-opt-notes/text",
        ".gobuild-opt-abc123/text",
        ".gobuild-opt-abcdef",
    ] {
        assert_eq!(place.text(&format!("w/dist/{mine}")), "mine");
    }
}

#[test]
fn an_executable_does_not_take_the_name_of_the_sums() {
    for (line, code) in [
        (
            "release -q --escapes off --baseline off --out-dir dist ./...",
            2,
        ),
        // Nobody asked for sums.
        ("release -q --escapes off --baseline off -o dist/ ./...", 0),
    ] {
        let mut place = three();
        let copy = place.path("new-executable");
        place.fake_go(&format!(
            "list: package main example.com/tiny/SHA256SUMS\nbuild: output copies {} tiny SHA256SUMS",
            copy.display()
        ));
        let run = place.run_in("w", line);
        assert_eq!(run.code(), code, "{}", run.shown());
        if code == 2 {
            assert!(run.stderr.contains("SHA256SUMS"), "{}", run.shown());
            assert!(!place.path("w/dist").exists());
        }
    }
}

#[test]
fn what_is_no_list_of_sums_is_refused_before_anything_is_built() {
    let place = three();
    for file in ["/dev/zero", "fifo", "binary"] {
        before(&place);
        let sums = place.path("w/dist/SHA256SUMS");
        std::fs::remove_file(&sums).unwrap();
        match file {
            "fifo" => drop(place.tool("mkfifo", &[sums.to_str().unwrap()])),
            "binary" => std::fs::write(&sums, old()).unwrap(),
            _ => std::os::unix::fs::symlink(file, &sums).unwrap(),
        }
        let run = place.run_in("w", RELEASE);
        assert_eq!(run.code(), 2, "{file}: {}", run.shown());
        assert!(
            run.stderr.contains("SHA256SUMS` is no list of checksums"),
            "{}",
            run.shown()
        );
        assert!(!place.fake_log().contains("build "), "{file}");
    }
}

#[test]
fn a_report_that_fails_says_what_was_published() {
    let place = three();
    before(&place);
    place.write("w/taken.json/file", "");
    let line = RELEASE.replace("--quiet", "--quiet --report taken.json");
    let run = place.run_in("w", &line);
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(
        run.stderr
            .contains("published before that: `dist/tiny`, `dist/a`, `dist/b`"),
        "{}",
        run.shown()
    );
    sums_are_true(&place);
}

#[test]
fn a_report_is_not_written_over_what_it_is_about() {
    let (place, _) = super::prepared();
    let run = place.run_in("w", "release -q -o tiny.json --report tiny.json");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("`tiny.json` would be both an output and the report"),
        "{}",
        run.shown()
    );
    assert!(!place.path("w/tiny.json").exists());
}

#[test]
fn an_output_directory_that_is_a_file_is_named() {
    let place = three();
    place.write("w/file", "text");
    let run = place.run_in("w", &RELEASE.replace("dist", "file"));
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(
        run.stderr
            .contains("cannot write to the output directory `"),
        "{}",
        run.shown()
    );
    assert!(!place.fake_log().contains("build "));
}

//! What happens to an artifact when everything goes wrong around it: it is absent, old or new,
//! never anything else.

mod places;

mod publish;

mod threats;

use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use crate::harness::{PROGRAM, Place, executable};

/// A place whose fake go "builds" a real executable, and the old artifact beside it.
fn prepared() -> (Place, PathBuf) {
    let place = Place::empty();
    let new = place.path("new-executable");
    std::fs::write(&new, executable()).unwrap();
    let mut place = place;
    place.write("w/go.mod", "module example.com/tiny\n\ngo 1.21\n");
    place.write("w/main.go", crate::harness::MAIN);
    place.fake_go(&format!("build: output copy {}", new.display()));
    (place, new)
}

fn spawn(place: &Place, args: &[&str]) -> Child {
    place
        .command(PROGRAM)
        .current_dir(place.path("w"))
        .args(args)
        .spawn()
        .unwrap()
}

/// Something that an executable of the same kind could be, but is not the new one.
fn old() -> Vec<u8> {
    let mut bytes = executable().to_vec();
    bytes.extend_from_slice(b"the old one");
    bytes
}

#[test]
fn a_kill_at_any_instant_leaves_the_old_or_the_new_artifact() {
    let (place, _) = prepared();
    let run = ["release", "-o", "out/app", "--quiet"];
    let start = Instant::now();
    assert!(spawn(&place, &run).wait().unwrap().success());
    let whole = start.elapsed();
    let mut seen = [0, 0];
    let mut round = |after: Duration| {
        place.write("w/out/app", old());
        let mut child = spawn(&place, &run);
        std::thread::sleep(after);
        // It may have ended.
        let _ = child.kill();
        child.wait().unwrap();
        let found = place.read("w/out/app");
        assert!(
            found == old() || found == executable(),
            "after {after:?}: {} bytes",
            found.len()
        );
        seen[usize::from(found == executable())] += 1;
        seen
    };
    // Instants spread over the whole run and a little beyond, in no order.
    for number in 0..50_u32 {
        round(whole.mul_f64(f64::from((number * 37) % 50) / 45.0));
    }
    // The machine may have become busier, or less busy, than it was for the first run.
    let mut after = whole;
    while round(after)[1] == 0 {
        after *= 2;
        assert!(after < Duration::from_secs(300), "it never ends");
    }
    assert!(round(Duration::ZERO)[0] > 0);
    assert!(spawn(&place, &run).wait().unwrap().success());
    assert_eq!(place.read("w/out/app"), executable());
    let left: Vec<_> = std::fs::read_dir(place.path("w/out"))
        .unwrap()
        .flatten()
        .map(|it| it.file_name())
        .collect();
    assert_eq!(left, ["app"], "what the killed runs left is gone");
}

#[test]
fn a_second_run_waits_or_says_so() {
    let (mut place, new) = prepared();
    place.fake_go(&format!(
        "build: pid building\nbuild: output copy {}\nbuild: sleep",
        new.display()
    ));
    let mut first = spawn(&place, &["release", "-o", "out/app"]);
    crate::harness::processes::wait_for_file(&place.aside("building"));
    let second = place.run_in("w", "release --no-wait -o out/other");
    assert_eq!(second.code(), 4, "{}", second.shown());
    assert!(
        second.stderr.contains("another run writes to"),
        "{}",
        second.shown()
    );
    let pid = rustix::process::Pid::from_raw(i32::try_from(first.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(first.wait().unwrap().code(), Some(128 + 15));
    place.fake_go(&format!("build: output copy {}", new.display()));
    let third = place.run_in("w", "release --no-wait -o out/other");
    assert_eq!(third.code(), 0, "{}", third.shown());
}

#[test]
fn reports_of_runs_at_once_match_the_files_they_name() {
    let (place, _) = prepared();
    let names: Vec<String> = (0..6).map(|it| format!("app{it}")).collect();
    let report = |name: &str| place.path(&format!("w/{name}.json"));
    let children: Vec<Child> = names
        .iter()
        .map(|name| {
            let (output, report) = (
                format!("out/{name}"),
                format!("--report={}", report(name).display()),
            );
            spawn(&place, &["release", "--quiet", "-o", &output, &report])
        })
        .collect();
    for mut child in children {
        assert!(child.wait().unwrap().success());
    }
    for name in &names {
        let report: serde_json::Value =
            serde_json::from_slice(&std::fs::read(report(name)).unwrap()).unwrap();
        let artifact = &report["targets"][0]["artifact"];
        assert_eq!(artifact["path"], format!("out/{name}"));
        let sum = place.tool("sha256sum", &[&format!("w/out/{name}")]);
        assert_eq!(artifact["sha256"], sum.split(' ').next().unwrap());
    }
}

#[test]
fn a_run_that_takes_too_long_is_stopped_with_the_cause() {
    let (mut place, _) = prepared();
    place.fake_go("env: sleep");
    let start = Instant::now();
    let run = place.run_in("w", "release --timeout 1s -o out/app");
    assert!(
        start.elapsed() < Duration::from_secs(60),
        "it ended by the limit"
    );
    assert_eq!(run.code(), 3, "{}", run.shown());
    insta::assert_snapshot!(run.stderr.trim_end(), @r"
    error: `go env` was stopped: the run took longer than 1 s
    hint: go may be waiting for the network: for the toolchain that the `go` or `toolchain` line of go.mod asks for (GOTOOLCHAIN=local does without), or for modules (GOPROXY)
    ");
}

#[test]
fn a_toolchain_that_nobody_serves_does_not_hang_us() {
    // A proxy that accepts and never answers.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let proxy = format!("http://{}", listener.local_addr().unwrap());
    let mut place = Place::module();
    place.write("go.mod", "module example.com/tiny\n\ngo 1.99\n");
    place.env("GOTOOLCHAIN", "auto");
    place.env("GOPROXY", &proxy);
    place.env("GOSUMDB", "off");
    let start = Instant::now();
    let run = place.run("release --timeout 2s");
    // The promise is 10 s beyond the limit; the rest is for a busy machine.
    assert!(start.elapsed() < Duration::from_secs(30));
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(run.stderr.contains("GOTOOLCHAIN=local"), "{}", run.shown());
    place.env("GOTOOLCHAIN", "local");
    let run = place.run("release");
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(
        run.stderr.contains("go.mod requires go >= 1.99"),
        "{}",
        run.shown()
    );
}

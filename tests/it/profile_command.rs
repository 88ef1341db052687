//! `profile` as a user runs it: on profiles that Go ships, and against servers that misbehave.

// Helpers of tests are tests, too.
#![allow(clippy::unwrap_used)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::harness::Place;

/// The profile of Go's own compiler, as the `go` in PATH ships it.
fn compiler() -> &'static Path {
    static FOUND: OnceLock<PathBuf> = OnceLock::new();
    FOUND.get_or_init(|| {
        let root = Place::empty().tool("go", &["env", "GOROOT"]);
        Path::new(root.trim()).join("src/cmd/compile/default.pgo")
    })
}

fn service() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service/cmd/api/default.pgo")
}

/// A place with both profiles in it.
fn place() -> Place {
    let place = Place::empty();
    place.write("compile.pgo", std::fs::read(compiler()).unwrap());
    place.write("api.pgo", std::fs::read(service()).unwrap());
    place
}

#[test]
fn show_says_what_a_profile_holds() {
    let place = place();
    let run = place.run("profile show api.pgo");
    assert_eq!(run.code(), 0, "{}", run.shown());
    for words in [
        "usable as -pgo",
        "a CPU profile, 10,243 samples",
        " old",
        "Hot functions",
        "Hot calls",
        "runtime",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.shown());
    }
    let json = place
        .run("profile show api.pgo --top 3 --format json")
        .json();
    assert_eq!(json["fitness"], "usable");
    assert_eq!(json["summary"]["functions"].as_array().unwrap().len(), 3);
    let shares = json["summary"]["owners"].as_array().unwrap();
    let sum: f64 = shares
        .iter()
        .map(|it| it["percent"].as_f64().unwrap())
        .sum();
    assert!((sum - 100.0).abs() < 0.1, "{sum}");
    let markdown = place.run("profile show api.pgo --format markdown");
    assert!(markdown.stdout.contains("### Hot functions"));
}

#[test]
fn health_is_low_for_another_program() {
    let place = place();
    place.write("tiny", crate::harness::executable());
    let json = place
        .run("profile show compile.pgo --binary tiny --format json")
        .json();
    let health = &json["health"]["health"];
    let share = health["by_name"].as_f64().unwrap();
    assert!(share > 0.0 && share < 60.0, "{health}");
    assert!(!health["vanished"].as_array().unwrap().is_empty());
    let run = place.run("profile show compile.pgo --binary compile.pgo");
    assert_eq!(run.code(), 4, "{}", run.shown());
}

#[test]
fn what_is_no_profile_is_told() {
    let place = place();
    place.write("text", "hello\n");
    place.write("empty", "");
    for (line, code, words) in [
        ("profile show text", 4, "`text` is no profile"),
        ("profile show empty", 4, "`empty` is no profile"),
        ("profile show none", 4, "cannot read the profile `none`"),
        (
            "profile slim api.pgo -o text",
            2,
            "there already, and no profile",
        ),
        ("profile merge api.pgo api.pgo -o .", 2, "is a directory"),
        (
            "profile merge api.pgo -o out --weight x=1",
            2,
            "names no file of this merge",
        ),
        (
            "profile merge api.pgo -o out --weight api=-1",
            2,
            "no number above 0",
        ),
        ("profile diff api.pgo text", 4, "`text` is no profile"),
    ] {
        let run = place.run(line);
        assert_eq!(run.code(), code, "{line}: {}", run.shown());
        assert!(run.stderr.contains(words), "{line}: {}", run.shown());
    }
    assert_eq!(place.text("text"), "hello\n");
    assert!(!place.path("out").exists());
}

#[test]
fn slim_is_small_and_changes_no_call() {
    let place = place();
    let run = place.run("profile slim compile.pgo -o slim.pgo");
    assert!(run.stdout.contains("times smaller"), "{}", run.shown());
    assert!(place.read("slim.pgo").len() * 4 < place.read("compile.pgo").len());
    let diff = place
        .run("profile diff compile.pgo slim.pgo --format json")
        .json();
    assert_eq!(diff["changed_percent"], 0.0);
    assert_eq!(diff["before"], diff["same"]);
    let before = place.read("slim.pgo");
    let again = place.run("profile slim compile.pgo -o slim.pgo --keep lines --stable slim.pgo");
    assert!(
        again.stdout.contains("the earlier bytes stay"),
        "{}",
        again.shown()
    );
    assert_eq!(place.read("slim.pgo"), before);
}

#[test]
fn merge_adds_and_weighs() {
    let place = place();
    let samples = |name: &str| {
        let json = place
            .run(&format!("profile show {name} --format json"))
            .json();
        json["judgement"]["samples"].as_i64().unwrap()
    };
    let run = place.run("profile merge api.pgo compile.pgo -o both.pgo");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout
            .contains("next: gobuild-opt release -pgo=both.pgo"),
        "{}",
        run.shown()
    );
    assert_eq!(
        samples("both.pgo"),
        samples("api.pgo") + samples("compile.pgo")
    );
    let weighed = place
        .run("profile merge api.pgo compile.pgo -o both.pgo --weight api=0.7 --normalize samples");
    assert_eq!(weighed.code(), 0, "{}", weighed.shown());
    let diff = place.run("profile diff api.pgo compile.pgo");
    assert!(diff.stdout.starts_with("hot calls: "), "{}", diff.shown());
    assert!(diff.stdout.lines().any(|it| it.starts_with("+ ")));
}

/// Answers every connection with `answer`, until the test ends.
fn server(answer: impl Fn(&mut TcpStream, &str) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut request = Vec::new();
            let mut piece = [0; 1024];
            while !request.windows(4).any(|it| it == b"\r\n\r\n") {
                match stream.read(&mut piece) {
                    Ok(read @ 1..) => request.extend_from_slice(&piece[..read]),
                    _ => break,
                }
            }
            answer(&mut stream, &String::from_utf8_lossy(&request));
        }
    });
    address
}

/// What a server of `bytes` answers.
fn ok(bytes: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        bytes.len()
    );
    [head.as_bytes(), bytes].concat()
}

fn fixed(answer: Vec<u8>) -> String {
    server(move |stream, _| {
        let _ = stream.write_all(&answer);
    })
}

#[test]
fn collect_writes_what_a_program_answers() {
    let mut place = place();
    let bytes = std::fs::read(service()).unwrap();
    let address = server(move |stream, request| {
        let asked = request.starts_with("GET /debug/pprof/profile?seconds=1 ");
        let secret = request
            .to_lowercase()
            .contains("authorization: bearer s3cret");
        let answer = match asked && secret {
            true => ok(&bytes),
            false => b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n".to_vec(),
        };
        let _ = stream.write_all(&answer);
    });
    let line = format!(
        "profile collect {address} --seconds 1 --header 'Authorization: Bearer ${{TOKEN}}'"
    );
    let unset = place.run(&line);
    assert_eq!(unset.code(), 2, "{}", unset.shown());
    assert!(
        unset.stderr.contains("`TOKEN`, which is not set"),
        "{}",
        unset.shown()
    );
    place.env("TOKEN", "s3cret");
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("next: gobuild-opt release\n"),
        "{}",
        run.shown()
    );
    assert!(!run.shown().contains("s3cret"));
    let same = place
        .run("profile diff api.pgo default.pgo --format json")
        .json();
    assert_eq!(same["changed_percent"], 0.0);
    let twice = place.run(&format!("{line} {address} --merge-previous -o default.pgo"));
    assert_eq!(twice.code(), 0, "{}", twice.shown());
    assert!(
        twice.stdout.contains("merged with the previous profile"),
        "{}",
        twice.shown()
    );
}

#[test]
fn a_kind_that_cannot_be_had_fails_and_an_old_file_is_named() {
    let place = place();
    let bytes = std::fs::read(service()).unwrap();
    place.write("go.mod", "module a.b/c\n\ngo 1.21\n");
    place.write("gobuild-opt.toml", "");
    place.write("sub/x.txt", "");
    let with = |code: &'static str| {
        let bytes = bytes.clone();
        server(move |stream, request| {
            let answer = match request.starts_with("GET /debug/pprof/profile?") {
                true => ok(&bytes),
                false => format!("HTTP/1.1 {code}\r\nContent-Length: 0\r\n\r\n").into_bytes(),
            };
            let _ = stream.write_all(&answer);
        })
    };
    let failing = with("500 Internal Server Error");
    let run = place.run(&format!("profile collect --all {failing} --seconds 1"));
    assert_eq!(run.code(), 4, "{}", run.shown());
    let words = "`heap`, `mutex`, `block`, `goroutine`, `goroutineleak` was not collected";
    assert!(run.stderr.contains(words), "{}", run.shown());
    assert!(
        run.stderr.contains("cpu: profiles/cpu.pprof"),
        "{}",
        run.shown()
    );

    // What the program does not serve is no failure; a file that lies there is not of this time.
    place.write("sub/a\"b/heap.pprof", &bytes);
    let missing = with("404 Not Found");
    let run = place.run(&format!(
        "-C sub profile collect --all {missing} --seconds 1 -o 'a\"b'"
    ));
    assert_eq!(run.code(), 0, "{}", run.shown());
    for words in [
        "heap.pprof is of an earlier time",
        r#"{ cpu = 'sub/a"b/cpu.pprof' }"#,
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.shown());
    }
    assert!(!run.stdout.contains("mutex.pprof"), "{}", run.shown());
    let run = place.run(&format!("profile collect --all {missing} -o -"));
    assert_eq!(run.code(), 2, "{}", run.shown());
}

#[test]
fn collect_leaves_the_old_file_when_a_server_misbehaves() {
    let place = place();
    place.write("default.pgo", place.read("api.pgo"));
    let old = place.read("default.pgo");
    let cut = {
        let whole = ok(&old);
        fixed(whole[..whole.len() / 2].to_vec())
    };
    let endless = server(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
        while stream.write_all(&[0x1f; 64 << 10]).is_ok() {}
    });
    let slow = server(|_, _| std::thread::sleep(Duration::from_secs(20)));
    let dripping = server(|stream, _| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n");
        while stream.write_all(b"x").is_ok() {
            std::thread::sleep(Duration::from_millis(100));
        }
    });
    let page = fixed(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>".to_vec(),
    );
    let missing = fixed(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n".to_vec());
    let moved = fixed(
        b"HTTP/1.1 302 Found\r\nLocation: http://elsewhere/x?token=1\r\nContent-Length: 0\r\n\r\n"
            .to_vec(),
    );
    // A port that is taken, and where nobody listens: no test beside this one can get it.
    let open = TcpListener::bind("127.0.0.1:0").unwrap();
    let held = TcpStream::connect(open.local_addr().unwrap()).unwrap();
    let closed = held.local_addr().unwrap().to_string();
    for (name, address, words) in [
        ("cut", cut, "cannot get the profile"),
        ("endless", endless, "sends more than 64 MiB"),
        ("slow", slow, "did not answer within 1 s and 1 s more"),
        ("dripping", dripping, "did not send the profile within 1 s"),
        ("page", page, "answers with a web page"),
        ("missing", missing, "answers 404"),
        ("moved", moved, "ask `http://elsewhere/x` itself"),
        ("empty", fixed(ok(b"")), "the profile is empty"),
        ("text", fixed(ok(b"no profile at all")), "not a pprof"),
        ("closed", closed, "cannot get the profile"),
    ] {
        let start = Instant::now();
        let patience = if name == "endless" { 60 } else { 1 };
        let run = place.run(&format!(
            "profile collect {address} --seconds 1 --patience {patience}"
        ));
        assert_eq!(run.code(), 4, "{name}: {}", run.shown());
        assert!(run.stderr.contains(words), "{name}: {}", run.shown());
        assert_eq!(
            run.stderr.matches("error:").count(),
            1,
            "{name}: {}",
            run.shown()
        );
        assert!(start.elapsed() < Duration::from_secs(60), "{name}");
        assert!(place.read("default.pgo") == old, "{name}");
    }
    assert_eq!(place.files(), "api.pgo\ncompile.pgo\ndefault.pgo");
}

#[test]
fn collect_takes_the_profile_of_a_command() {
    let place = place();
    let run = place.run("profile collect -o new.pgo -- cp api.pgo {profile}");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout
            .contains("collected from the command into new.pgo"),
        "{}",
        run.shown()
    );
    let by_variable =
        place.run("profile collect -o two.pgo -- sh -c 'cp api.pgo \"$GOBUILD_OPT_PROFILE\"'");
    assert_eq!(by_variable.code(), 0, "{}", by_variable.shown());
    for (command, words) in [
        ("true", "wrote no profile"),
        ("false", "`false` failed"),
        ("cp Makefile {profile}", "`cp` failed"),
    ] {
        let run = place.run(&format!("profile collect -o new.pgo -- {command}"));
        assert_eq!(run.code(), 4, "{}", run.shown());
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
}

/// The finding of the check pgo-health.
fn finding(checks: &serde_json::Value) -> serde_json::Value {
    let mut all = checks.as_array().unwrap().iter();
    all.find(|it| it["id"] == "pgo-health").unwrap().clone()
}

#[test]
fn an_old_or_small_profile_is_a_finding() {
    let place = Place::module();
    place.write("default.pgo", std::fs::read(compiler()).unwrap());
    let doctor = |sets: &str| {
        let run = place.run(&format!("doctor --format json {sets}"));
        finding(&run.json()[0]["checks"])
    };
    let old = doctor("--set pgo.max-age=2h");
    assert_eq!(old["status"], "warn", "{old}");
    assert!(
        old["message"]
            .as_str()
            .unwrap()
            .contains("more than 0.1 days ago (`[pgo] max-age`)")
    );
    let small = doctor("--set pgo.max-age=99999d --set pgo.min-samples=1000000");
    assert!(
        small["message"]
            .as_str()
            .unwrap()
            .contains("(limit 1000000)")
    );
    assert_eq!(doctor("--set pgo.max-age=99999d")["status"], "pass");
    let wrong = place.run("doctor --set pgo.max-age=45");
    assert_eq!(wrong.code(), 2, "{}", wrong.shown());
    assert!(
        wrong.stderr.contains("`45`") || wrong.stderr.contains("string"),
        "{}",
        wrong.shown()
    );
}

#[test]
fn a_profile_of_another_program_is_a_finding() {
    let place = Place::module();
    place.write("default.pgo", std::fs::read(compiler()).unwrap());
    let run = place.run(
        "release --format json --set pgo.max-age=99999d --set checks.pgo-health=deny --escapes off",
    );
    assert_eq!(run.code(), 1, "{}", run.shown());
    let target = &run.json()["targets"][0];
    let health = target["pgo"]["health"].as_f64().unwrap();
    assert!(health > 0.0 && health < 60.0, "{health}");
    assert_eq!(target["pgo"]["vanished"].as_array().unwrap().len(), 10);
    let message = finding(&target["checks"])["message"].to_string();
    assert!(
        message.contains("about this program (limit 80 %)"),
        "{message}"
    );
}

/// Runs the program with bytes on standard input; gives exit code, standard output and standard error.
fn piped(place: &Place, line: &str, input: &[u8]) -> (Option<i32>, Vec<u8>, String) {
    use std::process::Stdio;
    let mut command = place.command(crate::harness::PROGRAM);
    command.args(shell_words::split(line).unwrap());
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut process = command.spawn().unwrap();
    // A program that fails early does not read it all.
    let _ = process.stdin.take().unwrap().write_all(input);
    let done = process.wait_with_output().unwrap();
    let said = String::from_utf8(done.stderr).unwrap();
    (done.status.code(), done.stdout, said)
}

#[test]
fn profiles_go_through_pipes() {
    let place = place();
    let bytes = place.read("api.pgo");
    let (code, shown, _) = piped(&place, "profile show -", &bytes);
    assert_eq!(code, Some(0));
    assert!(String::from_utf8(shown).unwrap().contains("usable as -pgo"));
    let (code, slim, said) = piped(&place, "profile slim - -o -", &bytes);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("times smaller"), "{said}");
    place.run("profile slim api.pgo -o slim.pgo");
    assert!(slim == place.read("slim.pgo"));
    let (code, merged, said) = piped(&place, "profile merge - compile.pgo -o -", &bytes);
    assert_eq!(code, Some(0), "{said}");
    place.run("profile merge api.pgo compile.pgo -o both.pgo");
    assert!(merged == place.read("both.pgo"));
    let (code, diff, _) = piped(&place, "profile diff - api.pgo --format json", &bytes);
    let diff: serde_json::Value = serde_json::from_slice(&diff).unwrap();
    assert_eq!((code, &diff["changed_percent"]), (Some(0), &0.0.into()));
    let (code, _, said) = piped(&place, "profile show -", b"");
    assert_eq!(code, Some(4), "{said}");
    assert!(said.contains("the profile is empty"), "{said}");
    let (_, quiet, said) = piped(&place, "--quiet profile slim - -o -", &bytes);
    assert!(quiet == slim && said.is_empty(), "{said}");
}

#[test]
fn files_that_cannot_be_read_or_written_are_told() {
    let place = place();
    std::fs::create_dir(place.path("directory")).unwrap();
    place.write("-odd name \u{1b}[31m.pgo", place.read("api.pgo"));
    let odd = shell_words::quote("./-odd name \u{1b}[31m.pgo").into_owned();
    for (line, code, words) in [
        (
            "profile show directory".to_owned(),
            4,
            "`directory` is a directory",
        ),
        (
            "profile show missing".into(),
            4,
            "cannot read the profile `missing`",
        ),
        ("profile show /dev/zero".into(), 4, "is no profile"),
        (format!("profile show {odd}"), 0, ""),
        (format!("profile slim {odd} -o {odd}"), 0, ""),
        (
            "profile slim api.pgo -o /dev/full".into(),
            4,
            "cannot write `/dev/full`",
        ),
        (
            "profile slim api.pgo -o /proc/none/x".into(),
            4,
            "cannot write",
        ),
        (
            "profile slim api.pgo -o api.pgo/x".into(),
            4,
            "cannot write",
        ),
        (
            "profile merge missing api.pgo -o out".into(),
            4,
            "`missing`",
        ),
        (
            "profile merge directory api.pgo -o out".into(),
            4,
            "`directory` is a directory",
        ),
        ("profile slim api.pgo -o new/place/api.pgo".into(), 0, ""),
    ] {
        let run = place.run(&line);
        assert_eq!(run.code(), code, "{line}: {}", run.shown());
        assert!(run.stderr.contains(words), "{line}: {}", run.shown());
        assert!(
            !run.stderr.contains('\u{1b}') && !run.stdout.contains('\u{1b}'),
            "{line}"
        );
    }
    assert!(!place.path("out").exists());
    // In the place of its input.
    let before = place.read("api.pgo").len();
    assert_eq!(place.run("profile slim api.pgo -o api.pgo").code(), 0);
    assert!(place.read("api.pgo").len() * 2 < before);
}

#[test]
fn a_heap_profile_is_shown_in_use_and_allocated() {
    let place = Place::empty();
    place.write("heap.pgo", crate::profile::bytes("heap.pprof"));
    let run = place.run("profile show heap.pgo");
    assert_eq!(run.code(), 0, "{}", run.shown());
    for words in [
        "a heap profile",
        "no use as -pgo",
        "In use",
        "Allocated: ",
        "main.work",
    ] {
        assert!(run.stdout.contains(words), "{words}: {}", run.shown());
    }
    let json = place.run("profile show heap.pgo --format json").json();
    assert_eq!(json["summary"]["measure"], "inuse_space");
    assert_eq!(json["allocated"]["measure"], "alloc_space");
    let total = |name: &str| json[name]["total"].as_i64().unwrap();
    assert!(total("allocated") > total("summary"), "{json}");
    let markdown = place.run("profile show heap.pgo --format markdown").stdout;
    assert!(markdown.contains("### In use"), "{markdown}");
    let svg = place.run("profile show heap.pgo --format svg");
    assert_eq!(svg.code(), 2, "{}", svg.shown());
}

#[test]
fn a_diff_of_two_compilers_reads_well() {
    let place = place();
    let Some(old) = crate::harness::toolchains::released("1.24.11") else {
        return;
    };
    let old = old.bin.unwrap().join("../src/cmd/compile/default.pgo");
    place.write("old.pgo", std::fs::read(old).unwrap());
    let Some(new) = crate::harness::toolchains::released("1.27.3") else {
        return;
    };
    let new = new.bin.unwrap().join("../src/cmd/compile/default.pgo");
    place.write("new.pgo", std::fs::read(new).unwrap());
    let run = place.run("profile diff old.pgo new.pgo --top 0");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let lines = |sign: &str| run.stdout.lines().filter(|it| it.starts_with(sign)).count() as u64;
    let json = place
        .run("profile diff old.pgo new.pgo --format json")
        .json();
    let count = |name: &str| json[name].as_array().unwrap().len() as u64;
    assert_eq!(lines("+ "), count("entering"));
    assert_eq!(lines("- "), count("leaving"));
    assert_eq!(lines("~ "), count("moved"));
    assert!(count("entering") > 100 && count("leaving") > 100 && count("moved") > 10);
    // The tables of Go's garbage collector changed between the two.
    let entered = "runtime.scanObjectsSmall -> runtime.tryDeferToSpanScan";
    let line = run.stdout.lines().find(|it| it.contains(entered)).unwrap();
    assert!(line.starts_with("+   0.00% ->"), "{line}");
    let few = place.run("profile diff old.pgo new.pgo --top 5");
    // A line about all; of each sort a heading, 5 calls, and how many more.
    assert_eq!(few.stdout.lines().count(), 22, "{}", few.shown());
    assert!(few.stdout.contains(" more"), "{}", few.shown());
}

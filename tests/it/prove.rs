//! `prove`: what it says of programs that need exactly as much more as they were told to, and what it says when it cannot say.

use crate::harness::{Place, Run};

/// Counts as far as it is told, times a factor in thousandths that the linker sets. Prints what it counted.
const COUNTER: &str = "\
package main

import (
	\"fmt\"
	\"os\"
	\"strconv\"
)

var factor = \"1000\"

func main() {
	n, _ := strconv.Atoi(os.Args[1])
	f, _ := strconv.Atoi(factor)
	if len(os.Args) > 2 && os.Args[2] == factor {
		fmt.Fprintln(os.Stderr, \"no luck\")
		os.Exit(3)
	}
	n = n * f / 1000
	x := uint64(1)
	for i := 0; i < n; i++ {
		x = x*6364136223846793005 + 1442695040888963407
	}
	fmt.Println(\"steps\", n, \"1\")
	if x == 0 {
		fmt.Println(x)
	}
}
";

/// Counters, each with its factor: `slow-1500` counts half as much again.
fn counters(factors: &[u32]) -> Place {
    let place = Place::module();
    place.write("main.go", COUNTER);
    for factor in factors {
        let flag = format!("-ldflags=-X main.factor={factor}");
        let name = format!("counter-{factor}");
        place.tool("go", &["build", &flag, "-o", &name, "."]);
    }
    place
}

fn words(run: &Run) -> String {
    let all: Vec<&str> = run.stdout.split_whitespace().collect();
    all.join(" ")
}

#[test]
fn a_program_that_counts_more_is_slower() {
    let place = counters(&[1000, 1500]);
    let line = "prove counter-1000 counter-1500 --format json --report p.svg --report p.md --report p.html --raw runs.txt --metric steps -- {bin} 2000";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    let found = &report["comparisons"][0];
    assert_eq!(found["outcome"], "slower", "{}", run.shown());
    let change = found["change"].as_f64().unwrap();
    assert!((change - 50.0).abs() < 1e-6, "{}", run.shown());
    assert!(found["low"].as_f64().unwrap() > 0.0, "{}", run.shown());
    let pairs = found["pairs"].as_u64().unwrap();
    assert_eq!(pairs, 8, "{}", run.shown());
    assert_eq!(found["points"].as_array().unwrap().len() as u64, pairs);
    // One point for each pair in the picture, one line for each run for benchstat.
    let picture = place.text("p.svg");
    roxmltree::Document::parse(&picture).unwrap();
    assert_eq!(picture.matches("class=\"point\"").count() as u64, pairs);
    assert!(place.text("p.html").contains("class=\"strip\""));
    assert!(
        place.text("p.md").contains("worse 50.0 %"),
        "{}",
        place.text("p.md")
    );
    let raw = place.text("runs.txt");
    assert_eq!(raw.matches("\nvariant: ").count() + 1, 2, "{raw}");
    let kernel = raw.lines().filter(|line| line.contains("cpu-sec/op"));
    assert_eq!(kernel.count() as u64, 2 * pairs, "{raw}");
}

#[test]
fn what_the_workload_counts_is_judged_exactly() {
    let place = counters(&[1000, 1010]);
    let line =
        "prove counter-1000 counter-1010 --metric steps --require 'faster 1%' -- {bin} 100000";
    let run = place.run(line);
    assert_eq!(run.code(), 1, "{}", run.shown());
    // Not noise: a floor of nothing, and all that eight pairs can say.
    let text = words(&run);
    assert!(
        text.contains("worse 1.0 % [1.0, 1.0] in 8 pairs, floor 0.0 %"),
        "{}",
        run.shown()
    );
    assert!(text.contains("`faster 1%` is required"), "{}", run.shown());
    let run = place.run(&line.replace("faster 1%", "not-slower 2%"));
    assert_eq!(run.code(), 0, "{}", run.shown());
}

#[test]
fn what_cannot_differ_is_not_run() {
    let place = counters(&[1000]);
    place.tool("cp", &["counter-1000", "copy"]);
    let run = place.run("prove counter-1000 copy -- {bin} nothing that could run");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = words(&run);
    assert!(
        text.contains("the same machine code: nothing to measure") && text.contains("0 runs"),
        "{}",
        run.shown()
    );
    let line = "prove counter-1000 copy --anyway --metric steps --format json -- {bin} 1000";
    let report = place.run(line).json();
    let found = &report["comparisons"][0];
    assert_eq!(
        (&found["outcome"], &found["pairs"]),
        (&"no-effect".into(), &5.into())
    );
}

/// A profile of functions that this program does not have: the compiler makes the same code with it.
#[test]
fn a_profile_without_effect_on_the_code_is_said_and_not_measured() {
    use gobuild_opt::profile;
    let place = Place::module();
    place.write("main.go", "package main\n\nfunc main() { println(1) }\n");
    let made = crate::advise::synthetic(2_000, 60, 8, 20);
    let mut made = profile::read(&made).unwrap().raw().clone();
    let known = |text: &&mut Vec<u8>| text.starts_with(b"runtime.");
    for text in made.string_table.iter_mut().filter(known) {
        *text = b"example.com/m/gone.F1".to_vec();
    }
    place.write("default.pgo", profile::encode(&made));
    let run = place.run("prove --layouts 0 -- {bin} nothing that could run");
    assert_eq!(run.code(), 0, "{}", run.shown());
    let text = words(&run);
    for wanted in [
        "the same machine code: nothing to measure",
        "is the same, but for addresses",
        "0 runs",
    ] {
        assert!(text.contains(wanted), "{wanted}: {}", run.shown());
    }
}

#[test]
fn variants_are_built_and_the_sources_stay() {
    let mut place = counters(&[]);
    place.env("GOFLAGS", "-trimpath");
    let line = "prove --layouts 2 --metric steps --variant 'more: -ldflags=-X=main.factor=1020' --format json -- {bin} 1000";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    assert_eq!(
        report["comparisons"][0]["outcome"],
        "slower",
        "{}",
        run.shown()
    );
    assert_eq!(report["layouts"], 2);
    assert_eq!(report["programs"][1]["name"], "more");
    assert_eq!(place.files(), "go.mod\nmain.go");
    // The same in the configuration, where what it passes is reviewed.
    let config = "[prove]\nworkload = \"{bin} 1000\"\nmetric = \"steps\"\nlayouts = 0\n\n[[prove.variant]]\nname = \"more\"\nflags = [\"-ldflags=-X=main.factor=1020\"]\n";
    place.write("gobuild-opt.toml", config);
    let run = place.run("prove");
    assert!(
        words(&run).contains("more against as it is (steps): worse 2.0 %"),
        "{}",
        run.shown()
    );
}

#[test]
fn what_is_exact_is_said_without_a_clock() {
    let place = counters(&[]);
    let line = "prove --layouts 0 --metric steps --variant 'plain: -gcflags=-l' -- {bin} 1000";
    let run = place.run(&line.replace(" -- ", " --format json -- "));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    let facts = &report["programs"][1]["facts"];
    // `-l` is the compiler's own switch: nothing is inlined.
    assert_eq!(facts["inlined"]["after"], 0, "{facts}");
    let before = facts["inlined"]["before"].as_u64().unwrap();
    assert!(before > 0 && facts["inlined_gone"] == before, "{facts}");
    // `main` boxes what it prints, and so it does without inlining.
    assert!(facts["escapes"]["before"].as_u64().unwrap() > 0, "{facts}");
    let frames = facts["frames"].as_array().unwrap();
    assert!(frames.iter().any(|it| it["name"] == "main.main"), "{facts}");
    let text = words(&place.run(line));
    assert!(
        text.contains("inlined calls") && text.contains("allocating places"),
        "{text}"
    );
    // Instructions are counted, or it is said why not.
    let run = place.run(&line.replace("--metric steps", "--metric instructions"));
    match run.code() {
        0 => assert!(words(&run).contains("(instructions)"), "{}", run.shown()),
        code => {
            assert_eq!(code, 2, "{}", run.shown());
            let words = "instructions cannot be counted: ";
            assert!(run.stderr.contains(words), "{}", run.shown());
        }
    }
}

#[test]
fn the_load_of_the_profile_is_no_proof() {
    let place = counters(&[]);
    let profile = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/examples/service/cmd/api/default.pgo"
    );
    let script = format!("#!/bin/sh\ncp {profile} \"$2\"\n");
    // It is known by the name of the program.
    place.write("load/tiny", script);
    place.tool("chmod", &["+x", "load/tiny"]);
    let collect = "profile collect -o default.pgo -- load/tiny -cpuprofile {profile} 1000";
    let run = place.run(collect);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(place.run("accept").code(), 0);
    let line = "prove --layouts 0 --pairs 5 --metric steps --accept -- {bin}";
    let run = place.run(&format!("{line} 1000"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(words(&run).contains("which flatters it"), "{}", run.shown());
    assert!(place.text("gobuild-opt.lock").contains("trained = true"));
    let checked = "release --baseline off --escapes off --set pgo.require-proof=true --format json";
    let text = place.run(checked).stdout;
    assert!(
        text.contains("proven with the load that it was collected from"),
        "{text}"
    );
    let run = place.run(&format!("{line} 2000"));
    assert!(!words(&run).contains("flatters"), "{}", run.shown());
    assert!(!place.text("gobuild-opt.lock").contains("trained"));
}

#[test]
fn a_revision_is_held_against_the_working_tree() {
    let place = counters(&[]);
    let git = |words: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.com"];
        place.tool("git", &[&identity[..], words].concat());
    };
    git(&["init", "-q", "-b", "main"]);
    git(&["add", "."]);
    git(&["commit", "-q", "-m", "first"]);
    place.write("main.go", COUNTER.replace("\"1000\"", "\"950\""));
    let run = place.run("prove --against HEAD --layouts 0 --metric steps -- {bin} 100000");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        words(&run).contains("as it is against HEAD (steps): better 5.0 %"),
        "{}",
        run.shown()
    );
}

#[test]
fn a_command_of_a_file_is_not_run() {
    let place = counters(&[1000, 1010]);
    let config = "[prove]\nworkload = \"sh -c 'touch was-here; {bin} 1000'\"\n";
    place.write("gobuild-opt.toml", config);
    let run = place.run("prove counter-1000 counter-1010");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("`gobuild-opt.toml` sets `prove.workload`: `sh` is refused")
            && run.stderr.contains("--trust-config"),
        "{}",
        run.shown()
    );
    assert!(!place.path("was-here").exists());
    // A release has nothing to do with it.
    assert_eq!(place.run("doctor").code(), 0);
    let run = place.run("prove --trust-config --metric steps counter-1000 counter-1010");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(place.path("was-here").exists());
}

#[test]
fn nothing_is_averaged_over_failures() {
    let place = counters(&[1000, 1010]);
    let run = place.run("prove counter-1000 counter-1010 -- {bin} 1000 1010");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("no luck")
            && run
                .stderr
                .contains("the workload failed with exit code 3 (`counter-1010`)"),
        "{}",
        run.shown()
    );
    for (line, words) in [
        (
            "prove counter-1000 counter-1010 -- sleep 1",
            "no `{bin}` is in it",
        ),
        ("prove counter-1000 counter-1010", "there is no workload"),
        (
            "prove counter-1000 gone -- {bin}",
            "cannot read the program `gone`",
        ),
        (
            "prove counter-1000 counter-1010 --metric latency -- {bin} 1000",
            "has no `latency` above 0",
        ),
        (
            "prove counter-1000 counter-1010 --run-timeout 200ms -- sh -c 'sleep 60; {bin} 1'",
            "did not end within 0.2 s (`counter-1000`)",
        ),
        (
            "prove counter-1000 counter-1010 --serve '{bin} 1000' --ready 1 -- true",
            "the server ended with exit code 0 before it was ready (`counter-1000`)",
        ),
        (
            "prove counter-1000 counter-1010 -- sh -c 'exit 200; {bin}'",
            "the workload failed with exit code 200 (`counter-1000`)",
        ),
        (
            "prove counter-1000 counter-1010 -- sh -c 'kill -9 $$; {bin}'",
            "the workload failed with signal 9 (`counter-1000`)",
        ),
        (
            "prove --layouts 11 --variant 'a: -tags=a' -- {bin} 1",
            "11 layouts take 22 pairs or more",
        ),
        ("prove -- {bin} 1000", "the build uses no profile"),
        (
            "prove counter-1000 counter-1010 --pairs 3 -- {bin} 1000",
            "`--pairs 3` is no number of pairs",
        ),
        (
            "prove counter-1000 counter-1010 --cpus 9-2 -- {bin} 1000",
            "`--cpus 9-2` is no list",
        ),
        (
            "prove counter-1000 counter-1010 --cpus 1023 -- {bin} 1000",
            "`--cpus 1023`: there is no processor 1023 for us",
        ),
        (
            "prove counter-1000 counter-1010 --variant 'a: -race' -- {bin} 1000",
            "nothing is built",
        ),
        (
            "prove counter-1000 counter-1010 -- nowhere/at-all {bin}",
            "cannot run `nowhere/at-all`",
        ),
    ] {
        let run = place.run(line);
        assert_ne!(run.code(), 0, "{line}: {}", run.shown());
        let error = run.stderr.lines().filter(|line| line.starts_with("error:"));
        let error: Vec<&str> = error.collect();
        assert_eq!(error.len(), 1, "{line}: {}", run.shown());
        assert!(error[0].contains(words), "{line}: {}", run.shown());
    }
    // A line within quotes, as other tools take it.
    let run = place.run("prove counter-1000 counter-1010 -- '{bin} 1000'");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("leave the quotes away"),
        "{}",
        run.shown()
    );
}

#[test]
fn benchmarks_are_run_side_by_side() {
    let place = Place::module();
    place.write(
        "main_test.go",
        "package main\n\nimport \"testing\"\n\nfunc BenchmarkKeep(b *testing.B) {\n\tfor i := 0; i < b.N; i++ {\n\t\tkept = make([]byte, size)\n\t}\n}\n",
    );
    place.write(
        "size.go",
        "//go:build !big\n\npackage main\n\nvar kept []byte\n\nconst size = 100\n",
    );
    place.write(
        "size_big.go",
        "//go:build big\n\npackage main\n\nvar kept []byte\n\nconst size = 200\n",
    );
    let line = "prove --bench Keep --benchtime 1000x --layouts 0 --metric 'BenchmarkKeep:allocs/op' --variant 'big: -tags=big' --format json .";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let found = &run.json()["comparisons"][0];
    assert_eq!(found["outcome"], "no-effect", "{}", run.shown());
    assert_eq!(found["middles"][0], 1.0, "{}", run.shown());
    // The size classes of Go's runtime.
    let report = run.json();
    let allocated = report["programs"][1]["allocated"].as_array().unwrap();
    let bytes = allocated.iter().find(|it| it["unit"] == "B/op").unwrap();
    assert_eq!(
        (&bytes["middles"][0], &bytes["middles"][1]),
        (&112.0.into(), &208.0.into()),
        "{}",
        run.shown()
    );
    // They run in the directory of their package, however it is named.
    place.write("sub/testdata/count", "100");
    place.write(
        "sub/sub_test.go",
        "package sub\n\nimport (\n\t\"os\"\n\t\"testing\"\n)\n\nfunc BenchmarkRead(b *testing.B) {\n\tif _, err := os.ReadFile(\"testdata/count\"); err != nil {\n\t\tb.Fatal(err)\n\t}\n\tb.ReportMetric(7, \"things/op\")\n}\n",
    );
    let line = "prove --bench Read --benchtime 1x --layouts 0 --metric BenchmarkRead:things/op --variant 'big: -tags=big' --anyway --format json example.com/tiny/sub";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert_eq!(
        run.json()["comparisons"][0]["middles"][0],
        7.0,
        "{}",
        run.shown()
    );
}

/// A server with 32 MiB that answers what it is told with its factor, and dies if it is told to die; and its load.
const SERVER: &str = "\
package main

import (
	\"fmt\"
	\"io\"
	\"net\"
	\"os\"
)

var factor = \"1000\"

var kept = make([]byte, 32<<20)

func main() {
	if len(os.Args) > 2 {
		connection, err := net.Dial(\"tcp\", \"127.0.0.1:\"+os.Args[1])
		if err != nil {
			panic(err)
		}
		connection.Write([]byte(os.Args[2]))
		answer, _ := io.ReadAll(connection)
		fmt.Println(\"steps\", string(answer), \"1\")
		return
	}
	for at := range kept {
		kept[at] = 1
	}
	listener, err := net.Listen(\"tcp\", \"127.0.0.1:\"+os.Args[1])
	if err != nil {
		panic(err)
	}
	for {
		connection, err := listener.Accept()
		if err != nil {
			return
		}
		told := make([]byte, 1)
		if n, _ := connection.Read(told); n == 1 {
			if told[0] == 'd' {
				os.Exit(2)
			}
			connection.Write([]byte(factor))
		}
		connection.Close()
	}
}
";

/// A port below those that the kernel gives out by itself, free when it was looked at.
fn port() -> u16 {
    let first = 20_000 + u16::try_from(std::process::id() % 10_000).unwrap();
    let free = |port: &u16| std::net::TcpListener::bind(("127.0.0.1", *port)).is_ok();
    (first..32_000).find(free).unwrap()
}

#[test]
fn a_server_is_measured_while_it_is_under_load() {
    let place = Place::module();
    place.write("main.go", SERVER);
    for factor in [1000, 2000] {
        let flag = format!("-ldflags=-X main.factor={factor}");
        let name = format!("server-{factor}");
        place.tool("go", &["build", &flag, "-o", &name, "."]);
    }
    let port = port();
    let line = format!(
        "prove server-1000 server-2000 --metric steps --serve '{{bin}} {port}' --ready {port} --format json -- {{bin}} {port} go"
    );
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let report = run.json();
    let found = &report["comparisons"][0];
    assert_eq!(found["outcome"], "slower", "{}", run.shown());
    // The load is the same program, and the load is not what is measured.
    let runs = report["programs"][0]["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 8, "{}", run.shown());
    let is_server = |run: &serde_json::Value| run["peak"].as_u64().unwrap() >= 32 << 20;
    assert!(runs.iter().all(is_server), "{}", run.shown());
    assert!(report["serve"].as_str().unwrap().contains("{bin}"));
    // One that dies under its load is not judged, though the load ends well.
    let run = place.run(&line.replace(" go", " die"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr
            .contains("the server ended with exit code 2 before it was stopped (`server-"),
        "{}",
        run.shown()
    );
    // It is gone, so the port is free; a server of somebody else is not measured.
    let taken = std::net::TcpListener::bind(("127.0.0.1", port)).unwrap();
    let run = place.run(&line);
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("answers before the server is started"),
        "{}",
        run.shown()
    );
    drop(taken);
}

#[test]
fn nothing_is_left_of_a_run() {
    let place = counters(&[1000, 1020]);
    // Teardown comes after what fails, too.
    let run = place.run(
        "prove counter-1000 counter-1020 --setup 'touch set' --teardown 'mv set torn' -- sh -c 'exit 3; {bin}'",
    );
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("exit code 3"), "{}", run.shown());
    assert!(place.path("torn").exists() && !place.path("set").exists());
    // What runs in the background does not run beside the next one.
    let line = "prove counter-1000 counter-1020 --metric steps -- sh -c 'sleep 600 >/dev/null 2>&1 & echo $! >> left; {bin} 1000'";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    for id in place.text("left").lines() {
        let status = || std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        // Gone, or dead and not buried yet, or dying; an ID may be given out again.
        while status().contains("(sleep) S") {
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
    }
}

#[test]
fn what_is_known_is_said_when_it_is_ended() {
    use std::io::{BufRead, Read};
    let place = counters(&[1000, 1020]);
    let mut command = place.command(crate::harness::PROGRAM);
    // After the warm-up and five pairs a run waits until it is ended.
    let line = "prove counter-1000 counter-1020 --metric steps -- sh -c 'echo >> runs; if [ $(wc -l < runs) -gt 12 ]; then sleep 600; fi; {bin} 1000'";
    command.args(shell_words::split(line).unwrap());
    command.stdout(std::process::Stdio::piped());
    command.stderr(std::process::Stdio::piped());
    let mut child = command.spawn().unwrap();
    let errors = std::io::BufReader::new(child.stderr.take().unwrap());
    let mut lines = errors.lines().map_while(Result::ok);
    assert!(lines.any(|line| line.contains("5 pairs")));
    let id = rustix::process::Pid::from_raw(child.id().cast_signed()).unwrap();
    // SIGINT may be ignored where the tests run.
    rustix::process::kill_process(id, rustix::process::Signal::TERM).unwrap();
    let mut text = String::new();
    let mut out = child.stdout.take().unwrap();
    out.read_to_string(&mut text).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.code(), Some(143), "{text}");
    assert!(text.contains("ended before its end"), "{text}");
    assert!(text.contains("counter-1020 against counter-1000"), "{text}");
}

#[test]
fn a_new_profile_takes_a_proof() {
    let place = Place::example("service");
    assert_eq!(place.run("accept ./cmd/api").code(), 0);
    let release =
        "release ./cmd/api --baseline off --escapes off --set pgo.require-proof=true --format json";
    let finding = |run: &Run| {
        let report = run.json();
        let all = report["targets"][0]["checks"].as_array().unwrap().clone();
        let found = all.into_iter().find(|it| it["id"] == "pgo-proof");
        found.map(|it| it["message"].as_str().unwrap().to_owned())
    };
    let run = place.run(release);
    let said = finding(&run).unwrap();
    assert!(said.contains("nobody has shown what"), "{said}");
    let line = "prove ./cmd/api --layouts 0 --pairs 5 --accept -- sh -c '{bin} -h || true'";
    let run = place.run(line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        words(&run).contains("with the profile against without the profile"),
        "{}",
        run.shown()
    );
    let lock = place.text("gobuild-opt.lock");
    assert!(lock.contains(".proofs]"), "{lock}");
    let said = finding(&place.run(release)).unwrap();
    assert!(said.contains("is not shown to be worth it"), "{said}");
    // Only a profile can be proven.
    let run = place.run("prove ./cmd/api --layouts 0 --variant 'a: -tags=a' --accept -- {bin} -h");
    assert_eq!(run.code(), 2, "{}", run.shown());
}

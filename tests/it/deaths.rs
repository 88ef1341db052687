//! Children that are killed, run out of memory or of disk, or are ended from outside: each is named, with what is known of why.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::harness::{PROGRAM, Place, skipped};

/// What the stand-in for go says and does, and what the error has to say of it.
const SAID: &[(&str, &[&str])] = &[
    ("kill 9", &["go was killed by SIGKILL"]),
    ("kill 15", &["go was ended by SIGTERM from outside"]),
    ("kill 6", &["go crashed (SIGABRT)"]),
    ("kill 24", &["go was ended by SIGXCPU", "`ulimit -t`"]),
    (
        "stderr go build example.com/tiny: /go/pkg/tool/linux_amd64/link: signal: killed",
        &["the link of example.com/tiny was killed by SIGKILL"],
    ),
    (
        "stderr # example.com/tiny/lib|stderr /go/pkg/tool/linux_amd64/compile: signal: killed",
        &["the compile of example.com/tiny/lib was killed by SIGKILL"],
    ),
    (
        "stderr example.com/tiny/lib: /go/pkg/tool/linux_amd64/asm: signal: killed",
        &["the assembler of example.com/tiny/lib was killed"],
    ),
    (
        "stderr # runtime/cgo|stderr /go/pkg/tool/linux_amd64/cgo: signal: terminated",
        &["cgo of runtime/cgo was ended by SIGTERM from outside"],
    ),
    (
        "stderr # example.com/tiny|stderr collect2: fatal error: ld terminated with signal 9 [Killed]",
        &["the C compiler or linker of example.com/tiny was killed"],
    ),
    (
        "stderr # net|stderr gcc: fatal error: Killed signal terminated program cc1",
        &["the C compiler or linker of net was killed"],
    ),
    (
        "stderr # example.com/tiny|stderr /go/pkg/tool/linux_amd64/link: signal: bus error (core dumped)",
        &["the link of example.com/tiny crashed (SIGBUS)"],
    ),
    (
        "stderr # example.com/tiny|stderr /go/pkg/tool/linux_amd64/link: signal: file size limit exceeded",
        &[
            "the link of example.com/tiny was ended by SIGXFSZ",
            "`ulimit -f`",
        ],
    ),
    (
        "stderr # example.com/tiny/lib|stderr fatal error: runtime: out of memory",
        &["a tool for example.com/tiny/lib ran out of memory"],
    ),
    (
        "stderr # example.com/tiny|stderr runtime: cannot allocate memory",
        &["a tool for example.com/tiny ran out of memory"],
    ),
    (
        "stderr # net|stderr cc1: out of memory allocating 65536 bytes",
        &["a tool for net ran out of memory"],
    ),
    (
        "stderr go: fork/exec /go/pkg/tool/linux_amd64/compile: cannot allocate memory",
        &["a tool of go could not be started: out of memory"],
    ),
    (
        "stderr go: fork/exec /go/pkg/tool/linux_amd64/compile: resource temporarily unavailable",
        &["could not be started", "`ulimit -u`"],
    ),
    (
        "stderr write /proc/none/b001/_pkg_.a: no space left on device",
        &["the disk is full: the file system at `/proc` has 0 B free of 0 B"],
    ),
    (
        "stderr link: mapping output file failed: no space left on device",
        &["the disk is full: the file system at `/"],
    ),
    (
        "stderr open /proc/none: disk quota exceeded",
        &["the disk is full", "and a quota"],
    ),
];

#[test]
fn what_go_says_of_a_killed_child_is_named() {
    let place = Place::fake("");
    let mut place = place;
    let mut named = 0;
    for (script, expected) in SAID {
        let lines = script.split('|').map(|it| format!("build: {it}\n"));
        place.fake_go(&format!("{}build: exit 1\n", lines.collect::<String>()));
        let run = place.run("release -q --baseline off");
        assert_eq!(run.code(), 4, "{script}: {}", run.shown());
        for words in *expected {
            assert!(run.stderr.contains(words), "{words}: {}", run.shown());
        }
        assert!(
            run.stderr.contains("the outputs are as they were"),
            "{}",
            run.shown()
        );
        named += 1;
    }
    assert_eq!(named, 20);
}

/// A program whose main package takes hundreds of megabytes to compile, and is in no build cache.
fn greedy() -> Place {
    let place = Place::module();
    let unique = place.aside("").display().to_string();
    let rows: String = (0..60_000)
        .map(|it| format!("\t\"k{it}\": {{n: {it}, s: \"v{it}\"}},\n"))
        .collect();
    place.write(
        "table.go",
        format!("package main\n\ntype row struct {{\n\tn int\n\ts string\n}}\n\nvar table = map[string]row{{\n{rows}}}\n\nfunc init() {{ println(len(table), {unique:?}) }}\n"),
    );
    place
}

/// Behind a shell that sets limits first.
fn limited(place: &Place, before: &str, line: &str) -> (i32, String) {
    let script = format!("{before} exec {PROGRAM} {line}");
    let output = place.command("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().unwrap_or(-1), text)
}

/// A tool that keeps everything that the compile of the main package allocates, behind other words of a shell.
fn hoarding(place: &Place, before: &str) -> String {
    let body = format!(
        "case \"$1 $2 $TOOLEXEC_IMPORTPATH\" in */compile\\ -V*) ;; */compile\\ *\\ example.com/tiny) export GOGC=off; {before} ;; esac"
    );
    format!("release -q --baseline off -toolexec={}", tool(place, &body))
}

#[test]
fn a_compile_that_gets_no_memory_is_named() {
    let place = greedy();
    // Nothing but that compile has too little; the limit around all is what can be told.
    let line = hoarding(&place, "ulimit -v 800000");
    let (code, text) = limited(&place, "ulimit -v 16000000;", &line);
    assert_eq!(code, 4, "{text}");
    assert!(
        text.contains("the compile of example.com/tiny ran out of memory (had "),
        "{text}"
    );
    assert!(
        text.contains("`ulimit -v` allows 15.26 GiB") || text.contains("the container's limit is "),
        "{text}"
    );
}

/// A control group of the test's own, removed when it ends. `None` where the machine allows none.
struct Group(PathBuf);

impl Group {
    fn new(bytes: u64) -> Option<Self> {
        let own = std::fs::read_to_string("/proc/self/cgroup").ok()?;
        let name = format!("gobuild-opt-test-{}", std::process::id());
        for line in own.lines() {
            let fields: Vec<&str> = line.splitn(3, ':').collect();
            let (root, file) = match fields[1] {
                "memory" => ("/sys/fs/cgroup/memory", "memory.limit_in_bytes"),
                "" => ("/sys/fs/cgroup", "memory.max"),
                _ => continue,
            };
            for above in Path::new(fields[2].trim_start_matches('/')).ancestors() {
                let place = Path::new(root).join(above).join(&name);
                if std::fs::create_dir(&place).is_err() {
                    continue;
                }
                let group = Self(place);
                let limit = group.0.join(file);
                // Only what the kernel made is a control group.
                if limit.is_file() && std::fs::write(limit, bytes.to_string()).is_ok() {
                    // Where there is swap, it is no way out.
                    for (name, most) in [
                        ("memory.memsw.limit_in_bytes", bytes),
                        ("memory.swap.max", 0),
                    ] {
                        let _ = std::fs::OpenOptions::new()
                            .write(true)
                            .open(group.0.join(name))
                            .and_then(|mut it| {
                                std::io::Write::write_all(&mut it, most.to_string().as_bytes())
                            });
                    }
                    return Some(group);
                }
            }
        }
        None
    }

    /// What puts a shell into it.
    fn enter(&self) -> String {
        format!("echo $$ > '{}/cgroup.procs';", self.0.display())
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        for _ in 0..50 {
            if std::fs::remove_dir(&self.0).is_ok() {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(20));
        }
    }
}

#[test]
fn a_compile_that_the_kernel_kills_for_memory_is_named() {
    const LIMIT: u64 = 320 << 20;
    let Some(group) = Group::new(LIMIT) else {
        skipped("no compile is killed for memory: this machine lets us make no control group");
        return;
    };
    let place = greedy();
    // On a cold cache the compiles of the runtime would be the largest.
    place.tool("go", &["build", "-trimpath", "runtime"]);
    // All are in the group, whose kills we count; only that compile needs more than it has.
    let line = hoarding(&place, "");
    let (code, text) = limited(&place, &group.enter(), &line);
    assert_eq!(code, 4, "{text}");
    assert!(
        text.contains(
            "the compile of example.com/tiny was killed: out of memory (needed at least "
        ),
        "{text}"
    );
    assert!(
        text.contains("the container's limit is 320.00 MiB"),
        "{text}"
    );
}

/// A tool of the user's that stands before every other one.
fn tool(place: &Place, body: &str) -> String {
    let path = place.aside("tool");
    std::fs::write(&path, format!("#!/bin/sh\n{body}\nexec \"$@\"\n")).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(&path, mode).unwrap();
    path.display().to_string()
}

#[test]
fn a_link_that_somebody_ends_is_named() {
    let place = Place::module();
    for (signal, expected) in [
        (
            "KILL",
            "the link of example.com/tiny was killed by SIGKILL from outside",
        ),
        (
            "TERM",
            "the link of example.com/tiny was ended by SIGTERM from outside",
        ),
    ] {
        let body =
            format!("case \"$1 $2\" in *link\\ -V*) ;; */link\\ *) kill -{signal} $$ ;; esac");
        let tool = tool(&place, &body);
        let run = place.run(&format!("release -q --baseline off -toolexec={tool}"));
        assert_eq!(run.code(), 4, "{}", run.shown());
        assert!(run.stderr.contains(expected), "{}", run.shown());
        assert!(
            run.stderr.contains("needed at least ") == (signal == "KILL"),
            "{}",
            run.shown()
        );
    }
}

#[test]
fn a_tool_that_ends_by_a_signal_without_a_name_runs_once() {
    let place = Place::module();
    let mark = place.aside("mark");
    let body = format!(
        "case \"$1 $2\" in *link\\ -V*) ;; */link\\ *) echo >> '{}'; kill -40 $$ ;; esac",
        mark.display()
    );
    let tool = tool(&place, &body);
    let run = place.run(&format!("release -q --baseline off -toolexec={tool}"));
    assert_ne!(run.code(), 0, "{}", run.shown());
    assert_eq!(std::fs::read_to_string(mark).unwrap(), "\n");
}

#[test]
fn what_finds_no_memory_beside_another_is_built_once_more_alone() {
    let place = Place::module();
    let mark = place.path("mark");
    // Go's own link, which strips, fails the first time, while its twin is made.
    let body = format!(
        "case \"$1 $2 $*\" in *link\\ -V*) ;; */link\\ *\\ -s\\ *) if mkdir '{}' 2>/dev/null; then sleep 2; echo 'fatal error: runtime: out of memory' >&2; exit 2; fi ;; esac",
        mark.display()
    );
    let tool = tool(&place, &body);
    let line = format!("release --resources --format json -o out/tiny -toolexec={tool}");
    let run = place.run(&line);
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(place.path("out/tiny").is_file());
    let retried = run
        .stderr
        .matches("building it once more, with one tool at a time")
        .count();
    assert_eq!(retried, 1, "{}", run.shown());
    // The first attempt is forgotten.
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let tools = report["resources"]["tools"].as_array().unwrap();
    let links = tools.iter().filter(|it| it["tool"] != "compile").count();
    assert_eq!(links, 1, "{report:#}");
}

#[test]
fn a_terminal_that_interrupts_is_not_called_a_signal() {
    let place = Place::fake("build: pid started\nbuild: sleep");
    let mut child = place
        .command(PROGRAM)
        .args(["release", "-q"])
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    while !place.aside("started").exists()
        || std::fs::read_to_string(place.aside("log")).is_ok_and(|it| !it.contains("build"))
    {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    std::thread::sleep(std::time::Duration::from_millis(200));
    Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status()
        .unwrap();
    let mut text = String::new();
    std::io::Read::read_to_string(child.stderr.as_mut().unwrap(), &mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(text.contains("error: interrupted"), "{text}");
}

//! A stand-in for `go`, steered by a script: faults and odd output without a toolchain.
//!
//! `FAKE_GO` names a directory. Each call appends its arguments as a line to `log` in it, then does
//! what the lines of `script` say for it, one after another:
//!
//! ```text
//! env: version 1.20.14           answer `go env -json` as that version (default 1.27.3)
//! list: package lib example.com/tiny/x     list one more package: name and import path
//! build: stdout WORDS            a line on standard output
//! build: stderr WORDS            a line on standard error
//! build: flood 1048576           that many bytes into each pipe, neither text nor lines
//! build: output copy FILE        write what `-o` names: a copy, or only the first half of it
//! build: output half FILE
//! build: output copies FILE NAME NAME     copies of these names into the directory
//! build: output garbage
//! build: pid FILE                write our process ID to a file of the directory
//! build: ignore 15               go on when that signal comes
//! build: child FILE              start a child that sleeps and holds both pipes; its ID to FILE
//! build: orphan FILE             the same outside our process group
//! build: sleep                   do not end
//! build: wait 500                take that many milliseconds
//! build: kill 9                  die by that signal
//! build: exit 1
//! ```
//!
//! Before the colon: `env`, `list` (the packages), `escape` (`list -export`), `build`, `version`,
//! or `any`. A call that no line ends succeeds; `env` and `list` then print a plausible answer.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::unwrap_used
)]

use std::fs;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

fn main() {
    let home = PathBuf::from(std::env::var_os("FAKE_GO").expect("FAKE_GO"));
    let args: Vec<String> = std::env::args_os()
        .skip(1)
        .map(|it| it.to_string_lossy().into_owned())
        .collect();
    if args == ["fake-sleep"] {
        sleep();
    }
    record(&home, &args);
    let command = command(&args);
    let script = fs::read_to_string(home.join("script")).unwrap();
    let mut version = "1.27.3";
    let mut packages = vec![("main", "example.com/tiny")];
    for line in script.lines().map(str::trim).filter(|it| !it.is_empty()) {
        let (to, action) = line.split_once(": ").expect("COMMAND: ACTION");
        if to != command && to != "any" {
            continue;
        }
        let (verb, rest) = action.split_once(' ').unwrap_or((action, ""));
        match verb {
            "version" => version = rest,
            "package" => packages.push(rest.split_once(' ').unwrap()),
            _ => act(verb, rest, &home, &args),
        }
    }
    match command {
        "env" => print!("{}", environment(version)),
        "list" => packages.iter().for_each(|it| print!("{}", package(it))),
        _ => {}
    }
}

fn record(home: &Path, args: &[String]) {
    let mut log = fs::File::options()
        .create(true)
        .append(true)
        .open(home.join("log"))
        .unwrap();
    log.write_all(format!("{}\n", args.join(" ")).as_bytes())
        .unwrap();
}

fn command(args: &[String]) -> &str {
    match args.first().map(String::as_str) {
        Some("list") if args.iter().any(|it| it == "-export") => "escape",
        Some(name) => name,
        None => "help",
    }
}

fn act(verb: &str, rest: &str, home: &Path, args: &[String]) {
    match verb {
        "stdout" => println!("{rest}"),
        "stderr" => eprintln!("{rest}"),
        "flood" => flood(rest.parse().unwrap()),
        "output" => output(rest, args),
        "pid" => publish(&home.join(rest), std::process::id()),
        "ignore" => {
            let flag = std::sync::Arc::default();
            signal_hook::flag::register(rest.parse().unwrap(), flag).unwrap();
        }
        "child" => publish(&home.join(rest), child(false)),
        "orphan" => publish(&home.join(rest), child(true)),
        "sleep" => sleep(),
        "wait" => std::thread::sleep(Duration::from_millis(rest.parse().unwrap())),
        "kill" => kill(rest.parse().unwrap()),
        "exit" => std::process::exit(rest.parse().unwrap()),
        _ => panic!("no action `{verb}`"),
    }
}

/// A file that is there is complete.
fn publish(path: &Path, number: u32) {
    let draft = path.with_extension("draft");
    fs::write(&draft, number.to_string()).unwrap();
    fs::rename(&draft, path).unwrap();
}

fn sleep() -> ! {
    loop {
        std::thread::sleep(Duration::from_secs(3600));
    }
}

fn child(own_group: bool) -> u32 {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg("fake-sleep");
    if own_group {
        command.process_group(0);
    }
    command.spawn().unwrap().id()
}

fn kill(number: i32) -> ! {
    let signal = rustix::process::Signal::from_named_raw(number).unwrap();
    rustix::process::kill_process(rustix::process::getpid(), signal).unwrap();
    sleep()
}

/// Bytes that are neither UTF-8 nor lines, into both pipes by turns.
fn flood(bytes: usize) {
    let block = vec![0xff; 64 * 1024];
    let (mut out, mut err) = (std::io::stdout().lock(), std::io::stderr().lock());
    let mut left = bytes;
    while left > 0 {
        let piece = &block[..left.min(block.len())];
        out.write_all(piece).unwrap();
        err.write_all(piece).unwrap();
        left -= piece.len();
    }
    out.flush().unwrap();
}

/// Writes the file that `-o` names.
fn output(what: &str, args: &[String]) {
    let at = args.iter().position(|it| it == "-o").expect("-o");
    let path = Path::new(&args[at + 1]);
    if let Some(("copies", rest)) = what.split_once(' ') {
        let mut words = rest.split(' ');
        let bytes = fs::read(words.next().unwrap()).unwrap();
        fs::create_dir_all(path).unwrap();
        return words.for_each(|it| fs::write(path.join(it), &bytes).unwrap());
    }
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    let bytes = match what.split_once(' ') {
        Some(("copy", from)) => fs::read(from).unwrap(),
        Some(("half", from)) => {
            let mut bytes = fs::read(from).unwrap();
            bytes.truncate(bytes.len() / 2);
            bytes
        }
        _ => b"this is no executable\n".repeat(1000),
    };
    fs::write(path, bytes).unwrap();
}

fn environment(version: &str) -> String {
    let gomod = std::env::current_dir().unwrap().join("go.mod");
    let variables = serde_json::json!({
        "GOVERSION": format!("go{version}"),
        "GOOS": std::env::var("GOOS").unwrap_or_else(|_| "linux".into()),
        "GOARCH": std::env::var("GOARCH").unwrap_or_else(|_| "amd64".into()),
        "GOFLAGS": std::env::var("GOFLAGS").unwrap_or_default(),
        "GOMOD": gomod,
        "GOWORK": "",
        "GOCACHE": std::path::Path::new(&std::env::var_os("FAKE_GO").unwrap()).join("cache"),
        "GOEXPERIMENT": "",
        "GOTMPDIR": "",
        "CGO_ENABLED": "0",
    });
    format!("{variables:#}\n")
}

fn package((name, path): &(&str, &str)) -> String {
    let here = std::env::current_dir().unwrap();
    let below = path.strip_prefix("example.com/tiny").unwrap_or_default();
    let facts = serde_json::json!({
        "ImportPath": path,
        "Name": name,
        "Dir": format!("{}{below}", here.display()),
        "GoFiles": ["main.go"],
        "Module": {"Path": "example.com/tiny", "Main": true, "Dir": here, "GoVersion": "1.21"},
    });
    format!("{facts:#}\n")
}

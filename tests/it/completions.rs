//! What a shell offers at the cursor, asked of the shells themselves: somebody types, presses TAB and then Enter.

use std::path::Path;
use std::process::Command;

use crate::harness::{PROGRAM, Place, skipped};

/// Types into an interactive shell. Its arguments: a file with what is typed first, then lines each of which is typed, completed
/// with TAB and entered. The program is a function that shows its arguments; only what asks for completions is passed on.
const TYPIST: &str = r#"
import os, pty, select, sys, time
shell, setup, *lines = sys.argv[1:]
pid, terminal = pty.fork()
if pid == 0:
    words = shell.split()
    os.execvp(words[0], words)
text = b""
def read_until(word, count):
    global text
    end = time.time() + 120
    while text.count(word) < count and time.time() < end:
        if select.select([terminal], [], [], 1)[0]:
            try:
                text += os.read(terminal, 65536)
            except OSError:
                break
    assert text.count(word) >= count, text
os.write(terminal, setup.encode() + b"\n")
read_until(b"READY>", 1)
for number, line in enumerate(lines, 1):
    os.write(terminal, line.encode() + b"\t\n")
    read_until(b"<end>", number)
os.close(terminal)
sys.stdout.buffer.write(text)
"#;

/// What each line became, word by word: `<release><./cmd/>`.
fn typed(place: &Place, shell: &str, setup: &str, lines: &[&str]) -> Vec<String> {
    let mut command: Command = place.command("python3");
    command.args(["-c", TYPIST, shell, setup]).args(lines);
    command.env("TERM", "xterm");
    let done = command.output().unwrap();
    let text = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(
        done.status.success(),
        "{}",
        String::from_utf8_lossy(&done.stderr)
    );
    let runs = text.match_indices("<end>").map(|(at, _)| {
        let start = text[..at].rfind("<begin>").unwrap();
        text[start + "<begin>".len()..at].to_owned()
    });
    runs.collect()
}

/// A module with commands in cmd/, and a lock.
fn module() -> Place {
    let mut place = Place::module();
    place.write("cmd/api/main.go", crate::harness::MAIN);
    place.write("cmd/worker/main.go", crate::harness::MAIN);
    place.write("evil/a$(touch pwned)/main.go", crate::harness::MAIN);
    place.write("evil/b`touch pwned`/main.go", crate::harness::MAIN);
    place.write("evil/main.(*T).Run/main.go", crate::harness::MAIN);
    place.write("evil/spaced name/main.go", crate::harness::MAIN);
    place.write("evil/line\nbreak/main.go", crate::harness::MAIN);
    place.write("evil/quote's \\ & more/main.go", crate::harness::MAIN);
    place.write("files$(touch pwned)/keep", "");
    place.write("dist/keep", "");
    place.write("examples/keep", "");
    place.path_first(Path::new(PROGRAM).parent().unwrap());
    let run = place.run("accept --reason first .");
    assert_eq!(run.code(), 0, "{}", run.shown());
    place
}

/// What is typed before TAB, and what the program gets then.
const CASES: &[(&str, &str)] = &[
    ("gobuild-opt rel", "<release>"),
    ("gobuild-opt release ./c", "<release><./cmd/>"),
    ("gobuild-opt release ./cmd/w", "<release><./cmd/worker>"),
    ("gobuild-opt release -o d", "<release><-o><dist/>"),
    ("gobuild-opt -C ex", "<-C><examples/>"),
    (
        "gobuild-opt release --preset ser",
        "<release><--preset><service>",
    ),
    (
        "gobuild-opt release --strip dw",
        "<release><--strip><dwarf>",
    ),
    (
        "gobuild-opt release --baseline unst",
        "<release><--baseline><unstripped>",
    ),
    ("gobuild-opt explain gomax", "<explain><gomaxprocs>"),
    ("gobuild-opt release -trimp", "<release><-trimpath>"),
    ("gobuild-opt release --form", "<release><--format>"),
    ("gobuild-opt profile sl", "<profile><slim>"),
    (
        "gobuild-opt accept module:example.com/t",
        "<accept><module:example.com/tiny>",
    ),
    (
        "gobuild-opt release --set checks.gomaxprocs=d",
        "<release><--set><checks.gomaxprocs=deny>",
    ),
    // Names that mean something to a shell.
    (
        "gobuild-opt release ./evil/a",
        "<release><./evil/a$(touch pwned)>",
    ),
    (
        "gobuild-opt release ./evil/b",
        "<release><./evil/b`touch pwned`>",
    ),
    (
        "gobuild-opt release ./evil/m",
        "<release><./evil/main.(*T).Run>",
    ),
    (
        "gobuild-opt release ./evil/s",
        "<release><./evil/spaced name>",
    ),
    (
        "gobuild-opt release ./evil/q",
        "<release><./evil/quote's \\ & more>",
    ),
    (
        "gobuild-opt release -o files",
        "<release><-o><files$(touch pwned)/>",
    ),
];

/// The name of the program calls a function, so that nothing is built. Its marks stand in the setup in two halves: the terminal
/// shows that, too.
const SHOWN: &str = r#"gobuild-opt() { if [ "$1" = __complete ]; then command gobuild-opt "$@"; return; fi; printf '<be''gin>'; printf '<%s>' "$@"; printf '<e''nd>\n'; }; PS1='REA''DY> '"#;

fn check(place: &Place, shell: &str, setup: &str) {
    let lines: Vec<&str> = CASES.iter().map(|it| it.0).collect();
    let found = typed(place, shell, &format!("{setup}; {SHOWN}"), &lines);
    for ((line, expected), found) in CASES.iter().zip(&found) {
        // What ends with a slash may have it from the shell or not.
        let bare = |it: &str| it.replace("/>", ">");
        assert_eq!(bare(found), bare(expected), "{shell}: {line}");
    }
    assert_eq!(found.len(), CASES.len());
    assert!(!place.path("pwned").exists(), "{shell} ran a name");
}

#[test]
fn bash_completes() {
    let place = module();
    place.write("script", place.run("completions bash").stdout);
    check(
        &place,
        "bash --norc --noprofile -i",
        "bind 'set bell-style none'; source ./script",
    );
}

fn is_there(shell: &str) -> bool {
    let there = Command::new(shell).arg("--version").output().is_ok();
    if !there {
        skipped(&format!("completions of {shell}, which is not installed"));
    }
    there
}

#[test]
fn zsh_completes() {
    if !is_there("zsh") {
        return;
    }
    let place = module();
    place.write("script", place.run("completions zsh").stdout);
    check(
        &place,
        "zsh -f -i",
        "autoload -Uz compinit; compinit -u -D; source ./script",
    );
}

#[test]
fn fish_completes() {
    if !is_there("fish") {
        return;
    }
    let place = module();
    place.write("script", place.run("completions fish").stdout);
    for (line, expected) in CASES {
        let ask = format!("source ./script; complete -C {line:?}");
        let offered = place.tool("fish", &["--no-config", "-c", &ask]);
        let last = expected.rsplit('<').next().unwrap().trim_end_matches('>');
        let mut words = offered.lines().map(|it| it.split('\t').next().unwrap());
        assert!(words.any(|it| it == last), "{line}: {offered}");
    }
}

/// Pages that the manual names exist.
#[test]
fn every_page_that_the_manual_names_is_there() {
    let place = Place::empty();
    let page = place.run("man").stdout;
    let named: Vec<&str> = page
        .lines()
        .filter(|it| it.starts_with("gobuild\\-opt\\-"))
        .collect();
    assert!(named.len() > 10, "{page}");
    for line in named {
        let name = line
            .trim_start_matches("gobuild\\-opt\\-")
            .trim_end_matches("(1)");
        let run = place.run(&format!("man {}", name.replace("\\-", "-")));
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert!(run.stdout.contains(".SH SYNOPSIS"), "{}", run.shown());
    }
    assert_eq!(place.run("man relase").code(), 2);
}

//! A `-toolexec` of the user's own, and flags that make the compiler print.

use serde_json::Value;

use super::{agree, captures, collection, in_path, shown};
use crate::harness::Place;

/// A program of the user's that notes every tool and says something.
fn theirs(place: &Place) -> String {
    let script = place.aside("theirs");
    let log = place.aside("tools");
    let text = format!(
        "#!/bin/sh\ntool=$(basename \"$2\")\ncase \"$3\" in -V*) ;; *) echo \"$1 $tool $TOOLEXEC_IMPORTPATH\" >> '{}'; [ \"$tool\" != compile ] || echo \"theirs saw $TOOLEXEC_IMPORTPATH\" ;; esac\nshift\nexec \"$@\"\n",
        log.display()
    );
    std::fs::write(&script, text).unwrap();
    place.tool("chmod", &["+x", script.to_str().unwrap()]);
    format!("{} word", script.display())
}

#[test]
fn both_see_every_tool() {
    let place = in_path();
    let flag = format!("'-toolexec={}'", theirs(&place));
    let run = place.run(&format!("release --baseline off -o told {flag}"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    let log = std::fs::read_to_string(place.aside("tools")).unwrap();
    for seen in [
        "word compile example.com/m/lib\n",
        "word compile example.com/m\n",
        "word link example.com/m\n",
    ] {
        assert!(log.contains(seen), "{seen} not in {log}");
    }
    assert!(
        shown(&run).contains("theirs saw example.com/m/lib"),
        "{}",
        run.shown()
    );
    assert_eq!(captures(&place, "cache").len(), 2);
    // The same actions as behind theirs alone: nothing is compiled again.
    let toolexec = flag.trim_matches('\'');
    let args = [
        "build",
        "-v",
        "-trimpath",
        "-ldflags=-s -w",
        toolexec,
        "-o",
        "alone",
        ".",
    ];
    let done = place.command("go").args(args).output().unwrap();
    let stderr = String::from_utf8(done.stderr).unwrap();
    assert!(done.status.success(), "{stderr}");
    assert!(
        !stderr.lines().any(|it| it == "example.com/m/lib"),
        "{stderr}"
    );
    assert!(place.read("alone") == place.read("told"));
}

#[test]
fn goflags_may_hold_it() {
    let mut place = in_path();
    let theirs = theirs(&place);
    place.env("GOFLAGS", format!("'-toolexec={theirs}'"));
    let report = place.release("--baseline off -o told");
    assert_eq!(collection(&report), [2, 0, 0].map(Value::from));
    let log = std::fs::read_to_string(place.aside("tools")).unwrap();
    assert!(log.contains("word compile example.com/m/lib"), "{log}");
}

/// What the user makes the compiler print reaches the user, and only that.
#[test]
fn what_the_users_flags_print_is_shown() {
    let place = in_path();
    let run = place.run("release --baseline off -o told -gcflags=example.com/m/lib=-m=2");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(shown(&run).contains("with cost"), "{}", run.shown());
    assert!(!run.stderr.contains("main.go"), "{}", run.shown());
    // Its package is compiled separately, the other one was captured.
    assert_eq!(captures(&place, "cache").len(), 1);
    let report = agree(&place, "-gcflags=example.com/m/lib=-m=2");
    assert_eq!(collection(&report), [0, 1, 1].map(Value::from));
}

/// What orchestrion does: another version of each tool, so that nothing of a plain build is reused, and for the main package
/// other sources than the ones that go names.
fn weaver(place: &Place) -> String {
    let script = place.aside("weaver");
    let text = r#"#!/bin/sh
shift
tool=$1
shift
case "$1" in -V*)
  said=$("$tool" "$@") || exit
  printf '%s\n' "$said+woven@v1"
  exit ;;
esac
if [ "$(basename "$tool")" = compile ] && [ "$TOOLEXEC_IMPORTPATH" = example.com/tiny ]; then
  folder=$(mktemp -d "$TMPDIR/woven.XXXXXX")
  { printf '//line %s:1\n' "$PWD/main.go"; sed 's/plain/woven/' main.go; } >"$folder/main.go"
  for it; do
    shift
    case "$it" in *main.go) it=$folder/main.go ;; esac
    set -- "$@" "$it"
  done
fi
exec "$tool" "$@"
"#;
    std::fs::write(&script, text).unwrap();
    place.tool("chmod", &["+x", script.to_str().unwrap()]);
    format!("{} toolexec", script.display())
}

#[test]
fn what_theirs_weaves_in_is_in_the_release() {
    let mut place = Place::module();
    let own = place.aside("woven");
    std::fs::create_dir(&own).unwrap();
    place.env("TMPDIR", own);
    place.write(
        "main.go",
        "package main\n\nvar kept any\n\nfunc main() {\n\tkept = new(int)\n\tprintln(\"plain\")\n}\n",
    );
    let flag = format!("'-toolexec={}'", weaver(&place));
    let woven = |file: &str| {
        let done = place.command(place.path(file)).output().unwrap();
        String::from_utf8(done.stderr).unwrap()
    };
    for (line, file) in [
        (format!("release --baseline plain -o ours {flag} ."), "ours"),
        (format!("build -o again {flag} ."), "again"),
        (format!("go build -o gos {flag} ."), "gos"),
    ] {
        let run = place.run(&line);
        assert_eq!(run.code(), 0, "{}", run.shown());
        assert_eq!(woven(file), "woven\n", "{}", run.shown());
    }
    // The lines are those of the user's file.
    let report = place.release(&format!("--baseline off -o told {flag} ."));
    assert_eq!(report["targets"][0]["escapes"]["sites"], 1);
    place.write("main.go", "package main\n\nfunc main() { nope() }\n");
    let run = place.run(&format!("build -o again {flag} ."));
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(run.stderr.contains("main.go:3"), "{}", run.shown());
    assert!(run.stderr.contains("undefined: nope"), "{}", run.shown());
}

//! Attacks composed another way: what TOML lets one write in many ways x what is in the value x where it stands x what hides it.
//! Each is refused, or go runs it: then nothing runs and nothing is written outside.

use std::collections::{BTreeMap, BTreeSet};
use std::os::unix::fs::{PermissionsExt, symlink};

use gobuild_opt::config::{Sources, load};

use crate::harness::Place;

const LEAN: &str = "release --quiet --baseline off --escapes off -buildvcs=false";

/// A string of TOML, written in every way that there is.
fn written(value: &str) -> Vec<String> {
    let escaped: String = value
        .chars()
        .map(|it| format!("\\u{:04x}", u32::from(it)))
        .collect();
    let basic = toml::Value::String(value.to_owned()).to_string();
    let mut ways = vec![
        format!("\"{escaped}\""),
        format!("\"\"\"\\\n   {escaped}\"\"\""),
    ];
    if !value.contains(['\'', '\n', '\r', '\u{b}', '\u{c}', '\u{85}']) {
        ways.push(format!("'{value}'"));
        ways.push(format!("'''\n{value}'''"));
    }
    ways.push(basic);
    ways
}

/// A list or a text at a key of a table, written in every way that there is.
fn placed(table: &str, key: &str, value: &str, is_list: bool) -> Vec<String> {
    let mut all = Vec::new();
    for (turn, text) in written(value).into_iter().enumerate() {
        let value = match (is_list, turn % 2) {
            (false, _) => text,
            (true, 0) => format!("[{text}]"),
            (true, _) => format!("[ # one\n  \"\",\n  {text}, # two\n]"),
        };
        all.push(match turn % 5 {
            0 => format!("[{table}]\n{key} = {value}"),
            1 => format!("{table}.{key} = {value}"),
            2 => format!("{table} = {{ {key} = {value} }}"),
            3 => format!("[\"{table}\"]\n\"{key}\" = {value}"),
            _ => format!("'{table}'.\"{key}\" = {value}"),
        });
    }
    all
}

/// Values with something between what a reader sees and what go reads.
fn hidden() -> Vec<(&'static str, String)> {
    let mut all: Vec<(&str, String)> = Vec::new();
    let evil = ["-extld=./evil.sh", "--extld=./evil.sh", "-extld ./evil.sh"];
    let before = [
        "-X=main.version=1",
        "-X main.version=-X",
        "-s -w -buildid=",
        "'-X main.version=a b'",
        "-X 'main.version=\" -s'",
        "-extldflags=-static",
        "-extldflags '-O2 -g'",
        "-linkmode=external\r\n",
        "\"-X=main.version='\"",
    ];
    for (turn, first) in before.iter().enumerate() {
        let one = evil[turn % evil.len()];
        all.push(("ldflags", format!("{first} -linkmode=external {one}")));
        all.push(("ldflags", format!("all={first} {one} -linkmode=external")));
    }
    let c = [
        "-gcc-toolchain tools.a",
        "-Wl,--wrap=x,-plugin=./evil.so",
        "-Wl,-z,now,@args",
        "-Wl,-z -Wl,@args",
        "-l:../evil.so -Wl,-rpath=.",
        "-specs=evil.specs",
        "--specs=evil.specs",
        "-static -B .",
        "-Xlinker -plugin -Xlinker ./evil.so",
        "-Xclang -load",
        "-fpass-plugin=./evil.so",
        "-flto=jobserver",
        "-fuse-ld=evil",
        "--ld-path=./evil.sh",
        "-Wl,--dynamic-linker=./evil.sh",
        "-Wl,-T,evil.ld",
        "-Wl,--just-symbols=OUT",
        "-Wl,-o,OUT",
        "-Wl,--output=OUT",
        "-Wl,--dependency-file=OUT",
        "-MD -MF OUT",
        "-dumpdir OUT",
        "-fdump-tree-all=OUT",
        "-fprofile-generate=OUT",
        "-ftest-coverage",
        "-fprofile-use=OUT",
        "-save-temps=obj",
        "-fstack-usage",
        "-aux-info OUT",
        "-wrapper ./evil.sh",
        "-no-canonical-prefixes -print-prog-name=./evil.sh",
        "-iplugindir=.",
        "-imultilib .",
        "-isysroot=@args",
        "--sysroot=.",
        "-Wa,--defsym,x=1",
        "-Wp,-MD,OUT",
        "-xc evil.sh",
        "-T evil.ld",
        "-u x @args",
        "-include /etc/passwd",
        "-idirafter @args",
    ];
    for (turn, flags) in c.iter().enumerate() {
        let quote = if turn % 2 == 0 { '\'' } else { '"' };
        let linked = format!("-linkmode=external {quote}-extldflags={flags}{quote}");
        all.push(("ldflags", linked));
        all.push(("env.CGO_LDFLAGS", (*flags).to_owned()));
        all.push(("env.CGO_CFLAGS", format!("-O2 {flags}")));
        all.push(("env.CGO_CPPFLAGS", format!("{quote}-DX=1{quote}\t{flags}")));
    }
    let compiled = [
        "-d=astdump=main",
        "-d=panic,astdump:~.*",
        "-d=ssa/build/dump=main",
        "-d=ssa/all/html",
        "-d=mergelocalsdumpfunc=main",
        "-d=pctab=pctofile,dumpinlfuncprops=OUT",
        "-d=inlscoreadj=../x",
        "-d=gossahash=file:OUT",
        "-m -json=0,OUT",
        "-l -l -symabis OUT",
        "-S -cpuprofile OUT",
        "-N\t-traceprofile=OUT",
        "-coveragecfg=args",
        "-goversion=go1.99",
        "-importmap=a=OUT",
    ];
    for flags in compiled {
        all.push(("gcflags", flags.to_owned()));
        all.push(("gcflags", format!("all=-N {flags}")));
        all.push(("flags", format!("-gcflags=./...={flags}")));
    }
    let nested = [
        "'-ldflags=-extld=./evil.sh -linkmode=external'",
        "'-ldflags=all=-extld=./evil.sh -linkmode=external'",
        "\"-ldflags='-extld=./evil.sh' -linkmode=external\"",
        "-v '--ldflags=\"-extld=./evil.sh\" -linkmode=external'",
        "'-gcflags=std=-cpuprofile=OUT'",
        "-mod=mod -toolexec=./evil.sh",
        "-tags=a -overlay=overlay.json",
        "'-toolexec=./evil.sh -x'",
        "-o=OUT",
        "-C=..",
        "'-asmflags=-I ..'",
        "-pkgdir=OUT -a",
        "-debug-trace=OUT",
        "-modfile=../go.mod",
    ];
    for flags in nested {
        all.push(("env.GOFLAGS", flags.to_owned()));
        all.push(("env.GOFLAGS", format!("\n\t{flags}\r\n")));
    }
    for name in [
        "-toolexec=./evil.sh",
        "-o=OUT",
        "-ldflags=-extld=./evil.sh",
        "--",
        "@args",
        "/etc/passwd.go",
        "../evil.go",
        "fmt",
        "net/...",
        "st...",
        "cmd/go",
        "...",
        "-exec",
        "std",
        "./main.go\u{0}-o",
    ] {
        all.push(("packages", name.to_owned()));
    }
    for tags in [
        "a -toolexec=./evil.sh",
        "a,-o=OUT",
        "a\n-overlay=overlay.json",
    ] {
        all.push(("tags", tags.to_owned()));
    }
    all
}

/// Directories for outputs that somebody may run something from.
const OUTS: &[&str] = &[
    ".git/hooks",
    "./.git//hooks",
    ".Git/hooks",
    ".git\u{200d}/hooks",
    ".git /hooks",
    ".git./hooks",
    "git~1/hooks",
    "dist/.git/hooks",
    "link/hooks",
    "deep/link/hooks",
    ".config/fish",
    ".envrc.d",
    ".pre-commit",
    ".mise",
    ".devcontainer/bin",
    "a/node_modules/.bin",
    "Venv/bin",
    "/tmp/x",
    "../x",
    "dist/../../x",
    "outside",
    "deep/outside/x",
    "~/bin",
    "$HOME/bin",
    "{env.HOME}/bin",
    "dist\n.git/hooks",
];

fn vectors() -> Vec<String> {
    let mut all = Vec::new();
    for (key, value) in hidden() {
        match key.split_once('.') {
            Some((table, name)) => {
                for text in placed("build.env", name, &value, false) {
                    // A dotted table has one name in quotes, and two without.
                    all.push(
                        text.replace("\"build.env\"", "build.env")
                            .replace("'build.env'", "build.env"),
                    );
                }
                let text = toml::Value::String(value);
                all.push(format!(
                    "[[target]]\n[[target]]\nos = \"linux\"\n{table} = {{ CGO_ENABLED = \"1\", {name} = {text} }}"
                ));
            }
            None => all.extend(placed("build", key, &value, true)),
        }
    }
    for out in OUTS {
        all.extend(placed("build", "out-dir", out, false));
    }
    for path in ["link/x", "outside/secret", "/etc/passwd", "../x", "secret"] {
        all.extend(placed("pgo", "profile", path, false));
        all.extend(placed("pgo", "profile", path, true));
        all.extend(placed("compare", "baseline", path, false));
        all.extend(
            placed("advise.profiles", "cpu", path, false)
                .into_iter()
                .map(|it| {
                    it.replace("\"advise.profiles\"", "advise.profiles")
                        .replace("'advise.profiles'", "advise.profiles")
                }),
        );
        all.push(format!(
            "[pgo.package.\".\"]\nprofile = [{{ path = \"{path}\", weight = 2 }}, \"b\"]"
        ));
    }
    all
}

/// A repository with what an attack would need, and programs that sing under every name that a tool may be looked for.
fn prepared() -> (Place, std::path::PathBuf) {
    let mut place = Place::module();
    let canary = place.aside("canary");
    let script = format!(
        "#!/bin/sh\necho \"$0 $@\" >> {}\nexit 1\n",
        canary.display()
    );
    for name in [
        "evil.sh",
        "extld",
        "gcc",
        "cc",
        "ld",
        "as",
        "git",
        "tools.a/bin/ld",
    ] {
        place.write(name, &script);
        let mode = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(place.path(name), mode).unwrap();
    }
    place.write("args", "-extld=./evil.sh\n-linkmode=external\n-B.\n");
    place.write("overlay.json", "{\"Replace\":{\"main.go\":\"evil.go\"}}");
    place.write("evil.specs", "*linker:\n./evil.sh\n");
    place.tool("git", &["init", "--quiet", "."]);
    std::fs::create_dir_all(place.path("deep")).unwrap();
    std::fs::create_dir_all(place.aside("outside")).unwrap();
    std::fs::write(place.aside("outside").join("secret"), "hunter2 [[").unwrap();
    symlink(".git", place.path("link")).unwrap();
    symlink("../.git", place.path("deep/link")).unwrap();
    symlink(place.aside("outside"), place.path("outside")).unwrap();
    symlink(place.aside("outside"), place.path("deep/outside")).unwrap();
    symlink(place.aside("outside").join("secret"), place.path("secret")).unwrap();
    place.env("HOME", place.aside("home"));
    (place, canary)
}

/// Names and lengths of what is in a directory.
fn listed(path: &std::path::Path) -> BTreeSet<(String, u64)> {
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    entries
        .map(|it| {
            (
                it.file_name().to_string_lossy().into_owned(),
                it.metadata().map_or(0, |it| it.len()),
            )
        })
        .collect()
}

#[test]
fn no_way_to_write_a_configuration_runs_a_program() {
    let (place, canary) = prepared();
    let out = place.aside("out").display().to_string();
    let all = vectors();
    let distinct: BTreeSet<&String> = all.iter().collect();
    assert!(
        distinct.len() >= 1000,
        "{} distinct vectors",
        distinct.len()
    );
    let before = (
        listed(&place.aside("outside")),
        listed(&place.path(".git/hooks")),
    );
    let mut let_through = BTreeMap::new();
    for (index, text) in all.iter().enumerate() {
        let text = text.replace("OUT", &out);
        match index % 3 {
            0 => place.write("gobuild-opt.toml", &text),
            1 => {
                place.write("gobuild-opt.toml", "preset = './ci/../ci/p.toml'\n");
                place.write("ci/p.toml", &text);
            }
            _ => place.write("gobuild-opt.toml", format!("\u{feff}# {index}\r\n{text}\n")),
        }
        match load(&Sources {
            cwd: place.dir().into(),
            ..Sources::default()
        }) {
            Err(error) => {
                assert_eq!(error.exit_code(), 2, "{text}\n{error}");
                assert!(
                    !format!("{error:?}").contains("hunter2"),
                    "{text}\n{error:?}"
                );
            }
            // One way to write a value is enough to run.
            Ok(_) => {
                let meant = text.parse::<toml::Table>().map(|it| format!("{it:?}"));
                let_through.insert(meant.unwrap_or_else(|_| text.clone()), text);
            }
        }
    }
    // They are refused later, by what go would get or by where an output would be, or say something else than it seems.
    assert!(
        let_through.len() < 160,
        "{} {let_through:#?}",
        let_through.len()
    );
    let _ = std::fs::remove_dir_all(place.path("ci"));
    eprintln!(
        "{} distinct, {} let through",
        distinct.len(),
        let_through.len()
    );
    for text in let_through.values() {
        place.write("gobuild-opt.toml", text);
        let run = place.run(LEAN);
        let shown = run.shown();
        assert!(!shown.contains("hunter2"), "{text}\n{shown}");
        assert!(
            !canary.exists(),
            "{text}\n{shown}\n{}",
            std::fs::read_to_string(&canary).unwrap()
        );
        let now = (
            listed(&place.aside("outside")),
            listed(&place.path(".git/hooks")),
        );
        assert_eq!(now, before, "{text}\n{shown}");
        assert!(!place.aside("out").exists(), "{text}\n{shown}");
    }
}

/// What a baseline is called is filled in after the path was looked at: a link then leads out.
#[test]
fn a_name_that_is_filled_in_leads_to_no_secret() {
    let (place, _) = prepared();
    std::fs::create_dir(place.path("last")).unwrap();
    symlink(
        place.aside("outside").join("secret"),
        place.path("last/tiny"),
    )
    .unwrap();
    place.write(
        "gobuild-opt.toml",
        "[compare]\nbaseline = \"last/{name}\"\n",
    );
    let run = place.run("release --escapes off -buildvcs=false");
    assert!(!run.shown().contains("hunter2"), "{}", run.shown());
    // A device never ends.
    std::fs::remove_file(place.path("last/tiny")).unwrap();
    symlink("/dev/zero", place.path("last/tiny")).unwrap();
    let run = place.run("release --escapes off -buildvcs=false");
    assert!(run.shown().contains("is not a file"), "{}", run.shown());
}

#[test]
fn packages_of_go_itself_are_for_whoever_types_them() {
    let place = Place::module();
    for pattern in ["net/...", "...", "encoding/json", "e...", "net/h...p"] {
        let config = format!("[build]\npackages = [\".\", \"{pattern}\"]\n");
        place.write("gobuild-opt.toml", config);
        for command in ["plan", "escape", LEAN] {
            let run = place.run(command);
            assert_eq!(run.code(), 2, "{pattern}: {}", run.shown());
            let named = format!("sets `build.packages`: `{pattern}` is refused");
            assert!(run.stderr.contains(&named), "{}", run.shown());
            assert!(run.stderr.contains("`./...`"), "{}", run.shown());
        }
        assert_eq!(place.run("plan --trust-config").code(), 0, "{pattern}");
        std::fs::remove_file(place.path("gobuild-opt.toml")).unwrap();
        let run = place.run(&format!("plan . {pattern}"));
        assert_eq!(run.code(), 0, "{}", run.shown());
    }
    // A module whose path has no dot.
    place.write("go.mod", "module nets\n\ngo 1.21\n");
    for pattern in ["nets/...", "nets", "n.../...", "./..."] {
        let config = format!("[build]\npackages = [\"{pattern}\"]\n");
        place.write("gobuild-opt.toml", config);
        let run = place.run("plan");
        assert_eq!(run.code() == 0, pattern != "n.../...", "{}", run.shown());
    }
}

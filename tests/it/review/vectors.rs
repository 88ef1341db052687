//! Ways to make a configuration run a program or write a file, composed: key x spelling x white space x quotes x pattern x
//! flag x file or preset. Each is refused with an error that names it, or go runs it and nothing happens.

use std::collections::BTreeSet;
use std::os::unix::fs::PermissionsExt;

use gobuild_opt::config::{Sources, load};

use crate::harness::Place;

/// Flags for a tool that start a program, load code, or name a file. OUT stands for a file outside the project.
const LINK: &[&str] = &[
    "-extld=./evil.sh -linkmode=external",
    "-extld ./evil.sh -linkmode=external",
    "--extld=./evil.sh --linkmode=external",
    "-s -w -extld=./evil.sh -linkmode=external",
    "-linkmode=external -extldflags=-fplugin=./evil.so",
    "-linkmode=external -extldflags=-B.",
    "-linkmode=external \"-extldflags=-static -wrapper ./evil.sh\"",
    "-linkmode=external -extldflags=-Wl,-plugin,./evil.so",
    "-linkmode=external -extldflags=-Wl,-Map=OUT",
    "-linkmode=external -extldflags=@args",
    "-extar=./evil.sh",
    "-libgcc=./evil.a",
    "-fipso=OUT",
    "-cpuprofile=OUT",
    "-memprofile OUT",
    "-benchmark=cpu -benchmarkprofile=OUT",
    "-capturehostobjs=OUT",
    "-tmpdir=OUT",
    "-o OUT",
    "-importcfg=args",
    "-I ./evil.so",
    "-r .",
    "-L ..",
    "@args",
    "-X @args",
    "-buildid @args",
    "-flag-of-tomorrow=./evil.sh",
    "-",
    "main.o",
];

const COMPILE: &[&str] = &[
    "-bench=OUT",
    "-d=dumpinlfuncprops=OUT",
    "-d=panic,dumpinlfuncprops:OUT",
    "-d=ssa/all/dump=main",
    "-D -X -cpuprofile=OUT",
    "-N -l -cpuprofile OUT",
    "--memprofile=OUT",
    "-blockprofile=OUT",
    "-mutexprofile=OUT",
    "-traceprofile=OUT",
    "-json=0,file://OUT",
    "-linkobj=OUT",
    "-asmhdr=OUT",
    "-o=OUT",
    "-embedcfg=args",
    "-env=GOSSAFUNC=main",
    "-pgoprofile=OUT",
    "-symabis=OUT",
    "-trimpath @args",
    "@args",
];

const ASM: &[&str] = &["-o=OUT", "-I ..", "@args", "-D @args", "-gensymabis -o OUT"];

const GO: &[&str] = &[
    "-toolexec=./evil.sh",
    "-overlay=overlay.json",
    "-modfile=/tmp/other.mod",
    "-pkgdir=OUT",
    "-n=true",
    "-o=OUT",
    "-C=..",
    "-debug-trace=OUT",
    "-debug-actiongraph=OUT",
    "-debug-runtime-trace=OUT",
    "-gccgoflags=-fplugin=./evil.so",
    "-compiler=gccgo",
    "-exec=./evil.sh",
    "-vettool=./evil.sh",
    "-mod=../x",
    "-pgo=/etc/passwd",
    "-installsuffix=../../x",
    "-flag-of-tomorrow=./evil.sh",
];

const VARIABLES: &[(&str, &str)] = &[
    ("AR", "./evil.sh"),
    ("BASH_ENV", "evil.sh"),
    ("CC", "./evil.sh"),
    ("CGO_CFLAGS", "-fplugin=./evil.so"),
    ("CGO_CFLAGS_ALLOW", ".*"),
    ("CGO_LDFLAGS", "-B."),
    ("CGO_LDFLAGS", "-Wl,-T,evil"),
    ("COMPILER_PATH", "."),
    ("CXX", "./evil.sh"),
    ("DYLD_INSERT_LIBRARIES", "./evil.so"),
    ("FC", "./evil.sh"),
    ("GCCGO", "./evil.sh"),
    ("GIT_CONFIG_COUNT", "1"),
    ("GIT_CONFIG_GLOBAL", "evil"),
    ("GIT_EXTERNAL_DIFF", "./evil.sh"),
    ("GIT_SSH_COMMAND", "./evil.sh"),
    ("GO111MODULE", "off"),
    ("GOAMD64", "../x"),
    ("GOAUTH", "./evil.sh"),
    ("GOBIN", "OUT"),
    ("GOCACHE", "OUT"),
    ("GOCACHEPROG", "./evil.sh"),
    ("GODEBUG", "execerrdot=0"),
    ("GOENV", "evil"),
    ("GOFIPS140", "../x"),
    ("GOINSECURE", "*"),
    ("GOMODCACHE", "OUT"),
    ("GONOSUMDB", "*"),
    ("GOPATH", "OUT"),
    ("GOPRIVATE", "*"),
    ("GOPROXY", "direct"),
    ("GOPROXY", "https://proxy.example"),
    ("GOROOT", "."),
    ("GOSUMDB", "off"),
    ("GOTMPDIR", "OUT"),
    ("GOTOOLCHAIN", "path"),
    ("GOTOOLCHAIN", "auto"),
    ("GOTOOLCHAIN", "go1.99.0+path"),
    ("GOTOOLDIR", "."),
    ("GOVCS", "*:all"),
    ("GOWORK", "../go.work"),
    ("GO_EXTLINK_ENABLED", "1"),
    ("HOME", "."),
    ("LD_PRELOAD", "./evil.so"),
    ("PATH", "."),
    ("PKG_CONFIG", "./evil.sh"),
    ("TMPDIR", "OUT"),
    ("TZ", "/etc/passwd"),
    ("VARIABLE_OF_TOMORROW", "1"),
];

/// What go trims, or takes for white space, or neither.
const SPACES: &[&str] = &[
    "", " ", "\t", "\n", "\r", "\u{a0}", "\u{b}", "\u{c}", "\u{85}", "\u{2003}", "\u{3000}",
];

const PATTERNS: &[&str] = &["", "all=", "./...=", "example.com/tiny= ", " all ="];

/// A vector: TOML, and the key that an error has to name.
struct Vector {
    text: String,
    key: &'static str,
}

fn text(value: &str) -> String {
    toml::Value::String(value.to_owned()).to_string()
}

/// The ways to say `-NAME=VALUE`.
fn spelled(name: &str, value: &str, spelling: usize) -> (String, &'static str) {
    let whole = format!("-{name}={value}");
    let quote = if whole.contains('\'') { '"' } else { '\'' };
    let goflags = format!("{quote}{whole}{quote}");
    match spelling {
        0 => (
            format!("[build]\nflags = [{}]", text(&whole)),
            "build.flags",
        ),
        1 => (
            format!("[build]\nflags = [{}]", text(&format!("-{whole}"))),
            "build.flags",
        ),
        2 => (
            format!(
                "[build]\nflags = [\"-v\", {}, {}]",
                text(&format!("-{name}")),
                text(value)
            ),
            "build.flags",
        ),
        3 => (
            format!("[build.env]\nGOFLAGS = {}", text(&goflags)),
            "build.env.GOFLAGS",
        ),
        4 => (
            format!(
                "[build.env]\nGOFLAGS = {}",
                text(&format!("-v\t-trimpath {goflags}"))
            ),
            "build.env.GOFLAGS",
        ),
        _ => (
            format!(
                "[[target]]\nos = \"linux\"\nenv = {{ GOFLAGS = {} }}",
                text(&goflags)
            ),
            "target.env.GOFLAGS",
        ),
    }
}

const SPELLINGS: usize = 6;

fn vectors() -> Vec<Vector> {
    let mut all = Vec::new();
    let mut add = |(text, key): (String, &'static str)| all.push(Vector { text, key });
    let tools = [
        ("ldflags", "build.ldflags", LINK),
        ("gcflags", "build.gcflags", COMPILE),
        ("asmflags", "build.asmflags", ASM),
    ];
    let mut turn = 0;
    for (name, key, flags) in tools {
        for flag in flags {
            // White space and patterns take turns; every flag meets each of both, in one spelling or another.
            for space in SPACES {
                let pattern = PATTERNS[turn % PATTERNS.len()];
                let value = format!("{space}{pattern}{flag}{space}");
                let own = format!("{space}{flag}");
                let own = if name == "ldflags" {
                    own
                } else {
                    value.clone()
                };
                add((format!("[build]\n{name} = [{}]", text(&own)), key));
                add(spelled(name, &value, turn % SPELLINGS));
                turn += 1;
            }
            // In the middle of a list, behind white space that only go trims.
            add((
                format!(
                    "[build]\nstrip = \"none\"\n{name} = [{}]",
                    text(&format!("\u{a0}{flag}"))
                ),
                key,
            ));
            let halves = flag.split_once(' ').unwrap_or((flag, "-s"));
            if name == "ldflags" {
                add((
                    format!("[build]\n{name} = [{}, {}]", text(halves.0), text(halves.1)),
                    key,
                ));
            }
        }
    }
    for flag in GO {
        let (name, value) = flag[1..].split_once('=').unwrap();
        (0..SPELLINGS).for_each(|it| add(spelled(name, value, it)));
    }
    for (name, value) in VARIABLES {
        let value = text(value);
        add((format!("[build.env]\n{name} = {value}"), "env"));
        add((
            format!("[[target]]\nos = \"linux\"\nenv = {{ {name} = {value} }}"),
            "env",
        ));
    }
    for value in ["./evil.sh", "sh", "/bin/sh", "go1.27.3/../evil.sh", "gofmt"] {
        add((format!("go = {}", text(value)), "go"));
    }
    for value in [".git/../../x", "/tmp/x", "../x"] {
        add((
            format!("[build]\nout-dir = {}", text(value)),
            "build.out-dir",
        ));
        add((
            format!("[compare]\nbaseline = {}", text(value)),
            "compare.baseline",
        ));
        add((format!("[pgo]\nprofile = {}", text(value)), "pgo.profile"));
        add((
            format!("[advise]\nprofiles.heap = {}", text(value)),
            "advise.profiles.heap",
        ));
    }
    add((
        "[build]\npackages = [\"/etc/x.go\"]".into(),
        "build.packages",
    ));
    all
}

/// A module with a program that sings when it is run, and what an attack would need.
fn prepared() -> (Place, std::path::PathBuf) {
    let place = Place::module();
    let canary = place.aside("canary");
    let script = format!(
        "#!/bin/sh\necho \"$0 $@\" >> {}\nexit 1\n",
        canary.display()
    );
    place.write("evil.sh", script);
    let mode = std::fs::Permissions::from_mode(0o755);
    std::fs::set_permissions(place.path("evil.sh"), mode).unwrap();
    let out = place.aside("out");
    place.write(
        "args",
        format!(
            "-extld=./evil.sh\n-linkmode=external\n-cpuprofile={}\n",
            out.display()
        ),
    );
    place.write("overlay.json", "{\"Replace\":{}}");
    (place, canary)
}

const LEAN: &str = "release --quiet --baseline off --escapes off";

#[test]
fn no_vector_runs_a_program_or_writes_outside() {
    let (place, canary) = prepared();
    let out = place.aside("out").display().to_string();
    let all = vectors();
    assert!(all.len() >= 1000, "{} vectors", all.len());
    let distinct: BTreeSet<&str> = all.iter().map(|it| it.text.as_str()).collect();
    assert!(distinct.len() >= 900, "{} distinct vectors", distinct.len());
    let mut harmless = Vec::new();
    for (index, vector) in all.iter().enumerate() {
        let text = vector.text.replace("OUT", &out);
        // Every other one is in a preset of the project.
        let preset = index % 2 == 1;
        match preset {
            false => place.write("gobuild-opt.toml", &text),
            true => {
                place.write("gobuild-opt.toml", "preset = \"ci/preset.toml\"\n");
                place.write("ci/preset.toml", &text);
            }
        }
        let loaded = load(&Sources {
            cwd: place.dir().into(),
            ..Sources::default()
        });
        let Err(error) = loaded else {
            harmless.push(text);
            continue;
        };
        let hint = error.hint.clone().unwrap_or_default();
        let named = error.message.contains("sets `") && error.message.contains(vector.key);
        assert!(named, "{text}\n{error}");
        assert!(hint.contains("--trust-config"), "{text}\n{error}\n{hint}");
        // What is allowed is said of the tool that the flag is for.
        if vector.key == "build.ldflags" {
            let said =
                hint.contains("-X NAME=VALUE") || error.message.contains("go cannot read it");
            assert!(said, "{text}\n{hint}");
        }
        assert_eq!(error.exit_code(), 2);
        assert!(error.detail.is_some_and(|it| it.contains('^')), "{text}");
    }
    // What is let through says something else than it seems to: go runs it.
    assert!(harmless.len() < 12, "{harmless:#?}");
    let _ = std::fs::remove_dir_all(place.path("ci"));
    for text in harmless {
        place.write("gobuild-opt.toml", &text);
        place.run(LEAN);
    }
    assert!(
        !canary.exists(),
        "{}",
        std::fs::read_to_string(&canary).unwrap()
    );
    assert!(!place.aside("out").exists());
}

/// Templates are filled in before the review of what go gets; whatever stands in a branch or a tag is one value.
#[test]
fn what_a_template_stands_for_is_no_flag() {
    let (mut place, canary) = prepared();
    place.write(
        "main.go",
        "package main\n\nvar version = \"dev\"\n\nfunc main() { println(version) }\n",
    );
    let attacks = [
        (
            "-linkmode=external -{env.GITHUB_HEAD_REF}=./evil.sh",
            "extld",
            true,
        ),
        (
            "-linkmode=external -ex{env.GITHUB_HEAD_REF}tld=./evil.sh",
            "",
            true,
        ),
        (
            "-linkmode=external {env.GITHUB_HEAD_REF}",
            "-extld=./evil.sh",
            true,
        ),
        (
            "-linkmode=external {env.GITHUB_HEAD_REF}-extld=./evil.sh",
            "",
            true,
        ),
        ("-X {env.GITHUB_HEAD_REF}", "@args", true),
        (
            "-X main.version={env.GITHUB_HEAD_REF}",
            "1 -extld=./evil.sh -linkmode=external",
            false,
        ),
        ("-X main.version={env.GITHUB_HEAD_REF}", "@args", false),
        ("-X main.version={env.GITHUB_HEAD_REF}", "a'b", false),
        (
            "'-X=main.version={env.GITHUB_HEAD_REF}'",
            "a\" -extld=./evil.sh",
            false,
        ),
        (
            "-X main.version={env.GITHUB_HEAD_REF}",
            "{env.SECRET}",
            false,
        ),
        (
            "-linkmode={env.GITHUB_HEAD_REF}",
            "external -extld=./evil.sh",
            true,
        ),
        (
            "-extldflags={env.GITHUB_HEAD_REF} -linkmode=external",
            "-fplugin=./evil.so",
            true,
        ),
    ];
    place.env("SECRET", "hunter2");
    for (flags, value, refused) in attacks {
        place.env("GITHUB_HEAD_REF", value);
        place.write(
            "gobuild-opt.toml",
            format!("[build]\nldflags = [{}]\n", text(flags)),
        );
        let run = place.run(LEAN);
        assert_eq!(run.code() == 2, refused, "{flags} {value}: {}", run.shown());
        assert!(!run.stderr.contains("hunter2"), "{}", run.shown());
        if !refused {
            let told = place.command(place.path("tiny")).output().unwrap();
            assert_eq!(String::from_utf8_lossy(&told.stderr).trim_end(), value);
        }
    }
    assert!(!canary.exists());
}

/// The same flags are the user's where the user gives them; and the canary sings.
#[test]
fn what_is_typed_or_trusted_runs() {
    let (place, canary) = prepared();
    let evil = "-extld=./evil.sh -linkmode=external";
    let config = format!("[build]\nldflags = [{}]\n", text(evil));
    let sings = |place: &Place, line: &str| {
        let run = place.run(&format!("{LEAN} {line}"));
        assert_eq!(run.code(), 3, "{line}: {}", run.shown());
        assert!(canary.exists(), "{line}: {}", run.shown());
        std::fs::remove_file(&canary).unwrap();
    };
    sings(&place, &format!("'-ldflags={evil}'"));
    sings(&place, "-ldflags='-extld ./evil.sh -linkmode external'");
    sings(&place, &format!("--set 'build.ldflags={evil}'"));
    sings(&place, "-toolexec ./evil.sh -a");
    place.write("gobuild-opt.toml", &config);
    sings(&place, "--trust-config");
    // Typed flags vouch for themselves, not for others.
    let run = place.run(&format!("{LEAN} -ldflags=-linkmode=external"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!canary.exists());
    // An environment of the user's own.
    let (mut place, canary) = prepared();
    place.env("GOFLAGS", format!("'-ldflags={evil}'"));
    let run = place.run(LEAN);
    assert_eq!(run.code(), 3, "{}", run.shown());
    assert!(canary.exists());
}

/// A configuration reads variables that are known, and those that the user allows.
#[test]
fn secrets_stay_where_they_are() {
    let mut place = Place::module();
    place.write(
        "main.go",
        "package main\n\nvar version = \"dev\"\n\nfunc main() { println(version) }\n",
    );
    place.env("AWS_SECRET_ACCESS_KEY", "hunter2");
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={env.AWS_SECRET_ACCESS_KEY}\"]\n",
    );
    for command in ["plan", LEAN, "doctor"] {
        let run = place.run(command);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(
            run.stderr.contains("sets `build.ldflags`"),
            "{}",
            run.shown()
        );
        assert!(
            run.stderr.contains("--allow-env AWS_SECRET_ACCESS_KEY"),
            "{}",
            run.shown()
        );
        assert!(!run.shown().contains("hunter2"));
    }
    // No file can allow itself anything.
    let own = "[build]\nallow-env = [\"AWS_SECRET_ACCESS_KEY\"]\n";
    place.write(
        "gobuild-opt.toml",
        format!("{own}ldflags = [\"-X main.version={{env.AWS_SECRET_ACCESS_KEY}}\"]\n"),
    );
    let run = place.run("plan");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("which may be a secret"),
        "{}",
        run.shown()
    );
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={env.RELEASE}-{env.GITHUB_SHA}\"]\n",
    );
    place.env("RELEASE", "v7");
    place.env("GITHUB_SHA", "abc");
    assert_eq!(place.run(LEAN).code(), 2);
    assert_eq!(place.run(&format!("{LEAN} --allow-env RELEASE")).code(), 0);
    assert_eq!(place.run(&format!("{LEAN} --trust-config")).code(), 0);
    place.env("GOBUILD_OPT_ALLOW_ENV", "OTHER,RELEASE");
    let run = place.run(LEAN);
    assert_eq!(run.code(), 0, "{}", run.shown());
    let told = place.command(place.path("tiny")).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&told.stderr).trim_end(), "v7-abc");
}

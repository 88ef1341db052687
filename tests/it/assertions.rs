//! What must hold of functions: a real module, real compilers, exit code 1 where something does not.

use serde_json::Value;

use crate::harness::toolchains::{RELEASED, Toolchain, released};
use crate::harness::{Place, Run};

const LIB: &str = "\
package lib

type Box struct {
	n    int
	data []byte
}

func New(n int) *Box {
	return &Box{n: n}
}

func (b *Box) Get() int { return b.n }

func (b *Box) At(i int) byte { return b.data[i] }

func Sum(all []int) (s int) {
	for _, it := range all {
		s += it
	}
	return s
}

//go:noinline
func Frame(n int) byte {
	var buf [512]byte
	for i := range buf {
		buf[i] = byte(n + i)
	}
	return buf[n%512]
}

//go:noinline
func Call(b *Box) int { return b.Get() }

func Never[T any](in []T) []T { return append([]T(nil), in...) }
";

const MAIN: &str = "\
package main

import (
	\"os\"
	\"strings\"

	\"example.com/app/lib\"
)

func main() {
	b := lib.New(len(os.Args))
	n := lib.Call(b) + int(b.At(0)) + lib.Sum([]int{1, 2}) + int(lib.Frame(len(os.Args)))
	os.Stdout.WriteString(strings.Repeat(\"x\", n))
}
";

fn module(asserted: &str) -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("main.go", MAIN);
    place.write("lib/lib.go", LIB);
    place.write("lib/only_windows.go", "package lib\n\nfunc Only() {}\n");
    place.write("gobuild-opt.toml", asserted);
    place
}

fn assertion(function: &str, rest: &str) -> String {
    format!("[[assert]]\nfunction = \"{function}\"\n{rest}\n")
}

/// `claim function status place` per assertion, sorted.
fn shown(run: &Run) -> String {
    let report = run.json();
    let all = report["targets"][0]["assertions"].as_array().unwrap();
    let line = |it: &Value| {
        let text = |key: &str| it[key].as_str().unwrap_or_default().to_owned();
        let place = match text("file").as_str() {
            "" => String::new(),
            file => format!(" {file}:{}", it["line"]),
        };
        let name = text("function").replace("example.com/app/", "");
        format!("{} {name} {}{place}", text("claim"), text("status"))
    };
    let mut lines: Vec<String> = all.iter().map(line).collect();
    lines.sort();
    lines.join("\n")
}

fn with(toolchain: &Toolchain, place: &mut Place) {
    if let Some(bin) = &toolchain.bin {
        place.path_first(bin);
    }
}

fn toolchains() -> impl Iterator<Item = (&'static str, Toolchain)> {
    RELEASED.iter().filter_map(|it| Some((*it, released(it)?)))
}

#[test]
fn each_claim_is_held_against_the_code() {
    let asserted = [
        assertion("example.com/app/lib.New", "no-escape = true"),
        assertion("example.com/app/lib.(*Box).Get", "no-escape = true\ninlined = true\nno-bounds-checks = true\nmust-exist = true\nmax-frame = \"0 B\""),
        assertion("example.com/app/lib.Box.At", "no-bounds-checks = true"),
        assertion("example.com/app/lib.Sum", "no-bounds-checks = true\nno-escape = true"),
        assertion("example.com/app/lib.Frame", "max-frame = \"256 B\"\ninlined = true"),
        assertion("example.com/app/lib.Call", "max-frame = \"64 B\"\ntargets = [\"linux\"]"),
        assertion("example.com/app/lib.Never", "no-escape = true"),
        assertion("example.com/app/lib.Only", "no-escape = true"),
        assertion("example.com/app/lib.Nowhere", "no-escape = true\ntargets = [\"windows\"]"),
        assertion("strings.Repeat", "inlined = true\nno-escape = true"),
    ]
    .concat();
    for (version, toolchain) in toolchains() {
        let mut place = module(&asserted);
        with(&toolchain, &mut place);
        let run = place.run("release --format json -o app");
        assert_eq!(run.code(), 1, "{version}: {}", run.shown());
        let goroot = place.tool("go", &["env", "GOROOT"]);
        let text = shown(&run).replace(goroot.trim(), "[goroot]");
        let std: Vec<&str> = text.lines().filter(|it| it.contains("strings.")).collect();
        assert!(
            std.iter()
                .any(|it| it
                    .starts_with("inlined strings.Repeat fail [goroot]/src/strings/strings.go:")),
            "{std:?}"
        );
        let own: Vec<&str> = text.lines().filter(|it| !it.contains("strings.")).collect();
        insta::allow_duplicates! {
            insta::assert_snapshot!(own.join("\n"), @"
            inlined lib.(*Box).Get pass lib/lib.go:12
            inlined lib.Frame fail lib/lib.go:24
            max-frame lib.(*Box).Get not_applicable lib/lib.go:12
            max-frame lib.Call pass lib/lib.go:33
            max-frame lib.Frame fail lib/lib.go:24
            must-exist lib.(*Box).Get pass lib/lib.go:12
            no-bounds-checks lib.(*Box).At fail lib/lib.go:14
            no-bounds-checks lib.(*Box).Get pass lib/lib.go:12
            no-bounds-checks lib.Sum pass lib/lib.go:16
            no-escape lib.(*Box).Get pass lib/lib.go:12
            no-escape lib.Never not_applicable lib/lib.go:35
            no-escape lib.New fail lib/lib.go:9
            no-escape lib.Nowhere not_applicable
            no-escape lib.Only not_applicable
            no-escape lib.Sum pass lib/lib.go:16
            ");
        }
        // The binary is there all the same, and `escape` says the same but for frames.
        assert!(place.path("app").exists());
        let run = place.run("escape --format json");
        assert_eq!(run.code(), 1, "{version}: {}", run.shown());
        let escape = shown(&run);
        assert!(escape.contains("max-frame lib.Frame unknown"), "{escape}");
        assert!(
            escape.contains("no-escape lib.New fail lib/lib.go:9"),
            "{escape}"
        );
    }
}

#[test]
fn a_failure_names_the_line_and_what_to_do() {
    let place = module(&assertion(
        "example.com/app/lib.New",
        "no-escape = true\nreason = \"called per packet\"",
    ));
    let run = place.run("escape --quiet");
    assert_eq!(run.code(), 1);
    insta::assert_snapshot!(run.shown(), @"
    exit code 1
    --- stderr
    FAIL  assertion no-escape of example.com/app/lib.New: &Box{...} escapes to heap, at lib/lib.go:9:9: return &Box{n: n} (`gobuild-opt escape --why lib/lib.go:9` shows the way to the heap; asserted because: called per packet)
    ");
    let run = place.run("escape --format github");
    insta::assert_snapshot!(run.stdout, @"::error file=lib/lib.go,line=9,col=9,title=assertion failed%3A no-escape::example.com/app/lib.New: &Box{...} escapes to heap%0Areturn &Box{n: n}%0A`gobuild-opt escape --why lib/lib.go:9` shows the way to the heap");
    // The way that the hint names.
    let run = place.run("escape --why lib/lib.go:9");
    assert!(
        run.stdout.contains("&Box{...} escapes to heap"),
        "{}",
        run.shown()
    );
    let run = place.run("escape --format sarif");
    let results = &run.json()["runs"][0]["results"];
    assert_eq!(results[0]["ruleId"], "assert-no-escape");
    let physical = &results[0]["locations"][0]["physicalLocation"];
    assert_eq!(physical["region"]["startLine"], 9);
    assert_eq!(physical["artifactLocation"]["uri"], "lib/lib.go");
}

#[test]
fn a_misspelt_function_is_told_with_the_nearest() {
    for (function, message, hint) in [
        (
            "example.com/app/lib.(*Box).Gett",
            "no function `Box.Gett`",
            "did you mean `(*Box).Get`?",
        ),
        (
            "example.com/app/lob.Sum",
            "no package `example.com/app/lob`",
            "did you mean `example.com/app/lib`?",
        ),
    ] {
        let place = module(&assertion(function, "no-escape = true"));
        let run = place.run("escape --quiet");
        assert_eq!(run.code(), 1, "{}", run.shown());
        assert!(
            run.shown().contains(message) && run.shown().contains(hint),
            "{}",
            run.shown()
        );
    }
    // On another platform it exists: on this one it does not apply, unless it must exist.
    let only = assertion("example.com/app/lib.Only", "no-escape = true");
    assert_eq!(module(&only).run("escape").code(), 0);
    let run = module(&(only + "must-exist = true\n")).run("escape --quiet");
    assert_eq!(run.code(), 1);
    assert!(
        run.shown()
            .contains("only_windows.go, which is not compiled"),
        "{}",
        run.shown()
    );
}

#[test]
fn what_cannot_be_inlined_is_told_with_the_compilers_reason() {
    for (version, toolchain) in toolchains() {
        let mut place = module(&assertion("example.com/app/lib.Frame", "inlined = true"));
        with(&toolchain, &mut place);
        let run = place.run("escape --quiet");
        assert_eq!(run.code(), 1, "{version}");
        let wanted = "the compiler cannot inline it: marked go:noinline, at lib/lib.go:24";
        assert!(run.shown().contains(wanted), "{version}: {}", run.shown());
    }
}

#[test]
fn what_was_not_looked_at_does_not_hold() {
    let asserted = assertion(
        "example.com/app/lib.Sum",
        "no-escape = true\nmax-frame = \"1 KiB\"",
    );
    let place = module(&(asserted + "\n[escape]\ncollect = \"off\"\n"));
    let run = place.run("release --format json -o app");
    assert_eq!(run.code(), 0, "{}", run.shown());
    insta::assert_snapshot!(shown(&run), @"
    max-frame lib.Sum not_applicable lib/lib.go:16
    no-escape lib.Sum unknown lib/lib.go:16
    ");
}

#[test]
fn an_assertion_that_could_never_fail_is_refused() {
    for text in [
        "[[assert]]\nfunction = \"a/b.F\"\n",
        "[[assert]]\nno-escape = true\n",
        "[[assert]]\nfunction = \"a/b.F\"\nno-escapes = true\n",
    ] {
        assert_eq!(module(text).run("escape").code(), 2, "{text}");
    }
}

/// The comments of gcassert's own manual, and what it says of them.
const COMMENTED: &str = "\
package lib

import \"fmt\"

func inlinable(a int) int { return a + 2 }

func large(a int) int {
	for i := 0; i < a; i++ {
		fmt.Println(i)
	}
	return 0
}

type test int

//gcassert:inline
func (t test) always() int { return 0 }

//gcassert:inline
func (t test) never(n int) int {
	for i := 0; i < n; i++ {
		fmt.Println(i)
	}
	return n
}

//gcassert:inline
//go:noinline
func refused(a int) int { return a + a }

type foo struct{ a, b int }

//gcassert:noescape
func (f foo) set(a int) *foo {
	f.a = a
	return &f
}

//gcassert:noescape
func (f foo) get(
	//gcassert:noescape
	a int,
	b int,
) *int {
	return &a
}

func Caller(ints []int) int {
	sum := refused(3)
	for i := range ints {
		//gcassert:bce,inline
		sum += inlinable(ints[i])
		//gcassert:inline
		sum += large(i)
		sum += ints[i] //gcassert:bce
	}
	sum += 1 //gcassert:inline
	//gcassert:bce
	sum += ints[5]
	sum += test(0).always() + test(0).never(10)
	sum += foo{}.set(1).a + *foo{}.get(1, 2)
	return sum //gcassert:inlined
}
";

#[test]
fn comments_of_gcassert_mean_what_they_mean_there() {
    for (version, toolchain) in toolchains() {
        let mut place = module("");
        place.write("lib/commented.go", COMMENTED);
        with(&toolchain, &mut place);
        let run = place.run("escape --format json");
        assert_eq!(run.code(), 1, "{version}: {}", run.shown());
        insta::allow_duplicates! {
            insta::assert_snapshot!(shown(&run), @"
            gcassert lib.Caller fail lib/commented.go:62
            inlined lib.Caller fail lib/commented.go:54
            inlined lib.Caller fail lib/commented.go:57
            inlined lib.Caller pass lib/commented.go:52
            inlined lib.refused fail lib/commented.go:29
            inlined lib.test.always pass lib/commented.go:17
            inlined lib.test.never fail lib/commented.go:20
            no-bounds-checks lib.Caller fail lib/commented.go:59
            no-bounds-checks lib.Caller pass lib/commented.go:52
            no-bounds-checks lib.Caller pass lib/commented.go:55
            no-escape lib.foo.get fail lib/commented.go:42
            no-escape lib.foo.get pass lib/commented.go:40
            no-escape lib.foo.set fail lib/commented.go:34
            ");
        }
        let run = place.run("escape --set escape.gcassert=false");
        assert_eq!(run.code(), 0, "{version}: {}", run.shown());
    }
}

#[test]
fn what_the_compiler_is_asked_changes_no_code() {
    let ids = |place: &Place, flags: &[&str]| {
        let format = "{{.ImportPath}} {{.BuildID}}";
        let args = [&["list", "-export", "-f", format], flags, &["./..."]].concat();
        let text = place.tool("go", &args);
        let content = |line: &str| {
            let (path, id) = line.split_once(' ').unwrap();
            format!("{path} {}", id.rsplit('/').next().unwrap())
        };
        text.lines().map(content).collect::<Vec<_>>()
    };
    let asked = gobuild_opt::escape::diagnostics().join(" ");
    for (version, toolchain) in toolchains() {
        let mut place = module("");
        place.write("lib/commented.go", COMMENTED);
        let generic = include_str!("../data/escape/module/lib.go.txt");
        place.write("more/lib.go", generic);
        with(&toolchain, &mut place);
        place.env("GOFLAGS", "-trimpath");
        let plain = ids(&place, &[]);
        let told = ids(&place, &[&format!("-gcflags=./...={asked}")]);
        assert_eq!(plain, told, "{version}");
        assert!(plain.len() >= 3, "{plain:?}");
    }
}

//! Programs with C code: what Go's own linker keeps of them, and what it hands to the linker of the system.

use super::{Build, check_set_of};
use crate::harness::Place;
use crate::harness::programs;
use crate::harness::toolchains;

/// Go links the C code of these packages itself.
const SERVICE: &str = r#"package main

import (
    "fmt"
    "net/http"
    "os/user"
)

func main() {
    fmt.Println(user.Current())
    http.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "hello") })
    fmt.Println(http.ListenAndServe("127.0.0.1:0", nil))
}
"#;

const USER: &str = r#"package main

import "os/user"

func main() { println(user.Lookup("root")) }
"#;

/// The linker of the system links this one: C calls Go back.
const OWN: &str = r#"package main

/*
#include <stdlib.h>

typedef int (*compare)(const void *, const void *);

extern int ascending(void *, void *);

static int table[] = {3, 1, 2};

static int *sorted(void) {
    qsort(table, 3, sizeof table[0], (compare)ascending);
    return table;
}
*/
import "C"

import (
    "fmt"
    "unsafe"
)

type order struct{ a, b C.int }

func (o order) String() string { return fmt.Sprint(o.a, o.b) }

//export ascending
func ascending(a, b unsafe.Pointer) C.int {
    var shown fmt.Stringer = order{*(*C.int)(a), *(*C.int)(b)}
    println(shown.String())
    return *(*C.int)(a) - *(*C.int)(b)
}

//go:noinline
//export unused
func unused() { fmt.Println("only C could call this") }

func main() { println(*C.sorted()) }
"#;

const CGO: Build = Build {
    cgo: true,
    ..super::PLAIN
};

fn module(main: &str) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(
        directory.path().join("go.mod"),
        "module example.com/app\n\ngo 1.21\n",
    )
    .unwrap();
    std::fs::write(directory.path().join("main.go"), main).unwrap();
    directory
}

/// Go's own linker and that of the system, as a plain executable and a position-independent one.
#[test]
fn what_is_kept_of_c_code_is_what_the_linker_keeps() {
    for main in [SERVICE, USER, OWN] {
        let directory = module(main);
        let path = directory.path();
        check_set_of(&toolchains::in_path(), CGO, path, ".");
        let released = toolchains::RELEASED.iter().copied();
        for toolchain in released.filter_map(toolchains::released) {
            check_set_of(&toolchain, CGO, path, ".");
        }
        let pie = Build { mode: "pie", ..CGO };
        check_set_of(&toolchains::in_path(), pie, path, ".");
    }
}

#[test]
#[ignore = "compiles for every released toolchain; run with --ignored"]
fn what_is_kept_of_c_code_is_what_the_linker_keeps_on_every_go() {
    let between = toolchains::BETWEEN.iter().copied();
    let all: Vec<_> = between.filter_map(toolchains::released).collect();
    assert_eq!(all.len(), toolchains::BETWEEN.len());
    for main in [SERVICE, USER, OWN] {
        let directory = module(main);
        for toolchain in &all {
            check_set_of(toolchain, CGO, directory.path(), ".");
        }
    }
}

/// SQLite itself: 250,000 lines of C that call Go back.
const SQLITE: &str = "github.com/mattn/go-sqlite3@v1.14.32";

#[test]
#[ignore = "fetches and compiles SQLite; run with --ignored"]
fn what_is_kept_around_sqlite_is_what_the_linker_keeps() {
    const MAIN: &str = r#"package main

import (
    "database/sql"
    "fmt"

    _ "github.com/mattn/go-sqlite3"
)

func main() {
    db, err := sql.Open("sqlite3", ":memory:")
    fmt.Println(db, err)
}
"#;
    let directory = module(MAIN);
    let path = directory.path();
    let here = toolchains::in_path();
    programs::go(Some(&here), "linux/amd64", path, &["get", SQLITE]);
    check_set_of(&here, CGO, path, ".");
    for version in ["1.21.13", "1.22.10", "1.27.3"] {
        let toolchain = toolchains::released(version).unwrap();
        check_set_of(&toolchain, CGO, path, ".");
    }
}

/// One use of a package, to be left out: the import and the statements.
const HTTP: [&str; 2] = [
    "net/http",
    "http.HandleFunc(\"/\", nil); fmt.Println(http.ListenAndServe(\"127.0.0.1:0\", nil))",
];
const NET: [&str; 2] = ["net", "fmt.Println(net.LookupHost(\"localhost\"))"];
const CURRENT: [&str; 2] = ["os/user", "fmt.Println(user.Current())"];
const JSON: [&str; 2] = ["encoding/json", "fmt.Println(json.Marshal(os.Args))"];
/// C code that the linker of the system links.
const HALF: [&str; 2] = ["example.com/app/half", "fmt.Println(half.Of(3))"];

const HALF_SOURCE: &str = r#"package half

/*
#cgo LDFLAGS: -lm
#include <math.h>
static double half(double x) { return floor(x / 2); }
*/
import "C"

func Of(x float64) float64 { return float64(C.half(C.double(x))) }
"#;

fn main_of(uses: &[[&str; 2]]) -> String {
    let import = |use_of: &[&str; 2]| format!("    {:?}\n", use_of[0]);
    let imports: String = uses.iter().map(import).collect();
    let body = |use_of: &[&str; 2]| format!("    {}\n", use_of[1]);
    let body: String = uses.iter().map(body).collect();
    format!(
        "package main\n\nimport (\n    \"fmt\"\n    \"os\"\n{imports})\n\nfunc main() {{\n    fmt.Println(os.Args)\n{body}}}\n"
    )
}

fn write(place: &Place, main: &str) {
    place.write("go.mod", "module example.com/app\n\ngo 1.21\n");
    place.write("main.go", main);
    place.write("half/half.go", HALF_SOURCE);
}

/// Bytes of the stripped program.
fn linked(main: &str) -> u64 {
    let place = Place::empty();
    write(&place, main);
    let (file, _) = programs::package(Some(&toolchains::in_path()), CGO, &place.path("."), ".");
    file.len() as u64
}

/// With the last cgo package the C code of `runtime/cgo` goes, too, and all that is there for shared libraries.
#[test]
fn what_is_said_to_go_of_programs_with_c_code_goes() {
    type Lines<'a> = &'a [[&'a str; 2]];
    let cuts: [(Lines<'_>, Lines<'_>); 8] = [
        (&[HTTP, CURRENT], &[HTTP]),
        (&[HTTP, CURRENT], &[CURRENT]),
        (&[HTTP, CURRENT], &[HTTP, CURRENT]),
        (&[NET], &[NET]),
        (&[CURRENT], &[CURRENT]),
        (&[HALF, JSON], &[JSON]),
        (&[HALF, HTTP], &[HTTP]),
        (&[HALF, HTTP, JSON], &[HTTP]),
    ];
    for (uses, cut) in cuts {
        let mut place = Place::empty();
        place.env("CGO_ENABLED", "1");
        write(&place, &main_of(uses));
        let names: String = cut.iter().map(|of| format!(" --cut {}", of[0])).collect();
        let found = place.run(&format!("why --format json{names}")).json();
        assert_eq!(found["by"], "linker", "{found}");
        assert_eq!(found["program"]["uncounted_c"], uses.contains(&HALF));
        let said = found["cut"]["freed"]["bytes"].as_u64().unwrap();
        let left: Vec<[&str; 2]> = uses
            .iter()
            .copied()
            .filter(|of| !cut.contains(of))
            .collect();
        let is = linked(&main_of(uses)) - linked(&main_of(&left));
        println!("{names}: said {said}, is {is}");
        // The linker rounds to pages.
        let off = said.abs_diff(is);
        assert!(off <= (is / 200).max(4096), "{names}: said {said}, is {is}");
    }
}

/// C code is a step like others, and what it may call begins chains.
#[test]
fn chains_lead_through_c_code() {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "1");
    write(&place, OWN);
    let symbol_of_last = |name: &str| {
        let found = place.run(&format!("why --format json {name}")).json();
        let steps = found["asked"]["chains"][0]["steps"].clone();
        let steps: Vec<serde_json::Value> = steps.as_array().unwrap().clone();
        let word = |step: &serde_json::Value, key: &str| step[key].as_str().unwrap().to_owned();
        let all: Vec<[String; 2]> = steps
            .iter()
            .map(|step| [word(step, "kind"), word(step, "symbol")])
            .collect();
        all
    };
    // Only C code could call it: the linker of the system may need it.
    let steps = symbol_of_last("main.unused");
    assert_eq!(steps[0], ["start", "(C code)"], "{steps:?}");
    assert_eq!(steps[1][0], "export", "{steps:?}");
    // Other programs do without it, and it is not known at what the segments of such a file begin.
    let cut = place.run("why --format json --cut main.unused");
    assert_eq!(cut.code(), 0, "{}", cut.shown());
    let cut = cut.json();
    assert!(cut["cut"]["freed"]["bytes"].as_u64().unwrap() > 0, "{cut}");
    assert!(cut["cut"]["freed"]["file"].is_null(), "{cut}");
    let shown = place.run("why --cut main.unused");
    assert!(!shown.stdout.contains("whole pages"), "{}", shown.stdout);
    assert_eq!(place.run("why --cut runtime.mallocgc").code(), 2);
    // C code calls the first, and nobody knows the second.
    for name in ["qsort", "sorted_by_nobody"] {
        let run = place.run(&format!("why {name}"));
        let said = format!("no Go package, module or symbol is called `{name}`, and C code");
        assert!(run.stderr.contains(&said), "{}", run.stderr);
    }
    write(&place, USER);
    let steps = symbol_of_last("getpwnam_r");
    assert_eq!(steps[0][1], "main.main", "{steps:?}");
    let section = steps.iter().any(|step| step[1] == "os/user(.text)");
    assert!(section, "{steps:?}");
}

/// Nothing imports `runtime/cgo`: the linker loads it where that of the system is asked for.
#[test]
fn what_is_kept_for_the_linker_of_the_system_without_c_code_is_what_go_keeps() {
    let external = Build {
        ldflags: "-s -w -linkmode=external",
        ..CGO
    };
    let directory = super::module(super::MAIN);
    check_set_of(&toolchains::in_path(), external, directory.path(), ".");
    let oldest = toolchains::RELEASED.iter().copied();
    for toolchain in oldest.filter_map(toolchains::released).take(1) {
        check_set_of(&toolchain, external, directory.path(), ".");
    }
    let directory = module(USER);
    check_set_of(&toolchains::in_path(), external, directory.path(), ".");
}

/// What cannot be answered is refused, with imports in its place, and nobody is told to leave cgo out for it.
#[test]
fn links_that_are_not_covered_are_refused() {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "1");
    write(&place, &main_of(&[JSON]));
    let refused = |place: &Place| {
        let run = place.run("why --format json encoding/json");
        assert_eq!(run.code(), 0, "{}", run.shown());
        let found = run.json();
        assert_eq!(found["by"], "imports", "{found}");
        let why = found["not_run"].as_str().unwrap().to_owned();
        assert!(!why.contains("CGO_ENABLED"), "{why}");
        why
    };
    place.write("gobuild-opt.toml", "[build]\nflags = [\"-race\"]\n");
    let why = refused(&place);
    assert!(why.contains("-race links in a way"), "{why}");
    // go does not know of the variable, so that it does not compile `runtime/cgo` for it.
    place.write("gobuild-opt.toml", "");
    place.env("GO_EXTLINK_ENABLED", "1");
    let why = refused(&place);
    assert!(why.contains("`runtime/cgo` is no part"), "{why}");
}

/// `free` is imported for `net` and for `os/user`: the cut of neither takes it from the other.
#[test]
fn what_two_packages_import_of_shared_libraries_is_not_cut_with_one() {
    for mains in [[NET, CURRENT], [CURRENT, NET]] {
        let mut place = Place::empty();
        place.env("CGO_ENABLED", "1");
        write(&place, &main_of(&mains));
        for cut in [NET, CURRENT] {
            let left = mains.iter().copied().filter(|of| of != &cut);
            let left: Vec<[&str; 2]> = left.collect();
            let found = place
                .run(&format!("why --format json --cut {}", cut[0]))
                .json();
            let said = found["cut"]["freed"]["bytes"].as_u64().unwrap();
            let is = linked(&main_of(&mains)) - linked(&main_of(&left));
            println!("{}: said {said}, is {is}", cut[0]);
            assert!(
                said.abs_diff(is) <= (is / 200).max(4096),
                "said {said}, is {is}"
            );
        }
    }
}

/// A report says that C code is not in what packages keep alive alone.
#[test]
fn reports_say_where_c_code_is_not_counted() {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "1");
    write(&place, &main_of(&[HALF]));
    let run = place.run("release --retained --report all.json -o app .");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stdout.contains("bytes are those of Go"),
        "{}",
        run.stdout
    );
    let text = std::fs::read_to_string(place.path("all.json")).unwrap();
    assert!(text.contains("\"uncounted_c\": true"), "{text}");
}

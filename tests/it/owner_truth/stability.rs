//! Small edits of a real program change what they change, and nothing else: no package whose code is the same gains or loses
//! data.

use std::collections::BTreeMap;
use std::path::Path;

use gobuild_opt::binary::{Kind, Request, anatomy_with};

use crate::harness::Place;
use crate::harness::programs::{self, Build};

/// Imports, declarations, and what `init` does.
const EDITS: &[(&str, &str, &str)] = &[
    ("os strings", "", "_ = strings.ToUpper(os.Args[0])"),
    (
        "fmt os",
        "",
        "if len(os.Args) > 9 { fmt.Println(\"nine\") }",
    ),
    (
        "os",
        "const more = \"a text that was not there before this edit, of about eighty bytes ........\"",
        "if len(os.Args) > 9 { println(more) }",
    ),
    (
        "os",
        "//go:noinline\nfunc extra(n int) (s int) { for i := 0; i < n; i++ { s += i * n }; return }",
        "println(extra(len(os.Args)))",
    ),
    (
        "os",
        "type added struct{ a, b int }\nfunc (it *added) Sum() int { return it.a + it.b }\nvar one any = &added{1, len(os.Args)}",
        "println(one)",
    ),
    (
        "os",
        "var more = map[string]int{\"one\": 1, \"two\": 2, \"three\": 3}",
        "println(more[os.Args[0]])",
    ),
    (
        "os sort",
        "",
        "all := append([]string(nil), os.Args...); sort.Slice(all, func(a, b int) bool { return all[a] > all[b] })",
    ),
    (
        "os",
        "",
        "done := make(chan int); go func() { done <- len(os.Args) }(); println(<-done)",
    ),
    (
        "time",
        "",
        "println(time.Now().Format(\"2006 of January\"))",
    ),
    ("os strconv", "", "println(strconv.Quote(os.Args[0]))"),
    (
        "errors",
        "var errAdded = errors.New(\"this was added\")",
        "println(errAdded)",
    ),
    (
        "encoding/json os",
        "",
        "text, _ := json.Marshal(os.Args); println(len(text))",
    ),
    (
        "os",
        "",
        "defer func() { println(recover() != nil) }(); if len(os.Args) > 9 { panic(\"nine\") }",
    ),
    (
        "os",
        "var rows = [...]int64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8, 9, 7, 9, 3, 2, 3, 8, 4, 6}",
        "println(rows[len(os.Args)])",
    ),
    (
        "os",
        "var names = []string{\"first\", \"second\", \"third\", \"fourth\", \"fifth\", \"sixth\"}",
        "println(names[len(os.Args)])",
    ),
    (
        "os",
        "func adder(n int) func(int) int { return func(m int) int { return n + m } }",
        "println(adder(len(os.Args))(3))",
    ),
    (
        "os",
        "func largest[T int | string](all ...T) (it T) { for _, one := range all { it = max(it, one) }; return }",
        "println(largest(os.Args...), largest(len(os.Args), 4))",
    ),
    (
        "os",
        "",
        "switch os.Args[0] { case \"alpha\": println(1); case \"beta\": println(2); case \"gamma\": println(3); case \"delta\": println(4) }",
    ),
    (
        "bytes os",
        "",
        "println(bytes.Contains([]byte(os.Args[0]), []byte(\"needle\")))",
    ),
    ("os", "", "println(len(os.Getenv(\"ADDED\")) > 3)"),
];

/// Bytes of each package by kind, as the file with symbols is read and as without them.
type Sums = [BTreeMap<String, (u64, u64)>; 2];

fn sums(bytes: &[u8]) -> Sums {
    [false, true].map(|without_symbols| {
        let request = Request {
            without_symbols,
            ..Request::default()
        };
        let anatomy = anatomy_with(bytes, &request).unwrap();
        let packages = anatomy.packages.into_iter();
        packages
            .map(|it| {
                let data = it.by_kind[Kind::Data as usize] + it.by_kind[Kind::Strings as usize];
                let code = it.code();
                (it.path, (code, data))
            })
            .collect()
    })
}

#[allow(clippy::print_stdout)] // what a run of the tests is asked for
fn check(what: &str, directory: &Path, package: &str, file: &Path) {
    let build = || programs::package(None, Build::new("linux/amd64", ""), directory, package).0;
    let plain = build();
    let before = sums(&plain);
    // 0.02 % of the file.
    let allowed = plain.len() as u64 / 5000;
    let (mut worst, mut failed) = ([0, 0], Vec::new());
    for (number, (imports, declarations, body)) in EDITS.iter().enumerate() {
        let imports: String = imports
            .split(' ')
            .map(|it| format!("import \"{it}\"\n"))
            .collect();
        let source =
            format!("package main\n\n{imports}\n{declarations}\n\nfunc init() {{ {body} }}\n");
        std::fs::write(file, source).unwrap();
        let after = sums(&build());
        for (way, (before, after)) in before.iter().zip(&after).enumerate() {
            for (path, (code, data)) in before {
                let Some((_, now)) = after.get(path).filter(|it| it.0 == *code) else {
                    continue;
                };
                let change = now.abs_diff(*data);
                worst[way] = worst[way].max(change);
                if change > allowed {
                    failed.push(format!("edit {number}, way {way}: {path} {data} -> {now}"));
                }
            }
        }
    }
    std::fs::remove_file(file).unwrap();
    println!(
        "{what}: {} edits of {} bytes, at most {allowed} allowed: with symbols {} at most, without {}",
        EDITS.len(),
        plain.len(),
        worst[0],
        worst[1]
    );
    assert!(failed.is_empty(), "{what}, {allowed} allowed: {failed:#?}");
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => std::fs::write(target, std::fs::read(entry.path()).unwrap()).unwrap(),
        }
    }
}

#[test]
#[ignore = "links 42 programs"]
fn no_package_changes_with_an_edit_of_another() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples");
    for (name, package) in [("service", "cmd/api"), ("cli", "cmd/logstat")] {
        let place = Place::empty();
        copy(&examples.join(name), place.dir());
        let file = place.dir().join(package).join("edit.go");
        let _ = std::fs::remove_file(place.dir().join(package).join("default.pgo")); // no profile: an edit moves what is inlined
        check(name, place.dir(), &format!("./{package}"), &file);
    }
}

//! The tree that every line of the table is run in: small packages of each kind, and each kind of
//! mistake in a module of its own, so that a line only builds what it is about.

use crate::harness::Place;

/// Directories of the tree that are repositories of their own.
const REPOSITORY: &str = "app";

/// Files by path. A program prints its name and what was set at build time.
const FILES: &[(&str, &str)] = &[
    ("app/go.mod", "module example.com/app\n\ngo 1.21\n"),
    (
        "app/main.go",
        "package main\n\nimport \"example.com/app/lib\"\n\nvar version = \"dev\"\n\nfunc main() { lib.Say(\"app\", version) }\n",
    ),
    (
        "app/lib/lib.go",
        "// Package lib prints.\npackage lib\n\nimport \"os\"\n\n// Stamp is set by the linker.\nvar Stamp string\n\n// Say prints words.\nfunc Say(words ...string) {\n\tfor _, word := range append(words, Stamp) {\n\t\tos.Stdout.WriteString(word + \";\")\n\t}\n}\n",
    ),
    (
        "app/cmd/a/main.go",
        "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"a;\" + version + \";\" + commit) }\n",
    ),
    (
        "app/cmd/a/version.go",
        "package main\n\nvar version, commit = \"dev\", \"none\"\n",
    ),
    (
        "app/cmd/b/main.go",
        "package main\n\nimport \"example.com/app/lib\"\n\nfunc main() { lib.Say(\"b\") }\n",
    ),
    (
        "app/cmd/tags/main.go",
        "package main\n\nimport \"os\"\n\nvar found string\n\nfunc main() { os.Stdout.WriteString(\"tags;\" + found) }\n",
    ),
    (
        "app/cmd/tags/one.go",
        "//go:build one\n\npackage main\n\nfunc init() { found += \"one;\" }\n",
    ),
    (
        "app/cmd/tags/two.go",
        "//go:build two\n\npackage main\n\nfunc init() { found += \"two;\" }\n",
    ),
    (
        "app/cmd/tool/v2/main.go",
        "package main\n\nfunc main() { print(\"tool\") }\n",
    ),
    (
        "app/other/version.txt",
        "package main\n\nvar version, commit = \"overlaid\", \"none\"\n",
    ),
    (
        "app/overlay.json",
        "{\"Replace\": {\"cmd/a/version.go\": \"other/version.txt\"}}\n",
    ),
    ("app/alt.mod", "module example.com/app\n\ngo 1.20\n"),
    ("app/existing/keep", ""),
    ("app/empty.pgo", ""),
    ("app/garbage.pgo", "<html>502 Bad Gateway</html>"),
    // Names that are taken.
    ("taken/go.mod", "module example.com/taken\n\ngo 1.21\n"),
    ("taken/file/main.go", "package main\n\nfunc main() {}\n"),
    ("taken/file/file", "a text of mine\n"),
    ("taken/file/empty", ""),
    (
        "taken/directory/main.go",
        "package main\n\nfunc main() {}\n",
    ),
    ("taken/directory/directory/keep", ""),
    // Packages that are left out, or are all there is.
    ("mixed/go.mod", "module example.com/mixed\n\ngo 1.21\n"),
    (
        "mixed/only/main.go",
        "package main\n\nfunc main() { print(\"only\") }\n",
    ),
    ("mixed/tested/x_test.go", "package tested\n"),
    (
        "mixed/never/never.go",
        "//go:build never\n\npackage never\n",
    ),
    ("libs/go.mod", "module example.com/libs\n\ngo 1.21\n"),
    (
        "libs/one/one.go",
        "package one\n\n// One is 1.\nfunc One() int { return 1 }\n",
    ),
    (
        "libs/two/two.go",
        "package two\n\nimport \"example.com/libs/one\"\n\n// Two is 2.\nfunc Two() int { return one.One() + 1 }\n",
    ),
    ("libs/none/readme", ""),
    ("lone/go.mod", "module example.com/lone\n\ngo 1.21\n"),
    (
        "lone/main.go",
        "package main\n\nfunc main() { print(\"lone\") }\n",
    ),
    (
        "lone/broken/broken.go",
        "package broken\n\nvar x int = \"text\"\n",
    ),
    ("twins/go.mod", "module example.com/twins\n\ngo 1.21\n"),
    ("twins/x/app/main.go", "package main\n\nfunc main() {}\n"),
    ("twins/y/app/main.go", "package main\n\nfunc main() {}\n"),
    // What does not build.
    ("errors/go.mod", "module example.com/errors\n\ngo 1.21\n"),
    (
        "errors/types/main.go",
        "package main\n\nfunc main() { var x int = \"text\" }\n",
    ),
    ("errors/syntax/main.go", "package main\n\nfunc main() {\n"),
    (
        "errors/cycle/a/a.go",
        "package a\n\nimport _ \"example.com/errors/cycle/b\"\n",
    ),
    (
        "errors/cycle/b/b.go",
        "package b\n\nimport _ \"example.com/errors/cycle/a\"\n",
    ),
    (
        "errors/missing/main.go",
        "package main\n\nimport _ \"example.com/nowhere\"\n\nfunc main() {}\n",
    ),
    ("errors/two/a.go", "package a\n"),
    ("errors/two/b.go", "package b\n"),
    ("errors/nomain/main.go", "package main\n\nvar x int\n"),
    ("badmod/go.mod", "module\n"),
    ("badmod/main.go", "package main\n\nfunc main() {}\n"),
    // No module at all.
    (
        "nomod/x.go",
        "package main\n\nfunc main() { print(\"x\", y) }\n",
    ),
    ("nomod/y.go", "package main\n\nvar y = \"y\"\n"),
    (
        "nomod/alone.go",
        "package main\n\nimport \"os\"\n\nfunc main() { os.Stdout.WriteString(\"alone\") }\n",
    ),
    // Where modules come from.
    ("dep/go.mod", "module example.com/dep\n\ngo 1.21\n"),
    (
        "dep/dep.go",
        "package dep\n\n// Name says where this is.\nconst Name = \"replaced\"\n",
    ),
    (
        "replace/go.mod",
        "module example.com/replace\n\ngo 1.21\n\nrequire example.com/dep v0.0.0\n\nreplace example.com/dep => ../dep\n",
    ),
    ("replace/main.go", IMPORTS_DEP),
    (
        "unrequired/go.mod",
        "module example.com/unrequired\n\ngo 1.21\n\nreplace example.com/dep => ../dep\n",
    ),
    ("unrequired/main.go", IMPORTS_DEP),
    (
        "vendored/go.mod",
        "module example.com/vendored\n\ngo 1.21\n\nrequire example.com/dep v1.0.0\n",
    ),
    ("vendored/main.go", IMPORTS_DEP),
    (
        "vendored/vendor/modules.txt",
        "# example.com/dep v1.0.0\n## explicit; go 1.21\nexample.com/dep\n",
    ),
    (
        "vendored/vendor/example.com/dep/dep.go",
        "package dep\n\n// Name says where this is.\nconst Name = \"vendored\"\n",
    ),
    (
        "work/go.work",
        "go 1.21\n\nuse (\n\t./first\n\t./second\n)\n",
    ),
    (
        "work/first/go.mod",
        "module example.com/first\n\ngo 1.21\n\nrequire example.com/dep v0.0.0\n",
    ),
    ("work/first/main.go", IMPORTS_DEP),
    ("work/second/go.mod", "module example.com/dep\n\ngo 1.21\n"),
    (
        "work/second/dep.go",
        "package dep\n\n// Name says where this is.\nconst Name = \"work\"\n",
    ),
    // What needs a C compiler.
    ("c/go.mod", "module example.com/c\n\ngo 1.21\n"),
    (
        "c/lib/main.go",
        "package main\n\nimport \"C\"\n\n//export Add\nfunc Add(a, b int32) int32 { return a + b }\n\nfunc main() {}\n",
    ),
    (
        "c/plain/main.go",
        "package main\n\nfunc main() { print(\"plain\") }\n",
    ),
];

const IMPORTS_DEP: &str = "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/dep\"\n)\n\nfunc main() { os.Stdout.WriteString(dep.Name) }\n";

/// Writes the tree.
pub fn write(place: &Place) {
    for (path, content) in FILES {
        place.write(path, content);
    }
    place.write("app/cpu.pgo", profile());
    place.write("app/cmd/hot/main.go", FILES[3].1.replace("a;", "hot;"));
    place.write("app/cmd/hot/version.go", FILES[4].1);
    place.write("app/cmd/hot/default.pgo", profile());
    for (link, end) in [("to-app", "app"), ("to-a", "app/cmd/a")] {
        std::os::unix::fs::symlink(end, place.path(link)).unwrap();
    }
    for args in [
        &["init", "--quiet"][..],
        &["add", "."],
        &[
            "-c",
            "user.name=x",
            "-c",
            "user.email=x@example.com",
            "commit",
            "--quiet",
            "-m",
            "all",
        ],
    ] {
        let mut all = vec!["-C", REPOSITORY];
        all.extend(args);
        place.tool("git", &all);
    }
}

/// A CPU profile with one call from `main.main`.
fn profile() -> Vec<u8> {
    let strings = [
        "",
        "samples",
        "count",
        "main.main",
        "os.(*File).WriteString",
        "main.go",
    ];
    let mut bytes = field(1, &[8, 1, 16, 2]);
    bytes.extend(field(2, &[10, 2, 2, 1, 18, 1, 100]));
    for id in [1, 2] {
        bytes.extend(field(4, &[8, id, 34, 4, 8, id, 16, 5]));
        bytes.extend(field(5, &[8, id, 16, 2 + id, 24, 2 + id, 32, 5, 40, 5]));
    }
    for text in strings {
        bytes.extend(field(6, text.as_bytes()));
    }
    bytes
}

fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2, u8::try_from(content.len()).unwrap()];
    bytes.extend(content);
    bytes
}

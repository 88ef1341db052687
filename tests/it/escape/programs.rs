//! What real builds hold: flags of the user, profiles, odd file names, a program of the standard library.

use std::collections::BTreeSet;

use gobuild_opt::escape::{Collector, gcflags};

use super::{build, collect, compile, module, toolchains};

#[test]
fn the_users_flags_hold_where_m_is_added() {
    let dir = module();
    let user = ["./...=-l".to_owned(), "-d=checkptr=0".to_owned()];
    let composed = gcflags(&["./lib".to_owned()], &[], &user[..1]);
    let unpatterned = gcflags(&["./lib".to_owned()], &[], &user);
    for tool in toolchains() {
        let compile = |values: &[String]| {
            let flags: Vec<String> = values.iter().map(|it| format!("-gcflags={it}")).collect();
            let flags: Vec<&str> = flags
                .iter()
                .map(String::as_str)
                .chain(["-trimpath"])
                .collect();
            let (sources, text) = build(&tool, dir.path(), &flags, &["./..."]);
            let packages = collect(&sources, &text).packages;
            let lib = packages
                .into_iter()
                .find(|it| it.path == "example.com/m/lib");
            (
                lib.map(|it| it.sites),
                String::from_utf8(text).unwrap().contains("can inline"),
            )
        };
        let (sites, inlines) = compile(&composed);
        assert!(
            sites > Some(0) && !inlines,
            "`-l` or `-m` was lost: {composed:?}"
        );
        // Without a pattern, a value is for the packages named: `./...` again, and it hides `-l`, as it does in Go.
        let (sites, inlines) = compile(&unpatterned);
        assert!(sites > Some(0) && inlines, "`-m` was lost: {unpatterned:?}");
    }
}

#[test]
fn a_profile_splits_packages_and_no_site_counts_twice() {
    let dir = module();
    for name in ["one", "two"] {
        let main = dir.path().join("cmd").join(name);
        std::fs::create_dir_all(&main).unwrap();
        let text = "package main\n\nimport \"example.com/m/lib\"\n\nfunc main() { lib.All(3) }\n";
        std::fs::write(main.join("main.go"), text).unwrap();
        std::fs::write(main.join("default.pgo"), "").unwrap();
    }
    let tool = &toolchains()[0];
    let counted = ["-pgo=auto", "-pgo=off"].map(|pgo| {
        let flags = [pgo, "-trimpath", "-gcflags=./...=-m"];
        let (sources, text) = build(tool, dir.path(), &flags, &["./cmd/one", "./cmd/two"]);
        (
            collect(&sources, &text).packages,
            String::from_utf8(text).unwrap(),
        )
    });
    assert!(
        counted[0]
            .1
            .contains("# example.com/m/lib [example.com/m/cmd/")
    );
    assert_eq!(counted[0].0, counted[1].0);
}

#[cfg(unix)]
#[test]
fn odd_file_names_forge_nothing() {
    use std::os::unix::ffi::OsStrExt;
    for tool in toolchains() {
        let dir = module();
        let (sources, text) = compile(&tool, dir.path(), true);
        let expected = collect(&sources, &text);
        let rename = |from: &str, to: &[u8]| {
            let to = std::ffi::OsStr::from_bytes(to);
            std::fs::rename(dir.path().join(from), dir.path().join(to)).unwrap();
        };
        rename("main.go", b"a:1:2.go");
        rename("lib/lib.go", b"lib/sp ace \xff.go");
        for trimpath in [true, false] {
            let (sources, text) = compile(&tool, dir.path(), trimpath);
            let escapes = collect(&sources, &text);
            assert_eq!(
                escapes.packages,
                expected.packages,
                "{}",
                String::from_utf8_lossy(&text)
            );
            assert_eq!(escapes.unparsed, 0);
        }
        // The second line of this name reads as the header of another package.
        rename("lib/gram.go", b"lib/gram\n# example.com\n.go");
        let (sources, text) = compile(&tool, dir.path(), true);
        let escapes = collect(&sources, &text);
        assert_eq!(
            escapes.packages,
            expected.packages,
            "{}",
            String::from_utf8_lossy(&text)
        );
    }
}

/// Lines that need no normalisation, counted by sorting, are the sites that needed none.
#[test]
fn a_program_of_the_standard_library_counts_the_same() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::write(dir.path().join("go.mod"), "module example.com/m\n").unwrap();
    for tool in toolchains() {
        let flags = ["-trimpath", "-gcflags=go/...=-m", "-gcflags=cmd/gofmt=-m"];
        let (sources, text) = build(&tool, dir.path(), &flags, &["cmd/gofmt"]);
        let mut collector = Collector::new(&sources).with_sites(true);
        collector.text(&text);
        let (escapes, sites) = collector.finish_with_sites(|_| true);
        assert_eq!(escapes.unparsed_examples, [""; 0]);
        let plain = |it: &str| {
            (it.starts_with("go/") || it.starts_with("cmd/"))
                && !it.contains("go.shape")
                && !it.contains('`')
        };
        let counted: BTreeSet<String> = sites
            .iter()
            .map(|it| format!("{}:{}:{}: {}", it.file, it.line, it.column, it.message))
            .filter(|it| plain(it))
            .collect();
        let text = String::from_utf8(text).unwrap();
        let lines: BTreeSet<String> = text
            .lines()
            .filter(|it| {
                (it.ends_with(" escapes to heap") || it.contains(": moved to heap: ")) && plain(it)
            })
            .map(|it| it.replace("<autogenerated>:1:", "<autogenerated>:1:0:"))
            .collect();
        assert_eq!(
            counted.symmetric_difference(&lines).collect::<Vec<_>>(),
            [""; 0],
            "{}",
            tool.display()
        );
        assert!(counted.len() > 1000, "{} sites", counted.len());
    }
}

//! The compiler's lines under the package that was compiled, whatever file they name.

use crate::harness::Place;

const LIB: &str = "\
package lib

func Get(n int) *int {
	return nil
}
";

const LEAK: &str = "\
package lib

func Get(n int) *int {
	m := n
	return &m
}
";

fn locked() -> Place {
    let place = Place::empty();
    place.write("go.mod", "module example.com/moved\n\ngo 1.21\n");
    place.write("gobuild-opt.toml", "[escape]\ngate = \"new\"\n");
    place.write("lib/lib.go", LIB);
    place.write(
        "main.go",
        "package main\n\nimport (\n\t\"os\"\n\n\t\"example.com/moved/lib\"\n)\n\nfunc main() {\n\tif lib.Get(len(os.Args)) != nil {\n\t\tos.Exit(1)\n\t}\n}\n",
    );
    let run = place.run("accept");
    assert_eq!(run.code(), 0, "{}", run.shown());
    place
}

#[test]
fn a_line_comment_moves_no_site_out_of_the_scope() {
    let place = locked();
    let goroot = place.tool("go", &["env", "GOROOT"]);
    let os = format!("{}/src/os/file.go", goroot.trim());
    for comment in [
        format!("//line {os}:100\nfunc"),
        format!("/*line {os}:100:1*/func"),
        "//line os/file.go:100\nfunc".to_owned(),
    ] {
        place.write("lib/lib.go", LEAK.replacen("func", &comment, 1));
        for how in ["capture", "pass"] {
            let run = place.run(&format!("escape --escapes {how} --format json"));
            assert_eq!(run.code(), 1, "{how} {comment}: {}", run.shown());
            let new = &run.json()["targets"][0]["escapes"]["new"];
            assert_eq!(new[0]["package"], "example.com/moved/lib", "{new}");
        }
    }
}

/// Go compiles what an overlay puts there.
#[test]
fn a_line_comment_in_an_overlay_moves_no_site_either() {
    let place = locked();
    let goroot = place.tool("go", &["env", "GOROOT"]);
    let comment = format!("//line {}/src/os/file.go:100\nfunc", goroot.trim());
    place.write("aside/lib.go", LEAK.replacen("func", &comment, 1));
    let replace = serde_json::json!({ "Replace": { "lib/lib.go": "aside/lib.go" } });
    place.write("overlay.json", replace.to_string());
    for how in ["capture", "pass"] {
        let line = format!("escape -overlay overlay.json --escapes {how} --format json");
        let run = place.run(&line);
        assert_eq!(run.code(), 1, "{how}: {}", run.shown());
        let new = &run.json()["targets"][0]["escapes"]["new"];
        assert_eq!(new[0]["package"], "example.com/moved/lib", "{new}");
    }
}

/// What is asserted, shown and said where to look is what go compiled: with `-trimpath` it names a file of an overlay below
/// the package after itself.
#[test]
fn what_an_overlay_puts_there_is_what_is_asserted() {
    let place = Place::module();
    place.write("gobuild-opt.toml", "[budget]\nframe = \"2 KiB\"\n");
    let program = "\
package main

func worker() { var b [9000]byte; for i := range b { b[i] = 1 }; println(len(b), b[3]) }

//gcassert:noescape
func keep(n int) *int { x := n; return &x }

var held *int

func main() { held = keep(3); go worker() }
";
    place.write("main.go", "package main\n\n\n\n\n// disk\nfunc main() {}\n");
    place.write("aside/main.txt", program);
    let elsewhere = place.aside("main.txt");
    std::fs::write(&elsewhere, program).unwrap();
    let files = [
        ("main.go", "aside/main.txt".into()),
        ("./aside/../main.go", "./aside/main.txt".into()),
        ("main.go", elsewhere.display().to_string()),
    ];
    for (name, file) in files {
        let replace = serde_json::json!({ "Replace": { name: file } });
        place.write("overlay.json", replace.to_string());
        for how in ["--escapes capture", "--escapes pass", "-trimpath=false"] {
            let line = format!("release -o app --baseline off -overlay overlay.json {how}");
            let run = place.run(&line);
            assert_eq!(run.code(), 1, "{file} {how}: {}", run.shown());
            let text = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
            let failed = "no-escape of example.com/tiny.keep: moved to heap: x, at main.go:6:25: func keep(n int)";
            assert!(text.contains(failed), "{file} {how}: {}", run.shown());
            assert!(text.contains("main.worker 9,0"), "{}", run.shown());
            assert!(text.contains("a goroutine starts in it"), "{}", run.shown());
            assert!(!text.contains("disk"), "{}", run.shown());
        }
    }
}

#[test]
fn a_file_name_forges_no_header() {
    let place = locked();
    let words = "holds a line break";
    place.write("lib/x\n# os\nb.go", LEAK.replace("Get", "More"));
    let run = place.run("escape");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains(words), "{}", run.shown());
    let run = place.run("release -q -o app");
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(
        run.stderr
            .contains("not judged, because the escapes could not"),
        "{}",
        run.shown()
    );
    let run = place.run("release -q -o app --set checks.not-judged=deny");
    assert_eq!(run.code(), 1, "{}", run.shown());
    std::fs::remove_file(place.path("lib/x\n# os\nb.go")).unwrap();
    place.write(
        "lib/lib.go",
        LEAK.replacen("func", "/*line a\n# os\nb.go:5:1*/func", 1),
    );
    let run = place.run("escape");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains(words), "{}", run.shown());
}

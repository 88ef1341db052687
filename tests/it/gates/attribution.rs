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

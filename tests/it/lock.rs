//! What the lock says of executables: what got worse is found, one entry is accepted alone, two branches merge.

use crate::harness::{Place, Run};

const LOCK: &str = "gobuild-opt.lock";

const MAIN: &str = "\
package main

import (
	\"encoding/json\"
	\"fmt\"
	\"os\"
)

func main() {
	json.NewEncoder(os.Stdout).Encode(os.Args)
	fmt.Println(len(os.Args))
}
";

/// What makes everything worse: a module, cgo, a GODEBUG and a use of reflection.
const WORSE: &str = "\
//go:debug panicnil=1
package main

import (
	\"os\"
	\"text/template\"

	\"example.com/heavy\"
)

// int one(void) { return 1; }
import \"C\"

func init() {
	template.Must(template.New(\"\").Parse(\"{{.}}\")).Execute(os.Stdout, heavy.Sum(int(C.one())))
}
";

const HEAVY: &str = "\
package heavy

import \"strconv\"

var table = []string{\"a\", \"b\"}

func Sum(n int) string {
	return table[n%2] + strconv.Itoa(n)
}
";

/// A module with two others in its tree, and a lock.
fn locked() -> Place {
    let mut place = Place::empty();
    place.env("CGO_ENABLED", "1");
    let mut module = "module example.com/app\n\ngo 1.21\n\n".to_owned();
    for name in ["alpha", "heavy", "zeta"] {
        let text = HEAVY.replace("package heavy", &format!("package {name}"));
        place.write(&format!("other/{name}/{name}.go"), text);
        let own = format!("module example.com/{name}\n\ngo 1.21\n");
        place.write(&format!("other/{name}/go.mod"), own);
        module.push_str(&format!(
            "require example.com/{name} v0.0.0\n\nreplace example.com/{name} => ./other/{name}\n\n"
        ));
    }
    place.write("go.mod", module);
    place.write("main.go", MAIN);
    good(&place.run("accept"));
    place
}

fn good(run: &Run) {
    assert_eq!(run.code(), 0, "{}", run.shown());
}

fn settings(place: &Place, text: &str) {
    place.write("gobuild-opt.toml", text);
}

/// Lines of the new text that the old one has not, and the other way round.
fn changed(old: &str, new: &str) -> (Vec<String>, Vec<String>) {
    let lines = |of: &str, not_in: &str| {
        let lines = of
            .lines()
            .filter(|it| !not_in.lines().any(|old| old == *it));
        lines.map(str::to_owned).collect()
    };
    (lines(new, old), lines(old, new))
}

/// The status of each check that looks at the lock.
fn checks(run: &Run) -> Vec<(String, String)> {
    let report = run.json();
    let checks = report["targets"][0]["checks"].as_array().unwrap().clone();
    let text = |it: &serde_json::Value| it.as_str().unwrap().to_owned();
    let pairs = checks
        .iter()
        .map(|it| (text(&it["id"]), text(&it["status"])));
    pairs.filter(|it| it.0.starts_with("lock")).collect()
}

const WORSE_ITEMS: &[(&str, &str)] = &[
    ("lock-modules", "module:example.com/heavy"),
    ("lock-cgo", "cgo:example.com/app cgo:runtime/cgo"),
    ("lock-dead-code", "dead-code"),
    ("lock-godebug", "godebug:panicnil"),
];

#[test]
fn what_gets_worse_is_found_and_accepted_one_by_one() {
    let place = locked();
    let first = place.text(LOCK);
    for words in [
        "dead-code-elimination = true",
        "\"example.com/app\" = ",
        "\"unowned\" = ",
        "\"code\" = ",
        "\"runtime\" = ",
    ] {
        assert!(first.contains(words), "{words}\n{first}");
    }
    let run = place.run("release --format json");
    assert_eq!(checks(&run), [("lock".to_owned(), "pass".to_owned())]);
    assert_eq!(
        run.json()["targets"][0]["lock"]["sizes"],
        serde_json::json!([])
    );

    place.write("worse.go", WORSE);
    let run = place.run("release --format json");
    good(&run);
    let found: Vec<String> = checks(&run).into_iter().map(|it| it.0).collect();
    for (check, _) in WORSE_ITEMS {
        assert!(found.iter().any(|it| it == check), "{check}: {found:?}");
    }
    let mut all = String::from("[checks]\n");
    for (check, _) in WORSE_ITEMS {
        all.push_str(&format!("{check} = \"deny\"\n"));
    }
    settings(&place, &all);
    let run = place.run("release");
    assert_eq!(run.code(), 1, "{}", run.shown());
    assert!(place.path("app").is_file(), "the binary is written");
    assert_eq!(place.run("accept").code(), 2, "a reason is required");
    assert_eq!(place.text(LOCK), first);

    for (index, (check, item)) in WORSE_ITEMS.iter().enumerate() {
        let shown = place.run("release");
        assert_eq!(shown.code(), 1);
        let command = format!("gobuild-opt accept {item} --reason TEXT");
        let flat = shown
            .stdout
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        assert!(flat.contains(&command), "{command}\n{}", shown.shown());
        assert!(shown.stderr.contains(check) || shown.stdout.contains(&format!("FAIL  {check}")));
        assert_eq!(
            place.run(&format!("accept {item}")).code(),
            2,
            "a reason is required"
        );
        let before = place.text(LOCK);
        good(&place.run(&format!("accept {item} --reason 'because of {index}'")));
        let (come, gone) = changed(&before, &place.text(LOCK));
        // The entry alone; headings of tables that were not there.
        let facts = |lines: &[String]| {
            let facts = lines
                .iter()
                .filter(|it| !it.is_empty() && !it.starts_with('['));
            facts.count()
        };
        assert_eq!(facts(&come), item.split(' ').count(), "{come:?}");
        let reason = format!("reason = \"because of {index}\" }}");
        assert!(come.iter().any(|it| it.ends_with(&reason)), "{come:?}");
        assert!(facts(&gone) <= 1, "{gone:?}");
    }
    good(&place.run("release"));
    // All at once keeps the reasons.
    good(&place.run("accept --reason 'the sites'"));
    for index in 0..WORSE_ITEMS.len() {
        let reason = format!("because of {index}");
        assert!(place.text(LOCK).contains(&reason), "{}", place.text(LOCK));
    }
    let text = place.text(LOCK);
    assert_eq!(
        place
            .run("accept module:example.com/none --reason x")
            .code(),
        2
    );
    assert_eq!(place.text(LOCK), text);
    // What gets better is no finding, and needs no reason.
    std::fs::remove_file(place.path("worse.go")).unwrap();
    good(&place.run("release"));
    good(&place.run("accept"));
    assert_eq!(place.text(LOCK), first);
}

#[test]
fn budgets_hold_over_the_lock() {
    let place = locked();
    let first = place.text(LOCK);
    let result = |text: &str| {
        settings(&place, text);
        let run = place.run("release -q");
        (run.code(), run.stderr)
    };
    let limits = [
        "[budget]\nsize = \"1%\"\n",
        "[budget]\nsize-growth = \"1%\"\n",
        "[budget]\nmodules = { \"...\" = \"1%\" }\n",
        "[budget]\nmodules = { \"...\" = \"ratchet\", std = \"90 MiB\" }\n",
    ];
    for text in limits {
        assert_eq!(result(text), (0, String::new()), "{text}");
    }
    place.write(
        "worse.go",
        WORSE
            .replace("import \"C\"", "")
            .replace("int(C.one())", "1"),
    );
    for (text, words) in limits.iter().zip([
        "size app linux/amd64: ",
        "size-growth app linux/amd64: ",
        "module std linux/amd64: ",
        "module example.com/heavy app linux/amd64: ",
    ]) {
        let (code, stderr) = result(text);
        assert_eq!(code, 1, "{text}{stderr}");
        let platform = place
            .tool("go", &["env", "GOOS", "GOARCH"])
            .trim()
            .replace('\n', "/");
        let words = words
            .replace("linux/amd64", &platform)
            .replace("std ", "std app ");
        assert!(stderr.contains(&words), "{words}\n{stderr}");
        assert!(stderr.contains("gobuild-opt accept "), "{stderr}");
    }
    settings(
        &place,
        "[budget]\nsize-growth = \"200%\"\nmodules = { \"example.com/...\" = \"ratchet\", \"example.com/heavy\" = \"1 MiB\", \"example.com/app\" = \"900%\" }\n",
    );
    good(&place.run("release"));
    // A ratchet of modules follows what shrinks, and nothing else.
    let line = |name: &str, text: &str| {
        let start = format!("\"{name}\" = ");
        text.lines()
            .find(|it| it.starts_with(&start))
            .unwrap()
            .to_owned()
    };
    std::fs::remove_file(place.path("worse.go")).unwrap();
    let loose = first
        .replace(
            &line("example.com/app", &first),
            "\"example.com/app\" = 9000000",
        )
        .replace(&line("std", &first), "\"std\" = 90000000");
    place.write(LOCK, &loose);
    settings(
        &place,
        "[budget]\nmodules = { \"example.com/...\" = \"ratchet\" }\n",
    );
    good(&place.run("release"));
    let after = place.text(LOCK);
    assert_eq!(
        line("example.com/app", &after),
        line("example.com/app", &first)
    );
    assert_eq!(line("std", &after), "\"std\" = 90000000");
}

#[test]
fn a_gate_without_a_lock_is_told() {
    let place = locked();
    std::fs::remove_file(place.path(LOCK)).unwrap();
    assert_eq!(checks(&place.run("release --format json")), []);
    for text in [
        "[escape]\ngate = \"new\"\n",
        "[budget]\nsize = \"ratchet\"\n",
    ] {
        settings(&place, text);
        let run = place.run("release --format json");
        good(&run);
        assert_eq!(
            checks(&run),
            [("lock".to_owned(), "warn".to_owned())],
            "{text}"
        );
    }
    settings(
        &place,
        "[escape]\ngate = \"new\"\n[checks]\nlock = \"deny\"\n",
    );
    assert_eq!(place.run("release").code(), 1);
}

#[test]
fn another_go_is_one_cause_and_never_many_findings() {
    let place = locked();
    let version = place.tool("go", &["env", "GOVERSION"]);
    let lock = place.text(LOCK).replace(version.trim(), "go1.20.1");
    place.write(LOCK, &lock);
    place.write("worse.go", WORSE);
    let mut all = String::from(
        "[escape]\ngate = \"new\"\n[budget]\nsize = \"ratchet\"\nsize-growth = \"0%\"\nmodules = { \"...\" = \"ratchet\" }\n[checks]\n",
    );
    for (check, _) in WORSE_ITEMS {
        all.push_str(&format!("{check} = \"deny\"\n"));
    }
    settings(&place, &all);
    let run = place.run("release");
    good(&run);
    let flat = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(
        flat.contains("written with go1.20.1, and this is"),
        "{}",
        run.shown()
    );
    assert!(flat.contains("sites by class: "), "{}", run.shown());
    let report = place.run("release --format json");
    assert_eq!(checks(&report), [("lock".to_owned(), "warn".to_owned())]);
    let gates = report.json()["gates"].as_array().unwrap().clone();
    let judged: Vec<_> = gates
        .iter()
        .filter(|it| it["outcome"] != "not_judged")
        .collect();
    assert!(gates.len() > 5 && judged.is_empty(), "{gates:#?}");
    // One cause, said even where little is said; and a failure where that is denied.
    let quiet = place.run("release --quiet");
    assert_eq!(quiet.code(), 0, "{}", quiet.shown());
    let words = "warning: not judged, because gobuild-opt.lock is from go1.20.1 and this is";
    assert_eq!(quiet.stderr.matches(words).count(), 1, "{}", quiet.shown());
    for key in ["lock", "not-judged"] {
        let run = place.run(&format!("release --quiet --set checks.{key}=deny"));
        assert_eq!(run.code(), 1, "{key}: {}", run.shown());
        assert!(run.stderr.contains("FAIL  lock"), "{}", run.shown());
    }
    assert_eq!(
        place.text(LOCK),
        lock,
        "a ratchet does not follow another Go"
    );
    let run = place.run("accept size --reason x");
    assert_eq!(run.code(), 2, "{}", run.shown());
    good(&place.run("accept"));
    settings(&place, "[escape]\ngate = \"new\"\n");
    good(&place.run("release"));
}

#[test]
fn a_lock_of_version_1_is_read_and_written_anew() {
    let place = locked();
    let version = place.tool("go", &["env", "GOVERSION"]);
    let platform = place
        .tool("go", &["env", "GOOS", "GOARCH"])
        .trim()
        .replace('\n', "/");
    let old = format!(
        "version = 1\n\n[targets.\"{platform}\"]\ngo = \"{}\"\nscope = \"module\"\n\n[targets.\"{platform}\".executables.\"example.com/app\"]\nsize = 90000000\nreason = \"it is large\"\n",
        version.trim()
    );
    place.write(LOCK, old);
    settings(&place, "[budget]\nsize = \"ratchet\"\n");
    let run = place.run("release --format json");
    good(&run);
    assert_eq!(checks(&run)[0], ("lock".to_owned(), "pass".to_owned()));
    let text = place.text(LOCK);
    let follows = !text.contains("size = 90000000") && !text.contains("version = 1");
    assert!(follows, "the ratchet follows: {text}");
    good(&place.run("accept --reason 'it had none'"));
    let text = place.text(LOCK);
    assert!(text.contains("version = 4"), "{text}");
    assert!(text.contains("reason = \"it is large\" }"), "{text}");
    assert!(text.contains("\"std\" = "), "{text}");
}

fn git(place: &Place, line: &str) {
    let mut args = vec!["-c", "user.name=t", "-c", "user.email=t@example.com"];
    args.extend(line.split(' '));
    place.tool("git", &args);
}

/// On a branch: a file that adds a function with an escape, and perhaps a module.
fn branch(place: &Place, name: &str, function: &str, module: Option<&str>) {
    git(place, &format!("checkout -q -b {name} main"));
    let import = module.map_or(String::new(), |it| format!("import \"example.com/{it}\"\n"));
    let call = module.map_or("n".to_owned(), |it| format!("len({it}.Sum(n))"));
    place.write(
        &format!("{name}.go"),
        format!("package main\n\n{import}\nvar sink{function} any\n\nfunc init() {{ {function}(len(sinks)) }}\n\n//go:noinline\nfunc {function}(n int) {{\n\tsink{function} = &[]int{{{call}}}\n}}\n"),
    );
    let report = place.run("escape --format json").json();
    for site in report["targets"][0]["escapes"]["new"].as_array().unwrap() {
        let id = site["id"].as_str().unwrap();
        good(&place.run(&format!("accept {id} --reason 'for {name}'")));
    }
    if let Some(module) = module {
        good(&place.run(&format!(
            "accept module:example.com/{module} --reason 'for {name}'"
        )));
    }
    git(place, "add .");
    git(place, &format!("commit -q -m {name}"));
}

fn passes(place: &Place) {
    let run = place.run("release");
    good(&run);
    assert!(
        run.stdout.contains("against the lock: 0 new, 0 fixed"),
        "{}",
        run.shown()
    );
}

#[test]
fn two_branches_merge_into_the_union() {
    let place = locked();
    place.write("sinks.go", "package main\n\nvar sinks []int\n\nfunc init() { Middle(3) }\n\n//go:noinline\nfunc Middle(n int) {\n\tsinks = make([]int, n)\n}\n");
    place.write(".gitignore", "app\n");
    settings(
        &place,
        "[escape]\ngate = \"new\"\n[checks]\nlock-modules = \"deny\"\n[build]\nbuildvcs = false\n",
    );
    good(&place.run("accept --reason start"));
    git(&place, "init -q -b main");
    git(&place, "add .");
    git(&place, "commit -q -m base");
    branch(&place, "one", "First", Some("alpha"));
    branch(&place, "two", "Second", Some("zeta"));
    git(&place, "merge -q --no-edit one");
    passes(&place);
    let text = place.text(LOCK);
    for words in [
        "\"First\"",
        "\"Second\"",
        "\"example.com/alpha\" = ",
        "\"example.com/zeta\" = ",
        "for one",
        "for two",
    ] {
        assert!(text.contains(words), "{words}\n{text}");
    }
    // Neighbours: git itself merges them only where the attribute says that lines are a union.
    git(&place, "checkout -q -B main two");
    place.write(".gitattributes", "gobuild-opt.lock merge=union\n");
    git(&place, "add .");
    git(&place, "commit -q -m attributes");
    branch(&place, "three", "Second1", None);
    branch(&place, "four", "Second2", None);
    git(&place, "merge -q --no-edit three");
    passes(&place);
}

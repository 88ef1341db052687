//! Several profiles: merged for one main package, different ones for several.

use gobuild_opt::binary;
use gobuild_opt::profile::{self, Input, Normalize, edges};

use super::{CONFIG, PROGRAM, profile_of};
use crate::harness::Place;

fn module(config: &str) -> Place {
    let place = Place::module();
    place.write("main.go", PROGRAM);
    place.write("a.pprof", profile_of(2000, 100));
    place.write("b.pprof", profile_of(100, 2000));
    let (without_budget, _) = CONFIG.split_once("[budget]").unwrap();
    place.write("gobuild-opt.toml", format!("{without_budget}{config}"));
    place
}

/// `-pgo` in the build information.
fn recorded(place: &Place, output: &str) -> Option<String> {
    let bytes = place.read(output);
    let read = binary::read(&bytes).unwrap();
    let info = read.build_info.unwrap();
    info.setting("-pgo").map(str::to_owned)
}

const LIST: &str = "[pgo]\nprofile = [\"a.pprof\", { path = \"b.pprof\", weight = 0.5 }]\n";

#[test]
fn a_list_is_merged_under_a_name_that_stays() {
    let place = module(LIST);
    let first = place.release("");
    assert_eq!(recorded(&place, "dist/tiny").as_deref(), Some("merged.pgo"));
    let pgo = &first["targets"][0]["pgo"];
    assert_eq!(pgo["profile"], "a.pprof + b.pprof");
    assert_eq!(pgo["applied"], true);
    assert_eq!(pgo["parts"][1]["weight"], 0.5);
    assert_eq!(pgo["parts"][1]["samples"], 2100);

    // What go gets is our own merge, as `profile merge` writes it, without what the compiler does not read.
    let plan = place.run("plan --format json").json();
    let argv = plan[0]["argv"].as_array().unwrap().iter();
    let flag = argv
        .filter_map(|it| it.as_str().unwrap().strip_prefix("-pgo="))
        .next()
        .unwrap();
    let read = |bytes: &[u8]| profile::read(bytes).unwrap();
    let parts = [place.read("a.pprof"), place.read("b.pprof")].map(|it| read(&it));
    let inputs = [(&parts[0], 1.0), (&parts[1], 0.5)];
    let inputs = inputs.map(|(profile, weight)| Input { profile, weight });
    let merged = profile::merge(&inputs, Normalize::Off).unwrap();
    let given = read(&std::fs::read(flag).unwrap());
    assert_eq!(edges(&given, 0), edges(&merged, 0));

    // In another directory: the same bytes, and nothing is compiled.
    let other = module(LIST);
    let again = other.release("");
    let of = |it: &serde_json::Value, what: &str| it["targets"][0]["artifact"][what].clone();
    assert_eq!(of(&first, "sha256"), of(&again, "sha256"));
    let twice = other.release("");
    assert_eq!(twice["targets"][0]["packages_compiled"], 0);

    // The command line wins.
    other.release("-pgo=a.pprof");
    assert_eq!(recorded(&other, "dist/tiny").as_deref(), Some("a.pprof"));
}

#[test]
fn a_list_with_a_part_that_is_no_profile_is_an_error() {
    let place = module("[pgo]\nprofile = [\"a.pprof\", \"gone.pprof\"]\n");
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("there is no profile `gone.pprof`"),
        "{}",
        run.shown()
    );
    let place = module("[pgo]\nprofile = [\"../a.pprof\", \"b.pprof\"]\n");
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("leads out of the project"),
        "{}",
        run.shown()
    );
}

#[test]
fn each_main_package_gets_its_own_profile() {
    let place = module(
        "[pgo]\nprofile = [\"a.pprof\", \"b.pprof\"]\n[pgo.package.\"./cmd/api\"]\nprofile = \"a.pprof\"\n[pgo.package.\"example.com/tiny/cmd/job\"]\nprofile = \"off\"\n",
    );
    for name in ["api", "job", "web"] {
        place.write(&format!("cmd/{name}/main.go"), PROGRAM);
    }
    let report = place.release("./cmd/...");
    let targets = report["targets"].as_array().unwrap();
    let shown: Vec<String> = targets
        .iter()
        .map(|it| {
            let name = it["name"].as_str().unwrap();
            let recorded = recorded(&place, &format!("dist/{name}"));
            let pgo = &it["pgo"];
            format!("{name} {recorded:?} {} {}", pgo["profile"], pgo["applied"])
        })
        .collect();
    insta::assert_snapshot!(shown.join("\n"), @r#"
    api Some("a.pprof") "a.pprof" true
    job None null false
    web Some("merged.pgo") "a.pprof + b.pprof" true
    "#);
    // One of them alone: the others are packages all the same.
    place.release("./cmd/job");
    // What is set for this run is meant for all of them.
    let report = place.release("--set pgo.profile=off ./cmd/api");
    assert_eq!(report["targets"][0]["pgo"]["applied"], false);
}

#[test]
fn a_table_for_a_package_that_is_not_there_is_an_error() {
    let place = module("[pgo.package.\"example.com/tyny\"]\nprofile = \"a.pprof\"\n");
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    for words in [
        "`[pgo.package.\"example.com/tyny\"]` names no package of the build",
        "did you mean `example.com/tiny`?",
    ] {
        assert!(run.stderr.contains(words), "{}", run.shown());
    }
    let place = module(
        "[pgo.package.\".\"]\nprofile = \"a.pprof\"\n[pgo.package.\"example.com/tiny\"]\nprofile = \"b.pprof\"\n",
    );
    let run = place.run("release");
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(
        run.stderr.contains("names `example.com/tiny` twice"),
        "{}",
        run.shown()
    );
}

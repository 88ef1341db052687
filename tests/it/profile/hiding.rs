//! Calls that are hidden from the compiler: it no longer inlines there, and nothing else changes.

use super::*;

use gobuild_opt::profile::{Edge, edges, encode, without};

#[test]
fn hidden_calls_are_gone_and_all_others_keep_their_weight() {
    for bytes in [newest().compiler_profile(), bytes("cpu.pprof")] {
        let profile = profile::read(&bytes).unwrap();
        let before = edges(&profile, 0).edges;
        // Every third call, so that stacks are cut once, twice, or inside of inlined calls.
        let hidden: Vec<&Edge> = before.iter().step_by(3).collect();
        let keys: std::collections::HashSet<_> = hidden.iter().map(|it| key(it)).collect();
        let less = without(&profile, |caller, callee, offset| {
            keys.contains(&(caller, callee, offset))
        });
        let after = edges(&less.unwrap(), 0).edges;
        let expected: Vec<_> = before
            .iter()
            .filter(|it| !keys.contains(&key(it)))
            .collect();
        assert!(
            after.iter().eq(expected),
            "{} of {}",
            after.len(),
            before.len()
        );
    }
}

fn key(edge: &Edge) -> (&str, &str, i64) {
    (&edge.caller, &edge.callee, edge.offset)
}

#[test]
fn nothing_hidden_is_the_same_profile() {
    let profile = cpu();
    let same = without(&profile, |_, _, _| false).unwrap();
    assert!(same.raw() == profile.raw());
}

/// `medium` is too big to be inlined unless a profile says that it is hot.
pub const PROGRAM: &str = r#"package main

func medium(n int) int {
	var all [64]int
	for i := range all {
		all[i] = i * n
		if i > 0 && all[i-1]%3 == 0 {
			all[i] += all[i-1] * 2
		}
		if i > 1 && all[i-2]%5 == 0 {
			all[i] -= all[i-2] / 3
		}
	}
	sum := 0
	for i, it := range all {
		sum += it ^ i
		sum = sum<<1 | sum>>3
	}
	return sum
}

//go:noinline
func work(n int) int {
	return medium(n) + 1
}

func main() { println(work(3)) }
"#;

/// A profile of one stack: `work` calls `medium` in its second line.
pub fn of_medium() -> Profile {
    let mut profile = gobuild_opt::profile::proto::Profile {
        string_table: [
            "",
            "samples",
            "count",
            "main.medium",
            "main.work",
            "main.main",
        ]
        .map(|it| it.as_bytes().to_vec())
        .into(),
        ..Default::default()
    };
    use gobuild_opt::profile::proto::{Function, Line, Location, Sample, ValueType};
    profile.sample_type = vec![ValueType { r#type: 1, unit: 2 }];
    for (id, name, start_line, line) in [(1, 3, 3, 6), (2, 4, 23, 24), (3, 5, 27, 27)] {
        profile.function.push(Function {
            id,
            name,
            start_line,
            ..Default::default()
        });
        profile.location.push(Location {
            id,
            address: id * 64,
            line: vec![Line {
                function_id: id,
                line,
                column: 0,
            }],
            ..Default::default()
        });
    }
    let sample = |location_id| Sample {
        location_id,
        value: vec![100],
        label: Vec::new(),
    };
    profile.sample = vec![sample(vec![1, 2, 3]), sample(vec![2, 3])];
    profile::check(profile).unwrap()
}

fn inlines_medium(go: &Go, profile: &Profile) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let write =
        |name: &str, bytes: &[u8]| std::fs::write(directory.path().join(name), bytes).unwrap();
    write("main.go", PROGRAM.as_bytes());
    write("main.pgo", &encode(profile.raw()));
    let compile = ["tool", "compile", "-p", "main", "-m", "-o", "main.a"];
    let mut arguments = compile.to_vec();
    arguments.extend(["-pgoprofile", "main.pgo", "main.go"]);
    let output = go.run(directory.path(), &arguments);
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{said}");
    said.contains("inlining call to medium")
}

#[test]
fn the_compiler_no_longer_inlines_a_hidden_call() {
    let full = of_medium();
    let less = without(&full, |_, callee, _| callee == "main.medium").unwrap();
    for go in toolchains() {
        assert!(inlines_medium(go, &full), "Go 1.{}", go.minor);
        assert!(!inlines_medium(go, &less), "Go 1.{}", go.minor);
    }
}

//! The profile of a release: which one, what it did, what it must not do.

mod effect;

mod frames;

mod lists;

mod worth;

use gobuild_opt::binary;
use gobuild_opt::profile::proto::{Function, Line, Location, Profile, Sample, ValueType};

use crate::harness::Place;

/// `leaf` has 16 KiB of variables and is too big to be inlined, unless a profile says that its call in `loop` is hot.
const PROGRAM: &str = r#"package main

func leaf(n int) int {
	var all [2048]int
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
	for i := range all {
		sum += all[i] ^ i
		sum = sum<<1 | sum>>3
	}
	return sum
}

//go:noinline
func loop(in <-chan int, out chan<- int) {
	for n := range in {
		out <- leaf(n) + 1
	}
}

func main() {
	in, out := make(chan int), make(chan int)
	go loop(in, out)
	in <- 3
	println(<-out, leaf(4))
}
"#;

/// A CPU profile in which `main.loop` calls `main.leaf` in its third line, and receives in the second, with these samples.
pub fn profile_of(leaf: i64, receive: i64) -> Vec<u8> {
    let texts = [
        "",
        "samples",
        "count",
        "cpu",
        "nanoseconds",
        "main.leaf",
        "main.loop",
        "runtime.chanrecv2",
    ];
    let mut profile = Profile {
        string_table: texts.map(|it| it.as_bytes().to_vec()).into(),
        sample_type: vec![
            ValueType { r#type: 1, unit: 2 },
            ValueType { r#type: 3, unit: 4 },
        ],
        period_type: Some(ValueType { r#type: 3, unit: 4 }),
        period: 10_000_000,
        ..Profile::default()
    };
    for (id, name, start_line, line) in
        [(1, 5, 3, 6), (2, 6, 23, 25), (3, 6, 23, 24), (4, 7, 30, 31)]
    {
        profile.function.push(Function {
            id,
            name,
            start_line,
            ..Function::default()
        });
        profile.location.push(Location {
            id,
            address: id * 64,
            line: vec![Line {
                function_id: id,
                line,
                column: 0,
            }],
            ..Location::default()
        });
    }
    let sample = |location_id, samples| Sample {
        location_id,
        value: vec![samples, samples * 10_000_000],
        label: Vec::new(),
    };
    profile.sample = vec![sample(vec![1, 2], leaf), sample(vec![4, 3], receive)];
    gobuild_opt::profile::encode(&profile)
}

const CONFIG: &str = "\
[build]
out-dir = \"dist\"
[escape]
collect = \"off\"
[compare]
baseline = \"off\"
[budget]
frame = \"8 KiB\"
";

fn module(go: Option<&std::path::Path>, config: &str) -> Place {
    let mut place = Place::module();
    if let Some(bin) = go {
        place.path_first(bin);
    }
    place.write("main.go", PROGRAM);
    place.write("default.pgo", profile_of(2000, 100));
    place.write("gobuild-opt.toml", format!("{CONFIG}{config}"));
    place
}

/// The frame of a function in the published binary, which is stripped; `None` where the function is gone.
fn frame(place: &Place, function: &str) -> Option<u32> {
    let bytes = place.read("dist/tiny");
    let anatomy = binary::anatomy(&bytes).unwrap();
    assert!(anatomy.binary.stripped());
    let found = anatomy
        .functions
        .iter()
        .find(|it| anatomy.name(it) == function);
    found.map(|it| it.frame)
}

//! Lists the functions of an executable with large stack frames: the size, the calls that the profile inlined into
//! them, and which of them goroutines start in.
//!
//! A goroutine that waits in a function with a large frame keeps that stack for as long as it lives. The compiler
//! inlines what a profile calls hot without a look at the frame (golang/go#65532).

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::binary::{self, Anatomy, InlinedCall, Origin};
use crate::config::size::FrameLimit;
use crate::escape::{Started, started};
use crate::go::Package;
use crate::input;
use crate::order::Order;
use crate::plan::Facts;
use crate::plan::overlay::Overlay;
use crate::profile::Edges;

/// Smaller frames are not listed, in bytes.
pub(crate) const FLOOR: u32 = FrameLimit::LEAST as u32;

/// Go calls the heaviest calls up to this percentage of the weight hot (`-d=pgoinlinecdfthreshold`).
const HOT: f64 = 99.0;

/// A function with a large stack frame.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(crate) struct Frame {
    /// Its symbol.
    pub(crate) function: String,
    /// The import path of its package; empty where it is not known.
    pub(crate) package: String,
    /// Of the standard library.
    pub(crate) standard: bool,
    /// The largest size, without the return address.
    pub(crate) bytes: u64,
    /// Whether goroutines start in it.
    pub(crate) start: Option<Start>,
    /// Calls that were inlined into it and that the profile has among its hot ones.
    pub(crate) hot: Vec<InlinedCall<'static>>,
}

impl Frame {
    /// Whether the user can do something about it: of the standard library only where the profile inlined into it.
    pub(crate) fn is_own(&self) -> bool {
        !self.standard || !self.hot.is_empty()
    }

    /// Whether its size matters by itself: a goroutine that waits in it or above it keeps the stack. The frame of any
    /// other function comes and goes with a call that somebody wrote.
    pub(crate) fn is_kept(&self) -> bool {
        self.is_own() && (self.start.is_some() || !self.hot.is_empty())
    }
}

/// How a goroutine starts in a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Start {
    /// The compiler made it for a `go` statement (`gowrap`), or it is `main.main`.
    Made,
    /// A `go` statement of its package names it.
    Named,
    /// A `go` statement names a method like it; of which type is not known.
    Perhaps,
}

/// The functions with a frame of at least [`FLOOR`] bytes, the largest first. `calls` are those of the profile that the
/// build used; `facts` are those of the build, whose sources are read for `go` statements where `guard` is on.
pub(crate) fn frames(
    bytes: &[u8],
    anatomy: &Anatomy<'_>,
    calls: Option<&Edges>,
    facts: &Facts,
    guard: bool,
) -> Vec<Frame> {
    let large = anatomy
        .functions
        .iter()
        .filter(|function| function.frame >= FLOOR);
    let mut found: Vec<(Frame, u32)> = Vec::new();
    for it in large {
        let function = anatomy.name(it).into_owned();
        if is_trampoline(&function) {
            continue;
        }
        let package = anatomy.package(it);
        let frame = Frame {
            package: package
                .map(|package| package.path.clone())
                .unwrap_or_default(),
            standard: package.is_none_or(|package| package.origin == Origin::Std),
            bytes: u64::from(it.frame),
            start: None,
            hot: Vec::new(),
            function,
        };
        found.push((frame, it.line));
    }
    if let Some(calls) = calls {
        inlined_by(calls, bytes, &mut found);
    }
    if guard {
        starts(facts, &mut found);
    }
    let mut frames: Vec<Frame> = found.into_iter().map(|entry| entry.0).collect();
    frames.order_by(|a, b| {
        b.bytes
            .cmp(&a.bytes)
            .then_with(|| a.function.cmp(&b.function))
    });
    // Of several functions of one name, such as a wrapper for another calling convention, the largest stands for all.
    let mut seen = HashSet::new();
    frames.retain(|frame| seen.insert(frame.function.clone()));
    frames
}

/// `runtime.call65536`, `debugCall65536` and their like exist for calls by reflection or by a debugger, one per size of
/// the arguments, up to 1 GiB.
fn is_trampoline(name: &str) -> bool {
    let sized = |prefix: &str| {
        let size = name.strip_prefix(prefix).unwrap_or_default();
        !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())
    };
    sized("runtime.call") || sized("debugCall") || sized("runtime.debugCall")
}

fn inlined_by(calls: &Edges, bytes: &[u8], found: &mut [(Frame, u32)]) {
    let hot: HashSet<(&str, &str, i64)> = calls
        .hot(HOT)
        .iter()
        .map(|edge| (edge.caller.as_str(), edge.callee.as_str(), edge.offset))
        .collect();
    let names: HashSet<&str> = found
        .iter()
        .map(|entry| entry.0.function.as_str())
        .collect();
    let mut inlined: HashMap<String, BTreeSet<InlinedCall<'static>>> = HashMap::new();
    let visited = binary::inlined(
        bytes,
        |name| names.contains(name),
        |function, it| {
            if hot.contains(&(&*it.caller, &*it.callee, it.offset)) {
                let calls = inlined.entry(function.to_owned()).or_default();
                calls.insert(it.into_owned());
            }
        },
    );
    for (frame, _) in found.iter_mut().filter(|_| visited.is_ok()) {
        let calls = inlined.remove(&frame.function);
        frame.hot = calls.into_iter().flatten().collect();
    }
}

/// What the sources of a package start.
#[derive(Default)]
struct Starts {
    literals: BTreeSet<u32>,
    functions: BTreeSet<String>,
    methods: BTreeSet<String>,
}

fn starts(facts: &Facts, found: &mut [(Frame, u32)]) {
    let wanted: HashSet<String> = found
        .iter()
        .filter(|entry| entry.0.is_own())
        .map(|entry| entry.0.package.clone())
        .collect();
    let of_main = |package: &&Package| package.module.as_ref().is_some_and(|module| module.main);
    let overlay = Overlay::of(facts);
    let read = facts
        .packages
        .iter()
        .filter(|package| of_main(package) || wanted.contains(&package.import_path));
    let mut starts: HashMap<String, Starts> = HashMap::new();
    for package in read {
        // What the symbols of a list of files say.
        let path = match package.import_path.as_str() {
            "command-line-arguments" => "main",
            path => path,
        };
        for file in package.go_files.iter().chain(&package.cgo_files) {
            // A file that is gone or has been changed since starts nothing that we know of.
            let source = overlay
                .read(&Path::new(&package.dir).join(file), input::SOURCE)
                .unwrap_or_default();
            for it in started(&source) {
                note(it, path, &mut starts);
            }
        }
    }
    for (frame, line) in found {
        frame.start = start(frame, *line, starts.get(&frame.package));
    }
}

fn note(it: Started, package: &str, starts: &mut HashMap<String, Starts>) {
    let path = match &it {
        Started::Selected {
            package: Some(path),
            ..
        } => path.clone(),
        _ => package.to_owned(),
    };
    let starts = starts.entry(path).or_default();
    match it {
        Started::Literal(line) => {
            starts.literals.insert(line);
        }
        Started::Selected {
            package: None,
            name,
        } => {
            starts.methods.insert(name);
        }
        Started::Function(name) | Started::Selected { name, .. } => {
            starts.functions.insert(name);
        }
    }
}

/// Whether goroutines start in a function that begins in `line`.
fn start(frame: &Frame, line: u32, starts: Option<&Starts>) -> Option<Start> {
    let name = without_arguments(&frame.function);
    let tail = crate::profile::symbol_parts::package(&name).len();
    let tail = name.get(tail + 1..).unwrap_or_default();
    let last = tail.rsplit('.').next().unwrap_or_default();
    let made = |word: &str| {
        let number = last.strip_prefix(word).unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    if made("gowrap") || name == "main.main" {
        return Some(Start::Made);
    }
    let starts = starts?;
    if (made("func") || made("")) && starts.literals.contains(&line) {
        return Some(Start::Named);
    }
    if starts.functions.contains(tail) {
        return Some(Start::Named);
    }
    let method = tail.contains('.') && starts.methods.contains(last);
    method.then_some(Start::Perhaps)
}

/// `F[...]` -> `F`.
fn without_arguments(name: &str) -> String {
    crate::plan::pgo::derive::without_arguments(name)
}

/// Frames of a build without the profile, by function, for those that grew to [`FLOOR`] or beyond.
///
/// Several functions can have one name: a wrapper for another calling convention, or an instance. The same name in the same
/// line is the same function, and of these the largest frame counts on both sides.
pub fn grown(with: &Anatomy<'_>, without: &Anatomy<'_>) -> BTreeMap<String, u64> {
    let (after, before) = (largest(with), largest(without));
    let mut grown = BTreeMap::new();
    for ((name, line), frame) in after {
        let old = before.get(&(name.clone(), line));
        if let Some(old) = old.filter(|old| frame >= FLOOR && **old < frame) {
            let least = grown.entry(name.into_owned()).or_insert(u64::from(*old));
            *least = u64::from(*old).min(*least);
        }
    }
    grown
}

/// The largest frame of the functions of one name that begin in one line.
fn largest<'a>(anatomy: &'a Anatomy<'_>) -> HashMap<(Cow<'a, str>, u32), u32> {
    let mut largest = HashMap::new();
    for it in &anatomy.functions {
        let frame: &mut u32 = largest.entry((anatomy.name(it), it.line)).or_default();
        *frame = it.frame.max(*frame);
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(function: &str, line: u32) -> Option<Start> {
        let starts = Starts {
            literals: BTreeSet::from([7]),
            functions: BTreeSet::from(["loop".into()]),
            methods: BTreeSet::from(["run".into()]),
        };
        let frame = Frame {
            function: function.into(),
            package: "example.com/p".into(),
            standard: false,
            bytes: 4096,
            start: None,
            hot: Vec::new(),
        };
        start(&frame, line, Some(&starts))
    }

    #[test]
    fn what_goroutines_start_in_is_told_from_names_and_lines() {
        assert_eq!(check("example.com/p.Serve.gowrap1", 3), Some(Start::Made));
        assert_eq!(check("main.main", 3), Some(Start::Made));
        assert_eq!(check("example.com/p.Serve.func1", 7), Some(Start::Named));
        assert_eq!(check("example.com/p.Serve.func1.2", 7), Some(Start::Named));
        assert_eq!(check("example.com/p.Serve.func1", 8), None);
        assert_eq!(check("example.com/p.loop", 3), Some(Start::Named));
        assert_eq!(
            check("example.com/p.loop[go.shape.int]", 3),
            Some(Start::Named)
        );
        assert_eq!(
            check("example.com/p.(*Server).run", 3),
            Some(Start::Perhaps)
        );
        assert_eq!(check("example.com/p.(*Server).loop", 3), None);
        assert_eq!(check("example.com/p.run", 3), None);
    }
}

//! Judges how much of a profile still fits a program, by its calls and the program's functions.
//!
//! Go matches calls by the exact names of both functions and the line offset of the call; what does not match has no
//! effect, and Go does not say so. Inlined functions count as existing: their names are in the program's function
//! table, too. Calls that the runtime puts into a stack by itself, such as a preemption, stand at no line: they are not
//! looked for.

use std::collections::{HashMap, HashSet};

use serde::Serialize;

use super::hot_summary::{Owner, owner_by_path};
use super::symbol_parts::{self, Name, parts};
use super::{Edge, Edges};

/// What is known of a program.
#[derive(Debug, Clone, Default)]
pub struct Program<'a> {
    /// Linker symbol names of its functions, inlined ones included.
    pub functions: HashSet<&'a str>,
    /// Where it calls.
    pub calls: Calls<'a>,
    /// Where each function begins, as far as that is known.
    pub starts: HashMap<&'a str, Place<'a>>,
}

/// Where a program calls, by line offsets from the declarations of functions.
#[derive(Debug, Clone, Default)]
pub enum Calls<'a> {
    /// Nobody can tell.
    #[default]
    Unknown,
    /// Functions and lines that call something.
    Lines(HashSet<(&'a str, i64)>),
    /// Functions, what they call, and the lines.
    Edges(HashSet<(&'a str, &'a str, i64)>),
}

impl Calls<'_> {
    /// `None` where nobody can tell.
    fn hold(&self, edge: &Edge) -> Option<bool> {
        let (caller, callee) = (edge.caller.as_str(), edge.callee.as_str());
        match self {
            Self::Unknown => None,
            Self::Lines(lines) => Some(lines.contains(&(caller, edge.offset))),
            Self::Edges(edges) => Some(edges.contains(&(caller, callee, edge.offset))),
        }
    }
}

/// A file without its directory, and a line.
pub(crate) type Place<'a> = (&'a str, i64);

/// How much of a profile still fits a program.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Health {
    /// Percent of the weight of calls whose two functions exist.
    pub by_name: f64,
    /// Percent of the weight of calls that still stand at their line; unknown without the program's calls.
    pub by_call: Option<f64>,
    /// `by_name` of the calls from or to code outside the standard library, told by import paths; unknown without any.
    pub(crate) own: Option<f64>,
    /// Functions in the calls of the profile.
    pub functions: usize,
    /// Those of them that exist.
    pub existing: usize,
    /// Functions that do not exist any more, heaviest first.
    pub vanished: Vec<Vanished>,
}

/// A function that the profile has and the program has not.
#[derive(Debug, Clone, PartialEq, Serialize, serde::Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Vanished {
    /// Its name in the profile.
    pub function: String,
    /// Percent of the weight of calls from it or to it.
    pub percent: f64,
    /// A function of the program that the profile does not know, and that may be the same under a new name.
    pub now: Option<String>,
}

impl Health {
    /// Less of its own code than this is in the program, in percent: it is a profile of something else.
    const FOREIGN: f64 = 10.0;

    /// Whether the profile is of another program: what is not the standard library's is not in this one.
    pub fn is_foreign(&self) -> bool {
        self.by_name == 0.0 || self.own.is_some_and(|own| own < Self::FOREIGN)
    }

    /// Why the profile does nothing for the program, as far as that can be told.
    pub fn useless(&self) -> Option<&'static str> {
        if self.is_foreign() {
            Some("it is of another program")
        } else if self.by_call == Some(0.0) {
            Some("none of its calls stands at its line")
        } else {
            None
        }
    }
}

/// What a profile does that is worth nothing, as the end of a sentence. `fits` is the share of it that the program has, in
/// percent: of another program's profile that is the standard library, whose code still changes.
pub fn worthless(why: &str, fits: f64) -> String {
    match fits > 0.0 && why.contains("another program") {
        true => "is of another program: it changes only code that both have, such as the standard library's".to_owned(),
        false => format!("has no effect: {why}"),
    }
}

/// Judges a profile by a program; names at most `top` vanished functions. `start` tells where a function began when the
/// profile was collected.
pub fn health<'p>(
    edges: &Edges,
    program: &Program<'_>,
    top: usize,
    start: impl Fn(&str) -> Option<Place<'p>>,
) -> Health {
    let exists = |name: &str| program.functions.contains(name);
    let both = |edge: &Edge| exists(&edge.caller) && exists(&edge.callee);
    let called = match program.calls {
        Calls::Unknown => None,
        _ => share(edges, is_call, |edge| {
            exists(&edge.callee) && program.calls.hold(edge) == Some(true)
        }),
    };
    let known: HashSet<&str> = function_names(edges).collect();
    Health {
        by_name: share(edges, |_| true, both).unwrap_or(0.0),
        by_call: called,
        own: share(edges, is_own, both),
        functions: known.len(),
        existing: known.iter().filter(|text| exists(text)).count(),
        vanished: vanished(edges, program, &known, top, start),
    }
}

fn function_names(edges: &Edges) -> impl Iterator<Item = &str> {
    let pairs = edges.edges.iter().map(|edge| [&edge.caller, &edge.callee]);
    pairs.flatten().map(String::as_str)
}

/// Percent of the weight of `among` that counts; `None` where there is nothing among it.
fn share(
    edges: &Edges,
    among: impl Fn(&Edge) -> bool,
    counts: impl Fn(&Edge) -> bool,
) -> Option<f64> {
    let (mut sum, mut all) = (0i64, 0i64);
    for edge in edges.edges.iter().filter(|edge| among(edge)) {
        all = all.saturating_add(edge.weight);
        if counts(edge) {
            sum = sum.saturating_add(edge.weight);
        }
    }
    (all != 0).then(|| percent(sum, all))
}

/// Signals interrupt at any instruction, and the handler makes it look like a call.
fn is_call(edge: &Edge) -> bool {
    !matches!(
        edge.callee.as_str(),
        "runtime.asyncPreempt" | "runtime.sigpanic" | "runtime.sigpanic0"
    )
}

/// Of the program itself and its modules, as far as import paths tell.
fn is_own(edge: &Edge) -> bool {
    [&edge.caller, &edge.callee].into_iter().any(|name| {
        let path = symbol_parts::package(name);
        path.starts_with("cmd/")
            || matches!(owner_by_path(path, ""), Owner::Main | Owner::Dependency)
    })
}

fn percent(part: i64, whole: i64) -> f64 {
    match whole {
        0 => 0.0,
        _ => part as f64 / whole as f64 * 100.0,
    }
}

fn vanished<'p>(
    edges: &Edges,
    program: &Program<'_>,
    known: &HashSet<&str>,
    top: usize,
    start: impl Fn(&str) -> Option<Place<'p>>,
) -> Vec<Vanished> {
    let mut gone = absent(edges, program);
    gone.truncate(top);
    let new = New::of(program, known, &gone);
    gone.into_iter()
        .map(|(name, weight)| Vanished {
            function: name.into(),
            percent: percent(weight, edges.total),
            now: new
                .like(name)
                .or_else(|| new.at(name, start(name)?, &program.starts))
                .map(Into::into),
        })
        .collect()
}

/// The functions of a profile that the program has not, with the weight of their calls, the heaviest first.
fn absent<'e>(edges: &'e Edges, program: &Program<'_>) -> Vec<(&'e str, i64)> {
    let mut weights: HashMap<&str, i64> = HashMap::new();
    for edge in &edges.edges {
        for name in [edge.caller.as_str(), edge.callee.as_str()] {
            if !program.functions.contains(name) {
                let sum = weights.entry(name).or_default();
                *sum = sum.saturating_add(edge.weight);
            }
        }
    }
    let mut gone: Vec<_> = weights.into_iter().collect();
    gone.sort_unstable_by_key(|(name, weight)| (std::cmp::Reverse(*weight), *name));
    gone
}

/// Functions that the profile does not know, by what a renamed function keeps.
struct New<'a> {
    by_package: HashMap<&'a str, Vec<&'a str>>,
    by_function: HashMap<&'a str, Vec<&'a str>>,
}

impl<'a> New<'a> {
    /// Only those that could stand for one of `gone`: a program has tens of thousands of names.
    fn of(program: &Program<'a>, known: &HashSet<&str>, gone: &[(&'a str, i64)]) -> Self {
        let gone: Vec<_> = gone.iter().map(|(name, _)| parts(name)).collect();
        let packages: HashSet<_> = gone.iter().map(|name| name.package).collect();
        let functions: HashSet<_> = gone.iter().map(|name| name.function).collect();
        let mut new = Self {
            by_package: HashMap::new(),
            by_function: HashMap::new(),
        };
        for name in program
            .functions
            .iter()
            .filter(|function| !known.contains(**function))
        {
            let part = parts(name);
            if packages.contains(part.package) {
                new.by_package.entry(part.package).or_default().push(name);
            }
            if functions.contains(part.function) {
                new.by_function.entry(part.function).or_default().push(name);
            }
        }
        let lists = new
            .by_package
            .values_mut()
            .chain(new.by_function.values_mut());
        lists.for_each(|list| list.sort_unstable());
        new
    }

    /// The most likely new name: the receiver changed, a closure was renumbered, the package moved, or one word changed.
    fn like(&self, name: &str) -> Option<&'a str> {
        let gone = parts(name);
        let here = self.by_package.get(gone.package);
        let here = here.map_or(&[][..], Vec::as_slice);
        let same = self.by_function.get(gone.function);
        let same = same.map_or(&[][..], Vec::as_slice);
        let of_function = |name: &Name<'_>| name.function == gone.function;
        let of_type = |name: &Name<'_>| of_function(name) && name.receiver == gone.receiver;
        let same_closure = |name: &Name<'_>| name.closure == gone.closure;
        let any_closure = |name: &Name<'_>| !name.closure.is_empty() && !gone.closure.is_empty();
        only(here, |name| of_type(name) && same_closure(name))
            .or_else(|| only(here, |name| of_type(name) && any_closure(name)))
            .or_else(|| only(here, |name| of_function(name) && same_closure(name)))
            .or_else(|| only(same, |name| of_type(name) && same_closure(name)))
            .or_else(|| similar(here, &gone))
    }

    /// The only new function that begins in the same line of the same file, and is of the same sort.
    fn at(
        &self,
        name: &str,
        place: Place<'_>,
        starts: &HashMap<&'a str, Place<'a>>,
    ) -> Option<&'a str> {
        let gone = parts(name);
        let here = self.by_package.get(gone.package)?;
        let sort = |name: &Name<'_>| (name.receiver.is_empty(), name.closure.is_empty());
        let fitting: Vec<&str> = here
            .iter()
            .copied()
            .filter(|text| place.1 > 1 && starts.get(text) == Some(&place))
            .collect();
        only(&fitting, |name| sort(name) == sort(&gone))
    }
}

/// The one name that fits; none where several do.
fn only<'a>(names: &[&'a str], fits: impl Fn(&Name<'a>) -> bool) -> Option<&'a str> {
    let mut fitting = names.iter().filter(|name| fits(&parts(name)));
    let first = fitting.next()?;
    fitting.next().is_none().then_some(*first)
}

fn similar<'a>(names: &[&'a str], gone: &Name<'_>) -> Option<&'a str> {
    const ALIKE: f64 = 0.92;
    let best = names.iter().filter_map(|name| {
        let it = parts(name);
        let comparable = it.receiver == gone.receiver && it.closure == gone.closure;
        let score = strsim::jaro_winkler(it.function, gone.function);
        (comparable && score >= ALIKE).then_some((score, *name))
    });
    best.max_by(|a, b| a.0.total_cmp(&b.0)).map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Edge;

    fn edges(calls: &[(&str, &str, i64)]) -> Edges {
        let edge = |(caller, callee, weight): &(&str, &str, i64)| Edge {
            caller: (*caller).into(),
            callee: (*callee).into(),
            offset: 2,
            weight: *weight,
        };
        Edges {
            edges: calls.iter().map(edge).collect(),
            total: calls.iter().map(|it| it.2).sum(),
            start_lines: true,
            weighted: true,
            placed: 0,
        }
    }

    #[test]
    fn weight_counts_where_both_functions_exist() {
        let edges = edges(&[
            ("m.a", "m.b", 70),
            ("m.a", "m.gone", 20),
            ("m.gone", "m.b", 10),
        ]);
        let program = Program {
            functions: ["m.a", "m.b"].into(),
            calls: Calls::Lines([("m.a", 2)].into()),
            ..Program::default()
        };
        let health = health(&edges, &program, 10, |_| None);
        assert_eq!((health.by_name, health.by_call), (70.0, Some(70.0)));
        assert_eq!((health.functions, health.existing), (3, 2));
        assert_eq!(health.vanished[0].percent, 30.0);
    }

    #[test]
    fn renamed_functions_are_recognised() {
        let now = |gone: &str, functions: &[&str]| {
            let edges = edges(&[("m.kept", gone, 1)]);
            let functions = functions.iter().copied().chain(["m.kept"]).collect();
            let program = Program {
                functions,
                ..Program::default()
            };
            health(&edges, &program, 1, |_| None).vanished[0]
                .now
                .clone()
        };
        let is = |text: &str| Some(text.to_string());
        assert_eq!(now("m.T.run", &["m.(*T).run", "m.other"]), is("m.(*T).run"));
        assert_eq!(now("m.f.func1", &["m.f.func2"]), is("m.f.func2"));
        assert_eq!(now("m.f.func1", &["m.f.func2", "m.f.func3"]), None);
        assert_eq!(
            now("runtime.memHash", &["internal/maps.memHash"]),
            is("internal/maps.memHash")
        );
        assert_eq!(
            now("m.handleRequest", &["m.handleRequests", "m.x"]),
            is("m.handleRequests")
        );
        assert_eq!(
            now("m.f[go.shape.int]", &["m.f[go.shape.int64]"]),
            is("m.f[go.shape.int64]")
        );
        assert_eq!(now("m.a", &["m.zzz"]), None);
    }

    #[test]
    fn a_new_function_in_the_same_line_is_the_old_one_under_another_name() {
        let now = |starts: &[(&'static str, &'static str, i64)]| {
            let edges = edges(&[("m.kept", "m.open", 1)]);
            let program = Program {
                functions: starts.iter().map(|it| it.0).chain(["m.kept"]).collect(),
                calls: Calls::Unknown,
                starts: starts.iter().map(|it| (it.0, (it.1, it.2))).collect(),
            };
            let health = health(&edges, &program, 1, |_| Some(("a.go", 40)));
            health.vanished[0].now.clone()
        };
        let renamed = [
            ("m.acquire", "a.go", 40),
            ("m.other", "a.go", 41),
            ("m.another", "b.go", 40),
            ("m.(*T).x", "a.go", 40),
        ];
        assert_eq!(now(&renamed).as_deref(), Some("m.acquire"));
        assert_eq!(now(&renamed[1..]), None);
        assert_eq!(now(&[("n.acquire", "a.go", 40)]), None);
    }

    #[test]
    fn a_preemption_is_no_call_of_the_source() {
        let edges = edges(&[("m.a", "m.b", 70), ("m.c", "runtime.asyncPreempt", 30)]);
        let program = Program {
            functions: ["m.a", "m.b", "m.c", "runtime.asyncPreempt"].into(),
            calls: Calls::Lines([("m.a", 2)].into()),
            ..Program::default()
        };
        let health = health(&edges, &program, 1, |_| None);
        assert_eq!((health.by_name, health.by_call), (100.0, Some(100.0)));
    }

    #[test]
    fn another_program_shares_only_the_standard_library() {
        let edges = edges(&[
            ("runtime.a", "runtime.b", 60),
            ("example.com/x/y.f", "runtime.a", 40),
        ]);
        let program = |functions: &[&'static str]| Program {
            functions: functions.iter().copied().collect(),
            ..Program::default()
        };
        let here = health(
            &edges,
            &program(&["runtime.a", "runtime.b", "m.x"]),
            1,
            |_| None,
        );
        assert_eq!((here.by_name, here.own), (60.0, Some(0.0)));
        assert!(here.is_foreign());
        let same = ["runtime.a", "runtime.b", "example.com/x/y.f"];
        assert!(!health(&edges, &program(&same), 1, |_| None).is_foreign());
    }
}

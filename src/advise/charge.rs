//! Charges what the runtime costs in a profile to the nearest line of the user's code.
//!
//! Inlined calls count as frames, and frames that say nothing are dropped. The innermost frame that is nobody's runtime
//! owns the sample; the frame of the runtime above it decides the class; the nearest frame of the user pays for it.

mod line_sums;

use std::collections::{BTreeMap, HashMap};

use super::cost_class::{self, Class, Role};
use crate::profile::proto::Sample;
use crate::profile::symbol_parts::parts;
use crate::profile::{Frame, Profile};
use line_sums::Sums;

/// A line of the user, as the profile has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Line {
    /// The import path; `main` for a main package.
    pub(crate) package: String,
    /// The declaration around it, `T.Get` or `Get`, without type arguments.
    pub(crate) function: String,
    /// The file as the profile writes it.
    pub file: String,
    /// Counted from 1; 0 where it is unknown.
    pub line: i64,
    /// The line of the declaration when the program was built; `None` where it is unknown.
    pub(crate) start: Option<i64>,
}

/// Samples and what they weigh.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Sum {
    /// The number of samples.
    pub(crate) samples: u64,
    /// Nanoseconds, bytes, or what the profile counts.
    pub weight: i64,
}

/// What a class costs on a line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cost {
    /// Where, as an index into [`Charged::lines`].
    pub(crate) line: usize,
    /// What the runtime does.
    pub(crate) class: Class,
    /// What the line calls that calls the runtime; empty where the line does itself.
    pub(crate) via: String,
    /// The function of the runtime that is called.
    pub(crate) entry: String,
    /// What it costs.
    pub(crate) sum: Sum,
}

/// What a line spends in a function of others, the runtime below it included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Call {
    /// Where, as an index into [`Charged::lines`].
    pub(crate) line: usize,
    /// The function that is called.
    pub(crate) callee: String,
    /// What is spent in it.
    pub(crate) sum: Sum,
}

/// A profile, charged.
#[derive(Debug, Clone, Default)]
pub struct Charged {
    /// The sum of the whole profile.
    pub total: Sum,
    /// By class, wherever it was; each sample once. What is spent in code has no class.
    pub classes: BTreeMap<Class, Sum>,
    /// What of that has a line of the user.
    pub own: BTreeMap<Class, Sum>,
    /// All that is spent on the user's lines and in what they call.
    pub(crate) below: Sum,
    /// What of that runs once: initial values, init functions, sync.Once. It is no cost and no call of a line.
    pub(crate) once: Sum,
    /// What of `below` a test of `go test` runs, and no benchmark: it does again what a program does once.
    pub(crate) tests: Sum,
    /// The lines that something is charged to.
    pub lines: Vec<Line>,
    /// By line and class, heaviest first.
    pub(crate) costs: Vec<Cost>,
    /// By line and function, heaviest first.
    pub(crate) calls: Vec<Call>,
    /// All that the nearest line of the user pays for, heaviest first.
    pub spent: Vec<Spent>,
    /// What has nobody's code in its stack.
    ownerless: Sum,
    /// By the function of the runtime that is called, or that runs beside the program.
    pub entries: BTreeMap<String, Sum>,
}

/// All that a line pays for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spent {
    /// Where, as an index into [`Charged::lines`].
    pub line: usize,
    /// How much.
    pub(crate) sum: Sum,
    /// How much of it without the runtime: of a mutex profile, what is no lock of the runtime itself.
    pub(crate) plain: Sum,
    /// How much of it runs once in a program.
    pub(crate) once: Sum,
    /// How much of it the line does itself, not what it calls: of a heap profile, what it allocates.
    pub direct: Sum,
}

impl Sum {
    pub(super) fn add(&mut self, other: Self) {
        self.samples = self.samples.saturating_add(other.samples);
        self.weight = self.weight.saturating_add(other.weight);
    }
}

/// What is known of a function.
#[derive(Debug, Clone)]
pub(super) struct Function {
    pub(super) role: Role,
    own: bool,
    grows: bool,
    made: bool,
    once: bool,
    /// It runs a test of `go test`.
    tests: bool,
    package: String,
    /// `T.Get`, without what closures add.
    declared: String,
    closure: bool,
}

impl Function {
    /// Whether it is the user's, and has a line that somebody wrote.
    pub(super) fn is_own(&self) -> bool {
        self.own
    }
}

/// A profile's functions, each looked at once.
pub(super) struct Functions<'a, F> {
    is_own: F,
    known: HashMap<&'a [u8], Function>,
}

impl<'a, F: Fn(&str) -> bool> Functions<'a, F> {
    pub(super) fn new(is_own: F) -> Self {
        Self {
            is_own,
            known: HashMap::new(),
        }
    }

    pub(super) fn get(&mut self, name: &'a [u8]) -> &Function {
        let is_own = &self.is_own;
        self.known.entry(name).or_insert_with(|| {
            let text = String::from_utf8_lossy(name);
            let it = parts(&text);
            let package = it.package.replace("%2e", ".");
            let declared = match it.receiver {
                "" => it.function.to_owned(),
                receiver => format!("{receiver}.{}", it.function),
            };
            Function {
                role: cost_class::role(&text, it.package),
                own: is_own(&package),
                grows: cost_class::grows_map(&text),
                made: cost_class::REUSABLE.contains(&&*text)
                    || cost_class::FAILURES.contains(&&*text),
                once: cost_class::ONCE.contains(&&*text),
                tests: text == "testing.tRunner",
                declared,
                closure: !it.closure.is_empty(),
                package,
            }
        })
    }
}

/// A frame that counts.
pub(super) struct Seen<'a> {
    pub(super) frame: Frame<'a>,
    pub(super) function: Function,
}

/// Charges one of the profile's values. `is_own` says by import path which packages are the user's, `main` included;
/// `count` how many samples stand behind an entry.
pub fn charge(
    profile: &Profile,
    value: usize,
    count: impl Fn(&Sample) -> u64,
    is_own: impl Fn(&str) -> bool,
) -> Charged {
    let mut functions = Functions::new(is_own);
    let starts = starts(profile);
    let mut sums = Sums::default();
    let mut charged = Charged::default();
    let mut stack: Vec<Seen<'_>> = Vec::new();
    for sample in &profile.raw().sample {
        let weight = sample.value.get(value).copied().unwrap_or_default();
        let sum = Sum {
            samples: count(sample),
            weight,
        };
        charged.total.add(sum);
        stack.clear();
        for frame in profile.frames(sample) {
            let function = functions.get(frame.name);
            if function.role != Role::Transparent {
                let function = function.clone();
                stack.push(Seen { frame, function });
            }
        }
        one(&stack, sum, &starts, &mut charged, &mut sums);
    }
    sums.finish(&mut charged);
    charged
}

/// The line of each declaration, where the profile has its frame. Closures know only their own.
pub(super) fn starts(profile: &Profile) -> HashMap<(String, String), i64> {
    let mut starts = HashMap::new();
    for it in profile
        .raw()
        .function
        .iter()
        .filter(|function| function.start_line > 0)
    {
        let text = profile.text(it.name);
        let name = parts(&text);
        if name.closure.is_empty() {
            let declared = match name.receiver {
                "" => name.function.to_owned(),
                receiver => format!("{receiver}.{}", name.function),
            };
            starts.insert((name.package.replace("%2e", "."), declared), it.start_line);
        }
    }
    starts
}

/// Charges one stack.
fn one(
    stack: &[Seen<'_>],
    sum: Sum,
    starts: &HashMap<(String, String), i64>,
    charged: &mut Charged,
    sums: &mut Sums,
) {
    let is_code = |seen: &Seen<'_>| seen.function.role == Role::Code;
    let Some(owner) = stack.iter().position(is_code) else {
        nobody(stack, sum, charged);
        return;
    };
    let class = class_of(&stack[..owner]);
    let entry = stack[..owner].last();
    let entry = entry.map_or_else(String::new, |seen| seen.frame.name().into_owned());
    if let Some(class) = class {
        charged.classes.entry(class).or_default().add(sum);
        charged.entries.entry(entry.clone()).or_default().add(sum);
    }
    let is_user = |seen: &Seen<'_>| {
        is_code(seen) && seen.function.own && seen.frame.file != b"<autogenerated>"
    };
    let Some(user) = stack.iter().position(is_user) else {
        return;
    };
    charged.below.add(sum);
    if stack.iter().any(|seen| seen.function.tests) {
        charged.tests.add(sum);
    }
    let at = &stack[user];
    let line = sums.line(charged, || line(at, starts), at.frame.name, at.frame.line);
    let once = stack.iter().any(|seen| seen.function.once);
    let spent = sums.spent.entry(line).or_default();
    let parts = [
        (true, &mut spent.all),
        (class.is_none(), &mut spent.plain),
        (user == owner, &mut spent.direct),
        (once, &mut spent.once),
        (once, &mut charged.once),
    ];
    for (_, part) in parts.into_iter().filter(|part| part.0) {
        part.add(sum);
    }
    // What runs once per program is hot only where the program is short.
    if !once {
        pay(
            line,
            &stack[owner..user],
            sum,
            class.map(|class| (class, entry)),
            (charged, sums),
        );
    }
}

/// Charges a line for what it calls, leaf first, and for what the runtime does for that: a class, by a function of the runtime.
fn pay(
    line: usize,
    below: &[Seen<'_>],
    sum: Sum,
    class: Option<(Class, String)>,
    (charged, sums): (&mut Charged, &mut Sums),
) {
    let called = below.last().map(|seen| seen.frame.name().into_owned());
    let made = made(below, called.as_deref());
    if let Some(callee) = made.filter(|text| called.as_ref() != Some(text)) {
        sums.calls.entry((line, callee)).or_default().add(sum);
    }
    if let Some((class, entry)) = class {
        charged.own.entry(class).or_default().add(sum);
        let via = called.clone().unwrap_or_default();
        let cost = sums.costs.entry((line, class)).or_default();
        cost.sum.add(sum);
        cost.ways.entry((via, entry)).or_default().add(sum);
    }
    if let Some(callee) = called {
        sums.calls.entry((line, callee)).or_default().add(sum);
    }
}

/// Charges a stack that has nobody's code in it.
fn nobody(stack: &[Seen<'_>], sum: Sum, charged: &mut Charged) {
    let known = stack.iter().rev().find_map(|seen| {
        let name = seen.frame.name();
        Some((cost_class::beside(&name)?, name.into_owned()))
    });
    let (class, name) = known.unwrap_or((Class::Other, String::new()));
    charged.entries.entry(name).or_default().add(sum);
    charged.classes.entry(class).or_default().add(sum);
    charged.ownerless.add(sum);
}

/// What is worth keeping may be made far below the line, where the function that the line calls hides it no deeper than its own
/// package.
fn made(below: &[Seen<'_>], called: Option<&str>) -> Option<String> {
    const SHALLOW: [&str; 5] = ["compress/", "bufio.", "time.", "strconv.", "image/png."];
    let hides = |called: &str| !SHALLOW.iter().any(|package| called.starts_with(package));
    if called.is_some_and(hides) {
        return None;
    }
    let made = below.iter().find(|seen| seen.function.made)?;
    Some(made.frame.name().into_owned())
}

/// The class of what stands above the owner in a stack, leaf first.
pub(super) fn class_of(above: &[Seen<'_>]) -> Option<Class> {
    if above.iter().any(|seen| seen.function.role == Role::Lock) {
        return Some(Class::Lock);
    }
    let class = match above.last()?.function.role {
        Role::Stub => Class::Cgo,
        Role::Runtime(class) => class.unwrap_or_else(|| by_package(&above[above.len() - 1])),
        Role::Lock | Role::Transparent | Role::Code => Class::Other,
    };
    let grows = class == Class::MapAssign && above.iter().any(|seen| seen.function.grows);
    Some(match grows {
        true => Class::MapGrow,
        false => class,
    })
}

/// Some functions of the maps, and those that enter the kernel, are called without one of the package runtime between.
fn by_package(it: &Seen<'_>) -> Class {
    match it.function.package.as_str() {
        "internal/runtime/maps" => Class::MapLookup,
        "internal/runtime/syscall" | "runtime/internal/syscall" => Class::System,
        _ => Class::Other,
    }
}

pub(super) fn line(at: &Seen<'_>, starts: &HashMap<(String, String), i64>) -> Line {
    let function = &at.function;
    let own = (at.frame.start_line > 0).then_some(at.frame.start_line);
    let start = match function.closure {
        false => own,
        true => starts
            .get(&(function.package.clone(), function.declared.clone()))
            .copied(),
    };
    Line {
        package: function.package.clone(),
        function: function.declared.clone(),
        file: String::from_utf8_lossy(at.frame.file).into_owned(),
        line: at.frame.line,
        start,
    }
}

//! The rule of Go 1.25 and newer about container CPU limits.

use super::{Check, Context, Seen};
use crate::binary::{Caller, Callers};
use crate::go::minor_of;

/// The check.
pub(crate) const CHECK: Check = Check {
    id: "gomaxprocs",
    summary: "whether the program keeps to its container's CPU limit",
    manual: "\
What it sees: the Go version and the GODEBUG defaults in the build information of the finished
binary, whether go.uber.org/automaxprocs is linked, and in the machine code every call of
runtime.GOMAXPROCS that is not proven to ask only, as runtime.GOMAXPROCS(0) does (amd64, 386 and
arm64; elsewhere what a call says is not known).

Why it matters: a program that runs more threads than its container may use is throttled by the
kernel: requests stall for tens of milliseconds. The Go runtime keeps to the CPU limit by itself
only if all of this holds: built by Go 1.25 or newer, for Linux, GODEBUG containermaxprocs is not
0, and nothing sets GOMAXPROCS: runtime.GOMAXPROCS(runtime.NumCPU()), in main or in a dependency,
overrides the limit and switches the runtime's own updates off. A go line below 1.25 in go.mod (or
go.work) sets containermaxprocs=0, whatever the toolchain. The runtime rounds the limit up, to at
least 2, and follows it while it changes; automaxprocs rounds down, to at least 1, and sets it once.

What to do: raise the go line to 1.25 or newer; or add `godebug containermaxprocs=1` and
`godebug updatemaxprocs=1` to go.mod; or, on an older toolchain, import automaxprocs. Where the
runtime does it, take out other calls of runtime.GOMAXPROCS and automaxprocs, unless you need
exactly one thread below two CPUs.

Source: internal/godebugs/table.go, runtime/cgroup_linux.go, runtime/debug.go, the release notes of
Go 1.25.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    Some(judge(&contract(context)))
}

/// The facts behind the rule.
#[derive(Debug, Clone)]
pub(crate) struct Contract {
    /// The operating system it is built for.
    pub(crate) goos: String,
    /// The Go version that built it.
    pub(crate) go_version: String,
    /// Go 1.25 or newer; `None` for a development version.
    pub(crate) modern: Option<bool>,
    /// GODEBUG containermaxprocs is 0.
    pub(crate) switched_off: bool,
    /// automaxprocs is linked; `None` where that is not known.
    pub(crate) automaxprocs: Option<bool>,
    /// What else sets GOMAXPROCS.
    pub(crate) setters: Setters,
    /// The go line of the main module.
    pub(crate) go_line: GoLine,
}

/// The go line, which sets defaults of GODEBUG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum GoLine {
    /// As go.mod or go.work says, and which of them.
    Is(String, &'static str),
    /// There is none.
    Unset,
    /// Only the executable is at hand, which does not record it.
    Unknown,
}

/// What sets GOMAXPROCS, automaxprocs aside.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Setters {
    /// These functions do; none where it is empty.
    Are(Vec<String>),
    /// Not known, and why.
    Unknown(String),
    /// There is no executable yet.
    NotBuilt,
}

/// A function, and the place of its call.
fn named(caller: &Caller) -> String {
    let file = caller.file.rsplit(['/', '\\']).next().unwrap_or_default();
    format!("`{}` ({file}:{})", caller.function, caller.line)
}

impl Setters {
    /// By the calls of [`FUNCTION`] in a program.
    pub(crate) fn of(callers: &Callers) -> Self {
        let (calls, by_value) = match callers {
            Callers::Absent => return Self::Are(Vec::new()),
            Callers::Unknown => return Self::Unknown("its machine code cannot be read".into()),
            Callers::Found { calls, by_value } => (calls, *by_value),
        };
        let others = calls.iter().filter(|caller| !is_known(&caller.function));
        let named_where = |zero: Option<bool>| {
            let callers = others.clone().filter(|caller| caller.zero == zero);
            let mut names: Vec<String> = callers.map(named).collect();
            names.dedup();
            names
        };
        let setting = named_where(Some(false));
        let unclear = named_where(None);
        match (setting.is_empty(), unclear.is_empty()) {
            (false, _) => Self::Are(setting),
            (true, false) => Self::Unknown(format!(
                "{} calls {FUNCTION}, with what cannot be read on this architecture",
                unclear.join(", ")
            )),
            (true, true) if by_value => {
                Self::Unknown(format!("{FUNCTION} is called through a variable"))
            }
            (true, true) => Self::Are(Vec::new()),
        }
    }

    fn names(&self) -> Option<String> {
        match self {
            Self::Are(names) if !names.is_empty() => Some(names.join(", ")),
            _ => None,
        }
    }
}

/// Functions that only ask, or that are judged by themselves: of automaxprocs, and of the standard library.
fn is_known(function: &str) -> bool {
    const ASKING: [&str; 4] = ["sync.", "testing.", "internal/", "runtime/"];
    function.starts_with(&format!("{AUTOMAXPROCS}/"))
        || ASKING.iter().any(|prefix| function.starts_with(prefix))
}

/// The function that sets it, or asks.
pub(crate) const FUNCTION: &str = "runtime.GOMAXPROCS";

/// The module that sets it to the container's limit.
pub(crate) const AUTOMAXPROCS: &str = "go.uber.org/automaxprocs";

impl Contract {
    /// Whether the runtime keeps to the container's CPU limit; `None` where that is unknown or has no meaning.
    pub(crate) fn container_cpu(&self) -> Option<bool> {
        if self.goos != "linux" {
            return None;
        }
        let keeps = self.modern? && !self.switched_off;
        match &self.setters {
            Setters::Unknown(_) if keeps => None,
            setters => Some(keeps && setters.names().is_none()),
        }
    }
}

/// The rule.
pub(crate) fn judge(contract: &Contract) -> Seen {
    if contract.goos != "linux" {
        return Seen::Skipped("container CPU limits exist on Linux only".into());
    }
    match contract.modern {
        None => unknown(&contract.go_version),
        Some(true) if !contract.switched_off => keeping(contract),
        _ if contract.automaxprocs == Some(true) => by_library(contract),
        Some(true) => switched_off(contract),
        Some(false) => ignoring(contract),
    }
}

/// Of a Go that is no release it is not known what it does.
fn unknown(version: &str) -> Seen {
    let why = match version.is_empty() {
        true => "the Go version is not known".to_owned(),
        false => format!("`{version}` is not a release"),
    };
    Seen::not_judged(why, "build with a release of Go")
}

/// The runtime keeps to no limit, and automaxprocs is linked.
fn by_library(contract: &Contract) -> Seen {
    if let Some(setter) = contract.setters.names() {
        return Seen::bad(
            format!(
                "automaxprocs sets GOMAXPROCS to the container's CPU limit, and so does {setter}: the last one counts"
            ),
            "leave it to one of them",
        );
    }
    let version = &contract.go_version;
    Seen::Good(match contract.modern {
        Some(false) => {
            format!("{version} ignores the container's CPU limit, and automaxprocs sets it")
        }
        _ => "the runtime's container limit is switched off, and automaxprocs sets it".into(),
    })
}

/// The runtime does not know limits, and automaxprocs is not linked, or nobody knows.
fn ignoring(contract: &Contract) -> Seen {
    let ignores = format!("{} ignores the container's CPU limit", contract.go_version);
    if contract.automaxprocs.is_none() {
        return Seen::bad(
            format!("{ignores}, and whether automaxprocs is linked is not known"),
            "build with Go 1.25 or newer and a `go` line of 1.25, or see to it that go.uber.org/automaxprocs is imported",
        );
    }
    let setter = contract.setters.names();
    let set = setter.map_or(String::new(), |setter| {
        format!("; {setter} sets GOMAXPROCS")
    });
    Seen::bad(
        format!("{ignores}, and automaxprocs is not linked{set}"),
        "build with Go 1.25 or newer and a `go` line of 1.25, or import go.uber.org/automaxprocs",
    )
}

/// Judges a runtime that keeps to the limit unless something changes that.
fn keeping(contract: &Contract) -> Seen {
    const KEEPS: &str = "the runtime keeps to the container's CPU limit";
    if let Some(names) = contract.setters.names() {
        return Seen::bad(
            format!(
                "{names} sets GOMAXPROCS: that overrides the container's CPU limit, and switches the runtime's own updates off"
            ),
            "take the call out: the runtime keeps to the limit by itself. GOMAXPROCS(0) only asks, runtime.SetDefaultGOMAXPROCS() takes a value back",
        );
    }
    if contract.automaxprocs == Some(true) {
        return Seen::bad(
            "automaxprocs is linked, and the runtime keeps to the container's CPU limit by itself",
            "remove automaxprocs: it rounds down, and switches the runtime's own updates off",
        );
    }
    match &contract.setters {
        Setters::Are(_) => Seen::Good(KEEPS.into()),
        Setters::NotBuilt => Seen::Good(format!(
            "{KEEPS}, unless the program sets GOMAXPROCS: that is seen in the finished binary"
        )),
        Setters::Unknown(why) => Seen::not_judged(
            format!("{KEEPS}, unless the program sets GOMAXPROCS: that is not known: {why}"),
            "see to it that these calls only ask: runtime.GOMAXPROCS(0)",
        ),
    }
}

fn switched_off(contract: &Contract) -> Seen {
    let version = &contract.go_version;
    let remedy = "raise the `go` line to 1.25, or add `godebug containermaxprocs=1` to go.mod";
    match &contract.go_line {
        GoLine::Is(line, file) if minor_of(line).is_some_and(|minor| minor < (1, 25)) => Seen::bad(
            format!(
                "the container's CPU limit is ignored: built by {version}, but {file} says go {line} (containermaxprocs=0)"
            ),
            remedy.replace("go.mod", file),
        ),
        GoLine::Unknown => Seen::bad(
            format!(
                "the container's CPU limit is ignored: built by {version}, but with containermaxprocs=0, by a go line below 1.25 or a godebug setting"
            ),
            remedy,
        ),
        GoLine::Unset => Seen::bad(
            format!(
                "the container's CPU limit is ignored: built by {version} with containermaxprocs=0, which go sets where no go line says more than 1.24: outside of modules, and by a godebug setting"
            ),
            "build in a module with a `go` line of 1.25, or add `//go:debug containermaxprocs=1` to the main package",
        ),
        GoLine::Is(..) => Seen::bad(
            "the container's CPU limit is ignored: a godebug setting says containermaxprocs=0",
            "remove the setting from go.mod or the //go:debug line of the main package",
        ),
    }
}

/// From the finished binary where there is one, otherwise from what go says before a build.
pub(crate) fn contract(context: &Context<'_>) -> Contract {
    let facts = context.facts;
    let artifact = context.artifact;
    let info = artifact.and_then(|artifact| artifact.binary.as_ref()?.build_info.as_ref());
    let mut packages = facts.packages.iter();
    let main = packages.find(|package| package.import_path == context.package);
    let go_version = info
        .map_or(&facts.toolchain.version, |info| &info.go_version)
        .clone();
    let godebug = match info {
        Some(info) => info.setting("DefaultGODEBUG").unwrap_or_default(),
        None => main.map_or("", |package| package.default_godebug.as_str()),
    };
    Contract {
        goos: facts.toolchain.goos.clone(),
        modern: minor_of(&go_version).map(|entry| entry >= (1, 25)),
        go_version,
        switched_off: godebug.split(',').any(|part| part == "containermaxprocs=0"),
        automaxprocs: Some(automaxprocs(context)),
        setters: match artifact {
            Some(it) => Setters::of(&it.gomaxprocs),
            None => Setters::NotBuilt,
        },
        go_line: match facts.go_line.clone() {
            Some((line, file)) => GoLine::Is(line, file),
            None => GoLine::Unset,
        },
    }
}

/// Whether the runtime keeps to the container's CPU limit; `None` where that is unknown or has no meaning.
pub(crate) fn container_cpu(context: &Context<'_>) -> Option<bool> {
    contract(context).container_cpu()
}

/// Whether automaxprocs is linked.
pub(crate) fn automaxprocs(context: &Context<'_>) -> bool {
    let path = format!("{AUTOMAXPROCS}/maxprocs");
    let mut packages = context.facts.packages.iter();
    packages.any(|package| package.import_path == path)
}

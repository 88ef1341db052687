//! The rule of Go 1.25 and newer about container CPU limits.

use super::{Check, Context, Seen};
use crate::go::minor_of;

/// The check.
pub const CHECK: Check = Check {
    id: "gomaxprocs",
    summary: "whether the program keeps to its container's CPU limit",
    manual: "\
What it sees: the Go version and the GODEBUG defaults in the build information of the finished
binary, and whether go.uber.org/automaxprocs is linked.

Why it matters: a program that runs more threads than its container may use is throttled by the
kernel: requests stall for tens of milliseconds. The Go runtime keeps to the CPU limit by itself
only if all of this holds: built by Go 1.25 or newer, for Linux, and GODEBUG containermaxprocs is
not 0. A go line below 1.25 in go.mod (or go.work) sets containermaxprocs=0, whatever the
toolchain. The runtime rounds the limit up, to at least 2, and follows it while it changes;
automaxprocs rounds down, to at least 1, sets it once, and its call of runtime.GOMAXPROCS
switches the runtime's own updates off.

What to do: raise the go line to 1.25 or newer; or add `godebug containermaxprocs=1` and
`godebug updatemaxprocs=1` to go.mod; or, on an older toolchain, import automaxprocs. Where the
runtime does it, remove automaxprocs, unless you need exactly one thread below two CPUs.

Source: internal/godebugs/table.go, runtime/cgroup_linux.go, the release notes of Go 1.25.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    Some(judge(&contract(context)))
}

/// The facts behind the rule.
#[derive(Debug, Clone)]
pub struct Contract {
    /// The operating system it is built for.
    pub goos: String,
    /// The Go version that built it.
    pub go_version: String,
    /// Go 1.25 or newer; `None` for a development version.
    pub modern: Option<bool>,
    /// GODEBUG containermaxprocs is 0.
    pub switched_off: bool,
    /// automaxprocs is linked.
    pub automaxprocs: bool,
    /// The go line of the main module.
    pub go_line: GoLine,
}

/// The go line, which sets defaults of GODEBUG.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoLine {
    /// As go.mod or go.work says.
    Is(String),
    /// There is none.
    Unset,
    /// Only the executable is at hand, which does not tell.
    Unknown,
}

impl Contract {
    /// Whether the runtime keeps to the container's CPU limit; `None` where that is unknown or has no meaning.
    pub fn container_cpu(&self) -> Option<bool> {
        if self.goos != "linux" {
            return None;
        }
        Some(self.modern? && !self.switched_off)
    }
}

/// The rule.
pub fn judge(contract: &Contract) -> Seen {
    if contract.goos != "linux" {
        return Seen::Skipped("container CPU limits exist on Linux only".into());
    }
    let version = &contract.go_version;
    match (contract.modern, contract.switched_off, contract.automaxprocs) {
        (None, ..) if version.is_empty() => Seen::not_judged("the Go version is not known", "build with a release of Go"),
        (None, ..) => Seen::not_judged(format!("`{version}` is not a release"), "build with a release of Go"),
        (Some(false), _, true) => Seen::Good(format!("{version} ignores the container's CPU limit, and automaxprocs sets it")),
        (Some(false), _, false) => Seen::Bad(
            format!("{version} ignores the container's CPU limit, and automaxprocs is not linked"),
            "build with Go 1.25 or newer and a `go` line of 1.25, or import go.uber.org/automaxprocs".into(),
        ),
        (Some(true), true, true) => Seen::Good("the runtime's container limit is switched off, and automaxprocs sets it".into()),
        (Some(true), true, false) => switched_off(contract),
        (Some(true), false, true) => Seen::Bad(
            "automaxprocs is linked, and the runtime keeps to the container's CPU limit by itself".into(),
            "remove automaxprocs: it rounds down, and switches the runtime's own updates off".into(),
        ),
        (Some(true), false, false) => Seen::Good("the runtime keeps to the container's CPU limit".into()),
    }
}

fn switched_off(contract: &Contract) -> Seen {
    let version = &contract.go_version;
    let remedy = "raise the `go` line to 1.25, or add `godebug containermaxprocs=1` to go.mod";
    match &contract.go_line {
        GoLine::Is(line) if minor_of(line).is_some_and(|minor| minor < (1, 25)) => Seen::Bad(
            format!(
                "the container's CPU limit is ignored: built by {version}, but go.mod says go {line} (containermaxprocs=0)"
            ),
            remedy.into(),
        ),
        GoLine::Unknown => Seen::Bad(
            format!(
                "the container's CPU limit is ignored: built by {version}, but with containermaxprocs=0, by a go line below 1.25 or a godebug setting"
            ),
            remedy.into(),
        ),
        _ => Seen::Bad(
            "the container's CPU limit is ignored: a godebug setting says containermaxprocs=0"
                .into(),
            "remove the setting from go.mod or the //go:debug line of the main package".into(),
        ),
    }
}

/// From the finished binary where there is one, otherwise from what go says before a build.
fn contract(context: &Context<'_>) -> Contract {
    let facts = context.facts;
    let info = context
        .artifact
        .and_then(|it| it.binary.as_ref()?.build_info.as_ref());
    let main = facts
        .packages
        .iter()
        .find(|it| it.import_path == context.package);
    let go_version = info
        .map_or(&facts.toolchain.version, |it| &it.go_version)
        .clone();
    let godebug = match info {
        Some(info) => info.setting("DefaultGODEBUG").unwrap_or_default(),
        None => main.map_or("", |it| it.default_godebug.as_str()),
    };
    Contract {
        goos: facts.toolchain.goos.clone(),
        modern: minor_of(&go_version).map(|it| it >= (1, 25)),
        go_version,
        switched_off: godebug.split(',').any(|it| it == "containermaxprocs=0"),
        automaxprocs: facts
            .packages
            .iter()
            .any(|it| it.import_path == "go.uber.org/automaxprocs/maxprocs"),
        go_line: facts.go_line.clone().map_or(GoLine::Unset, GoLine::Is),
    }
}

/// Whether the runtime keeps to the container's CPU limit; `None` where that is unknown or has no meaning.
pub fn container_cpu(context: &Context<'_>) -> Option<bool> {
    contract(context).container_cpu()
}

/// Whether automaxprocs is linked.
pub fn automaxprocs(context: &Context<'_>) -> bool {
    contract(context).automaxprocs
}

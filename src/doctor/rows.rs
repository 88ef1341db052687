//! The rows that `doctor` prints, in the order of the lessons.

use super::{Limit, Look, Row, Strippable, weighed};
use crate::check::Status;
use crate::config::Strip;
use crate::go::{Package, minor_of};
use crate::number::{counted, grouped};

/// Every row of the report.
pub(crate) const ALL: &[fn(&Look<'_>) -> Option<Row>] = &[
    profiling,
    benchmarks,
    memory_limit,
    processors,
    manifests,
    wait_groups,
    vet,
    stripping,
    c_code,
    frozen,
    modern,
    regressions,
];

/// The minor version of the toolchain.
fn minor(look: &Look<'_>) -> (u32, u32) {
    minor_of(&look.facts.toolchain.version).unwrap_or_default()
}

fn has(look: &Look<'_>, path: &str) -> bool {
    look.facts
        .packages
        .iter()
        .any(|package| package.import_path == path)
}

fn profiling(look: &Look<'_>) -> Option<Row> {
    Some(if has(look, "net/http/pprof") {
        Row::good(
            1,
            "net/http/pprof is linked: `gobuild-opt profile collect URL` gets a profile",
        )
    } else if has(look, "runtime/pprof") {
        Row::good(
            1,
            "runtime/pprof is linked: the program can write a profile itself",
        )
    } else {
        Row::warn(
            1,
            "there is no way to a profile of this program: neither net/http/pprof nor runtime/pprof is linked",
            "import net/http/pprof and serve it where only you get at it (about 650 KB), or write one with runtime/pprof",
        )
    })
}

fn benchmarks(look: &Look<'_>) -> Option<Row> {
    let scan = look.scan;
    Some(match (scan.benchmarks, scan.old_loops) {
        (0, _) => Row::warn(
            2,
            "the packages of this program have no benchmark: what a change gains cannot be shown",
            "write one for what is hot: `gobuild-opt advise` names it",
        ),
        (all, 0) => Row::good(2, counted(all, "benchmark")),
        (all, old) if minor(look) >= (1, 24) => Row::fact(
            2,
            format!(
                "{}, {} over b.N: `for b.Loop()` keeps the compiler from dropping the body",
                counted(all, "benchmark"),
                counted(old, "loop")
            ),
        ),
        (all, _) => Row::good(2, counted(all, "benchmark")),
    })
}

fn memory_limit(look: &Look<'_>) -> Option<Row> {
    const AUTOMEMLIMIT: &str = "github.com/KimMachineGun/automemlimit";
    if look.facts.toolchain.goos != "linux" {
        return None;
    }
    let mut packages = look.facts.packages.iter();
    let automatic = packages.any(|package| package.import_path.starts_with(AUTOMEMLIMIT));
    if automatic {
        let what = "automemlimit is linked: the collector knows the container's memory limit";
        return Some(Row::good(8, what));
    }
    if let [first, ..] = look.scan.limits.as_slice() {
        return Some(Row::good(8, format!("{first} sets GOMEMLIMIT")));
    }
    Some(unlimited(&look.scan.containers))
}

/// Nothing sets GOMEMLIMIT: whether a container has a limit that the collector does not know.
fn unlimited(containers: &[Limit]) -> Row {
    let limited = containers.iter().find_map(|limit| {
        let (file, memory) = (&limit.file, limit.memory.as_ref()?);
        limit.other.is_none().then(|| format!(
            "{file} limits memory to {memory}, and nothing sets GOMEMLIMIT: the collector does not know the limit"
        ))
    });
    if let Some(limited) = limited {
        let hint = "set GOMEMLIMIT to about 90 % of it beside the limit, or link automemlimit";
        return Row::warn(8, limited, hint);
    }
    let other = containers.iter().find_map(|limit| {
        let (image, memory) = (limit.other.as_ref()?, limit.memory.as_ref()?);
        Some(format!(
            "nothing here sets GOMEMLIMIT; {} limits the memory of `{image}` to {memory}, which is not called like this program",
            limit.file
        ))
    });
    Row::fact(8, other.unwrap_or_else(|| {
        "nothing here sets GOMEMLIMIT: unlike the CPU limit, the runtime does not read the memory limit of its container".into()
    }))
}

fn processors(look: &Look<'_>) -> Option<Row> {
    let mut containers = look.scan.containers.iter();
    let is_small = |limit: &&Limit| {
        !limit.sets_processors && limit.processors.is_some_and(|processor| processor <= 1.0)
    };
    let small = containers.find(|limit| limit.other.is_none() && is_small(limit))?;
    let (file, cpu) = (&small.file, small.processors.unwrap_or_default());
    let (seen, hint) = match minor(look) >= (1, 25) {
        true => (
            "the runtime uses two at least, and the container is throttled when both run",
            "set GOMAXPROCS=1 beside the limit, or give it two",
        ),
        false => (
            "the runtime of this Go uses all of the machine, and the container is throttled",
            "set GOMAXPROCS=1 beside the limit; Go 1.25 reads the limit, and uses two at least",
        ),
    };
    Some(Row::warn(
        8,
        format!("{file} limits processors to {cpu}: {seen}"),
        hint,
    ))
}

fn manifests(look: &Look<'_>) -> Option<Row> {
    let unread = look.scan.unread;
    let words = || {
        format!(
            "not read: {} beyond the first 200, and the limits in them",
            counted(unread, "manifest")
        )
    };
    (unread > 0).then(|| Row::fact(8, words()))
}

fn vet(look: &Look<'_>) -> Option<Row> {
    let vetted = look.vetted?;
    Some(match &vetted.vet {
        Err(why) => Row::fact(10, format!("go vet: unknown: {why}")),
        Ok(found) if found.is_empty() => Row::good(10, "go vet reports nothing"),
        Ok(found) => Row::warn(
            10,
            format!("go vet: {}", weighed::sentence(found)),
            "go vet ./... says more of each",
        ),
    })
}

fn modern(look: &Look<'_>) -> Option<Row> {
    let vetted = look.vetted?;
    Some(match &vetted.fix {
        Err(why) => Row::fact(20, format!("go fix: unknown: {why}")),
        Ok(found) if found.is_empty() => Row::good(20, "go fix has no newer form for anything"),
        Ok(found) => Row::new(
            20,
            Status::Skip,
            format!("go fix: {}", weighed::sentence(found)),
            Some("go fix -diff ./... shows the newer forms".into()),
        ),
    })
}

fn wait_groups(look: &Look<'_>) -> Option<Row> {
    let places = look.scan.adds;
    (places > 0 && minor(look) >= (1, 25)).then(|| {
        Row::fact(
            10,
            format!(
                "{} of Add(1) and `go func` may be `wg.Go`: `go fix -diff ./...` shows them",
                counted(places, "pair")
            ),
        )
    })
}

fn stripping(look: &Look<'_>) -> Option<Row> {
    const COSTS: &str = "govulncheck of the file falls back to whole modules, and perf shows no names; panics, pprof and PGO lose nothing";
    let known = look.strippable.map(Strippable::words);
    let what = match look.config.build.strip {
        Strip::All => {
            let saves = known.map_or_else(String::new, |words| format!(", which saves {words}"));
            format!("stripped{saves}: {COSTS}; scan an unstripped build")
        }
        Strip::Dwarf => {
            let saves = look.strippable.map_or_else(
                || "a few percent more".to_owned(),
                |known| format!("{} B more, by {}", grouped(known.symbols), known.told_by),
            );
            format!(
                "without DWARF, with symbols: `[build] strip = \"all\"` saves {saves}, and costs: {COSTS}"
            )
        }
        Strip::None => {
            let saves = known.unwrap_or_else(|| "about a third of the file".into());
            format!("not stripped: `[build] strip = \"all\"` saves {saves}, and costs: {COSTS}")
        }
    };
    Some(Row::fact(16, what))
}

/// Packages of Go itself that use C only where cgo is on.
const OPTIONAL: &[&str] = &["net", "os/user", "runtime/cgo"];

/// Packages that a build takes in where it asks for what works with cgo alone: -race, -msan, -asan.
const SANITIZERS: &[&str] = &["runtime/race", "runtime/msan", "runtime/asan"];

/// Build modes that work with cgo alone.
const C_MODES: &[&str] = &["c-archive", "c-shared", "plugin", "shared"];

fn c_code(look: &Look<'_>) -> Option<Row> {
    let uses = |package: &&Package| !package.cgo_files.is_empty();
    let users = look.facts.packages.iter().filter(uses);
    let all: Vec<&str> = users.map(|package| package.import_path.as_str()).collect();
    let own: Vec<&&str> = all.iter().filter(|word| !OPTIONAL.contains(word)).collect();
    let by_mode = C_MODES.contains(&look.facts.asked.mode.as_str());
    if by_mode || SANITIZERS.iter().any(|sanitizer| has(look, sanitizer)) {
        return None;
    }
    Some(match (all.as_slice(), own.as_slice()) {
        ([], _) => Row::good(18, "no C code"),
        (_, []) => Row::warn(
            18,
            format!("C code only because of {}", all.join(", ")),
            "build with CGO_ENABLED=0: these have a form without C, and the file needs no C library; not where users or hosts are looked up by NSS (LDAP, sssd, mDNS)",
        ),
        (_, [first, ..]) => {
            let packages = counted(own.len() as u64, "package");
            Row::fact(18, format!("{packages} with C code, such as {first}"))
        }
    })
}

/// GODEBUG settings that change how fast a program is.
const FAST: &[&str] = &[
    "containermaxprocs",
    "updatemaxprocs",
    "asynctimerchan",
    "decoratemappings",
    "http2client",
    "http2server",
    "tlsmlkem",
];

fn frozen(look: &Look<'_>) -> Option<Row> {
    let mut mains = look.facts.packages.iter();
    let main = mains.find(|package| package.import_path == look.package)?;
    let settings = main.default_godebug.split(',');
    let slow: Vec<&str> = settings.filter(|setting| is_slow(setting)).collect();
    let line = look.facts.go_line.as_ref();
    let version = &look.facts.toolchain.version;
    Some(match (slow.as_slice(), line) {
        ([], Some((line, file))) => Row::good(
            20,
            format!(
                "{file} says go {line}, and freezes no setting that counts for speed on {version}"
            ),
        ),
        ([], None) => return None,
        (some, line) => {
            let by = line.map_or("a godebug setting".into(), |line| {
                format!("{} says go {}, which", line.1, line.0)
            });
            Row::warn(
                20,
                format!("{by} keeps {} on {version}", some.join(", ")),
                "raise the go line, or set what you need with `godebug` lines",
            )
        }
    })
}

/// Whether a setting of GODEBUG keeps what made a program faster.
fn is_slow(setting: &str) -> bool {
    let name = setting.split('=').next().unwrap_or_default();
    FAST.contains(&name)
}

/// Functions that became slower in a version: minor, function, how much, where to read of it.
const SLOWER: &[(u32, &str, &str, &str)] = &[
    (
        27,
        "encoding/json.Unmarshal",
        "takes up to twice as long into `any` as before",
        "golang/go#80270",
    ),
    (
        27,
        "encoding/json.Marshal",
        "takes up to half as long again for slices of structs as before",
        "golang/go#81315",
    ),
];

/// Percent of the profile from which on a function that became slower is worth a word.
const COUNTS: f64 = 2.0;

fn regressions(look: &Look<'_>) -> Option<Row> {
    let weights = look.facts.pgo.weights()?;
    let (_, minor) = minor(look);
    let experiments = &look.facts.toolchain.goexperiment;
    if experiments.split(',').any(|name| name == "nojsonv2") {
        return None;
    }
    let known = SLOWER.iter().filter(|entry| entry.0 == minor);
    let mut seen = Vec::new();
    let mut more = Vec::new();
    for (_, function, what, source) in known {
        let share = weights.below(function);
        if share >= COUNTS {
            let spent = format!("{share:.1} % of the profile is below {function}");
            seen.push(format!("{spent}: it {what}"));
            more.push(*source);
        }
    }
    (!seen.is_empty()).then(|| {
        let version = &look.facts.toolchain.version;
        let what = format!("on {version}, {}", seen.join("; "));
        let back = "GOEXPERIMENT=nojsonv2 at build time brings the old form back";
        Row::warn(20, what, &format!("{}; {back}", more.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_became_slower_is_watched() {
        for (_, function, ..) in SLOWER {
            assert!(
                crate::profile::weights::WATCHED.contains(function),
                "{function}"
            );
        }
    }
}

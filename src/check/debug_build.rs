use super::{Check, Context, Seen};

pub(crate) const CHECK: Check = Check {
    id: "debug-build",
    summary: "flags of a debugger, a detector or a test in a release",
    manual: "\
What it sees: `-N` (no optimisation) and `-l` (no inlining) that the compiler gets for packages of
yours or of your modules, and what Go recorded in the finished file: -race, -msan, -asan, -cover.

Why it matters: each makes another program than the one that production should run. `-N -l` is for a
debugger: every variable lies in memory, no call is inlined, and a profile has no effect. A program
with -race takes 5 to 10 times the memory and 2 to 20 times the time, and needs cgo; -msan and -asan
are of that order. -cover counts every block, and writes files where GOCOVERDIR says so. They come
from a Makefile that has one set of flags for all, or from GOFLAGS in the environment of CI.

What to do: leave the flag out of the release; `gobuild-opt plan` names the layer that each flag
comes from. Where the debugging build is wanted, under a name of its own, set
`[checks] debug-build = \"off\"` in its configuration.

Source: cmd/compile/internal/base/flag.go; cmd/go/internal/load/pkg.go (setBuildInfo);
https://go.dev/doc/articles/race_detector (typical cost).",
    run,
};

/// What Go records of a program that watches itself.
const WATCHES: [&str; 4] = ["-race", "-msan", "-asan", "-cover"];

fn run(context: &Context<'_>) -> Option<Seen> {
    let undone = context.facts.pgo.undone.as_ref();
    let compiler = undone.into_iter().flat_map(|undone| &undone.flags);
    let slow = compiler
        .filter(|flag| matches!(flag.trim_start_matches('-'), "N" | "N=1" | "N=true" | "l"));
    let binary = context
        .artifact
        .and_then(|artifact| artifact.binary.as_ref());
    let info = binary.and_then(|binary| binary.build_info.as_ref());
    let watches = WATCHES
        .into_iter()
        .filter(|flag| info.is_some_and(|info| info.setting(flag) == Some("true")));
    let mut flags: Vec<String> = slow.map(|flag| format!("`{flag}`")).collect();
    flags.extend(watches.map(|flag| format!("`{flag}`")));
    if flags.is_empty() {
        return info.map(|_| {
            Seen::Good(
                "the compiler optimises your packages; no detector and no coverage is in the file"
                    .into(),
            )
        });
    }
    let all = flags.join(", ");
    Some(Seen::bad(
        format!("this is no build for production: it is made with {all}"),
        "leave them out of the release, or set `[checks] debug-build = \"off\"` where that is what you want",
    ))
}

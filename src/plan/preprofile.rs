//! Lists the commands that put a target's profiles into the build cache.

use std::ffi::OsString;

use super::{Facts, pgo};
use crate::process::Invocation;

/// Commands that put each applied profile, preprocessed, into the build cache.
///
/// `go list -export` of Go 1.23 and newer ignores a profile that is not there yet, without a word: other inlining, other
/// escapes (`pgoActor.Act`, `cmd/go/internal/work/action.go`). A `go build` of any package puts it there; `cmp` imports
/// nothing, which makes it the cheapest (0.1 s). In a release the build of the binaries comes first and does the same.
pub(crate) fn preprofile(facts: &Facts) -> Vec<Invocation> {
    let separate = facts.toolchain.minor().is_none_or(|minor| minor >= (1, 23));
    let command = |candidate: &pgo::Candidate| {
        let mut flag = OsString::from("-pgo=");
        flag.push(candidate.file(&facts.go.cwd));
        facts
            .go
            .invocation(["build".into(), flag, "--".into(), "cmp".into()])
    };
    let applied = facts.pgo.all_applied().filter(|_| separate);
    applied.map(command).collect()
}

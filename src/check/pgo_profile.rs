use super::{Check, Context, Seen};
use crate::number::counted;
use crate::plan::pgo::Candidate;
use crate::profile::{Health, worthless};

pub(crate) const CHECK: Check = Check {
    id: "pgo-profile",
    summary: "whether the build used a profile with samples",
    manual: "\
What it sees: the profile that -pgo, `[pgo] profile`, `[pgo.package]` or default.pgo names, read
before Go runs: missing, empty, of another kind than CPU, unreadable, without samples, without
lines, or usable; of a list every file; of an idle program, or of next to nothing but the runtime. After the build, whether it is of this program at all. And
entries of `[pgo] no-inline` that no profile calls, and flags of the compiler that keep the profile
from its effect (-l, -N, -d=pgoinline=0).

Why it matters: Go takes an empty profile, or one of another program, without a word and still
writes -pgo into the build information. The build then claims an optimisation that did not happen.

What to do: collect a CPU profile of the program under its real load, for 30 seconds or more:
/debug/pprof/profile?seconds=30. Set `[pgo] on-missing = \"fail\"` where a release must have one.

Source: cmd/go/internal/load/pkg.go, cmd/compile/internal/pgoir, go.dev/doc/pgo.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let choice = &context.facts.pgo;
    if let Some((message, hint)) = &choice.complaint {
        let what = format!("built without a profile: {message}");
        return Some(Seen::bad(what, hint));
    }
    if let Some(name) = choice.unmatched.first() {
        return Some(Seen::bad(
            format!("`[pgo] no-inline` names `{name}`, which no profile calls"),
            "write the name as a traceback shows it, such as example.com/app/lib.(*Box).Get; or take it out",
        ));
    }
    let undone = undone(context).or_else(|| useless(context));
    Some(undone.unwrap_or_else(|| applied(context)))
}

/// The profile of the package, where it can be used.
fn usable<'c>(context: &Context<'c>) -> Option<&'c Candidate> {
    let candidate = context.facts.pgo.candidate(context.package);
    candidate.filter(|candidate| candidate.is_usable())
}

/// Flags of the compiler keep a profile from its effect.
fn undone(context: &Context<'_>) -> Option<Seen> {
    let used = usable(context)?;
    let undone = context.facts.pgo.undone.as_ref()?;
    let (path, flags) = (used.path.display(), undone.flags.join(" "));
    let what = match undone.whole {
        true => "has no effect",
        false => "has less effect than it could",
    };
    Some(Seen::bad(
        format!("`{path}` {what}: the compiler gets {flags}"),
        "take these flags out of gcflags, or build with `-pgo=off`",
    ))
}

/// Whether a profile is applied, with nothing against it.
fn applied(context: &Context<'_>) -> Seen {
    if let Some(used) = usable(context) {
        let judgement = used.judgement.as_ref();
        let samples = judgement.and_then(|judgement| judgement.samples);
        let samples = samples.map(|number| counted(number.unsigned_abs(), "sample"));
        let samples = samples.map_or(String::new(), |samples| format!(", {samples}"));
        let path = used.path.display();
        return Seen::Good(format!("`{path}` is applied{samples}"));
    }
    let flag = context.facts.pgo.of(context.package);
    if flag.is_some_and(|used| used.reason.flag == "-pgo=off") {
        return Seen::not_judged("switched off", "name a profile in `[pgo] profile`");
    }
    Seen::not_judged(
        "no default.pgo beside the main package: built without a profile",
        "collect one: `gobuild-opt profile collect URL`",
    )
}

/// A profile that the build used and that does nothing for the program, or of which the compiler cannot place every call.
fn useless(context: &Context<'_>) -> Option<Seen> {
    let used = context.facts.pgo.applied(context.package)?;
    let path = used.path.display();
    let artifact = context.artifact;
    let health = artifact.and_then(|artifact| artifact.health.as_ref());
    let fits = health.map_or(0.0, |health| health.by_name);
    if let Some(why) = health.and_then(Health::useless) {
        return Some(Seen::bad(
            format!("`{path}` {}", worthless(why, fits)),
            "collect one from this program: `gobuild-opt profile collect URL`",
        ));
    }
    let worth = used.worth.as_ref();
    let worth = worth.filter(|worth| !worth.against.is_empty());
    if let Some(worth) = worth {
        return Some(Seen::bad(
            format!("`{path}` is applied, but {}", worth.sentence()),
            "collect one under the real load: `gobuild-opt profile collect URL`",
        ));
    }
    let unplaced = used.judgement.as_ref()?.unplaced()?;
    Some(Seen::bad(
        format!(
            "`{path}` is applied, but {unplaced:.1} % of its calls have no lines: the compiler places none of these"
        ),
        "give the file as the program wrote it; of a merged one, collect the old parts again",
    ))
}

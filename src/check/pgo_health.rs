use super::{Check, Context, Seen};
use crate::gate::Cause;
use crate::number::counted;
use crate::profile::{Health, Judgement};

pub(crate) const CHECK: Check = Check {
    id: "pgo-health",
    summary: "whether the profile of the build is young, large and about this program",
    manual: "\
What it sees: the age and the samples of the profile that the build used and, in the finished
binary, the share of its weight whose two functions exist, inlined ones included, and the share
that still stands at its line (amd64, 386, arm64). The limits are `[pgo] max-age`, `min-samples`
and `min-health`, which is for the functions; half of it is the limit for the lines.

Why it matters: Go matches calls by name and line. What was renamed, moved or belongs to another
program has no effect, and Go does not say so: it still writes -pgo into the build information.

What to do: collect a profile from the release that runs now, with
`gobuild-opt profile collect URL --merge-previous`. What no longer fits is named by
`gobuild-opt profile show FILE --binary BIN`.

Source: cmd/internal/pgo, cmd/compile/internal/pgoir, go.dev/doc/pgo.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let used = context.facts.pgo.applied(context.package);
    let judged = used.and_then(|candidate| Some((candidate, candidate.judgement.as_ref()?)));
    let Some((used, judgement)) = judged else {
        let cause = Cause::Other(
            "no profile is applied".into(),
            "see the check `pgo-profile`",
        );
        return Some(Seen::unsaid(cause));
    };
    let artifact = context.artifact;
    let health = artifact.and_then(|artifact| artifact.health.as_ref());
    let day = collected(judgement).map(|time| time.strftime("%Y-%m-%d").to_string());
    let wrong = wrong(context, judgement, health, day.as_deref());
    let path = used.path.display();
    let unread = context.artifact.is_some() && health.is_none();
    if wrong.is_empty() && unread && context.pgo.min_health.is_some() {
        let why =
            format!("how much of `{path}` fits is not known: the file does not tell its functions");
        return Some(Seen::not_judged(
            why,
            "see `gobuild-opt inspect` of the file",
        ));
    }
    if wrong.is_empty() {
        let fits = health.map_or(String::new(), fits);
        let day = day.map_or("of unknown age".into(), |day| format!("of {day}"));
        return Some(Seen::Good(format!("`{path}` is {day}{fits}")));
    }
    Some(Seen::bad(
        format!("`{path}` is {}", wrong.join(", ")),
        "collect it again from the release that runs now: `gobuild-opt profile collect URL`",
    ))
}

/// How much of a profile fits.
fn fits(health: &Health) -> String {
    let lines = health.by_call;
    let lines = lines.map_or(String::new(), |line| format!(", {line:.1} % at its line"));
    format!(", {:.1} % of it fits{lines}", health.by_name)
}

/// What is wrong with a profile: its age, its size, how much of it fits.
fn wrong(
    context: &Context<'_>,
    judgement: &Judgement,
    health: Option<&Health>,
    day: Option<&str>,
) -> Vec<String> {
    let limits = context.pgo;
    let mut wrong = Vec::new();
    wrong.extend(too_old(context, judgement, day));
    if let (Some(samples), Some(limit)) = (judgement.samples, limits.min_samples)
        && samples < i64::from(limit)
    {
        let samples = counted(samples.unsigned_abs(), "sample");
        wrong.push(format!("of {samples} (limit {limit})"));
    }
    if let Some((health, limit)) = health.zip(limits.min_health) {
        wrong.extend(misfits(health, limit));
    }
    wrong
}

/// That a profile was collected too long ago.
fn too_old(context: &Context<'_>, judgement: &Judgement, day: Option<&str>) -> Option<String> {
    let time = collected(judgement)?;
    let limit = context.pgo.max_age?.0;
    let age = context.now.duration_since(time).as_secs_f64() / 86_400.0;
    (age > limit).then(|| {
        let limit = (limit * 10.0).round() / 10.0;
        // How many days that is would be another number every day.
        // A part of a day is no count.
        let age = [limit.to_string().as_str(), "days ago"].join(" ");
        let day = day.unwrap_or_default();
        format!("of {day}, more than {age} (`[pgo] max-age`)")
    })
}

/// That too little of a profile fits, by its functions or by its lines.
fn misfits(health: &Health, limit: u8) -> Option<String> {
    if health.by_name < f64::from(limit) {
        return Some(misfit(health, limit));
    }
    let least = f64::from(limit) / 2.0;
    let lines = health.by_call.filter(|lines| *lines < least)?;
    Some(format!(
        "of code that moved: only {lines:.1} % of it stands at its line (limit {least:.0} %)"
    ))
}

fn collected(judgement: &Judgement) -> Option<jiff::Timestamp> {
    judgement.origin.as_ref()?.time.as_ref()?.parse().ok()
}

fn misfit(health: &Health, limit: u8) -> String {
    let share = format!(
        "only {:.1} % about this program (limit {limit} %)",
        health.by_name
    );
    match health.vanished.first() {
        Some(gone) => format!("{share}, such as `{}`, which is gone", gone.function),
        None => share,
    }
}

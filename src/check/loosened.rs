use super::{Check, Context, Seen};
use crate::gate::Change;

pub(crate) const CHECK: Check = Check {
    id: "loosened",
    summary: "gates that this change loosens",
    manual: "\
What it sees: the configuration and gobuild-opt.lock of the revision that a change started from,
against those of now: budgets that were raised or removed, checks that were lowered, assertions that
went, a narrower escape scope, entries of the lock that accept more, another baseline. Another
profile is named beside: it makes other code hot, which is neither looser nor stricter. The revision
is that of `--config-from`, or where CI says that a pull request started (the variables of GitHub,
Gitea, GitLab, Azure, Bitbucket, Buildkite, Jenkins, CodeBuild, Bitrise, Cirrus, Prow, Drone,
Woodpecker, Travis, AppVeyor and Semaphore) if the history is there. CircleCI names no branch: name
it with `--config-from` there. What the check does there counts as well
as what it does now: a change cannot switch it off for itself.

Why it matters: who changes the code may change what judges it, in the same change. That is right
where somebody sees it.

What to do: look at each sentence in review. To keep a change from loosening its own gates, let CI
judge with those of the target branch: `gobuild-opt release --config-from origin/main`; and fetch
the history (`fetch-depth: 0`).",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    context.change.map(seen)
}

pub(crate) fn seen(change: &Change) -> Seen {
    let since = &change.since;
    if let Some(why) = &change.unknown {
        return Seen::not_judged(
            format!("what this change does to its gates since {since} is not known: {why}"),
            "fetch the history (`fetch-depth: 0` of actions/checkout, GIT_DEPTH: 0 of GitLab), or name the revision with `--config-from`",
        );
    }
    let noted: String = change
        .noted
        .iter()
        .map(|text| format!("; {text}"))
        .collect();
    if change.loosened.is_empty() {
        return Seen::Good(format!("no gate is looser than in {since}{noted}"));
    }
    let how = match change.judged_by {
        true => " (the gates of that revision judge this run)",
        false => "",
    };
    Seen::bad(
        format!("since {since}: {}{noted}{how}", change.loosened.join("; ")),
        "see each in review; `--config-from REV` judges with the gates of REV",
    )
}

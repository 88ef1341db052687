use super::{Check, Context, Seen};
use crate::lock::FILE;

pub const CHECK: Check = Check {
    id: "pgo-proof",
    summary: "whether somebody has shown that the profile makes the program faster",
    manual: "\
What it sees: with `[pgo] require-proof = true`, whether gobuild-opt.lock holds what `prove` found
of the profile that the build uses: of this very file, faster, and with another load than the one
that the profile was collected from, as far as `profile collect` noted that.

Why it matters: a profile costs build time and size on every build. Whether it pays is a question
of this program under its own load: from 14 % faster to slower has been seen.

What to do: `gobuild-opt prove --accept -- WORKLOAD` runs the program with and without the profile
side by side and writes the verdict. Take a load that the profile was not collected from.

Source: go.dev/doc/pgo; junegunn/fzf#4725.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    if !context.pgo.require_proof {
        return None;
    }
    let applied = context.facts.pgo.applied(context.package)?;
    let hint =
        "run `gobuild-opt prove --accept -- WORKLOAD` with a load that it was not collected from";
    let bad = |what: String| Some(Seen::bad(what, hint));
    let profile = applied.path.display();
    let Some(proof) = context.proof else {
        return bad(format!(
            "nobody has shown what `{profile}` does: {FILE} holds no proof of it"
        ));
    };
    let is_other = applied.sha256.as_ref() != Some(&proof.profile);
    match proof.outcome.as_str() {
        _ if is_other => bad(format!(
            "`{profile}` is another profile than the one that {FILE} holds a proof of"
        )),
        _ if proof.trained => bad(format!(
            "`{profile}` was proven with the load that it was collected from, which is no proof"
        )),
        "faster" => Some(Seen::Good(format!("`{profile}`: {}", proof.verdict))),
        _ => bad(format!(
            "`{profile}` is not shown to be worth it: {}",
            proof.verdict
        )),
    }
}

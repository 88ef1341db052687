//! Makes the compiler give its reasons: the command of an escape pass, with `-m=2` for some packages.

use super::{Facts, Step};
use crate::escape;
use crate::process::Invocation;

/// The pass, made to give its reasons for `packages`.
pub(crate) fn verbose(pass: &Step, packages: &[String], facts: &Facts) -> Invocation {
    let goflags = facts.goflags.iter().filter(|flag| flag.name == "gcflags");
    let user = goflags.filter_map(|flag| flag.value.clone());
    // Without ours, the values of the pass are the user's own.
    let ours = format!(" {}", escape::diagnostics().join(" "));
    let asked = pass.values("gcflags");
    let own = asked.filter_map(|text| text.strip_suffix(ours.as_str()).map(str::to_owned));
    let own: Vec<String> = user.chain(own).collect();
    let wanted = escape::gcflags(packages, &[], &own).into_iter();
    // The last one counts, so `-m=2` may stand behind what else is asked.
    let louder = wanted.map(|text| format!("{text} -m=2"));
    pass.with(|flags| flags.replace("gcflags", louder))
        .invocation
}

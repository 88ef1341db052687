//! The command of an escape pass in, the same with `-m=2` for some packages out.

use std::ffi::OsString;

use super::Facts;
use crate::escape;
use crate::process::Invocation;

/// The pass, made to give its reasons for `packages`.
pub(crate) fn verbose(pass: &Invocation, packages: &[String], facts: &Facts) -> Invocation {
    let mut invocation = pass.clone();
    let goflags = facts.goflags.iter().filter(|flag| flag.name == "gcflags");
    let user: Vec<String> = goflags.filter_map(|flag| flag.value.clone()).collect();
    let flags = |argument: &OsString| {
        argument
            .to_str()?
            .strip_prefix("-gcflags=")
            .map(str::to_owned)
    };
    let composed: Vec<String> = pass.args.iter().filter_map(flags).collect();
    // Without ours, the values of the pass are the user's own.
    let ours = format!(" {}", escape::diagnostics().join(" "));
    let own = composed
        .iter()
        .filter_map(|text| text.strip_suffix(ours.as_str()).map(str::to_owned));
    let own: Vec<String> = user.into_iter().chain(own).collect();
    let wanted = escape::gcflags(packages, &[], &own);
    let at = invocation
        .args
        .iter()
        .position(|argument| flags(argument).is_some());
    let at = at.unwrap_or(1);
    invocation.args.retain(|argument| flags(argument).is_none());
    // The last one counts, so `-m=2` may stand behind what else is asked.
    let louder = |text: String| OsString::from(format!("-gcflags={text} -m=2"));
    invocation
        .args
        .splice(at..at, wanted.into_iter().map(louder));
    invocation
}

use super::{Check, Context, Seen};
use crate::binary::twin_proof::LoadedDiff;
use crate::build::Built;
use crate::gate::Cause;
use crate::number::grouped;

pub(crate) const CHECK: Check = Check {
    id: "baseline",
    summary: "what stripping changed in the program itself",
    manual: "\
What it sees: whether a baseline that is a file is the same program for the same platform. Else the
release binary and its twin, linked from the very same objects without -s -w (or with -w alone),
are compared section by section, byte for byte, in everything that is loaded into memory. Only
the build-ID notes may differ: they name the build.

Why it matters: it proves that the smaller binary runs the same code on the same data. Where it
finds a difference, something beside the strip flags differs between the two builds. Without
-trimpath that is the build information, which records the linker flags. On Windows, and on Go
1.21, some sections stand elsewhere without DWARF before them: the pointers to those are told
from changes, each by as much as its target moved.

What to do: build with trimpath = true, and see which section the report names.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let artifact = context.artifact?;
    let before = match &artifact.baseline {
        Ok(before) => before,
        Err(why) => return Some(missing(context, why)),
    };
    if let Some(why) = before.mismatch(context.facts, context.package) {
        return Some(Seen::bad(
            format!("{why}: before and after are different things"),
            "name the executable of the last release in `[compare] baseline`",
        ));
    }
    let Some(loaded) = &before.loaded else {
        let why = "only the twin of a release, linked with its symbols, is compared with it byte for byte";
        let hint = "set `[compare] baseline = \"auto\"`";
        return Some(Seen::unsaid(Cause::Other(why.into(), hint)));
    };
    equal(loaded).or_else(|| differing(context, loaded))
}

/// There is nothing to compare with.
fn missing(context: &Context<'_>, why: &str) -> Seen {
    let failed = |built: &Built| built.baseline_failure.is_some();
    if context.built.is_some_and(failed) || why.starts_with("cannot read") {
        let first = why.lines().next().unwrap_or_default();
        let what = format!("there is no before and after: {first}");
        return Seen::bad(what, "see `[compare] baseline`");
    }
    Seen::not_judged(why, "see `[compare] baseline`")
}

/// What of the release is loaded is that of its twin, but for addresses.
fn equal(loaded: &LoadedDiff) -> Option<Seen> {
    if loaded.identical {
        return Some(Seen::Good(format!(
            "stripping changed nothing that runs: {} loaded bytes are equal",
            grouped(loaded.compared)
        )));
    }
    if loaded.explained {
        let moved = loaded
            .sections
            .iter()
            .filter(|section| section.moved)
            .count();
        let pointers: u64 = loaded
            .sections
            .iter()
            .map(|section| section.relocated)
            .sum();
        return Some(Seen::Good(format!(
            "stripping changed nothing that runs: {} loaded bytes are equal, but for the addresses of {moved} sections that moved ({pointers} B of pointers)",
            grouped(loaded.compared)
        )));
    }
    None
}

/// Names what differs, and says what to set.
fn differing(context: &Context<'_>, loaded: &LoadedDiff) -> Option<Seen> {
    let what = differences(loaded);
    let info = context.artifact?.binary.as_ref()?.build_info.as_ref()?;
    let trimmed = info.setting("-trimpath") == Some("true");
    let hint = if trimmed {
        "see `gobuild-opt explain baseline`"
    } else {
        "set trimpath = true: without it the build information records the linker flags"
    };
    Some(Seen::bad(
        format!("the release differs from its twin with symbols in what is loaded: {what}"),
        hint,
    ))
}

/// The sections that differ, with the bytes that do.
fn differences(loaded: &LoadedDiff) -> String {
    let sections = loaded.sections.iter();
    let names: Vec<String> = sections
        .filter(|section| section.differing > 0 || section.before != section.after)
        .map(|section| format!("{} ({} B)", section.name, section.differing))
        .collect();
    match names.is_empty() {
        true => "the entry point or an address".to_owned(),
        false => names.join(", "),
    }
}

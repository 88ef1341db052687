//! Sentences about what a program does at run time.

use crate::check::Finding;
use crate::number::{counted, grouped, share};
use crate::report::inspection::{Inspection, RuntimeContract};
use crate::view::Block;
use crate::view::check_lines::checks;

pub(crate) fn contract(inspection: &Inspection<'_>) -> Vec<Block> {
    let runtime = &inspection.runtime;
    let mut blocks = checks(&[Finding {
        id: "gomaxprocs".into(),
        status: runtime.status,
        message: runtime.message.clone(),
        hint: runtime.hint.clone(),
    }]);
    if let Some(first) = blocks.first_mut() {
        *first = Block::heading("At run time");
    }
    let sentences = [
        limits(runtime),
        pgo(inspection),
        godebug(inspection),
        methods(inspection),
        cgo(inspection),
    ];
    blocks.extend(sentences.map(Block::plain));
    blocks
}

/// Who sets GOMAXPROCS and GOMEMLIMIT by the limits of a container.
fn limits(runtime: &RuntimeContract) -> String {
    let linked = |it: Option<bool>| match it {
        Some(true) => "linked",
        Some(false) => "not linked",
        None => "not known",
    };
    format!(
        "automaxprocs: {}; automemlimit: {}",
        linked(runtime.automaxprocs),
        linked(runtime.automemlimit)
    )
}

fn pgo(inspection: &Inspection<'_>) -> String {
    match &inspection.runtime.pgo {
        _ if inspection.build.is_none() => "PGO: unknown, for there is no build information".into(),
        None => "PGO: built without a profile".into(),
        Some(profile) => format!(
            "PGO: built with `{profile}`; how much of it fits is told by `gobuild-opt profile show FILE --binary {}`",
            inspection.file.path
        ),
    }
}

fn godebug(inspection: &Inspection<'_>) -> String {
    let settings = &inspection.runtime.godebug;
    if inspection.build.is_none() {
        return "GODEBUG: unknown, for there is no build information".into();
    }
    if settings.is_empty() {
        return "GODEBUG: every default is that of the Go version".into();
    }
    let pairs: Vec<_> = settings
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect();
    format!(
        "GODEBUG: {} held back by the go line, or set: {}",
        settings.len(),
        pairs.join(" ")
    )
}

fn methods(inspection: &Inspection<'_>) -> String {
    let Some(methods) = inspection.methods else {
        return "dead-code elimination of methods: unknown, no types could be read".into();
    };
    let share = share(methods.pruned, methods.exported);
    let counts = format!(
        "{} of {} removed ({share})",
        grouped(methods.pruned),
        counted(methods.exported, "exported method")
    );
    match methods.on {
        Some(true) => format!("dead-code elimination of methods: on, {counts}"),
        Some(false) => format!(
            "dead-code elimination of methods: OFF, {counts}: reflect.Method, text/template or the like keeps every exported method"
        ),
        None => format!("dead-code elimination of methods: too few methods to say, {counts}"),
    }
}

fn cgo(inspection: &Inspection<'_>) -> String {
    let cgo = &inspection.cgo;
    let enabled = match cgo.enabled {
        Some(true) => "enabled",
        Some(false) => "off",
        None => "unknown",
    };
    match cgo.linked {
        Some(false) => return format!("cgo: {enabled}, and not linked"),
        None => return format!("cgo: {enabled}; whether it is linked is not known"),
        Some(true) => {}
    }
    let callers = match cgo.packages.as_slice() {
        [] => String::new(),
        packages => format!(", called by {}", packages.join(", ")),
    };
    format!(
        "cgo: {enabled}, {} bytes of code that is not Go's{callers}",
        grouped(cgo.code)
    )
}

//! `escape --why SITE`: what the compiler says about one site with `-m=2`. The words of `-m=2` differ between Go versions:
//! they are shown, never read.

use std::collections::HashSet;

use super::pass::Pass;
use super::{Output, Session};
use crate::build::escapes::Collected;
use crate::error::{Error, Kind, Result};
use crate::escape::{Class, IdentifiedSite, parse};
use crate::go::Words;
use crate::lock;
use crate::plan::verbose::verbose;
use crate::plan::{Step, StepKind, TargetPlan};
use crate::process::lines::Splitter;
use crate::process::{self, Stream};
use crate::render::harmless;

/// Compiles the package of the site once more, and prints the flows to it.
pub(crate) fn why(wanted: &str, pass: Pass, session: &Session<'_>) -> Result<Output> {
    for (target, collected) in &pass.found {
        let sites = matching(wanted, collected);
        if sites.is_empty() {
            continue;
        }
        // One step per profile: the first that compiles the package tells.
        let mut text = None;
        for step in target.steps.iter().filter(|it| it.kind == StepKind::Escape) {
            let (found, told) = flows(&sites, collected, target, step, session)?;
            if told || text.is_none() {
                text = Some(found);
            }
            if told {
                break;
            }
        }
        if let Some(text) = text {
            return Ok(Output {
                text,
                is_data: true,
                ..Output::default()
            });
        }
    }
    Err(Error::new(
        Kind::Usage,
        format!("there is no site `{wanted}` in this build"),
    )
    .hint("`gobuild-opt escape --by line` lists places, `--format json` their IDs"))
}

/// Sites, those beside the scope last, by ID or by `FILE:LINE[:COLUMN]`.
fn matching(wanted: &str, collected: &Collected) -> Vec<usize> {
    let here = |it: &IdentifiedSite| {
        let source = it.site.source.as_deref().map(String::from_utf8_lossy);
        let file = source.unwrap_or_else(|| it.site.file.as_str().into());
        let line = format!("{file}:{}", it.site.line);
        let full = format!("{line}:{}", it.site.column);
        let ends = |text: &str| {
            let head = text.strip_suffix(wanted.trim_start_matches("./"));
            head.is_some_and(|it| it.is_empty() || it.ends_with('/'))
        };
        lock::id(&lock::named(&it.identity)) == wanted || ends(&line) || ends(&full)
    };
    let sites = collected.sites.iter().chain(&collected.beyond).enumerate();
    let (counted, others): (Vec<_>, Vec<_>) = sites
        .filter(|it| here(it.1))
        .partition(|it| it.1.identity.class.allocates());
    // A constant beside them was not what was asked about.
    let found = if counted.is_empty() { others } else { counted };
    found.into_iter().map(|it| it.0).collect()
}

/// What escapes, of a message such as `moved to heap: x` or `&T{...} escapes to heap`.
fn subject(message: &str) -> &str {
    let moved = message.strip_prefix("moved to heap: ");
    moved.unwrap_or_else(|| message.strip_suffix(" escapes to heap").unwrap_or(message))
}

/// The sites with their lines, and whether the compiler told anything about them.
fn flows(
    sites: &[usize],
    collected: &Collected,
    target: &TargetPlan,
    step: &Step,
    session: &Session<'_>,
) -> Result<(String, bool)> {
    let all: Vec<&IdentifiedSite> = collected.sites.iter().chain(&collected.beyond).collect();
    let first = &all[sites[0]].site;
    let file = first.file.rsplit('/').next().unwrap_or_default();
    let places: Vec<(u32, u32)> = sites
        .iter()
        .map(|it| &all[*it].site)
        .map(|it| (it.line, it.column))
        .collect();
    let package = [first.package.clone()];
    let invocation = verbose(step, &package, &target.facts);
    // Other things escape at the same place: constants, and what is inlined there.
    let subjects: Vec<&str> = sites
        .iter()
        .map(|it| subject(&all[*it].site.message))
        .collect();
    let mut blocks: Vec<Block> = Vec::new();
    let mut open = false;
    let mut words = Words::default();
    let mut line = |line: &[u8]| {
        words.keep(line);
        let Some(it) = parse::diagnostic(line) else {
            open = false;
            return;
        };
        let inside = it.message.starts_with(b" ");
        if !inside {
            let name = it.file.rsplit(|it| *it == b'/').next();
            let head = it.message.ends_with(b":")
                || memchr::memmem::find(it.message, b" escapes to heap in ").is_some();
            open = head && name == Some(file.as_bytes()) && places.contains(&(it.line, it.column));
        }
        if !open {
            return;
        }
        let text = String::from_utf8_lossy(line);
        if !inside {
            let message = String::from_utf8_lossy(it.message);
            let wanted = |it: &&str| {
                let rest = message.strip_prefix(*it);
                // The message of an append leaves out what is appended.
                let append = *it == "append" && rest.is_some_and(|it| it.starts_with('('));
                append || rest.is_some_and(|it| it.starts_with(" escapes to heap"))
            };
            blocks.push(Block {
                place: (it.line, it.column),
                wanted: subjects.iter().any(wanted),
                text: String::new(),
            });
        }
        if let Some(block) = blocks.last_mut() {
            block.text.push_str(&harmless(&text));
            block.text.push('\n');
        }
    };
    let mut splitter = Splitter::default();
    let outcome = process::run(&invocation, &session.interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, &mut line);
        }
    })?;
    splitter.finish(&mut line);
    if !outcome.status.success() {
        return Err(words.error("go list failed for -m=2", &outcome));
    }
    let told = !blocks.is_empty();
    Ok((heading(sites, &all, collected) + &chosen(blocks), told))
}

/// Each site with its line of source.
fn heading(sites: &[usize], all: &[&IdentifiedSite], collected: &Collected) -> String {
    let mut out = String::new();
    for index in sites {
        let it = all[*index];
        let function = &it.identity.function;
        out.push_str(&harmless(&format!(
            "{}  {}:{}:{}  {}.{function}: {}",
            lock::id(&lock::named(&it.identity)),
            it.site.file,
            it.site.line,
            it.site.column,
            it.site.package,
            it.site.message
        )));
        out.push('\n');
        let line = collected.excerpts.get(*index).map_or("", |it| &it.line);
        out.push_str(&harmless(&format!("    {line}")));
        out.push('\n');
        out.push_str(match it.identity.class {
            Class::Constant => {
                "    not counted: nothing is allocated, it is read-only data or has no size\n"
            }
            Class::Leaking => "    not counted: what callers hand in is allocated there\n",
            _ => "",
        });
    }
    out
}

/// What the compiler tells of something that escapes.
struct Block {
    place: (u32, u32),
    /// Whether it is one of the sites.
    wanted: bool,
    text: String,
}

/// What is told of the sites; at a place where nothing is told of them, what else escapes there.
fn chosen(mut blocks: Vec<Block>) -> String {
    let told: HashSet<(u32, u32)> = blocks
        .iter()
        .filter(|it| it.wanted)
        .map(|it| it.place)
        .collect();
    blocks.retain(|it| it.wanted || !told.contains(&it.place));
    // Each copy that was inlined is told again.
    let mut seen = HashSet::new();
    blocks.retain(|it| seen.insert(it.text.clone()));
    blocks.into_iter().map(|it| it.text).collect()
}

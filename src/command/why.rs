//! `escape --why SITE`: what the compiler says about one site with `-m=2`. The words of `-m=2` differ between Go versions:
//! they are shown, never read.

use std::collections::HashSet;

use super::pass::Pass;
use super::{Output, Session};
use crate::build::escape_pass::Collected;
use crate::build::replay::replay;
use crate::error::{Error, Kind, Result};
use crate::escape::parse::{self, Diagnostic};
use crate::escape::{Class, IdentifiedSite};
use crate::lock;
use crate::plan::{Step, StepKind, TargetPlan};
use crate::render::harmless;

/// Compiles the package of the site once more, and prints the flows to it.
pub(crate) fn why(wanted: &str, pass: Pass, session: &Session<'_>) -> Result<Output> {
    for (target, collected) in &pass.found {
        let sites = matching(wanted, collected);
        if sites.is_empty() {
            continue;
        }
        if let Some(text) = explained(&sites, collected, target, session)? {
            return Ok(Output {
                text,
                is_data: true,
                ..Output::default()
            });
        }
    }
    let message = format!("there is no site `{wanted}` in this build");
    Err(Error::new(Kind::Usage, message)
        .hint("`gobuild-opt escape --by line` lists places, `--format json` their IDs"))
}

/// What the compiler reports of sites, by one step per profile: the first that compiles the package has the answer.
fn explained(
    sites: &[usize],
    collected: &Collected,
    target: &TargetPlan,
    session: &Session<'_>,
) -> Result<Option<String>> {
    let mut first = None;
    for step in target.steps.iter().filter(|it| it.kind == StepKind::Escape) {
        let (text, has_flows) = flows(sites, collected, target, step, session)?;
        if has_flows {
            return Ok(Some(text));
        }
        first.get_or_insert(text);
    }
    Ok(first)
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

/// The sites with their lines, and whether the compiler reported anything about them.
fn flows(
    sites: &[usize],
    collected: &Collected,
    target: &TargetPlan,
    step: &Step,
    session: &Session<'_>,
) -> Result<(String, bool)> {
    let all: Vec<&IdentifiedSite> = collected.sites.iter().chain(&collected.beyond).collect();
    let wanted = || sites.iter().map(|index| &all[*index].site);
    let first = &all[sites[0]].site;
    let mut reading = Reading {
        file: first.file.rsplit('/').next().unwrap_or_default(),
        places: wanted().map(|site| (site.line, site.column)).collect(),
        // Other things escape at the same place: constants, and what is inlined there.
        subjects: wanted().map(|site| subject(&site.message)).collect(),
        blocks: Vec::new(),
        open: false,
    };
    let package = [first.package.clone()];
    replay(step, target, &package, &session.interrupt, |line| {
        reading.line(line)
    })?;
    let blocks = reading.blocks;
    let told = !blocks.is_empty();
    Ok((heading(sites, &all, collected) + &chosen(blocks), told))
}

/// What is read of the compiler's words.
struct Reading<'a> {
    /// The name of the file of the sites.
    file: &'a str,
    places: Vec<(u32, u32)>,
    /// What escapes at the sites.
    subjects: Vec<&'a str>,
    blocks: Vec<Block>,
    /// Whether the line before belongs to a site.
    open: bool,
}

impl Reading<'_> {
    fn line(&mut self, line: &[u8]) {
        let Some(found) = parse::diagnostic(line) else {
            self.open = false;
            return;
        };
        let place = (found.line, found.column);
        let inside = found.message.starts_with(b" ");
        if !inside {
            self.open = self.begins(&found);
        }
        if !self.open {
            return;
        }
        if !inside {
            self.blocks.push(Block {
                place,
                wanted: self.is_wanted(found.message),
                text: String::new(),
            });
        }
        if let Some(block) = self.blocks.last_mut() {
            block
                .text
                .push_str(&harmless(&String::from_utf8_lossy(line)));
            block.text.push('\n');
        }
    }

    /// Whether what the compiler says of something at the place of a site begins here.
    fn begins(&self, found: &Diagnostic<'_>) -> bool {
        let name = found.file.rsplit(|byte| *byte == b'/').next();
        let head = found.message.ends_with(b":")
            || memchr::memmem::find(found.message, b" escapes to heap in ").is_some();
        head && name == Some(self.file.as_bytes())
            && self.places.contains(&(found.line, found.column))
    }

    /// Whether a message is about a site.
    fn is_wanted(&self, message: &[u8]) -> bool {
        let message = String::from_utf8_lossy(message);
        let is_about = |subject: &&str| {
            let rest = message.strip_prefix(*subject);
            // The message of an append leaves out what is appended.
            let append = *subject == "append" && rest.is_some_and(|rest| rest.starts_with('('));
            append || rest.is_some_and(|rest| rest.starts_with(" escapes to heap"))
        };
        self.subjects.iter().any(is_about)
    }
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

/// What the compiler reports of something that escapes.
struct Block {
    place: (u32, u32),
    /// Whether it is one of the sites.
    wanted: bool,
    text: String,
}

/// What is reported of the sites; at a place where nothing is reported of them, what else escapes there.
fn chosen(mut blocks: Vec<Block>) -> String {
    let told: HashSet<(u32, u32)> = blocks
        .iter()
        .filter(|it| it.wanted)
        .map(|it| it.place)
        .collect();
    blocks.retain(|it| it.wanted || !told.contains(&it.place));
    // Each copy that was inlined is reported again.
    let mut seen = HashSet::new();
    blocks.retain(|it| seen.insert(it.text.clone()));
    blocks.into_iter().map(|it| it.text).collect()
}

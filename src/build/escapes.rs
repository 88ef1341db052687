//! The escape pass run, sites with their names and lines of source out.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::time::Duration;

use super::{Event, failure};
use crate::config::Config;
use crate::error::Result;
use crate::escape::{self, Collector, Escapes, IdentifiedSite, Remark, Site};
use crate::go::{Package, Words};
use crate::plan::{Step, TargetPlan, scope};
use crate::process::lines::Splitter;
use crate::process::{self, Interrupt, Stream};

/// The largest file of source that is read: what is larger was generated, and its syntax tree would take gigabytes.
const LARGEST: u64 = 8 << 20;

/// The longest line of source that is kept, in bytes.
const LONGEST: usize = 400;

/// What starts a comment that takes a site out of the findings.
const IGNORE: &str = "//gobuild-opt:ignore";

/// What an escape pass left.
#[derive(Debug, Default)]
pub struct Collected {
    /// How long go took.
    pub wall: Duration,
    /// The counts.
    pub escapes: Escapes,
    /// The sites of the scope, constants too.
    pub sites: Vec<IdentifiedSite>,
    /// The source of each site, in the same order.
    pub excerpts: Vec<Excerpt>,
    /// The sites of packages beside the scope.
    pub beyond: Vec<IdentifiedSite>,
    /// Inlining and bounds checks; empty where nothing is asserted.
    pub remarks: Vec<Remark>,
}

/// The source of a site.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Excerpt {
    /// The line, without white space around it; empty where the source could not be read.
    pub line: String,
    /// What stands behind `//gobuild-opt:ignore` on the line and the one above.
    pub ignore: Vec<String>,
}

/// Runs the escape pass; keeps what assertions need where there are any. Fails with Go's own words when the code does not
/// compile.
pub fn collect(
    step: &Step,
    target: &TargetPlan,
    config: &Config,
    asserted: bool,
    interrupt: &Interrupt,
    show: &mut dyn FnMut(Event<'_>),
) -> Result<Collected> {
    let sources = sources(target, step);
    let mut collector = Collector::new(&sources)
        .with_sites(true)
        .with_remarks(asserted);
    let mut words = Words::default();
    let mut splitter = Splitter::default();
    let outcome = process::run(&step.invocation, interrupt, |stream, bytes| {
        if stream == Stream::Stderr {
            splitter.push(bytes, |line| {
                collector.line(line);
                words.keep(line);
                if let Some(path) = line.strip_prefix(b"# ") {
                    show(Event::Package(&String::from_utf8_lossy(path)));
                }
            });
        }
    })?;
    splitter.finish(|line| {
        collector.line(line);
        words.keep(line);
    });
    if !outcome.status.success() {
        return Err(words.error(failure(step.kind), &outcome));
    }
    let scope = scope::patterns(&config.escape.scope, &target.facts.packages);
    let finished = collector.finish_with_all(|it| scope::contains(&scope, &it.import_path));
    let (sites, excerpts) = named(&finished.sites);
    let mut escapes = finished.escapes;
    escape::recount(&mut escapes, &sites);
    let beyond = match asserted {
        true => named(&finished.beyond).0,
        false => Vec::new(),
    };
    Ok(Collected {
        wall: outcome.wall,
        escapes,
        sites,
        excerpts,
        beyond,
        remarks: finished.remarks,
    })
}

/// Names the sites by their sources, each of which is read once.
fn named(sites: &[Site]) -> (Vec<IdentifiedSite>, Vec<Excerpt>) {
    let mut wanted: HashMap<&[u8], Vec<u32>> = HashMap::new();
    for site in sites {
        if let Some(path) = &site.source {
            wanted.entry(path).or_default().push(site.line);
        }
    }
    let mut found: HashMap<(Vec<u8>, u32), Excerpt> = HashMap::new();
    let identified = escape::identify(sites, |path| {
        let bytes = read(path)?;
        let starts = line_starts(&bytes);
        for line in wanted.get(path).into_iter().flatten() {
            found
                .entry((path.to_vec(), *line))
                .or_insert_with(|| excerpt(&bytes, &starts, *line));
        }
        Some(bytes)
    });
    let excerpt = |it: &IdentifiedSite| {
        let key = (it.site.source.clone()?, it.site.line);
        found.get(&key).cloned()
    };
    let excerpts = identified
        .iter()
        .map(|it| excerpt(it).unwrap_or_default())
        .collect();
    (identified, excerpts)
}

/// A regular file that is not too large.
pub fn read(path: &[u8]) -> Option<Vec<u8>> {
    let file = File::open(Path::new(OsStr::from_bytes(path))).ok()?;
    let metadata = file.metadata().ok()?;
    if !metadata.is_file() || metadata.len() > LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    file.take(LARGEST).read_to_end(&mut bytes).ok()?;
    Some(bytes)
}

fn line_starts(bytes: &[u8]) -> Vec<usize> {
    std::iter::once(0)
        .chain(memchr::memchr_iter(b'\n', bytes).map(|it| it + 1))
        .collect()
}

/// A line of a file, without white space around it.
pub fn excerpt_of(bytes: &[u8], line: u32) -> String {
    excerpt(bytes, &line_starts(bytes), line).line
}

fn excerpt(bytes: &[u8], starts: &[usize], line: u32) -> Excerpt {
    let text = |line: u32| -> Option<&[u8]> {
        let index = (line as usize).checked_sub(1)?;
        let start = *starts.get(index)?;
        let end = starts.get(index + 1).map_or(bytes.len(), |it| it - 1);
        bytes.get(start..end).map(<[u8]>::trim_ascii)
    };
    let own = text(line).unwrap_or_default();
    let above = text(line.saturating_sub(1)).unwrap_or_default();
    let directive = |it: &[u8]| {
        let it = String::from_utf8_lossy(it).into_owned();
        let at = it.find(IGNORE)?;
        Some(it[at + IGNORE.len()..].trim().to_owned())
    };
    // Behind code of its own, a directive is about that line.
    let above = above.starts_with(IGNORE.as_bytes()).then_some(above);
    Excerpt {
        line: String::from_utf8_lossy(&own[..own.len().min(LONGEST)]).into_owned(),
        ignore: [Some(own), above]
            .into_iter()
            .flatten()
            .filter_map(directive)
            .collect(),
    }
}

/// What the compiler's text is read with.
pub fn sources(target: &TargetPlan, step: &Step) -> escape::Sources {
    let package = |it: &Package| escape::Package {
        import_path: it.import_path.clone(),
        name: it.name.clone(),
        dir: it.dir.clone().into_bytes(),
        module: it.module.as_ref().map(|it| it.path.clone()),
        version: it
            .module
            .as_ref()
            .map(|it| it.version.clone())
            .filter(|it| !it.is_empty()),
        standard: it.standard,
    };
    escape::Sources {
        packages: target.facts.packages.iter().map(package).collect(),
        directory: step.invocation.cwd.as_os_str().as_encoded_bytes().to_vec(),
        trimpath: step.invocation.args.iter().any(|it| it == "-trimpath"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directive_holds_on_its_line_and_the_next() {
        let source =
            b"package p\n\t//gobuild-opt:ignore boxing why\n\ta(b)\n\tc(d) //gobuild-opt:ignore moved x\n\te()";
        let starts = line_starts(source);
        let check = |line| {
            let it = excerpt(source, &starts, line);
            format!("{} | {}", it.line, it.ignore.join(", "))
        };
        assert_eq!(check(3), "a(b) | boxing why");
        assert_eq!(check(4), "c(d) //gobuild-opt:ignore moved x | moved x");
        assert_eq!(check(5), "e() | ");
        assert_eq!(check(9), " | ");
        assert_eq!(check(0), " | ");
    }
}

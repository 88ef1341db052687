//! `inspect`: what an executable is made of.

mod here;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use sha2::{Digest, Sha256};

use super::named_executable::open;
use super::present::{Blocks, check, emit};
use super::{Output, Session, profile};
use crate::binary::{self, Anatomy, Request};
use crate::check::gomaxprocs::FUNCTION;
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::number::hex;
use crate::process::Interrupt;
use crate::profile::Weights;
use crate::render::{Format, Shows};
use crate::report::Filter;
use crate::report::exact_numbers;
use crate::report::inspection::{Inspection, Source, View, inspection, objects};
use crate::view::inspected;

/// Reads the file, says whose every byte is.
pub(crate) fn run(args: &cli::Inspect, session: &mut Session<'_>) -> Result<Output> {
    check(Shows::ANATOMY, &args.output)?;
    let bytes = open(&args.binary, &session.cwd)?;
    let wanted = Extras {
        digest: args.output.formats().any(|format| format == Format::Json),
        objects: args.why_bytes.is_some(),
        ..Extras::default()
    };
    let arch = args.arch.as_deref();
    let dissected = dissect(&args.binary, &bytes, arch, wanted, &session.interrupt)?;
    let view = View {
        by: args.by,
        top: args.top,
        ..View::default()
    };
    let mut found = inspected(&dissected, view, args, session)?;
    let profile = weights(args, session)?;
    let blocks = Blocks::of(&args.output, |page| match page {
        None => inspected::outline(&found, view, None),
        Some(page) => inspected::outline(&found, view.drawn(page), profile.as_ref()),
    });
    if let Some(top) = args.top {
        found.functions.truncate(top);
    }
    let measures = || exact_numbers::of_inspection(&found);
    let output = emit(&found, &blocks, &measures, &args.output, session)?;
    Ok(Output {
        is_data: true,
        ..output
    })
}

/// What an executable is made of, as far as it is asked for.
fn inspected<'a>(
    dissected: &'a Dissected<'_>,
    view: View,
    args: &cli::Inspect,
    session: &mut Session<'_>,
) -> Result<Inspection<'a>> {
    let tables_only = args.output.formats().all(|format| !format.is_data());
    // A table needs the functions that it lists, and those whose frame it does not say.
    let most = match tables_only && args.filter.is_none() {
        true => view.lines().saturating_add(inspected::NEVER_SHOWN),
        false => usize::MAX,
    };
    let mut found = dissected.inspection(most)?;
    if args.retained {
        found.retain(&here::retained(&dissected.anatomy, &args.binary, session)?);
    }
    if let Some(filter) = args.filter.as_ref().filter(|text| !text.is_empty()) {
        found.keep(&Filter(filter.clone()));
    }
    if let Some(package) = &args.why_bytes {
        found.objects = Some(objects(&dissected.anatomy, package, view.lines())?);
    }
    Ok(found)
}

/// How much of a profile is spent where, for the treemap.
fn weights(args: &cli::Inspect, session: &Session<'_>) -> Result<Option<Weights>> {
    let Some(name) = &args.profile else {
        return Ok(None);
    };
    if !args.output.formats().any(Format::draws) {
        let message = "`--profile` is shown in treemaps, and none is asked for";
        return Err(Error::new(Kind::Usage, message)
            .hint("add `--format html`, or `--report FILE.html`; `gobuild-opt profile show FILE` shows the profile itself"));
    }
    let profile = profile::load(name, session)?.profile;
    let value = profile.pgo_value_index();
    let value = value.unwrap_or_else(|| profile.shown_value_index());
    Ok(Some(crate::profile::weights(&profile, value)))
}

/// An executable that was read, borrowed from its bytes.
pub(crate) struct Dissected<'a> {
    anatomy: Anatomy<'a>,
    source: Source,
}

impl Dissected<'_> {
    /// What it means; `most` is how many functions are looked at one by one.
    pub(crate) fn inspection(&self, most: usize) -> Result<Inspection<'_>> {
        let found = inspection(&self.anatomy, self.source.clone(), most);
        found.map_err(|error| named(Path::new(&self.source.path), error))
    }
}

/// What is wanted of a file beyond its anatomy.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Extras {
    /// SHA-256 of all of it.
    pub(crate) digest: bool,
    /// Its objects, one by one.
    pub(crate) objects: bool,
    /// Owners by references though there are symbols.
    pub(crate) without_symbols: bool,
}

/// The anatomy of the bytes of a file and, where it is wanted, their digest; of a universal file, of the slice for `arch`.
pub(crate) fn dissect<'a>(
    path: &Path,
    bytes: &'a [u8],
    arch: Option<&str>,
    wanted: Extras,
    interrupt: &Interrupt,
) -> Result<Dissected<'a>> {
    let bytes = slice(bytes, arch).map_err(|error| named(path, error))?;
    let useless = AtomicBool::new(false);
    // Both read the whole file: the digest on another processor, where there is one.
    let (anatomy, sha256) = std::thread::scope(|scope| {
        let goes_on = || interrupt.check().is_ok() && !useless.load(Ordering::Relaxed);
        let digest = wanted
            .digest
            .then(|| scope.spawn(move || digest_of(bytes, goes_on)));
        let request = Request {
            objects: wanted.objects,
            without_symbols: wanted.without_symbols,
            callers_of: Some(FUNCTION),
        };
        let anatomy = binary::anatomy_with(bytes, &request);
        useless.store(anatomy.is_err(), Ordering::Relaxed);
        (anatomy, digest.map(|thread| thread.join()))
    });
    interrupt.check()?;
    let anatomy = anatomy.map_err(|error| named(path, error))?;
    Ok(Dissected {
        source: Source {
            path: path.display().to_string(),
            sha256: sha256
                .and_then(|text| text.unwrap_or_else(|panic| std::panic::resume_unwind(panic))),
            gomaxprocs: anatomy.callers.clone(),
        },
        anatomy,
    })
}

/// SHA-256 in hex, unless that no longer matters: a file may have terabytes.
fn digest_of(bytes: &[u8], goes_on: impl Fn() -> bool) -> Option<String> {
    let mut digest = Sha256::new();
    for piece in bytes.chunks(1 << 20) {
        if !goes_on() {
            return None;
        }
        digest.update(piece);
    }
    Some(hex(&digest.finalize()))
}

fn named(path: &Path, error: Error) -> Error {
    let message = format!("cannot inspect `{}`: {error}", path.display());
    let hint = error.hint.unwrap_or_else(|| {
        "name an executable that `go build` wrote; if it is one, copy or build it again".into()
    });
    Error::new(error.kind, message).hint(hint)
}

/// The part of a universal file for an architecture; any other file is its own only part.
pub(crate) fn slice<'a>(bytes: &'a [u8], arch: Option<&str>) -> Result<&'a [u8]> {
    let slices = binary::slices(bytes)?;
    let names: Vec<&str> = slices.iter().filter_map(|slice| slice.goarch).collect();
    match (slices.as_slice(), arch) {
        ([only], None) => Ok(only.bytes),
        ([only], Some(_)) if only.goarch.is_none() => Ok(only.bytes),
        (several, Some(arch)) => match several.iter().find(|slice| slice.goarch == Some(arch)) {
            Some(found) => Ok(found.bytes),
            None => Err(
                Error::new(Kind::Usage, format!("it has no part for `{arch}`"))
                    .hint(format!("its parts: {}", names.join(", "))),
            ),
        },
        (_, None) => Err(Error::new(
            Kind::Usage,
            "a universal file holds one executable per architecture",
        )
        .hint(format!("choose one of {} with `--arch`", names.join(", ")))),
    }
}

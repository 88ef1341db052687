//! Reads the profiles that are wanted, and makes of them the files that go gets.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::derive::{self, Weighed, derive};
use super::repair_wish::Wish;
use super::{Candidate, Choice, Part, Request, calls, is_usable};
use crate::config::pgo_keys::Profiles;
use crate::error::{Error, Result};
use crate::number::hex;
use crate::profile::{self, Edge, Judgement};

/// A file as it was read.
pub(crate) struct Found {
    /// The main packages it is for.
    packages: Vec<String>,
    /// As it is shown.
    pub(crate) path: PathBuf,
    weight: f64,
    bytes: Option<Vec<u8>>,
    /// What it is worth; `None` when there is no file.
    pub(crate) judgement: Option<Judgement>,
}

impl Found {
    /// Whether Go will read calls from it.
    pub(crate) fn is_usable(&self) -> bool {
        is_usable(self.judgement.as_ref())
    }
}

pub(crate) fn look(
    wish: &Wish<'_>,
    cwd: &Path,
    read: &impl Fn(&Path) -> Result<Option<Vec<u8>>>,
) -> Result<Vec<Found>> {
    let look = |(packages, path, weight): (Vec<String>, PathBuf, f64)| {
        let bytes = read(&path)?;
        Ok(Found {
            packages,
            weight,
            judgement: bytes.as_deref().map(profile::judge),
            bytes,
            path: path.strip_prefix(cwd).unwrap_or(&path).to_path_buf(),
        })
    };
    wish.files(cwd).into_iter().map(look).collect()
}

impl Found {
    /// It as a part of a list.
    fn part(&self) -> Part {
        Part {
            path: self.path.clone(),
            weight: self.weight,
            samples: self.judgement.as_ref().and_then(|it| it.samples),
        }
    }

    /// Its bytes, and how much they count; `None` where there is no file.
    fn weighed(&self) -> Option<Weighed<'_>> {
        Some(Weighed {
            bytes: self.bytes.as_deref()?,
            weight: self.weight,
        })
    }
}

pub(crate) fn candidates(
    wish: &Wish<'_>,
    request: &Request<'_>,
    found: Vec<Found>,
    usable: bool,
) -> Result<Vec<Candidate>> {
    let merged = matches!(wish.value.as_ref(), Profiles::Merged(_));
    if usable && merged {
        return Ok(vec![merge(wish, request, &found)?]);
    }
    found
        .into_iter()
        .map(|found| candidate(request, found))
        .collect()
}

fn candidate(request: &Request<'_>, found: Found) -> Result<Candidate> {
    let bytes = found.bytes.as_deref();
    let read = bytes.and_then(calls);
    let mut candidate = Candidate {
        sha256: bytes.map(|byte| hex(&Sha256::digest(byte))),
        calls: read.as_ref().map(|read| Arc::clone(&read.0)),
        weights: read.as_ref().map(|read| Arc::clone(&read.1)),
        worth: read.as_ref().and_then(|read| read.3.clone()),
        heat: read.map(|read| read.2),
        packages: found.packages,
        path: found.path,
        parts: Vec::new(),
        judgement: found.judgement,
        derived: None,
    };
    let hides = candidate.is_usable() && !request.settings.no_inline.is_empty();
    if let Some(bytes) = bytes.filter(|_| hides) {
        let name = candidate.path.file_name().unwrap_or_default();
        let name = name.to_string_lossy().into_owned();
        let parts = [Weighed { bytes, weight: 1.0 }];
        let derived = derive(&parts, hide(request), &name, request.cache)?;
        if !derived.hidden.is_empty() {
            candidate.replace(derived);
        }
    }
    Ok(candidate)
}

fn merge(wish: &Wish<'_>, request: &Request<'_>, found: &[Found]) -> Result<Candidate> {
    let weighed = found.iter().filter_map(Found::weighed);
    let weighed: Vec<Weighed<'_>> = weighed.collect();
    let shown = found.iter().map(|found| found.path.display().to_string());
    let shown: Vec<String> = shown.collect();
    let derived = derive(&weighed, hide(request), derive::MERGED, request.cache);
    let derived = derived.map_err(|error| {
        let message = format!("cannot merge {}: {error}", shown.join(", "));
        Error::new(error.kind, message).hint("a list takes CPU profiles of one kind")
    })?;
    let mut candidate = Candidate {
        packages: wish.owners(),
        path: shown.join(" + ").into(),
        parts: found.iter().map(Found::part).collect(),
        sha256: None,
        judgement: Some(profile::judge(&derived.bytes)),
        calls: None,
        weights: None,
        heat: None,
        worth: None,
        derived: None,
    };
    candidate.replace(derived);
    Ok(candidate)
}

fn hide(request: &Request<'_>) -> impl Fn(&Edge) -> bool {
    let mains = main_paths(request);
    let patterns = request.settings.no_inline.clone();
    move |edge| {
        let named = |text: &String| derive::is_named(text, &edge.callee, &mains);
        patterns.iter().any(named)
    }
}

fn main_paths(request: &Request<'_>) -> Vec<String> {
    let mains = request
        .packages
        .iter()
        .filter(|package| package.is_named_main());
    mains.map(|package| package.import_path.clone()).collect()
}

pub(crate) fn unmatched(request: &Request<'_>, choice: &Choice) -> Vec<String> {
    let mains = main_paths(request);
    let hidden = || {
        let derived = choice
            .candidates
            .iter()
            .filter_map(|candidate| candidate.derived.as_ref());
        derived.flat_map(|derived| &derived.hidden)
    };
    let usable = choice.candidates.iter().any(Candidate::is_usable);
    let names = request.settings.no_inline.iter().filter(|_| usable);
    names
        .filter(|name| !hidden().any(|edge| derive::is_named(name, &edge.callee, &mains)))
        .cloned()
        .collect()
}

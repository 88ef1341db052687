//! Reads the stack frames of the functions that assertions name.

use std::collections::{HashMap, HashSet};

use crate::assertion::{Judged, Subject};
use crate::escape::remark;
use crate::{binary, profile};

/// The functions that assertions name, as the executable has them.
#[derive(Debug, Clone, Default)]
pub(crate) struct Frames {
    /// The import path of the main package, which executables call `main`.
    main: String,
    /// By import path and name without type arguments, the largest of all instances; or why nothing is known.
    found: Option<HashMap<(String, String), u32>>,
}

impl Frames {
    pub(super) fn of(asserted: &Judged, main: &str, bytes: &[u8]) -> Self {
        let wanted = |subject: &&Subject| subject.whole && !subject.function.is_empty();
        let wanted: HashSet<&str> = asserted
            .subjects
            .iter()
            .filter(wanted)
            .map(|subject| subject.function.as_str())
            .collect();
        let mut frames = Self {
            main: main.to_owned(),
            found: None,
        };
        if wanted.is_empty() {
            return frames;
        }
        let Some(anatomy) = binary::anatomy(bytes)
            .ok()
            .filter(|anatomy| !anatomy.functions.is_empty())
        else {
            return frames;
        };
        let mut found: HashMap<(String, String), u32> = HashMap::new();
        for it in &anatomy.functions {
            let name = anatomy.name(it);
            let package = profile::symbol_parts::package(&name);
            let rest = name[package.len()..].trim_start_matches('.');
            let plain = remark::plain(rest.as_bytes());
            if wanted.contains(plain.as_str()) {
                let frame = found.entry((unescaped(package), plain)).or_default();
                *frame = it.frame.max(*frame);
            }
        }
        frames.found = Some(found);
        frames
    }

    /// The largest frame of a function in bytes, `None` where the executable has no copy of it. Fails where it does not tell
    /// its functions.
    pub(crate) fn frame(&self, package: &str, function: &str) -> Result<Option<u32>, &'static str> {
        let Some(found) = &self.found else {
            return Err("the executable does not tell its functions");
        };
        let package = if package == self.main {
            "main"
        } else {
            package
        };
        Ok(found
            .get(&(package.to_owned(), function.to_owned()))
            .copied())
    }
}

/// The linker writes a dot in the last element of a path as `%2e` (`PathToPrefix`, `cmd/internal/objabi/path.go`).
fn unescaped(path: &str) -> String {
    let mut out = Vec::with_capacity(path.len());
    let mut rest = path.as_bytes();
    while let Some((first, tail)) = rest.split_first() {
        let code = rest
            .get(1..3)
            .filter(|_| *first == b'%')
            .and_then(|bytes| u8::from_str_radix(std::str::from_utf8(bytes).ok()?, 16).ok());
        out.push(code.unwrap_or(*first));
        rest = if code.is_some() { &rest[3..] } else { tail };
    }
    String::from_utf8_lossy(&out).into_owned()
}

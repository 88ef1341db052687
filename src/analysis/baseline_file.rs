//! What an executable is compared with: another build, opened; and whether it is the same program with its symbols.

use std::path::{Path, PathBuf};

use super::Before;
use super::dissected::{self, Dissected};
use crate::binary::{self, LoadedDiff, Mapped};
use crate::build::Built;
use crate::error::Error;
use crate::plan::output::Executable;
use crate::plan::twins::Twin;
use crate::plan::{Baseline, TargetPlan};

/// A baseline that was opened.
pub(crate) struct Opened {
    kind: &'static str,
    path: PathBuf,
    bytes: Mapped,
    loaded: Option<LoadedDiff>,
}

/// Opens the baseline of an executable; `after` are the bytes of that. Fails with a reason why there is none.
pub(crate) fn open(
    target: &TargetPlan,
    built: &Built,
    executable: &Executable,
    after: &Mapped,
) -> Result<Opened, String> {
    let (kind, path) = match &target.baseline {
        Baseline::None(why) => return Err((*why).to_owned()),
        Baseline::Built { kind, directory } => {
            if let Some(failure) = &built.baseline_failure {
                return Err(failure.clone());
            }
            (*kind, directory.join(&executable.name))
        }
        Baseline::File(pattern) => ("file", fill(pattern, target, executable)),
    };
    let bytes = binary::open(&path).map_err(|error| unreadable(&path, &error))?;
    let loaded = match Twin::named(kind) {
        Some(_) => binary::compare_files(&bytes, after).ok(),
        None => None,
    };
    Ok(Opened {
        kind,
        path,
        bytes,
        loaded,
    })
}

fn unreadable(path: &Path, error: &Error) -> String {
    format!("cannot read the baseline `{}`: {error}", path.display())
}

impl Opened {
    /// The same program with its symbols, where that is proven: packages own loaded bytes only, and those are equal. What it
    /// says of packages, functions and types is true of both.
    pub(crate) fn twin(&self) -> Option<&Mapped> {
        let loaded = self.loaded.as_ref()?;
        (loaded.identical || loaded.explained).then_some(&self.bytes)
    }

    /// Gives its memory back until it is read again.
    pub(crate) fn forget(&self) {
        self.bytes.forget();
    }

    /// What the report says of it; `found` is what was read of the executable, or of the twin in its place.
    pub(crate) fn read(self, found: Option<&Dissected>) -> Result<Before, String> {
        let shown = |error: Error| unreadable(&self.path, &error);
        let (binary, sizes) = match self.twin() {
            Some(bytes) => {
                let sizes = found.and_then(|dissected| dissected.sizes.clone());
                (binary::read(bytes).map_err(shown)?, sizes)
            }
            None => {
                let found = dissected::dissect(&self.bytes, None, None).map_err(shown)?;
                (found.binary, found.sizes)
            }
        };
        Ok(Before {
            kind: self.kind,
            binary,
            sizes,
            loaded: self.loaded,
        })
    }
}

fn fill(pattern: &str, target: &TargetPlan, executable: &Executable) -> PathBuf {
    let toolchain = &target.facts.toolchain;
    let name = Path::new(&executable.name)
        .file_stem()
        .unwrap_or_default()
        .to_string_lossy();
    PathBuf::from(
        pattern
            .replace("{name}", &name)
            .replace("{os}", &toolchain.goos)
            .replace("{arch}", &toolchain.goarch),
    )
}

//! Takes calls out of a profile that was chosen.

use std::path::Path;

use super::derive::{Derived, Weighed, derive};
use super::{Candidate, Choice, Use, is_mine};
use crate::error::Result;
use crate::plan::Reason;
use crate::profile::Edge;

impl Choice {
    /// Takes calls out of the profile of a main package, beside those that are out already, so that the compiler does not
    /// inline them for being hot. `mains` are the main packages of the build, `bytes` is the file that go reads until now.
    ///
    /// Returns what go gets instead, to be written; `None` where the profile has none of the calls. Fails with
    /// [`Kind::Usage`](crate::error::Kind::Usage) for a file that is no profile any more.
    pub(crate) fn cut(
        &mut self,
        package: &str,
        mains: &[String],
        bytes: &[u8],
        hide: impl Fn(&Edge) -> bool,
        cache: &Path,
    ) -> Result<Option<Derived>> {
        let mine = |candidate: &Candidate| is_mine(&candidate.packages, package);
        let Some(index) = self.candidates.iter().position(mine) else {
            return Ok(None);
        };
        let candidate = &mut self.candidates[index];
        let before = candidate.derived.take();
        let file = before.as_ref().map(|derived| &derived.path);
        let name = file.unwrap_or(&candidate.path).file_name();
        let name = name.unwrap_or_default().to_string_lossy();
        let parts = [Weighed { bytes, weight: 1.0 }];
        let mut derived = derive(&parts, hide, &name, cache)?;
        if derived.hidden.is_empty() {
            candidate.derived = before;
            return Ok(None);
        }
        let hidden = before.into_iter().flat_map(|derived| derived.hidden);
        derived.hidden.extend(hidden);
        candidate.replace(derived.clone());
        let owners = candidate.packages.clone();
        let owners = if owners.is_empty() { mains } else { &owners };
        self.route(owners, mains, &derived, package);
        Ok(Some(derived))
    }

    /// Builds these main packages with a profile of their own from now on.
    fn route(&mut self, packages: &[String], mains: &[String], derived: &Derived, package: &str) {
        let candidate = self.candidate(package);
        let applied = candidate.is_some_and(|candidate| candidate.calls.is_some());
        let from = self.of(package).map(|used| used.reason.from.clone());
        for it in self.uses.iter_mut().filter(|used| used.packages.is_empty()) {
            it.packages = mains.to_vec();
        }
        for it in &mut self.uses {
            it.packages.retain(|package| !packages.contains(package));
        }
        self.uses.retain(|used| !used.packages.is_empty());
        let path = derived.path.to_string_lossy();
        let value = if applied { &path } else { "off" };
        self.uses.push(Use {
            packages: packages.to_vec(),
            reason: Reason {
                flag: format!("-pgo={value}"),
                why: "the profile without calls that make stack frames grow".into(),
                from: from.unwrap_or_default(),
            },
            applied,
            refused: false,
        });
        if let [one] = self.uses.as_mut_slice() {
            one.packages.clear();
        }
    }
}

//! Decides whether a baseline is the same program for the same platform.

use super::Before;
use crate::plan::Facts;

impl Before {
    /// Why a file is not an earlier build of a main package for the same platform; `None` where it is.
    pub(crate) fn mismatch(&self, facts: &Facts, package: &str) -> Option<String> {
        if self.kind != "file" {
            return None;
        }
        let Some(info) = &self.binary.build_info else {
            return Some(
                "the baseline has no build information: whether it is this program is not known"
                    .into(),
            );
        };
        let toolchain = &facts.toolchain;
        let here = format!("{}/{}", toolchain.goos, toolchain.goarch);
        if let (Some(goos), Some(goarch)) = (info.setting("GOOS"), info.setting("GOARCH"))
            && format!("{goos}/{goarch}") != here
        {
            return Some(format!(
                "the baseline is for {goos}/{goarch} and this is {here}"
            ));
        }
        let named = |text: &str| !matches!(text, "" | "command-line-arguments");
        let other =
            named(&info.path) && named(package) && unversioned(&info.path) != unversioned(package);
        other.then(|| format!("the baseline is `{}` and this is `{package}`", info.path))
    }
}

/// A new major version of a module is still the same program.
fn unversioned(path: &str) -> String {
    let is_version = |text: &&str| {
        let number = text.strip_prefix('v').unwrap_or_default();
        !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    };
    let parts = path.split('/').filter(|part| !is_version(part));
    parts.collect::<Vec<_>>().join("/")
}

//! Parses the output of `go list -deps -json` into packages and modules.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::error::{Error, Kind, Result};

/// The fields that are asked for; Go computes only what is named.
pub(crate) const FIELDS: &str =
    "ImportPath,Name,Dir,Standard,DepOnly,Module,GoFiles,CgoFiles,SFiles,DefaultGODEBUG";

/// A package of the build.
#[derive(Debug, Clone, Deserialize, Default)]
#[serde(rename_all = "PascalCase", default)]
pub struct Package {
    /// `example.com/app/cmd/api`; `command-line-arguments` for a list of files.
    pub import_path: String,
    /// `main` for a command.
    pub name: String,
    /// The directory of its sources.
    pub dir: String,
    /// Part of the standard library.
    pub standard: bool,
    /// Not named on the command line, only needed.
    pub(crate) dep_only: bool,
    /// The module it comes from.
    pub module: Option<Module>,
    /// Its Go files.
    pub(crate) go_files: Vec<String>,
    /// Its Go files that import "C".
    pub(crate) cgo_files: Vec<String>,
    /// Its assembly files.
    #[serde(rename = "SFiles")]
    pub(crate) s_files: Vec<String>,
    /// The GODEBUG defaults of a main package.
    #[serde(rename = "DefaultGODEBUG")]
    pub(crate) default_godebug: String,
}

/// The module of a package.
#[derive(Debug, Clone, Deserialize, Default, PartialEq, Eq)]
#[serde(rename_all = "PascalCase", default)]
pub struct Module {
    /// `example.com/app`
    pub(crate) path: String,
    /// `v1.2.3`; empty for the main module.
    pub(crate) version: String,
    /// The module that is built (with go.work: one of those).
    pub(crate) main: bool,
    /// Its directory.
    pub(crate) dir: String,
    /// The `go` line of its go.mod.
    pub(crate) go_version: String,
    /// What stands in for it.
    pub(crate) replace: Option<Box<Module>>,
}

impl Package {
    /// Whether it is a command that the user named.
    pub(crate) fn is_named_main(&self) -> bool {
        self.name == "main" && !self.dep_only
    }

    /// The directory of its sources. Where go runs in one whose name is no text, JSON lost bytes of it,
    /// which `cwd` still has.
    pub(crate) fn directory(&self, cwd: &Path) -> PathBuf {
        let lost = |path: &&Path| path.to_str().is_none();
        let known = |path: &Path| {
            let rest = self.dir.strip_prefix(&*path.to_string_lossy())?;
            Some(path.join(rest.trim_start_matches('/')))
        };
        let mut above = cwd.ancestors().filter(lost);
        above
            .find_map(known)
            .unwrap_or_else(|| PathBuf::from(&self.dir))
    }

    /// The file name that `go build` gives the executable, without the suffix of the platform
    /// (`(*Package).DefaultExecName`, `cmd/go/internal/load/pkg.go`).
    pub(crate) fn executable_name(&self) -> String {
        if self.import_path == "command-line-arguments" {
            let file = self.go_files.first().or_else(|| self.cgo_files.first());
            let base = file.map_or("", |file| file.rsplit('/').next().unwrap_or(file));
            return base.strip_suffix(".go").unwrap_or(base).to_owned();
        }
        let mut elements = self.import_path.rsplit('/');
        let last = elements.next().unwrap_or_default();
        match elements.next() {
            Some(before) if is_major_version(last) => before.to_owned(),
            _ => last.to_owned(),
        }
    }
}

/// `v2`, `v10`; not `v0`, `v1` or `v02`.
fn is_major_version(element: &str) -> bool {
    let digits = element.strip_prefix('v').unwrap_or_default();
    !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && !digits.starts_with('0')
        && digits != "1"
}

/// Reads the concatenated JSON objects that `go list -json` prints. Bytes that are no UTF-8 (file
/// names) become U+FFFD.
pub(crate) fn parse(output: &[u8]) -> Result<Vec<Package>> {
    let text = String::from_utf8_lossy(output);
    serde_json::Deserializer::from_slice(text.as_bytes())
        .into_iter::<Package>()
        .collect::<std::result::Result<_, _>>()
        .map_err(|error| {
            Error::new(
                Kind::Go,
                "`go list -json` printed something else than packages",
            )
            .source(error)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_no_text_is_found_again() {
        use std::ffi::OsStr;
        use std::os::unix::ffi::OsStrExt;
        let cwd = Path::new(OsStr::from_bytes(b"/w/caf\xe9/cmd"));
        let directory = |dir: &str| {
            Package {
                dir: dir.into(),
                ..Package::default()
            }
            .directory(cwd)
        };
        assert_eq!(directory("/w/caf\u{fffd}/lib"), cwd.with_file_name("lib"));
        assert_eq!(directory("/w/caf\u{fffd}/cmd"), cwd);
        assert_eq!(directory("/go/src/os"), Path::new("/go/src/os"));
    }

    #[test]
    fn executables_are_named_as_go_does() {
        let name = |path: &str| {
            Package {
                import_path: path.into(),
                ..Package::default()
            }
            .executable_name()
        };
        assert_eq!(name("example.com/app/cmd/api"), "api");
        assert_eq!(name("example.com/tool/v2"), "tool");
        assert_eq!(name("example.com/tool/v1"), "v1");
        assert_eq!(name("v3"), "v3");
        let files = Package {
            import_path: "command-line-arguments".into(),
            go_files: vec!["serve.go".into()],
            ..Package::default()
        };
        assert_eq!(files.executable_name(), "serve");
    }
}

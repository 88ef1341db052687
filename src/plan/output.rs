//! Where each executable goes: the rules of `go build`, and `out-dir` on top.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::asked::Asked;
use crate::config::Target;
use crate::error::{Error, Kind, Result};
use crate::number::counted_of;

/// Platforms whose formats (a.out, XCOFF) have no reader here: go builds for them all the same.
pub(crate) const NO_READER: &[&str] = &["aix", "plan9"];

/// What is asked of the outputs.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    /// The working directory of the go command.
    pub(crate) cwd: &'a Path,
    /// The flags that decide.
    pub(crate) asked: &'a Asked,
    /// `build.out-dir`, absolute.
    pub(crate) out_dir: Option<&'a Path>,
    /// How many packages the patterns name, commands or not.
    pub(crate) named: usize,
    /// How many of them the build mode takes.
    pub(crate) taken: usize,
}

/// One executable to come.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Executable {
    /// The file name that `go build` gives it, with the suffix of the platform.
    pub(crate) name: String,
    /// The import path of its main package.
    pub(crate) package: String,
    /// Where it goes; `None`: built, checked and discarded.
    pub(crate) path: Option<PathBuf>,
}

/// Where things go for all targets together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outputs {
    /// Per target, in order.
    pub(crate) targets: Vec<Vec<Executable>>,
    /// The checksum file, if one is written.
    pub(crate) checksums: Option<PathBuf>,
}

/// Decides each path. `mains`: per target the platform, the suffix, and (package, name) of each
/// command. Fails with [`Kind::Usage`] where Go fails or where two would be one file.
pub(crate) fn assign(
    request: &Request<'_>,
    targets: &[(Target, Vec<(String, String)>)],
) -> Result<Outputs> {
    let place = Place::of(request.cwd, request.asked, request.out_dir);
    if let Place::File(path) = &place {
        one_file(path, request, targets)?;
    }
    if request.asked.mode == "exe" && request.asked.output.is_some() && request.named != 1 {
        let message = "`-buildmode=exe` with `-o` takes exactly one main package";
        return Err(Error::new(Kind::Usage, message)
            .hint("leave out `-buildmode=exe`: commands are executables by default"));
    }
    let mut outputs = Outputs::default();
    for (index, (target, mains)) in targets.iter().enumerate() {
        let suffix = suffix(index, targets);
        let goos = target.os.as_deref().unwrap_or_default();
        let library = match place {
            Place::OutDir(_) => request.asked.library(goos),
            _ => "",
        };
        let extension = format!("{}{library}", request.asked.extension(goos));
        let executables = mains.iter().map(|(package, name)| Executable {
            name: format!("{name}{extension}"),
            package: package.clone(),
            path: place.path(request, mains, &format!("{name}{suffix}{extension}")),
        });
        outputs.targets.push(executables.collect());
    }
    let any = outputs.targets.iter().any(|target| !target.is_empty());
    if let (Place::OutDir(directory), true) = (&place, any) {
        outputs.checksums = Some(directory.join("SHA256SUMS"));
    }
    unique(&outputs)?;
    Ok(outputs)
}

/// What `-o` or the configuration names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Place {
    /// Go's default: one command goes to the working directory.
    Default,
    /// `-o dir/`
    Directory(PathBuf),
    /// `build.out-dir`
    OutDir(PathBuf),
    /// `-o file`
    File(PathBuf),
    /// `-o /dev/null`
    Null,
}

impl Place {
    /// `-o` wins over the configuration.
    pub(crate) fn of(cwd: &Path, asked: &Asked, out_dir: Option<&Path>) -> Self {
        let Some(typed) = asked.output.as_deref() else {
            return out_dir.map_or(Self::Default, |path| Self::OutDir(path.to_path_buf()));
        };
        let path = cwd.join(typed);
        if typed == "/dev/null" {
            Self::Null
        } else if typed.as_encoded_bytes().ends_with(b"/") || path.is_dir() {
            Self::Directory(path)
        } else {
            Self::File(path)
        }
    }

    fn path(
        &self,
        request: &Request<'_>,
        mains: &[(String, String)],
        name: &str,
    ) -> Option<PathBuf> {
        match self {
            Self::Null => None,
            Self::File(path) => Some(path.clone()),
            Self::Directory(directory) | Self::OutDir(directory) => Some(directory.join(name)),
            // Several packages are built and discarded, commands or not: Go's rule.
            Self::Default => {
                (mains.len() == 1 && request.named == 1).then(|| request.cwd.join(name))
            }
        }
    }
}

fn one_file(
    path: &Path,
    request: &Request<'_>,
    targets: &[(Target, Vec<(String, String)>)],
) -> Result<()> {
    let shown = path.display();
    if targets.len() > 1 {
        let targets = counted_of(targets.len(), "target");
        let message = format!("`-o {shown}` is one file for {targets}");
        let hint = "use `-o DIR/` or `[build] out-dir`: names then carry the platform";
        return Err(Error::new(Kind::Usage, message).hint(hint));
    }
    match request.taken {
        0 => {
            let message = format!("there is no package to write to the file `{shown}`");
            Err(Error::new(Kind::Usage, message))
        }
        1 => Ok(()),
        _ => {
            let message = format!("cannot write several packages to the file `{shown}`");
            let hint = "use `-o DIR/`, with a slash at the end";
            Err(Error::new(Kind::Usage, message).hint(hint))
        }
    }
}

/// `-linux-amd64` where there are several targets, with the level where that alone distinguishes two.
fn suffix(index: usize, targets: &[(Target, Vec<(String, String)>)]) -> String {
    if targets.len() == 1 {
        return String::new();
    }
    let target = &targets[index].0;
    let platform = |target: &Target| {
        (
            target.os.clone().unwrap_or_default(),
            target.arch.clone().unwrap_or_default(),
        )
    };
    let (os, arch) = platform(target);
    let twins = targets
        .iter()
        .filter(|(it, _)| platform(it) == platform(target))
        .count();
    match &target.level {
        Some(level) if twins > 1 => format!("-{os}-{arch}-{}", level.replace(',', "-")),
        _ => format!("-{os}-{arch}"),
    }
}

/// No two executables may be one file, also where the file system ignores case.
fn unique(outputs: &Outputs) -> Result<()> {
    let mut seen: BTreeMap<(PathBuf, String), &Executable> = BTreeMap::new();
    for executable in outputs.targets.iter().flatten() {
        let Some(path) = &executable.path else {
            continue;
        };
        let file = path.file_name().map(OsStr::to_string_lossy);
        let file = file.unwrap_or_default().to_lowercase();
        if outputs.checksums.is_some() && file == "sha256sums" {
            let message = format!(
                "`{}` would be written to `{}`, the list of checksums",
                executable.package,
                path.display()
            );
            return Err(Error::new(Kind::Usage, message)
                .hint("use `-o DIR/`, which writes no checksums, or rename the package"));
        }
        let key = (path.parent().unwrap_or(Path::new("")).to_path_buf(), file);
        if let Some(other) = seen.insert(key, executable) {
            let message = same_file(other, executable, path);
            return Err(Error::new(Kind::Usage, message)
                .hint("build them in two runs, each with its own `-o`"));
        }
    }
    Ok(())
}

/// That two executables would be one file.
fn same_file(one: &Executable, other: &Executable, path: &Path) -> String {
    let shown = path.display();
    if one.package == other.package {
        return format!("two targets would write `{shown}` to one file");
    }
    let (one, other) = (&one.package, &other.package);
    format!("`{one}` and `{other}` would both be written to `{shown}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn target(os: &str, arch: &str) -> Target {
        Target {
            os: Some(os.into()),
            arch: Some(arch.into()),
            ..Target::default()
        }
    }

    fn paths(typed: Option<&str>, out_dir: Option<&str>, targets: &[(Target, &[&str])]) -> String {
        let named = targets[0].1.len();
        let asked = Asked {
            output: typed.map(Into::into),
            ..Asked::default()
        };
        let request = Request {
            cwd: Path::new("/w"),
            asked: &asked,
            out_dir: out_dir.map(Path::new),
            named,
            taken: named,
        };
        let targets: Vec<_> = targets
            .iter()
            .map(|(target, mains)| {
                (
                    target.clone(),
                    mains
                        .iter()
                        .map(|main| {
                            (
                                format!("ex.com/{main}"),
                                main.rsplit('/').next().unwrap().to_owned(),
                            )
                        })
                        .collect(),
                )
            })
            .collect();
        match assign(&request, &targets) {
            Ok(outputs) => outputs
                .targets
                .iter()
                .flatten()
                .map(|target| {
                    target
                        .path
                        .as_ref()
                        .map_or("-".into(), |path| path.display().to_string())
                })
                .collect::<Vec<_>>()
                .join(" "),
            Err(error) => format!("error: {error}"),
        }
    }

    #[test]
    fn without_out_dir_the_rules_are_gos() {
        let linux = target("linux", "amd64");
        assert_eq!(paths(None, None, &[(linux.clone(), &["api"])]), "/w/api");
        assert_eq!(paths(None, None, &[(linux.clone(), &["a", "b"])]), "- -");
        assert_eq!(
            paths(Some("bin/"), None, &[(linux.clone(), &["a", "b"])]),
            "/w/bin/a /w/bin/b"
        );
        assert_eq!(
            paths(Some("x"), Some("/d"), &[(linux.clone(), &["a"])]),
            "/w/x"
        );
        assert_eq!(paths(Some("/dev/null"), None, &[(linux, &["a"])]), "-");
        assert_eq!(
            paths(None, None, &[(target("windows", "amd64"), &["a"])]),
            "/w/a.exe"
        );
    }

    #[test]
    fn several_targets_carry_the_platform() {
        let both = [
            (target("linux", "arm64"), &["api"][..]),
            (target("windows", "amd64"), &["api"][..]),
        ];
        assert_eq!(
            paths(None, Some("/w/dist"), &both),
            "/w/dist/api-linux-arm64 /w/dist/api-windows-amd64.exe"
        );
        assert!(
            paths(Some("x"), None, &both).starts_with("error: `-o /w/x` is one file for 2 targets")
        );
    }

    #[test]
    fn no_executable_is_the_list_of_checksums() {
        let names = [(target("linux", "amd64"), &["api", "Sha256Sums"][..])];
        let refused = paths(None, Some("/d"), &names);
        assert!(refused.ends_with("the list of checksums"), "{refused}");
        assert_eq!(paths(Some("d/"), None, &names), "/w/d/api /w/d/Sha256Sums");
    }

    #[test]
    fn two_executables_are_never_one_file() {
        let linux = target("linux", "amd64");
        assert!(
            paths(Some("d/"), None, &[(linux.clone(), &["x/a", "y/a"])])
                .starts_with("error: `ex.com/x/a` and `ex.com/y/a`")
        );
        assert!(
            paths(Some("d/"), None, &[(linux.clone(), &["x/App", "y/app"])]).starts_with("error:")
        );
        let twice = [(linux.clone(), &["a"][..]), (linux, &["a"][..])];
        assert!(paths(None, Some("/d"), &twice).starts_with("error: two targets"));
    }
}

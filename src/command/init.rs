//! `init`: a configuration from what is found in the module.

mod draft;

mod platforms;

mod stamped;

mod today;

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use draft::Project;

use super::{Output, Session};
use crate::build::publish;
use crate::cli::Init;
use crate::config::{self, FILE, preset};
use crate::error::{Error, Kind, Result};
use crate::go::{self, Go, Package, Toolchain, vcs};
use crate::input;
use crate::review::Ground;

/// Writes `gobuild-opt.toml` beside go.mod.
pub(crate) fn run(args: &Init, session: &mut Session<'_>) -> Result<Output> {
    known_preset(args.preset.as_deref())?;
    let go = go_of(session)?;
    let toolchain = go.toolchain(&session.interrupt)?;
    let (root, patterns) = place(&toolchain, &session.cwd)?;
    let path = root.join(FILE);
    if path.exists() && !args.force && !args.stdout {
        let message = format!("`{}` is there already", path.display());
        return Err(Error::new(Kind::Usage, message)
            .hint("`--force` overwrites it, `--stdout` only prints"));
    }
    let packages = packages(go, &root, &patterns, session)?;
    let found = Project {
        packages: &packages,
        root: &root,
        toolchain: &toolchain,
        today: &today::read(&today::recipes(&root)),
        preset: args.preset.as_deref(),
    };
    let (text, seen) = found.configuration();
    // What we write must be what we read.
    let _: config::Config = config::strict::parse(&text, FILE)?;
    if args.stdout {
        return Ok(Output {
            text,
            is_data: true,
            ..Output::default()
        });
    }
    let lacks_commit = text.contains("{git.") && vcs::lacks_commit(&root, &session.interrupt)?;
    publish::text(&text, &path, &session.interrupt)?;
    Ok(Output {
        text: written(&seen, &path, lacks_commit),
        ..Output::default()
    })
}

/// What is below `root`. Fails with [`Kind::Usage`] where nothing of it can be released.
fn packages(
    go: Go,
    root: &Path,
    patterns: &[OsString],
    session: &Session<'_>,
) -> Result<Vec<Package>> {
    let go = Go {
        cwd: root.to_path_buf(),
        ..go
    };
    let packages = go.packages(&["-pgo=off".into()], patterns, &session.interrupt)?;
    if packages.iter().any(|package| package.is_named_main()) {
        return Ok(packages);
    }
    let root = root.display();
    let message = format!("no main package in `{root}`: there is nothing to release");
    Err(Error::new(Kind::Usage, message)
        .hint("`gobuild-opt escape ./...` reports the heap escapes of a library"))
}

/// Fails with [`Kind::Usage`] when no preset has that name.
fn known_preset(name: Option<&str>) -> Result<()> {
    let Some(name) = name.filter(|name| preset::find(name).is_none()) else {
        return Ok(());
    };
    let names: Vec<&str> = preset::ALL.iter().map(|preset| preset.name).collect();
    Err(Error::new(Kind::Usage, format!("no preset named `{name}`"))
        .hint(format!("presets: {}", names.join(", "))))
}

/// The go command of a directory that has no configuration yet.
fn go_of(session: &Session<'_>) -> Result<Go> {
    let defaults = config::load(&config::Sources {
        cwd: "/".into(),
        env: session.text_env(),
        ..config::Sources::default()
    })?;
    Ok(Go {
        program: defaults.config.go.into(),
        cwd: session.cwd.clone(),
        env: Vec::new(),
        ground: Arc::new(Ground::everything()),
    })
}

/// What was found, a line each, and what to do next.
fn written(seen: &[String], path: &Path, lacks_commit: bool) -> String {
    let next = match lacks_commit {
        true => "commit first, without which {git...} has no value; then",
        false => "now",
    };
    let seen: String = seen.iter().map(|line| format!("  {line}\n")).collect();
    let path = path.display();
    format!("{seen}wrote {path}; {next} run `gobuild-opt release`\n")
}

/// Where the configuration belongs, and which packages it is for: a module, a workspace with its modules, or in GOPATH mode
/// the directory that we are in.
fn place(toolchain: &Toolchain, cwd: &Path) -> Result<(PathBuf, Vec<OsString>)> {
    let all = || vec![OsString::from("./...")];
    if toolchain.is_gopath() {
        return Ok((cwd.to_path_buf(), all()));
    }
    if toolchain.in_module() {
        let root = Path::new(&toolchain.gomod).parent();
        return Ok((root.unwrap_or(Path::new("/")).to_path_buf(), all()));
    }
    let error = || {
        let message = "no packages to write a configuration for";
        Error::new(Kind::Go, message).hint(go::no_module_hint(toolchain, cwd))
    };
    let file = toolchain.workspace().ok_or_else(error)?;
    let used = go::uses(&input::text(file, input::TEXT).unwrap_or_default());
    let pattern = |text: &String| OsString::from(format!("{}/...", text.trim_end_matches('/')));
    match (file.parent(), used.is_empty()) {
        (Some(root), false) => Ok((root.to_path_buf(), used.iter().map(pattern).collect())),
        _ => Err(error()),
    }
}

//! A go.mod of our own for `-modfile`: with other versions of modules, or without GODEBUG settings that the new Go refuses.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::wished_versions::{Bump, flag};
use super::{Known, Now};
use crate::build::marked::Marked;
use crate::command::Session;
use crate::config::layer::Loaded;
use crate::config::strict;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Flag};
use crate::go::{self, Go, Other};
use crate::input;
use crate::plan::Typed;

/// The version of the language without a go line.
const NO_GO_LINE: &str = "\ngo 1.16\n";

/// A copy of go.mod, with its go.sum beside it. It goes when this is dropped.
pub struct Modfile {
    /// The file.
    pub path: PathBuf,
    _place: Marked,
}

impl Modfile {
    /// Copies the go.mod in force without some of its lines, counted from 1. Where no module is to move, one without a go line says
    /// what that means: go would write its own version there. Fails with [`Kind::Machine`].
    pub fn copy(
        source: &Path,
        without: &[usize],
        moves: bool,
        session: &Session<'_>,
    ) -> Result<Self> {
        let text = text_of(source)?;
        let lines = (1..).zip(text.lines());
        let kept = lines.filter(|(number, _)| !without.contains(number));
        let mut kept: String = kept.map(|(_, line)| format!("{line}\n")).collect();
        if !moves && go::go_line(&kept).is_none() {
            kept.push_str(NO_GO_LINE);
        }
        let place = Marked::create(&std::env::temp_dir()).map_err(|error| {
            Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
        })?;
        session.interrupt.warden.keep_directory(place.path());
        let path = place.path().join("go.mod");
        std::fs::write(&path, kept)?;
        let sums = source.with_extension("sum");
        if sums.is_file() {
            std::fs::copy(sums, path.with_extension("sum"))?;
        }
        Ok(Self {
            path,
            _place: place,
        })
    }

    /// Moves modules to other versions, and what has to move with them, as `go get` does. Fails with Go's own words.
    pub fn get(&self, go: &Go, bumps: &[Bump], session: &Session<'_>) -> Result<()> {
        let mut go = go.clone();
        let modfile = flag("modfile", &self.path);
        let ground = Arc::make_mut(&mut go.ground);
        ground.trust_flags(&[modfile.to_string_lossy()]);
        let mut args = vec!["get".into(), modfile];
        for bump in bumps {
            ground.trust_package(&bump.query);
            args.push((&bump.query).into());
        }
        let done = go.listed(&go.invocation(args), &session.interrupt);
        done.map(drop).map_err(|mut error| {
            if error.kind == Kind::Go {
                let names: Vec<&str> = bumps.iter().map(|bump| bump.query.as_str()).collect();
                error.message = format!("go does not get `{}`", names.join("`, `"));
                error.hint = Some(
                    "`go list -m -versions PATH` lists the versions of a module; go.mod and go.sum are as they were"
                        .into(),
                );
            }
            error
        })
    }

    /// The command line with this go.mod in place of the user's.
    pub fn used_by(&self, typed: &Typed) -> Typed {
        let mut typed = typed.clone();
        typed
            .flags
            .retain(|flag| !matches!(flag.name.as_str(), "modfile" | "mod"));
        let mut modfile = Flag {
            name: "modfile".into(),
            ..Flag::default()
        };
        modfile.set_path((&self.path).into());
        typed.flags.push(modfile);
        typed.flags.push(Flag {
            name: "mod".into(),
            value: Some("mod".into()),
            bytes: None,
        });
        typed
    }

    /// The go line, and the version of each module that is required.
    pub fn text(&self) -> Result<String> {
        text_of(&self.path)
    }
}

fn text_of(path: &Path) -> Result<String> {
    input::text(path, input::TEXT)
        .map_err(|error| Error::unreadable("the module file", path, error))
}

/// The flag of this name that go obeys: typed, otherwise of `[build] flags`, otherwise of GOFLAGS.
pub fn in_force(name: &str, loaded: &Loaded, typed: &Typed, goflags: &str) -> Option<Flag> {
    let configured = flags::parse(&loaded.config.build.flags, "build.flags");
    let ambient = flags::parse_goflags(goflags);
    // What does not parse is refused when the program is planned.
    let (configured, ambient) = (configured.unwrap_or_default(), ambient.unwrap_or_default());
    let mut all = ambient.iter().chain(&configured).chain(&typed.flags);
    all.rfind(|flag| flag.name == name).cloned()
}

/// The file that says which modules there are: go.mod, or what `-modfile` names instead. An empty value takes that of a weaker
/// place back.
pub fn source(now: &Now) -> PathBuf {
    let toolchain = &now.facts.toolchain;
    let flag = in_force("modfile", &now.loaded, &now.typed, &toolchain.goflags);
    let path = flag.as_ref().and_then(Flag::path);
    match path.filter(|path| !path.is_empty()) {
        Some(path) => now.typed.cwd.join(path),
        None => PathBuf::from(&toolchain.gomod),
    }
}

/// Fails with [`Kind::Usage`] for modules that cannot move: in a workspace, none that is required, one that is replaced.
pub fn check(bumps: &[Bump], now: &Now) -> Result<()> {
    let Some(first) = bumps.first() else {
        return Ok(());
    };
    let toolchain = &now.facts.toolchain;
    if let Some(workspace) = toolchain.workspace() {
        let message = format!(
            "`--module {}`: go takes no other go.mod in a workspace, and `{}` is in force",
            first.query,
            workspace.display()
        );
        return Err(
            Error::new(Kind::Usage, message).hint("set GOWORK=off to look at the module by itself")
        );
    }
    if !toolchain.in_module() {
        let message = format!("`--module {}`: there is no go.mod here", first.query);
        return Err(Error::new(Kind::Usage, message).hint("go to the directory of the module"));
    }
    let text = text_of(&source(now))?;
    let required = go::requires(&text);
    bumps
        .iter()
        .try_for_each(|bump| check_module(&bump.path, &required, &now.facts))
}

/// Fails with [`Kind::Usage`] for a module that is not required, and for one that is replaced.
fn check_module(path: &str, required: &[(String, String)], facts: &Known) -> Result<()> {
    let packages = facts.packages.iter();
    let mut modules = packages.filter_map(|package| package.module.as_ref());
    let module = modules.find(|module| module.path == path);
    let is_used = module.is_some_and(|module| !module.main);
    if !is_used && !required.iter().any(|(required, _)| required == path) {
        let message = format!("the program requires no module `{path}`");
        let near = strict::nearest(path, required.iter().map(|it| it.0.as_str()));
        let hint = near.map(|near| format!("did you mean `{near}`?"));
        return Err(Error::new(Kind::Usage, message)
            .hint(hint.unwrap_or_else(|| "name one of the `require` lines of go.mod".into())));
    }
    if let Some(other) = module.and_then(|module| module.replace.as_ref()) {
        let other = &other.path;
        let message = format!(
            "`{path}` is replaced by `{other}` in go.mod: its version is not what is built"
        );
        return Err(Error::new(Kind::Usage, message).hint("change the `replace` line instead"));
    }
    Ok(())
}

/// What the Go of a preview is called.
pub fn name(other: &Option<Other>) -> String {
    match other {
        None => String::new(),
        Some(Other::Version(version)) => version.clone(),
        Some(Other::Program(program)) => program.display().to_string(),
    }
}

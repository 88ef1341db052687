//! Prepares and builds the program as it would be: with another go, and with another go.mod.

use std::path::Path;

use super::built_side::{OnRequest, Side};
use super::own_modfile::{self, Modfile};
use super::wished_versions::{self, Bump};
use super::{Now, changed};
use crate::build::Event;
use crate::command::Session;
use crate::command::prove::{self, Question};
use crate::config::Target;
use crate::error::{Error, Kind, Result};
use crate::facts::go_command;
use crate::facts::{Prepared, Purpose, gather};
use crate::go::godebugs::{self, Setting, Table};
use crate::go::{self, Other, Package, Toolchain};
use crate::input;
use crate::plan::Typed;
use crate::report::upgrade_report as report;
use crate::report::upgrade_report::{Preview, Proved, Refused};

/// A side that is not built yet.
pub struct Next {
    /// What to call it: `go1.27.3`, or the modules.
    pub what: String,
    prepared: Prepared,
    bumps: Vec<Bump>,
    modfile: Option<Modfile>,
    refused: Vec<Refused>,
    own: Vec<Setting>,
}

impl Next {
    /// Asks the other go, moves modules in a copy of go.mod, and asks what is built then.
    ///
    /// Fails with [`Kind::Usage`] where there is nothing to look at, with [`Kind::Go`] where the other go cannot be had, where
    /// a module or a version is not there, or where the new Go does not build what a source file says.
    pub fn prepare(
        now: &Now,
        other: Option<Other>,
        bumps: &[Bump],
        session: &mut Session<'_>,
    ) -> Result<Self> {
        let mut typed = now.typed.clone();
        typed.go.clone_from(&other);
        own_modfile::check(bumps, now)?;
        let toolchain = asked(now, &typed, &other, session)?;
        let what = named(&toolchain.version, bumps, now)?;
        let own = settings(now);
        let (refused, without) = refused(&own, &toolchain, now)?;
        let modfile = modfile(now, &typed, bumps, &without, session)?;
        if let Some(modfile) = &modfile {
            typed = modfile.used_by(&typed);
        }
        let prepared = gather(now.loaded.clone(), typed, Purpose::Build, session)
            .map_err(|error| with(error, &what))?;
        let own = own.into_iter().map(|(setting, _)| setting);
        let stays = |setting: &Setting| {
            let text = format!("{}={}", setting.name, setting.value);
            !refused.iter().any(|refused| refused.setting == text)
        };
        Ok(Self {
            prepared,
            bumps: bumps.to_vec(),
            modfile,
            own: own.filter(stays).collect(),
            refused,
            what,
        })
    }

    /// Fails with [`Kind::Usage`] where the question cannot be asked of it.
    pub fn check(&self, question: &Question) -> Result<()> {
        question.check(&self.prepared)
    }

    /// Builds it, and says what differs.
    pub fn preview(
        self,
        before: &Side,
        wanted: OnRequest,
        question: Option<&Question>,
        session: &mut Session<'_>,
    ) -> Result<Preview> {
        let after =
            Side::build(self.prepared, wanted, session).map_err(|error| with(error, &self.what))?;
        let proved = match question {
            Some(question) => Some(proved(question, before, &after, &self.what, session)?),
            None => None,
        };
        let line = match &self.modfile {
            Some(modfile) => go::go_line(&modfile.text()?),
            None => before.go_line(),
        };
        let asked = changed::Asked {
            bumps: &self.bumps,
            refused: self.refused,
            own: &self.own,
            line,
        };
        let mut preview = changed::preview(before, &after, asked, session)?;
        preview.proved = proved;
        Ok(preview)
    }
}

/// What to call a side with this Go. Fails where nothing is to differ.
fn named(version: &str, bumps: &[Bump], now: &Now) -> Result<String> {
    if version != now.facts.toolchain.version {
        return Ok(version.to_owned());
    }
    if bumps.is_empty() {
        let message = format!("the program is built with {version} already");
        return Err(Error::new(Kind::Usage, message)
            .hint("name another Go, or a module with `--module PATH@VERSION`"));
    }
    Ok("the modules".to_owned())
}

/// A copy of go.mod with the modules moved and without some of its lines; `None` where it stays as it is.
fn modfile(
    now: &Now,
    typed: &Typed,
    bumps: &[Bump],
    without: &[usize],
    session: &mut Session<'_>,
) -> Result<Option<Modfile>> {
    let moving = !bumps.is_empty();
    if !moving && without.is_empty() {
        return Ok(None);
    }
    let copy = Modfile::copy(&own_modfile::source(now), without, moving, session)?;
    if moving {
        let go = go_command(&now.loaded, typed, &target(now), session)?;
        (session.show)(Event::Talk("asking for the modules"));
        copy.get(&go, bumps, session)?;
        moves(bumps, &copy, now)?;
    }
    Ok(Some(copy))
}

/// Both sides run side by side.
fn proved(
    question: &Question,
    before: &Side,
    after: &Side,
    what: &str,
    session: &mut Session<'_>,
) -> Result<Proved> {
    let first = before.parts.first();
    let cache = first.map(|part| part.plan.facts.toolchain.gocache.clone());
    let cache = cache.unwrap_or_default();
    let sides = [("as it is", before), (what, after)].map(|(name, side)| prove::Contender {
        name,
        loaded: &side.loaded,
        typed: &side.typed,
    });
    let report = question.ask(&sides, Path::new(&cache), session)?;
    Ok(Proved::of(&report))
}

fn with(mut error: Error, what: &str) -> Error {
    if error.kind == Kind::Go {
        error.message = format!("with {what}: {}", error.message);
        let hint = "go.mod, go.sum and the sources are as they were";
        error.hint.get_or_insert_with(|| hint.into());
    }
    error
}

fn target(now: &Now) -> Target {
    now.loaded
        .config
        .target
        .first()
        .cloned()
        .unwrap_or_default()
}

/// The settings of the go of the other side.
fn asked(
    now: &Now,
    typed: &Typed,
    other: &Option<Other>,
    session: &mut Session<'_>,
) -> Result<Toolchain> {
    let Some(wanted) = other else {
        return Ok(now.facts.toolchain.clone());
    };
    let name = own_modfile::name(other);
    (session.show)(Event::Talk(&format!("asking {name} what it is")));
    let go = go_command(&now.loaded, typed, &target(now), session)?;
    let found = go.toolchain(&session.interrupt);
    let found = found.map_err(|error| wished_versions::not_there(error, &name))?;
    match wanted {
        Other::Version(version) if !is_version(&found.version, version) => {
            let error = Error::new(Kind::Go, "");
            Err(wished_versions::not_there(error, &name))
        }
        _ => Ok(found),
    }
}

/// `go1.27.3 X:nojsonv2` is `go1.27.3`.
fn is_version(found: &str, wanted: &str) -> bool {
    found.split_whitespace().next() == Some(wanted)
}

/// What the program sets itself, with the file of each for people.
fn settings(now: &Now) -> Vec<(Setting, String)> {
    let toolchain = &now.facts.toolchain;
    let (file, name) = match toolchain.workspace() {
        Some(workspace) => (workspace.to_path_buf(), "go.work".to_owned()),
        None => (own_modfile::source(now), "go.mod".to_owned()),
    };
    let text = input::text(&file, input::TEXT).unwrap_or_default();
    let of_file = godebugs::of_module(&text).into_iter();
    let mut found: Vec<(Setting, String)> = of_file.map(|it| (it, name.clone())).collect();
    let mains = now.facts.packages.iter().filter(|it| it.is_named_main());
    for (package, file) in mains.flat_map(files) {
        let path = Path::new(&package.dir).join(file);
        let text = input::text(&path, input::SOURCE).unwrap_or_default();
        let shown = path.strip_prefix(&now.typed.cwd).unwrap_or(&path);
        let of_source = godebugs::of_source(&text).into_iter();
        found.extend(of_source.map(|it| (it, shown.display().to_string())));
    }
    found
}

fn files(package: &Package) -> impl Iterator<Item = (&Package, &String)> {
    let files = package.go_files.iter().chain(&package.cgo_files);
    files.map(move |file| (package, file))
}

/// What the new Go refuses, and the lines of go.mod that the preview does without. Fails with [`Kind::Go`] for what stands
/// elsewhere.
fn refused(
    own: &[(Setting, String)],
    toolchain: &Toolchain,
    now: &Now,
) -> Result<(Vec<Refused>, Vec<usize>)> {
    let (mut all, mut lines) = (Vec::new(), Vec::new());
    let table = Table::of(Path::new(&toolchain.goroot));
    // What it refuses already is no news.
    let before = Table::of(Path::new(&now.facts.toolchain.goroot));
    let Some(table) = table else {
        return Ok((all, lines));
    };
    let version = &toolchain.version;
    for (setting, file) in own {
        let news = passes(before.as_ref(), setting);
        let one = std::slice::from_ref(setting);
        let found = report::refused(one, file, &table, version)
            .into_iter()
            .next();
        let Some(found) = found.filter(|_| news) else {
            continue;
        };
        if file != "go.mod" {
            return Err(not_built(&found, version));
        }
        lines.push(setting.line);
        all.push(found);
    }
    Ok((all, lines))
}

/// The error of a setting of a source file.
fn not_built(found: &Refused, version: &str) -> Error {
    let Refused {
        setting,
        place,
        why,
        ..
    } = found;
    let message = format!("{version} does not build `{setting}` of {place}: {why}");
    Error::new(Kind::Go, message)
        .hint("take the setting out first: what the program then does is what the new Go does")
}

/// Whether the old Go builds a program with a setting. Without its sources its table is not known; but it builds the program.
fn passes(before: Option<&Table>, setting: &Setting) -> bool {
    before.is_none_or(|table| table.refusal(&setting.name, &setting.value).is_none())
}

/// Fails with [`Kind::Usage`] where a module is at the wanted version already.
fn moves(bumps: &[Bump], copy: &Modfile, now: &Now) -> Result<()> {
    let before =
        go::requires(&input::text(&own_modfile::source(now), input::TEXT).unwrap_or_default());
    let after = go::requires(&copy.text()?);
    let version = |all: &[(String, String)], path: &str| {
        let found = all.iter().find(|(it, _)| it == path);
        found.map(|(_, version)| version.clone())
    };
    let stays = |bump: &&Bump| {
        let new = version(&after, &bump.path);
        new.is_some() && new == version(&before, &bump.path)
    };
    let Some(bump) = bumps.iter().find(stays) else {
        return Ok(());
    };
    let version = version(&after, &bump.path).unwrap_or_default();
    let message = format!("`{}` is at {version} already", bump.path);
    Err(Error::new(Kind::Usage, message).hint("name another version, such as `@latest`"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_without_sources_refuses_nothing_already() {
        let all = godebugs::of_module("module a\n\ngodebug tls10server=1\n");
        let table = Table::default();
        assert!(passes(None, &all[0]));
        assert!(!passes(Some(&table), &all[0]));
    }
}

//! `profile show`: what a profile holds, what it is worth, and how much of it fits a binary.

use std::path::Path;

use jiff::Timestamp;

use super::{Loaded, load};
use crate::binary::{self, Anatomy};
use crate::cli::profile::Show;
use crate::command::{Output, Session};
use crate::error::{Error, Kind, Result};
use crate::go;
use crate::profile::summary::owner_by_path;
use crate::profile::{self, Program, judge::judge_profile};
use crate::render::{self, Format, Style};
use crate::report::outline;
use crate::report::profile::{Fit, Shown, age_days};

/// Prints the profile.
pub fn run(args: &Show, session: &Session<'_>) -> Result<Output> {
    let loaded = load(&args.file, session)?;
    let shown = match &args.binary {
        Some(path) => {
            let failed = |error: Error| {
                let name = path.display();
                Error::new(Kind::Machine, format!("cannot read the binary `{name}`")).source(error)
            };
            let bytes = binary::open(&session.cwd.join(path)).map_err(failed)?;
            let anatomy = binary::anatomy(&bytes).map_err(failed)?;
            shown(&loaded, Some((path, &anatomy)), args.top, session)?
        }
        None => shown(&loaded, None, args.top, session)?,
    };
    let text = match args.format {
        Format::Json => render::json(&shown),
        format => render::blocks(
            &outline::profile::profile(&shown),
            format,
            Style {
                width: session.width,
            },
        ),
    };
    Ok(Output {
        text,
        is_data: true,
        ..Output::default()
    })
}

fn shown(
    loaded: &Loaded,
    against: Option<(&Path, &Anatomy<'_>)>,
    top: usize,
    session: &Session<'_>,
) -> Result<Shown> {
    let profile = &loaded.profile;
    let judgement = judge_profile(profile);
    let main_module = match against {
        Some((_, anatomy)) => main_module(anatomy),
        None => module_above(&session.cwd.join(&loaded.name)),
    };
    let module = main_module.as_deref().unwrap_or_default();
    let summary = profile::summary(profile, profile.shown_value_index(), top, |it| {
        owner_by_path(it, module)
    });
    let health = against
        .map(|(path, anatomy)| fit(loaded, path, anatomy, top))
        .transpose()?
        .flatten();
    Ok(Shown {
        file: loaded.name.display().to_string(),
        size: loaded.bytes.len() as u64,
        fitness: judgement.fitness.id().into(),
        message: judgement.fitness.message(),
        hint: judgement.fitness.hint().into(),
        measures: profile.kind().to_string(),
        age_days: profile.time().map(|it| age_days(it, Timestamp::now())),
        judgement,
        main_module,
        summary,
        health,
    })
}

/// `None` for a profile without calls: there is nothing that could fit.
fn fit(loaded: &Loaded, path: &Path, anatomy: &Anatomy<'_>, top: usize) -> Result<Option<Fit>> {
    let program = Program {
        functions: anatomy.function_names().collect(),
        calls: None,
    };
    if program.functions.is_empty() {
        return Err(Error::new(
            Kind::Machine,
            format!("`{}` has no Go functions that can be told", path.display()),
        )
        .hint("name an executable that Go 1.20 or later built"));
    }
    let Some(value) = loaded.profile.pgo_value_index() else {
        return Ok(None);
    };
    let info = anatomy.binary.build_info.as_ref();
    Ok(Some(Fit {
        binary: path.display().to_string(),
        go_version: info.map(|it| it.go_version.clone()),
        health: profile::health(&profile::edges(&loaded.profile, value), &program, top),
    }))
}

fn main_module(anatomy: &Anatomy<'_>) -> Option<String> {
    let info = anatomy.binary.build_info.as_ref()?;
    Some(info.main.as_ref()?.path.clone()).filter(|it| !it.is_empty())
}

/// A committed profile lies in the module it is for.
fn module_above(file: &Path) -> Option<String> {
    let mut above = file.ancestors().skip(1);
    let text = above.find_map(|it| std::fs::read_to_string(it.join("go.mod")).ok())?;
    go::module_line(&text)
}

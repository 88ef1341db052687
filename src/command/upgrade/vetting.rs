//! What go vet and go fix report of a side.

use std::ffi::OsString;

use crate::command::Session;
use crate::config::layer::Loaded;
use crate::doctor::weighed::{self, Weighed, weighed};
use crate::error::Result;
use crate::facts::list_flags;
use crate::go::vetted::{Asked, reported};
use crate::plan::{Facts, Typed};
use crate::report::upgrade_report::{Place, Vetted};

/// What both report; an error is why it is not known.
pub struct Vetting {
    vet: Result<Vec<Weighed>, String>,
    fix: Result<Vec<Weighed>, String>,
}

/// Asks about the packages of the line.
pub fn ask(
    loaded: &Loaded,
    typed: &Typed,
    facts: &Facts,
    session: &Session<'_>,
) -> Result<Vetting> {
    let mut flags = list_flags(loaded, typed, &facts.target, &facts.goflags)?;
    // What was compiled for the preview is not compiled again.
    if loaded.config.build.trimpath {
        flags.push("-trimpath".into());
    }
    let packages = typed.packages(&loaded.config);
    let ask = |asked| findings(asked, &flags, &packages, facts, session);
    let fix = match facts.toolchain.minor() >= Some((1, 26)) {
        true => ask(Asked::Fix)?,
        // It has no analyzers for newer forms, so all that the other side has is news.
        false => Ok(Vec::new()),
    };
    Ok(Vetting {
        vet: ask(Asked::Vet)?,
        fix,
    })
}

/// What one of them reports of packages; the inner error is why it is not known.
pub fn findings(
    asked: Asked,
    flags: &[OsString],
    packages: &[OsString],
    facts: &Facts,
    session: &Session<'_>,
) -> Result<Result<Vec<Weighed>, String>> {
    let found = reported(&facts.go, asked, flags, packages, &session.interrupt);
    session.interrupt.check()?;
    let found = found.map_err(|error| error.to_string());
    Ok(found.map(|all| weighed(all, facts, &session.cwd)))
}

/// What only the second side reports.
pub fn news(before: &Vetting, after: &Vetting) -> Vetted {
    let mut found = Vetted::default();
    let sides = [
        ("vet", &before.vet, &after.vet),
        ("fix", &before.fix, &after.fix),
    ];
    for (command, old, new) in sides {
        let words = match (old, new) {
            (Ok(old), Ok(new)) => {
                let all = only_in(new, old);
                found.places.extend(all.iter().map(|it| place(command, it)));
                match all.is_empty() {
                    true => "nothing new".to_owned(),
                    false => weighed::sentence(&all),
                }
            }
            (Err(why), _) | (_, Err(why)) => format!("unknown: {why}"),
        };
        match command {
            "vet" => found.vet = words,
            _ => found.fix = words,
        }
    }
    found
}

/// The findings that the others do not have, at the same place and in the same words.
fn only_in(found: &[Weighed], others: &[Weighed]) -> Vec<Weighed> {
    let is_same = |a: &Weighed, b: &Weighed| {
        (&a.place, &a.analyzer, &a.message) == (&b.place, &b.analyzer, &b.message)
    };
    let mut all = found.to_vec();
    all.retain(|it| !others.iter().any(|other| is_same(it, other)));
    all
}

fn place(command: &str, it: &Weighed) -> Place {
    Place {
        command: command.to_owned(),
        place: it.place.clone(),
        analyzer: it.analyzer.clone(),
        message: it.message.clone(),
        weight: it.weight,
    }
}

//! How go is called for a target.

use std::ffi::OsString;
use std::sync::Arc;

use super::trusted;
use crate::config::Target;
use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::go::{Go, Other, behind};
use crate::plan::Typed;
use crate::session::Session;

/// How go is called for a target.
pub(crate) fn go_command(
    loaded: &Loaded,
    typed: &Typed,
    target: &Target,
    session: &Session<'_>,
) -> Result<Go> {
    let mut ground = trusted::ground(loaded, typed, session);
    let mut program = OsString::from(&loaded.config.go);
    let mut env = environment(loaded, target, session)?;
    let named = is_named(loaded, typed);
    let behind = session.go.as_ref().filter(|_| !named);
    if let Some(behind) = behind {
        program = behind.program.clone().into();
        ground.trust_program(&program);
        if let Some(mark) = &behind.mark {
            ground.trust_variable(behind::MARK, mark);
            env.push((behind::MARK.to_owned(), mark.clone()));
        }
    }
    let mut go = Go {
        program,
        cwd: typed.cwd.clone(),
        env,
        ground: Arc::new(ground),
    };
    if let Some(other) = &typed.go {
        choose(&mut go, other, session);
    }
    Ok(go)
}

/// Whether somebody chose a command, and did not leave it at what is usual.
fn is_named(loaded: &Loaded, typed: &Typed) -> bool {
    let origin = loaded.origins.get("go");
    let named = origin.is_some_and(|origin| origin != "defaults" && origin != "environment");
    named || matches!(typed.go, Some(Other::Program(_)))
}

/// Calls another go, whatever the configuration, the environment and go.mod say.
fn choose(go: &mut Go, other: &Other, session: &Session<'_>) {
    go.env.retain(|(name, _)| name != "GOTOOLCHAIN");
    match other {
        Other::Version(version) => go.set("GOTOOLCHAIN", version),
        Other::Program(program) => {
            go.program = program.into();
            Arc::make_mut(&mut go.ground).trust_program(program);
            go.set("GOTOOLCHAIN", "local");
        }
    }
    // It would be that of the other go. Empty, go takes it for one that is not set.
    if session.variable("GOROOT").is_some() {
        go.set("GOROOT", "");
    }
}

/// Variables of the configuration, unless they are set outside, and the platform, which always is ours.
fn environment(
    loaded: &Loaded,
    target: &Target,
    session: &Session<'_>,
) -> Result<Vec<(String, OsString)>> {
    // Go takes an empty variable for one that is not set.
    let outside = |name: &str| session.variable(name).is_some();
    let mut all = loaded.config.build.env.clone();
    all.extend(target.env.clone());
    let is_wrong = |key: &&String| key.is_empty() || key.contains(['=', '\0']);
    if let Some(name) = all.keys().find(is_wrong) {
        let message = format!("`{name}` is no name of an environment variable");
        return Err(Error::new(Kind::Usage, message));
    }
    let mut env: Vec<(String, OsString)> = all
        .into_iter()
        .filter(|(name, _)| !outside(name))
        .map(|(name, value)| (name, value.into()))
        .collect();
    for (name, value) in [("GOOS", &target.os), ("GOARCH", &target.arch)] {
        if let Some(value) = value {
            env.retain(|(it, _)| it != name);
            env.push((name.to_owned(), value.into()));
        }
    }
    Ok(env)
}

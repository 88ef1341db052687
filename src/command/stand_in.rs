//! Makes a release of `go build` and `go install`, where this program stands in for go. What go takes has to succeed
//! and what it refuses has to fail: without a configuration of the user, nothing of ours stands in the way of either.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::{Output, Session, present, release};
use crate::cli::{self, StandIn};
use crate::command::prepare::prepare_loaded;
use crate::config::layer::Loaded;
use crate::config::{self, Target};
use crate::error::{Error, Kind, Result};
use crate::facts::{Wanted, as_go_has_it, go_command};
use crate::go::flags::Flag;
use crate::go::try_answer;
use crate::lock;
use crate::plan::Typed;

/// Who did it.
pub enum Done {
    /// We did.
    Released(Box<Output>),
    /// Go has to do it alone; why, where it is not go itself that has something to say.
    Gos(Option<Error>),
}

/// Whether a command of go is a release here.
pub fn is_release(call: &StandIn) -> bool {
    matches!(call.command(), "build" | "install")
}

/// Builds in place of go.
pub fn run(call: &StandIn, session: &mut Session<'_>) -> Result<Done> {
    // What go's flags cannot be read from, go refuses in its own words.
    let Some(Ok(mut args)) = call.release(&session.cwd) else {
        return Ok(Done::Gos(None));
    };
    session.cwd.clone_from(&args.typed.cwd);
    let sources = args.settings.sources(&args.typed.cwd, session.text_env())?;
    let mut loaded = config::load(&sources)?;
    let configured = is_configured(&loaded);
    if call.command() == "install" {
        match install(&loaded, &args.typed, session)? {
            Some(directory) => args.typed.flags.push(output_flag(directory)),
            None => return Ok(Done::Gos(None)),
        }
    }
    if args.typed.packages.is_empty() {
        args.typed.packages.push(".".into());
    }
    as_go_has_it(&mut loaded, &mut args.typed, session)?;
    args.output = present::with_variable(&args.output, session);
    if !configured && !is_read(&args.output, session) {
        Wanted::Files.narrow(&mut loaded, &mut args.typed);
    }
    released(&args, &loaded, configured, session)
}

/// Whether anybody reads a report of the run.
fn is_read(output: &cli::Output, session: &Session<'_>) -> bool {
    !output.report.is_empty()
        || output.format.is_data()
        || session.variable("GITHUB_STEP_SUMMARY").is_some()
}

/// Runs the release, where go would build the packages too.
fn released(
    args: &cli::Release,
    loaded: &Loaded,
    configured: bool,
    session: &mut Session<'_>,
) -> Result<Done> {
    let (settings, typed) = (&args.settings, &args.typed);
    let mut go_agrees = false;
    let mut prepare = |purpose, session: &mut Session<'_>| {
        let prepared = prepare_loaded(loaded.clone(), settings, typed, purpose, session)?;
        go_agrees = true;
        let mut complaints = prepared.facts.iter().map(|facts| &facts.pgo.complaint);
        match complaints.find_map(Clone::clone) {
            // What go makes of such a profile is for go to say.
            Some((message, hint)) if !configured => {
                Err(Error::new(Kind::Usage, message).hint(hint))
            }
            _ => Ok(prepared),
        }
    };
    let done = release::run_prepared(args, &mut prepare, session);
    match done {
        Ok(output) => Ok(Done::Released(Box::new(output))),
        // Before anything is compiled: asking go again costs nothing.
        Err(error) if error.kind == Kind::Go && !go_agrees => Ok(Done::Gos(None)),
        Err(error) => refused(error, configured || !args.output.report.is_empty()),
    }
}

/// What we refuse goes to go, unless the user asked for more than a build.
fn refused(error: Error, configured: bool) -> Result<Done> {
    match error.kind {
        Kind::Usage | Kind::Machine if !configured => Ok(Done::Gos(Some(error))),
        _ => Err(error),
    }
}

/// Whether the user wants something of us: a file, a variable, a flag, a lock. Which go it is and what is kept are none of that.
fn is_configured(loaded: &Loaded) -> bool {
    let set = |(key, origin): (&String, &String)| {
        !matches!(key.as_str(), "go" | "cache") && origin != "defaults"
    };
    loaded.origins.iter().any(set) || loaded.root.join(lock::FILE).exists()
}

fn output_flag(directory: PathBuf) -> Flag {
    let mut path = directory.into_os_string();
    path.push("/");
    let mut flag = Flag {
        name: "o".to_owned(),
        ..Flag::default()
    };
    flag.set_path(path);
    flag
}

/// Where `go install` puts the commands; `None` where that is not one directory, or where go does more than build.
fn install(loaded: &Loaded, typed: &Typed, session: &mut Session<'_>) -> Result<Option<PathBuf>> {
    let versioned = |argument: &OsString| argument.as_encoded_bytes().contains(&b'@');
    let abroad = ["GOOS", "GOARCH"]
        .iter()
        .any(|text| session.variable(text).is_some());
    let other = |flag: &Flag| ["o", "n", "buildmode"].contains(&flag.name.as_str());
    if abroad || typed.packages.iter().any(versioned) || typed.flags.iter().any(other) {
        return Ok(None);
    }
    let go = go_command(loaded, typed, &Target::default(), session)?;
    let mut args: Vec<OsString> = ["list", "-f", "{{.Name}} {{.Target}}"]
        .map(OsString::from)
        .into();
    let deciding = ["mod", "modfile", "overlay", "tags"];
    let deciding = typed
        .flags
        .iter()
        .filter(|flag| deciding.contains(&flag.name.as_str()));
    args.extend(deciding.map(Flag::to_os_arg));
    args.push("--".into());
    args.extend(typed.packages.iter().cloned());
    let listed = try_answer(&go.invocation(args), &session.interrupt)?;
    Ok(listed.and_then(|listed| one_directory(&listed)))
}

fn one_directory(listed: &[u8]) -> Option<PathBuf> {
    use std::os::unix::ffi::OsStrExt;
    let mut files = Vec::new();
    for line in listed.split(|byte| *byte == b'\n') {
        if let Some(target) = line.strip_prefix(b"main ") {
            files.push(Path::new(OsStr::from_bytes(target)));
        }
    }
    let first = files.first()?.parent()?;
    let mut names: Vec<&OsStr> = files.iter().filter_map(|path| path.file_name()).collect();
    names.sort_unstable();
    names.dedup();
    let same = files.iter().all(|path| path.parent() == Some(first));
    (same && first.is_absolute() && names.len() == files.len()).then(|| first.to_path_buf())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_of_one_directory_are_installed_together() {
        let check = |text: &str| one_directory(text.as_bytes());
        assert_eq!(
            check("main /b/x\nlib /p/lib.a\nmain /b/y\n"),
            Some("/b".into())
        );
        assert_eq!(check("main /b/x\nmain /c/y\n"), None);
        assert_eq!(check("main /b/x\nmain /b/x\n"), None);
        assert_eq!(check("lib \nmain \n"), None);
    }
}

//! `profile collect`: from running programs or a command to a file that the next build uses.

mod every;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use super::fetch::{Request, Roots, address, fetch, roots, shown};
use super::{check_output, content, finish, written};
use crate::build::Event;
use crate::build::marked::Marked;
use crate::build::user_program::run_program;
use crate::cli::profile_flags::Collect;
use crate::clock;
use crate::command::{Output, Session};
use crate::error::{Error, Kind, Result};
use crate::number::counted;
use crate::process::{Invocation, Outcome};
use crate::profile::{self, Fitness, Input, Normalize, Profile, trained};
use crate::review::Ground;
use crate::view::Tone;

/// The variable that names the file for a command's profile.
const VARIABLE: &str = "GOBUILD_OPT_PROFILE";

/// What stands for that path in the arguments of a command.
const PLACE: &str = "{profile}";

/// After so many days a previous profile counts half.
const HALF_LIFE: f64 = 30.0;

/// Collects, judges, merges and writes.
pub(crate) fn run(args: &Collect, session: &mut Session<'_>) -> Result<Output> {
    if args.all {
        return every::run(args, session);
    }
    check_output(&args.output, session)?;
    let fresh = match args.command.as_slice() {
        [] => from_programs(args, session)?,
        command => vec![from_command(command, session)?],
    };
    let count = fresh.len();
    let mut profile = merged(&fresh)?;
    let mut talk = Vec::new();
    if args.merge_previous
        && let Some(previous) = previous(&args.output, session)?
    {
        let (with_previous, words) = joined(&profile, &previous)?;
        profile = with_previous;
        talk.push((Tone::Plain, words));
    }
    let mut raw = profile.raw().clone();
    let words = args.command.iter().map(|word| word.to_string_lossy());
    let words: Vec<String> = words.map(|word| word.into_owned()).collect();
    trained::note(&mut raw, &words, PLACE);
    let bytes = profile::encode(&raw);
    session.interrupt.check()?;
    let place = written(&args.output, &bytes, &profile);
    let sentence = format!(
        "collected from {} into {place}",
        collected_from(args, count)
    );
    talk.insert(0, (Tone::Good, sentence));
    talk.insert(1, worth(&profile));
    finish(bytes, &args.output, talk, session)
}

/// Where so many profiles are from.
fn collected_from(args: &Collect, count: usize) -> String {
    match (args.command.is_empty(), count) {
        (false, _) => "the command".to_owned(),
        (true, 1) => shown(&address(&args.urls[0], args.seconds)),
        (true, many) => format!("{many} programs"),
    }
}

/// What the profile was taken of.
pub(super) fn worth(profile: &Profile) -> (Tone, String) {
    match profile::worth_of(profile, "") {
        Some(it) if it.against.is_empty() => (Tone::Plain, it.sentence()),
        Some(it) => (Tone::Warn, it.sentence()),
        None => (Tone::Dim, "what it was taken of is not known".into()),
    }
}

/// Asks all programs at the same time, and stops at the first failure.
pub(super) fn from_programs(args: &Collect, session: &mut Session<'_>) -> Result<Vec<Profile>> {
    let blank = blank(args, session)?;
    let request = |url: &String| Request {
        url: address(url, args.seconds),
        collects: Duration::from_secs(args.seconds),
        ..blank.clone()
    };
    let requests: Vec<Request> = args.urls.iter().map(request).collect();
    let names: Vec<String> = requests.iter().map(|request| shown(&request.url)).collect();
    let words = format!("profiling {} for {} s", names.join(", "), args.seconds);
    (session.show)(Event::Talk(&words));
    let (sender, answers) = channel();
    for (at, request) in requests.into_iter().enumerate() {
        let sender = sender.clone();
        // Left behind when a signal comes: the thread only reads, and ends with the program.
        std::thread::spawn(move || sender.send((at, fetch(&request))));
    }
    let mut profiles: Vec<Option<Profile>> = vec![None; names.len()];
    for _ in 0..names.len() {
        let (at, bytes) = next_answer(&answers, session)?;
        profiles[at] = Some(judged(&bytes?, &format!("`{}`", names[at]))?);
    }
    Ok(profiles.into_iter().flatten().collect())
}

/// What one program answered, by its index.
type Download = (usize, Result<Vec<u8>>);

/// Waits for the next answer. Fails where a signal comes first.
fn next_answer(answers: &Receiver<Download>, session: &Session<'_>) -> Result<Download> {
    loop {
        session.interrupt.check()?;
        match answers.recv_timeout(Duration::from_millis(50)) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let message = "a download ended without an answer";
                return Err(Error::new(Kind::Machine, message));
            }
        }
    }
}

/// A request without an address, which the program answers at once.
pub(super) fn blank(args: &Collect, session: &Session<'_>) -> Result<Request> {
    let roots = args.cacert.as_deref().map(|path| trusted(path, session));
    Ok(Request {
        url: String::new(),
        headers: headers(&args.header, session)?,
        collects: Duration::ZERO,
        patience: Duration::from_secs(args.patience),
        roots: roots.transpose()?,
    })
}

fn trusted(file: &Path, session: &Session<'_>) -> Result<Roots> {
    let name = file.display().to_string();
    let pem = content(file, session).map_err(|error| {
        Error::new(
            Kind::Machine,
            format!("cannot read the certificates `{name}`"),
        )
        .source(error)
    })?;
    roots(&pem, &name)
}

/// Headers with the variables filled in. Values are never shown: they may be secret.
fn headers(typed: &[String], session: &Session<'_>) -> Result<Vec<(String, String)>> {
    let header = |text: &String| {
        let (name, value) = text.split_once(':').ok_or_else(|| {
            Error::new(Kind::Usage, "a `--header` has no `:`")
                .hint("write it like --header 'Authorization: Bearer ${TOKEN}'")
        })?;
        Ok((name.trim().to_owned(), filled(value.trim(), session)?))
    };
    typed.iter().map(header).collect()
}

fn filled(text: &str, session: &Session<'_>) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (name, behind) = after.split_once('}').ok_or_else(|| {
            Error::new(Kind::Usage, "a `--header` has `${` without `}`")
                .hint("write it like --header 'Authorization: Bearer ${TOKEN}'")
        })?;
        let value = session
            .variable(name)
            .and_then(|variable| variable.to_str());
        let value = value.ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("`--header` needs the variable `{name}`, which is not set"),
            )
            .hint(format!("set `{name}` in the environment"))
        })?;
        out.push_str(before);
        out.push_str(value);
        rest = behind;
    }
    Ok(out + rest)
}

/// Runs a command that writes its profile where we say.
fn from_command(command: &[OsString], session: &mut Session<'_>) -> Result<Profile> {
    let aside = Marked::create(&std::env::temp_dir()).map_err(|error| {
        Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
    })?;
    session.interrupt.warden.keep_directory(aside.path());
    let path = aside.path().join("cpu.pprof");
    let text = path.to_string_lossy().into_owned();
    let fill = |argument: &OsString| match argument.to_str() {
        Some(word) => OsString::from(word.replace(PLACE, &text)),
        None => argument.clone(),
    };
    let mut invocation = Invocation::new(
        command[0].clone(),
        command[1..].iter().map(fill),
        &session.cwd,
        // All of it was typed.
        &Arc::new(Ground::everything()),
    );
    invocation.env.push((VARIABLE.into(), path.clone().into()));
    let status = watched(&invocation, session)?.status;
    let program = Path::new(&command[0]).display();
    if !status.success() {
        let message = format!("`{program}` failed ({status}): its profile is not used");
        return Err(Error::new(Kind::Machine, message)
            .hint("the old profile is as it was, if there was one"));
    }
    let bytes = content(&path, session).map_err(|_| {
        Error::new(Kind::Machine, format!("`{program}` wrote no profile")).hint(format!(
            "write {PLACE} where its arguments name the profile, as in `-cpuprofile {PLACE}`, or let it write to ${VARIABLE}"
        ))
    })?;
    judged(&bytes, &format!("the profile of `{program}`"))
}

/// Runs the command and shows what it says.
fn watched(invocation: &Invocation, session: &mut Session<'_>) -> Result<Outcome> {
    let (interrupt, show) = (&session.interrupt, &mut session.show);
    run_program(invocation, interrupt, |_, line| {
        show(Event::Talk(&String::from_utf8_lossy(line)));
    })
}

/// Only a profile that Go reads calls from is let through.
fn judged(bytes: &[u8], from: &str) -> Result<Profile> {
    let unfit = |fitness: &Fitness| {
        Error::new(Kind::Machine, format!("{from}: {}", fitness.message())).hint(fitness.hint())
    };
    let profile = match profile::read(bytes) {
        Ok(profile) => profile,
        Err(_) => return Err(unfit(&profile::judge(bytes).fitness)),
    };
    match profile::fitness::judge_profile(&profile).fitness {
        Fitness::Usable => Ok(profile),
        fitness => Err(unfit(&fitness)),
    }
}

fn merged(profiles: &[Profile]) -> Result<Profile> {
    if let [one] = profiles {
        return Ok(one.clone());
    }
    let inputs: Vec<Input<'_>> = profiles
        .iter()
        .map(|profile| Input {
            profile,
            weight: 1.0,
        })
        .collect();
    Ok(profile::merge(&inputs, Normalize::Off)?)
}

/// The file that is there already; `None` where there is none, or an empty one.
fn previous(name: &Path, session: &Session<'_>) -> Result<Option<Profile>> {
    let path = session.cwd.join(name);
    if !path
        .metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.len() > 0)
    {
        return Ok(None);
    }
    let bytes = content(&path, session)?;
    judged(
        &bytes,
        &format!("the previous profile `{}`", name.display()),
    )
    .map(Some)
}

/// The new profile with what the previous one still counts. It keeps the time of the new one: that is how old its
/// youngest part is.
fn joined(fresh: &Profile, previous: &Profile) -> Result<(Profile, String)> {
    let now = fresh.time().unwrap_or_else(clock::about_now);
    let days = previous.time().map_or(HALF_LIFE, |time| {
        (now.duration_since(time).as_secs_f64() / 86_400.0).max(0.0)
    });
    let weight = 0.5f64.powf(days / HALF_LIFE).max(1e-3);
    let inputs = [
        Input {
            profile: fresh,
            weight: 1.0,
        },
        Input {
            profile: previous,
            weight,
        },
    ];
    let mut raw = profile::merge(&inputs, Normalize::Samples)?.raw().clone();
    raw.time_nanos = fresh.raw().time_nanos;
    let joined = profile::check(raw)
        .map_err(|error| Error::new(Kind::Machine, error.to_string()).hint(error.hint()))?;
    let words = format!(
        "merged with the previous profile, {} older, at {weight:.2} of its weight",
        counted(days.round().max(0.0) as u64, "day")
    );
    Ok((joined, words))
}

//! `why init`: what stays because packages have something to do before `main`, and how long that takes.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::super::Session;
use super::{Known, Question};
use crate::build::user_program::run_program;
use crate::error::{Error, Kind, Result};
use crate::linker::{InitWork, Program};
use crate::process::{Invocation, Stream};
use crate::profile::still_written::unescaped;
use crate::quote;
use crate::report::reasons::{Init, Inits, SymbolBytes};
use crate::review::Ground;

/// How long a program may run from the first line of what it does before `main`: that is printed first.
const LIMIT: Duration = Duration::from_secs(5);

/// How long the first line may take.
const FIRST: Duration = Duration::from_secs(120);

/// What the runtime prints of a package: microseconds, bytes and allocations.
pub(super) type Traced = BTreeMap<String, (u64, u64, u64)>;

/// The work of all packages before `main`.
pub(super) fn inits(program: &Program<'_>, known: &Known<'_>, question: &Question<'_>) -> Inits {
    let traced = question.traced;
    // Nobody takes the runtime's work away.
    let removable =
        |path: &str| known.import_path(path) == known.main_package || !known.is_fixed(path);
    let mut list: Vec<Init> = program
        .init_work(question.top, removable)
        .into_iter()
        .map(|work| init(work, known, traced))
        .collect();
    let rest = traced.into_iter().flatten();
    for (package, _) in rest {
        let path = known.import_path(package);
        if !list.iter().any(|init| init.package == path) {
            let work = InitWork {
                package: package.clone(),
                kept: Default::default(),
                largest: Vec::new(),
            };
            list.push(init(work, known, traced));
        }
    }
    Inits {
        bytes: program.freed_without_inits().total(),
        traced: traced.is_some(),
        list,
    }
}

fn init(work: InitWork, known: &Known<'_>, traced: Option<&Traced>) -> Init {
    let took = traced.and_then(|all| all.get(&work.package)).copied();
    let largest = work.largest.into_iter();
    Init {
        package: known.import_path(&work.package).to_owned(),
        bytes: work.kept.bytes,
        functions: work.kept.functions,
        largest: largest
            .map(|(symbol, bytes)| SymbolBytes { symbol, bytes })
            .collect(),
        microseconds: took.map(|(time, _, _)| time),
        allocated: took.map(|(_, bytes, _)| bytes),
        allocations: took.map(|(_, _, count)| count),
    }
}

/// Runs a program with `inittrace=1` in its GODEBUG, for five seconds from the first line that this prints.
///
/// Fails with [`Kind::Usage`] where it prints nothing of that kind.
pub(super) fn trace(line: &str, session: &Session<'_>) -> Result<Traced> {
    let wrong = |message: String| {
        Error::new(Kind::Usage, message)
            .hint("name an executable that Go built for this machine, with its arguments in one word: --run './api --version'")
    };
    let words = quote::split(line).map_err(|why| wrong(format!("`--run {line}`: {why}")))?;
    let Some((program, args)) = words.split_first() else {
        return Err(wrong("`--run` names no program".into()));
    };
    let invocation = traced(program, args, session);
    let limited = session.interrupt.for_one(Some(FIRST));
    let mut found = Traced::new();
    let mut read = |line: &[u8]| {
        if let Some((package, took)) = parse(&String::from_utf8_lossy(line)) {
            if found.is_empty() {
                limited.limit(LIMIT);
            }
            found.insert(package, took);
        }
    };
    let outcome = run_program(&invocation, &limited, |stream, line| {
        if stream == Stream::Stderr {
            read(line);
        }
    });
    session.interrupt.check()?;
    match (outcome, found.is_empty()) {
        // A server does not end by itself.
        (_, false) => Ok(found),
        (Err(error), true) => Err(error),
        (Ok(_), true) => Err(wrong(format!(
            "`{line}` did not print what it does before `main`"
        ))),
    }
}

/// The command that runs a program with `inittrace=1`.
fn traced(program: &str, args: &[String], session: &Session<'_>) -> Invocation {
    let here = session.cwd.join(program);
    let program = match program.contains('/') || !here.is_file() {
        true => Path::new(program).to_path_buf(),
        false => here,
    };
    // All of it was typed.
    let ground = Arc::new(Ground::everything());
    let mut invocation = Invocation::new(program, args, &session.cwd, &ground);
    let mut debug = session.variable("GODEBUG").cloned().unwrap_or_default();
    if !debug.is_empty() {
        debug.push(",");
    }
    debug.push("inittrace=1");
    invocation.env.push(("GODEBUG".into(), debug));
    invocation
}

/// `init internal/bytealg @0.008 ms, 0.012 ms clock, 0 bytes, 0 allocs`
fn parse(line: &str) -> Option<(String, (u64, u64, u64))> {
    let (package, rest) = line.strip_prefix("init ")?.split_once(" @")?;
    let mut parts = rest.split(", ").skip(1);
    let time = parts.next()?.strip_suffix(" ms clock")?;
    let bytes = parts.next()?.strip_suffix(" bytes")?;
    let allocations = parts.next()?.strip_suffix(" allocs")?;
    let time: f64 = time.parse().ok()?;
    let microseconds = (time * 1000.0).round() as u64;
    Some((
        unescaped(package),
        (microseconds, bytes.parse().ok()?, allocations.parse().ok()?),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_of_the_runtime_is_read() {
        let line = "init example.com/a/b @1.25 ms, 0.012 ms clock, 4096 bytes, 17 allocs";
        let expected = ("example.com/a/b".to_owned(), (12, 4096, 17));
        assert_eq!(parse(line), Some(expected));
        let line = "init gopkg.in/yaml%2ev3 @1.25 ms, 0.012 ms clock, 0 bytes, 0 allocs";
        assert_eq!(parse(line).unwrap().0, "gopkg.in/yaml.v3");
        assert_eq!(parse("init of something @ else"), None);
        assert_eq!(parse("listening on :8080"), None);
    }
}

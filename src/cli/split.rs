//! Splits a command line into go's part and ours: flags of `go build` have a single dash, which clap does not read.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::CommandFactory;

use super::{BUILDERS, Cli};
use crate::config::strict;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Arity, Flag};
use crate::go::pattern::clean;
use crate::plan::Typed;

/// Commands of go that are none of ours: `make GO=gobuild-opt` works with them.
pub(super) const GOS: &[&str] = &[
    "bug",
    "build",
    "clean",
    "doc",
    "env",
    "fix",
    "fmt",
    "generate",
    "get",
    "install",
    "list",
    "mod",
    "run",
    "telemetry",
    "test",
    "tool",
    "version",
    "vet",
    "work",
];

/// The command that runs what stands behind `--`.
const RUNS: &str = "prove";

/// A command line in two parts.
pub(super) struct Split {
    /// What clap reads.
    pub(crate) ours: Vec<OsString>,
    /// Go's flags and packages.
    pub(crate) typed: Typed,
}

/// `-C DIR COMMAND`, as with git and make, is `COMMAND -C DIR`, as with go. For commands that know no such flag, the directory
/// comes back.
pub(super) fn behind(args: &[OsString]) -> Result<(Vec<OsString>, Option<OsString>)> {
    let mut args = args.to_vec();
    let is_it = |argument: &OsString| {
        let text = argument.to_string_lossy();
        let name = text.trim_start_matches('-');
        name == "C" || name.starts_with("C=")
    };
    let mut leading = args.iter().skip(1).take_while(|word| is_flag(word));
    let Some(at) = leading.position(is_it).map(|at| at + 1) else {
        return Ok((args, None));
    };
    let words = match args[at].to_string_lossy().contains('=') {
        true => 1,
        false => 2,
    };
    let moved: Vec<OsString> = args.splice(at..(at + words).min(args.len()), []).collect();
    let command = args.iter().skip(at).position(|word| !is_flag(word));
    let Some(command) = command.map(|command| command + at) else {
        return Ok((args, None));
    };
    let knows = |text: &str| args[command] == *text;
    if !BUILDERS.iter().chain(GOS).any(|builder| knows(builder)) {
        return directory(&moved).map(|directory| (args, Some(directory)));
    }
    args.splice(command + 1..command + 1, moved);
    Ok((args, None))
}

fn is_flag(word: &OsString) -> bool {
    word.to_string_lossy().starts_with('-')
}

/// The value of `-C DIR` and `-C=DIR`.
fn directory(words: &[OsString]) -> Result<OsString> {
    let value = match words {
        [_, value] => Some(value.clone()),
        [word] => flags::value_behind(word),
        _ => None,
    };
    value.ok_or_else(|| flags::missing("C", "the command line"))
}

/// Whose flags are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Flags {
    /// Anywhere on the line.
    Anywhere,
    /// Before the packages, as go has it.
    OursAndGos,
    /// Go's alone, before the packages.
    Gos,
}

/// Sets Go's flags and packages apart from ours.
pub(super) fn split(args: &[OsString], cwd: &Path) -> Result<Split> {
    let (args, moved) = &behind(args)?;
    let at = args.iter().skip(1).position(|word| !is_flag(word));
    let at = at.map(|at| at + 1);
    let builder = at.filter(|index| BUILDERS.iter().any(|name| args[*index] == *name));
    let Some(at) = builder else {
        let moved = moved.as_ref().map(|moved| moved_to(&cwd.join(moved)));
        let typed = Typed {
            cwd: moved.unwrap_or_else(|| cwd.to_path_buf()),
            ..Typed::default()
        };
        let ours = args.to_vec();
        return Ok(Split { ours, typed });
    };
    let command = args[at].to_string_lossy();
    let mut behind = &args[at + 1..];
    let mut workload: &[OsString] = &[];
    if command == RUNS
        && let Some(end) = behind.iter().position(|argument| argument == "--")
    {
        (behind, workload) = behind.split_at(end);
    }
    let mut split = split_behind(&command, behind, cwd, Flags::Anywhere)?;
    split.ours.splice(..2, args[..=at].iter().cloned());
    split.ours.extend(workload.iter().cloned());
    Ok(split)
}

/// The same for what stands behind the name of a command.
pub(super) fn split_behind(
    command: &str,
    args: &[OsString],
    cwd: &Path,
    flags: Flags,
) -> Result<Split> {
    let typed = Typed {
        cwd: cwd.to_path_buf(),
        ..Typed::default()
    };
    let ours = vec!["gobuild-opt".into(), command.into()];
    let mut split = Split { ours, typed };
    let mut known = match flags {
        Flags::Gos => Known::default(),
        Flags::Anywhere | Flags::OursAndGos => Known::of(command),
    };
    known.refuses = flags == Flags::Anywhere;
    let mut moved = false;
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let text = arg.to_string_lossy();
        if text == "--" {
            split.typed.packages.extend(rest.by_ref().cloned());
        } else if !text.starts_with('-') || text == "-" {
            split.typed.packages.push(arg.clone());
            if flags != Flags::Anywhere {
                split.typed.packages.extend(rest.by_ref().cloned());
            }
        } else if let Some(takes_value) = known.takes_value(&text) {
            split.ours.push(arg.clone());
            if takes_value && !text.contains('=') {
                split.ours.extend(rest.next().cloned());
            }
        } else {
            let flag = go_flag(arg, &text, &known, &mut rest)?;
            split.add(flag, &mut moved)?;
        }
    }
    Ok(split)
}

impl Split {
    /// Adds a flag of go. With `-C` go works elsewhere; `moved`: there was one already.
    fn add(&mut self, flag: Flag, moved: &mut bool) -> Result<()> {
        let typed = &mut self.typed;
        if flag.name != "C" {
            typed.flags.push(flag);
            return Ok(());
        }
        // Go's own rule: a directory behind a flag that names a file would be read twice.
        if !typed.flags.is_empty() || !typed.packages.is_empty() || *moved {
            let message = "`-C` must be the first of go's flags on the command line";
            return Err(Error::new(Kind::Usage, message));
        }
        *moved = true;
        typed.cwd = moved_to(&typed.cwd.join(flag.path().unwrap_or_default()));
        Ok(())
    }
}

/// A directory without `..`, as long as that is the same one: behind a link it need not be. What lies above it is looked for by name.
pub(super) fn moved_to(directory: &Path) -> PathBuf {
    let Ok(real) = directory.canonicalize() else {
        return directory.to_path_buf();
    };
    let named = clean(directory);
    match named.canonicalize() {
        Ok(same) if same == real => named,
        _ => real,
    }
}

fn go_flag<'a>(
    arg: &OsString,
    text: &str,
    known: &Known,
    rest: &mut impl Iterator<Item = &'a OsString>,
) -> Result<Flag> {
    let (name, value) = flags::name_and_value(text)
        .ok_or_else(|| Error::new(Kind::Usage, format!("`{text}` is not a flag")))?;
    let arity = flags::arity(name);
    if arity == Arity::Unknown && text.starts_with("--") {
        known.check(name)?;
    }
    let value = match (value, arity) {
        (Some(_), _) => flags::value_behind(arg),
        (None, Arity::Value) => {
            let next = rest.next().cloned();
            Some(next.ok_or_else(|| flags::missing(name, "the command line"))?)
        }
        (None, Arity::Boolean | Arity::Unknown) => None,
    };
    let mut flag = Flag {
        name: name.to_owned(),
        ..Flag::default()
    };
    if let Some(value) = value {
        flag.set_path(value);
    }
    Ok(flag)
}

/// Our own flags of a subcommand, as clap has them.
#[derive(Default)]
struct Known {
    /// Whether a flag with two dashes that nobody knows is an error of ours, and not of go.
    refuses: bool,
    long: Vec<(String, bool)>,
    short: Vec<(char, bool)>,
}

impl Known {
    fn of(subcommand: &str) -> Self {
        let mut root = Cli::command();
        root.build();
        let mut known = Self {
            long: vec![("help".into(), false)],
            short: vec![('h', false)],
            refuses: false,
        };
        let Some(command) = root.find_subcommand(subcommand) else {
            return known;
        };
        for argument in command.get_arguments() {
            let takes = argument.get_action().takes_values();
            known
                .long
                .extend(argument.get_long().map(|it| (it.to_owned(), takes)));
            known
                .short
                .extend(argument.get_short().map(|it| (it, takes)));
        }
        known
    }

    /// Fails for a flag with two dashes that is a slip in one of ours. Go may know it one day, but a slip must not end up there:
    /// what follows would be its package.
    fn check(&self, name: &str) -> Result<()> {
        let ours = self.long.iter().map(|(long, _)| long.as_str());
        let hint = match strict::nearest(name, ours) {
            Some(near) => format!("did you mean `--{near}`?"),
            None if self.refuses => {
                format!(
                    "`--help` lists ours; a flag of a newer go is handed on with one dash: `-{name}`"
                )
            }
            None => return Ok(()),
        };
        Err(Error::new(Kind::Usage, format!("unknown flag `--{name}`")).hint(hint))
    }

    /// Whether `arg` is one of ours, and whether it takes a value.
    fn takes_value(&self, arg: &str) -> Option<bool> {
        if let Some(long) = arg.strip_prefix("--") {
            let name = long.split('=').next().unwrap_or_default();
            return self
                .long
                .iter()
                .find(|(it, _)| it == name)
                .map(|(_, takes)| *takes);
        }
        let mut letters = arg.strip_prefix('-')?.chars();
        let (first, second) = (letters.next()?, letters.next());
        let (_, takes) = self.short.iter().find(|(it, _)| *it == first)?;
        (second.is_none()).then_some(*takes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        let args: Vec<OsString> = shell_words::split(line)
            .unwrap()
            .into_iter()
            .map(Into::into)
            .collect();
        match split(&args, std::path::Path::new("/w")) {
            Ok(split) => format!(
                "ours: {} | go: {} | packages: {} | in {}",
                split.ours[1..]
                    .iter()
                    .map(|it| it.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(" "),
                split
                    .typed
                    .flags
                    .iter()
                    .map(Flag::to_arg)
                    .collect::<Vec<_>>()
                    .join(" "),
                split
                    .typed
                    .packages
                    .iter()
                    .map(|package| package.to_string_lossy())
                    .collect::<Vec<_>>()
                    .join(" "),
                split.typed.cwd.display(),
            ),
            Err(error) => format!("{error}; {}", error.hint.clone().unwrap_or_default()),
        }
    }

    #[test]
    fn gos_flags_are_told_from_ours() {
        insta::assert_snapshot!(
            check("gobuild-opt release -C sub -o bin/ --tags a,b -trimpath --format json -ldflags '-X main.v=1' ./cmd/... -q"),
            @"ours: release --format json -q | go: -o=bin/ -tags=a,b -trimpath -ldflags=-X main.v=1 | packages: ./cmd/... | in /w/sub"
        );
    }

    #[test]
    fn the_directory_may_come_first() {
        insta::assert_snapshot!(
            check("gobuild-opt -C sub release -trimpath ."),
            @"ours: release | go: -trimpath | packages: . | in /w/sub"
        );
        insta::assert_snapshot!(
            check("gobuild-opt -q -C=sub plan"),
            @"ours: -q plan | go:  | packages:  | in /w/sub"
        );
        insta::assert_snapshot!(
            check("gobuild-opt -C / inspect x"),
            @"ours: inspect x | go:  | packages:  | in /"
        );
        insta::assert_snapshot!(
            check("gobuild-opt -C sub inspect x"),
            @"ours: inspect x | go:  | packages:  | in /w/sub"
        );
    }

    #[test]
    fn what_prove_runs_is_no_package() {
        insta::assert_snapshot!(check("gobuild-opt prove -tags=a ./cmd/api --pairs 5 -- {bin} -tags x"), @"ours: prove --pairs 5 -- {bin} -tags x | go: -tags=a | packages: ./cmd/api | in /w");
    }

    #[test]
    fn tomorrows_flags_go_through() {
        insta::assert_snapshot!(check("gobuild-opt release -newflag -other=1 -- -odd"), @"ours: release | go: -newflag -other=1 | packages: -odd | in /w");
    }

    #[test]
    fn a_slip_in_one_of_ours_is_told() {
        insta::assert_snapshot!(check("gobuild-opt release --formt json"), @"unknown flag `--formt`; did you mean `--format`?");
        insta::assert_snapshot!(check("gobuild-opt release -ldflags"), @"the flag `-ldflags` in the command line needs a value; write `-ldflags=VALUE`");
    }
}

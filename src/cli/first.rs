//! Works out what was meant where the first word of a command line is no command of ours.

use std::ffi::OsString;

use clap::CommandFactory;

use super::Cli;
use super::split::BUILDERS;
use super::split::GOS;
use crate::config::strict;
use crate::error::{Error, Kind};
use crate::go::flags::{self, Arity};

/// `help COMMAND` is `COMMAND --help`.
pub(crate) fn asking_for_help(args: &[OsString]) -> Vec<OsString> {
    let mut args = args.to_vec();
    if args.get(1).is_some_and(|argument| argument == "help") {
        args.remove(1);
        args.retain(|argument| argument != "help");
        args.push("--help".into());
    }
    args
}

/// What leads on where a command is missing: a package or a flag of go that stands there, or the nearest name.
pub(crate) fn lead_on(args: &[OsString]) -> Option<Error> {
    let first = args.get(1)?.to_str()?;
    let rest: Vec<_> = args[1..]
        .iter()
        .map(|argument| argument.to_string_lossy())
        .collect();
    let error = |message: String| Error::new(Kind::Usage, message);
    let meant = || {
        let mut rest = rest.clone();
        let named = rest
            .iter()
            .position(|text| BUILDERS.iter().any(|name| text == name));
        let command = named.map_or("release".into(), |named| rest.remove(named));
        format!("did you mean `gobuild-opt {command} {}`?", rest.join(" "))
    };
    let is_path = [".", ".."].contains(&first)
        || ["./", "../", "/"]
            .iter()
            .any(|prefix| first.starts_with(prefix));
    if is_path || first.ends_with(".go") || first.ends_with("...") {
        return Some(error(format!("`{first}` is a package, and no command")).hint(meant()));
    }
    let single = first
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'));
    let is_ours = |text: &str| ["q", "h", "V"].contains(&text);
    if let Some(name) = single.filter(|single| !is_ours(single)) {
        let name = name.split('=').next().unwrap_or_default();
        let of_go = !matches!(flags::arity(name), Arity::Unknown) && name != "C";
        return of_go.then(|| error(format!("`-{name}` is a flag of a build")).hint(meant()));
    }
    let mut command = Cli::command();
    command.build();
    let ours = || {
        command
            .get_subcommands()
            .map(|subcommand| subcommand.get_name())
    };
    let is_known = first.starts_with('-') || ours().any(|it| it == first);
    if is_known {
        return None;
    }
    let near = strict::nearest(first, ours().chain(GOS.iter().copied()));
    let hint = match near {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`gobuild-opt --help` lists the commands; `gobuild-opt release` builds".to_owned(),
    };
    Some(error(format!("no command is called `{first}`")).hint(hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_word_that_is_no_command_leads_on() {
        let check = |line: &str| {
            let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
            lead_on(&args).map_or("".to_owned(), |error| {
                format!("{error}; {}", error.hint.clone().unwrap_or_default())
            })
        };
        insta::assert_snapshot!(check("gobuild-opt ./cmd/api -race"), @"`./cmd/api` is a package, and no command; did you mean `gobuild-opt release ./cmd/api -race`?");
        insta::assert_snapshot!(check("gobuild-opt -o bin/ ."), @"`-o` is a flag of a build; did you mean `gobuild-opt release -o bin/ .`?");
        insta::assert_snapshot!(check("gobuild-opt -v .."), @"`-v` is a flag of a build; did you mean `gobuild-opt release -v ..`?");
        insta::assert_snapshot!(check("gobuild-opt -x plan ."), @"`-x` is a flag of a build; did you mean `gobuild-opt plan -x .`?");
        insta::assert_snapshot!(check("gobuild-opt .."), @"`..` is a package, and no command; did you mean `gobuild-opt release ..`?");
        insta::assert_snapshot!(check("gobuild-opt relaese"), @"no command is called `relaese`; did you mean `release`?");
        insta::assert_snapshot!(check("gobuild-opt biuld"), @"no command is called `biuld`; did you mean `build`?");
        insta::assert_snapshot!(check("gobuild-opt frobnicate"), @"no command is called `frobnicate`; `gobuild-opt --help` lists the commands; `gobuild-opt release` builds");
        for known in [
            "gobuild-opt release",
            "gobuild-opt -q release",
            "gobuild-opt --help",
        ] {
            assert_eq!(check(known), "");
        }
    }
}

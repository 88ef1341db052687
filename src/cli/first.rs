//! Works out what was meant where the first word of a command line is no command of ours.

use std::ffi::OsString;

use clap::CommandFactory;

use super::split::GOS;
use super::{BUILDERS, Cli};
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
    if is_package(first) {
        let message = format!("`{first}` is a package, and no command");
        return Some(Error::new(Kind::Usage, message).hint(meant(&args[1..])));
    }
    let single = first
        .strip_prefix('-')
        .filter(|rest| !rest.starts_with('-'));
    let is_ours = |text: &str| ["q", "h", "V"].contains(&text);
    if let Some(name) = single.filter(|single| !is_ours(single)) {
        let name = name.split('=').next().unwrap_or_default();
        let of_go = !matches!(flags::arity(name), Arity::Unknown) && name != "C";
        let error = || Error::new(Kind::Usage, format!("`-{name}` is a flag of a build"));
        return of_go.then(|| error().hint(meant(&args[1..])));
    }
    match first.starts_with('-') {
        true => None,
        false => unknown(first),
    }
}

/// Whether a word is a path, a file or a pattern, as packages are named.
fn is_package(word: &str) -> bool {
    let begins = ["./", "../", "/"].iter();
    [".", ".."].contains(&word)
        || begins.copied().any(|prefix| word.starts_with(prefix))
        || word.ends_with(".go")
        || word.ends_with("...")
}

/// The line with the command that was meant.
fn meant(args: &[OsString]) -> String {
    let words = args.iter().map(|argument| argument.to_string_lossy());
    let mut words: Vec<_> = words.collect();
    let named = words
        .iter()
        .position(|text| BUILDERS.iter().any(|name| text == name));
    let command = named.map_or("release".into(), |named| words.remove(named));
    format!("did you mean `gobuild-opt {command} {}`?", words.join(" "))
}

/// The error of a word that is no command of ours, with the nearest name.
fn unknown(word: &str) -> Option<Error> {
    let mut root = Cli::command();
    root.build();
    let ours = || root.get_subcommands().map(|command| command.get_name());
    if ours().any(|name| name == word) {
        return None;
    }
    let hint = match strict::nearest(word, ours().chain(GOS.iter().copied())) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "`gobuild-opt --help` lists the commands; `gobuild-opt release` builds".to_owned(),
    };
    let message = format!("no command is called `{word}`");
    Some(Error::new(Kind::Usage, message).hint(hint))
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

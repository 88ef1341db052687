//! Completes a command line up to the cursor. The scripts of the shells ask for it (`complete/`).

mod offers;

use std::path::{Path, PathBuf};

use clap::{Arg, Command, CommandFactory};

use super::split::GOS;
use super::{BUILDERS, Cli};
use crate::go::flags::{self, Arity};
use offers::{listed, named, of_go, packages, positional};

/// The word by which a shell asks.
pub const ARGUMENT: &str = "__complete";

/// A word that may stand at the cursor, and what it is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Word {
    /// The whole word.
    pub(crate) text: String,
    /// A few words for people; may be empty.
    pub(crate) about: String,
}

impl Word {
    fn new(text: impl Into<String>, about: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            about: about.into(),
        }
    }
}

/// Paths that may stand there, too.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Paths {
    /// None.
    #[default]
    None,
    /// Files and directories.
    Files,
    /// Directories.
    Directories,
}

/// What may stand at the cursor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Offer {
    /// Words; those that do not begin as the current one are left out.
    pub(crate) words: Vec<Word>,
    /// Paths, which the shell lists itself.
    pub(crate) paths: Paths,
}

impl Offer {
    fn words(words: impl IntoIterator<Item = Word>) -> Self {
        Self {
            words: words.into_iter().collect(),
            paths: Paths::None,
        }
    }

    fn paths(paths: Paths) -> Self {
        Self {
            words: Vec::new(),
            paths,
        }
    }

    fn and(mut self, paths: Paths) -> Self {
        self.paths = paths;
        self
    }

    /// As a shell reads it; the first `cut` bytes of each word stand there already.
    fn lines(&self, cut: usize) -> String {
        let mut out = String::from(match self.paths {
            Paths::None => "none\n",
            Paths::Files => "files\n",
            Paths::Directories => "directories\n",
        });
        for Word { text, about } in &self.words {
            let about = about.replace(['\t', '\n'], " ");
            out.push_str(&format!("{}\t{about}\n", &text[cut..]));
        }
        out
    }
}

/// What is asked for: `bash LINE` or `zsh WORD...`, the program's name first and the word at the cursor last. The answer is a
/// line `files`, `directories` or `none`, and a line for each word, a tab before what it is for.
pub fn answer(asked: &[String], cwd: &Path) -> String {
    let Some((shell, rest)) = asked.split_first() else {
        return String::new();
    };
    let words = match (shell.as_str(), rest) {
        ("bash", [line]) => split_line(line),
        (_, words) => words.to_vec(),
    };
    let current = words.last().cloned().unwrap_or_default();
    let mut offer = complete(&words, cwd);
    // The answer is read by lines, and no shell would insert a control character as it is.
    offer
        .words
        .retain(|word| word.text.starts_with(&current) && !word.text.contains(char::is_control));
    offer.words.dedup();
    // Bash begins a new word behind these.
    let cut = match shell.as_str() {
        "bash" => current.rfind([':', '=']).map_or(0, |current| current + 1),
        _ => 0,
    };
    offer.lines(cut)
}

/// As the shell splits it; behind an open quote, at the spaces.
fn split_line(line: &str) -> Vec<String> {
    let spaces = || line.split_whitespace().map(str::to_owned).collect();
    let mut words: Vec<String> = shell_words::split(line).unwrap_or_else(|_| spaces());
    if line.ends_with(' ') || words.is_empty() {
        words.push(String::new());
    }
    words
}

fn complete(words: &[String], cwd: &Path) -> Offer {
    let Some((current, before)) = words.split_last() else {
        return Offer::default();
    };
    let mut root = Cli::command();
    root.build();
    let line = Line::read(&root, before.get(1..).unwrap_or_default(), cwd);
    if let Some(flag) = &line.open {
        return line.value(flag, current);
    }
    if current.starts_with('-') {
        return line.flag(current);
    }
    match line.name.as_str() {
        "" => Offer::words(commands(&root)),
        name if GOS.contains(&name) || BUILDERS.contains(&name) => {
            let mut words = packages(current, &line.cwd);
            if name == "accept" {
                words.extend(offers::items(&line.cwd));
            }
            Offer::words(words)
        }
        name => match line.command.filter(|command| command.has_subcommands()) {
            Some(command) => Offer::words(listed(command)),
            None => positional(name, line.command, || commands(&root)),
        },
    }
}

fn commands(root: &Command) -> Vec<Word> {
    let of_go = |text: &str| Word::new(text, format!("go {text}"));
    let mut words = listed(root);
    words.push(Word::new("help", "Print the help of a command"));
    words.push(Word::new("go", "The go command"));
    words.push(Word::new("build", "release, in place of go build"));
    words.extend(
        GOS.iter()
            .filter(|text| **text != "build")
            .map(|text| of_go(text)),
    );
    words
}

/// What stands before the word at the cursor.
struct Line<'a> {
    /// The command, of several words where it has commands of its own: `profile show`.
    name: String,
    /// Where it is one of ours.
    command: Option<&'a Command>,
    root: &'a Command,
    /// With `-C`.
    cwd: PathBuf,
    /// A flag that waits for its value, without dashes.
    open: Option<String>,
}

impl<'a> Line<'a> {
    fn read(root: &'a Command, words: &[String], cwd: &Path) -> Self {
        let mut line = Self {
            name: String::new(),
            command: None,
            root,
            cwd: cwd.to_path_buf(),
            open: None,
        };
        for word in words {
            if let Some(flag) = line.open.take() {
                if flag == "C" {
                    line.cwd = line.cwd.join(word);
                }
            } else if let Some(flag) = word.strip_prefix('-') {
                let flag = flag.trim_start_matches('-');
                line.open = (!flag.contains('=') && line.takes_value(flag)).then(|| flag.into());
            } else if line.name.is_empty() {
                line.name.clone_from(word);
                line.command = root.find_subcommand(word);
            } else if let Some(inner) = line
                .command
                .and_then(|command| command.find_subcommand(word))
            {
                line.name = format!("{} {word}", line.name);
                line.command = Some(inner);
            }
        }
        line
    }

    /// Whether flags of go count here.
    fn is_gos(&self) -> bool {
        BUILDERS.contains(&self.name.as_str()) || GOS.contains(&self.name.as_str())
    }

    fn argument(&self, flag: &str) -> Option<&'a Arg> {
        // `build` takes what `release` takes.
        let release = || self.root.find_subcommand("release");
        let own = self.command.or_else(|| release().filter(|_| self.is_gos()));
        let named = |argument: &&Arg| {
            let short = argument.get_short().map(String::from);
            argument.get_long() == Some(flag) || short.as_deref() == Some(flag)
        };
        let all = own.into_iter().flat_map(Command::get_arguments);
        let mut all = all.chain(self.root.get_arguments());
        all.find(named)
    }

    fn takes_value(&self, flag: &str) -> bool {
        match self.argument(flag) {
            Some(it) => it.get_action().takes_values(),
            None => flag == "C" || (self.is_gos() && flags::arity(flag) == Arity::Value),
        }
    }

    /// A flag, or behind `=` its value.
    fn flag(&self, current: &str) -> Offer {
        let Some((flag, value)) = current.split_once('=') else {
            return Offer::words(self.flags());
        };
        let offer = self.value(flag.trim_start_matches('-'), value);
        let whole = |word: Word| Word::new(format!("{flag}={}", word.text), word.about);
        let words = offer.words.into_iter().map(whole).collect();
        Offer { words, ..offer }
    }

    fn value(&self, flag: &str, current: &str) -> Offer {
        match self.argument(flag) {
            Some(argument) => named(flag, argument, current),
            None => of_go(flag),
        }
    }

    fn flags(&self) -> Vec<Word> {
        let ours = match self.command {
            Some(it) => it.get_arguments().collect::<Vec<_>>(),
            None if self.is_gos() => {
                let release = self.root.find_subcommand("release");
                release
                    .into_iter()
                    .flat_map(Command::get_arguments)
                    .collect()
            }
            None => self.root.get_arguments().collect(),
        };
        let ours = ours.into_iter().filter(|arg| !arg.is_hide_set());
        let mut words: Vec<Word> = ours
            .filter_map(|argument| {
                Some(Word::new(
                    format!("--{}", argument.get_long()?),
                    about(argument),
                ))
            })
            .collect();
        if self.is_gos() {
            words.extend(flags::names().map(|name| Word::new(format!("-{name}"), "go build")));
        } else if self.name.is_empty() {
            words.push(Word::new("-C", "Run in this directory"));
        }
        words
    }
}

fn about(argument: &Arg) -> String {
    let text = argument.get_help().map(ToString::to_string);
    text.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        let answer = answer(&["bash".into(), line.into()], Path::new("/"));
        let words: Vec<&str> = answer
            .lines()
            .map(|line| line.split('\t').next().unwrap_or_default())
            .collect();
        words.join(" ")
    }

    #[test]
    fn what_may_stand_at_the_cursor() {
        insta::assert_snapshot!(check("gobuild-opt rel"), @"none release");
        insta::assert_snapshot!(check("gobuild-opt profile s"), @"none show slim");
        insta::assert_snapshot!(check("gobuild-opt release --str"), @"none --strip");
        insta::assert_snapshot!(check("gobuild-opt release --strip "), @"none all dwarf none");
        insta::assert_snapshot!(check("gobuild-opt release --preset=si"), @"files size");
        insta::assert_snapshot!(check("gobuild-opt release -ldf"), @"none -ldflags");
        insta::assert_snapshot!(check("gobuild-opt build -buildmode=pi"), @"none pie");
        insta::assert_snapshot!(check("gobuild-opt release -o d"), @"files");
        insta::assert_snapshot!(check("gobuild-opt -C ex"), @"directories");
        insta::assert_snapshot!(check("gobuild-opt explain gomax"), @"none gomaxprocs");
        insta::assert_snapshot!(check("gobuild-opt release --set checks.gomaxprocs="), @"none deny warn off");
        insta::assert_snapshot!(check("gobuild-opt inspect d"), @"files");
        insta::assert_snapshot!(check("gobuild-opt help comp"), @"none compare completions");
        insta::assert_snapshot!(check("gobuild-opt release --format ma"), @"none markdown");
    }
}

//! Reads `-X` flags in files of a project: which variables they set, and what is to be stamped into them.

use std::collections::BTreeMap;

/// A variable that `-X` sets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stamp {
    /// `main.version`
    pub(crate) variable: String,
    /// What stands for its value in a configuration; `None` where that is not understood.
    pub(crate) value: Option<String>,
    /// As it is written today.
    pub(crate) written: String,
    /// The file that sets it.
    pub(crate) file: String,
}

/// Names of variables that hold a version and the like, where nothing but the name says it.
const VERSIONS: &[&str] = &["version", "buildversion", "appversion", "tag", "gitversion"];
const COMMITS: &[&str] = &[
    "commit",
    "gitcommit",
    "revision",
    "gitsha",
    "sha",
    "githash",
    "commithash",
];
const DATES: &[&str] = &["date", "builddate", "buildtime", "commitdate"];

/// What a variable of that name is for.
pub(super) fn by_name(name: &str) -> Option<&'static str> {
    let name = name.to_lowercase().replace('_', "");
    let among = |list: &[&str]| list.contains(&name.as_str());
    match () {
        () if among(VERSIONS) => Some("{git.describe}"),
        () if among(COMMITS) => Some("{git.commit}"),
        () if among(DATES) => Some("{git.date}"),
        () => None,
    }
}

/// Every `-X` of a line. `variables` are those of make and of shells.
pub(super) fn flags(line: &str, variables: &BTreeMap<String, String>, file: &str) -> Vec<Stamp> {
    let mut found = Vec::new();
    let mut rest = line;
    while let Some(at) = rest.find("-X") {
        let before = rest[..at].chars().next_back();
        rest = &rest[at + 2..];
        let separate = before
            .is_none_or(|before| before.is_whitespace() || matches!(before, '"' | '\'' | '='));
        if !separate || !rest.starts_with([' ', '\t', '=']) {
            continue;
        }
        found.extend(stamp(rest, variables, file));
    }
    found
}

/// What stands behind `-X`.
fn stamp(text: &str, variables: &BTreeMap<String, String>, file: &str) -> Option<Stamp> {
    let argument = text.trim_start_matches([' ', '\t', '=', '\\']);
    let quote = argument.chars().next().filter(|c| matches!(c, '"' | '\''));
    let argument = quote.map_or(argument, |quote| &argument[quote.len_utf8()..]);
    let (name, value) = argument.split_once('=')?;
    let value = word(value, quote);
    let variable = resolved(name, variables);
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '.' | '/' | '-' | '~');
    let is_one = variable.contains('.') && variable.chars().all(plain);
    is_one.then(|| Stamp {
        value: template(&resolved(value, variables), &variable),
        variable,
        written: value.to_owned(),
        file: file.to_owned(),
    })
}

/// To the quote, or to white space outside of `$(...)`, `${...}`, `{{...}}` and backticks.
fn word(text: &str, quote: Option<char>) -> &str {
    let mut depth = 0_u32;
    let mut ticked = false;
    for (at, letter) in text.char_indices() {
        match letter {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            '`' => ticked = !ticked,
            _ if depth > 0 || ticked => {}
            _ if Some(letter) == quote => return &text[..at],
            _ if quote.is_none() && (letter.is_whitespace() || matches!(letter, '"' | '\'')) => {
                return &text[..at];
            }
            _ => {}
        }
    }
    text.trim_end()
}

/// How often the value of a variable is looked up within the value of another.
const DEEPEST: usize = 4;

/// Nobody stamps more.
const LONGEST: usize = 4096;

/// With `$(NAME)`, `${NAME}` and `$NAME` filled in where the files say what they are.
fn resolved(text: &str, variables: &BTreeMap<String, String>) -> String {
    let mut text = text.to_owned();
    for _ in 0..DEEPEST {
        let before = text.clone();
        for (name, value) in variables {
            for form in [format!("$({name})"), format!("${{{name}}}")] {
                text = text.replace(&form, value);
            }
            // A value that holds others twice, and these others twice, would double with each.
            if text.len() > LONGEST {
                return text;
            }
            if let Some(start) = text.strip_suffix(&format!("${name}")) {
                text = format!("{start}{value}");
            }
        }
        if text == before {
            break;
        }
    }
    text
}

/// Parts of a value by which its template is known; the first that has one counts.
const TEMPLATES: [(&str, &[&str]); 3] = [
    (
        "{git.date}",
        &[
            "$(date",
            "shell date",
            "`date",
            ".Date",
            ".CommitDate",
            ".Timestamp",
        ],
    ),
    (
        "{git.commit}",
        &[
            "rev-parse",
            ".Commit",
            ".FullCommit",
            ".ShortCommit",
            "GITHUB_SHA",
        ],
    ),
    (
        "{git.describe}",
        &["git describe", ".Version", ".Tag", "GITHUB_REF_NAME"],
    ),
];

/// What stands for a value in a configuration.
fn template(value: &str, variable: &str) -> Option<String> {
    let is_it = |(_, parts): &&(_, &[&str])| parts.iter().any(|part| value.contains(part));
    if let Some((known, _)) = TEMPLATES.iter().find(is_it) {
        return Some((*known).to_owned());
    }
    let computed = value.contains(['$', '{', '`']);
    let name = variable.rsplit('.').next().unwrap_or_default();
    match computed {
        false => Some(value.to_owned()),
        true => by_name(name).map(str::to_owned),
    }
}

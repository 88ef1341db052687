//! The lines of the table.

/// A line of the table.
pub struct Row {
    /// As it stands in the table.
    pub line: String,
    /// In every run of the tests, not only in the complete table.
    pub always: bool,
    /// Where it is run.
    pub directory: String,
    /// Variables over the environment.
    pub env: Vec<(String, String)>,
    /// The oldest Go that it is for.
    pub since: (u32, u32),
    /// The first that it is not for.
    pub before: (u32, u32),
    /// Runs only where there is a C compiler.
    pub needs_cgo: bool,
    /// Release also builds a baseline and collects escapes, as it does by default.
    pub in_full: bool,
    /// Behind `go build` and `gobuild-opt release`.
    pub args: Vec<String>,
    /// What the two have in common.
    pub expected: Expected,
}

/// What `release` does, compared with `go build`.
pub enum Expected {
    /// The same.
    Same,
    /// It fails where go succeeds.
    Refused,
    /// It succeeds where go fails.
    Taken,
    /// Its programs print this, those of go do not.
    Prints(String),
}

impl Row {
    /// Variables that make `release` run one build, as go does, where the rest is not of interest.
    pub fn lean(&self) -> &'static [(&'static str, &'static str)] {
        match self.in_full {
            true => &[],
            false => &[
                ("GOBUILD_OPT_COMPARE_BASELINE", "off"),
                ("GOBUILD_OPT_ESCAPE_COLLECT", "off"),
            ],
        }
    }
}

/// Reads the table. `{dir}` stands for the directory of the tree.
pub fn rows(dir: &str) -> Vec<Row> {
    let text = include_str!("table.txt");
    let lines = text
        .lines()
        .filter(|it| !it.is_empty() && !it.starts_with('#'));
    lines.map(|it| row(it, dir)).collect()
}

fn row(line: &str, dir: &str) -> Row {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    let [directory, conditions, args, expected] = cells[..] else {
        panic!("`{line}` has not four cells");
    };
    let (always, directory) = match directory.strip_prefix("* ") {
        Some(rest) => (true, rest),
        None => (false, directory),
    };
    let words = |text: &str| shell_words::split(&text.replace("{dir}", dir)).unwrap();
    let mut row = Row {
        line: line.to_owned(),
        always,
        directory: directory.to_owned(),
        env: Vec::new(),
        since: (1, 0),
        before: (u32::MAX, 0),
        needs_cgo: false,
        in_full: false,
        args: words(args),
        expected: expectation(expected),
    };
    for word in words(conditions) {
        match word.split_once('=').unwrap() {
            ("since", version) => row.since = gobuild_opt::go::minor_of(version).unwrap(),
            ("release", "in-full") => row.in_full = true,
            ("before", version) => row.before = gobuild_opt::go::minor_of(version).unwrap(),
            ("needs", "cgo") => row.needs_cgo = true,
            (name, value) => row.env.push((name.to_owned(), value.to_owned())),
        }
    }
    row
}

/// A difference has a reason.
fn expectation(text: &str) -> Expected {
    if text.is_empty() {
        return Expected::Same;
    }
    let (what, why) = text.split_once(": ").expect("a reason behind a colon");
    assert!(!why.is_empty());
    match what.strip_prefix("release prints ") {
        Some(text) => Expected::Prints(text.trim_matches('\'').to_owned()),
        None if what == "release refuses" => Expected::Refused,
        None if what == "release takes it" => Expected::Taken,
        None => panic!("`{what}` is no difference"),
    }
}

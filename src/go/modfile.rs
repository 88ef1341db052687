//! What lines of go.mod and go.work files say.

/// The directories of the `use` lines of a go.work file.
pub(crate) fn uses(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut group = false;
    for line in text.lines() {
        let mut words = line
            .split("//")
            .next()
            .unwrap_or_default()
            .split_whitespace();
        let (first, second) = (words.next(), words.next());
        let directory = match (first, second) {
            (Some(")"), _) => {
                group = false;
                None
            }
            (Some("use"), Some("(")) => {
                group = true;
                None
            }
            (Some("use"), directory) => directory,
            (directory, _) if group => directory,
            _ => None,
        };
        found.extend(directory.map(|directory| directory.trim_matches(['"', '`']).to_owned()));
    }
    found
}

/// Modules and versions of the `require` lines of a go.mod file.
pub(crate) fn requires(text: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut group = false;
    for line in text.lines() {
        let words = line.split("//").next().unwrap_or_default();
        let mut words = words.split_whitespace();
        let required = match (words.next(), words.next(), words.next()) {
            (Some(")"), ..) => {
                group = false;
                None
            }
            (Some("require"), Some("("), _) => {
                group = true;
                None
            }
            (Some("require"), Some(path), Some(version)) => Some((path, version)),
            (Some(path), Some(version), _) if group => Some((path, version)),
            _ => None,
        };
        let bare = |word: &str| word.trim_matches(['"', '`']).to_owned();
        found.extend(required.map(|(path, version)| (bare(path), bare(version))));
    }
    found
}

/// The path on the `module` line of a go.mod file.
pub(crate) fn module_line(text: &str) -> Option<String> {
    let mut lines = text
        .lines()
        .map(|line| line.split("//").next().unwrap_or(line));
    lines.find_map(|line| {
        let mut words = line.split_whitespace();
        let path = (words.next()? == "module").then(|| words.next())??;
        Some(path.trim_matches(['"', '`']).to_owned())
    })
}

/// The `go` line of a go.mod or go.work file: `1.21`.
pub(crate) fn go_line(text: &str) -> Option<String> {
    let line = text.lines().find_map(|line| {
        line.trim()
            .strip_prefix("go ")
            .or_else(|| line.trim().strip_prefix("go\t"))
    })?;
    line.split_whitespace()
        .next()
        .map(|word| word.trim_matches('"').to_owned())
}

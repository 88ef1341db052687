//! Finds where a file of a module lies on the web: by the path that it has in the module cache, or with `-trimpath`.

/// Where modules are by their paths, what is in place of that on the web, and what stands before the version there.
const HOSTS: [(&str, &str, &str); 3] = [
    ("github.com/", "https://github.com/", "/blob/"),
    ("gitlab.com/", "https://gitlab.com/", "/-/blob/"),
    ("golang.org/x/", "https://github.com/golang/", "/blob/"),
];

/// The page of a line, of a file such as `.../github.com/owner/name@v1.2.3/file.go`; `None` for other files.
pub(crate) fn source_link(file: &str, line: Option<u32>) -> Option<String> {
    let (module, rest) = file.rsplit_once('@')?;
    let (version, path) = rest.split_once('/')?;
    let (module, root, blob) = HOSTS.iter().find_map(|(host, root, blob)| {
        let at = module.find(host)?;
        let is_whole = at == 0 || module[..at].ends_with('/');
        is_whole.then(|| (&module[at + host.len()..], root, blob))
    })?;
    let module = unescaped(module);
    // A module below `golang.org/x/` has no owner in its path.
    let names = if root.ends_with("golang/") { 1 } else { 2 };
    let mut parts = module.split('/');
    let repository: Vec<&str> = parts.by_ref().take(names).collect();
    let folder: Vec<&str> = parts.filter(|part| !is_major(part)).collect();
    let folder: String = folder.iter().map(|part| format!("{part}/")).collect();
    let line = line.map_or(String::new(), |line| format!("#L{line}"));
    let at = match commit(version) {
        Some(commit) => commit.to_owned(),
        None => format!("{folder}{}", version.trim_end_matches("+incompatible")),
    };
    let repository = repository.join("/");
    Some(format!("{root}{repository}{blob}{at}/{folder}{path}{line}"))
}

/// The module cache has `!b` for `B`.
fn unescaped(path: &str) -> String {
    let mut parts = path.split('!');
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |mut whole, part| {
        let mut letters = part.chars();
        whole.extend(letters.next().map(|letter| letter.to_ascii_uppercase()));
        whole + letters.as_str()
    })
}

/// `v2` at the end of a module's path is no folder.
fn is_major(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or_default();
    !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
}

/// That of a pseudo-version: `v0.0.0-20260102030405-0123456789ab`.
fn commit(version: &str) -> Option<&str> {
    let (before, commit) = version.rsplit_once('-')?;
    let time = before.rsplit(['-', '.']).next()?;
    let is_time = time.len() == 14 && time.bytes().all(|byte| byte.is_ascii_digit());
    (is_time && commit.len() == 12).then_some(commit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_a_module_has_a_page() {
        for (file, page) in [
            (
                "/home/a/go/pkg/mod/github.com/!burnt!sushi/toml@v1.2.3/x/a.go",
                Some("https://github.com/BurntSushi/toml/blob/v1.2.3/x/a.go#L7"),
            ),
            (
                "github.com/a/b/v2@v2.0.1/a.go",
                Some("https://github.com/a/b/blob/v2.0.1/a.go#L7"),
            ),
            (
                "github.com/a/b/sub@v0.1.0/a.go",
                Some("https://github.com/a/b/blob/sub/v0.1.0/sub/a.go#L7"),
            ),
            (
                "golang.org/x/sys@v0.0.0-20260102030405-0123456789ab/unix/a.go",
                Some("https://github.com/golang/sys/blob/0123456789ab/unix/a.go#L7"),
            ),
            (
                "gitlab.com/a/b@v1.0.0+incompatible/a.go",
                Some("https://gitlab.com/a/b/-/blob/v1.0.0/a.go#L7"),
            ),
            ("internal/store.go", None),
            ("notgithub.com/a/b@v1.0.0/a.go", None),
        ] {
            assert_eq!(source_link(file, Some(7)).as_deref(), page, "{file}");
        }
    }
}

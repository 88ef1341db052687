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
    if !version.starts_with('v') {
        return None;
    }
    let (module, root, blob) = on_the_web(module)?;
    let module = unescaped(module);
    // A module below `golang.org/x/` has no owner in its path.
    let names = if root.ends_with("golang/") { 1 } else { 2 };
    let mut parts: Vec<&str> = module.split('/').collect();
    if parts.len() > names && is_major(parts.last()?) {
        parts.pop();
    }
    let (repository, folder) = parts.split_at_checked(names)?;
    let folder: String = folder.iter().map(|part| format!("{part}/")).collect();
    let line = line.map_or(String::new(), |line| format!("#L{line}"));
    let at = match commit(version) {
        Some(commit) => commit.to_owned(),
        None => format!("{folder}{}", version.trim_end_matches("+incompatible")),
    };
    let repository = repository.join("/");
    let page = encoded(&format!("{repository}{blob}{at}/{folder}{path}"));
    Some(format!("{root}{page}{line}"))
}

/// The module behind the last host in a path, where that is on the web, and what stands before the version there. The cache
/// itself may lie below a directory that is called like a host.
fn on_the_web(module: &str) -> Option<(&str, &'static str, &'static str)> {
    let place = |(host, root, blob): (&'static str, &'static str, &'static str)| {
        let at = module.rfind(host)?;
        let is_whole = at == 0 || module[..at].ends_with('/');
        is_whole.then(|| (at, (&module[at + host.len()..], root, blob)))
    };
    let found = HOSTS.into_iter().filter_map(place);
    found.max_by_key(|found| found.0).map(|found| found.1)
}

/// What a module's files may be called and an address may not hold.
fn encoded(path: &str) -> String {
    let mut page = path.replace('%', "%25");
    for (letter, code) in [(" ", "%20"), ("#", "%23"), ("?", "%3F")] {
        page = page.replace(letter, code);
    }
    page
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

/// `v2` and above at the end of a module's path is no folder.
fn is_major(part: &str) -> bool {
    let digits = part.strip_prefix('v').unwrap_or_default();
    digits.parse::<u32>().is_ok_and(|number| number > 1)
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
            (
                "/home/a/github.com/go/pkg/mod/golang.org/x/sys@v0.1.0/a.go",
                Some("https://github.com/golang/sys/blob/v0.1.0/a.go#L7"),
            ),
            (
                "github.com/a/b/api/v1@v1.0.0/a #1.go",
                Some("https://github.com/a/b/blob/api/v1/v1.0.0/api/v1/a%20%231.go#L7"),
            ),
            ("/src/github.com/me@work/proj/a.go", None),
            ("github.com/a@v1.0.0/a.go", None),
            ("internal/store.go", None),
            ("notgithub.com/a/b@v1.0.0/a.go", None),
        ] {
            assert_eq!(source_link(file, Some(7)).as_deref(), page, "{file}");
        }
    }
}

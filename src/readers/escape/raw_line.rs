//! Rewrites a line of the compiler as the go command would print it, so that captured lines and lines that go replays
//! are alike.
//!
//! Go shortens paths below the package and its parents, where that makes them shorter, and renames what cgo made up
//! (`(*Shell).reportCmd`, `cmd/go/internal/long/shell.go`).

use std::borrow::Cow;

/// How go would show the text of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Raw {
    /// What a path begins with, and what stands there instead; the longest first.
    shorter: Vec<(Vec<u8>, Vec<u8>)>,
    cgo: bool,
}

impl Raw {
    /// For the package in `dir`, with go run in `cwd`; both absolute and clean. `cgo`: go renames what cgo made up, as it does
    /// since 1.27 for packages that use it.
    pub fn new(dir: &[u8], cwd: &[u8], cgo: bool) -> Self {
        let mut shorter = Vec::new();
        let mut at = Some(dir).filter(|bytes| bytes.starts_with(b"/") && cwd.starts_with(b"/"));
        while let Some(dir) = at.filter(|bytes| bytes.len() > 1) {
            let relative = relative(cwd, dir);
            if relative.len() < dir.len() {
                shorter.push((dir.to_vec(), relative));
            }
            at = memchr::memrchr(b'/', dir).map(|end| &dir[..end]);
        }
        Self { shorter, cgo }
    }

    /// The line as go would show it.
    pub fn shown<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let found = self.shorter.iter().find(|pair| line.starts_with(&pair.0));
        let line = match found {
            Some((long, short)) => Cow::Owned([short.as_slice(), &line[long.len()..]].concat()),
            None => Cow::Borrowed(line),
        };
        match self.cgo.then(|| renamed(&line)).flatten() {
            Some(renamed) => Cow::Owned(renamed),
            None => line,
        }
    }
}

/// The way from one directory to another, by text alone.
fn relative(from: &[u8], to: &[u8]) -> Vec<u8> {
    let parts = |bytes: &[u8]| -> Vec<Vec<u8>> {
        let parts = bytes
            .split(|byte| *byte == b'/')
            .filter(|part| !part.is_empty());
        parts.map(<[u8]>::to_vec).collect()
    };
    let (from, to) = (parts(from), parts(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n(b"..".to_vec(), from.len() - common);
    let all: Vec<Vec<u8>> = up.chain(to[common..].iter().cloned()).collect();
    if all.is_empty() {
        b".".to_vec()
    } else {
        all.join(&b'/')
    }
}

/// `_Ctype_int` becomes `C.int`, and so on. `None`: there is nothing of that kind.
fn renamed(line: &[u8]) -> Option<Vec<u8>> {
    const MADE_UP: &[&[u8]] = &[b"type_", b"func_", b"var_", b"macro_"];
    let word = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    let mut out = Vec::new();
    let mut done = 0;
    for at in memchr::memmem::find_iter(line, b"_C") {
        if at < done || line[..at].last().is_some_and(word) {
            continue;
        }
        let rest = &line[at + 2..];
        let rest = rest.strip_prefix(b"2").unwrap_or(rest);
        let kind = MADE_UP.iter().find_map(|prefix| rest.strip_prefix(*prefix));
        if let Some(name) = kind.filter(|kind| kind.first().is_some_and(word)) {
            out.extend_from_slice(&line[done..at]);
            out.extend_from_slice(b"C.");
            done = line.len() - name.len();
        }
    }
    (done > 0).then(|| [out.as_slice(), &line[done..]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(dir: &str, cwd: &str, cgo: bool, line: &str) -> String {
        let raw = Raw::new(dir.as_bytes(), cwd.as_bytes(), cgo);
        String::from_utf8(raw.shown(line.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn paths_are_shortened_as_go_does() {
        let paths = |dir, line| check(dir, "/w/app", false, line);
        insta::assert_snapshot!(paths("/w/app", "/w/app/x.go:1:2: m"), @"./x.go:1:2: m");
        insta::assert_snapshot!(paths("/w/app/lib", "/w/app/lib/x.go:1:2: m"), @"lib/x.go:1:2: m");
        insta::assert_snapshot!(paths("/w/app/lib", "/w/app/other/x.go:1:2: m"), @"./other/x.go:1:2: m");
        insta::assert_snapshot!(paths("/w/other", "/w/other/x.go:1:2: m"), @"/w/other/x.go:1:2: m");
        insta::assert_snapshot!(check("/long/other", "/long/app", false, "/long/other/x.go:1:2: m"), @"../other/x.go:1:2: m");
        insta::assert_snapshot!(paths("/r/src/fmt", "/r/src/fmt/x.go:1:2: m"), @"/r/src/fmt/x.go:1:2: m");
        insta::assert_snapshot!(paths("/w/app", "ex.com/app/x.go:1:2: m"), @"ex.com/app/x.go:1:2: m");
        insta::assert_snapshot!(paths("", "/w/app/x.go:1:2: m"), @"/w/app/x.go:1:2: m");
    }

    #[test]
    fn what_cgo_made_up_is_renamed() {
        let names = |line| check("", "", true, line);
        insta::assert_snapshot!(names("x.go:1:2: *[3]_Ctype_int and _Cfunc_f(_C2func_g) escape"), @"x.go:1:2: *[3]C.int and C.f(C.g) escape");
        insta::assert_snapshot!(names("x.go:1:2: my_Ctype_int _Ctype_ _Cgo"), @"x.go:1:2: my_Ctype_int _Ctype_ _Cgo");
        insta::assert_snapshot!(check("", "", false, "x.go:1:2: _Ctype_int"), @"x.go:1:2: _Ctype_int");
    }
}

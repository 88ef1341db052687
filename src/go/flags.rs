//! Reads the command line of `go build`: flags and packages.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use crate::error::{Error, Kind, Result};
use crate::quote;
pub(crate) use crate::quote::{PerPackage, per_package};

/// A flag as it was given; `name` without dashes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Flag {
    /// `ldflags`
    pub(crate) name: String,
    /// `None` for a boolean flag without `=value`.
    pub(crate) value: Option<String>,
    /// The value byte for byte where it is no UTF-8, as a path may be: then `value` only shows it.
    pub(crate) bytes: Option<OsString>,
}

impl Flag {
    /// The form every go command takes: `-name` or `-name=value`.
    pub(crate) fn to_arg(&self) -> String {
        match &self.value {
            Some(value) => format!("-{}={value}", self.name),
            None => format!("-{}", self.name),
        }
    }

    /// A value of which every byte counts: a path.
    pub(crate) fn path(&self) -> Option<&OsStr> {
        self.bytes
            .as_deref()
            .or(self.value.as_deref().map(OsStr::new))
    }

    /// [`Flag::to_arg`], byte for byte.
    pub(crate) fn to_os_arg(&self) -> OsString {
        match &self.bytes {
            Some(bytes) => {
                let mut arg = OsString::from(format!("-{}=", self.name));
                arg.push(bytes);
                arg
            }
            None => self.to_arg().into(),
        }
    }

    /// Gives it a path as value.
    pub(crate) fn set_path(&mut self, path: OsString) {
        match path.into_string() {
            Ok(text) => (self.value, self.bytes) = (Some(text), None),
            Err(bytes) => {
                self.value = Some(bytes.to_string_lossy().into_owned());
                self.bytes = Some(bytes);
            }
        }
    }
}

/// What stands behind the first `=`.
pub(crate) fn value_behind(arg: &OsStr) -> Option<OsString> {
    let bytes = arg.as_bytes();
    let at = bytes.iter().position(|byte| *byte == b'=')?;
    Some(OsString::from_vec(bytes[at + 1..].to_vec()))
}

/// Flags of `go build` (Go 1.21 to 1.27) that take a value: `go help build`, and the hidden ones
/// of `cmd/go/internal/work/build.go`.
const WITH_VALUE: &[&str] = &[
    "C",
    "asmflags",
    "buildmode",
    "compiler",
    "covermode",
    "coverpkg",
    "debug-actiongraph",
    "debug-runtime-trace",
    "debug-trace",
    "gccgoflags",
    "gcflags",
    "installsuffix",
    "ldflags",
    "mod",
    "modfile",
    "o",
    "overlay",
    "p",
    "pgo",
    "pkgdir",
    "tags",
    "toolexec",
];

/// Boolean flags of `go build`. `-flag value` never takes the value.
const BOOLEAN: &[&str] = &[
    "a",
    "asan",
    "buildvcs",
    "cover",
    "i",
    "json",
    "linkshared",
    "modcacherw",
    "msan",
    "n",
    "race",
    "trimpath",
    "v",
    "work",
    "x",
];

/// The flags of `go build`.
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    WITH_VALUE.iter().chain(BOOLEAN).copied()
}

/// Flags of the linker and of the compiler that are typed as if they were flags of `go build`.
const OF_TOOLS: [(&str, &[&str]); 2] = [
    (
        "ldflags",
        &["X", "s", "w", "extldflags", "linkmode", "buildid"],
    ),
    ("gcflags", &["N", "l", "m", "S"]),
];

/// What to do about a flag that go does not know.
pub(crate) fn instead_of(name: &str) -> String {
    let tool = OF_TOOLS.iter().find(|(_, known)| known.contains(&name));
    if let Some((list, _)) = tool {
        return format!("`-{name}` belongs into a list: `-{list} \"-{name} ...\"`");
    }
    match crate::config::strict::nearest(name, names()) {
        Some(near) => format!("did you mean `-{near}`?"),
        None => "`gobuild-opt release --help` lists the flags of this program, `go help build` those of go".to_owned(),
    }
}

/// How `go build` reads a flag of that name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Arity {
    /// `-flag` or `-flag=value`
    Boolean,
    /// `-flag=value` or `-flag value`
    Value,
    /// Not a flag of the versions known here.
    Unknown,
}

/// How `go build` reads `-name`.
pub(crate) fn arity(name: &str) -> Arity {
    if WITH_VALUE.contains(&name) {
        Arity::Value
    } else if BOOLEAN.contains(&name) {
        Arity::Boolean
    } else {
        Arity::Unknown
    }
}

/// The dashes off: `-name`, `--name`, `-name=value`.
pub(crate) fn name_and_value(arg: &str) -> Option<(&str, Option<&str>)> {
    let bare = arg.strip_prefix("--").or_else(|| arg.strip_prefix('-'))?;
    if bare.is_empty() || bare.starts_with(['-', '=']) {
        return None;
    }
    Some(match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    })
}

/// Reads a list of flags, such as `[build] flags`. `origin` names it in errors.
pub(crate) fn parse(args: &[String], origin: &str) -> Result<Vec<Flag>> {
    let mut flags = Vec::new();
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let (name, value) = name_and_value(arg).ok_or_else(|| {
            Error::new(Kind::Usage, format!("`{arg}` in {origin} is not a flag"))
                .hint("flags begin with `-`; packages have a key of their own")
        })?;
        let value = match (value, arity(name)) {
            (Some(value), _) => Some(value.to_owned()),
            (None, Arity::Value) => {
                Some(rest.next().cloned().ok_or_else(|| missing(name, origin))?)
            }
            (None, Arity::Boolean | Arity::Unknown) => None,
        };
        flags.push(Flag {
            name: name.to_owned(),
            value,
            bytes: None,
        });
    }
    Ok(flags)
}

/// The error for `-flag` at the end of the line.
pub(crate) fn missing(name: &str, origin: &str) -> Error {
    Error::new(
        Kind::Usage,
        format!("the flag `-{name}` in {origin} needs a value"),
    )
    .hint(format!("write `-{name}=VALUE`"))
}

/// `GOFLAGS` as Go reads it: each entry is `-flag` or `-flag=value`, entries with white space quoted whole.
pub(crate) fn parse_goflags(text: &str) -> Result<Vec<Flag>> {
    let fields = quote::split(text)
        .map_err(|why| Error::new(Kind::Usage, format!("GOFLAGS is `{text}`: {why}")))?;
    let flag =
        |field: &String| {
            let (name, value) =
                name_and_value(field).ok_or_else(|| {
                    Error::new(Kind::Usage, format!("GOFLAGS is `{text}`: `{field}` is not a flag"))
                .hint("quote a whole entry that has spaces: GOFLAGS=\"'-ldflags=-s -w' -trimpath\"")
                })?;
            Ok(Flag {
                name: name.to_owned(),
                value: value.map(str::to_owned),
                bytes: None,
            })
        };
    fields.iter().map(flag).collect()
}

/// Entries of GOFLAGS that look like the tail of an unquoted list: `GOFLAGS="-ldflags=-s -w"` is
/// `-ldflags=-s` and a `-w` that Go drops without a word, since no go command has that flag.
pub(crate) fn lost_in_goflags(flags: &[Flag]) -> Vec<&Flag> {
    let after_list = flags.iter().skip_while(|flag| !is_list(&flag.name)).skip(1);
    after_list
        .filter(|flag| arity(&flag.name) == Arity::Unknown)
        .collect()
}

fn is_list(name: &str) -> bool {
    matches!(name, "ldflags" | "gcflags" | "asmflags" | "gccgoflags")
}

/// The value of the last flag of that name: Go's rule for a repeated flag.
pub(crate) fn last<'a>(flags: &'a [Flag], name: &str) -> Option<&'a Flag> {
    flags.iter().rev().find(|flag| flag.name == name)
}

/// Whether a boolean flag is on: its last mention counts.
pub(crate) fn is_on(flags: &[Flag], name: &str) -> bool {
    last(flags, name).is_some_and(|flag| {
        !matches!(
            flag.value.as_deref(),
            Some("false" | "0" | "f" | "F" | "FALSE" | "False")
        )
    })
}

/// The tags of one `-tags` value: separated by commas, or by spaces and then with quotes
/// (`tagsFlag`, `cmd/go/internal/work/build.go`).
pub(crate) fn tags(value: &str) -> Result<Vec<String>, String> {
    if !value.contains([' ', '\'']) {
        let tags = value.split(',').filter(|part| !part.is_empty());
        return Ok(tags.map(str::to_owned).collect());
    }
    let tags = quote::split(value)?;
    match tags.iter().find(|tag| tag.contains(',')) {
        Some(tag) => Err(format!("`{tag}` has a comma in a list separated by spaces")),
        None => Ok(tags),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn flags_are_read_in_each_spelling() {
        let typed = strings(&[
            "-o",
            "x",
            "--tags=a,b",
            "-trimpath",
            "-future=1",
            "-race=false",
        ]);
        let args: Vec<String> = parse(&typed, "flags")
            .unwrap()
            .iter()
            .map(Flag::to_arg)
            .collect();
        assert_eq!(
            args,
            ["-o=x", "-tags=a,b", "-trimpath", "-future=1", "-race=false"]
        );
        assert!(parse(&strings(&["-ldflags"]), "flags").is_err());
    }

    #[test]
    fn an_unquoted_goflags_loses_its_tail() {
        let lost = |text: &str| lost_in_goflags(&parse_goflags(text).unwrap()).len();
        assert_eq!(lost("-ldflags=-s -w"), 1);
        assert_eq!(lost("'-ldflags=-s -w' -trimpath"), 0);
        assert_eq!(lost("-mod=mod"), 0);
    }

    #[test]
    fn tags_are_read_in_each_spelling() {
        assert_eq!(tags("a,,b").unwrap(), ["a", "b"]);
        assert_eq!(tags("'a' b").unwrap(), ["a", "b"]);
        assert!(tags("a,b c").is_err());
    }

    #[test]
    fn a_value_may_name_packages() {
        let read = per_package("example.com/...=-N '-X a=b c'").unwrap();
        assert_eq!(read.pattern.as_deref(), Some("example.com/..."));
        assert_eq!(read.flags, ["-N", "-X a=b c"]);
        assert_eq!(per_package("-s -w").unwrap().pattern, None);
        assert!(per_package("nonsense").is_err());
    }
}

//! What a configuration may put into the environment of go without being trusted.

use super::c;
use super::flag_list::is_word;

/// What the value of a variable may be.
#[derive(Clone, Copy)]
enum Kind {
    /// Letters, digits and `. _ , : + -`.
    Word,
    OneOf(&'static [&'static str]),
    Checked(fn(&str) -> bool),
    /// Flags of go: reviewed like a command line.
    Flags,
}

use Kind::{Checked, Flags, OneOf, Word};

/// Variables that decide about the code that comes out, and run nothing. Where modules come from is for the user to say: a proxy
/// serves code, `direct` starts the programs of version control, and without the checksum database nobody notices. Only none
/// at all is harmless.
const ALLOWED: &[(&str, Kind)] = &[
    ("CGO_CFLAGS", Checked(c::is_compiled)),
    ("CGO_CPPFLAGS", Checked(c::is_compiled)),
    ("CGO_CXXFLAGS", Checked(c::is_compiled)),
    ("CGO_ENABLED", OneOf(&["0", "1", ""])),
    ("CGO_FFLAGS", Checked(c::is_compiled)),
    ("CGO_LDFLAGS", Checked(c::is_linked)),
    ("GO111MODULE", OneOf(&["on", "auto", ""])),
    ("GO386", Word),
    ("GOAMD64", Word),
    ("GOARCH", Word),
    ("GOARM", Word),
    ("GOARM64", Word),
    ("GODEBUG", Checked(is_godebug)),
    ("GOEXPERIMENT", Word),
    ("GOFIPS140", Word),
    ("GOFLAGS", Flags),
    ("GOGC", Word),
    ("GOMAXPROCS", Word),
    ("GOMEMLIMIT", Word),
    ("GOMIPS", Word),
    ("GOMIPS64", Word),
    ("GOOS", Word),
    ("GOPPC64", Word),
    ("GOPROXY", OneOf(&["off"])),
    ("GORISCV64", Word),
    // `auto` would take back the `local` of `go env -w`, and load and start what go.mod names.
    ("GOTOOLCHAIN", OneOf(&["local"])),
    ("GOWASM", Word),
    ("GOWORK", OneOf(&["off"])),
    ("LANG", Word),
    ("LC_ALL", Word),
    ("SOURCE_DATE_EPOCH", Word),
    ("TZ", Checked(is_zone)),
];

/// Settings of the go command that change what it compiles. Others turn off checks of certificates, or let it start
/// programs from the working directory (`execerrdot`).
fn is_godebug(value: &str) -> bool {
    const KEYS: &[&str] = &[
        "asyncpreemptoff",
        "goindex",
        "gotypesalias",
        "madvdontneed",
        "netdns",
    ];
    let known = |text: &str| {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        KEYS.contains(&key) && is_word(value)
    };
    value.is_empty() || value.split(',').all(known)
}

/// `Europe/Berlin`: the name of a zone, not the path of a file.
fn is_zone(value: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '/' | '_' | '+' | '-');
    !value.starts_with('/') && value.chars().all(letter)
}

/// What to do about a variable.
pub(crate) enum Verdict {
    /// It may be set.
    Fine,
    /// It holds flags of go, which decide.
    Flags,
    /// It is not on the list.
    Name,
    /// It is on the list, with other values.
    Value,
}

/// Looks a variable up.
pub(crate) fn judge(name: &str, value: &str) -> Verdict {
    let Some((_, kind)) = ALLOWED.iter().find(|(it, _)| *it == name) else {
        return Verdict::Name;
    };
    let fine = match kind {
        Kind::Flags => return Verdict::Flags,
        Kind::Word => is_word(value),
        Kind::OneOf(values) => values.contains(&value),
        Kind::Checked(is_fine) => is_fine(value),
    };
    if fine && !value.contains('\0') {
        Verdict::Fine
    } else {
        Verdict::Value
    }
}

/// The names, for a hint.
pub(crate) fn names() -> String {
    let names: Vec<&str> = ALLOWED.iter().map(|(name, _)| *name).collect();
    names.join(", ")
}

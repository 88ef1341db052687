//! What a user names of an executable in the lock, read from text and written as text.

use std::fmt;
use std::str::FromStr;

/// A fact about an executable, as the lock, the report and the command line name it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Item {
    /// `size`: of the file.
    Size,
    /// `section:code`: bytes in the file by section role.
    Section(String),
    /// `module:example.com/heavy`: bytes of a module.
    Module(String),
    /// `package:example.com/heavy/lib`: bytes of a package.
    Package(String),
    /// `frame:example.com/app.(*Server).loop`: bytes of the stack frame of a function.
    Frame(String),
    /// `cgo:net`: a package that uses cgo.
    Cgo(String),
    /// `godebug:containermaxprocs`: a GODEBUG default.
    Godebug(String),
    /// `dead-code`: whether the linker removes methods that nothing calls.
    DeadCode,
    /// `profile-health`: how much of the profile fits.
    Health,
}

/// The items with a name behind a colon.
type Named = (&'static str, fn(String) -> Item);

const NAMED: &[Named] = &[
    ("section", Item::Section),
    ("module", Item::Module),
    ("package", Item::Package),
    ("frame", Item::Frame),
    ("cgo", Item::Cgo),
    ("godebug", Item::Godebug),
];

impl Item {
    /// How items are written.
    pub(crate) const FORMS: &[&str] = &[
        "size",
        "size:EXECUTABLE",
        "section:ROLE",
        "module:PATH",
        "package:PATH",
        "frame:FUNCTION",
        "cgo:PACKAGE",
        "godebug:NAME",
        "dead-code",
        "profile-health",
    ];
}

impl FromStr for Item {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        match text {
            "size" => return Ok(Self::Size),
            "dead-code" => return Ok(Self::DeadCode),
            "profile-health" => return Ok(Self::Health),
            _ => {}
        }
        let (kind, name) = text.split_once(':').ok_or(())?;
        let (_, item) = NAMED.iter().find(|entry| entry.0 == kind).ok_or(())?;
        if name.is_empty() {
            return Err(());
        }
        Ok(item(name.to_owned()))
    }
}

impl fmt::Display for Item {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Size => f.write_str("size"),
            Self::Section(name) => write!(f, "section:{name}"),
            Self::Module(name) => write!(f, "module:{name}"),
            Self::Package(name) => write!(f, "package:{name}"),
            Self::Frame(name) => write!(f, "frame:{name}"),
            Self::Cgo(name) => write!(f, "cgo:{name}"),
            Self::Godebug(name) => write!(f, "godebug:{name}"),
            Self::DeadCode => f.write_str("dead-code"),
            Self::Health => f.write_str("profile-health"),
        }
    }
}

//! Composes the `-toolexec` with which the compile of the release reports its diagnostics; and reads the command line
//! that go makes of it, to see what to run.
//!
//! Go puts the words of `-toolexec` in front of every tool it starts. Ours are `gobuild-opt toolexec --store=DIR
//! --packages=PATTERNS --flags=FLAGS --links=DIR --behind=N --`, then the N words of a `-toolexec` of the user's own,
//! then the tool and its arguments.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::scope;
use crate::quote;

/// The subcommand. It is no command of users, and so not in the help.
pub const NAME: &str = "toolexec";

/// What the compiler is to report of which packages, and where that is kept.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Wish {
    /// The directory of the captures that were made with these flags.
    pub(crate) store: PathBuf,
    /// Package patterns.
    pub(crate) packages: Vec<String>,
    /// Flags of the compiler.
    pub(crate) flags: Vec<String>,
    /// The directory that gets a record of every link; empty where none is wanted.
    pub(crate) links: PathBuf,
}

impl Wish {
    /// The value of `-toolexec`, with the words of the user's own behind ours: both see every tool, and the tools name
    /// themselves as they do behind the user's alone.
    ///
    /// Fails with a sentence for words that Go has no way to quote.
    pub(crate) fn toolexec(&self, program: &Path, theirs: &[String]) -> Result<String, String> {
        let text = |path: &Path| {
            path.to_str()
                .map(str::to_owned)
                .ok_or_else(|| format!("the path `{}` is no UTF-8", path.display()))
        };
        let mut words = vec![
            text(program)?,
            NAME.to_owned(),
            format!("--store={}", text(&self.store)?),
            format!("--packages={}", self.packages.join(",")),
            format!("--flags={}", quote::join(&self.flags)?),
        ];
        if !self.links.as_os_str().is_empty() {
            words.push(format!("--links={}", text(&self.links)?));
        }
        if !theirs.is_empty() {
            words.push(format!("--behind={}", theirs.len()));
        }
        words.push("--".to_owned());
        words.extend(theirs.iter().cloned());
        quote::join(&words)
    }
}

/// The words in front of a link that is repeated beside go's: it is measured like that one, and nothing else.
pub(crate) fn beside(program: &Path, records: &Path) -> Vec<OsString> {
    let mut place = OsString::from(TWIN);
    place.push(records);
    vec![program.into(), NAME.into(), place, "--".into()]
}

/// The option of a link that is repeated.
const TWIN: &str = "--twin=";

/// A command line of ours, read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request<'a> {
    wish: Wish,
    /// The directory of the records of a link that is repeated.
    twin: PathBuf,
    /// How many words stand before the tool.
    behind: usize,
    /// What to run.
    pub(crate) command: &'a [OsString],
}

/// A link that is recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link<'a> {
    /// The file that names the archives of all packages.
    pub(crate) config: &'a Path,
    /// The import path of the main package.
    pub(crate) package: &'a str,
    /// The directory of the records.
    pub(crate) records: &'a Path,
    /// Patterns of the packages whose actions are wanted.
    pub(crate) wanted: &'a [String],
    /// The whole command.
    pub(crate) command: &'a [OsString],
}

/// A tool that is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Measured<'a> {
    /// `compile`, `link` or `twin`.
    pub(crate) tool: &'static str,
    /// The package, as go names it.
    pub(crate) package: &'a str,
    /// The action ID of a compile: a digest of all that goes into it.
    pub(crate) action: Option<String>,
    /// The directory of the records.
    pub(crate) records: &'a Path,
}

/// A compile that reports diagnostics.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Job {
    /// The command with the flags in it.
    pub(crate) command: Vec<OsString>,
    /// The package, as go names it: `lib`, or `lib [cmd/one]`.
    pub(crate) package: OsString,
    /// The action ID, which names the capture.
    pub(crate) action: String,
    /// The directory of the captures.
    pub(crate) store: PathBuf,
    /// Whether a program of the user's stands between: what it says is not ours to keep.
    pub(crate) shared: bool,
}

impl<'a> Request<'a> {
    /// Reads what stands behind `gobuild-opt toolexec`. `None` where no command follows.
    pub(crate) fn read(args: &'a [OsString]) -> Option<Self> {
        let end = args.iter().position(|argument| argument == "--")?;
        let (options, command) = (&args[..end], &args[end + 1..]);
        if command.is_empty() {
            return None;
        }
        let text = |name: &str| {
            let value =
                |argument: &OsString| argument.to_str()?.strip_prefix(name).map(str::to_owned);
            options.iter().find_map(value).unwrap_or_default()
        };
        let packages = text("--packages=");
        let path = |name: &str| {
            let found = options
                .iter()
                .find_map(|option| option.as_bytes().strip_prefix(name.as_bytes()));
            PathBuf::from(OsStr::from_bytes(found.unwrap_or_default()))
        };
        Some(Self {
            wish: Wish {
                store: text("--store=").into(),
                packages: packages.split(',').map(str::to_owned).collect(),
                flags: quote::split(&text("--flags=")).unwrap_or_default(),
                links: text("--links=").into(),
            },
            twin: path(TWIN),
            behind: text("--behind=").parse().unwrap_or(0),
            command,
        })
    }

    /// The compile or link that the command is, where its cost is wanted.
    pub(crate) fn measured<'b>(&'b self, package: &'b OsStr) -> Option<Measured<'b>> {
        let package = package.to_str()?;
        let is_repeated = !self.twin.as_os_str().is_empty();
        let records = if is_repeated {
            &self.twin
        } else {
            &self.wish.links
        };
        let name = Path::new(self.command.get(self.behind)?).file_name()?;
        let tool = match name.to_str()? {
            _ if is_repeated => "twin",
            "compile" => "compile",
            "link" => "link",
            _ => return None,
        };
        // Go asks for versions, too.
        let works = !self.command[self.behind + 1..]
            .iter()
            .any(|argument| argument.as_bytes().starts_with(b"-V"));
        let wanted = works && !records.as_os_str().is_empty();
        wanted.then(|| Measured {
            tool,
            package,
            action: match tool {
                "compile" => action(&self.command[self.behind + 1..]),
                _ => None,
            },
            records,
        })
    }

    /// The directory of the records, where the command asks the linker for its version.
    pub(crate) fn asks_linker(&self) -> Option<&Path> {
        let tool = Path::new(self.command.get(self.behind)?).file_name()?;
        let asks = self.command[self.behind + 1..] == ["-V=full"];
        let records = Path::new(&self.wish.links);
        (tool == "link" && asks && !records.as_os_str().is_empty()).then_some(records)
    }

    /// The link that the command is, where a record of it is wanted. `package` is what go says in TOOLEXEC_IMPORTPATH.
    pub(crate) fn link<'b>(&'b self, package: &'b OsStr) -> Option<Link<'b>> {
        let tool = self.command.get(self.behind)?;
        let args = &self.command[self.behind + 1..];
        let value = |name: &str| args.get(args.iter().position(|argument| argument == name)? + 1);
        let package = package.to_str()?;
        let wanted = Path::new(tool).file_name() == Some(OsStr::new("link"))
            && !self.wish.links.as_os_str().is_empty();
        Some(Link {
            config: Path::new(value("-importcfg").filter(|_| wanted)?),
            package: package.split(" [").next().unwrap_or(package),
            records: &self.wish.links,
            wanted: &self.wish.packages,
            command: self.command,
        })
    }

    /// What to do instead of the command, where it compiles a package that is wanted. `package` is what go says in
    /// TOOLEXEC_IMPORTPATH.
    ///
    /// `None` also where the compiler prints something of its own accord, because flags of the user's ask for it: that
    /// belongs to the user.
    pub(crate) fn job(&self, package: &OsStr) -> Option<Job> {
        let tool = self.command.get(self.behind)?;
        let args = &self.command[self.behind + 1..];
        let path = package.to_str()?;
        let path = path.split(" [").next().unwrap_or(path);
        let wanted = Path::new(tool).file_name() == Some(OsStr::new("compile"))
            && !self.wish.store.as_os_str().is_empty()
            && scope::contains(&self.wish.packages, path)
            && !args.iter().any(talks);
        let action = action(args).filter(|_| wanted)?;
        let mut command = self.command.to_vec();
        let at = self.behind + 1;
        command.splice(at..at, self.wish.flags.iter().map(OsString::from));
        Some(Job {
            command,
            package: package.to_owned(),
            action,
            store: self.wish.store.clone(),
            shared: self.behind > 0,
        })
    }
}

/// The first half of the value of `-buildid`. While a package is compiled both halves are the action ID
/// (`(*Builder).useCache`, `cmd/go/internal/work/buildid.go`).
fn action(args: &[OsString]) -> Option<String> {
    let at = args.iter().position(|argument| argument == "-buildid")?;
    let (action, content) = args.get(at + 1)?.to_str()?.split_once('/')?;
    (action == content && is_action(action)).then(|| action.to_owned())
}

/// Whether a text can be an action ID: it becomes the name of a file.
pub(crate) fn is_action(text: &str) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    (8..=64).contains(&text.len()) && text.bytes().all(letter)
}

/// Flags of the compiler, Go 1.21 to 1.27, that make it print, or change what it prints (`cmd/compile/internal/base/flag.go`).
/// `-V` asks for its version, `@` names a file of arguments.
const TALKING: &[&[u8]] = &[
    b"%", b"C", b"E", b"K", b"L", b"S", b"V", b"W", b"d", b"h", b"j", b"live", b"m", b"r", b"v",
    b"w",
];

fn talks(arg: &OsString) -> bool {
    let arg = arg.as_bytes();
    if arg.starts_with(b"@") {
        return true;
    }
    let Some(name) = arg.strip_prefix(b"-") else {
        return false;
    };
    let name = name.strip_prefix(b"-").unwrap_or(name);
    let end = memchr::memchr(b'=', name).unwrap_or(name.len());
    TALKING.contains(&&name[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish() -> Wish {
        Wish {
            store: "/c/my cache".into(),
            packages: vec!["ex.com/m/...".into(), "fmt".into()],
            flags: vec!["-m".into(), "-d=ssa/x/debug=1".into()],
            links: "/s/links".into(),
        }
    }

    fn words(text: &str) -> Vec<OsString> {
        let words = quote::split(text).unwrap();
        words.into_iter().map(OsString::from).collect()
    }

    /// What becomes of a tool behind the `-toolexec` of [`wish`].
    fn check(theirs: &str, tool: &str, package: &str) -> String {
        let theirs = quote::split(theirs).unwrap();
        let toolexec = wish().toolexec(Path::new("/bin/g"), &theirs).unwrap();
        let line = words(&format!("{toolexec} {tool}"));
        let request = Request::read(&line[2..]).unwrap();
        let Some(job) = request.job(OsStr::new(package)) else {
            let command = request.command.join(OsStr::new(" "));
            return format!("as it is: {}", command.display());
        };
        let command = job.command.join(OsStr::new(" "));
        let place = job.store.join(&job.action);
        format!("{} -> {}", command.display(), place.display())
    }

    const ID: &str = "-buildid abcdefgh/abcdefgh";

    #[test]
    fn the_flag_can_be_pasted() {
        insta::assert_snapshot!(
            wish().toolexec(Path::new("/bin/g"), &["their tool".into(), "-x".into()]).unwrap(),
            @"/bin/g toolexec '--store=/c/my cache' --packages=ex.com/m/...,fmt '--flags=-m -d=ssa/x/debug=1' --links=/s/links --behind=2 -- 'their tool' -x"
        );
    }

    #[test]
    fn only_a_compile_of_the_scope_is_asked() {
        insta::assert_snapshot!(check("", &format!("/t/compile -p x {ID}"), "ex.com/m/lib"), @"/t/compile -m -d=ssa/x/debug=1 -p x -buildid abcdefgh/abcdefgh -> /c/my cache/abcdefgh");
        insta::assert_snapshot!(check("", &format!("/t/compile {ID}"), "ex.com/m [ex.com/m]"), @"/t/compile -m -d=ssa/x/debug=1 -buildid abcdefgh/abcdefgh -> /c/my cache/abcdefgh");
        insta::assert_snapshot!(check("", &format!("/t/compile {ID}"), "ex.com/other"), @"as it is: /t/compile -buildid abcdefgh/abcdefgh");
        insta::assert_snapshot!(check("", &format!("/t/link {ID}"), "ex.com/m"), @"as it is: /t/link -buildid abcdefgh/abcdefgh");
        insta::assert_snapshot!(check("", "/t/compile -V=full", ""), @"as it is: /t/compile -V=full");
    }

    #[test]
    fn a_program_of_the_users_stands_between() {
        insta::assert_snapshot!(check("their compile", &format!("/t/compile {ID}"), "fmt"), @"their compile /t/compile -m -d=ssa/x/debug=1 -buildid abcdefgh/abcdefgh -> /c/my cache/abcdefgh");
        insta::assert_snapshot!(check("their", "/t/asm x.s", "fmt"), @"as it is: their /t/asm x.s");
    }

    #[test]
    fn what_the_user_asks_to_be_printed_is_the_users() {
        for flag in ["-m=2", "--S", "-d=ssa/check_bce/debug=1", "@file", "-live"] {
            let shown = check("", &format!("/t/compile {ID} {flag}"), "fmt");
            assert!(shown.starts_with("as it is"), "{flag}: {shown}");
        }
        for flag in ["-N", "-dwarf=false", "-complete", "-c=4", "-l"] {
            let shown = check("", &format!("/t/compile {ID} {flag}"), "fmt");
            assert!(!shown.starts_with("as it is"), "{flag}: {shown}");
        }
    }

    #[test]
    fn an_action_id_leads_to_no_other_directory() {
        for id in ["../../etc/x/../../etc/x", "a/a", "abcdefgh/abcdefgX"] {
            let shown = check("", &format!("/t/compile -buildid {id}"), "fmt");
            assert!(shown.starts_with("as it is"), "{shown}");
        }
    }

    #[test]
    fn a_line_without_a_command_is_refused() {
        assert_eq!(Request::read(&words("--store=x --")), None);
        assert_eq!(Request::read(&words("--store=x compile")), None);
    }
}

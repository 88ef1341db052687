//! The command line as go would get it, where this program stands in for go: by a link that is called `go`, as
//! `gobuild-opt go ...`, or by the name of a command of go that is none of ours.

use std::ffi::OsString;
use std::path::Path;

use super::split::{Flags, GOS, behind, split_behind};
use super::{Cli, Command, Release};
use crate::error::Result;

/// A call in place of go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StandIn {
    /// What stands behind the name of the command.
    pub args: Vec<OsString>,
    /// Whether flags of `release` count beside those of go.
    pub ours: bool,
}

/// The call, where this is one.
pub fn stand_in(args: &[OsString]) -> Option<StandIn> {
    let (name, rest) = args.split_first()?;
    if Path::new(name).file_name().is_some_and(|name| name == "go") {
        return Some(StandIn {
            args: rest.to_vec(),
            ours: false,
        });
    }
    // `-C DIR build` is `build -C DIR`, as go has it.
    let moved = behind(args).ok().map(|entry| entry.0);
    let rest = moved.as_deref().map_or(rest, |moved| &moved[1..]);
    let first = rest.first()?;
    if first == "go" {
        return Some(StandIn {
            args: rest[1..].to_vec(),
            ours: false,
        });
    }
    if let ("help", Some(topic)) = (first.to_str().unwrap_or_default(), rest.get(1)) {
        return help(topic, rest);
    }
    GOS.iter().any(|text| first == *text).then(|| StandIn {
        args: rest.to_vec(),
        ours: true,
    })
}

/// `help build` is a question about go's command, and `help go` about go.
fn help(topic: &OsString, words: &[OsString]) -> Option<StandIn> {
    let is_gos = topic == "go" || GOS.iter().any(|text| topic == *text);
    let about = words.iter().filter(|word| *word != "go").cloned();
    is_gos.then(|| StandIn {
        args: about.collect(),
        ours: false,
    })
}

impl StandIn {
    /// The command of go.
    pub(crate) fn command(&self) -> &str {
        self.args
            .first()
            .and_then(|argument| argument.to_str())
            .unwrap_or_default()
    }

    /// `build` or `install` as a release. Fails where go does not understand the line, either: it says so itself.
    pub(crate) fn release(&self, cwd: &Path) -> Option<Result<Release>> {
        let rest = self.args.get(1..)?;
        let help = |argument: &OsString| {
            ["-h", "-help", "--help"]
                .iter()
                .any(|name| argument == *name)
        };
        if rest.iter().any(help) {
            return None;
        }
        let flags = match self.ours {
            true => Flags::OursAndGos,
            false => Flags::Gos,
        };
        let split = match split_behind("release", rest, cwd, flags) {
            Ok(split) => split,
            Err(error) => return Some(Err(error)),
        };
        let cli = <Cli as clap::Parser>::try_parse_from(&split.ours).ok()?;
        let Command::Release(mut release) = cli.command else {
            return None;
        };
        release.typed = split.typed;
        Some(Ok(release))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str) -> String {
        let args: Vec<OsString> = line.split(' ').map(OsString::from).collect();
        match stand_in(&args) {
            Some(it) => format!(
                "{} {}",
                it.args.join(&OsString::from(" ")).display(),
                it.ours
            ),
            None => "ours".to_owned(),
        }
    }

    #[test]
    fn what_is_for_go_is_recognised() {
        assert_eq!(check("/x/go build ."), "build . false");
        assert_eq!(check("gobuild-opt go build -o x"), "build -o x false");
        assert_eq!(check("gobuild-opt help build"), "help build false");
        assert_eq!(check("gobuild-opt help mod tidy"), "help mod tidy false");
        assert_eq!(check("gobuild-opt help go"), "help false");
        assert_eq!(check("gobuild-opt help help"), "ours");
        assert_eq!(check("gobuild-opt help release"), "ours");
        assert_eq!(check("gobuild-opt build -o x"), "build -o x true");
        assert_eq!(check("gobuild-opt vet ./..."), "vet ./... true");
        for ours in [
            "gobuild-opt release",
            "gobuild-opt",
            "gobuild-opt -q plan",
            "/go/gobuild-opt inspect go",
        ] {
            assert_eq!(check(ours), "ours");
        }
    }
}

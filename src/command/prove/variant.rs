//! Reads a variant, `NAME: FLAGS`, into a configuration and a command line that build it.

use std::collections::BTreeMap;
use std::ffi::OsString;

use crate::command::Session;
use crate::config::layer::Loaded;
use crate::config::prove_keys;
use crate::error::{Error, Kind, Result};
use crate::go::flags::{self, Flag};
use crate::go::level;
use crate::plan::Typed;
use crate::quote;

/// What is built instead of what is configured.
#[derive(Debug, Clone, Default)]
pub struct Variant {
    /// What it is called.
    pub name: String,
    /// Flags of go that come last.
    flags: Vec<String>,
    /// Variables that win over every other.
    env: BTreeMap<String, String>,
    /// Whether somebody typed it.
    typed: bool,
}

impl Variant {
    /// The build as it is.
    pub fn plain(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            typed: true,
            ..Self::default()
        }
    }

    /// The build without its profile.
    pub fn without_profile() -> Self {
        Self {
            flags: vec!["-pgo=off".into()],
            ..Self::plain("without the profile")
        }
    }

    /// One that was typed. Fails with [`Kind::Usage`] where it has no name, or says nothing.
    pub fn read(text: &str) -> Result<Self> {
        let usage = |message: String| {
            Error::new(Kind::Usage, message)
                .hint("write it like `--variant 'v3: GOAMD64=v3 -pgo=off'`")
        };
        let (name, rest) = text
            .split_once(':')
            .ok_or_else(|| usage(format!("`--variant {text}` has no name")))?;
        let mut variant = Self::plain(name.trim());
        let words = shell_words::split(rest)
            .map_err(|_| usage(format!("`--variant {text}`: a quote is open at its end")))?;
        for word in words {
            match word.split_once('=') {
                _ if word.starts_with('-') => variant.flags.push(word),
                Some((name, value)) if !name.is_empty() => {
                    variant.env.insert(name.to_owned(), value.to_owned());
                }
                _ => {
                    let message =
                        format!("`{word}` in `--variant {text}` is neither a flag nor a variable");
                    return Err(usage(message));
                }
            }
        }
        if variant.name.is_empty() || (variant.flags.is_empty() && variant.env.is_empty()) {
            return Err(usage(format!("`--variant {text}` changes nothing")));
        }
        Ok(variant)
    }

    /// One of the configuration.
    pub fn configured(config: &prove_keys::Variant) -> Result<Self> {
        let mut flags = config.flags.clone();
        flags.extend(config.profile.iter().map(|it| format!("-pgo={it}")));
        if config.name.is_empty() || (flags.is_empty() && config.env.is_empty()) {
            let message = "a `[[prove.variant]]` has no name, or changes nothing";
            return Err(Error::new(Kind::Usage, message)
                .hint("give it `name`, and `flags`, `profile` or `env`"));
        }
        Ok(Self {
            name: config.name.clone(),
            flags,
            env: config.env.clone(),
            typed: false,
        })
    }

    /// Adds a flag of the linker.
    pub fn link_with(&mut self, flag: String) {
        self.flags.push(format!("-ldflags={flag}"));
    }

    /// Lays it over a configuration and a command line. Its variables win over those outside too: what of them is in `session`
    /// is taken out, and comes back for the caller to put in again.
    pub fn apply(
        &self,
        loaded: &mut Loaded,
        typed: &mut Typed,
        session: &mut Session<'_>,
    ) -> Result<Vec<(OsString, OsString)>> {
        let said = format!("variant `{}`", self.name);
        let read = flags::parse(&self.flags, &said)?;
        for flag in read {
            if matches!(flag.name.as_str(), "o" | "C" | "n" | "json") {
                let message = format!("`-{}` does not belong into a variant", flag.name);
                return Err(Error::new(Kind::Usage, message));
            }
            self.add(flag, loaded, typed);
        }
        let before = session.env.clone();
        for (name, value) in &self.env {
            session.env.retain(|(it, _)| it != name.as_str());
            self.set(name, value, loaded);
        }
        Ok(before)
    }

    /// Sets a variable of the build, over what targets say of it; or the go command.
    fn set(&self, name: &str, value: &str, loaded: &mut Loaded) {
        if name == "GOBUILD_OPT_GO" {
            value.clone_into(&mut loaded.config.go);
            if self.typed {
                loaded.ground.trust_program(value);
            }
            return;
        }
        if self.typed {
            loaded.ground.trust_variable(name, value);
        }
        let env = &mut loaded.config.build.env;
        env.insert(name.to_owned(), value.to_owned());
        for target in &mut loaded.config.target {
            target.env.remove(name);
            let arch = target.arch.as_deref().unwrap_or(std::env::consts::ARCH);
            let arch = if arch == "x86_64" { "amd64" } else { arch };
            if level::variable(arch) == Some(name) {
                target.level = None;
            }
        }
    }

    /// A flag that was typed stands on the command line; one of a file is reviewed there as those of the build are.
    fn add(&self, flag: Flag, loaded: &mut Loaded, typed: &mut Typed) {
        let alone = matches!(flag.name.as_str(), "pgo");
        if alone {
            typed.flags.retain(|it| it.name != flag.name);
        }
        if self.typed || alone {
            typed.flags.push(joined(flag, typed));
            return;
        }
        let build = &mut loaded.config.build;
        let value = flag.value.clone().unwrap_or_default();
        match flag.name.as_str() {
            "ldflags" => build.ldflags.push(value),
            "gcflags" => build.gcflags.push(value),
            "asmflags" => build.asmflags.push(value),
            "tags" => build.tags.extend(value.split(',').map(str::to_owned)),
            _ => build.flags.push(flag.to_arg()),
        }
    }
}

/// Of lists for one tool go takes the last: one that is added begins with what stands there already.
fn joined(mut flag: Flag, typed: &Typed) -> Flag {
    let is_list = matches!(flag.name.as_str(), "ldflags" | "gcflags" | "asmflags");
    let before = typed.flags.iter().rfind(|it| it.name == flag.name);
    let before = before.and_then(|it| it.value.as_deref());
    if let (true, Some(before), Some(value)) = (is_list, before, flag.value.as_deref()) {
        let is_general = |text: &str| quote::per_package(text).is_ok_and(|it| it.is_general());
        if is_general(before) && is_general(value) {
            let both = format!("{before} {value}");
            flag.set_path(both.into());
        }
    }
    flag
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variant_has_a_name_and_says_something() {
        let read = Variant::read("v3, stripped: GOAMD64=v3 -tags=a,b '-ldflags=-s -w'").unwrap();
        assert_eq!(read.name, "v3, stripped");
        assert_eq!(read.flags, ["-tags=a,b", "-ldflags=-s -w"]);
        assert_eq!(read.env["GOAMD64"], "v3");
        for wrong in ["v3", "v3:", ": -race", "a: ./cmd/api", "a: 'x"] {
            assert!(Variant::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn lists_of_flags_add_up() {
        let flag = |value: &str| {
            flags::parse(&[format!("-ldflags={value}")], "x")
                .unwrap()
                .remove(0)
        };
        let check = |before: &str, added: &str| {
            let typed = Typed {
                flags: vec![flag(before)],
                ..Typed::default()
            };
            joined(flag(added), &typed).to_arg()
        };
        assert_eq!(check("-s", "-randlayout=1"), "-ldflags=-s -randlayout=1");
        assert_eq!(check("x/...=-s", "-w"), "-ldflags=-w");
    }
}

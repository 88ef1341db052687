//! Makes a configuration that builds an executable again as it was built, from what the file records.

use std::path::Path;

use crate::binary::{Binary, BuildInfo};
use crate::config::layer::Loaded;
use crate::config::pgo_keys::Profiles;
use crate::config::{Build, Buildvcs, Strip, Target};
use crate::error::Error;

/// Settings of a build that are variables, beside those that begin with `GO`.
const CGO: [&str; 5] = [
    "CGO_ENABLED",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_LDFLAGS",
];

/// Flags of `go build` that are recorded with a value of their own, and that value where nothing was typed.
const FLAGS: [(&str, &str); 5] = [
    ("-race", "false"),
    ("-msan", "false"),
    ("-asan", "false"),
    ("-buildmode", "exe"),
    ("-compiler", "gc"),
];

/// Replaces what the configuration says of the build by what the file records. Nothing of it is trusted: go gets what a
/// configuration may pass.
pub fn follow(loaded: &mut Loaded, binary: &Binary, build: &BuildInfo) {
    let config = &mut loaded.config;
    let set = |name: &str| build.setting(name).filter(|value| !value.is_empty());
    config.target = vec![Target {
        os: binary.goos.clone(),
        arch: binary.goarch.clone(),
        ..Target::default()
    }];
    config.compare.baseline = "off".into();
    if set("-pgo").is_none() {
        config.pgo.profile = Profiles::One("off".into());
        config.pgo.package.clear();
    }
    follow_flags(&mut config.build, binary, build);
}

/// Replaces the flags, the tags and the variables by those that the file records.
fn follow_flags(of: &mut Build, binary: &Binary, build: &BuildInfo) {
    let set = |name: &str| build.setting(name).filter(|value| !value.is_empty());
    let list = |name: &str| set(name).map(str::to_owned).into_iter().collect::<Vec<_>>();
    of.packages = vec![build.path.clone()];
    of.buildvcs = Buildvcs::False;
    of.trimpath = set("-trimpath") == Some("true");
    of.gcflags = list("-gcflags");
    of.asmflags = list("-asmflags");
    // With -trimpath go does not record the flags of the linker.
    if !of.trimpath {
        of.ldflags = list("-ldflags");
    }
    of.strip = match of.trimpath {
        true => stripped(binary),
        false => Strip::None,
    };
    let tags = set("-tags").unwrap_or_default().split(',');
    let tags = tags.filter(|tag| !tag.is_empty());
    of.tags = tags.map(str::to_owned).collect();
    set_flags(&mut of.flags, set);
    of.env.extend(variables(build).cloned());
}

/// What the flags of the linker left out.
fn stripped(binary: &Binary) -> Strip {
    match (binary.has_symbols, binary.has_dwarf) {
        (_, true) => Strip::None,
        (true, false) => Strip::Dwarf,
        (false, false) => Strip::All,
    }
}

/// Replaces the flags of a configuration by those that a build had, where it had another value than usual.
fn set_flags<'b>(flags: &mut Vec<String>, set: impl Fn(&str) -> Option<&'b str>) {
    for (flag, usual) in FLAGS {
        let assigned = format!("{flag}=");
        flags.retain(|known| known != flag && !known.starts_with(&assigned));
        let other = set(flag).filter(|value| *value != usual);
        flags.extend(other.map(|value| format!("{assigned}{value}")));
    }
}

/// The variables of a build, the platform left out.
fn variables(build: &BuildInfo) -> impl Iterator<Item = &(String, String)> {
    build.settings.iter().filter(|(name, value)| {
        let is_variable = name.starts_with("GO") || CGO.contains(&name.as_str());
        is_variable && !value.is_empty() && name != "GOOS" && name != "GOARCH"
    })
}

/// The refusal of something that a file records, in words for whoever named the file: it cannot be allowed.
pub fn unpassed(mut error: Error, path: &Path) -> Error {
    let asks = |hint: &String| hint.contains("--trust-config");
    if error.hint.as_ref().is_some_and(asks) {
        let message = error.message.split(": it comes from").next();
        error.message = format!(
            "`{}` records what is not passed on to go: {}",
            path.display(),
            message.unwrap_or_default()
        );
        error.hint = Some("build it again by hand, with what you trust of that".into());
    }
    error
}

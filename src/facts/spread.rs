//! `[build] flags`: a flag with a key of its own moves to that key, or the error names the key.

use crate::config::layer::Loaded;
use crate::error::{Error, Kind, Result};
use crate::go::flags;
use crate::quote;

/// Moves what has a key of its own from `build.flags` there, so that it is merged like the rest.
pub(super) fn flags(loaded: &mut Loaded) -> Result<()> {
    let origin = loaded.origins.get("build.flags").cloned();
    let origin = origin.unwrap_or_default();
    let build = &mut loaded.config.build;
    let mut kept = Vec::new();
    for flag in flags::parse(&build.flags, "build.flags")? {
        let value = flag.value.clone().unwrap_or_default();
        let key = match flag.name.as_str() {
            "ldflags" => {
                build.ldflags.push(general(&value)?);
                "build.ldflags"
            }
            "gcflags" => {
                build.gcflags.push(value);
                "build.gcflags"
            }
            "asmflags" => {
                build.asmflags.push(value);
                "build.asmflags"
            }
            "tags" => {
                let read = flags::tags(&value).map_err(|why| {
                    Error::new(
                        Kind::Usage,
                        format!("`-tags={value}` in build.flags: {why}"),
                    )
                })?;
                build.tags.extend(read);
                "build.tags"
            }
            "pgo" => return Err(misplaced(&flag, "`[pgo] profile`")),
            "o" => return Err(misplaced(&flag, "`[build] out-dir`")),
            "C" => return Err(misplaced(&flag, "`-C` on the command line")),
            _ => {
                kept.push(flag.to_arg());
                continue;
            }
        };
        loaded.origins.insert(key.to_owned(), origin.clone());
    }
    build.flags = kept;
    Ok(())
}

/// The linker flags of `-ldflags`, which have to be for all packages.
fn general(value: &str) -> Result<String> {
    let read = flags::per_package(value)
        .ok()
        .filter(|entry| matches!(entry.pattern.as_deref(), None | Some("all")));
    let Some(read) = read else {
        return Err(Error::new(
            Kind::Usage,
            format!("`-ldflags={value}` in build.flags names packages"),
        )
        .hint("give it on the command line, or write `[build] ldflags` for all of them"));
    };
    quote::join(&read.flags).map_err(|why| Error::new(Kind::Usage, why))
}

/// A flag that has a place of its own.
fn misplaced(flag: &flags::Flag, instead: &str) -> Error {
    Error::new(
        Kind::Usage,
        format!("`-{}` does not belong in build.flags", flag.name),
    )
    .hint(format!("use {instead}"))
}

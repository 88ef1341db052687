//! Decides what a release is compared with.

use std::path::Path;

use super::twins::Twin;
use super::{Baseline, Facts, output};
use crate::config::{Compare, Config, Strip};
use crate::error::{Error, Kind, Result};

/// `auto` is the twin with DWARF, unless who shows the report has chosen the other one (`facts/wanted.rs`). Of a release that
/// keeps its symbols the other one is the release itself, and would prove nothing.
pub(super) fn baseline(config: &Config, place: &Path, facts: &Facts) -> Result<Baseline> {
    // What would be skipped afterwards is not linked either.
    let built = |kind| {
        let mut taken = facts.asked.taken(&facts.packages).into_iter();
        if facts.asked.mode == "c-archive" || !taken.any(|package| package.name == "main") {
            return Baseline::None("an archive has no sections of its own");
        }
        if output::NO_READER.contains(&facts.toolchain.goos.as_str()) {
            return Baseline::None("executables for this platform cannot be read");
        }
        Baseline::Built {
            kind,
            directory: place.join("baseline"),
        }
    };
    let word = config.compare.baseline.as_str();
    Ok(match word {
        "off" | "" => Baseline::None("switched off by [compare] baseline"),
        _ if config.compare.links_twin() => match (config.build.strip, Twin::named(word)) {
            (Strip::None, _) => {
                Baseline::None("nothing is stripped, so there is nothing to compare")
            }
            (Strip::All, Some(twin)) => built(twin.kind()),
            _ => built(Twin::Unstripped.kind()),
        },
        "plain" => built("plain"),
        path => {
            // It was made absolute already, from where it was named.
            let full = facts.go.cwd.join(path);
            let name = full.file_name().unwrap_or_default().to_string_lossy();
            // Short words are near to many: `old` is a file.
            let slip = |text: &&str| {
                strsim::osa_distance(&name.to_lowercase(), text) <= (text.len() / 5).max(1)
            };
            let near = Compare::WORDS.into_iter().find(slip);
            if let Some(near) = near.filter(|_| !full.exists()) {
                let message = format!("there is no baseline `{name}`");
                return Err(Error::new(Kind::Usage, message).hint(format!(
                    "did you mean `{near}`? Else name a file that exists"
                )));
            }
            Baseline::File(path.to_owned())
        }
    })
}

//! Rewrites the paths of a layer so that they are right from everywhere.

use std::path::Path;

use toml::{Table, Value};

use super::pgo_keys::WORDS;
use super::{Compare, FILE};
use crate::error::{Error, Kind, Result};

/// Makes the paths of a layer independent of where it was found.
///
/// Fails with [`Kind::Usage`] where a path would not survive: TOML is UTF-8, directories need not be.
pub(crate) fn anchor(layer: &mut Table, base: &Path) -> Result<()> {
    let mut lost = false;
    let mut at = |value: &mut Value| {
        if let Value::String(text) = value {
            match base.join(&*text).into_os_string().into_string() {
                Ok(path) => *text = path,
                Err(_) => lost = true,
            }
        }
    };
    single(layer, &mut at);
    profiles(layer, &mut at);
    advised(layer, &mut |_, value| at(value));
    variants(layer, &mut at);
    if lost {
        let base = base.display();
        let message = format!("`{base}` is no UTF-8: a configuration cannot hold paths below it");
        return Err(Error::new(Kind::Usage, message)
            .hint("name the outputs with `-o`, or rename the directory"));
    }
    Ok(())
}

/// The keys that hold one path each: a command that is searched for in PATH is none, nor is a word for a baseline.
fn single(layer: &mut Table, at: &mut impl FnMut(&mut Value)) {
    let out_dir = layer.get_mut("build");
    let out_dir = out_dir.and_then(|value| value.get_mut("out-dir"));
    out_dir.into_iter().for_each(&mut *at);
    let is_path = |value: &&mut Value| value.as_str().is_some_and(|text| text.contains('/'));
    let go = layer.get_mut("go").filter(is_path);
    go.into_iter().for_each(&mut *at);
    let is_word = |value: &Value| {
        let text = value.as_str();
        text.is_some_and(|text| text.is_empty() || Compare::WORDS.contains(&text))
    };
    let baseline = layer.get_mut("compare");
    let baseline = baseline.and_then(|value| value.get_mut("baseline"));
    let baseline = baseline.filter(|value| !is_word(value));
    baseline.into_iter().for_each(at);
}

/// The directory that paths of the configuration are relative to, for who works in `start`.
pub(crate) fn root_of(start: &Path) -> &Path {
    for directory in start.ancestors() {
        if directory.join(FILE).symlink_metadata().is_ok() {
            return directory;
        }
        if directory.join("go.mod").is_file() || directory.join(".git").exists() {
            break;
        }
    }
    start
}

/// Every path of `[pgo]`: alone, in a list, in an entry of a list, of one package.
pub(crate) fn profiles(layer: &mut Table, at: &mut impl FnMut(&mut Value)) {
    let Some(pgo) = layer.get_mut("pgo").and_then(Value::as_table_mut) else {
        return;
    };
    let of_packages = match pgo.remove("package") {
        Some(Value::Table(mut packages)) => {
            for (_, package) in packages.iter_mut() {
                package
                    .get_mut("profile")
                    .into_iter()
                    .for_each(|value| profile(value, at));
            }
            Some(Value::Table(packages))
        }
        other => other,
    };
    pgo.get_mut("profile")
        .into_iter()
        .for_each(|value| profile(value, at));
    pgo.extend(of_packages.map(|value| ("package".to_owned(), value)));
}

/// Every path of `[advise] profiles`, each with its key.
pub(crate) fn advised(layer: &mut Table, at: &mut impl FnMut(&str, &mut Value)) {
    let advise = layer.get_mut("advise");
    let profiles = advise.and_then(|value| value.get_mut("profiles")?.as_table_mut());
    for (key, value) in profiles.into_iter().flatten() {
        at(key, value);
    }
}

/// Every path of `[[prove.variant]]`.
pub fn variants(layer: &mut Table, at: &mut impl FnMut(&mut Value)) {
    let all = layer.get_mut("prove");
    let all = all.and_then(|value| value.get_mut("variant")?.as_array_mut());
    let profiles = all.into_iter().flatten();
    let profiles = profiles.filter_map(|profile| profile.get_mut("profile"));
    profiles.for_each(|value| profile(value, at));
}

fn profile(value: &mut Value, at: &mut impl FnMut(&mut Value)) {
    match value {
        Value::String(text) if WORDS.contains(&text.as_str()) => {}
        Value::String(_) => at(value),
        Value::Array(parts) => parts.iter_mut().for_each(|value| match value {
            Value::Table(part) => part.get_mut("path").into_iter().for_each(&mut *at),
            path => at(path),
        }),
        _ => {}
    }
}

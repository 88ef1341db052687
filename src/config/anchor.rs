//! A layer with paths as they were written in, with paths that are right from everywhere out.

use std::path::Path;

use toml::{Table, Value};

use crate::error::{Error, Kind, Result};

/// Makes the paths of a layer independent of where it was found.
///
/// Fails with [`Kind::Usage`] where a path would not survive: TOML is UTF-8, directories need not be.
pub fn anchor(layer: &mut Table, base: &Path) -> Result<()> {
    let mut lost = false;
    let mut at = |value: &mut Value| {
        if let Value::String(text) = value {
            match base.join(&*text).into_os_string().into_string() {
                Ok(path) => *text = path,
                Err(_) => lost = true,
            }
        }
    };
    if let Some(value) = layer.get_mut("build").and_then(|it| it.get_mut("out-dir")) {
        at(value);
    }
    if let Some(value) = layer
        .get_mut("go")
        .filter(|it| it.as_str().is_some_and(|text| text.contains('/')))
    {
        at(value);
    }
    for (table, key, words) in [
        ("pgo", "profile", &["auto", "off"][..]),
        (
            "compare",
            "baseline",
            &["unstripped", "plain", "off", ""][..],
        ),
    ] {
        let value = layer.get_mut(table).and_then(|it| it.get_mut(key));
        if let Some(value) =
            value.filter(|it| !it.as_str().is_some_and(|text| words.contains(&text)))
        {
            at(value);
        }
    }
    if lost {
        return Err(Error::new(
            Kind::Usage,
            format!(
                "`{}` is no UTF-8: a configuration cannot hold paths below it",
                base.display()
            ),
        )
        .hint("name the outputs with `-o`, or rename the directory"));
    }
    Ok(())
}

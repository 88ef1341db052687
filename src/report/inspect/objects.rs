//! An anatomy with its objects in, the largest of one package out, each with who refers to it.

use super::{DataObject, Objects, Pointer};
use crate::binary::{self, Anatomy, SHARED, Whose};
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};

/// The name of what is nobody's.
const UNOWNED: &str = "unowned";

/// The largest objects of a package; of `shared` and `unowned` likewise.
///
/// Fails with [`Kind::Usage`] where the file has no such package.
pub fn objects(anatomy: &Anatomy<'_>, package: &str, most: usize) -> Result<Objects> {
    let named = |it: &Whose| owner(anatomy, it);
    if ![SHARED, UNOWNED].contains(&package)
        && !anatomy.packages.iter().any(|it| it.path == package)
    {
        return Err(no_package(anatomy, package));
    }
    let mut mine: Vec<&binary::DataObject> = anatomy
        .objects
        .iter()
        .filter(|it| it.size > 0 && named(&it.owner) == package)
        .collect();
    let (count, bytes) = (mine.len() as u64, mine.iter().map(|it| it.size).sum());
    mine.sort_by_key(|it| (std::cmp::Reverse(it.size), it.address));
    let object = |it: &&binary::DataObject| DataObject {
        address: format!("{:#x}", it.address),
        bytes: it.size,
        section: it.section.clone(),
        kind: it.kind,
        symbol: it.symbol.clone(),
        first_bytes: quoted(&it.first),
        how: it.how,
        proven: it.proven,
        used_by: it
            .users
            .iter()
            .filter_map(|it| Some(anatomy.packages.get(*it as usize)?.path.clone()))
            .collect(),
        pointers: it
            .pointers
            .iter()
            .map(|it| Pointer {
                address: format!("{:#x}", it.0),
                owner: named(&it.1).to_owned(),
            })
            .collect(),
    };
    Ok(Objects {
        package: package.to_owned(),
        count,
        bytes,
        largest: mine.iter().take(most).map(object).collect(),
    })
}

fn owner<'a>(anatomy: &'a Anatomy<'_>, owner: &Whose) -> &'a str {
    match owner {
        Whose::Package(it) => anatomy
            .packages
            .get(*it as usize)
            .map_or(UNOWNED, |it| &it.path),
        Whose::Module(_) | Whose::Several => SHARED,
        Whose::Nobody => UNOWNED,
    }
}

fn no_package(anatomy: &Anatomy<'_>, package: &str) -> Error {
    let paths = anatomy.packages.iter().map(|it| it.path.as_str());
    // The end of a path is what people know of it.
    let ends = |it: &&str| it.strip_suffix(package).is_some_and(|it| it.ends_with('/'));
    let mut ending = paths.clone().filter(ends);
    let near = match (ending.next(), ending.next()) {
        (Some(path), None) => Some(path),
        _ => nearest(package, paths),
    };
    let error = Error::new(Kind::Usage, format!("the file has no package `{package}`"));
    error.hint(match near {
        Some(path) => format!("did you mean `{path}`?"),
        None => {
            "`inspect --by package --top 0` lists all; `shared` and `unowned` are names, too".into()
        }
    })
}

/// As Go quotes a string: everything that is not plain text by its number.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' | b'\\' => text.extend(['\\', char::from(*byte)]),
            b'\n' => text.push_str("\\n"),
            b'\t' => text.push_str("\\t"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => text.push_str(&format!("\\x{byte:02x}")),
        }
    }
    text + "\""
}

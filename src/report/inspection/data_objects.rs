//! Lists the largest objects of a package, each with who refers to it.

use super::{DataObject, Objects, Pointer};
use crate::binary::{self, Anatomy, SHARED, Whose};
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::order::Order;

/// The name of what is nobody's.
const UNOWNED: &str = "unowned";

/// The largest objects of a package; of `shared` and `unowned` likewise.
///
/// Fails with [`Kind::Usage`] where the file has no such package.
pub fn objects(anatomy: &Anatomy<'_>, package: &str, most: usize) -> Result<Objects> {
    let mut packages = anatomy.packages.iter();
    if ![SHARED, UNOWNED].contains(&package) && !packages.any(|found| found.path == package) {
        return Err(no_package(anatomy, package));
    }
    let objects = anatomy.objects.iter();
    let mut mine: Vec<&binary::DataObject> = objects
        .filter(|object| object.size > 0 && owner(anatomy, &object.owner) == package)
        .collect();
    mine.order_by_key(|object| (std::cmp::Reverse(object.size), object.address));
    let largest = mine.iter().take(most);
    Ok(Objects {
        package: package.to_owned(),
        count: mine.len() as u64,
        bytes: mine.iter().map(|object| object.size).sum(),
        largest: largest.map(|found| object(anatomy, found)).collect(),
    })
}

fn object(anatomy: &Anatomy<'_>, object: &binary::DataObject) -> DataObject {
    let users = object.users.iter();
    let users = users.filter_map(|user| anatomy.packages.get(*user as usize));
    let pointers = object.pointers.iter().map(|pointer| Pointer {
        address: format!("{:#x}", pointer.0),
        owner: owner(anatomy, &pointer.1).to_owned(),
    });
    DataObject {
        address: format!("{:#x}", object.address),
        bytes: object.size,
        section: object.section.clone(),
        kind: object.kind,
        symbol: object.symbol.clone(),
        first_bytes: quoted(&object.first),
        how: object.how,
        proven: object.proven,
        used_by: users.map(|package| package.path.clone()).collect(),
        pointers: pointers.collect(),
    }
}

fn owner<'a>(anatomy: &'a Anatomy<'_>, owner: &Whose) -> &'a str {
    match owner {
        Whose::Package(it) => anatomy
            .packages
            .get(*it as usize)
            .map_or(UNOWNED, |package| &package.path),
        Whose::Module(_) | Whose::Several => SHARED,
        Whose::Nobody => UNOWNED,
    }
}

fn no_package(anatomy: &Anatomy<'_>, package: &str) -> Error {
    let paths = anatomy.packages.iter().map(|package| package.path.as_str());
    // The end of a path is what people know of it.
    let ends = |text: &&str| {
        text.strip_suffix(package)
            .is_some_and(|rest| rest.ends_with('/'))
    };
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

//! Finds which package calls which from the code itself, without a symbol table.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::callers::Machine;
use super::{NAME, open};
use crate::binary::functions::Tables;
use crate::binary::image::Addr;
use crate::binary::package_names::{package_of, unescape};
use crate::error::Result;

/// More packages than a program has: what a damaged file names is not followed.
const MOST: usize = 100_000;

/// The packages that each package calls, by import path; the main package is `main`. Calls through variables and interfaces
/// are not among them. `None` where they cannot be determined: wasm, or a file without a line table that is known.
///
/// Fails as [`read`](crate::binary::read) does.
pub fn package_calls(bytes: &[u8]) -> Result<Option<BTreeMap<String, Vec<String>>>> {
    let Some(file) = open(bytes)? else {
        return Ok(None);
    };
    let opened = file.opened();
    let machine = opened.binary.goarch.as_deref().and_then(Machine::of);
    let tables = Tables::new(opened.image, opened.table);
    let Some((machine, tables)) = machine.zip(tables) else {
        return Ok(None);
    };
    let mut numbers: HashMap<&[u8], u32> = HashMap::new();
    let mut owners: HashMap<Addr, u32> = HashMap::new();
    let mut functions = Vec::new();
    for (start, end, record) in opened.functions(&tables) {
        let offset = tables.field(record, NAME);
        let rest = offset.and_then(|offset| tables.names.get(offset as usize..));
        let name = rest.and_then(|rest| rest.get(..memchr::memchr(0, rest)?));
        let Some(package) = name.and_then(package_of) else {
            continue;
        };
        let next = numbers.len() as u32;
        let number = *numbers.entry(package).or_insert(next);
        if numbers.len() > MOST {
            return Ok(None);
        }
        owners.insert(start, number);
        functions.push((start, end, number));
    }
    let image = opened.image;
    let mut edges: BTreeSet<(u32, u32)> = BTreeSet::new();
    for (start, end, number) in functions {
        let Some(code) = image.slice(start, end) else {
            continue;
        };
        let address = image.base + u64::from(start);
        machine.targets(code, address, image.big_endian, |_, to| {
            let owner = owners.get(&start.wrapping_add(to)).copied();
            edges.extend(
                owner
                    .filter(|owner| *owner != number)
                    .map(|owner| (number, owner)),
            );
        });
    }
    let mut paths = vec![String::new(); numbers.len()];
    for (package, number) in numbers {
        paths[number as usize] = unescape(package).into_owned();
    }
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // The runtime begins with `main`, which nobody imports.
    let edges = edges
        .into_iter()
        .map(|(from, to)| (&paths[from as usize], &paths[to as usize]));
    for (from, to) in edges.filter(|(_, to)| *to != "main") {
        all.entry(from.clone()).or_default().push(to.clone());
    }
    Ok(Some(all))
}

//! Symbol tables as other readers have them.

use std::collections::BTreeMap;

use goblin::Object;

/// The functions of an executable: address, size (0 where the format has none), name.
pub fn of(bytes: &[u8]) -> BTreeMap<u64, (u64, String)> {
    let found = match Object::parse(bytes).unwrap() {
        Object::Elf(it) => of_elf(&it),
        Object::PE(it) => of_pe(&it, bytes),
        Object::Mach(goblin::mach::Mach::Binary(it)) => of_mach_o(&it),
        _ => panic!("no executable with symbols"),
    };
    assert!(found.len() > 500, "{} symbols", found.len());
    found
}

/// Bounds of the code, which the linker gives names, and data that stands in it.
fn is_mark(name: &str) -> bool {
    let name = name.strip_prefix('_').unwrap_or(name);
    ["runtime.text", "runtime.etext"].contains(&name) || name.starts_with("$")
}

fn of_elf(elf: &goblin::elf::Elf<'_>) -> BTreeMap<u64, (u64, String)> {
    let functions = elf
        .syms
        .iter()
        .filter(|it| it.is_function() && it.st_value > 0);
    let mut found = BTreeMap::new();
    for it in functions {
        let name = elf.strtab.get_at(it.st_name).unwrap();
        if !is_mark(name) {
            let entry = found.entry(it.st_value).or_insert((0, String::new()));
            if it.st_size >= entry.0 {
                *entry = (it.st_size, name.to_owned());
            }
        }
    }
    found
}

fn of_pe(pe: &goblin::pe::PE<'_>, bytes: &[u8]) -> BTreeMap<u64, (u64, String)> {
    let table = pe.header.coff_header.symbols(bytes).unwrap().unwrap();
    let strings = pe.header.coff_header.strings(bytes).unwrap().unwrap();
    let code = pe
        .sections
        .iter()
        .position(|it| it.name().unwrap() == ".text");
    let section = &pe.sections[code.unwrap()];
    let mut found = BTreeMap::new();
    for (_, short, symbol) in table.iter() {
        let name = short.or_else(|| symbol.name(&strings).ok()).unwrap_or("");
        let in_code = symbol.section_number == code.unwrap() as i16 + 1;
        // A function, by its type; the others are labels.
        if !in_code || is_mark(name) || name == ".text" {
            continue;
        }
        let address = pe.image_base + u64::from(section.virtual_address) + u64::from(symbol.value);
        found.insert(address, (0, name.to_owned()));
    }
    found
}

fn of_mach_o(mach: &goblin::mach::MachO<'_>) -> BTreeMap<u64, (u64, String)> {
    let code = mach
        .segments
        .iter()
        .flatten()
        .position(|it| it.unwrap().0.name().unwrap() == "__text")
        .unwrap()
        + 1;
    let mut found = BTreeMap::new();
    for symbol in mach.symbols() {
        let (name, entry) = symbol.unwrap();
        let local = !entry.is_undefined() && entry.n_sect == code && !entry.is_stab();
        if local && !is_mark(name) {
            let name = name.strip_prefix('_').unwrap_or(name);
            found.insert(entry.n_value, (0, name.to_owned()));
        }
    }
    found
}

/// The names of a module's functions, in the section `name`, are those of the line table, in their order.
pub fn check_wasm(twin: &[u8], names: &[String], target: &str) {
    let mut theirs: BTreeMap<u32, String> = BTreeMap::new();
    for payload in wasmparser::Parser::new(0).parse_all(twin) {
        let wasmparser::Payload::CustomSection(section) = payload.unwrap() else {
            continue;
        };
        let wasmparser::KnownCustom::Name(reader) = section.as_known() else {
            continue;
        };
        for part in reader {
            if let wasmparser::Name::Function(map) = part.unwrap() {
                let all = map.into_iter().map(Result::unwrap);
                theirs.extend(all.map(|it| (it.index, it.name.to_owned())));
            }
        }
    }
    assert!(theirs.len() > 500, "{target}: {} names", theirs.len());
    // Imported functions and the entry points that the linker adds have no lines. It spells names with letters, digits
    // and dots (`cmd/link/internal/wasm/asm.go`).
    let plain = |it: &str| {
        let kept = |it: char| it.is_ascii_alphanumeric() || it == '.';
        it.replace(".abi0", "").replace(|it| !kept(it), "_")
    };
    let theirs: Vec<String> = theirs.values().map(|it| plain(it)).collect();
    // The line table has `[...]` for the types of an instance.
    let known = |name: &&String| match name.split_once('[') {
        Some((generic, _)) => theirs.iter().any(|it| it.starts_with(&plain(generic))),
        None => theirs.contains(&plain(name)),
    };
    let missing: Vec<&String> = names.iter().filter(|it| !known(it)).collect();
    assert!(missing.is_empty(), "{target}: {missing:?}");
}

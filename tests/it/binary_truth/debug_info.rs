//! Debug information in, the compile unit of every function out.

use std::collections::BTreeMap;

use gimli::{AttributeValue, DW_AT_low_pc, DW_TAG_subprogram, Dwarf, EndianSlice, LittleEndian};

/// By address, the name of the unit, which is the path of a package.
pub fn units(bytes: &[u8]) -> BTreeMap<u64, String> {
    let elf = goblin::elf::Elf::parse(bytes).unwrap();
    let load = |id: gimli::SectionId| -> Result<_, gimli::Error> {
        let section = elf
            .section_headers
            .iter()
            .find(|it| elf.shdr_strtab.get_at(it.sh_name) == Some(id.name()));
        let content = section.and_then(|it| bytes.get(it.file_range()?));
        Ok(EndianSlice::new(content.unwrap_or_default(), LittleEndian))
    };
    let dwarf = Dwarf::load(load).unwrap();
    let mut found = BTreeMap::new();
    let mut headers = dwarf.units();
    while let Some(header) = headers.next().unwrap() {
        let unit = dwarf.unit(header).unwrap();
        let name = unit.name.unwrap().to_string_lossy().into_owned();
        let mut entries = unit.entries();
        while let Some(entry) = entries.next_dfs().unwrap() {
            if entry.tag() != DW_TAG_subprogram {
                continue;
            }
            let address = match entry.attr_value(DW_AT_low_pc) {
                Some(AttributeValue::Addr(address)) => address,
                Some(AttributeValue::DebugAddrIndex(index)) => dwarf.address(&unit, index).unwrap(),
                _ => continue,
            };
            found.insert(address, name.clone());
        }
    }
    assert!(found.len() > 1000, "{} functions", found.len());
    found
}

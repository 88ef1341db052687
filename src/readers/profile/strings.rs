//! Strings in, indices into a string table out.

use std::collections::HashMap;

use super::proto;

/// A string table under construction: equal strings get equal indices, and the empty string is 0.
#[derive(Debug)]
pub(crate) struct Strings {
    indices: HashMap<Vec<u8>, i64>,
    table: Vec<Vec<u8>>,
}

impl Strings {
    /// The table with only the empty string.
    pub(crate) fn new() -> Self {
        Self {
            indices: HashMap::from([(Vec::new(), 0)]),
            table: vec![Vec::new()],
        }
    }

    /// The index of a string, added where it is new.
    pub(crate) fn add(&mut self, text: &[u8]) -> i64 {
        if let Some(index) = self.indices.get(text) {
            return *index;
        }
        let index = i64::try_from(self.table.len()).unwrap_or(0);
        self.indices.insert(text.to_vec(), index);
        self.table.push(text.to_vec());
        index
    }

    /// The bytes of a string; empty outside the table.
    pub(crate) fn get(&self, index: i64) -> &[u8] {
        let entry = usize::try_from(index)
            .ok()
            .and_then(|it| self.table.get(it));
        entry.map_or(&[], Vec::as_slice)
    }

    /// The strings by index.
    pub(crate) fn table(&self) -> Vec<Vec<u8>> {
        self.table.clone()
    }
}

/// Numbers the strings of a profile anew in the order in which Go's writer meets them, and drops those without a use.
pub(crate) fn renumber(raw: &mut proto::Profile) {
    let old = std::mem::take(&mut raw.string_table);
    let mut strings = Strings::new();
    let mut move_over = |index: &mut i64| {
        let text = usize::try_from(*index).ok().and_then(|it| old.get(it));
        *index = strings.add(text.map_or(&[], Vec::as_slice));
    };
    for it in &mut raw.sample_type {
        move_over(&mut it.r#type);
        move_over(&mut it.unit);
    }
    for it in raw.sample.iter_mut().flat_map(|sample| &mut sample.label) {
        move_over(&mut it.key);
        move_over(&mut it.str);
        move_over(&mut it.num_unit);
    }
    for it in &mut raw.mapping {
        move_over(&mut it.filename);
        move_over(&mut it.build_id);
    }
    for it in &mut raw.function {
        move_over(&mut it.name);
        move_over(&mut it.system_name);
        move_over(&mut it.filename);
    }
    move_over(&mut raw.drop_frames);
    move_over(&mut raw.keep_frames);
    if let Some(it) = &mut raw.period_type {
        move_over(&mut it.r#type);
        move_over(&mut it.unit);
    }
    raw.comment.iter_mut().for_each(&mut move_over);
    move_over(&mut raw.default_sample_type);
    move_over(&mut raw.doc_url);
    raw.string_table = strings.table;
}

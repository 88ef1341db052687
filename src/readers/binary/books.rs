//! Makes sure that every byte of the file is counted exactly once.

use crate::error::{Error, Kind, Result};

use super::{Note, Role, Section};

/// Sections whose file sizes, with `headers` and `padding`, add up to the file.
pub(super) struct Closed {
    pub(crate) sections: Vec<Section>,
    pub(crate) headers: u64,
    pub(crate) padding: u64,
    pub(crate) notes: Vec<Note>,
}

/// Clips what lies outside the file, counts shared bytes once, names a non-zero tail, and checks the sum.
pub(super) fn close(
    bytes: &[u8],
    mut sections: Vec<Section>,
    headers: &[(u64, u64)],
) -> Result<Closed> {
    let file_size = bytes.len() as u64;
    let mut notes = Vec::new();
    for section in &mut sections {
        clip(section, file_size, &mut notes);
    }
    let mut sweep = Sweep {
        bytes,
        position: 0,
        headers: 0,
        padding: 0,
    };
    for (start, part) in in_file_order(&sections, headers) {
        match part {
            Part::Header(length) => sweep.header(start, length),
            Part::Section(index) => sweep.section(&mut sections[index], &mut notes),
        }
    }
    if let Some(tail) = sweep.tail() {
        sections.push(tail);
    }
    let in_sections: u64 = sections.iter().map(|section| section.file_size).sum();
    if sweep.headers + sweep.padding + in_sections != file_size {
        return Err(Error::new(
            Kind::Machine,
            "its sections do not add up to the file's size",
        ));
    }
    Ok(Closed {
        sections,
        headers: sweep.headers,
        padding: sweep.padding,
        notes,
    })
}

enum Part {
    Header(u64),
    Section(usize),
}

/// Headers before sections at the same place, larger sections before those within them.
fn in_file_order(sections: &[Section], headers: &[(u64, u64)]) -> Vec<(u64, Part)> {
    let mut parts: Vec<(u64, Part)> = headers
        .iter()
        .map(|&(start, length)| (start, Part::Header(length)))
        .collect();
    let with_bytes = sections
        .iter()
        .enumerate()
        .filter(|(_, it)| it.file_size > 0);
    parts.extend(with_bytes.map(|(index, it)| (it.offset, Part::Section(index))));
    parts.sort_by_key(|(start, part)| match part {
        Part::Header(length) => (*start, 0, u64::MAX - length),
        Part::Section(index) => (*start, 1, u64::MAX - sections[*index].file_size),
    });
    parts
}

/// Takes away what a section claims beyond the end of the file.
fn clip(section: &mut Section, file_size: u64, notes: &mut Vec<Note>) {
    let inside = file_size
        .saturating_sub(section.offset)
        .min(section.file_size);
    if inside < section.file_size {
        notes.push(Note::OutOfFile {
            section: section.name.clone(),
            bytes: section.file_size - inside,
        });
        section.file_size = inside;
    }
}

struct Sweep<'a> {
    bytes: &'a [u8],
    position: u64,
    headers: u64,
    padding: u64,
}

impl Sweep<'_> {
    fn skip_to(&mut self, start: u64) {
        if start > self.position {
            self.padding += start - self.position;
            self.position = start;
        }
    }

    fn header(&mut self, start: u64, length: u64) {
        let file_size = self.bytes.len() as u64;
        let end = start.saturating_add(length).min(file_size);
        if end <= self.position {
            return;
        }
        self.skip_to(start.min(file_size));
        self.headers += end - self.position;
        self.position = end;
    }

    fn section(&mut self, section: &mut Section, notes: &mut Vec<Note>) {
        let end = section.offset + section.file_size;
        self.skip_to(section.offset);
        let own = end.saturating_sub(self.position);
        if own < section.file_size {
            notes.push(Note::Overlap {
                section: section.name.clone(),
                bytes: section.file_size - own,
            });
            let cut = section.file_size - own;
            section.offset += cut;
            section.address = section
                .address
                .wrapping_add(if section.loaded { cut } else { 0 });
            section.file_size = own;
        }
        self.position = self.position.max(end);
    }

    /// What follows the last part: padding when it is zeros, else appended data such as an archive.
    fn tail(&mut self) -> Option<Section> {
        let rest = self.bytes.get(self.position as usize..)?;
        let start = self.position;
        if rest.iter().all(|&byte| byte == 0) {
            self.padding += rest.len() as u64;
            return None;
        }
        Some(Section {
            name: "(appended)".to_owned(),
            role: Role::Other,
            address: 0,
            offset: start,
            file_size: rest.len() as u64,
            memory_size: 0,
            loaded: false,
            executable: false,
            writable: false,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn section(name: &str, offset: u64, file_size: u64) -> Section {
        Section {
            name: name.to_owned(),
            role: Role::Data,
            address: 0,
            offset,
            file_size,
            memory_size: file_size,
            loaded: true,
            executable: false,
            writable: false,
        }
    }

    fn sizes(closed: &Closed) -> Vec<(&str, u64)> {
        closed
            .sections
            .iter()
            .map(|section| (section.name.as_str(), section.file_size))
            .collect()
    }

    #[test]
    fn gaps_are_padding_and_a_tail_with_content_has_a_name() {
        let mut bytes = [0u8; 100];
        bytes[99] = 1;
        let closed = close(
            &bytes,
            vec![section("a", 20, 10), section("b", 40, 10)],
            &[(0, 16)],
        )
        .unwrap();
        assert_eq!(sizes(&closed), [("a", 10), ("b", 10), ("(appended)", 50)]);
        assert_eq!((closed.headers, closed.padding), (16, 14));
    }

    #[test]
    fn shared_and_missing_bytes_are_counted_once_and_said() {
        let closed = close(
            &[0; 100],
            vec![
                section("outer", 10, 50),
                section("inner", 20, 10),
                section("long", 90, 20),
                section("out", 500, 1),
            ],
            &[(0, 12)],
        )
        .unwrap();
        assert_eq!(
            sizes(&closed),
            [("outer", 48), ("inner", 0), ("long", 10), ("out", 0)]
        );
        assert_eq!(closed.notes.len(), 4);
    }

    #[test]
    fn any_ranges_close() {
        use proptest::prelude::*;
        proptest!(|(
            length in 0usize..300,
            parts in prop::collection::vec((0u64..400, 0u64..400), 0..12),
            headers in prop::collection::vec((any::<u64>(), any::<u64>()), 0..4),
        )| {
            let sections = parts.iter().map(|&(offset, size)| section("s", offset, size)).collect();
            prop_assert!(close(&vec![7; length], sections, &headers).is_ok());
        });
    }
}

//! A package archive in, the objects in it out.

use std::ops::Range;

/// What stands in an archive.
#[derive(Debug, Default)]
pub(super) struct Members<'a> {
    /// Go objects, from their magic on.
    pub(crate) objects: Vec<&'a [u8]>,
    /// What the header of the objects says of platform and version: `linux amd64 go1.26.1 ...`.
    pub(crate) header: Option<&'a str>,
    /// Objects that no Go tool wrote, such as those of a C compiler: name and content.
    pub(crate) foreign: Vec<(&'a str, &'a [u8])>,
    /// What cgo tells the linker, as JSON.
    pub(crate) directives: Vec<&'a [u8]>,
    /// Whether cmd/go found that Go's own linker cannot link the C code, or should not.
    pub(crate) wants_external: bool,
}

const MAGIC: &[u8] = b"!<arch>\n";
const HEADER: usize = 60;

/// The members; `None` where this is no archive, or a broken one.
pub(super) fn members(archive: &[u8]) -> Option<Members<'_>> {
    let mut found = Members::default();
    let mut at = MAGIC.len();
    if archive.get(..at)? != MAGIC {
        return None;
    }
    while at < archive.len() {
        let (name, body) = member(archive, &mut at)?;
        found.wants_external |= matches!(name, "preferlinkext" | "dynimportfail");
        let linked = name.ends_with(".o") || name.ends_with(".syso") || name.len() >= 16;
        if name == "__.PKGDEF" || !linked {
            continue;
        }
        let Some(line) = body.strip_prefix(b"go object ") else {
            found.foreign.push((name, body));
            continue;
        };
        let end = memchr::memchr(b'\n', line)?;
        found.header = Some(std::str::from_utf8(line.get(..end)?).ok()?);
        let payload = payload(body)?;
        let directives = directives(body.get(..payload.start)?)?;
        found.directives.extend(directives);
        found.objects.push(body.get(payload)?);
    }
    Some(found)
}

/// Name and content of the member at a place, which becomes that of the next one.
fn member<'a>(archive: &'a [u8], at: &mut usize) -> Option<(&'a str, &'a [u8])> {
    let start = at.checked_add(HEADER)?;
    let header = archive.get(*at..start)?;
    let name = std::str::from_utf8(header.get(..16)?).ok()?.trim_end();
    let size = std::str::from_utf8(header.get(48..58)?).ok()?;
    let size: usize = size.trim_end().parse().ok()?;
    let end = start.checked_add(size)?;
    *at = end.checked_add(end & 1)?;
    Some((name, archive.get(start..end)?))
}

/// What stands in the cgo section in front of an object, where there is one; the outer `None` where it has no end.
fn directives(head: &[u8]) -> Option<Option<&[u8]>> {
    let Some(start) = memchr::memmem::find(head, b"\n$$  // cgo") else {
        return Some(None);
    };
    let start = start + 1;
    let section = head.get(start..)?;
    let section = section.get(memchr::memchr(b'\n', section)?..)?;
    let end = memchr::memmem::find(section, b"\n$$");
    let end = end.or_else(|| memchr::memmem::find(section, b"\n!\n"))?;
    section.get(..end).map(Some)
}

/// What stands behind `\n!\n`, which counts only outside of `$$` sections.
fn payload(body: &[u8]) -> Option<Range<usize>> {
    let mut open = false;
    for at in memchr::memchr_iter(b'\n', body) {
        match body.get(at + 1..at + 3)? {
            b"!\n" if !open => return Some(at + 3..body.len()),
            b"$$" => open = !open,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::directives;

    #[test]
    fn a_cgo_section_without_an_end_is_damage() {
        assert_eq!(directives(b"go object linux amd64\n\n!\n"), Some(None));
        let found = directives(b"\n$$  // cgo\n[]\n$$\n\n!\n");
        assert_eq!(found, Some(Some(b"\n[]".as_slice())));
        assert_eq!(directives(b"\n$$  // cgo\n[]"), None);
        assert_eq!(directives(b"\n$$  // cgo"), None);
    }
}

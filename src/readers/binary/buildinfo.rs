//! Reads what Go recorded about the build: its version, modules and settings, and the build ID.
//!
//! Layout: `debug/buildinfo`, `runtime/debug/mod.go` and `cmd/link/internal/ld/{buildinfo,elf}.go`, Go 1.18 to 1.27.

use serde::{Deserialize, Serialize};

use super::bytes::{Reader, uvarint};
use super::{Format, Role, Section};

/// What `go version -m` prints.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct BuildInfo {
    /// The toolchain: `go1.27.3`.
    pub go_version: String,
    /// The import path of the main package.
    pub path: String,
    /// The module of the main package.
    pub main: Option<Module>,
    /// The modules it was linked with.
    pub deps: Vec<Module>,
    /// Flags and environment, in Go's order: `-ldflags`, `CGO_ENABLED`, `vcs.revision`.
    pub settings: Vec<(String, String)>,
}

/// A module at a version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Module {
    /// The module path.
    pub path: String,
    /// The version, `(devel)` for a module built from its own tree.
    pub version: String,
    /// The checksum of go.sum, where Go knew it.
    pub(crate) sum: Option<String>,
    /// What it was replaced by.
    pub replace: Option<Box<Module>>,
}

impl BuildInfo {
    /// The value of a build setting.
    pub fn setting(&self, key: &str) -> Option<&str> {
        let found = self.settings.iter().find(|(it, _)| it == key)?;
        Some(&found.1)
    }

    /// The version of Go without experiments, which stand behind ` X:` or, in newer ones, `-X:`.
    pub fn go(&self) -> &str {
        let version = self.go_version.split(' ').next().unwrap_or_default();
        version.split("-X:").next().unwrap_or_default()
    }
}

const MAGIC: &[u8] = b"\xff Go buildinf:";
/// The header before the two strings: magic, pointer size, flags, and room for two pointers.
const HEADER_SIZE: usize = 32;
const ALIGNMENT: usize = 16;
/// Set when the strings follow the header. Before Go 1.18 pointers led to them; those files are declined.
const FLAG_INLINE: u8 = 2;

/// The build information: by the section's name, else wherever loaded data has the magic.
pub(super) fn find(format: Format, sections: &[Section], bytes: &[u8]) -> Option<BuildInfo> {
    if format == Format::Wasm {
        return in_wasm(sections, bytes);
    }
    let named = sections.iter().filter(|section| {
        section.name.ends_with("go.buildinfo") || section.name.ends_with("__go_buildinfo")
    });
    let rest = sections.iter().filter(|section| {
        section.loaded && matches!(section.role, Role::Data | Role::Rodata | Role::Code)
    });
    let others = rest.clone().filter(|section| section.role == Role::Data);
    let others = others.chain(rest.filter(|section| section.role != Role::Data));
    let mut named = named.map(|section| (section, true));
    let mut others = others.map(|section| (section, false));
    let search = |(section, named)| scan(content(bytes, section)?, named);
    named.find_map(search).or_else(|| others.find_map(search))
}

/// The bytes of a section.
pub(super) fn content<'a>(bytes: &'a [u8], section: &Section) -> Option<&'a [u8]> {
    let start = usize::try_from(section.offset).ok()?;
    bytes.get(start..start.checked_add(usize::try_from(section.file_size).ok()?)?)
}

/// Tries every aligned place where the magic stands: it also occurs as a string in programs that read executables.
/// Where the section is not named after it, what follows must be of Go: a version of its, or a list of modules.
fn scan(bytes: &[u8], named: bool) -> Option<BuildInfo> {
    memchr::memmem::find_iter(bytes, MAGIC)
        .filter(|at| at % ALIGNMENT == 0)
        .take(64)
        .find_map(|at| decode(&bytes[at..], named))
}

fn decode(bytes: &[u8], named: bool) -> Option<BuildInfo> {
    if bytes.get(15)? & FLAG_INLINE == 0 {
        return None;
    }
    let (version, rest) = string(bytes.get(HEADER_SIZE..)?)?;
    let (modules, _) = string(rest)?;
    let go_version = std::str::from_utf8(version).ok()?.to_owned();
    let is_go = ["go", "devel"]
        .iter()
        .any(|text| go_version.starts_with(text));
    if go_version.is_empty() || !(named || is_go || modules.starts_with(MODULES_BEGIN)) {
        return None;
    }
    let mut info = parse_modules(modules);
    info.go_version = go_version;
    Some(info)
}

const MODULES_BEGIN: &[u8] = b"\x30\x77\xaf\x0c\x92\x74\x08\x02\x41\xe1\xc1\x07\xe6\xd6\x18\xe6";
const MODULES_END: &[u8] = b"\xf9\x32\x43\x31\x86\x18\x20\x72\x00\x82\x42\x10\x41\x16\xd8\xf2";

/// Go's linker leaves the section out of wasm: the module text is found by its markers (`cmd/go/internal/modload`), the
/// version in the custom section `producers`.
fn in_wasm(sections: &[Section], bytes: &[u8]) -> Option<BuildInfo> {
    let named = |name: &str| content(bytes, sections.iter().find(|section| section.name == name)?);
    let data = named("data")?;
    let start = memchr::memmem::find(data, MODULES_BEGIN)?;
    let text = &data[start..];
    let length = memchr::memmem::find(text, MODULES_END)? + MODULES_END.len();
    let mut info = parse_modules(&text[..length]);
    let producers = named("producers").unwrap_or_default();
    let after =
        memchr::memmem::find(producers, b"\x02Go").map_or(&[][..], |at| &producers[at + 3..]);
    let (version, _) = string(after)?;
    info.go_version = String::from_utf8_lossy(version).into_owned();
    Some(info)
}

/// A length and as many bytes.
fn string(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let (length, used) = uvarint(bytes)?;
    bytes
        .get(used..)?
        .split_at_checked(usize::try_from(length).ok()?)
}

/// The module text, which stands between two markers of 16 bytes for tools that look for it in memory.
fn parse_modules(text: &[u8]) -> BuildInfo {
    let inner = match text.len() {
        33.. if text[text.len() - 17] == b'\n' => &text[16..text.len() - 16],
        _ => text,
    };
    let mut info = BuildInfo::default();
    for line in String::from_utf8_lossy(inner).lines() {
        parse_line(&mut info, line);
    }
    info
}

fn parse_line(info: &mut BuildInfo, line: &str) {
    let Some((kind, rest)) = line.split_once('\t') else {
        return;
    };
    match kind {
        "path" => info.path = rest.to_owned(),
        "mod" => info.main = Some(parse_module(rest)),
        "dep" => info.deps.push(parse_module(rest)),
        "=>" => {
            if let Some(replaced) = info.deps.last_mut().or(info.main.as_mut()) {
                replaced.replace = Some(Box::new(parse_module(rest)));
            }
        }
        "build" => info.settings.extend(parse_setting(rest)),
        _ => {}
    }
}

fn parse_module(text: &str) -> Module {
    let mut parts = text.split('\t').map(str::to_owned);
    Module {
        path: parts.next().unwrap_or_default(),
        version: parts.next().unwrap_or_default(),
        sum: parts.next().filter(|part| !part.is_empty()),
        replace: None,
    }
}

/// `key=value`, either of them quoted as in Go source when it holds a space, a quote or a line break.
fn parse_setting(text: &str) -> Option<(String, String)> {
    let (key, value) = match text.chars().next()? {
        quote @ ('"' | '`') => {
            let end = closing_quote(text, quote)?;
            (unquote(&text[..=end]), text[end + 1..].strip_prefix('=')?)
        }
        _ => {
            let (key, value) = text.split_once('=')?;
            (key.to_owned(), value)
        }
    };
    Some((key, unquote(value)))
}

fn closing_quote(text: &str, quote: char) -> Option<usize> {
    let mut escaped = false;
    text.char_indices().skip(1).find_map(|(index, it)| {
        let found = it == quote && !escaped;
        escaped = it == '\\' && !escaped && quote == '"';
        found.then_some(index)
    })
}

/// Text between quotes as `strconv.Unquote` reads it; other text as it is.
fn unquote(text: &str) -> String {
    let within = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    if let Some(raw) = within('`') {
        return raw.to_owned();
    }
    let Some(inner) = within('"') else {
        return text.to_owned();
    };
    let mut out = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(it) = characters.next() {
        out.extend(if it == '\\' {
            unescape(&mut characters)
        } else {
            Some(it)
        });
    }
    out
}

fn unescape(rest: &mut std::str::Chars<'_>) -> Option<char> {
    let digits = match rest.next()? {
        'n' => return Some('\n'),
        't' => return Some('\t'),
        'r' => return Some('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => return Some(other),
    };
    let code: String = rest.by_ref().take(digits).collect();
    char::from_u32(u32::from_str_radix(&code, 16).ok()?)
}

/// The build ID: an ELF note, a custom section in wasm, else a text at the beginning of the code.
pub(super) fn find_build_id(
    format: Format,
    sections: &[Section],
    bytes: &[u8],
    big_endian: bool,
) -> Option<String> {
    let named = |name: &str| content(bytes, sections.iter().find(|section| section.name == name)?);
    match format {
        Format::Elf => note(named(".note.go.buildid")?, big_endian),
        Format::Wasm => {
            let section = named("go:buildid").or_else(|| named("go.buildid"))?;
            let text = section.get(in_code(section)?)?;
            Some(String::from_utf8_lossy(text).into_owned())
        }
        Format::Pe | Format::MachO => {
            let code = sections.iter().find(|section| section.role == Role::Code)?;
            let range = in_code(content(bytes, code)?)?;
            let text = content(bytes, code)?.get(range)?;
            Some(String::from_utf8_lossy(text).into_owned())
        }
    }
}

const ID_BEGIN: &[u8] = b"\xff Go build ID: \"";
const ID_END: &[u8] = b"\"\n \xff";

/// Where in the code the text of the build ID stands.
pub(super) fn in_code(code: &[u8]) -> Option<std::ops::Range<usize>> {
    let head = code.get(..4096).unwrap_or(code);
    let start = memchr::memmem::find(head, ID_BEGIN)? + ID_BEGIN.len();
    let rest = code.get(start..)?;
    let length = memchr::memmem::find(&rest[..rest.len().min(512)], ID_END)?;
    Some(start..start + length)
}

/// The content of a note by "Go": name size, content size, kind, name, content.
fn note(bytes: &[u8], big_endian: bool) -> Option<String> {
    let reader = Reader {
        data: bytes,
        big_endian,
        pointer_size: 8,
    };
    let length = reader.u32(4)? as usize;
    if reader.u32(0)? != 4 || reader.slice(12, 4)? != b"Go\0\0" {
        return None;
    }
    let text = reader.slice(16, length)?;
    Some(String::from_utf8_lossy(text).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoded(text: &str) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        bytes.extend([8, FLAG_INLINE]);
        bytes.resize(HEADER_SIZE, 0);
        let text = format!("0123456789abcdef{text}0123456789abcdef");
        for part in ["go1.27.3", text.as_str()] {
            bytes.extend([(part.len() & 0x7f) as u8 | 0x80, (part.len() >> 7) as u8]);
            bytes.extend(part.as_bytes());
        }
        bytes
    }

    #[test]
    fn modules_and_settings_are_read() {
        let text = "path\texample.com/app/cmd/api\nmod\texample.com/app\t(devel)\t\n\
            dep\texample.com/lib\tv1.2.0\th1:sum=\ndep\texample.com/old\tv1.0.0\n=>\t../new\t(devel)\t\n\
            build\t-ldflags=\"-s -w\\t\\\"\"\nbuild\t\"a key\"=`raw`\nbuild\tGOOS=linux\n";
        let info = scan(&encoded(text), false).unwrap();
        assert_eq!(info.go_version, "go1.27.3");
        assert_eq!(info.path, "example.com/app/cmd/api");
        assert_eq!(info.main.as_ref().unwrap().version, "(devel)");
        assert_eq!(info.deps[0].sum.as_deref(), Some("h1:sum="));
        assert_eq!(info.deps[1].replace.as_ref().unwrap().path, "../new");
        assert_eq!(info.setting("-ldflags"), Some("-s -w\t\""));
        assert_eq!(info.setting("a key"), Some("raw"));
        assert_eq!(info.setting("GOOS"), Some("linux"));
    }

    #[test]
    fn a_cut_or_pointer_form_is_declined() {
        let whole = encoded("path\tx\n");
        for end in 0..whole.len() {
            assert!(scan(&whole[..end], true).is_none(), "{end}");
        }
        let mut pointers = whole;
        pointers[15] = 0;
        assert!(scan(&pointers, true).is_none());
    }
}

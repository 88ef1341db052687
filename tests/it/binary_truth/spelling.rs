//! Addresses of type descriptors in, the names that the compiler gave them out: spelled from the bytes of the program,
//! without our own reading of descriptors (`cmd/compile/internal/types/fmt.go`, `internal/abi/type.go`).

use std::collections::BTreeMap;

/// A 64-bit ELF file with its low bytes first.
pub struct Program<'a> {
    bytes: &'a [u8],
    /// Address, size, place in the file.
    sections: Vec<(u64, u64, u64)>,
    /// Where types begin: the base of their distances.
    types: u64,
    /// Bytes of what a map's descriptor has of its own.
    map: u64,
    known: std::cell::RefCell<BTreeMap<u64, String>>,
}

const UNCOMMON: u8 = 1;
const STAR: u8 = 2;
const NAMED: u8 = 4;

impl<'a> Program<'a> {
    pub fn new(bytes: &'a [u8], minor: u32) -> Self {
        let elf = goblin::elf::Elf::parse(bytes).unwrap();
        let loaded = elf
            .section_headers
            .iter()
            .filter(|it| it.sh_addr > 0 && it.sh_type != goblin::elf::section_header::SHT_NOBITS);
        let sections: Vec<_> = loaded
            .map(|it| (it.sh_addr, it.sh_size, it.sh_offset))
            .collect();
        let named = |name: &str| {
            let found = elf
                .section_headers
                .iter()
                .find(|it| elf.shdr_strtab.get_at(it.sh_name) == Some(name));
            found.map(|it| (it.sh_addr, it.sh_offset as usize))
        };
        let mut program = Self {
            bytes,
            sections,
            types: 0,
            map: match minor {
                ..24 => 40,
                24..27 => 64,
                _ => 88,
            },
            known: BTreeMap::new().into(),
        };
        // The runtime's table of contents begins with the address of the line table; its word 37 says where types begin.
        let (table, _) = named(".gopclntab").unwrap();
        let mut words = bytes.chunks_exact(8).enumerate();
        let mut places = words.by_ref().filter(|(at, word)| {
            let next = bytes.get(8 * at + 8..8 * at + 16);
            *word == table.to_le_bytes()
                && next.is_some_and(|it| {
                    u64::from_le_bytes(it.try_into().unwrap()).wrapping_sub(table) < 200
                })
        });
        let (contents, _) = places.next().unwrap();
        let at = 8 * (contents + 37);
        program.types = u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap());
        program
    }

    fn at(&self, address: u64) -> &'a [u8] {
        let found = self
            .sections
            .iter()
            .find(|it| (it.0..it.0 + it.1).contains(&address));
        let (start, size, offset) = *found.unwrap_or_else(|| panic!("{address:#x} is nowhere"));
        &self.bytes[(address - start + offset) as usize..(offset + size) as usize]
    }

    fn word(&self, address: u64) -> u64 {
        u64::from_le_bytes(*self.at(address).first_chunk().unwrap())
    }

    fn half(&self, address: u64) -> u32 {
        u32::from_le_bytes(*self.at(address).first_chunk().unwrap())
    }

    fn byte(&self, address: u64) -> u8 {
        self.at(address)[0]
    }

    /// The name at an address: its flags, its text, its tag, its package.
    fn name(&self, address: u64) -> (u8, String, String, Option<String>) {
        let bytes = self.at(address);
        let flags = bytes[0];
        let mut at = 1;
        let mut text = || {
            let (mut length, mut shift) = (0usize, 0);
            loop {
                let byte = bytes[at];
                at += 1;
                length |= usize::from(byte & 0x7f) << shift;
                shift += 7;
                if byte < 0x80 {
                    break;
                }
            }
            let found = String::from_utf8(bytes[at..at + length].to_vec()).unwrap();
            at += length;
            found
        };
        let name = text();
        let tag = if flags & 2 != 0 {
            text()
        } else {
            String::new()
        };
        let package = (flags & 4 != 0).then(|| {
            let distance = u32::from_le_bytes(*bytes[at..].first_chunk().unwrap());
            self.name(self.types + u64::from(distance)).1
        });
        (flags, name, tag, package)
    }

    /// `type:NAME` of the linker, without the prefix.
    pub fn spelled(&self, address: u64) -> String {
        if let Some(found) = self.known.borrow().get(&address) {
            return found.clone();
        }
        let name = self.spell(address);
        self.known.borrow_mut().insert(address, name.clone());
        name
    }

    /// What reflection prints.
    fn short(&self, address: u64) -> String {
        let text = self.name(self.types + u64::from(self.half(address + 40))).1;
        match self.byte(address + 20) & STAR {
            0 => text,
            _ => text[1..].to_owned(),
        }
    }

    fn is_named(&self, address: u64) -> bool {
        self.byte(address + 20) & NAMED != 0
    }

    fn spell(&self, address: u64) -> String {
        let short = self.short(address);
        if self.is_named(address) {
            return self.named(address, &short);
        }
        // What maps are made of has a name that is no type.
        if short.starts_with("map.") {
            return short;
        }
        let elem = || self.spelled(self.word(address + 48));
        match self.byte(address + 23) & 31 {
            17 => format!("[{}]{}", self.word(address + 64), elem()),
            18 => self.channel(address),
            19 => format!("func{}", self.signature(address)),
            20 => self.interface(address),
            21 => format!("map[{}]{}", elem(), self.spelled(self.word(address + 56))),
            22 => format!("*{}", elem()),
            23 => format!("[]{}", elem()),
            25 => self.structure(address),
            _ => short,
        }
    }

    /// The package's path in the place of its name.
    fn named(&self, address: u64, short: &str) -> String {
        if self.byte(address + 20) & UNCOMMON == 0 {
            return short.to_owned();
        }
        let path = self
            .name(self.types + u64::from(self.half(self.uncommon(address))))
            .1;
        let base = match short.strip_prefix("go.shape.") {
            Some(shape) => shape,
            None => {
                let end = short.find('[').unwrap_or(short.len());
                let dot = short[..end].find('.').map_or(0, |it| it + 1);
                &short[dot..]
            }
        };
        if path.is_empty() {
            base.to_owned()
        } else {
            format!("{path}.{base}")
        }
    }

    /// Behind what each kind has of its own.
    fn uncommon(&self, address: u64) -> u64 {
        address
            + match self.byte(address + 23) & 31 {
                17 => 72,
                18 => 64,
                19 => 56,
                20 | 25 => 80,
                22 | 23 => 56,
                21 => 48 + self.map,
                _ => 48,
            }
    }

    fn channel(&self, address: u64) -> String {
        let element = self.word(address + 48);
        let text = self.spelled(element);
        match self.word(address + 56) {
            1 => format!("<-chan {text}"),
            2 => format!("chan<- {text}"),
            _ if text.starts_with("<-chan") => format!("chan ({text})"),
            _ => format!("chan {text}"),
        }
    }

    fn signature(&self, address: u64) -> String {
        let counts = self.half(address + 48);
        let (inputs, outputs) = (u64::from(counts & 0xffff), u64::from(counts >> 16 & 0x7fff));
        let variadic = counts >> 31 == 1;
        let has_more = u64::from(self.byte(address + 20) & UNCOMMON) * 16;
        let first = address + 56 + has_more;
        let list = |range: std::ops::Range<u64>| {
            let one = |it: u64| {
                let text = self.spelled(self.word(first + 8 * it));
                match text.strip_prefix("[]") {
                    Some(element) if variadic && it + 1 == inputs => format!("...{element}"),
                    _ => text,
                }
            };
            range.map(one).collect::<Vec<_>>().join(", ")
        };
        let results = list(inputs..inputs + outputs);
        let results = match outputs {
            0 => String::new(),
            1 => format!(" {results}"),
            _ => format!(" ({results})"),
        };
        format!("({}){results}", list(0..inputs))
    }

    fn interface(&self, address: u64) -> String {
        let (own, methods, count) = (
            self.word(address + 48),
            self.word(address + 56),
            self.word(address + 64),
        );
        if count == 0 {
            return "interface {}".into();
        }
        let one = |it: u64| {
            let (flags, name, _, package) =
                self.name(self.types + u64::from(self.half(methods + 8 * it)));
            let signature = self.signature(self.types + u64::from(self.half(methods + 8 * it + 4)));
            format!(" {}{signature}", self.qualified(flags, name, package, own))
        };
        let all: Vec<String> = (0..count).map(one).collect();
        format!("interface {{{} }}", all.join(";"))
    }

    /// Names that are not exported stand with their package.
    fn qualified(&self, flags: u8, name: String, package: Option<String>, own: u64) -> String {
        if flags & 1 != 0 {
            return name;
        }
        let of_type = || (own != 0).then(|| self.name(own).1);
        match package.or_else(of_type) {
            Some(package) if !package.is_empty() => format!("{package}.{name}"),
            _ => name,
        }
    }

    fn structure(&self, address: u64) -> String {
        let (own, fields, count) = (
            self.word(address + 48),
            self.word(address + 56),
            self.word(address + 64),
        );
        if count == 0 {
            return "struct {}".into();
        }
        let one = |it: u64| {
            let (flags, name, tag, package) = self.name(self.word(fields + 24 * it));
            let type_ = self.word(fields + 24 * it + 8);
            let text = self.spelled(type_);
            let bare = text.trim_start_matches('*');
            let end = bare.find('[').unwrap_or(bare.len());
            let same = bare[..end].rsplit('.').next() == Some(name.as_str());
            let field = if flags & 8 != 0 && same {
                text
            } else {
                let name = self.qualified(flags, name, package, own);
                let between = if flags & 8 != 0 { " = " } else { " " };
                format!("{name}{between}{text}")
            };
            let tag = if tag.is_empty() {
                tag
            } else {
                format!(" {tag:?}")
            };
            format!(" {field}{tag}")
        };
        let all: Vec<String> = (0..count).map(one).collect();
        format!("struct {{{} }}", all.join(";"))
    }

    /// `go:itab.TYPE,INTERFACE`, without the prefix.
    pub fn itab(&self, address: u64) -> String {
        let (interface, concrete) = (self.word(address), self.word(address + 8));
        format!("{},{}", self.spelled(concrete), self.spelled(interface))
    }
}

/// What two spellings of one type have in common: escapes, the number of a local type, whether it may be compared, and
/// what stands before a name in the names of what maps are made of, for reflection prints the package's name and the linker
/// the end of its path; and whether an embedded field tells its name.
pub fn plain(name: &str) -> String {
    let name = name.replace("noalg.", "").replace("%2e", ".");
    let mut out = String::with_capacity(name.len());
    let mut rest = name.as_str();
    while let Some((before, after)) = rest.split_once('·') {
        out.push_str(before);
        rest = after.trim_start_matches(|it: char| it.is_ascii_digit());
    }
    out.push_str(rest);
    if !out.starts_with("map.") {
        return embedded(&out);
    }
    let mut short = String::new();
    let mut word = String::new();
    for it in out.chars() {
        if it.is_alphanumeric() || "_./-".contains(it) {
            word.push(it);
            continue;
        }
        short.push_str(word.rsplit(['/', '.']).next().unwrap());
        word.clear();
        short.push(it);
    }
    short + word.rsplit(['/', '.']).next().unwrap()
}

/// `struct { p.t = p.t }` as `struct { p.t }`: which of them it is depends on where the compiler read the type.
fn embedded(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some((before, after)) = rest.split_once(" = ") {
        let field = before.rsplit(' ').next().unwrap();
        let end = after.find([';', ' ']).unwrap_or(after.len());
        out.push_str(before);
        if field == &after[..end] {
            rest = &after[end..];
        } else {
            out.push_str(" = ");
            rest = after;
        }
    }
    out + rest
}

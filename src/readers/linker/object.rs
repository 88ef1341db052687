//! One Go object: symbols, relocations and auxiliary symbols by index, read where they lie (`cmd/internal/goobj`).

/// The only format there is from Go 1.20 on.
const MAGIC: &[u8] = b"\x00go120ld";
const BLOCKS: usize = 19;
const SYMBOL: usize = 21;
const RELOCATION: usize = 23;
const AUXILIARY: usize = 9;
const STRING: usize = 8;

/// Blocks, in their order.
#[derive(Debug, Clone, Copy)]
enum Block {
    Autolib,
    Packages,
    Files,
    Defined,
    Hashed64,
    Hashed,
    Named,
    References,
    RefFlags,
    Hash64,
    Hash,
    RelocationIndex,
    AuxiliaryIndex,
    DataIndex,
    Relocations,
    Auxiliaries,
    Data,
}

/// Where a symbol is: a package and an index there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reference {
    pub(crate) package: u32,
    pub(crate) index: u32,
}

/// Packages of a [`Reference`] with a meaning of their own.
pub(super) mod special {
    pub(crate) const NAMED: u32 = i32::MAX as u32;
    pub(crate) const HASHED64: u32 = NAMED - 1;
    pub(crate) const HASHED: u32 = NAMED - 2;
    pub(crate) const BUILTIN: u32 = NAMED - 3;
    pub(crate) const OWN: u32 = NAMED - 4;
}

/// Bits of [`Symbol::flags`]; the second byte of the file counts from bit 8.
pub(super) mod flag {
    pub(crate) const MAY_REPEAT: u16 = 1;
    pub(crate) const TYPELINK: u16 = 1 << 2;
    pub(crate) const REFLECT_METHOD: u16 = 1 << 5;
    pub(crate) const GO_TYPE: u16 = 1 << 6;
    pub(crate) const USED_IN_INTERFACE: u16 = 1 << 8;
    pub(crate) const ITAB: u16 = 1 << 9;
    pub(crate) const PACKAGE_INIT: u16 = 1 << 11;
}

/// The ABI of a symbol that nobody else can name.
pub(super) const STATIC: u16 = u16::MAX;

/// A definition or a reference.
#[derive(Debug, Clone, Copy)]
pub(super) struct Symbol<'a> {
    pub(crate) name: &'a [u8],
    pub(crate) abi: u16,
    pub(crate) kind: u8,
    pub(crate) flags: u16,
    pub(crate) size: u32,
    pub(crate) align: u32,
}

/// A place in a symbol that names another.
#[derive(Debug, Clone, Copy)]
pub(super) struct Relocation {
    pub(crate) offset: i32,
    pub(crate) number: u16,
    pub(crate) add: i64,
    pub(crate) target: Reference,
}

/// What belongs to a symbol.
#[derive(Debug, Clone, Copy)]
pub(super) struct Auxiliary {
    pub(crate) kind: u8,
    pub(crate) target: Reference,
}

/// Kinds of [`Auxiliary`].
pub(super) mod auxiliary {
    pub(crate) const GO_TYPE: u8 = 0;
    pub(crate) const FUNC_INFO: u8 = 1;
    pub(crate) const FUNC_DATA: u8 = 2;
    pub(crate) const PC_SP: u8 = 7;
    pub(crate) const PC_FILE: u8 = 8;
    pub(crate) const PC_LINE: u8 = 9;
    pub(crate) const PC_INLINE: u8 = 10;
    pub(crate) const PC_DATA: u8 = 11;
}

/// How many symbols of each kind there are, in the order of their local index.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(crate) defined: u32,
    pub(crate) hashed64: u32,
    pub(crate) hashed: u32,
    pub(crate) named: u32,
    pub(crate) references: u32,
}

impl Counts {
    /// Symbols with a definition.
    pub(crate) fn definitions(&self) -> u32 {
        self.defined + self.hashed64 + self.hashed + self.named
    }
}

/// A Go object. Whatever lies outside of the file reads as nothing.
#[derive(Debug)]
pub(super) struct Object<'a> {
    bytes: &'a [u8],
    blocks: [u32; BLOCKS],
    pub(crate) counts: Counts,
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl<'a> Object<'a> {
    /// Reads the header; `None` for another format, or for blocks that lie outside of the bytes.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        if !bytes.starts_with(MAGIC) {
            return None;
        }
        let mut blocks = [0; BLOCKS];
        for (index, block) in blocks.iter_mut().enumerate() {
            *block = u32_at(bytes, 20 + 4 * index)?;
        }
        let ordered = blocks.is_sorted();
        if !ordered || *blocks.last()? as usize > bytes.len() {
            return None;
        }
        let mut object = Self {
            bytes,
            blocks,
            counts: Counts::default(),
        };
        object.counts = Counts {
            defined: object.count(Block::Defined, SYMBOL),
            hashed64: object.count(Block::Hashed64, SYMBOL),
            hashed: object.count(Block::Hashed, SYMBOL),
            named: object.count(Block::Named, SYMBOL),
            references: object.count(Block::References, SYMBOL),
        };
        Some(object)
    }

    fn block(&self, block: Block) -> &'a [u8] {
        let (start, end) = (self.blocks[block as usize], self.blocks[block as usize + 1]);
        self.bytes
            .get(start as usize..end as usize)
            .unwrap_or_default()
    }

    fn count(&self, block: Block, size: usize) -> u32 {
        (self.block(block).len() / size) as u32
    }

    fn text(&self, length: u32, offset: u32) -> &'a [u8] {
        let start = offset as usize;
        let end = start.saturating_add(length as usize);
        self.bytes.get(start..end).unwrap_or_default()
    }

    fn string(&self, entry: &[u8]) -> &'a [u8] {
        match (u32_at(entry, 0), u32_at(entry, 4)) {
            (Some(length), Some(offset)) => self.text(length, offset),
            _ => &[],
        }
    }

    /// The packages that it imports, in order.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.block(Block::Autolib).chunks_exact(STRING + 8);
        entries.map(|entry| self.string(entry))
    }

    /// The packages that it refers to, by index; the first is none.
    pub(crate) fn packages(&self) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.block(Block::Packages).chunks_exact(STRING);
        entries.map(|entry| self.string(entry))
    }

    /// The files of the line tables, by index.
    pub(crate) fn files(&self) -> impl Iterator<Item = &'a [u8]> {
        let entries = self.block(Block::Files).chunks_exact(STRING);
        entries.map(|entry| self.string(entry))
    }

    /// A symbol by its local index: definitions first, then references by name.
    pub(crate) fn symbol(&self, index: u32) -> Option<Symbol<'a>> {
        let start = self.blocks[Block::Defined as usize] as usize;
        let end = self.blocks[Block::References as usize + 1] as usize;
        let at = start.checked_add((index as usize).checked_mul(SYMBOL)?)?;
        let entry = self.bytes.get(at..at.checked_add(SYMBOL)?)?;
        (at + SYMBOL <= end).then(|| Symbol {
            name: self.string(entry),
            abi: u16::from_le_bytes([entry[8], entry[9]]),
            kind: entry[10],
            flags: u16::from_le_bytes([entry[11], entry[12]]),
            size: u32_at(entry, 13).unwrap_or_default(),
            align: u32_at(entry, 17).unwrap_or_default(),
        })
    }

    /// The content hash of a short symbol, counted from the first of its kind.
    pub(crate) fn hash64(&self, index: u32) -> Option<u64> {
        let at = (index as usize).checked_mul(8)?;
        let bytes = self.block(Block::Hash64).get(at..)?.first_chunk()?;
        Some(u64::from_le_bytes(*bytes))
    }

    /// The content hash of a symbol, counted from the first of its kind.
    pub(crate) fn hash(&self, index: u32) -> Option<[u8; 16]> {
        let at = (index as usize).checked_mul(16)?;
        self.block(Block::Hash).get(at..)?.first_chunk().copied()
    }

    /// References of symbols of other packages that are used in interfaces there.
    pub(crate) fn ref_flags(&self) -> impl Iterator<Item = (Reference, u16)> {
        let entries = self.block(Block::RefFlags).chunks_exact(10);
        entries.filter_map(|entry| {
            let flags = u16::from_le_bytes([entry[8], entry[9]]);
            Some((reference(entry)?, flags))
        })
    }

    /// The part of `of` that the index gives to a definition, in units of `size`.
    fn indexed(&self, index: Block, of: Block, size: usize, symbol: u32) -> &'a [u8] {
        let span = || {
            let at = (symbol as usize).checked_mul(4)?;
            let entries = self.block(index);
            let start = (u32_at(entries, at)? as usize).checked_mul(size)?;
            let end = (u32_at(entries, at + 4)? as usize).checked_mul(size)?;
            self.block(of).get(start..end)
        };
        span().unwrap_or_default()
    }

    /// The relocations of a definition.
    pub(crate) fn relocations(
        &self,
        symbol: u32,
    ) -> impl ExactSizeIterator<Item = Relocation> + Clone + use<'a> {
        let bytes = self.indexed(
            Block::RelocationIndex,
            Block::Relocations,
            RELOCATION,
            symbol,
        );
        bytes.chunks_exact(RELOCATION).map(|entry| Relocation {
            offset: u32_at(entry, 0).unwrap_or_default() as i32,
            number: u16::from_le_bytes([entry[5], entry[6]]),
            add: entry[7..]
                .first_chunk()
                .map_or(0, |bytes| i64::from_le_bytes(*bytes)),
            target: reference(&entry[15..]).unwrap_or(Reference {
                package: 0,
                index: 0,
            }),
        })
    }

    /// What belongs to a definition.
    pub(crate) fn auxiliaries(&self, symbol: u32) -> impl Iterator<Item = Auxiliary> + use<'a> {
        let bytes = self.indexed(Block::AuxiliaryIndex, Block::Auxiliaries, AUXILIARY, symbol);
        bytes.chunks_exact(AUXILIARY).filter_map(|entry| {
            Some(Auxiliary {
                kind: entry[0],
                target: reference(&entry[1..])?,
            })
        })
    }

    /// The local index of a symbol that the object defines itself; `None` for those of others.
    pub(crate) fn local(&self, target: Reference) -> Option<u32> {
        let before = match target.package {
            special::OWN => 0,
            special::HASHED64 => self.counts.defined,
            special::HASHED => self.counts.defined + self.counts.hashed64,
            special::NAMED => self.counts.definitions() - self.counts.named,
            _ => return None,
        };
        let index = target.index.checked_add(before)?;
        (index < self.counts.definitions()).then_some(index)
    }

    /// The content of a definition.
    pub(crate) fn data(&self, symbol: u32) -> &'a [u8] {
        self.indexed(Block::DataIndex, Block::Data, 1, symbol)
    }
}

fn reference(entry: &[u8]) -> Option<Reference> {
    Some(Reference {
        package: u32_at(entry, 0)?,
        index: u32_at(entry, 4)?,
    })
}

//! What the linker does on a platform with the bytes that it keeps: alignment, lists, pages.

/// The bytes of a file, by what they are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Bytes {
    /// Code, with the space between functions.
    pub text: u64,
    /// Constants, types, strings.
    pub(crate) read_only: u64,
    /// Tables of functions and lines, stack maps.
    pub(crate) tables: u64,
    /// Variables with a value.
    pub(crate) data: u64,
}

impl Bytes {
    /// All of them.
    pub fn total(&self) -> u64 {
        self.text + self.read_only + self.tables + self.data
    }
}

/// What the linker does on a platform.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(crate) function_align: u32,
    /// The least and the most at which data begins whose object names no alignment.
    pub(crate) data_align: (u32, u32),
    pub(crate) pointer: u32,
    /// Whether there are lists of types and itabs: up to Go 1.26.
    pub(crate) lists: bool,
    /// What segments begin at multiples of in an ELF file; 1 where that is not known.
    pub(crate) page: u64,
    /// Bytes of the list of modules, which is there twice.
    pub(crate) stamp: u64,
    /// Whether the section headers stand behind the last segment: from Go 1.26 on.
    pub(crate) headers_last: bool,
}

impl Layout {
    /// `external`: the linker of the system decides where segments begin.
    pub(crate) fn of(goos: &str, goarch: &str, pointer: u32, version: u32, external: bool) -> Self {
        let function_align = match goarch {
            "amd64" => 32,
            "arm" | "mips" | "mipsle" => 4,
            "mips64" | "mips64le" | "riscv64" => 8,
            "wasm" => 1,
            _ => 16,
        };
        let data_align = match goarch {
            "arm" => (1, 8),
            "s390x" => (2, 32),
            _ => (1, 32),
        };
        Self {
            function_align,
            data_align,
            pointer,
            lists: version < 27,
            page: if external { 1 } else { page(goos, goarch) },
            stamp: 0,
            headers_last: version >= 26,
        }
    }

    /// How large these make a stripped file, whose segments begin at whole pages; `None` where that is not known.
    pub(crate) fn file(&self, bytes: &Bytes) -> Option<u64> {
        // Marks between functions; the build information and the list of all tables.
        const TEXT: u64 = 73;
        const DATA: u64 = 968;
        let (text, data) = (
            self.page + bytes.text + TEXT,
            bytes.data + DATA + self.stamp,
        );
        let tables = bytes.read_only + bytes.tables + self.stamp;
        let whole = |part: u64| part.next_multiple_of(self.page);
        let data = if self.headers_last { whole(data) } else { data };
        (self.page > 1).then(|| whole(text) + whole(tables) + data)
    }
}

/// What segments begin at multiples of where Go's own linker decides it; 1 where that is not known.
fn page(goos: &str, goarch: &str) -> u64 {
    match (goos, goarch) {
        ("aix" | "darwin" | "ios" | "js" | "plan9" | "wasip1" | "windows", _) => 1,
        (_, "386" | "amd64" | "s390x") => 4 << 10,
        _ => 64 << 10,
    }
}

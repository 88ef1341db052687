//! The wire form of a pprof profile, field for field as in pprof's `profile.proto`.
//!
//! Strings are indices into `string_table`, whose entry 0 is empty; its bytes are kept as they are, because Go does not
//! demand UTF-8 there. Samples list their locations leaf first, and so does a location its inlined lines.

/// A profile: samples, and the tables they point into.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Profile {
    /// What each entry of `Sample::value` measures.
    #[prost(message, repeated, tag = "1")]
    pub sample_type: Vec<ValueType>,
    /// The samples, each a stack with its values.
    #[prost(message, repeated, tag = "2")]
    pub sample: Vec<Sample>,
    /// The mapped files; the first is the main binary.
    #[prost(message, repeated, tag = "3")]
    pub mapping: Vec<Mapping>,
    /// The addresses that samples point to.
    #[prost(message, repeated, tag = "4")]
    pub location: Vec<Location>,
    /// The functions that lines point to.
    #[prost(message, repeated, tag = "5")]
    pub function: Vec<Function>,
    /// All strings; entry 0 is empty.
    #[prost(bytes = "vec", repeated, tag = "6")]
    pub string_table: Vec<Vec<u8>>,
    /// A pattern: frames that match are dropped when shown (string index).
    #[prost(int64, tag = "7")]
    pub drop_frames: i64,
    /// A pattern: frames that match are kept although `drop_frames` matches (string index).
    #[prost(int64, tag = "8")]
    pub keep_frames: i64,
    /// When collection began, in nanoseconds since 1970; 0 is unknown.
    #[prost(int64, tag = "9")]
    pub time_nanos: i64,
    /// How long it was collected, in nanoseconds; 0 is unknown.
    #[prost(int64, tag = "10")]
    pub duration_nanos: i64,
    /// What happens between two samples.
    #[prost(message, optional, tag = "11")]
    pub period_type: Option<ValueType>,
    /// How much of `period_type` lies between two samples.
    #[prost(int64, tag = "12")]
    pub period: i64,
    /// Free text (string indices).
    #[prost(int64, repeated, tag = "13")]
    pub comment: Vec<i64>,
    /// The sample type to show first (string index).
    #[prost(int64, tag = "14")]
    pub default_sample_type: i64,
    /// Where the profile is documented (string index).
    #[prost(int64, tag = "15")]
    pub doc_url: i64,
}

/// What a number measures, and in which unit.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct ValueType {
    /// Such as `cpu` (string index).
    #[prost(int64, tag = "1")]
    pub r#type: i64,
    /// Such as `nanoseconds` (string index).
    #[prost(int64, tag = "2")]
    pub unit: i64,
}

/// One stack and its values.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Sample {
    /// Location IDs, leaf first.
    #[prost(uint64, repeated, tag = "1")]
    pub location_id: Vec<u64>,
    /// One value per sample type.
    #[prost(int64, repeated, tag = "2")]
    pub value: Vec<i64>,
    /// What the program said about the sample.
    #[prost(message, repeated, tag = "3")]
    pub label: Vec<Label>,
}

/// A key with a text or a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Message)]
pub struct Label {
    /// String index.
    #[prost(int64, tag = "1")]
    pub key: i64,
    /// String index; 0 where the label is a number.
    #[prost(int64, tag = "2")]
    pub str: i64,
    /// The number.
    #[prost(int64, tag = "3")]
    pub num: i64,
    /// The unit of the number (string index).
    #[prost(int64, tag = "4")]
    pub num_unit: i64,
}

/// A file that was mapped into the program.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Mapping {
    /// Unique and not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// First address.
    #[prost(uint64, tag = "2")]
    pub memory_start: u64,
    /// First address behind it.
    #[prost(uint64, tag = "3")]
    pub memory_limit: u64,
    /// Offset in the file of the first address.
    #[prost(uint64, tag = "4")]
    pub file_offset: u64,
    /// Path (string index).
    #[prost(int64, tag = "5")]
    pub filename: i64,
    /// Build ID; with Go the GNU build ID in hex where there is one (string index).
    #[prost(int64, tag = "6")]
    pub build_id: i64,
    /// Its locations have function names.
    #[prost(bool, tag = "7")]
    pub has_functions: bool,
    /// Its locations have file names.
    #[prost(bool, tag = "8")]
    pub has_filenames: bool,
    /// Its locations have line numbers.
    #[prost(bool, tag = "9")]
    pub has_line_numbers: bool,
    /// Its locations list inlined calls.
    #[prost(bool, tag = "10")]
    pub has_inline_frames: bool,
}

/// An address, and the lines it belongs to.
#[derive(Clone, PartialEq, prost::Message)]
pub struct Location {
    /// Unique and not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// The mapping it lies in; 0 is unknown.
    #[prost(uint64, tag = "2")]
    pub mapping_id: u64,
    /// The address.
    #[prost(uint64, tag = "3")]
    pub address: u64,
    /// Innermost inlined call first; the last one is the function that holds the code.
    #[prost(message, repeated, tag = "4")]
    pub line: Vec<Line>,
    /// Several locations were folded into this one.
    #[prost(bool, tag = "5")]
    pub is_folded: bool,
}

/// A line of a function.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, prost::Message)]
pub struct Line {
    /// Function ID; 0 is unknown.
    #[prost(uint64, tag = "1")]
    pub function_id: u64,
    /// Line in the file.
    #[prost(int64, tag = "2")]
    pub line: i64,
    /// Column in the line; 0 is unknown.
    #[prost(int64, tag = "3")]
    pub column: i64,
}

/// A function.
#[derive(Clone, Copy, PartialEq, Eq, prost::Message)]
pub struct Function {
    /// Unique and not 0.
    #[prost(uint64, tag = "1")]
    pub id: u64,
    /// Name as Go's linker knows it (string index).
    #[prost(int64, tag = "2")]
    pub name: i64,
    /// Name as the system knows it (string index).
    #[prost(int64, tag = "3")]
    pub system_name: i64,
    /// Source file (string index).
    #[prost(int64, tag = "4")]
    pub filename: i64,
    /// Line of the declaration; 0 is unknown. Go writes it since 1.20.
    #[prost(int64, tag = "5")]
    pub start_line: i64,
}

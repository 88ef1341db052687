//! Texts that the build packs (`schemas/pack.rs`): a sixth of their size in the program.

use std::io::Read;

use flate2::read::ZlibDecoder;

/// What the build packed under a name.
macro_rules! file {
    ($name:expr) => {
        include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".zlib"))
    };
}
pub(crate) use file;

/// The text; tests read each.
pub(crate) fn text(packed: &[u8]) -> String {
    let mut text = String::new();
    let read = ZlibDecoder::new(packed).read_to_string(&mut text);
    read.map(|_| text).unwrap_or_default()
}

//! Keeps what was found out about bytes that have not changed, beside Go's build cache.
//!
//! A file is called by its kind and by a digest of everything that its content was made from, the version of this
//! program included. Its first line is the SHA-256 of the rest. It is written aside and renamed, so that runs at the
//! same time do not meet; one that is damaged is as good as none.

use std::io::Write;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

use super::{capture, parts};
use crate::input;
use crate::number::hex;
use crate::plan::result_store::Memory;

/// The most that may be kept, in bytes. What was not used for longest goes first.
const LIMIT: u64 = 128 << 20;

/// The largest single file, in bytes.
const LARGEST: u64 = 32 << 20;

/// The form of the files: raised when an older one must not be read.
const FORM: &str = "1";

/// What something is called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Key(Option<PathBuf>);

/// The name of what something was made of; the order counts.
pub(crate) fn key(memory: &Memory, kind: &str, made_of: &[&[u8]]) -> Key {
    let mut digest = Sha256::new();
    for part in [memory.tool.as_bytes(), kind.as_bytes()]
        .iter()
        .chain(made_of)
    {
        parts::add(&mut digest, part);
    }
    let name = format!("{kind}-{}", hex(&digest.finalize()));
    Key(memory.place.as_ref().map(|path| path.join(FORM).join(name)))
}

/// What is known under a name, if that is whole.
pub(crate) fn read<T: DeserializeOwned>(key: &Key) -> Option<T> {
    let path = key.0.as_ref()?;
    let bytes = input::read(path, LARGEST).ok()?;
    let found = verified(&bytes).and_then(|verified| serde_json::from_slice(verified).ok());
    if found.is_none() {
        let _ = std::fs::remove_file(path);
        return None;
    }
    capture::touch(path);
    found
}

fn verified(bytes: &[u8]) -> Option<&[u8]> {
    let end = memchr::memchr(b'\n', bytes)?;
    let (sum, rest) = (&bytes[..end], &bytes[end + 1..]);
    (hex(&Sha256::digest(rest)).as_bytes() == sum).then_some(rest)
}

/// Keeps something. A disk that is full is no reason to fail.
pub(crate) fn keep<T: Serialize>(key: &Key, value: &T) {
    let _ = key.0.as_ref().and_then(|path| write(path, value));
}

fn write<T: Serialize>(path: &Path, value: &T) -> Option<()> {
    let text = serde_json::to_vec(value).ok()?;
    let place = path.parent()?;
    if text.len() as u64 >= LARGEST {
        return None;
    }
    let mut draft = capture::draft(place)?;
    let sum = hex(&Sha256::digest(&text));
    draft.write_all(format!("{sum}\n").as_bytes()).ok()?;
    draft.write_all(&text).ok()?;
    draft.persist(path).ok().map(drop)
}

/// Removes what was not used for longest until the rest is within bounds.
pub(crate) fn trim(memory: &Memory) {
    if let Some(place) = &memory.place {
        capture::trim(place, LIMIT);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_whole_is_known() {
        let place = tempfile::tempdir().unwrap();
        let memory = Memory {
            place: Some(place.path().to_path_buf()),
            tool: "1".into(),
            private: None,
        };
        let one = key(&memory, "word", &[b"a", b"b"]);
        assert_ne!(one, key(&memory, "word", &[b"ab"]));
        assert_ne!(
            one,
            key(
                &Memory {
                    tool: "2".into(),
                    ..memory.clone()
                },
                "word",
                &[b"a", b"b"]
            )
        );
        keep(&one, &"text");
        assert_eq!(read::<String>(&one).as_deref(), Some("text"));
        let path = one.0.clone().unwrap();
        let mut bytes = std::fs::read(&path).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(read::<String>(&one), None);
        assert!(!path.exists());
    }

    #[test]
    fn without_a_place_nothing_is_kept() {
        let key = key(&Memory::default(), "word", &[]);
        keep(&key, &1);
        assert_eq!(read::<u32>(&key), None);
    }
}

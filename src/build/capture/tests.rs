//! Captures that are whole, damaged, old or too many.

use std::fs::File;
use std::io::Write;

use super::*;

const ACTION: &str = "abcdefghij_-ABCDEFGH";

fn write(store: &Path, action: &str, text: &[u8]) -> PathBuf {
    std::fs::create_dir_all(store).unwrap();
    let path = path(store, action).unwrap();
    let file = File::create(&path).unwrap();
    let mut encoder = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap();
    path
}

#[test]
fn a_capture_is_read_as_it_was_written() {
    let place = tempfile::tempdir().unwrap();
    write(place.path(), ACTION, b"# a\nx.go:1:2: can inline f\n");
    let capture = read(place.path(), ACTION).unwrap();
    assert_eq!(capture.text, b"# a\nx.go:1:2: can inline f\n");
    assert!(read(place.path(), "abcdefghijk").is_none());
    assert!(read(place.path(), "../abcdefghij").is_none());
}

#[test]
fn a_damaged_capture_is_a_missing_one() {
    let place = tempfile::tempdir().unwrap();
    let good = b"# a\nx.go:1:2: moved to heap: it\nx.go:9:2: moved to heap: that\n";
    let path = write(place.path(), ACTION, good);
    let whole = std::fs::read(&path).unwrap();
    for index in 0..whole.len() {
        let mut flipped = whole.clone();
        flipped[index] ^= 0x10;
        for bytes in [&whole[..index], &flipped] {
            std::fs::write(&path, bytes).unwrap();
            // Some bytes of the header, such as the time, change nothing.
            let read = read(place.path(), ACTION).map(|capture| capture.text);
            assert!(read.is_none_or(|read| read == good), "byte {index}");
        }
    }
    std::fs::write(&path, &whole[..whole.len() - 1]).unwrap();
    assert!(read(place.path(), ACTION).is_none());
    assert!(!path.exists(), "what is damaged goes");
    std::fs::write(&path, [&whole[..], b"more"].concat()).unwrap();
    assert!(read(place.path(), ACTION).is_none());
}

#[test]
fn what_was_not_used_for_longest_goes_first() {
    let place = tempfile::tempdir().unwrap();
    let store = place.path().join("1-x");
    let long_ago = SystemTime::now() - Duration::from_secs(100_000);
    let mut paths = Vec::new();
    for (index, action) in ["actionaa", "actionbb", "actioncc"].iter().enumerate() {
        let path = write(&store, action, b"# a\n");
        let time = long_ago + Duration::from_secs(index as u64);
        File::options()
            .write(true)
            .open(&path)
            .unwrap()
            .set_modified(time)
            .unwrap();
        paths.push(path);
    }
    let draft = store.join(".draft-x");
    std::fs::write(&draft, "x").unwrap();
    // The oldest is used now.
    assert!(read(&store, "actionaa").is_some());
    let size = paths[0].metadata().unwrap().len();
    trim(place.path(), size * 2 + size / 2);
    let left: Vec<bool> = paths.iter().map(|path| path.exists()).collect();
    assert_eq!(left, [true, false, true]);
    assert!(draft.exists(), "somebody may be writing it");
    trim(place.path(), LIMIT);
    assert!(paths[2].exists());
}

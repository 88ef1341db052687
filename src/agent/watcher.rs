//! The warden of a run: waits for its end, and clears up when that was a `kill -9`.

use std::io::Read;
use std::path::Path;
use std::time::Duration;

use crate::build::marked;
use crate::process::Interrupt;
use crate::process::warden::Legacy;

/// Waits for the end of `words`, which comes when the run that writes them is dead; then ends its
/// processes, takes back what it half published, and removes its stages.
pub fn run(mut words: impl Read) {
    let mut bytes = Vec::new();
    // What could be read is true, whatever ended it.
    let _ = words.read_to_end(&mut bytes);
    let legacy = Legacy::read(&bytes);
    legacy.end();
    for directory in &legacy.directories {
        remove(directory);
    }
}

fn remove(directory: &Path) {
    // Who was killed may still be about to write its last file, and holds its lock until then.
    for _ in 0..10 {
        if let Ok(true) = marked::clear_one(directory, &Interrupt::default()) {
            return;
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

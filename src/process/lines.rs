//! Cuts pieces of output into whole lines, in bounded memory.

/// A longer line is cut here: what follows up to its end is dropped.
pub(crate) const LONGEST: usize = 1 << 20;

/// Collects pieces of a stream into lines (without their line ending).
#[derive(Debug, Default)]
pub(crate) struct Splitter {
    partial: Vec<u8>,
}

impl Splitter {
    /// Hands each line that `bytes` completes to `line`.
    pub(crate) fn push(&mut self, mut bytes: &[u8], mut line: impl FnMut(&[u8])) {
        while let Some(end) = memchr::memchr(b'\n', bytes) {
            let (head, tail) = bytes.split_at(end);
            if self.partial.is_empty() {
                line(&head[..head.len().min(LONGEST)]);
            } else {
                self.keep(head);
                line(&self.partial);
                self.partial.clear();
            }
            bytes = &tail[1..];
        }
        self.keep(bytes);
    }

    /// Hands over a last line that had no line ending.
    pub(crate) fn finish(&mut self, mut line: impl FnMut(&[u8])) {
        if !self.partial.is_empty() {
            line(&self.partial);
            self.partial.clear();
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        let room = LONGEST.saturating_sub(self.partial.len());
        self.partial
            .extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_whole_however_they_were_cut() {
        let text = b"one\ntwo\n\nthree";
        for cut in 1..text.len() {
            let mut lines = Vec::new();
            let mut splitter = Splitter::default();
            for piece in text.chunks(cut) {
                splitter.push(piece, |line| lines.push(line.to_vec()));
            }
            splitter.finish(|line| lines.push(line.to_vec()));
            assert_eq!(lines, [&b"one"[..], b"two", b"", b"three"]);
        }
    }

    #[test]
    fn an_endless_line_is_cut() {
        let mut splitter = Splitter::default();
        for _ in 0..40 {
            splitter.push(&[b'x'; 64 * 1024], |_| {});
        }
        assert_eq!(splitter.partial.len(), LONGEST);
    }
}

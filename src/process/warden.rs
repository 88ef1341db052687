//! A second process of ours that outlives this one: it ends our children after a `kill -9`.
//!
//! It starts with the first child, waits at the end of a pipe, and is sent the process groups
//! and directories there are. When we end in order we end it. When the pipe ends first, we have been killed:
//! then it ends the groups and removes the directories.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::family::{Family, leader_with};

/// The argument that makes this program a warden.
pub const ARGUMENT: &str = "__warden";
/// The variable that distinguishes our children. Not one of the configuration.
pub(crate) const MARK: &str = "__GOBUILD_OPT_CHILD";

/// How long they may take to end before they are killed, and after.
const GRACE: Duration = Duration::from_secs(2);
const POLL: Duration = Duration::from_millis(20);
/// How long a child may take from `fork` to `exec`, where its environment is its own.
const BIRTH: Duration = Duration::from_millis(500);

/// How we talk to the warden. By default there is none.
#[derive(Debug, Clone, Default)]
pub struct Warden(Option<Arc<Mutex<State>>>);

#[derive(Debug)]
struct State {
    program: PathBuf,
    /// `None` before the first child, and where it could not be started.
    process: Option<(Child, ChildStdin)>,
    children: u64,
}

impl Warden {
    /// A warden to come; `program` is this program.
    pub fn new(program: PathBuf) -> Self {
        Self(Some(Arc::new(Mutex::new(State {
            program,
            process: None,
            children: 0,
        }))))
    }

    /// Announces a child.
    pub(crate) fn announce(&self) -> Watch {
        let mark = self.with(|state| {
            if state.children == 0 {
                state.process = start(&state.program).ok();
            }
            state.children += 1;
            let mark = format!("{}.{}", std::process::id(), state.children);
            state.tell(&Word::Expect(mark.clone()));
            mark
        });
        Watch {
            warden: self.clone(),
            mark,
            group: None,
        }
    }

    /// Gives it a directory to remove.
    pub(crate) fn keep_directory(&self, path: &Path) {
        self.with(|state| state.tell(&Word::Directory(path.to_path_buf())));
    }

    /// The run ends in order: nobody needs to watch over what is left of it.
    pub fn dismiss(&self) {
        self.with(State::dismiss);
    }

    /// Whether there is or was a child.
    pub(crate) fn is_watching(&self) -> bool {
        self.with(|state| state.children > 0).unwrap_or_default()
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> Option<T> {
        let state = self.0.as_ref()?;
        Some(act(&mut state
            .lock()
            .unwrap_or_else(PoisonError::into_inner)))
    }
}

impl State {
    /// Sends a word to the warden. It may be gone: then we are on our own.
    fn tell(&mut self, word: &Word) {
        if let Some((_, pipe)) = &mut self.process {
            let _ = pipe.write_all(&word.to_bytes());
        }
    }
}

impl State {
    fn dismiss(&mut self) {
        // The pipe is still open: it must not take our end for a death.
        if let Some((mut child, _pipe)) = self.process.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.dismiss();
    }
}

/// A group of its own: what the terminal sends to ours is not for it. Nothing of the caller's stays
/// open in it.
fn start(program: &Path) -> std::io::Result<(Child, ChildStdin)> {
    let mut child = Command::new(program)
        .arg0("gobuild-opt")
        .arg(ARGUMENT)
        .current_dir("/")
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let pipe = child.stdin.take().ok_or(std::io::ErrorKind::BrokenPipe)?;
    Ok((child, pipe))
}

/// A child that the warden knows of until this is dropped.
#[derive(Debug)]
pub(crate) struct Watch {
    warden: Warden,
    mark: Option<String>,
    group: Option<u32>,
}

impl Watch {
    /// What the child gets in its environment as [`MARK`].
    pub(crate) fn mark(&self) -> Option<&str> {
        self.mark.as_deref()
    }

    /// Reports to the warden that the child runs, as the leader of this process group.
    pub(crate) fn started(&mut self, group: u32) {
        self.group = Some(group);
        self.warden.with(|state| state.tell(&Word::Group(group)));
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let ended = self.group.unwrap_or_default();
        self.warden.with(|state| state.tell(&Word::Ended(ended)));
    }
}

/// What goes through the pipe.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Word {
    /// A child is about to be started, with that mark.
    Expect(String),
    /// The child leads this process group.
    Group(u32),
    /// The group of the child that ended; 0: the child could not be started.
    Ended(u32),
    /// A directory to remove.
    Directory(PathBuf),
}

impl Word {
    /// A letter, the rest, and a zero byte, which no path has.
    fn to_bytes(&self) -> Vec<u8> {
        let (letter, rest) = match self {
            Self::Expect(mark) => (b'x', mark.clone().into_bytes()),
            Self::Group(id) => (b'g', id.to_string().into_bytes()),
            Self::Ended(id) => (b'e', id.to_string().into_bytes()),
            Self::Directory(path) => (b'd', path.as_os_str().as_bytes().to_vec()),
        };
        [&[letter][..], &rest, &[0]].concat()
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (letter, rest) = bytes.split_first()?;
        let text = || String::from_utf8_lossy(rest).into_owned();
        Some(match letter {
            b'x' => Self::Expect(text()),
            b'g' => Self::Group(text().parse().ok()?),
            b'e' => Self::Ended(text().parse().ok()?),
            b'd' => Self::Directory(OsString::from_vec(rest.to_vec()).into()),
            _ => return None,
        })
    }
}

/// What a run that was killed left behind.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Legacy {
    groups: BTreeSet<u32>,
    /// A child that was about to start.
    expected: Option<String>,
    /// Directories to remove, once nobody writes to them.
    pub(crate) directories: Vec<PathBuf>,
}

impl Legacy {
    /// Reads everything that went through the pipe.
    pub(crate) fn read(words: &[u8]) -> Self {
        let mut legacy = Self::default();
        // What stands behind the last zero byte was cut off.
        let whole = words
            .iter()
            .rposition(|word| *word == 0)
            .unwrap_or_default();
        for word in words[..whole]
            .split(|byte| *byte == 0)
            .filter_map(Word::read)
        {
            match word {
                Word::Expect(mark) => legacy.expected = Some(mark),
                Word::Group(id) => {
                    legacy.expected = None;
                    legacy.groups.insert(id);
                }
                Word::Ended(id) => {
                    legacy.expected = None;
                    legacy.groups.remove(&id);
                }
                Word::Directory(path) => legacy.directories.push(path),
            }
        }
        legacy
    }

    /// Ends every process that is left: TERM, and KILL for who does not go.
    pub(crate) fn end(&self) {
        let late = self.expected.as_deref().and_then(|mark| {
            let text = format!("{MARK}={mark}\0");
            wait_for(BIRTH, || leader_with(&text))
        });
        let told = self
            .groups
            .iter()
            .filter_map(|group| i32::try_from(*group).ok());
        let family = Family::of(told.chain(late));
        family.send(Signal::TERM);
        let gone = || family.is_gone().then_some(());
        if wait_for(GRACE, gone).is_none() {
            family.send(Signal::KILL);
            wait_for(GRACE, gone);
        }
    }
}

fn wait_for<T>(limit: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        match ask() {
            None if start.elapsed() < limit => std::thread::sleep(POLL),
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[Word]) -> Legacy {
        let bytes: Vec<u8> = words.iter().flat_map(Word::to_bytes).collect();
        Legacy::read(&bytes)
    }

    #[test]
    fn what_has_not_ended_is_left() {
        let odd = PathBuf::from(OsString::from_vec(b"/a\n\xff/.gobuild-opt-1".to_vec()));
        let legacy = read(&[
            Word::Expect("1.1".into()),
            Word::Group(7),
            Word::Directory(odd.clone()),
            Word::Ended(7),
            Word::Expect("1.2".into()),
            Word::Ended(0),
            Word::Expect("1.3".into()),
            Word::Group(8),
            Word::Expect("1.4".into()),
        ]);
        assert_eq!(
            legacy,
            Legacy {
                groups: BTreeSet::from([8]),
                expected: Some("1.4".into()),
                directories: vec![odd],
            }
        );
    }

    #[test]
    fn a_word_that_was_cut_off_is_none() {
        let bytes = [Word::Group(12).to_bytes(), b"g34".to_vec()].concat();
        assert_eq!(Legacy::read(&bytes).groups, BTreeSet::from([12]));
        assert_eq!(Legacy::read(b"g34"), Legacy::default());
        assert_eq!(Legacy::read(b""), Legacy::default());
    }
}

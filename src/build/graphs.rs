//! Stores beside Go's build cache what the linker keeps of programs, so that the next question does not read their
//! archives again.
//!
//! Whoever can write to the build cache can write here, and a digest would not tell: anybody can make one. So each file
//! is signed with a secret that lies in the user's own directory, and one that is not is as good as none. The signature
//! holds for the name of the file, too, which is a digest of everything that it was made from. A build cache that comes
//! from another machine brings no graphs along.

use std::io::{Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::{capture, parts};
use crate::input;
use crate::number::hex;
use crate::plan::result_store::Memory;

/// The most that may be kept, in bytes. What was not used for longest goes first.
const LIMIT: u64 = 512 << 20;

/// The largest graph, in bytes.
const LARGEST: usize = 256 << 20;

/// Whether a graph of this many bytes is kept.
pub(crate) fn fits(length: usize) -> bool {
    length.saturating_add(size_of::<Digested>()) <= LARGEST
}

/// The form of the files: raised when an older one must not be read.
const FORM: &str = "3";

type Digested = [u8; 32];

/// Where the graph of a program is kept.
#[derive(Debug)]
pub(crate) struct Place {
    path: PathBuf,
    name: Digested,
    secret: Digested,
}

/// A graph whose signature is right. It was read, not mapped: nobody can change it behind the signature.
#[derive(Debug)]
pub(crate) struct Signed(Vec<u8>);

impl Signed {
    /// What was kept.
    pub(crate) fn content(&self) -> &[u8] {
        self.0.get(size_of::<Digested>()..).unwrap_or_default()
    }
}

impl Place {
    /// The place for what something was made of, whose order counts; `None` where nothing is kept.
    pub(crate) fn of(
        memory: &Memory,
        made_of: impl IntoIterator<Item: AsRef<[u8]>>,
    ) -> Option<Self> {
        let (place, private) = (memory.place.as_ref()?, memory.private.as_ref()?);
        let mut digest = Sha256::new();
        parts::add(&mut digest, memory.tool.as_bytes());
        for part in made_of {
            parts::add(&mut digest, part.as_ref());
        }
        let name: Digested = digest.finalize().into();
        let secret = secret(private)?;
        let file = hex(&name);
        Some(Self {
            path: place.with_file_name("graphs").join(FORM).join(file),
            name,
            secret,
        })
    }

    /// The signature of a graph. The inner digest has one length, so that nothing can be hung on.
    fn sign(&self, content: &[u8]) -> Digested {
        let mut digest = Sha256::new();
        digest.update(self.secret);
        digest.update(self.name);
        digest.update(Sha256::digest(content));
        digest.finalize().into()
    }

    /// What is kept, if this user kept it. Anything else is removed.
    pub(crate) fn read(&self) -> Option<Signed> {
        let found = Signed(input::read(&self.path, LARGEST as u64).ok()?);
        if found.0.get(..size_of::<Digested>()) != Some(&self.sign(found.content())) {
            let _ = std::fs::remove_file(&self.path);
            return None;
        }
        capture::touch(&self.path);
        Some(found)
    }

    /// Keeps a graph. A disk that is full is no reason to fail.
    pub(crate) fn keep(&self, content: &[u8]) {
        if fits(content.len()) && self.write(content).is_some() {
            let stores = self.path.parent().and_then(Path::parent);
            stores
                .into_iter()
                .for_each(|stores| capture::trim(stores, LIMIT));
        }
    }

    fn write(&self, content: &[u8]) -> Option<()> {
        let place = self.path.parent()?;
        let mut draft = capture::draft(place)?;
        draft.write_all(&self.sign(content)).ok()?;
        draft.write_all(content).ok()?;
        draft.persist(&self.path).ok().map(drop)
    }
}

/// The secret of this user, which is made where there is none. `None` where others could know or change it.
pub(crate) fn secret(private: &Path) -> Option<Digested> {
    let path = private.join("key");
    if let Some(found) = known(&path) {
        return Some(found);
    }
    let mut made = Digested::default();
    let source = std::fs::OpenOptions::new().read(true).open("/dev/urandom");
    source.ok()?.read_exact(&mut made).ok()?;
    if !may_make(private, rustix::process::geteuid().as_raw()) {
        return None;
    }
    // Others keep their state beside it: only the directory itself is closed.
    std::fs::create_dir_all(private.parent()?).ok()?;
    let made_now = std::fs::DirBuilder::new().mode(0o700).create(private);
    made_now.ok().or_else(|| private.is_dir().then_some(()))?;
    let mut draft = tempfile::Builder::new()
        .prefix(capture::DRAFT)
        .tempfile_in(private)
        .ok()?;
    draft.write_all(&made).ok()?;
    // Of two runs at the same time, one makes it, and both use that.
    let _ = draft.persist_noclobber(&path);
    known(&path)
}

/// Whether a user may make a directory: it is for him, or everybody, to write where it would begin. Root, with the HOME of
/// somebody else that sudo kept, would leave directories there that their owner cannot write to.
fn may_make(directory: &Path, user: u32) -> bool {
    let mut above = directory.ancestors();
    let about = above.find_map(|path| path.metadata().ok());
    about.is_some_and(|about| about.uid() == user || about.mode() & 0o002 != 0)
}

fn known(path: &Path) -> Option<Digested> {
    let mut options = std::fs::OpenOptions::new();
    let flags = rustix::fs::OFlags::NOFOLLOW | rustix::fs::OFlags::NONBLOCK;
    let file = options
        .read(true)
        .custom_flags(flags.bits() as i32)
        .open(path);
    let mut file = file.ok()?;
    let about = file.metadata().ok()?;
    let mine = about.uid() == rustix::process::geteuid().as_raw() && about.mode() & 0o077 == 0;
    if !about.is_file() || !mine || about.len() != size_of::<Digested>() as u64 {
        return None;
    }
    let mut found = Digested::default();
    file.read_exact(&mut found).ok()?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use std::fs::Permissions;
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn memory(directory: &Path) -> Memory {
        Memory {
            place: Some(directory.join("cache/gobuild-opt/known")),
            private: Some(directory.join("state/gobuild-opt")),
            tool: "1".into(),
        }
    }

    #[test]
    fn only_what_this_user_signed_under_this_name_is_believed() {
        let directory = tempfile::tempdir().unwrap();
        let memory = memory(directory.path());
        let place = |part: &str| Place::of(&memory, [part]).unwrap();
        let one = place("a");
        assert!(one.read().is_none());
        one.keep(b"the graph");
        assert_eq!(one.read().unwrap().content(), b"the graph");
        assert!(place("b").read().is_none());

        // Another's graph under this name.
        let other = place("b");
        other.keep(b"another graph");
        std::fs::copy(&other.path, &one.path).unwrap();
        assert!(one.read().is_none());
        assert!(!one.path.exists(), "what is not believed is removed");

        // A liar without the secret signs with one of his own.
        let liar = Memory {
            private: Some(directory.path().join("liar")),
            ..memory.clone()
        };
        let lie = Place::of(&liar, ["a"]).unwrap();
        assert_eq!(lie.path, one.path);
        lie.keep(b"a lie");
        assert!(one.read().is_none());
    }

    #[test]
    fn only_the_directory_of_the_secret_is_closed() {
        let home = tempfile::tempdir().unwrap();
        let plain = home.path().join("plain");
        std::fs::create_dir(&plain).unwrap();
        let memory = Memory {
            private: Some(home.path().join(".local/state/gobuild-opt")),
            ..memory(home.path())
        };
        assert!(Place::of(&memory, ["a"]).is_some());
        let mode = |path: &Path| path.metadata().unwrap().mode() & 0o777;
        assert_eq!(mode(&home.path().join(".local")), mode(&plain));
        assert_eq!(mode(&home.path().join(".local/state")), mode(&plain));
        assert_eq!(mode(&memory.private.unwrap()), 0o700);
    }

    #[test]
    fn nothing_is_made_in_the_home_of_somebody_else() {
        let home = tempfile::tempdir().unwrap();
        let owner = home.path().metadata().unwrap().uid();
        let private = home.path().join(".local/state/gobuild-opt");
        assert!(may_make(&private, owner));
        assert!(!may_make(&private, owner + 1));
        let all = Permissions::from_mode(0o1777);
        std::fs::set_permissions(home.path(), all).unwrap();
        assert!(may_make(&private, owner + 1), "as in /tmp");
    }

    #[test]
    fn a_secret_that_others_can_read_is_none() {
        let directory = tempfile::tempdir().unwrap();
        let memory = memory(directory.path());
        let key = memory.private.clone().unwrap().join("key");
        assert!(Place::of(&memory, ["a"]).is_some());
        std::fs::set_permissions(&key, Permissions::from_mode(0o644)).unwrap();
        assert!(Place::of(&memory, ["a"]).is_none());
        std::fs::remove_file(&key).unwrap();
        std::os::unix::fs::symlink("/dev/zero", &key).unwrap();
        assert!(Place::of(&memory, ["a"]).is_none());
        let nothing = Memory {
            private: None,
            ..memory
        };
        assert!(Place::of(&nothing, ["a"]).is_none());
    }
}

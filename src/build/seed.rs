//! Gives go the executable of the last run in the stage: what is up to date by its build ID is not linked again.
//!
//! Go trusts the build ID that stands in a file; a file that was damaged behind it would stay for ever. So only bytes
//! with the digest that the last run recorded are given. What go finds up to date is not published: the output is that
//! already. They are copied while go reads the sources: go waits for them where it asks for the version of the linker
//! (`barrier`).

use std::ffi::OsString;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::known::{self, Key};
use super::sums;
use crate::input;
use crate::number::hex;
use crate::plan::output::Executable;
use crate::plan::overlay::Overlay;
use crate::plan::{Baseline, Facts, StepKind, TargetPlan, scope};
use crate::process::Interrupt;

/// What a run records of an executable that it published.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Last {
    /// SHA-256 in hex.
    pub(crate) sha256: String,
    /// The action of each package that was linked into it and whose diagnostics are wanted.
    pub(crate) names: Vec<(String, String)>,
    /// A digest of the sources of those packages.
    pub(crate) sources: String,
}

/// An output that waits in the stage for go to look at it.
#[derive(Debug)]
pub(crate) struct Seed {
    /// The file name that go gives it.
    pub(crate) name: String,
    /// What was recorded.
    pub(crate) last: Last,
    output: PathBuf,
    /// The output when it was copied.
    state: State,
    /// The copy, held open: no other file can have its number meanwhile.
    copy: File,
    /// The copy when its digest was taken. It lies in our private stage.
    planted: State,
}

/// All that changes when somebody writes to a file.
type State = (u64, u64, u64, i64, i64, i64, i64);

fn state(it: &std::fs::Metadata) -> State {
    (
        it.dev(),
        it.ino(),
        it.len(),
        it.mtime(),
        it.mtime_nsec(),
        it.ctime(),
        it.ctime_nsec(),
    )
}

/// Go gives a file that is up to date one time for both, as nobody does who writes to it (`BuildInstallFunc`, cmd/go).
fn touched(now: &std::fs::Metadata) -> bool {
    (now.mtime(), now.mtime_nsec()) == (now.atime(), now.atime_nsec())
}

fn state_of(path: &Path) -> Option<State> {
    path.metadata().ok().as_ref().map(state)
}

impl Seed {
    /// Copies an output to where go will look. `None` where it is not what was recorded; nothing is left then.
    fn plant(
        name: &str,
        output: &Path,
        last: Last,
        staged: &Path,
        interrupt: &Interrupt,
    ) -> Option<Self> {
        let state = state_of(output)?;
        let draft = staged.with_file_name(format!(".{name}-draft"));
        let is_recorded = copy(output, &draft).is_some()
            && sums::digest_of(&draft, interrupt).ok().flatten().as_ref() == Some(&last.sha256);
        // The draft, not what bears its name later: go may put a file of its own there at once.
        let opened = is_recorded.then(|| input::open(&draft).ok()).flatten();
        let read = opened.and_then(|file| Some((file.metadata().ok()?, file)));
        let placed = read.filter(|_| place(&draft, staged));
        let _ = std::fs::remove_file(&draft);
        let (before, copy) = placed?;
        let now = copy.metadata().ok()?;
        let written = |metadata: &std::fs::Metadata| {
            (metadata.len(), metadata.mtime(), metadata.mtime_nsec())
        };
        if written(&now) != written(&before) {
            return None;
        }
        let planted = self::state(&now);
        Some(Self {
            name: name.to_owned(),
            last,
            output: output.to_path_buf(),
            state,
            copy,
            planted,
        })
    }

    /// Whether go left the copy as it was, but for its times: then its digest is known.
    pub(crate) fn is_untouched(&self, staged: &Path) -> bool {
        let (Ok(now), Ok(held)) = (staged.metadata(), self.copy.metadata()) else {
            return false;
        };
        let file = |metadata: &std::fs::Metadata| (metadata.dev(), metadata.ino());
        let same = file(&now) == file(&held) && now.len() == self.planted.2;
        same && (touched(&now) || state(&now) == self.planted)
    }

    /// Whether go looked at the copy and found it up to date.
    pub(crate) fn is_confirmed(&self, staged: &Path) -> bool {
        self.is_untouched(staged) && staged.metadata().is_ok_and(|now| touched(&now))
    }

    /// Whether nobody wrote to the output since it was copied.
    pub(crate) fn is_published(&self) -> bool {
        state_of(&self.output) == Some(self.state)
    }
}

/// Gives a file its name, unless there is one: what go has put there meanwhile stays.
fn place(draft: &Path, staged: &Path) -> bool {
    match std::fs::hard_link(draft, staged) {
        Ok(()) => true,
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => false,
        Err(_) => place_without_links(draft, staged),
    }
}

/// As [`place`], in a file system without links. Where that cannot rename and keep what is there, nothing is placed: go
/// links.
fn place_without_links(draft: &Path, staged: &Path) -> bool {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    renameat_with(CWD, draft, CWD, staged, RenameFlags::NOREPLACE).is_ok()
}

/// An executable that users can run, copied with its permissions.
fn copy(output: &Path, draft: &Path) -> Option<()> {
    let mut from = input::open(output).ok()?;
    let mode = from.metadata().ok()?.mode();
    if mode & 0o100 == 0 {
        return None;
    }
    std::fs::create_dir_all(draft.parent()?).ok()?;
    let mut to = File::create_new(draft).ok()?;
    // The kernel shares the blocks where the file system can.
    std::io::copy(&mut from, &mut to).ok()?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(mode & 0o777);
    to.set_permissions(mode).ok()
}

/// An output that go may find up to date.
#[derive(Debug)]
pub(crate) struct Candidate {
    name: String,
    output: PathBuf,
    last: Last,
}

/// The outputs of which everything is known, unless a source of theirs was edited: those go links anyway. `sources` is the
/// digest of the sources whose diagnostics are wanted.
pub(crate) fn candidates(target: &TargetPlan, sources: Option<&str>) -> Vec<Candidate> {
    let candidate = |executable: &Executable| {
        let last: Last = known::read(&key_of_last(target, executable)?)?;
        let edited = sources.is_some_and(|now| !last.sources.is_empty() && last.sources != now);
        // Where anything has to be found out, go links, and the twin beside it.
        if edited || !is_known(target, executable, &last.sha256) {
            return None;
        }
        Some(Candidate {
            name: executable.name.clone(),
            output: executable.path.clone()?,
            last,
        })
    };
    let executables = target.executables.iter();
    executables
        .filter(|_| is_lasting(target))
        .filter_map(candidate)
        .collect()
}

/// Gives go the outputs.
pub(crate) fn plant_all(
    candidates: Vec<Candidate>,
    target: &TargetPlan,
    interrupt: &Interrupt,
) -> Vec<Seed> {
    let plant = |candidate: Candidate| {
        let staged = target.release_dir.join(&candidate.name);
        Seed::plant(
            &candidate.name,
            &candidate.output,
            candidate.last,
            &staged,
            interrupt,
        )
    };
    candidates.into_iter().filter_map(plant).collect()
}

/// Whether all that is said of the executables follows from their bytes and the commands: a build without the profile and a
/// baseline of the user's are files that we do not keep.
pub(crate) fn is_lasting(target: &TargetPlan) -> bool {
    const PLAIN: [&str; 4] = ["", "default", "exe", "pie"];
    target.effect_dir.is_none()
        && !matches!(target.baseline, Baseline::File(_))
        && PLAIN.contains(&target.facts.asked.mode.as_str())
}

/// Where it is recorded what was published last.
pub(crate) fn key_of_last(target: &TargetPlan, executable: &Executable) -> Option<Key> {
    let path = executable.path.as_ref()?.as_os_str().as_encoded_bytes();
    let recipe = recipe(target);
    Some(known::key(
        &target.memory,
        "last",
        &[path, recipe.as_bytes()],
    ))
}

/// Where it is recorded what is known of an executable with that digest.
pub(crate) fn key(target: &TargetPlan, executable: &Executable, sha256: &str) -> Key {
    let profile = target.facts.pgo.applied(&executable.package);
    let profile = profile.and_then(|candidate| candidate.sha256.as_deref());
    let parts = [
        sha256,
        &recipe(target),
        &executable.name,
        &executable.package,
        profile.unwrap_or_default(),
        &format!("{:?}", target.stamps),
    ];
    known::key(&target.memory, "binary", &parts.map(str::as_bytes))
}

/// Whether everything is known of an executable with that digest.
pub(crate) fn is_known(target: &TargetPlan, executable: &Executable, sha256: &str) -> bool {
    is_lasting(target) && known::read::<IgnoredAny>(&key(target, executable, sha256)).is_some()
}

/// What decides about an executable: the commands of its target but for the places that are ours.
fn recipe(target: &TargetPlan) -> String {
    let facts = &target.facts;
    let mut text = format!(
        "{}\n{}\n{}\n",
        facts.toolchain.version,
        facts.key(),
        facts.go.cwd.display()
    );
    let counts = |kind: StepKind| matches!(kind, StepKind::Release | StepKind::Baseline);
    for step in target.steps.iter().filter(|step| counts(step.kind)) {
        let mut invocation = step.invocation.clone();
        invocation.env.retain(|(name, _)| name != "GOTMPDIR");
        let ours = |argument: &OsString| argument.to_string_lossy().starts_with("-toolexec=");
        invocation.args.retain(|argument| !ours(argument));
        text.push_str(&invocation.to_string());
        text.push('\n');
    }
    match target.release_dir.parent() {
        Some(place) => text.replace(&*place.to_string_lossy(), "$STAGE"),
        None => text,
    }
}

/// A digest of the names and bytes of every source whose diagnostics are wanted; `None` where one cannot be read.
pub(crate) fn sources(facts: &Facts, patterns: &[String]) -> Option<String> {
    let mut all = Sha256::new();
    let overlay = Overlay::of(facts);
    let wanted = facts
        .packages
        .iter()
        .filter(|package| scope::contains(patterns, &package.import_path));
    for package in wanted {
        let directory = package.directory(&facts.go.cwd);
        let files = [&package.go_files, &package.cgo_files, &package.s_files];
        for file in files.into_iter().flatten() {
            let path = directory.join(file);
            let bytes = overlay.read(&path, input::SOURCE).ok()?;
            all.update(path.as_os_str().as_encoded_bytes());
            all.update([0]);
            all.update(Sha256::digest(&bytes));
        }
    }
    Some(hex(&all.finalize()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn last(bytes: &[u8]) -> Last {
        Last {
            sha256: hex(&Sha256::digest(bytes)),
            names: Vec::new(),
            sources: String::new(),
        }
    }

    fn output(bytes: &[u8]) -> (tempfile::TempDir, PathBuf, PathBuf) {
        let place = tempfile::tempdir().unwrap();
        let (output, staged) = (place.path().join("api"), place.path().join("s/api"));
        fs::write(&output, bytes).unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o755);
        fs::set_permissions(&output, mode).unwrap();
        (place, output, staged)
    }

    #[test]
    fn only_recorded_bytes_are_given_to_go() {
        let (_place, output, staged) = output(b"\x7fELF one");
        assert!(
            Seed::plant(
                "api",
                &output,
                last(b"\x7fELF two"),
                &staged,
                &Interrupt::default()
            )
            .is_none()
        );
        assert!(!staged.exists());
        let seed = planted(&output, &staged).unwrap();
        assert_eq!(fs::read_dir(staged.parent().unwrap()).unwrap().count(), 1);
        assert!(seed.is_published());
        fs::write(&output, b"\x7fELF two").unwrap();
        assert!(!seed.is_published());
    }

    #[test]
    fn what_is_no_executable_file_is_not_given() {
        let (place, output, staged) = output(b"\x7fELF one");
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        fs::set_permissions(&output, mode).unwrap();
        assert!(
            Seed::plant(
                "api",
                &output,
                last(b"\x7fELF one"),
                &staged,
                &Interrupt::default()
            )
            .is_none()
        );
        let none = place.path().join("none");
        assert!(Seed::plant("api", &none, last(b""), &staged, &Interrupt::default()).is_none());
    }

    fn planted(output: &Path, staged: &Path) -> Option<Seed> {
        let last = last(b"\x7fELF one");
        Seed::plant("api", output, last, staged, &Interrupt::default())
    }

    /// Go touches what it finds up to date; whoever writes, in place or under the same name, is seen.
    #[test]
    fn what_go_touches_is_known_and_what_is_written_is_not() {
        let (place, output, staged) = output(b"\x7fELF one");
        let seed = planted(&output, &staged).unwrap();
        assert!(seed.is_untouched(&staged));
        let now = std::time::SystemTime::now();
        let times = fs::FileTimes::new().set_accessed(now).set_modified(now);
        let file = File::options().write(true).open(&staged).unwrap();
        file.set_times(times).unwrap();
        assert!(seed.is_untouched(&staged));
        fs::write(&staged, b"\x7fELF two").unwrap();
        assert!(!seed.is_untouched(&staged), "in place");
        fs::remove_file(&staged).unwrap();
        let seed = planted(&output, &staged).unwrap();
        fs::remove_file(&staged).unwrap();
        fs::write(&staged, b"\x7fELF two").unwrap();
        File::open(&staged).unwrap().set_times(times).unwrap();
        assert!(!seed.is_untouched(&staged), "another file");
        // What go linked before we came stays.
        assert!(planted(&output, &staged).is_none());
        assert_eq!(fs::read(&staged).unwrap(), b"\x7fELF two");
        drop(place);
    }

    #[test]
    fn without_links_what_go_linked_stays_too() {
        let place = tempfile::tempdir().unwrap();
        let (draft, staged) = (place.path().join("draft"), place.path().join("api"));
        fs::write(&draft, "old").unwrap();
        assert!(place_without_links(&draft, &staged));
        fs::write(&draft, "older").unwrap();
        assert!(!place_without_links(&draft, &staged));
        assert_eq!(fs::read_to_string(&staged).unwrap(), "old");
    }
}

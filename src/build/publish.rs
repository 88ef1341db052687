//! Makes staged files the user's outputs: each is complete on the disk before it takes its name.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::journal::{self, Entry};
use super::marked::Marked;
use super::stream::{self, is_stream};
use crate::error::{Error, Kind, Result};
use crate::input;
use crate::process::Interrupt;

/// Looks at an output before anything is built. Fails with [`Kind::Usage`] when the name is taken by
/// a directory, by a file that is no executable, or by a link that leads out of its directory:
/// what `go build` refuses, or overwrites by surprise.
pub(crate) fn check(output: &Path) -> Result<()> {
    let shown = output.display();
    let Ok(link) = output.symlink_metadata() else {
        return Ok(());
    };
    if is_stream(output) {
        return Ok(());
    }
    if link.file_type().is_symlink() {
        resolve(output)?;
    }
    let Ok(found) = output.metadata() else {
        return Ok(());
    };
    if found.is_dir() {
        let message = format!("the output `{shown}` is a directory");
        return Err(Error::new(Kind::Usage, message).hint(format!(
            "write `-o {shown}/` to put the binary into it, or name another file"
        )));
    }
    if found.is_file() && found.len() > 0 && !is_object(output) {
        let message = format!("the output `{shown}` exists and is not an object file");
        return Err(Error::new(Kind::Usage, message)
            .hint("name another file with `-o`, or remove this one"));
    }
    Ok(())
}

/// Follows a link whose end stays in the directory of the link.
fn resolve(output: &Path) -> Result<PathBuf> {
    let Ok(link) = fs::read_link(output) else {
        return Ok(output.to_path_buf());
    };
    let directory = output.parent().unwrap_or(Path::new("."));
    let end = directory.join(link);
    let canonical = |path: &Path| fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    if end.parent().map(canonical) == Some(canonical(directory)) {
        return Ok(end);
    }
    Err(Error::new(
        Kind::Usage,
        format!(
            "the output `{}` is a link to `{}`, outside its directory",
            output.display(),
            end.display()
        ),
    )
    .hint("remove the link, or name the file it points to"))
}

/// The first bytes that Go takes for an object file, an archive or wasm
/// (`isObject`, `cmd/go/internal/work/shell.go`).
fn is_object(path: &Path) -> bool {
    const MAGIC: &[&[u8]] = &[
        b"!<arch>\n",
        b"<bigaf>\n",
        b"\x7fELF",
        b"\xfe\xed\xfa\xce",
        b"\xfe\xed\xfa\xcf",
        b"\xce\xfa\xed\xfe",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"MZ",
        b"\0\0\x01\xEB",
        b"\0\0\x8a\x97",
        b"\0\0\x06\x47",
        b"\0asm",
        b"\x01\xDF",
        b"\x01\xF7",
        b"go object ",
    ];
    let mut head = [0; 64];
    let length = input::open(path)
        .and_then(|mut file| file.read(&mut head))
        .unwrap_or(0);
    MAGIC
        .iter()
        .any(|prefix| head[..length].starts_with(prefix))
}

/// A staged file and the place that it takes.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    /// The file in the stage.
    pub(crate) staged: PathBuf,
    /// The path that it takes.
    pub(crate) output: PathBuf,
    /// Whether it replaces nothing but object files, as [`check`] has it.
    pub(crate) is_object: bool,
}

/// What is true of a publication that failed.
pub(crate) const AS_BEFORE: &str = "the outputs are as they were before this run";

/// Puts staged files into their places, all of them or none, in their order: each is flushed to the disk and each place is
/// looked at before the first takes its name. A device or a FIFO is written to, never replaced, and before the rest:
/// what was written there cannot be taken back.
///
/// Fails with [`Kind::Machine`]; the hint says what became of the old outputs.
pub(crate) fn all(items: &[Item], interrupt: &Interrupt) -> Result<()> {
    for item in items {
        File::open(&item.staged)
            .and_then(|file| file.sync_all())
            .map_err(|error| failed(&item.output, error).hint(AS_BEFORE))?;
        if item.is_object {
            check(&item.output)?;
        }
    }
    let (streams, files): (Vec<&Item>, Vec<&Item>) =
        items.iter().partition(|item| is_stream(&item.output));
    for item in &streams {
        to_stream(item, interrupt)?;
    }
    let failed = |error: Error| match streams.is_empty() {
        true if error.hint.is_none() => error.hint(AS_BEFORE),
        _ => error,
    };
    match files.as_slice() {
        [] => Ok(()),
        [one] => single(one).map_err(failed),
        several => set(several, interrupt).map_err(failed),
    }
}

/// Writes a staged file to a device or a FIFO.
fn to_stream(item: &Item, interrupt: &Interrupt) -> Result<()> {
    let mut source = File::open(&item.staged).map_err(|error| failed(&item.output, error))?;
    let part = || {
        let shown = item.output.display();
        interrupt.note(format!(
            "`{shown}` may have got a part; no file was changed"
        ));
    };
    stream::write(&mut source, &item.output, interrupt, part)
}

fn failed(output: &Path, error: std::io::Error) -> Error {
    Error::new(
        Kind::Machine,
        format!("cannot write `{}`", output.display()),
    )
    .source(error)
}

/// One name changes at once.
fn single(item: &Item) -> Result<()> {
    let output = resolve(&item.output)?;
    let directory = directory_of(&output);
    let failed = |error| failed(&output, error);
    if inherits(directory, &item.staged) || rename(&item.staged, &output).map_err(failed)?.is_none()
    {
        let beside = Marked::create(directory).map_err(failed)?;
        let draft = journal::new(beside.path(), 0);
        copy(&item.staged, &draft).map_err(failed)?;
        fs::rename(&draft, &output).map_err(failed)?;
    }
    let _ = journal::sync(directory);
    Ok(())
}

/// Several names change one after another, with a list of what is to be put back.
fn set(items: &[&Item], interrupt: &Interrupt) -> Result<()> {
    let directory = directory_of(&items[0].output);
    let beside = Marked::create(directory).map_err(|error| failed(directory, error))?;
    interrupt.warden.keep_directory(beside.path());
    let mut entries = Vec::new();
    for (index, item) in items.iter().enumerate() {
        interrupt.check()?;
        let gathered = gather(item, directory, beside.path(), index);
        entries.push(gathered.map_err(|error| failed(&item.output, error))?);
    }
    let Err(error) = change(directory, beside.path(), &entries) else {
        return Ok(());
    };
    let Err(worse) = journal::roll_back(beside.path()) else {
        return Err(error);
    };
    beside.keep();
    let said = worse.to_string();
    let detail = match worse.detail {
        Some(names) => format!("{said}:\n{names}"),
        None => said,
    };
    let error = error.detail(detail);
    Err(match worse.hint {
        Some(hint) => error.hint(hint),
        None => error,
    })
}

/// Gives the new files their names, with a list of what is to be put back.
fn change(directory: &Path, beside: &Path, entries: &[journal::Entry]) -> Result<()> {
    journal::begin(beside, entries).map_err(|error| failed(directory, error))?;
    for (index, entry) in entries.iter().enumerate() {
        let output = directory.join(&entry.name);
        fs::rename(journal::new(beside, index), &output).map_err(|error| failed(&output, error))?;
    }
    journal::end(beside).map_err(|error| failed(directory, error))
}

/// Brings the new file and a second name of the old one into our directory beside the outputs.
fn gather(item: &Item, directory: &Path, beside: &Path, index: usize) -> std::io::Result<Entry> {
    let output = resolve(&item.output).map_err(std::io::Error::other)?;
    let name = output.file_name().ok_or(std::io::ErrorKind::InvalidInput)?;
    if directory_of(&item.output) != directory {
        return Err(std::io::Error::other("it is in another directory"));
    }
    let new = journal::new(beside, index);
    if inherits(directory, &item.staged) || rename(&item.staged, &new)?.is_none() {
        copy(&item.staged, &new)?;
    }
    let replaces = match output.symlink_metadata() {
        Ok(about) if about.is_dir() => return Err(std::io::ErrorKind::IsADirectory.into()),
        found => found.is_ok(),
    };
    if replaces {
        let old = journal::old(beside, index);
        if fs::hard_link(&output, &old).is_err() {
            copy(&output, &old)?;
        }
    }
    Entry::new(name.to_owned(), replaces, &new)
}

/// `None` where that is not possible: another file system, or a bind mount of the same.
fn rename(from: &Path, to: &Path) -> std::io::Result<Option<()>> {
    match fs::rename(from, to) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => Ok(None),
        done => done.map(Some),
    }
}

/// Whether a file has to be made in the directory to get its group, which is what the set-group-ID bit is for
/// (`moveOrCopyFile`, `cmd/go/internal/work/shell.go`).
fn inherits(directory: &Path, staged: &Path) -> bool {
    const SET_GROUP_ID: u32 = 0o2000;
    let (Ok(directory), Ok(staged)) = (directory.metadata(), staged.metadata()) else {
        return false;
    };
    directory.mode() & SET_GROUP_ID != 0 && directory.gid() != staged.gid()
}

/// Also when the file system is full then: nothing has its name yet.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    let mut source = File::open(from)?;
    let mut sink = File::create_new(to)?;
    std::io::copy(&mut source, &mut sink)?;
    // Bits that could give rights away are not for a copy.
    let mode = source.metadata()?.mode() & 0o777;
    sink.set_permissions(fs::Permissions::from_mode(mode))?;
    sink.sync_all()
}

fn directory_of(output: &Path) -> &Path {
    let parent = output.parent().filter(|path| !path.as_os_str().is_empty());
    parent.unwrap_or(Path::new("."))
}

/// Writes a text file: complete on the disk before it takes its name.
pub(crate) fn text(content: &str, output: &Path, interrupt: &Interrupt) -> Result<()> {
    write(content.as_bytes(), output, interrupt)
}

/// Writes a file, which replaces the end of a link that stays in its directory. Fails with [`Kind::Usage`] for a link
/// that leads out of it, as [`check`] does.
pub(crate) fn bytes(content: &[u8], output: &Path, interrupt: &Interrupt) -> Result<()> {
    match output.is_symlink() && !is_stream(output) {
        true => write(content, &resolve(output)?, interrupt),
        false => write(content, output, interrupt),
    }
}

/// Writes a file over one that is there, whose permissions stay.
pub(crate) fn source(content: &[u8], output: &Path, interrupt: &Interrupt) -> Result<()> {
    let kept = fs::symlink_metadata(output).map_err(|error| failed(output, error))?;
    write_as(content, output, Some(kept.permissions()), interrupt)
}

fn write(content: &[u8], output: &Path, interrupt: &Interrupt) -> Result<()> {
    write_as(content, output, None, interrupt)
}

fn write_as(
    mut content: &[u8],
    output: &Path,
    kept: Option<fs::Permissions>,
    interrupt: &Interrupt,
) -> Result<()> {
    if is_stream(output) {
        return stream::write(&mut content, output, interrupt, || {});
    }
    let failed = |error| failed(output, error);
    let directory = directory_of(output);
    fs::create_dir_all(directory).map_err(failed)?;
    let beside = Marked::create(directory).map_err(failed)?;
    let draft = journal::new(beside.path(), 0);
    let mut file = File::create_new(&draft).map_err(failed)?;
    file.write_all(content).map_err(failed)?;
    if let Some(kept) = kept {
        file.set_permissions(kept).map_err(failed)?;
    }
    file.sync_all().map_err(failed)?;
    fs::rename(&draft, output).map_err(failed)?;
    let _ = journal::sync(directory);
    Ok(())
}

/// Fails with [`Kind::Machine`] when a file cannot be written in its directory, before anything is built.
pub(crate) fn try_directory(path: &Path) -> Result<()> {
    if is_stream(path) {
        return Ok(());
    }
    // A directory that is missing is made for the report at the end; its nearest parent has to be there.
    let directory = directory_of(path);
    let existing = directory
        .ancestors()
        .find(|path| path.exists())
        .unwrap_or(directory);
    tempfile::tempfile_in(existing)
        .map(drop)
        .map_err(|error| failed(path, error))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_source_file_is_never_overwritten() {
        let place = tempfile::tempdir().unwrap();
        let source = place.path().join("api");
        fs::write(&source, "package main\n").unwrap();
        assert!(
            check(&source)
                .unwrap_err()
                .message
                .contains("is not an object file")
        );
        fs::write(&source, b"\x7fELF...").unwrap();
        check(&source).unwrap();
    }

    #[test]
    fn a_link_is_followed_only_inside_its_directory() {
        let place = tempfile::tempdir().unwrap();
        let link = place.path().join("latest");
        std::os::unix::fs::symlink("api-1", &link).unwrap();
        check(&link).unwrap();
        let staged = place.path().join("staged");
        fs::write(&staged, "new").unwrap();
        let item = Item {
            staged,
            output: link.clone(),
            is_object: false,
        };
        all(&[item], &Interrupt::default()).unwrap();
        assert_eq!(
            fs::read_to_string(place.path().join("api-1")).unwrap(),
            "new"
        );
        assert!(link.is_symlink());
        fs::remove_file(&link).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", &link).unwrap();
        assert!(
            check(&link)
                .unwrap_err()
                .message
                .contains("outside its directory")
        );
    }

    /// Old `a`, and new files for `a`, `b`, `c` and the sums.
    fn place() -> (tempfile::TempDir, Vec<Item>) {
        let place = tempfile::tempdir().unwrap();
        fs::create_dir_all(place.path().join("out")).unwrap();
        fs::write(place.path().join("out/a"), b"\x7fELF old").unwrap();
        let item = |name: &&str| {
            let staged = place.path().join(name);
            fs::write(&staged, format!("\x7fELF new {name}")).unwrap();
            Item {
                staged,
                output: place.path().join("out").join(name),
                is_object: *name != "SHA256SUMS",
            }
        };
        let items = ["a", "b", "c", "SHA256SUMS"].iter().map(item).collect();
        (place, items)
    }

    fn names(place: &tempfile::TempDir) -> String {
        let entries = fs::read_dir(place.path().join("out")).unwrap();
        let name = |it: std::io::Result<fs::DirEntry>| it.unwrap().file_name();
        let mut names: Vec<_> = entries.map(name).collect();
        names.sort();
        names.join(" ".as_ref()).into_string().unwrap()
    }

    #[test]
    fn all_are_published() {
        let (place, items) = place();
        all(&items, &Interrupt::default()).unwrap();
        for item in &items {
            let name = item.output.file_name().unwrap().to_str().unwrap();
            let text = fs::read_to_string(&item.output).unwrap();
            assert_eq!(text, format!("\x7fELF new {name}"));
        }
        assert_eq!(names(&place), "SHA256SUMS a b c");
    }

    #[test]
    fn all_or_none_are_published() {
        let (place, mut items) = place();
        items[2].output = place.path().join("elsewhere/c");
        let error = all(&items, &Interrupt::default()).unwrap_err();
        assert!(error.message.contains("elsewhere/c"), "{error}");
        assert_eq!(error.hint.as_deref(), Some(AS_BEFORE));
        let old = fs::read(place.path().join("out/a")).unwrap();
        assert_eq!(old, b"\x7fELF old");
        assert_eq!(names(&place), "a");
    }

    #[test]
    fn a_name_that_cannot_change_takes_the_others_back() {
        let (place, items) = place();
        // Looked at already: nothing but a change at the last moment makes a rename fail.
        let item = |index: usize| &items[index];
        fs::create_dir_all(item(3).output.join("full")).unwrap();
        let error = set(&[item(0), item(1), item(3)], &Interrupt::default()).unwrap_err();
        assert!(error.message.contains("SHA256SUMS"), "{error}");
        assert_eq!(names(&place), "SHA256SUMS a");
        assert_eq!(fs::read(&item(0).output).unwrap(), b"\x7fELF old");
    }
}

//! Staged files in, the user's outputs out: each is complete on the disk before it takes its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use crate::error::{Error, Kind, Result};
use crate::input;
use crate::plan::pgo::hex;

/// Looks at an output before anything is built. Fails with [`Kind::Usage`] when the name is taken by
/// a directory, by a file that is no executable, or by a link that leads out of its directory:
/// what `go build` refuses, or overwrites by surprise.
pub fn check(output: &Path) -> Result<()> {
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
        return Err(
            Error::new(Kind::Usage, format!("the output `{shown}` is a directory")).hint(format!(
                "write `-o {shown}/` to put the binary into it, or name another file"
            )),
        );
    }
    if found.is_file() && found.len() > 0 && !is_object(output) {
        return Err(Error::new(
            Kind::Usage,
            format!("the output `{shown}` exists and is not an object file"),
        )
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
        .and_then(|mut it| it.read(&mut head))
        .unwrap_or(0);
    MAGIC.iter().any(|it| head[..length].starts_with(it))
}

/// A staged file and the place that it takes.
#[derive(Debug, Clone)]
pub struct Item {
    /// Where it waits.
    pub staged: PathBuf,
    /// Its name from now on.
    pub output: PathBuf,
}

/// Puts staged files into their places, all of them or none: each is flushed to the disk and each
/// place is looked at before the first takes its name; when one fails, those before it are taken
/// back. A device or a FIFO is written to, never replaced. `aside` is an empty directory on the file
/// system of the outputs.
///
/// Fails with [`Kind::Machine`]; the old outputs are there then (but for a device).
pub fn all(items: &[Item], aside: &Path) -> Result<()> {
    for item in items {
        File::open(&item.staged)
            .and_then(|it| it.sync_all())
            .map_err(|error| failed(&item.output, error))?;
        if !item.output.ends_with("SHA256SUMS") {
            check(&item.output)?;
        }
    }
    let mut done: Vec<(PathBuf, Option<PathBuf>)> = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let backup = aside.join(format!("old-{index}"));
        match put(item, &backup) {
            Ok(Some(output)) => done.push((output, backup.exists().then_some(backup))),
            Ok(None) => {}
            Err(error) => {
                take_back(&done);
                return Err(error.hint("the outputs are as they were before this run"));
            }
        }
    }
    for (output, _) in &done {
        sync_directory(output);
    }
    Ok(())
}

fn failed(output: &Path, error: std::io::Error) -> Error {
    Error::new(
        Kind::Machine,
        format!("cannot write `{}`", output.display()),
    )
    .source(error)
}

/// `None` when a device was written.
fn put(item: &Item, backup: &Path) -> Result<Option<PathBuf>> {
    if is_stream(&item.output) {
        let mut source = File::open(&item.staged).map_err(|error| failed(&item.output, error))?;
        let sink = File::options().write(true).open(&item.output);
        let copied = sink.and_then(|mut it| std::io::copy(&mut source, &mut it));
        copied.map_err(|error| failed(&item.output, error))?;
        return Ok(None);
    }
    let output = resolve(&item.output)?;
    // A second name keeps the old file for the case that a later one fails.
    if output.exists() && fs::hard_link(&output, backup).is_err() {
        fs::copy(&output, backup).map_err(|error| failed(&output, error))?;
    }
    replace(&item.staged, &output).map_err(|error| failed(&output, error))?;
    Ok(Some(output))
}

/// Renames; where that is not possible after all (a bind mount), copies to a name beside it first.
fn replace(staged: &Path, output: &Path) -> std::io::Result<()> {
    match fs::rename(staged, output) {
        Err(error) if error.kind() == std::io::ErrorKind::CrossesDevices => {}
        done => return done,
    }
    let directory = output.parent().unwrap_or(Path::new("."));
    let mut copy = tempfile::Builder::new()
        .prefix(".gobuild-opt-")
        .tempfile_in(directory)?;
    std::io::copy(&mut File::open(staged)?, &mut copy)?;
    copy.as_file()
        .set_permissions(fs::metadata(staged)?.permissions())?;
    copy.as_file().sync_all()?;
    copy.persist(output).map(drop).map_err(|error| error.error)
}

fn take_back(done: &[(PathBuf, Option<PathBuf>)]) {
    for (output, backup) in done.iter().rev() {
        // Nothing is left to do when this fails, too.
        let _ = match backup {
            Some(backup) => replace(backup, output),
            None => fs::remove_file(output),
        };
    }
}

fn is_stream(output: &Path) -> bool {
    output.metadata().is_ok_and(|it| {
        let kind = it.file_type();
        kind.is_fifo() || kind.is_char_device() || kind.is_block_device() || kind.is_socket()
    })
}

/// Makes the new name last through a crash. Some file systems cannot: the data is safe anyway.
fn sync_directory(output: &Path) {
    if let Some(directory) = output.parent() {
        let _ = File::open(directory).and_then(|it| it.sync_all());
    }
}

/// Writes a text file: complete on the disk before it takes its name.
pub fn text(content: &str, output: &Path) -> Result<()> {
    write(content.as_bytes(), output)
}

/// Writes a file, which replaces the end of a link that stays in its directory. Fails with [`Kind::Usage`] for a link
/// that leads out of it, as [`check`] does.
pub fn bytes(content: &[u8], output: &Path) -> Result<()> {
    match output.is_symlink() && !is_stream(output) {
        true => write(content, &resolve(output)?),
        false => write(content, output),
    }
}

fn write(content: &[u8], output: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(
            Kind::Machine,
            format!("cannot write `{}`", output.display()),
        )
        .source(error)
    };
    if is_stream(output) {
        let mut sink = File::options().write(true).open(output).map_err(failed)?;
        return sink.write_all(content).map_err(failed);
    }
    let directory = output
        .parent()
        .filter(|it| !it.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    fs::create_dir_all(directory).map_err(failed)?;
    let mut temporary = tempfile::Builder::new()
        .prefix(".gobuild-opt-")
        .tempfile_in(directory)
        .map_err(failed)?;
    temporary.write_all(content).map_err(failed)?;
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
    temporary.as_file().set_permissions(mode).map_err(failed)?;
    temporary.as_file().sync_all().map_err(failed)?;
    temporary
        .persist(output)
        .map_err(|error| failed(error.error))?;
    sync_directory(output);
    Ok(())
}

/// The text of a checksum file that `sha256sum -c` accepts: the new entries, and those of the
/// file that is there as far as they are still true.
pub fn checksums(path: &Path, entries: &[(String, String)]) -> String {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut lines = BTreeMap::new();
    for line in input::text(path, input::TEXT).unwrap_or_default().lines() {
        let Some((digest, name)) = line.split_once("  ") else {
            continue;
        };
        let replaced = entries.iter().any(|(_, it)| it == name);
        if !replaced && digest_of(&directory.join(name)).as_deref() == Some(digest) {
            lines.insert(name.to_owned(), line.to_owned());
        }
    }
    for (digest, name) in entries {
        lines.insert(name.clone(), checksum_line(digest, name));
    }
    lines.values().map(|it| format!("{it}\n")).collect()
}

/// Whether a checksum file speaks of one of these names.
pub fn lists(path: &Path, names: &[(String, String)]) -> bool {
    let text = input::text(path, input::TEXT).unwrap_or_default();
    let listed = |line: &str| {
        line.split_once("  ")
            .is_some_and(|(_, it)| names.iter().any(|(_, name)| name == it))
    };
    text.lines().any(listed)
}

/// SHA-256 of a file in hex; `None` when there is no such file.
pub fn digest_of(path: &Path) -> Option<String> {
    let mut digest = Sha256::new();
    let mut file = input::open(path).ok()?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer).ok()? {
            0 => return Some(hex(&digest.finalize())),
            length => digest.update(&buffer[..length]),
        }
    }
}

/// Keeps an output directory that we made out of git, so that what is in it does not make the next
/// build `+dirty`. Not where there is no repository, or where the directory has a .gitignore.
pub fn keep_out_of_git(directory: &Path) -> Result<()> {
    let file = directory.join(".gitignore");
    if file.exists() || !directory.ancestors().any(|it| it.join(".git").exists()) {
        return Ok(());
    }
    text(
        "# Made by gobuild-opt: binaries here would make the next build +dirty.\n*\n",
        &file,
    )
}

/// Fails with [`Kind::Machine`] when a file cannot be written in its directory, before anything is built.
pub fn try_directory(path: &Path) -> Result<()> {
    if is_stream(path) {
        return Ok(());
    }
    let failed = |error: std::io::Error| failed(path, error);
    let directory = path.parent().unwrap_or(Path::new("."));
    // A directory that is missing is made for the report at the end; its nearest parent has to be there.
    let existing = directory
        .ancestors()
        .find(|it| it.exists())
        .unwrap_or(directory);
    tempfile::Builder::new()
        .prefix(".gobuild-opt-")
        .tempfile_in(existing)
        .map(drop)
        .map_err(failed)
}

/// coreutils mark a line whose name holds a backslash or a line break with a backslash in front.
fn checksum_line(digest: &str, name: &str) -> String {
    if name.contains(['\\', '\n', '\r']) {
        let escaped = name
            .replace('\\', "\\\\")
            .replace('\n', "\\n")
            .replace('\r', "\\r");
        return format!("\\{digest}  {escaped}");
    }
    format!("{digest}  {name}")
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
        let aside = tempfile::tempdir().unwrap();
        all(
            &[Item {
                staged,
                output: link.clone(),
            }],
            aside.path(),
        )
        .unwrap();
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

    #[test]
    fn all_or_none_are_published() {
        let (place, aside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let at = |name: &str| place.path().join(name);
        fs::write(at("a"), b"\x7fELF old").unwrap();
        for name in ["new-a", "new-b", "new-c"] {
            fs::write(at(name), b"\x7fELF new").unwrap();
        }
        let item = |staged: &str, output: &str| Item {
            staged: at(staged),
            output: at(output),
        };
        let items = [
            item("new-a", "a"),
            item("new-b", "b"),
            item("new-c", "missing/c"),
        ];
        let error = all(&items, aside.path()).unwrap_err();
        assert!(error.message.contains("missing/c"), "{error}");
        assert_eq!(fs::read(at("a")).unwrap(), b"\x7fELF old");
        assert!(!at("b").exists());
    }

    #[test]
    fn checksums_that_are_still_true_stay() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("SHA256SUMS");
        fs::write(place.path().join("old"), "").unwrap();
        fs::write(place.path().join("changed"), "x").unwrap();
        let empty = hex(&Sha256::digest(b""));
        fs::write(
            &path,
            format!("{empty}  old\n{empty}  changed\nbb  gone\ncc  new\n"),
        )
        .unwrap();
        let text = checksums(&path, &[("dd".into(), "new".into())]);
        assert_eq!(text, format!("dd  new\n{empty}  old\n"));
    }
}

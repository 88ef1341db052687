//! Staged files in, the user's outputs out: each is complete on the disk before it takes its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};

use crate::error::{Error, Kind, Result};

/// Looks at an output before anything is built. Fails with [`Kind::Usage`] when the name is taken by
/// a directory, by a file that is no executable, or by a link that leads out of its directory:
/// what `go build` refuses, or overwrites by surprise.
pub fn check(output: &Path) -> Result<()> {
    let shown = output.display();
    let Ok(link) = output.symlink_metadata() else {
        return Ok(());
    };
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
    let length = File::open(path)
        .and_then(|mut it| it.read(&mut head))
        .unwrap_or(0);
    MAGIC.iter().any(|it| head[..length].starts_with(it))
}

/// Puts a staged file into its place: flushed to the disk, then renamed over the old one. A device
/// or a FIFO is written to, never replaced.
///
/// Fails with [`Kind::Machine`]; the old output is untouched then (but for a device).
pub fn file(staged: &Path, output: &Path) -> Result<()> {
    let failed = |error: std::io::Error| {
        Error::new(
            Kind::Machine,
            format!("cannot write `{}`", output.display()),
        )
        .source(error)
    };
    if output
        .metadata()
        .is_ok_and(|it| !it.is_file() && !it.is_dir())
        && is_stream(output)
    {
        let mut source = File::open(staged).map_err(failed)?;
        let mut sink = File::options().write(true).open(output).map_err(failed)?;
        std::io::copy(&mut source, &mut sink).map_err(failed)?;
        return Ok(());
    }
    let output = resolve(output)?;
    File::open(staged)
        .and_then(|it| it.sync_all())
        .map_err(failed)?;
    fs::rename(staged, &output).map_err(failed)?;
    sync_directory(&output);
    Ok(())
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

/// Writes a checksum file that `sha256sum -c` accepts. Entries of an older one stay while their
/// files are there.
pub fn checksums(path: &Path, entries: &[(String, String)]) -> Result<()> {
    let directory = path.parent().unwrap_or(Path::new("."));
    let mut lines = BTreeMap::new();
    for line in fs::read_to_string(path).unwrap_or_default().lines() {
        if let Some((_, name)) = line
            .split_once("  ")
            .filter(|(_, name)| directory.join(name).is_file())
        {
            lines.insert(name.to_owned(), line.to_owned());
        }
    }
    for (digest, name) in entries {
        lines.insert(name.clone(), checksum_line(digest, name));
    }
    let content: String = lines.values().map(|it| format!("{it}\n")).collect();
    text(&content, path)
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
        file(&staged, &link).unwrap();
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
    fn checksums_of_other_files_stay() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("SHA256SUMS");
        fs::write(place.path().join("old"), "").unwrap();
        fs::write(&path, "aa  old\nbb  gone\ncc  new\n").unwrap();
        checksums(&path, &[("dd".into(), "new".into())]).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "dd  new\naa  old\n");
    }
}

//! Finds what each package of an executable alone keeps alive, from the objects that it was linked from. The file's
//! build information leads to the objects; its own functions show whether they are the right ones.

use std::path::Path;

use super::super::Session;
use super::super::graph::Objects;
use super::super::prepare::prepare_loaded;
use super::super::retaining;
use super::super::staged::Staged;
use crate::binary::{self, Anatomy, Binary, BuildInfo, Format, Role};
use crate::cli::Settings;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::facts::{Purpose, follow, unpassed};
use crate::linker::Program;
use crate::number::{counted_of, grouped};
use crate::plan::Typed;
use crate::report::Retained;

/// Asks go for the objects of the main package, with the flags that the file records, and runs the linker's elimination
/// over them.
///
/// Fails with [`Kind::Usage`] where the file does not say what it was built from, where another Go or other sources made it.
pub fn retained(anatomy: &Anatomy<'_>, path: &Path, session: &mut Session<'_>) -> Result<Retained> {
    let build = built_from(anatomy, path)?;
    let not_here = |error: Error| match error.kind {
        Kind::Go => error.hint(format!(
            "run this in the checkout that the file was built from: its main package is `{}`",
            build.path
        )),
        _ => unpassed(error, path),
    };
    let staged = staged(&anatomy.binary, build, session).map_err(not_here)?;
    let target = staged.plan.targets.first();
    let target = target.ok_or_else(|| refused(path, "go names no target").hint(RELEASE))?;
    check_go(build, &target.facts.toolchain.version, path)?;
    Objects::check(target)?;
    let objects = Objects::list(target, &build.path, &session.interrupt).map_err(not_here)?;
    let main = objects.packages.last().map(|main| main.archive.as_str());
    let content = content_of(Path::new(main.unwrap_or_default()));
    let known = objects.known();
    objects.linked(|program| {
        let same = is_same(anatomy, program, content.as_deref());
        same.map_err(|why| {
            refused(path, &format!("those of these sources are others: {why}"))
                .hint("build it again, or look at it in the checkout and with the settings that it was built with")
        })?;
        Ok(retaining::of_program(program, &known))
    })?
}

/// The error of a file whose objects are not to be had; `why` not.
fn refused(path: &Path, why: &str) -> Error {
    let path = path.display();
    let message = format!("`--retained` needs the objects that `{path}` was linked from: {why}");
    Error::new(Kind::Usage, message)
}

/// What the file says of its build. Fails where it names no package.
fn built_from<'a>(anatomy: &'a Anatomy<'_>, path: &Path) -> Result<&'a BuildInfo> {
    let build = anatomy.binary.build_info.as_ref();
    let build = build.filter(|build| !build.path.is_empty());
    let build = build
        .ok_or_else(|| refused(path, "it does not say what it was built from").hint(RELEASE))?;
    if build.path == "command-line-arguments" {
        let why = "it was built from files, and does not say from which";
        return Err(refused(path, why).hint(
            "build the package by its path; `release --retained` has the column of what it builds",
        ));
    }
    Ok(build)
}

/// What would build the file again here.
fn staged(file: &Binary, build: &BuildInfo, session: &mut Session<'_>) -> Result<Staged> {
    let settings = Settings::default();
    let typed = Typed {
        cwd: session.cwd.clone(),
        ..Typed::default()
    };
    let mut loaded = config::load(&settings.sources(&session.cwd, session.text_env())?)?;
    follow(&mut loaded, file, build);
    let prepared = prepare_loaded(loaded, &settings, &typed, Purpose::Look, session)?;
    Staged::apart(prepared, session)
}

/// Fails where another Go built the file: its objects are others.
fn check_go(build: &BuildInfo, version: &str, path: &Path) -> Result<()> {
    let here = version.split([' ', '-']).next().unwrap_or_default();
    if here == build.go() {
        return Ok(());
    }
    let why = format!("{} built it, and go here is {version}", build.go_version);
    let hint = format!(
        "run this with GOTOOLCHAIN={}, or build the file again",
        build.go()
    );
    Err(refused(path, &why).hint(hint))
}

const RELEASE: &str = "`release --retained` has the column of what it builds";

/// The content of an archive, as its build ID names it; `None` where it has none.
fn content_of(archive: &Path) -> Option<String> {
    const HEAD: usize = 4096;
    const MARK: &[u8] = b"\nbuild id \"";
    let file = binary::open(archive).ok()?;
    let head = file.get(..file.len().min(HEAD))?;
    let start = memchr::memmem::find(head, MARK)? + MARK.len();
    let rest = head.get(start..)?;
    let id = std::str::from_utf8(rest.get(..memchr::memchr(b'"', rest)?)?).ok()?;
    id.rsplit('/').next().map(str::to_owned)
}

/// Whether constants, tables and variables of the file are as large as these objects make them: data that only a dependency
/// changed shows in no function. `Err`: both sizes. What the linker of the system adds, and wasm, cannot be compared.
fn has_same_data(anatomy: &Anatomy<'_>, program: &Program<'_>) -> std::result::Result<(), String> {
    let format = anatomy.binary.format;
    if program.has_uncounted_c() || !matches!(format, Format::Elf | Format::Pe | Format::MachO) {
        return Ok(());
    }
    let roles = [Role::Rodata, Role::Types, Role::Pclntab, Role::Data];
    let all = anatomy.binary.roles();
    let is = roles.map(|role| all[role as usize].file_size);
    let (is, bytes) = (is.iter().sum::<u64>(), program.bytes());
    let made = bytes.total() - bytes.text;
    // At most 7,387 bytes of 6.3 MB on five platforms: alignment, and lists that the linker writes.
    match is.abs_diff(made) <= (16 << 10) + made / 500 {
        true => Ok(()),
        false => Err(format!(
            "it has {} bytes of constants, tables and variables, and they make {}",
            grouped(is),
            grouped(made)
        )),
    }
}

/// The content of the main package in the build ID of a file, which names what it was linked from, the main package, its
/// content, and the content of the file.
fn main_content<'a>(anatomy: &'a Anatomy<'_>) -> Option<&'a str> {
    let id = anatomy.binary.build_id.as_deref()?;
    let parts: Vec<&str> = id.split('/').collect();
    match parts.as_slice() {
        [_, _, main, _] => Some(main),
        _ => None,
    }
}

/// Whether the linker makes a function: ppc64 has stubs before what it calls in shared libraries and across modes of code.
fn is_made(name: &[u8]) -> bool {
    let mut begins = [&b"go:"[..], b"_pltstub", b"_callstub"].into_iter();
    begins.any(|start| name.starts_with(start)) || memchr::memmem::find(name, b"-tramp").is_some()
}

/// The functions of a file that the linker did not make, sorted, with their sizes. Nothing says where the last one ends.
fn functions<'a>(anatomy: &'a Anatomy<'_>) -> Vec<(&'a [u8], Option<u64>)> {
    let last = anatomy.functions.iter().map(|function| function.address);
    let last = last.max();
    let all = anatomy.functions.iter().map(|function| {
        let names = anatomy.names_from(function);
        let name = &names[..memchr::memchr(0, names).unwrap_or(names.len())];
        let size = (Some(function.address) != last).then_some(u64::from(function.size));
        (name, size)
    });
    let mut all: Vec<(&[u8], Option<u64>)> = all.filter(|(name, _)| !is_made(name)).collect();
    all.sort_unstable();
    all
}

/// So many bytes may lie between two functions.
const BETWEEN: u64 = 128;

/// Whether the file has the main package with that `content`, and the functions that the linker keeps of these objects:
/// each by name and size; and as many bytes of data. `Err`: what differs.
fn is_same(
    anatomy: &Anatomy<'_>,
    program: &Program<'_>,
    content: Option<&str>,
) -> std::result::Result<(), String> {
    if let (Some(main), Some(content)) = (main_content(anatomy), content)
        && main != content
    {
        return Err("its main package was compiled from something else".into());
    }
    let there = functions(anatomy);
    let mut kept: Vec<(&[u8], u64)> = program.functions().collect();
    kept.retain(|(name, _)| !is_made(name));
    kept.sort_unstable();
    let mut pairs = there.iter().zip(&kept);
    // The code of wasm is made by the linker.
    let is_wasm = anatomy.binary.format == Format::Wasm;
    let different = pairs.find(|((name, size), (other, own))| {
        let fits =
            size.is_none_or(|size| is_wasm || *own == 0 || (*own..*own + BETWEEN).contains(&size));
        name != other || !fits
    });
    let named = different.map(|((name, _), (other, _))| String::from_utf8_lossy(name.min(other)));
    match named {
        Some(name) => Err(format!("`{name}` is one of the functions that differ")),
        None if there.len() != kept.len() => Err(format!(
            "it has {}, and they make {}",
            counted_of(there.len(), "function"),
            kept.len()
        )),
        None => has_same_data(anatomy, program),
    }
}

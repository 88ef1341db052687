//! Reads the profiles of a build from the disk, and decides which of them are used.

use std::io::ErrorKind;
use std::path::Path;
use std::sync::Arc;

use crate::advise;
use crate::build::derived_profiles::keep;
use crate::config::layer::Loaded;
use crate::config::strict::nearest;
use crate::error::{Error, Kind, Result};
use crate::go::flags::Flag;
use crate::go::{Package, Toolchain};
use crate::input;
use crate::plan::Typed;
use crate::plan::pgo::{self, Choice, Heap, Request};
use crate::profile;

/// Decides which profile each main package gets.
pub(crate) fn choose(
    loaded: &Loaded,
    typed: &Typed,
    goflags: &[Flag],
    packages: &[Package],
    toolchain: &Toolchain,
) -> Result<Choice> {
    let cache = Path::new(&toolchain.gocache);
    let request = Request {
        settings: &loaded.config.pgo,
        origins: &loaded.origins,
        typed: &typed.flags,
        goflags,
        packages,
        cwd: &typed.cwd,
        root: &loaded.root,
        cache,
    };
    known(&request)?;
    let mut choice = pgo::choose(&request, read)?;
    if let Some(path) = &loaded.config.advise.profiles.heap {
        choice.heap = heap(&loaded.root.join(path))?.map(Arc::new);
    }
    for used in choice.all_applied() {
        used.derived
            .as_ref()
            .map_or(Ok(()), |derived| keep(derived, cache))?;
    }
    Ok(choice)
}

/// What is said where the heap profile of the configuration is not there: a build does not need one.
pub(crate) fn without_heap(loaded: &Loaded, cwd: &Path) -> Option<String> {
    let path = loaded
        .root
        .join(loaded.config.advise.profiles.heap.as_ref()?);
    let missing = path
        .metadata()
        .is_err_and(|error| error.kind() == ErrorKind::NotFound);
    missing.then(|| {
        format!(
            "`[advise] profiles.heap`: `{}` does not exist: no site is ranked by what it allocates",
            path.strip_prefix(cwd).unwrap_or(&path).display()
        )
    })
}

/// What a heap profile allocates; `None` where there is no file.
fn heap(path: &Path) -> Result<Option<Heap>> {
    let Some(bytes) = read(path)? else {
        return Ok(None);
    };
    let profile = profile::read(&bytes).ok();
    let values = profile.and_then(|profile| {
        let bytes = profile.value_index("alloc_space", "bytes")?;
        let objects = profile.value_index("alloc_objects", "count")?;
        Some((profile, bytes, objects))
    });
    let Some((profile, bytes, objects)) = values else {
        let message = format!(
            "`[advise] profiles.heap`: `{}` is no heap profile",
            path.display()
        );
        return Err(Error::new(Kind::Usage, message)
            .hint("name a file of /debug/pprof/allocs or /debug/pprof/heap"));
    };
    Ok(Some(Heap {
        bytes: advise::heat(&profile, bytes, |_| 1, true),
        objects: advise::heat(&profile, objects, |_| 1, true),
    }))
}

/// Every entry of `[pgo.package]` is a package that is built, or that could be.
fn known(request: &Request<'_>) -> Result<()> {
    let unused = pgo::unused(request);
    let missing = |(_, directory): &&(String, Option<std::path::PathBuf>)| {
        directory.as_ref().is_none_or(|path| !path.is_dir())
    };
    let Some((key, _)) = unused.iter().find(missing) else {
        return Ok(());
    };
    let mains = request
        .packages
        .iter()
        .filter(|package| package.is_named_main());
    let paths: Vec<&str> = mains.map(|package| package.import_path.as_str()).collect();
    let hint = match nearest(key, paths.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            "write the import path of a main package, or its directory such as ./cmd/api".into()
        }
    };
    Err(Error::new(
        Kind::Usage,
        format!("`[pgo.package.\"{key}\"]` names no package of the build"),
    )
    .hint(hint))
}

/// Larger is no profile: Go's own are below a megabyte.
const LARGEST_PROFILE: u64 = 512 << 20;

/// The bytes of a profile; `None` where there is no file.
pub(crate) fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    let error = match input::read(path, LARGEST_PROFILE) {
        Ok(bytes) => return Ok(Some(bytes)),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::NotFound => Ok(None),
        ErrorKind::InvalidInput | ErrorKind::IsADirectory | ErrorKind::FileTooLarge => {
            Err(Error::new(
                Kind::Usage,
                format!(
                    "`{}` is no profile: it is no regular file, or too large",
                    path.display()
                ),
            )
            .hint("name a CPU profile as runtime/pprof writes it"))
        }
        _ => Err(Error::unreadable("the profile", path, error)),
    }
}

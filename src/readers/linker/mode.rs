//! Who links a program with C code: Go's own linker, or that of the system (`cmd/link/internal/ld/config.go`).

use super::archives::{CGO, Library};

/// Packages of the standard library whose C code Go's linker may link itself: `internalpkg` in `cmd/link/internal/ld/lib.go`,
/// the same from Go 1.20 to 1.27.
const INTERNAL: [&str; 5] = [
    "crypto/internal/boring",
    "crypto/internal/boring/syso",
    "crypto/x509",
    "net",
    "os/user",
];

/// Its objects link in a way that is not covered where there is cgo.
const PLUGIN: &str = "plugin";

/// Whether the linker of the system links the program, where nobody `asked` for one of them. `Err`: what is not covered.
pub(super) fn is_external(
    libraries: &[Library<'_>],
    (goos, goarch): (&str, &str),
    asked: Option<bool>,
) -> Result<bool, String> {
    let has = |path: &str| libraries.iter().any(|library| library.path == path);
    let is_cgo = has(CGO);
    if is_cgo && has(PLUGIN) {
        return Err("an import of `plugin` with cgo links in a way that is not covered".into());
    }
    let own = |path: &str| path == CGO || INTERNAL.contains(&path);
    let beside = |library: &Library<'_>| {
        library.wants_external || (!library.foreign.is_empty() && !own(library.path))
    };
    let must = goarch.starts_with("mips")
        || matches!((goos, goarch), ("aix", "ppc64"))
        || matches!(goos, "android" | "dragonfly");
    let found = is_cgo && (must || libraries.iter().any(beside));
    let external = is_forced((goos, goarch), asked) || asked.unwrap_or(found);
    let foreign = libraries.iter().find(|library| !library.foreign.is_empty());
    match foreign.filter(|_| !external) {
        Some(library) if !is_read(goos, goarch) => Err(format!(
            "package `{}` holds `{}`, which a C compiler or another tool wrote, and the objects of {goos}/{goarch} are not read",
            library.path, library.foreign[0].0
        )),
        _ => Ok(external),
    }
}

/// Whether the linker of the system links the program, whether it has C code or not.
pub(super) fn is_forced((goos, goarch): (&str, &str), asked: Option<bool>) -> bool {
    let always = goos == "ios" && goarch == "arm64" || goos == "android" && goarch != "arm64";
    always || asked == Some(true)
}

/// Adds `runtime/cgo` and what it imports, `forced`, to the `libraries` of a program that the linker of the system links.
/// `Err`: it has none.
pub(super) fn add_forced<'a>(
    libraries: &mut Vec<Library<'a>>,
    forced: Vec<Library<'a>>,
) -> Result<(), String> {
    let has = |all: &[Library<'_>]| all.iter().any(|library| library.path == CGO);
    if has(libraries) {
        return Ok(());
    }
    if !has(&forced) {
        return Err(
            "the linker of the system is asked for, and `runtime/cgo` is no part of the program"
                .into(),
        );
    }
    libraries.extend(forced);
    Ok(())
}

/// Whether the objects of C compilers for a platform are read.
fn is_read(goos: &str, goarch: &str) -> bool {
    let elf = !matches!(
        goos,
        "aix" | "darwin" | "ios" | "windows" | "plan9" | "js" | "wasip1"
    );
    elf && matches!(goarch, "amd64" | "arm64" | "386")
}

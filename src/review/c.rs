//! Flags for the compiler and the linker of C, in `-extldflags` and in variables such as CGO_CFLAGS.
//!
//! A subset of what go lets the `#cgo` lines of any dependency say (`cmd/go/internal/work/security.go`): nothing that
//! loads a plugin, names a program, a script or a file to write.

use crate::quote;

/// Flags for a compiler of C that stand alone.
const COMPILED: &[&str] = &[
    "-ansi",
    "-pedantic",
    "-pedantic-errors",
    "-pipe",
    "-w",
    "-W",
    "-v",
];

/// Flags that both the compiler and the linker take.
const BOTH: &[&str] = &[
    "-O",
    "-g",
    "-m32",
    "-m64",
    "-marm",
    "-mthumb",
    "-mthreads",
    "-mwindows",
    "-pthread",
    "-static",
    "--static",
];

/// Words behind `-f` and `-fno-`.
const FEATURES: &[&str] = &[
    "PIC",
    "PIE",
    "asynchronous-unwind-tables",
    "builtin",
    "common",
    "data-sections",
    "exceptions",
    "fast-math",
    "function-sections",
    "inline-functions",
    "lto",
    "omit-frame-pointer",
    "openmp",
    "pic",
    "pie",
    "plt",
    "rtti",
    "signed-char",
    "stack-clash-protection",
    "stack-protector",
    "stack-protector-all",
    "stack-protector-strong",
    "strict-aliasing",
    "strict-overflow",
    "unsigned-char",
    "unwind-tables",
    "visibility-inlines-hidden",
    "wrapv",
];

/// Beginnings with a value behind them.
const COMPILED_VALUES: &[&str] = &[
    "-D",
    "-U",
    "-I",
    "-std=",
    "-fvisibility=",
    "-ffile-prefix-map=",
    "-fdebug-prefix-map=",
    "-ftls-model=",
    "-finput-charset=",
    "-isystem",
];

const BOTH_VALUES: &[&str] = &[
    "-march=",
    "-mcpu=",
    "-mtune=",
    "-mabi=",
    "-mfpu=",
    "-mfloat-abi=",
    "-mcmodel=",
    "-fsanitize=",
    "-stdlib=",
    "-mmacosx-version-min=",
    "-miphoneos-version-min=",
    "-mavx",
    "-msse",
    "-mno-",
];

/// Levels of optimisation and of debug information, which others share their first letter with: `-gcc-toolchain` of clang
/// names a directory with programs.
const LEVELS: &[&str] = &[
    "-O0",
    "-O1",
    "-O2",
    "-O3",
    "-Ofast",
    "-Og",
    "-Os",
    "-Oz",
    "-g0",
    "-g1",
    "-g2",
    "-g3",
    "-gdwarf",
    "-gdwarf-2",
    "-gdwarf-3",
    "-gdwarf-4",
    "-gdwarf-5",
    "-gdwarf32",
    "-gdwarf64",
    "-ggdb",
    "-ggdb0",
    "-ggdb1",
    "-ggdb2",
    "-ggdb3",
    "-gline-tables-only",
    "-gmlt",
    "-gno-record-gcc-switches",
    "-gno-variable-location-views",
    "-grecord-gcc-switches",
    "-gz",
    "-gz=none",
    "-gz=zlib",
    "-gz=zstd",
];

/// Flags whose value may be the next word.
const WITH_NEXT: &[&str] = &[
    "-D",
    "-U",
    "-I",
    "-isystem",
    "-l",
    "-L",
    "-framework",
    "-arch",
];

/// Flags for a linker that stand alone.
const LINKED: &[&str] = &[
    "-flat_namespace",
    "-headerpad_max_install_names",
    "-no-pie",
    "-pie",
    "-rdynamic",
    "-s",
    "-shared",
    "-static-libgcc",
    "-static-libstdc++",
    "-static-pie",
    "-v",
    "-lm",
];

const LINKED_VALUES: &[&str] = &["-l", "-L"];

/// What may stand between the commas of `-Wl,`.
const PASSED: &[&str] = &[
    "--allow-multiple-definition",
    "--as-needed",
    "--end-group",
    "--export-dynamic",
    "--gc-sections",
    "--no-as-needed",
    "--no-dynamic-linker",
    "--no-undefined",
    "--no-whole-archive",
    "--pop-state",
    "--push-state",
    "--start-group",
    "--sort-common",
    "--strip-all",
    "--strip-debug",
    "--whole-archive",
    "--disable-new-dtags",
    "--enable-new-dtags",
    "--icf=safe",
    "-Bdynamic",
    "-Bstatic",
    "-Bsymbolic",
    "-Bsymbolic-functions",
    "-E",
    "-O1",
    "-O2",
    "-S",
    "-dead_strip",
    "-headerpad_max_install_names",
    "-ld_classic",
    "-no_warn_duplicate_libraries",
    "-s",
    "-search_paths_first",
    "-static",
    "-w",
    "-x",
];

/// The keywords that may stand behind `-z`.
const KEYWORDS: &[&str] = &[
    "combreloc",
    "defs",
    "execstack",
    "lazy",
    "nodelete",
    "nodlopen",
    "noexecstack",
    "norelro",
    "now",
    "relro",
    "separate-code",
    "text",
];

const PASSED_VALUES: &[&str] = &[
    "--build-id=",
    "--hash-style=",
    "--unresolved-symbols=",
    "--compress-debug-sections=",
    "--warn-",
    "--no-warn-",
];

/// Whether every flag of the list, quoted as Go does, is one for the linker of C that is allowed.
pub(crate) fn is_linked(list: &str) -> bool {
    all(
        list,
        &[LINKED, BOTH, LEVELS],
        &[LINKED_VALUES, BOTH_VALUES],
        is_linker_word,
    )
}

/// Whether every flag of the list, quoted as Go does, is one for a compiler of C that is allowed.
pub(crate) fn is_compiled(list: &str) -> bool {
    all(
        list,
        &[COMPILED, BOTH, LEVELS],
        &[COMPILED_VALUES, BOTH_VALUES],
        is_defined,
    )
}

fn all(list: &str, alone: &[&[&str]], values: &[&[&str]], other: impl Fn(&str) -> bool) -> bool {
    let Ok(words) = quote::split(list) else {
        return false;
    };
    let mut words = words.iter().peekable();
    while let Some(word) = words.next() {
        let word = word.as_str();
        let valued = || {
            let value = |text: &&&str| word.strip_prefix(**text).is_some_and(is_value);
            values
                .iter()
                .any(|pair| pair.iter().any(|text| value(&text)))
        };
        let next = || {
            let takes =
                WITH_NEXT.contains(&word) && values.iter().any(|value| value.contains(&word));
            takes || matches!(word, "-framework" | "-arch")
        };
        let fine = if next() {
            words.next().is_some_and(|word| is_value(word))
        } else {
            alone.iter().any(|words| words.contains(&word))
                || valued()
                || is_feature(word)
                || is_warning(word)
                || other(word)
        };
        if !fine {
            return false;
        }
    }
    true
}

/// `-Wp,-D_FORTIFY_SOURCE=2`.
fn is_defined(word: &str) -> bool {
    let rest = word
        .strip_prefix("-Wp,-D")
        .or_else(|| word.strip_prefix("-Wp,-U"));
    rest.is_some_and(is_symbol)
}

/// Neither a flag nor `@FILE`, and nothing that a shell or another list would take apart.
fn is_value(text: &str) -> bool {
    !text.is_empty()
        && !text.starts_with(['-', '@', '|'])
        && !text.contains([',', '\0', '\n', '`'])
        && !text.chars().any(char::is_control)
}

fn is_feature(word: &str) -> bool {
    word.strip_prefix("-f").is_some_and(|rest| {
        let bare = rest.strip_prefix("no-").unwrap_or(rest);
        FEATURES.contains(&bare)
    })
}

/// `-Wall`, not `-Wl,...`.
fn is_warning(word: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '+' | '=');
    let bare = word.strip_prefix("-W");
    bare.is_some_and(|text| text.chars().all(letter) && !matches!(text, "a" | "l" | "p"))
}

/// `-Wl,...`, and a library named by its path below the project.
fn is_linker_word(word: &str) -> bool {
    if let Some(list) = word.strip_prefix("-Wl,") {
        let mut parts = list.split(',');
        while let Some(part) = parts.next() {
            let fine = match part {
                "-z" => parts.next().is_some_and(is_keyword),
                "-undefined" => parts.next() == Some("dynamic_lookup"),
                "-u" => parts.next().is_some_and(is_symbol),
                _ => {
                    let value = |text: &&&str| part.strip_prefix(**text).is_some_and(is_symbol);
                    PASSED.contains(&part)
                        || part.strip_prefix("-z").is_some_and(is_keyword)
                        || PASSED_VALUES
                            .iter()
                            .any(|passed_value| value(&passed_value))
                }
            };
            if !fine {
                return false;
            }
        }
        return true;
    }
    let library = [".a", ".o", ".so", ".dylib", ".tbd"];
    let first = word.starts_with(|c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.'));
    first && super::path::is_below(word) && library.iter().any(|suffix| word.ends_with(suffix))
}

fn is_keyword(text: &str) -> bool {
    let sized = ["stack-size=", "max-page-size=", "common-page-size="];
    KEYWORDS.contains(&text)
        || sized
            .iter()
            .any(|prefix| text.strip_prefix(prefix).is_some_and(is_symbol))
}

fn is_symbol(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | '-' | '='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_releases_pass_to_the_linker_is_allowed() {
        for fine in [
            "-static",
            "-static -pthread -lm -ldl",
            "-Wl,-z,relro,-z,now -Wl,--as-needed",
            "-Wl,-Bstatic -lz -Wl,-Bdynamic",
            "-O2 -Os -g -g1 -ggdb3 -gdwarf-5 -gz=zlib",
        ] {
            assert!(is_linked(fine), "{fine}");
        }
        for bad in [
            "-fplugin=./x.so",
            "-B./bin",
            "-B ./bin",
            "-specs=x",
            "-wrapper ./x",
            "-Wl,-Map=out",
            "-Wl,-T,script",
            "-Wl,-plugin,./x.so",
            "-Wl,--dynamic-linker=/x",
            "-o out",
            "@file",
            "-L@file",
            "-fuse-ld=./x",
            "-Xlinker -plugin",
            "-Wl,@file",
            "-T x",
            "'-static",
            "../x.a",
            "-gcc-toolchain tools.a",
            "-gcc-toolchain -lm",
            "-Ox",
        ] {
            assert!(!is_linked(bad), "{bad}");
        }
    }

    #[test]
    fn what_releases_pass_to_the_compiler_is_allowed() {
        for fine in [
            "-O2 -g",
            "-D_LARGEFILE64_SOURCE -DX=1",
            "-I include -Wall -Wno-error",
            "-fPIC -fno-strict-aliasing -march=x86-64-v3",
            "-Wp,-D_FORTIFY_SOURCE=2",
        ] {
            assert!(is_compiled(fine), "{fine}");
        }
        for bad in [
            "-fplugin=./x.so",
            "-B.",
            "-Wa,-I,x",
            "-Wp,-MD,out",
            "-MF out",
            "-save-temps",
            "-include x",
            "-imacros x",
            "-Wl,-z,now",
            "@x",
            "-D @x",
        ] {
            assert!(!is_compiled(bad), "{bad}");
        }
    }
}

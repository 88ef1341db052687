//! What a configuration may pass without being trusted: the flags of go and of its tools, Go 1.21 to 1.27.
//!
//! The lists say what is allowed, so that a flag of tomorrow is refused until it was looked at. Allowed is what only decides
//! about the code that comes out. Not allowed is what names a program, a file or a directory, or makes one of these tools
//! write something beside its output. Refused flags stand here too where they take a value: that is how they are read.

use std::ffi::OsString;

use super::Tool;
use super::c;
use super::flag_list::{Item, Rule, Table, is_word, items};
use super::path;

use Rule::{Checked, Number, OneOf, Refused, Switch, Text, Word};

/// `go build` and `go list` (`cmd/go/internal/work/build.go`, `cmd/go/internal/list/list.go`). The values of the four lists
/// for tools are reviewed on their own. Without `-n`: nothing is built then, and no gate judges.
pub(crate) const GO: Table = &[
    ("C", Refused),
    ("a", Switch),
    ("asan", Switch),
    ("asmflags", Refused),
    ("buildmode", Word),
    ("buildvcs", Switch),
    ("compiler", OneOf(&["gc"])),
    ("cover", Switch),
    ("covermode", Word),
    ("coverpkg", Text),
    ("debug-actiongraph", Refused),
    ("debug-runtime-trace", Refused),
    ("debug-trace", Refused),
    ("gccgoflags", Refused),
    ("gcflags", Refused),
    ("installsuffix", Checked(is_suffix)),
    ("json", Switch),
    ("ldflags", Refused),
    ("linkshared", Switch),
    ("mod", OneOf(&["readonly", "vendor", "mod"])),
    ("modcacherw", Switch),
    ("modfile", Refused),
    ("msan", Switch),
    ("o", Refused),
    ("overlay", Refused),
    ("p", Number),
    ("pgo", Checked(path::is_below)),
    ("pkgdir", Refused),
    ("race", Switch),
    ("tags", Text),
    ("toolexec", Refused),
    ("trimpath", Switch),
    ("v", Switch),
    ("x", Switch),
];

fn is_suffix(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What `go list` and `go env` take beside it: they only print.
const PRINTED: Table = &[
    ("changed", Switch),
    ("compiled", Switch),
    ("deps", Switch),
    ("e", Switch),
    ("export", Switch),
    ("f", Text),
    ("find", Switch),
    ("json", Switch),
    ("m", OneOf(&["false"])),
    ("test", Switch),
    ("w", OneOf(&["false"])),
];

/// `go`, `go1.27.3`: a Go in PATH.
pub fn is_go(value: &str) -> bool {
    value
        .strip_prefix("go")
        .is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
}

/// Words for a tool without these flags. What only looks like one, the value of another, stays.
pub fn without(tool: Tool, words: &[String], names: &[&str]) -> Vec<String> {
    let mut kept = items(words, tool.table());
    kept.retain(|item| !(item.is_flag && names.contains(&item.name.as_str())));
    let words_of = |item: &Item| words[item.at..item.at + item.words].to_vec();
    kept.iter().flat_map(words_of).collect()
}

/// The flags among the words of a command of go, or of `tool` where one is named, with their values, in order.
pub(crate) fn flags_of(tool: Option<Tool>, words: &[impl AsRef<str>]) -> Vec<(String, String)> {
    let items = items(words, tool.map_or(GO, Tool::table)).into_iter();
    let flags = items.filter(|item| item.is_flag);
    flags
        .map(|item| (item.name, item.value.unwrap_or_default()))
        .collect()
}

/// Whether a command of go may run. Benchmarks are code of the project; `go fix` writes to the sources unless it is to print,
/// and `go get` to go.mod unless another file stands in for it.
pub(crate) fn is_verb(verb: &str, args: &[OsString], benchmarks: bool) -> bool {
    match verb {
        "build" | "list" | "env" | "version" | "vet" => true,
        "fix" => args.iter().any(|argument| argument == "-json"),
        "get" => args
            .iter()
            .any(|word| word.to_string_lossy().starts_with("-modfile=")),
        "test" => benchmarks,
        _ => false,
    }
}

/// What a command takes beside the flags of `go build`.
pub(crate) fn own(verb: &str) -> Option<Table> {
    match verb {
        "build" => None,
        "test" => Some(MEASURED),
        _ => Some(PRINTED),
    }
}

/// What `go test` takes to run benchmarks and nothing else.
const MEASURED: Table = &[
    ("bench", Text),
    ("benchmem", Switch),
    ("benchtime", Word),
    ("count", Number),
    ("cpu", OneOf(&["1"])),
    ("run", OneOf(&["^$"])),
];

/// The linker (`cmd/link/internal/ld/main.go`, `cmd/link/internal/ld/lib.go`).
pub(crate) const LINK: Table = &[
    ("B", Word),
    ("D", Number),
    ("E", Word),
    ("H", Word),
    ("I", Refused),
    ("L", Refused),
    ("R", Number),
    ("T", Number),
    ("X", Text),
    ("a", Switch),
    ("aslr", Switch),
    ("asan", Switch),
    ("benchmark", OneOf(&["mem", "cpu"])),
    ("benchmarkprofile", Refused),
    ("bindnow", Switch),
    ("buildid", Text),
    ("buildmode", Word),
    ("c", Switch),
    ("capturehostobjs", Refused),
    ("checklinkname", Switch),
    ("compressdwarf", Switch),
    ("cpuprofile", Refused),
    ("d", Switch),
    ("debugnosplit", Switch),
    ("debugtextsize", Number),
    ("debugtramp", Number),
    ("dumpdep", Switch),
    ("e", Switch),
    ("extar", Refused),
    ("extld", Refused),
    ("extldflags", Checked(c::is_linked)),
    ("f", Switch),
    ("fipso", Refused),
    ("funcalign", Number),
    ("g", Switch),
    ("importcfg", Refused),
    ("installsuffix", Checked(is_suffix)),
    ("k", Word),
    ("libgcc", OneOf(&["none"])),
    ("linkmode", OneOf(&["internal", "external", "auto"])),
    ("linkshared", Switch),
    ("memprofile", Refused),
    ("memprofilerate", Number),
    ("msan", Switch),
    ("n", Switch),
    ("o", Refused),
    ("pluginpath", Text),
    ("pruneweakmap", Switch),
    ("r", Refused),
    ("race", Switch),
    ("randlayout", Number),
    ("s", Switch),
    ("strictdups", Number),
    ("tmpdir", Refused),
    ("v", Switch),
    ("w", Switch),
];

/// The compiler (`cmd/compile/internal/base/flag.go`).
pub(crate) const COMPILE: Table = &[
    ("B", Switch),
    ("C", Switch),
    ("D", Refused),
    ("E", Switch),
    ("I", Refused),
    ("K", Switch),
    ("L", Switch),
    ("N", Switch),
    ("S", Switch),
    ("W", Switch),
    ("asan", Switch),
    ("asmhdr", Refused),
    ("bench", Refused),
    ("blockprofile", Refused),
    ("buildid", Refused),
    ("c", Number),
    ("clobberdead", Switch),
    ("clobberdeadreg", Switch),
    ("complete", Switch),
    ("coveragecfg", Refused),
    ("cpuprofile", Refused),
    ("d", Checked(is_debug)),
    ("dwarf", Switch),
    ("dwarfbasentries", Switch),
    ("dwarflocationlists", Switch),
    ("dynlink", Switch),
    ("e", Switch),
    ("embedcfg", Refused),
    ("env", Refused),
    ("errorurl", Switch),
    ("gendwarfinl", Number),
    ("goversion", Refused),
    ("h", Switch),
    ("importcfg", Refused),
    ("importmap", Refused),
    ("installsuffix", Refused),
    ("j", Switch),
    ("json", Refused),
    ("l", Switch),
    ("lang", Word),
    ("linkobj", Refused),
    ("linkshared", Switch),
    ("live", Switch),
    ("m", Switch),
    ("memprofile", Refused),
    ("memprofilerate", Number),
    ("msan", Switch),
    ("mutexprofile", Refused),
    ("nolocalimports", Switch),
    ("o", Refused),
    ("p", Refused),
    ("pgoprofile", Refused),
    ("r", Switch),
    ("race", Switch),
    ("shared", Switch),
    ("smallframes", Switch),
    ("spectre", Word),
    ("symabis", Refused),
    ("t", Switch),
    ("traceprofile", Refused),
    ("trimpath", Text),
    ("v", Switch),
    ("w", Switch),
    ("wb", Switch),
];

/// The assembler (`cmd/asm/internal/flags/flags.go`).
pub(crate) const ASM: Table = &[
    ("D", Text),
    ("I", Refused),
    ("S", Switch),
    ("d", Checked(is_debug)),
    ("debug", Switch),
    ("dynlink", Switch),
    ("e", Switch),
    ("linkshared", Switch),
    ("o", Refused),
    ("p", Refused),
    ("shared", Switch),
    ("spectre", Word),
    ("trimpath", Text),
    ("v", Switch),
];

/// Keys of `-d=` that take a number and print, or change the code (`cmd/compile/internal/base/debug.go`).
const DEBUG: &[&str] = &[
    "abiwrap",
    "alignhot",
    "append",
    "checkptr",
    "closure",
    "compressinstructions",
    "defer",
    "disablenil",
    "dumpinlcallsitescores",
    "dumpptrs",
    "dwarfinl",
    "escapealias",
    "escapealiascheck",
    "escapedebug",
    "escapemutationscalls",
    "export",
    "freeappend",
    "gcadjust",
    "gccheck",
    "gcprog",
    "gcstart",
    "inlbudgetslack",
    "inlfuncswithclosures",
    "inlstaticinit",
    "libfuzzer",
    "locationlists",
    "loopvar",
    "maxshapelen",
    "mergelocals",
    "mergelocalstrace",
    "nil",
    "nodeadlocals",
    "noopendefer",
    "norefname",
    "panic",
    "pgodebug",
    "pgodevirtualize",
    "pgoinline",
    "pgoinlinebudget",
    "pgoinlinecdfthreshold",
    "rangefunccheck",
    "reshape",
    "shapify",
    "slice",
    "softfloat",
    "staticcopy",
    "syncframes",
    "tailcall",
    "typeassert",
    "variablemakethreshold",
    "wb",
    "wrapglobalmapctl",
    "wrapglobalmapdbg",
    "zerocopy",
];

/// What an SSA phase may be asked for. `dump` writes files.
const SSA: &[&str] = &["debug", "mem", "off", "on", "stats", "test", "time"];

/// `-d=panic,ssa/check_bce/debug=1`.
fn is_debug(value: &str) -> bool {
    value.split(',').all(|part| {
        let (key, number) = match part.find(['=', ':']) {
            Some(at) => (&part[..at], &part[at + 1..]),
            None => (part, ""),
        };
        let named = match key.strip_prefix("ssa/") {
            None => key.is_empty() || DEBUG.contains(&key),
            Some(rest) => {
                let mut parts = rest.split('/');
                let phase = parts.next().unwrap_or_default();
                let asked = parts.next().is_none_or(|text| SSA.contains(&text));
                is_word(phase) && asked && parts.next().is_none()
            }
        };
        named && number.chars().all(|c| c.is_ascii_digit() || c == '.')
    })
}

/// The flags that people use of those that are allowed behind `flag`, for a hint.
pub(crate) fn examples(flag: &str) -> &'static str {
    match flag {
        "-ldflags" => {
            "-s, -w, -X NAME=VALUE, -buildid=, -linkmode=MODE, -extldflags=-static and others that name no program or file"
        }
        "-gcflags" => {
            "-N, -l, -B, -m, -S, -lang=, -spectre=, -trimpath=, -d=KEY=NUMBER and others that name no program or file"
        }
        "-asmflags" => {
            "-D NAME=VALUE, -S, -spectre=, -trimpath= and others that name no program or file"
        }
        _ => {
            "-race, -mod=, -buildmode=, -tags=, -trimpath, -p=, -cover and others that name no program or file"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_keys_that_name_files_are_refused() {
        for fine in [
            "panic",
            "ssa/check_bce/debug=1",
            "checkptr=2,nil",
            "ssa/prove/debug:1",
            "ssa/check_bce",
            "pgoinlinecdfthreshold=95",
        ] {
            assert!(is_debug(fine), "{fine}");
        }
        for bad in [
            "dumpinlfuncprops=x",
            "ssa/build/dump=main",
            "panic,gossahash=x",
            "help=/x",
            "ssa/a/b/c",
            "fmahash=y",
            "checkptr=./x",
        ] {
            assert!(!is_debug(bad), "{bad}");
        }
    }
}

//! Classifies runtime functions by name: by what a line of the user pays for, such as a slice that grows or a lock.

use serde::{Deserialize, Serialize};

/// What the runtime does for a line.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    clap::ValueEnum,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// A slice that grows.
    Append,
    /// `new`, `&T{}`, a variable on the heap, a function literal.
    New,
    /// `make` of a slice, a map or a channel.
    Make,
    /// A value that is stored in an interface.
    Boxing,
    /// Strings that are put together.
    Concat,
    /// `string(b)`, `[]byte(s)`, `[]rune(s)`.
    Conversion,
    /// A map entry that is written, without growth.
    MapAssign,
    /// A map that grows.
    MapGrow,
    /// A map that is read, walked or deleted from.
    MapLookup,
    /// Equality and hashes of interfaces and strings.
    Compare,
    /// Values that are copied.
    Copy,
    /// Pointers that are stored while the collector runs.
    WriteBarrier,
    /// Channels and select.
    Channel,
    /// Goroutines that are started.
    Goroutine,
    /// `defer` in a loop, or in a function with many returns: the compiler keeps a list of the calls then.
    Defer,
    /// Calls of C.
    Cgo,
    /// Waiting for a lock.
    Lock,
    /// Stacks that grow.
    Stack,
    /// Garbage collection beside the program.
    Gc,
    /// Finding and starting goroutines that can run.
    Scheduler,
    /// Calls of the operating system.
    System,
    /// Everything else of the runtime.
    Other,
}

impl Class {
    /// As it is shown.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Append => "append growth",
            Self::New => "new",
            Self::Make => "make",
            Self::Boxing => "boxing",
            Self::Concat => "concatenation",
            Self::Conversion => "conversion",
            Self::MapAssign => "map assign",
            Self::MapGrow => "map growth",
            Self::MapLookup => "map lookup",
            Self::Compare => "compare, hash",
            Self::Copy => "copy",
            Self::WriteBarrier => "write barrier",
            Self::Channel => "channel",
            Self::Goroutine => "goroutine start",
            Self::Defer => "defer",
            Self::Cgo => "cgo",
            Self::Lock => "lock",
            Self::Stack => "stack growth",
            Self::Gc => "garbage collection",
            Self::Scheduler => "scheduler",
            Self::System => "system call",
            Self::Other => "other runtime",
        }
    }

    /// Whether what it costs is memory from the heap.
    pub(crate) fn allocates(self) -> bool {
        use Class::{Append, Boxing, Concat, Conversion, Make, MapGrow, New};
        matches!(
            self,
            Append | New | Make | Boxing | Concat | Conversion | MapGrow
        )
    }
}

/// Beginnings of names behind `runtime.`, the longer ones first where one begins another.
const RUNTIME: &[(&str, Class)] = &[
    ("growslice", Class::Append),
    ("moveSlice", Class::Append),
    ("newobject", Class::New),
    // Since Go 1.27 `new` calls the allocator itself.
    ("mallocgc", Class::New),
    ("makeslice", Class::Make),
    ("makemap", Class::Make),
    ("makechan", Class::Make),
    ("convT", Class::Boxing),
    ("convI2I", Class::Compare),
    ("assertE2I", Class::Compare),
    ("assertI2I", Class::Compare),
    ("typeAssert", Class::Compare),
    ("interfaceSwitch", Class::Compare),
    ("concatstring", Class::Concat),
    ("concatbyte", Class::Concat),
    ("slicebytetostring", Class::Conversion),
    ("stringtoslice", Class::Conversion),
    ("slicerunetostring", Class::Conversion),
    ("rawstring", Class::Conversion),
    ("rawbyteslice", Class::Conversion),
    ("intstring", Class::Conversion),
    ("mapassign", Class::MapAssign),
    ("mapaccess", Class::MapLookup),
    ("mapiter", Class::MapLookup),
    ("mapIter", Class::MapLookup),
    ("mapdelete", Class::MapLookup),
    ("mapclear", Class::MapLookup),
    ("efaceeq", Class::Compare),
    ("ifaceeq", Class::Compare),
    ("interequal", Class::Compare),
    ("nilinterequal", Class::Compare),
    ("memequal", Class::Compare),
    ("strequal", Class::Compare),
    ("strhash", Class::Compare),
    ("memhash", Class::Compare),
    ("interhash", Class::Compare),
    ("nilinterhash", Class::Compare),
    ("typehash", Class::Compare),
    ("duffcopy", Class::Copy),
    ("memmove", Class::Copy),
    ("typedmemmove", Class::Copy),
    ("typedslicecopy", Class::Copy),
    ("slicecopy", Class::Copy),
    ("gcWriteBarrier", Class::WriteBarrier),
    ("wbZero", Class::WriteBarrier),
    ("wbMove", Class::WriteBarrier),
    ("wbBufFlush", Class::WriteBarrier),
    ("bulkBarrier", Class::WriteBarrier),
    ("chansend", Class::Channel),
    ("chanrecv", Class::Channel),
    ("closechan", Class::Channel),
    ("selectgo", Class::Channel),
    ("selectnb", Class::Channel),
    ("newproc", Class::Goroutine),
    ("malg", Class::Goroutine),
    ("gdestroy", Class::Goroutine),
    ("deferproc", Class::Defer),
    ("deferreturn", Class::Defer),
    ("freedefer", Class::Defer),
    ("(*_panic).nextDefer", Class::Defer),
    ("cgocall", Class::Cgo),
    ("asmcgocall", Class::Cgo),
    ("cgoCheck", Class::Cgo),
    ("entersyscall", Class::System),
    ("exitsyscall", Class::System),
    ("newstack", Class::Stack),
    ("copystack", Class::Stack),
];

/// Bodies of assembly that have no package in their names.
const ASSEMBLY: &[(&str, Class)] = &[
    ("gcWriteBarrier", Class::WriteBarrier),
    ("memeqbody", Class::Compare),
    ("aeshashbody", Class::Compare),
    ("callRet", Class::Other),
];

/// What stands alone at the bottom of a stack that no user started.
const BESIDE: &[(&str, Class)] = &[
    ("gcBgMarkWorker", Class::Gc),
    ("gcDrain", Class::Gc),
    ("bgsweep", Class::Gc),
    ("bgscavenge", Class::Gc),
    ("gcStart", Class::Gc),
    ("gcMark", Class::Gc),
    ("forcegchelper", Class::Gc),
    ("runFinalizers", Class::Gc),
    ("runfinq", Class::Gc),
    ("runCleanups", Class::Gc),
    ("schedule", Class::Scheduler),
    ("findRunnable", Class::Scheduler),
    ("findrunnable", Class::Scheduler),
    ("park_m", Class::Scheduler),
    ("goschedImpl", Class::Scheduler),
    ("gopreempt_m", Class::Scheduler),
    ("goexit0", Class::Scheduler),
    ("exitsyscall", Class::Scheduler),
    ("sysmon", Class::Scheduler),
    ("mstart", Class::Scheduler),
    ("ready", Class::Scheduler),
];

/// Functions that make what can be used again: large, and with a method that resets it.
pub(crate) const REUSABLE: &[&str] = &[
    "compress/flate.NewWriter",
    "compress/flate.NewReader",
    "compress/gzip.NewWriterLevel",
    "compress/zlib.NewWriterLevelDict",
    "bufio.NewReaderSize",
    "bufio.NewWriterSize",
    "bufio.(*Scanner).Scan",
];

/// Functions that run what they are given once per program.
pub(crate) const ONCE: &[&str] = &["runtime.doInit", "runtime.doInit1", "sync.(*Once).doSlow"];

/// Functions that allocate an error for what cannot be parsed.
pub(crate) const FAILURES: &[&str] = &[
    "time.newParseError",
    "strconv.syntaxError",
    "strconv.rangeError",
];

/// Functions in which a goroutine waits for a lock.
const LOCKS: &[&str] = &[
    "lockSlow",
    "rUnlockSlow",
    "unlockSlow",
    "runtime_SemacquireMutex",
];

/// What a name is in a stack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Says nothing: it is there because of how stacks are switched or interrupted.
    Transparent,
    /// Of the runtime; its class where it is what compiled code calls.
    Runtime(Option<Class>),
    /// Of a lock that somebody waits for.
    Lock,
    /// What cgo makes of a call of C.
    Stub,
    /// Of somebody's code.
    Code,
}

/// The role of a function, by its symbol and its import path.
pub(crate) fn role(name: &str, package: &str) -> Role {
    if name.is_empty() {
        return Role::Transparent;
    }
    if package.is_empty() {
        return Role::Runtime(of(ASSEMBLY, name));
    }
    let rest = name[package.len()..].trim_start_matches('.');
    if is_runtime(package) {
        return match is_transparent(rest) {
            true => Role::Transparent,
            false => Role::Runtime(of(RUNTIME, rest).filter(|_| package == "runtime")),
        };
    }
    if matches!(package, "sync" | "internal/sync") && LOCKS.iter().any(|lock| rest.ends_with(lock))
    {
        return Role::Lock;
    }
    match rest.starts_with("_Cfunc_") || rest.starts_with("_cgo") {
        true => Role::Stub,
        false => Role::Code,
    }
}

/// The class of a stack in which there is nobody's code.
pub(crate) fn beside(name: &str) -> Option<Class> {
    of(BESIDE, name.strip_prefix("runtime.")?)
}

/// Whether a frame below a map write says that the map grows beyond its first eight entries: those have room in one group,
/// which is allocated with a size, too.
pub(crate) fn grows_map(name: &str) -> bool {
    const GROWTH: &[&str] = &["hashGrow", "growWork", "evacuate"];
    let table = name.starts_with("internal/runtime/maps.")
        && [".grow", ".rehash", ".split", ".growToTable"]
            .iter()
            .any(|suffix| name.ends_with(suffix));
    table
        || name
            .strip_prefix("runtime.")
            .is_some_and(|rest| GROWTH.iter().any(|prefix| rest.starts_with(prefix)))
}

/// Whether a package is the runtime or what only it is made of.
pub(crate) fn is_runtime(package: &str) -> bool {
    let below = ["runtime/internal/", "internal/runtime/"];
    package == "runtime"
        || package == "internal/abi"
        || package == "internal/cpu"
        || below.iter().any(|prefix| package.starts_with(prefix))
}

fn is_transparent(rest: &str) -> bool {
    const NAMES: &[&str] = &[
        "asyncPreempt",
        "asyncPreempt2",
        "goexit",
        "goexit1",
        "mcall",
        "systemstack",
        "systemstack_switch",
        "morestack",
        "morestack_noctxt",
        "sigpanic",
        "gogo",
    ];
    let rest = rest.strip_suffix(".abi0").unwrap_or(rest);
    NAMES.contains(&rest)
}

fn of(table: &[(&str, Class)], name: &str) -> Option<Class> {
    table
        .iter()
        .find(|pair| name.starts_with(pair.0))
        .map(|it| it.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_go_have_their_class() {
        use Class::*;
        let class = |name: &str| match role(name, crate::profile::symbol_parts::package(name)) {
            Role::Runtime(class) => class,
            other => panic!("{name}: {other:?}"),
        };
        for (name, expected) in [
            ("runtime.growslice", Append),
            ("runtime.growsliceBufNoAlias", Append),
            ("runtime.mallocgcSmallScanNoHeaderSC2", New),
            ("runtime.newobject", New),
            ("runtime.makemap_small", Make),
            ("runtime.convTstring", Boxing),
            ("runtime.concatstring3", Concat),
            ("runtime.mapassign_faststr", MapAssign),
            ("runtime.mapaccess2_fast64", MapLookup),
            ("gcWriteBarrier", WriteBarrier),
            ("runtime.gcWriteBarrier2", WriteBarrier),
            ("runtime.chanrecv2", Channel),
            ("runtime.newproc", Goroutine),
            ("runtime.deferproc", Defer),
            ("runtime.cgocall", Cgo),
        ] {
            assert_eq!(class(name), Some(expected), "{name}");
        }
        assert_eq!(class("internal/runtime/maps.(*Map).putSlotSmall"), None);
        assert_eq!(role("runtime.asyncPreempt2", "runtime"), Role::Transparent);
        assert_eq!(role("runtime.goexit.abi0", "runtime"), Role::Transparent);
        assert_eq!(role("main._Cfunc_sqrt", "main"), Role::Stub);
        assert_eq!(
            role("internal/sync.(*Mutex).lockSlow", "internal/sync"),
            Role::Lock
        );
        assert_eq!(role("strings.(*Builder).grow", "strings"), Role::Code);
    }

    #[test]
    fn growth_of_maps_is_told_apart() {
        for name in [
            "runtime.hashGrow",
            "runtime.growWork_faststr",
            "internal/runtime/maps.(*table).rehash",
            "internal/runtime/maps.(*Map).growToTable",
        ] {
            assert!(grows_map(name), "{name}");
        }
        assert!(!grows_map("internal/runtime/maps.(*Map).putSlotSmall"));
        assert!(!grows_map("internal/runtime/maps.(*Map).growToSmall"));
    }
}

//! The twenty lessons, in their order.

use super::Lesson;
use super::Served::{Check, Command, NoEffect, Rule};

/// Every lesson.
pub const ALL: &[Lesson] = &[
    Lesson {
        number: 1,
        title: "Measure before you change anything",
        today: "holds: a CPU profile of the program under its real load comes first",
        manual: "\
A profile tells where the time goes; everything else is a guess. Mutex and block profiles are empty
unless the program calls runtime.SetMutexProfileFraction and runtime.SetBlockProfileRate. Importing
net/http/pprof adds about 650 KB to a stripped program and registers handlers on
http.DefaultServeMux: do not serve that one to the world. Stripped programs give the same profiles.",
        served: &[Command("profile collect URL"), Command("profile show FILE"), Command("advise"), Check("pgo-profile"), Command("doctor")],
    },
    Lesson {
        number: 2,
        title: "Write benchmarks",
        today: "holds; the form since Go 1.24 is `for b.Loop()`",
        manual: "\
Allocations per operation are exact and the same on every run; times are not, and need many
interleaved runs. A benchmark of seven short strings says little about two hundred long ones: use
inputs of the size that your program sees. `for b.Loop()` keeps the compiler from dropping the body
and leaves the setup out of the time.",
        served: &[Command("bench"), Command("doctor")],
    },
    Lesson {
        number: 3,
        title: "Preallocate slices and maps",
        today: "holds where the size is known and large; wrong where a filter keeps few",
        manual: "\
Ten thousand appended integers: four to five times faster with the capacity given; a map of ten
thousand entries: three times. Where the bound is only an upper bound it can be slower and larger: a
filter that keeps 1 % was 1.9 times slower with 40 times the memory. Maps of up to eight entries
gain nothing. Since Go 1.25 small slices that do not escape begin on the stack.",
        served: &[Rule("GBO303"), Command("escape --class append,make")],
    },
    Lesson {
        number: 4,
        title: "Reuse buffers with sync.Pool",
        today: "holds for buffers of a kilobyte and more; rarely worth it below",
        manual: "\
A buffer of 8 KiB from a pool was 50 times cheaper than a new one, one of 16 bytes two times.
Putting a slice (not a pointer to it) into the pool allocates 24 bytes each time. Buffers that grew
large stay in the pool: drop those above a limit instead of putting them back.",
        served: &[Rule("GBO304")],
    },
    Lesson {
        number: 5,
        title: "Build strings with strings.Builder",
        today: "half true: it helps in loops; one expression `a + b + c` is best as it is",
        manual: "\
`a + b + c + d` in one expression is a single allocation, and faster than a Builder without Grow.
`s += x` in a loop copies all of it each time: a Builder was 25 times faster on 200 pieces, with Grow
or strings.Join two to three times faster still. The compiler's escape report never shows `s += x`.",
        served: &[Rule("GBO305")],
    },
    Lesson {
        number: 6,
        title: "Sub-slices keep the whole array",
        today: "holds, for strings too; a full slice expression does not help, a copy does",
        manual: "\
A short slice or string of a large one keeps all of it in memory: a hundred first words of texts of
768 KiB kept 75 MB. `s[a:b:b]` limits the capacity and still keeps the array. slices.Clone,
bytes.Clone and strings.Clone copy what is needed. A heap profile blames who allocated the memory,
not who keeps it.",
        served: &[Rule("GBO306")],
    },
    Lesson {
        number: 7,
        title: "Pointers or values",
        today: "needs numbers: up to about 128 bytes values are as fast, and do not allocate",
        manual: "\
Passing 16 to 64 bytes costs the same either way; a value of four fields in registers is faster. A
pointer that escapes costs an allocation: returning a pointer to 32 bytes took 17 ns, the value 2.
Copies count from about 1 KiB on. Since Go 1.27 the compiler leaves out copies of which only a field
is read. Rules such as `always pointers` are harmful.",
        served: &[Rule("GBO307"), Command("escape --class moved,new")],
    },
    Lesson {
        number: 8,
        title: "GOMAXPROCS in containers",
        today: "solved by the runtime since Go 1.25, if the go line says 1.25 or more",
        manual: "\
The runtime keeps to the CPU limit of its container since Go 1.25. The `go` line of go.mod switches
that: a new toolchain with `go 1.24` ignores the limit. The runtime rounds up, to at least 2, and
follows changes; go.uber.org/automaxprocs rounds down, to at least 1, and sets it once.",
        served: &[Check("gomaxprocs"), Command("doctor")],
    },
    Lesson {
        number: 9,
        title: "Buffer channels",
        today: "holds for very cheap items only; batching helps more",
        manual: "\
A buffer of 16 made an empty exchange three times cheaper, larger ones nothing more; with 5 µs of
work per item the gain was at most 1.2 times. A buffer hides that the receiver is too slow. Several
items in one message save more than any buffer.",
        served: &[Rule("GBO309")],
    },
    Lesson {
        number: 10,
        title: "Wait with sync.WaitGroup",
        today: "holds; the form since Go 1.25 is `wg.Go(f)`",
        manual: "\
Add belongs before the go statement, Done into a defer. `wg.Go` does both. `go vet` finds Add inside
the goroutine (analyzer waitgroup, Go 1.25).",
        served: &[Command("doctor")],
    },
    Lesson {
        number: 11,
        title: "Reduce lock contention",
        today: "holds; RWMutex and sync.Map help less often than they are recommended",
        manual: "\
Only a mutex profile shows contention: a CPU profile rarely has samples of it. Short read sections
gain little from RWMutex, which scales badly with many cores; sync.Map was three to four times slower
than a mutex and a map on stores. Shards and shorter sections help. From Go 1.22 to 1.24 a mutex
profile also holds locks of the runtime itself.",
        served: &[Rule("GBO311")],
    },
    Lesson {
        number: 12,
        title: "Bound goroutines with worker pools",
        today: "holds as a bound; as a speed-up only for tasks below about 10 µs",
        manual: "\
A goroutine per task costs about 0.6 µs, a pool 0.1 µs: it matters for tiny tasks only. What a bound
protects is memory and what stands behind. errgroup's SetLimit is a bound in one line. A pool whose
producer sends everything before it receives the first result deadlocks.",
        served: &[Rule("GBO312")],
    },
    Lesson {
        number: 13,
        title: "map[K]struct{} for sets",
        today: "no effect on memory since Go 1.24; write what reads best",
        manual: "\
Up to Go 1.23 a set with struct{} values was up to 10 % smaller than one with bool. Since Go 1.24 the
slot of an empty struct is padded, and both take the same bytes: 37.7 per entry of int64, 55.8 of
strings (golang/go#71368). Lookups cost the same. There is no rule for it: it would be noise.",
        served: &[NoEffect("equal since Go 1.24")],
    },
    Lesson {
        number: 14,
        title: "Keep work out of hot loops",
        today: "holds for expensive calls; taking `len` out of a loop has no effect",
        manual: "\
The compiler handles `len(s)` in a loop condition itself: measured without a difference, and slower
where a call stands in the body. What counts is work that could be done once: compiling a regular
expression (three to four times), lowering a constant string (34 times), parsing a template, loading a
time zone.",
        served: &[Rule("GBO314"), NoEffect("`len` in a loop condition")],
    },
    Lesson {
        number: 15,
        title: "Interfaces cost",
        today: "the call is free where it is predictable; storing a value in one allocates",
        manual: "\
Calling through an interface costs next to nothing where the branch predictor knows the target, and a
profile makes it direct. Storing a string or a struct in an interface allocates: 13 to 33 ns. Free are
pointers, constants, single bytes and integers below 256. A type assertion calls nothing in the
runtime on a hit since Go 1.22.",
        served: &[Rule("GBO315"), Command("escape --class boxing")],
    },
    Lesson {
        number: 16,
        title: "Strip with -s -w",
        today: "`-s` alone does both; it costs symbol-level govulncheck and perf names",
        manual: "\
`-s` implies `-w`: same bytes on Go 1.21 to 1.27. About a third of the file goes. Tracebacks,
profiles and PGO work as before. Lost are the names that perf and eBPF tools show, and govulncheck
falls back to whole modules: scan the unstripped build.",
        served: &[Command("release"), Check("baseline"), Command("doctor")],
    },
    Lesson {
        number: 17,
        title: "Read the escape analysis",
        today: "holds, with weights: most sites never allocate in practice",
        manual: "\
`-m` says what may be put on the heap, not what it costs: of 11,426 lines with a site in cmd/compile,
716 allocated at all in its profile. It also misses what allocates: `s += x`, growing maps, slices of
unknown length. The same source gives other sites on another Go: compare within one version.",
        served: &[Rule("GBO317"), Command("escape --by line"), Command("escape --why SITE"), Command("try --patch FILE"), Check("escapes")],
    },
    Lesson {
        number: 18,
        title: "cgo calls are expensive",
        today: "cheaper since Go 1.26 (about 26 ns); still worth batching in loops",
        manual: "\
A call took 48 ns on Go 1.25 and 26 ns on 1.26; there is no switch of threads. One call for 64 items
costs as much as one for a single item. `#cgo noescape` and `#cgo nocallback` (Go 1.24) save the
allocation of arguments. Cgo that only net or os/user bring in can be switched off with CGO_ENABLED=0.",
        served: &[Rule("GBO318"), Check("lock-cgo"), Command("doctor")],
    },
    Lesson {
        number: 19,
        title: "Profile-guided optimization",
        today: "2 to 14 % by Go's own figures; often less: measure it on your program",
        manual: "\
Go inlines and devirtualises by a CPU profile beside the main package (default.pgo). An empty profile,
or one of another program, is taken without a word. The file grows by a few percent. Nobody can
promise a gain.",
        served: &[
            Check("pgo-profile"),
            Check("pgo-health"),
            Check("pgo-proof"),
            Command("prove"),
            Command("release --set pgo.effect=report"),
            Command("profile show FILE"),
        ],
    },
    Lesson {
        number: 20,
        title: "Keep Go up to date",
        today: "mostly holds; the go line of go.mod decides half of what an upgrade brings",
        manual: "\
Fourteen small benchmarks took 0.90 of the time of Go 1.21 on 1.27. Not everything is faster:
encoding/json into `any` took twice as long on 1.27.0 (golang/go#80270). The `go` line of go.mod
freezes GODEBUG settings of the old version, so a new toolchain alone misses a part. Go supports the
last two minor versions.",
        served: &[Check("go-version"), Check("lock-godebug"), Command("doctor")],
    },
];

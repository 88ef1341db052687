//! gobuild-opt: the production `go build`, and the proof of what it did.
//!
//! A release is one pass through plain data types; each arrow is one function:
//!
//! ```text
//! layers   -- config ---> Config         what the user wants            defaults < preset < file < env < flags
//! Config   -- facts ----> Facts          what go says                   once per target
//! Facts    -- plan -----> Plan           every command, as data         refuses an `-X` that would set nothing
//! Plan     -- build ----> Vec<Built>     what the commands left         runs go, publishes the files
//! Built    -- analysis -> Vec<Artifact>  what is in it                  binary, escape, profile read it
//! Artifact -- report ---> Report         what it means                  + checks and budgets: Verdict
//! Report   -- view -----> Vec<Block>     what a reader sees of it
//! Block    -- render ---> String         how it looks in one format
//! ```
//!
//! The `mod` lines below stand in another order: a module uses only those above it. `tests/it/house.rs` holds that, and who may
//! run processes, write to the disk (`build`, `agent`, `command`), print, and change a configuration. No folder has
//! a circle. What reads bytes and text is a package of its own in `readers/`: it knows of nothing else here, is what is hot, and
//! compiles beside the rest.
//!
//! # The map
//!
//! | module | what it is for |
//! |---|---|
//! | `readers/`: [`error`], [`input`], [`number`] | errors with hints, bounded reads, numbers for people |
//! | `readers/`: [`binary`] | executables: sections, functions, packages, the owner of each byte |
//! | `readers/`: [`linker`] | what Go's linker would keep of package archives, why, and what it costs |
//! | `readers/`: [`escape`] | what the compiler says of heap escapes: parsed, classified, identified |
//! | `readers/`: [`profile`] | pprof profiles: read, merged, made slim, compared |
//! | [`clock`], `order`, [`quote`] | the time, sorting, go's quoting |
//! | `packed` | texts that the program holds packed |
//! | `schema` | the JSON Schemas that lie in `schemas/` |
//! | [`review`] | what a configuration may pass to go; the only way to a command that can be started |
//! | [`config`] | gobuild-opt.toml, presets, environment and flags as one value |
//! | [`process`] | a command as data, and the one place that starts it |
//! | [`go`] | what go says of itself and of packages; git |
//! | [`lock`] | gobuild-opt.lock: what was accepted, and the IDs of sites |
//! | [`plan`] | every go command of a run, with the reason for each flag; refuses a `-X` that names no string variable (`plan/stamp.rs`; the check `stamps` sees whether the value arrived) |
//! | [`assertion`] | `[[assert]]` and `//gcassert:` comments |
//! | [`build`] | runs the plan: stages, captures, publishes |
//! | [`agent`] | the small processes that a run starts of this program: one file each |
//! | [`session`] | what a run needs from the outside: directory, environment, signals, where progress is shown |
//! | [`facts`] | asks go, once per target and for a purpose; what of a configuration a run is about |
//! | [`analysis`] | reads what the build left |
//! | [`gate`], [`check`] | the outcomes of a gate, and how the gates of two revisions differ; the checks. `report/judge/` judges |
//! | [`doctor`] | what the machine, the module and the profile lack |
//! | [`lesson`], [`advise`] | the twenty lessons; what a profile says about lines, and the rules of advice |
//! | [`prove`] | runs of two programs side by side: whether one is faster |
//! | [`report`] | the JSON contract: values, and what they are made from; `report/judge/` judges budgets and gates |
//! | [`view`] | values laid out as blocks |
//! | [`render`] | the formats that draw blocks |
//! | [`cli`], [`command`] | the command line, and one file per subcommand; whichever builds executables goes through `command/staged.rs` |
//!
//! # Words
//!
//! | word | meaning |
//! |---|---|
//! | facts | what go says before a build: settings, packages, the profile ([`plan::Facts`]) |
//! | target | one platform, with its tags and level |
//! | executable | one main package on one target |
//! | artifact | a finished file |
//! | stage | the directory in which go writes before anything is published |
//! | twin | the same link without `-s -w`, or with `-w` alone: it proves that stripping changed nothing, and its symbols name the bytes |
//! | baseline | the file that a release is compared with: its twin, a plain build, or a file |
//! | capture | what the compiler printed while it compiled the release, kept by `-toolexec` |
//! | pass | one more compile with `-m`, where capture cannot work |
//! | stamp | a value that `-X` writes into a variable, or what go records of git |
//! | ambient | a setting that comes from outside of the configuration: the environment, `go env -w`, go.work |
//! | scope | the packages whose escapes count |
//! | identity, ID | what a site is by: package, function, class, expression, ordinal; the ten hex digits made of it, in the lock |
//! | site | a place in the source where a value escapes to the heap, with an identity that survives edits |
//! | owner | the package that a byte belongs to; `shared` where several use it, `unowned` where nobody knows |
//! | anatomy | an executable taken apart: functions, packages, owners |
//! | fit | the share of a profile whose functions and lines still exist |
//! | check | one question about a build, with a severity of its own |
//! | gate | whatever fails a run: a check that is denied, a budget, an assertion, the escape gate |
//! | verdict | whether the run passes, with a sentence for each reason why not |
//! | about | what a sentence of the verdict is about: a check, an assertion, a site |
//! | ground | what of a configuration is trusted: flags, variables and programs that go may get |
//! | kind of build | what differs between the builds of a target: the release, its twin, a plain one, the escape pass |
//! | not judged | the outcome of a gate that had nothing to look at |
//! | ratchet | a limit that follows the lock down |
//! | variant | one of the programs that `prove` runs side by side |
//! | floor | how far apart the same program comes out in a session of `prove` |
//! | view | a report as blocks that each readable format can draw |
//! | warden | the small process that ends go when this program is killed |
//! | stand-in | this program called as `go` |
//!
//! # How to add
//!
//! | what | where |
//! |---|---|
//! | a check | its file in `check/` (`lock-cgo`: `lock_cgo.rs`), a `mod` line and a line in [`check::ALL`], its severity in `presets/default.toml`; what it looks at, where that is new: a field of `check/context.rs`, filled in `report/target.rs`, `command/doctor.rs` and `command/upgrade/built_side.rs`. Its manual has the parts `What it sees:`, `Why it matters:`, `What to do:`. A test in `tests/it` |
//! | a reader of what Go's tools leave | its file in `readers/`, a package that knows of nothing else here, and a `mod` line |
//! | a gate: a limit of `[budget]` | its field and its line in `config/budget.rs`, its judge in `report/judge/`, its line with a comment in `presets/default.toml`, `SCHEMAS=write cargo test --lib schemas` |
//! | a key of the configuration | its field in `config.rs` or `config/`, its line with a comment in `presets/default.toml`, `SCHEMAS=write cargo test --lib schemas` |
//! | what a run leaves out of the configuration | a line in `facts/wanted.rs` |
//! | a section of the report | its values in `report/target.rs`, its blocks in `view/`, a line in `view.rs`, `SCHEMAS=write cargo test --lib schemas` |
//! | a format | its file in `render/`, its lines in `render.rs`: [`render::Format`], the endings of file names, what writes it |
//! | a subcommand | its flags in `cli.rs` (with a line in `BUILDERS`, where it takes what `go build` takes), its file in `command/`, a line in `command.rs` |
//! | a flag that a configuration may pass | a line in `review/lists.rs`, with the reason that it names no program and no file |
//!
//! # How to test
//!
//! `cargo test --lib` takes seconds. `cargo build --examples && cargo test --test it FILTER` runs a part of the integration
//! tests; `cargo test --test it house` are the rules of the house. `.github/CONTRIBUTING.md` says how long the whole suite takes.

pub use gobuild_opt_readers::{binary, error, escape, input, linker, number, profile};

pub mod lesson;

pub mod clock;

mod order;

mod packed;

pub mod quote;

mod schema;

pub mod review;

pub mod config;

pub mod process;

pub mod go;

pub mod advise;

pub mod lock;

pub mod plan;

pub mod gate;

pub mod assertion;

pub mod build;

pub mod agent;

pub mod session;

pub mod facts;

pub mod analysis;

pub mod check;

pub mod doctor;

pub mod prove;

pub mod report;

pub mod view;

pub mod render;

pub mod cli;

pub mod command;

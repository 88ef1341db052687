//! What changed in Go that a program notices without a change of its own: facts by version, with the release notes they come from.
//!
//! Only what is known before anything runs. How fast a program is with it, only a measurement shows.

use std::path::Path;

use crate::input;

/// A fact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct News {
    /// The minor version that brought it.
    pub minor: u32,
    /// What it is about.
    pub topic: &'static str,
    /// What is other than before.
    pub fact: &'static str,
    /// Whom it concerns.
    pub who: Who,
    /// What brings the former behaviour back, as long as go knows it.
    pub back: Back,
}

/// Whom a fact concerns.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Who {
    /// Every program.
    Everybody,
    /// Programs in a module whose go line is at least the version.
    GoLine,
    /// Programs in which this package is linked.
    Linked(&'static str),
    /// Programs with C code.
    Cgo,
}

/// What brings former behaviour back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Back {
    /// Nothing.
    None,
    /// `GOEXPERIMENT=no...` of this experiment, in lower case.
    Experiment(&'static str),
    /// A flag of the build.
    Flag(&'static str),
}

/// All of them, in the order of versions.
pub const ALL: &[News] = &[
    News {
        minor: 22,
        topic: "loops",
        fact: "each iteration of a `for` loop has variables of its own",
        who: Who::GoLine,
        back: Back::None,
    },
    News {
        minor: 22,
        topic: "memory",
        fact: "the collector's type data lie beside each object: 1 to 3 % less CPU time and about 1 % less memory in most programs; some objects move up a size class",
        who: Who::Everybody,
        back: Back::Experiment("allocheaders"),
    },
    News {
        minor: 23,
        topic: "frames",
        fact: "variables that are not used at the same time share a place in the stack frame",
        who: Who::Everybody,
        back: Back::None,
    },
    News {
        minor: 24,
        topic: "maps",
        fact: "another map (Swiss tables): with the other locks and cheaper small objects, 2 to 3 % less CPU time on average of Go's benchmarks",
        who: Who::Everybody,
        back: Back::Experiment("swissmap"),
    },
    News {
        minor: 24,
        topic: "locks",
        fact: "another mutex inside of the runtime",
        who: Who::Everybody,
        back: Back::Experiment("spinbitmutex"),
    },
    News {
        minor: 25,
        topic: "nil checks",
        fact: "a nil pointer is seen where it is used: code that uses a result before it looks at the error, and ran, panics",
        who: Who::Everybody,
        back: Back::None,
    },
    News {
        minor: 25,
        topic: "allocations",
        fact: "slices of a size that is not constant may lie on the stack: fewer escapes, larger frames",
        who: Who::Everybody,
        back: Back::Flag("-gcflags=all=-d=variablemakehash=n"),
    },
    News {
        minor: 26,
        topic: "garbage collector",
        fact: "another collector (Green Tea): 10 to 40 % less time for the collection in programs that collect much",
        who: Who::Everybody,
        back: Back::Experiment("greenteagc"),
    },
    News {
        minor: 26,
        topic: "allocations",
        fact: "the memory of slices lies on the stack in more cases",
        who: Who::Everybody,
        back: Back::Flag("-gcflags=all=-d=variablemakehash=n"),
    },
    News {
        minor: 26,
        topic: "cgo",
        fact: "a call of C costs about 30 % less",
        who: Who::Cgo,
        back: Back::None,
    },
    News {
        minor: 27,
        topic: "allocations",
        fact: "allocations below 80 bytes go to a routine for their size: some cost up to 30 % less, about 1 % of a program that allocates much; about 60 KB more in the file",
        who: Who::Everybody,
        back: Back::Experiment("sizespecializedmalloc"),
    },
    News {
        minor: 27,
        topic: "encoding/json",
        fact: "another implementation (v2) behind the same functions: the text of errors may differ, Unmarshal is faster in most cases",
        who: Who::Linked("encoding/json"),
        back: Back::Experiment("jsonv2"),
    },
    News {
        minor: 27,
        topic: "compress/flate",
        fact: "compresses faster, into other bytes than before, as gzip, zlib, zip and png then do",
        who: Who::Linked("compress/flate"),
        back: Back::None,
    },
    News {
        minor: 27,
        topic: "net/http",
        fact: "HTTP/1 response bodies that are closed are read to their end, up to a limit, so that the connection is used again",
        who: Who::Linked("net/http"),
        back: Back::None,
    },
    News {
        minor: 27,
        topic: "closures",
        fact: "functions without a name get shorter symbols, and share code where their function is inlined: names in profiles and stack traces change",
        who: Who::Everybody,
        back: Back::None,
    },
    News {
        minor: 27,
        topic: "goroutine leaks",
        fact: "/debug/pprof/goroutineleak tells goroutines that can never go on",
        who: Who::Linked("net/http/pprof"),
        back: Back::None,
    },
];

/// What came after one minor version, up to and with another.
pub fn between(after: u32, until: u32) -> impl Iterator<Item = &'static News> {
    ALL.iter()
        .filter(move |news| news.minor > after && news.minor <= until)
}

impl News {
    /// Where it is said.
    pub fn source(&self) -> String {
        format!("go.dev/doc/go1.{}", self.minor)
    }

    /// What brings the former behaviour back with the toolchain at a GOROOT; `None` where nothing is known to.
    pub fn way_back(&self, goroot: &Path) -> Option<String> {
        match self.back {
            Back::None => None,
            Back::Flag(flag) => Some(flag.to_owned()),
            Back::Experiment(name) => {
                let path = goroot.join("src/internal/goexperiment/flags.go");
                let text = input::text(&path, input::TEXT).ok()?.to_lowercase();
                let mut lines = text.lines().map(str::trim);
                let is_it = |line: &str| line.strip_suffix(" bool") == Some(name);
                lines.any(is_it).then(|| format!("GOEXPERIMENT=no{name}"))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_stand_in_the_order_of_versions() {
        assert!(ALL.is_sorted_by_key(|news| news.minor));
        assert_eq!(between(26, 26).count(), 0);
        assert!(between(24, 26).all(|news| [25, 26].contains(&news.minor)));
    }

    #[test]
    fn experiments_bring_back_what_one_fact_tells() {
        let root = tempfile::tempdir().unwrap();
        let place = root.path().join("src/internal/goexperiment");
        std::fs::create_dir_all(&place).unwrap();
        let flags = "type Flags struct {\n\tSwissMap bool\n\n\tSpinbitMutex bool\n}\n";
        std::fs::write(place.join("flags.go"), flags).unwrap();
        let back: Vec<_> = between(23, 24)
            .map(|news| (news.topic, news.way_back(root.path())))
            .collect();
        let way = |name: &str| Some(format!("GOEXPERIMENT={name}"));
        let wanted = [
            ("maps", way("noswissmap")),
            ("locks", way("nospinbitmutex")),
        ];
        assert_eq!(back, wanted);
    }
}

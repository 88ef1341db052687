//! What must hold for any input, and what it cost.

use std::cell::Cell;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once};
use std::time::{Duration, Instant};

use gobuild_opt::binary::{self, Anatomy, Binary, texts};
use gobuild_opt::render::{self, Format, Style};
use gobuild_opt::report::inspection::{Source, View, inspection};
use gobuild_opt::view::inspected::outline;

use super::memory::peak;
use super::sites::Seed;

/// The most CPU time for one input.
const TIME: Duration = Duration::from_secs(2);
/// The most memory at a time, in sizes of the file; and what an error or a name may take for a file of any size.
const MEMORY: usize = 4;
const ALLOWANCE: usize = 64 << 10;

/// What a parser said.
pub enum Seen {
    Read,
    Refused,
    /// A sum that is wrong, or the like.
    Wrong(String),
}

/// What a run saw.
#[derive(Default)]
pub struct Total {
    read: u64,
    refused: u64,
    slowest: Duration,
    time: Duration,
    /// In thousandths of the file's size.
    memory: usize,
}

/// One input, judged.
pub struct One {
    read: bool,
    time: Duration,
    memory: usize,
}

impl Total {
    pub fn add(&mut self, one: &One) {
        self.read += u64::from(one.read);
        self.refused += u64::from(!one.read);
        self.slowest = self.slowest.max(one.time);
        self.time += one.time;
        self.memory = self.memory.max(one.memory);
    }
}

impl fmt::Display for Total {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} inputs: {} read, {} refused, 0 panics; CPU {:.1} s, the slowest {:.0} ms; memory at most {:.2} times the file",
            self.read + self.refused,
            self.read,
            self.refused,
            self.time.as_secs_f64(),
            self.slowest.as_secs_f64() * 1000.0,
            self.memory as f64 / 1000.0
        )
    }
}

thread_local! {
    /// Panics on this thread, caught ones too.
    static PANICS: Cell<u64> = const { Cell::new(0) };
}

fn count_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            PANICS.set(PANICS.get() + 1);
            before(info);
        }));
    });
}

/// Runs one input; fails the test, and leaves the input in a file, if anything is not as it must be.
pub fn watched(case: &str, bytes: &[u8], judge: impl FnOnce() -> Seen) -> One {
    count_panics();
    let _guard = Watch::begin(case);
    let panics = PANICS.get();
    let start = cpu_time();
    let (result, used) = peak(|| catch_unwind(AssertUnwindSafe(judge)));
    let time = cpu_time() - start;
    let fail = |what: String| -> ! {
        let path = keep(bytes);
        panic!("{case}: {what}; the input is `{}`", path.display());
    };
    let read = match result {
        Ok(Seen::Wrong(what)) => fail(what),
        Ok(Seen::Read) => true,
        Ok(Seen::Refused) => false,
        Err(_) => fail("a panic".into()),
    };
    if PANICS.get() != panics {
        fail("a panic that was caught".into());
    }
    if time > TIME {
        fail(format!("it took {time:?}"));
    }
    if used > MEMORY * bytes.len() + ALLOWANCE {
        fail(format!(
            "{used} bytes of memory for {} of file",
            bytes.len()
        ));
    }
    let memory = used.saturating_sub(ALLOWANCE) * 1000 / bytes.len().max(1);
    One { read, time, memory }
}

/// The CPU time of this thread: other tests and other people use the machine, too.
fn cpu_time() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn keep(bytes: &[u8]) -> PathBuf {
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let name = format!("fuzz-{:016x}", digest(bytes));
    let path = directory.join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

fn digest(bytes: &[u8]) -> u64 {
    use std::hash::{DefaultHasher, Hasher};
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}

/// Ends the tests when an input does not come back at all: an assertion would wait for it.
struct Watch {
    slot: Arc<Mutex<Option<Running>>>,
}

struct Running {
    since: Instant,
    case: String,
}

impl Watch {
    const LIMIT: Duration = Duration::from_secs(120);

    fn begin(case: &str) -> Self {
        thread_local! {
            static SLOT: Arc<Mutex<Option<Running>>> = watcher();
        }
        let slot = SLOT.with(Arc::clone);
        *slot.lock().unwrap() = Some(Running {
            since: Instant::now(),
            case: case.to_owned(),
        });
        Self { slot }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        *self.slot.lock().unwrap() = None;
    }
}

/// A slot and a thread that looks at it as long as it lives.
fn watcher() -> Arc<Mutex<Option<Running>>> {
    let slot = Arc::new(Mutex::new(None::<Running>));
    let seen = Arc::downgrade(&slot);
    std::thread::spawn(move || {
        while let Some(slot) = seen.upgrade() {
            if let Some(it) = slot.lock().unwrap().as_ref()
                && it.since.elapsed() > Watch::LIMIT
            {
                use std::io::Write;
                let line = format!("{}: it does not end\n", it.case);
                let _ = std::io::stderr().write_all(line.as_bytes());
                std::process::abort();
            }
            drop(slot);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    slot
}

/// Headers, sections and owners.
pub fn anatomy(bytes: &[u8], _seed: &Seed) -> Seen {
    let read = binary::read(bytes);
    match (binary::anatomy(bytes), read) {
        (Ok(found), Ok(read)) => {
            let sums = sums(&found, bytes.len());
            drop(found);
            code(bytes, &read);
            sums
        }
        (Err(error), _) => error_text(&error.to_string()),
        (Ok(_), Err(error)) => Seen::Wrong(format!("owners without headers: {error}")),
    }
}

/// Calls, inlined calls, and texts: one that is everywhere, one that is somewhere, one that is nowhere.
fn code(bytes: &[u8], read: &Binary) {
    let _ = binary::calls(bytes).map(|it| it.map(|it| it.sites().count() + it.starts().count()));
    let _ = binary::inlined(bytes, |_| true, |_, _| {});
    for text in [&b"1"[..], b"runtime", b"no program has this"] {
        let _ = texts::find(bytes, read, text);
    }
}

/// Every part of a universal file.
pub fn slices(bytes: &[u8], seed: &Seed) -> Seen {
    let parts = match binary::slices(bytes) {
        Ok(parts) => parts,
        Err(error) => return error_text(&error.to_string()),
    };
    // Thirty entries may lead to the same part.
    for part in parts.iter().take(3) {
        if let Seen::Wrong(what) = anatomy(part.bytes, seed) {
            return Seen::Wrong(what);
        }
    }
    Seen::Read
}

/// The reports of `inspect`, and `compare` with the undamaged file.
pub fn report(bytes: &[u8], seed: &Seed) -> Seen {
    let source = || Source {
        path: "it".into(),
        sha256: None,
        gomaxprocs: gobuild_opt::binary::Callers::Unknown,
    };
    let anatomy = match binary::anatomy(bytes) {
        Ok(anatomy) => anatomy,
        Err(error) => return error_text(&error.to_string()),
    };
    let few = inspection(&anatomy, source(), 74);
    let found = inspection(&anatomy, source(), usize::MAX);
    if let (Ok(few), Ok(all)) = (&few, &found) {
        let bytes: u64 = few.functions.iter().map(|it| it.bytes).sum();
        let sum: u64 = all.functions.iter().map(|it| it.bytes).sum();
        if bytes + few.left_out.bytes != sum {
            return Seen::Wrong(format!("few functions have {bytes} bytes of {sum}"));
        }
    }
    drop(few);
    let _ = binary::compare_loaded(&seed.bytes, bytes);
    let mut found = match found {
        Ok(found) => found,
        Err(error) => return error_text(&error.to_string()),
    };
    if found.ledger.sum != bytes.len() as u64 {
        return Seen::Wrong(format!("the sum is {}", found.ledger.sum));
    }
    // All functions in all formats would be a test of the formats.
    found.functions.truncate(500);
    let blocks = outline(&found, View::default().drawn(true), None);
    for format in [Format::Text, Format::Markdown, Format::Svg, Format::Html] {
        let text = render::blocks(&blocks, format, Style::default());
        let text = anstream::adapter::strip_str(&text).to_string();
        if let Some(it) = text.chars().find(|it| it.is_control() && *it != '\n') {
            return Seen::Wrong(format!("{it:?} in {format:?}"));
        }
        if format == Format::Svg
            && let Err(error) = roxmltree::Document::parse(&text)
        {
            return Seen::Wrong(format!("the picture is broken: {error}"));
        }
    }
    Seen::Read
}

/// An error is one line that says something.
fn error_text(message: &str) -> Seen {
    if message.is_empty() || message.contains('\n') {
        return Seen::Wrong(format!("the error is {message:?}"));
    }
    Seen::Refused
}

/// The sums of an anatomy equal the file, and its lists fit together.
fn sums(found: &Anatomy<'_>, length: usize) -> Seen {
    let length = length as u64;
    let kinds: u64 = found.kinds.iter().map(|it| it.bytes).sum();
    let packages: u64 = found.packages.iter().map(|it| it.bytes).sum();
    let unowned: u64 = found.unowned.iter().map(|it| it.bytes).sum();
    let modules: u64 = found.modules().iter().map(|it| it.bytes).sum();
    let outside = found.binary.headers + found.binary.padding;
    let by_kind = |it: &binary::PackageBytes| it.by_kind.iter().sum::<u64>() == it.bytes;
    let checks = [
        ("kinds", kinds == length),
        (
            "owners",
            packages + found.shared_bytes() + unowned + outside == length,
        ),
        ("modules", modules == packages + found.shared_bytes()),
        ("kinds of packages", found.packages.iter().all(by_kind)),
        ("loaded", found.loaded.owned <= found.loaded.bytes),
        ("proven", found.loaded.proven <= found.loaded.owned),
        (
            "order of functions",
            found.functions.is_sorted_by_key(|it| it.address),
        ),
    ];
    match checks.iter().find(|it| !it.1) {
        Some((what, _)) => Seen::Wrong(format!("sums: {what}")),
        None => {
            // Names may be cut anywhere; that they can be asked for is enough.
            found.functions.iter().take(500).for_each(|it| {
                let _ = found.name(it);
            });
            Seen::Read
        }
    }
}

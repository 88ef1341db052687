//! What a rule is, what it looks at and what it says. A rule is a file of `rules/` and a line of [`super::RULES`].

use super::block_sizes::Sizes;
use super::cost_class::Class;
use super::interval::Interval;
use super::shape::Shape;
use crate::escape;

/// A rule.
#[derive(Debug)]
pub struct Rule {
    /// `GBO3` and the number of its lesson.
    pub id: &'static str,
    /// The lesson that it serves.
    pub lesson: u8,
    /// What it sees, in one line.
    pub(crate) summary: &'static str,
    /// What it sees, why it matters, what to do, when not to.
    pub manual: &'static str,
    /// Looks. `None`: it has nothing to say of this.
    pub(crate) run: fn(&Evidence<'_>) -> Option<Advice>,
}

/// What a profile measures, where something is charged to a line.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// Processor time.
    Cpu,
    /// Allocated bytes.
    Allocated,
    /// Bytes in use.
    InUse,
    /// Time that others waited for a lock.
    Mutex,
    /// Time spent waiting.
    Block,
    /// Goroutines that exist.
    Goroutines,
    /// Goroutines that can never run again.
    Leaked,
}

impl Measure {
    /// What a share of it is called.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Cpu => "CPU",
            Self::Allocated => "allocated bytes",
            Self::InUse => "bytes in use",
            Self::Mutex => "lock delay",
            Self::Block => "time blocked",
            Self::Goroutines => "goroutines",
            Self::Leaked => "leaked goroutines",
        }
    }
}

/// What is charged to a line.
#[derive(Debug, Clone, PartialEq)]
pub enum What<'a> {
    /// What the runtime does for it.
    Cost {
        /// For what.
        class: Class,
        /// What the line calls that calls the runtime; empty where the line does itself.
        via: &'a str,
        /// The function of the runtime.
        entry: &'a str,
    },
    /// What it calls.
    Call(&'a str),
}

/// What is known of memory that a line allocates.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Memory {
    /// Since the program began.
    pub(crate) bytes: i64,
    /// Since the program began.
    pub(crate) objects: i64,
    /// When the profile was taken.
    pub(crate) in_use: i64,
    /// When the profile was taken.
    pub(crate) objects_in_use: i64,
}

/// What a rule looks at.
#[derive(Debug, Clone)]
pub struct Evidence<'a> {
    /// What the shares are of.
    pub(crate) measure: Measure,
    /// What is charged.
    pub(crate) what: What<'a>,
    /// How much.
    pub(crate) share: Interval,
    /// The absolute amount: nanoseconds, bytes, goroutines.
    pub(crate) amount: i64,
    /// The line of source; `None` where it is not there any more.
    pub(crate) shape: Option<&'a Shape>,
    /// What the compiler says of the line.
    pub(crate) sites: Vec<(escape::Class, &'a str)>,
    /// What the line allocates, where a heap profile tells.
    pub(crate) memory: Option<Memory>,
    /// The sizes of what the line allocates, where a heap profile tells.
    pub(crate) sizes: Option<&'a Sizes>,
    /// Where the line declares a variable that is on the heap because of branches: how many objects a heap profile sees allocated
    /// in such a branch for each of the variable; `None` where it sees none.
    pub(crate) branch_objects: Option<f64>,
    /// `(1, 26)`: the Go whose features the module may use, by its go line and the Go that compiles.
    pub(crate) go: (u32, u32),
}

#[cfg(test)]
impl<'a> Evidence<'a> {
    /// A fifth of all, in 20 samples, for what the runtime does on a line.
    pub(crate) fn of_line(measure: Measure, class: Class, shape: &'a Shape) -> Self {
        Self {
            measure,
            what: What::Cost {
                class,
                via: "",
                entry: "",
            },
            share: Interval::new(400, 20, 100),
            amount: 20,
            shape: Some(shape),
            sites: Vec::new(),
            memory: None,
            sizes: None,
            branch_objects: None,
            go: (1, 26),
        }
    }
}

/// What a rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// What was seen.
    pub(crate) seen: String,
    /// What to try.
    pub(crate) attempt: String,
    /// When not to.
    pub(crate) unless: String,
}

impl Evidence<'_> {
    /// Whether a class of cost is charged.
    pub(crate) fn is(&self, wanted: Class) -> bool {
        matches!(self.what, What::Cost { class, .. } if class == wanted)
    }

    /// Whether a heap profile shows that what is filled here gets its memory once, and nothing grows.
    pub(crate) fn grows_never(&self) -> bool {
        self.sizes.is_some_and(Sizes::is_one)
    }

    /// What the line calls that calls the runtime; empty where the line does itself, and for calls.
    pub(crate) fn via(&self) -> &str {
        match self.what {
            What::Cost { via, .. } => via,
            What::Call(_) => "",
        }
    }

    /// The function of the runtime, without its package.
    pub(crate) fn entry(&self) -> &str {
        match self.what {
            What::Cost { entry, .. } => entry.strip_prefix("runtime.").unwrap_or(entry),
            What::Call(_) => "",
        }
    }
}

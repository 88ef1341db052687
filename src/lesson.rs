//! Twenty lessons of Go performance: what still holds, and where the tool serves each.
//!
//! This table is the only source of their text: `explain` prints it, the README shows it, and `tests/it/lessons.rs` holds
//! every entry against what the tool has.

mod lesson_table;

pub use lesson_table::ALL;

/// A lesson.
#[derive(Debug)]
pub struct Lesson {
    /// 1 to 20: the name by which `explain` finds it.
    pub number: u8,
    /// What it is about.
    pub(crate) title: &'static str,
    /// What of it holds on Go 1.25 to 1.27, in one sentence.
    pub(crate) today: &'static str,
    /// What holds, what does not, and how it was found out.
    pub(crate) manual: &'static str,
    /// Where the tool serves it; empty where it does not yet.
    pub served: &'static [Served],
}

/// A place where the tool serves a lesson.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Served {
    /// A check of `doctor` and `release`, by its ID.
    Check(&'static str),
    /// A rule of `advise`, by its ID.
    Rule(&'static str),
    /// A command line, without the name of the program.
    Command(&'static str),
    /// The compiler or the runtime made it moot, and how.
    NoEffect(&'static str),
}

impl Served {
    /// As it is shown, in words that can be typed.
    pub(crate) fn text(self) -> String {
        match self {
            Self::Check(id) => format!("check {id}"),
            Self::Rule(id) => format!("advise: {id}"),
            Self::Command(line) => line.to_owned(),
            Self::NoEffect(why) => format!("no effect on your Go: {why}"),
        }
    }
}

impl Lesson {
    /// Where it is served, in one line.
    pub(crate) fn places(&self) -> String {
        match self.served {
            [] => "not yet".to_owned(),
            some => {
                let places: Vec<String> = some.iter().map(|served| served.text()).collect();
                places.join("; ")
            }
        }
    }

    /// The whole text.
    pub(crate) fn page(&self) -> String {
        let served: Vec<String> = match self.served {
            [] => vec!["  not yet".into()],
            some => some
                .iter()
                .map(|served| format!("  {}", served.text()))
                .collect(),
        };
        format!(
            "lesson {}: {}\n\nToday: {}\n\n{}\n\nWhere it is served:\n{}\n",
            self.number,
            self.title,
            self.today,
            self.manual,
            served.join("\n")
        )
    }
}

/// The lesson of a number: `3`, or `lesson 3` in one word.
pub(crate) fn find(name: &str) -> Option<&'static Lesson> {
    let digits = name.strip_prefix("lesson").unwrap_or(name);
    let number: u8 = digits.trim_start_matches(['-', ' ']).parse().ok()?;
    ALL.iter().find(|lesson| lesson.number == number)
}

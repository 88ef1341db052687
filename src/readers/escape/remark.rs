//! Reads what a message of the compiler says of inlining, devirtualisation and bounds checks.
//!
//! Messages: `cmd/compile/internal/{inline,devirtualize,pgoir}`, and `checkbce` in `cmd/compile/internal/ssa`, Go 1.21
//! to 1.27.

use serde::{Deserialize, Serialize};

use super::parse;

/// What the compiler did, or could not do without.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fact<'a> {
    /// A function, by its name, can be inlined.
    Inlinable(&'a [u8]),
    /// A call of a function was inlined.
    Inlined(&'a [u8]),
    /// A call through an interface or a function value became a direct one.
    Devirtualized,
    /// An index is checked when the program runs.
    Index,
    /// The bounds of a slice expression are checked when the program runs.
    Slice,
}

/// A [`Fact`] and where it holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Remark {
    /// The absolute path of the file.
    pub source: Vec<u8>,
    /// Counted from 1.
    pub line: u32,
    /// Counted from 1, in bytes.
    pub column: u32,
    /// What kind of fact.
    pub kind: Kind,
    /// The function without type arguments and its own package's name; empty where the fact has none.
    pub name: String,
}

/// The kinds of a [`Fact`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// [`Fact::Inlinable`]
    Inlinable,
    /// [`Fact::Inlined`]
    Inlined,
    /// [`Fact::Devirtualized`]
    Devirtualized,
    /// [`Fact::Index`]
    Index,
    /// [`Fact::Slice`]
    Slice,
}

/// How often each kind holds, each place once however many instances of generic code there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Optimizations {
    /// Functions and function literals that can be inlined.
    pub inlinable: u64,
    /// Calls that were, those in inlined code too.
    pub inlined: u64,
    /// Calls through interfaces that became direct ones.
    pub devirtualized: u64,
    /// Bounds checks that are left, of indices and of slices.
    pub bounds_checks: u64,
}

impl Optimizations {
    pub(super) fn count(&mut self, kind: Kind) {
        *match kind {
            Kind::Inlinable => &mut self.inlinable,
            Kind::Inlined => &mut self.inlined,
            Kind::Devirtualized => &mut self.devirtualized,
            Kind::Index | Kind::Slice => &mut self.bounds_checks,
        } += 1;
    }
}

impl<'a> Fact<'a> {
    /// Reads a message; `None` where it says nothing of the kind.
    pub(crate) fn read(message: &'a [u8]) -> Option<Self> {
        // The first byte tells most of them apart: this is asked of every line.
        match message.first()? {
            b'i' => message
                .strip_prefix(INLINED)
                .map(|rest| Self::Inlined(until(rest, b" with score "))),
            b'c' => message
                .strip_prefix(INLINABLE)
                .map(|rest| Self::Inlinable(until(rest, b" with cost "))),
            b'F' => match message {
                b"Found IsInBounds" => Some(Self::Index),
                b"Found IsSliceInBounds" => Some(Self::Slice),
                _ => None,
            },
            b'd' | b'p' | b'P' => DEVIRTUALIZED
                .iter()
                .any(|prefix| message.starts_with(prefix))
                .then_some(Self::Devirtualized),
            _ => None,
        }
    }

    /// Its kind.
    pub(crate) fn kind(self) -> Kind {
        match self {
            Self::Inlinable(_) => Kind::Inlinable,
            Self::Inlined(_) => Kind::Inlined,
            Self::Devirtualized => Kind::Devirtualized,
            Self::Index => Kind::Index,
            Self::Slice => Kind::Slice,
        }
    }

    /// The function it names.
    pub(crate) fn name(self) -> &'a [u8] {
        match self {
            Self::Inlinable(name) | Self::Inlined(name) => name,
            Self::Devirtualized | Self::Index | Self::Slice => b"",
        }
    }
}

const INLINED: &[u8] = b"inlining call to ";
const INLINABLE: &[u8] = b"can inline ";
const DEVIRTUALIZED: &[&[u8]] = &[
    b"devirtualizing ",
    b"partially devirtualizing ",
    b"PGO devirtualizing ",
];

fn until<'a>(text: &'a [u8], end: &[u8]) -> &'a [u8] {
    memchr::memmem::find(text, end).map_or(text, |at| &text[..at])
}

/// A function that the compiler does not inline because it costs too much, as `-m=2` has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Almost {
    /// What it costs.
    pub cost: u64,
    /// What is allowed.
    pub budget: u64,
}

/// Reads `cannot inline F: REASON`: the function and the reason.
pub(crate) fn refused(message: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = message.strip_prefix(b"cannot inline ")?;
    let at = memchr::memmem::find(rest, b": ")?;
    Some((&rest[..at], &rest[at + 2..]))
}

/// Reads `function too complex: cost 86 exceeds budget 80`.
pub fn almost(reason: &[u8]) -> Option<Almost> {
    let rest = reason.strip_prefix(b"function too complex: cost ")?;
    let (cost, rest) = parse::number(rest)?;
    let (budget, _) = parse::number(rest.strip_prefix(b" exceeds budget ")?)?;
    Some(Almost {
        cost: cost.into(),
        budget: budget.into(),
    })
}

/// A name without type arguments: `(*Box[go.shape.int]).Get` -> `(*Box).Get`.
pub fn plain(name: &[u8]) -> String {
    let mut out = Vec::with_capacity(name.len());
    let mut depth = 0usize;
    for byte in name {
        match byte {
            b'[' => depth += 1,
            b']' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(*byte),
            _ => {}
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(message: &str) -> String {
        match Fact::read(message.as_bytes()) {
            Some(it) => format!("{:?} {}", it.kind(), plain(it.name())),
            None => "nothing".into(),
        }
    }

    #[test]
    fn messages_of_either_verbosity_say_the_same() {
        insta::assert_snapshot!(check("inlining call to fmt.Println"), @"Inlined fmt.Println");
        insta::assert_snapshot!(check("inlining call to f with score -5"), @"Inlined f");
        insta::assert_snapshot!(check("can inline (*Box[go.shape.[]int]).Get"), @"Inlinable (*Box).Get");
        insta::assert_snapshot!(check("can inline f with cost 4 as: func() {  }"), @"Inlinable f");
        insta::assert_snapshot!(check("cannot inline f: recursive"), @"nothing");
        insta::assert_snapshot!(check("PGO devirtualizing interface call x.M to T.M"), @"Devirtualized ");
        insta::assert_snapshot!(check("devirtualizing x.M to *T"), @"Devirtualized ");
        insta::assert_snapshot!(check("Found IsSliceInBounds"), @"Slice ");
        insta::assert_snapshot!(check("Found IsInBoundsX"), @"nothing");
        insta::assert_snapshot!(check(""), @"nothing");
    }

    #[test]
    fn a_refusal_says_by_how_much() {
        let read = |text: &'static str| {
            let (name, reason) = refused(text.as_bytes()).unwrap();
            (
                plain(name),
                almost(reason).map(|almost| (almost.cost, almost.budget)),
            )
        };
        assert_eq!(
            read("cannot inline (*T[int]).f: function too complex: cost 86 exceeds budget 80"),
            ("(*T).f".into(), Some((86, 80)))
        );
        assert_eq!(
            read("cannot inline f: unhandled op DEFER"),
            ("f".into(), None)
        );
        assert_eq!(refused(b"can inline f"), None);
    }
}

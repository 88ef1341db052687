//! Why go is asked: to build, to build again, to look before a build, or for the escape report.

/// What a run is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Executables.
    Build,
    /// Executables, from what go listed in the last run; see [`Pending::confirm`](super::recorded::Pending::confirm).
    Loop,
    /// Executables that are judged before they are built.
    Look,
    /// The escape report: libraries have one too.
    Escapes,
}

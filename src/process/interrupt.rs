//! What ends a run before its end: a signal, or the end of the time that was allowed. Whoever waits looks here.
//!
//! A wait that cannot look, an open that blocks or a page of a file that never comes, is ended by somebody who watches over
//! the run from a thread of its own ([`Interrupt::overdue`]).

use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::signal;
use super::warden::Warden;
use crate::error::{Error, Kind, Result};

/// What asks us to stop, who hears what we wait for, and who takes over when we are not asked. Clones are one.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    /// The number of the signal that came; 0 while none did.
    pub signal: Arc<AtomicUsize>,
    /// Ends our children after a `kill -9`.
    pub warden: Warden,
    /// How long who is asked may be silent.
    pub patience: Patience,
    /// Where it is said what we wait for.
    pub voice: Voice,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    /// When the time is over, and how much it was.
    deadline: Option<(Instant, Duration)>,
    /// When somebody who waits last looked.
    looked: Option<Instant>,
    /// When it was first seen that the run has to end.
    due: Option<Instant>,
    /// What is true of the outputs when it ends now.
    note: Option<String>,
}

/// For what compiles nothing: go and git when they are asked.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// Then it is said what may be the reason.
    pub silence: Duration,
    /// Then it is stopped, where the run has no limit of its own.
    pub limit: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            silence: Duration::from_secs(20),
            // A toolchain of 80 MB through a line of 1 Mbit/s takes longer than that; `--timeout` allows it.
            limit: Duration::from_secs(600),
        }
    }
}

type Say = dyn Fn(&str) + Send + Sync;

/// A way to say something to the user from anywhere. By default there is none.
#[derive(Clone, Default)]
pub struct Voice(pub Option<Arc<Say>>);

impl fmt::Debug for Voice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Voice")
    }
}

/// How long a run that has to end may take for that, from the last time that somebody looked; with processes and
/// directories to end, and without.
const ENDING: Duration = Duration::from_secs(3);
const IDLE: Duration = Duration::from_millis(250);

impl Interrupt {
    /// One with a warden.
    pub fn new(warden: Warden) -> Self {
        Self {
            warden,
            ..Self::default()
        }
    }

    /// For one command of a run: the same signal and warden, and a limit of its own.
    pub fn for_one(&self, limit: Option<Duration>) -> Self {
        let one = Self {
            state: Arc::default(),
            ..self.clone()
        };
        if let Some(limit) = limit {
            one.limit(limit);
        }
        one
    }

    /// For what goes on beside the run, or after a signal: the same warden, and neither its signal nor its limit.
    pub fn beside(&self) -> Self {
        Self {
            signal: Arc::default(),
            ..self.for_one(None)
        }
    }

    /// The signal that came, if one did.
    pub(crate) fn signal(&self) -> Option<i32> {
        match self.signal.load(Ordering::SeqCst) {
            0 => None,
            number => i32::try_from(number).ok(),
        }
    }

    /// Sets the time that the run may take. One that ends beyond the clock is no limit.
    pub(crate) fn limit(&self, limit: Duration) {
        let end = Instant::now().checked_add(limit);
        self.with(|state| state.deadline = end.map(|end| (end, limit)));
    }

    /// Whether the run has a limit.
    pub(crate) fn is_limited(&self) -> bool {
        self.with(|state| state.deadline.is_some())
    }

    /// Fails with [`Kind::Signal`] once a signal came, and with [`Kind::Go`] when the time is over.
    pub(crate) fn check(&self) -> Result<()> {
        let due = self.due();
        if due.is_some() {
            self.with(|state| state.looked = Some(Instant::now()));
        }
        due.map_or(Ok(()), Err)
    }

    /// What the error for a signal or a limit says of the outputs from now on.
    pub(crate) fn note(&self, outputs: String) {
        self.with(|state| state.note = Some(outputs));
    }

    /// The error for a signal.
    pub(crate) fn ended(&self, number: i32) -> Error {
        self.noted(Error::new(Kind::Signal(number), signal::ending(number)))
    }

    fn noted(&self, error: Error) -> Error {
        match self.with(|state| state.note.clone()) {
            Some(note) => error.hint(note),
            None => error,
        }
    }

    /// Waits a moment, unless it is time to end. Fails as [`Interrupt::check`] does.
    pub(crate) fn sleep(&self, moment: Duration) -> Result<()> {
        self.check()?;
        std::thread::sleep(moment);
        Ok(())
    }

    /// Says something to the user.
    pub(crate) fn say(&self, line: &str) {
        if let Some(say) = &self.voice.0 {
            say(line);
        }
    }

    /// The error to end with, once it is time and nobody who waits has looked for a while.
    pub fn overdue(&self) -> Option<Error> {
        let error = self.due()?;
        let now = Instant::now();
        let grace = if self.warden.is_watching() {
            ENDING
        } else {
            IDLE
        };
        let since = self.with(|state| state.looked.max(Some(*state.due.get_or_insert(now))));
        since
            .is_some_and(|time| now.saturating_duration_since(time) > grace)
            .then_some(error)
    }

    fn due(&self) -> Option<Error> {
        match (self.signal(), self.late()) {
            (Some(number), _) => Some(self.ended(number)),
            (None, Some(limit)) => Some(self.noted(Error::new(
                Kind::Go,
                format!("the run took longer than {}", seconds(limit)),
            ))),
            (None, None) => None,
        }
    }

    /// The limit, once it is over.
    pub(crate) fn late(&self) -> Option<Duration> {
        let deadline = self.with(|state| state.deadline);
        deadline
            .filter(|(end, _)| Instant::now() >= *end)
            .map(|(_, limit)| limit)
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// `90 s`
pub(crate) fn seconds(limit: Duration) -> String {
    format!("{} s", limit.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_beyond_the_clock_is_none() {
        for limit in [Duration::MAX, Duration::from_secs(i64::MAX.cast_unsigned())] {
            let interrupt = Interrupt::default();
            interrupt.limit(limit);
            assert!(!interrupt.is_limited());
            interrupt.check().unwrap();
        }
    }

    /// As the error and the manual promise: go and git may be silent for 20 s, and are stopped after ten minutes.
    #[test]
    fn who_is_asked_has_20_seconds_to_speak_and_10_minutes_to_answer() {
        let patience = Interrupt::new(Warden::default()).patience;
        assert_eq!(seconds(patience.silence), "20 s");
        assert_eq!(seconds(patience.limit), "600 s");
    }

    #[test]
    fn who_looks_is_given_time_and_who_does_not_is_ended() {
        let interrupt = Interrupt::default();
        assert!(interrupt.overdue().is_none());
        interrupt.signal.store(15, Ordering::SeqCst);
        assert!(interrupt.overdue().is_none(), "it has only come");
        let begin = Instant::now();
        while begin.elapsed() < 2 * IDLE {
            assert!(interrupt.check().is_err());
            assert!(interrupt.overdue().is_none(), "somebody looks");
            std::thread::sleep(IDLE / 10);
        }
        std::thread::sleep(2 * IDLE);
        assert_eq!(interrupt.overdue().unwrap().kind, Kind::Signal(15));
    }
}

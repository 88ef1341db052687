//! Builds the targets of a plan, each in a lane of its own: one after another where there is one lane.
//!
//! What is shown, and which error is reported, is as if they ran one after another.

use std::collections::{BTreeMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Sender, channel};
use std::time::Instant;

use super::lanes::{self, Lane, Lanes, Need};
use super::{Built, Event, Run, execute_target, platform, tools};
use crate::error::{Error, Kind, Result};
use crate::plan::StepKind;

/// An event that waits for its turn.
enum Waiting {
    End(Instant),
    Step(StepKind, String, usize, Instant),
    Package(String),
    Talk(String),
    Words(String),
    Asked(String),
    Data(String),
}

impl Waiting {
    fn of(event: &Event<'_>) -> Self {
        match event {
            Event::Step {
                kind,
                platform,
                packages,
                at,
            } => Self::Step(*kind, platform.clone(), *packages, *at),
            Event::End(at) => Self::End(*at),
            Event::Package(it) => Self::Package((*it).to_owned()),
            Event::Talk(it) => Self::Talk((*it).to_owned()),
            Event::Words(it) => Self::Words((*it).to_owned()),
            Event::Asked(it) => Self::Asked((*it).to_owned()),
            Event::Data(it) => Self::Data((*it).to_owned()),
        }
    }

    fn show(self, show: &mut dyn FnMut(Event<'_>)) {
        match &self {
            Self::Step(kind, platform, packages, at) => show(Event::Step {
                kind: *kind,
                platform: platform.clone(),
                packages: *packages,
                at: *at,
            }),
            Self::End(at) => show(Event::End(*at)),
            Self::Package(it) => show(Event::Package(it)),
            Self::Talk(it) => show(Event::Talk(it)),
            Self::Words(it) => show(Event::Words(it)),
            Self::Asked(it) => show(Event::Asked(it)),
            Self::Data(it) => show(Event::Data(it)),
        }
    }
}

/// What a thread says of its target.
enum Message {
    Event(usize, Waiting),
    Done(usize, Box<Built>, Result<()>),
}

/// Runs all targets. Fails with the error of the first one, in their order, that fails.
pub(crate) fn execute(
    run: &Run<'_>,
    built: &mut [Built],
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let lanes = Lanes::new(run.plan, run.config.build.jobs);
    if lanes.most > 1 && (run.wanted)(StepKind::Release) && !talks(run) {
        return at_once(run, lanes, built, show);
    }
    for (target, built) in run.plan.targets.iter().zip(built) {
        let first = execute_target(run, target, Lane::default(), built, show);
        match first {
            Err(error) if error.memory && tools::is_crowded(&built.tools) => {
                show(Event::Talk(&format!("{error}")));
                show(Event::Talk(AGAIN));
                tools::forget(&target.links_dir);
                execute_target(run, target, Lane::ALONE, built, show)?;
            }
            other => other?,
        }
        if (run.wanted)(StepKind::Release) {
            lanes::learn(target, built);
        }
    }
    Ok(())
}

const AGAIN: &str = "building it once more, with one tool at a time";

/// Whether flags ask go to print: that is shown as it comes.
fn talks(run: &Run<'_>) -> bool {
    let mut targets = run.plan.targets.iter();
    targets.any(|target| {
        target.facts.asked.commands || target.facts.asked.work || target.facts.asked.json
    })
}

/// Targets that run at the same time.
struct Board {
    waiting: VecDeque<usize>,
    /// Targets that are tried once more, when nothing else runs.
    again: VecDeque<usize>,
    results: BTreeMap<usize, Result<()>>,
    events: Vec<Vec<Waiting>>,
    /// Whose events are shown as they come.
    shown: usize,
    failed: bool,
}

fn at_once(
    run: &Run<'_>,
    mut lanes: Lanes,
    built: &mut [Built],
    show: &mut dyn FnMut(Event<'_>),
) -> Result<()> {
    let count = built.len();
    let mut board = Board::of(count);
    let (sender, messages) = channel();
    std::thread::scope(|scope| {
        let start = |index: usize, lane: Lane, built: &mut [Built]| {
            let own = std::mem::take(&mut built[index]);
            let sender: Sender<Message> = sender.clone();
            let run = *run;
            scope.spawn(move || build(&run, index, lane, own, &sender));
        };
        while board.results.len() < count {
            board.begin(&mut lanes, |index, lane| start(index, lane, built));
            // Nothing runs and nothing may begin: an error ended it.
            if lanes.is_idle() {
                break;
            }
            let Ok(message) = messages.recv() else { break };
            match message {
                Message::Event(index, event) => board.tell(index, event, show),
                Message::Done(index, own, result) => {
                    built[index] = *own;
                    let target = &run.plan.targets[index];
                    let need = result.is_ok().then(|| lanes::learn(target, &built[index]));
                    let alone = lanes.running() == 1;
                    board.end(run, index, (result, alone), need, &built[index], &mut lanes);
                    board.flush(show);
                }
            }
        }
    });
    // In the order of the targets.
    board.results.into_values().collect()
}

fn build(run: &Run<'_>, index: usize, lane: Lane, mut own: Built, sender: &Sender<Message>) {
    own.retried = lane == Lane::ALONE;
    let mut tell = |event: Event<'_>| {
        let _ = sender.send(Message::Event(index, Waiting::of(&event)));
    };
    let target = &run.plan.targets[index];
    if own.retried {
        tools::forget(&target.links_dir);
    }
    let work = || execute_target(run, target, lane, &mut own, &mut tell);
    let result = contained(&platform(target), work);
    // The next target that is shown may have begun long before.
    tell(Event::End(Instant::now()));
    let _ = sender.send(Message::Done(index, Box::new(own), result));
}

/// Does the work of a lane. A panic there is an error: who waits for the lane would wait for ever.
fn contained(platform: &str, work: impl FnOnce() -> Result<()>) -> Result<()> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|_| {
        let text = format!("the build for {platform} ended in a panic, which is a bug of ours");
        Err(Error::new(Kind::Machine, text).hint("`--jobs 1` builds one target after another"))
    })
}

impl Board {
    /// Nothing has begun of so many targets.
    fn of(count: usize) -> Self {
        Self {
            waiting: (0..count).collect(),
            again: VecDeque::new(),
            results: BTreeMap::new(),
            events: (0..count).map(|_| Vec::new()).collect(),
            shown: 0,
            failed: false,
        }
    }

    /// Starts what may run.
    fn begin(&mut self, lanes: &mut Lanes, mut start: impl FnMut(usize, Lane)) {
        if self.failed {
            return;
        }
        let mut later = VecDeque::new();
        while let Some(index) = self.waiting.pop_front() {
            match lanes.start(
                index,
                self.waiting.len() + later.len() + 1 + lanes.running(),
            ) {
                Some(lane) => start(index, lane),
                None => later.push_back(index),
            }
        }
        self.waiting = later;
        if lanes.is_idle()
            && let Some(index) = self.again.pop_front()
            && lanes.start(index, 1).is_some()
        {
            start(index, Lane::ALONE);
        }
    }

    /// A target has ended: well, for good, or to be tried once more.
    fn end(
        &mut self,
        run: &Run<'_>,
        index: usize,
        (result, alone): (Result<()>, bool),
        need: Option<Need>,
        built: &Built,
        lanes: &mut Lanes,
    ) {
        lanes.end(index, need);
        match result {
            Err(error)
                if error.memory
                    && !built.retried
                    && (!alone || tools::is_crowded(&built.tools)) =>
            {
                let platform = platform(&run.plan.targets[index]);
                self.events[index].push(Waiting::Talk(format!("{platform}: {error}")));
                self.events[index].push(Waiting::Talk(format!("{platform}: {AGAIN}")));
                self.again.push_back(index);
            }
            other => {
                self.failed |= other.is_err();
                self.results.insert(index, other);
            }
        }
    }

    fn tell(&mut self, index: usize, event: Waiting, show: &mut dyn FnMut(Event<'_>)) {
        if index == self.shown && self.events[index].is_empty() {
            event.show(show);
        } else {
            self.events[index].push(event);
        }
    }

    /// Shows what has its turn now.
    fn flush(&mut self, show: &mut dyn FnMut(Event<'_>)) {
        while self.shown < self.events.len() {
            let events = std::mem::take(&mut self.events[self.shown]);
            events.into_iter().for_each(|waiting| waiting.show(show));
            match self.results.get(&self.shown) {
                Some(Ok(())) => self.shown += 1,
                // What comes behind an error would not have run.
                _ => return,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_in_a_lane_is_an_error_of_its_target() {
        assert!(contained("linux/amd64", || Ok(())).is_ok());
        let error = contained("linux/amd64", || panic!("of a test")).unwrap_err();
        insta::assert_snapshot!(error, @"the build for linux/amd64 ended in a panic, which is a bug of ours");
    }
}

//! Decides how much of the machine a target gets, and which targets may run at the same time.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::known::{self, Key};
use super::{Built, tools};
use crate::config::jobs::Jobs;
use crate::go::flags::Flag;
use crate::plan::{Plan, Step, StepKind, TargetPlan};
use crate::process::Invocation;
use crate::process::memory::Groups;

/// What go itself takes beside its tools: some, and more for each package.
const GO: u64 = 96 << 20;
const PACKAGE: u64 = 64 << 10;

/// How a target is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    /// `-p`; `None`: as go decides.
    pub(crate) width: Option<usize>,
    /// Whether the second link may run beside go's.
    pub(crate) twin: bool,
}

impl Default for Lane {
    fn default() -> Self {
        Self {
            width: None,
            twin: true,
        }
    }
}

impl Lane {
    /// With as little at the same time as there can be.
    pub(crate) const ALONE: Self = Self {
        width: Some(1),
        twin: false,
    };

    /// The command of a step; a `-p` of the user's own wins, in GOFLAGS as well.
    pub(crate) fn invocation(self, step: &Step, goflags: &[Flag]) -> Invocation {
        let mut invocation = step.invocation.clone();
        if let Some(width) = self.width
            && !sets_width(&invocation.args, goflags)
            && !invocation.args.is_empty()
        {
            invocation.args.insert(1, format!("-p={width}").into());
        }
        invocation
    }
}

/// Whether `-p` stands among the arguments of go, or in GOFLAGS.
fn sets_width(args: &[OsString], goflags: &[Flag]) -> bool {
    let is_width = |argument: &OsString| {
        let text = argument.to_string_lossy();
        text == "-p" || text.starts_with("-p=") || text == "--p" || text.starts_with("--p=")
    };
    goflags.iter().any(|flag| flag.name == "p") || args.iter().any(is_width)
}

/// What the last run of a target took that linked something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Need {
    /// Memory at the same time, in bytes.
    pub(crate) peak: u64,
}

fn key(target: &TargetPlan) -> Key {
    key_of("need", target, &target.facts.toolchain.version)
}

/// Where something is kept that is known of a target whatever its flags are; empty `version`: whatever Go builds it, too.
pub(crate) fn key_of(kind: &str, target: &TargetPlan, version: &str) -> Key {
    let release = |step: &&Step| step.kind == StepKind::Release;
    let packages = target.steps.iter().find(release).map(|step| {
        let args = step.invocation.args.iter();
        let packages = args.skip_while(|argument| *argument != "--");
        packages
            .map(|package| package.to_string_lossy().into_owned())
            .collect::<Vec<_>>()
            .join("\n")
    });
    let facts = &target.facts;
    let parts = [
        version,
        &facts.key(),
        &facts.go.cwd.to_string_lossy(),
        &packages.unwrap_or_default(),
    ];
    known::key(&target.memory, kind, &parts.map(str::as_bytes))
}

/// What the last run needed; `None` where nothing is known.
pub(crate) fn need(target: &TargetPlan) -> Option<Need> {
    known::read(&key(target))
}

/// Keeps what a run needed, and returns it; where this run shows nothing, what the run before needed.
pub(crate) fn learn(target: &TargetPlan, built: &Built) -> Need {
    let tools = tools::peak(&built.tools);
    let now = Need {
        peak: tools + GO + PACKAGE * target.facts.packages.len() as u64,
    };
    // What linked nothing shows nothing.
    if !built.tools.iter().any(|tool| tool.name == "link") {
        return need(target).unwrap_or(now);
    }
    known::keep(&key(target), &now);
    now
}

/// Targets that have packages in common: built for the first time, they would compile them twice.
pub(crate) fn group(target: &TargetPlan) -> String {
    let facts = &target.facts;
    let level = facts.target.level.as_deref().unwrap_or_default();
    format!(
        "{}/{}/{level}",
        facts.toolchain.goos, facts.toolchain.goarch
    )
}

/// What may run at the same time, and what runs.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// At most so many.
    pub(crate) most: usize,
    /// Processors.
    cores: usize,
    /// Memory for all of them, in bytes; `None`: not known.
    room: Option<u64>,
    /// What each target needs, where that is known.
    needs: Vec<Option<u64>>,
    groups: Vec<String>,
    /// Targets that run, with what they are believed to need.
    running: BTreeMap<usize, u64>,
    /// The most that a target of this run needed.
    seen: Option<u64>,
}

impl Lanes {
    /// For the targets of a plan.
    pub(crate) fn new(plan: &Plan, jobs: Jobs) -> Self {
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let targets = plan.targets.len();
        let most = match jobs {
            Jobs::Auto => cores,
            Jobs::Most(most) => most.get(),
        };
        // A tenth is left for everybody else, ourselves included.
        let room = Groups::default()
            .available()
            .map(|available| available / 10 * 9);
        Self {
            most: most.min(targets).max(1),
            cores,
            room,
            needs: plan
                .targets
                .iter()
                .map(|target| need(target).map(|need| need.peak))
                .collect(),
            groups: plan.targets.iter().map(group).collect(),
            running: BTreeMap::new(),
            seen: None,
        }
    }

    /// Whether a target may start now; with its lane. The first one always may.
    pub(crate) fn start(&mut self, target: usize, left: usize) -> Option<Lane> {
        let unknown = self.needs[target].is_none();
        let need = self.needs[target].or(self.seen);
        if !self.running.is_empty() {
            let busy = self.running.len() >= self.most;
            let shares = |index: &usize| self.groups[*index] == self.groups[target];
            let used: u64 = self.running.values().sum();
            // Of what nothing is known, one runs alone to show it.
            let need = need?;
            let fits = self.room.is_none_or(|room| used + need <= room);
            if busy || !fits || (unknown && self.running.keys().any(shares)) {
                return None;
            }
        }
        self.running.insert(target, need.unwrap_or(u64::MAX / 2));
        // Those that are built at the same time share the processors.
        let at_once = self.most.min(left.max(1));
        let width = (at_once > 1 && need.is_some()).then(|| self.cores.div_ceil(at_once));
        Some(Lane { width, twin: true })
    }

    /// How many run.
    pub(crate) fn running(&self) -> usize {
        self.running.len()
    }

    /// Whether nothing runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.running.is_empty()
    }

    /// A target has ended; `need` is what it took, where it went well.
    pub(crate) fn end(&mut self, target: usize, need: Option<Need>) {
        self.running.remove(&target);
        if let Some(it) = need {
            self.needs[target] = Some(it.peak);
            self.seen = self.seen.max(Some(it.peak));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lanes(room: u64, needs: &[Option<u64>], groups: &[&str]) -> Lanes {
        Lanes {
            most: 4,
            cores: 4,
            room: Some(room),
            needs: needs.to_vec(),
            groups: groups.iter().map(|group| (*group).to_owned()).collect(),
            running: BTreeMap::new(),
            seen: None,
        }
    }

    #[test]
    fn a_width_of_the_user_is_seen_wherever_it_stands() {
        let check = |args: &[&str], goflags: &str| {
            let args: Vec<OsString> = args.iter().map(Into::into).collect();
            sets_width(&args, &crate::go::flags::parse_goflags(goflags).unwrap())
        };
        assert!(check(&["build", "-p=2"], ""));
        assert!(check(&["build", "--p", "2"], ""));
        assert!(check(&["build"], "-trimpath -p=2"));
        assert!(!check(&["build", "-pgo=off"], "-pgo=off"));
    }

    #[test]
    fn what_is_known_to_fit_runs_at_the_same_time() {
        let mut lanes = lanes(10, &[Some(4), Some(4), Some(4)], &["a", "b", "c"]);
        assert_eq!(lanes.start(0, 3).map(|it| it.width), Some(Some(2)));
        assert!(lanes.start(1, 2).is_some());
        assert!(lanes.start(2, 1).is_none(), "no room for three");
        lanes.end(0, Some(Need { peak: 5 }));
        assert!(lanes.start(2, 1).is_some());
    }

    #[test]
    fn of_what_nothing_is_known_one_runs_alone_first() {
        let mut lanes = lanes(100, &[None, None, None], &["a", "b", "a"]);
        assert!(lanes.start(0, 3).is_some());
        assert!(lanes.start(1, 2).is_none());
        lanes.end(0, Some(Need { peak: 5 }));
        assert!(lanes.start(1, 2).is_some());
        assert!(lanes.start(2, 1).is_some(), "b runs, not a");
    }

    #[test]
    fn what_shares_packages_is_built_first_one_after_the_other() {
        let mut lanes = lanes(100, &[None, None, Some(1)], &["a", "a", "a"]);
        lanes.end(0, None);
        lanes.seen = Some(3);
        assert!(lanes.start(0, 3).is_some());
        assert!(lanes.start(1, 2).is_none(), "the same platform");
        assert!(lanes.start(2, 1).is_some(), "it was built before");
    }

    #[test]
    fn what_needs_more_than_there_is_runs_alone() {
        let mut lanes = lanes(10, &[Some(50), Some(4)], &["a", "b"]);
        assert!(lanes.start(0, 2).is_some());
        assert!(lanes.start(1, 1).is_none());
    }
}

//! Gathers the costs and findings of a platform from profiles, escape sites and sources.

mod conclude;

mod costs;

mod finding;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use finding::{finding, loads};

use super::locate::{Located, Locator};
use super::values::{measure, values};
use super::{Finding, Target, Used};
use crate::advise::{
    Charged, Class, Evidence, Interval, Measure, Memory, RULES, Sizes, Sum, What, block_sizes,
    charge, counts_together, is_made_anew, needs_others,
};
use crate::build::escape_pass::Collected;
use crate::config::Config;
use crate::escape::{self, IdentifiedSite};
use crate::go;
use crate::plan::Facts;
use crate::profile::Profile;

/// A profile that was given.
#[derive(Debug)]
pub(crate) struct Given {
    /// As it is shown.
    pub(crate) file: String,
    /// What it holds.
    pub(crate) profile: Profile,
}

/// What advice is made from.
pub(crate) struct Inputs<'a> {
    /// The platform and its packages.
    pub(crate) facts: &'a Facts,
    /// What the user wants.
    pub(crate) config: &'a Config,
    /// What the compiler says.
    pub(crate) collected: &'a Collected,
    /// Paths below are shown relative to it.
    pub(crate) cwd: &'a Path,
}

/// Says what costs on a platform.
pub(crate) fn target(
    inputs: &Inputs<'_>,
    given: &[Given],
    read: &mut dyn FnMut(&Path) -> Option<Vec<u8>>,
) -> Target {
    let facts = inputs.facts;
    let mut target = Target {
        key: facts.key(),
        go_version: facts.toolchain.version.clone(),
        weighted: false,
        profiles: Vec::new(),
        classes: Vec::new(),
        own: None,
        below: None,
        findings: Vec::new(),
        costs: Vec::new(),
        hidden: 0,
        ignored: 0,
        sites: inputs.collected.escapes.sites,
        notes: Vec::new(),
    };
    let mut gathering = Gathering::new(inputs, read);
    gathering.measure_blocks(given);
    // What a CPU profile says is asked about what others say, in whatever order they are named.
    let is_cpu = |given: &&Given| measure(&given.profile) == Some(Measure::Cpu);
    let others = given.iter().filter(|given| !is_cpu(given));
    for it in given.iter().filter(is_cpu).chain(others) {
        gathering.add(it, &mut target);
    }
    gathering.finish(&mut target);
    let place = |used: &Used| given.iter().position(|given| given.file == used.file);
    target.profiles.sort_by_key(place);
    target
}

/// What is being gathered.
struct Gathering<'a> {
    inputs: &'a Inputs<'a>,
    locator: Locator<'a>,
    sites: HashMap<(&'a [u8], u32), Vec<&'a IdentifiedSite>>,
    min_share: f64,
    min_samples: u64,
    go: (u32, u32),
    /// What share of the CPU goes to memory: allocation and garbage collection; `None` without a CPU profile.
    memory_work: Option<f64>,
    /// Files and lines on which a CPU profile sees a map grow.
    growing: HashSet<(String, u32)>,
    /// By file and line, what heap profiles say of the sizes of its objects.
    sizes: HashMap<(String, u32), Sizes>,
    /// By rule, place, and whether it is about what is lost for good: one of each profile.
    findings: BTreeMap<(&'static str, String, u32, bool), Vec<Finding>>,
    /// The samples of the CPU profiles.
    cpu_samples: u64,
    /// Most of the profile that is looked at is of tests: they do again what a program does once.
    of_tests: bool,
}

/// What is charged somewhere, before the rules look at it.
struct Charge<'b> {
    measure: Measure,
    what: What<'b>,
    sum: Sum,
    total: i64,
    memory: Option<Memory>,
}

impl<'a> Gathering<'a> {
    fn new(inputs: &'a Inputs<'a>, read: &'a mut dyn FnMut(&Path) -> Option<Vec<u8>>) -> Self {
        let mut sites: HashMap<(&[u8], u32), Vec<&IdentifiedSite>> = HashMap::new();
        for it in &inputs.collected.sites {
            if let Some(path) = &it.site.source {
                sites.entry((path, it.site.line)).or_default().push(it);
            }
        }
        let settings = &inputs.config.advise;
        Self {
            inputs,
            locator: Locator::new(inputs.facts, inputs.config, inputs.cwd, read),
            sites,
            min_share: settings.min_share.map_or(1.0, |percent| percent.0),
            min_samples: u64::from(settings.min_samples.unwrap_or(10)),
            go: go::minor_of(&inputs.facts.toolchain.version).unwrap_or((1, u32::MAX)),
            memory_work: None,
            growing: HashSet::new(),
            sizes: HashMap::new(),
            findings: BTreeMap::new(),
            cpu_samples: 0,
            of_tests: false,
        }
    }

    /// Notes the sizes of objects that heap profiles have, before any rule is asked.
    fn measure_blocks(&mut self, given: &[Given]) {
        let heap = |given: &&Given| measure(&given.profile) == Some(Measure::Allocated);
        for it in given.iter().filter(heap) {
            let own = self.locator.owned();
            let found = block_sizes(&it.profile, |package| own.contains(package));
            for (line, sizes) in found {
                let place = self.locator.locate(&line).place;
                let known = self.sizes.entry((place.file, place.line)).or_default();
                known.merge(&sizes);
            }
        }
    }

    /// Adds what a profile says.
    fn add(&mut self, given: &Given, target: &mut Target) {
        let profile = &given.profile;
        let Some(measure) = measure(profile) else {
            let types = profile.sample_types();
            target.notes.push(format!(
                "`{}` is of no kind that tells of lines: {types}",
                given.file
            ));
            return;
        };
        let (value, count) = values(profile, measure);
        let own = self.locator.owned();
        let charged = charge(profile, value, &*count, |package| own.contains(package));
        let total = total(&charged, measure);
        target.weighted = true;
        target.profiles.push(Used {
            file: given.file.clone(),
            measure,
            samples: charged.total.samples,
            total,
            collected: profile.time().map(|time| time.to_string()),
        });
        if charged.below.samples == 0 {
            target.notes.push(format!(
                "no sample of `{}` is in the packages of the scope: is it of this program?",
                given.file
            ));
        }
        self.of_tests = charged.tests.weight.saturating_mul(2) > charged.below.weight;
        if self.of_tests {
            target.notes.push(format!(
                "`{}` is of tests, which do again and again what a program does once: of what is made anew nothing is advised; take it \
                 from the program under load, or from benchmarks",
                given.file
            ));
        }
        let once = Interval::new(1, charged.once.weight, total).percent;
        if once >= 1.0 {
            target.notes.push(format!(
                "{once:.1} % of `{}` is in what runs once (initial values, init, sync.Once): nothing is advised for it",
                given.file
            ));
        }
        self.charge(profile, &charged, (measure, total), target);
    }

    /// Asks the rules about what a profile charges to lines, and adds what it costs.
    fn charge(
        &mut self,
        profile: &Profile,
        charged: &Charged,
        (measure, total): (Measure, i64),
        target: &mut Target,
    ) {
        match measure {
            Measure::Cpu => self.cpu(charged, target),
            Measure::Allocated | Measure::InUse => self.heap(profile, charged, target),
            Measure::Block => self.costs(charged, measure, total, target),
            Measure::Mutex | Measure::Goroutines | Measure::Leaked => {
                self.spent(charged, measure, total);
            }
        }
    }

    /// All that a line pays for, of what has no classes.
    fn spent(&mut self, charged: &Charged, measure: Measure, total: i64) {
        for it in &charged.spent {
            let charge = Charge {
                measure,
                what: What::Cost {
                    class: Class::Lock,
                    via: "",
                    entry: "",
                },
                sum: match measure {
                    Measure::Mutex => it.plain,
                    _ => it.sum,
                },
                total,
                memory: None,
            };
            let located = self.locator.locate(&charged.lines[it.line]);
            self.judge(&located, &charge);
        }
    }

    fn sites_at(&self, located: &Located) -> Vec<(escape::Class, &'a str)> {
        let path = located
            .path
            .as_ref()
            .map(|path| path.as_os_str().as_bytes());
        let found = path.and_then(|path| self.sites.get(&(path, located.place.line)));
        let site = |site: &&'a IdentifiedSite| (site.site.class, site.site.expression.as_str());
        found.into_iter().flatten().map(site).collect()
    }

    /// Asks every rule; returns the one that has advice.
    fn judge(&mut self, located: &Located, charge: &Charge<'_>) -> Option<String> {
        let share = Interval::new(charge.sum.samples, charge.sum.weight, charge.total);
        let is_small = self.is_small(charge.measure, &share);
        if is_small && !counts_together(&charge.what) {
            return None;
        }
        let share = match charge.measure {
            // Every goroutine is counted: nothing is left to chance.
            Measure::Goroutines | Measure::Leaked => Interval {
                margin: 0.0,
                ..share
            },
            _ => share,
        };
        if self.is_first_group(located, charge) {
            return None;
        }
        let evidence = self.evidence(located, charge, share);
        let (rule, mut advice) = RULES
            .iter()
            .find_map(|rule| Some((rule, (rule.run)(&evidence)?)))?;
        let needs_others = needs_others(rule.id, &evidence);
        // No program that is published has it.
        if self.locator.is_for_tests(&located.place.package) || self.locator.is_generated(located) {
            return None;
        }
        // What a function makes on many lines counts together.
        if is_small && rule.id != "GBO314" {
            return None;
        }
        if self.of_tests && is_made_anew(rule.id, &charge.what) {
            return None;
        }
        if loads(&located.place.function) {
            advice
                .unless
                .push_str("; or it runs once per program, to load");
        }
        let mut finding = finding(rule, advice, charge, share, located);
        finding.patch = self.locator.patch(located, rule.id);
        finding.needs_others = needs_others;
        self.keep(rule.id, finding);
        (!is_small).then(|| rule.id.to_owned())
    }

    /// What rules look at.
    fn evidence<'e>(
        &'e self,
        located: &'e Located,
        charge: &Charge<'e>,
        share: Interval,
    ) -> Evidence<'e> {
        let place = (located.place.file.clone(), located.place.line);
        let sites = self.sites_at(located);
        Evidence {
            branch_objects: self.branch_objects(located, &sites),
            measure: charge.measure,
            what: charge.what.clone(),
            share,
            amount: charge.sum.weight,
            shape: located.shape.as_ref(),
            sites,
            memory: charge.memory,
            sizes: self.sizes.get(&place),
            go: located.go_line.map_or(self.go, |line| line.min(self.go)),
        }
    }

    /// How many objects are allocated on lines of branches, for each of the variable that is on the heap because of them.
    fn branch_objects(&self, located: &Located, sites: &[(escape::Class, &str)]) -> Option<f64> {
        let shape = located.shape.as_ref()?;
        let moved = sites.iter().find(|site| site.0 == escape::Class::Moved)?.1;
        let mut branches = shape.function.in_branch.iter();
        let branch = branches.find(|branch| branch.name == moved);
        let array = shape.array_for_branches.as_ref().map(|array| &array.lines);
        let lines = branch.map(|branch| &branch.lines).or(array)?;
        let objects = |line: u32| {
            let sizes = self.sizes.get(&(located.place.file.clone(), line));
            sizes.map_or(0, Sizes::objects)
        };
        let lines = lines.iter().filter_map(|line| u32::try_from(*line).ok());
        let most = lines.map(objects).max().filter(|objects| *objects > 0)?;
        let own = objects(located.place.line);
        (own > 0).then(|| most as f64 / own as f64)
    }

    /// Whether a share is not worth a change, or chance alone may have made it.
    fn is_small(&self, measure: Measure, share: &Interval) -> bool {
        let counted = matches!(measure, Measure::Goroutines | Measure::Leaked);
        !counted && (share.percent < self.min_share || share.samples < self.min_samples)
    }

    /// Keeps what a rule says of a line.
    fn keep(&mut self, rule: &'static str, finding: Finding) {
        let lost = finding.measure == Measure::Leaked;
        let place = &finding.place;
        let key = (rule, place.file.clone(), place.line, lost);
        self.findings.entry(key).or_default().push(finding);
    }

    /// Whether a map that a heap profile sees is one of a few entries: where a CPU profile shows what grows, this does not. One with
    /// few samples shows nothing.
    fn is_first_group(&self, located: &Located, charge: &Charge<'_>) -> bool {
        let Some(work) = self.memory_work else {
            return false;
        };
        let share = Interval::new(charge.sum.samples, charge.sum.weight, charge.total).percent;
        let expected = self.cpu_samples as f64 * work * share / 100.0;
        let shows = expected >= self.min_samples as f64;
        let is_map = matches!(
            charge.what,
            What::Cost {
                class: Class::MapGrow,
                ..
            }
        );
        let place = (located.place.file.clone(), located.place.line);
        let of_heap = charge.measure == Measure::Allocated && is_map;
        of_heap && shows && !self.growing.contains(&place)
    }
}

/// The whole of a profile. Locks of the runtime itself are nobody's.
fn total(charged: &Charged, measure: Measure) -> i64 {
    let all = charged.total.weight;
    if measure != Measure::Mutex {
        return all;
    }
    let classes = charged.classes.values();
    let of_runtime = classes.fold(0_i64, |sum, class| sum.saturating_add(class.weight));
    all.saturating_sub(of_runtime)
}

//! Compares the builds of both sides and makes the preview of an upgrade.

use std::path::Path;

use super::built_side::{Part, Read, Side};
use super::wished_versions::Bump;
use super::{around, vetting};
use crate::analysis::own::Own;
use crate::binary::InlinedCall;
use crate::build::escape_pass::Collected;
use crate::check::gomaxprocs::{self, GoLine};
use crate::check::{Finding, Seen};
use crate::command::Session;
use crate::command::attempt::escapes_since;
use crate::error::{Error, Kind, Result};
use crate::escape::IdentifiedSite;
use crate::go::godebugs::{Setting, Table};
use crate::go::minor_of;
use crate::order::Order;
use crate::plan::Facts;
use crate::report::Site;
use crate::report::comparison::{Rules, compare};
use crate::report::difference::{self, Pair};
use crate::report::upgrade_report as report;
use crate::report::upgrade_report::{Preview, Reasons};

/// What was asked for.
pub struct Asked<'a> {
    /// Modules.
    pub bumps: &'a [Bump],
    /// What the new Go refuses.
    pub refused: Vec<report::Refused>,
    /// GODEBUG settings of the program.
    pub own: &'a [Setting],
    /// The go line after.
    pub line: Option<String>,
}

/// Bytes below which a module or a package is not listed.
const FLOOR: u64 = 64;

/// Compares the two sides.
pub fn preview(
    before: &Side,
    after: &Side,
    asked: Asked<'_>,
    session: &Session<'_>,
) -> Result<Preview> {
    let pairs = || before.parts.iter().zip(&after.parts);
    let first = pairs().next();
    let (old, new) = first.ok_or_else(|| Error::new(Kind::Usage, "there is no target"))?;
    let (old, new) = (&old.plan.facts, &new.plan.facts);
    let lines = (before.go_line(), asked.line.clone());
    let modules = around::bumps(old, new, asked.bumps);
    let godebug = Godebugs {
        tables: (table(old), table(new)),
        lines: (minor_of_line(&lines.0), minor_of_line(&lines.1)),
        own: asked.own,
    };
    let mut targets = Vec::new();
    for (old, new) in pairs() {
        let compared = Compared {
            before: (old, before),
            after: (new, after),
            modules: &modules,
            godebug: &godebug,
        };
        targets.push(compared.target(&session.cwd)?);
    }
    if let Some(first) = targets.first_mut() {
        first.notes.extend(unused(asked.bumps, &modules));
    }
    let vets = pairs().find_map(|(old, new)| old.vetting.as_ref().zip(new.vetting.as_ref()));
    Ok(Preview {
        before: side(old, lines.0),
        after: side(new, lines.1),
        news: around::facts(new, (minor(old), minor(new)), godebug.lines),
        proved: None,
        vet: vets.map(|(old, new)| vetting::news(old, new)),
        time: around::time(pairs()),
        modules,
        refused: asked.refused,
        targets,
    })
}

/// A sentence for each module that was asked for and is not in the program.
fn unused<'a>(bumps: &'a [Bump], modules: &'a [report::Bump]) -> impl Iterator<Item = String> + 'a {
    let paths = bumps.iter().map(|bump| &bump.path);
    let others = paths.filter(|path| !modules.iter().any(|module| module.path == **path));
    others.map(|path| format!("no package of the program comes from `{path}`"))
}

fn side(facts: &Facts, go_line: Option<String>) -> report::Side {
    report::Side {
        go: facts.toolchain.version.clone(),
        go_line,
    }
}

fn minor(facts: &Facts) -> u32 {
    facts.toolchain.minor().map_or(0, |it| it.1)
}

fn minor_of_line(line: &Option<String>) -> Option<u32> {
    line.as_deref().and_then(minor_of).map(|it| it.1)
}

fn table(facts: &Facts) -> Option<Table> {
    Table::of(Path::new(&facts.toolchain.goroot))
}

/// What is known of GODEBUG on both sides.
struct Godebugs<'a> {
    tables: (Option<Table>, Option<Table>),
    lines: (Option<u32>, Option<u32>),
    own: &'a [Setting],
}

/// Both sides of a platform.
struct Compared<'a> {
    before: (&'a Part, &'a Side),
    after: (&'a Part, &'a Side),
    modules: &'a [report::Bump],
    godebug: &'a Godebugs<'a>,
}

impl Compared<'_> {
    fn target(&self, cwd: &Path) -> Result<report::Target> {
        let (old, new) = (self.before.0, self.after.0);
        let reasons = around::reasons([old, new], self.modules);
        let mut executables = Vec::new();
        for after in &new.executables {
            let package = &after.artifact.executable.package;
            let same = |read: &&Read| read.artifact.executable.package == *package;
            if let Some(before) = old.executables.iter().find(same) {
                executables.push(self.executable(before, after, &reasons)?);
            }
        }
        let count = |part: &Part| part.plan.facts.packages.len() as u64;
        let mut found = report::Target {
            key: new.plan.facts.key(),
            packages: Pair::of(count(old), count(new)),
            compiled: Pair::of(old.built.compiled, new.built.compiled),
            escapes: None,
            gained: Vec::new(),
            lost: Vec::new(),
            told: Vec::new(),
            executables,
            notes: Vec::new(),
        };
        self.escapes(&mut found, cwd);
        Ok(found)
    }

    /// Sites in own code, as the two compilers report them.
    fn escapes(&self, found: &mut report::Target, cwd: &Path) {
        let (old, new) = (self.before.0, self.after.0);
        let (Some(before), Some(after)) = (&old.built.escapes, &new.built.escapes) else {
            let failures = [&old.built.escape_failure, &new.built.escape_failure];
            let failures = failures.into_iter().flatten();
            found
                .notes
                .extend(failures.map(|why| format!("escapes are not compared: {why}")));
            return;
        };
        let sides = [(&old.plan.facts, before), (&new.plan.facts, after)];
        let compared = escapes_since(sides, &self.after.1.loaded.config, true, cwd);
        found.escapes = Some(Pair::of(before.escapes.sites, after.escapes.sites));
        let executables = found.executables.iter();
        let inlining: Vec<_> = executables.filter_map(|it| it.inlining.as_ref()).collect();
        let drift = report::Drift {
            go: (minor(&old.plan.facts), minor(&new.plan.facts)),
            calls: (
                inlining.iter().flat_map(|it| &it.gained).collect(),
                inlining.iter().flat_map(|it| &it.lost).collect(),
            ),
        };
        let gained = compared.new.into_iter().chain(compared.ignored);
        let gained = gained.map(|site| placed(site, after)).collect();
        let lost = compared.fixed.into_iter();
        let lost = lost.map(|site| placed(site, before)).collect();
        (found.gained, found.lost, found.told) = report::tell(&drift, gained, lost);
    }

    fn executable(
        &self,
        before: &Read,
        after: &Read,
        reasons: &Reasons,
    ) -> Result<report::Executable> {
        let (old, new) = (&before.artifact, &after.artifact);
        let mut found = report::Executable {
            name: new.executable.name.clone(),
            package: new.executable.package.clone(),
            size: Pair::of(old.size, new.size),
            kinds: None,
            modules: Vec::new(),
            packages: Vec::new(),
            own_code: None,
            frames: Vec::new(),
            inlining: None,
            checks: self.checks(before, after),
            godebug: None,
            processors: report::Processors::default(),
            notes: Vec::new(),
            picture: None,
        };
        owners(before, after, reasons, &mut found)?;
        self.own(before, after, &mut found);
        found.godebug = self.defaults(&found.package);
        found.processors = self.processors(before, after, found.godebug.as_ref());
        Ok(found)
    }

    /// Own functions: code, frames, inlined calls.
    fn own(&self, before: &Read, after: &Read, found: &mut report::Executable) {
        let (Some(old), Some(new)) = (&before.own, &after.own) else {
            return;
        };
        let built = |own: &Own| difference::Built {
            functions: Some(own.functions.clone()),
            ..difference::Built::default()
        };
        let compared = difference::executable(&built(old), &built(new));
        found.own_code = compared.code;
        let is_both = |it: &difference::Function| {
            it.frame.before.is_some() && it.frame.after.is_some() && it.frame.growth() != 0
        };
        found.frames = compared.functions.into_iter().filter(is_both).collect();
        found.frames.order_by(|a, b| {
            let size = |it: &difference::Function| it.frame.growth().abs();
            size(b).cmp(&size(a)).then_with(|| a.name.cmp(&b.name))
        });
        found.inlining = inlining(old, new);
    }

    fn checks(&self, before: &Read, after: &Read) -> Vec<report::Changed> {
        let old = before.checks(self.before.0, &self.before.1.loaded);
        let new = after.checks(self.after.0, &self.after.1.loaded);
        let seen = |it: &Finding| report::Seen {
            status: it.status,
            message: it.message.clone(),
            hint: it.hint.clone(),
        };
        let of = |all: &[Finding], id: &str| all.iter().find(|it| it.id == id).map(seen);
        // Of these the page has lines of its own.
        let is_told = |id: &&str| *id != "escapes";
        let mut ids: Vec<&str> = old.iter().map(|it| it.id.as_str()).collect();
        let more = new.iter().map(|it| it.id.as_str());
        let more: Vec<&str> = more.filter(|id| !ids.contains(id)).collect();
        ids.extend(more);
        let changed = |id: &str| report::Changed {
            id: id.to_owned(),
            before: of(&old, id),
            after: of(&new, id),
        };
        let all = ids.into_iter().filter(is_told).map(changed);
        all.filter(|it| it.before != it.after).collect()
    }

    fn defaults(&self, package: &str) -> Option<report::Godebug> {
        let known = self.godebug;
        let (old, new) = (&self.before.0.plan.facts, &self.after.0.plan.facts);
        let of = |facts: &'_ Facts| -> String {
            let mut mains = facts.packages.iter();
            let main = mains.find(|it| it.import_path == package);
            main.map(|it| it.default_godebug.clone())
                .unwrap_or_default()
        };
        let (before, after) = (of(old), of(new));
        let linked = |path: &str| new.packages.iter().any(|it| it.import_path == path);
        Some(report::godebug(&report::GodebugInputs {
            defaults: (&before, &after),
            tables: (known.tables.0.as_ref(), known.tables.1.as_ref()?),
            lines: known.lines,
            to: minor(new),
            version: &new.toolchain.version,
            own: known.own,
            linked: &linked,
        }))
    }

    fn processors(
        &self,
        before: &Read,
        after: &Read,
        godebug: Option<&report::Godebug>,
    ) -> report::Processors {
        let contract = |read: &Read, (part, side): (&Part, &Side)| {
            gomaxprocs::contract(&read.context(part, &side.loaded))
        };
        let old = gomaxprocs::judge(&contract(before, self.before));
        let mut now = contract(after, self.after);
        let new = gomaxprocs::judge(&now);
        let mut found = report::Processors {
            before: Some(words(&old).0),
            after: Some(words(&new).0),
            ..report::Processors::default()
        };
        let name = "containermaxprocs";
        let flips = godebug.is_some_and(|it| it.flips.iter().any(|held| held.name == name));
        if flips {
            now.switched_off = false;
            if let GoLine::Is(line, _) = &mut now.go_line {
                *line = format!("1.{}", minor(&self.after.0.plan.facts));
            }
            let (moved, hint) = words(&gomaxprocs::judge(&now));
            (found.moved, found.hint) = (Some(moved), hint);
        }
        found
    }
}

/// Bytes by owner, where both files can be read.
fn owners(
    before: &Read,
    after: &Read,
    reasons: &Reasons,
    found: &mut report::Executable,
) -> Result<()> {
    let (Some(old), Some(new)) = (&before.subject, &after.subject) else {
        let words = "bytes by owner: a file cannot be read";
        found.notes.push(words.into());
        return Ok(());
    };
    let rules = Rules {
        floor: FLOOR,
        fail_over: None,
    };
    if let Some(pair) = compare(old, new, None, rules)?.pairs.pop() {
        let owners = |it: &Option<_>| it.as_ref().map(|it| report::owners(it, reasons));
        found.modules = owners(&pair.modules).unwrap_or_default();
        found.packages = owners(&pair.packages).unwrap_or_default();
        found.kinds = pair.kinds;
        found.picture = pair.picture;
    }
    Ok(())
}

/// The inlined calls of own functions; `None` where a side does not say.
fn inlining(old: &Own, new: &Own) -> Option<report::Inlining> {
    let (old, new) = (old.inlined.as_ref()?, new.inlined.as_ref()?);
    let call = |it: &InlinedCall<'_>| report::Call {
        caller: it.caller.to_string(),
        callee: it.callee.to_string(),
        line: it.offset,
    };
    Some(report::Inlining {
        calls: Pair::of(old.len() as u64, new.len() as u64),
        gained: new.difference(old).map(call).collect(),
        lost: old.difference(new).map(call).collect(),
    })
}

/// What is said of processors, and what to do.
fn words(seen: &Seen) -> (String, Option<String>) {
    match seen {
        Seen::Good(message) | Seen::Skipped(message) => (message.clone(), None),
        Seen::Bad(message, hint) => (message.clone(), Some(hint.clone())),
        Seen::NotJudged { cause, .. } => (cause.to_string(), None),
    }
}

/// A site, with its line counted from that of its declaration.
fn placed(site: Site, collected: &Collected) -> report::Placed {
    let same = |it: &&IdentifiedSite| {
        it.site.line == site.line
            && it.identity.package == site.package
            && it.identity.function == site.function
    };
    let found = collected.sites.iter().find(same);
    let line = found.filter(|it| it.start > 0);
    let line = line.map(|it| i64::from(it.site.line) - i64::from(it.start));
    (site, line)
}

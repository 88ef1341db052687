//! Explains why one of two executables is larger: builds the files between them, with one change more each, in a fixed
//! order: Go, settings, profile, modules, own packages.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::sync::Arc;

use super::super::Session;
use super::super::upgrade::own_modfile::Modfile;
use super::super::upgrade::wished_versions::Bump;
use super::point::{Given, Point, Tree};
use super::version_order::by_version;
use crate::build::Event;
use crate::error::{Error, Kind, Result};
use crate::facts::unpassed;
use crate::order::Ordered;
use crate::plan::pgo::Candidate;
use crate::report::comparison::{settings, version};
use crate::report::growth::{CauseKind, Change, Growth, Side, Step, exact as charged};

/// Builds both files again, and what is between them.
///
/// Fails with [`Kind::Usage`] for files of two platforms, for commits that are not in the repository around us, and where a
/// file cannot be built again.
pub fn exact(given: [&Given; 2], session: &mut Session<'_>) -> Result<Growth> {
    check_alike(given)?;
    let [before, after] = given;
    let trees = [Tree::of(before, session)?, Tree::of(after, session)?];
    let mut first = Point::of(before, &trees[0]);
    let last = Point::of(after, &trees[1]);
    let profiles = [profile(&first, session)?, profile(&last, session)?];
    let start = first.build(session).map_err(|error| again(error, before))?;
    is_near(before, start.size)?;
    let differs =
        profiles[0].as_ref().map(|of| &of.digest) != profiles[1].as_ref().map(|of| &of.digest);
    if differs {
        first.profile = Some(value(&profiles[0]));
    }
    let mut walk = Walk {
        first: before,
        at: first,
        waiting: Vec::new(),
        steps: Vec::new(),
        built: start.size,
        notes: Vec::new(),
    };
    walk.settings(after, session)?;
    if differs {
        walk.at.profile = Some(value(&profiles[1]));
        walk.go_on(change(CauseKind::Profile, "", None, None), session)?;
    }
    walk.modules(before, after, session)?;
    walk.end(last, after, session)?;
    let sizes = [before, after].map(|of| of.binary.file_size);
    let mut found = charged(sizes, &start, &walk.steps);
    found.notes.extend(walk.notes);
    let again = [(before, start.size), (after, walk.built)];
    found.notes.extend(again.into_iter().filter_map(not_equal));
    found.notes.extend(modules_that_came(before, after));
    Ok(found)
}

/// Fails with [`Kind::Usage`] for files of two platforms or of two programs.
fn check_alike(given: [&Given; 2]) -> Result<()> {
    let [old, new] = given.map(|of| (&of.binary.goos, &of.binary.goarch));
    if old != new {
        let message = "`--exact` builds what is between two files, and these are of two platforms";
        return Err(Error::new(Kind::Usage, message).hint("compare two files of one platform"));
    }
    let [old, new] = given.map(|of| &of.build.path);
    if old != new {
        let message = format!(
            "`--exact` builds what is between two files of one program, and these are `{old}` and `{new}`"
        );
        return Err(Error::new(Kind::Usage, message).hint("leave out `--exact`"));
    }
    Ok(())
}

fn change(kind: CauseKind, name: &str, before: Option<&str>, after: Option<&str>) -> Change {
    Change {
        kind,
        name: name.to_owned(),
        before: before.map(str::to_owned),
        after: after.map(str::to_owned),
    }
}

/// A profile that a build uses.
struct Profile {
    digest: String,
    path: String,
}

/// As go takes it.
fn value(profile: &Option<Profile>) -> String {
    profile.as_ref().map_or("off".into(), |of| of.path.clone())
}

/// The profile of the sources of a file.
fn profile(point: &Point<'_>, session: &mut Session<'_>) -> Result<Option<Profile>> {
    let prepared = point
        .prepare(session)
        .map_err(|error| again(error, point.like))?;
    let Some(facts) = prepared.facts.first() else {
        return Ok(None);
    };
    let read = |found: &Candidate| {
        Some(Profile {
            digest: found.sha256.clone()?,
            path: found.file(&facts.go.cwd).display().to_string(),
        })
    };
    Ok(facts.pgo.applied(&point.like.build.path).and_then(read))
}

fn again(error: Error, given: &Given) -> Error {
    let mut error = unpassed(error, &given.path);
    if matches!(error.kind, Kind::Go | Kind::Usage) {
        let shown = given.path.display();
        error.message = format!("`{shown}` cannot be built again: {}", error.message);
        let hint = "files that git does not hold, and directories beside the repository, are not there; leave out `--exact`";
        error.hint.get_or_insert_with(|| hint.into());
    }
    error
}

/// By how much a file that was built again may differ: by stamps, which may move the segments behind them by a page each;
/// without -trimpath by the lengths of paths as well.
fn room(given: &Given) -> u64 {
    let of = &given.binary;
    let platform = [&of.goos, &of.goarch].map(|word| word.as_deref().unwrap_or_default());
    let page = match (platform[0], platform[1]) {
        ("darwin" | "ios" | "windows" | "js" | "wasip1", _) => 16 << 10,
        (_, "386" | "amd64" | "s390x") => 4 << 10,
        _ => 64 << 10,
    };
    let most = (given.binary.file_size / 200).max(16 << 10);
    match given.build.setting("-trimpath") {
        Some("true") => most.min(2 * page + 1024),
        _ => most,
    }
}

/// What a file that was built again has more or less than the one that was given.
fn not_equal((given, built): (&Given, u64)) -> Option<String> {
    let change = i128::from(built) - i128::from(given.binary.file_size);
    let shown = given.path.display();
    (change != 0).then(|| {
        format!("`{shown}` has {change:+} bytes when it is built again: its stamps, and what it does not record")
    })
}

/// Fails where the file that was built again, of `built` bytes, is another program.
fn is_near(given: &Given, built: u64) -> Result<()> {
    let size = given.binary.file_size;
    if built.abs_diff(size) <= room(given) {
        return Ok(());
    }
    let message = format!(
        "`{}` cannot be built again: it has {size} bytes, and the sources that it names make {}",
        given.path.display(),
        built
    );
    Err(Error::new(Kind::Usage, message).hint(match given.commit() {
        Some(_) => "it records no flags of the linker, and no files beside its commit; leave out `--exact`",
        None => "it records no commit, so that the files here were built; check its sources out, or leave out `--exact`",
    }))
}

/// The way from one file to the other.
struct Walk<'p> {
    /// The file that it begins with.
    first: &'p Given,
    at: Point<'p>,
    /// What changed since the last file that builds.
    waiting: Vec<Change>,
    steps: Vec<Step>,
    /// The size of the last file that builds.
    built: u64,
    /// Why changes were not built alone.
    notes: Vec<String>,
}

impl<'p> Walk<'p> {
    /// Builds with one change more. Where that does not build, it counts with the next.
    fn go_on(&mut self, change: Change, session: &mut Session<'_>) -> Result<()> {
        self.waiting.push(change);
        self.say(session);
        match self.at.build(session) {
            Ok(side) => self.add(side),
            Err(error) if matches!(error.kind, Kind::Go | Kind::Usage) => self.not_alone(&error),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn say(&self, session: &mut Session<'_>) {
        let last = self.waiting.last().map(Change::to_string);
        (session.show)(Event::Talk(&format!(
            "building with {}",
            last.unwrap_or_default()
        )));
    }

    /// The last change counts with the next, and this is why.
    fn not_alone(&mut self, error: &Error) {
        let change = self.waiting.last().map(Change::to_string);
        let change = change.unwrap_or_default();
        self.notes
            .push(format!("not built alone: {change}: {}", error.message));
    }

    fn add(&mut self, side: Side) {
        self.built = side.size;
        let changes = std::mem::take(&mut self.waiting);
        self.steps.push(Step { changes, side });
    }

    /// Go, and the settings.
    fn settings(&mut self, after: &'p Given, session: &mut Session<'_>) -> Result<()> {
        let before = self.at.like;
        if before.go() != after.go() {
            self.at.go = after.go();
            let (old, new) = (Some(before.go()), Some(after.go()));
            self.go_on(change(CauseKind::Toolchain, "", old, new), session)?;
        }
        // What is recorded and says nothing of sizes is that of the other file from here on, too.
        self.at.like = after;
        match changed_settings(before, after) {
            Some(change) => self.go_on(change, session),
            None => Ok(()),
        }
    }

    /// Each module that both files have in two versions: first those that become newer, which go may need for one another.
    fn modules(&mut self, before: &Given, after: &Given, session: &mut Session<'_>) -> Result<()> {
        let (old, new) = (versions(before), versions(after));
        let both = old
            .iter()
            .filter_map(|(path, old)| Some((*path, *old, *new.get(path)?)));
        let both = both.filter(|(_, old, new)| old != new);
        let is_older = |(_, old, new): &(&str, &str, &str)| by_version(new, old) == Ordering::Less;
        let (older, newer): (Vec<_>, Vec<_>) = both.partition(is_older);
        for (path, old, new) in newer.into_iter().chain(older) {
            let change = change(CauseKind::ModuleVersion, path, Some(old), Some(new));
            match self.moved(path, new, session) {
                Ok(modfile) => {
                    self.at.modfile = Some(Arc::new(modfile));
                    self.go_on(change, session)?;
                }
                Err(error) if matches!(error.kind, Kind::Go | Kind::Usage) => {
                    self.waiting.push(change);
                    self.not_alone(&error);
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    /// The go.mod of here with another version of a module.
    fn moved(&self, path: &str, version: &str, session: &mut Session<'_>) -> Result<Modfile> {
        let prepared = self.at.prepare(session)?;
        let facts = prepared.facts.first();
        let facts = facts.ok_or_else(|| Error::new(Kind::Go, "go names no target"))?;
        let source = match &self.at.modfile {
            Some(modfile) => modfile.path.clone(),
            None => (&facts.toolchain.gomod).into(),
        };
        let copy = Modfile::copy(&source, &[], true, session)?;
        let bump = Bump {
            path: path.to_owned(),
            query: format!("{path}@{version}"),
        };
        copy.get(&facts.go, &[bump], session)?;
        Ok(copy)
    }

    /// The last file: other sources, and what did not build without them.
    fn end(&mut self, last: Point<'p>, after: &Given, session: &mut Session<'_>) -> Result<()> {
        let names = [self.at.tree, last.tree].map(Tree::name);
        let is_same = names[0].is_some() && names[0] == names[1];
        let here = |tree: &Tree| matches!(tree, Tree::Here(_));
        let is_same = is_same || (here(self.at.tree) && here(last.tree));
        self.waiting.extend(replaced(self.first, after));
        if !is_same {
            let main = after.build.main.as_ref();
            let main = main.map_or(after.build.path.as_str(), |main| main.path.as_str());
            let [old, new] = names.map(|name| name.unwrap_or_else(|| "as it is here".into()));
            self.waiting
                .push(change(CauseKind::Own, main, Some(&old), Some(&new)));
        }
        if !self.waiting.is_empty() {
            self.at = last;
            self.say(session);
            let side = self
                .at
                .build(session)
                .map_err(|error| again(error, after))?;
            self.add(side);
        }
        is_near(after, self.built)
    }
}

/// The settings that differ, as one change; of a single one, its values.
fn changed_settings(before: &Given, after: &Given) -> Option<Change> {
    let (old, new) = (recorded(before), recorded(after));
    let mut names: Vec<&str> = old.keys().chain(new.keys()).map(String::as_str).collect();
    names.retain(|name| old.get(*name) != new.get(*name));
    names.sort_unstable();
    names.dedup();
    let kept = |of: &Given| (of.binary.has_symbols, of.binary.has_dwarf);
    if kept(before) != kept(after) && !names.contains(&"-ldflags") {
        names.push("symbols and debug information");
    }
    let values = match names.as_slice() {
        [] => return None,
        [only] => [&old, &new].map(|all| all.get(*only).map(String::as_str)),
        _ => [None, None],
    };
    let names = names.join(", ");
    Some(change(CauseKind::Settings, &names, values[0], values[1]))
}

/// The settings of a build that decide about sizes, and those of C.
fn recorded(of: &Given) -> BTreeMap<String, String> {
    let c = of.build.settings.iter();
    let c = c.filter(|(name, _)| name.starts_with("CGO_"));
    let mut all = settings(&of.build);
    all.extend(c.cloned());
    all
}

/// Modules of both files for which something else stands in, in one of them or another in each.
fn replaced(before: &Given, after: &Given) -> Vec<Change> {
    let each = before.build.deps.iter().filter_map(|old| {
        let new = after.build.deps.iter().find(|new| new.path == old.path)?;
        let differs = old.replace.is_some() || new.replace.is_some();
        let (from, to) = (version(old), version(new));
        (differs && from != to)
            .then(|| change(CauseKind::ModuleVersion, &old.path, Some(&from), Some(&to)))
    });
    each.collect()
}

/// The modules of a file by path, those that something else stands in for left out.
fn versions(of: &Given) -> BTreeMap<&str, &str> {
    let modules = of.build.deps.iter();
    let own = modules.filter(|module| module.replace.is_none());
    own.map(|module| (module.path.as_str(), module.version.as_str()))
        .ordered()
}

/// Modules that only one of the files has: they come and go with own packages, or with other modules.
fn modules_that_came(before: &Given, after: &Given) -> Vec<String> {
    let all = |of: &'_ Given| -> BTreeMap<String, String> {
        let modules = of.build.deps.iter();
        let named = modules.map(|module| (module.path.clone(), version(module)));
        named.ordered()
    };
    let (old, new) = (all(before), all(after));
    let only = |these: &BTreeMap<String, String>, others: &BTreeMap<String, String>| {
        let own = these.iter().filter(|(path, _)| !others.contains_key(*path));
        let named = own.map(|(path, version)| format!("{path} {version}"));
        named.collect::<Vec<_>>().join(", ")
    };
    let lists = [
        ("new modules", only(&new, &old)),
        ("modules that are gone", only(&old, &new)),
    ];
    let some = lists.into_iter().filter(|(_, list)| !list.is_empty());
    let line = |(word, list)| format!("{word}, with what uses them: {list}");
    some.map(line).collect()
}

//! `accept`: what a fresh run finds becomes the lock, or one entry of it is loosened with a reason.

mod everything;

mod loosen;

use super::lock_file::{self, FoundExecutable};
use super::pass::{self, Pass};
use super::staged::Staged;
use super::{Output, Session};
use crate::check;
use crate::cli;
use crate::command::prepare::{prepare, prepare_for};
use crate::error::{Error, Kind, Result};
use crate::facts::{self, Prepared, Purpose};
use crate::lock::{Item, Lock};
use crate::plan::Typed;
use everything::everything;
use loosen::loosen;

/// An entry of the lock that is named, to be loosened.
#[derive(Debug, PartialEq, Eq)]
enum NamedItem {
    /// A site by its ID.
    Site(String),
    /// An entry of executables: of the one with this name, `None`: of every one.
    Fact(Item, Option<String>),
}

/// What a run found.
struct Fresh<'a> {
    /// The sites.
    pass: &'a Pass,
    /// The executables.
    executables: &'a [FoundExecutable],
    /// What the user wants.
    config: &'a crate::config::Config,
    /// Packages were named: the rest of the lock stays.
    partial: bool,
}

/// Runs what the items need, and writes the lock.
pub(crate) fn run(args: &cli::Accept, session: &mut Session<'_>) -> Result<Output> {
    let (items, typed) = items(&args.typed)?;
    let reason = reason(args.reason.as_deref(), !items.is_empty())?;
    if args.settings.config_from.is_some() {
        let why = "`--config-from` is for a run that judges; `accept` writes the lock of now";
        return Err(Error::new(Kind::Usage, why).hint("leave it out"));
    }
    // Paths and the lock first: a lock that cannot be read costs no build.
    let prepared = prepare_for(&args.settings, &typed, Purpose::Escapes, session)?;
    let path = lock_file::path_of(&prepared);
    let before = lock_file::load(&path, &session.cwd)?;
    let config = prepared.loaded.config.clone();
    let asked = (items.as_slice(), &typed);
    let (pass, found) = fresh(args, asked, prepared, before.as_ref(), session)?;
    let mut lock = before.clone().unwrap_or_default();
    let fresh = Fresh {
        pass: &pass,
        executables: &found,
        config: &config,
        partial: !typed.packages.is_empty(),
    };
    let done = if items.is_empty() {
        everything(&mut lock, &fresh, reason.as_deref())?
    } else {
        loosen(&mut lock, &items, &fresh, &reason.unwrap_or_default())?
    };
    let shown = path.strip_prefix(&session.cwd).unwrap_or(&path).display();
    if Some(&lock) == before.as_ref() {
        return Ok(text(vec![format!("{shown} says all of that already")]));
    }
    lock_file::save(&lock, &path, &session.interrupt)?;
    let mut lines = vec![format!("wrote {shown}")];
    lines.extend(done);
    Ok(text(lines))
}

/// Runs what the items need: the escape pass alone where only sites are asked for or nothing is linked, else a release.
fn fresh(
    args: &cli::Accept,
    (items, typed): (&[NamedItem], &Typed),
    prepared: Prepared,
    lock: Option<&Lock>,
    session: &mut Session<'_>,
) -> Result<(Pass, Vec<FoundExecutable>)> {
    let is_site = |wanted: &NamedItem| matches!(wanted, NamedItem::Site(_));
    let only_sites = !items.is_empty() && items.iter().all(is_site);
    let mut packages = prepared.facts.iter().flat_map(|facts| &facts.packages);
    if only_sites || !packages.any(|package| package.is_named_main()) {
        return Ok((pass::collect(prepared, session)?, Vec::new()));
    }
    let sites = items.is_empty() || items.iter().any(is_site);
    release(args, typed, sites, lock, session)
}

fn text(lines: Vec<String>) -> Output {
    Output {
        text: lines
            .iter()
            .map(|line| crate::render::harmless(line) + "\n")
            .collect(),
        ..Output::default()
    }
}

/// Items look like nothing that go takes for a package: ten hexadecimal digits, and what [`Item`] reads.
fn items(typed: &Typed) -> Result<(Vec<NamedItem>, Typed)> {
    let mut typed = typed.clone();
    let mut items = Vec::new();
    for word in typed.packages.iter().filter_map(|package| package.to_str()) {
        if item(word).is_none() {
            almost(word)?;
        }
    }
    typed.packages.retain(|package| {
        let item = package.to_str().and_then(item);
        let is_item = item.is_some();
        items.extend(item);
        !is_item
    });
    Ok((items, typed))
}

/// What go would only call a malformed import path: no package has a colon in its path or the name of a check.
fn almost(word: &str) -> Result<()> {
    let is_check = check::ALL.iter().any(|check| check.id == word);
    let is_path = word.starts_with(['.', '/']) || word.ends_with(".go");
    // A path that is one bare word is of the standard library, or of a directory below GOPATH; neither is accepted by name.
    let is_bare = !word.contains(['.', '/', ':']) && !["all", "std", "cmd"].contains(&word);
    if is_path || !(is_check || is_bare || word.contains(':')) {
        return Ok(());
    }
    let bare = word
        .strip_prefix("lock-")
        .filter(|rest| item(rest).is_some());
    let hint = match bare {
        Some(bare) => format!("did you mean `{bare}`?"),
        None => format!(
            "an item is {}, or the ten digits of a site; a package is written `./DIRECTORY`",
            Item::FORMS.join(", ")
        ),
    };
    let message = format!("`{word}` is neither an item of the lock nor a package");
    Err(Error::new(Kind::Usage, message).hint(hint))
}

fn item(text: &str) -> Option<NamedItem> {
    if let Ok(item) = text.parse() {
        return Some(NamedItem::Fact(item, None));
    }
    if let Some(name) = text.strip_prefix("size:") {
        return Some(NamedItem::Fact(Item::Size, Some(name.to_owned())));
    }
    let hex = |c: char| c.is_ascii_digit() || ('a'..='f').contains(&c);
    (text.len() == 10 && text.chars().all(hex)).then(|| NamedItem::Site(text.to_owned()))
}

fn reason(given: Option<&str>, required: bool) -> Result<Option<String>> {
    let given = given.map(str::trim).filter(|text| !text.is_empty());
    match given {
        None if required => Err(Error::new(Kind::Usage, "to loosen an entry takes a reason")
            .hint("add `--reason TEXT`: it stands in the lock, for whoever reads it")),
        given => Ok(given.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" "))),
    }
}

/// A release that publishes nothing and compares with nothing.
fn release(
    args: &cli::Accept,
    typed: &Typed,
    sites: bool,
    lock: Option<&Lock>,
    session: &mut Session<'_>,
) -> Result<(Pass, Vec<FoundExecutable>)> {
    let mut prepared = prepare(&args.settings, typed, session)?;
    prepared.narrow(facts::Wanted::Accepted { sites });
    let executed = Staged::apart(prepared, session)?.execute(lock, session)?;
    let artifacts = executed.analyze(session)?;
    let mut built = executed.built.iter();
    if let Some(failure) = built.find_map(|built| built.escape_failure.as_ref()) {
        return Err(
            Error::new(Kind::Go, "there is no escape report to accept").detail(failure.clone())
        );
    }
    let executables = lock_file::found(&executed.plan, &artifacts);
    Ok((Pass::of(executed), executables))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn items_are_told_from_packages() {
        let fact = |item, name: Option<&str>| Some(NamedItem::Fact(item, name.map(str::to_owned)));
        assert_eq!(
            item("0123456789"),
            Some(NamedItem::Site("0123456789".into()))
        );
        assert_eq!(item("size"), fact(Item::Size, None));
        assert_eq!(item("size:api"), fact(Item::Size, Some("api")));
        assert_eq!(item("cgo:net"), fact(Item::Cgo("net".into()), None));
        for package in ["./cmd/api", "size/x", "net/http", "all"] {
            assert_eq!(item(package), None);
            almost(package).unwrap();
        }
        let hint = |word| almost(word).unwrap_err().hint.unwrap();
        assert_eq!(hint("lock-cgo:net"), "did you mean `cgo:net`?");
        assert_eq!(hint("lock-dead-code"), "did you mean `dead-code`?");
        for word in [
            "cgo:",
            "modul:example.com/x",
            "lock-cgo",
            "gomaxprocs",
            "0123456789a",
            "01234ABCDE",
        ] {
            assert!(hint(word).starts_with("an item is size, "), "{word}");
        }
        almost("./odd:name").unwrap();
    }
}

//! The gates of the revision that a change started from, read from git: they are compared with those of today, or used to
//! judge the run.

mod ci;

use std::path::Path;
use std::rc::Rc;

use crate::config::layer::Loaded;
use crate::config::{self, Config, FILE, Sources};
use crate::error::{Error, Kind, Result};
use crate::gate::{Change, Side, loosened, noted};
use crate::go::past::Past;
use crate::input;
use crate::lock::{self, Lock};
use crate::plan::Facts;
use crate::session::Session;

/// The gates of an earlier revision.
#[derive(Debug)]
pub(crate) struct Earlier {
    past: Past,
    /// Its configuration, with the environment and the flags of now.
    pub(crate) loaded: Loaded,
    /// The configuration of now.
    now: Config,
    /// Whether its gates judge this run.
    pub(crate) judges: bool,
}

/// What is known of the revision that a change started from.
#[derive(Debug, Default)]
pub(crate) enum Known {
    /// Nothing says that the change is somebody else's.
    #[default]
    Unasked,
    /// The change is somebody else's, but the revision that it started from is not there: its name, and why.
    Not(String, String),
    /// The gates of the revision.
    Gates(Box<Earlier>),
}

/// The layers of the command line.
type Layers<'a> = dyn Fn() -> Result<Sources> + 'a;

/// The revision: `from` (`--config-from`), whose gates then judge, or where CI says that the branch of a pull request started.
pub(crate) fn find(
    from: Option<&str>,
    sources: &Layers<'_>,
    loaded: &mut Loaded,
    cwd: &Path,
    session: &Session<'_>,
) -> Result<Known> {
    let found = look(from, sources, loaded, cwd, session)?;
    if let Known::Gates(it) = &found
        && it.judges
    {
        loaded.judge_by(&it.loaded);
        if it.is_of_the_base(cwd, session)? {
            loaded.allowed.extend_from_slice(&it.loaded.allowed);
        }
    }
    Ok(found)
}

impl Earlier {
    /// Whether a change cannot have written the revision: in a pull request it has to be the tip of the target branch, or where the
    /// change left it. Elsewhere whoever names it vouches for it.
    fn is_of_the_base(&self, cwd: &Path, session: &Session<'_>) -> Result<bool> {
        let text = |name: &str| session.variable(name)?.to_str().map(str::to_owned);
        let Some(base) = ci::base(text) else {
            return Ok(true);
        };
        let Ok((name, _)) = base.revision() else {
            return Ok(false);
        };
        let Ok(tip) = Past::find(&name, cwd, &session.interrupt)? else {
            return Ok(false);
        };
        let is_tip = tip.commit == self.past.commit;
        let left = tip.fork_point(&session.interrupt)?;
        Ok(is_tip || left.is_ok_and(|left| left.commit == self.past.commit))
    }
}

fn look(
    from: Option<&str>,
    sources: &Layers<'_>,
    loaded: &Loaded,
    cwd: &Path,
    session: &Session<'_>,
) -> Result<Known> {
    if let Some(name) = from {
        return named(name, sources, loaded, cwd, session);
    }
    let text = |name: &str| session.variable(name)?.to_str().map(str::to_owned);
    let Some(base) = ci::base(text) else {
        return Ok(Known::Unasked);
    };
    let (name, shown) = match base.revision() {
        Ok(named) => named,
        Err(variable) => {
            let pull = format!("{variable} says that this is a pull request");
            let why = format!("{pull}, and nothing says to which branch");
            return Ok(Known::Not("the target branch".into(), why));
        }
    };
    let found = match Past::find(&name, cwd, &session.interrupt)? {
        Ok(past) => past.fork_point(&session.interrupt)?,
        Err(why) => Err(why.sentence(&name)),
    };
    let found = found.map(|past| gates(past, false, sources, loaded, session));
    match found {
        Ok(Ok(earlier)) => Ok(known(earlier)),
        // A configuration of the past that cannot be read is no reason to build nothing.
        Ok(Err(error)) if error.kind == Kind::Usage => Ok(Known::Not(shown, error.to_string())),
        Ok(Err(error)) => Err(error),
        Err(why) => Ok(Known::Not(shown, why)),
    }
}

/// The configuration of a revision that was named.
fn named(
    name: &str,
    sources: &Layers<'_>,
    loaded: &Loaded,
    cwd: &Path,
    session: &Session<'_>,
) -> Result<Known> {
    let past = Past::find(name, cwd, &session.interrupt)?.map_err(|why| {
        let message = format!("`--config-from {name}`: {}", why.sentence(name));
        Error::new(Kind::Usage, message).hint(why.hint())
    })?;
    gates(past, true, sources, loaded, session).map(known)
}

fn known(earlier: Earlier) -> Known {
    Known::Gates(Box::new(earlier))
}

fn gates(
    mut past: Past,
    judges: bool,
    sources: &Layers<'_>,
    loaded: &Loaded,
    session: &Session<'_>,
) -> Result<Earlier> {
    if let Some(short) = past.name.strip_prefix("refs/remotes/") {
        past.name = short.to_owned();
    }
    let mut sources = sources()?;
    let (reader, interrupt) = (past.clone(), session.interrupt.clone());
    sources.past = Some(config::Past {
        name: past.shown(),
        read: Rc::new(move |path| text(&reader, path, &interrupt)),
    });
    Ok(Earlier {
        loaded: config::load(&sources)?,
        now: loaded.config.clone(),
        judges,
        past,
    })
}

fn text(past: &Past, path: &Path, interrupt: &crate::process::Interrupt) -> Result<Option<String>> {
    let Some(bytes) = past.read(path, input::TEXT, interrupt)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        let shown = path.display();
        Error::new(
            Kind::Usage,
            format!("`{shown}` of `{}` is not UTF-8 text", past.name),
        )
    })?;
    Ok(Some(text))
}

impl Earlier {
    /// The lock of the revision, `None` where it has none.
    pub(crate) fn lock(&self, path: &Path, session: &Session<'_>) -> Result<Option<Lock>> {
        let text = text(&self.past, path, &session.interrupt)?;
        let name = format!("{} of {}", lock::FILE, self.past.name);
        text.map(|text| lock::read(&text, &name)).transpose()
    }
}

impl Known {
    /// The lock that judges: that of the revision where its gates do, else that of now.
    pub(crate) fn judging(
        &self,
        path: &Path,
        now: Option<Lock>,
        session: &Session<'_>,
    ) -> Result<Option<Lock>> {
        match self {
            Self::Gates(it) if it.judges => it.lock(path, session),
            _ => Ok(now),
        }
    }

    /// Whether the gates of an earlier revision judge.
    pub(crate) fn judges(&self) -> bool {
        matches!(self, Self::Gates(it) if it.judges)
    }

    /// What the change loosens.
    pub(crate) fn change(
        &self,
        lock_path: &Path,
        lock: Option<&Lock>,
        facts: &[Facts],
        session: &Session<'_>,
    ) -> Result<Option<Change>> {
        let earlier = match self {
            Self::Unasked => return Ok(None),
            Self::Not(since, why) => return Ok(Some(unknown(since, why.clone()))),
            Self::Gates(earlier) => earlier,
        };
        let before = match earlier.lock(lock_path, session) {
            Ok(before) => before,
            Err(error) if error.kind == Kind::Usage && !earlier.judges => {
                return Ok(Some(unknown(&earlier.past.shown(), error.to_string())));
            }
            Err(error) => return Err(error),
        };
        let old = Side {
            config: &earlier.loaded.config,
            lock: before.as_ref(),
        };
        let config = &earlier.now;
        let mut found = loosened(old, Side { config, lock });
        found.extend(earlier.gone(session)?);
        found.extend(earlier.replaced(session)?);
        let mut noted = noted(&earlier.loaded.config, &earlier.now);
        noted.extend(earlier.other_profiles(facts, session)?);
        Ok(Some(Change {
            noted,
            since: earlier.past.shown(),
            judged_by: earlier.judges,
            loosened: found,
            unknown: None,
            severity: earlier.loaded.config.checks.get("loosened").copied(),
        }))
    }
}

/// No baseline is larger than what is read here; a larger one is not compared.
const LARGEST: u64 = 1 << 30;

impl Earlier {
    /// A configuration that was taken away: every gate of it is named beside.
    fn gone(&self, session: &Session<'_>) -> Result<Option<String>> {
        let Some(file) = &self.loaded.file else {
            return Ok(None);
        };
        session.interrupt.check()?;
        Ok((!file.is_file()).then(|| format!("{FILE} was removed")))
    }

    /// A baseline in the repository that is another file now.
    fn replaced(&self, session: &Session<'_>) -> Result<Option<String>> {
        let compare = &self.now.compare;
        if !compare.is_file() || *compare != self.loaded.config.compare {
            return Ok(None);
        }
        self.other("baseline", Path::new(&compare.baseline), session)
    }

    /// Profiles in the repository that are other files now.
    fn other_profiles(&self, facts: &[Facts], session: &Session<'_>) -> Result<Vec<String>> {
        let mut told = Vec::new();
        for it in facts {
            let candidates = it.pgo.candidates.iter();
            let files = candidates.flat_map(|profile| match profile.parts.as_slice() {
                [] => vec![&profile.path],
                parts => parts.iter().map(|part| &part.path).collect(),
            });
            for file in files {
                let sentence = self.other("profile", &it.go.cwd.join(file), session)?;
                told.extend(sentence.filter(|sentence| !told.contains(sentence)));
            }
        }
        Ok(told)
    }

    /// Whether a file of the revision has other bytes now.
    fn other(&self, what: &str, path: &Path, session: &Session<'_>) -> Result<Option<String>> {
        let Some(before) = self.past.read(path, LARGEST, &session.interrupt)? else {
            return Ok(None);
        };
        let now = input::read(path, LARGEST).unwrap_or_default();
        let (a, b) = (before.len(), now.len());
        let shown = path.file_name().unwrap_or_default().to_string_lossy();
        Ok((before != now)
            .then(|| format!("the {what} `{shown}` is another file: {b} B instead of {a} B")))
    }
}

/// What a change loosens is not known, and why.
fn unknown(since: &str, why: String) -> Change {
    Change {
        since: since.to_owned(),
        judged_by: false,
        loosened: Vec::new(),
        noted: Vec::new(),
        unknown: Some(why),
        severity: None,
    }
}

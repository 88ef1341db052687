//! Builds an executable from chosen sources, Go, settings, profile and modules, to measure its size.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::super::Session;
use super::super::inspect::{Extras, dissect};
use super::super::prepare::prepare_loaded;
use super::super::unpublished;
use super::super::upgrade::own_modfile::Modfile;
use crate::binary::{self, Binary, BuildInfo};
use crate::build::revision::{Revision, check_out};
use crate::cli::Settings;
use crate::config;
use crate::error::{Error, Kind, Result};
use crate::facts::{Prepared, Purpose, follow};
use crate::go::Other;
use crate::go::flags::Flag;
use crate::plan::Typed;
use crate::report::comparison;
use crate::report::growth::Side;

/// An executable that was given.
pub struct Given {
    /// As it was named.
    pub path: PathBuf,
    /// What it says of itself.
    pub binary: Binary,
    /// What it records of its build.
    pub build: BuildInfo,
}

impl Given {
    /// Reads the headers. Fails with [`Kind::Usage`] where the file does not say what it was built from.
    pub fn read(path: &Path, bytes: &[u8]) -> Result<Self> {
        let mut binary = binary::read(bytes)?;
        let build = binary
            .build_info
            .take()
            .filter(|build| !build.path.is_empty() && build.path != "command-line-arguments");
        let build = build.ok_or_else(|| {
            let shown = path.display();
            let message = format!("`--exact` builds what is between two files, and `{shown}` does not say what it was built from");
            Error::new(Kind::Usage, message).hint("leave out `--exact`")
        })?;
        Ok(Self {
            path: path.to_path_buf(),
            binary,
            build,
        })
    }

    /// The version of Go, without the experiments.
    pub fn go(&self) -> &str {
        self.build.go()
    }

    /// The commit that it was built from, where nothing was changed in it.
    pub fn commit(&self) -> Option<&str> {
        let is_clean = self.build.setting("vcs.modified") == Some("false");
        self.build.setting("vcs.revision").filter(|_| is_clean)
    }
}

/// Where sources lie.
pub enum Tree {
    /// In the directory that we are in.
    Here(PathBuf),
    /// In one of our own.
    At(Box<Revision>),
}

impl Tree {
    /// The sources at the commit of a file, otherwise those that lie here.
    ///
    /// Fails with [`Kind::Usage`] where the repository around us does not have the commit.
    pub fn of(given: &Given, session: &Session<'_>) -> Result<Self> {
        match given.commit() {
            Some(commit) => check_out(commit, &session.cwd, &session.interrupt)
                .map(|found| Self::At(Box::new(found))),
            None => Ok(Self::Here(session.cwd.clone())),
        }
    }

    fn cwd(&self) -> &Path {
        match self {
            Self::Here(cwd) => cwd,
            Self::At(revision) => &revision.cwd,
        }
    }

    /// The commit in short.
    pub fn name(&self) -> Option<String> {
        match self {
            Self::Here(_) => None,
            Self::At(revision) => Some(revision.past.commit.chars().take(12).collect()),
        }
    }
}

/// What an executable is built from.
#[derive(Clone)]
pub struct Point<'p> {
    /// The sources.
    pub tree: &'p Tree,
    /// The version of Go.
    pub go: &'p str,
    /// The file whose settings it has.
    pub like: &'p Given,
    /// The profile; `None`: what the sources say.
    pub profile: Option<String>,
    /// A go.mod in place of that of the sources.
    pub modfile: Option<Arc<Modfile>>,
}

impl<'p> Point<'p> {
    /// The executable as it was given.
    pub fn of(given: &'p Given, tree: &'p Tree) -> Self {
        Self {
            tree,
            go: given.go(),
            like: given,
            profile: None,
            modfile: None,
        }
    }

    /// Asks go. Fails with [`Kind::Go`] where a package does not load.
    pub fn prepare(&self, session: &mut Session<'_>) -> Result<Prepared> {
        let settings = Settings::default();
        let mut typed = Typed {
            cwd: self.tree.cwd().to_path_buf(),
            go: Some(Other::Version(self.go.to_owned())),
            ..Typed::default()
        };
        typed.flags.extend(self.profile.iter().map(|path| Flag {
            name: "pgo".into(),
            value: Some(path.clone()),
            bytes: None,
        }));
        if let Some(modfile) = &self.modfile {
            typed = modfile.used_by(&typed);
        }
        let mut loaded = config::load(&settings.sources(&typed.cwd, session.text_env())?)?;
        follow(&mut loaded, &self.like.binary, &self.like.build);
        prepare_loaded(loaded, &settings, &typed, Purpose::Look, session)
    }

    /// Builds it in a directory of our own. Fails with [`Kind::Go`] where it does not compile.
    pub fn build(&self, session: &mut Session<'_>) -> Result<Side> {
        let prepared = self.prepare(session)?;
        let built = unpublished::build_plain(prepared, session)?;
        let target = built.plan.targets.first();
        let executable = target.and_then(|target| Some((target, target.executables.first()?)));
        let (target, executable) =
            executable.ok_or_else(|| Error::new(Kind::Usage, "go names no executable"))?;
        let path = target.release_dir.join(&executable.name);
        let bytes = binary::open(&path)?;
        let dissected = dissect(&path, &bytes, None, Extras::default(), &session.interrupt)?;
        Ok(comparison::side(&dissected.inspection(0)?, None))
    }
}

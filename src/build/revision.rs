//! Writes the files of a revision of a git repository into a directory of their own.
//!
//! The tree, the index, the branches and the configuration of the repository stay as they are, and nothing is left in
//! it: the files are written from its objects. Nothing runs that the repository sets up.

mod blobs;

use std::path::{Path, PathBuf};

use super::marked::Marked;
use crate::error::{Error, Kind, Result};
use crate::go::past::{Missing, Past};
use crate::process::Interrupt;

/// The files of a revision; gone with this value.
#[derive(Debug)]
pub(crate) struct Revision {
    /// The revision.
    pub(crate) past: Past,
    /// Where the directory stands that was asked from.
    pub(crate) cwd: PathBuf,
    /// The root of the files.
    pub(crate) root: PathBuf,
    /// The directory that was asked from.
    pub(crate) here: PathBuf,
    directory: Marked,
}

impl Revision {
    /// Where a file or a directory of the repository stands among the files of the revision; `None` for one outside the
    /// repository.
    pub(crate) fn twin(&self, path: &Path) -> Option<PathBuf> {
        twin(path, &self.past.tops, &self.root)
    }

    /// A directory for files of ours.
    pub(crate) fn scratch(&self) -> &Path {
        self.directory.path()
    }
}

fn twin(path: &Path, tops: &[PathBuf], root: &Path) -> Option<PathBuf> {
    let below = tops.iter().find_map(|top| path.strip_prefix(top).ok())?;
    Some(root.join(below))
}

/// Writes the files of a revision of the repository around `cwd`.
///
/// Fails with [`Kind::Usage`] where there is no repository or no such revision, and where the directory did not exist then.
pub(crate) fn check_out(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<Revision> {
    let past = Past::find(name, cwd, interrupt)?.map_err(|why| missing(&why, name, cwd))?;
    let directory = Marked::create(&std::env::temp_dir()).map_err(|error| {
        Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
    })?;
    interrupt.warden.keep_directory(directory.path());
    // The same base name: it is the name of a program without a module path.
    let base = past.top().file_name().unwrap_or_else(|| "tree".as_ref());
    let root = directory.path().join("tree").join(base);
    blobs::write(past.top(), &past.commit, &root, directory.path(), interrupt)?;
    let there = root.join(&past.prefix);
    if !there.is_dir() {
        let shown = past.prefix.display();
        let message = format!("the directory `{shown}` does not exist in `{name}`");
        return Err(Error::new(Kind::Usage, message).hint("compare with a later revision"));
    }
    Ok(Revision {
        past,
        cwd: there,
        root,
        here: cwd.to_path_buf(),
        directory,
    })
}

fn missing(why: &Missing, name: &str, cwd: &Path) -> Error {
    let sentence = why.sentence(name);
    let message = match why {
        Missing::Repository(_) => {
            let shown = cwd.display();
            format!(
                "a comparison with a revision needs a git repository around `{shown}`: {sentence}"
            )
        }
        Missing::Revision => sentence,
    };
    Error::new(Kind::Usage, message).hint(why.hint())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_of_the_repository_has_one_in_the_revision() {
        // `/w` is a link to `/real/w`.
        let tops = ["/w", "/real/w"].map(PathBuf::from);
        let check = |path: &str| twin(Path::new(path), &tops, Path::new("/t/tree"));
        let there = |path: &str| Some(PathBuf::from(path));
        assert_eq!(check("/w/cmd/api"), there("/t/tree/cmd/api"));
        assert_eq!(check("/real/w/alt.mod"), there("/t/tree/alt.mod"));
        assert_eq!(check("/w"), there("/t/tree/"));
        assert_eq!(check("/other"), None);
    }
}

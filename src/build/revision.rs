//! A revision of a git repository in, its files in a directory of their own out.
//!
//! The tree, the index, the branches and the configuration of the repository stay as they are, and nothing is left in it: the
//! files are written from its objects. Nothing runs that the repository sets up.

mod blobs;

use std::path::{Path, PathBuf};

use super::marked::Marked;
use crate::error::{Error, Kind, Result};
use crate::go::git::{Git, bytes_to_path};
use crate::process::Interrupt;

/// The files of a revision; gone with this value.
#[derive(Debug)]
pub struct Revision {
    /// As it was asked for.
    pub name: String,
    /// The commit.
    pub commit: String,
    /// Where the directory stands that was asked from.
    pub cwd: PathBuf,
    /// The root of the files.
    pub root: PathBuf,
    /// The directory that was asked from.
    pub here: PathBuf,
    /// The root of its repository, as git and as the user names it: git resolves links.
    tops: [PathBuf; 2],
    directory: Marked,
}

impl Revision {
    /// Where a file or a directory of the repository stands among the files of the revision; `None` for one outside the
    /// repository.
    pub fn twin(&self, path: &Path) -> Option<PathBuf> {
        twin(path, &self.tops, &self.root)
    }

    /// A directory for files of ours.
    pub fn scratch(&self) -> &Path {
        self.directory.path()
    }
}

fn twin(path: &Path, tops: &[PathBuf], root: &Path) -> Option<PathBuf> {
    let below = tops.iter().find_map(|it| path.strip_prefix(it).ok())?;
    Some(root.join(below))
}

/// Writes the files of a revision of the repository around `cwd`.
///
/// Fails with [`Kind::Usage`] where there is no repository or no such revision, and where the directory did not exist then.
pub fn check_out(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<Revision> {
    let (top, prefix, commit) = resolve(name, cwd, interrupt)?;
    let directory = Marked::create(&std::env::temp_dir()).map_err(|error| {
        Error::new(Kind::Machine, "cannot make a temporary directory").source(error)
    })?;
    interrupt.warden.keep_directory(directory.path());
    // The same base name: it is the name of a program without a module path.
    let base = top.file_name().unwrap_or_else(|| "tree".as_ref());
    let root = directory.path().join("tree").join(base);
    blobs::write(&top, &commit, &root, directory.path(), interrupt)?;
    let there = root.join(&prefix);
    if !there.is_dir() {
        let shown = prefix.display();
        let message = format!("the directory `{shown}` does not exist in `{name}`");
        return Err(Error::new(Kind::Usage, message).hint("compare with a later revision"));
    }
    let named = cwd.ancestors().nth(prefix.components().count());
    let tops = [named.unwrap_or(&top).to_path_buf(), top];
    Ok(Revision {
        name: name.to_owned(),
        commit,
        cwd: there,
        root,
        here: cwd.to_path_buf(),
        tops,
        directory,
    })
}

/// The root of the repository, the way from there to `cwd`, and the commit.
fn resolve(name: &str, cwd: &Path, interrupt: &Interrupt) -> Result<(PathBuf, PathBuf, String)> {
    let git = Git::new(cwd, interrupt);
    let place = |what: &str| {
        git.ask(&["rev-parse", what])?.map_err(|why| {
            let shown = cwd.display();
            Error::new(
                Kind::Usage,
                format!("`--diff` needs a git repository around `{shown}`: {why}"),
            )
            .hint("run it in the checkout of the module")
        })
    };
    let (top, prefix) = (place("--show-toplevel")?, place("--show-prefix")?);
    let wanted = format!("{name}^{{commit}}");
    let args = [
        "rev-parse",
        "--verify",
        "--quiet",
        "--end-of-options",
        &wanted,
    ];
    let commit = git.ask(&args)?.map_err(|_| {
        Error::new(
            Kind::Usage,
            format!("`{name}` is no revision of this repository"),
        )
        .hint("name a branch, a tag or a commit; a shallow clone lacks older ones: `git fetch --unshallow`")
    })?;
    Ok((
        bytes_to_path(top),
        bytes_to_path(prefix),
        String::from_utf8_lossy(&commit).into_owned(),
    ))
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

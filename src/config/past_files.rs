//! Where the files of a configuration are read when it is not the working tree.

use std::path::Path;
use std::rc::Rc;

use super::Sources;
use crate::error::{Error, Kind, Result};
use crate::input;

/// The text of a file by its path, `None` where there was none.
type Read = dyn Fn(&Path) -> Result<Option<String>>;

/// Reads the files of an earlier revision.
#[derive(Clone)]
pub struct Past {
    /// Its name, for the origins of values.
    pub(crate) name: String,
    /// The reader.
    pub(crate) read: Rc<Read>,
}

impl std::fmt::Debug for Past {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.name)
    }
}

impl Sources {
    pub(super) fn has(&self, path: &Path) -> Result<bool> {
        match &self.past {
            Some(past) => Ok((past.read)(path)?.is_some()),
            // What is there and cannot be read is an error, not the same as none.
            None => Ok(path.symlink_metadata().is_ok()),
        }
    }

    pub(super) fn read(&self, path: &Path) -> Result<String> {
        let Some(past) = &self.past else {
            return input::text(path, input::TEXT)
                .map_err(|error| Error::unreadable("the configuration", path, error));
        };
        (past.read)(path)?.ok_or_else(|| {
            let shown = path.display();
            Error::new(
                Kind::Usage,
                format!("there is no `{shown}` in {}", past.name),
            )
        })
    }
}

//! A site as the report shows it.

use std::path::Path;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::build::escapes::Collected;
use crate::build::excerpt::Excerpt;
use crate::escape::added::Added;
use crate::escape::{IdentifiedSite, Identity};
use crate::lock::{self, class_name};
use crate::report::artifact::shown;
use crate::report::heat::SiteHeat;

/// A place that allocates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Site {
    /// Its name in the lock, the same after edits elsewhere.
    pub(crate) id: String,
    /// The import path.
    pub package: String,
    /// The enclosing declaration; empty where unknown.
    pub(crate) function: String,
    /// `boxing`
    pub class: String,
    /// The expression or the variable.
    pub expression: String,
    /// The file, relative to the working directory where it lies below; `null` for a site that is gone.
    pub file: Option<String>,
    /// Counted from 1; 0 where unknown.
    pub line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub column: u32,
    /// The compiler's words.
    pub message: String,
    /// The line of source; empty where it could not be read.
    pub(crate) source: String,
    /// Why it is no finding.
    pub(crate) reason: Option<String>,
    /// Percent of the profile spent in the function; `null` without a profile.
    #[serde(default)]
    pub(crate) weight: Option<f64>,
    /// What is allocated at its line; `null` without a profile, and where nothing is.
    #[serde(default)]
    pub(crate) heat: Option<SiteHeat>,
    /// The places of which one is the new site, where it is not known which; the line of the site is then 0.
    #[serde(default)]
    pub(crate) among: Vec<Place>,
}

/// A place in the file of a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub(crate) struct Place {
    /// Counted from 1.
    pub(crate) line: u32,
    /// Counted from 1, in bytes; 0 where unknown.
    pub(crate) column: u32,
    /// The line of source.
    pub(crate) source: String,
}

/// A site of a build, by its index.
pub(crate) fn site(collected: &Collected, index: usize, cwd: &Path) -> Site {
    located(&collected.sites[index], &collected.excerpts[index], cwd)
}

/// A site with its place and its line of source.
pub(crate) fn located(it: &IdentifiedSite, excerpt: &Excerpt, cwd: &Path) -> Site {
    let identity = lock::named(&it.identity);
    let path = it.site.source.as_deref().map(String::from_utf8_lossy);
    Site {
        file: Some(path.map_or_else(
            || it.site.file.clone(),
            |path| shown(Path::new(&*path), cwd),
        )),
        line: it.site.line,
        column: it.site.column,
        message: it.site.message.clone(),
        source: excerpt.line.clone(),
        ..gone(&identity)
    }
}

/// A site that is only in the lock.
pub(super) fn gone(identity: &Identity) -> Site {
    Site {
        id: lock::id(identity),
        package: identity.package.clone(),
        function: identity.function.clone(),
        class: class_name(identity.class),
        expression: identity.expression.clone(),
        file: None,
        line: 0,
        column: 0,
        message: String::new(),
        source: String::new(),
        reason: None,
        weight: None,
        heat: None,
        among: Vec::new(),
    }
}

/// A site that is new, by its name beside the old ones.
pub(crate) fn added(collected: &Collected, added: &Added, cwd: &Path) -> (Site, Excerpt) {
    let site = Site {
        id: lock::id(&lock::named(&added.identity)),
        ..site(collected, added.index, cwd)
    };
    if added.among.is_empty() {
        return (site, collected.excerpts[added.index].clone());
    }
    let place = |index: &usize| Place {
        line: collected.sites[*index].site.line,
        column: collected.sites[*index].site.column,
        source: collected.excerpts[*index].line.clone(),
    };
    let site = Site {
        line: 0,
        column: 0,
        source: String::new(),
        among: added.among.iter().map(place).collect(),
        ..site
    };
    (site, Excerpt::default())
}

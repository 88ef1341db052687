//! Names the module of each package, for treemaps.

use std::collections::BTreeMap;

use super::picture::Hue;
use crate::order::Ordered;
use crate::plan::Facts;

/// The module of each package, as it is called in a treemap, and its colour.
pub(crate) type Homes = BTreeMap<String, (String, Hue)>;

/// Those of the packages that are built.
pub(crate) fn homes(facts: &Facts) -> Homes {
    let home = |package: &crate::go::Package| {
        let (module, hue) = match &package.module {
            _ if package.standard => ("standard library", Hue::Std),
            Some(module) if module.main => (module.path.as_str(), Hue::Main),
            Some(module) => (module.path.as_str(), Hue::Dependency),
            None => (package.import_path.as_str(), Hue::Main),
        };
        (package.import_path.clone(), (module.to_owned(), hue))
    };
    facts.packages.iter().map(home).ordered()
}

//! Collected escapes in, their part of the report out.

use super::{EscapePackage, Escapes};
use crate::build::Built;

pub fn report(built: &Built, go_version: &str, scope: &str) -> Option<Escapes> {
    let escapes = &built.escapes.as_ref()?.escapes;
    let package = |it: &crate::escape::PackageEscapes| EscapePackage {
        path: it.path.clone(),
        sites: it.sites,
        moved: it.moved,
        new: it.new,
        make: it.make,
        append: it.append,
        boxing: it.boxing,
        closure: it.closure,
        conversion: it.conversion,
        other: it.other,
        constants: it.constants,
        leaking: it.leaking,
        functions: it.functions,
    };
    Some(Escapes {
        go_version: go_version.to_owned(),
        scope: scope.to_owned(),
        sites: escapes.sites,
        packages: escapes.packages.iter().map(package).collect(),
        unparsed: escapes.unparsed,
    })
}

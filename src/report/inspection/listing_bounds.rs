//! Chooses the part of an inspection that was asked for.

use std::collections::BTreeSet;

use clap::ValueEnum;

use super::{Inspection, PackageSize};
use crate::order::{Order, Ordered};
use crate::report::{Filter, Retained};

/// What a listing is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum By {
    /// Modules of the build, `std` for the standard library.
    Module,
    /// Packages.
    Package,
    /// Go functions, by code and by stack frame.
    Function,
    /// Sections, by role and by name.
    Section,
    /// What the bytes are for: code, types, line tables, ...
    Kind,
}

/// How much is shown, and of what.
#[derive(Debug, Clone, Copy, Default)]
pub struct View {
    /// One listing only.
    pub(crate) by: Option<By>,
    /// Lines of each listing.
    pub(crate) top: Option<usize>,
    /// With a treemap.
    pub(crate) picture: bool,
    /// For a page that sorts and filters its tables.
    pub(crate) page: bool,
}

impl View {
    /// The same for a page, with a treemap.
    pub fn drawn(self, page: bool) -> Self {
        Self {
            picture: true,
            page,
            ..self
        }
    }

    /// Lines of each listing: a few of each, more of one alone, and more where they can be searched.
    pub(crate) fn lines(self) -> usize {
        match (self.top, self.by) {
            (Some(top), _) => top,
            (None, _) if self.page => 200,
            (None, None) => 10,
            (None, Some(_)) => 40,
        }
    }

    /// Whether a listing is asked for.
    pub(crate) fn shows(self, by: By) -> bool {
        self.by.is_none_or(|it| it == by)
    }
}

impl Inspection<'_> {
    /// Adds what goes without each package and each module.
    pub(crate) fn retain(&mut self, found: &Retained) {
        for package in &mut self.packages {
            package.retained = found.packages.get(&package.path).copied();
        }
        for module in &mut self.modules {
            module.retained = found.modules.get(&module.path).copied();
        }
        self.uncounted_c = found.uncounted_c;
    }

    /// Leaves only what the filter has: packages and functions by name, modules with one of those packages.
    pub(crate) fn keep(&mut self, filter: &Filter) {
        self.packages.retain(|package| {
            let module = package.module.as_ref();
            filter.has(&package.path) || module.is_some_and(|module| filter.has(module))
        });
        let paths = self.packages.iter().map(|package| package.path.as_str());
        let paths: BTreeSet<&str> = paths.ordered();
        self.functions.retain(|function| {
            let package = function.package.as_deref();
            filter.has(&function.name.text())
                || package.is_some_and(|package| paths.contains(package))
        });
        self.keep_modules();
        self.unowned.retain(|region| filter.has(&region.section));
        self.filter = Some(filter.0.clone());
    }

    /// Leaves the modules with one of the packages, as large as these are.
    fn keep_modules(&mut self) {
        let modules: BTreeSet<&str> = self.packages.iter().map(PackageSize::group).ordered();
        self.modules
            .retain(|module| modules.contains(module.path.as_str()));
        for module in &mut self.modules {
            let mine = || {
                let packages = self.packages.iter();
                packages.filter(|package| package.group() == module.path.as_str())
            };
            module.bytes = mine().map(|package| package.bytes).sum();
            module.code = mine().map(|package| package.code).sum();
            module.packages = mine().count() as u64;
        }
        self.modules
            .order_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.path.cmp(&b.path)));
    }
}

impl PackageSize {
    /// The path of the module it is counted for.
    pub(crate) fn group(&self) -> &str {
        use crate::binary::Origin;
        match (&self.module, self.origin) {
            (Some(module), _) => module,
            (None, Origin::Dependency) => &self.path,
            (None, origin) => origin.name(),
        }
    }
}

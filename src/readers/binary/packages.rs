//! Numbers the packages by name, and finds the module of each in the build information.

use std::collections::HashMap;

use super::package_names::{package_of, unescape};
use super::{BuildInfo, Module};

/// The number of a package. Numbers are given in the order of the code, where packages stand after those they import.
pub(super) type PackageId = u32;

/// No package.
pub(super) const NONE: PackageId = u32::MAX;

/// Packages of several modules.
pub(crate) const SHARED: PackageId = u32::MAX - 1;

/// Stands before the number of a module where several of its packages are meant.
const OF_MODULE: u32 = 1 << 30;

/// Several packages of the module with a number.
pub(super) fn of_module(module: u32) -> PackageId {
    OF_MODULE | module
}

/// The number of the module of which several packages are meant; `None` for one package, none, or several modules.
pub(super) fn module_of(owner: PackageId) -> Option<usize> {
    (owner & OF_MODULE != 0 && owner < SHARED).then_some((owner & !OF_MODULE) as usize)
}

/// Some packages: asked about for each function.
#[derive(Default)]
pub(super) struct Set(Vec<bool>);

impl Set {
    /// Whether a package is one of them.
    #[inline]
    pub fn contains(&self, package: PackageId) -> bool {
        self.0.get(package as usize) == Some(&true)
    }
}

impl FromIterator<PackageId> for Set {
    /// Those that are one package, and no several.
    fn from_iter<I: IntoIterator<Item = PackageId>>(packages: I) -> Self {
        let mut found = Self::default();
        for it in packages
            .into_iter()
            .filter(|package| *package & OF_MODULE == 0)
        {
            let place = it as usize;
            found.0.resize(found.0.len().max(place + 1), false);
            found.0[place] = true;
        }
        found
    }
}

/// Every package met so far.
pub(super) struct Packages<'i> {
    pub(crate) paths: Vec<String>,
    /// The module of each, as a number: packages that share what they use may be of one module.
    groups: Vec<u32>,
    names: HashMap<String, u32>,
    modules: Modules<'i>,
    /// How many bytes all paths may still have: in a damaged file every name may lead to a long one.
    room: usize,
    /// Whether that was not enough.
    pub(crate) cut: bool,
    numbers: HashMap<Vec<u8>, PackageId>,
    /// Functions of one package stand together: the last answer is usually the next.
    last: Option<(Vec<u8>, PackageId)>,
}

impl<'i> Packages<'i> {
    /// None so far. `file_size` is that of the executable, of which all paths together are a small part.
    pub(crate) fn new(file_size: usize, info: Option<&'i BuildInfo>) -> Self {
        Self {
            paths: Vec::new(),
            groups: Vec::new(),
            names: HashMap::new(),
            modules: Modules::new(info),
            room: file_size / 16,
            cut: false,
            numbers: HashMap::new(),
            last: None,
        }
    }

    /// The package that defines a function or type of this name.
    pub(crate) fn of_name(&mut self, name: &[u8]) -> PackageId {
        if let Some((last, number)) = &self.last
            && continues(name, last)
        {
            return *number;
        }
        package_of(name).map_or(NONE, |bytes| self.of_prefix(bytes))
    }

    /// The package that defines a function of this name, if it was met.
    pub(crate) fn known(&self, name: &[u8]) -> Option<PackageId> {
        self.numbers.get(package_of(name)?).copied()
    }

    /// The package of a variable or constant of this name; none for names of C and of assembly, which may have dots, too.
    pub(crate) fn of_data(&mut self, name: &[u8]) -> PackageId {
        let Some(prefix) = package_of(name).filter(|bytes| bytes.first() != Some(&b'$')) else {
            return NONE;
        };
        let is_known =
            self.numbers.contains_key(prefix) || memchr::memchr2(b'/', b'%', prefix).is_some();
        let rest = name.get(prefix.len() + 1).unwrap_or(&b'0');
        match is_known && !rest.is_ascii_digit() {
            true => self.of_prefix(prefix),
            false => NONE,
        }
    }

    /// The package with this path as symbol names have it, escaped. What the compiler calls the shapes of generic types is
    /// none.
    pub(crate) fn of_prefix(&mut self, prefix: &[u8]) -> PackageId {
        if matches!(prefix, b"go" | b"go.shape") {
            return NONE;
        }
        if let Some((last, number)) = &self.last
            && last == prefix
        {
            return *number;
        }
        let number = match self.numbers.get(prefix) {
            Some(&it) => it,
            None if prefix.len() > self.room => {
                self.cut = true;
                return NONE;
            }
            None => self.insert(prefix),
        };
        let last = self.last.get_or_insert_default();
        last.0.clear();
        last.0.extend_from_slice(prefix);
        last.1 = number;
        number
    }

    /// Spellings that unescape to one path share a number.
    fn insert(&mut self, prefix: &[u8]) -> PackageId {
        self.room -= prefix.len();
        let path = unescape(prefix).into_owned();
        let number = match self.numbers.get(path.as_bytes()) {
            Some(&it) => it,
            None => {
                self.paths.push(path.clone());
                let name = self.modules.name(&self.modules.import_path(&path));
                let next = self.names.len() as u32;
                self.groups.push(*self.names.entry(name).or_insert(next));
                self.paths.len() as PackageId - 1
            }
        };
        self.numbers.insert(path.into_bytes(), number);
        self.numbers.insert(prefix.to_vec(), number);
        number
    }
}

impl Packages<'_> {
    /// Whose what both use is: of one package, of several of one module, or of several modules.
    pub(crate) fn join(&self, a: PackageId, b: PackageId) -> PackageId {
        match (a, b) {
            _ if a == b => a,
            (NONE, it) | (it, NONE) => it,
            (SHARED, _) | (_, SHARED) => SHARED,
            _ => match (self.group(a), self.group(b)) {
                (Some(a), Some(b)) if a == b => OF_MODULE | a,
                _ => SHARED,
            },
        }
    }

    fn group(&self, owner: PackageId) -> Option<u32> {
        match module_of(owner) {
            Some(it) => Some(it as u32),
            None => self.groups.get(owner as usize).copied(),
        }
    }

    /// The modules, by number.
    pub(crate) fn modules(&self) -> Vec<&str> {
        let mut names = vec![""; self.names.len()];
        for (name, number) in &self.names {
            names[*number as usize] = name;
        }
        names
    }
}

/// Whether a name is plainly one of the package: what follows the path has no slash, and so is no longer path.
fn continues(name: &[u8], path: &[u8]) -> bool {
    let rest = name
        .strip_prefix(path)
        .and_then(|rest| rest.strip_prefix(b"."));
    rest.is_some_and(|bytes| memchr::memchr(b'/', bytes).is_none())
}

/// Where a package comes from.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize,
)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// The module of the main package.
    Main,
    /// Another module.
    Dependency,
    /// The standard library, with its vendored packages.
    Std,
    /// No module: what packages of several modules use.
    Shared,
}

impl Origin {
    /// The name in reports and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Main => "main",
            Self::Dependency => "dependency",
            Self::Std => "std",
            Self::Shared => "shared",
        }
    }
}

/// The modules of the build information, ready for lookups by package.
pub(super) struct Modules<'a> {
    info: Option<&'a BuildInfo>,
    /// Module paths in order, each with its place in `deps`; `None` for the main module.
    sorted: Vec<(&'a str, Option<usize>)>,
}

impl<'a> Modules<'a> {
    pub(crate) fn new(info: Option<&'a BuildInfo>) -> Self {
        let mut sorted = Vec::new();
        if let Some(info) = info {
            sorted.extend(info.main.iter().map(|module| (module.path.as_str(), None)));
            let deps = info.deps.iter().enumerate();
            sorted.extend(deps.map(|(index, it)| (it.path.as_str(), Some(index))));
        }
        sorted.sort_unstable();
        Self { info, sorted }
    }

    /// The import path of a package: `main` is the symbol name of what the build information calls by its path.
    pub(crate) fn import_path(&self, package: &str) -> String {
        let main = self
            .info
            .map(|info| info.path.as_str())
            .filter(|text| !text.is_empty());
        match main {
            Some(path) if package == "main" && path != "command-line-arguments" => path.to_owned(),
            _ => package.to_owned(),
        }
    }

    /// The module with the longest path that the package's path begins with, and where it comes from.
    pub(crate) fn of(&self, import_path: &str) -> (Option<&'a Module>, Origin) {
        let mut path = import_path;
        loop {
            if let Ok(found) = self.sorted.binary_search_by_key(&path, |entry| entry.0) {
                return self.found(self.sorted[found].1);
            }
            match path.rfind('/') {
                Some(slash) => path = &path[..slash],
                None => break,
            }
        }
        let is_main =
            import_path == "main" || self.info.is_some_and(|info| info.path == import_path);
        let first = import_path.split('/').next().unwrap_or_default();
        (
            None,
            if is_main {
                Origin::Main
            } else if first.contains('.') {
                Origin::Dependency
            } else {
                Origin::Std
            },
        )
    }

    /// The name under which a package is summed up: its module's, or that of where it comes from.
    pub(crate) fn name(&self, import_path: &str) -> String {
        match self.of(import_path) {
            (Some(module), _) => module.path.clone(),
            (None, Origin::Dependency) => import_path.to_owned(),
            (None, origin) => origin.name().to_owned(),
        }
    }

    fn found(&self, index: Option<usize>) -> (Option<&'a Module>, Origin) {
        let Some(info) = self.info else {
            return (None, Origin::Std);
        };
        match index {
            None => (info.main.as_ref(), Origin::Main),
            Some(it) => (info.deps.get(it), Origin::Dependency),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_path_has_one_number() {
        let mut packages = Packages::new(1 << 20, None);
        let numbers = [
            "gopkg.in/yaml%2ev3.A",
            "gopkg.in/yaml.v3.(*T).B",
            "main.main",
            "gopkg.in/yaml%2ev3.C",
        ];
        let numbers = numbers.map(|number| packages.of_name(number.as_bytes()));
        // Without the escape the first dot of the last element ends the path: such a name is never written by Go.
        assert_eq!(numbers[0], numbers[3]);
        assert_eq!(packages.paths[numbers[0] as usize], "gopkg.in/yaml.v3");
        assert_eq!(packages.of_name(b"memeqbody"), NONE);
        let mut packages = Packages::new(160, None);
        assert_eq!(packages.of_name(b"longer/than/that.F"), NONE);
        assert_ne!(packages.of_name(b"short.F"), NONE);
        assert_eq!(packages.of_name(b"another.F"), NONE);
    }

    #[test]
    fn the_longest_module_wins() {
        let module = |path: &str| Module {
            path: path.to_owned(),
            ..Module::default()
        };
        let info = BuildInfo {
            path: "example.com/app/cmd/api".to_owned(),
            main: Some(module("example.com/app")),
            deps: vec![module("example.com/lib"), module("example.com/lib/sub")],
            ..BuildInfo::default()
        };
        let modules = Modules::new(Some(&info));
        let of = |path: &str| {
            let (module, origin) = modules.of(path);
            (module.map(|module| module.path.as_str()), origin)
        };
        assert_eq!(
            of("example.com/lib/sub/x"),
            (Some("example.com/lib/sub"), Origin::Dependency)
        );
        assert_eq!(
            of("example.com/lib/subx"),
            (Some("example.com/lib"), Origin::Dependency)
        );
        assert_eq!(
            of("example.com/app/cmd/api"),
            (Some("example.com/app"), Origin::Main)
        );
        assert_eq!(of("vendor/golang.org/x/net"), (None, Origin::Std));
        assert_eq!(of("example.com/elsewhere"), (None, Origin::Dependency));
        assert_eq!(modules.import_path("main"), "example.com/app/cmd/api");
    }
}

//! What the diagnostics of a build come to: counts per package and class.

use serde::Serialize;

use super::class::Class;
use super::remark::Optimizations;

/// The escapes of a build.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Escapes {
    /// Distinct places that allocate on the heap, in the packages of the scope.
    pub sites: u64,
    /// The packages of the scope of which anything is told, most sites first, then by path.
    pub packages: Vec<PackageEscapes>,
    /// Sites in packages outside the scope: instantiations and inlined code of other modules.
    pub outside_scope: u64,
    /// Lines that no known compiler prints.
    pub unparsed: u64,
    /// The first of them.
    pub unparsed_examples: Vec<String>,
    /// Lines read.
    pub lines: u64,
    /// Bytes read, line breaks included.
    pub bytes: u64,
}

/// The escapes of one package, by class.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct PackageEscapes {
    /// The import path.
    pub path: String,
    /// The module's path; null for the standard library.
    pub module: Option<String>,
    /// Places that allocate: the sum of the eight classes that follow.
    pub sites: u64,
    /// Variables moved to the heap.
    pub moved: u64,
    /// `new(T)`, `&T{...}`.
    pub new: u64,
    /// `make` of slices and maps.
    pub make: u64,
    /// Arrays behind `append`; reported since Go 1.25.
    pub append: u64,
    /// Values stored in interfaces.
    pub boxing: u64,
    /// Function literals.
    pub closure: u64,
    /// Strings made by conversion or concatenation.
    pub conversion: u64,
    /// Composite literals and the slices of `...` arguments.
    pub other: u64,
    /// Constants in interfaces and empty slices, which allocate nothing.
    pub constants: u64,
    /// Parameters that leak, which allocate nothing here.
    pub leaking: u64,
    /// Functions with at least one allocating site; null where the sources were not read.
    pub functions: Option<u64>,
    /// Inlining, devirtualisation and bounds checks.
    pub optimizations: Optimizations,
}

impl Escapes {
    /// Sums the packages up and sorts them: most sites first, then by path.
    pub(super) fn sort(&mut self) {
        self.sites = self.packages.iter().map(|package| package.sites).sum();
        self.packages
            .sort_by(|a, b| b.sites.cmp(&a.sites).then_with(|| a.path.cmp(&b.path)));
    }
}

impl PackageEscapes {
    pub(super) fn count(&mut self, class: Class) {
        *self.of(class) += 1;
        self.sites += u64::from(class.allocates());
    }

    fn of(&mut self, class: Class) -> &mut u64 {
        match class {
            Class::Moved => &mut self.moved,
            Class::New => &mut self.new,
            Class::Make => &mut self.make,
            Class::Append => &mut self.append,
            Class::Boxing => &mut self.boxing,
            Class::Closure => &mut self.closure,
            Class::Conversion => &mut self.conversion,
            Class::Other => &mut self.other,
            Class::Constant => &mut self.constants,
            Class::Leaking => &mut self.leaking,
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.sites + self.constants + self.leaking == 0
            && self.optimizations == Optimizations::default()
    }
}

//! Makes an [`Inspection`] of an anatomy.

use std::collections::{BTreeSet, HashSet};

use super::{
    Cgo, Counts, FunctionSize, InspectedFile, Inspection, KindSum, Ledger, LeftOut,
    MethodElimination, ModuleSize, Name, NamedSection, PackageSize, Region, RoleBytes, runtime,
};
use crate::binary::{Anatomy, Binary, Callers, Function, Kind, LayoutNote, Note, Owners, Role};
use crate::error::{Error, Kind as ErrorKind, Result};
use crate::order::Ordered;
use crate::report::{SCHEMA_VERSION, Tool};

/// Where the bytes came from.
#[derive(Debug, Clone)]
pub struct Source {
    /// As the user named it.
    pub path: String,
    /// SHA-256 in hex, where it is wanted.
    pub sha256: Option<String>,
    /// Who calls `runtime.GOMAXPROCS`.
    pub gomaxprocs: Callers,
}

/// Says what an anatomy means.
///
/// Fails with [`ErrorKind::Machine`] when the file is cut short or is no Go program. A Go program of which not everything
/// can be read is no failure: `notes` says what is missing. Of the functions, the `most` with the most code and with the
/// largest stack frames are enough.
pub fn inspection<'a>(
    anatomy: &'a Anatomy<'_>,
    source: Source,
    most: usize,
) -> Result<Inspection<'a>> {
    readable(anatomy)?;
    let binary = &anatomy.binary;
    let packages: Vec<PackageSize> = packages(anatomy);
    let functions = functions(anatomy, most);
    let modules = modules(anatomy);
    let counts = Counts {
        modules: modules.iter().filter(|module| module.packages > 0).count() as u64,
        packages: packages.len() as u64,
        functions: anatomy.functions.len() as u64,
        types: anatomy.types.len() as u64,
        itabs: anatomy.itabs.len() as u64,
    };
    Ok(Inspection {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        file: file(binary, &source),
        build: binary.build_info.clone(),
        filter: None,
        owners: anatomy.owners,
        objects: None,
        ledger: ledger(anatomy)?,
        roles: roles(binary),
        sections: binary.sections.iter().map(section).collect(),
        kinds: anatomy.kinds.iter().map(kind).collect(),
        runtime: runtime::contract(anatomy, &source.gomaxprocs),
        methods: anatomy.methods.map(|methods| MethodElimination {
            exported: methods.exported,
            pruned: methods.pruned,
            on: methods.elimination(),
        }),
        cgo: cgo(anatomy),
        uncounted_c: false,
        modules,
        packages,
        left_out: left_out(anatomy, &functions),
        functions,
        unowned: unowned(anatomy),
        unnamed_modules: unnamed_modules(anatomy),
        counts,
        notes: notes(anatomy),
    })
}

fn readable(anatomy: &Anatomy<'_>) -> Result<()> {
    let binary = &anatomy.binary;
    let missing = |note: &Note| match note {
        Note::OutOfFile { bytes, .. } => Some(*bytes),
        Note::Overlap { .. } => None,
    };
    let missing: u64 = binary.notes.iter().filter_map(missing).sum();
    if missing > 0 {
        let message = format!("the file is cut short: its sections have {missing} bytes more");
        return Err(Error::new(ErrorKind::Machine, message).hint("copy or build the file again"));
    }
    let unknown = anatomy.notes.contains(&LayoutNote::NoLineTable);
    if unknown && binary.build_info.is_none() && binary.build_id.is_none() {
        let message = format!(
            "{} file, but no Go program: no line table, build information or build ID",
            article(binary)
        );
        return Err(Error::new(ErrorKind::Machine, message)
            .hint("name an executable that `go build` wrote, before it is packed or wrapped"));
    }
    Ok(())
}

fn article(binary: &Binary) -> String {
    match binary.format {
        crate::binary::Format::Elf => "an ELF".into(),
        other => format!("a {}", other.words()),
    }
}

fn file(binary: &Binary, source: &Source) -> InspectedFile {
    InspectedFile {
        path: source.path.clone(),
        size: binary.file_size,
        sha256: source.sha256.clone(),
        format: binary.format,
        goos: binary.goos.clone(),
        goarch: binary.goarch.clone(),
        go_version: binary
            .build_info
            .as_ref()
            .map(|info| info.go_version.clone()),
        build_id: binary.build_id.clone(),
        stripped: binary.stripped(),
        linkage: binary.linkage.clone(),
    }
}

/// The sums are checked where they are made; here once more, over what is shown.
fn ledger(anatomy: &Anatomy<'_>) -> Result<Ledger> {
    let binary = &anatomy.binary;
    let packages: u64 = anatomy.packages.iter().map(|package| package.bytes).sum();
    let unowned: u64 = anatomy.unowned.iter().map(|unowned| unowned.bytes).sum();
    let shared = anatomy.shared_bytes();
    let sum = packages + shared + unowned + binary.headers + binary.padding;
    if sum != binary.file_size {
        let message = format!(
            "the parts add up to {sum} bytes, and the file has {}",
            binary.file_size
        );
        return Err(Error::new(ErrorKind::Machine, message)
            .hint("this is a mistake of gobuild-opt: please report it with the Go version"));
    }
    Ok(Ledger {
        packages,
        unowned,
        headers: binary.headers,
        padding: binary.padding,
        sum,
        shared,
        loaded: anatomy.loaded.bytes,
        loaded_owned: anatomy.loaded.owned,
        loaded_proven: anatomy.loaded.proven,
    })
}

fn roles(binary: &Binary) -> Vec<RoleBytes> {
    let sums = binary.roles();
    let of = |role: Role| {
        let sum = sums.iter().find(|sum| sum.role == role)?;
        let mut names: Vec<String> = Vec::new();
        for section in binary
            .sections
            .iter()
            .filter(|section| section.role == role)
        {
            if !names.contains(&section.name) {
                names.push(section.name.clone());
            }
        }
        (!names.is_empty()).then(|| RoleBytes {
            role: role.name().to_owned(),
            names,
            bytes: sum.file_size,
            memory: sum.memory_size,
        })
    };
    Role::ALL.into_iter().filter_map(of).collect()
}

fn section(it: &crate::binary::Section) -> NamedSection {
    NamedSection {
        name: it.name.clone(),
        role: it.role.name().to_owned(),
        bytes: it.file_size,
        memory: it.memory_size,
    }
}

fn kind(it: &crate::binary::KindBytes) -> KindSum {
    KindSum {
        kind: it.kind,
        bytes: it.bytes,
        unowned: it.unowned,
    }
}

fn modules(anatomy: &Anatomy<'_>) -> Vec<ModuleSize> {
    let module = |module: crate::binary::ModuleBytes| ModuleSize {
        path: module.path,
        version: module.version,
        origin: module.origin,
        bytes: module.bytes,
        shared: module.shared,
        inferred: module.inferred,
        code: module.code,
        packages: u64::from(module.packages),
        retained: None,
    };
    anatomy.modules().into_iter().map(module).collect()
}

fn packages(anatomy: &Anatomy<'_>) -> Vec<PackageSize> {
    let package = |package: &crate::binary::PackageBytes| {
        let kinds = Kind::ALL.into_iter().zip(package.by_kind);
        PackageSize {
            path: package.path.clone(),
            module: package.module.clone(),
            version: package.version.clone(),
            origin: package.origin,
            bytes: package.bytes,
            inferred: package.inferred,
            code: package.code(),
            paid_for: package.paid_for,
            functions: u64::from(package.functions),
            kinds: kinds
                .filter(|(_, bytes)| *bytes > 0)
                .map(|(kind, bytes)| (kind.name().to_owned(), bytes))
                .ordered(),
            retained: None,
        }
    };
    anatomy.packages.iter().map(package).collect()
}

/// Those with the most code, and those with the largest frames: by size and then by address, in which they are.
fn functions<'a>(anatomy: &'a Anatomy<'_>, most: usize) -> Vec<FunctionSize<'a>> {
    // One number each sorts faster than the functions.
    let down = |number: u32| u64::from(u32::MAX - number);
    let by_size = |(index, it): (usize, &Function)| down(it.size) << 32 | index as u64;
    let all = || anatomy.functions.iter().enumerate();
    let mut order: Vec<u64> = all().map(by_size).collect();
    if most < order.len() {
        let by_frame = |entry: (usize, &Function)| {
            u128::from(down(entry.1.frame)) << 64 | u128::from(by_size(entry))
        };
        let mut deepest: Vec<u128> = all().map(by_frame).collect();
        first(&mut order, most);
        first(&mut deepest, most);
        order.extend(deepest.iter().map(|it| *it as u64));
    }
    order.sort_unstable();
    order.dedup();
    let function = |key: u64| {
        let it = &anatomy.functions[key as u32 as usize];
        let (defined, paid) = (anatomy.package(it), anatomy.paid_by(it));
        FunctionSize {
            name: Name::of_table(anatomy.names_from(it)),
            package: defined.map(|package| package.path.as_str().into()),
            paid_by: paid
                .filter(|package| defined.is_none_or(|defined| defined.path != package.path))
                .map(|package| package.path.as_str().into()),
            bytes: u64::from(it.size),
            frame: u64::from(it.frame),
            line: u64::from(it.line),
        }
    };
    order.into_iter().map(function).collect()
}

/// Leaves the smallest numbers.
fn first<T: Ord>(all: &mut Vec<T>, most: usize) {
    if most < all.len() {
        all.select_nth_unstable(most);
        all.truncate(most);
    }
}

fn left_out(anatomy: &Anatomy<'_>, listed: &[FunctionSize<'_>]) -> LeftOut {
    let all: u64 = anatomy
        .functions
        .iter()
        .map(|function| u64::from(function.size))
        .sum();
    LeftOut {
        functions: anatomy.functions.len() - listed.len(),
        bytes: all - listed.iter().map(|function| function.bytes).sum::<u64>(),
    }
}

fn unowned(anatomy: &Anatomy<'_>) -> Vec<Region> {
    let region = |unowned: &crate::binary::UnownedBytes| Region {
        section: unowned.section.clone(),
        kind: unowned.kind,
        bytes: unowned.bytes,
    };
    anatomy.unowned.iter().map(region).collect()
}

fn cgo(anatomy: &Anatomy<'_>) -> Cgo {
    let info = anatomy.binary.build_info.as_ref();
    // The wrapper that cgo writes for each C function that Go calls.
    let wrappers = anatomy.functions_with("._Cfunc_");
    let callers: BTreeSet<&str> = wrappers
        .filter_map(|function| anatomy.package(function))
        .map(|package| package.path.as_str())
        .ordered();
    let enabled = info
        .and_then(|info| info.setting("CGO_ENABLED"))
        .map(|text| text == "1");
    let mut packages = anatomy.packages.iter();
    // Without cgo in the build there is none in the program, whether its packages can be determined or not.
    let linked = match packages.any(|package| package.path == "runtime/cgo") {
        true => Some(true),
        false => (enabled == Some(false)).then_some(false),
    };
    Cgo {
        enabled,
        linked: linked.or(runtime::lists_packages(anatomy).then_some(false)),
        packages: callers.into_iter().map(str::to_owned).collect(),
        code: anatomy.c_code(),
    }
}

fn notes(anatomy: &Anatomy<'_>) -> Vec<String> {
    let layout = anatomy.notes.iter().map(ToString::to_string);
    layout
        .chain(anatomy.binary.notes.iter().map(ToString::to_string))
        .collect()
}

/// The modules of the build information of which the file names no package. A file without symbols has the names of functions and
/// types alone.
fn unnamed_modules(anatomy: &Anatomy<'_>) -> Vec<String> {
    if anatomy.owners != Owners::References || anatomy.functions.is_empty() {
        return Vec::new();
    }
    let named = anatomy.packages.iter();
    let named: HashSet<&str> = named
        .filter_map(|package| package.module.as_deref())
        .collect();
    let info = anatomy.binary.build_info.as_ref();
    let all = info.iter().flat_map(|info| &info.deps);
    let all = all.filter(|module| !named.contains(module.path.as_str()));
    all.map(|module| module.path.clone()).collect()
}

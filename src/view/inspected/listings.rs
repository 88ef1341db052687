//! Tables of the largest entries of an inspection; what is smaller is one line.

use super::{and, cell, listing, split};
use crate::binary::Origin;
use crate::number::{grouped, share};
use crate::order::Order;
use crate::report::inspection::{
    DataObject, FunctionSize, Inspection, ModuleSize, Objects, PackageSize, View,
};
use crate::report::sizes::{RETAINED, Retained};
use crate::view::{Block, Column, Tone, number, optional, text};

pub(crate) fn modules(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let size = inspection.file.size;
    let asked = (inspection.modules.iter()).any(|module| module.retained.is_some());
    let [code, retained] = code_and_retained(asked);
    let columns = vec![
        text("module"),
        optional(text("version")),
        number("B"),
        number("share"),
        code,
        retained,
        optional(number("packages")),
    ];
    let row = |name: String, version: String, bytes, code, (packages, retained)| {
        vec![
            name,
            version,
            cell(bytes),
            share(bytes, size),
            cell(code),
            known(retained),
            cell(packages),
        ]
    };
    let (shown, small) = split(&inspection.modules, view.lines());
    let mut rows: Vec<_> = shown
        .iter()
        .map(|module| {
            let version = module.version.clone().unwrap_or_default();
            let name = match module.origin {
                Origin::Shared => "shared: used by several modules".to_owned(),
                _ => module.path.clone(),
            };
            let rest = (module.packages, module.retained);
            row(name, version, module.bytes, module.code, rest)
        })
        .collect();
    if !small.is_empty() {
        let sum = |of: fn(&ModuleSize) -> u64| small.iter().map(of).sum::<u64>();
        let (bytes, code) = (sum(|module| module.bytes), sum(|module| module.code));
        rows.push(row(
            and(small.len()),
            String::new(),
            bytes,
            code,
            (sum(|module| module.packages), None),
        ));
    }
    let count = inspection
        .modules
        .iter()
        .filter(|module| module.packages > 0)
        .count();
    let heading = format!("Modules: {}", grouped(count as u64));
    let mut blocks = listing(heading, columns, rows);
    blocks.extend(meaning(inspection, asked && blocks.len() > 1));
    blocks
}

/// The columns for code and for what is retained: who asked for the latter misses the former first on a narrow terminal.
fn code_and_retained(asked: bool) -> [Column; 2] {
    match asked {
        true => [optional(number("code B")), number(RETAINED)],
        false => [number("code B"), optional(number(RETAINED))],
    }
}

/// What the column for retained bytes says.
fn meaning(inspection: &Inspection<'_>, is_shown: bool) -> Option<Block> {
    let line = || Block::Line(Tone::Dim, Retained::meaning(inspection.uncounted_c));
    is_shown.then(line)
}

/// A number that may not be known.
fn known(bytes: Option<u64>) -> String {
    bytes.map_or(String::new(), grouped)
}

pub(crate) fn packages(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let size = inspection.file.size;
    let all = &inspection.packages;
    let asked = all.iter().any(|package| package.retained.is_some());
    let [code, retained] = code_and_retained(asked);
    let columns = vec![
        text("package"),
        number("B"),
        number("share"),
        code,
        retained,
        optional(number("paid for B")),
        optional(number("functions")),
    ];
    let (shown, small) = split(all, view.lines());
    let row = |package: &PackageSize| package_row(package.path.clone(), &[package], size);
    let mut rows: Vec<_> = shown.iter().map(row).collect();
    if !small.is_empty() {
        let small: Vec<&PackageSize> = small.iter().collect();
        rows.push(package_row(and(small.len()), &small, size));
    }
    let shared = inspection.ledger.shared;
    if inspection.filter.is_none() && shared > 0 {
        let mut row = package_row("shared: used by several packages".into(), &[], size);
        (row[1], row[2]) = (cell(shared), share(shared, size));
        rows.push(row);
    }
    let heading = format!("Packages: {}", grouped(all.len() as u64));
    let mut blocks = listing(heading, columns, rows);
    if shown.iter().any(|package| package.paid_for != package.code) && blocks.len() > 1 {
        blocks.push(Block::Line(
            Tone::Dim,
            "paid for, where it is not the code: what was compiled for the package, with its instances of generics that others define".into(),
        ));
    }
    blocks.extend(meaning(inspection, asked && blocks.len() > 1));
    blocks
}

/// The sums of some packages, in a file of `size` bytes.
fn package_row(name: String, packages: &[&PackageSize], size: u64) -> Vec<String> {
    let sum = |of: fn(&PackageSize) -> u64| packages.iter().map(|package| of(package)).sum::<u64>();
    let (bytes, code) = (sum(|package| package.bytes), sum(|package| package.code));
    let paid_for = sum(|package| package.paid_for);
    let paid = if paid_for == code {
        String::new()
    } else {
        cell(paid_for)
    };
    vec![
        name,
        cell(bytes),
        share(bytes, size),
        cell(code),
        match packages {
            [only] => known(only.retained),
            _ => String::new(),
        },
        paid,
        cell(sum(|package| package.functions)),
    ]
}

/// The objects of a package, with who refers to each.
pub fn objects(objects: &Objects) -> Vec<Block> {
    let columns = vec![
        text("used by"),
        text("address"),
        number("B"),
        optional(text("section")),
        optional(text("symbol")),
        text("end known by"),
        optional(text("first bytes")),
    ];
    let some = |all: Vec<String>| match all.len() {
        0..4 => all.join(", "),
        more => format!("{}, and {} more", all[..3].join(", "), more - 3),
    };
    let row = |object: &DataObject| {
        let pointers = object.pointers.iter();
        let pointers =
            pointers.map(|pointer| format!("pointer at {} of {}", pointer.address, pointer.owner));
        vec![
            some(object.used_by.iter().cloned().chain(pointers).collect()),
            object.address.to_string(),
            cell(object.bytes),
            object.section.clone(),
            object.symbol.clone().unwrap_or_default(),
            match object.proven {
                true => object.how.words().to_owned(),
                false => format!("{} (not proven)", object.how.words()),
            },
            object.first_bytes.chars().take(24).collect(),
        ]
    };
    let heading = format!(
        "Data of {}: {} objects with {} bytes; code, types and line tables are not among them",
        objects.package,
        grouped(objects.count),
        grouped(objects.bytes)
    );
    listing(heading, columns, objects.largest.iter().map(row).collect())
}

pub(crate) fn functions(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.functions;
    let columns = vec![
        text("function"),
        number("code B"),
        optional(number("frame B")),
        optional(text("paid for by")),
    ];
    let row = |function: &FunctionSize<'_>| {
        let paid = function.paid_by.as_deref().unwrap_or_default();
        vec![
            function.name.to_string(),
            cell(function.bytes),
            cell(function.frame),
            paid.to_owned(),
        ]
    };
    let (shown, small) = split(all, view.lines());
    let mut rows: Vec<_> = shown.iter().map(row).collect();
    let left_out = inspection.left_out;
    let count = small.len() + left_out.functions;
    if count > 0 {
        let bytes = small.iter().map(|function| function.bytes).sum::<u64>() + left_out.bytes;
        rows.push(vec![and(count), cell(bytes), String::new(), String::new()]);
    }
    let count = grouped((all.len() + left_out.functions) as u64);
    let which = match &inspection.filter {
        Some(_) => " that match",
        None => "",
    };
    listing(
        format!("Largest functions, of {count}{which}"),
        columns,
        rows,
    )
}

pub(crate) fn frames(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let all = &inspection.functions;
    let framed = all.iter().enumerate().filter(|(_, it)| it.frame > 0);
    let mut order: Vec<_> = framed
        .map(|(index, it)| (std::cmp::Reverse(it.frame), index))
        .collect();
    order.sort_unstable();
    let rows = order.iter().map(|(_, index)| &all[*index]);
    let rows = rows.filter(|function| !is_trampoline(&function.name.text()));
    let rows = rows.take(view.lines());
    let rows = rows.map(|function| {
        vec![
            function.name.to_string(),
            cell(function.frame),
            cell(function.bytes),
        ]
    });
    let columns = vec![
        text("function"),
        number("frame B"),
        optional(number("code B")),
    ];
    listing("Largest stack frames".into(), columns, rows.collect())
}

/// More than there are functions of which the frame is not shown (see `is_trampoline`).
pub const NEVER_SHOWN: usize = 64;

/// `runtime.call65536`, `debugCall65536` and their like exist for calls by reflection or by a debugger, one per size of
/// the arguments, up to 1 GiB.
fn is_trampoline(name: &str) -> bool {
    let sized = |prefix: &str| {
        let size = name.strip_prefix(prefix).unwrap_or_default();
        !size.is_empty() && size.bytes().all(|byte| byte.is_ascii_digit())
    };
    sized("runtime.call") || sized("debugCall") || sized("runtime.debugCall")
}

pub(crate) fn unowned(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let columns = vec![
        text("no package's"),
        text("kind"),
        number("B"),
        number("share"),
    ];
    let (shown, small) = split(&inspection.unowned, view.lines());
    let size = inspection.file.size;
    let row =
        |name: String, kind: String, bytes: u64| vec![name, kind, cell(bytes), share(bytes, size)];
    let mut rows: Vec<_> = shown
        .iter()
        .map(|region| {
            row(
                region.section.clone(),
                region.kind.name().replace('-', " "),
                region.bytes,
            )
        })
        .collect();
    if !small.is_empty() {
        rows.push(row(
            and(small.len()),
            String::new(),
            small.iter().map(|region| region.bytes).sum(),
        ));
    }
    let sum = inspection.ledger.unowned;
    listing(
        format!("Without a package: {} bytes", grouped(sum)),
        columns,
        rows,
    )
}

pub(crate) fn sections(inspection: &Inspection<'_>, view: View) -> Vec<Block> {
    let columns = vec![
        text("section"),
        text("role"),
        number("file B"),
        number("share"),
        number("memory B"),
    ];
    let mut all: Vec<_> = inspection.sections.iter().collect();
    all.retain(|section| section.bytes > 0 || section.memory > 0);
    all.order_by_key(|section| std::cmp::Reverse((section.bytes, section.memory)));
    let size = inspection.file.size;
    let row = |name: String, role: String, bytes, memory| {
        vec![name, role, cell(bytes), share(bytes, size), cell(memory)]
    };
    let (shown, small) = split(&all, view.lines());
    let mut rows: Vec<_> = shown
        .iter()
        .map(|section| {
            row(
                section.name.clone(),
                section.role.clone(),
                section.bytes,
                section.memory,
            )
        })
        .collect();
    if !small.is_empty() {
        let bytes = small.iter().map(|section| section.bytes).sum();
        let memory = small.iter().map(|section| section.memory).sum();
        rows.push(row(and(small.len()), String::new(), bytes, memory));
    }
    listing(format!("Sections: {}", all.len()), columns, rows)
}

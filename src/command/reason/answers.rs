//! Answers the questions of `why` from a program whose elimination was run.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::init::inits;
use super::near::unknown;
use super::{INIT, Known, Question};
use crate::error::{Error, Kind, Result};
use crate::linker::{self, Meaning, Program, Removal};
use crate::number::counted_of;
use crate::order::{Order, Ordered};
use crate::report::reasons::{
    Asked, Biggest, Caller, Chain, Cut, Freed, PackageBytes, Program as Sizes, Reasons, Step,
};

fn sizes(program: &Program<'_>) -> Sizes {
    let [_, _, symbols] = program.sizes();
    Sizes {
        packages: program.packages().count() as u64,
        symbols: symbols as u64,
        kept: program.kept_symbols() as u64,
        bytes: program.bytes().total(),
        keeps_every_method: program.keeps_all_methods(),
        uncounted_c: program.has_uncounted_c(),
    }
}

/// Fills in what is asked.
pub(super) fn fill(
    program: &Program<'_>,
    known: &Known<'_>,
    question: &Question<'_>,
    reasons: &mut Reasons,
) -> Result<()> {
    reasons.program = Some(sizes(program));
    if let Some(name) = question.about {
        match name {
            INIT => reasons.inits = Some(inits(program, known, question)),
            "dce" => reasons.asked = Some(methods(program)),
            _ => reasons.asked = Some(asked(program, known, name, question.chains)?),
        }
    }
    if !question.cuts.is_empty() {
        reasons.cut = Some(cut(program, known, question.cuts)?);
    }
    if let Some(most) = question.biggest {
        reasons.biggest = Some(biggest(program, known, most));
    }
    Ok(())
}

/// What goes without all of these names.
fn cut(program: &Program<'_>, known: &Known<'_>, names: &[String]) -> Result<Cut> {
    let mut removal = Removal::default();
    for name in names {
        let target = find(program, known, name)?;
        if is_fixed(program, known, &target) {
            return Err(fixed(name));
        }
        removal.extend(&target.removal);
    }
    Ok(Cut {
        names: names.to_vec(),
        freed: freed(&program.freed(&removal)),
    })
}

/// What a name means: a package, a module, a call or a symbol.
fn find(program: &Program<'_>, known: &Known<'_>, name: &str) -> Result<Meaning> {
    if let Some(module) = name.strip_prefix("module:") {
        return module_of(program, known, module).ok_or_else(|| unknown(program, known, name));
    }
    if let Some((from, to)) = name.split_once("->") {
        let (from, to) = (from.trim(), to.trim());
        return program.call(from, to).ok_or_else(|| {
            Error::new(
                Kind::Usage,
                format!("no step leads from `{from}` to `{to}`"),
            )
            .hint(format!("`why '{to}'` shows what leads there"))
        });
    }
    let package = program.packages_where(|path| path == name || known.import_path(path) == name);
    let found = package.or_else(|| module_of(program, known, name));
    let found = found.or_else(|| program.symbol(name));
    // As people call what the linker calls `main.F`.
    let of_main = name.strip_prefix(known.main_package);
    let of_main = of_main.and_then(|rest| rest.strip_prefix('.'));
    let found = found.or_else(|| program.symbol(&format!("main.{}", of_main?)));
    found.ok_or_else(|| unknown(program, known, name))
}

fn module_of(program: &Program<'_>, known: &Known<'_>, module: &str) -> Option<Meaning> {
    let mut found = program.packages_where(|path| known.is_in(known.import_path(path), module))?;
    found.kind = "module";
    Some(found)
}

/// Whether nothing is left without it: what the program begins with, the main package, and the runtime.
fn is_fixed(program: &Program<'_>, known: &Known<'_>, target: &Meaning) -> bool {
    let packages = &target.removal.packages;
    packages.iter().any(|path| known.is_fixed(path)) || program.is_fixed(target)
}

fn fixed(name: &str) -> Error {
    let message = format!("`{name}` cannot be left out: every program needs it");
    Error::new(Kind::Usage, message).hint(
        "cut what the program could do without; `why --biggest-cuts 10` lists what would free most",
    )
}

fn asked(program: &Program<'_>, known: &Known<'_>, name: &str, chains: usize) -> Result<Asked> {
    let target = find(program, known, name)?;
    Ok(Asked {
        name: name.to_owned(),
        kind: target.kind.to_owned(),
        symbols: program.kept_of(&target) as u64,
        chains: program
            .chains_to(&target, chains)
            .iter()
            .map(chain)
            .collect(),
        callers: Vec::new(),
        imported_by: match target.removal.packages.as_slice() {
            [] => Vec::new(),
            of => known.importers_of(|path| of.iter().any(|package| package == path)),
        },
        also: also(program, known, name, &target),
        without: (!is_fixed(program, known, &target))
            .then(|| freed(&program.freed(&target.removal))),
    })
}

/// A module whose root package has its name holds more than that.
fn also(program: &Program<'_>, known: &Known<'_>, name: &str, target: &Meaning) -> Option<String> {
    let count = |target: &Meaning| target.removal.packages.len();
    let module = module_of(program, known, name).filter(|_| target.kind == "package")?;
    let more = count(&module) > count(target);
    more.then(|| {
        let packages = counted_of(count(&module), "package");
        format!(
            "this is the package alone; `module:{name}` asks about the module with its {packages}"
        )
    })
}

/// The calls that keep every exported method, each alone and all together.
fn methods(program: &Program<'_>) -> Asked {
    let callers = program.reflecting();
    let chains = program.chains_to_each(&callers);
    let (without, priced) = program.freed_by_each(&callers);
    let each = chains.into_iter().zip(priced).map(|(chain_to, alone)| {
        let last = chain_to.as_ref().and_then(|chain| chain.last());
        Caller {
            symbol: last.map_or_else(String::new, |step| step.symbol.clone()),
            package: last.map_or_else(String::new, |step| step.package.clone()),
            alone,
            chain: chain_to.as_ref().map(chain),
        }
    });
    let mut each: Vec<Caller> = each.collect();
    each.order_by(|a, b| (Reverse(a.alone), &a.symbol).cmp(&(Reverse(b.alone), &b.symbol)));
    Asked {
        name: "dce".into(),
        kind: "dce".into(),
        symbols: callers.len() as u64,
        chains: Vec::new(),
        imported_by: Vec::new(),
        also: None,
        without: (!callers.is_empty()).then(|| freed(&without)),
        callers: each,
    }
}

/// Packages outside of the main module that it imports, and their modules, by what goes without them.
fn biggest(program: &Program<'_>, known: &Known<'_>, most: usize) -> Vec<Biggest> {
    let importers = known.importers();
    let main = |package: &str| package == "main" || known.is_in(package, known.main_module);
    let mut names: BTreeSet<(&str, &str)> = BTreeSet::new();
    for (package, by) in &importers {
        if !main(package) && by.iter().any(|importer| main(importer)) {
            names.insert((package, "package"));
            names.extend(known.modules.get(package).map(|module| (*module, "module")));
        }
    }
    let price = |name: &str, kind: &str| {
        let target = match kind {
            "module" => module_of(program, known, name)?,
            _ => program.packages_where(|path| path == name)?,
        };
        if is_fixed(program, known, &target) {
            return None;
        }
        let freed = program.freed(&target.removal);
        let by = importers
            .iter()
            .filter(|(package, _)| target.removal.packages.iter().any(|gone| gone == *package));
        let by: BTreeSet<&str> = by
            .flat_map(|(_, by)| by)
            .copied()
            .filter(|importer| main(importer))
            .ordered();
        Some(Biggest {
            name: name.to_owned(),
            kind: kind.to_owned(),
            bytes: freed.total(),
            functions: freed.functions as u64,
            imported_by: by.into_iter().map(str::to_owned).collect(),
        })
    };
    let mut all = priced(program, known, names, most, price);
    all.retain(|found| found.bytes > 0);
    all.order_by(|a, b| {
        (Reverse(a.bytes), &a.name, &a.kind).cmp(&(Reverse(b.bytes), &b.name, &b.kind))
    });
    // A module of one package is the same cut.
    all.dedup_by(|later, earlier| later.name == earlier.name && later.bytes == earlier.bytes);
    all.truncate(if most == 0 { usize::MAX } else { most });
    all
}

/// What the largest of some cuts free. All are weighed together first, which is exact but for the space between symbols: a cut
/// that is far below `most` others then needs no elimination of its own.
fn priced(
    program: &Program<'_>,
    known: &Known<'_>,
    names: BTreeSet<(&str, &str)>,
    most: usize,
    price: impl Fn(&str, &str) -> Option<Biggest>,
) -> Vec<Biggest> {
    let kept = program.retained(|path| known.modules.get(known.import_path(path)).copied());
    let weighed = names.into_iter().map(|(name, kind)| {
        let of = match kind {
            "module" => kept.modules.get(name),
            _ => kept.packages.get(name),
        };
        (of.map_or(0, |of| of.bytes), name, kind)
    });
    let mut weighed: Vec<(u64, &str, &str)> = weighed.collect();
    weighed.order_by_key(|(bytes, name, kind)| (Reverse(*bytes), *name, *kind));
    let mut found: Vec<Biggest> = Vec::new();
    for (bytes, name, kind) in weighed {
        // The same cut may be there as a package and as a module.
        let enough = most > 0 && found.len() >= 2 * most + SLACK;
        let least = || found.iter().map(|cut| cut.bytes).min().unwrap_or_default();
        if bytes == 0 || (enough && bytes + bytes / 8 + PAGES < least()) {
            break;
        }
        found.extend(price(name, kind));
    }
    found
}

/// Cuts that are looked at beyond those that are shown.
const SLACK: usize = 4;

/// So much may lie between symbols, in bytes, beside an eighth.
const PAGES: u64 = 16 << 10;

fn chain(chain: &linker::Chain) -> Chain {
    let step = |step: &linker::Step| Step {
        kind: step.kind.word().to_owned(),
        symbol: step.symbol.clone(),
        package: step.package.clone(),
        file: step.place.as_ref().map(|(file, _)| file.clone()),
        line: step.place.as_ref().map(|(_, line)| *line),
    };
    Chain {
        steps: chain.iter().map(step).collect(),
    }
}

fn freed(found: &linker::Freed) -> Freed {
    let each = found.packages.iter().map(|(package, bytes)| PackageBytes {
        package: package.clone(),
        bytes: *bytes,
    });
    let mut packages: Vec<PackageBytes> = each.collect();
    packages.order_by(|a, b| (Reverse(a.bytes), &a.package).cmp(&(Reverse(b.bytes), &b.package)));
    Freed {
        bytes: found.total(),
        file: found.file,
        functions: found.functions as u64,
        packages,
    }
}

//! Lays out the report of `why`.

use super::{before_main, growth_causes};
use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::report::UNCOUNTED_C;
use crate::report::reasons::{
    Asked, Biggest, By, Caller, Chain, Cut, Freed, Program, Reasons, Since,
};
use crate::view::{Block, Cell, Table, number, optional, text};

/// The blocks, with at most `top` lines in each listing.
pub fn outline(reasons: &Reasons, top: usize) -> Vec<Block> {
    let go = &reasons.go;
    let mut blocks = vec![Block::Title(format!(
        "{} · {}/{} · {}",
        reasons.package, go.goos, go.goarch, go.version
    ))];
    blocks.extend(reasons.program.iter().flat_map(program));
    let not_run = reasons.not_run.iter();
    blocks.extend(not_run.map(|reason| {
        Block::warn(format!(
            "known by imports only, not by the linker's elimination: {reason}"
        ))
    }));
    let asked = reasons.asked.iter();
    blocks.extend(asked.flat_map(|asked| answer(asked, reasons.by, top)));
    blocks.extend(reasons.cut.iter().flat_map(|cut| without(cut, top)));
    let inits = reasons.inits.iter();
    blocks.extend(inits.flat_map(|inits| before_main::outline(inits, top)));
    blocks.extend(reasons.since.iter().flat_map(|found| since(found, top)));
    blocks.extend(reasons.biggest.iter().flat_map(|all| biggest(all)));
    blocks
}

/// How large it all is.
fn program(program: &Program) -> Vec<Block> {
    let methods = match program.keeps_every_method {
        true => "; every exported method is kept (`why dce`)",
        false => "",
    };
    let line = format!(
        "{} of code and data from {}{methods}",
        human(program.bytes),
        counted(program.packages, "package")
    );
    let c = program.uncounted_c.then_some(UNCOUNTED_C);
    std::iter::once(Block::plain(line))
        .chain(c.map(Block::plain))
        .collect()
}

/// Why it has another size than in an earlier revision.
fn since(since: &Since, top: usize) -> Vec<Block> {
    let line = format!("since {} ({})", since.revision, since.commit);
    let mut blocks = vec![Block::plain(line)];
    blocks.extend(growth_causes::outline(&since.growth, top));
    blocks
}

fn answer(asked: &Asked, by: By, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::heading(format!("why {}", asked.name))];
    if asked.kind == "dce" {
        blocks.extend(callers(&asked.callers, top));
    } else if asked.chains.is_empty() {
        blocks.push(Block::good(match by {
            By::Linker => "it is compiled, but nothing of it is kept",
            By::Imports => "no import leads to it",
        }));
    }
    blocks.extend(chains(&asked.chains));
    if !asked.imported_by.is_empty() {
        let by = first_of(&asked.imported_by);
        blocks.push(Block::plain(format!("imported by {by}")));
    }
    blocks.extend(asked.also.iter().map(Block::dim));
    blocks.extend(without_it(asked, by, top));
    blocks
}

fn chains(chains: &[Chain]) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (index, chain) in chains.iter().enumerate() {
        if chains.len() > 1 {
            blocks.push(Block::dim(format!("chain {}", index + 1)));
        }
        blocks.push(steps(chain));
    }
    blocks
}

/// What would go with it.
fn without_it(asked: &Asked, by: By, top: usize) -> Vec<Block> {
    let is_calls = asked.kind == "dce";
    match &asked.without {
        Some(freed) if is_calls => lost("without these calls", freed, top),
        Some(freed) => lost("without it", freed, top),
        None if by == By::Linker && !is_calls => {
            vec![Block::plain(
                "it cannot be left out: every program needs it",
            )]
        }
        None => Vec::new(),
    }
}

fn steps(chain: &Chain) -> Block {
    let columns = vec![
        text("how"),
        text("what"),
        optional(text("where in the step before")),
    ];
    let rows = chain.steps.iter().map(|step| {
        let place = step.file.as_ref().zip(step.line);
        let place = place.map(|(file, line)| Cell::line(file, line));
        vec![(&step.kind).into(), (&step.symbol).into(), place.into()]
    });
    Table::of(columns, rows).into()
}

fn callers(callers: &[Caller], top: usize) -> Vec<Block> {
    if callers.is_empty() {
        return vec![Block::good(
            "no call of a method by an unknown name is kept: unused methods are eliminated",
        )];
    }
    let line = format!(
        "every exported method is kept, by {} with calls of methods whose names are not known when linking",
        counted(callers.len() as u64, "function")
    );
    let columns = vec![text("function"), number("bytes without it alone")];
    let shown = callers.iter().take(top);
    let rows = shown.clone().map(|caller| {
        let alone = match caller.alone {
            0 => Cell::Other(0.0, "0 (another does so too)".into()),
            bytes => Cell::bytes(bytes),
        };
        vec![(&caller.symbol).into(), alone]
    });
    let mut blocks = vec![Block::warn(line), Table::of(columns, rows).into()];
    let reached = shown.filter_map(|caller| Some((&caller.symbol, caller.chain.as_ref()?)));
    blocks.extend(reached.flat_map(|(symbol, chain)| {
        let how = Block::dim(format!("how {symbol} is reached"));
        [how, steps(chain)]
    }));
    blocks
}

fn without(cut: &Cut, top: usize) -> Vec<Block> {
    let names = cut.names.join(" and ");
    let mut blocks = vec![Block::heading(format!("cut {names}"))];
    blocks.extend(lost("the file", &cut.freed, top));
    blocks
}

fn lost(subject: &str, freed: &Freed, top: usize) -> Vec<Block> {
    let file = freed.file.map_or(String::new(), |file| {
        format!("; in whole pages the file loses {}", grouped(file))
    });
    let line = format!(
        "{subject}: {} less ({} bytes, {}{file})",
        human(freed.bytes),
        grouped(freed.bytes),
        counted(freed.functions, "function"),
    );
    let rows = freed.packages.iter().take(top).map(|entry| {
        let name = match entry.package.as_str() {
            "" => "tables that packages share",
            package => package,
        };
        vec![name.into(), Cell::bytes(entry.bytes)]
    });
    let table = Table::of(vec![text("package"), number("bytes")], rows);
    let mut blocks = vec![Block::plain(line)];
    if !table.rows.is_empty() {
        blocks.push(table.into());
    }
    blocks
}

/// The first of some packages, and how many more there are.
fn first_of(packages: &[String]) -> String {
    match packages {
        [] => String::new(),
        [only] => only.clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
    }
}

fn biggest(all: &[Biggest]) -> Vec<Block> {
    let rows = all.iter().map(|entry| {
        // As it can be typed: a package of the same name is another cut.
        let name = match entry.kind.as_str() {
            "module" => format!("module:{}", entry.name),
            _ => entry.name.clone(),
        };
        let by = first_of(&entry.imported_by);
        vec![name.into(), Cell::bytes(entry.bytes), by.into()]
    });
    let columns = vec![
        text("without"),
        number("bytes"),
        optional(text("imported by")),
    ];
    vec![
        Block::heading("the cuts that free most"),
        Table::of(columns, rows).into(),
    ]
}

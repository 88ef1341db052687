//! Lays out the report of `why`.

use super::{before_main, growth_causes};
use crate::config::size::human;
use crate::number::{counted, grouped};
use crate::report::UNCOUNTED_C;
use crate::report::reasons::{Asked, Biggest, By, Caller, Chain, Cut, Freed, Reasons, Since};
use crate::view::{Block, Table, Tone, number, optional, text};

/// The blocks, with at most `top` lines in each listing.
pub fn outline(reasons: &Reasons, top: usize) -> Vec<Block> {
    let go = &reasons.go;
    let mut blocks = vec![Block::Title(format!(
        "{} · {}/{} · {}",
        reasons.package, go.goos, go.goarch, go.version
    ))];
    if let Some(program) = &reasons.program {
        let methods = match program.keeps_every_method {
            true => "; every exported method is kept (`why dce`)",
            false => "",
        };
        let line = format!(
            "{} of code and data from {}{methods}",
            human(program.bytes),
            counted(program.packages, "package")
        );
        blocks.push(Block::Line(Tone::Plain, line));
        if program.uncounted_c {
            blocks.push(Block::Line(Tone::Plain, UNCOUNTED_C.into()));
        }
    }
    if let Some(reason) = &reasons.not_run {
        let line = format!("known by imports only, not by the linker's elimination: {reason}");
        blocks.push(Block::Line(Tone::Warn, line));
    }
    blocks.extend(
        reasons
            .asked
            .iter()
            .flat_map(|asked| answer(asked, reasons.by, top)),
    );
    blocks.extend(reasons.cut.iter().flat_map(|cut| without(cut, top)));
    blocks.extend(
        reasons
            .inits
            .iter()
            .flat_map(|inits| before_main::outline(inits, top)),
    );
    blocks.extend(reasons.since.iter().flat_map(|found| since(found, top)));
    blocks.extend(reasons.biggest.iter().flat_map(|all| biggest(all)));
    blocks
}

/// Why it has another size than in an earlier revision.
fn since(since: &Since, top: usize) -> Vec<Block> {
    let line = format!("since {} ({})", since.revision, since.commit);
    let mut blocks = vec![Block::Line(Tone::Plain, line)];
    blocks.extend(growth_causes::outline(&since.growth, top));
    blocks
}

fn answer(asked: &Asked, by: By, top: usize) -> Vec<Block> {
    let mut blocks = vec![Block::Heading(format!("why {}", asked.name))];
    if asked.kind == "dce" {
        blocks.extend(callers(&asked.callers, top));
    } else if asked.chains.is_empty() {
        let line = match by {
            By::Linker => "it is compiled, but nothing of it is kept",
            By::Imports => "no import leads to it",
        };
        blocks.push(Block::Line(Tone::Good, line.into()));
    }
    for (index, chain) in asked.chains.iter().enumerate() {
        if asked.chains.len() > 1 {
            blocks.push(Block::Line(Tone::Dim, format!("chain {}", index + 1)));
        }
        blocks.push(steps(chain));
    }
    if !asked.imported_by.is_empty() {
        let line = format!("imported by {}", first_of(&asked.imported_by));
        blocks.push(Block::Line(Tone::Plain, line));
    }
    let also = asked.also.iter();
    blocks.extend(also.map(|line| Block::Line(Tone::Dim, line.clone())));
    if let Some(freed) = &asked.without {
        let line = match asked.kind.as_str() {
            "dce" => "without these calls",
            _ => "without it",
        };
        blocks.extend(lost(line, freed, top));
    } else if by == By::Linker && asked.kind != "dce" {
        let line = "it cannot be left out: every program needs it";
        blocks.push(Block::Line(Tone::Plain, line.into()));
    }
    blocks
}

fn steps(chain: &Chain) -> Block {
    let row = |step: &crate::report::reasons::Step| {
        let place = match (&step.file, step.line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            _ => String::new(),
        };
        vec![step.kind.clone(), step.symbol.clone(), place]
    };
    Block::Table(Table {
        columns: vec![
            text("how"),
            text("what"),
            optional(text("where in the step before")),
        ],
        rows: chain.steps.iter().map(row).collect(),
        total: false,
    })
}

fn callers(callers: &[Caller], top: usize) -> Vec<Block> {
    if callers.is_empty() {
        let line = "no call of a method by an unknown name is kept: unused methods are eliminated";
        return vec![Block::Line(Tone::Good, line.into())];
    }
    let line = format!(
        "every exported method is kept, by {} with calls of methods whose names are not known when linking",
        counted(callers.len() as u64, "function")
    );
    let row = |caller: &Caller| {
        let alone = match caller.alone {
            0 => "0 (another does so too)".to_owned(),
            bytes => grouped(bytes),
        };
        vec![caller.symbol.clone(), alone]
    };
    let mut blocks = vec![
        Block::Line(Tone::Warn, line),
        Block::Table(Table {
            columns: vec![text("function"), number("bytes without it alone")],
            rows: callers.iter().take(top).map(row).collect(),
            total: false,
        }),
    ];
    for caller in callers.iter().take(top) {
        if let Some(chain) = &caller.chain {
            blocks.push(Block::Line(
                Tone::Dim,
                format!("how {} is reached", caller.symbol),
            ));
            blocks.push(steps(chain));
        }
    }
    blocks
}

fn without(cut: &Cut, top: usize) -> Vec<Block> {
    let names = cut.names.join(" and ");
    let mut blocks = vec![Block::Heading(format!("cut {names}"))];
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
    let row = |entry: &crate::report::reasons::PackageBytes| {
        let name = match entry.package.as_str() {
            "" => "tables that packages share",
            package => package,
        };
        vec![name.to_owned(), grouped(entry.bytes)]
    };
    let rows: Vec<Vec<String>> = freed.packages.iter().take(top).map(row).collect();
    let mut blocks = vec![Block::Line(Tone::Plain, line)];
    if !rows.is_empty() {
        blocks.push(Block::Table(Table {
            columns: vec![text("package"), number("bytes")],
            rows,
            total: false,
        }));
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
    let row = |entry: &Biggest| {
        let by = first_of(&entry.imported_by);
        // As it can be typed: a package of the same name is another cut.
        let name = match entry.kind.as_str() {
            "module" => format!("module:{}", entry.name),
            _ => entry.name.clone(),
        };
        vec![name, grouped(entry.bytes), by]
    };
    vec![
        Block::Heading("the cuts that free most".into()),
        Block::Table(Table {
            columns: vec![
                text("without"),
                number("bytes"),
                optional(text("imported by")),
            ],
            rows: all.iter().map(row).collect(),
            total: false,
        }),
    ]
}

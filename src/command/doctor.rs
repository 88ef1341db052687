//! `doctor`: the checks that need no build, and the gates that the next build will not judge.

use super::lock_file;
use super::prepare::prepare;
use super::present::Shows;
use super::{Output, Session};
use crate::check::{self, Context, Finding, Status};
use crate::cli::Doctor;
use crate::clock;
use crate::error::Result;
use crate::render::{self, Format, Style};
use crate::report::foreseen::{Ahead, foreseen};
use crate::report::outline::{self, Block, Tone};

/// Prints what the checks see in each main package.
pub fn run(args: &Doctor, session: &mut Session<'_>) -> Result<Output> {
    Shows::TABLES.check_format(args.format)?;
    let prepared = prepare(&args.settings, &args.typed, session)?;
    let lock_path = lock_file::path_of(&prepared);
    let lock = lock_file::load(&lock_path, &session.cwd)?;
    let earlier = &prepared.earlier;
    let change = earlier.change(&lock_path, lock.as_ref(), &prepared.facts, session)?;
    let lock = earlier.judging(&lock_path, lock, session)?;
    let mut all: Vec<(String, Vec<Finding>)> = Vec::new();
    for facts in &prepared.facts {
        for main in facts.packages.iter().filter(|it| it.is_named_main()) {
            let gates = foreseen(&Ahead {
                config: &prepared.loaded.config,
                origins: &prepared.loaded.origins,
                lock: lock.as_ref(),
                facts,
                package: &main.import_path,
            });
            let context = Context {
                facts,
                package: &main.import_path,
                artifact: None,
                built: None,
                pgo: &prepared.loaded.config.pgo,
                linkage: prepared.loaded.config.build.linkage,
                lock: None,
                origins: &prepared.loaded.origins,
                change: change.as_ref(),
                gates: &gates,
                now: clock::about_now(),
            };
            let title = format!(
                "{} · {}/{} · {}",
                main.import_path,
                facts.toolchain.goos,
                facts.toolchain.goarch,
                facts.toolchain.version
            );
            all.push((
                title,
                check::run(&prepared.loaded.config, &context).findings,
            ));
        }
    }
    let failed = |it: &&Finding| it.status == Status::Fail;
    let failures: Vec<String> = all
        .iter()
        .flat_map(|(_, it)| it)
        .filter(failed)
        .map(|it| format!("{}: {}", it.id, it.message))
        .collect();
    let text = match args.format {
        Format::Json => render::json(
            &all.iter()
                .map(|(title, findings)| serde_json::json!({"target": title, "checks": findings}))
                .collect::<Vec<_>>(),
        ),
        format => render::blocks(
            &blocks(&all, &prepared.loaded.file),
            format,
            Style {
                width: session.width,
            },
        ),
    };
    Ok(Output {
        text,
        failures,
        is_data: args.format.is_data(),
        ..Output::default()
    })
}

fn blocks(all: &[(String, Vec<Finding>)], file: &Option<std::path::PathBuf>) -> Vec<Block> {
    let mut blocks = Vec::new();
    for (title, findings) in all {
        blocks.push(Block::Title(title.clone()));
        blocks.extend(outline::checks::checks(findings));
    }
    let file = file
        .as_ref()
        .map_or("none: `gobuild-opt init` writes one".into(), |it| {
            it.display().to_string()
        });
    blocks.push(Block::Line(Tone::Dim, format!("configuration: {file}")));
    blocks
}

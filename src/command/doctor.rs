//! `doctor`: the checks that need no build.

use super::prepare::prepare;
use super::present::Shows;
use super::{Output, Session};
use crate::check::{self, Context, Finding, Status};
use crate::cli::Doctor;
use crate::clock;
use crate::error::Result;
use crate::render::{self, Format, Style};
use crate::report::outline::{self, Block, Tone};

/// Prints what the checks see in each main package.
pub fn run(args: &Doctor, session: &mut Session<'_>) -> Result<Output> {
    Shows::TABLES.check_format(args.format)?;
    let prepared = prepare(&args.settings, &args.typed, session)?;
    let mut all: Vec<(String, Vec<Finding>)> = Vec::new();
    for facts in &prepared.facts {
        for main in facts.packages.iter().filter(|it| it.is_named_main()) {
            let context = Context {
                facts,
                package: &main.import_path,
                artifact: None,
                built: None,
                pgo: &prepared.loaded.config.pgo,
                linkage: prepared.loaded.config.build.linkage,
                lock: None,
                origins: &prepared.loaded.origins,
                change: None,
                gates: &[],
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

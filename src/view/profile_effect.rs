//! What the profile did, against a build without it.

use super::{Block, Cell, Digits, Table, Tone, number, optional, text};
use crate::number::{counted, grouped, percent};
use crate::order::Order;
use crate::report::spelled;
use crate::report::{Calls, Effect, Pair, Site, Target};

/// Rows of each list in the text report.
const LISTED: usize = 8;

/// Rows of each list where everything is shown.
const ALL: usize = 50;

/// The section; nothing where it was not asked for.
pub(crate) fn effect(target: &Target, everything: bool) -> Vec<Block> {
    let heading = Block::heading("What the profile does, against a build without it");
    if let Some(why) = &target.pgo.effect_failure {
        return vec![heading, Block::warn(format!("not known: {why}"))];
    }
    let Some(effect) = &target.pgo.effect else {
        return Vec::new();
    };
    let top = if everything { ALL } else { LISTED };
    let tone = if effect.worth { Tone::Good } else { Tone::Warn };
    let mut blocks = vec![heading, Block::Line(tone, effect.summary.clone())];
    blocks.extend(facts(effect).map(Block::plain));
    blocks.extend(inlined(effect, top));
    blocks.extend(packages(effect, top));
    blocks.extend(frames(target, top));
    blocks.extend(escapes(&effect.escapes_gained, "gained", top));
    blocks.extend(escapes(&effect.escapes_lost, "lost", top));
    if everything || effect.devirtualized.len() <= LISTED {
        let lines = effect.devirtualized.iter().take(top);
        blocks.extend(lines.map(Block::dim));
    }
    blocks
}

fn facts(effect: &Effect) -> [String; 4] {
    [
        format!(
            "hot calls {}, inlined without the profile {}, with it {}",
            share(&effect.hot),
            share(&effect.hot_inlined_without),
            share(&effect.hot_inlined_with)
        ),
        format!(
            "in the whole build {} inlined and {} fewer, {} made direct",
            counted(effect.inlined_gained, "more call"),
            grouped(effect.inlined_lost),
            grouped(effect.devirtualized.len() as u64)
        ),
        format!("file {}, code {}", bytes(effect.size), bytes(effect.code)),
        format!(
            "escapes {} gained, {} lost; stack frames of 1 KiB and more grown: {}",
            grouped(effect.escapes_gained.len() as u64),
            grouped(effect.escapes_lost.len() as u64),
            grouped(effect.frames_grown.len() as u64)
        ),
    ]
}

fn share(calls: &Calls) -> String {
    format!("{} ({:.1} %)", grouped(calls.calls), calls.percent)
}

fn bytes(pair: Pair) -> String {
    format!(
        "{} -> {} B ({})",
        grouped(pair.without),
        grouped(pair.with),
        percent(pair.without, pair.with)
    )
}

fn inlined(effect: &Effect, top: usize) -> Option<Block> {
    let columns = vec![
        text("hot call inlined by the profile"),
        number("line"),
        number("% of weight"),
    ];
    let rows = effect.newly_inlined.iter().take(top).map(|inlined| {
        vec![
            format!("{} -> {}", inlined.caller, inlined.callee).into(),
            Cell::offset(inlined.offset),
            Cell::Percent(inlined.percent, Digits::Two),
        ]
    });
    some(Table::of(columns, rows))
}

fn packages(effect: &Effect, top: usize) -> Option<Block> {
    let columns = vec![
        text("package"),
        optional(number("code B without")),
        number("with"),
        number("change B"),
    ];
    let rows = effect.packages.iter().take(top).map(|pair| {
        vec![
            (&pair.path).into(),
            Cell::bytes(pair.without),
            Cell::bytes(pair.with),
            Cell::delta(pair.without, pair.with),
        ]
    });
    some(Table::of(columns, rows))
}

fn frames(target: &Target, top: usize) -> Option<Block> {
    let mut grown: Vec<_> = target
        .frames
        .iter()
        .filter_map(|frame| Some((frame, frame.without_profile?)))
        .collect();
    grown.order_by_key(|(it, before)| {
        (it.goroutine.is_none(), std::cmp::Reverse(it.bytes - before))
    });
    let columns = vec![
        text("stack frame"),
        number("without B"),
        number("with B"),
        optional(text("inlined by the profile")),
    ];
    let rows = grown.iter().take(top).map(|(it, before)| {
        vec![
            (&it.function).into(),
            Cell::bytes(*before),
            Cell::bytes(it.bytes),
            it.hot_inlined.join(", ").into(),
        ]
    });
    some(Table::of(columns, rows))
}

fn escapes(sites: &[Site], word: &str, top: usize) -> Option<Block> {
    let columns = vec![
        text(&format!("escape {word}")),
        text("class"),
        text("the compiler says"),
    ];
    let rows = sites.iter().take(top).map(|site| {
        vec![
            Cell::line(site.file.as_deref().unwrap_or_default(), site.line),
            spelled(&site.class).into(),
            (&site.message).into(),
        ]
    });
    some(Table::of(columns, rows))
}

/// A table without rows says nothing.
fn some(table: Table) -> Option<Block> {
    (!table.rows.is_empty()).then(|| table.into())
}

//! What the profile did, against a build without it.

use super::{Block, Table, Tone, number, optional, text};
use crate::number::{change, counted, grouped, percent};
use crate::order::Order;
use crate::report::spelled;
use crate::report::{Effect, Pair, Site, Target};

/// Rows of each list in the text report.
const LISTED: usize = 8;

/// Rows of each list where everything is shown.
const ALL: usize = 50;

/// The section; nothing where it was not asked for.
pub(crate) fn effect(target: &Target, everything: bool) -> Vec<Block> {
    let heading = Block::Heading("What the profile does, against a build without it".into());
    if let Some(why) = &target.pgo.effect_failure {
        return vec![
            heading,
            Block::Line(Tone::Warn, format!("not known: {why}")),
        ];
    }
    let Some(effect) = &target.pgo.effect else {
        return Vec::new();
    };
    let top = if everything { ALL } else { LISTED };
    let tone = if effect.worth { Tone::Good } else { Tone::Warn };
    let mut blocks = vec![heading, Block::Line(tone, effect.summary.clone())];
    blocks.extend(
        facts(effect)
            .into_iter()
            .map(|fact| Block::Line(Tone::Plain, fact)),
    );
    blocks.extend(inlined(effect, top));
    blocks.extend(packages(effect, top));
    blocks.extend(frames(target, top));
    for (sites, word) in [
        (&effect.escapes_gained, "gained"),
        (&effect.escapes_lost, "lost"),
    ] {
        blocks.extend(escapes(sites, word, top));
    }
    if everything || effect.devirtualized.len() <= LISTED {
        let lines = effect.devirtualized.iter().take(top);
        blocks.extend(lines.map(|line| Block::Line(Tone::Dim, line.clone())));
    }
    blocks
}

fn facts(effect: &Effect) -> Vec<String> {
    let share =
        |calls: &crate::report::Calls| format!("{} ({:.1} %)", grouped(calls.calls), calls.percent);
    let bytes = |pair: Pair| {
        format!(
            "{} -> {} B ({})",
            grouped(pair.without),
            grouped(pair.with),
            percent(pair.without, pair.with)
        )
    };
    vec![
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

fn table(columns: Vec<super::Column>, rows: Vec<Vec<String>>) -> Block {
    Block::Table(Table {
        columns,
        rows,
        total: false,
    })
}

fn inlined(effect: &Effect, top: usize) -> Vec<Block> {
    if effect.newly_inlined.is_empty() {
        return Vec::new();
    }
    let rows = effect.newly_inlined.iter().take(top).map(|inlined| {
        vec![
            format!("{} -> {}", inlined.caller, inlined.callee),
            format!("{:+}", inlined.offset),
            format!("{:.2}", inlined.percent),
        ]
    });
    let columns = vec![
        text("hot call inlined by the profile"),
        number("line"),
        number("% of weight"),
    ];
    vec![table(columns, rows.collect())]
}

fn packages(effect: &Effect, top: usize) -> Vec<Block> {
    if effect.packages.is_empty() {
        return Vec::new();
    }
    let rows = effect.packages.iter().take(top).map(|pair| {
        vec![
            pair.path.clone(),
            grouped(pair.without),
            grouped(pair.with),
            change(pair.without, pair.with),
        ]
    });
    let columns = vec![
        text("package"),
        optional(number("code B without")),
        number("with"),
        number("change B"),
    ];
    vec![table(columns, rows.collect())]
}

fn frames(target: &Target, top: usize) -> Vec<Block> {
    let mut grown: Vec<_> = target
        .frames
        .iter()
        .filter_map(|frame| Some((frame, frame.without_profile?)))
        .collect();
    grown.order_by_key(|(it, before)| {
        (it.goroutine.is_none(), std::cmp::Reverse(it.bytes - before))
    });
    if grown.is_empty() {
        return Vec::new();
    }
    let rows = grown.iter().take(top).map(|(it, before)| {
        vec![
            it.function.clone(),
            grouped(*before),
            grouped(it.bytes),
            it.hot_inlined.join(", "),
        ]
    });
    let columns = vec![
        text("stack frame"),
        number("without B"),
        number("with B"),
        optional(text("inlined by the profile")),
    ];
    vec![table(columns, rows.collect())]
}

fn escapes(sites: &[Site], word: &str, top: usize) -> Vec<Block> {
    if sites.is_empty() {
        return Vec::new();
    }
    let rows = sites.iter().take(top).map(|site| {
        let file = site.file.clone().unwrap_or_default();
        vec![
            format!("{file}:{}", site.line),
            spelled(&site.class).to_owned(),
            site.message.clone(),
        ]
    });
    let columns = vec![
        text(&format!("escape {word}")),
        text("class"),
        text("the compiler says"),
    ];
    vec![table(columns, rows.collect())]
}

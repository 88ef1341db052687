//! Treemaps in, one self-contained SVG out. Nothing in it runs or is fetched.

use std::fmt::Write;

use super::treemap::{Rect, squarify};
use super::{harmless, words};
use crate::config::size::human;
use crate::number::{grouped, share};
use crate::report::outline::Block;
use crate::report::picture::{Hue, Picture, Tile};

const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 860.0;
/// Title and legend.
const HEAD: f64 = 64.0;
const MARGIN: f64 = 12.0;

const STYLE: &str = "\
text{font-family:'Liberation Sans',Arial,Helvetica,sans-serif;fill:#16202c;pointer-events:none}\
rect{stroke:#fff;stroke-width:1}\
g.t:hover>rect{stroke:#16202c}\
.main0{fill:#1f7a4d}.main1{fill:#7fc49f}.main2{fill:#bfe3cf}.main3{fill:#dcf0e4}\
.dep0{fill:#a8560f}.dep1{fill:#e9a766}.dep2{fill:#f8d5b0}.dep3{fill:#fce9d5}\
.std0{fill:#2c5f95}.std1{fill:#84aed8}.std2{fill:#c3d9ef}.std3{fill:#dfebf7}\
.none0{fill:#525b68}.none1{fill:#a6adb8}.none2{fill:#ced3da}.none3{fill:#e3e6ea}\
text.on{fill:#fff}";

/// One document with every picture of the blocks, one below the other.
pub fn svg(blocks: &[Block]) -> String {
    let pictures: Vec<&Picture> = blocks
        .iter()
        .filter_map(|it| match it {
            Block::Picture(picture) => Some(picture),
            _ => None,
        })
        .collect();
    let height = HEIGHT * pictures.len().max(1) as f64;
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\">\n<style>{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" style=\"fill:#fff\"/>\n"
    );
    if pictures.is_empty() {
        label(&mut out, "Nothing to draw", MARGIN, 30.0, 16.0, "");
    }
    for (index, picture) in pictures.into_iter().enumerate() {
        let top = HEIGHT * index as f64;
        let _ = writeln!(out, "<g transform=\"translate(0 {top})\">");
        draw(&mut out, picture);
        out.push_str("</g>\n");
    }
    out.push_str("</svg>\n");
    out
}

fn draw(out: &mut String, picture: &Picture) {
    let room = WIDTH - 2.0 * MARGIN;
    label(
        out,
        &words::fitted(&picture.title, 20.0, room * 0.5),
        MARGIN,
        30.0,
        20.0,
        " font-weight=\"bold\"",
    );
    label(
        out,
        &words::fitted(&picture.subtitle, 13.0, room),
        MARGIN,
        52.0,
        13.0,
        "",
    );
    legend(out, picture);
    let bounds = Rect {
        x: MARGIN,
        y: HEAD,
        width: room,
        height: HEIGHT - HEAD - MARGIN,
    };
    tiles(out, &picture.tiles, bounds, 0, picture.bytes());
}

/// From the right edge to the left: the last hue first.
fn legend(out: &mut String, picture: &Picture) {
    let mut right = WIDTH - MARGIN;
    for hue in Hue::ALL.into_iter().rev() {
        let mine = picture.tiles.iter().filter(|it| it.hue == hue);
        let bytes: u64 = mine.map(|it| it.bytes).sum();
        if bytes == 0 {
            continue;
        }
        let text = format!(
            "{} {} ({})",
            hue.name(),
            human(bytes),
            share(bytes, picture.bytes())
        );
        right -= words::width(&text, 12.0);
        label(out, &text, right, 28.0, 12.0, "");
        right -= 18.0;
        let _ = writeln!(
            out,
            "<rect class=\"{}\" x=\"{right:.1}\" y=\"17\" width=\"13\" height=\"13\"/>",
            class(hue, 1)
        );
        right -= 18.0;
    }
}

/// The boxes of one level, each with those within it.
fn tiles(out: &mut String, all: &[Tile], bounds: Rect, depth: usize, whole: u64) {
    let sizes: Vec<u64> = all.iter().map(|it| it.bytes).collect();
    for (tile, rect) in all.iter().zip(squarify(&sizes, bounds)) {
        // Less than a dot: the neighbours tell as much.
        if rect.width < 0.8 || rect.height < 0.8 {
            continue;
        }
        draw_tile(out, tile, rect, depth, whole);
    }
}

fn draw_tile(out: &mut String, tile: &Tile, rect: Rect, depth: usize, whole: u64) {
    let size = [14.0, 11.5, 10.5][depth.min(2)];
    let header = size + 6.0;
    let opens = !tile.children.is_empty() && rect.width > 40.0 && rect.height > header + 8.0;
    let shade = match (opens, depth) {
        (true, 0) => 0,
        (true, _) => 1,
        (false, _) if tile.pale => 3,
        (false, _) => 2,
    };
    let _ = writeln!(
        out,
        "<g class=\"t\"><title>{}: {} bytes, {}</title><rect class=\"{}\" x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
        escape(&tile.full),
        grouped(tile.bytes),
        share(tile.bytes, whole),
        class(tile.hue, shade),
        rect.x,
        rect.y,
        rect.width,
        rect.height
    );
    if opens {
        headline(out, tile, rect, size, depth);
        tiles(
            out,
            &tile.children,
            rect.inner(if depth == 0 { 3.0 } else { 2.0 }, header),
            depth + 1,
            whole,
        );
    } else {
        leaf(out, tile, rect, size);
    }
    out.push_str("</g>\n");
}

/// The name of a box with boxes in it, and its size where there is room.
fn headline(out: &mut String, tile: &Tile, rect: Rect, size: f64, depth: usize) {
    let room = rect.width - 10.0;
    let long = format!("{}  {}", tile.label, human(tile.bytes));
    let text = if words::width(&long, size) <= room {
        long
    } else {
        words::fitted(&tile.label, size, room)
    };
    let extra = if depth == 0 {
        " class=\"on\" font-weight=\"bold\""
    } else {
        ""
    };
    label(out, &text, rect.x + 5.0, rect.y + size + 2.0, size, extra);
}

/// The name of a single piece, and its size below where there is room.
fn leaf(out: &mut String, tile: &Tile, rect: Rect, size: f64) {
    if rect.height < size + 3.0 {
        return;
    }
    let room = rect.width - 8.0;
    let text = words::fitted(&tile.label, size, room);
    label(out, &text, rect.x + 4.0, rect.y + size + 2.0, size, "");
    let bytes = human(tile.bytes);
    if !text.is_empty() && rect.height > 2.0 * size + 8.0 && words::width(&bytes, size) <= room {
        label(
            out,
            &bytes,
            rect.x + 4.0,
            rect.y + 2.0 * size + 5.0,
            size,
            " opacity=\"0.7\"",
        );
    }
}

fn label(out: &mut String, text: &str, x: f64, y: f64, size: f64, extra: &str) {
    if !text.is_empty() {
        let text = escape(text);
        let _ = writeln!(
            out,
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size}\"{extra}>{text}</text>"
        );
    }
}

/// Shades from dark to pale: a module, a package, a piece of code, a piece of data.
fn class(hue: Hue, shade: usize) -> String {
    let name = match hue {
        Hue::Main => "main",
        Hue::Dependency => "dep",
        Hue::Std => "std",
        Hue::Other => "none",
    };
    format!("{name}{shade}")
}

/// Text that others wrote, made harmless for XML and HTML, in content and in attributes.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in harmless(text).chars() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            // No characters of XML.
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(label: &str, bytes: u64, children: Vec<Tile>) -> Tile {
        Tile {
            label: label.into(),
            full: label.into(),
            bytes,
            hue: Hue::Main,
            pale: false,
            children,
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let picture = Picture {
            title: "a<b>&\"'\u{1b}[31m\u{ffff}".into(),
            subtitle: "</svg><script>".into(),
            tiles: vec![tile("</text><script>alert(1)</script>", 10, Vec::new())],
        };
        let text = svg(&[Block::Picture(picture)]);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        assert!(!parsed.descendants().any(|it| it.has_tag_name("script")));
    }

    #[test]
    fn labels_fit_their_boxes() {
        let many = (1..40).map(|it| {
            tile(
                "a/rather/long/path/of/a/package",
                it * 100,
                vec![tile("f", it * 100, Vec::new())],
            )
        });
        let children: Vec<Tile> = many.rev().collect();
        let bytes = children.iter().map(|it| it.bytes).sum();
        let text = svg(&[Block::Picture(Picture {
            tiles: vec![tile("example.com/module", bytes, children)],
            ..Picture::default()
        })]);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let number = |it: &roxmltree::Node<'_, '_>, name| {
            it.attribute(name).unwrap().parse::<f64>().unwrap()
        };
        let mut seen = 0;
        for group in parsed
            .descendants()
            .filter(|it| it.attribute("class") == Some("t"))
        {
            let find = |name| group.children().find(|it| it.has_tag_name(name));
            let (Some(rect), Some(label)) = (find("rect"), find("text")) else {
                continue;
            };
            let right = number(&label, "x")
                + words::width(label.text().unwrap(), number(&label, "font-size"));
            assert!(right <= number(&rect, "x") + number(&rect, "width"));
            assert!(number(&label, "y") <= number(&rect, "y") + number(&rect, "height"));
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}

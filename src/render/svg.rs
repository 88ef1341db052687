//! Treemaps in, one self-contained SVG out. Nothing in it runs or is fetched; it follows the light or dark of the reader.

use std::fmt::Write;

use super::boxes::{Look, boxes, escape, hue, label};
use super::treemap::Rect;
use super::{strip, words};
use crate::config::size::human;
use crate::number::{counted, share};
use crate::report::picture::{Hue, Layer, Picture, Tile};
use crate::view::{Block, Strip};

const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 860.0;
/// Title and legend.
const HEAD: f64 = 64.0;
const MARGIN: f64 = 12.0;
/// Boxes of one picture: more of them would be smaller than a dot.
const MOST: usize = 2500;

const STYLE: &str = include_str!("svg/picture.css");

/// One document with every picture of the blocks, one below the other.
pub(crate) fn svg(blocks: &[Block]) -> String {
    let pictures = blocks.iter().filter_map(|block| match block {
        Block::Picture(picture) => Some(picture),
        _ => None,
    });
    let pictures: Vec<&Picture> = pictures.collect();
    let strips = blocks.iter().filter_map(|block| match block {
        Block::Strip(strip) => Some(strip),
        _ => None,
    });
    let strips: Vec<&Strip> = strips.collect();
    let below = HEIGHT * pictures.len() as f64;
    let height = match below + strip::HEIGHT * strips.len() as f64 {
        0.0 => 60.0,
        some => some,
    };
    let name = name(&pictures, &strips);
    let mut out = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" height=\"{height}\" role=\"img\" aria-label=\"{name}\">\n<style>\n{STYLE}</style>\n<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n"
    );
    if pictures.is_empty() && strips.is_empty() {
        label(&mut out, NOTHING, MARGIN, 34.0, 16.0, "");
    }
    for (index, picture) in pictures.into_iter().enumerate() {
        let top = HEIGHT * index as f64;
        let _ = writeln!(out, "<g transform=\"translate(0 {top})\">");
        draw(&mut out, picture);
        out.push_str("</g>\n");
    }
    for (index, it) in strips.into_iter().enumerate() {
        strip::svg(&mut out, it, below + strip::HEIGHT * index as f64);
    }
    out.push_str("</svg>\n");
    out
}

/// Instead of a picture.
const NOTHING: &str =
    "Nothing to draw: the files are identical, or it is not known whose their bytes are";

/// What is drawn, for who does not see it.
fn name(pictures: &[&Picture], strips: &[&Strip]) -> String {
    let maps = pictures.iter().map(|picture| escape(&picture.title));
    let maps: Vec<String> = maps.collect();
    let pairs = strips.iter().map(|strip| escape(&strip.title));
    let pairs: Vec<String> = pairs.collect();
    match (maps.is_empty(), pairs.is_empty()) {
        (false, _) => format!("treemap of {}", maps.join(", ")),
        (true, false) => format!("pairs of runs, {}", pairs.join(", ")),
        (true, true) => "no treemap".to_owned(),
    }
}

fn draw(out: &mut String, picture: &Picture) {
    let room = WIDTH - 2.0 * MARGIN;
    let layer = picture.shown();
    let title = words::fitted(&picture.title, 20.0, room * 0.45);
    label(out, &title, MARGIN, 30.0, 20.0, " class=\"b\"");
    let subtitle = match (picture.layers.first(), layer) {
        (Some(Layer::Change), Layer::Change) => {
            format!("{}; area is what came and what went", picture.subtitle)
        }
        (Some(Layer::Change), _) => format!("{}; no size changed", picture.subtitle),
        _ => picture.subtitle.clone(),
    };
    let subtitle = words::fitted(&subtitle, 13.0, room);
    label(out, &subtitle, MARGIN, 52.0, 13.0, "");
    legend(out, &entries(picture, layer));
    let bounds = Rect {
        x: MARGIN,
        y: HEAD,
        width: room,
        height: HEIGHT - HEAD - MARGIN,
    };
    let look = Look { layer, least: 0.8 };
    boxes(out, &picture.folded(MOST).picture, bounds, look);
}

/// A class and the words for it.
pub(crate) type Entry = (&'static str, String);

/// What the colours of a layer mean, with what there is of each.
pub(crate) fn entries(picture: &Picture, layer: Layer) -> Vec<Entry> {
    if layer == Layer::Change {
        return changes(picture);
    }
    let whole = picture.whole(layer);
    let entry = |it: Hue| {
        let mine = picture.tiles.iter().filter(|tile| tile.hue == it);
        let sum: u64 = mine.map(|tile| tile.area(layer)).sum();
        let amount = match layer {
            Layer::Escapes => counted(sum, "place"),
            Layer::Profile => share(sum, 1_000_000),
            Layer::Bytes | Layer::Change => format!("{} ({})", human(sum), share(sum, whole)),
            // What two packages keep together goes with neither: there is no sum.
            Layer::Retained => String::new(),
        };
        let words = format!("{} {amount}", it.name());
        (sum > 0).then(|| (hue(it), words.trim_end().to_owned()))
    };
    Hue::ALL.into_iter().filter_map(entry).collect()
}

/// Piece by piece, so that what grew and what shrank in one package does not cancel out.
fn changes(picture: &Picture) -> Vec<Entry> {
    let mut sums = [0; 4];
    add(&picture.tiles, &mut sums);
    let [new, grown, shrunk, gone] = sums;
    let all = [
        ("up new", "new", '+', new),
        ("up", "larger", '+', grown),
        ("down", "smaller", '−', shrunk),
        ("down gone", "gone", '−', gone),
    ];
    let there = all.into_iter().filter(|entry| entry.3 > 0);
    there
        .map(|(class, name, sign, bytes)| (class, format!("{name} {sign}{}", human(bytes))))
        .collect()
}

fn add(tiles: &[Tile], sums: &mut [u64; 4]) {
    for it in tiles {
        if !it.children.is_empty() {
            add(&it.children, sums);
            continue;
        }
        let at = match (it.before, it.bytes) {
            (0, _) => 0,
            (_, 0) => 3,
            (before, bytes) if bytes > before => 1,
            _ => 2,
        };
        sums[at] += it.moved;
    }
}

/// From the right edge to the left: the last first.
fn legend(out: &mut String, entries: &[Entry]) {
    let mut right = WIDTH - MARGIN;
    for (class, text) in entries.iter().rev() {
        right -= words::width(text, 12.0);
        label(out, text, right, 28.0, 12.0, "");
        right -= 18.0;
        let _ = writeln!(
            out,
            "<rect class=\"{class} s1\" x=\"{right:.1}\" y=\"17\" width=\"13\" height=\"13\"/>"
        );
        right -= 18.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tile(label: &str, bytes: u64, children: Vec<Tile>) -> Tile {
        match children.is_empty() {
            true => Tile::leaf(label, label, bytes, Hue::Main),
            false => Tile::around(label, label, children),
        }
    }

    fn picture(tiles: Vec<Tile>) -> Picture {
        Picture {
            layers: vec![Layer::Bytes],
            tiles,
            ..Picture::default()
        }
    }

    #[test]
    fn hostile_names_stay_text() {
        let picture = Picture {
            title: "a<b>&\"'\u{1b}[31m\u{ffff}".into(),
            subtitle: "</svg><script>".into(),
            ..picture(vec![tile(
                "</text><script>alert(1)</script>",
                10,
                Vec::new(),
            )])
        };
        let text = svg(&[Block::Picture(picture)]);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        assert!(
            !parsed
                .descendants()
                .any(|descendant| descendant.has_tag_name("script"))
        );
    }

    #[test]
    fn a_shrinkage_is_drawn() {
        let gone = Tile {
            before: 700,
            moved: 700,
            ..tile("old", 0, Vec::new())
        };
        let picture = Picture {
            layers: vec![Layer::Change, Layer::Bytes],
            ..picture(vec![gone])
        };
        let text = svg(&[Block::Picture(picture)]);
        assert!(
            text.contains("<title>old: gone, 700 bytes before</title>"),
            "{text}"
        );
        assert!(text.contains("gone −700 B"), "{text}");
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
        let bytes = children.iter().map(|tile| tile.bytes).sum();
        let all = picture(vec![tile("example.com/module", bytes, children)]);
        let text = svg(&[Block::Picture(all)]);
        let parsed = roxmltree::Document::parse(&text).unwrap();
        let number = |it: &roxmltree::Node<'_, '_>, name| {
            it.attribute(name).unwrap().parse::<f64>().unwrap()
        };
        let mut seen = 0;
        for group in parsed
            .descendants()
            .filter(|descendant| descendant.attribute("class") == Some("t"))
        {
            let find = |name| group.children().find(|node| node.has_tag_name(name));
            let (Some(rect), Some(label)) = (find("rect"), find("text")) else {
                continue;
            };
            let right = number(&label, "x")
                + words::width(label.text().unwrap(), number(&label, "font-size"));
            assert!(right <= number(&rect, "x") + number(&rect, "width") + 0.1);
            assert!(number(&label, "y") <= number(&rect, "y") + number(&rect, "height") + 0.1);
            seen += 1;
        }
        assert!(seen > 20, "{seen}");
    }
}

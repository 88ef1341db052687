//! Draws the boxes of a treemap as SVG elements: a group for each, with its numbers as a title. Colours are classes;
//! the style sheets of `svg` and `html` say what they are.

use std::fmt::Write;

use super::treemap::{Rect, squarify};
use super::{harmless, words};
use crate::config::size::human;
use crate::number::{change, counted, grouped, share};
use crate::order::Order;
use crate::report::picture::{Hue, Layer, Picture, Tile};

/// How boxes are drawn.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Look {
    /// What makes their area.
    pub(crate) layer: Layer,
    /// Boxes with a side shorter than this are left out: the box around them is what one sees.
    pub(crate) least: f64,
}

/// Every box of a picture within the bounds.
pub(crate) fn boxes(out: &mut String, picture: &Picture, bounds: Rect, look: Look) {
    let whole = picture.whole(look.layer);
    Pen { out, look, whole }.level(&picture.tiles, bounds, 0);
}

struct Pen<'a> {
    out: &'a mut String,
    look: Look,
    whole: u64,
}

impl Pen<'_> {
    /// The boxes of one level, each with those within it; the largest in this layer first.
    fn level(&mut self, all: &[Tile], bounds: Rect, depth: usize) {
        let area = |tile: &Tile| tile.area(self.look.layer);
        let mut tiles: Vec<&Tile> = all.iter().filter(|tile| area(tile) > 0).collect();
        tiles.order_by(|a, b| area(b).cmp(&area(a)).then_with(|| a.full.cmp(&b.full)));
        let sizes: Vec<u64> = tiles.iter().map(|tile| area(tile)).collect();
        for (tile, rect) in tiles.into_iter().zip(squarify(&sizes, bounds)) {
            if rect.width >= self.look.least && rect.height >= self.look.least {
                self.tile(tile, rect, depth);
            }
        }
    }

    fn tile(&mut self, tile: &Tile, rect: Rect, depth: usize) {
        let size = [14.0, 11.5, 10.5][depth.min(2)];
        let header = size + 6.0;
        let opens = !tile.children.is_empty() && rect.width > 40.0 && rect.height > header + 8.0;
        let shade = match (opens, depth) {
            (true, 0) => 0,
            (true, _) => 1,
            (false, _) if tile.is_pale() => 3,
            (false, _) => 2,
        };
        let is_own = depth == 0 && tile.hue == Hue::Main;
        let _ = write!(
            self.out,
            "<g class=\"t\"><title>{}: {}</title><rect class=\"{} s{shade}{}\" {}/>",
            escape(&tile.full),
            self.numbers(tile),
            self.class(tile),
            if is_own { " own" } else { "" },
            bounds(rect)
        );
        if opens {
            self.headline(tile, rect, size, depth);
            let border = if depth == 0 { 3.0 } else { 2.0 };
            let inner = rect.inner(border, header);
            self.floor(tile, inner);
            self.level(&tile.children, inner, depth + 1);
        } else {
            self.leaf(tile, rect, size);
        }
        self.out.push_str("</g>\n");
    }

    /// What is too small to be drawn looks like what is around it, not like a hole.
    fn floor(&mut self, tile: &Tile, rect: Rect) {
        let class = self.class(tile).split(' ').next().unwrap_or_default();
        let bounds = bounds(rect);
        let _ = write!(self.out, "<rect class=\"{class} s2 floor\" {bounds}/>");
    }

    /// The name of a box with boxes in it, and its size where there is room.
    fn headline(&mut self, tile: &Tile, rect: Rect, size: f64, depth: usize) {
        let room = rect.width - 10.0;
        let long = format!("{}  {}", tile.label, self.brief(tile));
        let text = if words::width(&long, size) <= room {
            long.trim_end().to_owned()
        } else {
            words::fitted(&tile.label, size, room)
        };
        let extra = if depth == 0 { " class=\"on\"" } else { "" };
        label(
            self.out,
            &text,
            rect.x + 5.0,
            rect.y + size + 2.0,
            size,
            extra,
        );
    }

    /// The name of a single piece, and its size below where there is room.
    fn leaf(&mut self, tile: &Tile, rect: Rect, size: f64) {
        if rect.height < size + 3.0 {
            return;
        }
        let room = rect.width - 8.0;
        let text = words::fitted(&tile.label, size, room);
        label(self.out, &text, rect.x + 4.0, rect.y + size + 2.0, size, "");
        let brief = self.brief(tile);
        let fits = rect.height > 2.0 * size + 8.0 && words::width(&brief, size) <= room;
        if !text.is_empty() && fits {
            let y = rect.y + 2.0 * size + 5.0;
            label(self.out, &brief, rect.x + 4.0, y, size, " class=\"dim\"");
        }
    }

    /// The colour: whose it is, or whether it grew.
    fn class(&self, tile: &Tile) -> &'static str {
        if self.look.layer != Layer::Change {
            return hue(tile.hue);
        }
        match tile.bytes.cmp(&tile.before) {
            std::cmp::Ordering::Less if tile.bytes == 0 => "down gone",
            std::cmp::Ordering::Less => "down",
            std::cmp::Ordering::Equal => "same",
            std::cmp::Ordering::Greater if tile.before == 0 => "up new",
            std::cmp::Ordering::Greater => "up",
        }
    }

    /// In a word, for the box itself.
    fn brief(&self, tile: &Tile) -> String {
        match self.look.layer {
            Layer::Bytes => human(tile.bytes),
            Layer::Retained if tile.is_several() => String::new(),
            Layer::Retained => human(tile.retained),
            Layer::Change if tile.bytes == tile.before => "±0 B".to_owned(),
            Layer::Change => {
                let sign = if tile.bytes > tile.before { '+' } else { '−' };
                format!("{sign}{}", human(tile.bytes.abs_diff(tile.before)))
            }
            Layer::Escapes => grouped(tile.sites),
            Layer::Profile => share(tile.weight, 1_000_000),
        }
    }

    /// Exactly, for who points at it.
    fn numbers(&self, tile: &Tile) -> String {
        match self.look.layer {
            Layer::Bytes => format!(
                "{} bytes, {}",
                grouped(tile.bytes),
                share(tile.bytes, self.whole)
            ),
            Layer::Retained if tile.is_several() => {
                "each piece as large as what goes without it".to_owned()
            }
            Layer::Retained => format!("{} bytes go without it", grouped(tile.retained)),
            Layer::Change if tile.bytes == 0 => {
                format!("gone, {} bytes before", grouped(tile.before))
            }
            Layer::Change if tile.before == 0 => format!("new, {} bytes", grouped(tile.bytes)),
            Layer::Change => format!(
                "{} bytes, {} before, {} now",
                change(tile.before, tile.bytes),
                grouped(tile.before),
                grouped(tile.bytes)
            ),
            Layer::Escapes => counted(tile.sites, "place") + " that allocate",
            Layer::Profile => format!("{} of the profile", share(tile.weight, 1_000_000)),
        }
    }
}

/// The class of where bytes come from.
pub(crate) fn hue(hue: Hue) -> &'static str {
    match hue {
        Hue::Main => "main",
        Hue::Dependency => "dep",
        Hue::Std => "std",
        Hue::Other => "none",
    }
}

/// A text where there is one.
pub(crate) fn label(out: &mut String, text: &str, x: f64, y: f64, size: f64, extra: &str) {
    if !text.is_empty() {
        let text = escape(text);
        let (x, y) = (tenths(x), tenths(y));
        let _ = write!(
            out,
            "<text x=\"{x}\" y=\"{y}\" font-size=\"{size}\"{extra}>{text}</text>"
        );
    }
}

/// A coordinate, without zeros that say nothing.
fn tenths(at: f64) -> String {
    let text = format!("{at:.1}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// Text that others wrote, made harmless for XML and HTML, in content and in attributes.
pub(crate) fn escape(text: &str) -> String {
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

/// The attributes that say where a rectangle is.
fn bounds(rect: Rect) -> String {
    format!(
        "x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\"",
        tenths(rect.x),
        tenths(rect.y),
        tenths(rect.width),
        tenths(rect.height)
    )
}

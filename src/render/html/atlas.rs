//! Writes a treemap into the page: drawn already, and with the controls that its script brings to life.

use super::escape;
use super::heading_anchors::Anchors;
use crate::config::size::human;
use crate::number::{change, counted, grouped, share};
use crate::render::boxes::{Look, boxes};
use crate::render::svg::entries;
use crate::render::treemap::Rect;
use crate::report::picture::{Folded, Layer, Picture};

const WIDTH: f64 = 1280.0;
const HEIGHT: f64 = 720.0;
/// Boxes that are there without the script, and the shortest side that they have, in pixels of the width above.
const MOST: usize = 900;
const LEAST: f64 = 5.0;
/// Packages of the main module that are named above the map.
const OWN: usize = 8;

/// The map number `at` of the page.
pub(crate) fn atlas(
    out: &mut String,
    picture: &Picture,
    at: usize,
    level: usize,
    anchors: &Anchors,
) {
    let title = escape(&format!("Map of {}", picture.title));
    out.push_str(&format!(
        "<section class=\"map\" id=\"map{at}\" aria-labelledby=\"map{at}h\">\n<h{level} id=\"map{at}h\">{title}</h{level}>\n<p class=\"sub\">{}</p>\n",
        escape(&picture.subtitle)
    ));
    own(out, picture, at, anchors);
    tools(out, picture, at);
    out.push_str(&format!(
        "<nav class=\"crumbs\" aria-label=\"Place in the map\"></nav>\n<div class=\"found\" role=\"status\"></div>\n<div class=\"stage\"><svg viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-labelledby=\"map{at}h\">\n"
    ));
    let folded = picture.folded(MOST);
    drawn(out, &folded.picture, picture.shown());
    out.push_str("</svg></div>\n<ul class=\"keys\" aria-label=\"Colours\">");
    for (class, words) in entries(picture, picture.shown()) {
        out.push_str(&format!(
            "<li><svg viewBox=\"0 0 13 13\" aria-hidden=\"true\"><rect class=\"{class} s1\" width=\"13\" height=\"13\"/></svg>{}</li>",
            escape(&words)
        ));
    }
    out.push_str(&format!(
        "</ul>\n<p class=\"note\">{}</p>\n<p class=\"note hint keyboard\"><kbd>Tab</kbd> into the map, arrows move, <kbd>Enter</kbd> opens, <kbd>Esc</kbd> goes back, <kbd>/</kbd> searches.</p>\n<details class=\"parts\"></details>\n</section>\n",
        not_drawn(&folded)
    ));
}

/// The boxes as they are before the script draws them.
fn drawn(out: &mut String, picture: &Picture, layer: Layer) {
    let bounds = Rect {
        x: 0.0,
        y: 0.0,
        width: WIDTH,
        height: HEIGHT,
    };
    let look = Look {
        layer,
        least: LEAST,
    };
    boxes(out, picture, bounds, look);
}

/// What became of pieces that are too small; empty where all are drawn.
fn not_drawn(folded: &Folded) -> String {
    let hidden = folded.hidden;
    if hidden == 0 {
        return String::new();
    }
    let bytes = match folded.picture.layers.contains(&Layer::Bytes) {
        true => format!(", together {},", human(folded.hidden_bytes)),
        false => String::new(),
    };
    let is = if hidden == 1 { "is" } else { "are" };
    let pieces = counted(hidden, "small piece");
    format!(
        "{pieces}{bytes} {is} not drawn one by one, but counted in “smaller …” and in the boxes around them."
    )
}

/// What people wrote themselves, however small it is beside the rest.
fn own(out: &mut String, picture: &Picture, at: usize, anchors: &Anchors) {
    let own = picture.own();
    if own.is_empty() {
        return;
    }
    let layer = match picture.layers.contains(&Layer::Bytes) {
        true => Layer::Bytes,
        false => picture.shown(),
    };
    let compared = picture.shown() == Layer::Change;
    let whole = own.iter().map(|tile| tile.area(layer)).sum();
    out.push_str(&format!(
        "<p class=\"own-list\"><b>Main module</b><span class=\"dim\">{} in {}:</span>",
        amount(layer, whole),
        counted(own.len() as u64, "package")
    ));
    for it in own.iter().take(OWN) {
        let row = anchors.row(&it.full);
        let target = row.map_or(format!("map{at}"), str::to_owned);
        let size = match compared {
            true if it.before == it.bytes => "±0".to_owned(),
            true => format!("{} B", change(it.before, it.bytes)),
            false => amount(layer, it.area(layer)),
        };
        out.push_str(&format!(
            "<a href=\"#{target}\" data-full=\"{}\">{}<span class=\"dim\">{size}</span></a>",
            escape(&it.full),
            escape(&it.label)
        ));
    }
    if own.len() > OWN {
        let more = grouped((own.len() - OWN) as u64);
        out.push_str(&format!("<span class=\"dim\">and {more} smaller</span>"));
    }
    out.push_str("</p>\n");
}

/// A sum of a layer, for people.
fn amount(layer: Layer, sum: u64) -> String {
    match layer {
        Layer::Escapes => counted(sum, "place"),
        Layer::Profile => share(sum, 1_000_000),
        Layer::Bytes | Layer::Change => human(sum),
        Layer::Retained => String::new(),
    }
}

fn tools(out: &mut String, picture: &Picture, at: usize) {
    out.push_str("<div class=\"tools\">\n");
    areas(out, picture, at);
    out.push_str(&format!("<label for=\"color{at}\" class=\"check\"><span class=\"dim\">Colour</span></label><select id=\"color{at}\"><option value=\"origin\">where it comes from</option><option value=\"module\">module</option><option value=\"kind\">kind of bytes</option>"));
    for (layer, words) in [
        (Layer::Change, "change"),
        (Layer::Escapes, "escapes"),
        (Layer::Profile, "profile"),
    ] {
        if picture.layers.contains(&layer) {
            let is = layer == Layer::Change && picture.shown() == layer;
            let selected = if is { " selected=\"\"" } else { "" };
            out.push_str(&format!(
                "<option value=\"{words}\"{selected}>{words}</option>"
            ));
        }
    }
    out.push_str(&format!(
        "</select>\n<label class=\"check\"><input type=\"checkbox\" class=\"hide\"/>Hide std</label>\n<label class=\"check\"><input type=\"checkbox\" class=\"hide-none\"/>Hide what is no package’s</label>\n<label class=\"find\"><span class=\"off\">Search in the map</span><input type=\"search\" id=\"search{at}\" placeholder=\"Search packages, functions\" autocomplete=\"off\" spellcheck=\"false\"/></label>\n</div>\n"
    ));
}

/// What makes the area of boxes, where there is a choice.
fn areas(out: &mut String, picture: &Picture, at: usize) {
    if picture.layers.len() < 2 {
        return;
    }
    out.push_str("<fieldset><legend>Area</legend><span class=\"seg\">");
    for layer in &picture.layers {
        let name = layer.name();
        let checked = match *layer == picture.shown() {
            true => " checked=\"\"",
            false => "",
        };
        out.push_str(&format!(
            "<label><input type=\"radio\" name=\"area{at}\" value=\"{name}\"{checked}/><span>{name}</span></label>"
        ));
    }
    out.push_str("</span></fieldset>\n");
}

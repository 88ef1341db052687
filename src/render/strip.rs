//! Draws the differences that `prove` measured as a strip of dots: a line of text, or a picture.

use std::fmt::Write;

use super::boxes::{escape, label};
use crate::view::Strip;

/// Columns of the line of text.
const COLUMNS: usize = 49;
/// The picture.
const WIDTH: f64 = 1280.0;
/// Height of the picture of one strip.
pub const HEIGHT: f64 = 170.0;
const LEFT: f64 = 40.0;

/// As far as is drawn on each side, in percent: all points and the interval, at least 1.
fn reach(strip: &Strip) -> f64 {
    let ends = [strip.low, strip.high, strip.floor, 1.0];
    let all = strip.points.iter().chain(&ends).map(|point| point.abs());
    all.filter(|it| it.is_finite()).fold(1.0, f64::max)
}

/// `-4.0 % ······1··21·3·|············ +4.0 %`: how many pairs there are at each place; the bar is no difference.
pub fn text(strip: &Strip) -> String {
    let reach = reach(strip);
    let mut counts = [0_usize; COLUMNS];
    let middle = COLUMNS / 2;
    for point in &strip.points {
        let place = (point / reach * middle as f64).round() + middle as f64;
        counts[(place.max(0.0) as usize).min(COLUMNS - 1)] += 1;
    }
    let column = |(at, count): (usize, &usize)| match count {
        0 if at == middle => '|',
        0 => '·',
        1..=9 => char::from(b'0' + *count as u8),
        _ => '#',
    };
    let line: String = counts.iter().enumerate().map(column).collect();
    format!("-{reach:.1} % {line} +{reach:.1} %")
}

/// A part of an SVG picture, [`HEIGHT`] high: points, the interval with its middle, and the floor as a band.
pub fn svg(out: &mut String, strip: &Strip, top: f64) {
    let reach = reach(strip);
    let half = (WIDTH - 2.0 * LEFT) / 2.0;
    let x = |percent: f64| LEFT + half + (percent / reach).clamp(-1.0, 1.0) * half;
    let _ = writeln!(out, "<g transform=\"translate(0 {top})\">");
    label(out, &strip.title, LEFT, 26.0, 16.0, " class=\"b\"");
    let band = (x(-strip.floor), x(strip.floor) - x(-strip.floor));
    let floor = escape(&format!("floor: {:.2} %", strip.floor));
    let _ = writeln!(
        out,
        "<rect class=\"floor\" x=\"{:.1}\" y=\"44\" width=\"{:.1}\" height=\"76\"><title>{floor}</title></rect>",
        band.0, band.1
    );
    let _ = writeln!(
        out,
        "<path class=\"axis\" d=\"M{:.1} 40V124M{:.1} 120H{:.1}\"/>",
        x(0.0),
        x(-reach),
        x(reach)
    );
    points(out, &strip.points, x);
    interval(out, strip, x);
    for (percent, anchor) in [
        (-reach, ""),
        (0.0, " text-anchor=\"middle\""),
        (reach, " text-anchor=\"end\""),
    ] {
        let words = format!("{percent:+.1} %");
        label(out, &words, x(percent), 140.0, 12.0, anchor);
    }
    out.push_str("</g>\n");
}

/// One below the other, so that none hides another.
fn points(out: &mut String, points: &[f64], x: impl Fn(f64) -> f64) {
    for (at, point) in points.iter().enumerate() {
        let y = 54.0 + (at % 6) as f64 * 7.0;
        let _ = writeln!(
            out,
            "<circle class=\"point\" cx=\"{:.1}\" cy=\"{y:.1}\" r=\"4\"><title>pair {}: {point:+.2} %</title></circle>",
            x(*point),
            at + 1
        );
    }
}

/// The interval, and the estimate in it.
fn interval(out: &mut String, strip: &Strip, x: impl Fn(f64) -> f64) {
    let _ = writeln!(
        out,
        "<path class=\"interval\" d=\"M{:.1} 106H{:.1}\"/><circle class=\"middle\" cx=\"{:.1}\" cy=\"106\" r=\"6\"><title>{:+.2} % [{:+.2}, {:+.2}]</title></circle>",
        x(strip.low),
        x(strip.high),
        x(strip.middle),
        strip.middle,
        strip.low,
        strip.high
    );
}

/// A picture that stands alone.
pub fn alone(strip: &Strip) -> String {
    let name = escape(&strip.title);
    let mut out = format!(
        "<svg class=\"strip\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" role=\"img\" aria-label=\"{name}\">\n"
    );
    svg(&mut out, strip, 0.0);
    out.push_str("</svg>\n");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_stand_where_they_are() {
        let strip = Strip {
            title: "a".into(),
            points: vec![-2.0, -2.0, 0.0, 1.0],
            low: -2.0,
            middle: -0.5,
            high: 1.0,
            floor: 0.5,
        };
        insta::assert_snapshot!(text(&strip), @"-2.0 % 2·······················1···········1············ +2.0 %");
        let picture = alone(&strip);
        assert_eq!(picture.matches("class=\"point\"").count(), 4);
        roxmltree::Document::parse(&picture).unwrap();
    }
}

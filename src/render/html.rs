//! Writes blocks as one HTML page that needs nothing else: its script and its style stand in it, and it asks for
//! nothing. All that it says can be read with scripts blocked; they add zoom, search, and tables that sort and filter.

mod heading_anchors;

mod atlas;

mod columns;

mod policy;

mod sheet;

mod source_link;

use super::boxes::escape;
use super::strip;
use crate::number::counted_of;
use crate::packed;
use crate::report::picture::Picture;
use crate::view::{Block, Tone};
use heading_anchors::{Anchors, linked};

/// The style and the script of every page, packed.
const STYLE: &[u8] = packed::file!("page.css");
const SCRIPT: &[u8] = packed::file!("page.js");

/// No page is larger, but for tables that somebody asked for in full.
const LARGEST: usize = 1 << 20;

/// The whole page.
pub(crate) fn html(blocks: &[Block]) -> String {
    let anchors = Anchors::of(blocks);
    let is_heading = |block: &&Block| matches!(block, Block::Title(_) | Block::Heading(_));
    let titled = matches!(blocks.iter().find(is_heading), Some(Block::Title(_)));
    let mut body = match titled {
        true => String::new(),
        false => "<h1>gobuild-opt</h1>\n".to_owned(),
    };
    let mut page = Page {
        anchors: &anchors,
        level: usize::from(!titled),
        ids: 0,
        about: String::new(),
        maps: Vec::new(),
    };
    for (at, block) in blocks.iter().enumerate() {
        page.block(&mut body, block, at);
    }
    let script = packed::text(SCRIPT);
    let body = insert(&body, &navigation(blocks, titled), "</h1>\n");
    let mut out = head(blocks, &script) + &body;
    let room = LARGEST.saturating_sub(out.len() + script.len() + 1024);
    data(&mut out, &page.maps, room);
    out.push_str(&format!("<script>{script}</script>\n</body>\n</html>\n"));
    out
}

/// What the maps are drawn from, in `room` bytes together.
fn data(out: &mut String, maps: &[&Picture], room: usize) {
    for (at, picture) in maps.iter().enumerate() {
        let data = columns::data(picture, room / maps.len());
        out.push_str(&format!(
            "<script type=\"application/json\" id=\"data{at}\">{data}</script>\n"
        ));
    }
}

/// What is drawn, block by block.
struct Page<'a> {
    anchors: &'a Anchors,
    /// The level of the last title: 0 before the first one.
    level: usize,
    /// Headings so far.
    ids: usize,
    /// The last of them.
    about: String,
    maps: Vec<&'a Picture>,
}

impl<'a> Page<'a> {
    fn block(&mut self, out: &mut String, block: &'a Block, at: usize) {
        match block {
            Block::Title(text) => {
                self.level = (self.level + 1).min(2);
                self.heading(out, self.level, text);
            }
            Block::Heading(text) => self.heading(out, self.level + 1, text),
            Block::Line(tone, text) => {
                let id = self.anchors.of_block(at);
                let id = id.map_or(String::new(), |id| format!(" id=\"{id}\""));
                let text = linked(text.trim(), self.anchors);
                out.push_str(&format!("<p{id}{}>{text}</p>\n", class(*tone)));
            }
            Block::Table(table) => sheet::sheet(out, table, at, &self.about, self.anchors),
            Block::Strip(it) => out.push_str(&strip::alone(it)),
            Block::Picture(picture) => {
                let at = self.maps.len();
                atlas::atlas(out, picture, at, self.level + 1, self.anchors);
                self.maps.push(picture);
            }
        }
    }

    fn heading(&mut self, out: &mut String, level: usize, text: &str) {
        let level = level.max(1);
        let id = self.ids;
        self.ids += 1;
        self.about = text.to_owned();
        let text = escape(text);
        out.push_str(&format!("<h{level} id=\"h{id}\">{text}</h{level}>\n"));
    }
}

fn head(blocks: &[Block], script: &str) -> String {
    let style = packed::text(STYLE);
    let title = blocks.iter().find_map(|block| match block {
        Block::Title(title) => Some(title),
        _ => None,
    });
    let heading = blocks.iter().find_map(|block| match block {
        Block::Heading(heading) => Some(heading),
        _ => None,
    });
    let title = title.or(heading).map(|title| escape(title));
    let title = title.unwrap_or_else(|| "gobuild-opt".into());
    let policy = policy::policy(&style, script);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta http-equiv=\"Content-Security-Policy\" content=\"{policy}\"/>\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n<meta name=\"referrer\" content=\"no-referrer\"/>\n<link rel=\"icon\" href=\"data:,\"/>\n<title>{title}</title>\n<style>{style}</style>\n</head>\n<body>\n"
    )
}

/// After the first place where `behind` ends, or at the start.
fn insert(body: &str, what: &str, behind: &str) -> String {
    let at = body.find(behind).map_or(0, |body| body + behind.len());
    format!("{}{what}{}", &body[..at], &body[at..])
}

/// What failed and what warns, and where the parts of the page are, but for the title that stands first.
fn navigation(blocks: &[Block], titled: bool) -> String {
    let mut items = Vec::new();
    for (tone, name, word) in [
        (Tone::Bad, "bad", "failure"),
        (Tone::Warn, "warn", "warning"),
    ] {
        let is = |block: &&Block| matches!(block, Block::Line(found, _) if *found == tone);
        let count = blocks.iter().filter(is).count();
        if count > 0 {
            let words = counted_of(count, word);
            items.push(format!("<a class=\"{name}\" href=\"#{name}\">{words}</a>"));
        }
    }
    let headings = blocks.iter().filter_map(|block| match block {
        Block::Title(text) | Block::Heading(text) => Some(text),
        _ => None,
    });
    for (at, text) in headings.enumerate().skip(usize::from(titled)) {
        items.push(format!("<a href=\"#h{at}\">{}</a>", escape(text)));
    }
    match items.len() {
        0 | 1 => String::new(),
        _ => format!(
            "<nav class=\"toc\" aria-label=\"Contents\">{}</nav>\n",
            items.join("")
        ),
    }
}

fn class(tone: Tone) -> &'static str {
    match tone {
        Tone::Plain => "",
        Tone::Good => " class=\"good\"",
        Tone::Warn => " class=\"warn\"",
        Tone::Bad => " class=\"bad\"",
        Tone::Dim => " class=\"dim\"",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::picture::{Hue, Layer, Tile};

    #[test]
    fn a_page_holds_its_style_and_its_script() {
        let page = html(&[Block::Title("api".into())]);
        let style = concat!(
            include_str!("svg/picture.css"),
            include_str!("html/page.css")
        );
        let script = concat!(
            include_str!("html/data.js"),
            include_str!("html/layout.js"),
            include_str!("html/colors.js"),
            include_str!("html/map.js"),
            include_str!("html/tables.js")
        );
        assert!(page.contains(&format!("<style>{style}</style>")));
        assert!(page.contains(&format!("<script>{script}</script>")));
    }

    #[test]
    fn names_cannot_become_markup() {
        let page = html(&[
            Block::Title("<script>alert(1)</script>".into()),
            Block::Line(Tone::Bad, "\"><img src=x onerror=alert(1)>".into()),
        ]);
        assert!(!page.contains("<script>alert") && !page.contains("<img"));
        assert!(page.contains("<p id=\"bad\" class=\"bad\">&quot;&gt;&lt;img"));
    }

    /// As large as programs are: names of 130,000 functions alone would be several times the page.
    #[test]
    fn a_page_of_any_program_is_at_most_a_mebibyte() {
        let function = |package: u64, at: u64| {
            let label = format!("(*ResourceWithALongName{at}).MarshalToSizedBuffer");
            let full = format!("example.com/organisation/product/api/v{package}.{label}");
            Tile {
                kind: "code".into(),
                ..Tile::leaf(label, full, 64 + at, Hue::Dependency)
            }
        };
        let package = |at: u64| {
            let path = format!("example.com/organisation/product/api/v{at}");
            Tile::around(
                path.clone(),
                path,
                (0..100).map(|it| function(at, it)).collect(),
            )
        };
        let module = Tile::around(
            "example.com/organisation/product",
            "",
            (0..1300).map(package).collect(),
        );
        let picture = |title: &str| {
            Block::Picture(Picture {
                title: title.into(),
                layers: vec![Layer::Bytes],
                tiles: vec![module.clone()],
                ..Picture::default()
            })
        };
        let one = html(&[Block::Title("a".into()), picture("a")]);
        let two = html(&[Block::Title("a".into()), picture("a"), picture("b")]);
        assert!(
            one.len() <= LARGEST && two.len() <= LARGEST,
            "{} {}",
            one.len(),
            two.len()
        );
        assert!(one.len() > LARGEST / 2, "{}", one.len());
        assert!(one.contains("smaller packages"));
    }

    #[test]
    fn the_page_and_its_parts_have_one_heading_each_and_in_order() {
        let page = html(&[
            Block::Title("one".into()),
            Block::Heading("two".into()),
            Block::Title("three".into()),
            Block::Heading("four".into()),
        ]);
        for heading in [
            "<h1 id=\"h0\">one",
            "<h2 id=\"h1\">two",
            "<h2 id=\"h2\">three",
            "<h3 id=\"h3\">four",
        ] {
            assert!(page.contains(heading), "{heading}");
        }
        assert!(page.contains("<a href=\"#h3\">four</a>"));
    }
}

//! Blocks in, one HTML page out that needs nothing else: no script, no font, no network.

use super::svg;
use crate::report::outline::{Block, Table, Tone};

const STYLE: &str = "\
:root{color-scheme:light dark;--line:#d5dae1;--dim:#5b6675;--good:#1b7a3d;--warn:#8a5a00;--bad:#b3261e}\
@media(prefers-color-scheme:dark){:root{--line:#3a424d;--dim:#9aa5b4;--good:#63c987;--warn:#e3b341;--bad:#ff7b72}}\
body{font:15px/1.5 system-ui,sans-serif;max-width:1280px;margin:2rem auto;padding:0 1rem}\
h1{font-size:1.4rem;overflow-wrap:anywhere}h2{font-size:1.1rem;margin:2rem 0 .5rem}\
p{margin:.2rem 0;overflow-wrap:anywhere}.dim{color:var(--dim)}.good{color:var(--good)}.warn{color:var(--warn)}\
.bad{color:var(--bad);font-weight:600}\
.wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\
th,td{padding:.2rem .8rem .2rem 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}\
td:first-child{overflow-wrap:anywhere;min-width:16rem}\
.n{text-align:right;white-space:nowrap}tr.total td{font-weight:600}\
svg{width:100%;height:auto;margin:1rem 0;border-radius:6px}";

/// The whole page.
pub fn html(blocks: &[Block]) -> String {
    let title = blocks.iter().find_map(|it| match it {
        Block::Title(title) => Some(svg::escape(title)),
        _ => None,
    });
    let title = title.unwrap_or_else(|| "gobuild-opt".into());
    let mut out = format!(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
    );
    for block in blocks {
        match block {
            Block::Title(text) => out.push_str(&format!("<h1>{}</h1>\n", svg::escape(text))),
            Block::Heading(text) => out.push_str(&format!("<h2>{}</h2>\n", svg::escape(text))),
            Block::Line(tone, text) => {
                out.push_str(&format!(
                    "<p{}>{}</p>\n",
                    class(*tone),
                    svg::escape(text.trim())
                ));
            }
            Block::Table(rows) => table(&mut out, rows),
            Block::Picture(_) => out.push_str(&svg::svg(std::slice::from_ref(block))),
        }
    }
    out.push_str("</body>\n</html>\n");
    out
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

fn table(out: &mut String, table: &Table) {
    let right = |column: usize| {
        let is = table.columns.get(column).is_some_and(|it| it.right);
        if is { " class=\"n\"" } else { "" }
    };
    out.push_str("<div class=\"wide\"><table>\n<tr>");
    for (index, column) in table.columns.iter().enumerate() {
        out.push_str(&format!(
            "<th{}>{}</th>",
            right(index),
            svg::escape(&column.title)
        ));
    }
    out.push_str("</tr>\n");
    for (index, row) in table.rows.iter().enumerate() {
        let total = table.total && index + 1 == table.rows.len();
        out.push_str(if total {
            "<tr class=\"total\">"
        } else {
            "<tr>"
        });
        for (index, cell) in row.iter().enumerate() {
            out.push_str(&format!("<td{}>{}</td>", right(index), svg::escape(cell)));
        }
        out.push_str("</tr>\n");
    }
    out.push_str("</table></div>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_become_markup() {
        let page = html(&[
            Block::Title("<script>alert(1)</script>".into()),
            Block::Line(Tone::Bad, "\"><img src=x onerror=alert(1)>".into()),
        ]);
        assert!(!page.contains("<script") && !page.contains("<img"));
        assert!(page.contains("<p class=\"bad\">&quot;&gt;&lt;img"));
    }
}

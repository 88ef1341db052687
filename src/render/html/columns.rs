//! Writes the data of a treemap for the page: one list for each property, all in the same order, each box before those
//! within it. `data.js` reads them.

use serde_json::{Map, Value, json};

use crate::render::harmless;
use crate::report::picture::{Folded, Hue, Layer, Picture, Tile};

/// Boxes at most, and bytes: what a browser reads and draws at once.
const MOST: usize = 12_000;
const LARGEST: usize = 560_000;

/// JSON for a `<script>`: nothing in it ends that. Smaller boxes are folded until it fits in `room` bytes.
pub(crate) fn data(picture: &Picture, room: usize) -> String {
    let room = room.clamp(20_000, LARGEST);
    let mut most = MOST;
    loop {
        let text = encoded(&picture.folded(most));
        if text.len() <= room || most < 50 {
            return text;
        }
        // In proportion, and a little less.
        let fitting = most as u128 * room as u128 / text.len() as u128;
        most = (fitting as usize).min(most - 1) * 19 / 20;
    }
}

/// The lists.
#[derive(Debug, Default)]
struct Columns {
    labels: Vec<String>,
    /// How full names are made of labels, a letter each.
    joins: String,
    full: Map<String, Value>,
    depths: String,
    hues: String,
    kinds: String,
    known_kinds: Vec<String>,
    bytes: Vec<u64>,
    changes: Vec<i64>,
    moved: Map<String, Value>,
    retained: Vec<u64>,
    sites: Vec<u64>,
    weights: Vec<u64>,
    members: Map<String, Value>,
}

fn encoded(folded: &Folded) -> String {
    let picture = &folded.picture;
    let mut columns = Columns::default();
    for it in &picture.tiles {
        columns.add(it, None, 0);
    }
    let layers: Vec<&str> = picture.layers.iter().map(|layer| layer.name()).collect();
    let mut value = json!({
        "title": harmless(&picture.title),
        "layers": layers,
        "kindNames": columns.known_kinds,
        "label": columns.labels,
        "join": columns.joins,
        "full": columns.full,
        "depth": columns.depths,
        "hue": columns.hues,
        "kind": columns.kinds,
        "bytes": columns.bytes,
        "members": columns.members,
        "hidden": folded.hidden,
        "hiddenBytes": folded.hidden_bytes,
    });
    for layer in &picture.layers {
        match layer {
            Layer::Bytes => {}
            Layer::Retained => value["retained"] = json!(columns.retained),
            Layer::Change => {
                value["change"] = json!(columns.changes);
                value["moved"] = json!(columns.moved);
            }
            Layer::Escapes => value["sites"] = json!(columns.sites),
            Layer::Profile => value["weight"] = json!(columns.weights),
        }
    }
    value.to_string().replace('<', "\\u003c")
}

impl Columns {
    fn add(&mut self, it: &Tile, above: Option<&Tile>, depth: usize) {
        let at = self.labels.len().to_string();
        self.labels.push(harmless(&it.label));
        let join = join(it, above);
        if join == 'x' {
            self.full.insert(at.clone(), json!(harmless(&it.full)));
        }
        self.joins.push(join);
        self.depths.push_str(&depth.min(9).to_string());
        self.hues.push(match it.hue {
            Hue::Main => '0',
            Hue::Dependency => '1',
            Hue::Std => '2',
            Hue::Other => '3',
        });
        let kind = self.kind(&it.kind);
        self.kinds.push(kind);
        if it.members > 0 {
            self.members.insert(at.clone(), json!(it.members));
        }
        self.amounts(it, at);
        for child in &it.children {
            self.add(child, Some(it), depth + 1);
        }
    }

    /// The numbers of a box; the sums of boxes with others in them are made again.
    fn amounts(&mut self, it: &Tile, at: String) {
        let is_leaf = it.children.is_empty();
        let own = |value: u64| if is_leaf { value } else { 0 };
        let signed = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let change = signed(own(it.bytes)) - signed(own(it.before));
        self.bytes.push(own(it.bytes));
        self.changes.push(change);
        if is_leaf && change.unsigned_abs() != it.moved {
            self.moved.insert(at, json!(it.moved));
        }
        self.retained.push(own(it.retained));
        self.sites.push(own(it.sites));
        self.weights.push(own(it.weight));
    }

    /// A letter for each kind, a blank for none.
    fn kind(&mut self, kind: &str) -> char {
        if kind.is_empty() {
            return ' ';
        }
        let known = self
            .known_kinds
            .iter()
            .position(|known_kind| known_kind == kind);
        let at = known.unwrap_or_else(|| {
            self.known_kinds.push(kind.to_owned());
            self.known_kinds.len() - 1
        });
        char::from(b'a' + at.min(25) as u8)
    }
}

/// `=`: the full name is the label; `/`, `.`, `:`: it begins with that of the box around it, without a version; `x`: none of
/// these.
fn join(it: &Tile, above: Option<&Tile>) -> char {
    if it.full == it.label {
        return '=';
    }
    let above = above.map(|tile| tile.full.split(' ').next().unwrap_or_default());
    let rest = above.and_then(|above| it.full.strip_prefix(above));
    let rest = rest.and_then(|rest| rest.strip_suffix(it.label.as_str()));
    match rest {
        Some("/") => '/',
        Some(".") => '.',
        Some(": ") => ':',
        _ => 'x',
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(functions: u64) -> Picture {
        let function = |at: u64| {
            let label = format!("(*Type).Method{at}</script>");
            let full = format!("example.com/app/store.{label}");
            Tile {
                kind: "code".into(),
                ..Tile::leaf(label, full, 100 + at, Hue::Main)
            }
        };
        let package = "example.com/app/store";
        let store = Tile::around("store", package, (0..functions).map(function).collect());
        let module = Tile::around("example.com/app", "example.com/app v1.0.0", vec![store]);
        Picture {
            layers: vec![Layer::Bytes],
            tiles: vec![module],
            ..Picture::default()
        }
    }

    #[test]
    fn a_program_of_any_size_fits() {
        for functions in [3, 130_000] {
            let text = data(&program(functions), 300_000);
            assert!(text.len() <= 300_000, "{}", text.len());
            assert!(!text.contains('<'));
            let value: Value = serde_json::from_str(&text).unwrap();
            let labels = value["label"].as_array().unwrap();
            for list in ["join", "depth", "hue", "kind"] {
                assert_eq!(value[list].as_str().unwrap().len(), labels.len(), "{list}");
            }
            let bytes = value["bytes"].as_array().unwrap().iter();
            let sum: u64 = bytes.map(|byte| byte.as_u64().unwrap()).sum();
            assert_eq!(sum, program(functions).whole(Layer::Bytes));
            let shown = labels.len() as u64 - 2;
            let folded = value["hidden"].as_u64().unwrap();
            assert_eq!(shown + folded, functions + u64::from(folded > 0));
        }
    }

    #[test]
    fn full_names_are_made_of_labels() {
        let text = data(&program(1), 300_000);
        let value: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(value["join"], "x/.");
        assert_eq!(value["full"]["0"], "example.com/app v1.0.0");
    }
}

//! What cgo tells the linker in an archive (`cmd/link/internal/ld/go.go`) in, what C code may call and finds elsewhere out.

use serde_json::Value;

/// What counts for the elimination.
#[derive(Debug, Default)]
pub(super) struct Directives {
    pub(crate) exports: Vec<Export>,
    /// Names that shared libraries define.
    pub(crate) imports: Vec<String>,
}

/// A Go symbol that code beside Go finds by its name.
#[derive(Debug)]
pub(super) struct Export {
    pub(crate) name: String,
    /// The ABI that the compiler names: 1 for ABIInternal.
    pub(crate) abi: u16,
    /// Whether shared libraries find it, or only what is linked with it.
    pub(crate) dynamic: bool,
}

impl Directives {
    /// Adds those of one object; `None` where they are no list of lists of words.
    pub(crate) fn add(&mut self, json: &[u8]) -> Option<()> {
        let lines: Value = serde_json::from_slice(json).ok()?;
        for line in lines.as_array()? {
            let words = line.as_array()?.iter().map(Value::as_str);
            self.line(&words.collect::<Option<Vec<&str>>>()?);
        }
        Some(())
    }

    fn line(&mut self, words: &[&str]) {
        match *words {
            ["cgo_import_dynamic", name, ..] if name != "_" => self.imports.push(name.to_owned()),
            [
                verb @ ("cgo_export_static" | "cgo_export_dynamic"),
                name,
                ..,
            ] => {
                self.exports.push(Export {
                    name: name.to_owned(),
                    abi: u16::from(words.get(3) == Some(&"ABIInternal")),
                    dynamic: verb == "cgo_export_dynamic",
                });
            }
            _ => {}
        }
    }
}

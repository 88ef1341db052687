//! Packs the schemas, and what every page holds, which are a fiftieth of the program as they lie here.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// What a page holds, in this order.
const PAGE: [(&str, &[&str]); 2] = [
    (
        "page.css",
        &["src/render/svg/picture.css", "src/render/html/page.css"],
    ),
    (
        "page.js",
        &[
            "src/render/html/data.js",
            "src/render/html/layout.js",
            "src/render/html/colors.js",
            "src/render/html/map.js",
            "src/render/html/tables.js",
        ],
    ),
];

fn main() -> Result<(), Box<dyn Error>> {
    // What cargo reads.
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=schemas")?;
    for entry in fs::read_dir("schemas")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".json") {
            pack(&name, &fs::read(&path)?)?;
        }
    }
    for (name, files) in PAGE {
        let mut text = Vec::new();
        for file in files {
            writeln!(std::io::stdout(), "cargo::rerun-if-changed={file}")?;
            text.extend(fs::read(file)?);
        }
        pack(name, &text)?;
    }
    Ok(())
}

fn pack(name: &str, content: &[u8]) -> Result<(), Box<dyn Error>> {
    let out = std::env::var("OUT_DIR")?;
    let file = File::create(Path::new(&out).join(format!("{name}.zlib")))?;
    let mut packed = ZlibEncoder::new(file, Compression::best());
    packed.write_all(content)?;
    packed.finish()?;
    Ok(())
}

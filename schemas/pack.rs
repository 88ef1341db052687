//! Packs the schemas, which are a fiftieth of the program as they lie here.

use std::error::Error;
use std::fs::{self, File};
use std::io::Write;
use std::path::Path;

use flate2::Compression;
use flate2::write::ZlibEncoder;

fn main() -> Result<(), Box<dyn Error>> {
    // What cargo reads.
    writeln!(std::io::stdout(), "cargo::rerun-if-changed=schemas")?;
    let out = std::env::var("OUT_DIR")?;
    for entry in fs::read_dir("schemas")? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.ends_with(".json") {
            let file = File::create(Path::new(&out).join(format!("{name}.zlib")))?;
            let mut packed = ZlibEncoder::new(file, Compression::best());
            packed.write_all(&fs::read(&path)?)?;
            packed.finish()?;
        }
    }
    Ok(())
}

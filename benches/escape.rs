//! How fast the compiler's text is read: `cargo bench --bench escape`.

use divan::Bencher;
use divan::counter::BytesCount;
use gobuild_opt::escape::{Collector, Package, Sources, parse};

fn main() {
    divan::main();
}

/// A recorded output a thousand times over, about 12 MB; of a thousand times as many files where `distinct`.
fn text(distinct: bool) -> Vec<u8> {
    let recorded = include_str!("../tests/data/escape/go1.27.txt");
    let part = |index: usize| {
        let name = if distinct {
            format!("{index}.go:")
        } else {
            ".go:".to_owned()
        };
        recorded.replace(".go:", &name)
    };
    (0..1000).map(part).collect::<String>().into_bytes()
}

fn sources() -> Sources {
    let package = |path: &str| Package {
        import_path: path.to_owned(),
        ..Package::default()
    };
    let packages = ["example.com/m", "example.com/m/lib"].map(package).to_vec();
    Sources {
        packages,
        directory: Vec::new(),
        trimpath: true,
        ..Sources::default()
    }
}

/// Every line is new: each escape becomes a site.
#[divan::bench]
fn collect_distinct(bencher: Bencher) {
    collect(bencher, true);
}

/// A thousand times the same lines.
#[divan::bench]
fn collect_repeated(bencher: Bencher) {
    collect(bencher, false);
}

fn collect(bencher: Bencher, distinct: bool) {
    let (text, sources) = (text(distinct), sources());
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| {
            let mut collector = Collector::new(&sources);
            collector.text(&text);
            collector.finish(|_| true)
        });
}

/// The grammar alone.
#[divan::bench]
fn lines(bencher: Bencher) {
    let text = text(true);
    bencher
        .counter(BytesCount::new(text.len()))
        .bench_local(|| {
            let diagnostic = |it: &&[u8]| matches!(parse::line(it), parse::Line::Diagnostic(_));
            text.split(|it| *it == b'\n').filter(diagnostic).count()
        });
}

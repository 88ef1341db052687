//! Writes the runs of a report as benchstat reads them.

use super::{OwnNumber, Report};

/// Every run in the format of Go's benchmarks, which benchstat reads: `benchstat -col variant FILE`.
pub(crate) fn raw(report: &Report) -> String {
    let mut text = String::new();
    for program in &report.programs {
        text.push_str(&format!("variant: {}\n", plain(&program.name)));
        for run in &program.runs {
            let cpu = run.user + run.system;
            text.push_str(&format!(
                "BenchmarkWorkload 1 {cpu:.6} cpu-sec/op {:.9} sec/op {} peak-B/op {} faults/op",
                run.wall, run.peak, run.faults
            ));
            if let Some(count) = run.instructions {
                text.push_str(&format!(" {count} instructions/op"));
            }
            text.push('\n');
            text.extend(run.own.iter().map(own));
        }
        text.push('\n');
    }
    text
}

/// Of a name, only what may stand in one.
fn plain(name: &str) -> String {
    let fits = |letter: char| if letter.is_whitespace() { '_' } else { letter };
    name.chars().map(fits).collect()
}

/// A number that the program printed itself.
fn own(own: &OwnNumber) -> String {
    let (name, unit) = match own.name.rsplit_once(':') {
        Some((name, unit)) if name.starts_with("Benchmark") => (plain(name), unit),
        _ => (
            format!("BenchmarkWorkload/{}", plain(&own.name)),
            own.unit.as_str(),
        ),
    };
    format!("{name} 1 {} {unit}\n", own.value)
}

//! What happens while go works, on stderr: a spinner on a terminal, a line per step elsewhere.

use std::io::Write;
use std::sync::Arc;
use std::time::{Duration, Instant};

use gobuild_opt::build::Event;
use gobuild_opt::number::{counted, counted_of};
use gobuild_opt::plan::StepKind;
use gobuild_opt::process::interrupt::Voice;
use gobuild_opt::render::{harmless, shortened};
use indicatif::{ProgressBar, ProgressStyle};

/// Columns of the spinner, the time and the spaces between.
const AROUND: usize = 10;

/// A name of a package that is shorter says nothing.
const SHORTEST: usize = 12;

/// Columns of the terminal that shows the progress.
fn width() -> usize {
    terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |it| usize::from(it.0.0))
}

/// Shows the events of a run.
pub struct Progress {
    quiet: bool,
    /// What go says of the release is shown even so.
    words: bool,
    bar: Option<ProgressBar>,
    step: String,
    count: u64,
    packages: usize,
    started: Instant,
}

impl Progress {
    /// Nothing when `quiet`; a spinner on a terminal.
    pub fn new(quiet: bool, words: bool, terminal: bool) -> Self {
        let bar = (terminal && !quiet).then(|| {
            let bar = ProgressBar::new_spinner();
            let style = ProgressStyle::with_template("{spinner} {wide_msg} {elapsed:>4}");
            bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
            bar.set_message("reading the module");
            bar.enable_steady_tick(Duration::from_millis(120));
            bar
        });
        Self {
            quiet,
            words,
            bar,
            step: String::new(),
            count: 0,
            packages: 0,
            started: Instant::now(),
        }
    }

    /// Shows an event.
    pub fn show(&mut self, event: &Event<'_>) {
        match event {
            Event::Step {
                kind,
                platform,
                packages,
                at,
            } => {
                self.end_step(*at);
                (self.count, self.packages) = (0, *packages);
                self.begin_step(format!("{} {platform}", verb(*kind)), *at);
            }
            Event::End(at) => self.end_step(*at),
            Event::Package(path) => {
                self.count += 1;
                self.message(path);
            }
            Event::Talk(text) => text.lines().for_each(|line| self.line(line)),
            Event::Words(text) if self.words => text.lines().for_each(|line| self.asked(line)),
            Event::Words(text) => text.lines().for_each(|line| self.line(line)),
            Event::Asked(line) => self.asked(line),
            Event::Data(line) => {
                // A reader that has gone away is no reason to stop the build.
                let _ = writeln!(std::io::stdout(), "{line}");
            }
        }
    }

    /// Clears the spinner.
    pub fn finish(&mut self) {
        self.end_step(Instant::now());
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
    }

    fn message(&self, path: &str) {
        if let Some(bar) = &self.bar {
            let done = match self.count {
                0 => String::new(),
                count => format!(
                    "  {count} compiled, {} in all",
                    counted_of(self.packages, "package")
                ),
            };
            let words = format!("{}{done}", self.step);
            // The spinner stands before it, and the time behind.
            let room = width().saturating_sub(words.len() + AROUND);
            let path = match path.is_empty() || room < SHORTEST {
                true => String::new(),
                false => format!("  {}", shortened(&harmless(path), room)),
            };
            bar.set_message(format!("{words}{path}"));
        }
    }

    fn begin_step(&mut self, step: String, at: Instant) {
        self.step = step;
        self.started = at;
        self.message("");
        if self.bar.is_none() {
            self.line(&format!("{} ...", self.step));
        }
    }

    fn end_step(&mut self, at: Instant) {
        if self.bar.is_none() && !self.step.is_empty() {
            let packages = if self.count > 0 {
                format!(", {}", counted(self.count, "package"))
            } else {
                String::new()
            };
            let line = format!(
                "{}: {:.1} s{packages}",
                self.step,
                at.saturating_duration_since(self.started).as_secs_f64()
            );
            self.line(&line);
        }
        self.step.clear();
    }

    /// Also where nothing else is said. Commands are indented with tabs.
    fn asked(&self, line: &str) {
        let words: Vec<_> = line.split('\t').map(harmless).collect();
        let text = words.join("\t");
        match &self.bar {
            Some(bar) => bar.println(text),
            None => say(&text),
        }
    }

    fn line(&self, text: &str) {
        line(self.bar.as_ref(), self.quiet, text);
    }

    /// What speaks from anywhere, as [`Event::Talk`] does.
    pub fn voice(&self) -> Voice {
        let (bar, quiet) = (self.bar.clone(), self.quiet);
        Voice(Some(Arc::new(move |text| line(bar.as_ref(), quiet, text))))
    }

    /// What clears the spinner from anywhere.
    pub fn curtain(&self) -> impl Fn() + use<> {
        let bar = self.bar.clone();
        move || bar.iter().for_each(ProgressBar::finish_and_clear)
    }
}

fn line(bar: Option<&ProgressBar>, quiet: bool, text: &str) {
    let text = harmless(text);
    match bar {
        Some(bar) => bar.println(text),
        None if quiet => {}
        None => say(&text),
    }
}

/// A line on stderr. Nobody may be there to read it, a terminal that was closed or a pipe: the work goes on.
pub fn say(line: &str) {
    let _ = writeln!(anstream::stderr(), "{line}");
}

fn verb(kind: StepKind) -> &'static str {
    match kind {
        StepKind::Release => "building the release for",
        StepKind::Libraries => "compiling packages for",
        StepKind::Baseline => "building the baseline for",
        StepKind::Captures => "finding escapes for",
        StepKind::EffectWith => "compiling with the profile for",
        StepKind::EffectWithout => "compiling without the profile for",
        StepKind::EffectBuild => "linking without the profile for",
        StepKind::Escape => "collecting escapes for",
    }
}

//! Joins what was typed and what is configured into what is to be measured.

use std::path::Path;
use std::time::Duration;

use crate::cli;
use crate::config::layer::Loaded;
use crate::config::prove_keys::Require;
use crate::config::size::Percent;
use crate::error::{Error, Kind, Result};
use crate::process::processors;
use crate::prove::decide::Demand;
use crate::prove::looks::MOST;
use crate::prove::run::Metric;

/// The most layouts.
pub const MOST_LAYOUTS: usize = 16;
/// The most runs before the first pair.
const MOST_WARM_UP: u32 = 100;

/// What stands for the program in a command.
pub const BIN: &str = "{bin}";

/// The words of a command.
pub type Words = Vec<String>;

/// What is to be measured.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The command; empty for benchmarks until the program is known.
    pub workload: Words,
    /// Before each run.
    pub setup: Option<Words>,
    /// After each run.
    pub teardown: Option<Words>,
    /// A server, and where it answers.
    pub serve: Option<(Words, String)>,
    /// What is judged; `None`: what the runs have, see [`super::measured_pairs`].
    pub metric: Option<Metric>,
    /// What difference matters, as a share.
    pub threshold: f64,
    /// The most pairs.
    pub pairs: usize,
    /// Layouts that were asked for.
    pub layouts: Option<usize>,
    /// What has to come out.
    pub require: Option<Require>,
    /// The seed.
    pub seed: u64,
    /// Processors, as a list; `None`: all that there are.
    pub cpus: Option<String>,
    /// Runs before the first pair.
    pub warm_up: u32,
    /// How long a run may take.
    pub limit: Duration,
}

impl Wish {
    /// Joins both. Fails with [`Kind::Usage`] where there is no workload, and for a command of a file that is not trusted.
    pub fn of(args: &cli::Prove, loaded: &Loaded) -> Result<Self> {
        let config = &loaded.config.prove;
        let (what, how) = (&args.what, &args.how);
        let wish = Self {
            workload: workload(args, loaded)?,
            serve: server(args, loaded)?,
            setup: command(&what.setup, &config.setup, "setup", loaded)?,
            teardown: command(&what.teardown, &config.teardown, "teardown", loaded)?,
            metric: how
                .metric
                .as_ref()
                .or(config.metric.as_ref())
                .map(|it| Metric::of(it)),
            threshold: share(how.threshold.or(config.threshold)),
            pairs: how.pairs.or(config.pairs).unwrap_or(20) as usize,
            layouts: how.layouts.or(config.layouts).map(|it| it as usize),
            require: how.require.or(config.require),
            seed: how.seed,
            cpus: cpus(how.cpus.as_deref())?,
            warm_up: how.warm_up,
            limit: how.run_timeout.0,
        };
        if what.bench.is_none() {
            wish.check_program()?;
        }
        wish.check_numbers()?;
        Ok(wish)
    }

    /// Fails where no command runs the program.
    fn check_program(&self) -> Result<()> {
        let (what, words) = match &self.serve {
            Some((words, _)) => ("server", words),
            None => ("workload", &self.workload),
        };
        if words.iter().any(|word| word.contains(BIN)) {
            return Ok(());
        }
        let message = format!("the {what} does not run the program: no `{BIN}` is in it");
        Err(Error::new(Kind::Usage, message)
            .hint("write `{bin}` where the program stands: `-- {bin} -n 100`"))
    }

    fn check_numbers(&self) -> Result<()> {
        let usage = |message: String, hint: &str| Err(Error::new(Kind::Usage, message).hint(hint));
        if !(5..=MOST).contains(&self.pairs) {
            let message = format!("`--pairs {}` is no number of pairs", self.pairs);
            return usage(
                message,
                "give one from 5 to 100; 6 and more can find a difference",
            );
        }
        if let Some(layouts) = self.layouts {
            self.check_layouts(layouts)?;
        }
        if self.warm_up > MOST_WARM_UP {
            let message = format!("`--warm-up {}` is more than {MOST_WARM_UP}", self.warm_up);
            return usage(message, "one run warms the caches; 0 leaves it out");
        }
        if self.threshold <= 0.0 || self.threshold > 1.0 {
            let message = format!(
                "a threshold of {} % decides nothing",
                self.threshold * 100.0
            );
            return usage(message, "give one above 0%, such as `--threshold 1%`");
        }
        Ok(())
    }

    /// Each layout needs two rounds.
    fn check_layouts(&self, layouts: usize) -> Result<()> {
        let usage =
            |message: String, hint: String| Err(Error::new(Kind::Usage, message).hint(hint));
        if layouts > MOST_LAYOUTS {
            let message = format!("{layouts} layouts are too many to link");
            return usage(message, format!("`--layouts` takes 0 to {MOST_LAYOUTS}"));
        }
        if 2 * layouts > self.pairs {
            let message = format!("{layouts} layouts take {} pairs or more", 2 * layouts);
            let hint = format!("give `--pairs {}`, or fewer `--layouts`", 2 * layouts);
            return usage(message, hint);
        }
        Ok(())
    }

    /// What is looked for as long as pairs are left.
    pub fn demand(&self) -> Demand {
        match self.require {
            None => Demand::Nothing,
            Some(Require::Faster(share)) => Demand::Less(share.0 / 100.0),
            Some(Require::NotSlower(share)) => Demand::NotMore(share.0 / 100.0),
        }
    }
}

/// A command that was typed as `--key`, else that of the configuration.
fn command(
    typed: &Option<String>,
    configured: &Option<String>,
    key: &str,
    loaded: &Loaded,
) -> Result<Option<Words>> {
    if let Some(typed) = typed {
        return words(typed, &format!("--{key}")).map(Some);
    }
    let Some(text) = configured else {
        return Ok(None);
    };
    let read = words(text, &format!("prove.{key}"))?;
    trusted(&read, key, loaded)?;
    Ok(Some(read))
}

/// The workload; empty for benchmarks.
fn workload(args: &cli::Prove, loaded: &Loaded) -> Result<Words> {
    if args.what.bench.is_some() {
        return Ok(Vec::new());
    }
    if args.workload.is_empty() {
        let configured = command(&None, &loaded.config.prove.workload, "workload", loaded)?;
        return configured.ok_or_else(nothing_to_run);
    }
    let words = args.workload.iter().map(|word| word.to_string_lossy());
    Ok(words.map(|word| word.into_owned()).collect())
}

/// The server, and where it answers.
fn server(args: &cli::Prove, loaded: &Loaded) -> Result<Option<(Words, String)>> {
    let (what, config) = (&args.what, &loaded.config.prove);
    if what.bench.is_some() {
        return Ok(None);
    }
    let Some(words) = command(&what.serve, &config.serve, "serve", loaded)? else {
        return Ok(None);
    };
    let ready = what.ready.clone().or_else(|| config.ready.clone());
    let ready = ready.ok_or_else(|| {
        let message = "nothing says when the server is ready";
        Error::new(Kind::Usage, message)
            .hint("give `--ready PORT`, `--ready HOST:PORT` or `--ready http://HOST:PORT/PATH`")
    })?;
    Ok(Some((words, ready)))
}

/// The processors that were typed. Otherwise those of the fastest kind, where there are several: the kernel would put one run here and
/// one there. All of one kind are left alone: Go sizes itself by the processors that it sees.
///
/// Fails with [`Kind::Usage`] for what is no list, and for processors that we may not use.
fn cpus(typed: Option<&str>) -> Result<Option<String>> {
    let allowed = processors::allowed();
    let Some(typed) = typed else {
        let devices = Path::new(processors::DEVICES);
        let fast = allowed.and_then(|all| processors::fastest(devices, &all));
        return Ok(fast.map(|fast| processors::shown(&fast)));
    };
    if typed == "all" {
        return Ok(None);
    }
    let wrong = |message: String, hint: &str| Err(Error::new(Kind::Usage, message).hint(hint));
    let Some(numbers) = processors::parse(typed) else {
        let message = format!("`--cpus {typed}` is no list of processors");
        return wrong(
            message,
            "write it like `--cpus 2,3` or `--cpus 0-3`, or `--cpus all`",
        );
    };
    let Some(allowed) = allowed else {
        let message = "`--cpus`: this system keeps no program on some processors".to_owned();
        return wrong(message, "leave it out");
    };
    if let Some(cpu) = numbers.iter().find(|cpu| !allowed.contains(cpu)) {
        let all = processors::shown(&allowed);
        let message = format!("`--cpus {typed}`: there is no processor {cpu} for us");
        return wrong(message, &format!("those that may be used are {all}"));
    }
    Ok(Some(processors::shown(&numbers)))
}

fn share(percent: Option<Percent>) -> f64 {
    percent.map_or(0.01, |it| it.0 / 100.0)
}

fn nothing_to_run() -> Error {
    Error::new(Kind::Usage, "there is no workload").hint(
        "write it behind `--`: `gobuild-opt prove ./cmd/api -- {bin} -n 100`; or name benchmarks: `--bench REGEX ./pkg`",
    )
}

/// The words of a command; `said` is where it stands.
pub fn words(text: &str, said: &str) -> Result<Words> {
    let read = shell_words::split(text).ok().filter(|it| !it.is_empty());
    read.ok_or_else(|| {
        Error::new(Kind::Usage, format!("`{said}` is no command: `{text}`"))
            .hint("write words as in a shell, with quotes in pairs")
    })
}

/// Fails for a command of a file that is not trusted. One that runs the program itself is code of the project, as benchmarks are,
/// and who typed `prove` asked for it.
fn trusted(words: &Words, key: &str, loaded: &Loaded) -> Result<()> {
    let layer = loaded.origins.get(&format!("prove.{key}"));
    let layer = layer.map_or("", String::as_str);
    let is_own = words.first().is_some_and(|it| it == BIN);
    if is_own || loaded.ground.is_everything() || matches!(layer, "environment" | "flags") {
        return Ok(());
    }
    let program = words.first().map_or("", String::as_str);
    let typed = match key {
        "workload" => "type it behind `--`".to_owned(),
        key => format!("type it: `--{key} COMMAND`"),
    };
    Err(Error::new(
        Kind::Usage,
        format!("`{layer}` sets `prove.{key}`: `{program}` is refused, it can run any program"),
    )
    .hint(format!(
        "begin it with `{BIN}`, {typed}, or run with `--trust-config` if you trust this file"
    )))
}

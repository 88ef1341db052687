//! argv, printing, progress, exit: nothing else does any of these.
#![allow(clippy::print_stdout, clippy::print_stderr)]

mod progress;
mod terminal;

use std::ffi::{OsStr, OsString};
use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use gobuild_opt::agent;
use gobuild_opt::build::seen_links::Outside;
use gobuild_opt::build::{Event, capture};
use gobuild_opt::cli::{self, Cli, StandIn, complete};
use gobuild_opt::command::stand_in::Done;
use gobuild_opt::command::{self, Session};
use gobuild_opt::error::{Error, Kind, Result};
use gobuild_opt::go::behind::{self, Behind};
use gobuild_opt::plan::toolexec;
use gobuild_opt::process::interrupt::Patience;
use gobuild_opt::process::measured;
use gobuild_opt::process::warden::{self, Warden};
use gobuild_opt::process::{self, Interrupt};
use gobuild_opt::render::harmless;
use progress::{Progress, say};
use terminal::{colors, fail, print, untabbed, width};

fn main() -> ExitCode {
    let args: Vec<OsString> = std::env::args_os().collect();
    // Go starts us for every tool of a build: nothing else may cost time here.
    if let Some(code) = args.get(1).and_then(|name| agent(name, &args[2..])) {
        return code;
    }
    if let Some(call) = cli::stand_in(&args) {
        // A script that asks `$(GO) version` means go's; somebody at a prompt may mean ours.
        let asks = call.ours && call.args == ["version"];
        if asks && std::io::stdout().is_terminal() {
            say(&format!("gobuild-opt {}, which calls", cli::version()));
        }
        return stand_in(&call);
    }
    command(&args)
}

/// A command of ours.
fn command(args: &[OsString]) -> ExitCode {
    let cwd = working_directory();
    match cli::parse(args, cwd.as_deref().unwrap_or(Path::new("/"))) {
        // clap prints help to stdout with 0, errors to stderr with 2.
        Err(clap) => {
            let code = if clap.use_stderr() { 2 } else { 0 };
            let _ = clap.print();
            ExitCode::from(code)
        }
        Ok(Err(error)) => fail(&error),
        Ok(Ok(cli)) => match cwd {
            Ok(cwd) => run(&cli, cwd),
            Err(_) if cli.is_reference() => run(&cli, PathBuf::from("/")),
            Err(error) => fail(
                &Error::new(Kind::Machine, "the working directory is gone")
                    .source(error)
                    .hint("go to one that exists: `cd`"),
            ),
        },
    }
}

/// What go, a shell or we ourselves start this program for; `None`: somebody typed a command.
fn agent(name: &OsStr, rest: &[OsString]) -> Option<ExitCode> {
    match name.to_str()? {
        toolexec::NAME => Some(tool(rest)),
        warden::ARGUMENT => Some(watch()),
        measured::ARGUMENT => Some(ExitCode::from(agent::measurer::run(rest))),
        complete::ARGUMENT => {
            let words = rest.iter().map(|word| word.to_string_lossy().into_owned());
            let words: Vec<String> = words.collect();
            let answer = complete::answer(&words, &working_directory().unwrap_or_default());
            // A shell that has gone away wants no answer.
            let _ = std::io::stdout().write_all(answer.as_bytes());
            Some(ExitCode::SUCCESS)
        }
        _ => None,
    }
}

/// A damaged file is an error with a text of its own, and not also the panic of a library that reads it.
fn hush_contained_panics() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        if !gobuild_opt::binary::is_contained() {
            hook(panic);
        }
    }));
}

/// Runs a tool of the Go toolchain.
fn tool(args: &[OsString]) -> ExitCode {
    let variable = |name| std::env::var_os(name).unwrap_or_default();
    // They make the compiler print (`buildActionID`, cmd/go/internal/work/exec.go).
    let steered = ["GOSSAFUNC", "GOCOMPILEDEBUG"]
        .map(variable)
        .iter()
        .any(|argument| !argument.is_empty());
    let package = variable("TOOLEXEC_IMPORTPATH");
    let outside = || Outside {
        env: std::env::vars_os().collect(),
        cwd: std::env::current_dir().unwrap_or_default(),
    };
    match capture::toolexec_call::run(args, &package, steered, outside, &mut std::io::stdout()) {
        Ok(code) => ExitCode::from(code),
        Err(error) => fail(&error),
    }
}

fn run(cli: &Cli, cwd: PathBuf) -> ExitCode {
    colors(cli.talk.color);
    // Where PATH has us under the name of go, a release would start itself.
    let go = search(|search| behind::is_first(search).then(|| behind::find(search).ok())).flatten();
    let progress = Progress::new(cli.talk.quiet, false, std::io::stderr().is_terminal());
    match with_session(cwd, go, progress, !cli.talk.quiet, |session| {
        command::run(cli, session)
    }) {
        Ok(output) => print(&output, cli.talk.quiet),
        Err(error) => fail(&error),
    }
}

fn with_session<T>(
    cwd: PathBuf,
    go: Option<Behind>,
    mut progress: Progress,
    talks: bool,
    run: impl FnOnce(&mut Session<'_>) -> Result<T>,
) -> Result<T> {
    hush_contained_panics();
    let mut interrupt = listen()?;
    interrupt.voice = progress.voice();
    interrupt.patience = patience();
    stand_by(interrupt.clone(), progress.curtain());
    let mut show = |event: Event<'_>| progress.show(&event);
    let mut session = Session {
        cwd,
        program: std::env::current_exe().ok().filter(|path| path.is_file()),
        go,
        env: std::env::vars_os().collect(),
        width: width(),
        terminal: talks && std::io::stdout().is_terminal(),
        interrupt,
        show: &mut show,
    };
    let result = run(&mut session);
    // Who stands by has it, too, and outlives us.
    session.interrupt.warden.dismiss();
    progress.finish();
    result
}

/// In place of go.
fn stand_in(call: &StandIn) -> ExitCode {
    let behind = match search(behind::find) {
        Ok(behind) => behind,
        Err(error) => {
            fail(&error);
            // As a shell says that there is no such command.
            return ExitCode::from(127);
        }
    };
    if !command::stand_in::is_release(call) {
        return become_go(&behind, call);
    }
    let cwd = match working_directory() {
        Ok(cwd) => cwd,
        Err(_) => return become_go(&behind, call),
    };
    let progress = Progress::new(true, true, false);
    let go = Some(behind.clone());
    let done = with_session(cwd, go, progress, false, |session| {
        command::stand_in::run(call, session)
    });
    match done {
        Ok(Done::Released(output)) => print(&output, true),
        Ok(Done::Gos(why)) => {
            why.iter().for_each(say_alone);
            become_go(&behind, call)
        }
        // Go's own words for a flag that nobody knows go on with its usage.
        Err(error) if gobuild_opt::go::is_unknown_flag(&error) => become_go(&behind, call),
        Err(error) => fail_as_go(&error),
    }
}

/// Says why go builds without us.
fn say_alone(why: &Error) {
    let advice = why.hint.iter().map(|text| format!(" ({text})"));
    let advice: String = advice.collect();
    say(&harmless(&format!(
        "gobuild-opt: {why}{advice}: go builds this alone, as if gobuild-opt were not there"
    )));
}

/// The exit codes of go: 1 for what cannot be built, 2 for what cannot be understood.
fn fail_as_go(error: &Error) -> ExitCode {
    if let (Kind::Go, Some(status)) = (error.kind, error.status) {
        for line in error.detail.iter().flat_map(|text| text.lines()) {
            say(&untabbed(line));
        }
        return ExitCode::from(u8::try_from(status).unwrap_or(1));
    }
    fail(error);
    match error.kind {
        Kind::Usage => ExitCode::from(2),
        Kind::Signal(_) => ExitCode::from(error.exit_code()),
        Kind::Go | Kind::Machine => ExitCode::from(1),
    }
}

/// Go with the arguments as they came. Returns only where it cannot be started.
fn become_go(behind: &Behind, call: &StandIn) -> ExitCode {
    let mut command = vec![behind.program.clone().into_os_string()];
    command.extend(call.args.iter().cloned());
    let error = process::tool::replace_with(&command, behind::MARK, behind.mark.as_deref());
    let message = format!("cannot start `{}`", behind.program.display());
    fail(&Error::new(Kind::Go, message).source(error));
    ExitCode::from(126)
}

/// Looks for the go command behind this program.
fn search<T>(look: impl FnOnce(&behind::Search<'_>) -> T) -> T {
    let named = std::env::var_os("GOBUILD_OPT_GO").filter(|argument| !argument.is_empty());
    let path = std::env::var_os("PATH");
    let mark = std::env::var_os(behind::MARK);
    let own = own_path();
    look(&behind::Search {
        name: named.unwrap_or_else(|| "go".into()),
        path: path.as_deref(),
        own: own.as_deref(),
        mark: mark.as_deref(),
        processes: [std::process::id(), std::os::unix::process::parent_id()],
    })
}

/// Remembers the first signal that asks us to stop; the running stage ends its children and returns.
fn listen() -> Result<Interrupt> {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    let interrupt = Interrupt::new(own_path().map(Warden::new).unwrap_or_default());
    let second = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        // nohup: who ignores a signal on our behalf means it.
        if is_ignored(signal) {
            continue;
        }
        let number = usize::try_from(signal).unwrap_or_default();
        // A second one ends us at once: we may hang in a pipe that nobody reads.
        signal_hook::flag::register_conditional_shutdown(signal, 128 + signal, second.clone())?;
        signal_hook::flag::register(signal, second.clone())?;
        signal_hook::flag::register_usize(signal, interrupt.signal.clone(), number)?;
    }
    Ok(interrupt)
}

/// Ends the run when it has to end and whoever waits does not hear of it. The warden tidies up then, as after a `kill -9`.
fn stand_by(interrupt: Interrupt, curtain: impl Fn() + Send + 'static) {
    const POLL: Duration = Duration::from_millis(50);
    std::thread::spawn(move || {
        loop {
            std::thread::sleep(POLL);
            let Some(error) = interrupt.overdue() else {
                continue;
            };
            let code = i32::from(error.exit_code());
            // Nobody may read what we say: that must not hold us up, either.
            let last_words = std::thread::spawn(move || {
                curtain();
                fail(&error)
            });
            for _ in 0..10 {
                if last_words.is_finished() {
                    break;
                }
                std::thread::sleep(POLL);
            }
            #[allow(clippy::exit)]
            std::process::exit(code);
        }
    });
}

/// For tests of what takes long: `SILENCE LIMIT` in milliseconds. Not one of the configuration.
fn patience() -> Patience {
    let read = || {
        let text = std::env::var("__GOBUILD_OPT_PATIENCE").ok()?;
        let (silence, limit) = text.split_once(' ')?;
        let time = |text: &str| Some(Duration::from_millis(text.parse().ok()?));
        Some(Patience {
            silence: time(silence)?,
            limit: time(limit)?,
        })
    };
    read().unwrap_or_default()
}

/// This program as a file. A new one may stand in its place by now.
fn own_path() -> Option<PathBuf> {
    let named = std::env::current_exe().ok().filter(|path| path.exists());
    let linked = || Some(PathBuf::from("/proc/self/exe")).filter(|path| path.exists());
    named.or_else(linked)
}

/// What we are when another run of ours started us to watch over it. What ends that run by a signal
/// must not end us before it.
fn watch() -> ExitCode {
    use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
    for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] {
        // Without it we would only end earlier.
        let _ = signal_hook::flag::register(signal, std::sync::Arc::default());
    }
    agent::watcher::run(std::io::stdin());
    ExitCode::SUCCESS
}

fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (signal - 1) & 1 == 1)
}

/// The working directory as the shell names it, as long as that is where we are: through a link it
/// may be another module (`os.Getwd`, which go asks).
fn working_directory() -> std::io::Result<PathBuf> {
    use std::os::unix::fs::MetadataExt;
    let real = std::env::current_dir()?;
    let named = std::env::var_os("PWD").map(PathBuf::from);
    let same = |it: &PathBuf| {
        let id = |path: &Path| {
            path.metadata()
                .ok()
                .map(|metadata| (metadata.dev(), metadata.ino()))
        };
        it.is_absolute() && id(it).is_some() && id(it) == id(&real)
    };
    Ok(named.filter(same).unwrap_or(real))
}

//! How escapes are collected: from the compile of the release, or by a compile of their own.
//!
//! The compile of the release reports what it does through `-toolexec` ([`super::toolexec`]). What it printed is kept
//! by action ID, and a `go list -export` with the flags of the release names the action of every package. What has no
//! capture, because a plain go compiled it before, gets the pass.

use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

use super::arg::{Arg, Flags, Reason};
use super::build_flags::{self, BuildKind, Inputs};
use super::toolexec::Wish;
use super::{Context, Facts, Step, StepKind, scope};
use crate::config::{Collect, Config};
use crate::error::{Error, Kind, Result};
use crate::escape;
use crate::go::flags::{self as go_flags, Flag};
use crate::number::hex;
use crate::process::Invocation;
use crate::quote;

/// What starts compilers and linkers for go.
const TOOLEXEC: &str = "toolexec";
/// The flags of the compiler.
const GCFLAGS: &str = "gcflags";

/// How the escapes of a target are collected.
#[derive(Debug, Clone, Default)]
pub(crate) struct Collection {
    /// Where from.
    pub(crate) source: Source,
    /// The packages, as patterns: those of the report, and those whose functions are asserted beside it.
    pub(crate) scope: Vec<String>,
    /// The packages of the scope that belong to the standard library.
    standard: Vec<String>,
    /// The user's own `-gcflags`, in Go's order.
    user: Vec<String>,
}

/// Where the diagnostics come from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    /// From the compile of the release, now or earlier.
    Capture {
        /// The directory of the captures.
        store: PathBuf,
        /// The program that go starts.
        program: PathBuf,
        /// The value of `-toolexec`.
        toolexec: String,
        /// Who asked for it.
        from: String,
    },
    /// From a compile of their own, and why where a capture was wanted.
    Pass {
        /// `None`: as configured.
        reason: Option<String>,
    },
    /// From nowhere, and why where they were wanted.
    Off {
        /// `None`: as configured.
        reason: Option<String>,
    },
}

impl Default for Source {
    fn default() -> Self {
        Self::Off { reason: None }
    }
}

impl Collection {
    /// Whether no `-gcflags` of the user can make the compiler print more.
    pub(crate) fn is_without_flags(&self) -> bool {
        self.user.is_empty()
    }

    /// The step with the compiler asked for its escape analysis; as it is where nothing is captured.
    pub(super) fn told(&self, step: Step) -> Step {
        let Source::Capture { toolexec, from, .. } = &self.source else {
            return step;
        };
        let why = "the compiler tells its escape analysis on the way; the code stays the same";
        let reason = Reason {
            flag: "-toolexec".into(),
            why: why.into(),
            from: from.clone(),
        };
        // Behind the verb; the user's own stands in ours.
        let flag = Flag {
            name: TOOLEXEC.into(),
            value: Some(toolexec.clone()),
            bytes: None,
        };
        let mut asking = step.with(|flags| {
            flags.remove(TOOLEXEC);
            flags.lead([Arg::because(flag, reason)]);
        });
        asking.without = Some(Box::new(step));
        asking
    }
}

/// Decides how the escapes are collected. Fails with [`Kind::Usage`] where a capture is demanded and cannot work.
pub(super) fn collection(
    inputs: &Inputs<'_>,
    facts: &Facts,
    links: &Path,
    program: Option<&Path>,
) -> Result<Collection> {
    let composed = build_flags::compose(inputs, BuildKind::Escape)?;
    let scope = diagnosed(inputs.config, facts);
    let standard = standard(&scope, facts);
    let source = match inputs.config.escape.collect {
        Collect::Off => Source::Off { reason: None },
        _ if last(inputs, "compiler").is_some_and(|last| last != "gc") => {
            let why = "the compiler is not gc, whose diagnostics are the only ones known";
            let reason = Some(why.into());
            Source::Off { reason }
        }
        Collect::Pass => Source::Pass { reason: None },
        collect => match capture(inputs, facts, &scope, links, program) {
            Ok(source) => source,
            Err(reason) if collect == Collect::Capture => {
                let message = format!("`[escape] collect = \"capture\"` cannot work: {reason}");
                return Err(Error::new(Kind::Usage, message).hint(
                    "write `auto` to have the escapes compiled separately where that is so",
                ));
            }
            Err(reason) => Source::Pass {
                reason: Some(reason),
            },
        },
    };
    Ok(Collection {
        source,
        user: build_flags::gcflags(inputs, &composed),
        scope,
        standard,
    })
}

/// The packages of a scope that belong to the standard library.
pub(super) fn standard(scope: &[String], facts: &Facts) -> Vec<String> {
    let is_standard = |path: &&String| {
        let mut packages = facts.packages.iter().filter(|package| package.standard);
        packages.any(|package| package.import_path == **path)
    };
    scope.iter().filter(is_standard).cloned().collect()
}

/// The scope, and the packages whose functions are asserted beside it.
fn diagnosed(config: &Config, facts: &Facts) -> Vec<String> {
    let mut scope = scope::patterns(&config.escape.scope, &facts.packages);
    let functions = config
        .assert
        .iter()
        .map(|assertion| assertion.function.as_str());
    let mut asserted = scope::of_functions(functions, &facts.packages);
    asserted.retain(|text| !scope::contains(&scope, text));
    scope.extend(asserted);
    scope
}

fn capture(
    inputs: &Inputs<'_>,
    facts: &Facts,
    scope: &[String],
    links: &Path,
    program: Option<&Path>,
) -> Result<Source, String> {
    // Whoever asks for commands pastes them.
    let pastes = facts.asked.dry_run || facts.asked.commands;
    if inputs.config.escape.collect == Collect::Auto && pastes {
        return Err("with -x and -n the commands are Go's own".into());
    }
    let program = program.ok_or("the file of this program is gone")?;
    let cache = Path::new(&facts.toolchain.gocache);
    if !cache.is_absolute() {
        return Err("there is no build cache to keep captures beside".into());
    }
    let theirs = match last(inputs, "toolexec") {
        Some(value) => quote::split(&value)?,
        None => Vec::new(),
    };
    let wish = wish(cache, scope, links);
    let value = wish.toolexec(program, &theirs)?;
    if value.len() > LONGEST {
        return Err("the scope names too many packages for one flag".into());
    }
    let origin = inputs.origins.get("escape.collect");
    Ok(Source::Capture {
        store: wish.store,
        program: program.to_path_buf(),
        toolexec: value,
        from: origin.map_or("defaults", String::as_str).into(),
    })
}

/// What is asked of the program that stands in front of the tools.
fn wish(cache: &Path, scope: &[String], links: &Path) -> Wish {
    let flags = escape::diagnostics().into_iter();
    let flags: Vec<String> = flags.map(str::to_owned).collect();
    let store = stores(cache).join(format!("1-{}", &key(&flags)[..12]));
    Wish {
        store,
        packages: scope.to_vec(),
        flags,
        links: links.to_path_buf(),
    }
}

/// The longest value of `-toolexec`: Linux takes 128 KiB in one argument.
const LONGEST: usize = 64 << 10;

/// Where the captures of all kinds are kept.
pub(crate) fn stores(cache: &Path) -> PathBuf {
    cache.join("gobuild-opt/diagnostics")
}

fn key(flags: &[String]) -> String {
    hex(&Sha256::digest(flags.join("\n")))
}

/// The value of a flag in the layer that counts: a command line hides GOFLAGS.
fn last(inputs: &Inputs<'_>, name: &str) -> Option<String> {
    let configured = go_flags::parse(&inputs.config.build.flags, "build.flags").unwrap_or_default();
    let layers = [inputs.typed, &configured, inputs.goflags];
    let found = layers
        .iter()
        .find_map(|layer| go_flags::last(layer, name))?;
    found.value.clone().filter(|value| !value.is_empty())
}

/// `go list -export` with the flags of the release, which names the action of every package.
///
/// Behind a release nothing is compiled for it; on its own it compiles what is not in the build cache, as a release would.
pub(super) fn captures(context: &Context<'_>) -> Result<Step> {
    let Context {
        inputs,
        facts,
        packages,
        collection,
    } = *context;
    let mut composed = build_flags::compose(inputs, BuildKind::Listed)?.unexplained();
    let why = "the first half of a build ID names the capture of the package";
    let form = Arg::ours("f", Some("{{.ImportPath}} {{.BuildID}}"), why);
    listing(facts, &mut composed, [Arg::plain("export", None), form]);
    let listed = Step::list(StepKind::Captures, facts, composed, packages);
    let mut step = collection.told(listed);
    step.without = None;
    Ok(step)
}

/// Puts these `-gcflags`, which ask for diagnostics and hold those of the user, in the place of all others.
pub(super) fn ask(composed: &mut Flags, values: Vec<String>, origin: &str) {
    composed.remove(GCFLAGS);
    for value in values {
        let why = "the compiler's escape diagnostics, with your own flags";
        composed.set(GCFLAGS, &value, why, origin);
    }
}

/// The separate compile of the whole scope; [`narrowed`] leaves out what is known already.
pub(super) fn pass(context: &Context<'_>) -> Result<Step> {
    let Context {
        inputs,
        facts,
        packages,
        collection,
    } = *context;
    let mut composed = build_flags::compose(inputs, BuildKind::Escape)?;
    let origin = inputs
        .origins
        .get("escape.scope")
        .map_or("defaults", String::as_str);
    let asked = escape::gcflags(&collection.scope, &collection.standard, &collection.user);
    ask(&mut composed, asked, origin);
    listing(facts, &mut composed, exports());
    Ok(Step::list(StepKind::Escape, facts, composed, packages))
}

/// What makes `go list` compile.
pub(super) fn exports() -> [Arg; 2] {
    let why = "compile, or replay from the build cache, but do not link";
    let form = Arg::plain("f", Some("{{.ImportPath}}"));
    [Arg::ours("export", None, why), form]
}

/// What every `go list -export` of ours has in common.
pub(super) fn listing(facts: &Facts, composed: &mut Flags, first: [Arg; 2]) {
    if matches!(facts.asked.mode.as_str(), "c-archive" | "c-shared") {
        // `go list -export` would write the C header, as `.h`. This mode compiles alike.
        composed.remove("buildmode");
        // On wasm there is no such mode, and the code is that of any program.
        let alike = match facts.toolchain.goarch.as_str() {
            "wasm" => "default",
            _ => "pie",
        };
        composed.push(Arg::plain("buildmode", Some(alike)));
    }
    if facts.asked.json {
        composed.push(Arg::plain("json", Some("false")));
    }
    if go_flags::is_on(&facts.goflags, "a") {
        composed.push(Arg::plain("a", Some("false")));
    }
    composed.lead(std::iter::once(Arg::plain("deps", None)).chain(first));
}

/// The command of the pass for some packages of the scope.
pub(crate) fn narrowed(pass: &Step, collection: &Collection, packages: &[String]) -> Invocation {
    let standard = collection.standard.iter();
    let standard: Vec<String> = standard
        .filter(|standard| packages.contains(standard))
        .cloned()
        .collect();
    let values = escape::gcflags(packages, &standard, &collection.user);
    pass.with(|flags| flags.replace(GCFLAGS, values)).invocation
}

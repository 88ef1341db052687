//! Asks go, once per target and for a purpose, and joins its answers with the configuration into everything that a plan
//! is drawn from.

mod anchored;

mod as_built;

mod as_go;

mod earlier;

mod elsewhere;

mod going;

mod machine;

mod outputs;

pub(crate) mod profiles;

mod purpose;

mod recorded;

mod spread;

mod staging;

mod standing;

mod trusted;

mod wanted;

mod without_effect;

use std::ffi::OsString;
use std::path::Path;
use std::sync::Arc;

use crate::config::layer::Loaded;
use crate::config::{Buildvcs, Config, Effect, Target};
use crate::error::{Error, Result};
use crate::go::outside_settings::{self, Ambient};
use crate::go::{Go, Package, Toolchain, flags, level};
use crate::input;
use crate::plan::asked::Asked;
use crate::plan::output::Outputs;
use crate::plan::{self, Facts, Plan, Typed, Vendor, require_main};
use crate::session::Session;
pub(crate) use anchored::anchor_flags;
pub(crate) use as_built::{follow, unpassed};
pub(crate) use as_go::as_go_has_it;
pub(crate) use earlier::{Known, find as find_earlier};
pub(crate) use elsewhere::is_elsewhere;
use elsewhere::lead_on;
pub(crate) use going::go_command;
pub(crate) use machine::is_of_this_machine;
pub(crate) use outputs::output_directory;
use outputs::outputs;
pub(crate) use profiles::without_heap;
pub(crate) use purpose::Purpose;
pub(crate) use recorded::Pending;
pub(crate) use staging::stage;
pub(crate) use wanted::Wanted;
use without_effect::{level_outside, note_lost};

/// What a plan is drawn from.
pub(crate) struct Prepared {
    /// The configuration, templates filled in.
    pub(crate) loaded: Loaded,
    /// What was typed, paths absolute.
    pub(crate) typed: Typed,
    /// Per target.
    pub(crate) facts: Vec<Facts>,
    /// Where each executable goes.
    pub(crate) outputs: Outputs,
    /// What is believed until go has confirmed it; empty but for [`Purpose::Loop`].
    pub(crate) pending: Pending,
    /// Why templates of the linker's flags stand for `unknown`, where nothing is linked.
    pub(crate) unfilled: Vec<Error>,
    /// The gates of the revision that a change started from.
    pub(crate) earlier: Known,
}

impl Prepared {
    /// Draws the plan; `stage` is where its commands write.
    pub(crate) fn draw(self, stage: &Path, session: &Session<'_>) -> Result<(Loaded, Typed, Plan)> {
        let mut plan = plan::draw(
            &self.loaded.config,
            &self.loaded.origins,
            &self.typed,
            self.facts,
            self.outputs,
            stage,
            session.program.as_deref(),
        )?;
        for target in &mut plan.targets {
            target.memory.private = session.private();
        }
        Ok((self.loaded, self.typed, plan))
    }
}

/// Fills the templates of a configuration in, and asks go.
pub(crate) fn ask(
    mut loaded: Loaded,
    typed: &Typed,
    purpose: Purpose,
    earlier: Known,
    session: &mut Session<'_>,
) -> Result<Prepared> {
    let typed = anchor(typed, &loaded);
    spread::flags(&mut loaded)?;
    let links = matches!(purpose, Purpose::Build | Purpose::Loop);
    let unfilled = trusted::fill_templates(&mut loaded, &typed, !links, &session.interrupt)?;
    let prepared = gather(loaded, typed, purpose, session)?;
    Ok(Prepared {
        earlier,
        unfilled,
        ..prepared
    })
}

/// Asks go, judges the profile and decides about the outputs: for a configuration that is read already.
pub(crate) fn gather(
    loaded: Loaded,
    typed: Typed,
    purpose: Purpose,
    session: &mut Session<'_>,
) -> Result<Prepared> {
    let mut pending = Pending::default();
    let targets = targets(&loaded.config)?;
    let decided = decide(&loaded, &typed, &targets, purpose, &mut pending, session);
    // What was believed may be what is wrong.
    if decided.is_err() && !pending.is_empty() {
        drop(pending);
        return gather(loaded, typed, Purpose::Build, session);
    }
    let (facts, outputs) = decided?;
    trusted::outputs(&loaded, &typed, &outputs)?;
    Ok(Prepared {
        loaded,
        typed,
        facts,
        outputs,
        pending,
        earlier: Known::Unasked,
        unfilled: Vec::new(),
    })
}

/// The targets of a configuration, this machine where it names none. Fails for levels that an architecture has not.
fn targets(config: &Config) -> Result<Vec<Target>> {
    let targets = match config.target.as_slice() {
        [] => vec![Target::default()],
        some => some.to_vec(),
    };
    for target in &targets {
        if let (Some(arch), Some(level)) = (&target.arch, &target.level) {
            level::check(arch, level, "")?;
        }
    }
    Ok(targets)
}

/// What go says of each target, and where the files go.
fn decide(
    loaded: &Loaded,
    typed: &Typed,
    targets: &[Target],
    purpose: Purpose,
    pending: &mut Pending,
    session: &Session<'_>,
) -> Result<(Vec<Facts>, Outputs)> {
    let facts = targets.iter();
    let facts = facts.map(|target| facts_of(loaded, typed, target, purpose, pending, session));
    let mut facts = facts.collect::<Result<Vec<_>>>()?;
    note_lost(loaded, typed, purpose, &mut facts)?;
    let compared = Arc::default();
    for of_target in &mut facts {
        of_target.vendor.compared = Arc::clone(&compared);
    }
    let outputs = match purpose {
        Purpose::Build | Purpose::Loop | Purpose::Look => outputs(loaded, typed, &facts)?,
        Purpose::Escapes => Outputs {
            targets: vec![Vec::new(); facts.len()],
            checksums: None,
        },
    };
    Ok((facts, outputs))
}

/// Where go runs: beside the configuration when that names the packages, otherwise where we are.
/// Paths of typed flags are made absolute when the two differ.
fn anchor(typed: &Typed, loaded: &Loaded) -> Typed {
    let mut typed = typed.clone();
    let configured = typed.packages.is_empty() && !loaded.config.build.packages.is_empty();
    if configured && typed.cwd != loaded.root {
        anchor_flags(&mut typed);
        typed.cwd.clone_from(&loaded.root);
    }
    typed
}

fn facts_of(
    loaded: &Loaded,
    typed: &Typed,
    target: &Target,
    purpose: Purpose,
    pending: &mut Pending,
    session: &Session<'_>,
) -> Result<Facts> {
    let (go, toolchain, goflags) = called(loaded, typed, target, session)?;
    let asked = Asked::read(&typed.flags, &loaded.config, &goflags)?;
    let list = list_flags(loaded, typed, target, &goflags)?;
    // A price that is measured counts for the first compile alone: a run that begins anew has none.
    let priced = loaded.config.pgo.effect == Effect::Report;
    let believed = (purpose == Purpose::Loop && !priced).then_some(pending);
    let asking = recorded::Asking {
        go: &go,
        toolchain: &toolchain,
        flags: &list,
    };
    let packages = recorded::packages(&asking, loaded, typed, believed, session);
    let packages = packages.and_then(|packages| {
        trusted::packages(loaded, typed, &packages)?;
        if purpose != Purpose::Escapes {
            require_main(typed, &loaded.config, &asked, &packages)?;
        }
        Ok(packages)
    });
    let guided = |error| lead_on(error, &asking, typed, &loaded.config, &session.interrupt);
    let packages = packages.map_err(guided)?;
    plan::scope::require(&loaded.config.escape.scope, &packages)?;
    let pgo = profiles::choose(loaded, typed, &goflags, &packages, &toolchain)?;
    let target = Target {
        os: Some(toolchain.goos.clone()),
        arch: Some(toolchain.goarch.clone()),
        ..target.clone()
    };
    let go_line = standing::go_line(&toolchain);
    let ambient = leaks(loaded, &target, &toolchain, &packages, session);
    let unstamped = is_unstamped(loaded, typed, &goflags, &toolchain, session);
    Ok(Facts {
        target,
        go,
        toolchain,
        go_line,
        ambient,
        vendor: Vendor::default(),
        unstamped,
        goflags,
        lost: Vec::new(),
        asked,
        packages,
        only: Vec::new(),
        pgo,
    })
}

/// How go is called for a target, what it says of itself, and the flags it takes from outside.
fn called(
    loaded: &Loaded,
    typed: &Typed,
    target: &Target,
    session: &Session<'_>,
) -> Result<(Go, Toolchain, Vec<flags::Flag>)> {
    let mut go = go_command(loaded, typed, target, session)?;
    let toolchain = go.toolchain(&session.interrupt)?;
    if let Some(level) = &target.level {
        level::check(&toolchain.goarch, level, &toolchain.version)?;
        if let Some(variable) = level::variable(&toolchain.goarch) {
            go.env.retain(|(name, _)| name != variable);
            go.env.push((variable.to_owned(), level.into()));
        }
    }
    level_outside(&go, &toolchain, session)?;
    let goflags = flags::parse_goflags(&toolchain.goflags)?;
    // Those of a configuration were reviewed as a variable.
    if !go.env.iter().any(|(name, _)| name == "GOFLAGS") {
        let ground = Arc::make_mut(&mut go.ground);
        goflags
            .iter()
            .for_each(|flag| ground.trust_flags(&[flag.to_arg()]));
    }
    Ok((go, toolchain, goflags))
}

/// Whether a stamp of the repository would be made, were there a git to ask: go says nothing then (`-buildvcs=auto`).
fn is_unstamped(
    loaded: &Loaded,
    typed: &Typed,
    goflags: &[flags::Flag],
    toolchain: &Toolchain,
    session: &Session<'_>,
) -> bool {
    let outside = || flags::last(goflags, "buildvcs");
    let wanted = match flags::last(&typed.flags, "buildvcs") {
        None if loaded.config.build.buildvcs != Buildvcs::Auto => false,
        flag => flag
            .or_else(outside)
            .is_none_or(|flag| flag.value.as_deref() == Some("auto")),
    };
    let path = session.variable("PATH").cloned().unwrap_or_default();
    let has_git = || std::env::split_paths(&path).any(|path| path.join("git").is_file());
    let root = Path::new(&toolchain.gomod);
    wanted
        && root
            .ancestors()
            .skip(1)
            .any(|path| path.join(".git").exists())
        && !has_git()
}

/// What is set outside. The platform counts only where no target names it.
fn leaks(
    loaded: &Loaded,
    target: &Target,
    toolchain: &Toolchain,
    packages: &[Package],
    session: &Session<'_>,
) -> Vec<Ambient> {
    let mut configured = loaded.config.build.env.clone();
    configured.extend(target.env.clone());
    let mut decided = vec!["GOOS", "GOARCH"];
    if loaded.config.target.is_empty() {
        decided.clear();
    }
    if target.level.is_some() {
        decided.extend(level::variable(&toolchain.goarch));
    }
    let file = input::text(Path::new(&toolchain.goenv), input::TEXT).unwrap_or_default();
    let mut found = outside_settings::ambient(&session.text_env(), &file, &configured, &decided);
    found.extend(standing::workspace(toolchain, session));
    standing::add_stand_ins(&mut found, toolchain, packages);
    found
}

/// The flags that decide which packages there are, beside the tags.
const DECIDING: &[&str] = &[
    "mod",
    "modfile",
    "overlay",
    "race",
    "msan",
    "asan",
    "compiler",
    "buildmode",
    "installsuffix",
    "cover",
];

/// The flags that decide which packages there are: no optimisation, no output.
pub(crate) fn list_flags(
    loaded: &Loaded,
    typed: &Typed,
    target: &Target,
    goflags: &[flags::Flag],
) -> Result<Vec<OsString>> {
    let configured = flags::parse(&loaded.config.build.flags, "build.flags")?;
    let deciding = configured
        .iter()
        .chain(&typed.flags)
        .filter(|flag| DECIDING.contains(&flag.name.as_str()));
    let mut list: Vec<OsString> = deciding.map(flags::Flag::to_os_arg).collect();
    let tags = plan::build_flags::merged_tags(&loaded.config, target, goflags, &typed.flags)?;
    // Also where there are none: an empty list takes back that of GOFLAGS.
    list.push(format!("-tags={}", tags.join(",")).into());
    // With a profile go lists packages once per main package; the facts are the same.
    list.push("-pgo=off".into());
    // Without a version stamp go runs no git, and so nothing that the repository hooks into git.
    list.push("-buildvcs=false".into());
    Ok(list)
}

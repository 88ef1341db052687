//! Measures how much of a profile still fits a program. The program is an executable or packages.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use super::Loaded;
use crate::binary::{self, Anatomy};
use crate::cli::Settings;
use crate::cli::profile_flags::Show;
use crate::command::prepare::prepare_for;
use crate::command::{Session, named_executable};
use crate::error::{Error, Kind, Result};
use crate::facts::Purpose;
use crate::go::Package;
use crate::input;
use crate::plan::Typed;
use crate::profile::{self, Calls, Edges, Health, Profile, Program, Sources, symbol_parts};
use crate::report::shown_profile::Fit;

/// What was found out: `fit` is `None` for a profile without calls, for nothing of it could fit.
#[derive(Default)]
pub(crate) struct Against {
    /// The module whose code counts as the program's own.
    pub(crate) main_module: Option<String>,
    /// How much fits.
    pub(crate) fit: Option<Fit>,
}

/// Compares the profile with the program that the arguments name; with nothing, where they name none.
pub(crate) fn against(loaded: &Loaded, args: &Show, session: &mut Session<'_>) -> Result<Against> {
    match &args.binary {
        Some(path) => executable(loaded, path, args.top, session),
        None if args.packages.is_empty() => Ok(Against::default()),
        None => packages(loaded, args, session),
    }
}

fn executable(loaded: &Loaded, path: &Path, top: usize, session: &Session<'_>) -> Result<Against> {
    let failed = |error: Error| {
        let message = format!("cannot read the binary `{}`", path.display());
        let hint = error.hint.clone();
        Error::new(Kind::Machine, message)
            .source(error)
            .hint(hint.unwrap_or_else(|| "name an executable that `go build` wrote".into()))
    };
    let bytes = named_executable::open(path, &session.cwd)?;
    // The parts of a universal file are of the same sources.
    let slices = binary::slices(&bytes).map_err(failed)?;
    let bytes = slices.first().map_or(&bytes[..], |slice| slice.bytes);
    let anatomy = binary::anatomy(bytes).map_err(failed)?;
    let calls = binary::calls(bytes).map_err(failed)?;
    let program = program(&anatomy, calls.as_ref());
    if program.functions.is_empty() {
        let message = format!("`{}` has no Go functions that can be told", path.display());
        return Err(Error::new(Kind::Machine, message)
            .hint("name an executable that Go 1.20 or later built"));
    }
    let info = anatomy.binary.build_info.as_ref();
    let fit = calls_of(&loaded.profile).map(|edges| Fit {
        binary: Some(path.display().to_string()),
        packages: Vec::new(),
        go_version: info.map(|info| info.go_version.clone()),
        health: health(&loaded.profile, &edges, &program, top),
    });
    Ok(Against {
        main_module: main_module(&anatomy),
        fit,
    })
}

/// The functions of an executable, and the calls that it was compiled with.
fn program<'a>(anatomy: &'a Anatomy<'_>, calls: Option<&'a binary::CallSites<'_>>) -> Program<'a> {
    let sites = |calls: &'a binary::CallSites<'_>| Calls::Lines(calls.sites().collect());
    let starts = calls.into_iter().flat_map(|calls| calls.starts());
    Program {
        functions: anatomy.function_names().collect(),
        calls: calls.map_or(Calls::Unknown, sites),
        starts: starts
            .map(|start| (start.function, (start.file, start.line)))
            .collect(),
    }
}

fn main_module(anatomy: &Anatomy<'_>) -> Option<String> {
    let info = anatomy.binary.build_info.as_ref()?;
    Some(info.main.as_ref()?.path.clone()).filter(|text| !text.is_empty())
}

fn packages(loaded: &Loaded, args: &Show, session: &mut Session<'_>) -> Result<Against> {
    let settings = Settings {
        // The profile of the configuration is not what is asked about.
        set: vec!["pgo.profile=off".into()],
        ..Settings::default()
    };
    let typed = Typed {
        flags: Vec::new(),
        packages: args.packages.clone(),
        cwd: session.cwd.clone(),
        go: None,
    };
    let mut prepared = prepare_for(&settings, &typed, Purpose::Escapes, session)?;
    // The sources of the first platform speak for all.
    let facts = prepared.facts.swap_remove(0);
    let mut modules = facts.packages.iter().filter_map(|it| it.module.as_ref());
    let main_module = modules.find(|module| module.main);
    let mut against = Against {
        main_module: main_module.map(|module| module.path.clone()),
        fit: None,
    };
    let Some(edges) = calls_of(&loaded.profile) else {
        return Ok(against);
    };
    one_command(&facts.packages, &edges)?;
    let sources = sources(&facts.packages, &edges, session)?;
    let names = args.packages.iter().map(|name| name.to_string_lossy());
    against.fit = Some(Fit {
        binary: None,
        packages: names.map(|name| name.into_owned()).collect(),
        go_version: Some(facts.toolchain.version),
        health: health(&loaded.profile, &edges, &sources.program(&edges), args.top),
    });
    Ok(against)
}

/// In a profile every main package is called `main`: of several, nobody knows which it is about.
fn one_command(packages: &[Package], edges: &Edges) -> Result<()> {
    let commands: Vec<String> = packages
        .iter()
        .filter(|package| package.name == "main")
        .map(|package| format!("`{}`", package.import_path))
        .collect();
    let is_main = |name: &String| symbol_parts::package(name) == "main";
    if commands.len() < 2 || !names(edges).any(is_main) {
        return Ok(());
    }
    let message = "the packages hold several commands, and a profile does not tell which it is of";
    Err(Error::new(Kind::Usage, message).hint(format!("name one of {}", commands.join(", "))))
}

/// The files of the packages that the profile knows: most of a build is not in it.
fn sources(packages: &[Package], edges: &Edges, session: &Session<'_>) -> Result<Sources> {
    let known: HashSet<String> = names(edges)
        .map(|name| profile::still_written::unescaped(symbol_parts::package(name)))
        .collect();
    let mut sources = Sources::default();
    for package in packages {
        session.interrupt.check()?;
        let name = match package.name.as_str() {
            "main" => "main",
            _ => package.import_path.as_str(),
        };
        let read = |file: &String| source(&Path::new(&package.dir).join(file));
        if known.contains(name) {
            for file in package.go_files.iter().chain(&package.cgo_files) {
                sources.go(name, file, &read(file)?);
            }
        }
        for file in &package.s_files {
            sources.assembly(name, file, &read(file)?);
        }
    }
    Ok(sources)
}

/// The functions of a profile, as often as they are called or call.
fn names(edges: &Edges) -> impl Iterator<Item = &String> {
    let each = edges.edges.iter();
    each.flat_map(|edge| [&edge.caller, &edge.callee])
}

fn source(path: &Path) -> Result<Vec<u8>> {
    input::read(path, input::SOURCE).map_err(|error| {
        let message = format!("cannot read the source `{}`", path.display());
        Error::new(Kind::Machine, message).source(error)
    })
}

fn calls_of(profile: &Profile) -> Option<Edges> {
    let edges = profile::edges(profile, profile.pgo_value_index()?);
    (edges.total != 0).then_some(edges)
}

fn health(profile: &Profile, edges: &Edges, program: &Program<'_>, top: usize) -> Health {
    let functions = profile.raw().function.iter();
    let starts: HashMap<&[u8], (&[u8], i64)> = functions
        .map(|function| {
            let file = profile.bytes(function.filename);
            let base = memchr::memrchr2(b'/', b'\\', file).map_or(file, |at| &file[at + 1..]);
            (profile.bytes(function.name), (base, function.start_line))
        })
        .collect();
    profile::health(edges, program, top, |text| {
        let (file, line) = *starts.get(text.as_bytes())?;
        Some((std::str::from_utf8(file).ok()?, line))
    })
}

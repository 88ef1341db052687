//! `why`: what keeps something in an executable, and what would go without it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::prepare::prepare;
use super::present::{Blocks, check, emit};
use super::staging::stage;
use super::{Output, Session};
use crate::cli;
use crate::error::{Error, Kind, Result};
use crate::linker::{Archives, Program};
use crate::plan::exports::{self, Exported};
use crate::plan::{Facts, Step, StepKind, TargetPlan};
use crate::render::Shows;
use crate::report::reasons::{By, Reasons, outline};
use crate::report::{SCHEMA_VERSION, Tool, Toolchain};

mod answers;

mod imports;

/// How many chains `--all` shows at most.
const CHAINS: usize = 20;

/// What is asked.
struct Question<'a> {
    /// A name, or `dce`.
    about: Option<&'a str>,
    cuts: &'a [String],
    biggest: Option<usize>,
    chains: usize,
}

/// Answers from the objects in the build cache.
pub fn run(args: &cli::Why, session: &mut Session<'_>) -> Result<Output> {
    check(Shows::TABLES, &args.output)?;
    let mut typed = args.typed.clone();
    let listing = !args.cut.is_empty() || args.biggest_cuts.is_some();
    let about = match listing || typed.packages.is_empty() {
        true => None,
        false => Some(typed.packages.remove(0).to_string_lossy().into_owned()),
    };
    if about.is_none() && !listing {
        return Err(Error::new(Kind::Usage, "`why` needs to know what is asked about")
            .hint("name a package, a module, a function or `dce`, or give `--cut` or `--biggest-cuts`"));
    }
    let mut prepared = prepare(&args.settings, &typed, session)?;
    prepared.loaded.config.compare.baseline = "off".into();
    let stage = stage(&mut prepared, None, true, session)?;
    let (_, _, plan) = prepared.draw(stage.path(), session)?;
    let target = plan.targets.first().ok_or_else(|| nothing("no target"))?;
    let question = Question {
        about: about.as_deref(),
        cuts: &args.cut,
        biggest: args.biggest_cuts,
        chains: if args.all { CHAINS } else { 1 },
    };
    let reasons = answer(target, &question, session)?;
    let blocks = Blocks::of(&args.output, |page| match page {
        Some(true) => outline(&reasons, usize::MAX),
        _ => outline(&reasons, args.top),
    });
    let output = emit(&reasons, &blocks, &Vec::new, &args.output, session)?;
    Ok(Output {
        is_data: true,
        ..output
    })
}

fn nothing(message: &str) -> Error {
    Error::new(Kind::Usage, message).hint("name a main package behind what is asked about")
}

/// The archives of the first executable of a target, and the answers from them.
fn answer(target: &TargetPlan, question: &Question<'_>, session: &Session<'_>) -> Result<Reasons> {
    let executable = target.executables.first();
    let main = executable.ok_or_else(|| nothing("there is no executable to ask about"))?;
    if let [_, second, ..] = target.executables.as_slice() {
        let message = format!(
            "there are several executables: `{}`, `{}`",
            main.package, second.package
        );
        return Err(nothing(&message));
    }
    let release = target
        .steps
        .iter()
        .find(|step| step.kind == StepKind::Release);
    let release = release.ok_or_else(|| nothing("nothing is built"))?;
    let invocation = exports::exports(release, &main.package);
    let facts = &target.facts;
    let listed = facts.go.listed(&invocation, &session.interrupt)?;
    let packages = exports::parse(&listed);
    let of = &facts.toolchain;
    let mut reasons = Reasons {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        package: main.package.clone(),
        go: Toolchain {
            version: of.version.clone(),
            goos: of.goos.clone(),
            goarch: of.goarch.clone(),
        },
        by: By::Linker,
        not_run: None,
        program: None,
        asked: None,
        cut: None,
        biggest: None,
    };
    let known = Known::of(facts, &packages);
    let eliminated = match mode(target, release) {
        Some(reason) => Err(Error::new(Kind::Machine, reason)),
        None => linked(&packages, &goroot(target), stamp(facts), |program| {
            answers::fill(program, &known, question, &mut reasons)
        }),
    };
    match eliminated {
        Ok(answered) => answered?,
        Err(error) => {
            reasons.by = By::Imports;
            let hint = error.hint.iter().map(|hint| format!("; {hint}"));
            reasons.not_run = Some(error.to_string() + &hint.collect::<String>());
            imports::fill(&known, question, &mut reasons)?;
        }
    }
    Ok(reasons)
}

/// What is known beside the objects.
struct Known<'a> {
    packages: &'a [Exported],
    /// The module of each package that has one.
    modules: HashMap<&'a str, &'a str>,
    main_module: &'a str,
    /// The import path of the main package, which the linker calls `main`.
    main_package: &'a str,
    /// The runtime and what it imports: no program is without them.
    runtime: HashSet<&'a str>,
}

impl<'a> Known<'a> {
    fn of(facts: &'a Facts, packages: &'a [Exported]) -> Self {
        let of = facts
            .packages
            .iter()
            .filter_map(|package| Some((package.import_path.as_str(), package.module.as_ref()?)));
        let main = of.clone().find(|(_, module)| module.main);
        Self {
            packages,
            modules: of
                .map(|(path, module)| (path, module.path.as_str()))
                .collect(),
            main_module: main.map_or("", |(_, module)| module.path.as_str()),
            main_package: packages.last().map_or("", |main| main.path.as_str()),
            runtime: behind("runtime", packages),
        }
    }

    /// The import path of a package, by the name that the linker has for it.
    fn import_path<'p>(&'p self, name: &'p str) -> &'p str {
        match name {
            "main" => self.main_package,
            other => other,
        }
    }

    /// Whether every program has the package: the runtime, what it imports, and the main package.
    fn is_fixed(&self, name: &str) -> bool {
        let path = self.import_path(name);
        path == self.main_package || self.runtime.contains(path)
    }

    /// Whether a package belongs to the module.
    fn is_in(&self, package: &str, module: &str) -> bool {
        self.modules.get(package).is_some_and(|of| *of == module)
    }

    /// Packages by what imports them.
    fn importers(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in self.packages {
            for import in &package.imports {
                all.entry(import).or_default().push(&package.path);
            }
        }
        all
    }
}

/// A package and all that it imports.
fn behind<'a>(start: &'a str, packages: &'a [Exported]) -> HashSet<&'a str> {
    let mut found = HashSet::from([start]);
    // A package stands behind those that it imports.
    for package in packages.iter().rev() {
        if found.contains(package.path.as_str()) {
            found.extend(package.imports.iter().map(String::as_str));
        }
    }
    found
}

/// Why the elimination of this kind of link is not run.
fn mode(target: &TargetPlan, release: &Step) -> Option<String> {
    let args = release
        .invocation
        .args
        .iter()
        .filter_map(|arg| arg.to_str());
    let other = |arg: &&str| arg.starts_with("-linkshared") || arg.contains("-linkmode");
    if let Some(arg) = args.into_iter().find(other) {
        return Some(format!("`{arg}` links in a way that is not covered"));
    }
    match target.facts.asked.mode.as_str() {
        "" | "default" | "exe" | "pie" => None,
        other => Some(format!("-buildmode={other} is not covered")),
    }
}

/// The directory of the toolchain: the runtime is in it.
fn goroot(target: &TargetPlan) -> PathBuf {
    let packages = &target.facts.packages;
    let runtime = packages
        .iter()
        .find(|package| package.standard && package.import_path == "runtime");
    let above = runtime.and_then(|package| Path::new(&package.dir).ancestors().nth(2));
    above.map(Path::to_path_buf).unwrap_or_default()
}

/// Bytes of the list of modules that go stamps into an executable: a line with path, version and sum for each.
fn stamp(facts: &Facts) -> u64 {
    let modules = facts
        .packages
        .iter()
        .filter_map(|package| package.module.as_ref());
    let lines = modules.filter(|module| !module.main).map(|module| {
        let real = module.replace.as_deref().unwrap_or(module);
        (
            "dep\t\th1:\t\n".len() + 44 + real.path.len() + real.version.len(),
            &module.path,
        )
    });
    let each: BTreeMap<&String, usize> = lines.map(|(bytes, path)| (path, bytes)).collect();
    each.values().sum::<usize>() as u64
}

/// Runs the elimination and hands it on. The outer error says why it could not be run.
fn linked<T>(
    packages: &[Exported],
    goroot: &Path,
    stamp: u64,
    answer: impl FnOnce(&Program<'_>) -> Result<T>,
) -> Result<Result<T>> {
    let main = packages
        .last()
        .map(|package| PathBuf::from(&package.archive));
    let files = packages
        .iter()
        .filter(|package| !package.archive.is_empty());
    let files = files
        .map(|package| (package.path.clone(), PathBuf::from(&package.archive)))
        .collect();
    let archives = Archives::open(&main.unwrap_or_default(), &files)?;
    let read = archives.read(goroot, stamp)?;
    let program = Program::link(&read)?;
    Ok(answer(&program))
}

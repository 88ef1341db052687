//! The objects of an executable in the build cache, and the linker's elimination over them.

mod links;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::build::graphs;
use crate::error::{Error, Kind, Result};
use crate::linker::{Archives, Program};
use crate::order::{Order, Ordered};
use crate::plan::exports::{self, Exported};
use crate::plan::{Facts, Step, StepKind, TargetPlan};
use crate::process::Interrupt;

/// What a main package is linked from.
pub struct Objects<'a> {
    target: &'a TargetPlan,
    release: &'a Step,
    /// What is needed comes first, the main package last.
    pub packages: Vec<Exported>,
}

impl<'a> Objects<'a> {
    /// Asks go, which compiles what is not in the build cache.
    ///
    /// Fails with [`Kind::Go`] where a package does not compile.
    pub fn list(target: &'a TargetPlan, package: &str, interrupt: &Interrupt) -> Result<Self> {
        let release = release(target)?;
        let invocation = exports::exports(release, package);
        let listed = target.facts.go.listed(&invocation, interrupt)?;
        Ok(Self {
            target,
            release,
            packages: exports::parse(&listed),
        })
    }

    /// Fails for a kind of link that the elimination does not cover. It starts no go: call it first where
    /// [`Objects::list`] would compile in vain.
    pub fn check(target: &TargetPlan) -> Result<()> {
        links::asked(target, release(target)?).map(drop)
    }

    /// What is known beside the objects.
    pub fn known(&self) -> Known<'_> {
        Known::of(&self.target.facts, &self.packages)
    }

    /// Runs the elimination and calls `answer` with it, or with what an earlier run on the same archives kept. Where that
    /// gives an error, the archives are read and `answer` is called again.
    ///
    /// The outer error says that the elimination cannot be run: for kinds of links and of C code that it does not cover.
    /// The inner one is that of `answer`.
    pub fn linked<T>(
        &self,
        mut answer: impl FnMut(&Program<'_>) -> Result<T>,
    ) -> Result<Result<T>> {
        let external = links::asked(self.target, self.release)?;
        links::covered(&self.packages)?;
        let goroot = goroot(self.target);
        let stamp = stamp(&self.target.facts);
        let (main, files) = self.archives();
        let place = self.place(&goroot, stamp, external);
        let kept = place.as_ref().and_then(graphs::Place::read);
        let of = |name: &str| match name {
            "main" => Some(main.clone()),
            path => files.get(path).cloned(),
        };
        let program = kept.and_then(|kept| Program::restored(kept.content(), of));
        let is_kept = program.is_some();
        if let Some(program) = program
            && let Ok(answered) = answer(&program)
        {
            return Ok(Ok(answered));
        }
        let archives = Archives::open(&main, &files)?;
        let read = archives.read(&goroot, stamp, external)?;
        let program = Program::link(&read)?;
        links::reaches_main(self.target, &program)?;
        let answered = answer(&program);
        let length = program.stored_length();
        if let Some(place) = place.filter(|_| !is_kept && graphs::fits(length)) {
            place.keep(&program.stored());
        }
        Ok(answered)
    }

    /// The archive of the main package, and that of every package by its path.
    fn archives(&self) -> (PathBuf, HashMap<String, PathBuf>) {
        let main = self.packages.last();
        let main = main.map(|package| PathBuf::from(&package.archive));
        let compiled = self.packages.iter().filter(|it| !it.archive.is_empty());
        let archive = |package: &Exported| {
            let file = PathBuf::from(&package.archive);
            (package.path.clone(), file)
        };
        (main.unwrap_or_default(), compiled.map(archive).collect())
    }

    /// Where the elimination is kept: by the archives as they lie there now, and by all else that decides. The name of a
    /// file in the build cache is the digest of its content. Its time is not: go sets that to now, once an hour.
    fn place(&self, goroot: &Path, stamp: u64, external: Option<bool>) -> Option<graphs::Place> {
        let facts = &self.target.facts;
        let mut parts = vec![
            facts.toolchain.version.clone().into_bytes(),
            goroot.as_os_str().as_encoded_bytes().to_vec(),
            stamp.to_le_bytes().to_vec(),
            external.map_or(vec![], |external| vec![external.into()]),
        ];
        for package in &self.packages {
            parts.push(package.path.clone().into_bytes());
            parts.push(package.archive.clone().into_bytes());
            if !package.archive.is_empty() {
                let archive = Path::new(&package.archive);
                let about = archive.metadata().ok()?;
                let mut state = vec![about.len() as i64];
                if !is_named_by_content(archive) {
                    state.extend([about.mtime(), about.mtime_nsec(), about.ino() as i64]);
                }
                parts.push(state.into_iter().flat_map(i64::to_le_bytes).collect());
            }
        }
        graphs::Place::of(&self.target.memory, parts)
    }
}

/// What is known beside the objects.
pub struct Known<'a> {
    /// All packages of the program, the main one last.
    pub packages: &'a [Exported],
    /// The module of each package that has one.
    pub modules: HashMap<&'a str, &'a str>,
    /// The path of the main module.
    pub main_module: &'a str,
    /// The import path of the main package, which the linker calls `main`.
    pub main_package: &'a str,
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
    pub fn import_path<'p>(&'p self, name: &'p str) -> &'p str {
        match name {
            "main" => self.main_package,
            other => other,
        }
    }

    /// Whether every program has the package: the runtime, what it imports, and the main package.
    pub fn is_fixed(&self, name: &str) -> bool {
        let path = self.import_path(name);
        path == self.main_package || self.runtime.contains(path)
    }

    /// Whether a package belongs to the module.
    pub fn is_in(&self, package: &str, module: &str) -> bool {
        self.modules.get(package).is_some_and(|of| *of == module)
    }

    /// The packages that import one of those for which `wanted` holds, and are none of these: those of the main module first.
    pub fn importers_of(&self, wanted: impl Fn(&str) -> bool) -> Vec<String> {
        let imports = |package: &&Exported| package.imports.iter().any(|path| wanted(path));
        let others = self
            .packages
            .iter()
            .filter(|package| !wanted(&package.path));
        let mut found: Vec<&str> = others
            .filter(imports)
            .map(|package| package.path.as_str())
            .collect();
        found.order_by_key(|path| (!self.is_in(path, self.main_module), *path));
        found.into_iter().map(str::to_owned).collect()
    }

    /// Packages by what imports them.
    pub fn importers(&self) -> BTreeMap<&str, Vec<&str>> {
        let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
        for package in self.packages {
            for import in &package.imports {
                all.entry(import).or_default().push(&package.path);
            }
        }
        all
    }
}

/// Whether a file is an output in Go's build cache: `ab/ab...-d`, with the SHA-256 of its content.
fn is_named_by_content(file: &Path) -> bool {
    let name = file.file_name().and_then(|name| name.to_str());
    let directory = file.parent().and_then(Path::file_name);
    let digest = name.and_then(|name| name.strip_suffix("-d"));
    let first = directory.and_then(|directory| directory.to_str());
    digest.zip(first).is_some_and(|(digest, first)| {
        let is_hex = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let whole = digest.len() == 64 && digest.bytes().all(is_hex);
        whole && first.len() == 2 && digest.starts_with(first)
    })
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

fn release(target: &TargetPlan) -> Result<&Step> {
    let mut steps = target.steps.iter();
    let release = steps.find(|step| step.kind == StepKind::Release);
    release.ok_or_else(|| Error::new(Kind::Usage, "nothing is built"))
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
    let each: BTreeMap<&String, usize> = lines.map(|(bytes, path)| (path, bytes)).ordered();
    each.values().sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_the_build_cache_stand_for_their_content() {
        let digest = "44".repeat(32);
        let is = |path: String| is_named_by_content(Path::new(&path));
        assert!(is(format!("/cache/44/{digest}-d")));
        assert!(!is(format!("/cache/44/{digest}-a")));
        assert!(!is(format!("/cache/45/{digest}-d")));
        assert!(!is(format!("/cache/44/{}-d", &digest[2..])));
        assert!(!is(format!("/cache/44/{}-d", digest.replace("44", "4g"))));
        assert!(!is("/go/pkg/linux_amd64/fmt.a".into()));
    }
}

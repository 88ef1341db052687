//! Writes the configuration of a project from what was found in it.

mod version_stamps;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use memchr::memmem;
use toml_edit::Value;

use super::platforms;
use super::today::{Said, Today};
use crate::go::package_variables::File;
use crate::go::{Package, Toolchain, minor_of};
use crate::input;
use crate::number::counted_of;
use crate::render::harmless;

/// What a configuration is written from.
pub(super) struct Project<'a> {
    pub(crate) packages: &'a [Package],
    pub(crate) root: &'a Path,
    pub(crate) toolchain: &'a Toolchain,
    pub(crate) today: &'a Today,
    /// The preset that was asked for.
    pub(crate) preset: Option<&'a str>,
}

/// Text, line by line, and what is to be said of it.
#[derive(Default)]
struct Draft {
    text: String,
    said: Vec<String>,
}

impl Draft {
    fn line(&mut self, line: &str) {
        self.text.push_str(line);
        self.text.push('\n');
    }

    /// Names of files and their text are anybody's.
    fn comment(&mut self, text: &str) {
        self.line(&format!("# {}", harmless(text)));
    }

    fn say(&mut self, text: &str) {
        self.said.push(harmless(text));
    }

    /// A key, with the reason for its value above it.
    fn key(&mut self, why: &str, key: &str, value: impl Into<Value>) {
        self.comment(why);
        let value = value.into().to_string();
        self.line(&format!("{key} = {}", value.trim()));
        self.say(&format!("{key}: {why}"));
    }
}

impl<'a> Project<'a> {
    fn mains(&self) -> impl Iterator<Item = &'a Package> {
        self.packages
            .iter()
            .filter(|package| package.is_named_main())
    }

    fn own(&self) -> impl Iterator<Item = &'a Package> {
        let own = |package: &&Package| package.module.as_ref().is_some_and(|module| module.main);
        self.packages.iter().filter(own)
    }

    fn has_profile(&self, main: &Package) -> bool {
        Path::new(&main.dir).join("default.pgo").is_file()
    }

    /// Packages with C code, those of the standard library aside.
    fn cgo(&self) -> Vec<&'a str> {
        let calling = self
            .packages
            .iter()
            .filter(|package| !package.cgo_files.is_empty() && !package.standard);
        calling
            .map(|package| package.import_path.as_str())
            .collect()
    }

    /// The text of the configuration, and what was seen, a sentence each.
    pub(crate) fn configuration(&self) -> (String, Vec<String>) {
        let mut draft = Draft::default();
        self.head(&mut draft);
        let preset = self.preset(&mut draft);
        self.build(&mut draft, preset);
        self.targets(&mut draft);
        self.profiles(&mut draft, preset);
        self.checks(&mut draft, preset);
        draft.line("");
        draft.comment("Gates, for when the first report looks right. `gobuild-opt accept` writes what is accepted.");
        draft.comment("[budget]");
        draft.comment(
            "size = \"25 MiB\"        # of each executable; \"1%\": over gobuild-opt.lock",
        );
        draft.comment("[escape]");
        draft
            .comment("gate = \"new\"           # heap escapes that gobuild-opt.lock does not hold");
        (draft.text, draft.said)
    }

    fn head(&self, draft: &mut Draft) {
        let mains = counted_of(self.mains().count(), "main package");
        let version = &self.toolchain.version;
        draft.comment(&format!(
            "Written by gobuild-opt init for {mains}, {version}."
        ));
        draft.comment("Every key: gobuild-opt presets default. What will run: gobuild-opt plan.");
        draft.comment("For editors: gobuild-opt schema config.");
        if self.root.join("vendor/modules.txt").is_file() {
            draft.comment("vendor/ was found: go uses it by itself.");
        }
        draft.line("");
    }

    fn preset(&self, draft: &mut Draft) -> &'a str {
        let profiled = self.mains().any(|package| self.has_profile(package));
        let (name, why) = match (self.preset, self.server()) {
            (Some(name), _) => (name, "as asked".to_owned()),
            (None, Some(server)) if profiled => {
                ("service", format!("{server}, and there is a default.pgo"))
            }
            (None, Some(server)) => (
                "release",
                format!("{server}; \"service\" is stricter, and wants a profile"),
            ),
            (None, None) => (
                "cli",
                "nothing here listens: a command-line tool".to_owned(),
            ),
        };
        draft.key(&why, "preset", name);
        name
    }

    /// A package of its own that listens.
    fn server(&self) -> Option<String> {
        const CALLS: [&str; 5] = [
            "http.ListenAndServe",
            "http.Server{",
            "grpc.NewServer(",
            "net.Listen(",
            "http.Serve(",
        ];
        for package in self.own() {
            for (_, source) in sources(package) {
                let call = CALLS
                    .iter()
                    .find(|call| memmem::find(&source, call.as_bytes()).is_some());
                if let Some(call) = call {
                    let call = call.trim_end_matches(['(', '{']);
                    return Some(format!("{} uses {call}", package.import_path));
                }
            }
        }
        None
    }

    fn build(&self, draft: &mut Draft, preset: &str) {
        draft.line("\n[build]");
        let (mains, why) = self.built();
        let patterns: toml_edit::Array = mains
            .iter()
            .map(|package| relative(&package.dir, self.root))
            .collect();
        draft.key(&why, "packages", patterns);
        draft.key("executables and SHA256SUMS go here", "out-dir", "dist");
        if let Some(tags) = &self.today.tags {
            let list: toml_edit::Array = tags.value.iter().map(String::as_str).collect();
            draft.key(&format!("as in {}", tags.file), "tags", list);
        }
        self.stamps(draft);
        self.cgo_enabled(draft, preset);
    }

    /// What a goreleaser file builds, where that can be found; else every main package.
    fn built(&self) -> (Vec<&'a Package>, String) {
        if let Some(said) = &self.today.releases {
            let named = |main: &Package| {
                let is_it = |text: &String| {
                    self.root
                        .join(text.trim_start_matches("./"))
                        .components()
                        .eq(Path::new(&main.dir).components())
                };
                said.value.mains.iter().any(is_it)
            };
            let mains: Vec<&Package> = self.mains().filter(|package| named(package)).collect();
            if mains.len() == said.value.mains.len() {
                return (mains, format!("as in {}", said.file));
            }
        }
        (
            self.mains().collect(),
            "every main package of the module".into(),
        )
    }

    /// Whether cgo is on, and why; `None` where nobody says anything of it.
    fn cgo_today(&self) -> Option<(bool, String)> {
        let callers = self.cgo();
        let today = self.today;
        let unsaid = callers.is_empty() && today.cgo_differs.is_empty();
        let bare = today.bare.as_ref().filter(|_| unsaid);
        let names = callers.join(", ");
        let Some(Said { value, file }) = today.cgo.as_ref().or(bare) else {
            let used = !callers.is_empty();
            return used.then(|| (true, format!("cgo is used by {names}")));
        };
        let why = match (callers.is_empty(), value) {
            (true, _) => format!("as in {file}"),
            (false, true) => format!("as in {file}; used by {names}"),
            (false, false) => {
                format!("as in {file}; without it go leaves the C code of {names} out")
            }
        };
        Some((*value, why))
    }

    fn cgo_enabled(&self, draft: &mut Draft, preset: &str) {
        let is_static = matches!(preset, "cli" | "container" | "size");
        let Some((enabled, why)) = self.cgo_today() else {
            let differ = self.today.cgo_differs.join(" and ");
            if !differ.is_empty() {
                draft.comment(&format!(
                    "{differ} differ about CGO_ENABLED: set it in env."
                ));
            }
            return;
        };
        if !is_static && !enabled {
            draft.key(
                "CGO_ENABLED=0 gives a file that runs in any image",
                "linkage",
                "static",
            );
        }
        if is_static && enabled {
            draft.key("with cgo it needs a C library", "linkage", "any");
        }
        if enabled || !is_static {
            let mut env = toml_edit::InlineTable::new();
            env.insert("CGO_ENABLED", if enabled { "1" } else { "0" }.into());
            draft.key(&why, "env", env);
        }
    }

    /// Where Go itself lies.
    fn goroot(&self) -> Option<&'a Path> {
        let is_runtime = |package: &&Package| package.import_path == "runtime";
        let runtime = self.packages.iter().find(is_runtime)?;
        Path::new(&runtime.dir).ancestors().nth(2)
    }

    fn targets(&self, draft: &mut Draft) {
        let Some(said) = &self.today.releases else {
            return;
        };
        let mut platforms = said.value.platforms.clone();
        if let Some(goroot) = self.goroot() {
            platforms::buildable(goroot, &mut platforms);
        }
        if platforms.is_empty() {
            return;
        }
        draft.line("");
        let count = counted_of(platforms.len(), "platform");
        let told = format!("{count} as in {}", said.file);
        draft.comment(&told);
        draft.say(&told);
        for it in &platforms {
            let (os, arch) = (Value::from(it.os.as_str()), Value::from(it.arch.as_str()));
            draft.line("[[target]]");
            draft.line(&format!("os = {os}\narch = {arch}"));
            if let Some(level) = &it.level {
                draft.line(&format!("level = {}", Value::from(level.as_str())));
            }
        }
    }

    /// A finding that is there from the first day must not fail the first build.
    fn checks(&self, draft: &mut Draft, preset: &str) {
        let denies = matches!(preset, "service" | "container");
        let main = self.mains().find_map(|package| package.module.as_ref());
        let line = main
            .map(|module| module.go_version.as_str())
            .unwrap_or_default();
        let is_old = minor_of(line).is_some_and(|it| it < (1, 25));
        if denies && is_old {
            draft.line("\n[checks]");
            let why = format!(
                "go.mod says go {line}: below 1.25 the runtime ignores the container's CPU limit; raise it and take this out"
            );
            draft.key(&why, "gomaxprocs", "warn");
        }
    }

    /// A service without its profile is a mistake; that others have none, init sees.
    fn profiles(&self, draft: &mut Draft, preset: &str) {
        let (with, without): (Vec<&Package>, Vec<&Package>) =
            self.mains().partition(|package| self.has_profile(package));
        if with.is_empty() {
            draft.said.push("no default.pgo: `gobuild-opt profile collect` takes a profile of a running service".into());
            return;
        }
        let names: Vec<&str> = with
            .iter()
            .map(|package| package.import_path.as_str())
            .collect();
        draft
            .said
            .push(format!("default.pgo of {}", names.join(", ")));
        if preset != "service" {
            return;
        }
        for it in without {
            let path = Value::from(relative(&it.dir, self.root));
            draft.line(&format!(
                "\n# it has no default.pgo\n[pgo.package.{path}]\nprofile = \"off\""
            ));
        }
    }
}

fn is_repository(root: &Path) -> bool {
    root.ancestors().any(|path| path.join(".git").exists())
}

/// The Go files of a package, with their paths.
fn sources(package: &Package) -> impl Iterator<Item = (PathBuf, Vec<u8>)> + '_ {
    let names = package.go_files.iter().chain(&package.cgo_files);
    names.filter_map(|name| {
        let path = Path::new(&package.dir).join(name);
        let source = input::read(&path, input::SOURCE).ok()?;
        Some((path, source))
    })
}

/// Variables that `//go:embed` fills.
fn embedded(package: &Package) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (_, source) in sources(package) {
        let text = String::from_utf8_lossy(&source).into_owned();
        let mut lines = text.lines().map(str::trim);
        while let Some(line) = lines.next() {
            if line.starts_with("//go:embed ") {
                let next = lines.find(|line| !line.is_empty() && !line.starts_with("//"));
                let words = next
                    .unwrap_or_default()
                    .split_whitespace()
                    .map(str::to_owned);
                found.extend(words.filter(|word| word != "var").take(1));
            }
        }
    }
    found
}

fn files(package: &Package) -> Vec<File> {
    sources(package)
        .filter_map(|source| File::new(source.1))
        .collect()
}

/// `./cmd/api`
fn relative(directory: &str, root: &Path) -> String {
    match Path::new(directory).strip_prefix(root) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".into(),
        Ok(rest) => format!("./{}", rest.display()),
        Err(_) => directory.to_owned(),
    }
}

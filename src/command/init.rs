//! `init`: a configuration from what is found in the module.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use toml_edit::{Array, DocumentMut, Item, Table, Value};

use super::{Output, Session};
use crate::build::publish;
use crate::cli::Init;
use crate::config::{self, FILE, preset};
use crate::error::{Error, Kind, Result};
use crate::go::{self, Go, Package, Toolchain};
use crate::input;
use crate::number::counted_of;
use crate::review::Ground;

/// Writes `gobuild-opt.toml` beside go.mod.
pub fn run(args: &Init, session: &mut Session<'_>) -> Result<Output> {
    if let Some(name) = args
        .preset
        .as_deref()
        .filter(|it| preset::find(it).is_none())
    {
        let names: Vec<&str> = preset::ALL.iter().map(|it| it.name).collect();
        return Err(Error::new(Kind::Usage, format!("no preset named `{name}`"))
            .hint(format!("presets: {}", names.join(", "))));
    }
    let defaults = config::load(&config::Sources {
        cwd: "/".into(),
        env: session.text_env(),
        ..config::Sources::default()
    })?;
    let go = Go {
        program: defaults.config.go.into(),
        cwd: session.cwd.clone(),
        env: Vec::new(),
        // There is no configuration yet.
        ground: Arc::new(Ground::everything()),
    };
    let toolchain = go.toolchain(&session.interrupt)?;
    let (root, patterns) = place(&toolchain, &session.cwd)?;
    let path = root.join(FILE);
    if path.exists() && !args.force && !args.stdout {
        return Err(Error::new(
            Kind::Usage,
            format!("`{}` is there already", path.display()),
        )
        .hint("`--force` overwrites it, `--stdout` only prints"));
    }
    let go = Go {
        cwd: root.clone(),
        ..go
    };
    let packages = go.packages(&["-pgo=off".into()], &patterns, &session.interrupt)?;
    let text = configuration(&packages, &root, &toolchain, args.preset.as_deref());
    // What we write must be what we read.
    let _: config::Config = config::strict::parse(&text, FILE)?;
    if args.stdout {
        return Ok(Output {
            text,
            is_data: true,
            ..Output::default()
        });
    }
    publish::text(&text, &path, &session.interrupt)?;
    Ok(Output {
        text: format!("wrote {}; now run `gobuild-opt release`\n", path.display()),
        ..Output::default()
    })
}

/// Where the configuration belongs, and which packages it is for: a module, a workspace with its modules, or in GOPATH mode
/// the directory that we are in.
fn place(toolchain: &Toolchain, cwd: &Path) -> Result<(PathBuf, Vec<OsString>)> {
    let all = || vec![OsString::from("./...")];
    if toolchain.is_gopath() {
        return Ok((cwd.to_path_buf(), all()));
    }
    if toolchain.in_module() {
        let root = Path::new(&toolchain.gomod).parent();
        return Ok((root.unwrap_or(Path::new("/")).to_path_buf(), all()));
    }
    let error = || {
        let message = "no packages to write a configuration for";
        Error::new(Kind::Go, message).hint(go::no_module_hint(toolchain, cwd))
    };
    let file = toolchain.workspace().ok_or_else(error)?;
    let used = go::uses(&input::text(file, input::TEXT).unwrap_or_default());
    let pattern = |it: &String| OsString::from(format!("{}/...", it.trim_end_matches('/')));
    match (file.parent(), used.is_empty()) {
        (Some(root), false) => Ok((root.to_path_buf(), used.iter().map(pattern).collect())),
        _ => Err(error()),
    }
}

fn configuration(
    packages: &[Package],
    root: &Path,
    toolchain: &Toolchain,
    preset: Option<&str>,
) -> String {
    let mains: Vec<&Package> = packages.iter().filter(|it| it.is_named_main()).collect();
    let server = packages
        .iter()
        .any(|it| it.import_path == "net/http" || it.import_path == "google.golang.org/grpc");
    let profiles: Vec<&&Package> = mains
        .iter()
        .filter(|it| Path::new(&it.dir).join("default.pgo").is_file())
        .collect();
    let cgo = packages
        .iter()
        .filter(|it| !it.cgo_files.is_empty() && !it.standard)
        .map(|it| it.import_path.as_str())
        .collect::<Vec<_>>();
    let preset = preset.unwrap_or(match (server, profiles.is_empty()) {
        (true, false) => "service",
        (true, true) => "release",
        (false, _) => "cli",
    });
    let comment = notes(mains.len(), &profiles, &cgo, root, toolchain);
    let mut document = DocumentMut::new();
    document["preset"] = Item::Value(preset.into());
    if let Some(mut key) = document.key_mut("preset") {
        key.leaf_decor_mut().set_prefix(format!("{comment}\n"));
    }
    let mut build = Table::new();
    let patterns: Array = mains
        .iter()
        .map(|it| Value::from(relative(&it.dir, root)))
        .collect();
    build["packages"] = Item::Value(patterns.into());
    build["out-dir"] = Item::Value("dist".into());
    if !cgo.is_empty() {
        build["env"] = Item::Value("{ CGO_ENABLED = \"1\" }".parse().unwrap_or(Value::from("")));
    }
    document["build"] = Item::Table(build);
    // A service without its profile is a mistake; that others have none, init sees.
    if preset == "service" && !profiles.is_empty() {
        let has = |it: &&&Package| {
            profiles
                .iter()
                .any(|other| other.import_path == it.import_path)
        };
        let without = mains.iter().filter(|it| !has(it));
        if let Some(table) = no_profile(without.map(|it| relative(&it.dir, root))) {
            document["pgo"] = table;
        }
    }
    document.to_string()
}

/// `[pgo.package."./cmd/loadgen"]` with `profile = "off"`, for each directory.
fn no_profile(directories: impl Iterator<Item = String>) -> Option<Item> {
    let mut packages = Table::new();
    packages.set_implicit(true);
    for it in directories {
        let mut package = Table::new();
        package["profile"] = Item::Value("off".into());
        packages[&it] = Item::Table(package);
    }
    let some = !packages.is_empty();
    let mut pgo = Table::new();
    pgo.set_implicit(true);
    pgo["package"] = Item::Table(packages);
    some.then_some(Item::Table(pgo))
}

/// What was found, as comments.
fn notes(
    mains: usize,
    profiles: &[&&Package],
    cgo: &[&str],
    root: &Path,
    toolchain: &Toolchain,
) -> String {
    let mut notes = vec![
        format!(
            "Written by gobuild-opt init for {}, {}.",
            counted_of(mains, "main package"),
            toolchain.version
        ),
        "Every key: gobuild-opt presets default. What will run: gobuild-opt plan.".to_owned(),
    ];
    match profiles {
        [] => notes.push(
            "No default.pgo was found: see `[pgo]` in the reference for how a profile is named."
                .into(),
        ),
        found => notes.push(format!(
            "default.pgo found for: {}.",
            found
                .iter()
                .map(|it| it.import_path.as_str())
                .collect::<Vec<_>>()
                .join(", ")
        )),
    }
    if root.join("vendor/modules.txt").is_file() {
        notes.push("vendor/ was found: go uses it by itself.".into());
    }
    if !cgo.is_empty() {
        notes.push(format!("cgo is used by: {}.", cgo.join(", ")));
    }
    notes.iter().map(|it| format!("# {it}\n")).collect()
}

/// `./cmd/api`
fn relative(directory: &str, root: &Path) -> String {
    match Path::new(directory).strip_prefix(root) {
        Ok(rest) if rest.as_os_str().is_empty() => ".".into(),
        Ok(rest) => format!("./{}", rest.display()),
        Err(_) => directory.to_owned(),
    }
}

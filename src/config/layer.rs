//! The layers of a configuration, merged key by key: defaults < preset < file < environment < flags.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::settable::{ValueKind, check_alone, insert, keys, variable_of};
use super::{Config, ENV_PREFIX, FILE, Past, anchor, assert_keys, ground, preset, strict, trust};
use crate::error::{Error, Kind, Result};
use crate::review::Ground;

/// Dotted key -> the layer that set it, such as `pgo.profile` -> `gobuild-opt.toml`.
pub type Origins = BTreeMap<String, String>;

/// Where the layers come from: everything that is not in the program itself.
#[derive(Debug, Default)]
pub struct Sources {
    /// The working directory: the search for the file starts here.
    pub cwd: PathBuf,
    /// `--config FILE`, or `None` to search.
    pub file: Option<PathBuf>,
    /// `--preset NAME`.
    pub preset: Option<String>,
    /// `--trust-config`: files may run programs and leave the project.
    pub trust: bool,
    /// `--allow-env NAME`: variables that templates of files may stand for.
    pub allowed: Vec<String>,
    /// The variables of the environment (only `GOBUILD_OPT_*` count).
    pub env: Vec<(String, String)>,
    /// `key = value` pairs from flags, in dotted form, as TOML values.
    pub flags: Vec<(String, Value)>,
    /// Where the files are read; nowhere else, if there is one.
    pub past: Option<Past>,
}

/// A configuration with what is needed to explain it.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The merged values. Paths are absolute, or relative to the working directory of the caller.
    pub(crate) config: Config,
    /// Which layer set each key.
    pub(crate) origins: Origins,
    /// The configuration file, if there is one.
    pub(crate) file: Option<PathBuf>,
    /// The directory that package patterns of the file are relative to.
    pub(crate) root: PathBuf,
    /// What of it may be on a command line, whatever it says.
    pub ground: Ground,
    /// What was not taken, and why.
    pub(crate) warnings: Vec<String>,
    /// Variables that templates of files may stand for, beside those that are no secret.
    pub(crate) allowed: Vec<String>,
}

struct Layer {
    name: String,
    table: Table,
    /// What relative paths in it are relative to.
    base: PathBuf,
    /// It does not come with the project.
    trusted: bool,
}

/// Stands for `--allow-env`, where nobody can type it.
const ALLOW_ENV: &str = "GOBUILD_OPT_ALLOW_ENV";

/// The variable that names report files, for where nobody can type `--report`: no key of the configuration.
pub(crate) const REPORT: &str = "GOBUILD_OPT_REPORT";

/// Finds, reads, checks and merges the layers.
///
/// Fails with [`Kind::Usage`] for an unknown key, a wrong type, an unknown preset or a missing file.
pub fn load(sources: &Sources) -> Result<Loaded> {
    let file = match &sources.file {
        Some(path) => Some(sources.cwd.join(path)),
        None => find(sources)?,
    };
    let root = file.as_deref().and_then(Path::parent);
    let root = root.unwrap_or(&sources.cwd).to_path_buf();
    let defaults = toml_layer("defaults", preset::DEFAULT.text, &root)?;
    let mut above = Vec::new();
    if let Some(path) = &file {
        above.push(found_layer(path, &root, sources)?);
    }
    let mut warnings = Vec::new();
    above.push(env_layer(sources, &mut warnings)?);
    above.push(flag_layer(sources)?);
    let mut layers = vec![defaults];
    if let Some(named) = preset_layer(&above, &root, sources)? {
        layers.push(named);
    }
    layers.extend(above);
    let allowed = allowed(sources, &layers);
    let (config, origins, ground) = merge(layers)?;
    let ground = match sources.trust {
        true => Ground::everything(),
        false => ground,
    };
    Ok(Loaded {
        config,
        origins,
        file,
        root,
        ground,
        warnings,
        allowed,
    })
}

/// The layer of the file that was found or named.
fn found_layer(path: &Path, root: &Path, sources: &Sources) -> Result<Layer> {
    let shown = path.strip_prefix(&sources.cwd).unwrap_or(path).display();
    let name = match &sources.past {
        Some(past) => format!("{shown} of {}", past.name),
        None => shown.to_string(),
    };
    // What was named on the command line may lie anywhere; objects of git lie where they are.
    if sources.file.is_none() && !sources.trust && sources.past.is_none() {
        trust::stays(path, root, &name)?;
    }
    let layer = file_layer(&name, &sources.read(path)?, root, sources.trust);
    layer.map_err(|error| trust::hushed(error, path, root, &name))
}

/// Variables that the command line or the environment allows. The list of a file counts where the file is that of a revision, which
/// the change under review has not written.
fn allowed(sources: &Sources, layers: &[Layer]) -> Vec<String> {
    let listed = sources.env.iter().filter(|(name, _)| name == ALLOW_ENV);
    let listed = listed.flat_map(|(_, names)| names.split([',', ' ']));
    let typed = sources.allowed.iter().map(String::as_str);
    let counts = |layer: &&Layer| layer.trusted || sources.past.is_some();
    let own = |layer: &'_ Layer| {
        let names = layer.table.get("build")?.get("allow-env")?;
        names.as_array().cloned()
    };
    let own = layers.iter().filter(counts).filter_map(own).next_back();
    let own = own.unwrap_or_default().into_iter();
    let own: Vec<String> = own
        .filter_map(|name| Some(name.as_str()?.to_owned()))
        .collect();
    let all = listed.chain(typed).filter(|text| !text.is_empty());
    all.map(str::to_owned).chain(own).collect()
}

/// The nearest `gobuild-opt.toml` from `start` upward, not above the module root (or the
/// root of the repository).
fn find(sources: &Sources) -> Result<Option<PathBuf>> {
    for directory in sources.cwd.ancestors() {
        let candidate = directory.join(FILE);
        if sources.has(&candidate)? {
            return Ok(Some(candidate));
        }
        if directory.join("go.mod").is_file() || directory.join(".git").exists() {
            return Ok(None);
        }
    }
    Ok(None)
}

fn toml_layer(name: &str, text: &str, base: &Path) -> Result<Layer> {
    let _: Config = strict::parse(text, name)?;
    let table = strict::parse(text, name)?;
    Ok(Layer {
        name: name.to_owned(),
        table,
        base: base.to_path_buf(),
        trusted: true,
    })
}

/// A layer that comes with the project, and so perhaps from somebody else.
fn file_layer(name: &str, text: &str, base: &Path, trust: bool) -> Result<Layer> {
    let mut layer = toml_layer(name, text, base)?;
    layer.trusted = trust;
    if trust {
        return Ok(layer);
    }
    trust::review(text, name)?;
    trust::links(&layer.table, name, base)?;
    Ok(layer)
}

/// The preset that the topmost layer with a `preset` key names.
fn preset_layer(above: &[Layer], root: &Path, sources: &Sources) -> Result<Option<Layer>> {
    let Some((layer, name)) = above
        .iter()
        .rev()
        .find_map(|layer| Some((layer, layer.table.get("preset")?.as_str()?)))
    else {
        return Ok(None);
    };
    if name.contains('/') || name.contains('\\') || name.ends_with(".toml") {
        let path = layer.base.join(name);
        if !layer.trusted && sources.past.is_none() {
            trust::stays(&path, root, name)?;
        }
        let text = sources.read(&path)?;
        let base = path.parent().unwrap_or(root);
        let layer = file_layer(&format!("preset {name}"), &text, base, sources.trust);
        let layer = layer.map_err(|error| trust::hushed(error, &path, root, name))?;
        return Ok(Some(layer));
    }
    let Some(found) = preset::find(name) else {
        return Err(no_preset(name, &layer.name));
    };
    toml_layer(&format!("preset {name}"), found.text, root).map(Some)
}

/// No preset has the name that a layer has for it.
fn no_preset(name: &str, layer: &str) -> Error {
    let names = || preset::ALL.iter().map(|preset| preset.name);
    let hint = match strict::nearest(name, names()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let names = names().collect::<Vec<_>>().join(", ");
            format!("presets: {names}; or the path of a TOML file")
        }
    };
    Error::new(Kind::Usage, format!("no preset named `{name}` ({layer})")).hint(hint)
}

/// A name that is almost one of ours is a misspelling. Any other may be meant for somebody else: CI likes `GOBUILD_OPT_VERSION`
/// for the version of this program.
fn env_layer(sources: &Sources, warnings: &mut Vec<String>) -> Result<Layer> {
    let kinds = keys();
    let mut table = Table::new();
    for (variable, text) in &sources.env {
        let Some(tail) = variable.strip_prefix(ENV_PREFIX) else {
            continue;
        };
        if variable == ALLOW_ENV || variable == REPORT {
            continue;
        }
        let wanted = |key: &str| key.replace(['.', '-'], "_").to_uppercase() == tail;
        let Some((key, kind)) = kinds.iter().find(|(key, _)| wanted(key)) else {
            let message = format!("the environment variable `{variable}` sets no known key");
            let names: Vec<String> = kinds.keys().map(|key| variable_of(key)).collect();
            let tails = names
                .iter()
                .filter_map(|name| name.strip_prefix(ENV_PREFIX));
            let Some(near) = strict::nearest(tail, tails) else {
                warnings.push(format!("{message}, and is ignored"));
                continue;
            };
            return Err(Error::new(Kind::Usage, message)
                .hint(format!("did you mean `{ENV_PREFIX}{near}`?")));
        };
        let said = format!("the environment variable `{variable}` is `{text}`");
        let wrong = |why| Error::new(Kind::Usage, format!("{said}: {why}"));
        let value = kind.value(text).map_err(wrong)?;
        check_alone(key, &value, &said)?;
        insert(&mut table, key, value);
    }
    toml_layer("environment", &strict::text_of(&table)?, &sources.cwd)
}

fn flag_layer(sources: &Sources) -> Result<Layer> {
    let mut table = Table::new();
    if let Some(name) = &sources.preset {
        table.insert("preset".into(), Value::String(name.clone()));
    }
    let kinds = keys();
    for (key, value) in &sources.flags {
        // `--set build.tags=netgo`: text for a list is a list.
        let list = kinds
            .get(key)
            .filter(|kind| matches!(kind, ValueKind::Line | ValueKind::List));
        let value = match (list, value.as_str()) {
            (Some(kind), Some(text)) => kind.value(text).unwrap_or_else(|_| value.clone()),
            _ => value.clone(),
        };
        check_alone(key, &value, &format!("`{key} = {value}` (flags)"))?;
        insert(&mut table, key, value);
    }
    toml_layer("flags", &strict::text_of(&table)?, &sources.cwd)
}

fn merge(layers: Vec<Layer>) -> Result<(Config, Origins, Ground)> {
    let mut merged = Table::new();
    let mut origins = Origins::new();
    let mut ground = Ground::default();
    for mut layer in layers {
        anchor::anchor(&mut layer.table, &layer.base)?;
        ground::add(&mut ground, &layer.table, &layer.name, layer.trusted);
        overlay(&mut merged, layer.table, "", &layer.name, &mut origins);
    }
    let config = Config::of_table(&merged)?;
    check_ids(&config, &origins)?;
    assert_keys::check(&config)?;
    config
        .target
        .iter()
        .try_for_each(assert_keys::check_target)?;
    Ok((config, origins, ground))
}

impl Config {
    /// Through text: one more reader of every type of the configuration would be 160 KB of program.
    fn of_table(table: &Table) -> Result<Self> {
        toml::from_str(&strict::text_of(table)?).map_err(|error| {
            Error::new(
                Kind::Usage,
                format!("the merged configuration is not valid: {}", error.message()),
            )
        })
    }
}

/// Check IDs are the keys of `[checks]` in the reference: another one is a misspelling.
fn check_ids(config: &Config, origins: &Origins) -> Result<()> {
    let known: Table = strict::parse(preset::DEFAULT.text, "defaults")?;
    let known: Vec<&str> = known["checks"]
        .as_table()
        .into_iter()
        .flat_map(|table| table.keys().map(String::as_str))
        .collect();
    let Some(wrong) = config
        .checks
        .keys()
        .find(|id| !known.contains(&id.as_str()))
    else {
        return Ok(());
    };
    let origin = origins
        .get(&format!("checks.{wrong}"))
        .map_or("", String::as_str);
    let error = Error::new(
        Kind::Usage,
        format!("no check has the ID `{wrong}` ({origin}, [checks])"),
    );
    Err(match strict::nearest(wrong, known.iter().copied()) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint(format!("checks: {}", known.join(", "))),
    })
}

fn overlay(under: &mut Table, over: Table, prefix: &str, layer: &str, origins: &mut Origins) {
    for (key, value) in over {
        let path = if prefix.is_empty() {
            key.clone()
        } else {
            format!("{prefix}.{key}")
        };
        match (under.get_mut(&key), value) {
            (Some(Value::Table(inner)), Value::Table(table)) => {
                overlay(inner, table, &path, layer, origins)
            }
            (_, Value::Table(table)) => {
                let mut inner = Table::new();
                overlay(&mut inner, table, &path, layer, origins);
                under.insert(key, Value::Table(inner));
            }
            (_, value) => {
                origins.insert(path, layer.to_owned());
                under.insert(key, value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::pgo_keys::Profiles;

    fn sources(file: &str) -> (tempfile::TempDir, Sources) {
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join(FILE), file).unwrap();
        let cwd = directory.path().to_path_buf();
        (
            directory,
            Sources {
                cwd,
                ..Sources::default()
            },
        )
    }

    #[test]
    fn each_layer_wins_over_the_one_below() {
        let (_directory, mut sources) = sources("preset = \"size\"\n[escape]\ntop = 3\n");
        let origin = |sources: &Sources, key: &str| load(sources).unwrap().origins[key].clone();
        assert_eq!(origin(&sources, "build.trimpath"), "preset size");
        assert_eq!(origin(&sources, "build.buildvcs"), "defaults");
        assert_eq!(origin(&sources, "escape.top"), FILE);
        sources
            .env
            .push(("GOBUILD_OPT_ESCAPE_TOP".into(), "4".into()));
        assert_eq!(load(&sources).unwrap().config.escape.top, 4);
        sources.flags.push(("escape.top".into(), Value::Integer(5)));
        assert_eq!(load(&sources).unwrap().config.escape.top, 5);
        sources.preset = Some("release".into());
        let profile = load(&sources).unwrap().config.pgo.profile;
        assert_eq!(profile, Profiles::One("auto".into()));
    }

    #[test]
    fn text_for_a_list_is_a_list() {
        let (_directory, mut sources) = sources("");
        sources
            .env
            .push(("GOBUILD_OPT_BUILD_TAGS".into(), "a,b".into()));
        sources
            .flags
            .push(("build.ldflags".into(), "-X main.v=1,2".into()));
        let build = load(&sources).unwrap().config.build;
        assert_eq!(
            (build.tags, build.ldflags),
            (vec!["a".into(), "b".into()], vec!["-X main.v=1,2".into()])
        );
    }

    #[test]
    fn the_reference_holds_every_key() {
        let reference = preset::DEFAULT.text;
        for key in keys().keys() {
            let name = key.rsplit('.').next().unwrap();
            // Keys of a table on one line stand behind each other.
            let stands = |line: &str| {
                let key = format!("{name} =");
                let text = line.trim_start_matches("# ");
                text.starts_with(&key) || text.contains(&format!(" {key}"))
            };
            assert!(
                reference.lines().any(stands),
                "{key} is missing in presets/default.toml"
            );
        }
    }

    #[test]
    fn an_unknown_variable_names_the_nearest() {
        let (_directory, mut sources) = sources("");
        sources
            .env
            .push(("GOBUILD_OPT_PGO_PROFIL".into(), "off".into()));
        let error = load(&sources).unwrap_err();
        assert_eq!(
            error.hint.as_deref(),
            Some("did you mean `GOBUILD_OPT_PGO_PROFILE`?")
        );
    }

    #[test]
    fn every_preset_is_valid_and_says_what_it_is_for() {
        for preset in preset::ALL {
            strict::parse::<Config>(preset.text, preset.name).unwrap();
            assert!(preset.summary().len() > 20, "{}", preset.name);
        }
    }

    #[test]
    fn paths_are_relative_to_the_file_that_holds_them() {
        let (directory, mut sources) = sources(
            "advise.profiles.heap = \"heap.pprof\"\n[build]\nout-dir = \"dist\"\n[pgo]\nprofile = \"cpu.pprof\"\n",
        );
        let below = directory.path().join("cmd/api");
        std::fs::create_dir_all(&below).unwrap();
        sources.cwd = below;
        let config = load(&sources).unwrap().config;
        assert_eq!(config.build.out_dir, Some(directory.path().join("dist")));
        let path = |name: &str| directory.path().join(name).display().to_string();
        assert_eq!(config.pgo.profile, Profiles::One(path("cpu.pprof")));
        let heap = config.advise.profiles.heap;
        assert_eq!(heap, Some(directory.path().join("heap.pprof")));
    }
}

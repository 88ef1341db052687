//! Flags that are the topmost layer of the configuration.

use std::path::PathBuf;

use clap::Args;

use crate::config::Sources;
use crate::error::{Error, Kind, Result};

/// Where the configuration comes from, and values that win over it.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Configuration")]
pub(crate) struct Settings {
    /// Read this file instead of the nearest gobuild-opt.toml
    #[arg(long, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// Judge by the budgets, checks, assertions and lock of this revision, so that a change cannot loosen its own gates
    #[arg(long, value_name = "REV")]
    pub(crate) config_from: Option<String>,
    /// Use a preset: a name (see `gobuild-opt presets`) or the path of a TOML file
    #[arg(long, value_name = "NAME")]
    pub(crate) preset: Option<String>,
    /// Let configuration files run programs (CC, -toolexec, -extld ...) and leave the project
    #[arg(long)]
    pub(crate) trust_config: bool,
    /// Let configuration files read this variable with {env.NAME}; repeat it for more
    #[arg(long, value_name = "NAME")]
    pub(crate) allow_env: Vec<String>,
    /// Set a key of the configuration, such as pgo.profile=off
    #[arg(long = "set", value_name = "KEY=VALUE")]
    pub(crate) set: Vec<String>,
    /// Build for this platform instead of the configured ones, such as linux/arm64 or linux/amd64/v3; repeat it for more. Names of outputs end with the platform where there are several
    #[arg(long = "target", value_name = "OS/ARCH[/LEVEL]")]
    pub(crate) target: Vec<String>,
    /// Put the executables and SHA256SUMS here
    #[arg(long, value_name = "DIR")]
    pub(crate) out_dir: Option<PathBuf>,
    /// Leave out: all (-s -w), dwarf (-w), none
    #[arg(long, value_name = "WHAT")]
    pub(crate) strip: Option<String>,
    /// Compare with: auto, unstripped, symbols, plain, off, or an executable
    #[arg(long, value_name = "WHAT")]
    pub(crate) baseline: Option<String>,
    /// Stop after this long, such as 30m, with exit code 3
    #[arg(long, value_name = "TIME")]
    pub(crate) timeout: Option<String>,
    /// Build so many targets at the same time: a number, or auto
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<String>,
    /// Say what each compile and each link took
    #[arg(long)]
    pub(crate) resources: bool,
    /// Collect the escape report: auto, capture, pass, off
    #[arg(long, value_name = "HOW")]
    pub(crate) escapes: Option<String>,
}

impl Settings {
    /// The keys that have a flag of their own.
    fn named(&self) -> impl Iterator<Item = (String, toml::Value)> {
        let out_dir = self.out_dir.as_ref();
        let out_dir = out_dir.map(|path| path.to_string_lossy().into_owned());
        let all = [
            ("build.out-dir", out_dir),
            ("build.strip", self.strip.clone()),
            ("compare.baseline", self.baseline.clone()),
            ("escape.collect", self.escapes.clone()),
            ("build.timeout", self.timeout.clone()),
            ("build.jobs", self.jobs.clone()),
        ];
        let set = |(key, value): (&str, Option<String>)| {
            let value = toml::Value::String(value?);
            Some((key.to_owned(), value))
        };
        all.into_iter().filter_map(set)
    }

    /// The layers, ready to be loaded. Fails with [`Kind::Usage`] for a `--set` without `=` or a
    /// `--target` of another form.
    pub(crate) fn sources(
        &self,
        cwd: &std::path::Path,
        env: Vec<(String, String)>,
    ) -> Result<Sources> {
        let flags = self.set.iter().map(|pair| set(pair));
        let mut flags = flags.collect::<Result<Vec<_>>>()?;
        flags.extend(self.named());
        if self.resources {
            flags.push(("report.resources".to_owned(), toml::Value::Boolean(true)));
        }
        if !self.target.is_empty() {
            let targets = self.target.iter().map(|text| target(text));
            let targets = targets.collect::<Result<Vec<_>>>()?;
            flags.push(("target".into(), toml::Value::Array(targets)));
        }
        Ok(Sources {
            cwd: cwd.to_path_buf(),
            file: self.config.clone(),
            preset: self.preset.clone(),
            trust: self.trust_config,
            allowed: self.allow_env.clone(),
            env,
            flags,
            past: None,
        })
    }
}

/// `KEY=VALUE`
fn set(pair: &str) -> Result<(String, toml::Value)> {
    let (key, value) = pair.split_once('=').ok_or_else(|| {
        Error::new(Kind::Usage, format!("`--set {pair}` has no `=`"))
            .hint("write it like `--set pgo.profile=off`")
    })?;
    Ok((key.trim().to_owned(), toml_value(value)))
}

/// What stands behind `--set KEY=`: TOML where it is TOML, otherwise text.
fn toml_value(text: &str) -> toml::Value {
    let parsed = format!("value = {text}").parse::<toml::Table>();
    parsed
        .ok()
        .and_then(|mut table| table.remove("value"))
        .unwrap_or_else(|| toml::Value::String(text.to_owned()))
}

fn target(text: &str) -> Result<toml::Value> {
    let parts: Vec<&str> = text.splitn(3, '/').collect();
    let [os, arch, rest @ ..] = parts.as_slice() else {
        return Err(
            Error::new(Kind::Usage, format!("`--target {text}` names no platform"))
                .hint("write it like linux/arm64 or linux/amd64/v3"),
        );
    };
    let mut table = toml::Table::new();
    for (key, value) in [
        ("os", Some(os)),
        ("arch", Some(arch)),
        ("level", rest.first()),
    ] {
        if let Some(value) = value {
            table.insert(key.into(), toml::Value::String((*value).to_owned()));
        }
    }
    Ok(toml::Value::Table(table))
}

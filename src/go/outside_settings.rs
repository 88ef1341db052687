//! Settings of the environment and of `go env -w` that change the bits of the binary and stand in
//! no configuration: why the same commit gives another binary on another machine.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// A setting from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Ambient {
    /// `GOFLAGS`
    pub(crate) name: String,
    /// Its value.
    pub(crate) value: String,
    /// `environment` or `go env -w`.
    pub(crate) from: String,
}

/// Variables that decide about the code, the flags or the build information
/// (`cmd/go/internal/cfg`, `go help environment`).
const NAMES: &[&str] = &[
    "AR",
    "CC",
    "CGO_CFLAGS",
    "CGO_CPPFLAGS",
    "CGO_CXXFLAGS",
    "CGO_ENABLED",
    "CGO_FFLAGS",
    "CGO_LDFLAGS",
    "CXX",
    "FC",
    "GCCGO",
    "GCCGOTOOLDIR",
    "GO111MODULE",
    "GO386",
    "GOAMD64",
    "GOARCH",
    "GOARM",
    "GOARM64",
    "GOEXPERIMENT",
    "GOFIPS140",
    "GOFLAGS",
    "GOMIPS",
    "GOMIPS64",
    "GOOS",
    "GOPPC64",
    "GORISCV64",
    "GOROOT",
    "GOWASM",
    "GOWORK",
    "GO_EXTLINK_ENABLED",
    "PKG_CONFIG",
    "PKG_CONFIG_PATH",
    "CPATH",
    "LIBRARY_PATH",
    "GO_LDSO",
];

/// What is set outside. `configured` are variables that the configuration sets: the same value is
/// no leak, and those in `decided` (the platform of a target) do not count at all.
pub(crate) fn ambient(
    environment: &[(String, String)],
    go_env_file: &str,
    configured: &BTreeMap<String, String>,
    decided: &[&str],
) -> Vec<Ambient> {
    let mut found = BTreeMap::new();
    for line in go_env_file.lines() {
        if let Some((name, value)) = line.split_once('=') {
            found.insert(name.trim(), (value, "go env -w"));
        }
    }
    // Go takes a variable that is set to nothing for one that is not set (`cfg.Getenv`): the file counts.
    let set = environment.iter().filter(|(_, value)| !value.is_empty());
    for (name, value) in set {
        found.insert(name, (value, "environment"));
    }
    let leaks = found.into_iter().filter(|(name, (value, _))| {
        let known = NAMES.contains(name) && !decided.contains(name) && !value.is_empty();
        let configured = configured.get(*name);
        known && configured.is_none_or(|configured| configured != value)
    });
    let ambient = leaks.map(|(name, (value, from))| Ambient {
        name: name.into(),
        value: value.into(),
        from: from.into(),
    });
    ambient.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_changes_the_bits_and_is_not_configured_leaks() {
        let environment = [
            ("GOFLAGS", "-mod=mod"),
            ("PATH", "/bin"),
            ("CGO_ENABLED", "0"),
            ("GOOS", "linux"),
            ("CC", ""),
            ("GOARM64", ""),
        ];
        let environment: Vec<(String, String)> = environment
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        let configured = BTreeMap::from([("CGO_ENABLED".to_owned(), "0".to_owned())]);
        let found = ambient(
            &environment,
            "GOAMD64=v3\nGOARM64=v9.0\nGOPROXY=off\nGOFLAGS=-x\n",
            &configured,
            &["GOOS"],
        );
        let shown: Vec<String> = found
            .iter()
            .map(|ambient| format!("{}={} ({})", ambient.name, ambient.value, ambient.from))
            .collect();
        assert_eq!(
            shown,
            [
                "GOAMD64=v3 (go env -w)",
                "GOARM64=v9.0 (go env -w)",
                "GOFLAGS=-mod=mod (environment)"
            ]
        );
    }
}

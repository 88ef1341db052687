//! Reads the processor and memory limits of containers from the manifests of Kubernetes and compose.

use std::path::Path;

use saphyr::{LoadableYamlNode, Yaml};

use crate::input;

/// What a container may use.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Limit {
    /// The file, relative to the root of the module.
    pub(crate) file: String,
    /// Processors; `None` without a limit.
    pub(crate) processors: Option<f64>,
    /// As it is written: `512Mi`; `None` without a limit.
    pub(crate) memory: Option<String>,
    /// Whether GOMAXPROCS stands beside it.
    pub(crate) sets_processors: bool,
    /// The image of something else, such as a database; `None` where it is built here, or bears the name of the module or of
    /// an executable.
    pub(crate) other: Option<String>,
}

/// Directories that hold manifests, below the root of a module; `""` is the root itself.
const PLACES: &[&str] = &[
    "",
    "deploy",
    "deployment",
    "deployments",
    "k8s",
    "kubernetes",
    "kube",
    "manifests",
    "config",
];

/// Files that are read in all.
const MOST: usize = 200;

/// The YAML files that may be manifests, with their text, sorted by name; and how many more there are.
pub(crate) fn manifests(root: &Path) -> (Vec<(String, String)>, u64) {
    let mut found = Vec::new();
    for place in PLACES {
        let directory = root.join(place);
        // One level below, as kustomize has it.
        let depth = usize::from(!place.is_empty());
        collect(&directory, depth, &mut found);
    }
    found.sort();
    found.dedup();
    let named = |path: std::path::PathBuf| {
        let text = input::text(&path, input::TEXT).ok()?;
        let name = path.strip_prefix(root).unwrap_or(&path);
        Some((name.display().to_string(), text))
    };
    let more = found.len().saturating_sub(MOST) as u64;
    let read = found.into_iter().take(MOST).filter_map(named).collect();
    (read, more)
}

fn collect(directory: &Path, depth: usize, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(directory).into_iter().flatten().flatten() {
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        let path = entry.path();
        let is_yaml = path
            .extension()
            .is_some_and(|extension| extension == "yaml" || extension == "yml");
        if kind.is_dir() && depth > 0 {
            collect(&path, depth - 1, found);
        } else if kind.is_file() && is_yaml {
            found.push(path);
        }
    }
}

/// The limits of every container in a file; `names`: those of the module and its executables. What is no YAML, as a template
/// is, says nothing.
pub(crate) fn limits(file: &str, text: &str, names: &[String]) -> Vec<Limit> {
    let mut found = Vec::new();
    if input::is_deep_yaml(text) {
        return found;
    }
    for document in Yaml::load_from_str(text).unwrap_or_default() {
        walk(&document, (file, names), &mut found);
    }
    found
}

/// Looks for `resources: limits:` of a container, and for the limits of a service of compose.
fn walk(node: &Yaml<'_>, (file, names): (&str, &[String]), found: &mut Vec<Limit>) {
    if let Some(all) = node.as_sequence() {
        all.iter().for_each(|yaml| walk(yaml, (file, names), found));
        return;
    }
    let Some(mapping) = node.as_mapping() else {
        return;
    };
    let below = |keys: &[&str]| below(node, keys);
    let [cpu, memory] = limits_of(node);
    // A service or a container has an image; a list of defaults has none.
    let builds = below(&["build"]).is_some();
    let is_container = node.as_mapping_get("image").is_some() || builds;
    if is_container && (cpu.is_some() || memory.is_some()) {
        let image = below(&["image"]).and_then(word).unwrap_or_default();
        let other = !builds && !bears(&image, names);
        let environment = below(&["env"]).or_else(|| below(&["environment"]));
        found.push(Limit {
            file: file.to_owned(),
            processors: cpu.as_deref().and_then(processors),
            memory,
            sets_processors: environment.is_some_and(|yaml| mentions(yaml, "GOMAXPROCS")),
            other: other.then_some(image),
        });
    }
    for (_, value) in mapping {
        walk(value, (file, names), found);
    }
}

/// What stands below keys in each other.
fn below<'n, 'y>(node: &'n Yaml<'y>, keys: &[&str]) -> Option<&'n Yaml<'y>> {
    keys.iter().try_fold(node, |at, key| at.as_mapping_get(key))
}

/// The limits of processors and of memory that a container or a service has.
fn limits_of(node: &Yaml<'_>) -> [Option<String>; 2] {
    let first = |ways: &[&[&str]]| ways.iter().find_map(|way| word(below(node, way)?));
    let cpu = first(&[
        &["resources", "limits", "cpu"],
        &["deploy", "resources", "limits", "cpus"],
        &["cpus"],
    ]);
    let memory = first(&[
        &["resources", "limits", "memory"],
        &["deploy", "resources", "limits", "memory"],
        &["mem_limit"],
    ]);
    [cpu, memory]
}

/// Whether an image such as `ghcr.io/acme/shop-api:1.2` has one of the names, as a part of its path or as words of one.
fn bears(image: &str, names: &[String]) -> bool {
    let path = image.split('@').next().unwrap_or_default();
    // A colon before a slash is that of a port.
    let path = match path.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => path,
    };
    let words = |text: &str| format!("-{}-", text.to_lowercase().replace(['_', '.'], "-"));
    path.split('/')
        .any(|part| names.iter().any(|name| words(part).contains(&words(name))))
}

/// A scalar as text.
fn word(node: &Yaml<'_>) -> Option<String> {
    if let Some(text) = node.as_str() {
        return Some(text.to_owned());
    }
    let whole = node.as_integer().map(|node| node.to_string());
    whole.or_else(|| node.as_floating_point().map(|node| node.to_string()))
}

/// `500m`, `0.5`, `2`
fn processors(text: &str) -> Option<f64> {
    match text.strip_suffix('m') {
        Some(milli) => milli.parse::<f64>().ok().map(|value| value / 1000.0),
        None => text.parse().ok(),
    }
}

/// Whether a variable is set in a list or a mapping of an environment.
fn mentions(environment: &Yaml<'_>, name: &str) -> bool {
    if environment.as_mapping_get(name).is_some() {
        return true;
    }
    let mut list = environment.as_sequence().into_iter().flatten();
    list.any(|yaml| {
        let named = yaml.as_mapping_get("name").and_then(|it| it.as_str());
        let text = yaml.as_str().and_then(|text| text.split('=').next());
        named == Some(name) || text == Some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> Vec<String> {
        let limit = |it: &Limit| {
            let (cpu, memory) = (it.processors, &it.memory);
            format!("{cpu:?} {memory:?} {} {:?}", it.sets_processors, it.other)
        };
        let names = ["api".to_owned(), "shop".to_owned()];
        limits("f", text, &names).iter().map(limit).collect()
    }

    #[test]
    fn containers_and_services_have_limits() {
        let pod = "kind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n      - name: api\n        image: api\n        env:\n        - name: GOMAXPROCS\n          value: \"1\"\n        resources:\n          limits: {cpu: 500m, memory: 512Mi}\n---\nkind: Service\n";
        assert_eq!(shown(pod), ["Some(0.5) Some(\"512Mi\") true None"]);
        let compose = "services:\n  api:\n    build: .\n    cpus: 1\n    mem_limit: 1g\n  db:\n    image: db\n  worker:\n    image: w\n    environment: [\"GOMAXPROCS=1\"]\n    deploy:\n      resources:\n        limits:\n          cpus: \"0.50\"\n";
        assert_eq!(
            shown(compose),
            [
                "Some(1.0) Some(\"1g\") false None",
                "Some(0.5) None true Some(\"w\")"
            ]
        );
        for (image, own) in [
            ("ghcr.io/acme/shop-api:1.2", true),
            ("localhost:5000/shop@sha256:00", true),
            ("acme/shop/worker", true),
            ("postgres:16", false),
            ("acme/apis:shop", false),
        ] {
            let names = ["api".to_owned(), "shop".to_owned()];
            assert_eq!(bears(image, &names), own, "{image}");
        }
        assert_eq!(shown("{{ if .Values.x }}\na: b\n"), Vec::<String>::new());
        assert_eq!(shown(&"[".repeat(10_000)), Vec::<String>::new());
    }
}

//! Reads the files by which a project is built today: what they say of cgo, stamps, tags and platforms.
//!
//! They are read as text, as people write them: what is not understood is left out, and said.

use std::collections::BTreeMap;
use std::path::Path;

use super::platforms::{self, Releases};
use super::stamped::{self, Stamp};
use crate::check::linkage::container_image::last_without_glibc;
use crate::input;
use crate::order::Order;

/// Larger files are no recipes.
const LARGEST: u64 = 256 << 10;

/// What somebody wrote, and in which file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Said<T> {
    pub(crate) value: T,
    pub(crate) file: String,
}

/// How a project is built today.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Today {
    /// CGO_ENABLED.
    pub(crate) cgo: Option<Said<bool>>,
    /// Files of equal rank that disagree about CGO_ENABLED.
    pub(crate) cgo_differs: Vec<String>,
    /// No cgo, by an image that has no C library: what counts where nobody says anything of CGO_ENABLED.
    pub(crate) bare: Option<Said<bool>>,
    /// What `-X` sets.
    pub(crate) stamps: Vec<Stamp>,
    /// `-tags`
    pub(crate) tags: Option<Said<Vec<String>>>,
    /// What a goreleaser file says of releases.
    pub(crate) releases: Option<Said<Releases>>,
}

/// A file with what it is called below the root.
pub(super) struct Recipe {
    name: String,
    text: String,
    /// Who builds releases says more than who runs tests.
    rank: usize,
}

impl Recipe {
    fn new(name: &str, text: String) -> Option<Self> {
        let rank = rank(name)?;
        let name = name.to_owned();
        Some(Self { name, text, rank })
    }
}

/// The files of a directory that build it, the most telling first.
pub(super) fn recipes(root: &Path) -> Vec<Recipe> {
    let mut names: Vec<String> = Vec::new();
    for below in ["", ".github/workflows"] {
        for entry in std::fs::read_dir(root.join(below))
            .into_iter()
            .flatten()
            .flatten()
        {
            let name = Path::new(below).join(entry.file_name());
            names.extend(name.to_str().map(str::to_owned));
        }
    }
    names.sort();
    let read = |name: &String| {
        rank(name)?;
        Recipe::new(name, input::text(&root.join(name), LARGEST).ok()?)
    };
    let mut found: Vec<Recipe> = names.iter().filter_map(read).collect();
    found.order_by_key(|recipe| recipe.rank);
    found
}

fn rank(name: &str) -> Option<usize> {
    let lower = name.to_lowercase();
    let yaml = lower.ends_with(".yml") || lower.ends_with(".yaml");
    Some(match lower.as_str() {
        it if it.starts_with(".github/workflows/") => return yaml.then_some(3),
        it if it.starts_with(".goreleaser") || it.starts_with("goreleaser") => {
            return yaml.then_some(0);
        }
        it if it.starts_with("dockerfile") || it.ends_with(".dockerfile") => 1,
        it if it.starts_with("containerfile") => 1,
        "makefile" | "gnumakefile" | "justfile" | "build.sh" => 2,
        it if it.starts_with("taskfile") => return yaml.then_some(2),
        ".gitlab-ci.yml" => 3,
        _ => return None,
    })
}

/// What the files say.
pub(super) fn read(recipes: &[Recipe]) -> Today {
    let variables = variables(recipes);
    let mut today = Today::default();
    for rank in 0..=3 {
        let group: Vec<&Recipe> = recipes
            .iter()
            .filter(|recipe| recipe.rank == rank)
            .collect();
        today.read_cgo(&group);
        if rank == 1 {
            today.bare = group.iter().find_map(|recipe| bare(recipe));
        }
        for recipe in group {
            today.read_flags(recipe, &variables);
            if rank == 0 && today.releases.is_none() {
                let file = recipe.name.clone();
                let value = platforms::read(&recipe.text);
                today.releases = (!value.mains.is_empty()).then_some(Said { value, file });
            }
        }
    }
    today
}

/// A Dockerfile whose file would not start with glibc.
fn bare(recipe: &Recipe) -> Option<Said<bool>> {
    let image = last_without_glibc(&recipe.text)?;
    let file = format!("{}: `{image}` has no glibc", recipe.name);
    Some(Said { value: false, file })
}

impl Today {
    /// Adds the stamps and tags of a file that no better one has.
    fn read_flags(&mut self, recipe: &Recipe, variables: &BTreeMap<String, String>) {
        for line in lines(&recipe.text) {
            for stamp in stamped::flags(&line, variables, &recipe.name) {
                let known = |it: &Stamp| it.variable == stamp.variable;
                if !self.stamps.iter().any(known) {
                    self.stamps.push(stamp);
                }
            }
            if self.tags.is_none() {
                let file = recipe.name.clone();
                self.tags = tags(&line).map(|value| Said { value, file });
            }
        }
    }

    /// Files of one rank that agree decide, where no better one did.
    fn read_cgo(&mut self, group: &[&Recipe]) {
        if self.cgo.is_some() || !self.cgo_differs.is_empty() {
            return;
        }
        let said: Vec<Said<bool>> = group
            .iter()
            .flat_map(|recipe| {
                let values = lines(&recipe.text)
                    .into_iter()
                    .filter_map(|line| cgo(&line));
                values
                    .map(|value| Said {
                        value,
                        file: recipe.name.clone(),
                    })
                    .collect::<Vec<_>>()
            })
            .collect();
        let Some(first) = said.first() else { return };
        match said.iter().all(|said| said.value == first.value) {
            true => self.cgo = Some(first.clone()),
            false => {
                self.cgo_differs = said.iter().map(|said| said.file.clone()).collect();
                self.cgo_differs.dedup();
            }
        }
    }
}

/// Lines, those that end with a backslash joined with the next, without comments and without those that run tests.
fn lines(text: &str) -> Vec<String> {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let builds = |line: &&str| {
        let line = line.trim_start();
        !line.starts_with('#') && !line.contains("go test") && !line.contains("golangci")
    };
    joined.lines().filter(builds).map(str::to_owned).collect()
}

/// `CGO_ENABLED=0`, `CGO_ENABLED: "1"`, `ENV CGO_ENABLED 0`
fn cgo(line: &str) -> Option<bool> {
    let (_, rest) = line.split_once("CGO_ENABLED")?;
    let value = rest.trim_start_matches([' ', '\t', '=', ':', '?', '"', '\'']);
    let mut letters = value.chars();
    let found = match letters.next()? {
        '0' => false,
        '1' => true,
        _ => return None,
    };
    let ends = letters
        .next()
        .is_none_or(|letter| !letter.is_alphanumeric());
    (ends && value.len() < rest.len()).then_some(found)
}

/// `-tags=a,b`, `-tags "a b"`; nothing where a variable is among them.
fn tags(line: &str) -> Option<Vec<String>> {
    if !line.contains("go build") && !line.contains("go install") {
        return None;
    }
    let (before, rest) = line.split_once("-tags")?;
    let whole = before
        .chars()
        .next_back()
        .is_none_or(|last| !last.is_alphanumeric());
    let rest = rest.strip_prefix(['=', ' '])?.trim_start();
    let list = match rest.chars().next()? {
        quote @ ('"' | '\'') => rest[1..].split(quote).next()?,
        _ => rest.split_whitespace().next()?,
    };
    let tags: Vec<String> = list.split([',', ' ']).map(str::to_owned).collect();
    let plain = |tag: &String| {
        !tag.is_empty()
            && tag
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.'))
    };
    (whole && tags.iter().all(plain)).then_some(tags)
}

/// `NAME = value`, `NAME := value`, `NAME ?= value`, `ARG NAME=value`, as make, shells and Dockerfiles write it.
fn variables(recipes: &[Recipe]) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for recipe in recipes {
        for line in lines(&recipe.text) {
            let Some((name, value)) = line.split_once('=') else {
                continue;
            };
            let name = name.trim_end_matches([':', '?', ' ', '\t']);
            let name = name.rsplit([' ', '\t']).next().unwrap_or_default();
            let is_name = !name.is_empty() && name.chars().all(|c| c.is_alphanumeric() || c == '_');
            if is_name {
                found
                    .entry(name.to_owned())
                    .or_insert_with(|| value.trim().to_owned());
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn today(files: &[(&str, &str)]) -> Today {
        let recipe = |it: &(&str, &str)| Recipe::new(it.0, it.1.into());
        let mut recipes: Vec<Recipe> = files.iter().filter_map(recipe).collect();
        recipes.sort_by_key(|recipe| recipe.rank);
        read(&recipes)
    }

    fn said(today: &Today) -> Option<(bool, &str)> {
        today
            .cgo
            .as_ref()
            .map(|switch| (switch.value, switch.file.as_str()))
    }

    #[test]
    fn who_builds_the_release_decides_about_cgo() {
        let make = "build:\n\tCGO_ENABLED=0 go build ./cmd/x\ntest:\n\tCGO_ENABLED=1 go test -race ./...\n";
        assert_eq!(
            said(&today(&[("Makefile", make)])),
            Some((false, "Makefile"))
        );
        let docker = "ENV CGO_ENABLED 1\nRUN go build\n";
        let both = today(&[("Makefile", make), ("Dockerfile", docker)]);
        assert_eq!(said(&both), Some((true, "Dockerfile")));
        let yaml = "env:\n  CGO_ENABLED: \"0\"\n";
        let found = today(&[(".github/workflows/ci.yml", yaml)]);
        assert_eq!(said(&found), Some((false, ".github/workflows/ci.yml")));
        let differs = today(&[("Makefile", make), ("build.sh", "CGO_ENABLED=1 go build\n")]);
        assert_eq!(said(&differs), None);
        assert_eq!(differs.cgo_differs, ["Makefile", "build.sh"]);
        let scratch = today(&[("Dockerfile", "FROM scratch\nCOPY dist/api /\n")]);
        assert_eq!(said(&scratch), None);
        let bare = scratch.bare.unwrap();
        assert_eq!(
            (bare.value, bare.file.as_str()),
            (false, "Dockerfile: `scratch` has no glibc")
        );
        assert_eq!(
            said(&today(&[(
                "Makefile",
                "# CGO_ENABLED=0\nX=$(CGO_ENABLED)\n"
            )])),
            None
        );
    }

    #[test]
    fn variables_that_double_each_other_end() {
        let rows: String = (0..60)
            .map(|it| format!("V{it}=$(V{0})$(V{0})\n", it + 1))
            .collect();
        let make = format!("{rows}x:\n\tgo build -ldflags \"-X main.v=$(V0)\"\n");
        assert!(today(&[("Makefile", &make)]).stamps.len() <= 1);
    }

    #[test]
    fn tags_are_taken_where_they_are_plain() {
        let found = |line: &str| tags(line).map(|words| words.join("+"));
        assert_eq!(
            found("go build -tags netgo,osusergo ."),
            Some("netgo+osusergo".into())
        );
        assert_eq!(found("go build -tags=\"a b\" ."), Some("a+b".into()));
        assert_eq!(found("go build -tags $(TAGS) ."), None);
        assert_eq!(found("go build --no-tags x"), None);
    }

    #[test]
    fn stamps_of_a_makefile_and_of_goreleaser_become_templates() {
        let make = "VERSION ?= $(shell git describe --tags)\nPKG=example.com/app/internal\n\
            build:\n\tgo build -ldflags \"-s -w -X main.version=$(VERSION) \\\n\t-X '$(PKG)/build.Commit=$$(git rev-parse HEAD)' -X main.kind=oss -X main.odd=$(ODD)\"\n";
        let found = today(&[("Makefile", make)]);
        let shown: Vec<String> = found
            .stamps
            .iter()
            .map(|stamp| {
                format!(
                    "{}={}",
                    stamp.variable,
                    stamp.value.clone().unwrap_or("?".into())
                )
            })
            .collect();
        assert_eq!(
            shown,
            [
                "main.version={git.describe}",
                "example.com/app/internal/build.Commit={git.commit}",
                "main.kind=oss",
                "main.odd=?"
            ]
        );
        let yaml = "builds:\n  - ldflags:\n      - -s -w -X main.version={{ .Version }} -X main.date={{.Date}}\n";
        let found = today(&[(".goreleaser.yaml", yaml)]);
        let values: Vec<_> = found
            .stamps
            .iter()
            .filter_map(|stamp| stamp.value.as_deref())
            .collect();
        assert_eq!(values, ["{git.describe}", "{git.date}"]);
    }
}

//! Finds the settings that follow from go's working directory: the go line, and a go.work above the repository.

use std::path::Path;

use crate::go::outside_settings::Ambient;
use crate::go::{self, Package, Toolchain};
use crate::input;
use crate::session::Session;

/// The go line in force, and the name of the file that has it; none in GOPATH mode.
pub(crate) fn go_line(toolchain: &Toolchain) -> Option<(String, &'static str)> {
    let (file, name) = match toolchain.workspace() {
        Some(workspace) => (workspace, "go.work"),
        None => (Path::new(&toolchain.gomod), "go.mod"),
    };
    let line = go::go_line(&input::text(file, input::TEXT).ok()?)?;
    Some((line, name))
}

/// A go.work that go found above the repository: it decides which modules are built, and stands in no commit.
pub(crate) fn workspace(toolchain: &Toolchain, session: &Session<'_>) -> Option<Ambient> {
    let file = toolchain.workspace()?;
    // One that is named by a variable is reported as that.
    if session.variable("GOWORK").is_some() {
        return None;
    }
    let module = Path::new(&toolchain.gomod).parent()?;
    let mut above = module.ancestors();
    let root = above
        .find(|path| path.join(".git").exists())
        .unwrap_or(module);
    let outside = root != file.parent()? && root.starts_with(file.parent()?);
    outside.then(|| Ambient {
        name: "go.work".into(),
        value: file.display().to_string(),
        from: "a directory above".into(),
    })
}

/// Adds to a go.work from outside which modules it builds in place of those that go.mod, and so vendor/, names.
pub(crate) fn add_stand_ins(found: &mut [Ambient], toolchain: &Toolchain, packages: &[Package]) {
    let from_outside =
        |ambient: &&mut Ambient| matches!(ambient.name.as_str(), "go.work" | "GOWORK");
    let Some(workspace) = found.iter_mut().find(from_outside) else {
        return;
    };
    let names = stand_ins(toolchain, packages);
    if !names.is_empty() {
        workspace
            .value
            .push_str(&format!(", which builds {}", names.join(", ")));
    }
}

/// `example.com/lib from /src/lib`, each module once.
fn stand_ins(toolchain: &Toolchain, packages: &[Package]) -> Vec<String> {
    let text = |path: &Path| input::text(path, input::TEXT).unwrap_or_default();
    let Some(workspace) = toolchain.workspace() else {
        return Vec::new();
    };
    let (own, above) = (text(Path::new(&toolchain.gomod)), text(workspace));
    let words = |text: &str, path: &str| text.split_whitespace().any(|word| word == path);
    let mut names: Vec<String> = Vec::new();
    for module in packages
        .iter()
        .filter_map(|package| package.module.as_ref())
    {
        let place = match module.replace.as_deref() {
            // A `replace` of go.work itself.
            Some(other) if words(&above, &module.path) && !words(&own, &other.path) => &other.path,
            None if module.main && words(&own, &module.path) => &module.dir,
            _ => continue,
        };
        // The module that is built stands in its own go.mod, too.
        let is_own = Path::new(&toolchain.gomod).parent() == Some(Path::new(&module.dir));
        let name = format!("{} from {place}", module.path);
        if !is_own && !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

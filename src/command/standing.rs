//! Where go stands in, what that decides beside the configuration out.

use std::path::Path;

use super::Session;
use crate::go::ambient::Ambient;
use crate::go::{self, Toolchain};
use crate::input;

/// The go line in force, and the name of the file that has it; none in GOPATH mode.
pub fn go_line(toolchain: &Toolchain) -> Option<(String, &'static str)> {
    let (file, name) = match toolchain.workspace() {
        Some(workspace) => (workspace, "go.work"),
        None => (Path::new(&toolchain.gomod), "go.mod"),
    };
    let line = go::go_line(&input::text(file, input::TEXT).ok()?)?;
    Some((line, name))
}

/// A go.work that go found above the repository: it decides which modules are built, and stands in no commit.
pub fn workspace(toolchain: &Toolchain, session: &Session<'_>) -> Option<Ambient> {
    let file = toolchain.workspace()?;
    // One that is named by a variable is told as that.
    if session.variable("GOWORK").is_some() {
        return None;
    }
    let module = Path::new(&toolchain.gomod).parent()?;
    let mut above = module.ancestors();
    let root = above.find(|it| it.join(".git").exists()).unwrap_or(module);
    let outside = root != file.parent()? && root.starts_with(file.parent()?);
    outside.then(|| Ambient {
        name: "go.work".into(),
        value: file.display().to_string(),
        from: "a directory above".into(),
    })
}

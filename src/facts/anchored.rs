//! Makes relative paths in typed flags absolute, before go runs in another directory.

use crate::plan::Typed;

/// Makes the paths of typed flags absolute.
pub fn anchor_flags(typed: &mut Typed) {
    const WITH_PATH: [&str; 5] = ["pgo", "o", "modfile", "overlay", "pkgdir"];
    for flag in &mut typed.flags {
        let word = matches!(flag.value.as_deref(), None | Some("auto" | "off"));
        if word || !WITH_PATH.contains(&flag.name.as_str()) {
            continue;
        }
        if let Some(path) = flag.path() {
            let absolute = typed.cwd.join(path);
            flag.set_path(absolute.into());
        }
    }
}

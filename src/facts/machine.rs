//! The platform of this program.

use crate::config::Target;

/// GOOS and GOARCH of this program.
pub(crate) fn this_machine() -> (&'static str, &'static str) {
    let os = match std::env::consts::OS {
        "macos" => "darwin",
        other => other,
    };
    let arch = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        "x86" => "386",
        other => other,
    };
    (os, arch)
}

/// Whether a platform is that of this program: its benchmarks run here. Others may, too, with an emulator.
pub(crate) fn is_of_this_machine(target: &Target) -> bool {
    let (os, arch) = this_machine();
    target.os.as_deref() == Some(os) && target.arch.as_deref() == Some(arch)
}

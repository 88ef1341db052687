pub(crate) mod container_image;

use std::path::Path;

use super::{Check, Context, Seen};
use crate::binary::{Format, Libc, Linkage as Found};
use crate::config::Linkage;
use crate::input;

pub(crate) const CHECK: Check = Check {
    id: "linkage",
    summary: "whether a file that was to be static is static",
    manual: "\
What it sees: where `[build] linkage` is \"static\" (the presets container, cli and size say so), the
loader and the shared libraries that the finished Linux executable names. Without that, whether the
Dockerfile beside go.mod puts a file that needs glibc into an image without it.

Why it matters: a static file runs in every image: scratch, distroless/static, Alpine, Debian. A
dynamic one needs the C library that it was linked against: started where that is missing it ends
with `no such file or directory`, which names the executable and means its loader. Go links
dynamically as soon as one package uses cgo, and with a C compiler in PATH the packages net and
os/user do; so the same line gives a static file on one machine and a dynamic one on another.

What to do: CGO_ENABLED=0, in `[build.env]` or your environment (yours wins). Where only net and
os/user use cgo, the tags netgo and osusergo do as well. Where C code is needed, link it statically
(`ldflags = [\"-linkmode=external\", \"-extldflags=-static\"]` with musl), or set
`[build] linkage = \"any\"`.

Source: cmd/link/internal/ld/elf.go and config.go; net/conf.go; ld.so(8).",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let facts = context.facts;
    if context.linkage == Linkage::Any {
        return in_image(context);
    }
    let mode = facts.asked.mode.as_str();
    if !matches!(mode, "" | "default" | "exe" | "pie") {
        return Some(Seen::Skipped(format!("-buildmode={mode} gives no program")));
    }
    let goos = &facts.toolchain.goos;
    if goos != "linux" {
        return Some(Seen::Skipped(format!(
            "what a program for {goos} needs is not looked at: the question is one of Linux images"
        )));
    }
    let Some(artifact) = context.artifact else {
        return foretold(context);
    };
    let binary = artifact.binary.as_ref()?;
    match &binary.linkage {
        _ if binary.format != Format::Elf => None,
        None => Some(Seen::not_judged(
            "the headers for the loader cannot be read",
            "see `readelf --dynamic` of the file",
        )),
        Some(Found::Static) => Some(Seen::Good(static_words(&callers(context)))),
        Some(found) => Some(dynamic(context, found)),
    }
}

/// What is known before there is a file: C code that may need a library.
fn foretold(context: &Context<'_>) -> Option<Seen> {
    let callers = callers(context);
    let what = format!(
        "cgo is used by {}: the file will be dynamic, unless its C code is linked statically",
        callers.join(", ")
    );
    (!callers.is_empty()).then(|| Seen::bad(what, hint(&callers)))
}

/// What needs glibc and is put into an image that has none. Where there is no such Dockerfile, nobody asked.
fn in_image(context: &Context<'_>) -> Option<Seen> {
    let artifact = context.artifact?;
    let linkage = artifact.binary.as_ref()?.linkage.as_ref()?;
    let needs_glibc = linkage.libc() == Some(Libc::Glibc);
    let root = Path::new(&context.facts.toolchain.gomod).parent()?;
    let dockerfile = root.join("Dockerfile");
    if !needs_glibc || context.facts.toolchain.goos != "linux" {
        return None;
    }
    let text = input::text(&dockerfile, input::TEXT).ok()?;
    let path = artifact.executable.path.as_ref()?;
    let image = container_image::without_glibc(&text, path.file_name()?.to_str()?)?;
    let words =
        format!("{linkage}; the Dockerfile puts it into `{image}`, where it does not start");
    Some(Seen::bad(words, hint(&callers(context))))
}

/// Without C code nothing of the system is needed. glibc that is linked statically still loads its name service from the disk.
fn static_words(callers: &[&str]) -> String {
    match callers {
        [] => "static: it runs with glibc, with musl and without a C library".into(),
        some => format!(
            "static: no loader, no shared library; its C code ({}) may still look for files of the C library it was linked with",
            some.join(", ")
        ),
    }
}

fn dynamic(context: &Context<'_>, found: &Found) -> Seen {
    let callers = callers(context);
    let runs = match found.libc() {
        Some(Libc::Glibc) => ": it does not start in scratch, distroless/static or Alpine",
        Some(Libc::Musl) => ": it starts in Alpine alone",
        None => "",
    };
    let because = match callers.is_empty() {
        true => String::new(),
        false => format!("; cgo is used by {}", callers.join(", ")),
    };
    Seen::bad(format!("{found}{runs}{because}"), hint(&callers))
}

/// The packages that call C, but for the runtime's own, which comes with any of them.
fn callers<'a>(context: &Context<'a>) -> Vec<&'a str> {
    let mut callers = context.cgo_packages();
    callers.retain(|caller| *caller != "runtime/cgo");
    callers
}

fn hint(callers: &[&str]) -> &'static str {
    let in_go_too = |text: &&str| matches!(*text, "net" | "os/user");
    match callers.iter().all(in_go_too) {
        _ if callers.is_empty() => {
            "no package of it uses C: -buildmode=pie or -linkmode=external asked for the loader; leave it out, or set `[build] linkage = \"any\"`"
        }
        true => {
            "set CGO_ENABLED=0: only net and os/user use C here, and they have Go code for the same, but for what NSS adds (LDAP, sssd, mDNS)"
        }
        false => {
            "build without cgo (CGO_ENABLED=0), link the C code statically, or set `[build] linkage = \"any\"`"
        }
    }
}

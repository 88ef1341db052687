//! Settings of a repository with which git runs a program: none runs when we ask git.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::harness::Place;

const LEAN: &str = "release --quiet --baseline off --escapes off -buildvcs=false";

const WHO: [&str; 4] = ["-c", "user.name=t", "-c", "user.email=t@example.com"];

fn commit(place: &Place, directory: &str) {
    place.tool("git", &["-C", directory, "add", "."]);
    let args = [
        &WHO[..],
        &["-C", directory, "commit", "--quiet", "-m", "all"],
    ]
    .concat();
    place.tool("git", &args);
}

/// A repository whose program gets its version from git, and a program that sings.
fn repository() -> (Place, PathBuf) {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nvar version, date = \"\", \"\"\n\nfunc main() { println(version, date) }\n",
    );
    place.write(
        "gobuild-opt.toml",
        "[build]\nldflags = [\"-X main.version={git.describe} -X main.date={git.date}\"]\n",
    );
    place.write(".gitattributes", "*.go filter=evil diff=evil\n");
    place.tool("git", &["init", "--quiet", "."]);
    commit(&place, ".");
    let canary = place.aside("canary");
    let evil = place.aside("evil");
    program(&evil, &canary);
    (place, evil)
}

fn program(path: &Path, canary: &Path) {
    let script = format!(
        "#!/bin/sh\necho \"$0 $@\" >> {}\nexec cat\n",
        canary.display()
    );
    std::fs::write(path, script).unwrap();
    std::fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// The index is out of date, which git would look into.
fn touch(place: &Place) {
    place.write("main.go", place.text("main.go"));
}

fn asked(place: &Place, what: &str) {
    touch(place);
    let run = place.run(LEAN);
    assert_eq!(run.code(), 0, "{what}: {}", run.shown());
    for other in ["--diff HEAD", "--config-from HEAD"] {
        let run = place.run(&format!("escape {other} --set build.ldflags=-s"));
        assert_eq!(run.code(), 0, "{what}: {}", run.shown());
    }
    let canary = place.aside("canary");
    let sung = std::fs::read_to_string(canary).unwrap_or_default();
    assert_eq!(sung, "", "{what}");
}

#[test]
fn no_setting_of_a_repository_runs_a_program() {
    let (place, evil) = repository();
    let evil = evil.to_str().unwrap().to_owned();
    let hooks = place.aside("hooks");
    std::fs::create_dir(&hooks).unwrap();
    for hook in [
        "post-index-change",
        "post-checkout",
        "reference-transaction",
        "fsmonitor-watchman",
    ] {
        program(&hooks.join(hook), &place.aside("canary"));
    }
    let included = place.aside("included");
    std::fs::write(
        &included,
        format!("[core]\n\tfsmonitor = {evil}\n[filter \"evil\"]\n\tclean = {evil}\n"),
    )
    .unwrap();
    let shell = format!("!{evil}");
    let settings: &[&[(&str, &str)]] = &[
        &[("core.fsmonitor", &evil)],
        &[("core.hooksPath", hooks.to_str().unwrap())],
        &[
            ("filter.evil.clean", &evil),
            ("filter.evil.smudge", &evil),
            ("filter.evil.required", "true"),
        ],
        &[("filter.evil.process", &evil)],
        &[("include.path", included.to_str().unwrap())],
        &[
            ("gpg.program", &evil),
            ("log.showSignature", "true"),
            ("gpg.ssh.program", &evil),
        ],
        &[
            ("diff.external", &evil),
            ("diff.evil.textconv", &evil),
            ("diff.evil.command", &evil),
        ],
        &[
            ("core.pager", &evil),
            ("pager.log", &evil),
            ("pager.describe", &evil),
        ],
        &[
            ("alias.describe", &shell),
            ("alias.log", &shell),
            ("alias.ls-tree", &shell),
            ("alias.cat-file", &shell),
            ("alias.merge-base", &shell),
        ],
        &[
            ("core.sshCommand", &evil),
            ("core.gitProxy", &evil),
            ("credential.helper", &shell),
            ("core.askPass", &evil),
        ],
        &[
            ("core.editor", &evil),
            ("sequence.editor", &evil),
            ("core.alternateRefsCommand", &evil),
        ],
    ];
    signed(&place);
    for all in settings {
        for (key, value) in *all {
            place.tool("git", &["config", key, value]);
        }
        asked(&place, all[0].0);
        for (key, _) in *all {
            place.tool("git", &["config", "--unset-all", key]);
        }
    }
    // Git left to itself runs it.
    let sings = |settings: &[(&str, &str)], args: &[&str]| {
        touch(&place);
        let mut command = place.command("git");
        for (key, value) in settings {
            command.args(["-c", &format!("{key}={value}")]);
        }
        command.args(args).output().unwrap();
        assert!(place.aside("canary").exists(), "{settings:?}");
        std::fs::remove_file(place.aside("canary")).unwrap();
    };
    sings(
        &[("filter.evil.clean", &evil)],
        &["describe", "--always", "--dirty"],
    );
    sings(&[("core.fsmonitor", &evil)], &["status"]);
    sings(
        &[("gpg.program", &evil), ("log.showSignature", "true")],
        &["log", "-1"],
    );
}

/// The last commit gets a signature, which git would have checked.
fn signed(place: &Place) {
    let body = place.tool("git", &["cat-file", "commit", "HEAD"]);
    let (head, message) = body.split_once("\n\n").unwrap();
    let signature = "gpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n -----END PGP SIGNATURE-----";
    let file = place.aside("commit");
    std::fs::write(&file, format!("{head}\n{signature}\n\n{message}")).unwrap();
    let id = place.tool(
        "git",
        &["hash-object", "-t", "commit", "-w", file.to_str().unwrap()],
    );
    place.tool("git", &["reset", "--quiet", "--hard", id.trim()]);
}

/// Filters that a submodule defines.
#[test]
fn no_setting_of_a_submodule_runs_a_program() {
    let (place, evil) = repository();
    let library = place.aside("library");
    std::fs::create_dir(&library).unwrap();
    let at = library.to_str().unwrap();
    std::fs::write(library.join("a.txt"), "a\n").unwrap();
    std::fs::write(library.join(".gitattributes"), "* filter=other\n").unwrap();
    place.tool("git", &["-C", at, "init", "--quiet", "."]);
    commit(&place, at);
    place.tool(
        "git",
        &[
            "-c",
            "protocol.file.allow=always",
            "submodule",
            "--quiet",
            "add",
            at,
            "lib",
        ],
    );
    commit(&place, ".");
    let evil = evil.to_str().unwrap();
    place.tool("git", &["-C", "lib", "config", "filter.other.clean", evil]);
    place.tool("git", &["-C", "lib", "config", "filter.other.smudge", evil]);
    place.tool("git", &["-C", "lib", "config", "core.fsmonitor", evil]);
    place.write("lib/a.txt", "a\n");
    asked(&place, "submodule");
    place.write("lib/a.txt", "a\n");
    place.tool("git", &["describe", "--always", "--dirty"]);
    assert!(place.aside("canary").exists());
}

/// A file that a partial clone lacks is not fetched: fetching runs what the repository calls its remote.
#[test]
fn missing_objects_are_not_fetched() {
    let (place, evil) = repository();
    // It says nothing, which ends the talk with the remote.
    let script = format!(
        "#!/bin/sh\necho \"$0\" >> {}\nexit 1\n",
        place.aside("canary").display()
    );
    std::fs::write(&evil, script).unwrap();
    let evil = evil.to_str().unwrap();
    let object = place.tool("git", &["rev-parse", "HEAD:main.go"]);
    let object = object.trim();
    for (key, value) in [
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.url", place.aside("remote").to_str().unwrap()),
        ("remote.origin.uploadpack", evil),
        ("protocol.file.allow", "always"),
        ("protocol.allow", "always"),
    ] {
        place.tool("git", &["config", key, value]);
    }
    std::fs::create_dir(place.aside("remote")).unwrap();
    std::fs::remove_file(place.path(&format!(".git/objects/{}/{}", &object[..2], &object[2..])))
        .unwrap();
    let run = place.run("escape --diff HEAD --set build.ldflags=-s");
    assert_eq!(run.code(), 4, "{}", run.shown());
    assert!(run.stderr.contains("main.go"), "{}", run.shown());
    assert!(!place.aside("canary").exists());
    let _ = place
        .command("git")
        .args(["cat-file", "-p", object])
        .output()
        .unwrap();
    assert!(place.aside("canary").exists());
}

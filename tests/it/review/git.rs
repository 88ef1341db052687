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

/// A git that is older, by lines of a shell that come before the one that is there.
fn older(place: &mut Place, lines: &str) {
    let directory = place.aside("older");
    std::fs::create_dir(&directory).unwrap();
    let real = place.tool("sh", &["-c", "command -v git"]);
    let (git, real) = (directory.join("git"), real.trim());
    std::fs::write(&git, format!("#!/bin/sh\n{lines}\nexec {real} \"$@\"\n")).unwrap();
    std::fs::set_permissions(&git, PermissionsExt::from_mode(0o755)).unwrap();
    place.path_first(&directory);
}

/// A git that does not know `GIT_NO_LAZY_FETCH`, and remotes with the names of what is allowed.
#[test]
fn an_older_git_fetches_nothing_either() {
    let (mut place, evil) = repository();
    let script = format!(
        "#!/bin/sh\necho \"$0\" >> {}\nexit 1\n",
        place.aside("canary").display()
    );
    std::fs::write(&evil, script).unwrap();
    let object = place.tool("git", &["rev-parse", "HEAD:main.go"]);
    let object = object.trim();
    let alias = format!("!{}", evil.display());
    for (key, value) in [
        ("core.repositoryformatversion", "1"),
        ("extensions.partialClone", "origin"),
        ("remote.origin.promisor", "true"),
        ("remote.origin.uploadpack", evil.to_str().unwrap()),
        ("core.sshCommand", evil.to_str().unwrap()),
        ("alias.remote-none", &alias),
        ("alias.remote-", &alias),
        ("protocol.allow", "always"),
        ("protocol.ext.allow", "always"),
        ("fetch.parallel", "1"),
    ] {
        place.tool("git", &["config", key, value]);
    }
    std::fs::create_dir(place.aside("remote")).unwrap();
    std::fs::remove_file(place.path(&format!(".git/objects/{}/{}", &object[..2], &object[2..])))
        .unwrap();
    older(&mut place, "unset GIT_NO_LAZY_FETCH");
    let urls = [
        "none::x".to_owned(),
        "!::x".to_owned(),
        "::x".to_owned(),
        "ssh://host/x".to_owned(),
        format!("ext::{} x", evil.display()),
        place.aside("remote").display().to_string(),
    ];
    for url in urls {
        place.tool("git", &["config", "remote.origin.url", &url]);
        for line in [
            "escape --diff HEAD --set build.ldflags=-s",
            "why --since HEAD --set build.ldflags=-s .",
        ] {
            let run = place.run(line);
            assert_eq!(run.code(), 4, "{url}: {}", run.shown());
            // Git may end before it has told the fetch what is missing, or name it.
            let said = ["main.go", "an object is missing"];
            let says = said.iter().any(|it| run.stderr.contains(it));
            assert!(says, "{url}: {}", run.shown());
        }
        let canary = place.aside("canary");
        let sung = std::fs::read_to_string(canary).unwrap_or_default();
        assert_eq!(sung, "", "{url}");
    }
    // Where only protocols are limited, to the word `none`, an alias runs.
    place.tool("git", &["config", "remote.origin.url", "none::x"]);
    let mut command = place.command("git");
    command.env("GIT_ALLOW_PROTOCOL", "none");
    command.args(["cat-file", "-p", object]).output().unwrap();
    assert!(place.aside("canary").exists());
}

/// A git that cannot say whose a setting is.
#[test]
fn no_filter_runs_in_an_older_git() {
    let (mut place, evil) = repository();
    let evil = evil.to_str().unwrap();
    place.tool("git", &["config", "filter.evil.clean", evil]);
    let refuse = "case \" $* \" in *\" --show-scope \"*) exit 129;; esac";
    older(&mut place, refuse);
    asked(&place, "no scopes");
}

/// A repository within the repository, of which no `.gitmodules` knows.
#[test]
fn no_setting_of_a_repository_that_is_no_submodule_runs_a_program() {
    let (place, evil) = repository();
    place.write("inner/a.txt", "a\n");
    place.write("inner/.gitattributes", "* filter=other\n");
    place.tool("git", &["-C", "inner", "init", "--quiet", "."]);
    commit(&place, "inner");
    commit(&place, ".");
    assert!(!place.path(".gitmodules").exists());
    let evil = evil.to_str().unwrap();
    place.tool(
        "git",
        &["-C", "inner", "config", "filter.other.clean", evil],
    );
    place.write("inner/a.txt", "a\n");
    asked(&place, "inner");
    place.write("inner/a.txt", "a\n");
    place.tool("git", &["describe", "--always", "--dirty"]);
    assert!(place.aside("canary").exists());
}

/// `-c filter.ev=il.clean=` sets `filter.ev`.
#[test]
fn a_filter_that_cannot_be_switched_off_is_refused() {
    let (place, evil) = repository();
    let config = place.read(".git/config");
    for name in [&b"ev=il"[..], b"ev\xffil"] {
        place.write(".gitattributes", [b"*.go filter=", name, b"\n"].concat());
        commit(&place, ".");
        let program = format!("\"]\n\tclean = {}\n", evil.display());
        let section = [b"[filter \"", name, program.as_bytes()].concat();
        place.write(".git/config", [&config[..], &section].concat());
        touch(&place);
        let run = place.run(LEAN);
        assert_eq!(run.code(), 2, "{}", run.shown());
        assert!(
            run.stderr.contains("cannot be switched off"),
            "{}",
            run.shown()
        );
        let canary = place.aside("canary");
        assert!(!canary.exists());
        touch(&place);
        place.tool("git", &["describe", "--always", "--dirty"]);
        std::fs::remove_file(canary).unwrap();
        place.write(".git/config", &config);
    }
}

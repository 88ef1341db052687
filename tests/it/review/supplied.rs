//! Files of a repository that are not what they seem: links to devices, to secrets, to places from which things are run.

use std::os::unix::fs::symlink;

use crate::harness::Place;

const LEAN: &str = "release --quiet --baseline off --escapes off";

/// A repository with that name of a program.
fn repository(name: &str) -> Place {
    let place = Place::empty();
    place.write(&format!("{name}/main.go"), crate::harness::MAIN);
    place.write("go.mod", "module example.com/tiny\n\ngo 1.21\n");
    place.tool("git", &["init", "--quiet", "."]);
    place
}

#[test]
fn outputs_of_a_configuration_are_not_put_where_they_are_run() {
    let place = repository("post-commit");
    std::fs::create_dir_all(place.path("inner.git/refs")).unwrap();
    std::fs::create_dir_all(place.path("inner.git/objects")).unwrap();
    place.write("inner.git/HEAD", "ref: refs/heads/main\n");
    symlink(".git", place.path("meta")).unwrap();
    let places = [
        ".git/hooks",
        ".git",
        ".GIT/hooks",
        "sub/.git/hooks",
        "meta/hooks",
        ".husky",
        ".githooks/x",
        ".github/workflows",
        "inner.git/hooks",
    ];
    for out in places {
        place.write(
            "gobuild-opt.toml",
            format!("[build]\npackages = [\"./post-commit\"]\nout-dir = \"{out}\"\n"),
        );
        for command in [LEAN, "plan"] {
            let run = place.run(command);
            assert_eq!(run.code(), 2, "{out}: {}", run.shown());
            assert!(run.stderr.contains("`build.out-dir`"), "{}", run.shown());
            assert!(run.stderr.contains("--out-dir"), "{}", run.shown());
        }
    }
    assert!(!place.path(".git/hooks/post-commit").exists());
    // The user may want just that.
    let run = place.run(&format!("{LEAN} --out-dir .git/hooks"));
    assert_eq!(run.code(), 0, "{}", run.shown());
    assert!(place.path(".git/hooks/post-commit").exists());
    for out in ["dist", ".build/bin", "hooks"] {
        place.write(
            "gobuild-opt.toml",
            format!("[build]\npackages = [\"./post-commit\"]\nout-dir = \"{out}\"\n"),
        );
        let run = place.run(LEAN);
        assert_eq!(run.code(), 0, "{out}: {}", run.shown());
    }
}

/// go build replaces the link; a device behind it is none of our business.
#[test]
fn a_link_to_a_stream_is_no_output() {
    let place = Place::module();
    let fifo = place.aside("fifo");
    place.tool("mkfifo", &[fifo.to_str().unwrap()]);
    symlink(&fifo, place.path("tiny")).unwrap();
    let run = place.run(LEAN);
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("is a link to"), "{}", run.shown());
    assert!(place.path("tiny").is_symlink());
    // A device, before anything is written to it.
    std::fs::remove_file(place.path("tiny")).unwrap();
    symlink("/dev/loop0", place.path("tiny")).unwrap();
    let run = place.run(LEAN);
    assert_ne!(run.code(), 0, "{}", run.shown());
    assert!(place.path("tiny").is_symlink());
    // The same as the list of checksums.
    std::fs::remove_file(place.path("tiny")).unwrap();
    std::fs::create_dir(place.path("dist")).unwrap();
    symlink(&fifo, place.path("dist/SHA256SUMS")).unwrap();
    let run = place.run(&format!("{LEAN} --out-dir dist"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(run.stderr.contains("SHA256SUMS`"), "{}", run.shown());
    assert!(!place.path("dist/tiny").exists());
}

#[test]
fn what_has_no_end_is_not_read() {
    for name in [
        "gobuild-opt.toml",
        "gobuild-opt.lock",
        "preset.toml",
        "default.pgo",
    ] {
        for device in ["/dev/zero", "/dev/full", "fifo"] {
            let place = Place::module();
            if name == "preset.toml" {
                place.write("gobuild-opt.toml", "preset = \"./preset.toml\"\n");
            }
            place.tool("mkfifo", &["fifo"]);
            symlink(device, place.path(name)).unwrap();
            let run = place.run(LEAN);
            assert_eq!(run.code(), 2, "{name} {device}: {}", run.shown());
            let run = place.run(&format!("{LEAN} --config {name}"));
            assert_eq!(run.code(), 2, "{name} {device}: {}", run.shown());
        }
    }
    let place = Place::module();
    std::fs::create_dir(place.path("dist")).unwrap();
    symlink("/dev/zero", place.path("dist/SHA256SUMS")).unwrap();
    let run = place.run(&format!("{LEAN} --out-dir dist"));
    assert_eq!(run.code(), 2, "{}", run.shown());
    assert!(!place.path("dist/tiny").exists());
}

#[test]
fn the_lines_of_a_secret_are_not_shown() {
    let secret = "hunter2 = [\n";
    for name in ["gobuild-opt.toml", "preset.toml", "gobuild-opt.lock"] {
        let place = Place::module();
        std::fs::write(place.aside("secret"), secret).unwrap();
        if name == "preset.toml" {
            place.write("gobuild-opt.toml", "preset = \"preset.toml\"\n");
        }
        symlink(place.aside("secret"), place.path(name)).unwrap();
        let lines = [
            "release",
            "plan",
            "doctor",
            &format!("plan --config {name}"),
            &format!("plan --preset ./{name}"),
        ];
        for line in &lines[..if name.ends_with(".lock") { 1 } else { 5 }] {
            let run = place.run(line);
            assert_eq!(run.code(), 2, "{name} {line}: {}", run.shown());
            assert!(
                !run.shown().contains("hunter2"),
                "{name} {line}: {}",
                run.shown()
            );
            assert!(
                run.stderr.contains("leads out of the project"),
                "{name} {line}: {}",
                run.shown()
            );
        }
    }
    // A link that stays in the repository is a file like others.
    let place = repository("cmd/tiny");
    place.write("shared.toml", "[build]\nstrip = \"none\"\n");
    symlink("../../shared.toml", place.path("cmd/tiny/gobuild-opt.toml")).unwrap();
    let run = place.run_in("cmd/tiny", "plan");
    assert_eq!(run.code(), 0, "{}", run.shown());
}

#[test]
fn no_flag_stands_behind_a_package() {
    let place = repository("tiny");
    let test = "package main\n\nimport \"testing\"\n\nfunc BenchmarkX(b *testing.B) {}\n";
    place.write("x_test.go", test);
    let evil = place.aside("evil.sh");
    let mark = place.aside("mark");
    std::fs::write(&evil, format!("#!/bin/sh\ntouch '{}'\n", mark.display())).unwrap();
    place.tool("chmod", &["+x", evil.to_str().unwrap()]);
    let words = [
        format!("-exec={}", evil.display()),
        format!("--toolexec={}", evil.display()),
        format!("-o={}", mark.display()),
        "-c".to_owned(),
    ];
    for word in &words {
        for table in ["bench", "build"] {
            let text = format!("[{table}]\npackages = [\".\", \"{word}\"]\n");
            place.write("gobuild-opt.toml", text);
            for line in ["bench", "plan"] {
                let run = place.run(line);
                assert_eq!(run.code(), 2, "{}", run.shown());
                let told = format!("sets `{table}.packages`: `{word}` is refused");
                assert!(run.stderr.contains(&told), "{}", run.shown());
            }
        }
        assert!(!mark.exists(), "{word}");
    }
}

/// `inspect --retained` and `compare --why --exact` build what a file records; the file may be anybody's.
#[test]
fn what_a_file_records_of_its_build_runs_nothing() {
    let place = Place::module();
    place.write(
        "main.go",
        "package main\n\nimport \"os\"\n\nvar text string\n\nfunc main() { os.Stdout.WriteString(text) }\n",
    );
    place.write("evil.sh", "#!/bin/sh\ntouch canary\n");
    place.tool("chmod", &["+x", "evil.sh"]);
    let long = "y".repeat(60);
    let recorded = format!("build\t-ldflags=-X=main.text={long}");
    let flag = recorded.trim_start_matches("build\t");
    place.tool("go", &["build", "-buildvcs=false", flag, "-o", "good", "."]);
    let good = place.read("good");
    let evil = place.path("evil.sh");
    let evil = evil.display();
    for line in [
        "-ldflags=-linkmode=external -extld=./evil.sh".to_owned(),
        "-gcflags=-cpuprofile=canary".to_owned(),
        "GOFLAGS=-toolexec=./evil.sh".to_owned(),
        format!("GOROOT={evil}"),
        format!("GOCACHEPROG={evil}"),
        format!("CC={evil}"),
        "CGO_CFLAGS=-fplugin=./evil.sh".to_owned(),
        "CGO_LDFLAGS=-fuse-ld=./evil.sh".to_owned(),
        "GOTOOLDIR=canary".to_owned(),
        "GOBIN=canary".to_owned(),
    ] {
        // A record of the same length stands in its place.
        let mut record = format!("build\t{line}\nbuild\tx=");
        assert!(record.len() < recorded.len(), "{line}");
        record.push_str(&"y".repeat(recorded.len() - record.len()));
        let mut bytes = good.clone();
        let mut places = 0;
        while let Some(at) = memchr::memmem::find(&bytes, recorded.as_bytes()) {
            bytes[at..at + record.len()].copy_from_slice(record.as_bytes());
            places += 1;
        }
        assert!(places > 0);
        std::fs::write(place.path("bad"), &bytes).unwrap();
        for command in ["inspect --retained bad", "compare bad good --why --exact"] {
            let run = place.run(command);
            // A variable that no build records is not asked for.
            let is_ignored = line.starts_with("CC=");
            if !is_ignored {
                assert_eq!(run.code(), 2, "{line}: {}", run.shown());
                assert!(run.stderr.contains("is refused"), "{line}: {}", run.shown());
            }
            assert!(!place.path("canary").exists(), "{line}: {}", run.shown());
        }
    }
}

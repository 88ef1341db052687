//! What a user notices of a run: how it ended, and what lies there afterwards.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Output;

use super::table::Row;
use crate::harness::Place;

/// A run.
pub struct Seen {
    /// The exit code.
    pub code: Option<i32>,
    /// Whether it was 0.
    pub success: bool,
    /// New and changed files: what each is.
    pub files: BTreeMap<String, String>,
    /// Standard output and standard error.
    pub talk: String,
}

impl Seen {
    /// What has to be the same.
    pub fn facts(&self) -> (bool, &BTreeMap<String, String>) {
        (self.success, &self.files)
    }

    /// Whether a program was built that prints this.
    pub fn prints(&self, text: &str) -> bool {
        let line = format!("prints {text:?}");
        self.files.values().any(|it| it.contains(&line))
    }

    /// For a person.
    pub fn shown(&self, who: &str) -> String {
        let mut text = format!("{who}: success is {}\n", self.success);
        for (path, facts) in &self.files {
            let _ = writeln!(text, "  {path}: {facts}");
        }
        let talk: Vec<&str> = self.talk.lines().collect();
        for line in &talk[talk.len().saturating_sub(12)..] {
            let _ = writeln!(text, "  > {line}");
        }
        text
    }
}

/// Runs a line of the table, looks, and puts the tree in order again.
pub fn run(place: &Place, row: &Row, program: &str, verb: &str) -> Seen {
    let before = files(place.dir());
    let output = execute(place, row, program, verb);
    let after = files(place.dir());
    let mut found = BTreeMap::new();
    for (path, entry) in &after {
        if before.get(path) != Some(entry) {
            let name = path.strip_prefix(place.dir()).unwrap();
            found.insert(name.display().to_string(), describe(place, row, path));
        }
    }
    for path in before.keys().filter(|it| !after.contains_key(*it)) {
        found.insert(path.display().to_string(), "is gone".into());
    }
    restore(&before, &after);
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Seen {
        code: output.status.code(),
        success: output.status.success(),
        files: found,
        talk: text(&output.stdout) + &text(&output.stderr),
    }
}

/// The process, in the directory as a shell names it.
pub fn execute(place: &Place, row: &Row, program: &str, verb: &str) -> Output {
    let directory = place.path(&row.directory);
    let mut command = place.command(program);
    let lean = match verb {
        "release" => row.lean(),
        _ => &[],
    };
    command
        .arg(verb)
        .args(&row.args)
        .envs(lean.iter().copied())
        .envs(row.env.iter().map(|(name, value)| (name, value)))
        .env("PWD", &directory)
        .current_dir(&directory);
    command.output().unwrap()
}

/// A file by its mode and content; a directory has none.
type Entry = (u32, Option<Vec<u8>>);

fn files(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut found = BTreeMap::new();
    let mut open = vec![root.to_path_buf()];
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(directory).unwrap().flatten() {
            let (path, kind) = (entry.path(), entry.file_type().unwrap());
            let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
            if kind.is_dir() && entry.file_name() != ".git" {
                open.push(path.clone());
                found.insert(path, (mode, None));
            } else if kind.is_file() {
                let content = std::fs::read(&path).unwrap();
                found.insert(path, (mode, Some(content)));
            }
        }
    }
    found
}

fn restore(before: &BTreeMap<PathBuf, Entry>, after: &BTreeMap<PathBuf, Entry>) {
    for (path, (_, content)) in after.iter().rev() {
        match (before.get(path), content) {
            (None, None) => std::fs::remove_dir(path).unwrap(),
            (None, Some(_)) => std::fs::remove_file(path).unwrap(),
            _ => {}
        }
    }
    for (path, entry) in before {
        if after.get(path) != Some(entry) {
            std::fs::write(path, entry.1.as_ref().unwrap()).unwrap();
        }
    }
}

/// Its mode, what kind of file it is, its build information, and what it prints.
fn describe(place: &Place, row: &Row, path: &Path) -> String {
    let mode = path.metadata().unwrap().permissions().mode() & 0o777;
    if path.is_dir() {
        return format!("{mode:o} directory");
    }
    let content = std::fs::read(path).unwrap();
    let mut text = format!("{mode:o} {}", kind(&content));
    if !text.ends_with("executable") {
        let shown = path.extension().is_some_and(|it| it == "h" || it == "mod");
        if shown {
            text.push_str(&String::from_utf8_lossy(&content));
        }
        return text;
    }
    let info = build_info(place, path);
    text.push_str(&info);
    let here = ["GOOS=linux", "buildmode=exe"]
        .iter()
        .all(|it| info.contains(it))
        || info.contains("buildmode=pie");
    if here
        && !row
            .env
            .iter()
            .any(|(name, _)| name == "GOARCH" || name == "GOAMD64")
    {
        let output = place.command(path).output().unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        let _ = write!(text, "\n    prints {printed:?} {said:?} {}", output.status);
    }
    text
}

fn kind(content: &[u8]) -> &'static str {
    match content {
        [] => "empty",
        [b'!', b'<', b'a', b'r', b'c', b'h', b'>', ..] => "archive",
        [0x7f, b'E', b'L', b'F', ..] => "ELF executable",
        [b'M', b'Z', ..] => "PE executable",
        [0xcf, 0xfa, 0xed, 0xfe, ..] => "Mach-O executable",
        [0, b'a', b's', b'm', ..] => "wasm executable",
        [b'{' | b'[', ..] => "JSON",
        _ => "file",
    }
}

/// `go version -m`, without what release adds: -trimpath, -ldflags, and what -trimpath leaves out.
fn build_info(place: &Place, path: &Path) -> String {
    const OURS: &[&str] = &[
        "-trimpath",
        "-ldflags",
        "CGO_CFLAGS",
        "CGO_CPPFLAGS",
        "CGO_CXXFLAGS",
        "CGO_LDFLAGS",
    ];
    let output = place
        .command("go")
        .args(["version", "-m"])
        .arg(path)
        .output();
    let text = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
    let mut shown = String::new();
    for line in text.lines().skip(1) {
        let setting = line.trim().strip_prefix("build\t").unwrap_or_default();
        let name = setting.split('=').next().unwrap_or_default();
        if OURS.contains(&name) {
            continue;
        }
        // -trimpath records the name of the profile, without it the path.
        let line = match setting.strip_prefix("-pgo=") {
            Some(path) => format!("\tbuild\t-pgo={}", path.rsplit('/').next().unwrap_or(path)),
            None => line.to_owned(),
        };
        let _ = write!(shown, "\n  {line}");
    }
    shown
}

//! A real module, `examples/service`, edited all over by seeds: what allocates no more and no less has the same names.
//!
//! `GOBUILD_OPT_SEEDS=20` tries as many seeds, not the two of the default run.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use gobuild_opt::escape::{Diff, Identity, diff, functions};

use super::stability::{Choice, identities};

/// A file of source, cut into what stands above the functions, the functions with their comments, and the rest.
struct Source {
    path: PathBuf,
    head: Vec<String>,
    parts: Vec<Vec<String>>,
    tail: Vec<String>,
}

impl Source {
    fn read(path: &Path) -> Self {
        let text = std::fs::read_to_string(path).unwrap();
        let lines: Vec<String> = text.lines().map(str::to_owned).collect();
        let mut declared = functions(text.as_bytes());
        declared.retain(|it| !it.name.starts_with("var "));
        let mut source = Self {
            path: path.to_path_buf(),
            head: lines.clone(),
            parts: Vec::new(),
            tail: Vec::new(),
        };
        let Some(first) = declared.first() else {
            return source;
        };
        let comments = lines[..first.start_line as usize - 1].iter().rev();
        let above = comments.take_while(|it| it.starts_with("//")).count();
        let mut at = first.start_line as usize - 1 - above;
        source.head = lines[..at].to_vec();
        for it in &declared {
            source.parts.push(lines[at..it.end_line as usize].to_vec());
            at = it.end_line as usize;
        }
        source.tail = lines[at..].to_vec();
        source
    }

    fn write(&self, path: &Path) {
        let lines = [self.head.clone(), self.parts.concat(), self.tail.clone()].concat();
        std::fs::write(path, lines.join("\n") + "\n").unwrap();
    }

    /// The names that the file imports packages under, as far as their paths tell.
    fn imports(&self) -> Vec<String> {
        let path = |line: &String| {
            let path = line.split('"').nth(1)?.to_owned();
            let mut elements = path.rsplit('/');
            let last = elements.next()?;
            let is_major = last
                .strip_prefix('v')
                .is_some_and(|it| it.parse::<u32>().is_ok());
            Some(if is_major { elements.next()? } else { last }.to_owned())
        };
        self.head.iter().filter_map(path).collect()
    }
}

/// The module, without its tests, and without its profile: that names calls by their distance from the start of the
/// function, so that a line more inside a hot function changes what is inlined, and then what allocates.
fn service() -> tempfile::TempDir {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/service");
    let dir = tempfile::tempdir().unwrap();
    copy(&from, dir.path());
    dir
}

fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap().flatten() {
        let (path, name) = (entry.path(), entry.file_name().into_string().unwrap());
        if path.is_dir() {
            if name != "dist" && !name.starts_with('.') {
                copy(&path, &to.join(name));
            }
        } else if !name.ends_with("_test.go") && name != "default.pgo" {
            std::fs::copy(&path, to.join(name)).unwrap();
        }
    }
}

fn files(dir: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if path.extension().is_some_and(|it| it == "go") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// What was done, so that a test that does nothing fails.
#[derive(Debug, Default)]
struct Done {
    moved: usize,
    renamed: usize,
}

fn edit(dir: &Path, names: &BTreeSet<String>, choice: &mut Choice) -> Done {
    let mut done = Done::default();
    for path in files(dir) {
        let mut source = Source::read(&path);
        for part in &mut source.parts {
            done.renamed += usize::from(rename_local(part, names, choice));
            white_space(part, choice);
        }
        done.moved += usize::from(move_one(&mut source, choice));
        for at in (1..source.parts.len()).rev() {
            source.parts.swap(at, choice.below(at + 1));
        }
        std::fs::remove_file(&path).unwrap();
        let name = format!(
            "file{}_{}",
            choice.below(1000),
            path.file_name().unwrap().to_str().unwrap()
        );
        source.write(&path.with_file_name(name));
    }
    done
}

fn white_space(part: &mut Vec<String>, choice: &mut Choice) {
    let raw = part.iter().any(|it| it.contains('`'));
    for line in part.iter_mut().filter(|_| !raw && choice.below(2) == 0) {
        if !line.contains('"') {
            *line = line.replace(", ", ",  ").replace('\t', "  ");
        }
    }
    for _ in 0..3 {
        let at = choice.below(part.len());
        // Not between a directive and its function, not inside an expression or a raw string.
        let is_open = part[..at]
            .last()
            .is_none_or(|it| it.ends_with(['{', '}']) || it.is_empty());
        if !raw && is_open && !part[..at].iter().any(|it| it.starts_with("//go:")) {
            part.insert(
                at,
                ["", "// a comment", "/* one\n two */"][choice.below(3)].to_owned(),
            );
        }
    }
}

/// Gives a local variable, whose name no identity holds, another name.
fn rename_local(part: &mut [String], names: &BTreeSet<String>, choice: &mut Choice) -> bool {
    let text = part.join("\n");
    let declared: Vec<&str> = part
        .iter()
        .filter_map(|it| it.trim().split_once(" := ").map(|it| it.0))
        .filter(|it| it.chars().all(char::is_alphanumeric) && !names.contains(*it))
        .filter(|it| is_plain(&text, it))
        .collect();
    if declared.is_empty() {
        return false;
    }
    let name = declared[choice.below(declared.len())].to_owned();
    let new = format!("{name}Renamed{}", choice.below(100));
    for line in part {
        *line = words(line)
            .map(|it| if it == name { new.as_str() } else { it })
            .collect();
    }
    true
}

/// Whether the name stands for the variable alone: no field, no key, not in a string or a comment.
fn is_plain(text: &str, name: &str) -> bool {
    let pieces: Vec<&str> = words(text).collect();
    let of = |it: usize| pieces.get(it).copied().unwrap_or_default();
    pieces
        .iter()
        .enumerate()
        .filter(|it| *it.1 == name)
        .all(|(at, _)| {
            let before = at.checked_sub(1).map_or("", of);
            let after = of(at + 1);
            let key = after.starts_with(':') && !after.starts_with(":=");
            !before.ends_with('.') && !key
        })
        && text
            .lines()
            .filter(|it| words(it).any(|it| it == name))
            .all(|it| !it.contains(['"', '`', '\'']) && !it.contains("//"))
}

/// Names and what stands between them.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_name = |it: char| it.is_alphanumeric() || it == '_';
    let mut rest = text;
    std::iter::from_fn(move || {
        let first = rest.chars().next()?;
        let end = rest
            .find(|it| is_name(it) != is_name(first))
            .unwrap_or(rest.len());
        let (word, behind) = rest.split_at(end);
        rest = behind;
        Some(word)
    })
}

/// Moves a function that needs no import into a file of its own.
fn move_one(source: &mut Source, choice: &mut Choice) -> bool {
    let imports = source.imports();
    let needs = |part: &Vec<String>| {
        let text = part.join("\n");
        imports.iter().any(|it| words(&text).any(|word| word == it))
    };
    let free: Vec<usize> = (0..source.parts.len())
        .filter(|at| !needs(&source.parts[*at]))
        .collect();
    if free.is_empty() {
        return false;
    }
    let part = source.parts.remove(free[choice.below(free.len())]);
    let package = source
        .head
        .iter()
        .find(|it| it.starts_with("package "))
        .unwrap();
    let name = format!(
        "moved{}_{}",
        choice.below(1000),
        source.path.file_name().unwrap().to_str().unwrap()
    );
    let text = format!("{package}\n\n{}\n", part.join("\n"));
    std::fs::write(source.path.with_file_name(name), text).unwrap();
    true
}

/// Adds one escape to a function that is too long to be inlined.
fn add_escape(dir: &Path, choice: &mut Choice) {
    let mut found = Vec::new();
    for path in files(dir) {
        let source = Source::read(&path);
        let opens = |part: &Vec<String>| {
            part.iter()
                .position(|it| it.starts_with("func ") && it.ends_with('{'))
        };
        for (index, part) in source.parts.iter().enumerate() {
            // A function that makes another one may be long and cheap, and then is inlined.
            let makes = part.iter().skip(1).any(|it| it.contains("func("));
            if part.len() >= 25 && !makes && opens(part).is_some() {
                found.push((path.clone(), index, opens(part).unwrap()));
            }
        }
    }
    let (path, index, line) = found.swap_remove(choice.below(found.len()));
    let mut source = Source::read(&path);
    source.parts[index].insert(line + 1, "\taddedSink = &struct{ a, b int }{1, 2}".into());
    source.tail.push("\nvar addedSink any".into());
    source.write(&path);
}

fn shown(list: &[Identity], at: &[usize]) -> Vec<String> {
    at.iter().map(|it| format!("{:?}", list[*it])).collect()
}

#[test]
fn a_real_module_keeps_its_names() {
    let seeds = std::env::var("GOBUILD_OPT_SEEDS")
        .ok()
        .and_then(|it| it.parse().ok());
    let before = service();
    let old = identities(before.path());
    assert!(old.len() > 200, "{}", old.len());
    let text: Vec<String> = old.iter().map(|it| it.expression.clone()).collect();
    let names: BTreeSet<String> = text
        .iter()
        .flat_map(|it| words(it))
        .map(str::to_owned)
        .collect();
    let mut total = Done::default();
    for seed in 1..=seeds.unwrap_or(2u64) {
        let choice = &mut Choice(seed);
        let after = service();
        let done = edit(after.path(), &names, choice);
        let new = identities(after.path());
        let found: Diff = diff(&old, &new);
        let (come, gone) = (shown(&new, &found.new), shown(&old, &found.fixed));
        assert!(
            come.is_empty() && gone.is_empty() && found.moved.is_empty(),
            "seed {seed}: new {come:#?}, fixed {gone:#?}, moved {}",
            found.moved.len()
        );
        add_escape(after.path(), choice);
        let new = identities(after.path());
        let found = diff(&old, &new);
        let counts = (found.new.len(), found.fixed.len(), found.moved.len());
        assert_eq!(
            counts,
            (1, 0, 0),
            "seed {seed}: {:#?}",
            shown(&new, &found.new)
        );
        total.moved += done.moved;
        total.renamed += done.renamed;
    }
    assert!(total.moved > 3 && total.renamed > 10, "{total:?}");
}

/// What stands in a function literal is of the function around it: to wrap code is no finding, where inlining stays.
#[test]
fn code_in_a_closure_keeps_its_names() {
    let module = |body: &str| {
        let dir = tempfile::tempdir().unwrap();
        let text = format!(
            "package main\n\nimport \"os\"\n\nvar sink any\n\n//go:noinline\nfunc keep(it any) {{ sink = it }}\n\n//go:noinline\nfunc work(n int) {{\n{body}}}\n\nfunc main() {{ work(len(os.Args)) }}\n"
        );
        std::fs::write(
            dir.path().join("go.mod"),
            "module example.com/m\n\ngo 1.21\n",
        )
        .unwrap();
        std::fs::write(dir.path().join("main.go"), text).unwrap();
        identities(dir.path())
    };
    let old = module("\tkeep(n)\n\tkeep(make([]int, n))\n\tkeep(&[]int{n})\n");
    for body in [
        "\tfunc() {\n\t\tkeep(n)\n\t}()\n\tkeep(make([]int, n))\n\tkeep(&[]int{n})\n",
        "\tkeep(n)\n\tfunc() {\n\t\tkeep(make([]int, n))\n\t\tfunc() { keep(&[]int{n}) }()\n\t}()\n",
        "\tdefer func() {\n\t\tkeep(n)\n\t\tkeep(make([]int, n))\n\t\tkeep(&[]int{n})\n\t}()\n",
    ] {
        let new = module(body);
        let found = diff(&old, &new);
        let (come, gone) = (shown(&new, &found.new), shown(&old, &found.fixed));
        assert!(
            come.is_empty() && gone.is_empty(),
            "{body}{come:#?}{gone:#?}"
        );
    }
    // A literal that is kept is an allocation of its own, in the same function.
    let new = module(
        "\tkeep(func() {\n\t\tkeep(n)\n\t\tkeep(make([]int, n))\n\t\tkeep(&[]int{n})\n\t})\n",
    );
    let found = diff(&old, &new);
    let come: Vec<&Identity> = found.new.iter().map(|it| &new[*it]).collect();
    assert_eq!((come.len(), found.fixed.len()), (1, 0), "{come:?}");
    assert_eq!(
        (come[0].function.as_str(), come[0].expression.as_str()),
        ("work", "func literal")
    );
}

//! Finds the places in the sources that `[[assert]]` and `//gcassert:` comments are about.

use std::collections::HashMap;

use super::{Absence, Claim, Place, Subject};
use crate::config::strict::nearest;
use crate::config::{Assertion, Config};
use crate::escape::call::{self, Callee};
use crate::escape::directive::{self, About, Directive};
use crate::escape::{Function, functions, remark};
use crate::go::Package;
use crate::plan::{Facts, scope};

/// The disk, as far as it is needed.
pub struct Files<'a> {
    /// The bytes of a file by its absolute path.
    pub(crate) read: &'a mut dyn FnMut(&[u8]) -> Option<Vec<u8>>,
    /// The names in a directory.
    pub(crate) list: &'a mut dyn FnMut(&str) -> Vec<String>,
}

/// Finds what the assertions are about in the sources of a platform.
pub fn find(config: &Config, facts: &Facts, files: &mut Files<'_>) -> Vec<Subject> {
    let packages = &facts.packages;
    let (goos, goarch) = (&facts.toolchain.goos, &facts.toolchain.goarch);
    let mut subjects: Vec<Subject> = Vec::new();
    for (index, it) in config.assert.iter().enumerate() {
        let mut subject = configured(index, it, packages, files);
        if !it.is_for(goos, goarch) {
            subject.place = Place::Absent(Absence::OtherTarget(it.targets.join(", ")));
        }
        subjects.push(subject);
    }
    let scope = scope::patterns(&config.escape.scope, packages);
    let inside = |package: &&Package| scope::contains(&scope, &package.import_path);
    if config.escape.gcassert {
        for package in packages.iter().filter(inside) {
            commented(package, files, &mut subjects);
        }
    }
    calls(&mut subjects, packages, inside, files);
    subjects
}

/// The import path that a function seems to have where no package has it.
fn path_of(function: &str) -> &str {
    let start = function.rfind('/').map_or(0, |function| function + 1);
    let end = function[start..]
        .find('.')
        .map_or(function.len(), |at| start + at);
    &function[..end]
}

fn configured(
    index: usize,
    it: &Assertion,
    packages: &[Package],
    files: &mut Files<'_>,
) -> Subject {
    let (package, function, place) = match scope::owner(&it.function, packages) {
        Some((package, name)) => {
            let wanted = bare(name);
            let (function, place) = located(package, &wanted, files);
            (package.import_path.clone(), function, place)
        }
        None => outside(&it.function, packages),
    };
    Subject {
        index: Some(index),
        claims: claims(it),
        package,
        function,
        whole: true,
        place,
        reason: it.reason.clone(),
        calls: Vec::new(),
    }
}

/// A function of a package that the build has not.
fn outside(function: &str, packages: &[Package]) -> (String, String, Place) {
    let path = path_of(function);
    let known = packages.iter().map(|package| package.import_path.as_str());
    let near = nearest(path, known).map(str::to_owned);
    let name = function[path.len()..].trim_start_matches('.');
    (
        path.to_owned(),
        name.to_owned(),
        Place::Absent(Absence::NoPackage(near)),
    )
}

fn claims(it: &Assertion) -> Vec<Claim> {
    let all = [
        it.must_exist.then_some(Claim::Exists),
        it.no_escape.then_some(Claim::NoEscape),
        it.inlined.then_some(Claim::Inlined),
        it.no_bounds_checks.then_some(Claim::NoBoundsChecks),
        it.max_frame.map(|size| Claim::MaxFrame(size.0)),
    ];
    all.into_iter().flatten().collect()
}

/// A type has one method of a name, whether by pointer or by value, and whatever its type arguments.
fn bare(name: &str) -> String {
    remark::plain(name.as_bytes())
        .replace("(*", "")
        .replace(['(', ')'], "")
}

/// Looks a function up in the files that are compiled, then in those that are not.
fn located(package: &Package, wanted: &str, files: &mut Files<'_>) -> (String, Place) {
    let mut names = Vec::new();
    for path in sources(package) {
        let Some(bytes) = (files.read)(&path) else {
            continue;
        };
        for it in functions(&bytes) {
            let name = bare(&it.name);
            if name == wanted {
                return (it.name.clone(), lines(path, &bytes, &it));
            }
            names.push(it.name);
        }
    }
    if let Some(found) = excluded(package, wanted, files, &mut names) {
        return found;
    }
    // Compared without receivers' signs, shown with them.
    let bared: Vec<String> = names.iter().map(|name| bare(name)).collect();
    let near = nearest(wanted, bared.iter().map(String::as_str));
    let near = near.and_then(|near| names.get(bared.iter().position(|name| name == near)?));
    (
        wanted.to_owned(),
        Place::Absent(Absence::NoFunction(near.cloned())),
    )
}

/// Looks a function up in the files that are not compiled; adds the names of all that are in them.
fn excluded(
    package: &Package,
    wanted: &str,
    files: &mut Files<'_>,
    names: &mut Vec<String>,
) -> Option<(String, Place)> {
    let compiled =
        |name: &String| package.go_files.contains(name) || package.cgo_files.contains(name);
    for name in (files.list)(&package.dir) {
        if !name.ends_with(".go") || name.ends_with("_test.go") || compiled(&name) {
            continue;
        }
        let bytes = (files.read)(&path(package, &name)).unwrap_or_default();
        for it in functions(&bytes) {
            if bare(&it.name) == wanted {
                return Some((it.name, Place::Absent(Absence::Excluded(name))));
            }
            names.push(it.name);
        }
    }
    None
}

fn sources(package: &Package) -> Vec<Vec<u8>> {
    let names = package.go_files.iter().chain(&package.cgo_files);
    names.map(|name| path(package, name)).collect()
}

fn path(package: &Package, name: &str) -> Vec<u8> {
    match name.starts_with('/') {
        true => name.as_bytes().to_vec(),
        false => format!("{}/{name}", package.dir).into_bytes(),
    }
}

fn lines(source: Vec<u8>, bytes: &[u8], it: &Function) -> Place {
    Place::Lines {
        source,
        start: it.start_line,
        end: it.end_line,
        generic: it.generic,
        mapped: mapped(bytes),
    }
}

/// Whether the file gives other positions for its lines.
fn mapped(bytes: &[u8]) -> bool {
    let at_start = |at: usize| at == 0 || bytes[at - 1] == b'\n';
    memchr::memmem::find_iter(bytes, b"//line ").any(at_start)
        || memchr::memmem::find(bytes, b"/*line ").is_some()
}

/// The comments of a package.
fn commented(package: &Package, files: &mut Files<'_>, subjects: &mut Vec<Subject>) {
    for path in sources(package) {
        let Some(bytes) = (files.read)(&path).filter(|bytes| directive::mentioned(bytes)) else {
            continue;
        };
        let declared = functions(&bytes);
        for it in directive::directives(&bytes) {
            let function = around(&it, &declared);
            subjects.extend(of_comment(&it, package, function, (&path, &bytes)));
        }
    }
}

fn around(it: &Directive, declared: &[Function]) -> Option<Function> {
    let About::Line(line) = it.about else {
        return None;
    };
    let holds = |function: &&Function| (function.start_line..=function.end_line).contains(&line);
    declared.iter().find(holds).cloned()
}

/// A subject per sort of place: `inline` and `bce` on a declaration are about all of it, `noescape` about its first line.
fn of_comment(
    it: &Directive,
    package: &Package,
    around: Option<Function>,
    (path, bytes): (&[u8], &[u8]),
) -> Vec<Subject> {
    let (whole, line) = claims_of_comment(it);
    let (function, first) = match &it.about {
        About::Function(it) => (Some(it.clone()), it.start_line),
        About::Line(line) => (around, *line),
    };
    let subject = |claims: Vec<Claim>, whole: bool, start: u32, end: u32| Subject {
        index: None,
        claims,
        whole,
        package: package.import_path.clone(),
        function: function
            .as_ref()
            .map_or(String::new(), |of| of.name.clone()),
        place: Place::Lines {
            source: path.to_vec(),
            start,
            end,
            generic: function.as_ref().is_some_and(|function| function.generic),
            mapped: mapped(bytes),
        },
        reason: None,
        calls: Vec::new(),
    };
    let mut subjects = Vec::new();
    if let (false, Some(it)) = (whole.is_empty(), &function) {
        subjects.push(subject(whole, true, it.start_line, it.end_line));
    }
    if !line.is_empty() {
        subjects.push(subject(line, false, first, first));
    }
    subjects
}

/// What a comment claims of all of the function, and what of its line.
fn claims_of_comment(it: &Directive) -> (Vec<Claim>, Vec<Claim>) {
    let mut whole = Vec::new();
    let mut line = Vec::new();
    for word in &it.words {
        let on_function = matches!(it.about, About::Function(_));
        let (claim, is_whole) = match word.as_str() {
            "inline" => (Claim::Inlined, on_function),
            "bce" => (Claim::NoBoundsChecks, on_function),
            "noescape" => (Claim::NoEscape, false),
            other => (Claim::Odd(other.to_owned()), false),
        };
        if is_whole { &mut whole } else { &mut line }.push(claim);
    }
    (whole, line)
}

/// Finds the calls of the functions that are to be inlined everywhere, in the scope and in their own packages.
fn calls<'a>(
    subjects: &mut [Subject],
    packages: &'a [Package],
    inside: impl Fn(&&'a Package) -> bool,
    files: &mut Files<'_>,
) {
    let mut wanted: Vec<&mut Subject> = subjects.iter_mut().filter(|it| is_inlined(it)).collect();
    if wanted.is_empty() {
        return;
    }
    let named = |package: &'a Package| (package.import_path.as_str(), package.name.as_str());
    let names: HashMap<&str, &str> = packages.iter().map(named).collect();
    let name_of = |path: &str| {
        let last = || path.rsplit('/').next().unwrap_or_default();
        names.get(path).copied().unwrap_or_else(last).to_owned()
    };
    for package in packages {
        let own = |subject: &&mut Subject| subject.package == package.import_path;
        if !inside(&package) && !wanted.iter().any(own) {
            continue;
        }
        for path in sources(package) {
            let Some(bytes) = (files.read)(&path) else {
                continue;
            };
            for subject in &mut wanted {
                let found = calls_of(subject, &bytes, &package.import_path, name_of);
                let found = found.into_iter().map(|call| (path.clone(), call));
                subject.calls.extend(found);
            }
        }
    }
}

/// Whether all of a function must be inlined.
fn is_inlined(subject: &Subject) -> bool {
    let there = matches!(subject.place, Place::Lines { .. });
    there && subject.whole && subject.claims.contains(&Claim::Inlined)
}

/// The calls of a function in a file of a package.
fn calls_of(
    subject: &Subject,
    source: &[u8],
    package: &str,
    name_of: impl Fn(&str) -> String,
) -> Vec<call::Call> {
    let plain = bare(&subject.function);
    let (receiver, name) = plain.split_once('.').unwrap_or(("", &plain));
    let callee = Callee {
        package: &subject.package,
        receiver,
        name,
    };
    call::calls(source, package, callee, name_of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_split_at_the_end_of_its_package() {
        let package = |path: &str| Package {
            import_path: path.into(),
            ..Package::default()
        };
        let packages = ["gopkg.in/yaml.v3", "gopkg.in/yaml", "strings"].map(package);
        let check = |text: &str| {
            let (package, name) = scope::owner(text, &packages).unwrap();
            format!("{} {}", package.import_path, bare(name))
        };
        assert_eq!(
            check("gopkg.in/yaml.v3.(*Decoder).Decode"),
            "gopkg.in/yaml.v3 Decoder.Decode"
        );
        assert_eq!(check("strings.Map"), "strings Map");
        assert_eq!(bare("(*Box[int]).Get"), "Box.Get");
        assert_eq!(path_of("ex.com/m/lib.(*T).M"), "ex.com/m/lib");
        assert_eq!(path_of("strngs.Map"), "strngs");
    }
}

use super::*;

fn side(packages: &[(&str, Option<&str>, u64)], imports: &[(&str, &str)]) -> Side {
    let package = |(path, module, bytes): &(&str, Option<&str>, u64)| {
        let package = Package {
            module: module.map(str::to_owned),
            is_own: *module == Some("app"),
            sources: Some(bytes.to_string()),
            bytes: *bytes,
        };
        ((*path).to_owned(), package)
    };
    let modules = packages.iter().filter_map(|(_, module, _)| *module);
    let modules = modules.filter(|module| *module != "app");
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (from, to) in imports {
        all.entry((*from).into()).or_default().push((*to).into());
    }
    Side {
        size: packages.iter().map(|package| package.2).sum::<u64>() + 100,
        go_version: Some("go1.26.1".into()),
        elimination: Some(true),
        modules: modules
            .map(|module| (module.into(), Some("v1.0.0".into())))
            .collect(),
        packages: packages.iter().map(package).collect(),
        imports: Some(all),
        ..Side::default()
    }
}

fn causes(before: &Side, after: &Side) -> Vec<(CauseKind, String, i64)> {
    let growth = growth(before, after);
    let sum: i64 = growth.causes.iter().map(|cause| cause.bytes).sum();
    assert_eq!(sum, signed(after.size) - signed(before.size), "{growth:?}");
    let all = growth.causes.into_iter();
    all.map(|cause| (cause.kind, cause.name, cause.bytes))
        .collect()
}

#[test]
fn what_a_new_module_brings_in_is_charged_to_it() {
    let before = side(
        &[("app", Some("app"), 10), ("fmt", None, 50)],
        &[("app", "fmt")],
    );
    let after = side(
        &[
            ("app", Some("app"), 12),
            ("fmt", None, 50),
            ("m/x", Some("m"), 300),
            ("net", None, 1000),
        ],
        &[("app", "fmt"), ("app", "m/x"), ("m/x", "net")],
    );
    let found = causes(&before, &after);
    assert_eq!(
        found,
        [
            (CauseKind::NewModule, "m".into(), 1300),
            (CauseKind::Own, "app".into(), 2)
        ]
    );
    let all = growth(&before, &after);
    assert_eq!(all.causes[0].chain, ["app", "m/x"]);
    let gone = causes(&after, &before);
    assert_eq!(gone[0], (CauseKind::ModuleGone, "m".into(), -1300));
}

#[test]
fn a_package_that_did_not_import_it_before_is_charged_first() {
    let packages = |net: u64| {
        [
            ("app", Some("app"), 10 + net),
            ("app/b", Some("app"), 9 + 2 * net),
            ("net", None, 100 * net),
        ]
    };
    let mut before = side(&packages(1), &[("app", "app/b"), ("app/b", "net")]);
    before.size += 5;
    let after = side(
        &packages(2),
        &[("app", "app/b"), ("app/b", "net"), ("app", "net")],
    );
    let found = causes(&before, &after);
    assert_eq!(found[0], (CauseKind::Own, "app".into(), 101));
    assert_eq!(found.last().unwrap(), &(CauseKind::Rest, String::new(), -5));
}

#[test]
fn what_changes_everything_is_one_cause() {
    let before = side(&[("app", Some("app"), 10), ("fmt", None, 50)], &[]);
    let mut after = side(&[("app", Some("app"), 10), ("fmt", None, 90)], &[]);
    after.go_version = Some("go1.27.0".into());
    let found = causes(&before, &after);
    assert_eq!(found, [(CauseKind::Toolchain, String::new(), 40)]);
    after.settings.insert("-tags".into(), "big".into());
    let found = causes(&before, &after);
    assert_eq!(found[0], (CauseKind::Toolchain, "-tags".into(), 40));
    assert_eq!(growth(&before, &after).notes.len(), 1);
}

#[test]
fn the_price_of_methods_is_taken_out_of_what_packages_grew() {
    let before = side(
        &[("app", Some("app"), 10), ("fmt", None, 50)],
        &[("app", "fmt")],
    );
    let mut after = side(
        &[("app", Some("app"), 15), ("fmt", None, 90)],
        &[("app", "fmt")],
    );
    after.elimination = Some(false);
    after.methods = Some(Methods {
        callers: vec!["app.F".into()],
        bytes: BTreeMap::from([("fmt".into(), 39), ("app".into(), 1)]),
        ..Methods::default()
    });
    let found = causes(&before, &after);
    assert_eq!(
        found[0],
        (CauseKind::DeadCodeElimination, String::new(), 40)
    );
    assert_eq!(found[1], (CauseKind::Own, "app".into(), 5));
    after.methods = None;
    let found = causes(&before, &after);
    assert_eq!(
        found[0],
        (CauseKind::DeadCodeElimination, String::new(), 40)
    );
}

#[test]
fn a_module_that_was_edited_where_it_is_changed_though_its_version_did_not() {
    let packages = |bytes: u64| [("app", Some("app"), 10), ("m/x", Some("m"), bytes)];
    let imports = [("app", "m/x")];
    let (before, after) = (
        side(&packages(300), &imports),
        side(&packages(700), &imports),
    );
    let found = causes(&before, &after);
    assert_eq!(found, [(CauseKind::ModuleVersion, "m".into(), 400)]);
}

#[test]
fn a_side_whose_c_code_is_not_counted_is_named() {
    let mut before = side(&[("app", Some("app"), 10)], &[]);
    let mut after = before.clone();
    assert!(growth(&before, &after).notes.is_empty());
    after.uncounted_c = true;
    let notes = growth(&before, &after).notes;
    assert!(notes[0].contains("the side before alone"), "{notes:?}");
    before.uncounted_c = true;
    let notes = growth(&before, &after).notes;
    assert!(notes[0].contains("bytes are those of Go"), "{notes:?}");
    after.uncounted_c = false;
    let notes = growth(&before, &after).notes;
    assert!(notes[0].contains("the side after alone"), "{notes:?}");
}

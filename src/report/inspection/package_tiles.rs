//! Makes the treemap of an inspection: module > package > function or kind of data.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{FunctionSize, Inspection, PackageSize};
use crate::config::size::human;
use crate::number::grouped;
use crate::order::Order;
use crate::profile::Weights;
use crate::profile::symbol_parts::{Name, parts};
use crate::report::picture::{Hue, Layer, Picture, Tile};

/// The treemap of everything that the inspection lists; with a profile, of how much of it is spent where, too.
pub(crate) fn picture(inspection: &Inspection<'_>, profile: Option<&Weights>) -> Picture {
    let mut tiles = modules(inspection, profile);
    tiles.extend(rest(inspection));
    tiles.order_by_key(|tile| std::cmp::Reverse(tile.bytes));
    let mut packages = inspection.packages.iter();
    let retained = packages.any(|package| package.retained.is_some());
    let mut layers = vec![Layer::Bytes];
    layers.extend(retained.then_some(Layer::Retained));
    layers.extend(profile.map(|_| Layer::Profile));
    Picture {
        title: name(&inspection.file.path).to_owned(),
        subtitle: subtitle(inspection, tiles.iter().map(|tile| tile.bytes).sum()),
        layers,
        tiles,
    }
}

/// The size and the platform; of `shown` bytes where a filter leaves out the others.
fn subtitle(inspection: &Inspection<'_>, shown: u64) -> String {
    let file = &inspection.file;
    let [goos, goarch] = [&file.goos, &file.goarch].map(|it| it.as_deref().unwrap_or("unknown"));
    let mut subtitle = format!(
        "{} ({} bytes), {goos}/{goarch}",
        human(file.size),
        grouped(file.size)
    );
    if let Some(version) = &file.go_version {
        subtitle.push_str(&format!(", {version}"));
    }
    if file.stripped {
        subtitle.push_str(", stripped");
    }
    if let Some(filter) = &inspection.filter {
        subtitle.push_str(&format!("; shown: {} of `{filter}`", human(shown)));
    }
    subtitle
}

fn name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn modules(inspection: &Inspection<'_>, profile: Option<&Weights>) -> Vec<Tile> {
    let mut functions: HashMap<&str, Vec<&FunctionSize<'_>>> = HashMap::new();
    for it in &inspection.functions {
        if let Some(package) = &it.package {
            functions.entry(package).or_default().push(it);
        }
    }
    let mut grouped: BTreeMap<&str, Vec<&PackageSize>> = BTreeMap::new();
    for it in &inspection.packages {
        grouped.entry(it.group()).or_default().push(it);
    }
    let main = inspection.build.as_ref().map_or("main", |info| &info.path);
    let tile = |(module, packages): (&str, Vec<&PackageSize>)| {
        let inside = packages.iter().map(|it| {
            let mine = functions.get(it.path.as_str());
            let called = match it.path == main {
                true => "main",
                false => it.path.as_str(),
            };
            let profile = profile.map(|weights| (weights, called));
            package(it, module, mine.map_or(&[], Vec::as_slice), profile)
        });
        around_module(module, packages.first().copied(), inside.collect())
    };
    grouped.into_iter().map(tile).collect()
}

/// The box of a module around those of its packages, with the origin and the version of the first.
fn around_module(module: &str, first: Option<&PackageSize>, packages: Vec<Tile>) -> Tile {
    let hue = first.map_or(Hue::Other, |package| package.origin.into());
    let label = match hue {
        Hue::Std => "standard library",
        _ => module,
    };
    let version = first.and_then(|package| package.version.as_ref());
    let full = version.map_or(label.to_owned(), |version| format!("{label} {version}"));
    Tile::around(label, full, packages)
}

/// A package with its functions and what else it has, by kind.
fn package(
    it: &PackageSize,
    module: &str,
    functions: &[&FunctionSize<'_>],
    profile: Option<(&Weights, &str)>,
) -> Tile {
    let hue = Hue::from(it.origin);
    let leaf = |label: &str, kind: &str, bytes: u64| Tile {
        kind: kind.to_owned().into(),
        ..Tile::leaf(label, format!("{}: {label}", it.path), bytes, hue)
    };
    let (mut children, code) = pieces(it, functions, hue, profile);
    let more = match children.is_empty() {
        true => "code",
        false => "other code",
    };
    children.push(leaf(more, "code", code));
    let data = it.kinds.iter().filter(|(kind, _)| *kind != "code");
    children.extend(data.map(|(kind, bytes)| {
        let words = kind.replace('-', " ");
        leaf(&words, &words, *bytes)
    }));
    if let Some((weights, called)) = profile {
        let spent: u64 = children.iter().map(|tile| tile.weight).sum();
        // What was inlined everywhere, or has another name in the profile.
        children.push(Tile {
            weight: millionths(weights.package(called)).saturating_sub(spent),
            ..leaf("other functions of the profile", "code", 0)
        });
    }
    // All of it goes together: no part of the package has a share.
    children.extend(it.retained.map(|retained| Tile {
        retained,
        ..leaf("all of it, and what only it needs", "code", 0)
    }));
    children.retain(Tile::has_anything);
    Tile {
        // A package without anything that is known by function or kind.
        hue,
        ..Tile::around(within(it, module), it.path.as_str(), children)
    }
}

/// What a package is called within the box of its module.
fn within<'a>(it: &'a PackageSize, module: &str) -> &'a str {
    let within = it.path.strip_prefix(module);
    match within.map(|rest| rest.trim_start_matches('/')) {
        Some("") => name(&it.path),
        Some(within) => within,
        None => &it.path,
    }
}

/// The functions of a package, and its code that is in none of them. A profile counts closures for the declaration around
/// them, and instances for their generic function: the largest of these has the weight.
fn pieces(
    it: &PackageSize,
    functions: &[&FunctionSize<'_>],
    hue: Hue,
    profile: Option<(&Weights, &str)>,
) -> (Vec<Tile>, u64) {
    let mut code = it.code;
    let mut weighed: HashSet<(String, String)> = HashSet::new();
    let mut children = Vec::with_capacity(functions.len());
    for function in functions {
        let bytes = function.bytes.min(code);
        code -= bytes;
        let full = function.name.text().into_owned();
        let declared = parts(&full);
        let mut is_first =
            || weighed.insert((declared.receiver.to_owned(), declared.function.to_owned()));
        let weight = match profile {
            Some((weights, called)) if is_first() => declared_weight(&declared, weights, called),
            _ => 0,
        };
        children.push(Tile {
            kind: "code".into(),
            weight,
            ..Tile::leaf(short(&full, &it.path), full.as_str(), bytes, hue)
        });
    }
    (children, code)
}

fn declared_weight(declared: &Name<'_>, weights: &Weights, package: &str) -> u64 {
    let name = match declared.receiver {
        "" => declared.function.to_owned(),
        receiver => format!("{receiver}.{}", declared.function),
    };
    millionths(weights.function(package, &name))
}

/// Of percent.
fn millionths(percent: f64) -> u64 {
    (percent.max(0.0) * 10_000.0).round() as u64
}

/// The name of a function within its package.
fn short<'a>(name: &'a str, package: &str) -> &'a str {
    let last = package.rsplit('/').next().unwrap_or(package);
    let rest = name.strip_prefix(package).or_else(|| {
        let at = name.find('[').unwrap_or(name.len());
        let start = name[..at].rfind('/').map_or(0, |at| at + 1);
        name[start..].strip_prefix(last)
    });
    rest.or(name.strip_prefix("main"))
        .and_then(|rest| rest.strip_prefix('.'))
        .unwrap_or(name)
}

/// What is no package's: debug information, symbols, tables for the loader, headers.
fn rest(inspection: &Inspection<'_>) -> Option<Tile> {
    let leaf = |label: &str, full: String, kind: &str, bytes: u64| Tile {
        kind: kind.to_owned().into(),
        ..Tile::leaf(label, full, bytes, Hue::Other)
    };
    let regions = inspection.unowned.iter().map(|region| {
        let kind = region.kind.name().replace('-', " ");
        leaf(
            &region.section,
            format!("{}: {kind}", region.section),
            &kind,
            region.bytes,
        )
    });
    let mut children: Vec<Tile> = regions.collect();
    if inspection.filter.is_none() {
        let ledger = &inspection.ledger;
        let parts = [
            ("used by several packages", "data", ledger.shared),
            ("headers", "headers", ledger.headers),
            ("padding", "padding", ledger.padding),
        ];
        children.extend(parts.map(|(name, kind, bytes)| leaf(name, name.into(), kind, bytes)));
    }
    children.retain(|tile| tile.bytes > 0);
    let full = "bytes that belong to no package";
    (!children.is_empty()).then(|| Tile::around("no package", full, children))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_named_within_their_package() {
        assert_eq!(
            short("net/http.(*Server).Serve", "net/http"),
            "(*Server).Serve"
        );
        assert_eq!(short("main.main", "example.com/app"), "main");
        assert_eq!(
            short("gopkg.in/yaml%2ev3.yaml", "gopkg.in/yaml.v3"),
            "gopkg.in/yaml%2ev3.yaml"
        );
        assert_eq!(short("memeqbody", "internal/bytealg"), "memeqbody");
    }
}

//! An inspection in, its treemap out: module > package > function or kind of data.

use std::collections::{BTreeMap, HashMap};

use super::{FunctionSize, Inspection, PackageSize};
use crate::config::size::human;
use crate::number::grouped;
use crate::report::picture::{Hue, Picture, Tile, folded};

/// Boxes smaller than this part of the whole are drawn as one with their neighbours.
const FINEST: u64 = 4000;

/// The treemap of everything that the inspection lists.
pub fn picture(inspection: &Inspection<'_>) -> Picture {
    let mut tiles = modules(inspection);
    tiles.extend(rest(inspection));
    tiles.sort_by_key(|it| std::cmp::Reverse(it.bytes));
    let file = &inspection.file;
    let platform = [&file.goos, &file.goarch].map(|it| it.as_deref().unwrap_or("unknown"));
    let mut subtitle = format!(
        "{} ({} bytes), {}/{}",
        human(file.size),
        grouped(file.size),
        platform[0],
        platform[1]
    );
    if let Some(version) = &file.go_version {
        subtitle.push_str(&format!(", {version}"));
    }
    if file.stripped {
        subtitle.push_str(", stripped");
    }
    if let Some(filter) = &inspection.filter {
        let shown = tiles.iter().map(|it| it.bytes).sum();
        subtitle.push_str(&format!("; shown: {} of `{filter}`", human(shown)));
    }
    Picture {
        title: name(&file.path).to_owned(),
        subtitle,
        tiles,
    }
}

fn name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn modules(inspection: &Inspection<'_>) -> Vec<Tile> {
    let least = inspection.packages.iter().map(|it| it.bytes).sum::<u64>() / FINEST;
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
    let tile = |(module, packages): (&str, Vec<&PackageSize>)| {
        let inside = |it: &&PackageSize| {
            let mine = functions
                .get(it.path.as_str())
                .map_or(&[][..], Vec::as_slice);
            package(it, module, mine, least)
        };
        let hue = packages.first().map_or(Hue::Other, |it| it.origin.into());
        let version = packages.first().and_then(|it| it.version.as_deref());
        let label = match hue {
            Hue::Std => "standard library".to_owned(),
            _ => module.to_owned(),
        };
        Tile {
            full: version.map_or(label.clone(), |it| format!("{label} {it}")),
            label,
            bytes: packages.iter().map(|it| it.bytes).sum(),
            hue,
            pale: false,
            children: folded(packages.iter().map(inside).collect(), least, "packages"),
        }
    };
    // What people wrote themselves is never folded, small as it may be.
    let (main, others): (Vec<Tile>, Vec<Tile>) = grouped
        .into_iter()
        .map(tile)
        .partition(|it| it.hue == Hue::Main);
    let mut tiles = folded(others, least, "modules");
    tiles.extend(main);
    tiles
}

/// A package with its large functions and what else it has, by kind.
fn package(it: &PackageSize, module: &str, functions: &[&FunctionSize<'_>], least: u64) -> Tile {
    let hue = Hue::from(it.origin);
    let within = it
        .path
        .strip_prefix(module)
        .map(|it| it.trim_start_matches('/'));
    let label = match within {
        Some("") => name(&it.path),
        Some(within) => within,
        None => &it.path,
    };
    let leaf = |label: &str, bytes: u64, pale: bool| Tile {
        full: format!("{}: {label}", it.path),
        label: label.to_owned(),
        bytes,
        hue,
        pale,
        children: Vec::new(),
    };
    let mut children = Vec::new();
    let mut code = it.code;
    for function in functions.iter().filter(|it| it.bytes >= least.max(1) * 2) {
        let bytes = function.bytes.min(code);
        code -= bytes;
        let name = function.name.text();
        let mut tile = leaf(short(&name, &it.path), bytes, false);
        tile.full = name.into_owned();
        children.push(tile);
    }
    let more = if children.is_empty() {
        "code"
    } else {
        "other code"
    };
    children.push(leaf(more, code, false));
    let data = it.kinds.iter().filter(|(kind, _)| *kind != "code");
    children.extend(data.map(|(kind, bytes)| leaf(&kind.replace('-', " "), *bytes, true)));
    children.retain(|it| it.bytes > 0);
    let large = it.bytes >= least.max(1) * 4;
    Tile {
        label: label.to_owned(),
        full: it.path.clone(),
        bytes: it.bytes,
        hue,
        pale: false,
        children: if large {
            folded(children, least, "pieces")
        } else {
            Vec::new()
        },
    }
}

/// The name of a function within its package.
fn short<'a>(name: &'a str, package: &str) -> &'a str {
    let last = package.rsplit('/').next().unwrap_or(package);
    let rest = name.strip_prefix(package).or_else(|| {
        let at = name.find('[').unwrap_or(name.len());
        let start = name[..at].rfind('/').map_or(0, |it| it + 1);
        name[start..].strip_prefix(last)
    });
    rest.or(name.strip_prefix("main"))
        .and_then(|it| it.strip_prefix('.'))
        .unwrap_or(name)
}

/// What is no package's: debug information, symbols, tables for the loader, headers.
fn rest(inspection: &Inspection<'_>) -> Option<Tile> {
    let leaf = |label: String, full: String, bytes: u64| Tile {
        label,
        full,
        bytes,
        hue: Hue::Other,
        pale: true,
        children: Vec::new(),
    };
    let regions = inspection.unowned.iter().map(|it| {
        let kind = it.kind.name().replace('-', " ");
        leaf(
            it.section.clone(),
            format!("{}: {kind}", it.section),
            it.bytes,
        )
    });
    let mut children: Vec<Tile> = regions.collect();
    if inspection.filter.is_none() {
        let ledger = &inspection.ledger;
        let parts = [
            ("used by several packages", ledger.shared),
            ("headers", ledger.headers),
            ("padding", ledger.padding),
        ];
        children.extend(parts.map(|(name, bytes)| leaf(name.into(), name.into(), bytes)));
    }
    children.retain(|it| it.bytes > 0);
    let bytes = children.iter().map(|it| it.bytes).sum();
    (bytes > 0).then(|| Tile {
        label: "no package".into(),
        full: "bytes that belong to no package".into(),
        bytes,
        hue: Hue::Other,
        pale: false,
        children: folded(children, bytes / 500, "regions"),
    })
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

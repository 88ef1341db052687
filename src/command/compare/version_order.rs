//! Orders two versions of a module.

use std::cmp::Ordering;

/// Versions of modules in the order of `golang.org/x/mod/semver`.
pub fn by_version(a: &str, b: &str) -> Ordering {
    let parts = |text: &str| {
        let text = text.trim_start_matches('v');
        let text = text.split('+').next().unwrap_or_default().to_owned();
        let (core, rest) = text
            .split_once('-')
            .map_or((text.as_str(), None), |(core, rest)| (core, Some(rest)));
        let numbers: Vec<u64> = core
            .split('.')
            .map(|part| part.parse().unwrap_or_default())
            .collect();
        (numbers, rest.map(str::to_owned))
    };
    let ((a, early_a), (b, early_b)) = (parts(a), parts(b));
    let part = |text: &str| {
        (
            text.parse::<u64>().map_or((1, 0), |number| (0, number)),
            text.to_owned(),
        )
    };
    let early = |text: &str| text.split('.').map(part).collect::<Vec<_>>();
    a.cmp(&b).then_with(|| match (early_a, early_b) {
        (None, None) => Ordering::Equal,
        (None, Some(_)) => Ordering::Greater,
        (Some(_), None) => Ordering::Less,
        (Some(a), Some(b)) => early(&a).cmp(&early(&b)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_ordered_as_go_orders_them() {
        let all = [
            "v0.0.0-20200101000000-abcdefabcdef",
            "v0.9.10",
            "v1.0.0-alpha.2",
            "v1.0.0-alpha.10",
            "v1.0.0-beta",
            "v1.0.0",
            "v1.0.1-0.20230101000000-abcdefabcdef",
            "v1.0.10",
        ];
        assert!(all.is_sorted_by(|a, b| by_version(a, b) == Ordering::Less));
        assert_eq!(by_version("v2.0.0+incompatible", "v2.0.0"), Ordering::Equal);
    }
}

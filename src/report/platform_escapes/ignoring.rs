//! Takes new sites out of the findings that a comment or the configuration ignores.

use super::{Escapes, Site};
use crate::build::excerpt::Excerpt;
use crate::go::Package;
use crate::plan::scope;

/// Puts a new site among the findings or among the ignored.
pub(crate) fn sort(mut site: Site, excerpt: &Excerpt, ignore: &[String], escapes: &mut Escapes) {
    for directive in &excerpt.ignore {
        let (wanted, reason) = directive
            .split_once(char::is_whitespace)
            .unwrap_or((directive, ""));
        if wanted != site.id && wanted != site.class {
            continue;
        }
        if reason.trim().is_empty() {
            escapes.notes.push(format!(
                "{}: `//gobuild-opt:ignore {wanted}` has no reason, and so no effect",
                site.place()
            ));
            continue;
        }
        site.reason = Some(reason.trim().to_owned());
    }
    if site.reason.is_none() && ignore.iter().any(|text| matches(text, &site)) {
        site.reason = Some("`[escape] ignore`".to_owned());
    }
    match site.reason {
        Some(_) => escapes.ignored.push(site),
        None => escapes.new.push(site),
    }
}

/// A sentence for each entry of `[escape] ignore` that means nothing of the build.
pub(crate) fn idle(ignore: &[String], packages: &[Package]) -> Vec<String> {
    let is_id = |text: &str| text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let known = |text: &String| {
        let pattern = std::slice::from_ref(text);
        let mut paths = packages.iter().map(|package| package.import_path.as_str());
        is_id(text)
            || paths.any(|path| scope::contains(pattern, path))
            || scope::owner(text, packages).is_some()
    };
    let told = |text: &String| {
        format!("`[escape] ignore` has `{text}`, which means no package of the build")
    };
    ignore
        .iter()
        .filter(|text| !known(text))
        .map(told)
        .collect()
}

fn matches(pattern: &str, site: &Site) -> bool {
    pattern == site.id
        || pattern == format!("{}.{}", site.package, site.function)
        || scope::contains(&[pattern.to_owned()], &site.package)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_name_sites_functions_and_packages() {
        let site = Site {
            id: "0123456789".into(),
            package: "ex.com/m/lib".into(),
            function: "(*Box).Get".into(),
            class: "boxing".into(),
            expression: String::new(),
            file: None,
            line: 0,
            column: 0,
            message: String::new(),
            source: String::new(),
            reason: None,
            weight: None,
            heat: None,
            among: Vec::new(),
        };
        for (pattern, expected) in [
            ("0123456789", true),
            ("ex.com/m/...", true),
            ("ex.com/m/lib.(*Box).Get", true),
            ("ex.com/m", false),
            ("ex.com/m/lib.Get", false),
        ] {
            assert_eq!(matches(pattern, &site), expected, "{pattern}");
        }
    }
}

//! New sites in, findings and ignored ones out; and the sentences behind exit code 1.

use super::escapes::{Escapes, Site};
use super::findings;
use crate::build::escapes::Excerpt;
use crate::plan::scope;

impl Escapes {
    /// Whether a new site fails the run.
    pub fn fails(&self, site: &Site) -> bool {
        let hot = |limit: f64| site.weight.is_some_and(|it| it >= limit);
        self.gate && self.hot.is_none_or(hot)
    }
}

/// How many new sites are told one by one.
const TOLD: usize = 50;

/// Puts a new site among the findings or among the ignored.
pub fn sort(mut site: Site, excerpt: &Excerpt, ignore: &[String], escapes: &mut Escapes) {
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
                place(&site)
            ));
            continue;
        }
        site.reason = Some(reason.trim().to_owned());
    }
    if site.reason.is_none() && ignore.iter().any(|it| matches(it, &site)) {
        site.reason = Some("`[escape] ignore`".to_owned());
    }
    match site.reason {
        Some(_) => escapes.ignored.push(site),
        None => escapes.new.push(site),
    }
}

fn matches(pattern: &str, site: &Site) -> bool {
    pattern == site.id
        || pattern == format!("{}.{}", site.package, site.function)
        || scope::contains(&[pattern.to_owned()], &site.package)
}

/// `main.go:12:3`, or what is known of it.
pub fn place(site: &Site) -> String {
    let file = site.file.as_deref().unwrap_or_default();
    match (file, site.line, site.column) {
        ("", ..) => site.package.clone(),
        (file, 0, _) => file.to_owned(),
        (file, line, 0) => format!("{file}:{line}"),
        (file, line, column) => format!("{file}:{line}:{column}"),
    }
}

/// `boxing in example.com/app.(*Server).handle`
pub fn what(site: &Site) -> String {
    match site.function.as_str() {
        "" => format!("{} in {}", site.class, site.package),
        function => format!("{} in {}.{function}", site.class, site.package),
    }
}

/// A sentence for each new site, where the gate is closed. What several executables share is told once.
pub fn failures<'a>(all: impl Iterator<Item = &'a Escapes>) -> Vec<String> {
    let mut told: Vec<String> = Vec::new();
    let closed = |it: &'a Escapes| {
        let failing = it.new.iter().filter(|site| it.fails(site));
        failing.map(move |site| (it, site))
    };
    for (escapes, site) in all.flat_map(closed) {
        let source = match site.source.as_str() {
            "" => String::new(),
            line => format!(": {line}"),
        };
        let share = site.weight.filter(|it| *it > 0.0);
        let hot = share.map_or(String::new(), |it| format!(", {it:.1} % of the profile"));
        let todo = match &escapes.revision {
            Some(revision) => format!("not in {}", revision.name),
            None => findings::accept(site),
        };
        let sentence = format!(
            "new escape {}, {}{hot}, at {}{source} ({todo})",
            site.id,
            what(site),
            place(site)
        );
        if !told.contains(&sentence) {
            told.push(sentence);
        }
    }
    if told.len() > TOLD {
        let more = told.len() - TOLD;
        told.truncate(TOLD);
        told.push(format!(
            "and {more} more new escapes: see `gobuild-opt escape --format json`"
        ));
    }
    told
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

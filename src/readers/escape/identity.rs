//! Gives sites names that survive edits; compares two lists of names, and finds what is new and what is gone.
//!
//! A line number changes with every edit above it. What stays: the package, the enclosing function, the class, the
//! expression, and how often they meet.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::boxed;
use super::class::Class;
use super::declared_names::Names;
use super::expression;
use super::file::File;
use super::file_owner::Sources;
use super::site::Site;

/// What a site is called. Equal for a site before and after an edit elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Identity {
    /// The import path.
    pub package: String,
    /// The enclosing declaration, see [`super::Function::name`]; empty for generated code and where the source could not be read.
    pub function: String,
    /// What kind of allocation.
    pub class: Class,
    /// The expression without what the compiler numbers.
    pub expression: String,
    /// Counts from 1 where everything else is the same, in the order of the source.
    pub ordinal: u32,
}

/// Whether the locks of a version left a site out, for a Go, because it was wrongly taken for a constant.
pub fn was_taken_for_constant(identity: &Identity, version: i64, go: (u32, u32)) -> bool {
    let expression = identity.expression.as_str();
    match identity.class {
        Class::Boxing => version < 3 && expression::class(expression.as_bytes()) == Class::Constant,
        // Slices without elements; up to Go 1.24 every literal.
        Class::Other => {
            let literal = expression.ends_with("{...}") && go < (1, 25);
            version == 3 && (literal || expression.ends_with("{}"))
        }
        _ => false,
    }
}

/// A site and its name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct IdentifiedSite {
    /// The name.
    pub identity: Identity,
    /// Where it is now.
    pub site: Site,
    /// The line of the enclosing declaration; 0 where unknown.
    pub start: u32,
}

/// How two lists of identities differ; the numbers are indices into them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Diff {
    /// In the new list alone.
    pub new: Vec<usize>,
    /// In the old list alone.
    pub fixed: Vec<usize>,
    /// Old and new index of sites whose function got another name.
    pub moved: Vec<(usize, usize)>,
    /// Old and new index of sites with the same identity.
    pub kept: Vec<(usize, usize)>,
}

/// Names each site. `read` gives the bytes of the file at an absolute path ([`Site::source`]); each is asked for once.
///
/// The sources also tell which function literals capture nothing, and which values need no allocation in an interface: these
/// become [`Class::Constant`].
pub fn identify(sites: &[Site], read: impl FnMut(&[u8]) -> Option<Vec<u8>>) -> Vec<IdentifiedSite> {
    identify_among(sites, &Sources::default(), read)
}

/// The same for the sites of a build: what a name of any of its packages stands for is looked up in the files of the package.
pub fn identify_among(
    sites: &[Site],
    sources: &Sources,
    mut read: impl FnMut(&[u8]) -> Option<Vec<u8>>,
) -> Vec<IdentifiedSite> {
    let mut names = Names::new(sources, &mut read);
    let mut ordinals: HashMap<Identity, u32> = HashMap::new();
    let mut order: Vec<&Site> = sites.iter().collect();
    // A file may have two printed names, `./x.go` and `lib/x.go`.
    let place = |site: &Site| (site.line, site.column);
    order.sort_by(|a, b| {
        let file = (&a.package, &a.source).cmp(&(&b.package, &b.source));
        file.then_with(|| place(a).cmp(&place(b)))
            .then_with(|| a.cmp(b))
    });
    let mut identified = Vec::with_capacity(sites.len());
    // One file at a time: its syntax tree is many times its size.
    for sites in order.chunk_by(|a, b| a.source == b.source) {
        let path = sites[0].source.as_ref();
        let file = path.and_then(|path| File::new(names.read(path)?));
        let name = |site: &Site| match site.source {
            Some(_) => shortest(sites),
            None => site.file.clone(),
        };
        for site in sites {
            let mut found = identified_in(file.as_ref(), site, &mut names);
            let ordinal = ordinals.entry(found.identity.clone()).or_default();
            *ordinal += 1;
            found.identity.ordinal = *ordinal;
            found.site.file = name(site);
            identified.push(found);
        }
    }
    identified
}

/// A site by what its source says, the first of its kind.
fn identified_in(file: Option<&File>, site: &Site, names: &mut Names<'_>) -> IdentifiedSite {
    let class = file.map_or(site.class, |file| file.class(site));
    let class = boxed::class(site, class, file, names);
    let around = file.and_then(|file| file.enclosing(site.line));
    IdentifiedSite {
        start: around.map_or(0, |function| function.start_line),
        identity: Identity {
            package: site.package.clone(),
            function: around.map_or(String::new(), |function| function.name.clone()),
            class,
            expression: normalized(&site.expression),
            ordinal: 0,
        },
        site: Site {
            class,
            ..site.clone()
        },
    }
}

fn shortest(sites: &[&Site]) -> String {
    sites
        .iter()
        .map(|site| &site.file)
        .min_by_key(|text| text.len())
        .cloned()
        .unwrap_or_default()
}

/// Compares two lists of identities.
///
/// A function counts as moved, with all its sites, when exactly one function of its package that is gone held the same
/// sites: a rename is not a finding.
pub fn diff(old: &[Identity], new: &[Identity]) -> Diff {
    let mut rest: HashMap<&Identity, usize> = old
        .iter()
        .enumerate()
        .map(|(index, it)| (it, index))
        .collect();
    let mut diff = Diff::default();
    for (index, it) in new.iter().enumerate() {
        match rest.remove(it) {
            Some(before) => diff.kept.push((before, index)),
            None => diff.new.push(index),
        }
    }
    diff.fixed = rest.into_values().collect();
    diff.fixed.sort_unstable();
    pair(old, new, &mut diff);
    diff
}

/// Takes the sites of renamed functions out of `new` and `fixed`.
fn pair(old: &[Identity], new: &[Identity], diff: &mut Diff) {
    let gone = whole_functions(
        old,
        &diff.fixed,
        &diff.kept.iter().map(|entry| entry.0).collect::<Vec<_>>(),
    );
    let come = whole_functions(
        new,
        &diff.new,
        &diff.kept.iter().map(|entry| entry.1).collect::<Vec<_>>(),
    );
    for (content, before) in &gone {
        if let ([before], Some([after])) = (before.as_slice(), come.get(content).map(Vec::as_slice))
        {
            diff.moved
                .extend(before.iter().copied().zip(after.iter().copied()));
        }
    }
    diff.moved.sort_unstable();
    let (before, after): (HashSet<usize>, HashSet<usize>) = diff.moved.iter().copied().unzip();
    diff.fixed.retain(|it| !before.contains(it));
    diff.new.retain(|it| !after.contains(it));
}

/// A package and the sites of one function: class, expression, ordinal.
type Content<'a> = (&'a str, Vec<(Class, &'a str, u32)>);

/// The functions that hold none of the `kept` sites, by what they hold; each as the sorted indices of its sites.
fn whole_functions<'a>(
    all: &'a [Identity],
    only: &[usize],
    kept: &[usize],
) -> HashMap<Content<'a>, Vec<Vec<usize>>> {
    let mut functions: BTreeMap<(&str, &str), Vec<usize>> = BTreeMap::new();
    for index in only {
        let site = &all[*index];
        if !site.function.is_empty() {
            let sites = functions.entry((&site.package, &site.function));
            sites.or_default().push(*index);
        }
    }
    for index in kept {
        functions.remove(&(all[*index].package.as_str(), all[*index].function.as_str()));
    }
    let mut by_content: HashMap<Content, Vec<Vec<usize>>> = HashMap::new();
    for ((package, _), mut indices) in functions {
        let facts = |index: &usize| {
            let site = &all[*index];
            (site.class, site.expression.as_str(), site.ordinal)
        };
        indices.sort_by(|a, b| facts(a).cmp(&facts(b)));
        let content = indices.iter().map(facts).collect();
        let same = by_content.entry((package, content));
        same.or_default().push(indices);
    }
    by_content
}

/// Leaves out the numbers of variables that the compiler invents: `.autotmp_14`, `~r0`, `#yield1`.
fn normalized(expression: &str) -> String {
    let mut text = String::with_capacity(expression.len());
    let mut characters = expression.chars().peekable();
    let (mut invented, mut before) = (false, ' ');
    while let Some(it) = characters.next() {
        invented = match it {
            '~' | '#' => true,
            // `~R0` became `~r0` in Go 1.22.
            'R' if before == '~' => {
                before = 'r';
                text.push('r');
                continue;
            }
            '.' if !before.is_alphanumeric() && characters.peek() == Some(&'a') => true,
            _ => invented && (it.is_alphanumeric() || it == '_'),
        };
        if !(invented && it.is_ascii_digit()) {
            text.push(it);
        }
        before = it;
    }
    text
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn identity(function: &str, expression: &str, ordinal: u32) -> Identity {
        Identity {
            package: "ex.com/m".to_owned(),
            function: function.to_owned(),
            class: Class::New,
            expression: expression.to_owned(),
            ordinal,
        }
    }

    fn site(line: u32, expression: &str) -> Site {
        Site {
            package: "ex.com/m".to_owned(),
            file: "./a.go".to_owned(),
            line,
            column: 1,
            class: Class::New,
            expression: expression.to_owned(),
            message: format!("{expression} escapes to heap"),
            source: Some(b"/m/a.go".to_vec()),
        }
    }

    #[test]
    fn a_site_is_named_by_its_function_and_its_turn() {
        let source = b"package m\n\nfunc f() {\n\t_ = 1\n\t_ = 2\n}\n\nvar v = &T{}\n";
        let sites = [
            site(5, "&T{...}"),
            site(4, "&T{...}"),
            site(8, "&T{}"),
            site(4, ".autotmp_12.x"),
            site(70, "~R0"),
        ];
        let named: Vec<String> =
            identify(&sites, |path| (path == b"/m/a.go").then(|| source.to_vec()))
                .iter()
                .map(|site| {
                    format!(
                        "{}:{} {} #{}",
                        site.site.line,
                        site.identity.function,
                        site.identity.expression,
                        site.identity.ordinal
                    )
                })
                .collect();
        insta::assert_snapshot!(named.join("; "), @"4:f &T{...} #1; 4:f .autotmp_.x #1; 5:f &T{...} #2; 8:var v &T{} #1; 70: ~r #1");
    }

    #[test]
    fn the_source_tells_constants_from_calls() {
        let source = b"package m\n\nfunc f() {\n\ta(Err, b.Err, g(1), T(1), tr(\"x\"), h())\n}\nfunc g(int) int\ntype T int\n";
        let boxed = |column, class, expression: &str| Site {
            column,
            class,
            ..site(4, expression)
        };
        let sites = [
            boxed(4, Class::Boxing, "E(\"text\")"),
            boxed(10, Class::Boxing, "b.E(\"text\")"),
            boxed(17, Class::Constant, "g(1)"),
            boxed(23, Class::Constant, "T(1)"),
            boxed(30, Class::Boxing, "tr(\"x\")"),
            boxed(38, Class::Boxing, "E(\"text\")"),
            boxed(38, Class::Boxing, "T(\"text\")"),
            boxed(38, Class::Other, "T{}"),
            boxed(38, Class::Boxing, "a == b"),
            boxed(38, Class::Boxing, "byte(c)"),
        ];
        let package = crate::escape::Package {
            import_path: "ex.com/m".into(),
            name: "m".into(),
            dir: b"/m".to_vec(),
            files: vec!["a.go".into()],
            ..Default::default()
        };
        let sources = Sources {
            packages: vec![package],
            ..Sources::default()
        };
        let classes: Vec<Class> = identify_among(&sites, &sources, |_| Some(source.to_vec()))
            .iter()
            .map(|site| site.site.class)
            .collect();
        use Class::{Boxing, Constant};
        assert_eq!(
            classes,
            [
                Constant,
                Constant,
                Boxing,
                Constant,
                Boxing,
                Boxing,
                Constant,
                Constant,
                Constant,
                Class::Other
            ]
        );
    }

    #[test]
    fn numbers_of_the_compiler_are_left_out() {
        let named: Vec<String> = [
            "~R0",
            "~r12 + x1",
            ".autotmp_14.String()",
            "#state3",
            "x.a1",
            "T1{...}",
            "f(#yield1, 2)",
        ]
        .map(normalized)
        .to_vec();
        insta::assert_snapshot!(named.join("; "), @"~r; ~r + x1; .autotmp_.String(); #state; x.a1; T1{...}; f(#yield, 2)");
    }

    #[test]
    fn a_renamed_function_is_moved_and_nothing_else_is() {
        let old = [
            identity("f", "a", 1),
            identity("f", "b", 1),
            identity("g", "a", 1),
            identity("h", "x", 1),
        ];
        let new = [
            identity("f2", "b", 1),
            identity("f2", "a", 1),
            identity("g", "a", 1),
            identity("g", "x", 1),
        ];
        let diff = diff(&old, &new);
        assert_eq!(
            diff,
            Diff {
                new: vec![3],
                fixed: vec![3],
                moved: vec![(0, 1), (1, 0)],
                kept: vec![(2, 2)]
            }
        );
    }

    proptest! {
        #[test]
        fn order_is_no_change_and_one_more_is_one_new(
            facts in prop::collection::btree_set((0..4u8, 0..4u8, 1..4u32), 0..20),
            seed in any::<prop::sample::Index>(),
        ) {
            let old: Vec<Identity> = facts.iter().map(|fact| identity(&format!("f{}", fact.0), &format!("e{}", fact.1), fact.2)).collect();
            let mut new = old.clone();
            new.rotate_left(if old.is_empty() { 0 } else { seed.index(old.len()) });
            let same = diff(&old, &new);
            prop_assert!(same.new.is_empty() && same.fixed.is_empty() && same.moved.is_empty());
            new.push(identity("f0", "another", 1));
            let more = diff(&old, &new);
            prop_assert_eq!(more.new, vec![new.len() - 1]);
            prop_assert!(more.fixed.is_empty());
            let less = diff(&new, &old);
            prop_assert_eq!(less.fixed, vec![new.len() - 1]);
        }
    }
}

//! Reads the lines of sites as [`super::write`] writes them: nearly all of a lock, of which a large program has megabytes, and
//! every run waits for it.
//!
//! Whatever looks otherwise is left to the reader of TOML, errors included.

use std::collections::{BTreeMap, btree_map};

use memchr::{memchr2, memmem};

use super::{Entry, first};
use crate::escape::Class;

/// A lock without the lines of its sites, and what these say.
pub(super) struct Apart<'t> {
    /// TOML: the tables of the sites are still there.
    pub(super) rest: String,
    /// By target, package and ID.
    pub(super) sites: Vec<(Table<'t>, BTreeMap<String, Entry>)>,
}

/// A target and a package.
pub(super) type Table<'t> = (&'t str, &'t str);

/// Takes the lines of sites out. `None` where the whole text has to be read as TOML.
pub(super) fn apart(text: &str) -> Option<Apart<'_>> {
    // Such a string may hold whole lines.
    let holds = |quotes: &str| memmem::find(text.as_bytes(), quotes.as_bytes()).is_some();
    if holds("\"\"\"") || holds("'''") {
        return None;
    }
    let mut found = Apart {
        rest: String::new(),
        sites: Vec::new(),
    };
    // Whether everything since the head of a table of sites was such a line: then this one is at no other place.
    let mut within = false;
    for line in text.split_inclusive('\n') {
        if within && let Some((id, entry)) = site(line) {
            let (_, entries) = found.sites.last_mut()?;
            if entries.insert(id.to_owned(), entry).is_some() {
                return None;
            }
            continue;
        }
        if let Some(table) = head(line) {
            within = true;
            found.sites.push((table, BTreeMap::new()));
        } else {
            within &= line == "\n";
        }
        found.rest.push_str(line);
    }
    Some(found)
}

/// Adds entries to those of a table. `None` where one is there already.
pub(super) fn add(
    entries: BTreeMap<String, Entry>,
    table: &mut BTreeMap<String, Entry>,
) -> Option<()> {
    if table.is_empty() {
        *table = entries;
        return Some(());
    }
    for (id, entry) in entries {
        match table.entry(id) {
            btree_map::Entry::Vacant(place) => place.insert(entry),
            btree_map::Entry::Occupied(_) => return None,
        };
    }
    Some(())
}

/// `[targets."linux/amd64".sites."example.com/app"]`
fn head(line: &str) -> Option<Table<'_>> {
    let (target, rest) = plain(line.strip_prefix("[targets.")?)?;
    let (package, rest) = plain(rest.strip_prefix(".sites.")?)?;
    (rest == "]\n").then_some((target, package))
}

/// A string without escapes, and what follows it.
fn plain(text: &str) -> Option<(&str, &str)> {
    let (inside, rest) = text.strip_prefix('"')?.split_once('"')?;
    let is_plain = |letter: char| letter != '\\' && !letter.is_control();
    inside.chars().all(is_plain).then_some((inside, rest))
}

/// The ID and the entry of a line.
fn site(line: &str) -> Option<(&str, Entry)> {
    let (id, rest) = line.split_at_checked(10)?;
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if !id.bytes().all(is_digit) {
        return None;
    }
    let (function, rest) = string(rest.strip_prefix(" = { function = ")?)?;
    let (class, rest) = string(rest.strip_prefix(", class = ")?)?;
    let (expression, rest) = string(rest.strip_prefix(", expression = ")?)?;
    let (ordinal, rest) = match rest.strip_prefix(", ordinal = ") {
        Some(rest) => number(rest)?,
        None => (first(), rest),
    };
    let optional = |name: &str, rest: &mut &str| {
        let Some(value) = rest.strip_prefix(name) else {
            return Some(None);
        };
        let (text, after) = string(value)?;
        *rest = after;
        Some(Some(text))
    };
    let mut rest = rest;
    let line = optional(", line = ", &mut rest)?;
    let reason = optional(", reason = ", &mut rest)?;
    let class = Class::ALL.into_iter().find(|it| it.name() == class)?;
    let entry = Entry {
        function,
        class,
        expression,
        ordinal,
        line,
        reason,
    };
    (rest == " }\n").then_some((id, entry))
}

/// A string with the escapes that are common, and what follows it.
fn string(text: &str) -> Option<(String, &str)> {
    let mut rest = text.strip_prefix('"')?;
    let mut value = String::new();
    loop {
        let end = memchr2(b'"', b'\\', rest.as_bytes())?;
        let (plain, after) = rest.split_at(end);
        if plain.chars().any(char::is_control) {
            return None;
        }
        value.push_str(plain);
        let Some(escaped) = after.strip_prefix('\\') else {
            return Some((value, &after[1..]));
        };
        value.push(match escaped.chars().next()? {
            letter @ ('"' | '\\') => letter,
            'n' => '\n',
            't' => '\t',
            _ => return None,
        });
        rest = &escaped[1..];
    }
}

/// A number as it is written, and what follows it.
fn number(text: &str) -> Option<(u32, &str)> {
    let end = text.find(|letter: char| !letter.is_ascii_digit())?;
    let (digits, rest) = text.split_at(end);
    (!digits.starts_with('0')).then_some((digits.parse().ok()?, rest))
}

//! Reads an executable's entry as the file has it: facts, each with its reason where it has one.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Executable;
use crate::binary::Owners;
use crate::lock::Item;
use crate::order::Ordered;

/// The table of an executable. Every fact is a line of its own: two branches merge line by line.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct Table {
    size: Noted<u64>,
    /// Version 1 had a reason for the size alone.
    #[serde(default)]
    reason: Option<String>,
    #[serde(default)]
    dead_code_elimination: Option<Noted<bool>>,
    #[serde(default)]
    profile_health: Option<Noted<u8>>,
    #[serde(default)]
    cgo: Names,
    #[serde(default)]
    godebug: BTreeMap<String, Noted<String>>,
    #[serde(default)]
    owners: Option<Owners>,
    #[serde(default)]
    modules: BTreeMap<String, Noted<u64>>,
    #[serde(default)]
    packages: BTreeMap<String, Noted<u64>>,
    #[serde(default)]
    sections: BTreeMap<String, Noted<u64>>,
    #[serde(default)]
    frames: BTreeMap<String, Noted<u64>>,
}

/// `1234`, or `{ value = 1234, reason = "why" }`.
struct Noted<T> {
    value: T,
    reason: Option<String>,
}

impl<'de, T: Deserialize<'de> + Plain> Deserialize<'de> for Noted<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NotedVisitor(PhantomData))
    }
}

/// What a fact without a reason looks like.
trait Plain: Sized {
    const EXPECTED: &'static str;

    fn of_integer(_: i64) -> Option<Self> {
        None
    }

    fn of_bool(_: bool) -> Option<Self> {
        None
    }

    fn of_text(_: &str) -> Option<Self> {
        None
    }
}

impl Plain for u64 {
    const EXPECTED: &'static str = "a number of bytes";

    fn of_integer(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Plain for u8 {
    const EXPECTED: &'static str = "percent";

    fn of_integer(value: i64) -> Option<Self> {
        value.try_into().ok()
    }
}

impl Plain for bool {
    const EXPECTED: &'static str = "true or false";

    fn of_bool(value: bool) -> Option<Self> {
        Some(value)
    }
}

impl Plain for String {
    const EXPECTED: &'static str = "a string";

    fn of_text(value: &str) -> Option<Self> {
        Some(value.to_owned())
    }
}

struct NotedVisitor<T>(PhantomData<T>);

impl<T: Plain> NotedVisitor<T> {
    fn plain<E: de::Error>(
        self,
        value: Option<T>,
        unexpected: de::Unexpected<'_>,
    ) -> Result<Noted<T>, E> {
        let value = value.ok_or_else(|| E::invalid_value(unexpected, &T::EXPECTED))?;
        Ok(Noted {
            value,
            reason: None,
        })
    }
}

impl<'de, T: Deserialize<'de> + Plain> Visitor<'de> for NotedVisitor<T> {
    type Value = Noted<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, or {{ value = ..., reason = \"...\" }}", T::EXPECTED)
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Noted<T>, E> {
        self.plain(T::of_integer(value), de::Unexpected::Signed(value))
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Noted<T>, E> {
        self.plain(T::of_bool(value), de::Unexpected::Bool(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Noted<T>, E> {
        self.plain(T::of_text(value), de::Unexpected::Str(value))
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Noted<T>, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Both<T> {
            value: T,
            reason: String,
        }
        let both = Both::deserialize(de::value::MapAccessDeserializer::new(map))?;
        Ok(Noted {
            value: both.value,
            reason: Some(both.reason),
        })
    }
}

/// `"net" = true`, or with a reason; version 1 had a list.
#[derive(Default)]
struct Names(BTreeMap<String, Option<String>>);

impl<'de> Deserialize<'de> for Names {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NamesVisitor;
        impl<'de> Visitor<'de> for NamesVisitor {
            type Value = Names;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table of import paths")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Names, A::Error> {
                let mut names = BTreeMap::new();
                while let Some(name) = list.next_element()? {
                    names.insert(name, None);
                }
                Ok(Names(names))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Names, A::Error> {
                let mut names = BTreeMap::new();
                while let Some((name, it)) = map.next_entry::<String, Noted<bool>>()? {
                    if it.value {
                        names.insert(name, it.reason);
                    }
                }
                Ok(Names(names))
            }
        }
        deserializer.deserialize_any(NamesVisitor)
    }
}

impl From<Table> for Executable {
    fn from(table: Table) -> Self {
        let mut reasons = BTreeMap::new();
        let mut note = |item: Item, reason: Option<String>| {
            reasons.extend(reason.map(|reason| (item.to_string(), reason)));
        };
        note(Item::Size, table.reason.or(table.size.reason));
        let dead_code_elimination = table.dead_code_elimination.map(|noted| {
            note(Item::DeadCode, noted.reason);
            noted.value
        });
        let profile_health = table.profile_health.map(|noted| {
            note(Item::Health, noted.reason);
            noted.value
        });
        Self {
            size: table.size.value,
            dead_code_elimination,
            profile_health,
            cgo: noted_names(table.cgo, &mut note),
            godebug: noted(table.godebug, Item::Godebug, &mut note),
            owners: table.owners,
            modules: noted(table.modules, Item::Module, &mut note),
            packages: noted(table.packages, Item::Package, &mut note),
            frames: noted(table.frames, Item::Frame, &mut note),
            sections: noted(table.sections, Item::Section, &mut note),
            reasons,
        }
    }
}

fn noted<T>(
    table: BTreeMap<String, Noted<T>>,
    item: fn(String) -> Item,
    note: &mut impl FnMut(Item, Option<String>),
) -> BTreeMap<String, T> {
    let pairs = table.into_iter().map(|(name, it)| {
        note(item(name.clone()), it.reason);
        (name, it.value)
    });
    pairs.ordered()
}

fn noted_names(
    names: Names,
    note: &mut impl FnMut(Item, Option<String>),
) -> std::collections::BTreeSet<String> {
    let pairs = names.0.into_iter().map(|(name, reason)| {
        note(Item::Cgo(name.clone()), reason);
        name
    });
    pairs.ordered()
}

//! The kinds of escapes.

use serde::{Deserialize, Serialize};

/// What escapes. The first eight allocate, the last two do not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// `moved to heap: v`: a variable outlives its function.
    Moved,
    /// `new(T)`, `&T{...}`.
    New,
    /// `make(...)` of a slice or a map.
    Make,
    /// The array behind an `append` (reported since Go 1.25).
    Append,
    /// A value stored in an interface; also a method value `x.Method`, which prints like a field.
    Boxing,
    /// `func literal`; one that captures nothing is static and free.
    Closure,
    /// `string(b)`, `[]byte(s)`, `[]rune(s)`, `a + b` of strings.
    Conversion,
    /// A composite literal `T{...}`, the slice of a `...` argument.
    Other,
    /// What allocates nothing: a constant in an interface points at read-only data, `[]T{}` has no elements.
    Constant,
    /// `leaking param`: what callers must put on the heap; allocates nothing here.
    Leaking,
}

impl Class {
    /// Every class, allocating ones first.
    pub const ALL: [Self; 10] = [
        Self::Moved,
        Self::New,
        Self::Make,
        Self::Append,
        Self::Boxing,
        Self::Closure,
        Self::Conversion,
        Self::Other,
        Self::Constant,
        Self::Leaking,
    ];

    /// Its name in the lock, in the ID of a site, and in every report: these never change.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Moved => "moved",
            Self::New => "new",
            Self::Make => "make",
            Self::Append => "append",
            Self::Boxing => "boxing",
            Self::Closure => "closure",
            Self::Conversion => "conversion",
            Self::Other => "other",
            Self::Constant => "constant",
            Self::Leaking => "leaking",
        }
    }

    /// Whether a site of this class allocates when it runs.
    pub fn allocates(self) -> bool {
        !matches!(self, Self::Constant | Self::Leaking)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_class_has_the_same_name_in_json_and_in_an_id() {
        for class in Class::ALL {
            let json = serde_json::to_string(&class).unwrap();
            assert_eq!(json, format!("\"{}\"", class.name()));
        }
    }
}

//! A list of flags read item by item, as Go's `flag` package reads it, and each held against a table of what is allowed.

/// How a flag is read, and what its value may be.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Rule {
    /// On, off or a count: `-s`, `-s=false`, `-m=2`. Never takes the next word.
    Switch,
    /// Takes a value, and any text will do.
    Text,
    /// Takes a number.
    Number,
    /// Takes letters, digits and `. _ , : + -`.
    Word,
    /// Takes one of these.
    OneOf(&'static [&'static str]),
    /// Takes a value that this function allows.
    Checked(fn(&str) -> bool),
    /// Known, takes a value, and refused.
    Refused,
}

/// Flag -> how it is read. What is missing is refused.
pub(crate) type Table = &'static [(&'static str, Rule)];

/// A flag with its value.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Item {
    /// Without dashes; a word that is no flag stands here whole, with `is_flag` unset.
    pub(crate) name: String,
    /// Behind `=`, or the next word.
    pub(crate) value: Option<String>,
    /// Whether the word is a flag at all.
    pub(crate) is_flag: bool,
    /// The number of its first word.
    pub(crate) at: usize,
    /// How many words it takes.
    pub(crate) words: usize,
    /// Whether the value is a word of its own.
    pub(crate) apart: bool,
}

impl Item {
    /// As it was written.
    pub(crate) fn shown(&self) -> String {
        match (&self.value, self.is_flag) {
            (_, false) => self.name.clone(),
            (None, true) => format!("-{}", self.name),
            (Some(value), true) if self.apart => format!("-{} {value}", self.name),
            (Some(value), true) => format!("-{}={value}", self.name),
        }
    }

    /// Whether it says the same as another, wherever each stands and whichever way its value is written.
    pub(crate) fn same(&self, other: &Self) -> bool {
        let key = |it: &Self| (it.is_flag, it.name.clone(), it.value.clone());
        key(self) == key(other)
    }

    /// Whether the table allows it. `@FILE` stands for the words in a file wherever a tool of Go meets it
    /// (`expandArgs`, `cmd/internal/objabi/flag.go`), so no word may begin like that.
    pub(crate) fn is_allowed(&self, table: Table) -> bool {
        let value = self.value.as_deref().unwrap_or_default();
        if !self.is_flag || (self.apart && value.starts_with('@')) || value.contains('\0') {
            return false;
        }
        let Some((_, rule)) = table.iter().find(|(name, _)| *name == self.name) else {
            return false;
        };
        match rule {
            Rule::Refused => false,
            Rule::Switch => is_word(value),
            _ if self.value.is_none() => false,
            Rule::Text => true,
            Rule::Number => value.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'),
            Rule::Word => is_word(value),
            Rule::OneOf(words) => words.contains(&value),
            Rule::Checked(is_fine) => is_fine(value),
        }
    }
}

/// Letters, digits and `. _ , : + -`: no path, no quote, no space. Or nothing.
pub(crate) fn is_word(text: &str) -> bool {
    text.chars()
        .all(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | ',' | ':' | '+' | '-'))
}

/// Reads words the way Go's `flag` package does: `-name`, `--name`, `-name=value`, `-name value` for those that take one.
///
/// A flag that no table has takes what stands behind it only where that is no flag.
pub(crate) fn items<S: AsRef<str>>(words: &[S], table: Table) -> Vec<Item> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(word) = words.get(at).map(AsRef::as_ref) {
        let mut item = Item {
            name: word.to_owned(),
            value: None,
            is_flag: false,
            at,
            words: 1,
            apart: false,
        };
        if let Some((name, value)) = flag(word) {
            item.name = name.to_owned();
            item.value = value.map(str::to_owned);
            item.is_flag = true;
            let rule = table.iter().find(|(it, _)| *it == name);
            let next = words.get(at + 1).map(AsRef::as_ref);
            let takes = match rule {
                Some((_, Rule::Switch)) => false,
                Some(_) => true,
                None => next.is_some_and(|next| !next.starts_with('-')),
            };
            if let (None, true, Some(next)) = (value, takes, next) {
                item.value = Some(next.to_owned());
                item.apart = true;
                item.words = 2;
            }
        }
        at += item.words;
        found.push(item);
    }
    found
}

/// The dashes off. `None` for what ends the flags: `-`, `--`, and words without a dash.
fn flag(word: &str) -> Option<(&str, Option<&str>)> {
    let bare = word.strip_prefix("--").or_else(|| word.strip_prefix('-'))?;
    if bare.is_empty() || bare.starts_with(['-', '=']) {
        return None;
    }
    Some(match bare.split_once('=') {
        Some((name, value)) => (name, Some(value)),
        None => (bare, None),
    })
}

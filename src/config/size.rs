//! `"25 MiB"` in, bytes out, and back for people.

use serde::{Deserialize, Serialize};

/// A number of bytes, written in configuration as `"25 MiB"`, `"800 kB"` or `"1234"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Size(pub u64);

const UNITS: &[(&str, u64)] = &[
    ("", 1),
    ("b", 1),
    ("kb", 1000),
    ("mb", 1_000_000),
    ("gb", 1_000_000_000),
    ("kib", 1 << 10),
    ("mib", 1 << 20),
    ("gib", 1 << 30),
];

impl std::str::FromStr for Size {
    type Err = String;

    /// Fails with a sentence that shows the accepted form.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no size: write it like \"25 MiB\", \"800 kB\" or \"1234\"");
        let text = text.trim();
        let digits = text
            .find(|c: char| !c.is_ascii_digit() && c != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().map_err(|_| wrong())?;
        let unit = unit.trim().to_ascii_lowercase();
        let (_, factor) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(wrong)?;
        let bytes = number * *factor as f64;
        // 2^53: above it a float no longer counts bytes exactly.
        if bytes > 9_007_199_254_740_992.0 {
            return Err(wrong());
        }
        Ok(Self(bytes.round() as u64))
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The largest size of a binary, or of a module in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum SizeLimit {
    /// This many bytes.
    Bytes(Size),
    /// This much more than the lock says.
    OverLock(Percent),
    /// What the lock says, which follows when the binary shrinks.
    Ratchet,
}

impl<'de> Deserialize<'de> for SizeLimit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let limit = match text.trim() {
            "ratchet" => Ok(Self::Ratchet),
            share if share.ends_with('%') => share.parse().map(Self::OverLock),
            bytes => bytes.parse().map(Self::Bytes),
        };
        limit.map_err(serde::de::Error::custom)
    }
}

/// A share, written in configuration as `"1%"` or `"0.5 %"`. Holds percent.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize)]
pub(crate) struct Percent(pub f64);

impl std::str::FromStr for Percent {
    type Err = String;

    /// Fails with a sentence that shows the accepted form.
    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("`{text}` is no percentage: write it like \"1%\"");
        let number = text.trim().strip_suffix('%').ok_or_else(wrong)?;
        match number.trim().parse::<f64>() {
            Ok(value) if value.is_finite() && value >= 0.0 => Ok(Self(value)),
            _ => Err(wrong()),
        }
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?
            .parse()
            .map_err(serde::de::Error::custom)
    }
}

/// The largest size of a stack frame. Smaller frames than the least are not looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameLimit(pub u64);

impl FrameLimit {
    /// The smallest limit.
    pub(crate) const LEAST: u64 = 1024;
}

impl<'de> Deserialize<'de> for FrameLimit {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let size = Size::deserialize(deserializer)?;
        if size.0 < Self::LEAST {
            let why = "frames below 1 KiB are not looked at: write \"1 KiB\" or more";
            return Err(serde::de::Error::custom(why));
        }
        Ok(Self(size.0))
    }
}

/// How much something may grow: by a share of what it was, or by bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Growth {
    /// `1%`
    Share(Percent),
    /// `64 KiB`
    Bytes(Size),
}

impl std::str::FromStr for Growth {
    type Err = String;

    /// Fails with a sentence that shows the accepted form.
    fn from_str(text: &str) -> Result<Self, String> {
        if text.trim_end().ends_with('%') {
            return text.parse().map(Self::Share);
        }
        text.parse().map(Self::Bytes)
    }
}

impl Growth {
    /// The most that something may be that was `before`.
    pub(crate) fn from(self, before: u64) -> u64 {
        match self {
            Self::Share(it) => (before as f64 * (1.0 + it.0 / 100.0)).floor() as u64,
            Self::Bytes(it) => before.saturating_add(it.0),
        }
    }
}

impl std::fmt::Display for Growth {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Share(it) => write!(f, "{}%", it.0),
            Self::Bytes(it) => f.write_str(&human(it.0)),
        }
    }
}

impl<'de> Deserialize<'de> for Growth {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = |_| format!("`{text}` is no growth: write it like \"10%\" or \"1 KiB\"");
        text.parse()
            .map_err(wrong)
            .map_err(serde::de::Error::custom)
    }
}

/// A time, written in configuration as `"90s"`, `"10m"` or `"1h 30m"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Timeout(pub std::time::Duration);

impl<'de> Deserialize<'de> for Timeout {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let span = text
            .parse::<jiff::SignedDuration>()
            .ok()
            .and_then(|duration| std::time::Duration::try_from(duration).ok());
        span.filter(|span| !span.is_zero())
            .map(Self)
            .ok_or_else(|| {
                serde::de::Error::custom(format!(
                    "`{text}` is no time: write it like \"90s\", \"10m\" or \"1h 30m\""
                ))
            })
    }
}

/// An age in days, written in configuration as `"45d"`, `"6 weeks"` or `"12h"`.
#[derive(Debug, Clone, Copy, PartialEq, PartialOrd)]
pub(crate) struct Age(pub f64);

impl<'de> Deserialize<'de> for Age {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl std::str::FromStr for Age {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let span = text.parse::<jiff::Span>().ok();
        let days = span.and_then(|span| {
            let by_clock = jiff::SpanRelativeTo::days_are_24_hours();
            span.total((jiff::Unit::Day, by_clock)).ok()
        });
        days.filter(|days| *days > 0.0).map(Self).ok_or_else(|| {
            format!("`{text}` is no age: write it like \"45d\", \"6 weeks\" or \"12h\"")
        })
    }
}

/// Bytes for people, in binary units with two decimals: `1.48 MiB`; below 1 KiB exactly.
pub(crate) fn human(bytes: u64) -> String {
    const STEPS: [(&str, u64); 3] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match STEPS.iter().find(|(_, step)| bytes >= *step) {
        Some((unit, step)) => format!("{:.2} {unit}", bytes as f64 / *step as f64),
        None => format!("{bytes} B"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_both_kinds_of_units() {
        for (text, bytes) in [
            ("25 MiB", 26_214_400),
            ("800kB", 800_000),
            ("1234", 1234),
            ("1.5 KiB", 1536),
        ] {
            assert_eq!(text.parse(), Ok(Size(bytes)), "{text}");
        }
        for text in ["", "MiB", "25 MiX", "-1", "1e3 MB", "99999999999 GiB"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn ages_are_days() {
        let age = |text: &str| {
            let value = toml::Value::String(text.into());
            Age::deserialize(value).ok().map(|age| age.0)
        };
        assert_eq!(age("45d"), Some(45.0));
        assert_eq!(age("6 weeks"), Some(42.0));
        assert_eq!(age("12h"), Some(0.5));
        for text in ["", "45", "0d", "-1d", "3 months"] {
            assert_eq!(age(text), None, "{text}");
        }
    }

    #[test]
    fn people_read_binary_units() {
        assert_eq!(human(1023), "1023 B");
        assert_eq!(human(1_552_544), "1.48 MiB");
    }
}

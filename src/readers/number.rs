//! Writes numbers for people.

/// `1,234,567`
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 site`, `1,234 sites`, `2 entries`; of several words the last one counts: `1 hot call`, `3 hot calls`.
pub fn counted(number: u64, noun: &str) -> String {
    let count = grouped(number);
    match noun.strip_suffix('y') {
        _ if number == 1 => format!("{count} {noun}"),
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{count} {stem}ies"),
        _ => format!("{count} {noun}s"),
    }
}

/// [`counted`] for a `usize`.
pub fn counted_of(number: usize, noun: &str) -> String {
    counted(number as u64, noun)
}

/// `-1,234`, `+5`, or a dot for nothing.
pub fn change(before: u64, after: u64) -> String {
    match after.cmp(&before) {
        std::cmp::Ordering::Equal => "·".into(),
        std::cmp::Ordering::Less => format!("-{}", grouped(before - after)),
        std::cmp::Ordering::Greater => format!("+{}", grouped(after - before)),
    }
}

/// `31.2 %` of a whole.
pub fn share(part: u64, whole: u64) -> String {
    format!("{:.1} %", part as f64 / whole.max(1) as f64 * 100.0)
}

/// `-31.2 %`; `new` where there was nothing before.
pub fn percent(before: u64, after: u64) -> String {
    if before == 0 {
        return "new".into();
    }
    format!("{:+.1} %", (after as f64 / before as f64 - 1.0) * 100.0)
}

/// Bytes as lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |number: u8| char::from(DIGITS[usize::from(number)]);
    let digits = bytes
        .iter()
        .flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]);
    digits.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_plural() {
        assert_eq!(counted(1, "site"), "1 site");
        assert_eq!(counted(0, "site"), "0 sites");
        assert_eq!(counted(1234, "hot call"), "1,234 hot calls");
        assert_eq!(counted(2, "entry"), "2 entries");
        assert_eq!(counted(2, "day"), "2 days");
    }

    #[test]
    fn bytes_are_two_digits_each() {
        assert_eq!(hex(&[0, 0x0f, 0xa0, 0xff]), "000fa0ff");
    }
}

//! Lesson 14, too: calls that have a cheaper form for what is done with their results, and conversions made again.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, What};
use crate::advise::shape::Cheaper;

/// Percent from which on a change of one call is worth it: a part of what it costs stays.
const WORTH: f64 = 1.5;

/// The Go that has `Cut`.
const CUTS: (u32, u32) = (1, 18);

/// The Go that has `SplitSeq` and its like.
const WALKS: (u32, u32) = (1, 24);

/// What is said of a call whose result is only looked at in part.
pub(super) fn call(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    let written = it.shape?.cheaper.as_ref()?;
    if written.callee != callee || it.share.lower() < WORTH {
        return None;
    }
    let (package, function) = callee.split_once('.')?;
    let (attempt, unless) = match written.form {
        Cheaper::Cut if it.go >= CUTS => (
            format!(
                "`before, after, found := {package}.Cut(...)`: it makes no slice, and `found` says whether there are two parts"
            ),
            "the separator may be empty: then Cut does something else",
        ),
        Cheaper::Walk if it.go >= WALKS => (
            format!(
                "range over {package}.{function}Seq: it gives one part after the other, and makes no slice"
            ),
            "the loop changes what is split",
        ),
        Cheaper::Count => (
            format!("{package}.Count(...) + 1: it makes no slice"),
            "the separator may be empty",
        ),
        _ => return None,
    };
    let seen = match written.form {
        Cheaper::Cut => "makes a slice of which only the parts around the first separator are read",
        Cheaper::Walk => "makes a slice that is walked over once",
        Cheaper::Count => "makes a slice of which only the length is asked",
    };
    Some(Advice {
        seen: format!("{callee} {seen}"),
        attempt,
        unless: unless.into(),
    })
}

/// What is said of a conversion that a function makes of the same value on several lines; it counts where more of them cost.
pub(super) fn conversion(it: &Evidence<'_>) -> Option<Advice> {
    if !it.is(Class::Conversion) || !it.via().is_empty() {
        return None;
    }
    if let Some(advice) = counted_bytes(it) {
        return Some(advice);
    }
    let text = it.shape?.converted_again.as_ref()?;
    Some(Advice {
        seen: format!("`{text}` copies the same value on several lines of this function"),
        attempt: "convert once and use the copy".into(),
        unless: match text.starts_with("string(") {
            true => "most runs get to one of the lines only, or the value changes in between",
            false => "most runs get to one of the lines only, or somebody changes the bytes",
        }
        .into(),
    })
}

/// Whether what [`conversion`] says needs another line of the function that does the same.
pub(super) fn needs_others(it: &Evidence<'_>) -> bool {
    it.is(Class::Conversion) && counted_bytes(it).is_none()
}

/// What is said of `len(strings.Split(string(b), sep))`: nothing of it is needed.
fn counted_bytes(it: &Evidence<'_>) -> Option<Advice> {
    let call = it.shape?.cheaper.as_ref()?;
    (call.of_bytes && call.form == Cheaper::Count).then(|| Advice {
        seen: "bytes are copied into a string and split, and only the number of parts is asked"
            .into(),
        attempt: "bytes.Count(b, sep) + 1: it copies nothing and makes no slice".into(),
        unless: "the separator may be empty".into(),
    })
}

/// What is said of a string that is put together only to be the key of a map.
pub(super) fn key(it: &Evidence<'_>) -> Option<Advice> {
    let joins = match it.what {
        What::Call(callee) => callee == "fmt.Sprintf",
        What::Cost { .. } => it.is(Class::Concat) && it.via().is_empty(),
    };
    let is_key = it.shape.is_some_and(|shape| shape.key_only);
    (joins && is_key && it.share.lower() >= WORTH).then(|| Advice {
        seen: "a string is put together only to be the key of a map".into(),
        attempt: "take a struct as the key, `struct{ a, b string }`: it needs no memory, and no separator that a part may hold".into(),
        unless: "the map is written or handed on with its strings".into(),
    })
}

/// What is said of a power whose exponent stands there.
pub(super) fn power(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    let text = &it.shape?.text;
    let exponent = exponent(text).filter(|_| callee == "math.Pow")?;
    let attempt = match exponent {
        "2" | "2.0" => "multiply: `x * x`",
        "3" | "3.0" => "multiply: `x * x * x`",
        "0.5" | ".5" => "math.Sqrt, which is one instruction",
        _ => return None,
    };
    (it.measure == Measure::Cpu && it.share.lower() >= WORTH).then(|| Advice {
        seen: format!("math.Pow is called with the exponent {exponent}"),
        attempt: attempt.into(),
        unless: "the last bit of the result matters (for 3), or x is minus infinity or minus zero (for 0.5)".into(),
    })
}

/// The second argument of `math.Pow(...)` in a line.
fn exponent(line: &str) -> Option<&str> {
    let (_, given) = line.split_once("math.Pow(")?;
    let mut depth = 0_i32;
    let mut comma = None;
    for (at, byte) in given.bytes().enumerate() {
        match byte {
            b'(' | b'[' | b'{' => depth += 1,
            b')' if depth == 0 => return Some(given[comma? + 1..at].trim()),
            b')' | b']' | b'}' => depth -= 1,
            b',' if depth == 0 => comma = Some(at),
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::{Interval, Source};

    #[test]
    fn the_exponent_is_the_second_argument() {
        assert_eq!(exponent("y := math.Pow(f(a, b), 2) + 1"), Some("2"));
        assert_eq!(exponent("y := math.Pow(x, n)"), Some("n"));
        assert_eq!(exponent("y := math.Pow(x,"), None);
        assert_eq!(exponent("y := pow(x, 2)"), None);
    }

    #[test]
    fn a_form_is_named_where_the_module_has_it() {
        const FILE: &str = "package p

func f(line string) {
	kv := strings.SplitN(line, \":\", 2)
	use(kv[0], kv[1])
	for _, part := range strings.Fields(line) { use(part) }
}
";
        let source = Source::new(FILE.into()).unwrap();
        let found = |line, callee, go, percent| {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::Other, &shape);
            evidence.what = What::Call(callee);
            (evidence.go, evidence.share) = (go, Interval::new(1000, percent, 100));
            call(&evidence, callee).map(|advice| advice.attempt)
        };
        let cut = found(4, "strings.SplitN", (1, 18), 5).unwrap();
        assert!(cut.contains("strings.Cut("), "{cut}");
        assert_eq!(found(4, "strings.SplitN", (1, 17), 5), None);
        assert_eq!(found(4, "strings.SplitN", (1, 18), 1), None, "little");
        assert_eq!(found(4, "strings.Index", (1, 18), 5), None, "another call");
        let walk = found(6, "strings.Fields", (1, 24), 5).unwrap();
        assert!(walk.contains("strings.FieldsSeq"), "{walk}");
        assert_eq!(found(6, "strings.Fields", (1, 23), 5), None);
    }
}

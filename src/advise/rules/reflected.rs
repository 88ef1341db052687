//! Lesson 15, too: calls that go by reflection where a typed form is at hand.

use crate::advise::rule::{Advice, Evidence, Measure};

/// Functions that go by reflection, what to do instead, and when not to.
const REFLECTED: &[(&[&str], &str, &str)] = &[
    (
        &["reflect.DeepEqual"],
        "compare the fields that matter; slices.Equal, maps.Equal and bytes.Equal know their types",
        "the types are many or deep: then a method Equal has to be kept up with them",
    ),
    (
        &[
            "fmt.Sscanf",
            "fmt.Sscan",
            "fmt.Sscanln",
            "fmt.Fscanf",
            "fmt.Fscan",
            "fmt.Fscanln",
        ],
        "take the text apart (strings.Cut, strings.Fields, a bufio.Scanner with ScanWords) and convert the parts with strconv",
        "the input is what a person types",
    ),
    (
        &["encoding/binary.Read", "encoding/binary.Write"],
        "take numbers from the bytes and put them there: `binary.BigEndian.Uint32(b[4:])`, `binary.BigEndian.AppendUint32(b, n)`",
        "one call reads or writes a long slice of numbers: that goes without reflection already",
    ),
];

/// Percent from which on a typed form is worth its code.
const WORTH: f64 = 2.0;

/// What is said of a call that goes by reflection.
pub(super) fn call(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let mut all = REFLECTED.iter();
    let (_, attempt, unless) = all.find(|entry| entry.0.contains(&callee))?;
    let short = callee.rsplit('/').next().unwrap_or(callee);
    (measured && it.share.lower() >= WORTH).then(|| Advice {
        seen: format!("{short} finds out the types of its arguments by reflection each time"),
        attempt: (*attempt).into(),
        unless: (*unless).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::cost_class::Class;
    use crate::advise::{Interval, Source};

    #[test]
    fn a_typed_form_is_named_where_the_call_costs() {
        const FILE: &str = "package p

func same(a, b any) bool {
	return reflect.DeepEqual(a, b)
}
";
        let source = Source::new(FILE.into()).unwrap();
        let shape = source.shape(4).unwrap();
        let found = |callee, percent| {
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
            evidence.share = Interval::new(1000, percent, 100);
            call(&evidence, callee).map(|advice| advice.seen)
        };
        let equal = found("reflect.DeepEqual", 5).unwrap();
        assert!(equal.starts_with("reflect.DeepEqual finds out"), "{equal}");
        let read = found("encoding/binary.Read", 5).unwrap();
        assert!(read.starts_with("binary.Read finds out"), "{read}");
        assert_eq!(found("reflect.DeepEqual", 1), None);
        assert_eq!(found("reflect.TypeOf", 5), None);
    }
}

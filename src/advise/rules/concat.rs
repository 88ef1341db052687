//! Lesson 5: strings that become longer in a loop.

use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO305",
    lesson: 5,
    summary: "a string becomes longer in a loop, or is copied only to be written or cut",
    manual: "\
What it sees: time or memory spent on concatenation on a line such as `s += x` in a loop, where s is
declared outside of the loop; and on conversion in `Write([]byte(s))` and `string(b)[:n]`, and on
concatenation in `WriteString(a + b)`.

Why it matters: each round copies all of the string so far: n pieces cost n * n / 2. The compiler's
escape report does not show it.

What to do: a strings.Builder outside of the loop, with Grow where the length is known; or collect
the pieces and strings.Join them. io.WriteString for a string. `range string(b)` is left alone: the loop
with utf8.DecodeRune is not faster.

When not to: a single expression `a + b + c` is one allocation and needs nothing. So does a loop of
two or three rounds. The rule is silent where each round needs the string so far, and where a heap
profile shows that the strings of the line have one size: then they never become longer.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let copies = it.is(Class::Conversion) || (it.is(Class::New) && it.measure != Measure::Cpu);
    if measured
        && copies
        && it.via().is_empty()
        && let Some(advice) = conversion(&it.shape?.text)
        && !it.shape?.hashes
    {
        return Some(advice);
    }
    let shape = it.shape?;
    let joins = it.is(Class::Concat) || it.is(Class::Conversion);
    if measured && joins && it.via().is_empty() && shape.joins_to_write {
        return Some(Advice {
            seen: "strings are put together only to be written".into(),
            attempt: "write them one after the other: `w.WriteString(a)`, `w.WriteString(b)`"
                .into(),
            unless: "each write goes to a file or a connection: put a bufio.Writer between first"
                .into(),
        });
    }
    let is_built = |name: &&String| !shape.read_per_round.contains(name);
    let name = shape.lengthened.iter().find(is_built)?;
    if !measured || !it.is(Class::Concat) || it.grows_never() {
        return None;
    }
    Some(Advice {
        seen: format!("`{name}` becomes longer in a loop: each round copies all of it"),
        attempt: format!(
            "write to a strings.Builder instead, and set `{name}` after the loop; or strings.Join the pieces"
        ),
        unless: "the loop has two or three rounds".into(),
    })
}

/// A copy that another call spares, by the text of the line.
fn conversion(text: &str) -> Option<Advice> {
    let (seen, attempt, unless) = if text.contains(".Write([]byte(") {
        (
            "a string is copied into bytes only to be written",
            "io.WriteString(w, s): files, buffers and HTTP responses take a string as it is",
            "the writer has no WriteString: then it copies all the same",
        )
    } else if cuts(text) {
        (
            "all of the bytes are copied into a string, and only a part of it is used",
            "cut first: `string(b[:n])` in place of `string(b)[:n]`",
            "the rest of the string is used elsewhere",
        )
    } else {
        return None;
    };
    Some(Advice {
        seen: seen.into(),
        attempt: attempt.into(),
        unless: unless.into(),
    })
}

/// `string(b)[:n]`
fn cuts(text: &str) -> bool {
    let mut behind = text.match_indices("string(").filter_map(|(at, word)| {
        let before = text[..at].chars().next_back();
        let alone =
            before.is_none_or(|before| !before.is_alphanumeric() && before != '_' && before != ']');
        let rest = text[at + word.len()..].split_once(')')?;
        (alone && !rest.0.contains('(')).then_some(rest.1)
    });
    // `[1:]` uses nearly all of it.
    let has_end = |range: &str| {
        let end = range
            .split_once(']')
            .and_then(|(range, _)| range.split_once(':'));
        end.is_some_and(|(_, end)| !end.trim().is_empty())
    };
    behind.any(|text| text.strip_prefix('[').is_some_and(has_end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;

    #[test]
    fn a_string_is_cut_first_where_an_end_is_named() {
        for (text, named) in [
            ("s := string(b)[:n]", true),
            ("s := string(b)[1:n]", true),
            ("s := string(b)[1:]", false),
            ("s := string(b)[i]", false),
        ] {
            assert_eq!(conversion(text).is_some(), named, "{text}");
        }
    }

    #[test]
    fn a_hash_takes_no_string() {
        const FILE: &str = "package p

func sum(kind crypto.Hash, w io.Writer, name string) []byte {
	h := kind.New()
	digest := hash.New()
	digest.Write([]byte(name))
	w.Write([]byte(name))
	h.Write([]byte(name))
	return h.Sum(nil)
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [(6, false), (7, true)] {
            let shape = source.shape(line).unwrap();
            let evidence = Evidence::of_line(Measure::Cpu, Class::Conversion, &shape);
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }

    #[test]
    fn what_is_only_written_is_not_put_together() {
        for (line, named) in [
            ("w.WriteString(name + \": \" + value)", true),
            ("io.WriteString(w, name+value)", true),
            ("w.WriteString(\"a\" + \"b\")", false),
            ("w.WriteString(name)", false),
            ("w.WriteString(quote(name + value))", false),
        ] {
            let text = format!("package p\n\nfunc f() {{\n\t{line}\n}}\n");
            let shape = Source::new(text.into_bytes()).unwrap().shape(4).unwrap();
            let evidence = Evidence::of_line(Measure::Cpu, Class::Concat, &shape);
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }

    #[test]
    fn what_each_round_reads_is_not_built_behind_the_loop() {
        const FILE: &str = "package p

func join(words []string) string {
	all := \"\"
	for _, word := range words {
		if len(all) > 0 {
			all += \", \"
		}
		all += word
	}
	return all
}

func shift(left, right string) int {
	best := 0
	for right != \"\" {
		left += right[:1]
		right = right[1:]
		best = max(best, score(left, right))
	}
	return best
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [(7, true), (9, true), (17, false)] {
            let shape = source.shape(line).unwrap();
            let evidence = Evidence::of_line(Measure::Allocated, Class::Concat, &shape);
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }
}

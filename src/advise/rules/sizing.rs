//! Lesson 3: slices and maps that grow in a loop whose length is known before it begins.

use crate::advise::Sizes;
use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::advise::shape::Growth;
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO303",
    lesson: 3,
    summary: "a slice or a map grows in a loop whose length is known",
    manual: "\
What it sees: time or memory spent growing a slice or a map on a line that fills it in a loop, where
the slice or the map begins empty in the same function, nothing in the loop decides per element, and
the number of rounds stands in the text: a range over a slice, or a counted loop. And, without such a
bound, at least 15 % of the allocated bytes in growing one slice in a loop, or a field of the receiver by one call at a
time: no size is advised then, and nothing where the file gives the field a size or keeps its array ([:0]).
Silent where lists of unknown length are appended, unless they are bytes of a field.
All of these are silent where a heap profile shows that most arrays do not grow several times.
With a bound it needs 2 % of the bytes; of the CPU, what `[advise] min-share` says. Behind a filter a bound counts for nothing,
and it needs a loop that ends somewhere and a heap profile.
Silent where a heap profile shows that nine of ten objects of the line have one size: then nothing grows.

Why it matters: a slice that grows to n elements copies about as many on the way and leaves the old
arrays to the collector; a map writes its entries again each time it doubles.

What to do: give the size once: make([]T, 0, len(xs)), make(map[K]V, len(xs)).

When not to: where a filter keeps few elements, the bound is only an upper one: the larger memory
costs more than the growth. The rule is silent there. Up to eight entries a map gains nothing.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    if !matches!(it.measure, Measure::Cpu | Measure::Allocated) || !it.via().is_empty() {
        return None;
    }
    // What is found out about a type is kept.
    let shape = it.shape.filter(|shape| !shape.function.by_type)?;
    let (grown, make) = if it.is(Class::Append) {
        (&shape.appends, "make([]T, 0, ")
    } else if it.is(Class::MapGrow) {
        (&shape.writes, "make(map[K]V, ")
    } else {
        return None;
    };
    let known =
        |growth: &&Growth| growth.begins_empty && !growth.filtered && growth.bound.is_some();
    if it.grows_never() {
        return None;
    }
    let Some(growth) = grown.iter().find(known) else {
        return unbounded(it, grown);
    };
    if !is_worth(it) {
        return None;
    }
    let bound = growth.bound.as_ref()?;
    let what = match it.is(Class::Append) {
        true => "the slice",
        false => "the map",
    };
    let at_least = match growth.at_least {
        true => "at least ",
        false => "",
    };
    Some(Advice {
        seen: format!(
            "{what} `{}` begins empty and grows in a loop to {at_least}{bound} elements",
            growth.name
        ),
        attempt: format!("give it {at_least}this size where it is declared: {make}{bound})"),
        unless:
            "most rounds leave it as it is, or the function is called with a handful of elements"
                .into(),
    })
}

/// Whether a size saves one percent: of the bytes about half is what grew before. Of time, `min-share` says what matters.
fn is_worth(it: &Evidence<'_>) -> bool {
    it.measure != Measure::Allocated || it.share.lower() >= 2.0
}

/// Percent of the allocated bytes from which on a slice without a visible bound is worth a look: somebody has to guess its size,
/// and in fresh programs most such findings below that were not worth the change.
const MUCH: f64 = 15.0;

/// A slice that grows, nobody knows how far, where that is much of what is allocated.
fn unbounded(it: &Evidence<'_>, grown: &[Growth]) -> Option<Advice> {
    let much = it.measure == Measure::Allocated && it.share.lower() >= MUCH;
    // What else the line allocates cannot be told from the growth in a heap profile.
    let alone = it
        .sites
        .iter()
        .all(|site| !site.0.allocates() || site.0 == escape::Class::Append);
    // Where most get their room in one or two steps there is little to save, and nobody knows a size.
    let grows = it.sizes.is_none_or(Sizes::are_many);
    if !much || !alone || !grows || !it.is(Class::Append) {
        return None;
    }
    let shape = it.shape?;
    if !shape.in_loop {
        // One that grows by an element per call belongs to somebody who lives longer: `p.tokens`.
        let field = shape.grows_field.as_ref()?;
        return Some(Advice {
            seen: format!(
                "`{field}` grows by one call at a time, and each step leaves an array behind"
            ),
            attempt: format!(
                "give `{field}` a size where it is made, from what is known there (the length of the input, the size of the time before), or keep its array: `{field} = {field}[:0]`"
            ),
            unless: "most are short and few are very long: then memory lies idle".into(),
        });
    }
    // slices.Grow came with Go 1.21.
    let by = match it.go >= (1, 21) {
        true => " (slices.Grow)",
        false => "",
    };
    // What gets a size has the one that somebody chose; where the loop returns it, nobody knows it; nor behind a filter, unless
    // the loop ends somewhere and the sizes of its arrays show that most grow several times.
    let grows = it.sizes.is_some_and(Sizes::are_many);
    let open = |growth: &&Growth| {
        let is_seen = !growth.sized && !growth.nobody_knows && !growth.by_lists;
        is_seen && (!growth.filtered || grows && growth.ends_somewhere)
    };
    let growth = grown.iter().find(open)?;
    let name = &growth.name;
    Some(Advice {
        seen: format!("`{name}` grows step by step in a loop: each step leaves an array behind"),
        attempt: room(growth, by),
        unless: match growth.filtered {
            true => "many calls put nothing in, which costs no memory today",
            false => "most are short and few are very long: then memory lies idle",
        }
        .into(),
    })
}

/// What to do with a slice without a visible bound.
fn room(growth: &Growth, by: &str) -> String {
    let name = &growth.name;
    if growth.handed {
        return format!(
            "`{name}` is a parameter: give it room where callers make it, or, where its length can be counted, before the loop{by}"
        );
    }
    match name.contains('.') && !name.contains('*') {
        // Only what lives longer has an array of the time before.
        true => format!(
            "grow it once before the loop to what is usual{by}, or keep the array of the time before: `{name} = {name}[:0]`"
        ),
        false => {
            format!(
                "give it the room that is usual, or that can be counted, once before the loop{by}"
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;

    #[test]
    fn a_slice_that_begins_with_a_size_has_the_one_that_somebody_chose() {
        const FILE: &str = "package p

func all(l Lexer) []Token {
	tokens := make([]Token, 0, 1024)
	for l.more() {
		tokens = append(tokens, l.next())
	}
	return tokens
}

func some(l Lexer) (tokens []Token) {
	for l.more() {
		tokens = append(tokens, l.next())
	}
	return tokens
}
";
        let source = Source::new(FILE.into()).unwrap();
        let advice = |line: i64| advice(&source, line);
        assert_eq!(advice(6), None);
        let found = advice(13).unwrap().attempt;
        assert!(
            found.contains("slices.Grow") && !found.contains("[:0]"),
            "{found}"
        );
    }

    #[test]
    fn a_slice_that_callers_hand_in_is_theirs_to_size() {
        const FILE: &str = "package p

func encode(to []byte, l Lexer) []byte {
	for l.more() {
		to = append(to, l.next())
	}
	return to
}
";
        let found = advice(&Source::new(FILE.into()).unwrap(), 5).unwrap();
        assert!(found.attempt.contains("where callers make it"), "{found:?}");
    }

    #[test]
    fn a_literal_that_runs_many_times_fills_what_the_run_before_has_left() {
        const FILE: &str = "package p

func all(lists [][]string) (map[string]bool, string) {
	seen := map[string]bool{}
	text := \"\"
	add := func(words []string) {
		for _, word := range words {
			seen[word] = true
			text += word
		}
		own := map[string]bool{}
		for _, word := range words {
			own[word] = true
		}
	}
	for _, words := range lists {
		add(words)
	}
	return seen, text
}
";
        let source = Source::new(FILE.into()).unwrap();
        let begins = |line: i64| source.shape(line).unwrap().writes[0].begins_empty;
        assert!(!begins(8) && begins(13));
        assert!(source.shape(9).unwrap().lengthened.is_empty());
    }

    #[test]
    fn where_nobody_can_say_how_far_it_grows_nothing_is_said() {
        const FILE: &str = "package p

func siblings(c *Node, count bool) (result []*Node) {
	switch {
	case count:
		result = make([]*Node, 0, number(c))
	}
	for ; c != nil; c = c.Next {
		result = append(result, c)
	}
	return
}

func one(c *Node) (result []*Node) {
	for ; c != nil; c = c.Next {
		result = append(result, c)
		if c.last {
			return
		}
	}
	return
}

func parse(s *sequence) (out []Value, err error) {
	for n := s; n != nil; n = n.next {
		out = append(out, n.parse()...)
		if n.bad {
			return out, errBad
		}
	}
	return out, nil
}

func upgrade(l Lexer) *Peeking {
	r := &Peeking{}
	for {
		r.tokens = append(r.tokens, l.Next())
		if l.EOF() {
			return r
		}
	}
}

func (e *encoder) all(l Lexer) {
	for l.more() {
		e.s = append(e.s, l.next())
	}
}

func group(words []Word) map[string][]Word {
	groups := map[string][]Word{}
	for _, word := range words {
		groups[word.text] = append(groups[word.text], word)
	}
	return groups
}
";
        let source = Source::new(FILE.into()).unwrap();
        for line in [9, 16, 26, 37, 53] {
            assert_eq!(advice(&source, line), None, "{line}");
        }
        assert!(advice(&source, 46).is_some());
    }

    #[test]
    fn only_a_loop_that_counts_to_its_end_has_a_bound() {
        const FILE: &str = "package p

func sections(ua string) (all []section) {
	for at, limit := 0, len(ua); at < limit; {
		all = append(all, parse(ua, &at))
	}
	for at := 0; at < len(ua); at++ {
		all = append(all, parse(ua, &at))
	}
	return all
}

func until(ua string, end byte) []byte {
	var found []byte
	for i := 0; i < len(ua); i++ {
		if ua[i] == end {
			return found
		}
		found = append(found, ua[i])
	}
	return found
}

func upper(ua string) []byte {
	var found []byte
	for i := 0; i < len(ua); i++ {
		found = append(found, up(ua[i]))
	}
	return found
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, sized) in [(5, false), (8, false), (27, true)] {
            let found = advice(&source, line).unwrap().attempt;
            assert_eq!(found.contains("len(ua)"), sized, "{line}: {found}");
        }
        assert_eq!(advice(&source, 19), None);
    }

    #[test]
    fn a_field_is_named_where_its_owner_did_not_think_of_its_size() {
        const FILE: &str = "package p

func (p *Parser) add(t Token) {
	p.tokens = append(p.tokens, t)
}

func (n *Node) put(t Step) {
	n.steps = append(n.steps, t)
}

func (n *Node) reset() { n.steps = n.steps[:0] }

func (b *Build) push(t Step) {
	b.stack = append(b.stack, t)
}

func newBuild() *Build { return &Build{stack: make([]Step, 0, 64)} }

func (b *Bits) room(n int) {
	if len(b.words) < n {
		b.words = append(b.words, make([]byte, n)...)
	}
}

func (q *Query) where(c Condition) {
	q.all[q.at] = append(q.all[q.at], c)
}

func describe(of reflect.Type) (fields []Field) {
	for i := 0; i < of.NumField(); i++ {
		fields = append(fields, field(of, i))
	}
	return fields
}

func appendChild(parent Node, child Node) {
	container := parent.AsContainer()
	container.Children = append(container.Children, child)
}

func long(words Words) (found []string) {
	for words.next() {
		if word := words.word(); len(word) > 9 {
			found = append(found, word)
		}
	}
	return found
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [
            (4, true),
            (8, false),
            (14, false),
            (21, false),
            (26, false),
            (31, false),
            (38, false),
            (44, false),
        ] {
            assert_eq!(advice(&source, line).is_some(), named, "{line}");
        }
    }

    #[test]
    fn lists_of_unknown_length_tell_of_no_size() {
        const FILE: &str = "package p

type Writer struct {
	buf []byte
}

func read(r Reader, n int) (all []float64) {
	for i := range n {
		all = append(all, r.list(i)...)
	}
	return all
}

func squeeze(l Lexer, text []byte) (all []byte) {
	for l.more() {
		all = append(all, text[l.at:l.end]...)
	}
	return all
}

func (s *Shape) Push(other *Shape) {
	s.points = append(s.points, other.points...)
}

func (w *Writer) Write(b []byte) {
	w.buf = append(w.buf, b...)
}

func (w *Writer) End(b []byte) []byte {
	return append(w.buf, b...)
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [(9, false), (16, true), (22, false), (26, true), (30, false)] {
            assert_eq!(advice(&source, line).is_some(), named, "{line}");
        }
    }

    #[test]
    fn behind_a_filter_the_sizes_of_the_arrays_tell_that_it_grows() {
        const FILE: &str = "package p

func long(words Words) (found []string) {
	for words.next() {
		if word := words.word(); len(word) > 9 {
			found = append(found, word)
		}
	}
	return found
}

func some(words []string) (found []string) {
	for _, word := range words {
		if len(word) > 9 {
			found = append(found, word)
		}
	}
	return found
}

func filter(words []string, keep func(string) bool) (found []string) {
	for _, word := range words {
		if keep(word) {
			found = append(found, word)
		}
	}
	return found
}

func different(words []string, seen map[string]bool) (found []string) {
	for _, word := range words {
		if !seen[word] {
			seen[word] = true
			found = append(found, word)
		}
		if !slices.Contains(found, word) {
			found = append(found, word)
		}
	}
	return found
}
";
        let source = Source::new(FILE.into()).unwrap();
        let found = |line, sizes| {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::Append, &shape);
            evidence.sizes = sizes;
            run(&evidence).is_some()
        };
        let (few, many) = (
            Sizes::of(&[(16, 70), (32, 40)]),
            Sizes::of(&[(16, 40), (32, 40), (64, 30)]),
        );
        for (sizes, named) in [(None, false), (Some(&few), false), (Some(&many), true)] {
            assert_eq!(found(15, sizes), named, "{sizes:?}");
            assert!(!found(6, sizes), "nobody knows how far");
            assert!(!found(24, sizes), "callers know");
            assert!(!found(34, sizes), "each once");
            assert!(!found(37, sizes), "each once");
        }
    }

    #[test]
    fn what_never_grows_and_what_the_module_may_not_use_is_not_advised() {
        const FILE: &str = "package p

func known(xs []int) (out []int) {
	out = append(out, 0)
	for _, x := range xs {
		out = append(out, x)
	}
	return out
}

func open(l Lexer) (out []int) {
	for l.more() {
		out = append(out, l.next())
	}
	return out
}
";
        let source = Source::new(FILE.into()).unwrap();
        let (one, several) = (
            Sizes::of(&[(8, 100)]),
            Sizes::of(&[(8, 100), (16, 90), (32, 80)]),
        );
        let found = |line, sizes, go| {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::Append, &shape);
            evidence.sizes = Some(sizes);
            evidence.go = go;
            run(&evidence).map(|advice| advice.attempt)
        };
        for line in [6, 13] {
            assert_eq!(found(line, &one, (1, 26)), None, "{line}");
        }
        let known = found(6, &several, (1, 26)).unwrap();
        assert!(known.ends_with("make([]T, 0, len(xs)+1)"), "{known}");
        for (go, named) in [((1, 20), false), ((1, 21), true)] {
            let open = found(13, &several, go).unwrap();
            assert_eq!(open.contains("slices.Grow"), named, "{open}");
        }
    }

    fn advice(source: &Source, line: i64) -> Option<Advice> {
        let shape = source.shape(line).unwrap();
        let mut evidence = Evidence::of_line(Measure::Allocated, Class::Append, &shape);
        evidence.sites.push((escape::Class::Append, "append"));
        run(&evidence)
    }
}

//! Lesson 17: variables that the compiler moves to the heap, where that costs.

use crate::advise::Shape;
use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule};
use crate::advise::shape::{ArrayForBranches, InBranch};
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO317",
    lesson: 17,
    summary: "a variable or a function literal that is moved to the heap costs",
    manual: "\
What it sees: time or memory spent on allocation at a line of which the compiler says `moved to heap`
or, in a loop, that a function literal escapes which needs nothing of the round.

Why it matters: most lines with such a message never allocate in practice. This one does, and often a
small change keeps the variable on the stack.

What to do: where the address is taken in a branch only, such as that of an error, or a function literal
there uses the variable, a copy made there leaves the variable itself on the stack; a variable that
branches have filled gets another there, and is set from it. An array of which only branches make a slice
is allocated there. A copy of what stands behind a pointer, `x := p.f`, can be a pointer to it. `gobuild-opt escape --why FILE:LINE` shows how the address gets away. A loop variable: use
a copy of only what is needed, or `p := &xs[i]`. A variable captured by a literal: hand it over as an
argument.

When not to: where the variable must outlive the function, it belongs on the heap; the rule is silent
where the function returns or stores its address, or hands it to who fills it (Unmarshal, Scan, Read; or any
`var x T` whose address goes to a call), where every run takes it, and where a heap profile shows that
three of ten runs or more get to the branch.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    if !measured || !it.is(Class::New) || !it.via().is_empty() {
        return None;
    }
    let shape = it.shape?;
    // The compiler's own variables, of loops over functions, begin with `#`.
    let own = |entry: &&(escape::Class, &str)| {
        entry.0 == escape::Class::Moved && !entry.1.starts_with('#')
    };
    let moved = it.sites.iter().find(own);
    if let Some((_, name)) = moved {
        return variable(it, shape, name);
    }
    // One that is returned, or made once, is what the function is for.
    let literal = it.sites.iter().any(|site| site.0 == escape::Class::Closure);
    // The body of a loop over a function is one, too.
    (literal && shape.constant_literal && !shape.text.starts_with("for ")).then(|| Advice {
        seen: "a function literal is allocated each time".into(),
        attempt: "make it once, before the loop: it needs nothing of the round".into(),
        unless: "it must keep its variables after the function returns".into(),
    })
}

/// Percent from which on it is worth to search for how an address gets away.
const SEARCH: f64 = 5.0;

/// A variable of the compiler's message.
fn variable(it: &Evidence<'_>, shape: &Shape, name: &str) -> Option<Advice> {
    // What C gets is left to GBO318.
    let to_c = shape.function.to_c.iter().any(|given| given.0 == name);
    // A variable of a function that is inlined here is nothing that this line can change.
    if to_c || !shape.function.mentioned.iter().any(|text| text == name) {
        return None;
    }
    let array = shape.array_for_branches.as_ref();
    if let Some(array) = array.filter(|array| array.name == name) {
        return rarely(it).then(|| array_of_branches(array));
    }
    // What is known of a name may be of another variable.
    if shape.function.repeated.iter().any(|text| text == name) {
        return None;
    }
    let mut branches = shape.function.in_branch.iter();
    if let Some(branch) = branches.find(|branch| branch.name == name) {
        return because_of_branches(it, shape, branch);
    }
    let is_it = |text: &String| text == name;
    // Only a method takes the address: nothing here can be written otherwise.
    let taken = shape
        .function
        .addressed
        .iter()
        .find(|taken| taken.0 == name)?;
    if shape.function.kept.iter().any(is_it) {
        return None;
    }
    // Without a change to name it must be worth a search, and a round must be able to do without: of a variable of the whole
    // function nothing here says that a run does not need its address.
    let is_copy = shape.copies.as_ref().is_some_and(|copy| copy.0 == name);
    let is_costly = shape.in_loop && it.share.lower() >= SEARCH;
    // One that begins empty is there for who fills it, or writes to it, by its address.
    if !is_copy && (!is_costly || shape.function.without_value.iter().any(is_it)) {
        return None;
    }
    let (copy, over) = shape
        .copies
        .as_ref()
        .map_or(("", ""), |copy| (&copy.0, &copy.1));
    let attempt = match name == copy && !over.is_empty() {
        true => format!(
            "take the address of the element: `for i := range {over} {{ {copy} := &{over}[i]`"
        ),
        false => format!(
            "its address is taken on line {}: where not every run needs that, take the address of a copy there; how it gets away: `gobuild-opt escape --why FILE:LINE`",
            taken.1
        ),
    };
    Some(Advice {
        seen: format!("`{name}` is moved to the heap each time"),
        attempt,
        unless: format!("`{name}` must live on after the function"),
    })
}

/// Objects of a branch for each of the variable, from which on the branch is no rare one.
const OFTEN: f64 = 0.3;

/// Whether nothing shows that runs take the branches often.
fn rarely(it: &Evidence<'_>) -> bool {
    it.branch_objects.is_none_or(|objects| objects < OFTEN)
}

/// `lines 5, 8 and 9`
fn on_lines(lines: &[i64]) -> String {
    let numbers: Vec<String> = lines.iter().map(i64::to_string).collect();
    match numbers.split_last() {
        Some((last, [])) => format!("line {last}"),
        Some((last, all)) => format!("lines {} and {last}", all.join(", ")),
        None => String::new(),
    }
}

/// An array of which only branches make a slice.
fn array_of_branches(array: &ArrayForBranches) -> Advice {
    let ArrayForBranches { name, made, lines } = array;
    Advice {
        seen: format!(
            "the array `{name}` is moved to the heap each time, and only branches make a slice of it ({})",
            on_lines(lines)
        ),
        attempt: format!(
            "allocate it where it is needed: declare a nil slice, and in a branch give it its room if it has none (`if {name} == nil {{ {name} = {made} }}`)"
        ),
        unless: "most runs take one of the branches".into(),
    }
}

/// A copy that function literals in branches use, of what stands behind a pointer.
fn behind_pointer(name: &str, from: &str, lines: &[i64]) -> Advice {
    Advice {
        seen: format!(
            "`{name}` is moved to the heap each time, because function literals in branches use it ({}), and it is a copy",
            on_lines(lines)
        ),
        attempt: format!("take a pointer in place of the copy: `{name} := &{from}`"),
        unless: format!("somebody sets {from} while the literals are in use"),
    }
}

/// What is said of a variable that is on the heap because of branches.
fn because_of_branches(it: &Evidence<'_>, shape: &Shape, branch: &InBranch) -> Option<Advice> {
    let name = &branch.name;
    let from = shape.copied_from_pointer.as_ref();
    if let Some((_, from)) = from.filter(|from| from.0 == *name && branch.captured) {
        return Some(behind_pointer(name, from, &branch.lines));
    }
    let is_empty = shape.function.without_value.contains(name);
    rarely(it).then(|| match is_empty && !branch.captured {
        true => filled_in_branches(branch),
        false => of_branches(branch),
    })
}

/// A variable without a value that branches have filled by its address.
fn filled_in_branches(branch: &InBranch) -> Advice {
    let name = &branch.name;
    Advice {
        seen: format!(
            "`{name}` is moved to the heap each time, because branches have it filled by its address ({})",
            on_lines(&branch.lines)
        ),
        attempt: format!(
            "declare a variable in the branch, have that filled, and set `{name} = other` at its end"
        ),
        unless: "most runs take the branch".into(),
    }
}

/// A variable that is on the heap because of branches.
fn of_branches(branch: &InBranch) -> Advice {
    let name = &branch.name;
    let lines = on_lines(&branch.lines);
    if branch.captured {
        return Advice {
            seen: format!(
                "`{name}` is moved to the heap each time, because function literals in branches use it ({lines})"
            ),
            attempt: format!(
                "make a copy in the branch, `other := {name}`, and let the literal use that: it alone is allocated then"
            ),
            unless: format!(
                "most runs take the branch, or a literal or what follows it changes `{name}`"
            ),
        };
    }
    Advice {
        seen: format!(
            "`{name}` is moved to the heap each time, because its address is taken in branches ({lines})"
        ),
        attempt: format!(
            "make a copy in each such branch, `other := {name}`, and take its address: it alone is allocated then"
        ),
        unless: format!("most runs take the branch, or `{name}` is changed through the pointer"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;

    #[test]
    fn a_variable_without_a_value_is_there_for_who_fills_it() {
        const FILE: &str = "package p

func filled(r Renderer) string {
	var out Buffer
	render(&out, r)
	return out.text
}

func counted(all []Renderer) int {
	for _, r := range all {
		info := Info{kind: 1}
		render(&info, r)
	}
}

func optioned(options ...func(*Info)) Info {
	all := Info{kind: 2}
	for _, option := range options {
		option(&all)
	}
	return all
}

func ordered(pairs []pair) bool {
	all := byKey{pairs, false}
	sort.Stable(&all)
	return all.sorted
}

func once(r Renderer) int {
	info := Info{kind: 1}
	render(&info, r)
	return info.kind
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, name, named) in [
            (4, "out", false),
            (11, "info", true),
            (17, "all", false),
            (25, "all", false),
            (31, "info", false), // every run needs it
        ] {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::New, &shape);
            evidence.sites.push((escape::Class::Moved, name));
            assert_eq!(run(&evidence).is_some(), named, "{name}");
        }
    }

    #[test]
    fn a_branch_that_most_runs_take_is_no_reason_and_a_copy_may_be_a_pointer() {
        const FILE: &str = "package p

func dump(ctx *context, value Value, more bool) {
	style := ctx.opts.style
	name := value.name()
	if more {
		write(func() string { return style.wrap(name) })
	}
	var parts []string
	if more {
		splitter := splitter{fields: &parts}
		splitter.scan()
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        let found = |line, name, objects| {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::New, &shape);
            evidence.sites.push((escape::Class::Moved, name));
            evidence.branch_objects = objects;
            run(&evidence).map(|advice| advice.attempt)
        };
        let pointer = found(4, "style", Some(0.8)).unwrap();
        assert!(pointer.contains("style := &ctx.opts.style"), "{pointer}");
        let copy = found(5, "name", None).unwrap();
        assert!(copy.contains("other := name"), "{copy}");
        let filled = found(9, "parts", None).unwrap();
        assert!(filled.contains("set `parts = other`"), "{filled}");
        assert!(found(5, "name", Some(0.1)).is_some());
        assert_eq!(found(5, "name", Some(0.8)), None);
    }

    #[test]
    fn two_variables_of_one_name_are_not_taken_for_each_other() {
        const FILE: &str = "package p

func parse(m map[string]any, to *schema) {
	k, ok := m[\"a\"].(string)
	if ok {
		to.a = &k
	}
	if k, ok := m[\"b\"].(string); ok {
		to.b = &k
	}
}

func one(m map[string]any, to *schema) {
	k, ok := m[\"a\"].(string)
	if ok {
		to.a = &k
	}
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [(4, false), (14, true)] {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Allocated, Class::New, &shape);
            evidence.sites.push((escape::Class::Moved, "k"));
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }
}

//! Lesson 15: values that are stored in interfaces.

use super::constructors::prints;
use super::reflected;
use crate::advise::cost_class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule, What};
use crate::advise::{Literals, Shape};
use crate::escape;

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO315",
    lesson: 15,
    summary: "values are stored in interfaces or handled through them, which a typed function spares",
    manual: "\
What it sees: time spent in the runtime's convT functions on a line: a string, a number or a struct is
passed as `any` to a function of the same file, to fmt or to a logger. What is kept in a slice, a field
or a result of an interface type is how the program models things, and calls of Put are left to GBO304.
And at least 2 % of the CPU in sort.Slice and its like, sort.Sort of what is a slice, or of CPU or
allocated bytes in fmt.Sprintf with a format that stands there and has no widths and no verbs but
%s, %d, %v, %t and %q. Silent on lines that make errors, and where a heap profile shows that the objects of the line are
larger than what is boxed. And at least 2 % in reflect.DeepEqual, fmt.Sscanf and its like, binary.Read and binary.Write.

Why it matters: the call through an interface is cheap; the copy of the value on the heap is not: 13
to 33 ns, and work for the collector. Pointers, constants, single bytes and integers below 256 are
free.

What to do: a typed parameter or a type parameter instead of `any`; typed attributes (slog.Int) and
typed methods (strconv.AppendInt) instead of a format; a pointer where one exists already.
slices.SortFunc instead of sort.Slice, which swaps by reflection (Go 1.21).

When not to: on paths of errors, and where the value is used through the interface anyway.",
    run,
};

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape?;
    if let What::Call(callee) = it.what {
        return reflected::call(it, callee).or_else(|| typed(it, callee));
    }
    let puts = shape.calls.iter().any(|call| call.0.ends_with(".Put"));
    if !is_measured(it, shape) || !it.is(Class::Boxing) || !it.via().is_empty() || puts {
        return None;
    }
    let what = match it.entry() {
        "convTstring" => "a string",
        "convTslice" => "a slice",
        "convT64" | "convT32" | "convT16" => "a number",
        _ => "a value",
    };
    let attempt = attempt(it, shape)?;
    let by = match it.entry() {
        "" => String::new(),
        entry => format!(" ({entry})"),
    };
    Some(Advice {
        seen: format!("{what} is stored in an interface each time{by}"),
        attempt: attempt.into(),
        unless: match attempt.starts_with("io.WriteString") {
            true => "the writer has no WriteString, as a tabwriter: then it copies all the same",
            false => "it is the path of an error, or the interface is what callers need",
        }
        .into(),
    })
}

/// Bytes of what is stored in an interface, mostly: the header of a slice has 24.
const BOX: i64 = 32;

/// Whether what is measured says that boxing costs here.
fn is_measured(it: &Evidence<'_>, shape: &Shape) -> bool {
    match it.measure {
        Measure::Cpu => true,
        // A heap profile has no function of the runtime: the compiler's word must be about an argument of fmt.
        Measure::Allocated => {
            let of_fmt = |call: &(String, Literals)| call.0.starts_with("fmt.");
            let is_open = |call: &(String, Literals)| {
                of_fmt(call) && call.0.ends_with('f') && call.1 == Literals::None
            };
            // Where what fmt returns is boxed, or its format is known at run time alone, there is nothing to write out.
            let boxes_fmt = it
                .sites
                .iter()
                .any(|site| site.0 == escape::Class::Boxing && site.1.contains("fmt."));
            let calls = &shape.calls;
            // What is larger on average is mostly something else, such as strings that are put together on the line.
            let average = it
                .memory
                .and_then(|memory| memory.bytes.checked_div(memory.objects));
            it.share.lower() >= 1.0
                && average.is_none_or(|average| average <= BOX)
                && calls.iter().any(of_fmt)
                && !calls.iter().any(is_open)
                && !boxes_fmt
        }
        _ => false,
    }
}

/// The Go that has the package slices.
const SORTS_TYPED: (u32, u32) = (1, 21);

/// What to do instead, where the line shows it.
fn attempt(it: &Evidence<'_>, shape: &Shape) -> Option<&'static str> {
    let is_passed = |class: escape::Class, value: &str| {
        class == escape::Class::Boxing && shape.untyped.iter().any(|passed| passed == value)
    };
    let attempt = if shape.text.contains("slog.") || shape.calls.iter().any(is_log) {
        "use typed attributes (slog.Int, slog.String with LogAttrs), and ask whether the level is on first"
    } else if shape.text.contains("fmt.Fprint(") {
        if shape.copies_strings {
            return None;
        }
        "io.WriteString(w, s) for a string: fmt.Fprint stores it in an interface first"
    } else if prints(&shape.text) {
        // Each goes to the standard output by a call of the system, which costs far more: GBO314.
        return None;
    } else if shape.text.contains("fmt.") {
        if fails(&shape.text) || !is_plain(&shape.text) {
            return None;
        }
        "use strconv.Append... or write the parts: a format boxes every argument"
    } else if it
        .sites
        .iter()
        .any(|(class, value)| is_passed(*class, value))
    {
        match it.go >= (1, 18) {
            true => "give the parameter a type, or a type parameter, instead of an interface",
            false => "give the parameter a type instead of an interface",
        }
    } else {
        // A value that is kept in a slice, a field or a result of an interface type: that is how the program models things,
        // and what else it could do is not seen here.
        return None;
    };
    Some(attempt)
}

/// A call that has a typed form.
fn typed(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    // `fmt.Sprint(all...)`: what is handed on is known to the caller alone.
    let text = &it.shape?.text;
    if callee.starts_with("fmt.") && (text.contains("...)") || fails(text)) {
        return None;
    }
    if let Some(advice) = any_value(it, callee) {
        return Some(advice);
    }
    // A format that is only known at run time cannot be written out.
    let is_fixed = |call: &(String, Literals)| call.0 != callee || call.1 != Literals::None;
    let fixed = callee != "fmt.Sprintf" || it.shape?.calls.iter().all(is_fixed);
    // What it gains is a part of what it costs.
    if it.share.lower() < WORTH || !fixed {
        return None;
    }
    if callee.starts_with("sort.") && it.go < SORTS_TYPED {
        return None;
    }
    let (seen, attempt, unless) = match (callee, it.measure) {
        ("sort.Slice" | "sort.SliceStable", Measure::Cpu) => (
            format!("{callee} swaps by reflection, and calls its comparison through a variable"),
            "slices.SortFunc, or slices.SortStableFunc: elements and comparison are typed",
            "the comparison itself is what costs: then it gains little",
        ),
        ("sort.Sort" | "sort.Stable", Measure::Cpu) if it.shape?.sorts_slice => (
            format!("{callee} compares and swaps through an interface"),
            "slices.SortFunc, or slices.SortStableFunc: elements and comparison are typed",
            "comparisons are what costs: then it gains little",
        ),
        ("fmt.Sprintf" | "fmt.Sprint" | "fmt.Sprintln", Measure::Cpu | Measure::Allocated)
            if is_plain(&it.shape?.text) && !is_any_value(&it.shape?.text) =>
        {
            (
                format!(
                    "{callee} reads its format and stores its arguments in interfaces each time"
                ),
                "put strings together with +, numbers with strconv; or write to a buffer that is kept",
                "the types of the arguments are not known here",
            )
        }
        _ => return None,
    };
    Some(Advice {
        seen,
        attempt: attempt.into(),
        unless: unless.into(),
    })
}

/// Percent of the CPU or of the allocated bytes from which on a call with a typed form is worth a change.
const WORTH: f64 = 2.0;

/// Whether a line makes the text of an error, by its words.
fn fails(text: &str) -> bool {
    ["panic(", "errors.", "Errorf(", "rror(", "Fatal"]
        .iter()
        .any(|word| text.contains(word))
}

/// Whether the formats of a line stand there and have only verbs that strconv and `+` replace: no widths, no `%x`.
fn is_plain(text: &str) -> bool {
    let mut calls = text.split("fmt.").skip(1).filter_map(|rest| {
        let (name, given) = rest.split_once('(')?;
        name.ends_with('f').then_some(given)
    });
    calls.all(|given| is_plain_format(given.find(['"', '`']).map_or("", |at| &given[at..])))
}

fn is_plain_format(behind: &str) -> bool {
    let mut chars = behind.chars();
    let Some(quote @ ('"' | '`')) = chars.next() else {
        return false;
    };
    while let Some(char) = chars.next() {
        match char {
            '\\' if quote == '"' => drop(chars.next()),
            '%' if !matches!(chars.next(), Some('s' | 'd' | 'v' | 't' | 'q' | '%')) => {
                return false;
            }
            char if char == quote => return true,
            _ => {}
        }
    }
    false
}

/// `fmt.Sprintf("%v", x)`, the same with `%s`, and `fmt.Sprint(x)`: nobody knows the type, but most values have one of a few.
fn any_value(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    // Of bytes most are the text itself, which may be that of something long.
    let measured = it.measure == Measure::Cpu;
    let text = it.shape.filter(|_| measured).map(|shape| &shape.text)?;
    let is_value = it.shape.is_some_and(|shape| shape.formats_reflected);
    if is_any_value(text) && is_value && it.share.lower() >= WORTH {
        return Some(Advice {
            seen: format!("{callee} finds out what a reflect.Value holds each time"),
            attempt: "ask for the usual kinds first: `switch v.Kind() { case reflect.String: return v.String()`, numbers by v.Int() and strconv, and the format for the rest".into(),
            unless: "values are of many kinds, and none of them is usual, or they have String methods".into(),
        });
    }
    (is_any_value(text) && it.share.lower() >= WORTH).then(|| Advice {
        seen: format!("{callee} finds out the type of its value by reflection each time"),
        attempt: "a string is its own text; of an `any`, ask for the usual types first: `switch v := value.(type) { case string: return v`, numbers by strconv, and the format for the rest".into(),
        unless: "values are of many types, and none of them is usual".into(),
    })
}

/// Whether a line formats one value as it is.
fn is_any_value(text: &str) -> bool {
    let one = |begin: &str| {
        let mut behind = text.split(begin).skip(1);
        behind.any(|rest| {
            let argument = rest.split(')').next().unwrap_or_default();
            !argument.contains([',', '(', '"'])
        })
    };
    let begins = [
        "fmt.Sprintf(\"%v\", ",
        "fmt.Sprintf(\"%s\", ",
        "fmt.Sprint(",
    ];
    begins.into_iter().any(one)
}

/// A message that stands there, at a level: `err.Error()` is none.
fn is_log((callee, literals): &(String, Literals)) -> bool {
    let levels = [".Debug", ".Info", ".Warn", ".Error", ".Debugw", ".Infow"];
    *literals != Literals::None && levels.iter().any(|level| callee.ends_with(level))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;

    const FILE: &str = "package p

func split(list []Value, parts []string, format string, all []any) {
	for i, part := range parts {
		list[i] = String(part)
		write(i, part)
		keep(part)
		log.Println(part)
		print(fmt.Sprintf(format, all...))
		print(fmt.Sprintf(\"%s-%d\", part, i))
		writef(\"x\", i, part)
	}
}

func write(at int, value any) {}

func writef(format string, values ...any) {}

func (l *Logger) Println(value any) {}

func keep(value Value) {}
";

    fn advice(line: i64, what: What<'_>, value: &str) -> bool {
        let shape = Source::new(FILE.into()).unwrap().shape(line).unwrap();
        let evidence = Evidence {
            what,
            sites: vec![(escape::Class::Boxing, value)],
            ..Evidence::of_line(Measure::Cpu, Class::Boxing, &shape)
        };
        run(&evidence).is_some()
    }

    #[test]
    fn arguments_that_are_handed_on_have_no_typed_form() {
        const FILE: &str = "package p

func show(all []any, name string) {
	print(fmt.Sprint(all...))
	print(fmt.Sprint(name))
}
";
        let found = |line: i64| {
            let shape = Source::new(FILE.into()).unwrap().shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
            evidence.what = What::Call("fmt.Sprint");
            run(&evidence).is_some()
        };
        assert!(!found(4));
        assert!(found(5));
    }

    #[test]
    fn only_a_slice_can_be_sorted_with_types() {
        const FILE: &str = "package p

type byName []string

type table struct {
	rows []row
}

func order(xs []string, t *table, some sort.Interface, named byName) {
	sort.Sort(byName(xs))
	sort.Sort(t)
	sort.Sort(some)
	sort.Sort(&table{rows(xs)})
	sort.Sort(sort.Reverse(named))
	sort.Stable(sort.StringSlice(xs))
	sort.Sort(t.sorter)
	x := byName(xs)
	sort.Sort(x)
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, named) in [
            (10, true),
            (11, false),
            (12, false),
            (13, false),
            (14, true),
            (15, true),
            (16, false),
            (18, true),
        ] {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
            evidence.what = What::Call("sort.Sort");
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }

    #[test]
    fn one_value_as_it_is_counts_by_time_alone() {
        const FILE: &str = "package p

func text(value any) string {
	return fmt.Sprintf(\"%v\", value)
}
";
        let shape = Source::new(FILE.into()).unwrap().shape(4).unwrap();
        for (measure, named) in [(Measure::Cpu, true), (Measure::Allocated, false)] {
            let mut evidence = Evidence::of_line(measure, Class::Other, &shape);
            evidence.what = What::Call("fmt.Sprintf");
            assert_eq!(run(&evidence).is_some(), named, "{measure:?}");
        }
    }

    #[test]
    fn what_a_value_is_declared_as_decides_what_is_advised() {
        const FILE: &str = "package p

func text(field reflect.Value, w io.Writer) string {
	tw := tabwriter.NewWriter(w, 0, 8, 1, ' ', 0)
	fmt.Fprint(tw, name)
	fmt.Fprint(w, name)
	return fmt.Sprint(field)
}
";
        let source = Source::new(FILE.into()).unwrap();
        let found = |line: i64, what: What<'static>| {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Boxing, &shape);
            evidence.what = what;
            run(&evidence).map(|advice| advice.attempt)
        };
        let boxes = What::Cost {
            class: Class::Boxing,
            via: "",
            entry: "runtime.convTstring",
        };
        assert_eq!(found(5, boxes.clone()), None, "a tabwriter copies");
        assert!(found(6, boxes).unwrap().contains("io.WriteString"));
        let reflected = found(7, What::Call("fmt.Sprint")).unwrap();
        assert!(reflected.contains("v.Kind()"), "{reflected}");
    }

    #[test]
    fn a_format_is_written_out_only_where_that_is_short() {
        for (line, named) in [
            ("s := fmt.Sprintf(\"%s/%d\", name, n)", true),
            ("s := fmt.Sprintf(\"100%% of \\\"%s\\\"\", name)", true),
            ("s := fmt.Sprintf(\"%02d\", n)", false),
            ("s := fmt.Sprintf(\"%.2f\", x)", false),
            ("s := fmt.Sprintf(\"%+v\", x)", false),
            ("panic(fmt.Sprintf(\"%s\", name))", false),
            ("return errors.New(fmt.Sprintf(\"%s %d\", name, n))", false),
        ] {
            let text = format!("package p\n\nfunc f() {{\n\t{line}\n}}\n");
            let shape = Source::new(text.into_bytes()).unwrap().shape(4).unwrap();
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
            evidence.what = What::Call("fmt.Sprintf");
            assert_eq!(run(&evidence).is_some(), named, "{line}");
        }
    }

    #[test]
    fn a_module_below_go_1_21_has_no_package_slices() {
        const FILE: &str = "package p

func order(xs []int) {
	sort.Slice(xs, func(a, b int) bool { return xs[a] < xs[b] })
}
";
        let shape = Source::new(FILE.into()).unwrap().shape(4).unwrap();
        let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
        evidence.what = What::Call("sort.Slice");
        for (go, named) in [((1, 20), false), ((1, 21), true)] {
            evidence.go = go;
            assert_eq!(run(&evidence).is_some(), named, "{go:?}");
        }
    }

    #[test]
    fn only_what_could_have_a_type_gets_advice() {
        let boxes = What::Cost {
            class: Class::Boxing,
            via: "",
            entry: "runtime.convTstring",
        };
        assert!(!advice(5, boxes.clone(), "String(part)"), "an element");
        assert!(advice(6, boxes.clone(), "part"), "an argument");
        assert!(!advice(6, boxes.clone(), "i"), "another parameter");
        assert!(
            !advice(7, boxes.clone(), "part"),
            "an interface with methods"
        );
        assert!(!advice(8, boxes.clone(), "part"), "another Println");
        assert!(advice(11, boxes, "part"), "one of many");
        let formats = What::Call("fmt.Sprintf");
        assert!(!advice(9, formats.clone(), ""), "a format of its own");
        assert!(advice(10, formats, ""), "a format that stands there");
    }
}

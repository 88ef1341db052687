//! Lesson 15: values that are stored in interfaces.

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
And at least 1 % of the CPU in sort.Slice and its like, or of CPU or allocated bytes in fmt.Sprintf
with a format that stands there.

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
        return typed(it, callee);
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
        unless: "it is the path of an error, or the interface is what callers need".into(),
    })
}

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
            it.share.lower() >= 1.0
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
    let attempt = if shape.text.contains("slog.") || shape.calls.iter().any(|call| is_log(&call.0))
    {
        "use typed attributes (slog.Int, slog.String with LogAttrs), and ask whether the level is on first"
    } else if shape.text.contains("fmt.Fprint(") {
        "io.WriteString(w, s) for a string: fmt.Fprint stores it in an interface first"
    } else if shape.text.contains("fmt.") {
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
    if callee.starts_with("fmt.") && it.shape?.text.contains("...)") {
        return None;
    }
    if let Some(advice) = any_value(it, callee) {
        return Some(advice);
    }
    // A format that is only known at run time cannot be written out.
    let is_fixed = |call: &(String, Literals)| call.0 != callee || call.1 != Literals::None;
    let fixed = callee != "fmt.Sprintf" || it.shape?.calls.iter().all(is_fixed);
    if it.share.percent < 1.0 || !fixed {
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
        ("sort.Sort" | "sort.Stable", Measure::Cpu) => (
            format!("{callee} compares and swaps through an interface"),
            "slices.SortFunc, or slices.SortStableFunc: elements and comparison are typed",
            "what is sorted is no slice",
        ),
        ("fmt.Sprintf" | "fmt.Sprint" | "fmt.Sprintln", Measure::Cpu | Measure::Allocated) => (
            format!("{callee} reads its format and stores its arguments in interfaces each time"),
            "put strings together with +, numbers with strconv; or write to a buffer that is kept",
            "the format has widths or verbs that would have to be written by hand",
        ),
        _ => return None,
    };
    Some(Advice {
        seen,
        attempt: attempt.into(),
        unless: unless.into(),
    })
}

/// `fmt.Sprintf("%v", x)`, the same with `%s`, and `fmt.Sprint(x)`: nobody knows the type, but most values have one of a few.
fn any_value(it: &Evidence<'_>, callee: &str) -> Option<Advice> {
    let text = &it.shape?.text;
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
    let single = begins.into_iter().any(one);
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    (measured && single && it.share.percent >= 1.0).then(|| Advice {
        seen: format!("{callee} finds out the type of its value by reflection each time"),
        attempt: "a string is its own text; of an `any`, ask for the usual types first: `switch v := value.(type) { case string: return v`, numbers by strconv, and the format for the rest".into(),
        unless: "values are of many types, and none of them is usual".into(),
    })
}

fn is_log(callee: &str) -> bool {
    let levels = [".Debug", ".Info", ".Warn", ".Error", ".Debugw", ".Infow"];
    levels.iter().any(|level| callee.ends_with(level))
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

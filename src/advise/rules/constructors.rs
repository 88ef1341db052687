//! Lesson 14: what could be done once is done again and again.

use super::cheaper;
use crate::advise::Literals;
use crate::advise::Shape;
use crate::advise::cost_class::{Class, FAILURES};
use crate::advise::rule::{Advice, Evidence, Measure, Rule, What};

/// The rule.
pub(crate) const RULE: Rule = Rule {
    id: "GBO314",
    lesson: 14,
    summary: "something is made again that could be made once, deferred in a loop, or has a cheaper form",
    manual: "\
What it sees: time spent in a function that makes something worth keeping (a regular expression, a
template, a time zone, a set of certificates, a Replacer), called with literals alone, or with a
literal pattern, outside of package initialisation; at least 5 % in compiling expressions or loading
time zones, with whatever arguments; at least 2 % in the errors of time.Parse and strconv.Parse...,
where most texts are something else; two strings that are lowered to be compared; `defer` in a loop;
at least 1.5 % in strings.Split and its like where only the parts around the first separator are read
(Cut), the parts are walked over once (SplitSeq, Go 1.24) or counted (Count); the same conversion,
string(b), on several lines of a function that one run gets to; at least 1.5 % in strings that are put
together only to be the key of a map, or in math.Pow with 2, 3 or 0.5; at least 3 % of the CPU in printing
to the standard output, which has no buffer.
What a function makes on several lines counts together. Silent about what is made in a profile of tests:
they do again and again what a program does once.

Why it matters: compiling a regular expression takes microseconds, where matching takes nanoseconds.
A deferred call in a loop is allocated, and runs only when the function returns.

What to do: make it once, in a package variable; sync.OnceValue where it must not happen at start-up.
Where the argument differs, keep what was made by it. strings.EqualFold compares without a copy,
strings.Cut and strings.SplitSeq take apart without a slice.
Put the body of the loop with its defer into a function.

When not to: taking `len` out of a loop condition has no effect: the compiler does it. There is no
rule for it.",
    run,
};

/// What copies a text, where it has other letters.
const LOWERED: &[&str] = &["strings.ToLower", "strings.ToUpper"];

/// What is worth keeping.
const MADE: &[&str] = &[
    "regexp.MustCompile",
    "regexp.Compile",
    "regexp.CompilePOSIX",
    "regexp.MustCompilePOSIX",
    "regexp.MatchString",
    "regexp.Match",
    "text/template.(*Template).Parse",
    "html/template.(*Template).Parse",
    "time.LoadLocation",
    "crypto/x509.SystemCertPool",
    "net.ParseCIDR",
    "net/netip.MustParsePrefix",
    "net/netip.ParsePrefix",
    "strings.NewReplacer",
    "strings.ToLower",
    "strings.ToUpper",
    "net/url.Parse",
    "encoding/hex.DecodeString",
    "text/template.ParseFiles",
    "text/template.ParseGlob",
    "text/template.ParseFS",
    "html/template.ParseFiles",
    "html/template.ParseGlob",
    "html/template.ParseFS",
    "os.Getenv",
    "os.LookupEnv",
    "errors.New",
    "fmt.Errorf",
];

/// Whether a charge counts together with those of other lines of the function, as that for the patterns of a list, which are one
/// thing to make once, or for the same conversion on several lines.
pub(crate) fn counts_together(what: &What<'_>) -> bool {
    is_kept(what)
        || matches!(
            what,
            What::Cost {
                class: Class::Conversion,
                ..
            }
        )
}

/// Whether a charge is for making what is worth keeping.
pub(crate) fn is_kept(what: &What<'_>) -> bool {
    matches!(what, What::Call(callee) if MADE.contains(callee) && !LOWERED.contains(callee))
}

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let measured = matches!(it.measure, Measure::Cpu | Measure::Allocated);
    let shape = it.shape.filter(|_| measured)?;
    match it.what {
        What::Cost { .. } if it.is(Class::Defer) && shape.defers && shape.in_loop => Some(Advice {
            seen: "each round defers a call: it is allocated, and runs when the function returns"
                .into(),
            attempt: "put the body of the loop into a function of its own".into(),
            unless: "the deferred calls must wait for the whole function".into(),
        }),
        What::Cost { .. }
            if it.is(Class::Defer)
                && (shape.defers || shape.text == "}")
                && !shape.in_loop
                && it.share.percent >= 1.0 =>
        {
            Some(Advice {
                seen: "the deferred call goes through a list at run time: the function has a loop around one, more than eight, or more than fifteen returns times defers".into(),
                attempt: "put the part that needs the deferred call into a short function of its own".into(),
                unless: "the call itself costs much more than the list".into(),
            })
        }
        What::Call(callee) if FAILURES.contains(&callee) && it.share.lower() >= 2.0 => {
            failing(shape, callee)
        }
        What::Call(callee) if LOWERED.contains(&callee) && folds(&shape.text) => Some(Advice {
            seen: "two strings are converted to be compared, which copies both".into(),
            attempt: "strings.EqualFold(a, b): it compares without a copy".into(),
            unless: "one of the two is needed in that form anyway".into(),
        }),
        What::Call(callee) if MADE.contains(&callee) && !shape.in_init => {
            let name = callee.rsplit('.').next().unwrap_or(callee);
            let mut calls = shape.calls.iter();
            let (_, literals) = calls.find(|call| call.0.rsplit('.').next() == Some(name))?;
            advice(callee, *literals).or_else(|| by_key(callee, it.share.percent))
        }
        What::Call(callee) if PRINTS.contains(&callee) => printing(it),
        What::Call(callee) => cheaper::call(it, callee)
            .or_else(|| cheaper::power(it, callee))
            .or_else(|| cheaper::key(it)),
        What::Cost { .. } => cheaper::conversion(it).or_else(|| cheaper::key(it)),
    }
}

/// What is said of a line that parses what mostly cannot be parsed.
fn failing(shape: &Shape, callee: &str) -> Option<Advice> {
    let package = if callee.starts_with("time.") {
        "time.Parse"
    } else {
        "strconv.Parse"
    };
    let mut calls = shape.calls.iter();
    let call = calls.find(|call| call.0.starts_with(package) || call.0 == "strconv.Atoi")?;
    // Words, not numbers; and an error that is handed on is what the caller wants to see.
    if call.0 == "strconv.ParseBool" || shape.text.starts_with("return ") {
        return None;
    }
    Some(Advice {
        seen: format!(
            "{} fails here again and again, and makes an error each time",
            call.0
        ),
        attempt: format!("look at the text before: {}", before(&shape.text, &call.0)),
        unless: "the error is what the caller wants to see".into(),
    })
}

/// What can be said of a text before it is parsed: how it begins, where the layout stands there.
fn before(line: &str, callee: &str) -> String {
    let is_decimal = callee == "strconv.Atoi" || line.contains(", 10, ");
    // A text such as `31W` begins like a number and is none.
    if let ("strconv.Atoi" | "strconv.ParseInt" | "strconv.ParseUint", true) = (callee, is_decimal)
    {
        let sign = match callee {
            "strconv.ParseUint" => "",
            _ => ", behind a sign or none,",
        };
        return format!("what is not{sign} digits alone need not go through {callee}");
    }
    let begin = match callee {
        "time.Parse" | "time.ParseInLocation" => first_of_layout(line, callee),
        "strconv.ParseFloat" => {
            Some("a digit, a sign, a point, or the i or n of inf and nan, small or large")
        }
        "time.ParseDuration" => Some("a digit, a sign or a point"),
        "strconv.ParseUint" => Some("a digit"),
        _ => Some("a digit or a sign"),
    };
    match begin {
        Some(begin) => format!("what does not begin with {begin} need not go through {callee}"),
        None => "ask by its length and its first byte which layout it can have, or begin with the layout that fitted last".into(),
    }
}

/// What a text begins with that has the layout of a call; `None` where the layout is a variable.
fn first_of_layout(line: &str, callee: &str) -> Option<&'static str> {
    const DIGITS: [&str; 9] = [
        "time.RFC3339",
        "time.RFC822",
        "time.DateTime",
        "time.DateOnly",
        "time.TimeOnly",
        "time.Kitchen",
        "time.Layout",
        "\"0",
        "\"2",
    ];
    const NAMES: [&str; 8] = [
        "time.ANSIC",
        "time.UnixDate",
        "time.RubyDate",
        "time.RFC850",
        "time.RFC1123",
        "time.Stamp",
        "\"Mon",
        "\"Jan",
    ];
    let layout = line.split_once(callee)?.1.strip_prefix('(')?;
    let begins = |list: &[&str]| list.iter().any(|word| layout.starts_with(word));
    match (begins(&DIGITS), begins(&NAMES)) {
        (true, _) => Some("a digit"),
        (_, true) => Some("the name of a day or a month"),
        _ => None,
    }
}

/// `strings.ToLower(a) == strings.ToLower(b)`
fn folds(text: &str) -> bool {
    let both = |name: &str| {
        let mut sides = text.split("==");
        let (left, right) = (sides.next(), sides.next());
        left.is_some_and(|text| text.contains(name))
            && right.is_some_and(|text| text.contains(name))
    };
    both("strings.ToLower(") || both("strings.ToUpper(")
}

/// Percent from which on it is worth a table of what was made.
const MUCH: f64 = 5.0;

/// What is said of a call whose arguments differ, where much is spent in it.
fn by_key(callee: &str, percent: f64) -> Option<Advice> {
    let keyed = callee.starts_with("regexp.") || callee == "time.LoadLocation";
    (keyed && percent >= MUCH).then(|| Advice {
        seen: format!("{callee} runs for each use of this line, and its argument is no literal"),
        attempt: "keep what it made by its argument, in a map or a small cache: few arguments come again and again"
            .into(),
        unless: "nearly every call has another argument, or callers choose them: bound the cache then"
            .into(),
    })
}

/// What is said of a call, by which of its arguments are literals; `None` where it may be another thing each time.
fn advice(callee: &str, literals: Literals) -> Option<Advice> {
    let short = callee.rsplit('/').next().unwrap_or(callee);
    let (seen, attempt, unless) = match (callee, literals) {
        // Only the pattern counts where a text is matched against it.
        ("regexp.MatchString" | "regexp.Match", Literals::First | Literals::All) => (
            format!("{short} compiles the same pattern each time"),
            "compile the pattern once: regexp.MustCompile in a package variable",
            "it runs once per program anyway",
        ),
        ("crypto/x509.SystemCertPool", _) => (
            format!("{short} copies the same certificates each time"),
            "call it once and keep the result in a package variable",
            "certificates are added to the pool, or it runs once per program anyway",
        ),
        (_, Literals::All) => (
            format!("{short} is called with the same arguments each time"),
            "call it once and keep the result in a package variable",
            "it runs once per program anyway",
        ),
        _ => return None,
    };
    Some(Advice {
        seen,
        attempt: attempt.into(),
        unless: unless.into(),
    })
}

/// What prints to the standard output, each time by a call of the system.
const PRINTS: &[&str] = &["fmt.Println", "fmt.Printf", "fmt.Print"];

/// Whether a line prints to the standard output.
pub(super) fn prints(line: &str) -> bool {
    PRINTS
        .iter()
        .any(|print| line.contains(&format!("{print}(")))
}

/// Percent of the CPU from which on a buffer before the standard output is worth it.
const PRINTED: f64 = 3.0;

/// What is said of a line that prints again and again.
fn printing(it: &Evidence<'_>) -> Option<Advice> {
    (it.measure == Measure::Cpu && it.share.lower() >= PRINTED).then(|| Advice {
        seen: "the standard output has no buffer: each call here is a call of the system".into(),
        attempt: "write all that goes to the standard output through one `bufio.NewWriter(os.Stdout)`, and flush it at the end, before os.Exit, and before the program waits for input (a reader around os.Stdin that flushes before each Read)".into(),
        unless: "somebody has to see each line at once, also when the program crashes".into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::advise::Source;

    #[test]
    fn how_a_text_begins_is_said_where_its_layout_is_known() {
        for (line, wanted) in [
            ("t, err := time.Parse(time.RFC3339, s)", "with a digit need"),
            (
                "t, err := time.Parse(\"2006-01-02\", s)",
                "with a digit need",
            ),
            ("t, err := time.Parse(time.RFC1123, s)", "name of a day"),
            ("t, err := time.Parse(layout, s)", "which layout"),
            ("t, err := time.Parse(\"[\"+l+\"]\", s)", "which layout"),
            ("n, err := strconv.ParseInt(s, 0, 64)", "a digit or a sign"),
            (
                "n, err := strconv.ParseInt(s, 10, 64)",
                "what is not, behind a sign or none, digits alone",
            ),
            (
                "n, err := strconv.ParseUint(s, 10, 64)",
                "what is not digits alone",
            ),
            (
                "n, err := strconv.ParseFloat(s, 64)",
                "or the i or n of inf",
            ),
        ] {
            let text = format!("package p\n\nfunc f() {{\n\t{line}\n}}\n");
            let shape = Source::new(text.into_bytes()).unwrap().shape(4).unwrap();
            let callee = match line.contains("time.") {
                true => "time.Parse",
                false => "strconv.ParseInt",
            };
            let found = failing(&shape, callee).unwrap().attempt;
            assert!(found.contains(wanted), "{line}: {found}");
        }
    }

    #[test]
    fn constants_that_are_joined_are_compiled_once() {
        const FILE: &str = "package p

const host = `[a-z]+`

func f(text, tail string) {
	a := regexp.MustCompile(`^` + host + `$`)
	b := regexp.MustCompile(`^` + host + tail)
}
";
        let source = Source::new(FILE.into()).unwrap();
        for (line, once) in [(6, true), (7, false)] {
            let shape = source.shape(line).unwrap();
            let mut evidence = Evidence::of_line(Measure::Cpu, Class::Other, &shape);
            evidence.what = What::Call("regexp.MustCompile");
            let found = run(&evidence).unwrap().attempt;
            assert_eq!(found.contains("call it once"), once, "{line}: {found}");
        }
    }

    #[test]
    fn what_is_another_thing_each_time_is_not_advised() {
        let attempt = |callee: &str, call: &str| {
            let text = format!("package p\n\nfunc f() {{\n\t{call}\n}}\n");
            let shape = Source::new(text.into_bytes()).unwrap().shape(4).unwrap();
            advice(callee, shape.calls[0].1).map(|it| it.attempt)
        };
        let once = Some("call it once and keep the result in a package variable".to_owned());
        let compile = "compile the pattern once: regexp.MustCompile in a package variable";
        let matches = |call: &str| attempt("regexp.MatchString", call);
        assert_eq!(
            matches("regexp.MatchString(`^a`, text)"),
            Some(compile.into())
        );
        assert_eq!(matches("regexp.MatchString(pattern, text)"), None);
        assert_eq!(matches("regexp.MatchString(pattern, \"a\")"), None);
        let made = |call: &str| attempt("regexp.MustCompile", call);
        assert_eq!(made("regexp.MustCompile(`^a`)"), once);
        assert_eq!(made("regexp.MustCompile(pattern)"), None);
        let lowered = |call: &str| attempt("strings.NewReplacer", call);
        assert_eq!(lowered("strings.NewReplacer(\"a\", b)"), None);
        assert_eq!(
            attempt("crypto/x509.SystemCertPool", "x509.SystemCertPool()"),
            once
        );
        let error = |call: &str| attempt("errors.New", call);
        assert_eq!(error("errors.New(\"end\")"), once);
        assert_eq!(error("errors.New(text)"), None);
        assert!(!MADE.contains(&"runtime/debug.Stack"));
    }
}

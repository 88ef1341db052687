use super::*;

fn check(class_of: Class, expressions: &[&str]) {
    for expression in expressions {
        assert_eq!(class(expression.as_bytes()), class_of, "{expression}");
    }
}

#[test]
fn each_form_has_its_class() {
    check(
        Class::New,
        &[
            "new(T)",
            "new(map[string]func(int) string)",
            "&T{...}",
            "&[]int{}",
            "&struct { A int }{...}",
        ],
    );
    check(
        Class::Make,
        &[
            "make([]byte, n)",
            "make(map[string]int)",
            "make([]int, 0, len(x) + 1)",
        ],
    );
    check(Class::Append, &["append"]);
    check(
        Class::Make,
        &[
            "make([]int, n, 0)",
            "make([]int, 0, 4)",
            "make(map[int]int, 0)",
            "make(T, 0)",
        ],
    );
    check(Class::Closure, &["func literal"]);
    check(
        Class::Other,
        &[
            "... argument",
            "[]int{...}",
            "T{}",
            "map[string]int{...}",
            "[3]int{...}",
        ],
    );
}

#[test]
fn strings_are_made_by_conversion_and_concatenation() {
    check(
        Class::Conversion,
        &[
            "string(b)",
            "([]byte)(s)",
            "([]rune)(s)",
            "([]byte)(\"null\")",
            "string(x[i:j])",
        ],
    );
    check(
        Class::Conversion,
        &[
            "a + b",
            "\"a\" + x.f(1, \" - \") + \"b\"",
            "dir + \"/\" + name",
            "\"if a < b \" + c",
        ],
    );
}

#[test]
fn values_are_boxed() {
    check(
        Class::Boxing,
        &[
            "x",
            "x.f",
            "f(x)",
            "f()",
            "p.m(1, 2)",
            "any(x)",
            "fmt.Stringer(x)",
            "~r0",
            "*new(T)",
        ],
    );
    check(
        Class::Boxing,
        &[
            "len(x) + 1",
            "a - b",
            "a + b == c",
            "x[i]",
            "new(T).f",
            "make([]int, 3)[1]",
            "append(a, b)",
        ],
    );
    check(
        Class::Boxing,
        &[
            "&T{...} == p",
            "rand.Intn(7)",
            "base.Tool(\"link\")",
            "5 + x",
            "x.(T)",
            "-x",
            "<-c",
            "!ok",
        ],
    );
}

#[test]
fn constants_point_at_read_only_data() {
    check(
        Class::Constant,
        &[
            "\"text\"",
            "\"a \\\" + b\"",
            "`raw`",
            "3",
            "-1",
            "1.5e+06",
            "'a'",
            "true",
            "nil",
            "struct {}{}",
        ],
    );
    check(
        Class::Constant,
        &[
            "token.Token(52)",
            "uint8(0)",
            "any(\"x\")",
            "interface {}(1)",
            "(1 + 2i)",
            "\"a\" + \"b\"",
            "1 << 3",
        ],
    );
}

#[test]
fn empty_slices_take_no_memory() {
    check(
        Class::Constant,
        &[
            "[]int{}",
            "[]map[string][]int{}",
            "go.shape.[]string{}",
            "make([]int, 0)",
        ],
    );
    check(
        Class::Constant,
        &[
            "make([]func(int, int) string, 0, 0)",
            "make(go.shape.[]int, 0)",
        ],
    );
    check(
        Class::Other,
        &["map[string]int{}", "T{}", "[]int{...}", "[3]int{}"],
    );
}

#[test]
fn a_long_constant_is_cut_without_a_closing_quote() {
    let cut = format!("\"{}...", "x".repeat(68));
    check(Class::Constant, &[&cut]);
    check(Class::Conversion, &[&format!("{cut} + s")]);
    check(
        Class::Boxing,
        &[&format!("fmt.Sprintf({cut}, ... argument...)")],
    );
    check(Class::Constant, &[&format!("\"{}...", "é".repeat(68))]);
}

#[test]
fn anything_at_all_has_a_class() {
    for text in [
        "", "\"", "(", ")", "{}", "&", "+", " + ", "\\", "\"\\", "x(", "\u{fe}",
    ] {
        class(text.as_bytes());
    }
}

//! Decides the class of an escape from the Go expression as the compiler prints it.
//!
//! Printed by `exprFmt` in `cmd/compile/internal/ir/fmt.go`. Only text is left of it, so three things look alike:
//! `x.f` is a field or a method value, `a + b` is of strings or of numbers, `T(1)` is a constant or a call.

use super::class::Class;
use super::generic_message;

/// The class of `E escapes to heap`.
pub(super) fn class(expression: &[u8]) -> Class {
    match expression {
        b"func literal" => return Class::Closure,
        b"append" => return Class::Append,
        b"... argument" => return Class::Other,
        _ => {}
    }
    if literal(expression) {
        return Class::Constant;
    }
    let parts = parts(expression);
    if computed(&parts, expression) {
        return Class::Constant;
    }
    match shape(&parts, expression) {
        Shape::Call {
            callee: b"make",
            argument,
        } if no_elements(argument) => Class::Constant,
        Shape::Call { callee, .. } => called(callee),
        Shape::Literal if expression.starts_with(b"&") => Class::New,
        Shape::Literal if is_slice(expression) && expression.ends_with(b"{}") => Class::Constant,
        Shape::Literal => Class::Other,
        Shape::Sum => Class::Conversion,
        Shape::Plain => Class::Boxing,
    }
}

fn called(callee: &[u8]) -> Class {
    match callee {
        b"new" => Class::New,
        b"make" => Class::Make,
        b"string" | b"([]byte)" | b"([]rune)" => Class::Conversion,
        _ => Class::Boxing,
    }
}

/// What is called, and with what, where that is all of the expression: `T("text")` and `f(3)`, which only the source can tell
/// apart.
pub(super) fn outer_call(expression: &[u8]) -> Option<(&str, &str)> {
    match shape(&parts(expression), expression) {
        Shape::Call { callee, argument } => {
            let text = |bytes| std::str::from_utf8(bytes).ok();
            Some((text(callee)?, text(argument)?))
        }
        _ => None,
    }
}

/// Whether it is strings put together, `"a" + b`.
pub fn is_sum(expression: &str) -> bool {
    let expression = expression.as_bytes();
    matches!(shape(&parts(expression), expression), Shape::Sum)
}

/// Whether the value is known to the compiler.
pub(super) fn is_constant(expression: &[u8]) -> bool {
    constant(expression)
}

/// Whether the value is of one byte by the form of the expression: a comparison, a truth value, a conversion to such a type.
pub(super) fn is_byte(expression: &[u8]) -> bool {
    const TRUTHS: [&[u8]; 8] = [
        b" == ", b" != ", b" < ", b" <= ", b" > ", b" >= ", b" && ", b" || ",
    ];
    let parts = parts(expression);
    if !parts.operands.is_empty() {
        return parts
            .operators
            .iter()
            .any(|operator| TRUTHS.contains(operator));
    }
    if expression.starts_with(b"!") {
        return true;
    }
    match shape(&parts, expression) {
        Shape::Call { callee, .. } => matches!(callee, b"bool" | b"byte" | b"uint8" | b"int8"),
        _ => false,
    }
}

/// Whether a type, or what follows it, starts as a slice does.
fn is_slice(text: &[u8]) -> bool {
    text.strip_prefix(b"go.shape.")
        .unwrap_or(text)
        .starts_with(b"[]")
}

/// Whether the argument of `make` is a slice of length and capacity 0, which takes no memory.
fn no_elements(argument: &[u8]) -> bool {
    let head = argument
        .strip_suffix(b", 0")
        .map(|rest| rest.strip_suffix(b", 0").unwrap_or(rest));
    let element = head.map(|head| head.strip_prefix(b"go.shape.").unwrap_or(head));
    // What is left must be the type alone: behind it stands another length.
    element.is_some_and(|element| {
        element.starts_with(b"[]") && generic_message::type_length(element) == element.len()
    })
}

/// The outermost form of an expression.
enum Shape<'a> {
    /// `callee(argument)`, to the end of the text.
    Call {
        callee: &'a [u8],
        argument: &'a [u8],
    },
    /// `T{...}` or `T{}`, to the end of the text.
    Literal,
    /// Operands joined by `+` alone, none of them a number.
    Sum,
    /// Anything else.
    Plain,
}

fn shape<'a>(parts: &Parts, expression: &'a [u8]) -> Shape<'a> {
    if !parts.operands.is_empty() {
        let only_plus = parts.operators.iter().all(|operator| *operator == b" + ");
        let sum = only_plus && !parts.operands.iter().any(|operand| numeric(operand));
        return if sum { Shape::Sum } else { Shape::Plain };
    }
    if expression.ends_with(b"{...}") || expression.ends_with(b"{}") {
        return Shape::Literal;
    }
    match parts.last_group {
        // A group that starts at 0 is a parenthesis, not a call.
        Some(at) if at > 0 && expression.ends_with(b")") => Shape::Call {
            callee: &expression[..at],
            argument: &expression[at + 1..expression.len() - 1],
        },
        _ => Shape::Plain,
    }
}

/// What stands outside all brackets and quotes.
struct Parts<'a> {
    /// The texts between binary operators; none where there is no operator.
    operands: Vec<&'a [u8]>,
    /// The operators between them, spaces included.
    operators: Vec<&'static [u8]>,
    /// Where the last outermost bracket opens.
    last_group: Option<usize>,
}

fn parts(expression: &[u8]) -> Parts<'_> {
    let mut parts = Parts {
        operands: Vec::new(),
        operators: Vec::new(),
        last_group: None,
    };
    let (mut depth, mut start, mut at) = (0usize, 0, 0);
    while let Some(&byte) = expression.get(at) {
        match byte {
            b'"' | b'\'' | b'`' => {
                at += quoted(&expression[at..]);
                continue;
            }
            b'(' | b'[' | b'{' => {
                if depth == 0 {
                    parts.last_group = Some(at);
                }
                depth += 1;
            }
            b')' | b']' | b'}' => depth = depth.saturating_sub(1),
            b' ' if depth == 0 => {
                if let Some(operator) = operator(&expression[at..]) {
                    parts.operands.push(&expression[start..at]);
                    parts.operators.push(operator);
                    at += operator.len();
                    start = at;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    if start > 0 {
        parts.operands.push(&expression[start..]);
    }
    parts
}

/// The binary operator, spaces included, that `text` starts with.
fn operator(text: &[u8]) -> Option<&'static [u8]> {
    OPERATORS
        .iter()
        .copied()
        .find(|operator| text.starts_with(operator))
}

const OPERATORS: &[&[u8]] = &[
    b" + ", b" - ", b" * ", b" / ", b" % ", b" & ", b" | ", b" ^ ", b" &^ ", b" << ", b" >> ",
    b" == ", b" != ", b" < ", b" <= ", b" > ", b" >= ", b" && ", b" || ",
];

/// The length of the quoted text at the start.
///
/// Constants over 72 characters are cut to 69 and `...` without a closing quote (`go/constant`, `stringVal.String`).
fn quoted(text: &[u8]) -> usize {
    let Some(&quote) = text.first() else { return 0 };
    let (mut at, mut characters) = (1, 1);
    while let Some(&byte) = text.get(at) {
        if characters == 69 && text[at..].starts_with(b"...") {
            return at + 3;
        }
        match byte {
            b'\\' if quote != b'`' => {
                // An escape counts by what is printed, so the cut may fall inside it.
                at += 1;
                characters += 1;
                if characters == 69 && text[at..].starts_with(b"...") {
                    return at + 3;
                }
            }
            _ if byte == quote => return at + 1,
            _ => {}
        }
        // Continuation bytes of UTF-8 belong to the character before them.
        at += 1;
        while text.get(at).is_some_and(|text| text & 0xc0 == 0x80) {
            at += 1;
        }
        characters += 1;
    }
    text.len()
}

/// Whether the value is known to the compiler, so that the interface points at read-only data.
fn constant(expression: &[u8]) -> bool {
    literal(expression) || computed(&parts(expression), expression)
}

fn literal(expression: &[u8]) -> bool {
    match expression.first() {
        // A struct without fields takes no memory wherever it lives.
        Some(b't' | b'f' | b'n' | b's') => {
            matches!(expression, b"true" | b"false" | b"nil" | b"struct {}{}")
        }
        Some(b'"' | b'\'' | b'`') => quoted(expression) == expression.len(),
        _ => numeric(expression),
    }
}

/// Whether an operator or a conversion has constants only.
fn computed(parts: &Parts, expression: &[u8]) -> bool {
    if !parts.operands.is_empty() {
        return parts.operands.iter().all(|operand| constant(operand));
    }
    match shape(parts, expression) {
        Shape::Call { callee, argument } => converts(callee, argument) && constant(argument),
        _ => false,
    }
}

/// Whether `callee(argument)` with a constant argument is a conversion.
///
/// `token.Token(52)` and `rand.Intn(52)` look alike. With a number nearly all are constants (in `cmd/go` only `rand.Intn(7)`
/// is not); with a string they are as often a call, and count as what allocates.
fn converts(callee: &[u8], argument: &[u8]) -> bool {
    match callee {
        b"interface {}" | b"(interface {})" | b"any" | b"string" => true,
        _ if argument.starts_with(b"\"") || callee.starts_with(b"rand.") => false,
        _ => is_name(callee),
    }
}

/// Whether the text is a name with an optional qualifier, and no builtin.
fn is_name(text: &[u8]) -> bool {
    let of_name = |byte: &u8| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'-') || *byte >= 0x80
    };
    !matches!(text, b"new" | b"make") && text.iter().all(of_name)
}

/// Whether the text is one number, as Go prints it: `3`, `-1.5e+06`, `(1 + 2i)`.
fn numeric(text: &[u8]) -> bool {
    if let Some(inner) = text
        .strip_prefix(b"(")
        .and_then(|rest| rest.strip_suffix(b")"))
    {
        let plus = memchr::memmem::find(inner, b" + ");
        return inner.ends_with(b"i")
            && plus.is_some_and(|at| real(&inner[..at]) && real(&inner[at + 3..inner.len() - 1]));
    }
    real(text)
}

fn real(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"-").unwrap_or(text);
    let exponent_sign = |at: usize| at > 0 && matches!(text[at - 1], b'e' | b'E' | b'p' | b'P');
    text.first().is_some_and(u8::is_ascii_digit)
        && text.iter().enumerate().all(|(at, it)| match it {
            b'+' | b'-' => exponent_sign(at),
            it => it.is_ascii_alphanumeric() || *it == b'.' || *it == b'_',
        })
}

#[cfg(test)]
mod tests;

//! Lesson 14: what could be done once is done again and again.

use crate::advise::class::Class;
use crate::advise::rule::{Advice, Evidence, Measure, Rule, What};

/// The rule.
pub const RULE: Rule = Rule {
    id: "GBO314",
    lesson: 14,
    summary: "something expensive is made again with the same arguments, or deferred in a loop",
    manual: "\
What it sees: time spent in a function that makes something worth keeping (a regular expression, a
template, a time zone, a set of certificates, a Replacer), called with literals alone outside of
package initialisation; and `defer` in a loop.

Why it matters: compiling a regular expression takes microseconds, where matching takes nanoseconds.
A deferred call in a loop is allocated, and runs only when the function returns.

What to do: make it once, in a package variable; sync.OnceValue where it must not happen at start-up.
Put the body of the loop with its defer into a function.

When not to: taking `len` out of a loop condition has no effect: the compiler does it. There is no
rule for it.",
    run,
};

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
    "runtime/debug.Stack",
];

fn run(it: &Evidence<'_>) -> Option<Advice> {
    let shape = it.shape.filter(|_| it.measure == Measure::Cpu)?;
    match it.what {
        What::Cost { .. } if it.is(Class::Defer) && shape.defers && shape.in_loop => Some(Advice {
            seen: "each round defers a call: it is allocated, and runs when the function returns"
                .into(),
            attempt: "put the body of the loop into a function of its own".into(),
            unless: "the deferred calls must wait for the whole function".into(),
        }),
        What::Call(callee) if MADE.contains(&callee) && !shape.in_init => {
            let name = callee.rsplit('.').next().unwrap_or(callee);
            // Only the pattern counts where a text is matched against it.
            let same = |call: &&(String, bool)| {
                let named = call.0.rsplit('.').next() == Some(name);
                let matches =
                    name.starts_with("Match") || name == "Stack" || name == "SystemCertPool";
                named && (call.1 || matches)
            };
            shape.calls.iter().find(same)?;
            let short = callee.rsplit('/').next().unwrap_or(callee);
            Some(Advice {
                seen: format!("{short} is called with the same arguments each time"),
                attempt: "call it once and keep the result in a package variable".into(),
                unless: "it runs once per program anyway".into(),
            })
        }
        _ => None,
    }
}

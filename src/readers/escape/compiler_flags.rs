//! Adds to the user's `-gcflags` the flags that make the compiler print its diagnostics, for some packages.

/// The flags that make the compiler print what the report wants: the same whether it prints while it compiles the
/// release or in a pass of its own.
///
/// None of them may change the code. Captures are kept by these flags, so a change here means new captures.
pub fn diagnostics() -> Vec<&'static str> {
    // `ssa/check_bce` prints the bounds checks that are left.
    vec!["-m", "-d=ssa/check_bce/debug=1"]
}

/// Composes the user's own `-gcflags` values with [`diagnostics`] for the packages that match `scope`.
///
/// `user` holds the values in Go's order: those of `GOFLAGS` first, then the command line's, each without `-gcflags=`.
/// Every value of the result becomes one `-gcflags=` of the command.
///
/// Go takes the last value whose pattern matches a package, whole; nothing is merged (`cmd/go/internal/load/flag.go`). So
/// they alone go first and join every later value that could hide them. Where a value's pattern reaches beyond the scope,
/// some packages outside are asked too; their sites are counted as outside.
///
/// `standard` are those of the scope that a value for `std` or `cmd` would hide.
pub fn gcflags(scope: &[String], standard: &[String], user: &[String]) -> Vec<String> {
    let alone = diagnostics().join(" ");
    let mut values: Vec<String> = scope.iter().map(|text| format!("{text}={alone}")).collect();
    for value in user {
        let (pattern, flags) = split(value);
        match pattern.trim() {
            // `all` hides everything before it: the scope again, with these flags, keeps ours out of the rest.
            "all" if !whole(scope) => {
                values.push(value.clone());
                values.extend(scope.iter().map(|text| format!("{text}={}", asking(flags))));
            }
            "std" | "cmd" if !whole(scope) => {
                values.push(value.clone());
                values.extend(
                    standard
                        .iter()
                        .map(|text| format!("{text}={}", asking(flags))),
                );
            }
            "" => values.push(asking(flags)),
            pattern => values.push(format!("{pattern}={}", asking(flags))),
        }
    }
    values
}

/// Whether the scope may hold packages of the standard library.
fn whole(scope: &[String]) -> bool {
    scope
        .iter()
        .any(|text| matches!(text.as_str(), "all" | "std" | "cmd"))
}

/// `pattern` and `flags` of `pattern=flags`; a value that starts with a dash has no pattern.
fn split(value: &str) -> (&str, &str) {
    let value = value.trim();
    match value.split_once('=') {
        Some((pattern, flags)) if !value.starts_with('-') => (pattern, flags),
        _ => ("", value),
    }
}

/// Adds [`diagnostics`], and drops what only changes the print: `-m=2` prints more, `-L` and `-C` print other positions.
fn asking(flags: &str) -> String {
    let mut kept: Vec<&str> = words(flags)
        .into_iter()
        .filter(|word| !prints(word))
        .collect();
    kept.extend(diagnostics());
    kept.join(" ")
}

fn prints(flag: &str) -> bool {
    let name = flag.trim_matches(['\'', '"']);
    let dashes = name.len() - name.trim_start_matches('-').len();
    let name = name[dashes..].split('=').next().unwrap_or_default();
    (1..=2).contains(&dashes) && matches!(name, "m" | "L" | "C")
}

/// Splits at spaces outside quotes, and leaves the quotes in place.
fn words(flags: &str) -> Vec<&str> {
    let mut quote = None;
    let split = |c: char| {
        match quote {
            // A quote opens only at the start of a word in Go; inside a word it would be an odd flag anyway.
            None if matches!(c, '\'' | '"') => quote = Some(c),
            Some(open) if open == c => quote = None,
            _ => {}
        }
        quote.is_none() && c.is_ascii_whitespace()
    };
    flags.split(split).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(scope: &[&str], user: &[&str]) -> String {
        let owned = |list: &[&str]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
        let all = gcflags(&owned(scope), &["strings".to_owned()], &owned(user)).join(" | ");
        all.replace(&diagnostics().join(" "), "-m")
    }

    #[test]
    fn nothing_of_the_users_is_the_scope_alone() {
        insta::assert_snapshot!(check(&["ex.com/m/..."], &[]), @"ex.com/m/...=-m");
    }

    #[test]
    fn each_value_keeps_its_flags() {
        insta::assert_snapshot!(
            check(&["ex.com/m/..."], &["ex.com/m/lib=-N -l", "-d=checkptr"]),
            @"ex.com/m/...=-m | ex.com/m/lib=-N -l -m | -d=checkptr -m"
        );
    }

    #[test]
    fn a_pattern_for_all_keeps_the_report_to_the_scope() {
        insta::assert_snapshot!(check(&["ex.com/m/..."], &["all=-N"]), @"ex.com/m/...=-m | all=-N | ex.com/m/...=-N -m");
        insta::assert_snapshot!(check(&["all"], &["all=-N"]), @"all=-m | all=-N -m");
        insta::assert_snapshot!(check(&["./..."], &["std=-N"]), @"./...=-m | std=-N | strings=-N -m");
    }

    #[test]
    fn flags_that_only_print_are_dropped() {
        insta::assert_snapshot!(check(&["./..."], &["-m=2 -N -L --m '-d=a b'", ""]), @"./...=-m | -N '-d=a b' -m | -m");
    }
}

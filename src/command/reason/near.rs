//! Explains in an error why a name is not found: it was inlined or eliminated, or these names are near.

use super::{INIT, Known};
use crate::config::strict::nearest;
use crate::error::{Error, Kind};
use crate::linker::Program;
use crate::number::counted_of;

/// Functions that are named.
const NAMED: usize = 3;

/// The error for a name.
pub(super) fn unknown(program: &Program<'_>, known: &Known<'_>, name: &str) -> Error {
    if let Some(into) = program.inlined_into(name) {
        return without_code(name, &into);
    }
    let message = match program.has_uncounted_c() {
        true => format!(
            "no Go package, module or symbol is called `{name}`, and C code is not looked at"
        ),
        false => format!("the executable has no package, module or symbol `{name}`"),
    };
    let error = Error::new(Kind::Usage, message);
    let modules = known.modules.values().copied();
    let names = known.packages.iter().map(|found| found.path.as_str());
    if let Some(nearest) = nearest(name, names.chain(modules).chain(["dce", INIT])) {
        return error.hint(format!("did you mean `{nearest}`?"));
    }
    let paths = known.packages.iter().map(|found| found.path.as_str());
    let end = format!("/{name}");
    let mut near: Vec<String> = paths
        .filter(|path| path.ends_with(&end))
        .map(str::to_owned)
        .collect();
    near.extend(program.similar(name, 5));
    near.truncate(5);
    if !near.is_empty() {
        return error.hint(format!("near: {}", near.join(", ")));
    }
    let symbols: Vec<String> = program.names().collect();
    match nearest(name, symbols.iter().map(String::as_str)) {
        Some(nearest) => error.hint(format!("did you mean `{nearest}`?")),
        None => error.hint("functions are named as in a stack trace: `example.com/m/p.(*T).M`"),
    }
}

/// The error for a name that is known to the compiler, but has no code in the file.
fn without_code(name: &str, into: &[String]) -> Error {
    if into.is_empty() {
        let message = format!(
            "`{name}` is compiled, but not in the executable: nothing that is kept needs it"
        );
        return Error::new(Kind::Usage, message).hint("there is nothing to cut");
    }
    let message = format!(
        "`{name}` has no code of its own: it is inlined wherever it is called, into {}",
        counted_of(into.len(), "function")
    );
    let named: Vec<String> = into
        .iter()
        .take(NAMED)
        .map(|of| format!("`{of}`"))
        .collect();
    Error::new(Kind::Usage, message).hint(format!("ask about one of these: {}", named.join(", ")))
}

//! Lists the functions of the user's own packages in an executable, and the calls that are inlined into them.

use std::collections::{BTreeMap, BTreeSet};

use crate::binary::{self, Anatomy, InlinedCall};
use crate::profile::symbol_parts;

/// What an executable has of the user's own code.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Own {
    /// Bytes of code and of the stack frame by symbol; of several functions of one name, the sum and the largest.
    pub functions: BTreeMap<String, (u64, u64)>,
    /// Calls in bodies of own functions that are inlined somewhere; `None` where the file does not say.
    pub inlined: Option<BTreeSet<InlinedCall<'static>>>,
}

/// Reads an executable; `is_own` is asked with the path of a package, which is `main` for the main package.
pub fn own(bytes: &[u8], anatomy: &Anatomy<'_>, is_own: impl Fn(&str) -> bool) -> Own {
    let is_own_symbol = |name: &str| is_own(&symbol_parts::package(name).replace("%2e", "."));
    let mut functions: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for function in &anatomy.functions {
        let name = anatomy.name(function);
        if is_own_symbol(&name) {
            let sizes = functions.entry(name.into_owned()).or_default();
            sizes.0 += u64::from(function.size);
            sizes.1 = sizes.1.max(u64::from(function.frame));
        }
    }
    let mut calls = BTreeSet::new();
    let mut any = false;
    let visited = binary::inlined(
        bytes,
        |_| true,
        |_, call| {
            any = true;
            if is_own_symbol(&call.caller) {
                calls.insert(call.into_owned());
            }
        },
    );
    Own {
        functions,
        // No Go program is without any: then the file does not show them.
        inlined: (visited.is_ok() && any).then_some(calls),
    }
}

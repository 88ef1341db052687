//! Separates sites that only one of two compilers reports: those that are news, and those that are only worded
//! otherwise.
//!
//! A compiler that says more is no program that allocates more: what is known of the differences between versions is
//! set apart, with its reason (`cmd/compile/internal/escape`, `cmd/compile/internal/base/debug.go`).

use std::collections::HashMap;

use serde::Serialize;

use super::Call;
use crate::report::Site;

/// Sites of which it is known why only one side has them.
#[derive(Debug, Clone, Serialize)]
#[cfg_attr(test, derive(schemars::JsonSchema))]
pub(crate) struct Told {
    /// Whether the new side has them.
    pub(crate) gained: bool,
    /// Why.
    pub(crate) why: String,
    /// The sites.
    pub(crate) sites: Vec<Site>,
}

/// What reasons are found in.
#[derive(Debug, Clone, Default)]
pub(crate) struct Drift<'a> {
    /// Minor versions: before, after.
    pub(crate) go: (u32, u32),
    /// Calls that only the new side inlines, and that only the old side does.
    pub(crate) calls: (Vec<&'a Call>, Vec<&'a Call>),
}

/// The first version that reports what `append` allocates.
const APPENDS: u32 = 25;

/// The first version that gives a slice of variable size a place on the stack, for up to 32 bytes.
const SMALL_SLICES: u32 = 25;

/// A site, and in which line of its declaration it stands; `None` where that is not known.
pub(crate) type Placed = (Site, Option<i64>);

/// Takes out of the lists what has a reason.
pub(crate) fn tell(
    drift: &Drift<'_>,
    gained: Vec<Placed>,
    lost: Vec<Placed>,
) -> (Vec<Site>, Vec<Site>, Vec<Told>) {
    let mut told: Vec<Told> = Vec::new();
    let gained = sort(drift, gained, true, &mut told);
    let lost = sort(drift, lost, false, &mut told);
    (gained, lost, told)
}

/// The sites of one side that are news; the others are added to `told`.
fn sort(drift: &Drift<'_>, all: Vec<Placed>, is_new: bool, told: &mut Vec<Told>) -> Vec<Site> {
    let side = Side::of(drift, &all, is_new);
    let mut news = Vec::new();
    for (site, _) in all {
        let Some(why) = side.why(&site) else {
            news.push(site);
            continue;
        };
        let same = |group: &&mut Told| group.gained == is_new && group.why == why;
        match told.iter_mut().find(same) {
            Some(group) => group.sites.push(site),
            None => told.push(Told {
                gained: is_new,
                why,
                sites: vec![site],
            }),
        }
    }
    news
}

/// What explains sites that one side has, and the other has not.
struct Side<'a> {
    /// The minor version that reports them, and the one that does not.
    here: u32,
    there: u32,
    /// `now`, `no more`
    when: &'static str,
    /// What a function allocates is reported of all places that it is inlined in, of those too that no executable has: the
    /// functions by such an expression.
    callees: HashMap<String, &'a str>,
}

impl<'a> Side<'a> {
    fn of(drift: &'a Drift<'_>, all: &[Placed], is_new: bool) -> Self {
        let (old, new) = drift.go;
        let (here, there, calls, when) = match is_new {
            true => (new, old, &drift.calls.0, "now"),
            false => (old, new, &drift.calls.1, "no more"),
        };
        let mut callees = HashMap::new();
        for (site, line) in all {
            let found = inlined(site, *line, calls);
            callees.extend(found.map(|callee| (site.expression.clone(), callee)));
        }
        Self {
            here,
            there,
            when,
            callees,
        }
    }

    /// Why a site is no news; `None` where it is.
    fn why(&self, site: &Site) -> Option<String> {
        let (here, there, when) = (self.here, self.there, self.when);
        if site.class == "append" && there < APPENDS && here >= APPENDS {
            return Some(format!(
                "`append` is reported by Go 1.{APPENDS} and newer only"
            ));
        }
        if site.class == "make" && here < SMALL_SLICES && there >= SMALL_SLICES {
            return Some(format!(
                "from Go 1.{SMALL_SLICES} on a slice of variable size lies on the stack where it has at most 32 bytes; a larger one still allocates"
            ));
        }
        if is_written(site) {
            return None;
        }
        if let Some(callee) = self.callees.get(&site.expression) {
            return Some(format!(
                "the allocation of {callee}, which is inlined there {when}"
            ));
        }
        let of_another = head(site).contains('.') && !site.source.is_empty();
        of_another.then(|| format!("the allocation of a function that is inlined there {when}"))
    }
}

/// `&errors.errorString` of `&errors.errorString{...}`.
fn head(site: &Site) -> &str {
    site.expression.split(['{', '(']).next().unwrap_or_default()
}

/// Whether the expression stands in the line of source, and so is not that of a function that is inlined there.
fn is_written(site: &Site) -> bool {
    let head = without_spaces(head(site));
    head.is_empty() || without_spaces(&site.source).contains(&head)
}

/// The function that is inlined at a site and that its expression belongs to.
fn inlined<'a>(site: &Site, line: Option<i64>, calls: &[&'a Call]) -> Option<&'a str> {
    if is_written(site) {
        return None;
    }
    let function = format!(".{}", site.function);
    let is_there = |call: &&&Call| {
        let Some((before, closure)) = call.caller.split_once(&function) else {
            return false;
        };
        let is_package = before == "main" || before == site.package;
        match closure {
            "" => is_package && line == Some(call.line),
            // Lines of a closure are counted from its own first one.
            closure => is_package && closure.starts_with('.'),
        }
    };
    let mut found = calls.iter().filter(is_there);
    found.next().map(|call| call.callee.as_str())
}

fn without_spaces(text: &str) -> String {
    text.split_whitespace().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(class: &str, function: &str, expression: &str, source: &str) -> Placed {
        let value = serde_json::json!({
            "id": "x", "package": "m/p", "function": function, "class": class,
            "expression": expression, "file": "p.go", "line": 9, "column": 1,
            "message": "", "source": source, "reason": null, "weight": null,
        });
        (serde_json::from_value(value).unwrap(), Some(4))
    }

    #[test]
    fn what_another_compiler_says_of_the_same_code_is_no_news() {
        let call = |caller: &str, callee: &str, line| Call {
            caller: caller.into(),
            callee: callee.into(),
            line,
        };
        let gained = [call("m/p.F", "fmt.Errorf", 4)];
        let drift = Drift {
            go: (24, 26),
            calls: (gained.iter().collect(), Vec::new()),
        };
        let errors = "&errors.errorString{...}";
        let (news, lost, told) = tell(
            &drift,
            vec![
                site("append", "F", "append", "a = append(a, 1)"),
                site("new", "F", errors, "return fmt.Errorf(text)"),
                // Inlined with a function that was inlined before.
                site("new", "G", errors, "respond(w)"),
                site("new", "G", "&T{...}", "t := &T{}"),
            ],
            vec![
                site("make", "F", "make([]int, n)", "make([]int, n)"),
                site("new", "F", "new(int)", "x := new(int)"),
            ],
        );
        let shown: Vec<&str> = news.iter().map(|new| new.expression.as_str()).collect();
        assert_eq!(shown, ["&T{...}"]);
        assert_eq!(lost.len(), 1);
        let groups: Vec<(bool, usize)> = told
            .iter()
            .map(|message| (message.gained, message.sites.len()))
            .collect();
        assert_eq!(groups, [(true, 1), (true, 2), (false, 1)]);
        assert!(told[1].why.contains("fmt.Errorf"), "{}", told[1].why);
        // The way back says the same of the other side.
        let drift = Drift {
            go: (26, 24),
            calls: (Vec::new(), gained.iter().collect()),
        };
        let lost = vec![site("append", "F", "append", "a = append(a, 1)")];
        let (_, lost, told) = tell(&drift, Vec::new(), lost);
        assert!(lost.is_empty() && !told[0].gained);
    }
}

use super::{Check, Context, Seen};

pub(crate) const CHECK: Check = Check {
    id: "stamps",
    summary: "whether every value of -X, and the stamp of the repository, arrived in the binary",
    manual: "\
What it sees: for each `-X importpath.name=value` the finished binary is searched for a string
with exactly that value: an address and a length that lead to these bytes. The linker flags that
Go records in the build information do not count. And a repository without a git in PATH.

Why it matters: the linker says nothing about a variable that it did not set. Names that are
misspelt, and variables that are no string or whose value is computed when the program starts,
are refused before Go runs. What is left is a variable that nothing reads: it is not in the
program, and neither is its value. Without git Go leaves out the revision of the repository and
says nothing: `go version -m` shows no vcs.revision, and nobody knows what was built.

What to do: use the variable (print it for --version), or leave out the -X. Install git where the
build runs, or say that no stamp is wanted: -buildvcs=false.

Source: addstrdata in cmd/link/internal/ld/data.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    if context.facts.unstamped {
        return Some(Seen::bad(
            "no stamp of the repository: there is no git in PATH for go to ask",
            "install git where the build runs, or say that no stamp is wanted: -buildvcs=false",
        ));
    }
    let stamps = &context.artifact?.stamps;
    if stamps.is_empty() {
        return None;
    }
    let missing = stamps.iter().filter(|stamped| !stamped.arrived);
    let missing: Vec<String> = missing.map(|it| format!("`{}`", it.name)).collect();
    match missing.as_slice() {
        [] if stamps.len() == 1 => Some(Seen::Good("the value of -X is in the binary".into())),
        [] => Some(Seen::Good(format!(
            "all {} values of -X are in the binary",
            stamps.len()
        ))),
        some => Some(Seen::bad(
            format!(
                "-X set {} to a value that is not in the binary",
                some.join(", ")
            ),
            "nothing reads the variable: use it, or leave out the -X",
        )),
    }
}

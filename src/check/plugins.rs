use super::{Check, Context, Seen};

pub(crate) const CHECK: Check = Check {
    id: "plugins",
    summary: "whether a program and its plugins are built alike",
    manual: "\
What it sees: a program that imports the package plugin, or `-buildmode=plugin`, that is built with
a -trimpath or a profile which nobody typed: `[build] trimpath` is true by default, and a default.pgo
is taken where it lies.

Why it matters: plugin.Open compares the hash of every package that the program and the plugin
share. Built with -trimpath, or with a profile, on one side only, the same package has another
hash, and the program says at run time: plugin was built with a different version of package.

What to do: build both with the same flags: the program and its plugins with gobuild-opt, or
`[build] trimpath = false` and `[pgo] profile = \"off\"` for both. A trimpath that the
configuration or the command line sets is taken as decided.

Source: cmd/link/internal/ld/lib.go (pkghash), runtime/plugin.go.",
    run,
};

fn run(context: &Context<'_>) -> Option<Seen> {
    let facts = context.facts;
    let is_plugin = facts.asked.mode == "plugin";
    let mut packages = facts.packages.iter();
    let mut opens = || packages.any(|package| package.import_path == "plugin");
    if !is_plugin && !opens() {
        return None;
    }
    let ours = ours(context);
    let what = match is_plugin {
        true => "a plugin, and the program that opens it",
        false => "the program opens plugins, and these",
    };
    if ours.is_empty() {
        return Some(Seen::Good(format!(
            "{what} have to be built alike: nothing was added here"
        )));
    }
    Some(Seen::bad(
        format!(
            "{what} have to be built with {} too: else plugin.Open says `different version of package`",
            ours.join(" and ")
        ),
        "build both with gobuild-opt, or set `[build] trimpath = false` for both; then write down what you chose",
    ))
}

/// Flags that change every package, and that nobody decided on.
fn ours(context: &Context<'_>) -> Vec<String> {
    let facts = context.facts;
    let mut ours = Vec::new();
    let by_us = |text: &String| text == "defaults" || text.starts_with("preset ");
    let decided = |key: &str| {
        let origin = context.origins.get(key);
        origin.is_some_and(|origin| !by_us(origin))
    };
    if facts.asked.trims && !decided("build.trimpath") {
        ours.push("-trimpath".to_owned());
    }
    let used = facts.pgo.of(context.package).filter(|used| used.applied);
    if let Some(used) = used.filter(|_| !decided("pgo.profile")) {
        ours.push(format!("`{}`", used.reason.flag));
    }
    ours
}

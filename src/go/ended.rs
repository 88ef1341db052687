//! What go said of a tool that did not end by itself in, why that was so out: memory, the disk, or somebody's signal.

use std::path::Path;

use crate::config::size::human;
use crate::process::Outcome;
use crate::process::memory::Groups;

/// How what we say in place of a tool begins.
pub const SPEAKS: &str = "gobuild-opt toolexec:";

/// What `gobuild-opt toolexec` says of a tool that was killed: go alone names neither tool nor package then.
pub fn note(tool: &str, package: &str, signal: i32) -> String {
    format!("{SPEAKS} the {tool} of {package} was killed by signal {signal}")
}

/// Why go failed, as the rest of a sentence, and what to do; `None` where its own words say it all.
pub fn cause(text: &str, outcome: &Outcome) -> Option<(String, String)> {
    if let Some(line) = text.lines().find(|it| it.contains("no space left on device")) {
        return Some(full(line));
    }
    let starving = text.lines().find_map(|it| {
        let it = it.strip_prefix("fatal error: ")?;
        (it.contains("out of memory") || it.contains("cannot allocate memory")).then_some(it)
    });
    if let Some(words) = starving {
        return Some((
            format!("a tool of go got no more memory ({words})"),
            "raise the limit (`ulimit -v`), or build fewer packages at once: `-p 1`".into(),
        ));
    }
    let (who, signal) = killed(text)?;
    if outcome.starved {
        return Some(starved(&who, &Groups::default()));
    }
    Some((
        format!("{who} was killed by signal {signal}, which came from outside: memory was not short"),
        "look for whoever ends processes here: a time limit of the CI job, an administrator, a watchdog".into(),
    ))
}

/// Who was killed, and by which signal.
fn killed(text: &str) -> Option<(String, String)> {
    let ours = text.lines().find_map(|it| {
        let rest = it.trim().strip_prefix(SPEAKS)?.trim();
        let (who, signal) = rest.split_once(" was killed by signal ")?;
        Some((who.to_owned(), signal.to_owned()))
    });
    ours.or_else(|| {
        let line = text
            .lines()
            .find_map(|it| it.trim_end().strip_suffix(": signal: killed"))?;
        let path = line.rsplit(' ').next().unwrap_or(line);
        let tool = Path::new(path).file_name()?.to_string_lossy();
        let who = match tool.as_ref() {
            "link" => "the link".to_owned(),
            "gobuild-opt" => "a tool of go".to_owned(),
            tool => format!("a run of {tool}"),
        };
        Some((who, "9".to_owned()))
    })
}

fn starved(who: &str, groups: &Groups) -> (String, String) {
    let hint = "give the build more memory, or build fewer packages at once: `-p 1`";
    let what = match groups.limit() {
        Some(it) => {
            let peak = it.peak.unwrap_or(it.used);
            format!(
                "needed more than the {} that the container may have ({} were in use at most)",
                human(it.bytes),
                human(peak.min(it.bytes))
            )
        }
        None => "the machine had no more".to_owned(),
    };
    (format!("{who} was killed: out of memory, {what}"), hint.into())
}

/// Go's messages name the file that could not be written.
fn full(line: &str) -> (String, String) {
    let path = line
        .split(": no space left on device")
        .next()
        .and_then(|it| it.rsplit([' ', '\t']).next())
        .map(Path::new)
        .filter(|it| it.is_absolute());
    let place = path.and_then(|it| it.ancestors().find(|it| it.exists()));
    let free = place.and_then(|it| {
        let about = rustix::fs::statvfs(it).ok()?;
        Some((
            it.display().to_string(),
            about.f_bavail.saturating_mul(about.f_frsize),
            about.f_blocks.saturating_mul(about.f_frsize),
        ))
    });
    let message = match free {
        Some((place, free, all)) => format!(
            "the file system of `{place}` is full: {} of {} are free",
            human(free),
            human(all)
        ),
        None => "the file system of go's work directory is full".to_owned(),
    };
    (
        message,
        "make room there, or let go work elsewhere: GOTMPDIR, and GOCACHE for the build cache"
            .into(),
    )
}

#[cfg(test)]
mod tests {
    use std::os::unix::process::ExitStatusExt;
    use std::process::ExitStatus;
    use std::time::Duration;

    use super::*;

    fn check(text: &str, starved: bool) -> String {
        let outcome = Outcome {
            status: ExitStatus::from_raw(256),
            wall: Duration::ZERO,
            starved,
        };
        cause(text, &outcome).map_or("-".into(), |it| it.0)
    }

    #[test]
    fn who_was_killed_is_named() {
        let ours = note("link", "ex.com/cmd/api", 9);
        let shown = check(&format!("# ex.com/cmd/api\n{ours}\n"), true);
        assert!(
            shown.starts_with("the link of ex.com/cmd/api was killed: out of memory, "),
            "{shown}"
        );
        assert_eq!(
            check("go build ex.com/m: /go/pkg/tool/linux_amd64/link: signal: killed", false),
            "the link was killed by signal 9, which came from outside: memory was not short"
        );
        assert_eq!(
            check("/t/compile: signal: killed\n", false),
            "a run of compile was killed by signal 9, which came from outside: memory was not short"
        );
        assert_eq!(check("./x.go:1:1: undefined: y", true), "-");
    }

    #[test]
    fn a_full_disk_and_a_limit_are_named() {
        let shown = check("write /none/at/all: no space left on device", false);
        assert!(
            shown.starts_with("the file system of `/` is full: "),
            "{shown}"
        );
        assert_eq!(
            check("fatal error: runtime: cannot allocate memory", false),
            "a tool of go got no more memory (runtime: cannot allocate memory)"
        );
    }
}

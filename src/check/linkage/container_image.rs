//! Finds in a Dockerfile the image without glibc into which it puts an executable.

/// The image of the last stage, where that has no glibc and the file of this name is put into it: scratch, distroless/static,
/// Alpine. What another stage compiles with go counts for nothing: it is another file than ours.
pub(crate) fn without_glibc(dockerfile: &str, name: &str) -> Option<String> {
    let (image, copies) = last(dockerfile, Some(name))?;
    copies.then_some(image)
}

/// The image of the last stage, where that has no glibc, whatever is put into it and whoever makes that.
pub(crate) fn last_without_glibc(dockerfile: &str) -> Option<String> {
    Some(last(dockerfile, None)?.0)
}

/// The image of the last stage, where it has no glibc, and whether the file of a name is put into it.
fn last(dockerfile: &str, name: Option<&str>) -> Option<(String, bool)> {
    let joined = dockerfile.replace("\\\n", " ");
    let mut stages: Vec<Stage> = Vec::new();
    let ours = joined.contains("gobuild-opt ");
    for line in joined.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((instruction, rest)) = words.split_first() else {
            continue;
        };
        match instruction.to_ascii_uppercase().as_str() {
            "FROM" => stages.push(Stage::of(rest, &stages)),
            "COPY" | "ADD" => {
                let from_stage = rest.iter().any(|text| text.starts_with("--from="));
                let copies = (!from_stage || ours) && names(rest, name);
                if let Some(stage) = stages.last_mut() {
                    stage.copies |= copies;
                }
            }
            _ => {}
        }
    }
    let last = stages.pop()?;
    lacks_glibc(&last.image).then_some((last.image, last.copies))
}

/// One `FROM`, and what follows.
struct Stage {
    /// What other stages call it.
    alias: String,
    image: String,
    /// Whether the file is put into it.
    copies: bool,
}

impl Stage {
    /// From the words behind `FROM`; the image of a stage before it is that stage's.
    fn of(words: &[&str], before: &[Self]) -> Self {
        let plain = plain(words);
        let image = plain.first().copied().unwrap_or_default();
        let known = before.iter().rfind(|stage| stage.alias == image);
        let alias = plain.get(2).copied().unwrap_or_default();
        Self {
            alias: alias.to_owned(),
            image: known.map_or(image, |stage| &stage.image).to_owned(),
            copies: false,
        }
    }
}

/// The words of an instruction that are no flags.
fn plain<'w>(words: &[&'w str]) -> Vec<&'w str> {
    let words = words.iter().copied();
    words.filter(|text| !text.starts_with("--")).collect()
}

/// Whether a file of a name is among what is copied.
fn names(words: &[&str], name: Option<&str>) -> bool {
    let plain = plain(words);
    let sources = plain.split_last().map_or(&[][..], |parts| parts.1);
    let is_it = |text: &&str| text.trim_end_matches('/').rsplit('/').next() == name;
    name.is_some() && sources.iter().any(is_it)
}

/// Whether an image has no glibc.
fn lacks_glibc(image: &str) -> bool {
    let path = image.split(['@', ':']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    path == "scratch" || last == "alpine" || path.contains("distroless/static")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_stage_and_what_is_put_into_it_count() {
        let check = |text: &str| without_glibc(text, "api").unwrap_or_default();
        assert_eq!(check("FROM scratch\nCOPY dist/api /api\n"), "scratch");
        assert_eq!(
            check("FROM alpine:3.20\nCOPY --chown=1 \\\n  dist/api /\n"),
            "alpine:3.20"
        );
        let distroless = "gcr.io/distroless/static-debian12:nonroot";
        assert_eq!(
            check(&format!(
                "FROM {distroless} AS base\nFROM base\nCOPY api /\n"
            )),
            distroless
        );
        // It has glibc; it is another file; another go makes it; it is not the last stage.
        for other in [
            "FROM debian:12\nCOPY dist/api /api\n",
            "FROM scratch\nCOPY dist/worker /worker\n",
            "FROM golang AS b\nRUN go build -o /api\nFROM scratch\nCOPY --from=b /api /\n",
            "FROM scratch AS s\nCOPY api /\nFROM debian\nCOPY x /\n",
            "",
        ] {
            assert_eq!(check(other), "", "{other}");
        }
        let other = "FROM golang AS b\nRUN go build -o /api\nFROM scratch\nCOPY --from=b /api /\n";
        assert_eq!(last_without_glibc(other).as_deref(), Some("scratch"));
        assert_eq!(last_without_glibc("FROM debian\nCOPY api /\n"), None);
        let within = "FROM golang AS b\nRUN gobuild-opt release -o /api\nFROM scratch\nCOPY --from=b /api /\n";
        assert_eq!(check(within), "scratch");
    }
}

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
    let mut stages: Vec<(String, String)> = Vec::new();
    let mut copies = false;
    let ours = joined.contains("gobuild-opt ");
    for line in joined.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let Some((instruction, rest)) = words.split_first() else {
            continue;
        };
        let plain: Vec<&str> = rest
            .iter()
            .copied()
            .filter(|text| !text.starts_with("--"))
            .collect();
        match instruction.to_ascii_uppercase().as_str() {
            "FROM" => {
                let image = plain.first().copied().unwrap_or_default();
                let before = stages.iter().rfind(|stage| stage.0 == image);
                let image = before.map_or(image, |before| &before.1).to_owned();
                let alias = plain.get(2).copied().unwrap_or_default();
                stages.push((alias.to_owned(), image));
                copies = false;
            }
            "COPY" | "ADD" => {
                let from_stage = rest.iter().any(|text| text.starts_with("--from="));
                let sources = plain.split_last().map_or(&[][..], |parts| parts.1);
                let is_it = |text: &&str| {
                    name.is_some() && text.trim_end_matches('/').rsplit('/').next() == name
                };
                copies |= (!from_stage || ours) && sources.iter().any(is_it);
            }
            _ => {}
        }
    }
    let image = stages.pop()?.1;
    let path = image.split(['@', ':']).next().unwrap_or_default();
    let last = path.rsplit('/').next().unwrap_or_default();
    let is_static = path.contains("distroless/static");
    let lacks = path == "scratch" || last == "alpine" || is_static;
    lacks.then_some((image, copies))
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

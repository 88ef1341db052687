//! New sites in, workflow commands out: GitHub shows each as an annotation on its line.

use crate::report::Site;

/// One command per site. `prefix` leads from the root of the repository to the working directory.
pub fn github(findings: &[&Site], prefix: &str) -> String {
    findings
        .iter()
        .map(|it| annotation(it, prefix) + "\n")
        .collect()
}

fn annotation(site: &Site, prefix: &str) -> String {
    let mut properties = Vec::new();
    if let Some(file) = site.file.as_deref().filter(|it| !it.is_empty()) {
        let prefix = if file.starts_with('/') { "" } else { prefix };
        properties.push(format!("file={}", property(&format!("{prefix}{file}"))));
        for (name, value) in [("line", site.line), ("col", site.column)] {
            if value > 0 {
                properties.push(format!("{name}={value}"));
            }
        }
    }
    properties.push(format!(
        "title={}",
        property(&format!("new escape: {}", site.class))
    ));
    let message = format!(
        "{} in {}.{}\n{}\naccept it: gobuild-opt accept {} --reason TEXT",
        site.message, site.package, site.function, site.source, site.id
    );
    format!("::warning {}::{}", properties.join(","), data(&message))
}

/// As the runner reads it: `actions/toolkit`, `packages/core/src/command.ts`.
fn data(text: &str) -> String {
    text.replace('%', "%25")
        .replace('\r', "%0D")
        .replace('\n', "%0A")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_others_stays_inside_its_command() {
        let site = Site {
            id: "0123456789".into(),
            package: "ex.com/m".into(),
            function: "main".into(),
            class: "boxing".into(),
            expression: "x".into(),
            file: Some("a,b:c%\n::error::.go".into()),
            line: 3,
            column: 0,
            message: "\"100%\r\n::error::x\" escapes to heap".into(),
            source: "f(x)".into(),
            reason: None,
        };
        insta::assert_snapshot!(github(&[&site], "sub/"), @"::warning file=sub/a%2Cb%3Ac%25%0A%3A%3Aerror%3A%3A.go,line=3,title=new escape%3A boxing::\"100%25%0D%0A::error::x\" escapes to heap in ex.com/m.main%0Af(x)%0Aaccept it: gobuild-opt accept 0123456789 --reason TEXT");
    }
}

//! Divides what is asked for into parts that are built together: Go takes one `-pgo=` per build.

use std::ffi::OsString;
use std::path::Path;

use super::build_flags::Inputs;
use super::output::Executable;
use super::{Facts, pgo};
use crate::go::Package;

/// What is built together, with one profile.
pub(crate) struct Part<'a> {
    /// What decides about its flags.
    pub(crate) inputs: Inputs<'a>,
    /// As they stand on the command line.
    pub(crate) packages: Vec<OsString>,
    /// What comes of it.
    pub(crate) executables: Vec<&'a Executable>,
    /// All that was asked for.
    whole: bool,
}

/// One part per profile. Where there are several, packages are named one by one; those that are no commands go with the first.
pub(crate) fn parts<'a>(
    inputs: &Inputs<'a>,
    facts: &'a Facts,
    executables: &'a [Executable],
    packages: &[OsString],
) -> Vec<Part<'a>> {
    let uses = &facts.pgo.uses;
    let whole = uses.len() == 1;
    let part = |(index, used): (usize, &'a pgo::Use)| {
        let mine = |path: &str| used.packages.iter().any(|mine| mine == path);
        let of_part = |package: &&Package| {
            !package.dep_only
                && (mine(&package.import_path) || (index == 0 && package.name != "main"))
        };
        let named = facts.packages.iter().filter(of_part);
        let named = named.map(|package| package.import_path.clone().into());
        let executables = executables.iter();
        Part {
            inputs: Inputs {
                pgo: Some(used),
                ..*inputs
            },
            packages: match whole {
                true if !facts.only.is_empty() => facts.only.iter().map(OsString::from).collect(),
                true => packages.to_vec(),
                false => named.collect(),
            },
            executables: executables
                .filter(|executable| whole || mine(&executable.package))
                .collect(),
            whole,
        }
    };
    uses.iter().enumerate().map(part).collect()
}

impl Part<'_> {
    /// The builds that write executables: packages, and the `-o` that they get.
    pub(crate) fn links(&self, facts: &Facts, directory: &Path) -> Vec<(Vec<OsString>, OsString)> {
        let file = |executable: &Executable| directory.join(&executable.name).into_os_string();
        let taken = facts.asked.taken(&facts.packages).len();
        let named = facts
            .packages
            .iter()
            .filter(|package| !package.dep_only)
            .count();
        let mut into = directory.as_os_str().to_owned();
        into.push("/");
        let by_name = |executable: &&Executable| OsString::from(&executable.package);
        match self.executables.as_slice() {
            [] => Vec::new(),
            // With an `-o` this mode takes one package, and ours always has one.
            several if facts.asked.mode == "exe" && named > 1 => several
                .iter()
                .map(|executable| (vec![by_name(executable)], file(executable)))
                .collect(),
            // One executable gets its name here, so that build modes that write a second file (c-archive)
            // name it alike; several get Go's names.
            [one] if taken == 1 => vec![(self.packages.clone(), file(one))],
            _ if self.whole => vec![(self.packages.clone(), into)],
            [one] => vec![(vec![by_name(one)], file(one))],
            several => vec![(several.iter().map(by_name).collect(), into)],
        }
    }
}

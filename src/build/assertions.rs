//! The sources of a platform read, its assertions judged.

use std::collections::HashMap;

use super::escapes::{Collected, excerpt_of, read};
use crate::assertion::{self, Evidence, Files, Judged, Subject};
use crate::config::Config;
use crate::plan::Facts;

/// Finds what is asserted. Reads every source of the scope where comments count, otherwise those that are named.
pub fn find(config: &Config, facts: &Facts) -> Vec<Subject> {
    let list = |directory: &str| {
        let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
        let mut names: Vec<String> = entries
            .filter_map(|it| it.file_name().into_string().ok())
            .collect();
        names.sort();
        names
    };
    let mut files = Files {
        read: &mut |it| read(it),
        list: &mut |it| list(it),
    };
    assertion::find(config, facts, &mut files)
}

/// Judges what was found. Without `collected`, `why` is what stands in the way.
pub fn judge(subjects: Vec<Subject>, collected: Option<&Collected>, why: &str) -> Judged {
    let evidence = collected.map(|it| Evidence {
        sites: &it.sites,
        beyond: &it.beyond,
        remarks: &it.remarks,
    });
    let mut outcomes = assertion::judge(&subjects, evidence, why);
    let mut sources: HashMap<Vec<u8>, Vec<u8>> = HashMap::new();
    for it in outcomes
        .iter_mut()
        .filter(|it| it.status == assertion::Status::Fail)
    {
        if let Some(path) = &it.source {
            let bytes = sources
                .entry(path.clone())
                .or_insert_with(|| read(path).unwrap_or_default());
            it.excerpt = excerpt_of(bytes, it.line);
        }
    }
    Judged { subjects, outcomes }
}

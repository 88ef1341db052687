//! The command that a profile was collected from in, a note in the profile out; and whether a workload is that command.
//!
//! The note has a few digits of the digest of each word: profiles are committed, and a command may hold what nobody else is to see.

use sha2::{Digest, Sha256};

use super::Profile;
use super::proto;

/// What the note begins with.
const MARK: &str = "gobuild-opt collected from:";
/// Of more words there is no note.
const MOST: usize = 200;

/// Writes the note into a profile. `profile` is what stands for its file in the words: that word is how it was taken and not what
/// was done, and so is the flag before it.
pub fn note(raw: &mut proto::Profile, command: &[String], profile: &str) {
    let mut words: Vec<String> = Vec::new();
    for word in split(command) {
        if !word.contains(profile) {
            words.push(word);
            continue;
        }
        let is_flag = |before: &String| before.starts_with('-') && !before.contains('=');
        if word == profile && words.last().is_some_and(is_flag) {
            words.pop();
        }
    }
    if words.is_empty() || words.len() > MOST {
        return;
    }
    let digests: Vec<String> = words.iter().map(|word| digest(word)).collect();
    let text = format!("{MARK} {}", digests.join(" "));
    let index = i64::try_from(raw.string_table.len()).unwrap_or_default();
    raw.string_table.push(text.into_bytes());
    raw.comment.push(index);
}

/// Whether the profile was collected from this workload, `program` standing for the program in its words: the same words in the
/// same order, and one more for the program.
pub fn is_from(profile: &Profile, workload: &[String], program: &str) -> bool {
    let words: Vec<String> = split(workload)
        .into_iter()
        .filter(|word| word != program)
        .map(|word| digest(&word))
        .collect();
    let comments = profile.raw().comment.iter();
    let mut notes = comments.filter_map(|index| {
        let text = profile.text(*index).into_owned();
        let rest = text.strip_prefix(MARK)?;
        Some(
            rest.split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    });
    notes.any(|noted| {
        let mut rest = noted.iter();
        let in_order = words.iter().all(|word| rest.any(|other| other == word));
        in_order && noted.len() == words.len() + 1
    })
}

/// The words of a command, and those of a command of a shell in it.
fn split(command: &[String]) -> Vec<String> {
    let words = |text: &String| shell_words::split(text).unwrap_or_else(|_| vec![text.clone()]);
    command.iter().flat_map(words).collect()
}

fn digest(word: &str) -> String {
    let digest = Sha256::digest(word.as_bytes());
    digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{encode, read};

    fn words(text: &str) -> Vec<String> {
        shell_words::split(text).unwrap()
    }

    /// A profile that was collected from a command.
    fn collected(command: &str) -> Profile {
        let mut raw = proto::Profile {
            string_table: ["", "cpu", "nanoseconds"]
                .map(|it| it.as_bytes().to_vec())
                .into(),
            sample_type: vec![proto::ValueType { r#type: 1, unit: 2 }],
            ..proto::Profile::default()
        };
        note(&mut raw, &words(command), "{profile}");
        read(&encode(&raw)).unwrap()
    }

    #[test]
    fn the_training_load_is_known_again() {
        for (command, workload, same) in [
            (
                "./api -cpuprofile {profile} -import data",
                "{bin} -import data",
                true,
            ),
            (
                "./api -cpuprofile={profile} -import data",
                "{bin} -import data",
                true,
            ),
            ("./api -import data", "{bin} -import data", true),
            ("./api", "{bin}", true),
            ("./api -import data", "{bin} -import other", false),
            ("./api -import data", "{bin}", false),
            ("./api -import data -v", "{bin} -import data", false),
            (
                "sh -c './api -cpuprofile {profile} < data'",
                "sh -c '{bin} < data'",
                true,
            ),
        ] {
            let profile = collected(command);
            let found = is_from(&profile, &words(workload), "{bin}");
            assert_eq!(found, same, "{command} / {workload}");
        }
        // What stands in it is not what was typed.
        let profile = collected("./api -token geheim");
        let all = &profile.raw().string_table;
        assert!(
            !all.iter()
                .any(|it| String::from_utf8_lossy(it).contains("geheim"))
        );
    }
}

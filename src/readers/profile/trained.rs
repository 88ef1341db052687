//! Writes into a profile a note of the command that it was collected from, and checks whether a workload is that
//! command.
//!
//! Profiles are committed, and a command may hold what nobody else is to see. So the note has digests of the whole
//! command alone, never of one word: whoever knows all the other words can try guesses for the last one, and nobody
//! else can.

use sha2::{Digest, Sha256};

use super::Profile;
use super::proto;

/// What the note begins with.
const MARK: &str = "gobuild-opt collected from, by digests:";
/// Of more words there is no note.
const MOST: usize = 200;

/// Writes the note into a profile: for each word that may be the program, a digest of the command with only the base name of that
/// word in its place. `profile` is what stands for its file in the words: that word is how it was taken and not what was done, and
/// so is the flag before it.
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
    let mut digests: Vec<String> = words
        .iter()
        .map(|program| digest(&words, program, base(program)))
        .collect();
    // Equal words have equal digests; and the order would say nothing.
    digests.sort_unstable();
    digests.dedup();
    let text = format!("{MARK} {}", digests.join(" "));
    let index = i64::try_from(raw.string_table.len()).unwrap_or_default();
    raw.string_table.push(text.into_bytes());
    raw.comment.push(index);
}

/// Whether the profile, or a part of it, was collected from this workload: the same words, and a file with one of the `names` of
/// the program where `program` stands in it.
pub fn is_from(profile: &Profile, workload: &[String], program: &str, names: &[&str]) -> bool {
    let words = split(workload);
    let wanted: Vec<String> = names
        .iter()
        .map(|name| digest(&words, program, base(name)))
        .collect();
    let mut comments = profile.raw().comment.iter();
    comments.any(|index| {
        let text = profile.text(*index);
        let noted = text.strip_prefix(MARK).unwrap_or_default();
        let mut noted = noted.split_whitespace();
        noted.any(|digest| wanted.iter().any(|wanted| wanted == digest))
    })
}

/// The words of a command, and those of a command of a shell in it.
fn split(command: &[String]) -> Vec<String> {
    let words = |text: &String| shell_words::split(text).unwrap_or_else(|_| vec![text.clone()]);
    command.iter().flat_map(words).collect()
}

/// The name of a file without its directories, as it is called on every system.
fn base(path: &str) -> &str {
    let name = path.rsplit(['/', '\\']).next().unwrap_or(path);
    name.strip_suffix(".exe").unwrap_or(name)
}

/// Of all words together, with a name in the place of the program.
fn digest(words: &[String], program: &str, name: &str) -> String {
    let mut digest = Sha256::new();
    digest.update(name.as_bytes());
    for word in words {
        // No word has a zero byte.
        digest.update([0, u8::from(word == program)]);
        if word != program {
            digest.update(word.as_bytes());
        }
    }
    let digest = digest.finalize();
    digest[..4]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{Input, Normalize, encode, merge, read};

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
            ("dist/api.exe -v", "{bin} -v", true),
            ("./loadtest.sh", "{bin}", false),
            ("./loadtest.sh -import data", "{bin} -import data", false),
            ("./api -import data", "-import {bin} data", false),
            ("./api ./api", "{bin} {bin}", true),
            ("./api -import data", "./api -import data", false),
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
            let found = is_from(&profile, &words(workload), "{bin}", &["api"]);
            assert_eq!(found, same, "{command} / {workload}");
        }
    }

    #[test]
    fn the_note_gives_no_word_away() {
        let profile = collected("./api -token geheim");
        let all = &profile.raw().string_table;
        let texts = all.iter().map(|text| String::from_utf8_lossy(text));
        let text = texts.collect::<Vec<_>>().join("\n");
        assert!(!text.contains("geheim"));
        // Nor does the digest of a guess, of whatever kind.
        let guess = |words: &[&str], program: &str, name: &str| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            digest(&words, program, name)
        };
        assert!(!text.contains(&guess(&["geheim"], "", "")));
        assert!(!text.contains(&guess(&["geheim"], "geheim", "geheim")));
        assert!(!text.contains(&guess(&["-token", "geheim"], "", "")));
        assert!(text.contains(&guess(&["./api", "-token", "geheim"], "./api", "api")));
    }

    #[test]
    fn a_part_that_was_collected_from_it_is_enough() {
        let (one, other) = (collected("./api -n 1"), collected("./api -n 2"));
        let inputs = [&one, &other].map(|profile| Input {
            profile,
            weight: 1.0,
        });
        let merged = merge(&inputs, Normalize::Off).unwrap();
        let found = |load: &str| is_from(&merged, &words(load), "{bin}", &["api"]);
        assert!(found("{bin} -n 1") && found("{bin} -n 2") && !found("{bin} -n 3"));
    }
}

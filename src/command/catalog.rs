//! The commands that print what comes with the program: manuals, presets, schemas, completions.

use std::collections::BTreeMap;

use clap::CommandFactory;
use clap_complete::Shell;

use super::config_schema::config_schema;
use super::{Output, Session};
use crate::advise::{self, RULES, Rule};
use crate::check;
use crate::cli::{Cli, Completions, Explain, Man, Presets, Schema, SchemaOf};
use crate::config::{preset, strict};
use crate::error::{Error, Kind, Result};
use crate::lesson::{self, Lesson};
use crate::order::Ordered;
use crate::render::{self, Format, Style};
use crate::schema;
use crate::view::{Block, Cell, Column, Table, Tone, number, text};

fn data(text: String) -> Result<Output> {
    Ok(Output {
        text,
        is_data: true,
        ..Output::default()
    })
}

/// `explain [ID]`
pub(crate) fn explain(args: &Explain, session: &Session<'_>) -> Result<Output> {
    if args.lessons && args.id.is_none() {
        return lessons(args.format, session.width);
    }
    let Some(id) = &args.id else {
        let checks = check::ALL.iter().map(|check| (check.id, check.summary));
        let rules = RULES.iter().map(|rule| (rule.id, rule.summary));
        let rows = checks.chain(rules);
        let rows = rows.map(|row| vec![row.0.to_owned(), row.1.to_owned()]);
        let rows = rows.collect();
        let columns = ["check or rule", "sees"].map(text).to_vec();
        return list(columns, rows, args.format, session.width);
    };
    let page = check::find(id).map(|check| page(check.id, check.summary, check.manual));
    let page = page.or_else(|| Some(rule_page(rule(id)?)));
    let page = page.or_else(|| Some(lesson::find(id)?.page()));
    let page = page.ok_or_else(|| unknown(id))?;
    data(manual(id, &page, args.format, session.width))
}

/// A rule by its ID, or by the number of it alone.
fn rule(id: &str) -> Option<&'static Rule> {
    let id = id.to_uppercase();
    advise::find(&id).or_else(|| advise::find(&format!("GBO{id}")))
}

/// A manual in the format that was asked for: it is text by nature.
fn manual(id: &str, page: &str, format: Format, width: usize) -> String {
    let (title, rest) = page.split_once('\n').unwrap_or((page, ""));
    match format {
        Format::Text => page.to_owned(),
        Format::Json => {
            render::json(&serde_json::json!({ "id": id, "title": title, "manual": rest.trim() }))
        }
        other => {
            let paragraphs = rest
                .split("\n\n")
                .map(str::trim)
                .filter(|text| !text.is_empty());
            let lines =
                paragraphs.map(|paragraph| Block::Line(Tone::Plain, paragraph.replace('\n', " ")));
            let blocks: Vec<Block> = std::iter::once(Block::Title(title.to_owned()))
                .chain(lines)
                .collect();
            render::blocks(&blocks, other, Style { width })
        }
    }
}

fn page(id: &str, summary: &str, manual: &str) -> String {
    format!("{id}: {summary}\n\n{manual}\n")
}

fn rule_page(it: &Rule) -> String {
    let page = page(it.id, it.summary, it.manual);
    let lesson = lesson::ALL.iter().find(|lesson| lesson.number == it.lesson);
    let title = lesson.map_or("", |lesson| lesson.title);
    format!(
        "{page}\nLesson {}: {title} (`gobuild-opt explain {}`)\n",
        it.lesson, it.lesson
    )
}

fn unknown(id: &str) -> Error {
    let error = Error::new(
        Kind::Usage,
        format!("no check, rule or lesson has the name `{id}`"),
    );
    let checks = check::ALL.iter().map(|check| check.id);
    let names = checks.chain(RULES.iter().map(|rule| rule.id));
    match strict::nearest(id, names) {
        Some(near) => error.hint(format!("did you mean `{near}`?")),
        None => error.hint("`gobuild-opt explain` and `explain --lessons` list them"),
    }
}

/// The table of the lessons. In JSON, with their whole text.
fn lessons(format: Format, width: usize) -> Result<Output> {
    if format == Format::Json {
        let all: Vec<_> = lesson::ALL.iter().map(whole_lesson).collect();
        return data(render::json(&all));
    }
    // In a terminal the sentences are longer than a row.
    if format == Format::Text {
        let blocks: Vec<Block> = lesson::ALL.iter().flat_map(lesson_lines).collect();
        return data(render::blocks(&blocks, format, Style { width }));
    }
    let row = |it: &Lesson| {
        let number = Cell::count(it.number.into());
        vec![number, it.title.into(), it.today.into(), it.places().into()]
    };
    let titles = ["lesson", "on Go 1.25 to 1.27", "where it is served"];
    let columns = std::iter::once(number("no"))
        .chain(titles.map(text))
        .collect();
    let table = Table::of(columns, lesson::ALL.iter().map(row));
    data(render::blocks(&[table.into()], format, Style { width }))
}

fn whole_lesson(lesson: &Lesson) -> serde_json::Value {
    serde_json::json!({
        "number": lesson.number,
        "title": lesson.title,
        "today": lesson.today,
        "manual": lesson.manual,
        "served": lesson.served.iter().map(|place| place.text()).collect::<Vec<_>>(),
    })
}

fn lesson_lines(lesson: &Lesson) -> [Block; 3] {
    let title = format!("{:>2}  {}", lesson.number, lesson.title);
    [
        Block::Line(Tone::Plain, title),
        Block::Line(Tone::Dim, format!("      {}", lesson.today)),
        Block::Line(Tone::Dim, format!("      -> {}", lesson.places())),
    ]
}

/// `presets [NAME]`
pub(crate) fn presets(args: &Presets, session: &Session<'_>) -> Result<Output> {
    let Some(name) = &args.name else {
        let rows = preset::ALL
            .iter()
            .map(|preset| vec![preset.name.to_owned(), preset.summary()])
            .collect();
        let columns = ["preset", "for"].map(text).to_vec();
        return list(columns, rows, Format::Text, session.width);
    };
    match preset::find(name) {
        Some(found) => data(found.text.to_owned()),
        None => {
            let names = || preset::ALL.iter().map(|preset| preset.name);
            let hint = match strict::nearest(name, names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!(
                    "presets: default, {}",
                    names().collect::<Vec<_>>().join(", ")
                ),
            };
            Err(Error::new(Kind::Usage, format!("no preset named `{name}`")).hint(hint))
        }
    }
}

fn list(
    columns: Vec<Column>,
    rows: Vec<Vec<String>>,
    format: Format,
    width: usize,
) -> Result<Output> {
    if format == Format::Json {
        let titles: Vec<&str> = columns.iter().map(|column| column.title.as_str()).collect();
        let object = |row: &Vec<String>| -> BTreeMap<String, String> {
            let cells = titles.iter().zip(row);
            cells.map(|(a, b)| ((*a).to_owned(), b.clone())).ordered()
        };
        return data(render::json(&rows.iter().map(object).collect::<Vec<_>>()));
    }
    let cells = |row: Vec<String>| row.into_iter().map(Cell::from).collect();
    let table = Table::of(columns, rows.into_iter().map(cells));
    let blocks = [table.into()];
    data(render::blocks(&blocks, format, Style { width }))
}

/// `schema WHAT`
pub(crate) fn schema(args: &Schema) -> Result<Output> {
    let packed = match args.what {
        SchemaOf::Config => return data(render::json(&config_schema())),
        SchemaOf::Escape => schema::ESCAPE,
        SchemaOf::Advise => schema::ADVISE,
        SchemaOf::Try => schema::TRY,
        SchemaOf::Report => schema::REPORT,
        SchemaOf::Inspect => schema::INSPECT,
        SchemaOf::Compare => schema::COMPARE,
        SchemaOf::Profile => schema::PROFILE,
        SchemaOf::ProfileDiff => schema::PROFILE_DIFF,
        SchemaOf::Why => schema::WHY,
        SchemaOf::Bench => schema::BENCH,
        SchemaOf::Prove => schema::PROVE,
        SchemaOf::Upgrade => schema::UPGRADE,
    };
    data(render::json(&schema::value(packed)))
}

/// `completions SHELL`
pub(crate) fn completions(args: &Completions) -> Result<Output> {
    let asking = match args.shell {
        Shell::Bash => Some(include_str!("../cli/complete/bash.sh")),
        Shell::Zsh => Some(include_str!("../cli/complete/zsh.sh")),
        Shell::Fish => Some(include_str!("../cli/complete/fish.fish")),
        _ => None,
    };
    if let Some(script) = asking {
        return data(script.to_owned());
    }
    // Those of other shells know commands and flags.
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gobuild-opt", &mut script);
    // The generator calls a program with a dash in its name by two names, of which one is never met.
    let script = String::from_utf8_lossy(&script).replace("gobuild__subcmd__opt", "gobuild__opt");
    data(script)
}

/// `man [COMMAND]`
pub(crate) fn man(args: &Man) -> Result<Output> {
    let mut root = Cli::command();
    root.build();
    let mut command = &root;
    let mut title = root.get_name().to_owned();
    for word in &args.command {
        command = command.find_subcommand(word).ok_or_else(|| {
            let names = command
                .get_subcommands()
                .map(|subcommand| subcommand.get_name());
            let error = Error::new(Kind::Usage, format!("no command is called `{word}`"));
            match strict::nearest(word, names) {
                Some(near) => error.hint(format!("did you mean `{near}`?")),
                None => error.hint("`gobuild-opt man` has the list"),
            }
        })?;
        title = format!("{title}-{word}");
    }
    let mut page = Vec::new();
    let command = command.clone().name(title.clone()).display_name(title);
    clap_mangen::Man::new(command).render(&mut page)?;
    data(String::from_utf8_lossy(&page).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::profile::Diff;
    use crate::report::Report;
    use crate::report::comparison::Comparison;
    use crate::report::inspection::Inspection;
    use crate::report::reasons::Reasons;
    use crate::report::shown_profile::Shown;
    use crate::report::{advice_report, allocations, escape_report};

    /// `SCHEMAS=write cargo test --lib schemas` writes those that differ.
    #[test]
    fn schemas_are_those_of_the_types() {
        let all = [
            ("config", schema::CONFIG, schemars::schema_for!(Config)),
            ("report", schema::REPORT, schemars::schema_for!(Report)),
            (
                "escape",
                schema::ESCAPE,
                schemars::schema_for!(escape_report::Report),
            ),
            (
                "advise",
                schema::ADVISE,
                schemars::schema_for!(advice_report::Report),
            ),
            (
                "try",
                schema::TRY,
                schemars::schema_for!(crate::report::difference::Report),
            ),
            (
                "inspect",
                schema::INSPECT,
                schemars::schema_for!(Inspection),
            ),
            (
                "compare",
                schema::COMPARE,
                schemars::schema_for!(Comparison),
            ),
            ("profile", schema::PROFILE, schemars::schema_for!(Shown)),
            (
                "profile-diff",
                schema::PROFILE_DIFF,
                schemars::schema_for!(Diff),
            ),
            ("why", schema::WHY, schemars::schema_for!(Reasons)),
            (
                "bench",
                schema::BENCH,
                schemars::schema_for!(allocations::Report),
            ),
            (
                "prove",
                schema::PROVE,
                schemars::schema_for!(crate::report::proof_report::Report),
            ),
            (
                "upgrade",
                schema::UPGRADE,
                schemars::schema_for!(crate::report::upgrade_report::Report),
            ),
        ];
        let mut differ = Vec::new();
        for (name, text, types) in all {
            let types = types.to_value();
            if schema::value(text) != types {
                differ.push(name);
                if std::env::var_os("SCHEMAS").is_some_and(|value| value == "write") {
                    let place = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas");
                    std::fs::write(format!("{place}/{name}.json"), format!("{types}\n")).unwrap();
                }
            }
        }
        assert!(
            differ.is_empty(),
            "schemas/ differs in {differ:?}: SCHEMAS=write cargo test --lib schemas, then once more"
        );
    }
}

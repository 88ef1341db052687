//! The commands that print what comes with the program: manuals, presets, schemas, completions.

use clap::CommandFactory;

use super::config_schema::config_schema;
use super::{Output, Session};
use crate::check;
use crate::cli::{Cli, Completions, Explain, Presets, Schema, SchemaOf};
use crate::config::{preset, strict};
use crate::error::{Error, Kind, Result};
use crate::profile;
use crate::render::{self, Format, Style};
use crate::report::Report;
use crate::report::compare::Comparison;
use crate::report::inspect::Inspection;
use crate::report::outline::{Block, Table, text};
use crate::report::profile::Shown;

fn data(text: String) -> Result<Output> {
    Ok(Output {
        text,
        is_data: true,
        ..Output::default()
    })
}

/// `explain [ID]`
pub fn explain(args: &Explain, session: &Session<'_>) -> Result<Output> {
    let Some(id) = &args.id else {
        let rows = check::ALL
            .iter()
            .map(|it| vec![it.id.to_owned(), it.summary.to_owned()])
            .collect();
        return list(&["check", "sees"], rows, session.width);
    };
    match check::find(id) {
        Some(check) => data(format!(
            "{}: {}\n\n{}\n",
            check.id, check.summary, check.manual
        )),
        None => {
            let error = Error::new(Kind::Usage, format!("no check has the ID `{id}`"));
            Err(
                match strict::nearest(id, check::ALL.iter().map(|it| it.id)) {
                    Some(near) => error.hint(format!("did you mean `{near}`?")),
                    None => error.hint("`gobuild-opt explain` lists them"),
                },
            )
        }
    }
}

/// `presets [NAME]`
pub fn presets(args: &Presets, session: &Session<'_>) -> Result<Output> {
    let Some(name) = &args.name else {
        let rows = preset::ALL
            .iter()
            .map(|it| vec![it.name.to_owned(), it.summary()])
            .collect();
        return list(&["preset", "for"], rows, session.width);
    };
    match preset::find(name) {
        Some(found) => data(found.text.to_owned()),
        None => {
            let names = || preset::ALL.iter().map(|it| it.name);
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

fn list(columns: &[&str], rows: Vec<Vec<String>>, width: usize) -> Result<Output> {
    let table = Table {
        columns: columns.iter().map(|it| text(it)).collect(),
        rows,
        total: false,
    };
    data(render::blocks(
        &[Block::Table(table)],
        Format::Text,
        Style { width },
    ))
}

/// `schema WHAT`
pub fn schema(args: &Schema) -> Result<Output> {
    data(match args.what {
        SchemaOf::Config => render::json(&config_schema()),
        SchemaOf::Escape => render::json(&schemars::schema_for!(crate::report::escape::Report)),
        SchemaOf::Report => render::json(&schemars::schema_for!(Report)),
        SchemaOf::Inspect => render::json(&schemars::schema_for!(Inspection)),
        SchemaOf::Compare => render::json(&schemars::schema_for!(Comparison)),
        SchemaOf::Profile => render::json(&schemars::schema_for!(Shown)),
        SchemaOf::ProfileDiff => render::json(&schemars::schema_for!(profile::Diff)),
    })
}

/// `completions SHELL`
pub fn completions(args: &Completions) -> Result<Output> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "gobuild-opt", &mut script);
    // The generator calls a program with a dash in its name by two names, of which one is never met.
    let script = String::from_utf8_lossy(&script).replace("gobuild__subcmd__opt", "gobuild__opt");
    data(script)
}

/// `man`
pub fn man() -> Result<Output> {
    let mut page = Vec::new();
    clap_mangen::Man::new(Cli::command()).render(&mut page)?;
    data(String::from_utf8_lossy(&page).into_owned())
}

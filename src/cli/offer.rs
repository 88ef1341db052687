//! Defines the `--format` and `--report` flags of a command: help, completions and errors name only the formats that it
//! takes.

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Arg, ValueEnum};

use crate::render::{Format, Shows};

/// `--format` of a command that shows this.
pub(crate) fn format(argument: Arg, shows: Shows) -> Arg {
    let values = shows
        .formats()
        .filter_map(|format| format.to_possible_value());
    let parser = PossibleValuesParser::new(values);
    argument.value_parser(parser.map(|name| Format::from_str(&name, false).unwrap_or_default()))
}

/// `--report` of a command that shows this.
pub(crate) fn report(argument: Arg, shows: Shows) -> Arg {
    let endings = shows.endings().join(", ");
    argument.help(format!(
        "Write the report to a file too, in the format that its name ends with: {endings}. {{name}}, {{os}} and {{arch}} in it stand for those of the executable, `several` where there are several"
    ))
}

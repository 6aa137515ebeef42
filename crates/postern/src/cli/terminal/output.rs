//! Results on standard output, as text or as JSON; notes on standard error.

use std::io::{self, Write};

use serde::Serialize;

use super::{
    table::{Shape, table},
    text::printable_lines,
};
use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    colours,
    failure::CommandFailure,
};

/// Standard output in the format that the operator chose.
pub(crate) struct Output {
    format: OutputFormat,
}

impl Output {
    pub(crate) fn new(flag: OutputFlag) -> Self {
        Self { format: flag.format }
    }

    /// Prints one result: as JSON on one line, or as text.
    pub(crate) fn print(
        &self,
        object: &impl Serialize,
        text: impl FnOnce() -> String,
    ) -> Result<(), CommandFailure> {
        let line = match self.format {
            OutputFormat::Human => human(&text()),
            OutputFormat::Json => json(object)?,
        };
        write(&[line])
    }

    /// Prints one result that is JSON on one line already.
    pub(crate) fn print_line(
        &self,
        object: &str,
        text: impl FnOnce() -> String,
    ) -> Result<(), CommandFailure> {
        match self.format {
            OutputFormat::Human => write(&[human(&text())]),
            OutputFormat::Json => write(&[object.to_owned()]),
        }
    }

    /// Prints several results as a table, whatever the format is.
    pub(crate) fn print_table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> Result<(), CommandFailure> {
        write(&table(header, rows, Shape::of_standard_output()))
    }

    /// Prints several results: as JSON, one object per line, or as a table.
    pub(crate) fn print_all<T: Serialize, const N: usize>(
        &self,
        objects: &[T],
        header: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), CommandFailure> {
        let lines = match self.format {
            OutputFormat::Human => {
                table(header, objects.iter().map(row), Shape::of_standard_output())
            }
            OutputFormat::Json => objects.iter().map(json).collect::<Result<Vec<_>, _>>()?,
        };
        write(&lines)
    }
}

/// Prints text of several lines that is for a program, such as a script.
pub(crate) fn print_text(text: &str) -> Result<(), CommandFailure> {
    write(&[text.trim_end().to_owned()])
}

/// Prints an empty line between two tables.
pub(crate) fn print_blank_line() -> Result<(), CommandFailure> {
    write(&[String::new()])
}

/// Text as standard output shows it.
fn human(text: &str) -> String {
    let text = printable_lines(text);
    if colours::are_shown_on(&io::stdout()) { colours::highlight_lines(&text) } else { text }
}

fn json(object: &impl Serialize) -> Result<String, CommandFailure> {
    serde_json::to_string(object).map_err(|error| CommandFailure::Failed(error.into()))
}

/// Writes lines to standard output and flushes it, so that a reader of a pipe gets each result at
/// once.
fn write(lines: &[String]) -> Result<(), CommandFailure> {
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush()).map_err(
        |error| match error.kind() {
            io::ErrorKind::BrokenPipe => CommandFailure::OutputClosed,
            _ => {
                CommandFailure::Failed(anyhow::Error::new(error).context("cannot write the output"))
            }
        },
    )
}

/// Prints a line that is not a result, on standard error.
pub(crate) fn print_note(text: &str) {
    let text = printable_lines(text);
    let coloured = colours::are_shown_on(&io::stderr());
    let text = if coloured { colours::highlight_lines(&text) } else { text };
    // A closed standard error is not an error of the command.
    let _ = writeln!(io::stderr(), "{text}");
}

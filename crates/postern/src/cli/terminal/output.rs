//! Results on standard output, as text or as JSON; notes on standard error.

use std::io::{self, Write};

use serde::Serialize;

use crate::cli::{
    arguments::output_format::{OutputFlag, OutputFormat},
    failure::CommandFailure,
    terminal::text::{printable, printable_lines},
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
            OutputFormat::Human => printable_lines(&text()),
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
            OutputFormat::Human => write(&[printable_lines(&text())]),
            OutputFormat::Json => write(&[object.to_owned()]),
        }
    }

    /// Prints several results as a table, whatever the format is.
    pub(crate) fn print_table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> Result<(), CommandFailure> {
        write(&table(header, rows))
    }

    /// Prints several results: as JSON, one object per line, or as a table.
    pub(crate) fn print_all<T: Serialize, const N: usize>(
        &self,
        objects: &[T],
        header: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), CommandFailure> {
        let lines = match self.format {
            OutputFormat::Human => table(header, objects.iter().map(row)),
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
    // A closed standard error is not an error of the command.
    let _ = writeln!(io::stderr(), "{}", printable_lines(text));
}

/// The lines of a table. A column is as wide as its widest cell; the last one is not padded.
fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Vec<String> {
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(
        rows.map(|row| row.map(|cell| if cell.is_empty() { "-".into() } else { printable(&cell) })),
    );
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max();
    let widths: Vec<usize> = (0..N).map(|column| width(column).unwrap_or(0)).collect();
    lines
        .iter()
        .map(|line| {
            let cells = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}"));
            cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_is_aligned_and_an_empty_cell_is_a_dash() {
        let rows = [["a1".to_owned(), "Room é".to_owned()], ["b".to_owned(), String::new()]];
        let lines = table(["ID", "NAME"], rows.into_iter());
        assert_eq!(lines, ["ID  NAME", "a1  Room é", "b   -"]);
    }

    #[test]
    fn a_cell_is_one_line_without_control_characters() {
        let lines = table(["NAME"], [["a\n\u{1b}[2J\u{202e}b".to_owned()]].into_iter());
        assert_eq!(lines, ["NAME", "a\\n\\u{1b}[2J\\u{202e}b"]);
    }
}

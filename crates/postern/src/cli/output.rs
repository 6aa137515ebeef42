//! Results on standard output, for people or for programs.

use std::{
    borrow::Borrow,
    io::{self, Write},
};

use chrono::{DateTime, Local, Utc};
use serde::Serialize;

use super::{
    args::{OutputFormat, Printing},
    failure::Failure,
};

/// Standard output, in the form asked for.
pub(super) struct Output {
    format: OutputFormat,
}

impl Output {
    pub(super) fn new(printing: Printing) -> Self {
        Self { format: printing.output }
    }

    /// One result: an object on one line, or the words for it.
    pub(super) fn one(
        &self,
        object: &impl Serialize,
        words: impl FnOnce() -> String,
    ) -> Result<(), Failure> {
        let text = match self.format {
            OutputFormat::Human => words(),
            OutputFormat::Json => json(object)?,
        };
        write(&[text])
    }

    /// One result that is an object on one line already.
    pub(super) fn line(&self, object: &str, words: impl FnOnce() -> String) -> Result<(), Failure> {
        match self.format {
            OutputFormat::Human => write(&[words()]),
            OutputFormat::Json => write(&[object.to_owned()]),
        }
    }

    /// Several results, as a table whatever the form.
    pub(super) fn table<const N: usize>(
        &self,
        header: [&str; N],
        rows: impl Iterator<Item = [String; N]>,
    ) -> Result<(), Failure> {
        write(&table(header, rows))
    }

    /// Several results: an object a line, or a table.
    pub(super) fn all<T: Serialize, const N: usize>(
        &self,
        objects: &[T],
        header: [&str; N],
        row: impl Fn(&T) -> [String; N],
    ) -> Result<(), Failure> {
        let lines = match self.format {
            OutputFormat::Human => table(header, objects.iter().map(row)),
            OutputFormat::Json => objects.iter().map(json).collect::<Result<Vec<_>, _>>()?,
        };
        write(&lines)
    }
}

/// A line between two tables.
pub(super) fn blank() -> Result<(), Failure> {
    write(&[String::new()])
}

fn json(object: &impl Serialize) -> Result<String, Failure> {
    serde_json::to_string(object).map_err(|error| Failure::Failed(error.into()))
}

/// Written out at once: whoever follows the output sees each result when it happens.
fn write(lines: &[String]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    lines.iter().try_for_each(|line| writeln!(out, "{line}")).and_then(|()| out.flush()).map_err(
        |error| match error.kind() {
            io::ErrorKind::BrokenPipe => Failure::OutputClosed,
            _ => Failure::Failed(anyhow::Error::new(error).context("cannot write the output")),
        },
    )
}

/// Something worth knowing that is no result, on standard error.
pub(super) fn note(text: &str) {
    // Nobody reads it: then nobody misses it.
    let _ = writeln!(io::stderr(), "{text}");
}

/// A time here.
pub(super) fn local(time: Option<DateTime<Utc>>) -> String {
    let here = |time: DateTime<Utc>| time.with_timezone(&Local).format("%Y-%m-%d %H:%M:%S");
    time.map(|time| here(time).to_string()).unwrap_or_default()
}

/// What a message says, without what could steer the terminal.
pub(super) fn printable(text: &str) -> String {
    let plain = |character: char| if character.is_control() { '\u{fffd}' } else { character };
    text.chars().map(plain).collect()
}

/// Names one after the other, or `none`.
pub(super) fn names<T: Borrow<str>>(names: &[T]) -> String {
    if names.is_empty() { "none".to_owned() } else { names.join(", ") }
}

/// A cell for what is so, is not so, or is not known.
pub(super) fn yes_or_no(value: Option<bool>) -> String {
    match value {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => String::new(),
    }
}

/// Columns as wide as their widest cell; the last one ends with its text.
fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
) -> Vec<String> {
    let mut lines = vec![header.map(str::to_owned)];
    lines.extend(rows.map(|row| row.map(|cell| if cell.is_empty() { "-".into() } else { cell })));
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
    fn a_table_is_aligned_and_shows_what_is_empty() {
        let rows = [["a1".to_owned(), "Room é".to_owned()], ["b".to_owned(), String::new()]];
        let lines = table(["ID", "NAME"], rows.into_iter());
        assert_eq!(lines, ["ID  NAME", "a1  Room é", "b   -"]);
    }
}

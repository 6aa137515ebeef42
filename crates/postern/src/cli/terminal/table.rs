//! Tables of text. On a terminal they are as wide as it at most, and problems are in colour.

use std::io;

use terminal_size::{Width, terminal_size_of};

use super::text::printable;
use crate::cli::colours;

/// The columns between two cells.
const GAP: usize = 2;

/// No column is made narrower: a time fits.
const NARROWEST: usize = 20;

/// The shape of a table.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Shape {
    /// The greatest width in characters; none in pipes and files.
    width: Option<usize>,
    coloured: bool,
}

impl Shape {
    pub(super) fn of_standard_output() -> Self {
        let out = io::stdout();
        let width = terminal_size_of(&out).map(|(Width(width), _)| usize::from(width));
        Self { width, coloured: colours::are_shown_on(&out) }
    }
}

/// The lines of a table. A column is as wide as its widest cell, where the table fits; otherwise the widest
/// columns of text are narrower, and their cells have several lines. The last column is not padded.
pub(super) fn table<const N: usize>(
    header: [&str; N],
    rows: impl Iterator<Item = [String; N]>,
    shape: Shape,
) -> Vec<String> {
    let mut table = vec![header.map(str::to_owned)];
    table.extend(
        rows.map(|row| row.map(|cell| if cell.is_empty() { "-".into() } else { printable(&cell) })),
    );
    let length = |cell: &String| cell.chars().count();
    let mut widths = [0; N];
    for (column, width) in widths.iter_mut().enumerate() {
        *width = table.iter().map(|row| length(&row[column])).max().unwrap_or(0);
    }
    if let Some(width) = shape.width {
        let has_words =
            std::array::from_fn(|column| table.iter().skip(1).any(|row| row[column].contains(' ')));
        fit(&mut widths, has_words, width);
    }
    table.iter().flat_map(|row| row_lines(row, &widths, shape.coloured)).collect()
}

/// Makes columns of several words narrower, the widest first, until the table is as wide as the terminal, or none
/// can be.
fn fit<const N: usize>(widths: &mut [usize; N], has_words: [bool; N], terminal: usize) {
    loop {
        let total = widths.iter().sum::<usize>() + GAP * N.saturating_sub(1);
        let narrowable = (0..N).filter(|column| has_words[*column] && widths[*column] > NARROWEST);
        match narrowable.max_by_key(|column| widths[*column]) {
            Some(widest) if total > terminal => {
                widths[widest] = widths[widest].saturating_sub(total - terminal).max(NARROWEST);
            }
            _ => return,
        }
    }
}

/// The lines of a row: as many as its cell with the most lines has.
fn row_lines<const N: usize>(
    row: &[String; N],
    widths: &[usize; N],
    coloured: bool,
) -> Vec<String> {
    let cells: Vec<Vec<String>> =
        row.iter().zip(widths).map(|(cell, width)| wrapped(cell, *width)).collect();
    let height = cells.iter().map(Vec::len).max().unwrap_or(0);
    let line = |number: usize| {
        let parts = cells.iter().zip(widths).map(|(cell, width)| {
            let part = cell.get(number).map_or("", String::as_str);
            let part = format!("{part:width$}");
            if coloured { colours::highlight_cell(part) } else { part }
        });
        parts.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    (0..height).map(line).collect()
}

/// The text in lines of at most so many characters, divided between words where possible.
fn wrapped(text: &str, width: usize) -> Vec<String> {
    if text.chars().count() <= width {
        return vec![text.to_owned()];
    }
    let mut lines = vec![String::new()];
    let mut length = 0;
    for word in text.split(' ') {
        let gap = usize::from(length > 0);
        if length > 0 && length + gap + word.chars().count() > width {
            lines.push(String::new());
            length = 0;
        } else if let Some(line) = lines.last_mut().filter(|_| gap > 0) {
            line.push(' ');
            length += 1;
        }
        for character in word.chars() {
            if length == width {
                lines.push(String::new());
                length = 0;
            }
            if let Some(line) = lines.last_mut() {
                line.push(character);
                length += 1;
            }
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_width(width: usize) -> Shape {
        Shape { width: Some(width), coloured: false }
    }

    #[test]
    fn a_table_is_aligned_and_an_empty_cell_is_a_dash() {
        let rows = [["a1".to_owned(), "Room é".to_owned()], ["b".to_owned(), String::new()]];
        let lines = table(["ID", "NAME"], rows.into_iter(), Shape::default());
        assert_eq!(lines, ["ID  NAME", "a1  Room é", "b   -"]);
    }

    #[test]
    fn a_cell_is_one_line_without_control_characters() {
        let rows = [["a\n\u{1b}[2J\u{202e}b".to_owned()]];
        let lines = table(["NAME"], rows.into_iter(), Shape::default());
        assert_eq!(lines, ["NAME", "a\\n\\u{1b}[2J\\u{202e}b"]);
    }

    #[test]
    fn the_widest_text_is_wrapped_on_a_terminal_and_ids_are_not() {
        let id = "a5091d73-d7ea-4eb7-b883-0a4d241584ca";
        let text = "the IQ does not answer, and has not answered for a long time";
        let rows = || [[id.to_owned(), text.to_owned(), "yes".to_owned()]].into_iter();
        let lines = table(["ID", "DETAIL", "ON"], rows(), of_width(80));
        assert_eq!(lines.len(), 3, "{lines:#?}");
        assert!(lines.iter().all(|line| line.chars().count() <= 80), "{lines:#?}");
        assert!(lines[1].starts_with(id) && lines[1].ends_with("yes"), "{lines:#?}");
        let words = lines[1..].iter().map(|line| line.get(38..75).unwrap_or(&line[38..]).trim());
        assert_eq!(words.collect::<Vec<_>>().join(" "), text);

        let lines = table(["ID", "DETAIL", "ON"], rows(), Shape::default());
        assert_eq!(lines[1], format!("{id}  {text}  yes"));
        // Where nothing can be narrower, the table is wider than the terminal.
        let lines = table(["ID", "DETAIL", "ON"], rows(), of_width(10));
        assert!(lines[1].contains(id), "{lines:#?}");
    }

    #[test]
    fn a_word_that_is_too_long_is_divided() {
        assert_eq!(wrapped("abcdefgh ij", 4), ["abcd", "efgh", "ij"]);
        assert_eq!(wrapped("ab cd", 5), ["ab cd"]);
    }

    #[test]
    fn problems_are_in_colour_where_colours_are_shown() {
        let rows = [["failed".to_owned(), "x".to_owned()]];
        let shape = Shape { width: None, coloured: true };
        let lines = table(["OUTCOME", "AT"], rows.into_iter(), shape);
        assert_eq!(lines, ["OUTCOME  AT", "\u{1b}[31mfailed \u{1b}[0m  x"]);
    }
}

//! The values of the file with their lines, before they are read as settings.

use std::collections::BTreeMap;

use secrecy::SecretString;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistakes, Origin};

/// A value and its place.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value. Any text may be a secret, so every text is stored as one.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(SecretString),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A date, a float or a number of more than 64 bits, which no setting is, as it is written.
    Other(SecretString),
}

/// Values by key.
pub(super) type Table = BTreeMap<String, Node>;

/// Parses TOML. The report of a syntax error contains the position and the parser's constant text only,
/// because the line may contain a secret.
pub(super) fn parse(text: &str, mistakes: &Mistakes) -> Option<Table> {
    let lines = LineEnds::of(text);
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        let column = start - text[..start].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        let what = format!("is not TOML at column {column}: {}", error.message());
        mistakes.add(&lines.origin(start), "", what);
    }
    errors.is_empty().then(|| table(&lines, document.get_ref()))
}

fn table(lines: &LineEnds, entries: &DeTable<'_>) -> Table {
    entries
        .iter()
        .map(|(key, entry)| {
            let origin = lines.origin(key.span().start);
            (key.get_ref().to_string(), Node { value: value(lines, entry.get_ref()), origin })
        })
        .collect()
}

fn value(lines: &LineEnds, parsed: &DeValue<'_>) -> Value {
    match parsed {
        DeValue::String(string) => Value::Text(SecretString::from(string.as_ref())),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or_else(|_| Value::Other(integer.as_str().into()), Value::Integer),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: value(lines, item.get_ref()),
                    origin: lines.origin(item.span().start),
                })
                .collect(),
        ),
        DeValue::Table(entries) => Value::Table(table(lines, entries)),
        DeValue::Float(float) => Value::Other(float.as_str().into()),
        DeValue::Datetime(time) => Value::Other(time.to_string().into()),
    }
}

/// The ends of the lines. A file with hundreds of integrations has thousands of values, and to count the
/// lines before each of them would take seconds.
struct LineEnds(Vec<usize>);

impl LineEnds {
    fn of(text: &str) -> Self {
        Self(text.match_indices('\n').map(|(newline, _)| newline).collect())
    }

    /// The line of this byte.
    fn origin(&self, offset: usize) -> Origin {
        Origin::Line(self.0.partition_point(|newline| *newline < offset) + 1)
    }
}

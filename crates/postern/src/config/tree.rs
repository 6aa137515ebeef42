//! The file's values with the lines they stand on, before anybody knows what they mean.

use std::collections::BTreeMap;

use secrecy::SecretString;
use toml::de::{DeTable, DeValue};

use super::mistake::{Mistakes, Origin};

/// A value and where it comes from.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub(super) value: Value,
    pub(super) origin: Origin,
}

/// A value. Any text may turn out to be a secret, so all of it is held as one.
#[derive(Debug, Clone)]
pub(super) enum Value {
    Text(SecretString),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// A date, a float or a number beyond 64 bits: no setting is one.
    Other,
}

/// Values by key.
pub(super) type Table = BTreeMap<String, Node>;

/// Reads TOML. Of a syntax error only the position and the parser's fixed words are reported: the
/// line itself may hold a secret.
pub(super) fn parse(text: &str, mistakes: &Mistakes) -> Option<Table> {
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        let column = start - text[..start].rfind('\n').map_or(0, |newline| newline + 1) + 1;
        let what = format!("is not TOML at column {column}: {}", error.message());
        mistakes.add(&Origin::Line(line_of(text, start)), "", what);
    }
    errors.is_empty().then(|| table(text, document.get_ref()))
}

fn table(text: &str, entries: &DeTable<'_>) -> Table {
    entries
        .iter()
        .map(|(key, entry)| {
            let origin = Origin::Line(line_of(text, key.span().start));
            (key.get_ref().to_string(), Node { value: value(text, entry.get_ref()), origin })
        })
        .collect()
}

fn value(text: &str, parsed: &DeValue<'_>) -> Value {
    match parsed {
        DeValue::String(string) => Value::Text(SecretString::from(string.as_ref())),
        DeValue::Boolean(boolean) => Value::Boolean(*boolean),
        DeValue::Integer(integer) => i64::from_str_radix(integer.as_str(), integer.radix())
            .map_or(Value::Other, Value::Integer),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| Node {
                    value: value(text, item.get_ref()),
                    origin: Origin::Line(line_of(text, item.span().start)),
                })
                .collect(),
        ),
        DeValue::Table(entries) => Value::Table(table(text, entries)),
        DeValue::Float(_) | DeValue::Datetime(_) => Value::Other,
    }
}

fn line_of(text: &str, offset: usize) -> usize {
    text.bytes().take(offset).filter(|byte| *byte == b'\n').count() + 1
}

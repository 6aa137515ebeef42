//! Documents in JSON: as values before they are read as settings, and back.

use std::fmt;

use secrecy::ExposeSecret;
use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_json::Map;

use super::{
    mistake::Origin,
    tree::{Node, Table, Value},
};

/// The key of an integration's only secret.
pub(super) const PASSWORD: &str = "password";

/// Values of settings without places; a key that an object has twice is an error.
impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ValueVisitor)
    }
}

struct ValueVisitor;

impl<'de> Visitor<'de> for ValueVisitor {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string, a number, true, false, a list or an object")
    }

    fn visit_unit<E: Error>(self) -> Result<Value, E> {
        Ok(Value::Other("null".into()))
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Boolean(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<Value, E> {
        let integer = i64::try_from(value).map(Value::Integer);
        Ok(integer.unwrap_or_else(|_| Value::Other(value.to_string().into())))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Other(value.to_string().into()))
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = items.next_element()? {
            list.push(node(value));
        }
        Ok(Value::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Value, A::Error> {
        let mut table = Table::new();
        while let Some(key) = entries.next_key::<String>()? {
            if table.contains_key(&key) {
                return Err(A::Error::custom("an object has a key twice"));
            }
            let value = entries.next_value()?;
            table.insert(key, node(value));
        }
        Ok(Value::Table(table))
    }
}

fn node(value: Value) -> Node {
    Node { value, origin: Origin::File }
}

/// The values of a stored document.
pub(super) fn table(document: &Map<String, serde_json::Value>) -> Table {
    let read = |(key, value): (&String, &serde_json::Value)| (key.clone(), node(value_of(value)));
    document.iter().map(read).collect()
}

fn value_of(json: &serde_json::Value) -> Value {
    match json {
        serde_json::Value::Null => Value::Other("null".into()),
        serde_json::Value::Bool(boolean) => Value::Boolean(*boolean),
        serde_json::Value::Number(number) => match number.as_i64() {
            Some(integer) => Value::Integer(integer),
            None => Value::Other(number.to_string().into()),
        },
        serde_json::Value::String(text) => Value::Text(text.as_str().into()),
        serde_json::Value::Array(items) => {
            Value::List(items.iter().map(|item| node(value_of(item))).collect())
        }
        serde_json::Value::Object(entries) => Value::Table(table(entries)),
    }
}

/// The document of these values, without its password.
pub(super) fn document(table: &Table) -> Map<String, serde_json::Value> {
    let entries = table.iter().filter(|(key, _)| key.as_str() != PASSWORD);
    entries.map(|(key, node)| (key.clone(), json_of(&node.value))).collect()
}

fn json_of(value: &Value) -> serde_json::Value {
    match value {
        Value::Text(text) | Value::Other(text) => text.expose_secret().into(),
        Value::Integer(integer) => (*integer).into(),
        Value::Boolean(boolean) => (*boolean).into(),
        Value::List(items) => items.iter().map(|item| json_of(&item.value)).collect(),
        Value::Table(entries) => {
            let entries = entries.iter().map(|(key, node)| (key.clone(), json_of(&node.value)));
            serde_json::Value::Object(entries.collect())
        }
    }
}

//! A message as JSON: properties, headers and body, of any content.

use base64::{Engine, engine::general_purpose::STANDARD};
use lapin::{
    BasicProperties,
    types::{AMQPValue, FieldTable},
};
use publisher::ReceivedMessage;
use serde_json::{Map, Value, json};

/// All headers.
pub(super) fn headers(properties: &BasicProperties) -> Map<String, Value> {
    properties.headers().as_ref().map(table).unwrap_or_default()
}

/// All properties that are set, without the headers.
pub(super) fn properties(properties: &BasicProperties) -> Map<String, Value> {
    let text = |text: &Option<lapin::types::ShortString>| {
        text.as_ref().map(|text| Value::from(text.as_str()))
    };
    let members = [
        ("content_type", text(properties.content_type())),
        ("content_encoding", text(properties.content_encoding())),
        ("delivery_mode", properties.delivery_mode().map(Value::from)),
        ("priority", properties.priority().map(Value::from)),
        ("correlation_id", text(properties.correlation_id())),
        ("reply_to", text(properties.reply_to())),
        ("expiration", text(properties.expiration())),
        ("message_id", text(properties.message_id())),
        ("timestamp", properties.timestamp().map(Value::from)),
        ("type", text(properties.kind())),
        ("user_id", text(properties.user_id())),
        ("app_id", text(properties.app_id())),
        ("cluster_id", text(properties.cluster_id())),
    ];
    let set = members.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    set.collect()
}

/// The body as a member: `body` where it is text, `body_base64` where it is not, `body_left_out` where it was
/// not read.
pub(super) fn body(letter: &ReceivedMessage) -> (&'static str, String) {
    if letter.body_left_out().is_some() {
        let text = "larger than 1 MiB: only RabbitMQ has it";
        return ("body_left_out", text.to_owned());
    }
    match std::str::from_utf8(&letter.body) {
        Ok(text) => ("body", text.to_owned()),
        Err(_) => ("body_base64", STANDARD.encode(&letter.body)),
    }
}

fn table(table: &FieldTable) -> Map<String, Value> {
    table.inner().iter().map(|(name, it)| (name.to_string(), value(it))).collect()
}

fn value(value: &AMQPValue) -> Value {
    match value {
        AMQPValue::Boolean(it) => json!(it),
        AMQPValue::ShortShortInt(it) => json!(it),
        AMQPValue::ShortShortUInt(it) => json!(it),
        AMQPValue::ShortInt(it) => json!(it),
        AMQPValue::ShortUInt(it) => json!(it),
        AMQPValue::LongInt(it) => json!(it),
        AMQPValue::LongUInt(it) => json!(it),
        AMQPValue::LongLongInt(it) => json!(it),
        // JSON has no infinities: null.
        AMQPValue::Float(it) => json!(it),
        AMQPValue::Double(it) => json!(it),
        AMQPValue::DecimalValue(it) => json!({"scale": it.scale, "value": it.value}),
        AMQPValue::ShortString(it) => json!(it.as_str()),
        AMQPValue::LongString(it) => bytes(it.as_bytes()),
        AMQPValue::FieldArray(it) => it.as_slice().iter().map(self::value).collect(),
        AMQPValue::Timestamp(it) => json!(it),
        AMQPValue::FieldTable(it) => Value::Object(table(it)),
        AMQPValue::ByteArray(it) => json!({"base64": STANDARD.encode(it.as_slice())}),
        AMQPValue::Void => Value::Null,
    }
}

fn bytes(bytes: &[u8]) -> Value {
    match std::str::from_utf8(bytes) {
        Ok(text) => json!(text),
        Err(_) => json!({"base64": STANDARD.encode(bytes)}),
    }
}

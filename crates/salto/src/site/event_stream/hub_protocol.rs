//! SignalR's JSON protocol (`docs/salto-ks.md`, The event stream): records of JSON, each ended by a
//! separator; a handshake, then messages by type.

use serde_json::{Value, json};

/// The end of a record.
const SEPARATOR: char = '\u{1e}';

/// The name of the client method by which Salto sends rows.
const METHOD: &str = "ReceiveMessage";

/// A message of the server.
#[derive(Debug, PartialEq)]
pub(super) enum HubMessage {
    /// Rows of the log of entries.
    Rows(Vec<Value>),
    /// The server ends the connection.
    Close(String),
    /// Any other message: it only shows that the connection is alive.
    Other,
}

/// The first record of a connection: the protocol that the client speaks.
pub(super) fn handshake() -> String {
    record(&json!({"protocol": "json", "version": 1}))
}

/// The record that keeps a connection alive.
pub(super) fn ping() -> String {
    record(&json!({"type": 6}))
}

fn record(message: &Value) -> String {
    format!("{message}{SEPARATOR}")
}

/// The records in a text of the connection.
pub(super) fn records(text: &str) -> impl Iterator<Item = &str> {
    text.split(SEPARATOR).filter(|record| !record.is_empty())
}

/// The answer to the handshake: the server's error, where it refuses.
pub(super) fn read_handshake(record: &str) -> Result<(), String> {
    let answer: Value = serde_json::from_str(record)
        .map_err(|_| "the answer to the handshake is not JSON".to_owned())?;
    match &answer["error"] {
        Value::Null => Ok(()),
        _ => Err("the server refused the handshake".to_owned()),
    }
}

/// Reads a message. One that cannot be read is [`HubMessage::Other`]: the next one may be readable.
pub(super) fn read_message(record: &str) -> HubMessage {
    let Ok(mut message) = serde_json::from_str::<Value>(record) else { return HubMessage::Other };
    match message["type"].as_u64() {
        Some(1) if message["target"].as_str().is_some_and(is_method) => {
            let mut rows = Vec::new();
            collect_rows(message["arguments"].take(), &mut rows);
            HubMessage::Rows(rows)
        }
        Some(7) => {
            let with_error = message["error"].is_string();
            let why = if with_error { "closed with an error" } else { "closed" };
            HubMessage::Close(format!("the server has {why} the connection"))
        }
        Some(_) | None => HubMessage::Other,
    }
}

/// Methods have the same name in every case.
fn is_method(name: &str) -> bool {
    name.eq_ignore_ascii_case(METHOD)
}

/// The form of the arguments is not public: objects, lists of them, and either as text.
fn collect_rows(argument: Value, rows: &mut Vec<Value>) {
    match argument {
        Value::Array(arguments) => arguments.into_iter().for_each(|it| collect_rows(it, rows)),
        Value::String(text) => {
            if let Ok(value @ (Value::Array(_) | Value::Object(_))) = serde_json::from_str(&text) {
                collect_rows(value, rows);
            }
        }
        Value::Object(_) => rows.push(argument),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_client_sends_ends_with_the_separator() {
        assert_eq!(handshake(), "{\"protocol\":\"json\",\"version\":1}\u{1e}");
        assert_eq!(ping(), "{\"type\":6}\u{1e}");
    }

    #[test]
    fn records_are_split_at_the_separator() {
        let found: Vec<_> = records("{}\u{1e}{\"type\":6}\u{1e}").collect();
        assert_eq!(found, ["{}", "{\"type\":6}"]);
    }

    #[test]
    fn a_handshake_is_accepted_or_refused() {
        assert_eq!(read_handshake("{}"), Ok(()));
        assert!(read_handshake("{\"error\":\"no such protocol\"}").is_err());
        assert!(read_handshake("<html>").is_err());
    }

    #[test]
    fn rows_are_read_in_every_form_and_other_messages_are_skipped() {
        let row = json!({"lock_id": "1"});
        for arguments in [
            json!([row]),
            json!([[row]]),
            json!([row.to_string()]),
            json!([json!([row]).to_string(), 7, null]),
        ] {
            let message = json!({"type": 1, "target": "receiveMessage", "arguments": arguments});
            let read = read_message(&message.to_string());
            assert_eq!(read, HubMessage::Rows(vec![row.clone()]), "{message}");
        }
        let elsewhere = json!({"type": 1, "target": "Other", "arguments": [row]});
        for other in [elsewhere.to_string(), json!({"type": 6}).to_string(), "{".to_owned()] {
            assert_eq!(read_message(&other), HubMessage::Other);
        }
        assert!(matches!(read_message("{\"type\":7}"), HubMessage::Close(_)));
    }
}

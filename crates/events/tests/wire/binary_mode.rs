//! Binary mode: the attributes of the event are headers, and the body is its data.

use events::{Content, DecodeErrorKind, Event, OpenRequest, decode_open_request, names};
use serde_json::{Value, json};

use crate::corpus;

const DATA: &str = r#"{"integration_id":"acme","booking_id":"B-1"}"#;

fn attributes() -> Vec<(&'static str, String)> {
    let attributes = [
        ("specversion", "1.0"),
        ("type", names::OPEN_REQUEST),
        ("source", "/hotel"),
        ("id", "R-1"),
        ("time", "2026-01-15T11:59:00+00:00"),
    ];
    attributes.map(|(name, value)| (name, value.to_owned())).into()
}

fn decode(content: Content<'_>) -> Result<Event<OpenRequest>, events::DecodeError> {
    decode_open_request(content, corpus::now())
}

fn binary(body: &str) -> Content<'_> {
    let content_type = Some(names::DATA_CONTENT_TYPE);
    Content { body: body.as_bytes(), content_type, attributes: attributes() }
}

#[test]
fn both_modes_give_the_same_event() {
    let data: Value = serde_json::from_str(DATA).unwrap();
    let mut event = json!({"data": data});
    for (name, value) in attributes() {
        event[name] = value.into();
    }
    let body = event.to_string();
    for content_type in [None, Some(names::CONTENT_TYPE), Some("application/json")] {
        let structured = Content { content_type, ..Content::from(body.as_bytes()) };
        assert_eq!(decode(structured), decode(binary(DATA)), "{content_type:?}");
    }
    assert_eq!(decode(binary(DATA)).unwrap().data.booking_id, "B-1");
    for content_type in [None, Some("text/json; charset=utf-8")] {
        assert!(decode(Content { content_type, ..binary(DATA) }).is_ok(), "{content_type:?}");
    }
}

#[test]
fn a_structured_event_ignores_attributes_in_headers() {
    let content_type = Some("application/cloudevents+json; charset=utf-8");
    let error = decode(Content { content_type, ..binary(DATA) }).unwrap_err();
    assert_eq!(error.detail, "`specversion` is missing; `type` is missing");
}

#[test]
fn mistakes_are_named_as_in_structured_mode() {
    let without = |missing: &str| {
        let mut content = binary(DATA);
        content.attributes.retain(|(name, _)| *name != missing);
        decode(content).unwrap_err()
    };
    for missing in ["type", "source", "id", "time"] {
        assert_eq!(without(missing).detail, format!("`{missing}` is missing"));
    }
    let error = decode(binary(r#"{"integration_id":"acme"}"#)).unwrap_err();
    assert_eq!(error.detail, "`data.booking_id` is missing");
    assert_eq!(decode(binary("[]")).unwrap_err().kind, DecodeErrorKind::Malformed);

    let mut content = binary(DATA);
    content.attributes.push(("id", "R-2".into()));
    let error = decode(content).unwrap_err();
    assert_eq!(error.detail, "the attribute `id` has two values in the headers");
    let mut content = binary(DATA);
    content.attributes.push(("id", "R-1".into()));
    content.attributes.push(("data", "{}".into()));
    assert!(decode(content).is_ok(), "the same value twice, and an attribute without a meaning");
}

#[test]
fn batches_are_named() {
    let batch = Content {
        content_type: Some("application/cloudevents-batch+json"),
        ..Content::from(b"[]".as_slice())
    };
    for batch in [batch, Content::from(b"\xef\xbb\xbf [{}]".as_slice())] {
        let error = decode(batch).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::Malformed);
        assert!(error.detail.contains("batches are refused"), "{error}");
    }
}

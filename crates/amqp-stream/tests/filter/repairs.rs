//! What a publisher can write, and what reaches the client.

use amq_protocol::frame::{AMQPContentHeader, AMQPFrame, parse_frame};
use amq_protocol::protocol::AMQPClass;
use amq_protocol::protocol::basic::AMQPMethod;
use amq_protocol::types::AMQPValue;
use amqp_stream::{InvalidFrame, Limits, NESTING_MAX, VALUES_MAX};

use crate::frames::{
    CONTENT_TYPE, HEADERS, LIMITS, MESSAGE_ID, content, content_header, deliver, entry, filtered,
    frame, headers, long, nested, parsed, short,
};

fn header(content: &AMQPContentHeader, name: &str) -> Option<AMQPValue> {
    content.properties.headers().as_ref()?.inner().get(name).cloned()
}

fn repaired(content: &AMQPContentHeader) -> String {
    match header(content, "postern-repaired") {
        Some(AMQPValue::LongString(text)) => text.to_string(),
        other => panic!("no text: {other:?}"),
    }
}

#[test]
fn what_needs_no_repair_passes_byte_for_byte() {
    let properties = [short("text/plain; é".as_bytes()), long(&entry(b"n", &nested(NESTING_MAX)))];
    let stream = [
        deliver("lock.open-request.é".as_bytes()),
        content(5, CONTENT_TYPE | HEADERS, &properties.concat()),
        frame(3, 1, b"h\xe9llo"),
        frame(8, 0, b""),
        frame(1, 0, &[&[0, 10, 0, 60][..], &short(b"low on memory")].concat()),
    ];
    let stream = stream.concat();
    assert_eq!(filtered(LIMITS, &stream).unwrap(), stream);
    assert_eq!(parsed(&stream).len(), 5);
}

#[test]
fn bytes_of_names_and_properties_that_are_not_utf8_become_question_marks() {
    let nested = [b"F".as_slice(), &long(&entry(b"b\xfcro", b"t\x01"))].concat();
    let table = [entry(b"stra\xdfe", &nested), entry(b"v", &[b"S", &*long(b"\xff")].concat())];
    let properties = [short(b"caf\xe9"), long(&table.concat()), short(b"\xe9\x80")];
    let flags = CONTENT_TYPE | HEADERS | MESSAGE_ID;
    let stream = [deliver(b"lock.\xe9\xe8"), content(0, flags, &properties.concat())].concat();
    assert!(parse_frame(stream.as_slice()).is_err());

    let frames = parsed(&filtered(LIMITS, &stream).unwrap());
    let AMQPFrame::Method(1, AMQPClass::Basic(AMQPMethod::Deliver(delivery))) = &frames[0] else {
        panic!("{frames:?}")
    };
    assert_eq!(delivery.routing_key.as_str(), "lock.??");
    let content = content_header(&stream);
    assert_eq!(content.properties.content_type().as_ref().unwrap().as_str(), "caf?");
    assert_eq!(content.properties.message_id().as_ref().unwrap().as_str(), "??");
    let Some(AMQPValue::FieldTable(inner)) = header(&content, "stra?e") else { panic!() };
    assert!(inner.contains_key("b?ro"));
    assert_eq!(header(&content, "v"), Some(AMQPValue::LongString(b"\xff".to_vec().into())));
    let text = repaired(&content);
    for part in ["routing key", "properties", "names of headers"] {
        assert!(text.contains(part), "{part}: {text}");
    }
}

#[test]
fn strings_of_every_method_of_a_broker_are_repaired() {
    let bad = short(b"\xe9");
    for payload in [
        [&[0, 10, 0, 50, 1, 64][..], &bad, &[0; 4]].concat(),
        [&[0, 10, 0, 60][..], &bad].concat(),
        [&[0, 20, 0, 40, 1, 64][..], &bad, &[0; 4]].concat(),
        [&[0, 50, 0, 11][..], &bad, &[0; 8]].concat(),
        [&[0, 60, 0, 21][..], &bad].concat(),
        [&[0, 60, 0, 30][..], &bad, &[0]].concat(),
        [&[0, 60, 0, 50, 1, 64][..], &bad, &bad, &bad].concat(),
        [&[0, 60, 0, 60][..], &bad, &[0; 9], &bad, &bad].concat(),
        [&[0, 60, 0, 71][..], &[0; 9], &bad, &bad, &[0; 4]].concat(),
    ] {
        let frame = frame(1, 1, &payload);
        assert!(parse_frame(frame.as_slice()).is_err(), "{payload:?}");
        assert_eq!(parsed(&filtered(LIMITS, &frame).unwrap()).len(), 1, "{payload:?}");
    }
}

#[test]
fn tables_that_are_nested_too_deep_become_byte_arrays() {
    let content = content_header(&headers(&entry(b"n", &nested(4_000))));
    let mut value = header(&content, "n").unwrap();
    for _ in 0..NESTING_MAX {
        let AMQPValue::FieldTable(table) = value else { panic!("{value:?}") };
        value = table.inner()["a"].clone();
    }
    assert!(matches!(value, AMQPValue::ByteArray(_)), "{value:?}");
    assert!(repaired(&content).contains("nested"));
}

#[test]
fn headers_with_too_many_values_become_byte_arrays() {
    let many = [b"A".as_slice(), &long(&b"V".repeat(VALUES_MAX + 1))].concat();
    let content = content_header(&headers(&[entry(b"many", &many), entry(b"next", b"V")].concat()));
    assert!(matches!(header(&content, "many"), Some(AMQPValue::ByteArray(_))));
    assert_eq!(header(&content, "next"), Some(AMQPValue::Void));
}

#[test]
fn values_that_cannot_be_read_do_not_end_the_session() {
    let unknown = [b"F".as_slice(), &long(&entry(b"a", b"?1234"))].concat();
    let content = content_header(&headers(&[entry(b"u", &unknown), entry(b"k", b"V")].concat()));
    assert!(matches!(header(&content, "u"), Some(AMQPValue::ByteArray(_))));
    assert!(header(&content, "k").is_some());

    // In the table itself, what comes before is kept.
    let content = content_header(&headers(&[entry(b"k", b"V"), entry(b"u", b"?12")].concat()));
    assert!(header(&content, "k").is_some());
    assert!(repaired(&content).contains("cannot be read"));
}

#[test]
fn properties_that_cannot_be_read_are_left_out() {
    for properties in [&b"\x03ab"[..], b"\x01a\xff\xff\xff\xff", b"\x01a\x00\x00\x00\x00\x05m"] {
        let flags = CONTENT_TYPE | HEADERS | MESSAGE_ID;
        let content = content_header(&content(0, flags, properties));
        assert!(content.properties.message_id().is_none());
        assert!(repaired(&content).contains("cannot be read"), "{properties:?}");
    }
    // More bytes than the flags announce.
    let content = content_header(&content(0, CONTENT_TYPE, b"\x01amore"));
    assert_eq!(content.properties.content_type().as_ref().unwrap().as_str(), "a");
}

#[test]
fn the_largest_headers_of_a_frame_that_is_too_large_are_left_out() {
    let text = |size: usize| [b"S".as_slice(), &long(&b"x".repeat(size))].concat();
    let table =
        [entry(b"one", b"V"), entry(b"large", &text(100_000)), entry(b"mid", &text(40_000))];
    let too_large = headers(&table.concat());
    assert!(filtered(LIMITS, &too_large).unwrap().len() <= 128 * 1024);
    let found = content_header(&too_large);
    assert!(header(&found, "large").is_none());
    assert!(header(&found, "one").is_some() && header(&found, "mid").is_some());
    assert!(repaired(&found).contains("largest"));

    // The broker's maximum is smaller than the client's.
    let tune = frame(1, 0, &[0, 10, 0, 30, 7, 255, 0, 0, 16, 0, 0, 60]);
    let small = [tune, headers(&entry(b"mid", &text(5_000)))].concat();
    let output = filtered(LIMITS, &small).unwrap();
    assert!(output.len() < 4096, "{}", output.len());

    // Far larger than what is kept: only the beginning of the frame is read.
    let far =
        content_header(&headers(&[entry(b"one", b"V"), entry(b"x", &text(900_000))].concat()));
    assert!(header(&far, "x").is_none());
    assert!(repaired(&far).contains("cannot be read"));
}

#[test]
fn no_publisher_can_claim_that_a_body_was_left_out() {
    let content = content_header(&headers(&entry(b"postern-body-bytes", b"l\0\0\0\0\0\0\0\x07")));
    assert!(header(&content, "postern-body-bytes").is_none());
    assert!(header(&content, "?ostern-body-bytes").is_some());
}

#[test]
fn what_no_broker_sends_is_an_error_and_another_version_passes() {
    assert_eq!(filtered(LIMITS, &frame(4, 0, b"")), Err(InvalidFrame::Type(4)));
    let mut bad_end = frame(8, 0, b"");
    bad_end[7] = 0;
    assert_eq!(filtered(LIMITS, &bad_end), Err(InvalidFrame::End(0)));
    let endless = [1, 0, 0, 0xff, 0xff, 0xff, 0xff];
    assert!(matches!(filtered(LIMITS, &endless), Err(InvalidFrame::MethodSize(_))));
    assert_eq!(filtered(LIMITS, &frame(2, 1, b"short")), Err(InvalidFrame::ContentHeader));
    assert_eq!(filtered(LIMITS, b"AMQP\x00\x01\x00\x00").unwrap(), b"AMQP\x00\x01\x00\x00");
    let none = Limits { frame_max: 0, ..LIMITS };
    assert_eq!(filtered(none, &frame(8, 0, b"")).unwrap(), frame(8, 0, b""));
}

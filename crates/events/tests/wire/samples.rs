//! The decoder's result for every sample is the one in the sample's name.

use super::corpus;
use events::{
    DecodeError, DecodeErrorKind, Outbound, OutboundType, decode_booking_status,
    decode_open_request, names,
};

const INBOUND: [&str; 2] = [names::BOOKING_STATUS, names::OPEN_REQUEST];

#[test]
fn valid_events_of_the_booking_system_are_accepted() {
    let samples = corpus::samples("valid");
    assert!(samples.len() >= 12);
    for sample in samples.iter().filter(|sample| INBOUND.contains(&sample.words[0].as_str())) {
        let decoded = corpus::decode(&sample.words[0], &sample.body);
        assert_eq!(decoded, Ok(()), "{}", sample.name());
    }
}

#[test]
fn valid_events_of_postern_are_written_as_they_were_read() {
    let mut seen = 0;
    for sample in corpus::samples("valid") {
        if INBOUND.contains(&sample.words[0].as_str()) {
            continue;
        }
        let event: Outbound = serde_json::from_slice(&sample.body).unwrap();
        assert_eq!(event.event_type(), sample.words[0]);
        let written = format!("{}\n", serde_json::to_string_pretty(&event).unwrap());
        assert_eq!(written, String::from_utf8(sample.body).unwrap());
        seen += 1;
    }
    assert!(seen >= 5);
}

#[test]
fn invalid_messages_are_refused_with_their_code() {
    let samples = corpus::samples("invalid");
    assert!(samples.len() >= 30);
    for sample in samples {
        let error = corpus::decode(&sample.words[1], &sample.body).expect_err(&sample.name());
        assert_eq!(error.kind.code(), sample.words[0], "{}: {error}", sample.name());
    }
}

#[test]
fn every_kind_of_decode_error_has_a_sample() {
    let samples = corpus::samples("invalid");
    for kind in DecodeErrorKind::ALL {
        assert!(samples.iter().any(|sample| sample.words[0] == kind.code()), "{kind}");
    }
}

#[test]
fn no_detail_repeats_the_message() {
    for sample in corpus::samples("invalid") {
        let DecodeError { detail, .. } =
            corpus::decode(&sample.words[1], &sample.body).expect_err(&sample.name());
        for text in texts(&String::from_utf8_lossy(&sample.body)) {
            assert!(!detail.contains(&text), "{}: {text} is in {detail}", sample.name());
        }
    }
}

/// Every quoted text of more than two bytes that is not a name of the contract.
fn texts(body: &str) -> Vec<String> {
    const KNOWN: [&str; 17] = [
        "booking_id",
        "data",
        "ends_at",
        "expires_at",
        "id",
        "integration_id",
        "object_id",
        "object_ids",
        "requested_by",
        "revision",
        "source",
        "specversion",
        "starts_at",
        "status",
        "time",
        "traceparent",
        "type",
    ];
    body.split('"')
        .skip(1)
        .step_by(2)
        .filter(|text| text.len() > 2 && !KNOWN.contains(text))
        .map(str::to_owned)
        .collect()
}

#[test]
fn details_say_which_member_and_what_is_allowed() {
    for (name, detail) in [
        ("malformed--booking.status.v1--truncated", "the body is not JSON: EOF while parsing"),
        (
            "malformed--booking.status.v1--duplicate-member",
            "a member appears twice in one object, at line 12 column 12",
        ),
        ("malformed--booking.status.v1--bad-utf8", "the body is not UTF-8, at byte"),
        ("malformed--booking.status.v1--array", "this is a batch of events; batches are refused"),
        ("malformed--booking.status.v1--deep-arrays", "the body is not JSON: recursion limit"),
        (
            "unknown_type--lock.open-request.v1--booking-status",
            "`type` must be \"lock.open-request.v1\" in this queue",
        ),
        ("schema_violation--booking.status.v1--id-missing", "`id` is missing"),
        ("schema_violation--booking.status.v1--specversion-0.3", "`specversion` must be \"1.0\""),
        ("schema_violation--booking.status.v1--data-string", "`data` must be an object"),
        (
            "schema_violation--booking.status.v1--booking_id-empty",
            "`data.booking_id` must be a string of 1 to 256 bytes without control characters",
        ),
        (
            "schema_violation--booking.status.v1--object_ids-empty-item",
            "`data.object_ids[1]` must be a string of 1 to 256 bytes",
        ),
        (
            "schema_violation--booking.status.v1--object_ids-empty",
            "`data.object_ids` must be a list of 1 to 1000 strings",
        ),
        (
            "schema_violation--booking.status.v1--revision-2-63",
            "`data.revision` must be an integer from 0 to 9223372036854775807",
        ),
        (
            "schema_violation--booking.status.v1--ends-when-it-starts",
            "`data.ends_at` must be after `data.starts_at`",
        ),
        (
            "schema_violation--booking.status.v1--ends-in-9999",
            "`data.ends_at` is more than 400 days ahead of this worker's clock",
        ),
        (
            "schema_violation--booking.status.v1--time-ahead",
            "`time` is more than 5 minutes ahead of this worker's clock",
        ),
        (
            "schema_violation--lock.open-request.v1--expires_at-duration",
            "`data.expires_at` must be a time in RFC 3339 with an offset",
        ),
    ] {
        let samples = corpus::samples("invalid");
        let sample = samples.iter().find(|sample| sample.name() == name).expect(name);
        let error = corpus::decode(&sample.words[1], &sample.body).expect_err(name);
        assert!(error.detail.starts_with(detail), "{name}: {}", error.detail);
    }
}

#[test]
fn the_decoded_values_are_those_of_the_body() {
    let sample = |name: &str| {
        let samples = corpus::samples("valid");
        samples.into_iter().find(|sample| sample.name() == name).expect(name).body
    };
    let booking = sample("booking.status.v1--offsets");
    let booking = decode_booking_status(&booking, corpus::now()).unwrap();
    assert_eq!(booking.id, "evt-1");
    assert_eq!(booking.source, "/i-reserve/acme");
    assert_eq!(
        booking.time,
        "2026-01-15T11:59:59.999999999Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    assert_eq!(booking.data.starts_at.to_rfc3339(), "2026-01-15T14:00:00+00:00");
    assert_eq!(booking.data.ends_at.to_rfc3339(), "2026-01-15T16:00:00.500+00:00");
    assert_eq!(booking.data.revision, Some(7));

    let traced = |name| decode_open_request(&sample(name), corpus::now()).unwrap().traceparent;
    assert_eq!(
        traced("lock.open-request.v1--traced").as_deref(),
        Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
    );
    assert_eq!(traced("lock.open-request.v1--traceparent-invalid"), None);
}

#[test]
fn codes_are_those_of_the_contract() {
    let codes: Vec<_> = DecodeErrorKind::ALL.iter().map(|kind| kind.code()).collect();
    assert_eq!(codes, ["malformed", "unknown_type", "schema_violation"]);
    let types: Vec<_> = OutboundType::ALL.iter().map(|event_type| event_type.code()).collect();
    assert_eq!(
        types,
        [
            "lock.opened.v1",
            "booking.check-in.v1",
            "lock.open-rejected.v1",
            "lock.open-failed.v1",
            "lock.open-confirmed.v1",
            "iq.attention.v1",
            "integration.attention.v1",
            "booking.at-risk.v1",
        ]
    );
}

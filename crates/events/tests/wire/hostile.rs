//! Decoding any input: no panic, and no content of the message in the error.

use super::corpus;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use events::{
    DecodeErrorKind, Event, OpenRequest, decode_booking_status, decode_open_request, limits, names,
};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::time::Duration;

/// A text that no error may contain.
const PRIVATE: &str = "Ada-Guest-1815";

const QUEUES: [&str; 2] = [names::BOOKING_STATUS, names::OPEN_REQUEST];

#[test]
fn a_body_of_5_mb_is_refused_by_its_size() {
    let mut body = corpus::samples("valid")[0].body.clone();
    body.resize(5 * 1024 * 1024, b' ');
    for queue in QUEUES {
        let error = corpus::decode(queue, &body).unwrap_err();
        assert_eq!(error.kind, DecodeErrorKind::Malformed);
        assert_eq!(error.detail, "the body has 5242880 bytes, at most 1048576 are allowed");
    }
}

#[test]
fn the_largest_body_is_read() {
    let samples = corpus::samples("valid");
    let sample = samples.iter().find(|s| s.name() == "booking.status.v1--typical").unwrap();
    let mut body = sample.body.clone();
    body.resize(limits::BODY, b'\n');
    assert_eq!(corpus::decode(names::BOOKING_STATUS, &body), Ok(()));
}

/// Any JSON, some of it of the kinds the decoder looks at.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<String>().prop_map(|text| Value::from(format!("{PRIVATE}{text}"))),
        Just(Value::from("")),
        "[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:[0-9]{2})"
            .prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 32, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::hash_map(any::<String>(), inner, 0..5).prop_map(|members| {
                let named =
                    members.into_iter().map(|(name, value)| (PRIVATE.to_owned() + &name, value));
                Value::Object(named.collect())
            }),
        ]
    })
}

/// An event of the queue with this index in [`QUEUES`].
#[derive(Debug)]
struct Mutated {
    queue: usize,
    event: Value,
}

/// An event of each queue with one member, of the event or of its data, changed, added or removed.
fn mutated() -> impl Strategy<Value = Mutated> {
    let names = prop::sample::select(vec![
        "specversion",
        "id",
        "source",
        "type",
        "time",
        "traceparent",
        "data",
        "integration_id",
        "booking_id",
        "status",
        "object_ids",
        "starts_at",
        "ends_at",
        "revision",
        "object_id",
        "expires_at",
        "requested_by",
        PRIVATE,
    ]);
    let change = (names, any::<bool>(), prop::option::of(any_json()));
    (0..2usize, prop::collection::vec(change, 1..4)).prop_map(|(queue, changes)| {
        let mut event = event(queue);
        for (name, in_data, value) in changes {
            let target = if in_data { &mut event["data"] } else { &mut event };
            let Some(object) = target.as_object_mut() else { continue };
            match value {
                Some(value) => object.insert(name.to_owned(), value),
                None => object.remove(name),
            };
        }
        Mutated { queue, event }
    })
}

fn event(queue: usize) -> Value {
    json!({
        "specversion": "1.0",
        "id": PRIVATE,
        "source": PRIVATE,
        "type": QUEUES[queue],
        "time": "2026-01-15T12:00:00Z",
        "data": {
            "integration_id": PRIVATE,
            "booking_id": PRIVATE,
            "status": PRIVATE,
            "object_ids": [PRIVATE],
            "starts_at": "2026-01-15T14:00:00Z",
            "ends_at": "2026-01-15T16:00:00Z",
            "object_id": PRIVATE,
            "requested_by": PRIVATE,
        },
    })
}

/// Any time that chrono can represent.
fn any_time() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) =
        (DateTime::<Utc>::MIN_UTC.timestamp(), DateTime::<Utc>::MAX_UTC.timestamp());
    prop_oneof![first..=last, first..=first + 1000, last - 1000..=last,]
        .prop_map(|seconds| DateTime::from_timestamp(seconds, 0).unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn arbitrary_bytes(body in prop::collection::vec(any::<u8>(), 0..200)) {
        for queue in QUEUES {
            prop_assert!(corpus::decode(queue, &body).is_err());
        }
    }

    #[test]
    fn arbitrary_json(json in any_json(), now in any_time()) {
        let body = json.to_string();
        prop_assert!(decode_booking_status(body.as_bytes(), now).is_err());
        prop_assert!(decode_open_request(body.as_bytes(), now).is_err());
    }

    #[test]
    fn mutated_events(mutated in mutated()) {
        let Mutated { queue, event } = mutated;
        if let Err(error) = corpus::decode(QUEUES[queue], event.to_string().as_bytes()) {
            prop_assert!(!error.to_string().contains(PRIVATE), "{error}");
        }
    }

    #[test]
    fn cut_and_flipped_bytes(
        queue in 0..2usize,
        cut in any::<prop::sample::Index>(),
        flip in any::<prop::sample::Index>(),
        byte in any::<u8>(),
    ) {
        let mut body = event(queue).to_string().into_bytes();
        let flip = flip.index(body.len());
        body[flip] = byte;
        for body in [&body[..], &body[..cut.index(body.len())]] {
            if let Err(error) = corpus::decode(QUEUES[queue], body) {
                prop_assert!(!error.to_string().contains(PRIVATE), "{error}");
            }
        }
    }

    #[test]
    fn any_clock(now in any_time(), time in any_time()) {
        let mut event = event(0);
        event["time"] = json!(time.to_rfc3339());
        let decoded = decode_booking_status(event.to_string().as_bytes(), now);
        let latest = now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(now);
        let ends_at: DateTime<Utc> = "2026-01-15T16:00:00Z".parse().unwrap();
        let ends_soon = ends_at - now <= TimeDelta::days(400);
        let wanted = (0..=9999).contains(&time.year()) && time <= latest && ends_soon;
        prop_assert_eq!(decoded.is_ok(), wanted);
    }

    #[test]
    fn a_request_never_lives_longer_than_10_minutes(
        time in any_time(),
        expires_at in prop::option::of(any_time()),
        request_ttl in any::<u64>().prop_map(Duration::from_secs),
    ) {
        let data = OpenRequest {
            integration_id: "a".into(),
            booking_id: "b".into(),
            object_id: None,
            expires_at,
            requested_by: None,
        };
        let request = Event { id: "1".into(), source: "/".into(), time, traceparent: None, data };
        let end = request.expires_at(request_ttl);
        let lifetime = end - time;
        prop_assert!(lifetime <= TimeDelta::minutes(10));
        match expires_at {
            Some(asked) if asked - time <= TimeDelta::minutes(10) => prop_assert_eq!(end, asked),
            Some(_) => prop_assert!(lifetime == TimeDelta::minutes(10) || end == DateTime::<Utc>::MAX_UTC),
            None => {
                let seconds = request_ttl.as_secs().min(600);
                let asked = TimeDelta::seconds(seconds as i64);
                prop_assert!(lifetime == asked || end == DateTime::<Utc>::MAX_UTC);
            }
        }
    }
}

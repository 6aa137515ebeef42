//! What is written can be read, and is written the same again.

use chrono::{DateTime, Utc};
use events::{
    BookingStatus, CheckIn, Event, IqAttention, IqState, OpenFailed, OpenRejected, OpenRequest,
    Opened, Outbound, OutboundData, RequestRef, Role, decode_booking_status, decode_open_request,
    event_id,
};
use proptest::prelude::*;
use rules::{FailedReason, RejectedReason};
use uuid::Uuid;

use super::corpus;

/// A text the contract allows as an id.
fn id() -> impl Strategy<Value = String> {
    "\\P{Cc}{1,40}"
}

/// A time with the precision of the wire; none that the decoder takes for the future.
fn time() -> impl Strategy<Value = DateTime<Utc>> {
    let (first, last) = ("0000-01-01T00:00:00Z", "2026-01-15T12:05:00Z");
    let micros = |text: &str| text.parse::<DateTime<Utc>>().unwrap().timestamp_micros();
    (micros(first)..=micros(last))
        .prop_map(|micros| DateTime::from_timestamp_micros(micros).unwrap())
}

fn traceparent() -> impl Strategy<Value = Option<String>> {
    prop::option::of("00-[1-9a-f]{32}-[1-9a-f]{16}-0[01]")
}

fn request() -> impl Strategy<Value = Event<OpenRequest>> {
    let data = (id(), id(), prop::option::of(id()), prop::option::of(time()));
    (id(), id(), time(), traceparent(), data, prop::option::of("\\P{Cc}{0,40}")).prop_map(
        |(id, source, time, traceparent, data, requested_by)| {
            let (integration_id, booking_id, object_id, expires_at) = data;
            let data =
                OpenRequest { integration_id, booking_id, object_id, expires_at, requested_by };
            Event { id, source, time, traceparent, data }
        },
    )
}

fn booking() -> impl Strategy<Value = Event<BookingStatus>> {
    let window = (time(), time()).prop_filter("the end is after the start", |(a, b)| a != b);
    let names = (id(), id(), id(), prop::collection::vec(id(), 1..4));
    let revision = prop::option::of(0..=events::limits::REVISION);
    (id(), id(), time(), traceparent(), names, window, revision).prop_map(
        |(id, source, time, traceparent, names, (a, b), revision)| {
            let (integration_id, booking_id, status, object_ids) = names;
            let (starts_at, ends_at) = (a.min(b), a.max(b));
            let data = BookingStatus {
                integration_id,
                booking_id,
                status,
                object_ids,
                starts_at,
                ends_at,
                revision,
            };
            Event { id, source, time, traceparent, data }
        },
    )
}

fn answer_data(request: RequestRef) -> impl Strategy<Value = OutboundData> {
    let opened = (id(), any::<u128>(), id(), time(), prop::option::of(id()), any::<u32>());
    let rejected = (prop::sample::select(RejectedReason::ALL), prop::option::of(time()));
    let failed = (prop::sample::select(FailedReason::ALL), prop::option::of(any::<u128>()));
    let state = prop::sample::select(vec![
        IqState::Degraded,
        IqState::Blocked,
        IqState::ReactivationRequired,
        IqState::Activated,
    ]);
    (opened, rejected, failed, state, 0..5).prop_map(
        move |(opened, (rejected, opens_at), (failed, failed_lock), state, which)| {
            let request = request.clone();
            let (text, lock, iq_id, opened_at, record_in_field, attempts) = opened;
            match which {
                0 => OutboundData::Opened(Opened {
                    request,
                    object_id: text,
                    lock_id: Uuid::from_u128(lock),
                    iq_id,
                    opened_at,
                    record_in_field,
                    attempts,
                }),
                1 => OutboundData::CheckIn(CheckIn { request, status: text, opened_at }),
                2 => OutboundData::OpenRejected(OpenRejected {
                    request,
                    reason: rejected,
                    detail: text,
                    opens_at,
                    attempts,
                }),
                3 => OutboundData::OpenFailed(OpenFailed {
                    request,
                    reason: failed,
                    class: failed.class(),
                    detail: text,
                    attempts,
                    lock_id: failed_lock.map(Uuid::from_u128),
                    iq_id: record_in_field,
                }),
                _ => OutboundData::IqAttention(IqAttention {
                    integration_id: request.integration_id,
                    iq_id,
                    state,
                    detail: text,
                }),
            }
        },
    )
}

fn outbound() -> impl Strategy<Value = Outbound> {
    (request(), time(), any::<bool>()).prop_flat_map(|(request, time, rehearsal)| {
        answer_data(RequestRef::from(&request)).prop_map(move |data| Outbound {
            id: event_id(&request.source, &request.id, Role::Terminal),
            time,
            traceparent: request.traceparent.clone(),
            rehearsal,
            data,
        })
    })
}

proptest! {
    #[test]
    fn open_requests(event in request()) {
        let body = event.to_json().unwrap();
        prop_assert_eq!(decode_open_request(&body, corpus::now()), Ok(event));
    }

    #[test]
    fn booking_statuses(event in booking()) {
        let body = event.to_json().unwrap();
        prop_assert_eq!(decode_booking_status(&body, corpus::now()), Ok(event));
    }

    #[test]
    fn outbound_events(event in outbound()) {
        let body = event.to_json().unwrap();
        let read: Outbound = serde_json::from_slice(&body).unwrap();
        prop_assert_eq!(&read, &event);
        prop_assert_eq!(read.to_json().unwrap(), body);
    }

    #[test]
    fn outbound_events_fit_their_schema(event in outbound()) {
        let validator = &super::schemas::VALIDATORS[event.data.event_type()];
        let json = serde_json::to_value(&event).unwrap();
        prop_assert!(validator.is_valid(&json), "{json}");
    }
}

#[test]
fn a_time_finer_than_the_wire_is_written_the_same_after_reading() {
    let event = Outbound {
        id: Uuid::nil(),
        time: "2026-01-15T12:00:00.123456789Z".parse().unwrap(),
        traceparent: None,
        rehearsal: false,
        data: OutboundData::IqAttention(IqAttention {
            integration_id: "acme".into(),
            iq_id: "iq".into(),
            state: IqState::Activated,
            detail: String::new(),
        }),
    };
    let body = event.to_json().unwrap();
    let read: Outbound = serde_json::from_slice(&body).unwrap();
    assert_eq!(read.to_json().unwrap(), body);
    assert_eq!(read.routing_key(), "iq.attention.acme");
    assert_eq!(read.subject(), "iq");
}

#[test]
fn a_rehearsal_shows_in_type_and_routing_key_and_nowhere_else() {
    let samples = corpus::samples("valid");
    let opened = samples.iter().find(|s| s.words[0] == "lock.opened.v1").unwrap();
    let opened: Outbound = serde_json::from_slice(&opened.body).unwrap();
    let rehearsed = Outbound { rehearsal: true, ..opened.clone() };
    assert_eq!(rehearsed.event_type(), "rehearsal.lock.opened.v1");
    assert_eq!(rehearsed.routing_key(), format!("rehearsal.{}", opened.routing_key()));
    let mut told = serde_json::to_value(&rehearsed).unwrap();
    assert_eq!(told["type"], "rehearsal.lock.opened.v1");
    told["type"] = "lock.opened.v1".into();
    assert_eq!(told, serde_json::to_value(&opened).unwrap());
}

#[test]
fn what_is_not_of_postern_is_no_outbound_event() {
    let samples = corpus::samples("valid");
    let opened = samples.iter().find(|s| s.words[0] == "lock.opened.v1").unwrap();
    let opened = String::from_utf8(opened.body.clone()).unwrap();
    assert!(serde_json::from_str::<Outbound>(&opened).is_ok());
    for (from, to) in [
        ("\"/postern\"", "\"/other\""),
        ("\"1.0\"", "\"0.3\""),
        ("lock.opened.v1", "lock.opened.v2"),
        ("lock.opened.v1", "rehearsal.rehearsal.lock.opened.v1"),
        ("\"attempts\"", "\"tries\""),
    ] {
        assert!(serde_json::from_str::<Outbound>(&opened.replace(from, to)).is_err(), "{to}");
    }
}

//! Events are read back from their JSON, and are written to the same bytes again.

use chrono::{DateTime, Utc};
use events::{
    BookingAtRisk, BookingStatus, CheckIn, ConfirmationSource, DoorRisk, Event,
    IntegrationAttention, IntegrationState, IqAttention, IqState, OpenConfirmed, OpenFailed,
    OpenRejected, OpenRequest, Opened, Outbound, OutboundData, OutboundType, RequestRef, Role,
    decode_booking_status, decode_open_request, event_id,
};
use proptest::prelude::*;
use rules::{FailedReason, RejectedReason, RiskReason};
use uuid::Uuid;

use super::corpus;

/// A text that the contract allows as an id.
fn id() -> impl Strategy<Value = String> {
    "\\P{Cc}{1,40}"
}

/// A time with the precision of the wire that the decoder does not consider to be in the future.
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

/// Data of every type, whichever `event_type` is chosen.
fn data(request: RequestRef) -> impl Strategy<Value = OutboundData> {
    prop::sample::select(OutboundType::ALL).prop_flat_map(move |event_type| {
        let request = request.clone();
        match event_type {
            OutboundType::Opened => opened(request).boxed(),
            OutboundType::CheckIn => check_in(request).boxed(),
            OutboundType::OpenRejected => open_rejected(request).boxed(),
            OutboundType::OpenFailed => open_failed(request).boxed(),
            OutboundType::OpenConfirmed => open_confirmed(request).boxed(),
            OutboundType::IqAttention => iq_attention(request).boxed(),
            OutboundType::IntegrationAttention => integration_attention(request).boxed(),
            OutboundType::BookingAtRisk => booking_at_risk(request).boxed(),
        }
    })
}

prop_compose! {
    fn opened(request: RequestRef)(
        object_id in id(),
        lock in any::<u128>(),
        iq_id in id(),
        opened_at in time(),
        record_in_field in prop::option::of(id()),
        attempts in any::<u32>(),
    ) -> OutboundData {
        OutboundData::Opened(Opened {
            request: request.clone(),
            object_id,
            lock_id: Uuid::from_u128(lock),
            iq_id,
            opened_at,
            record_in_field,
            attempts,
        })
    }
}

prop_compose! {
    fn check_in(request: RequestRef)(status in id(), opened_at in time()) -> OutboundData {
        OutboundData::CheckIn(CheckIn { request: request.clone(), status, opened_at })
    }
}

prop_compose! {
    fn open_rejected(request: RequestRef)(
        reason in prop::sample::select(RejectedReason::ALL),
        detail in id(),
        opens_at in prop::option::of(time()),
        attempts in any::<u32>(),
    ) -> OutboundData {
        OutboundData::OpenRejected(OpenRejected {
            request: request.clone(),
            reason,
            detail,
            opens_at,
            attempts,
        })
    }
}

prop_compose! {
    fn open_failed(request: RequestRef)(
        reason in prop::sample::select(FailedReason::ALL),
        detail in id(),
        attempts in any::<u32>(),
        lock in prop::option::of(any::<u128>()),
        iq_id in prop::option::of(id()),
    ) -> OutboundData {
        OutboundData::OpenFailed(OpenFailed {
            request: request.clone(),
            reason,
            class: reason.class(),
            detail,
            attempts,
            lock_id: lock.map(Uuid::from_u128),
            iq_id,
        })
    }
}

prop_compose! {
    fn open_confirmed(request: RequestRef)(
        object_id in id(),
        lock in any::<u128>(),
        iq_id in id(),
        opened_at in time(),
        seen_at in time(),
        seen_in in prop::sample::select(ConfirmationSource::ALL),
    ) -> OutboundData {
        OutboundData::OpenConfirmed(OpenConfirmed {
            request: request.clone(),
            object_id,
            lock_id: Uuid::from_u128(lock),
            iq_id,
            opened_at,
            seen_at,
            seen_in,
        })
    }
}

prop_compose! {
    fn iq_attention(request: RequestRef)(
        iq_id in id(),
        state in prop::sample::select(IqState::ALL),
        detail in id(),
    ) -> OutboundData {
        let integration_id = request.integration_id.clone();
        OutboundData::IqAttention(IqAttention { integration_id, iq_id, state, detail })
    }
}

prop_compose! {
    fn integration_attention(request: RequestRef)(
        state in prop::sample::select(IntegrationState::ALL),
        detail in id(),
        since in time(),
    ) -> OutboundData {
        let integration_id = request.integration_id.clone();
        OutboundData::IntegrationAttention(IntegrationAttention {
            integration_id, state, detail, since,
        })
    }
}

prop_compose! {
    fn door_risk()(
        object_id in id(),
        lock in prop::option::of(any::<u128>()),
        iq_id in prop::option::of(id()),
        reason in prop::sample::select(RiskReason::ALL),
        detail in id(),
    ) -> DoorRisk {
        DoorRisk { object_id, lock_id: lock.map(Uuid::from_u128), iq_id, reason, detail }
    }
}

prop_compose! {
    fn booking_at_risk(request: RequestRef)(
        object_ids in prop::collection::vec(id(), 1..4),
        starts_at in time(),
        reasons in prop::collection::vec(door_risk(), 0..4),
    ) -> OutboundData {
        let (integration_id, booking_id) = (request.integration_id.clone(), request.booking_id.clone());
        OutboundData::BookingAtRisk(BookingAtRisk {
            integration_id, booking_id, object_ids, starts_at, reasons,
        })
    }
}

fn outbound() -> impl Strategy<Value = Outbound> {
    (request(), time(), any::<bool>()).prop_flat_map(|(request, time, rehearsal)| {
        data(RequestRef::from(&request)).prop_map(move |data| Outbound {
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
        let validator = &super::schemas::VALIDATORS[event.data.event_type().code()];
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
fn an_event_of_another_source_version_or_type_is_refused() {
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

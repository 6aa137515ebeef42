//! The examples of the documents: one event of each type, all of one booking, made by the types
//! themselves.

use chrono::{DateTime, TimeDelta, Utc};
use rules::{FailedReason, RejectedReason, RiskReason};
use serde_json::Value;
use uuid::{Uuid, uuid};

use crate::{
    BookingAtRisk, BookingStatus, CheckIn, ConfirmationSource, DoorRisk, Event, InboundData,
    IntegrationAttention, IntegrationState, IqAttention, IqState, OpenConfirmed, OpenFailed,
    OpenRejected, OpenRequest, Opened, Outbound, OutboundData, OutboundType, RequestRef, Role,
    event_id,
};

const TRACEPARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const LOCK: Uuid = uuid!("a5091d73-d7ea-4eb7-b883-0a4d241584ca");
const IQ: &str = "8e2c1b7f-5a64-4a5e-9a0e-1d7c2f1f8b11";
const DETAIL: &str = "opening starts at 2026-01-15T13:45:00Z";

/// An event that serves as an example.
pub(super) trait Example {
    fn event_type(&self) -> &'static str;
    fn on_the_wire(&self) -> serde_json::Result<Value>;
}

impl<T: InboundData> Example for Event<T> {
    fn event_type(&self) -> &'static str {
        T::EVENT_TYPE
    }

    fn on_the_wire(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

impl Example for Outbound {
    fn event_type(&self) -> &'static str {
        self.data.event_type().code()
    }

    fn on_the_wire(&self) -> serde_json::Result<Value> {
        serde_json::to_value(self)
    }
}

/// The day of the examples at noon, plus `minutes`.
fn noon(minutes: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_768_478_400) + TimeDelta::minutes(minutes)
}

pub(super) fn booking_status() -> Event<BookingStatus> {
    Event {
        id: "b-4711-7".to_owned(),
        source: "/i-reserve/acme".to_owned(),
        time: noon(0),
        traceparent: None,
        data: BookingStatus {
            integration_id: "acme-utrecht".to_owned(),
            booking_id: "b-4711".to_owned(),
            status: "confirmed".to_owned(),
            object_ids: vec!["room-12".to_owned()],
            starts_at: noon(120),
            ends_at: noon(240),
            revision: Some(7),
        },
    }
}

pub(super) fn open_request() -> Event<OpenRequest> {
    Event {
        id: "01JHNX3V9K".to_owned(),
        source: "/i-reserve/acme".to_owned(),
        time: noon(121),
        traceparent: Some(TRACEPARENT.to_owned()),
        data: OpenRequest {
            integration_id: "acme-utrecht".to_owned(),
            booking_id: "b-4711".to_owned(),
            object_id: Some("room-12".to_owned()),
            expires_at: Some(noon(122)),
            requested_by: Some("guest-ref-93".to_owned()),
        },
    }
}

/// The example of an outbound type.
pub(super) fn outbound(event_type: OutboundType) -> Outbound {
    match event_type {
        OutboundType::Opened => opened(),
        OutboundType::CheckIn => check_in(),
        OutboundType::OpenRejected => open_rejected(),
        OutboundType::OpenFailed => open_failed(),
        OutboundType::OpenConfirmed => open_confirmed(),
        OutboundType::IqAttention => iq_attention(),
        OutboundType::IntegrationAttention => integration_attention(),
        OutboundType::BookingAtRisk => booking_at_risk(),
    }
}

fn answer(role: Role, data: OutboundData) -> Outbound {
    let request = open_request();
    Outbound {
        id: event_id(&request.source, &request.id, role),
        time: noon(121),
        traceparent: request.traceparent,
        rehearsal: false,
        data,
    }
}

fn opened() -> Outbound {
    let opened = Opened {
        request: RequestRef::from(&open_request()),
        object_id: "room-12".to_owned(),
        lock_id: LOCK,
        iq_id: IQ.to_owned(),
        opened_at: noon(121),
        record_in_field: Some("salto_opened_at".to_owned()),
        attempts: 1,
    };
    answer(Role::Terminal, OutboundData::Opened(opened))
}

fn check_in() -> Outbound {
    let check_in = CheckIn {
        request: RequestRef::from(&open_request()),
        status: "checked_in".to_owned(),
        opened_at: noon(121),
    };
    answer(Role::CheckIn, OutboundData::CheckIn(check_in))
}

fn open_rejected() -> Outbound {
    let rejected = OpenRejected {
        request: RequestRef::from(&open_request()),
        reason: RejectedReason::TooEarly,
        detail: DETAIL.to_owned(),
        opens_at: Some(noon(105)),
        attempts: 0,
    };
    answer(Role::Terminal, OutboundData::OpenRejected(rejected))
}

fn open_failed() -> Outbound {
    let failed = OpenFailed {
        request: RequestRef::from(&open_request()),
        reason: FailedReason::IqOffline,
        class: FailedReason::IqOffline.class(),
        detail: "the IQ has no connection to Salto".to_owned(),
        attempts: 3,
        lock_id: Some(LOCK),
        iq_id: Some(IQ.to_owned()),
    };
    answer(Role::Terminal, OutboundData::OpenFailed(failed))
}

fn notice(data: OutboundData) -> Outbound {
    let id = uuid!("7d2f5a0e-3a3c-4b0e-8a44-5f1f1c7a9e01");
    Outbound { id, time: noon(0), traceparent: None, rehearsal: false, data }
}

fn open_confirmed() -> Outbound {
    let confirmed = OpenConfirmed {
        request: RequestRef::from(&open_request()),
        object_id: "room-12".to_owned(),
        lock_id: LOCK,
        iq_id: IQ.to_owned(),
        opened_at: noon(121),
        seen_at: noon(121) + TimeDelta::milliseconds(1400),
        seen_in: ConfirmationSource::Stream,
    };
    answer(Role::Confirmed, OutboundData::OpenConfirmed(confirmed))
}

fn iq_attention() -> Outbound {
    notice(OutboundData::IqAttention(IqAttention {
        integration_id: "acme-utrecht".to_owned(),
        iq_id: IQ.to_owned(),
        state: IqState::ReactivationRequired,
        detail: "Salto no longer accepts the IQ's PIN: activate the IQ again".to_owned(),
    }))
}

fn integration_attention() -> Outbound {
    notice(OutboundData::IntegrationAttention(IntegrationAttention {
        integration_id: "acme-utrecht".to_owned(),
        state: IntegrationState::UserSuspended,
        detail: "the system user's own seat at the site is suspended: it opens nothing".to_owned(),
        since: noon(-1),
    }))
}

fn booking_at_risk() -> Outbound {
    let booking = booking_status().data;
    notice(OutboundData::BookingAtRisk(BookingAtRisk {
        integration_id: booking.integration_id,
        booking_id: booking.booking_id,
        object_ids: booking.object_ids,
        starts_at: booking.starts_at,
        reasons: vec![DoorRisk {
            object_id: "room-12".to_owned(),
            lock_id: Some(LOCK),
            iq_id: Some(IQ.to_owned()),
            reason: RiskReason::PrivacyMode,
            detail: "privacy mode is on at the lock: somebody inside has turned it on".to_owned(),
        }],
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_outbound_type_is_read_back() {
        for event_type in OutboundType::ALL {
            let example = outbound(*event_type);
            assert_eq!(example.data.event_type(), *event_type);
            for rehearsal in [false, true] {
                let event = Outbound { rehearsal, ..example.clone() };
                let json = event.to_json().unwrap();
                assert_eq!(serde_json::from_slice::<Outbound>(&json).unwrap(), event);
            }
        }
    }
}

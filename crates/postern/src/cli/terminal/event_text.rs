//! The text of an event, for people.

use events::{
    BookingAtRisk, CheckIn, DoorRisk, IntegrationAttention, IqAttention, IqState, OpenConfirmed,
    OpenFailed, OpenRejected, Opened, Outbound, OutboundData,
};
use rules::FailedClass;
use serde_json::Value;

use super::text::{printable, time_text};

/// An event in one line: local time, integration, booking or IQ, and what happened.
pub(crate) fn event_line(event: &Outbound) -> String {
    format!(
        "{}  {}  {}  {}{}",
        time_text(Some(event.time)),
        event.integration_id(),
        event.subject(),
        if event.rehearsal { "(rehearsal) " } else { "" },
        description(&event.data),
    )
}

/// An event for a developer: what happened, and below it every member as it is on the wire.
pub(crate) fn event_block(event: &Outbound) -> String {
    let mut lines = vec![printable(&event_line(event))];
    let Ok(Value::Object(mut members)) = serde_json::to_value(event) else {
        return lines.remove(0);
    };
    let data = members.remove("data");
    let of_data = data.iter().filter_map(Value::as_object).flatten();
    let all = members.iter().map(|(name, value)| (name.clone(), value));
    let all = all.chain(of_data.map(|(name, value)| (format!("data.{name}"), value)));
    lines.extend(all.map(|(name, value)| {
        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        format!("    {name:<22} {}", printable(&value))
    }));
    lines.join("\n")
}

fn description(data: &OutboundData) -> String {
    match data {
        OutboundData::Opened(Opened { object_id, lock_id, attempts, .. }) => {
            format!("opened {object_id} (lock {lock_id}){}", commands(*attempts))
        }
        OutboundData::CheckIn(CheckIn { status, .. }) => {
            format!("checked in: the new status of the booking is {status}")
        }
        OutboundData::OpenRejected(OpenRejected { reason, detail, opens_at, attempts, .. }) => {
            let opens = opens_at
                .map_or_else(String::new, |at| format!(", opens at {}", time_text(Some(at))));
            format!("rejected, {}: {detail}{opens}{}", reason.code(), commands(*attempts))
        }
        OutboundData::OpenFailed(OpenFailed { reason, class, detail, attempts, .. }) => {
            let advice = match class {
                FailedClass::Temporary => "trying again may help",
                FailedClass::Configuration => "an operator must act",
            };
            format!("failed, {}: {detail} ({advice}){}", reason.code(), commands(*attempts))
        }
        OutboundData::OpenConfirmed(OpenConfirmed { object_id, opened_at, seen_in, .. }) => {
            let (at, seen_in) = (time_text(Some(*opened_at)), seen_in.code());
            format!("confirmed: {object_id} opened at {at} by Salto's clock ({seen_in})")
        }
        OutboundData::IqAttention(IqAttention { state, detail, .. }) => {
            let state = match state {
                IqState::Degraded => "degraded",
                IqState::Blocked => "blocked",
                IqState::ReactivationRequired => "must be activated again",
                IqState::Activated => "activated",
            };
            format!("IQ {state}: {detail}")
        }
        OutboundData::IntegrationAttention(IntegrationAttention { state, detail, .. }) => {
            format!("{state}: {detail}")
        }
        OutboundData::BookingAtRisk(at_risk) => at_risk_text(at_risk),
    }
}

fn at_risk_text(BookingAtRisk { starts_at, reasons, .. }: &BookingAtRisk) -> String {
    let starts = time_text(Some(*starts_at));
    if reasons.is_empty() {
        return format!("no longer at risk, starts at {starts}");
    }
    let reason = |it: &DoorRisk| format!("{}, {}: {}", it.object_id, it.reason, it.detail);
    let reasons: Vec<_> = reasons.iter().map(reason).collect();
    format!("at risk, starts at {starts}: {}", reasons.join("; "))
}

/// The number of commands, where there was more than one.
fn commands(attempts: u32) -> String {
    if attempts > 1 { format!(" after {attempts} commands") } else { String::new() }
}

#[cfg(test)]
mod tests {
    use events::RequestRef;
    use rules::{FailedReason, RejectedReason};
    use uuid::Uuid;

    use super::*;

    fn text_of(data: impl FnOnce(RequestRef) -> OutboundData) -> String {
        let request = RequestRef {
            integration_id: "acme".into(),
            booking_id: "b-1".into(),
            requested_by: None,
            request_id: "r".into(),
            request_source: "/s".into(),
        };
        let time = "2026-08-25T07:25:00Z".parse().unwrap();
        let (traceparent, rehearsal) = (None, false);
        let data = data(request);
        let event = Outbound { id: Uuid::nil(), time, traceparent, rehearsal, data };
        let line = event_line(&event);
        assert_eq!(line.lines().count(), 1);
        line.split_once("  acme  ").unwrap().1.to_owned()
    }

    #[test]
    fn every_answer_is_one_line_of_text() {
        let opened = text_of(|request| {
            OutboundData::Opened(Opened {
                request,
                object_id: "room-12".into(),
                lock_id: Uuid::nil(),
                iq_id: "iq".into(),
                opened_at: "2026-08-25T07:25:00Z".parse().unwrap(),
                record_in_field: None,
                attempts: 2,
            })
        });
        assert_eq!(
            opened,
            "b-1  opened room-12 (lock 00000000-0000-0000-0000-000000000000) after 2 commands"
        );
        let rejected = text_of(|request| {
            OutboundData::OpenRejected(OpenRejected {
                request,
                reason: RejectedReason::TooLate,
                detail: "the booking is over".into(),
                opens_at: None,
                attempts: 0,
            })
        });
        assert_eq!(rejected, "b-1  rejected, too_late: the booking is over");
        let failed = text_of(|request| {
            OutboundData::OpenFailed(OpenFailed {
                request,
                reason: FailedReason::IqOffline,
                class: FailedClass::Temporary,
                detail: "the IQ does not answer".into(),
                attempts: 1,
                lock_id: None,
                iq_id: None,
            })
        });
        assert_eq!(
            failed,
            "b-1  failed, iq_offline: the IQ does not answer (trying again may help)"
        );
    }
}

use events::{
    CheckIn, ConfirmationSource, OpenConfirmed, OpenFailed, OpenRejected, Opened, Role, event_id,
};
use rules::{FailedClass, FailedReason, RejectedReason};

use super::*;

fn time(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn request(requested_by: Option<&str>) -> RequestRef {
    RequestRef {
        integration_id: "acme".into(),
        booking_id: "B-1".into(),
        requested_by: requested_by.map(str::to_owned),
        request_id: "R-1".into(),
        request_source: "/booking-system".into(),
    }
}

fn terminal(data: OutboundData) -> Outbound {
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned();
    Outbound {
        id: event_id("/booking-system", "R-1", Role::Terminal),
        time: time("2026-11-22T10:00:00.123456789Z"),
        traceparent: Some(traceparent),
        rehearsal: false,
        data,
    }
}

fn too_late() -> OutboundData {
    OutboundData::OpenRejected(OpenRejected {
        request: request(None),
        reason: RejectedReason::TooLate,
        detail: "over".into(),
        opens_at: None,
        attempts: 0,
    })
}

fn unknown_booking() -> Inputs {
    Inputs {
        booking_status: None,
        booking_revision: None,
        starts_at: None,
        ends_at: None,
        tied: Vec::new(),
        taken_at: time("2026-11-22T10:00:00Z"),
        expires_at: time("2026-11-22T10:01:00Z"),
    }
}

/// The line, which must be read back as it was.
fn line(data: OutboundData, asked: Option<&str>, inputs: Inputs) -> String {
    let entry = AuditEntry::new(&terminal(data), asked.map(str::to_owned), inputs).unwrap();
    let line = serde_json::to_string(&entry).unwrap();
    assert_eq!(serde_json::from_str::<AuditEntry>(&line).unwrap(), entry);
    line
}

#[test]
fn an_opening_tells_who_which_door_and_what_the_rules_read() {
    let opened = Opened {
        request: request(Some("guest-7")),
        object_id: "room-12".into(),
        lock_id: Uuid::nil(),
        iq_id: "iq-1".into(),
        opened_at: time("2026-11-22T10:00:00Z"),
        record_in_field: Some("opened".into()),
        attempts: 2,
    };
    let inputs = Inputs {
        booking_status: Some("paid".into()),
        booking_revision: Some(7),
        starts_at: Some(time("2026-11-22T09:00:00Z")),
        ends_at: Some(time("2026-11-22T11:00:00Z")),
        ..unknown_booking()
    };
    assert_eq!(
        line(OutboundData::Opened(opened), None, inputs),
        concat!(
            r#"{"id":"ID","at":"2026-11-22T10:00:00.123456Z","integration_id":"acme","#,
            r#""booking_id":"B-1","object_id":"room-12","requested_by":"guest-7","#,
            r#""request_id":"R-1","request_source":"/booking-system","outcome":"opened","#,
            r#""lock_id":"00000000-0000-0000-0000-000000000000","iq_id":"iq-1","attempts":2,"#,
            r#""trace_id":"0af7651916cd43dd8448eb211c80319c","#,
            r#""saw":{"booking_status":"paid","booking_revision":7,"#,
            r#""starts_at":"2026-11-22T09:00:00Z","ends_at":"2026-11-22T11:00:00Z","#,
            r#""taken_at":"2026-11-22T10:00:00Z","expires_at":"2026-11-22T10:01:00Z"}}"#,
        )
        .replace("ID\"", &format!("{}\"", event_id("/booking-system", "R-1", Role::Terminal)))
    );
}

#[test]
fn a_confirmation_tells_when_the_lock_opened_and_where_that_stands() {
    let confirmed = OpenConfirmed {
        request: request(None),
        object_id: "room-12".into(),
        lock_id: Uuid::nil(),
        iq_id: "iq-1".into(),
        opened_at: time("2026-11-22T10:00:00Z"),
        seen_at: time("2026-11-22T10:00:02Z"),
        seen_in: ConfirmationSource::Stream,
    };
    let event = terminal(OutboundData::OpenConfirmed(confirmed));
    let line = serde_json::to_string(&AuditEntry::of_confirmation(&event).unwrap()).unwrap();
    let expected = concat!(
        r#""request_source":"/booking-system","outcome":"confirmed","#,
        r#""lock_id":"00000000-0000-0000-0000-000000000000","iq_id":"iq-1","attempts":0,"#,
        r#""opened_at":"2026-11-22T10:00:00Z","seen_in":"stream","trace_id""#,
    );
    assert!(line.contains(expected), "{line}");
    assert!(!line.contains("saw"), "{line}");
    assert!(serde_json::from_str::<AuditEntry>(&line).is_ok());
}

#[test]
fn a_rejection_names_the_rule() {
    let rejected = OpenRejected {
        request: request(None),
        reason: RejectedReason::TooEarly,
        detail: "too early".into(),
        opens_at: Some(time("2026-11-22T10:45:00Z")),
        attempts: 0,
    };
    let line = line(OutboundData::OpenRejected(rejected), Some("room-1"), unknown_booking());
    for part in [
        r#""object_id":"room-1","request_id""#,
        r#""outcome":"rejected","reason":"too_early","detail":"too early","#,
        r#""opens_at":"2026-11-22T10:45:00Z","attempts":0,"#,
        r#""saw":{"taken_at""#,
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn a_failure_names_its_cause_and_how_far_it_got() {
    let failed = OpenFailed {
        request: request(None),
        reason: FailedReason::IqOffline,
        class: FailedClass::Temporary,
        detail: "offline".into(),
        attempts: 1,
        lock_id: Some(Uuid::nil()),
        iq_id: Some("iq-1".into()),
    };
    let line = line(OutboundData::OpenFailed(failed), None, unknown_booking());
    for part in [
        r#""outcome":"failed","reason":"iq_offline","detail":"offline","lock_id":"0000"#,
        r#""iq_id":"iq-1","attempts":1,"#,
    ] {
        assert!(line.contains(part), "{part} in {line}");
    }
    assert!(!line.contains("object_id") && !line.contains("rehearsal"), "{line}");
}

#[test]
fn a_rehearsal_says_that_it_is_one() {
    let terminal = Outbound { rehearsal: true, ..terminal(too_late()) };
    assert!(AuditEntry::new(&terminal, None, unknown_booking()).unwrap().rehearsal);
}

#[test]
fn a_check_in_is_no_decision() {
    let check_in = CheckIn {
        request: request(None),
        status: "checked_in".into(),
        opened_at: time("2026-11-22T10:00:00Z"),
    };
    assert_eq!(
        AuditEntry::new(&terminal(OutboundData::CheckIn(check_in)), None, unknown_booking()),
        None
    );
}

#[test]
fn a_line_of_a_later_version_is_read() {
    let line = line(too_late(), None, unknown_booking());
    let later = line.replace("too_late", "to_be_thought_of").replacen('{', r#"{"more":[1],"#, 1);
    let entry: AuditEntry = serde_json::from_str(&later).unwrap();
    assert_eq!(entry.reason.as_deref(), Some("to_be_thought_of"));
}

#[test]
fn an_action_is_a_line_with_its_person_and_without_what_a_decision_has() {
    let entry = AuditEntry::of_action(&crate::audit::Action {
        action: "sign-in",
        operator: "anna",
        integration_id: "",
        reason: None,
        detail: Some("from 10.0.0.1"),
        done: false,
    });
    let line = serde_json::to_value(&entry).unwrap();
    assert_eq!((&line["action"], &line["operator"]), (&"sign-in".into(), &"anna".into()));
    assert_eq!(line["outcome"], "refused");
    for missing in ["integration_id", "booking_id", "lock_id", "saw", "reason"] {
        assert!(line.get(missing).is_none(), "{missing}: {line}");
    }
    assert_eq!(serde_json::from_value::<AuditEntry>(line).unwrap(), entry);
}

//! Audit lines of outcomes.

use super::*;

/// The audit's stream, line by line.
async fn stream(fixture: &Fixture) -> Vec<String> {
    let mut range = redis::cmd("XRANGE");
    range.arg(fixture.ledger.keys.audit()).arg("-").arg("+");
    let read: Vec<(String, Vec<String>)> = fixture.ledger.store.query(&range).await.unwrap();
    read.into_iter().map(|(_, fields)| fields[1].clone()).collect()
}

/// The audit line of the fixture's request, where its outcome is decided as `detail`.
fn audit_line(fixture: &Fixture, sink: &AuditSink, claim: &Claim, detail: &str) -> AuditLine {
    let request = events::Event {
        id: fixture.request.to_string(),
        source: "/test".into(),
        time: Utc::now(),
        traceparent: None,
        data: events::OpenRequest {
            integration_id: "acme".into(),
            booking_id: "B-1".into(),
            object_id: None,
            expires_at: None,
            requested_by: None,
        },
    };
    audit_line_of(sink, request, &fixture.terminal(detail), claim)
}

#[tokio::test]
async fn an_audit_line_goes_into_the_stream_with_its_outcome_and_once() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    for detail in ["first", "second"] {
        let audit = audit_line(&fixture, &AuditSink::Redis, &claimed, detail);
        let terminal = fixture.terminal(detail);
        let outcome = fixture
            .conclude(fixture.key(), &owner, Conclusion { audit: &audit, ..conclusion(&terminal) })
            .await;
        assert_eq!(outcome.audit, None, "nothing is left to write");
    }
    match fixture.claim(&mut ClaimOwner::new(true), true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Concluded(outcome) => {
            assert!(outcome.audit.is_none() && !outcome.is_unfinished())
        }
        other => panic!("acted on again: {other:?}"),
    }
    let [line] = &stream(&fixture).await[..] else { panic!("one line") };
    let line: AuditEntry = serde_json::from_str(line).unwrap();
    assert_eq!(line.detail.as_deref(), Some("first"));
    assert_eq!(line.object_id.as_deref(), Some("room"), "the only one booked");
    assert_eq!(line.inputs.as_ref().unwrap().booking_status.as_deref(), Some("paid"));
}

#[tokio::test]
async fn the_inputs_have_the_revision_of_the_booking() {
    let fixture = Fixture::booked(LEASE).await;
    let version = rules::BookingVersion { revision: Some(7), time: Utc::now() };
    let mut set = redis::cmd("HSET");
    set.arg(fixture.ledger.keys.booking("acme", "B-1"));
    set.arg("version").arg(crate::state::bookings::sortable_version(&version));
    fixture.ledger.store.query::<()>(&set).await.unwrap();
    let mut owner = ClaimOwner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let line = audit_line(&fixture, &AuditSink::Redis, &claimed, "x");
    let AuditLine::Stream(line) = line else { panic!("{line:?}") };
    let entry: AuditEntry = serde_json::from_str(&line).unwrap();
    assert_eq!(entry.inputs.unwrap().booking_revision, Some(7));
}

#[tokio::test]
async fn a_claim_and_its_line_have_all_tied_states() {
    let fixture = Fixture::booked(LEASE).await;
    let cancelled = r#"{"status":"cancelled","object_ids":["room"],"starts_at":"2026-01-01T00:00:00Z","ends_at":"2037-01-01T00:00:00Z"}"#;
    let version = rules::BookingVersion { revision: Some(7), time: Utc::now() };
    let version = crate::state::bookings::sortable_version(&version);
    let mut set = redis::cmd("HSET");
    set.arg(fixture.ledger.keys.booking("acme", "B-1")).arg("version").arg(&version);
    set.arg("tied").arg(format!("{version}\n{cancelled}\n"));
    fixture.ledger.store.query::<()>(&set).await.unwrap();
    let mut owner = ClaimOwner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let states = claimed.booking.as_ref().unwrap();
    assert!(states.is_tied() && states.is_complete());
    assert_eq!(claimed.booking_revision, Some(7));
    let line = audit_line(&fixture, &AuditSink::Redis, &claimed, "x");
    let AuditLine::Stream(line) = line else { panic!("{line:?}") };
    let entry: AuditEntry = serde_json::from_str(&line).unwrap();
    let saw = entry.inputs.unwrap();
    let tied: Vec<_> = saw.tied.iter().map(|it| it.booking_status.as_str()).collect();
    assert_eq!(tied, ["cancelled", "paid"]);
    assert_eq!((&saw.booking_status, saw.ends_at), (&None, None));
    assert!(saw.starts_at.is_some(), "both states agree");
    assert_eq!(entry.object_id.as_deref(), Some("room"));
}

#[tokio::test]
async fn expired_lines_leave_the_stream_with_the_next_line() {
    let fixture = Fixture::booked(LEASE).await;
    let key = fixture.ledger.keys.audit();
    let mut old = redis::pipe();
    // Redis removes whole blocks of them, of 100 at most.
    for number in 1..=300 {
        old.cmd("XADD").arg(&key).arg(format!("{number}-1")).arg("line").arg("old").ignore();
    }
    fixture.ledger.store.query_all::<()>(&old).await.unwrap();
    let mut owner = ClaimOwner::new(false);
    let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let audit = audit_line(&fixture, &AuditSink::Redis, &claimed, "new");
    let terminal = fixture.terminal("new");
    fixture
        .conclude(fixture.key(), &owner, Conclusion { audit: &audit, ..conclusion(&terminal) })
        .await;
    let left = stream(&fixture).await;
    assert!(left.len() <= 100, "{} lines", left.len());
    assert!(left.last().unwrap().contains("\"detail\":\"new\""));
    // And all of them where no more come.
    let expiry: i64 = fixture.ledger.store.query(redis::cmd("PTTL").arg(&key)).await.unwrap();
    assert!(expiry > 50_000 && expiry <= 60_000, "{expiry} ms");
}

#[tokio::test]
async fn a_line_for_another_sink_is_kept_until_it_is_written() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut owner, key) = (ClaimOwner::new(false), fixture.key());
    let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let audit = audit_line(&fixture, &AuditSink::Stdout, &claimed, "first");
    let terminal = fixture.terminal("first");
    let kept = fixture
        .conclude(key, &owner, Conclusion { audit: &audit, ..conclusion(&terminal) })
        .await
        .audit;
    assert!(kept.as_ref().unwrap().contains("\"detail\":\"first\""), "{kept:?}");
    let again = fixture.conclude(key, &owner, conclusion(&terminal)).await;
    assert_eq!(again.audit, kept);
    match fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Concluded(outcome) => {
            assert!(outcome.claimed_elsewhere && outcome.is_unfinished());
            assert_eq!(outcome.audit, kept);
        }
        other => panic!("acted on again: {other:?}"),
    }
    fixture.ledger.remove_audit_line(key).await.unwrap();
    match fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Concluded(outcome) => {
            assert!(outcome.audit.is_none() && !outcome.is_unfinished())
        }
        other => panic!("acted on again: {other:?}"),
    }
    assert_eq!(stream(&fixture).await, Vec::<String>::new());
}

//! What a claim, a release or an outcome that comes too late may not do.

use super::*;

#[tokio::test]
async fn an_id_that_was_used_for_another_request_is_a_conflict() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let about = [
        RequestKey { integration_id: "other", ..fixture.key() },
        RequestKey { booking_id: "B-2", ..fixture.key() },
        RequestKey { object_id: Some("room"), ..fixture.key() },
    ];
    for concluded in [false, true] {
        for key in about {
            let mut other = ClaimOwner::new(true);
            other.next_attempt();
            let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
            match fixture.ledger.claim(key, &other, to_iq(true), last).await.unwrap() {
                ClaimAnswer::Conflict(first) => assert_eq!(first, r#"["acme","B-1",null]"#),
                answer => panic!("{key:?}: {answer:?}"),
            }
        }
        if !concluded {
            fixture.concluded(fixture.key(), &owner, "x").await;
        }
    }
}

#[tokio::test]
async fn an_outcome_of_a_lapsed_claim_does_not_count_unless_the_door_opened() {
    let fixture = Fixture::booked(Duration::from_millis(1)).await;
    let (mut lapsed, mut next) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut lapsed, true, LastCommand::NoneOrUnknown).await;
    until_claimed(&fixture, &mut next).await;
    let rejected = fixture.terminal("too late");
    let answer = fixture.ledger.conclude(fixture.key(), &lapsed, conclusion(&rejected)).await;
    assert!(matches!(answer.unwrap(), Concluded::ClaimedElsewhere));

    let OutboundData::OpenRejected(no) = rejected.data.clone() else { panic!("not rejected") };
    let opened = Outbound {
        data: OutboundData::Opened(events::Opened {
            request: no.request,
            object_id: "room".into(),
            lock_id: Uuid::nil(),
            iq_id: "iq-1".into(),
            opened_at: Utc::now(),
            record_in_field: None,
            attempts: 1,
        }),
        ..rejected
    };
    let recorded = fixture.conclude(fixture.key(), &lapsed, conclusion(&opened)).await;
    assert_eq!(recorded.terminal.event_type(), opened.event_type());
    let recorded = fixture.concluded(fixture.key(), &next, "of the next owner").await;
    let (found, first) = (recorded.terminal.event_type(), opened.event_type());
    assert_eq!(found, first, "the first outcome is final");
}

async fn until_claimed(fixture: &Fixture, owner: &mut ClaimOwner) {
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    loop {
        let answer = fixture.claim(owner, true, LastCommand::NoneOrUnknown).await;
        if let ClaimAnswer::Claimed(claim) = answer {
            owner.grant(&claim);
            return;
        }
        assert!(tokio::time::Instant::now() < deadline, "the claim never lapsed");
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn an_outcome_of_a_lapsed_claim_does_not_count_after_the_next_owner_has_released_its_own() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut lapsed, mut next) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut lapsed, false, LastCommand::NoneOrUnknown).await;
    fixture.set(fixture.key(), "until", 0).await;
    fixture.claimed(&mut next, true, LastCommand::NoneOrUnknown).await;
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    fixture.ledger.release(fixture.key(), &next, last, NO_WAIT).await.unwrap();
    let event = fixture.terminal("late");
    let answer = fixture.ledger.conclude(fixture.key(), &lapsed, conclusion(&event)).await.unwrap();
    assert!(matches!(answer, Concluded::ClaimedElsewhere), "{answer:?}");
}

#[tokio::test]
async fn an_outcome_does_not_count_where_its_owner_knows_too_few_commands_in_doubt() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut lapsed, mut next) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut lapsed, false, LastCommand::NoneOrUnknown).await;
    fixture.set(fixture.key(), "until", 0).await;
    fixture.claimed(&mut next, true, LastCommand::NoneOrUnknown).await;
    fixture.set(fixture.key(), "until", 0).await;
    // A repetition of the first claim was long on its way.
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    fixture.ledger.claim(fixture.key(), &lapsed, to_iq(false), last).await.unwrap();
    let event = fixture.terminal("late");
    let answer = fixture.ledger.conclude(fixture.key(), &lapsed, conclusion(&event)).await.unwrap();
    assert!(matches!(answer, Concluded::ClaimedElsewhere), "{answer:?}");
}

#[tokio::test]
async fn an_outcome_is_not_recorded_for_another_request() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut other) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut first, true, LastCommand::NoneOrUnknown).await;
    other.next_attempt();
    let key = RequestKey { booking_id: "B-2", ..fixture.key() };
    let event = fixture.terminal("of the other request");
    for concluded in [false, true] {
        let answer = fixture.ledger.conclude(key, &other, conclusion(&event)).await.unwrap();
        assert!(matches!(answer, Concluded::ClaimedElsewhere), "{concluded}: {answer:?}");
        fixture.concluded(fixture.key(), &first, "x").await;
    }
}

#[tokio::test]
async fn an_overtaken_claim_or_outcome_has_no_effect() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    fixture.claimed(&mut owner, true, LastCommand::NotSent).await;
    let late = ClaimOwner { attempt: 1, granted: 0, ..owner };
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    let answer = fixture.ledger.claim(fixture.key(), &late, to_iq(false), last).await.unwrap();
    assert!(matches!(answer, ClaimAnswer::Busy(Duration::ZERO)), "{answer:?}");
    let event = fixture.terminal("late");
    let answer = fixture.ledger.conclude(fixture.key(), &late, conclusion(&event)).await.unwrap();
    assert!(matches!(answer, Concluded::ClaimedElsewhere), "{answer:?}");
    let next = fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    assert_eq!((next.attempts, next.doubt.commands), (1, 1), "the command of the second claim");
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_prolong_the_resend_window() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let now = Utc::now().timestamp_millis();
    // Redis' clock was an hour ahead, or the workers' is known to be a minute behind the first command.
    for (field, at, at_least) in
        [("doubt_at", now + 3_600_000, LEASE), ("doubt_seen", now - 60_000, MINUTE)]
    {
        fixture.set(fixture.key(), field, at).await;
        let claimed = fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
        assert!(claimed.doubt.since_first >= at_least, "{field}: {:?}", claimed.doubt);
    }
}

#[tokio::test]
async fn a_clock_that_is_set_back_does_not_prolong_a_claim() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut owner, mut next) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let answer = fixture.claim(&mut next, true, LastCommand::NoneOrUnknown).await;
    assert!(matches!(answer, ClaimAnswer::Busy(_)), "{answer:?}");
    fixture.set(fixture.key(), "until", Utc::now().timestamp_millis() + 3_600_000).await;
    fixture.claimed(&mut next, true, LastCommand::NoneOrUnknown).await;
}

//! Recorded outcomes and check-ins.

use super::*;

#[tokio::test]
async fn the_first_outcome_is_final() {
    let fixture = Fixture::booked(LEASE).await;
    let key = fixture.key();
    let first = fixture.concluded(key, &ClaimOwner::new(false), "first").await;
    assert_eq!(detail(&first), "first");
    let second = fixture.concluded(key, &ClaimOwner::new(false), "second").await;
    // As it is published: the times of the first have more digits in memory.
    let published = |outcome: &RecordedOutcome| write_event(&outcome.terminal).unwrap();
    assert_eq!(published(&second), published(&first));
    match fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Concluded(outcome) => {
            assert_eq!(published(&outcome), published(&first));
            assert!(!outcome.claimed_elsewhere && !outcome.dead_lettered);
        }
        other => panic!("acted on again: {other:?}"),
    }
    fixture.ledger.mark_dead_lettered(key).await.unwrap();
    match fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Concluded(outcome) => assert!(outcome.dead_lettered),
        other => panic!("acted on again: {other:?}"),
    }
}

#[tokio::test]
async fn an_outcome_is_claimed_by_the_owner_that_publishes_it() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    fixture.concluded(fixture.key(), &owner, "x").await;
    assert!(claimed_elsewhere(
        fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await
    ));
    assert!(!claimed_elsewhere(fixture.claim(&mut owner, true, LastCommand::NoneOrUnknown).await));
    assert!(!claimed_elsewhere(
        fixture.claim(&mut ClaimOwner::new(true), true, LastCommand::NoneOrUnknown).await
    ));
}

#[tokio::test]
async fn a_released_outcome_is_for_others_to_publish() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    fixture.concluded(fixture.key(), &owner, "x").await;
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    fixture.ledger.release(fixture.key(), &owner, last, NO_WAIT).await.unwrap();
    assert!(!claimed_elsewhere(
        fixture.claim(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await
    ));
}

fn claimed_elsewhere(answer: ClaimAnswer) -> bool {
    match answer {
        ClaimAnswer::Concluded(outcome) => outcome.claimed_elsewhere,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_booking_checks_in_once() {
    let fixture = Fixture::booked(LEASE).await;
    let ends_at = Utc::now() + TimeDelta::hours(1);
    let event = fixture.terminal("in place of a check-in");
    let conclude = async |key| {
        let key = RequestKey { key, ..fixture.key() };
        let check_in = Some(CheckInOfBooking { event: &event, booking_ends_at: ends_at });
        let conclusion = Conclusion { check_in, ..conclusion(&event) };
        fixture.conclude(key, &ClaimOwner::new(false), conclusion).await.check_in.is_some()
    };
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    assert!(conclude(first).await);
    assert!(!conclude(second).await);
    assert!(conclude(first).await, "the same outcome once more");
}

#[tokio::test]
async fn a_rehearsed_check_in_does_not_replace_the_real_one() {
    let fixture = Fixture::booked(LEASE).await;
    let ends_at = Utc::now() + TimeDelta::hours(1);
    let real = fixture.terminal("in place of a check-in");
    let rehearsed = Outbound { rehearsal: true, ..real.clone() };
    for (event, checks_in) in [(&rehearsed, true), (&rehearsed, false), (&real, true)] {
        let key = RequestKey { key: Uuid::new_v4(), ..fixture.key() };
        let check_in = Some(CheckInOfBooking { event, booking_ends_at: ends_at });
        let conclusion = Conclusion { check_in, ..conclusion(event) };
        let outcome = fixture.conclude(key, &ClaimOwner::new(false), conclusion).await;
        assert_eq!(outcome.check_in.is_some(), checks_in);
    }
}

//! Replies of Redis that are lost after their effect: a result counts once.

use super::*;

/// A request with one unanswered command, and one that had no effect; what is known of the second is told
/// with a claim whose reply is lost.
async fn claim_with_lost_reply(reserves: bool) -> (Fixture, ClaimOwner) {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    let second = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    assert_eq!((second.attempts, second.doubt.commands), (1, 1));
    let claim = fixture.claim(&mut owner, reserves, LastCommand::NoEffect).await;
    assert!(matches!(claim, ClaimAnswer::Claimed(_)), "{claim:?}");
    (fixture, owner)
}

#[tokio::test]
async fn a_result_counts_once_where_a_release_follows_the_lost_reply() {
    for reserves in [false, true] {
        let (fixture, owner) = claim_with_lost_reply(reserves).await;
        let last = LastResult { command: LastCommand::NoEffect, failure: None };
        for _ in 0..2 {
            fixture.ledger.release(fixture.key(), &owner, last, NO_WAIT).await.unwrap();
        }
        let next =
            fixture.claimed(&mut ClaimOwner::new(false), false, LastCommand::NoneOrUnknown).await;
        let counts = (next.attempts, next.doubt.commands);
        assert_eq!(counts, (2, 1), "reserves: {reserves}; the first command stays in doubt");
        assert!(!next.doubt.since_first.is_zero());
    }
}

#[tokio::test]
async fn a_result_counts_once_where_another_claim_follows_the_lost_reply() {
    for reserves in [false, true] {
        let (fixture, mut owner) = claim_with_lost_reply(reserves).await;
        let claim = fixture.claimed(&mut owner, false, LastCommand::NoEffect).await;
        assert_eq!((claim.attempts, claim.doubt.commands), (2, 1), "reserves: {reserves}");
    }
}

#[tokio::test]
async fn a_claim_that_arrives_again_when_its_command_has_left_keeps_the_command_in_doubt() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    fixture.pauses.share("acme", MINUTE).await.unwrap();
    let again = ClaimOwner { granted: 0, ..owner };
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    let answer = fixture.ledger.claim(fixture.key(), &again, to_iq(true), last).await.unwrap();
    let ClaimAnswer::Claimed(claim) = answer else { panic!("{answer:?}") };
    assert_eq!((claim.doubt.commands, claim.reservation), (0, Reservation::Reserved));
    fixture.set(fixture.key(), "until", 0).await;
    let next = fixture.claimed(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await;
    assert_eq!((next.attempts, next.doubt.commands), (1, 1));
}

#[tokio::test]
async fn a_claim_that_arrives_after_its_owner_has_released_the_request_has_no_effect() {
    let fixture = Fixture::booked(LEASE).await;
    let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
    let mut late = ClaimOwner::new(false);
    late.next_attempt();
    // The reply to this one was awaited for too long, so the claim was asked for again.
    let delayed = ClaimOwner { ..late };
    let mut owner = ClaimOwner { ..late };
    fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    fixture.ledger.release(fixture.key(), &owner, last, NO_WAIT).await.unwrap();
    for _ in 0..3 {
        let mut next = ClaimOwner::new(false);
        fixture.claimed(&mut next, false, LastCommand::NoneOrUnknown).await;
        fixture.ledger.release(fixture.key(), &next, last, NO_WAIT).await.unwrap();
    }
    let answer = fixture.ledger.claim(fixture.key(), &delayed, to_iq(true), last).await.unwrap();
    assert!(matches!(answer, ClaimAnswer::Busy(Duration::ZERO)), "{answer:?}");
    let claim =
        fixture.claimed(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await;
    assert_eq!((claim.reservation, claim.attempts), (Reservation::Reserved, 0), "the lock is free");
}

#[tokio::test]
async fn a_command_stays_in_doubt_where_redis_has_lost_the_claim_after_it() {
    for releases in [false, true] {
        let fixture = Fixture::booked(LEASE).await;
        let mut owner = ClaimOwner::new(false);
        fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
        // The claim of the second attempt was granted, and is lost.
        owner.next_attempt();
        owner.granted = owner.attempt;
        if releases {
            let last = LastResult { command: LastCommand::NotSent, failure: None };
            fixture.ledger.release(fixture.key(), &owner, last, NO_WAIT).await.unwrap();
            owner = ClaimOwner::new(false);
        }
        let claim = fixture.claimed(&mut owner, false, LastCommand::NotSent).await;
        assert_eq!((claim.attempts, claim.doubt.commands), (1, 1), "releases: {releases}");
    }
}

//! Claims: owners, leases, and what the counters say.

use super::*;

#[tokio::test]
async fn one_owner_at_a_time() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut first, true, LastCommand::NoneOrUnknown).await;
    match fixture.claim(&mut second, true, LastCommand::NoneOrUnknown).await {
        ClaimAnswer::Busy(left) => assert!(left <= LEASE && left > LEASE / 2, "{left:?}"),
        other => panic!("claimed twice: {other:?}"),
    }
    fixture.claimed(&mut first, false, LastCommand::NoneOrUnknown).await;
}

#[tokio::test]
async fn a_lapsed_claim_is_taken_over_and_leaves_its_doubt() {
    let fixture = Fixture::booked(Duration::from_millis(30)).await;
    let (mut dead, mut successor) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut dead, true, LastCommand::NoneOrUnknown).await;
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    let claimed = loop {
        match fixture.claim(&mut successor, true, LastCommand::NoneOrUnknown).await {
            ClaimAnswer::Claimed(claimed) => break *claimed,
            ClaimAnswer::Busy(left) => tokio::time::sleep(left).await,
            other @ (ClaimAnswer::Concluded(_) | ClaimAnswer::Conflict(_) | ClaimAnswer::Stale) => {
                panic!("{other:?}")
            }
        }
        assert!(tokio::time::Instant::now() < deadline, "the claim never lapsed");
    };
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
    assert!(claimed.doubt.since_first >= Duration::from_millis(30));
}

#[tokio::test]
async fn a_dead_workers_claim_passes_to_the_owner_of_its_redelivered_message() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.ledger.heartbeat.beat(Duration::from_secs(60)).await.unwrap();
    let (mut dead, mut successor, mut copy) =
        (ClaimOwner::new(false), ClaimOwner::new(true), ClaimOwner::new(false));
    fixture.claimed(&mut dead, false, LastCommand::NoneOrUnknown).await;
    let answer = fixture.claim(&mut successor, false, LastCommand::NoneOrUnknown).await;
    assert!(matches!(answer, ClaimAnswer::Busy(_)), "the owner's worker lives: {answer:?}");

    fixture.ledger.heartbeat.stop().await.unwrap();
    let answer = fixture.claim(&mut copy, false, LastCommand::NoneOrUnknown).await;
    assert!(
        matches!(answer, ClaimAnswer::Busy(_)),
        "a second copy does not mean that the worker died: {answer:?}"
    );
    fixture.claimed(&mut successor, false, LastCommand::NoneOrUnknown).await;
}

#[tokio::test]
async fn reserved_commands_count_until_their_result_is_known() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    let counts = |claimed: Claim| (claimed.attempts, claimed.doubt.commands);
    let first = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    assert_eq!(counts(first), (0, 0), "what was before the claim");
    let second = fixture.claimed(&mut owner, true, LastCommand::NotSent).await;
    assert_eq!(counts(second), (0, 0), "never written");
    let third = fixture.claimed(&mut owner, true, LastCommand::NoEffect).await;
    assert_eq!(counts(third), (1, 0), "written, and Salto says it was not done");
    let fourth = fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    assert_eq!(counts(fourth), (2, 1), "written, outcome unknown");
    let fifth = fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    assert_eq!(counts(fifth), (2, 1), "looking adds nothing");
}

#[tokio::test]
async fn a_claim_whose_reply_was_lost_counts_once() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    owner.next_attempt();
    for _ in 0..3 {
        let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
        let claim = fixture.ledger.claim(fixture.key(), &owner, to_iq(true), last).await.unwrap();
        let ClaimAnswer::Claimed(claimed) = claim else { panic!("{claim:?}") };
        assert_eq!((claimed.attempts, claimed.doubt.commands), (0, 0));
        owner.grant(&claimed);
    }
    let claimed = fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
}

#[tokio::test]
async fn the_cause_and_the_first_taking_are_remembered() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (ClaimOwner::new(false), ClaimOwner::new(false));
    let taken_at = fixture.claimed(&mut first, true, LastCommand::NoneOrUnknown).await.taken_at;
    let failure = Failure::new(FailedReason::IqOffline, "the IQ is not online");
    let last = LastResult { command: LastCommand::NoEffect, failure: Some(&failure) };
    fixture.ledger.release(fixture.key(), &first, last, NO_WAIT).await.unwrap();
    let claimed = fixture.claimed(&mut second, false, LastCommand::NoneOrUnknown).await;
    assert_eq!(claimed.failure, Some(failure));
    assert_eq!(claimed.taken_at, taken_at);
    assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 0));
}

#[tokio::test]
async fn the_first_claim_decides_whether_a_request_is_rehearsed() {
    for first in [true, false] {
        let fixture = Fixture::booked(LEASE).await;
        let mut owner = ClaimOwner::new(false);
        for rehearsal in [first, !first] {
            owner.next_attempt();
            let planned = PlannedCommand { rehearsal, ..to_iq(false) };
            let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
            let claim = fixture.ledger.claim(fixture.key(), &owner, planned, last).await;
            let ClaimAnswer::Claimed(claimed) = claim.unwrap() else { panic!("not claimed") };
            assert_eq!(claimed.rehearsal, first);
        }
    }
}

#[tokio::test]
async fn a_claim_is_valid_while_its_worker_has_a_heartbeat_without_a_gap() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    let is_valid = |claimed| fixture.ledger.claim_valid_until(claimed) > Instant::now();
    let lasts = Duration::from_secs(20);
    fixture.ledger.heartbeat.beat(lasts).await.unwrap();
    let before = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    assert!(is_valid(&before));
    assert!(
        fixture.ledger.claim_valid_until(&before) < Instant::now() + lasts,
        "the lease is longer"
    );

    fixture.ledger.heartbeat.beat(Duration::from_millis(1)).await.unwrap();
    while is_valid(&before) {}
    // After a gap in the heartbeat, another worker may have acted.
    fixture.ledger.heartbeat.beat(lasts).await.unwrap();
    assert!(!is_valid(&before));
    assert!(is_valid(&fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await));
}

#[tokio::test]
async fn the_next_owner_keeps_the_wait_and_the_failures() {
    let fixture = Fixture::booked(LEASE).await;
    let (mut first, mut second) = (ClaimOwner::new(false), ClaimOwner::new(false));
    fixture.claimed(&mut first, true, LastCommand::NoneOrUnknown).await;
    let last = LastResult { command: LastCommand::NoEffect, failure: None };
    let resumption = Resumption { failures: 3, wait: Duration::from_secs(30) };
    fixture.ledger.release(fixture.key(), &first, last, resumption).await.unwrap();
    let claimed = fixture.claimed(&mut second, true, LastCommand::NoneOrUnknown).await;
    assert_eq!(claimed.failures, 3);
    assert!(claimed.wait > Duration::from_secs(25) && claimed.wait <= Duration::from_secs(30));
    assert_eq!(claimed.reservation, Reservation::NotReserved, "no command may leave yet");
    let claimed = fixture.claimed(&mut second, false, LastCommand::NoneOrUnknown).await;
    assert_eq!(claimed.attempts, 1, "the one before");
}

#[tokio::test]
async fn no_command_is_reserved_during_a_pause() {
    let fixture = Fixture::booked(LEASE).await;
    fixture.pauses.share("acme", Duration::from_secs(60)).await.unwrap();
    let claimed =
        fixture.claimed(&mut ClaimOwner::new(false), true, LastCommand::NoneOrUnknown).await;
    assert_eq!(claimed.reservation, Reservation::NotReserved);
}

#[tokio::test]
async fn no_command_is_reserved_for_an_unknown_booking() {
    let fixture = Fixture::new(LEASE);
    let mut owner = ClaimOwner::new(false);
    for _ in 0..2 {
        let claimed = fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
        assert_eq!((claimed.reservation, claimed.attempts), (Reservation::NotReserved, 0));
        assert_eq!(claimed.doubt.commands, 0);
    }
}

#[tokio::test]
async fn a_claim_without_a_command_whose_reply_was_lost_changes_no_counter() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    owner.next_attempt();
    for _ in 0..3 {
        let last = LastResult { command: LastCommand::NoneOrUnknown, failure: None };
        let key = fixture.key();
        let claim = fixture.ledger.claim(key, &owner, to_iq(false), last).await.unwrap();
        let ClaimAnswer::Claimed(claimed) = claim else { panic!("{claim:?}") };
        assert_eq!((claimed.attempts, claimed.doubt.commands), (1, 1));
    }
}

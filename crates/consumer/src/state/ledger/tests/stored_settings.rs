//! Claims that rest on settings which are stored in Redis.

use std::collections::BTreeMap;

use super::*;

async fn store(fixture: &Fixture, version: Option<u64>) {
    let key = fixture.ledger.keys.integration_versions();
    let mut change = redis::cmd(if version.is_some() { "HSET" } else { "HDEL" });
    change.arg(key).arg("acme").arg(version.as_slice());
    fixture.ledger.store.query::<()>(&change).await.unwrap();
}

async fn claim(
    fixture: &Fixture,
    owner: &mut ClaimOwner,
    settings: SettingsVersion,
    command: LastCommand,
) -> ClaimAnswer {
    owner.next_attempt();
    let planned = PlannedCommand { settings, ..to_iq(true) };
    let last = LastResult { command, failure: None };
    fixture.ledger.claim(fixture.key(), owner, planned, last).await.unwrap()
}

async fn record(fixture: &Fixture) -> BTreeMap<String, String> {
    let key = fixture.ledger.keys.request(fixture.request);
    fixture.ledger.store.query(redis::cmd("HGETALL").arg(key)).await.unwrap()
}

#[tokio::test]
async fn no_claim_is_granted_on_settings_that_are_not_those_stored() {
    use SettingsVersion::{OfFile, Stored, Unknown};
    for (stored, rests_on, granted) in [
        (Some(7), Stored(7), true),
        (Some(7), Stored(6), false),
        (Some(7), Stored(8), false),
        (Some(7), Unknown, false),
        (Some(7), OfFile, true),
        (None, Stored(7), false),
        (None, Unknown, true),
        (None, OfFile, true),
    ] {
        let fixture = Fixture::booked(LEASE).await;
        store(&fixture, stored).await;
        let mut owner = ClaimOwner::new(false);
        let answer = claim(&fixture, &mut owner, rests_on, LastCommand::NoneOrUnknown).await;
        match answer {
            ClaimAnswer::Claimed(claim) => {
                assert!(granted, "{stored:?} {rests_on:?}");
                assert_eq!(claim.reservation, Reservation::Reserved);
            }
            ClaimAnswer::Stale => {
                assert!(!granted, "{stored:?} {rests_on:?}");
                assert_eq!(record(&fixture).await, BTreeMap::new(), "nothing is claimed");
            }
            other => panic!("{stored:?} {rests_on:?}: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_stale_claim_keeps_what_was_reserved_and_its_result_counts_later() {
    let fixture = Fixture::booked(LEASE).await;
    store(&fixture, Some(1)).await;
    let mut owner = ClaimOwner::new(false);
    let first =
        claim(&fixture, &mut owner, SettingsVersion::Stored(1), LastCommand::NoneOrUnknown).await;
    let ClaimAnswer::Claimed(first) = first else { panic!("not claimed: {first:?}") };
    owner.grant(&first);
    let before = record(&fixture).await;
    // Switched off, or changed, while the command waited on its connection: it was not sent.
    store(&fixture, Some(2)).await;
    for _ in 0..2 {
        let stale =
            claim(&fixture, &mut owner, SettingsVersion::Stored(1), LastCommand::NotSent).await;
        assert!(matches!(stale, ClaimAnswer::Stale), "{stale:?}");
        assert_eq!(record(&fixture).await, before);
    }
    let again = claim(&fixture, &mut owner, SettingsVersion::Stored(2), LastCommand::NotSent).await;
    let ClaimAnswer::Claimed(again) = again else { panic!("not claimed: {again:?}") };
    assert_eq!((again.attempts, again.doubt.commands), (0, 0), "the first was not sent");
}

#[tokio::test]
async fn an_answer_is_published_again_whatever_is_stored() {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, false, LastCommand::NoneOrUnknown).await;
    fixture.concluded(fixture.key(), &owner, "answered").await;
    store(&fixture, Some(9)).await;
    let mut next = ClaimOwner::new(true);
    let answer =
        claim(&fixture, &mut next, SettingsVersion::Unknown, LastCommand::NoneOrUnknown).await;
    assert!(matches!(answer, ClaimAnswer::Concluded(_)), "{answer:?}");
}

//! How long records are kept.

use tokio_util::sync::CancellationToken;

use super::*;

const DAY: Duration = Duration::from_secs(24 * 3_600);

async fn concluded_request() -> (Fixture, ClaimOwner) {
    let fixture = Fixture::booked(LEASE).await;
    let mut owner = ClaimOwner::new(false);
    fixture.claimed(&mut owner, true, LastCommand::NoneOrUnknown).await;
    (fixture, owner)
}

#[tokio::test]
async fn a_record_is_kept_until_its_message_is_settled() {
    let (fixture, owner) = concluded_request().await;
    assert!(fixture.lifetime(fixture.key()).await > 399 * DAY, "without an outcome");
    fixture.concluded(fixture.key(), &owner, "x").await;
    assert!(fixture.lifetime(fixture.key()).await > 399 * DAY, "with an outcome");

    fixture.ledger.settled(fixture.key(), false, CancellationToken::new());
    fixture.ledger.expire_settled(false).await.unwrap();
    assert!(fixture.lifetime(fixture.key()).await > 399 * DAY, "the session may be lost now");
    fixture.ledger.expire_settled(true).await.unwrap();
    let left = fixture.lifetime(fixture.key()).await;
    assert!(
        left <= 2 * MINUTE && left > MINUTE,
        "the request's expiry and the retention: {left:?}"
    );
}

#[tokio::test]
async fn a_record_is_kept_for_a_day_where_a_copy_of_its_message_may_exist() {
    for session_is_lost in [true, false] {
        let (fixture, owner) = concluded_request().await;
        fixture.concluded(fixture.key(), &owner, "x").await;
        let session = CancellationToken::new();
        fixture.ledger.settled(fixture.key(), !session_is_lost, session.clone());
        if session_is_lost {
            session.cancel();
        }
        fixture.ledger.expire_settled(!session_is_lost).await.unwrap();
        let left = fixture.lifetime(fixture.key()).await;
        assert!(left > DAY - MINUTE && left < 2 * DAY, "{session_is_lost}: {left:?}");
    }
}

use chrono::TimeDelta;
use deadpool_redis::redis;
use proptest::prelude::*;

use super::*;
use crate::state::store::testing;

const DAY: Duration = Duration::from_secs(86_400);

fn bookings() -> Bookings {
    let (store, prefix) = testing::redis();
    Bookings::new(store, Keys::new(prefix), DAY)
}

fn event(revision: Option<u64>, status: &str) -> Event<BookingStatus> {
    let now = Utc::now();
    Event {
        id: "1".into(),
        source: "/test".into(),
        time: now,
        traceparent: None,
        data: BookingStatus {
            integration_id: "acme".into(),
            booking_id: "B-1".into(),
            status: status.into(),
            object_ids: vec!["room-12".into()],
            starts_at: now,
            ends_at: now + TimeDelta::hours(1),
            revision,
        },
    }
}

async fn stored(bookings: &Bookings) -> Booking {
    let key = bookings.keys.booking("acme", "B-1");
    let record: Vec<u8> =
        bookings.store.query(redis::cmd("HGET").arg(key).arg("record")).await.unwrap();
    read(&record).unwrap()
}

#[tokio::test]
async fn an_older_revision_never_replaces_a_newer_one() {
    let bookings = bookings();
    let store = async |event| bookings.store(&event, Utc::now()).await.unwrap();
    assert_eq!(store(event(Some(i64::MAX as u64 - 1), "confirmed")).await, BookingStored::Newest);
    assert_eq!(store(event(Some(i64::MAX as u64 - 2), "older")).await, BookingStored::Superseded);
    assert_eq!(store(event(None, "uncounted")).await, BookingStored::Superseded);
    assert_eq!(stored(&bookings).await.status, "confirmed");
    assert_eq!(store(event(Some(i64::MAX as u64), "cancelled")).await, BookingStored::Newest);
    assert_eq!(stored(&bookings).await.status, "cancelled");
}

#[tokio::test]
async fn the_same_event_twice_is_stored_once() {
    let bookings = bookings();
    let event = event(Some(1), "confirmed");
    assert_eq!(bookings.store(&event, Utc::now()).await.unwrap(), BookingStored::Newest);
    assert_eq!(bookings.store(&event, Utc::now()).await.unwrap(), BookingStored::Superseded);
}

#[tokio::test]
async fn a_shortened_booking_is_kept_as_long_as_the_longer_one() {
    let bookings = bookings();
    let mut long = event(Some(1), "confirmed");
    long.data.ends_at = Utc::now() + TimeDelta::days(30);
    bookings.store(&long, Utc::now()).await.unwrap();
    let mut past = event(Some(2), "cancelled");
    past.data.starts_at = Utc::now() - TimeDelta::days(20);
    past.data.ends_at = Utc::now() - TimeDelta::days(10);
    bookings.store(&past, Utc::now()).await.unwrap();
    assert_eq!(bookings.store(&long, Utc::now()).await.unwrap(), BookingStored::Superseded);
    let key = bookings.keys.booking("acme", "B-1");
    let left: i64 = bookings.store.query(redis::cmd("PTTL").arg(key)).await.unwrap();
    assert!(left > i64::try_from((DAY * 30).as_millis()).unwrap());
}

#[tokio::test]
async fn a_booking_that_is_over_is_still_remembered() {
    let bookings = bookings();
    let mut past = event(Some(2), "cancelled");
    past.data.ends_at = Utc::now() - TimeDelta::days(10);
    past.data.starts_at = Utc::now() - TimeDelta::days(20);
    assert_eq!(bookings.store(&past, Utc::now()).await.unwrap(), BookingStored::Newest);
    assert_eq!(
        bookings.store(&event(Some(1), "confirmed"), Utc::now()).await.unwrap(),
        BookingStored::Superseded
    );
}

#[tokio::test]
async fn times_are_kept_to_the_nanosecond_up_to_the_last_year() {
    let bookings = bookings();
    let mut last = event(Some(1), "confirmed");
    last.data.ends_at = DateTime::from_timestamp(253_402_300_799, 999_999_999).unwrap();
    bookings.store(&last, Utc::now()).await.unwrap();
    assert_eq!(stored(&bookings).await.ends_at, last.data.ends_at);
}

prop_compose! {
    fn versions()(
        revision in prop::option::of(prop_oneof![0u64..3, (i64::MAX as u64 - 2)..=i64::MAX as u64]),
        seconds in prop_oneof![-62_167_219_200i64..-62_167_219_190, 0i64..3, 253_402_300_790i64..253_402_300_800],
        nanos in prop_oneof![0i64..3, 999_999_998i64..1_000_000_000],
    ) -> BookingVersion {
        let time = DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds) + TimeDelta::nanoseconds(nanos);
        BookingVersion { revision, time }
    }
}

proptest! {
    #[test]
    fn the_text_compares_as_the_rule_does(a in versions(), b in versions()) {
        prop_assert_eq!(sortable_version(&a) > sortable_version(&b), a.supersedes(&b));
        prop_assert_eq!(read_version(&sortable_version(&a)), Some(a));
    }
}

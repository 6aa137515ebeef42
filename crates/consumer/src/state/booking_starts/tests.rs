use std::time::Duration;

use chrono::TimeDelta;
use events::{BookingStatus, Event};

use super::*;
use crate::state::{bookings::Bookings, store::testing};

const DAY: Duration = Duration::from_secs(86_400);

struct Fixture {
    bookings: Bookings,
    starts: BookingStarts,
    now: DateTime<Utc>,
}

impl Fixture {
    fn new() -> Self {
        let (store, prefix) = testing::redis();
        let keys = Keys::new(prefix);
        let bookings = Bookings::new(Arc::clone(&store), keys.clone(), DAY);
        Self { bookings, starts: BookingStarts::new(store, keys), now: Utc::now() }
    }

    async fn store(&self, booking_id: &str, minutes: i64, revision: u64, status: &str) {
        let starts_at = self.now + TimeDelta::minutes(minutes);
        let event = Event {
            id: "1".into(),
            source: "/test".into(),
            time: self.now,
            traceparent: None,
            data: BookingStatus {
                integration_id: "acme".into(),
                booking_id: booking_id.into(),
                status: status.into(),
                object_ids: vec!["room-12".into()],
                starts_at,
                ends_at: starts_at + TimeDelta::hours(1),
                revision: Some(revision),
            },
        };
        self.bookings.store(&event, 0, self.now).await.unwrap();
    }

    /// The bookings that begin within the hour, over all pages.
    async fn upcoming(&self) -> Vec<String> {
        let mut all = Vec::new();
        let until = self.now + TimeDelta::hours(1);
        for page in 0.. {
            let found = self.starts.beginning("acme", self.now, until, page).await.unwrap();
            if found.is_empty() {
                return all;
            }
            all.extend(found.into_iter().map(|it| {
                assert!(it.states.is_some(), "{it:?}");
                it.booking_id
            }));
        }
        all
    }

    /// What an earlier version of postern does: it knows no starts.
    async fn forget_starts(&self) {
        let key = self.starts.keys.booking_starts("acme");
        self.starts.store.query::<u8>(cmd("DEL").arg(key)).await.unwrap();
    }

    async fn known(&self) -> Vec<String> {
        let range =
            cmd("ZRANGE").arg(self.starts.keys.booking_starts("acme")).arg(0).arg(-1).clone();
        self.starts.store.query(&range).await.unwrap()
    }
}

#[tokio::test]
async fn bookings_are_found_by_the_start_of_their_newest_state() {
    let fixture = Fixture::new();
    fixture.store("soon", 10, 1, "paid").await;
    fixture.store("late", 90, 1, "paid").await;
    fixture.store("moved", 20, 1, "paid").await;
    fixture.store("moved", 90, 2, "paid").await;
    fixture.store("moved", 30, 1, "older").await;
    fixture.store("earlier", 90, 1, "paid").await;
    fixture.store("earlier", 5, 2, "paid").await;
    assert_eq!(fixture.upcoming().await, ["earlier", "soon"]);
}

#[tokio::test]
async fn of_tied_states_the_first_start_counts() {
    let fixture = Fixture::new();
    fixture.store("tied", 90, 1, "paid").await;
    fixture.store("tied", 30, 1, "paid").await;
    fixture.store("tied", 120, 1, "paid").await;
    assert_eq!(fixture.upcoming().await, ["tied"]);
}

#[tokio::test]
async fn more_bookings_than_a_page_holds_are_all_found() {
    let fixture = Fixture::new();
    for number in 0..AT_ONCE + 3 {
        fixture.store(&format!("B-{number}"), 10, 1, "paid").await;
    }
    let upcoming = fixture.upcoming().await;
    assert_eq!(
        (upcoming.len(), upcoming.iter().collect::<std::collections::HashSet<_>>().len()),
        (503, 503)
    );
}

#[tokio::test]
async fn bookings_that_have_begun_are_removed_and_the_starts_expire_with_the_last() {
    let fixture = Fixture::new();
    fixture.store("soon", 10, 1, "paid").await;
    fixture.store("begun", -90, 1, "paid").await;
    assert_eq!(fixture.known().await, ["soon"]);
    let key = fixture.starts.keys.booking_starts("acme");
    let left: i64 = fixture.starts.store.query(cmd("PTTL").arg(&key)).await.unwrap();
    assert!((4_100_000..=4_200_000).contains(&left), "{left}");
    fixture.store("late", 600, 1, "paid").await;
    let left: i64 = fixture.starts.store.query(cmd("PTTL").arg(&key)).await.unwrap();
    assert!(left > 39_000_000, "{left}");
}

#[tokio::test]
async fn bookings_of_an_earlier_version_are_added_and_corrected() {
    let fixture = Fixture::new();
    fixture.store("old", 10, 1, "paid").await;
    fixture.store("over", -10, 1, "paid").await;
    fixture.forget_starts().await;
    assert_eq!(fixture.upcoming().await, Vec::<String>::new());
    fixture.starts.add_stored(fixture.now).await.unwrap();
    assert_eq!(fixture.upcoming().await, ["old"]);
    assert_eq!(fixture.known().await, ["old"]);

    // An earlier version has moved one booking, and another one is forgotten.
    fixture.store("moved", 20, 1, "paid").await;
    let set = |score: i64, id: &str| {
        let at = (fixture.now + TimeDelta::minutes(score)).timestamp_millis();
        cmd("ZADD").arg(fixture.starts.keys.booking_starts("acme")).arg(at).arg(id).clone()
    };
    fixture.starts.store.query::<u8>(&set(40, "moved")).await.unwrap();
    fixture.starts.store.query::<u8>(&set(50, "gone")).await.unwrap();
    let until = fixture.now + TimeDelta::hours(1);
    let found = fixture.starts.beginning("acme", fixture.now, until, 0).await.unwrap();
    assert_eq!(found.iter().filter(|it| it.states.is_none()).count(), 1);
    assert_eq!(fixture.known().await, ["old", "moved"]);
    assert_eq!(fixture.upcoming().await, ["old", "moved"]);
}

#[tokio::test]
async fn a_correction_does_not_undo_what_was_stored_meanwhile() {
    let fixture = Fixture::new();
    fixture.store("B-1", 10, 1, "paid").await;
    let read = fixture.starts.stored("acme", &["B-1".to_owned()]).await.unwrap();
    fixture.store("B-1", 30, 2, "paid").await;
    fixture.starts.correct("acme", "B-1", &read[0], None).await.unwrap();
    assert_eq!(fixture.known().await, ["B-1"]);
}

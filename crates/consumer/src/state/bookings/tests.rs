use chrono::TimeDelta;
use deadpool_redis::redis;
use proptest::prelude::*;

use super::*;
use crate::state::store::testing;
use rules::Booking;

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
    let record: String =
        bookings.store.query(redis::cmd("HGET").arg(&key).arg("record")).await.unwrap();
    let states = stored_states(bookings).await.read().unwrap().unwrap();
    let [state] = states.all() else { panic!("tied: {states:?}") };
    assert!(record.contains(&format!("\"status\":\"{}\"", state.status)), "{record}");
    state.clone()
}

async fn stored_states(bookings: &Bookings) -> StoredStates {
    let key = bookings.keys.booking("acme", "B-1");
    bookings.store.query(redis::cmd("HMGET").arg(key).arg(&FIELDS)).await.unwrap()
}

#[tokio::test]
async fn an_older_revision_never_replaces_a_newer_one() {
    let bookings = bookings();
    let store = async |event| bookings.store(&event, 0, Utc::now()).await.unwrap();
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
    assert_eq!(bookings.store(&event, 0, Utc::now()).await.unwrap(), BookingStored::Newest);
    assert_eq!(bookings.store(&event, 0, Utc::now()).await.unwrap(), BookingStored::Superseded);
}

#[tokio::test]
async fn a_shortened_booking_is_kept_as_long_as_the_longer_one() {
    let bookings = bookings();
    let mut long = event(Some(1), "confirmed");
    long.data.ends_at = Utc::now() + TimeDelta::days(30);
    bookings.store(&long, 0, Utc::now()).await.unwrap();
    let mut past = event(Some(2), "cancelled");
    past.data.starts_at = Utc::now() - TimeDelta::days(20);
    past.data.ends_at = Utc::now() - TimeDelta::days(10);
    bookings.store(&past, 0, Utc::now()).await.unwrap();
    assert_eq!(bookings.store(&long, 0, Utc::now()).await.unwrap(), BookingStored::Superseded);
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
    assert_eq!(bookings.store(&past, 0, Utc::now()).await.unwrap(), BookingStored::Newest);
    assert_eq!(
        bookings.store(&event(Some(1), "confirmed"), 0, Utc::now()).await.unwrap(),
        BookingStored::Superseded
    );
}

#[tokio::test]
async fn times_are_kept_to_the_nanosecond_up_to_the_last_year() {
    let bookings = bookings();
    let mut last = event(Some(1), "confirmed");
    last.data.ends_at = DateTime::from_timestamp(253_402_300_799, 999_999_999).unwrap();
    bookings.store(&last, 0, Utc::now()).await.unwrap();
    assert_eq!(stored(&bookings).await.ends_at, last.data.ends_at);
}

/// Events of one version and of different statuses.
fn tied_events(statuses: &[&str]) -> Vec<Event<BookingStatus>> {
    let one = event(None, "");
    let tied = |status: &&str| {
        let data = BookingStatus { status: (*status).into(), ..one.data.clone() };
        Event { data, ..one.clone() }
    };
    statuses.iter().map(tied).collect()
}

/// All orders of some numbers.
fn orders(numbers: &[usize]) -> Vec<Vec<usize>> {
    if numbers.is_empty() {
        return vec![Vec::new()];
    }
    let starting_with = |first: &usize| {
        let first = *first;
        let others: Vec<_> = numbers.iter().copied().filter(|other| *other != first).collect();
        orders(&others).into_iter().map(move |order| [&[first], order.as_slice()].concat())
    };
    numbers.iter().flat_map(starting_with).collect()
}

fn statuses(states: &BookingStates) -> Vec<&str> {
    states.all().iter().map(|state| state.status.as_str()).collect()
}

#[tokio::test]
async fn tied_states_are_all_kept_in_any_order_until_a_newer_one() {
    let events = tied_events(&["cancelled", "confirmed", "paid", "pending"]);
    let mut first = None;
    for order in orders(&[0, 1, 2, 3]) {
        let bookings = bookings();
        let store = async |event| bookings.store(event, 0, Utc::now()).await.unwrap();
        for (arrived, number) in order.iter().enumerate() {
            let expected = if arrived == 0 { BookingStored::Newest } else { BookingStored::Tied };
            let predicted = stored_states(&bookings).await.would_store(&events[*number]).unwrap();
            assert_eq!(predicted, expected, "{order:?}");
            assert_eq!(store(&events[*number]).await, expected, "{order:?}");
            // Any of them again changes nothing.
            for again in &order[..=arrived] {
                let predicted = stored_states(&bookings).await.would_store(&events[*again]);
                assert_eq!(predicted.unwrap(), BookingStored::Superseded);
                assert_eq!(store(&events[*again]).await, BookingStored::Superseded, "{order:?}");
            }
        }
        let states = stored_states(&bookings).await.read().unwrap().unwrap();
        assert_eq!(statuses(&states), ["cancelled", "confirmed", "paid", "pending"]);
        assert_eq!(first.get_or_insert_with(|| states.clone()), &states, "{order:?}");

        let mut newer = events[1].clone();
        newer.time += TimeDelta::nanoseconds(1);
        assert_eq!(store(&newer).await, BookingStored::Newest);
        assert_eq!(stored(&bookings).await.status, "confirmed");
        for event in &events {
            assert_eq!(store(event).await, BookingStored::Superseded);
        }
    }
}

#[tokio::test]
async fn beyond_the_limit_the_booking_is_incomplete_until_a_newer_state() {
    let bookings = bookings();
    let names: Vec<_> = (0..BookingStates::MAX + 3).map(|number| format!("s{number}")).collect();
    let events = tied_events(&names.iter().map(String::as_str).collect::<Vec<_>>());
    for (number, event) in events.iter().enumerate() {
        let predicted = stored_states(&bookings).await.would_store(event).unwrap();
        let answer = bookings.store(event, 0, Utc::now()).await.unwrap();
        assert_eq!(predicted, answer, "{number}");
        assert_eq!(answer == BookingStored::LeftOut, number >= BookingStates::MAX, "{number}");
        let states = stored_states(&bookings).await.read().unwrap().unwrap();
        assert_eq!(states.all().len(), (number + 1).min(BookingStates::MAX));
        assert_eq!(states.is_complete(), number < BookingStates::MAX, "{number}");
    }
    bookings.store(&event(Some(1), "paid"), 0, Utc::now()).await.unwrap();
    assert_eq!(stored(&bookings).await.status, "paid");
}

/// What a build stores that does not know of ties.
#[tokio::test]
async fn tied_states_of_an_older_version_do_not_count() {
    let bookings = bookings();
    let [cancelled, paid] = &mut tied_events(&["cancelled", "paid"])[..] else { panic!() };
    bookings.store(paid, 0, Utc::now()).await.unwrap();
    bookings.store(cancelled, 0, Utc::now()).await.unwrap();
    paid.time += TimeDelta::seconds(1);
    let version = BookingVersion { revision: None, time: paid.time };
    let mut set = redis::cmd("HSET");
    set.arg(bookings.keys.booking("acme", "B-1")).arg("version").arg(sortable_version(&version));
    set.arg("record").arg(record::write(&paid.data).unwrap());
    bookings.store.query::<()>(&set).await.unwrap();
    assert_eq!(stored(&bookings).await.status, "paid");
    cancelled.time = paid.time;
    assert_eq!(bookings.store(cancelled, 0, Utc::now()).await.unwrap(), BookingStored::Tied);
    let states = stored_states(&bookings).await.read().unwrap().unwrap();
    assert_eq!(statuses(&states), ["cancelled", "paid"]);
}

#[tokio::test]
async fn a_tied_state_prolongs_the_record() {
    let bookings = bookings();
    let [short, long] = &mut tied_events(&["cancelled", "paid"])[..] else { panic!() };
    long.data.ends_at += TimeDelta::days(30);
    bookings.store(short, 0, Utc::now()).await.unwrap();
    bookings.store(long, 0, Utc::now()).await.unwrap();
    let key = bookings.keys.booking("acme", "B-1");
    let left: i64 = bookings.store.query(redis::cmd("PTTL").arg(key)).await.unwrap();
    assert!(left > i64::try_from((DAY * 30).as_millis()).unwrap());
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

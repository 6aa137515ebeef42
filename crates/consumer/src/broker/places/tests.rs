//! How places are shared out.

use super::*;

fn places(total: usize) -> Arc<Places> {
    Arc::new(Places::new(total))
}

/// Takes as many places as one integration may have.
fn take_all(places: &Arc<Places>, owner: PlaceOwner, returning: bool) -> Vec<Place> {
    std::iter::from_fn(|| places.try_take(&owner, returning)).collect()
}

fn one_of(integration: &str) -> PlaceOwner {
    PlaceOwner { integration: Some(integration.to_owned()), is_only_one: false }
}

fn only_one(integration: &str) -> PlaceOwner {
    PlaceOwner { is_only_one: true, ..one_of(integration) }
}

const UNKNOWN: PlaceOwner = PlaceOwner { integration: None, is_only_one: false };

#[test]
fn however_many_integrations_are_busy_another_one_gets_a_place() {
    for (total, shares) in [(64, [52, 4, 1]), (8, [7, 1, 0]), (2, [1, 1, 0]), (1, [1, 0, 0])] {
        let places = places(total);
        let busy = ["a", "b", "c"].map(|integration| take_all(&places, one_of(integration), false));
        assert_eq!([busy[0].len(), busy[1].len(), busy[2].len()], shares, "of {total}");
    }
    let places = places(64);
    let busy: Vec<_> =
        (0..5).map(|number| take_all(&places, one_of(&number.to_string()), false)).collect();
    assert!(places.try_take(&one_of("another"), false).is_some(), "{busy:?}");
}

#[test]
fn integrations_that_are_unknown_share_one_share() {
    let places = places(64);
    let unknown = take_all(&places, UNKNOWN, false);
    assert_eq!(unknown.len(), 52);
    assert!(places.try_take(&one_of("known"), false).is_some());
}

#[test]
fn returning_requests_leave_places_for_new_ones_of_the_same_integration() {
    let places = places(64);
    let returning = take_all(&places, one_of("a"), true);
    assert_eq!(returning.len(), 48);
    assert_eq!(take_all(&places, one_of("a"), false).len(), 4);
    assert!(!take_all(&places, one_of("b"), true).is_empty(), "each has its own");
}

#[test]
fn requests_that_wait_leave_places_for_others() {
    let places = places(64);
    let mut taken = take_all(&places, one_of("a"), false);
    assert!(taken[0].wait().is_none(), "its integration has more places than are free");
    taken.truncate(32);
    let waiting: Vec<_> = taken.iter().map_while(Place::wait).collect();
    assert_eq!(waiting.len(), 16, "half of the 32 that are free");
    drop(waiting);
    assert!(taken[0].wait().is_some(), "the right ends with the wait");
    let alone = Arc::new(Places::new(1)).try_take(&UNKNOWN, false).unwrap();
    assert!(alone.wait().is_none(), "the only place is never waited in");
}

#[test]
fn the_only_integration_may_have_all_places_but_not_fill_them_with_returning_requests() {
    for (total, returning) in [(64, 48), (8, 6), (2, 2), (1, 1)] {
        let places = places(total);
        assert_eq!(take_all(&places, only_one("a"), true).len(), returning, "of {total}");
        let mut taken = take_all(&places, only_one("a"), false);
        assert_eq!(taken.len(), total, "of {total}");
        taken.truncate(1);
        let returning = places.try_take(&only_one("a"), true);
        assert!(total == 1 || returning.is_some(), "however busy it is");
    }
    let places = places(64);
    let taken = take_all(&places, only_one("a"), false);
    let waiting: Vec<_> = taken.iter().map_while(Place::wait).collect();
    assert_eq!(waiting.len(), 32, "half of them");
}

#[test]
fn the_places_of_the_only_integration_count_when_there_is_another_one() {
    let places = places(64);
    let mut taken = take_all(&places, only_one("a"), false);
    taken.truncate(60);
    assert!(places.try_take(&one_of("a"), false).is_none(), "it has more than its share");
    assert!(places.try_take(&one_of("b"), false).is_some());
}

#[tokio::test]
async fn a_place_that_becomes_free_is_taken_by_a_request_that_waits_for_it() {
    let places = places(64);
    let mut taken = take_all(&places, one_of("a"), false);
    assert!(places.take(one_of("a"), false).await.is_none(), "it waits for a short time");
    let (place, ()) = tokio::join!(places.take(one_of("a"), false), async {
        taken.truncate(1);
    });
    assert!(place.is_some());
    drop((place, taken));
    assert!(places.usage().shares.is_empty(), "nothing is kept of an integration without requests");
}

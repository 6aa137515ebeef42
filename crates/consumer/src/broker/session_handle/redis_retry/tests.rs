//! How often a command is repeated, and for how long.

use std::{cell::Cell, sync::Arc};

use tokio::time::Instant;

use super::*;
use crate::broker::places::{PlaceOwner, Places};

/// Asks with this error each time. Answers how often it was asked, how it ended, and how long it took.
async fn asked(
    place: Option<&Place>,
    delays: &[Duration],
    error: impl Fn() -> StoreError,
) -> (u32, Option<Unstored>, Duration) {
    let asked = Cell::new(0);
    let ended = CancellationToken::new();
    let retry = Retry { ended: Some(&ended), place, delays };
    let begun = Instant::now();
    let ask = || {
        asked.set(asked.get() + 1);
        std::future::ready(Err::<(), _>(error()))
    };
    let result = tokio::time::timeout(Duration::from_secs(8), retry.run(ask)).await;
    (asked.get(), result.ok().and_then(Result::err), begun.elapsed())
}

fn record() -> StoreError {
    RecordError::new("damaged").into()
}

#[tokio::test]
async fn while_redis_is_away_there_is_no_limit() {
    let (asked, result, _) = asked(None, &[], || StoreError::Away("NOPERM".to_owned())).await;
    assert!(asked > 5, "{asked}");
    assert!(result.is_none(), "{result:?}");
}

#[tokio::test]
async fn a_record_that_cannot_be_used_is_not_waited_for() {
    let (asked, result, _) = asked(None, &[], record).await;
    assert_eq!(asked, 1);
    assert!(matches!(result, Some(Unstored::Record(_))), "{result:?}");
}

#[tokio::test]
async fn what_only_this_worker_knows_waits_in_place_for_its_record_where_places_are_free() {
    let delays = [Duration::from_millis(600); 4];
    for (total, waits) in [(64, true), (1, false)] {
        let place = Arc::new(Places::new(total))
            .take(PlaceOwner { integration: None, is_only_one: false }, false)
            .await;
        let long = [Duration::from_secs(60); 4];
        let delays = if waits { &delays } else { &long };
        let (asked, result, took) = asked(place.as_ref(), delays, record).await;
        assert_eq!(asked, 5, "{total}");
        assert!(matches!(result, Some(Unstored::Record(_))), "{result:?}");
        assert!(!waits || took >= delays[0] * 4, "{took:?}");
    }
}

//! How often a command is repeated, and for how long.

use std::{cell::Cell, sync::Arc};

use tokio::sync::Semaphore;

use super::*;

/// Places of which so many are free.
fn places(free: usize, total: usize) -> Places {
    Places { permits: Arc::new(Semaphore::new(free)), total }
}

/// Asks with this error each time. Answers how often it was asked, how it ended, and how long it took.
async fn asked(
    places: &Places,
    delay: Duration,
    limit: Duration,
    error: impl Fn() -> StoreError,
) -> (u32, Option<Unstored>, Duration) {
    let asked = Cell::new(0);
    let ended = CancellationToken::new();
    let retry = Retry { places, ended: Some(&ended), delays: [delay; 4] };
    let begun = Instant::now();
    let ask = || {
        asked.set(asked.get() + 1);
        std::future::ready(Err::<(), _>(error()))
    };
    let result = tokio::time::timeout(limit, retry.run(ask)).await;
    (asked.get(), result.ok().and_then(Result::err), begun.elapsed())
}

fn record() -> StoreError {
    RecordError::new("damaged").into()
}

#[tokio::test]
async fn while_redis_is_away_there_is_no_limit() {
    let away = || StoreError::Away("NOPERM".to_owned());
    let limit = Duration::from_secs(5);
    let (asked, result, _) = asked(&places(2, 2), Duration::ZERO, limit, away).await;
    assert!(asked > RECORD_ATTEMPTS, "{asked}");
    assert!(result.is_none(), "{result:?}");
}

#[tokio::test]
async fn an_unusable_record_counts_five_times() {
    let (delay, limit) = (Duration::from_millis(600), Duration::from_secs(30));
    let (asked, result, took) = asked(&places(1, 2), delay, limit, record).await;
    assert_eq!(asked, RECORD_ATTEMPTS);
    assert!(matches!(result, Some(Unstored::Record(_))), "{result:?}");
    assert!(took >= delay * 4, "{took:?}");
}

#[tokio::test]
async fn where_places_are_rare_an_unusable_record_does_not_keep_one() {
    let (delay, limit) = (Duration::from_secs(60), Duration::from_secs(30));
    let (asked, result, took) = asked(&places(0, 2), delay, limit, record).await;
    assert_eq!(asked, RECORD_ATTEMPTS);
    assert!(matches!(result, Some(Unstored::Record(_))), "{result:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

#[test]
fn the_attempts_are_spread_over_two_minutes() {
    assert_eq!(RECORD_DELAYS.iter().sum::<Duration>(), Duration::from_secs(120));
    assert_eq!(u32::try_from(RECORD_DELAYS.len()), Ok(RECORD_ATTEMPTS - 1));
}

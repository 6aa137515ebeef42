//! Waiting for a condition, with a deadline.

use std::future::Future;
use std::time::{Duration, Instant};

/// The deadline for something that normally happens at once, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(20);

/// The time between two calls of a probe.
const PAUSE: Duration = Duration::from_millis(20);

/// Calls `probe` until it returns `Some`.
///
/// # Panics
/// If `limit` is over; the message contains `what`.
pub async fn until<T, F, P>(what: &str, limit: Duration, mut probe: P) -> T
where
    P: FnMut() -> F,
    F: Future<Output = Option<T>>,
{
    let started = Instant::now();
    loop {
        if let Some(answer) = probe().await {
            return answer;
        }
        assert!(started.elapsed() < limit, "no success within {limit:?} while waiting for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Calls `probe` until it returns true.
///
/// # Panics
/// If `limit` is over; the message contains `what`.
pub async fn until_true<F, P>(what: &str, limit: Duration, mut probe: P)
where
    P: FnMut() -> F,
    F: Future<Output = bool>,
{
    until(what, limit, || {
        let answer = probe();
        async move { answer.await.then_some(()) }
    })
    .await;
}

/// Awaits a future that is expected to end by itself.
///
/// # Panics
/// If `limit` is over; the message contains `what`.
pub async fn within<T>(what: &str, limit: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("no success within {limit:?} while waiting for {what}"),
    }
}

//! Waiting: for an event, never for a time; and never without a deadline.

use std::future::Future;
use std::time::{Duration, Instant};

/// How long to wait for what takes an instant when all is well, on a machine that is busy with other tests.
pub const SOON: Duration = Duration::from_secs(20);

/// How often a probe is asked again.
const PAUSE: Duration = Duration::from_millis(20);

/// Asks `probe` until it answers `Some`.
///
/// # Panics
/// When `limit` is over, with `what` was waited for.
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
        assert!(started.elapsed() < limit, "waited {limit:?} in vain for {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// Asks `probe` until it says yes.
///
/// # Panics
/// When `limit` is over, with `what` was waited for.
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

/// Awaits a future that ought to finish by itself.
///
/// # Panics
/// When `limit` is over, with `what` was waited for.
pub async fn within<T>(what: &str, limit: Duration, future: impl Future<Output = T>) -> T {
    match tokio::time::timeout(limit, future).await {
        Ok(value) => value,
        Err(_) => panic!("waited {limit:?} in vain for {what}"),
    }
}
